//! Which lists are merged, and by which keys. The kinds of Kubernetes 1.21 are known, as they are to
//! kustomize; `openapi` puts others in their place. All lists of other kinds are replaced.

mod builtin;
mod custom;

use std::cell::Cell;

use serde_json::Value;

use crate::object::Object;

use builtin::BuiltinType;
use custom::CustomType;

pub(super) use custom::Definitions;

/// The Kubernetes whose types are compiled in.
pub(super) const BUILTIN_VERSION: &str = "v1.21.2";

/// The types that are known.
#[derive(Debug)]
pub(super) struct Schema {
    builtin: bool,
    custom: Option<Definitions>,
    /// Whether a kustomization has said which schema it wants: the first one that does decides.
    is_chosen: bool,
    /// Whether kustomize has had a reason to read its builtin types: a patch, or an object of a kind that it
    /// cannot know without them. It then keeps them beside those of a later `openapi`.
    is_used: Cell<bool>,
}

impl Schema {
    pub(super) fn builtin() -> Self {
        Self { builtin: true, custom: None, is_chosen: false, is_used: Cell::new(false) }
    }

    /// The same, because a kustomization says so.
    pub(super) fn chosen_builtin() -> Self {
        Self { is_chosen: true, ..Self::builtin() }
    }

    /// The types of an `openapi` file.
    pub(super) fn with(&self, definitions: Definitions) -> Self {
        let (builtin, is_used) = (self.is_used.get(), self.is_used.clone());
        Self { builtin, custom: Some(definitions), is_chosen: true, is_used }
    }

    pub(super) fn is_chosen(&self) -> bool {
        self.is_chosen
    }

    /// Takes note of objects that are loaded.
    pub(super) fn note<'o>(&self, mut objects: impl Iterator<Item = &'o Object>) {
        let is_known = |object: &Object| builtin::of_kind(object.api_version(), object.kind()).is_some();
        if !self.is_used.get() && objects.any(|object| !is_known(object)) {
            self.is_used.set(true);
        }
    }

    /// The type of the objects of a kind.
    fn of_kind(&self, api_version: &str, kind: &str) -> Option<Type<'_>> {
        let builtin = || builtin::of_kind(api_version, kind).filter(|_| self.builtin).map(Type::Builtin);
        let custom = || self.custom.as_ref()?.of_kind(api_version, kind).map(Type::Custom);
        builtin().or_else(custom)
    }

    /// The type of a value that says itself what it is.
    pub(super) fn of_value(&self, value: Option<&Value>) -> Option<Type<'_>> {
        self.is_used.set(true);
        let text = |field| value?.get(field)?.as_str();
        self.of_kind(text("apiVersion")?, text("kind")?)
    }
}

/// A type, as far as merging needs to know it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type<'s> {
    Builtin(BuiltinType),
    Custom(CustomType<'s>),
}

/// How a field is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// Mappings are, all else is replaced.
    Plain,
    /// A list, by the fields that tell its items apart; a list of plain values has none.
    List(Vec<String>),
}

/// A field of a type.
#[derive(Clone, Debug)]
pub(super) struct Field<'s> {
    pub(super) merge: Merge,
    /// Its type: for a list that is merged, the one of its items.
    pub(super) type_: Option<Type<'s>>,
}

impl<'s> Type<'s> {
    pub(super) fn field(self, name: &str) -> Option<Field<'s>> {
        match self {
            Self::Builtin(type_) => builtin::field(type_, name),
            Self::Custom(type_) => type_.field(name),
        }
    }
}
