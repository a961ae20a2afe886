//! Pods that never came to be: the API server refused them.

use super::quota::Refusal;
use super::words::quoted_after;
use crate::finding::Code;
use crate::object::{Object, ObjectId, Snapshot};
use crate::readiness::conditions::{condition, count};
use crate::readiness::evidence::Evidence;
use crate::readiness::patience::REFUSED_POD;
use crate::readiness::trouble::Trouble;

/// Why the workload's pods are refused, if they are.
pub(super) fn refused(workload: &Object, evidence: &Evidence<'_>, snapshot: &Snapshot) -> Option<Trouble> {
    let refuser = evidence.creator.unwrap_or(workload);
    let message = match refuser.kind() {
        "Pod" => return None,
        "ReplicaSet" | "ReplicationController" | "Deployment" => by_condition(refuser, evidence)?,
        _ => by_event(refuser, evidence)?,
    };
    Some(judge(message, refuser, snapshot))
}

/// A ReplicaSet says by its condition *that* pods are refused now, but keeps the first message while it
/// lasts; *why* is in the newest event (k8s.io/kubernetes, pkg/controller/replicaset, calculateStatus).
fn by_condition<'a>(refuser: &'a Object, evidence: &'a Evidence<'_>) -> Option<&'a str> {
    if let Some(failure) =
        condition(refuser, "Progressing").filter(|one| one.reason == "ReplicaSetCreateError")
    {
        return Some(failure.message);
    }
    let failure = condition(refuser, "ReplicaFailure").filter(|condition| condition.is_true())?;
    let event = evidence.about(refuser).find(|event| event.reason == "FailedCreate");
    Some(event.map_or(failure.message, |event| event.message))
}

/// StatefulSets, DaemonSets and Jobs have events alone, which outlive what they tell of.
fn by_event<'a>(refuser: &'a Object, evidence: &'a Evidence<'_>) -> Option<&'a str> {
    let alive = evidence.pods.len() as i64;
    let wanted = match refuser.kind() {
        "DaemonSet" => count(refuser, "desiredNumberScheduled"),
        "Job" => 1,
        _ => refuser.pointer("/spec/replicas").and_then(serde_json::Value::as_i64).unwrap_or(1),
    };
    let newest = evidence.about(refuser).find(|e| matches!(e.reason, "FailedCreate" | "SuccessfulCreate"))?;
    (newest.reason == "FailedCreate" && alive < wanted).then_some(newest.message)
}

/// What the API server's words mean.
fn judge(message: &str, refuser: &Object, snapshot: &Snapshot) -> Trouble {
    let says = |words: &str| message.contains(words);
    let told = |code| {
        Trouble::new(code, format!("{}: its pods are refused: {}", refuser.name(), without_preamble(message)))
    };
    if let Some(refusal) = Refusal::read(message) {
        return exceeded(&refusal, refuser, snapshot);
    }
    if says("failed quota: ") {
        // A quota counts limits that a container does not set.
        return uncounted(message, refuser).unwrap_or_else(|| told(Code::QuotaRefusesPods));
    }
    if says("status unknown for quota") {
        // A quota that is a moment old and not counted yet.
        return told(Code::QuotaRefusesPods).suspected_for(REFUSED_POD);
    }
    if let Some(webhook) = quoted_after(message, "failed calling webhook ") {
        return unanswered(webhook, message, refuser);
    }
    if says("serviceaccount ") && says("not found") || says("no API token found for service account") {
        let trouble = told(Code::ServiceAccountMissing);
        return match quoted_after(message, "serviceaccount ") {
            Some(name) => trouble.on(ObjectId::core("ServiceAccount", refuser.namespace(), name)),
            None => trouble,
        };
    }
    if says(" is invalid: ") {
        return told(Code::PodInvalid);
    }
    if let Some(webhook) = quoted_after(message, "admission webhook ").filter(|_| says("denied the request"))
    {
        return told(Code::AdmissionRefusesPods).shared_by(webhook);
    }
    if let Some(level) = quoted_after(message, "violates PodSecurity ") {
        return told(Code::AdmissionRefusesPods).shared_by(level);
    }
    if says("is forbidden: ") {
        return told(Code::AdmissionRefusesPods);
    }
    told(Code::PodsNotCreated)
}

fn unanswered(webhook: &str, message: &str, refuser: &Object) -> Trouble {
    let why = message.rsplit_once("\": ").map_or(message, |(_, why)| why);
    match service_of(message) {
        Some(service) => {
            let seen = format!(
                "does not answer as the webhook {webhook}, which is asked about the pods of {}: {why}",
                refuser.name()
            );
            Trouble::new(Code::WebhookRefusesPods, seen).on(service)
        }
        None => {
            let seen = format!(
                "{}: the webhook {webhook}, which is asked about its pods, does not answer: {why}",
                refuser.name()
            );
            Trouble::new(Code::WebhookRefusesPods, seen).shared_by(webhook)
        }
    }
}

/// `failed quota: NAME: must specify limits.cpu for: app` (k8s.io/apiserver,
/// pkg/admission/plugin/resourcequota/controller.go).
fn uncounted(message: &str, refuser: &Object) -> Option<Trouble> {
    let (_, rest) = message.split_once("failed quota: ")?;
    let (quota, rest) = rest.split_once(": must specify ")?;
    let seen = format!("counts what the pods of {} do not say: they must specify {rest}", refuser.name());
    let trouble = Trouble::new(Code::QuotaRefusesPods, seen);
    Some(trouble.on(ObjectId::core("ResourceQuota", refuser.namespace(), quota)))
}

fn exceeded(refusal: &Refusal<'_>, refuser: &Object, snapshot: &Snapshot) -> Trouble {
    let seen = format!("has no room for the pods of {}: {}", refuser.name(), refusal.words());
    let trouble = Trouble::new(Code::QuotaRefusesPods, seen).on(refusal.quota(refuser));
    match refusal.may_pass(refuser, snapshot) {
        true => trouble.suspected_for(REFUSED_POD),
        false => trouble,
    }
}

/// The Service that is called: `Post "https://istiod.istio-system.svc:443/inject?timeout=10s": ...`
/// (k8s.io/apiserver, pkg/util/webhook/serviceresolver.go).
fn service_of(message: &str) -> Option<ObjectId> {
    let (_, rest) = message.split_once("https://")?;
    let (host, _) = rest.split_once(".svc")?;
    let (name, namespace) = host.split_once('.')?;
    Some(ObjectId::core("Service", Some(namespace), name))
}

/// The message without what the name and "refused" say already.
fn without_preamble(message: &str) -> &str {
    let message = message.strip_prefix("Error creating: ").unwrap_or(message);
    // StatefulSets: create Pod web-0 in StatefulSet web failed error: pods "web-0" is forbidden: ...
    let message = message.split_once(" failed error: ").map_or(message, |(_, rest)| rest);
    match message.split_once(" is forbidden: ") {
        Some((pods, rest)) if pods.starts_with("pods ") => rest,
        _ => message,
    }
}
