//! Images that the nodes cannot pull, where that can be known: pull secrets that are none, or are for another registry,
//! and registries that give nothing to strangers.

mod accounts;
mod credentials;
mod registry;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::pods::Pods;
use super::references::is_made_by_a_custom_resource;
use super::scene::{Scene, about, found};
use crate::finding::{Code, Finding, Severity};
use crate::image::Reference;
use crate::object::{GroupKind, Object, ObjectId};
use crate::plan::Placed;

pub(super) use accounts::secrets_of_accounts;
use credentials::Credentials;
pub(super) use credentials::without_credentials;
use registry::refuses_strangers;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let pulling: Vec<Pulling<'_>> = scene.planned().filter_map(|placed| Pulling::of(scene, placed)).collect();
    let mut findings = unusable(scene, &pulling);
    findings.extend(for_another_registry(&pulling));
    findings.extend(refused(scene, &pulling));
    findings
}

/// What a workload's nodes have to pull, and with which Secrets.
struct Pulling<'a> {
    placed: &'a Placed,
    namespace: &'a str,
    images: Vec<Reference>,
    /// By name; None for one that is not there.
    secrets: Vec<(&'a str, Option<&'a Object>)>,
}

impl<'a> Pulling<'a> {
    /// None where nothing is to be pulled, or where it is not known with which Secrets.
    fn of(scene: &Scene<'a>, placed: &'a Placed) -> Option<Self> {
        let pods = Pods::of(&placed.object)?;
        let images = to_be_pulled(scene, &pods);
        let names = accounts::secrets_of_pods(scene, &pods)?;
        let may_come = |name: &str| is_made_by_a_custom_resource(scene, pods.namespace, name);
        if images.is_empty() || names.iter().any(|name| may_come(name)) {
            return None;
        }
        let secret = |name| (name, scene.get("", "Secret", pods.namespace, name));
        let secrets = names.into_iter().map(secret).collect();
        Some(Self { placed, namespace: pods.namespace, images, secrets })
    }

    fn credentials(&self) -> impl Iterator<Item = (&'a str, &'a Object, Credentials)> {
        self.secrets
            .iter()
            .filter_map(|(name, secret)| Some((*name, (*secret)?, Credentials::read((*secret)?))))
    }

    fn has_credentials_for(&self, image: &Reference) -> bool {
        self.credentials().any(|(.., credentials)| credentials.are_for(image))
    }
}

/// The images that no node has already, as far as the nodes tell: they list the largest fifty.
fn to_be_pulled(scene: &Scene<'_>, pods: &Pods<'_>) -> Vec<Reference> {
    let images = pods.containers().filter_map(|container| {
        let image: Reference = container["image"].as_str()?.parse().ok()?;
        // `pkg/apis/core/v1/defaults.go`, SetDefaults_Container.
        let is_latest = image.tag() == Some("latest") && image.digest().is_none();
        let default = if is_latest { "Always" } else { "IfNotPresent" };
        let is_needed = match container["imagePullPolicy"].as_str().unwrap_or(default) {
            "Always" => true,
            "Never" => false,
            _ => !is_on_a_node(scene, &image),
        };
        is_needed.then_some(image)
    });
    images.collect()
}

fn is_on_a_node(scene: &Scene<'_>, image: &Reference) -> bool {
    let names = scene.there("", "Node").flat_map(|node| {
        let images = node.pointer("/status/images").and_then(Value::as_array).into_iter().flatten();
        images.filter_map(|image| image["names"].as_array()).flatten().filter_map(Value::as_str)
    });
    names.filter_map(|name| name.parse::<Reference>().ok()).any(|known| known == *image)
}

/// One for each pull secret that no kubelet can read.
fn unusable(scene: &Scene<'_>, pulling: &[Pulling<'_>]) -> Vec<Finding> {
    let mut unusable: BTreeMap<_, (&Object, String, Severity, BTreeSet<&str>)> = BTreeMap::new();
    for workload in pulling {
        let is_refused = workload.images.iter().any(|image| {
            !workload.has_credentials_for(image) && refuses_strangers(scene, image) == Some(Severity::Error)
        });
        let severity = if is_refused { Severity::Error } else { Severity::Warning };
        for (_, secret, credentials) in workload.credentials() {
            if let Credentials::Unusable(why) = credentials {
                let entry = unusable.entry(secret.id());
                let (.., weight, users) = entry.or_insert((secret, why, severity, BTreeSet::new()));
                *weight = severity.min(*weight);
                users.insert(workload.placed.object.name());
            }
        }
    }
    let finding = |(secret, why, severity, users): (&Object, String, Severity, BTreeSet<&str>)| {
        let seen =
            format!("is the pull secret of {}, and the kubelet leaves it aside: {why}", listed(&users));
        let hint = "make it with `kubectl create secret docker-registry`";
        about(scene, secret, Code::PullSecretUnusable, severity, seen, hint)
    };
    unusable.into_values().map(finding).collect()
}

