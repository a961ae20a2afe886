//! An object on its way through the steps, and the set of all of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::object::Object;

use super::gvk::Gvk;
use super::scope::is_cluster_scoped;
use super::shared::Shared;
use super::{At, Error, Located};

/// What tells two objects apart: unlike in a cluster, two versions of a kind are two kinds here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ResourceId {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    /// Empty for a cluster-scoped object, `default` where none is written.
    pub(super) namespace: String,
    pub(super) name: String,
}

impl ResourceId {
    pub(super) fn of(object: &Object) -> Self {
        Self {
            group: object.group().into(),
            version: object.version().into(),
            kind: object.kind().into(),
            namespace: effective_namespace(object.api_version(), object.kind(), object.namespace()),
            name: object.name().into(),
        }
    }

    pub(super) fn is_one_of(&self, kinds: &Gvk) -> bool {
        kinds.selects(&self.group, &self.version, &self.kind)
    }
}

fn effective_namespace(api_version: &str, kind: &str, namespace: Option<&str>) -> String {
    match namespace {
        _ if is_cluster_scoped(api_version, kind) => String::new(),
        None => "default".into(),
        Some(namespace) => namespace.into(),
    }
}

/// What an object was called before a step changed it: references still use these names.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Past {
    kind: String,
    namespace: String,
    name: String,
}

#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) object: Object,
    pub(super) file: PathBuf,
    pub(super) line: Option<usize>,
    /// The oldest first.
    past: Vec<Past>,
    pub(super) prefixes: Vec<String>,
    pub(super) suffixes: Vec<String>,
    /// Whether the name ends in a hash of the content when all is done.
    pub(super) needs_hash: bool,
    /// The names of the vars that are about it.
    pub(super) vars: Vec<String>,
    /// The JSON pointers of the fields that have nothing behind their colon in the file.
    pub(super) blanks: Vec<String>,
    pub(super) shared: Shared,
}

impl Resource {
    pub(super) fn new(object: Object, at: At) -> Self {
        Self {
            object,
            file: at.file,
            line: at.line,
            past: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            needs_hash: false,
            vars: Vec::new(),
            blanks: Vec::new(),
            shared: Shared::default(),
        }
    }

    pub(super) fn at(&self) -> At {
        At { file: self.file.clone(), line: self.line }
    }

    /// As messages call it.
    pub(super) fn name(&self) -> String {
        self.object.id().to_string()
    }

    pub(super) fn id(&self) -> ResourceId {
        ResourceId::of(&self.object)
    }

    pub(super) fn is_cluster_scoped(&self) -> bool {
        is_cluster_scoped(self.object.api_version(), self.object.kind())
    }

    /// What it was called in its file.
    pub(super) fn original_id(&self) -> ResourceId {
        self.past_ids().next().unwrap_or_else(|| self.id())
    }

    pub(super) fn past_ids(&self) -> impl Iterator<Item = ResourceId> + '_ {
        self.past.iter().map(|past| ResourceId {
            group: self.object.group().into(),
            version: self.object.version().into(),
            kind: past.kind.clone(),
            namespace: past.namespace.clone(),
            name: past.name.clone(),
        })
    }

    /// Whether any of its names, past or present, is one that `wanted` holds for.
    pub(super) fn has_id(&self, wanted: impl Fn(&ResourceId) -> bool) -> bool {
        self.past_ids().any(|id| wanted(&id)) || wanted(&self.id())
    }

    /// Keeps the present name for the references to it; to be called before the name changes.
    pub(super) fn remember_name(&mut self) {
        let ResourceId { kind, namespace, name, .. } = self.id();
        self.past.push(Past { kind, namespace, name });
    }

    /// To be called after a step has written into fields that may be shared.
    pub(super) fn follow_shared(&mut self) {
        if !self.shared.is_empty() {
            self.shared.follow(self.object.fields_mut());
        }
    }

    /// Makes the mapping of annotations that kustomize has for its memory of other names: a patch may rely
    /// on it. What stays empty is dropped in the end.
    pub(super) fn note_annotations(&self, object: &mut Value) {
        let has_memory = !self.past.is_empty() || self.needs_hash;
        if let (true, Some(Value::Object(metadata))) = (has_memory, object.get_mut("metadata"))
            && metadata.get("annotations").is_none_or(Value::is_null)
        {
            metadata.insert("annotations".into(), Value::Object(Map::new()));
        }
    }

    /// Loses all memory of other names: kustomize keeps it in annotations, and a patch can take those away.
    pub(super) fn forget(&mut self) {
        self.past.clear();
        self.prefixes.clear();
        self.suffixes.clear();
        self.needs_hash = false;
    }

    /// Takes over the names, past and present, of the object that this one stands in for.
    pub(super) fn succeed(&mut self, old: &Self) {
        self.past = old.past.clone();
        self.prefixes = old.prefixes.clone();
        self.suffixes = old.suffixes.clone();
        self.needs_hash &= old.needs_hash;
        self.vars.clone_from(&old.vars);
    }

    pub(super) fn set_name(&mut self, name: String) {
        if let Some(metadata) = self.object.fields_mut().get_mut("metadata").and_then(|m| m.as_object_mut()) {
            metadata.insert("name".into(), name.into());
        }
    }

    pub(super) fn set_namespace(&mut self, namespace: Option<&str>) {
        match namespace {
            Some(namespace) => self.object.set_namespace(namespace),
            None => {
                let metadata = self.object.fields_mut().get_mut("metadata");
                metadata.and_then(|metadata| metadata.as_object_mut()?.remove("namespace"));
            }
        }
    }

    pub(super) fn into_located(self) -> Located {
        let moved_from = self.moved_from();
        Located { object: self.object, file: self.file, line: self.line, moved_from }
    }

    /// Of an object that names no namespace, `default` is what it counts as and not what it says.
    fn moved_from(&self) -> Option<String> {
        let ResourceId { namespace, .. } = self.original_id();
        let is_named = !matches!(namespace.as_str(), "" | "default");
        (is_named && self.object.namespace() != Some(&namespace)).then_some(namespace)
    }
}

/// The objects of a kustomization in the order of loading; no two have the same id.
#[derive(Clone, Debug, Default)]
pub(super) struct Resources {
    pub(super) list: Vec<Resource>,
}

impl Resources {
    /// Drops what a patch deleted.
    pub(super) fn drop_empty(&mut self) {
        self.list.retain(|resource| !resource.object.fields().is_empty());
    }

    /// Refuses objects that two files brought.
    pub(super) fn refuse_duplicates(&self) -> Result<(), Error> {
        self.first_pair().map_or(Ok(()), |(first, second)| {
            Err(Error::Duplicate { object: second.name(), first: first.at(), second: second.at() })
        })
    }

    /// Refuses a step, called by its field, that gave two objects one name.
    pub(super) fn refuse_clash(&self, field: &'static str) -> Result<(), Error> {
        self.first_pair().map_or(Ok(()), |(first, second)| {
            Err(Error::Clash { field, object: second.name(), first: first.at(), second: second.at() })
        })
    }

    fn first_pair(&self) -> Option<(&Resource, &Resource)> {
        let mut seen: HashMap<ResourceId, &Resource> = HashMap::new();
        for resource in &self.list {
            match seen.entry(resource.id()) {
                Entry::Occupied(first) => return Some((first.get(), resource)),
                Entry::Vacant(place) => _ = place.insert(resource),
            }
        }
        None
    }
}
