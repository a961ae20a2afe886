//! References: when an object is renamed, so is every field that names it.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::config::Reference;
use super::fieldspec::FieldSpec;
use super::gvk::Gvk;
use super::resource::{Resource, ResourceId, Resources};
use super::{Ambiguity, At, Error};

/// Changes every reference to an object that has another name or namespace than in its file.
pub(super) fn follow(resources: &mut Resources, references: &[Reference]) -> Result<(), Error> {
    resources.list.iter().try_for_each(refuse_blank_namespace)?;
    let candidates: Vec<Candidate> = resources.list.iter().map(Candidate::of).collect();
    let index = Index::of(&candidates);
    if index.by_past_name.is_empty() {
        return Ok(());
    }
    let fields = Fields::of(references);
    for resource in &mut resources.list {
        let referrer = Referrer::of(resource);
        for (target, field) in fields.of_kind(&referrer.original.kind) {
            if referrer.original.is_one_of(&field.of) {
                Search { target, field, referrer: &referrer, index: &index }.run(resource)?;
            }
        }
    }
    Ok(())
}

/// A kind that is named, and the field that names it.
type Naming<'r> = (&'r Gvk, &'r FieldSpec);

/// The fields with names in them, by the kind of object that they are in.
struct Fields<'r> {
    all: Vec<Naming<'r>>,
    by_kind: HashMap<&'r str, Vec<usize>>,
}

impl<'r> Fields<'r> {
    fn of(references: &'r [Reference]) -> Self {
        let of_one =
            |reference: &'r Reference| reference.fields.iter().map(|field| (&reference.target, field));
        let all: Vec<Naming<'r>> = references.iter().flat_map(of_one).collect();
        let mut by_kind: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, (_, field)) in all.iter().enumerate() {
            by_kind.entry(&field.of.kind).or_default().push(at);
        }
        Self { all, by_kind }
    }

    /// Those for one kind and those for any, in the order of the table.
    fn of_kind(&self, kind: &str) -> impl Iterator<Item = Naming<'r>> {
        let of = |kind: &str| self.by_kind.get(kind).into_iter().flatten().copied();
        let mut places: Vec<usize> = of(kind).chain(of("")).collect();
        places.sort_unstable();
        places.into_iter().map(|at| self.all[at])
    }
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
            is_cluster_scoped: resource.is_cluster_scoped(),
        }
    }

    /// The namespace it was loaded with.
    fn original_namespace(&self) -> &str {
        &self.past.first().unwrap_or(&self.id).namespace
    }
}

/// The objects by every name that they once had, and by the namespaces that they came from.
struct Index<'a> {
    by_past_name: HashMap<&'a str, Vec<&'a Candidate>>,
    by_original_namespace: HashMap<&'a str, Vec<&'a Candidate>>,
}

impl<'a> Index<'a> {
    fn of(candidates: &'a [Candidate]) -> Self {
        let mut by_past_name: HashMap<&str, Vec<&Candidate>> = HashMap::new();
        let mut by_original_namespace: HashMap<&str, Vec<&Candidate>> = HashMap::new();
        for candidate in candidates {
            let names: HashSet<&str> = candidate.past.iter().map(|id| id.name.as_str()).collect();
            names.into_iter().for_each(|name| by_past_name.entry(name).or_default().push(candidate));
            by_original_namespace.entry(candidate.original_namespace()).or_default().push(candidate);
        }
        Self { by_past_name, by_original_namespace }
    }
}

/// What there is to know of an object that refers to others, before any of its references changes.
struct Referrer {
    id: ResourceId,
    original: ResourceId,
    is_cluster_scoped: bool,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    /// What a `roleRef` asks for.
    role: Option<Gvk>,
    /// Where the ServiceAccounts are that a RoleBinding names.
    subject_namespaces: HashSet<String>,
    at: At,
    object: String,
}

