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
    let candidates: Vec<Candidate> = resources.list.iter().map(Candidate::of).collect();
    let index = Index::of(&candidates);
    if index.by_past_name.is_empty() {
        return Ok(());
    }
    let references = references();
    for resource in &mut resources.list {
        let referrer = Referrer::of(resource);
        for reference in &references {
            let FieldSpec { group, kind, .. } = &reference.field;
            if referrer.original.is_kind_of(group, "", kind) {
                Search { reference, referrer: &referrer, index: &index }.run(resource)?;
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

    /// The namespace it was loaded with.
    fn original_namespace(&self) -> &str {
        &self.past.first().unwrap_or(&self.id).namespace
    }
}

/// The objects by every kind and name that they once had.
struct Index<'a> {
    by_past_name: HashMap<(&'a str, &'a str), Vec<&'a Candidate>>,
    original_namespaces: HashSet<&'a str>,
}

impl<'a> Index<'a> {
    fn of(candidates: &'a [Candidate]) -> Self {
        let mut by_past_name: HashMap<_, Vec<&Candidate>> = HashMap::new();
        for candidate in candidates {
            let names: HashSet<_> =
                candidate.past.iter().map(|id| (id.kind.as_str(), id.name.as_str())).collect();
            names.into_iter().for_each(|name| by_past_name.entry(name).or_default().push(candidate));
        }
        Self {
            by_past_name,
            original_namespaces: candidates.iter().map(Candidate::original_namespace).collect(),
        }
    }
}

/// What there is to know of an object that refers to others, before any of its references changes.
struct Referrer {
    id: ResourceId,
    original: ResourceId,
    is_cluster_scoped: bool,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    /// Group and kind that a `roleRef` asks for.
    role: Option<(String, String)>,
    /// Where the ServiceAccounts are that a RoleBinding names.
    subject_namespaces: HashSet<String>,
    at: At,
    object: String,
}

impl Referrer {
    fn of(resource: &Resource) -> Self {
        let text = |pointer| resource.object.text(pointer).map(str::to_owned);
        let is_binding = resource.object.kind() == "RoleBinding";
        Self {
            id: resource.id(),
            original: resource.original_id(),
            is_cluster_scoped: is_cluster_scoped(resource.object.group(), resource.object.kind()),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
            role: text("/roleRef/apiGroup").zip(text("/roleRef/kind")),
            subject_namespaces: if is_binding { subject_namespaces(resource) } else { HashSet::new() },
            at: resource.at(),
            object: resource.name(),
        }
    }

    /// Whether it can refer to an object: one of them is cluster-scoped, or they are in the same namespace,
    /// or it is a RoleBinding, which may name ServiceAccounts elsewhere.
    fn reaches(&self, candidate: &Candidate) -> bool {
        let is_subject = || {
            candidate.id.kind == "ServiceAccount" && self.subject_namespaces.contains(&candidate.id.namespace)
        };
        self.is_cluster_scoped
            || candidate.is_cluster_scoped
            || candidate.id.namespace == self.id.namespace
            || is_subject()
    }

    fn has_like_affixes(&self, candidate: &Candidate, or_none: bool) -> bool {
        let are_like = |ours: &[String], theirs: &[String]| {
            (or_none && (ours.is_empty() || theirs.is_empty())) || same_ending(ours, theirs)
        };
        are_like(&self.prefixes, &candidate.prefixes) && are_like(&self.suffixes, &candidate.suffixes)
    }
}

fn subject_namespaces(binding: &Resource) -> HashSet<String> {
    let subjects = binding.object.pointer("/subjects").and_then(Value::as_array);
    let accounts = subjects.into_iter().flatten().filter(|subject| subject["kind"] == "ServiceAccount");
    accounts.filter_map(|account| Some(account.get("namespace")?.as_str()?.to_owned())).collect()
}

/// The search for what one field of one object refers to.
struct Search<'s, 'a> {
    reference: &'s Reference,
    referrer: &'s Referrer,
    index: &'s Index<'a>,
}

impl<'a> Search<'_, 'a> {
    fn run(&self, resource: &mut Resource) -> Result<(), Error> {
        let mut problem = None;
        self.reference.field.apply_to_any(resource, Leaf::Scalar, |value| {
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
        let mut found = self.named(name, namespace);
        if found.len() > 1 {
            found.retain(|candidate| self.referrer.has_like_affixes(candidate, true));
        }
        if found.len() > 1 {
            found.retain(|candidate| self.referrer.has_like_affixes(candidate, false));
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
            at: self.referrer.at.clone(),
            object: self.referrer.object.clone(),
            path: self.reference.field.path.clone().into_owned(),
            name: name.into(),
            candidates: found.iter().map(describe).collect(),
        })))
    }

    /// The objects of the right kind, within reach, that once had this name. A namespace beside the name is
    /// the one that they came from or, if nothing came from there, the one that they are in.
    fn named(&self, name: &str, namespace: Option<&str>) -> Vec<&'a Candidate> {
        let (group, version, kind) = self.reference.target;
        let is_role_ref = self.reference.field.path == "roleRef/name";
        let role = self.referrer.role.as_ref().filter(|_| is_role_ref);
        let is_of_kind = |candidate: &&&Candidate| {
            let ids = &candidate.past;
            ids.iter().any(|id| id.is_kind_of(group, version, kind))
                && role.is_none_or(|(group, kind)| ids.iter().any(|id| id.is_kind_of(group, "", kind)))
        };
        let is_in_namespace = |candidate: &&&Candidate| match namespace {
            None => true,
            Some(namespace) if self.index.original_namespaces.contains(namespace) => {
                candidate.original_namespace() == namespace
            }
            Some(namespace) => candidate.id.namespace == namespace,
        };
        let named = self.index.by_past_name.get(&(kind, name)).into_iter().flatten();
        let within_reach = named.filter(|candidate| self.referrer.reaches(candidate));
        within_reach.filter(is_of_kind).filter(is_in_namespace).copied().collect()
    }
}

/// Whether the shorter list is the end of the longer one: the outer kustomizations are the same.
fn same_ending(a: &[String], b: &[String]) -> bool {
    a.is_empty() == b.is_empty() && (a.ends_with(b) || b.ends_with(a))
}
