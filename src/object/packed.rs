use std::sync::Arc;

use super::link::Link;
use super::{Object, ObjectId};

/// An object as JSON: a fifth of what the tree of an ordinary one takes, whose every map has room for eleven entries.
#[derive(Clone, Debug)]
pub struct Packed {
    id: Arc<ObjectId>,
    /// So that it need not be unpacked to be found, or to be found no more.
    links: Arc<[Link]>,
    json: Arc<str>,
}

impl Packed {
    pub fn id(&self) -> &Arc<ObjectId> {
        &self.id
    }

    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    pub fn unpack(&self) -> Object {
        serde_json::from_str(&self.json).unwrap_or_else(|_| unreachable!("it was written from an object"))
    }
}

impl From<&Object> for Packed {
    fn from(object: &Object) -> Self {
        let json = serde_json::to_string(object.fields());
        let json = json.unwrap_or_else(|_| unreachable!("its keys are strings"));
        Self { id: Arc::new(object.id()), links: Link::all_of(object).collect(), json: json.into() }
    }
}
