use std::collections::BTreeMap;
use std::ptr;

use serde_json::Value;

use super::super::scene::Scene;
use super::{NETWORKING, overlap};
use crate::object::Object;
use crate::object::nearest;

/// The hosts that the mesh will know.
#[derive(Debug)]
pub(crate) struct Registry<'a> {
    /// By namespace and name.
    services: BTreeMap<(&'a str, &'a str), &'a Object>,
    /// Each host of a ServiceEntry.
    entries: Vec<(&'a str, &'a Object)>,
}

/// Who has a host.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Host<'a> {
    Service(&'a Object),
    Entry(&'a Object),
}

impl PartialEq for Host<'_> {
    fn eq(&self, other: &Self) -> bool {
        let (Self::Service(one) | Self::Entry(one), Self::Service(two) | Self::Entry(two)) = (self, other);
        ptr::eq(*one, *two)
    }
}

/// How a host is written.
enum Written<'a> {
    /// `web`: of the namespace of the object that names it.
    Short(&'a str),
    /// `web.shop.svc.cluster.local`.
    OfCluster { name: &'a str, namespace: &'a str },
    /// Everything else with a dot in it. Istio takes it as it stands (`pilot/pkg/model/virtualservice.go`,
    /// ResolveShortnameToFQDN), `web.shop` and `web.shop.svc` too.
    AsItStands,
}

fn written(host: &str) -> Written<'_> {
    let mut parts = host.splitn(4, '.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(name), None, ..) if name != "*" => Written::Short(name),
        (Some(name), Some(namespace), Some("svc"), Some(_)) => Written::OfCluster { name, namespace },
        _ => Written::AsItStands,
    }
}

/// Whether a host reads as one of a Service, and not of the world outside.
pub(crate) fn is_of_cluster(host: &str) -> bool {
    !matches!(written(host), Written::AsItStands)
}

/// Whether it may be seen from a namespace: `exportTo`, which a Service has as an annotation.
fn is_visible(host: &Object, from: &str) -> bool {
    let listed = host.pointer("/spec/exportTo").and_then(Value::as_array).into_iter().flatten();
    let annotated = host.annotation("networking.istio.io/exportTo").unwrap_or_default();
    let annotated = annotated.split(',').map(str::trim).filter(|to| !to.is_empty());
    let mut to = listed.filter_map(Value::as_str).chain(annotated).peekable();
    let reaches = |to: &str| match to {
        "*" => true,
        "." => host.namespace() == Some(from),
        to => to == from,
    };
    to.peek().is_none() || to.any(reaches)
}

impl<'a> Registry<'a> {
    pub(crate) fn of(scene: &Scene<'a>) -> Self {
        let services = scene.there("", "Service");
        let services = services.filter_map(|service| Some(((service.namespace()?, service.name()), service)));
        let entries = scene.there(NETWORKING, "ServiceEntry").flat_map(|entry| {
            let hosts = entry.pointer("/spec/hosts").and_then(Value::as_array);
            hosts.into_iter().flatten().filter_map(move |host| Some((host.as_str()?, entry)))
        });
        Self { services: services.collect(), entries: entries.collect() }
    }

    /// Who has this host, named by an object of the namespace `from`.
    pub(crate) fn find(&self, host: &str, from: &str) -> Option<Host<'a>> {
        let service = match written(host) {
            Written::Short(name) => self.services.get(&(from, name)),
            Written::OfCluster { name, namespace } => self.services.get(&(namespace, name)),
            Written::AsItStands => None,
        };
        let entry = || {
            let is_it = |known: &str| known == host || (!host.contains('*') && overlap(known, host));
            self.entries.iter().find(|(known, entry)| is_it(known) && is_visible(entry, from))
        };
        let service = service.filter(|service| is_visible(service, from));
        service.map(|service| Host::Service(service)).or_else(|| entry().map(|(_, entry)| Host::Entry(entry)))
    }

    /// Whether some host is this one, or one that its `*` stands for.
    pub(crate) fn covers(&self, host: &str, namespace: &str) -> bool {
        if !host.starts_with('*') {
            return self.find(host, namespace).is_some();
        }
        let domain = host.split_once(".svc.").map_or("cluster.local", |(_, domain)| domain);
        let mut full =
            self.services.keys().map(|(namespace, name)| format!("{name}.{namespace}.svc.{domain}"));
        let is_of_entry =
            |(known, entry): &(&str, &Object)| overlap(host, known) && is_visible(entry, namespace);
        full.any(|full| overlap(host, &full)) || self.entries.iter().any(is_of_entry)
    }

    /// Goes on after "leads to `web`, ".
    pub(crate) fn what_is_missing(&self, host: &str, namespace: &str) -> String {
        match written(host) {
            Written::Short(_) => format!("and {namespace} has no Service of that name"),
            Written::OfCluster { name, namespace } => format!("and {namespace} has no Service {name}"),
            Written::AsItStands => "and no Service and no ServiceEntry has that host".to_owned(),
        }
    }

    /// A host that exists and that was most likely meant.
    pub(crate) fn what_was_meant(&self, host: &str, from: &str) -> Option<String> {
        let (name, namespace) = match written(host) {
            Written::Short(name) => (name, from),
            Written::OfCluster { name, namespace } => (name, namespace),
            Written::AsItStands => {
                let (name, rest) = host.split_once('.')?;
                let namespace = rest.strip_suffix(".svc").unwrap_or(rest);
                self.services.get(&(namespace, name))?;
                return Some(format!(
                    "Istio takes a name with a dot as it stands: write `{name}.{namespace}.svc.cluster.local`"
                ));
            }
        };
        if self.services.contains_key(&(namespace, name)) {
            return Some(format!("it is there, and its `networking.istio.io/exportTo` keeps it from {from}"));
        }
        let own = self.services.keys().filter(|(its, _)| *its == namespace).map(|(_, name)| *name);
        if let Some(near) = nearest(name, own) {
            let full = if namespace == from { near } else { format!("{near}.{namespace}.svc.cluster.local") };
            return Some(format!("did you mean `{full}`?"));
        }
        let elsewhere = self.services.keys().find(|(_, known)| *known == name);
        elsewhere.map(|(namespace, _)| {
            format!("{namespace} has one: to mean that, write `{name}.{namespace}.svc.cluster.local`")
        })
    }
}
