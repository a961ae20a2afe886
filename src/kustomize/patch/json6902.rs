//! JSON patches (RFC 6902).

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

use crate::object::Object;

use super::super::resource::Resource;
use super::super::{At, Error, PatchProblem};

/// The operations of a patch, in order.
pub(super) struct Operations {
    list: Vec<PatchOperation>,
    at: At,
}

impl Operations {
    pub(super) fn read(items: Vec<Value>, at: At) -> Result<Self, Error> {
        let refuse = |problem| Error::Patch { at: at.clone(), problem };
        if items.is_empty() {
            return Err(refuse(PatchProblem::Empty));
        }
        let Patch(list) = serde_json::from_value(Value::Array(items))
            .map_err(|error| refuse(PatchProblem::NoPatch(error.to_string())))?;
        Ok(Self { list, at })
    }

    /// Does all of them or, where one fails, says which.
    pub(super) fn apply(&self, resource: &mut Resource) -> Result<(), Error> {
        let refuse = |reason: String| Error::Patch {
            at: self.at.clone(),
            problem: PatchProblem::DoesNotFit { object: resource.name(), reason },
        };
        let mut value = resource.object.to_value();
        json_patch::patch(&mut value, &self.list).map_err(|error| refuse(error.to_string()))?;
        resource.object = Object::new(value).map_err(|problem| refuse(problem.to_string()))?;
        Ok(())
    }
}
