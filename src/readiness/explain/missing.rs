//! What a pod refers to and nobody made: a Secret, a ConfigMap, or a key of one.

use super::words::quoted_after;
use crate::finding::Code;
use crate::object::{Object, ObjectId};
use crate::readiness::conditions::{list, text};
use crate::readiness::trouble::Trouble;

/// The Secret or ConfigMap that the kubelet misses, where its message is of one. `who` waits for it.
pub(super) fn reason(pod: &Object, who: &str, message: &str) -> Option<Trouble> {
    let read = [whole, key, key_of_volume].into_iter().find_map(|read| read(pod, message));
    let (kind, name, key) = read?;
    let code = if kind == "Secret" { Code::SecretMissing } else { Code::ConfigMapMissing };
    let seen = match key {
        Some(key) => format!("has no key `{key}`; {who} waits for it"),
        None => format!("is not there; {who} waits for it"),
    };
    Some(Trouble::new(code, seen).on(ObjectId::core(kind, pod.namespace(), name)))
}

type Missing<'a> = (&'static str, &'a str, Option<&'a str>);

/// `secret "x" not found`
fn whole<'a>(_: &'a Object, message: &'a str) -> Option<Missing<'a>> {
    let kinds = [("Secret", "secret "), ("ConfigMap", "configmap ")];
    let named = kinds.into_iter().find_map(|(kind, word)| Some((kind, quoted_after(message, word)?, None)));
    named.filter(|_| message.contains("not found"))
}

/// `couldn't find key k in ConfigMap staging/x`
fn key<'a>(_: &'a Object, message: &'a str) -> Option<Missing<'a>> {
    let (_, rest) = message.split_once("couldn't find key ")?;
    let (key, rest) = rest.split_once(" in ")?;
    let (kind, id) = rest.split_once(' ')?;
    let (_, name) = id.split_once('/')?;
    let kind = if kind == "Secret" { "Secret" } else { "ConfigMap" };
    Some((kind, name.split_whitespace().next()?, Some(key)))
}

/// `MountVolume.SetUp failed for volume "v" : references non-existent secret key: k`
fn key_of_volume<'a>(pod: &'a Object, message: &'a str) -> Option<Missing<'a>> {
    let (_, rest) = message.split_once("references non-existent ")?;
    let (what, key) = rest.split_once(" key: ")?;
    let volume = quoted_after(message, "for volume ")?;
    let volume = list(pod, "/spec/volumes").find(|one| text(one, "name") == volume)?;
    let name = |pointer| volume.pointer(pointer).and_then(serde_json::Value::as_str);
    match what {
        "secret" => Some(("Secret", name("/secret/secretName")?, Some(key))),
        _ => Some(("ConfigMap", name("/configMap/name")?, Some(key))),
    }
}