/// Workloads with pull secrets of which none is for any of their images: one for each secret.
fn for_another_registry(pulling: &[Pulling<'_>]) -> Vec<Finding> {
    let mut users: BTreeMap<_, (BTreeSet<String>, Vec<&Pulling<'_>>)> = BTreeMap::new();
    for workload in pulling {
        if workload.images.iter().any(|image| workload.has_credentials_for(image)) {
            continue;
        }
        for (_, secret, credentials) in workload.credentials() {
            if let Credentials::For(registries) = credentials {
                users.entry(secret.id()).or_insert((registries, Vec::new())).1.push(workload);
            }
        }
    }
    let finding = |(secret, (registries, users)): (ObjectId, (BTreeSet<String>, Vec<&Pulling<'_>>))| {
        let hosts: BTreeSet<&str> =
            users.iter().flat_map(|workload| workload.images.iter().map(Reference::host)).collect();
        let seen = format!(
            "has the pull secret `{}`, which has credentials for {}, and its images come from {}{}",
            secret.name,
            listed(&registries.iter().map(String::as_str).collect()),
            listed(&hosts),
            others(users.iter().copied())
        );
        let hint = "name a Secret with credentials for the registry of the images, or take it out if they are public";
        found(users[0].placed, Code::PullSecretUnusable, Severity::Warning, seen, hint)
    };
    users.into_iter().map(finding).collect()
}

/// Workloads whose images a registry does not give to them: one for each registry and namespace.
fn refused(scene: &Scene<'_>, pulling: &[Pulling<'_>]) -> Vec<Finding> {
    let mut refused: BTreeMap<(&str, &str), (Severity, &Reference, Vec<&Pulling<'_>>)> = BTreeMap::new();
    for workload in pulling {
        for image in workload.images.iter().filter(|image| !workload.has_credentials_for(image)) {
            if let Some(severity) = refuses_strangers(scene, image) {
                let entry = refused.entry((workload.namespace, image.host()));
                let (weight, _, users) = entry.or_insert((severity, image, Vec::new()));
                *weight = severity.min(*weight);
                users.push(workload);
            }
        }
    }
    let secrets = GroupKind { group: String::new(), kind: "Secret".to_owned() };
    let is_unread = scene.live.is_none_or(|live| live.unread.contains_key(&secrets));
    let finding = |((namespace, host), (severity, image, users)): (_, (_, &Reference, Vec<&Pulling<'_>>))| {
        let may_come =
            users.iter().any(|workload| workload.secrets.iter().any(|(_, secret)| secret.is_none()))
                && scene.an_operator_may_act_in(namespace);
        let severity = if is_unread || may_come { Severity::Warning } else { severity };
        let named: BTreeSet<&str> =
            users.iter().flat_map(|workload| workload.secrets.iter().map(|(name, _)| *name)).collect();
        let lacking = match named.is_empty() {
            true => "it has no pull secret".to_owned(),
            false => format!("its pull secrets ({}) give none for it", listed(&named)),
        };
        let seen = format!(
            "pulls `{image}`, which {host} gives to nobody without credentials, and {lacking}{}",
            others(users.iter().copied())
        );
        let hint = format!(
            "`kubectl create secret docker-registry NAME -n {namespace} --docker-server={host} ...`, and name it in \
             `imagePullSecrets` of the pods or of their ServiceAccount; or load the image into the nodes (docs/images.md)"
        );
        found(users[0].placed, Code::ImageNeedsCredentials, severity, seen, hint)
    };
    refused.into_iter().map(finding).collect()
}

fn others<'a>(mut users: impl Iterator<Item = &'a Pulling<'a>>) -> String {
    let first = users.next().map(|workload| workload.placed.object.name());
    let others: BTreeSet<&str> =
        users.map(|workload| workload.placed.object.name()).filter(|name| Some(*name) != first).collect();
    if others.is_empty() { String::new() } else { format!("; so do {}", listed(&others)) }
}

fn listed(words: &BTreeSet<&str>) -> String {
    words.iter().copied().collect::<Vec<_>>().join(", ")
}