impl Referrer {
    fn of(resource: &Resource) -> Self {
        let text = |pointer| resource.object.text(pointer).map(str::to_owned);
        let is_binding = resource.object.kind() == "RoleBinding";
        let role = text("/roleRef/apiGroup").zip(text("/roleRef/kind"));
        Self {
            id: resource.id(),
            original: resource.original_id(),
            is_cluster_scoped: resource.is_cluster_scoped(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
            role: role.map(|(group, kind)| Gvk { group: group.into(), kind: kind.into(), ..Gvk::default() }),
            subject_namespaces: if is_binding { subject_namespaces(resource) } else { HashSet::new() },
            at: resource.at(),
            object: resource.name(),
        }
    }

    /// Whether an object is near enough to be meant: one of the two is cluster-scoped, or they are in the
    /// same namespace, or this is a RoleBinding that names a ServiceAccount there.
    fn sees(&self, candidate: &Candidate) -> bool {
        self.is_cluster_scoped
            || candidate.is_cluster_scoped
            || candidate.id.namespace == self.id.namespace
            || candidate.namespace.as_ref().is_some_and(|name| self.subject_namespaces.contains(name))
    }

    /// Of what it sees in other namespaces, it can refer to ServiceAccounts only.
    fn reaches(&self, candidate: &Candidate) -> bool {
        let is_near = self.is_cluster_scoped
            || candidate.is_cluster_scoped
            || candidate.id.namespace == self.id.namespace;
        self.sees(candidate) && (is_near || candidate.id.kind == "ServiceAccount")
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

/// A ServiceAccount in a RoleBinding has a namespace that is text, or none.
fn refuse_blank_namespace(resource: &Resource) -> Result<(), Error> {
    let is_blank = |subject: &Value| {
        subject["kind"] == "ServiceAccount"
            && subject.get("namespace").is_some_and(|value| !value.is_string())
    };
    let subjects = resource.object.pointer("/subjects").and_then(Value::as_array);
    if resource.object.kind() == "RoleBinding" && subjects.into_iter().flatten().any(is_blank) {
        let (at, object) = (resource.at(), resource.name());
        return Err(Error::NoName { at, object, path: "subjects/namespace".into() });
    }
    Ok(())
}

/// The search for what one field of one object refers to.
struct Search<'s, 'a> {
    target: &'s Gvk,
    field: &'s FieldSpec,
    referrer: &'s Referrer,
    index: &'s Index<'a>,
}

impl<'a> Search<'_, 'a> {
    fn run(&self, resource: &mut Resource) -> Result<(), Error> {
        let mut problem = None;
        self.field.apply_to_any(resource, None, |value| {
            if let Err(error) = self.update(value) {
                problem.get_or_insert(error);
            }
            Ok(())
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
                let Some(name) = text("name") else {
                    let (at, object) = (self.referrer.at.clone(), self.referrer.object.clone());
                    let path = format!("{}/name", self.field.path);
                    return Err(Error::NoName { at, object, path });
                };
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
            other.id.name == first.id.name && (!with_namespace || other.namespace == first.namespace)
        };
        if found.iter().all(is_same) {
            return Ok(Some(first));
        }
        let describe = |candidate: &&Candidate| format!("{}/{}", candidate.id.namespace, candidate.id.name);
        Err(Error::AmbiguousReference(Box::new(Ambiguity {
            at: self.referrer.at.clone(),
            object: self.referrer.object.clone(),
            path: self.field.path.clone().into_owned(),
            name: name.into(),
            candidates: found.iter().map(describe).collect(),
        })))
    }

    /// The objects of the right kind, within reach, that once had this name. A namespace beside the name is
    /// the one that they came from or, if nothing came from there, the one that they are in.
    fn named(&self, name: &str, namespace: Option<&str>) -> Vec<&'a Candidate> {
        let referrer = self.referrer;
        let came_from = |namespace: &str| {
            let origins = self.index.by_original_namespace.get(namespace);
            origins.into_iter().flatten().any(|candidate| referrer.sees(candidate))
        };
        let by_origin = namespace.is_some_and(came_from);
        let is_in_namespace = |candidate: &Candidate| match namespace {
            None => true,
            Some(namespace) if by_origin => candidate.original_namespace() == namespace,
            Some(namespace) => candidate.id.namespace == namespace,
        };
        let role = referrer.role.as_ref().filter(|_| self.field.path.ends_with("roleRef/name"));
        let was = |candidate: &Candidate, kinds: &Gvk| candidate.past.iter().any(|id| id.is_one_of(kinds));
        let named = self.index.by_past_name.get(name).into_iter().flatten().copied();
        named
            .filter(|candidate| was(candidate, self.target) && role.is_none_or(|role| was(candidate, role)))
            .filter(|candidate| referrer.reaches(candidate) && is_in_namespace(candidate))
            .collect()
    }
}

/// Whether the shorter list is the end of the longer one: the outer kustomizations are the same.
fn same_ending(a: &[String], b: &[String]) -> bool {
    a.is_empty() == b.is_empty() && (a.ends_with(b) || b.ends_with(a))
}
