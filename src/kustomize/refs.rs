//! References: when an object is renamed, so is every field that names it.

mod table;

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::fieldspec::{FieldSpec, Leaf};
use super::resource::{Resource, ResourceId, Resources};
use super::scope::is_cluster_scoped;
use super::{Ambiguity, At, Error};

use table::{Reference, references};

/// Changes every reference to an object that has another name or namespace than in its file.
pub(super) fn follow(resources: &mut Resources) -> Result<(), Error> {
    let references = references();
    let renamed = resources.list.iter().map(Candidate::of).filter(|candidate| !candidate.past.is_empty());
    let candidates: Vec<Candidate> = renamed.collect();
    let mut by_kind: HashMap<&str, Vec<&Candidate>> = HashMap::new();
    for candidate in &candidates {
        let kinds: HashSet<&str> = candidate.past.iter().map(|id| id.kind.as_str()).collect();
        kinds.into_iter().for_each(|kind| by_kind.entry(kind).or_default().push(candidate));
    }
    if candidates.is_empty() {
        return Ok(());
    }
    for resource in &mut resources.list {
        let original = resource.original_id();
        for reference in &references {
            let FieldSpec { group, kind, .. } = &reference.field;
            if original.is_kind_of(group, "", kind)
                && let Some(candidates) = by_kind.get(reference.target.2)
            {
                Search::new(resource, reference, candidates).run(resource)?;
            }
        }
    }
    Ok(())
}

/// What there is to know of an object that may be referred to.
struct Candidate {
    id: ResourceId,
    past: Vec<ResourceId>,
    /// As written; None where nothing is.
    namespace: Option<String>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    is_cluster_scoped: bool,
}

impl Candidate {
    fn of(resource: &Resource) -> Self {
        Self {
            id: resource.id(),
            past: resource.past_ids().collect(),
            namespace: resource.object.namespace().map(str::to_owned),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
            is_cluster_scoped: is_cluster_scoped(resource.object.group(), resource.object.kind()),
        }
    }
}

/// The search for what one field of one object refers to.
struct Search<'a> {
    reference: &'a Reference,
    candidates: Vec<&'a Candidate>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    /// Group and kind that a `roleRef` asks for.
    role: Option<(String, String)>,
    at: At,
    object: String,
}

impl<'a> Search<'a> {
    fn new(referrer: &Resource, reference: &'a Reference, candidates: &[&'a Candidate]) -> Self {
        let (group, version, kind) = reference.target;
        let in_reach = |candidate: &&&Candidate| {
            candidate.past.iter().any(|id| id.is_kind_of(group, version, kind))
                && is_in_reach(referrer, candidate)
        };
        let is_role_ref = reference.field.path == "roleRef/name";
        let text = |pointer| referrer.object.text(pointer).map(str::to_owned);
        Self {
            reference,
            candidates: candidates.iter().filter(in_reach).copied().collect(),
            prefixes: referrer.prefixes.clone(),
            suffixes: referrer.suffixes.clone(),
            role: if is_role_ref { text("/roleRef/apiGroup").zip(text("/roleRef/kind")) } else { None },
            at: referrer.at(),
            object: referrer.name(),
        }
    }

    fn run(&self, referrer: &mut Resource) -> Result<(), Error> {
        if self.candidates.is_empty() {
            return Ok(());
        }
        let mut problem = None;
        self.reference.field.apply_to_any(referrer, Leaf::Scalar, |value| {
            if let Err(error) = self.update(value) {
                problem.get_or_insert(error);
            }
        })?;
        problem.map_or(Ok(()), Err)
    }

    fn update(&self, value: &mut Value) -> Result<(), Error> {
        match value {
            Value::String(name) => {
                if let Some(found) = self.find(name, None, false)? {
                    name.clone_from(&found.id.name);
                }
            }
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.update(item))?,
            Value::Object(map) => {
                let text = |field| map.get(field).and_then(Value::as_str);
                let Some(name) = text("name") else { return Ok(()) };
                if let Some(found) = self.find(name, text("namespace"), true)? {
                    map.insert("name".into(), found.id.name.as_str().into());
                    if let Some(namespace) = &found.namespace {
                        map.insert("namespace".into(), namespace.as_str().into());
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The object that once had this name. Where several had it, the one that went through the same name
    /// prefixes and suffixes as the object that refers to it.
    fn find(
        &self,
        name: &str,
        namespace: Option<&str>,
        with_namespace: bool,
    ) -> Result<Option<&'a Candidate>, Error> {
        let mut found: Vec<&Candidate> = self.in_namespace(namespace);
        found.retain(|candidate| candidate.past.iter().any(|id| id.name == name));
        if let Some((group, kind)) = &self.role {
            found.retain(|candidate| candidate.past.iter().any(|id| id.is_kind_of(group, "", kind)));
        }
        if found.len() > 1 {
            found.retain(|candidate| self.has_like_affixes(candidate, true));
        }
        if found.len() > 1 {
            found.retain(|candidate| self.has_like_affixes(candidate, false));
        }
        let Some(first) = found.first().copied() else { return Ok(None) };
        let is_same = |other: &&Candidate| {
            other.id.name == first.id.name && (!with_namespace || other.id.namespace == first.id.namespace)
        };
        if found.iter().all(is_same) {
            return Ok(Some(first));
        }
        let describe = |candidate: &&Candidate| format!("{}/{}", candidate.id.namespace, candidate.id.name);
        Err(Error::AmbiguousReference(Box::new(Ambiguity {
            at: self.at.clone(),
            object: self.object.clone(),
            path: self.reference.field.path.clone().into_owned(),
            name: name.into(),
            candidates: found.iter().map(describe).collect(),
        })))
    }

    /// Those whose namespace was the given one, or is now.
    fn in_namespace(&self, namespace: Option<&str>) -> Vec<&'a Candidate> {
        let Some(namespace) = namespace else { return self.candidates.clone() };
        let was_there =
            |candidate: &&&Candidate| candidate.past.first().is_some_and(|id| id.namespace == namespace);
        let is_there = |candidate: &&&Candidate| candidate.id.namespace == namespace;
        let found: Vec<_> = self.candidates.iter().filter(was_there).copied().collect();
        match found.is_empty() {
            true => self.candidates.iter().filter(is_there).copied().collect(),
            false => found,
        }
    }

    fn has_like_affixes(&self, candidate: &Candidate, or_none: bool) -> bool {
        let are_like = |ours: &[String], theirs: &[String]| {
            (or_none && (ours.is_empty() || theirs.is_empty())) || same_ending(ours, theirs)
        };
        are_like(&self.prefixes, &candidate.prefixes) && are_like(&self.suffixes, &candidate.suffixes)
    }
}

/// Whether an object can be referred to: it is cluster-scoped, in the same namespace, or a ServiceAccount,
/// which a RoleBinding may name across namespaces.
fn is_in_reach(referrer: &Resource, candidate: &Candidate) -> bool {
    let from = referrer.id();
    if is_cluster_scoped(&from.group, &from.kind) || candidate.is_cluster_scoped {
        return true;
    }
    let is_subject = candidate.id.kind == "ServiceAccount" && from.kind == "RoleBinding";
    candidate.id.namespace == from.namespace
        || (is_subject && has_subject_in(referrer, &candidate.id.namespace))
}

fn has_subject_in(binding: &Resource, namespace: &str) -> bool {
    let subjects = binding.object.pointer("/subjects").and_then(Value::as_array);
    subjects.into_iter().flatten().any(|subject| {
        let is = |field: &str, text: &str| subject.get(field).is_some_and(|value| value == text);
        is("kind", "ServiceAccount") && is("namespace", namespace)
    })
}

/// Whether the shorter list is the end of the longer one: the outer kustomizations are the same.
fn same_ending(a: &[String], b: &[String]) -> bool {
    a.is_empty() == b.is_empty() && (a.ends_with(b) || b.ends_with(a))
}
