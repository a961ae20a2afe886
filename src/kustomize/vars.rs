//! `vars`: fields whose values take the place of `$(NAME)` in others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fieldpath::FieldPath;
use super::fieldspec::{FieldSpec, NoWay};
use super::gvk::Gvk;
use super::resource::{Resource, ResourceId, Resources};
use super::{At, Error, VarProblem, Warning, WarningKind, scalar};

/// A name and the field that it stands for.
#[derive(Clone, Debug)]
pub(super) struct Var {
    pub(super) name: String,
    pub(super) of: Gvk,
    pub(super) object: String,
    pub(super) namespace: String,
    pub(super) path: String,
    pub(super) at: At,
}

impl Var {
    fn refuse(&self, problem: VarProblem) -> Error {
        Error::Var { at: self.at.clone(), name: self.name.clone(), problem }
    }

    /// Whether it is about the object with these names. A namespace that is not given is any.
    fn is_about(&self, id: &ResourceId) -> bool {
        let is_kind = self.of == Gvk::of_id(id);
        is_kind && self.object == id.name && (self.namespace.is_empty() || self.namespace == id.namespace)
    }
}

/// The vars of a kustomization and those below it, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Vars(BTreeMap<String, Var>);

impl Vars {
    /// Adds the vars of a kustomization, and marks the objects that they are about: those may have other names
    /// by the time that the vars are replaced.
    pub(super) fn declare(&mut self, vars: &[Var], resources: &mut Resources) -> Result<(), Error> {
        for var in vars {
            let is_meant = |resource: &&mut Resource| resource.has_id(|id| var.is_about(id));
            let mut meant: Vec<&mut Resource> = resources.list.iter_mut().filter(is_meant).collect();
            match &mut meant[..] {
                [] => {}
                [resource] => resource.vars.push(var.name.clone()),
                several => {
                    let objects = several.iter().map(|resource| resource.name()).collect();
                    return Err(var.refuse(VarProblem::SeveralObjects { objects }));
                }
            }
        }
        self.add(vars.iter().cloned())
    }

    /// Takes over what a kustomization below has.
    pub(super) fn take(&mut self, more: Self) -> Result<(), Error> {
        self.add(more.0.into_values())
    }

    fn add(&mut self, vars: impl Iterator<Item = Var>) -> Result<(), Error> {
        for var in vars {
            if let Some(first) = self.0.get(&var.name) {
                return Err(var.refuse(VarProblem::Twice { first: first.at.clone() }));
            }
            self.0.insert(var.name.clone(), var);
        }
        Ok(())
    }

    /// Replaces `$(NAME)` in all fields that may have it.
    pub(super) fn replace(
        &self,
        resources: &mut Resources,
        fields: &[FieldSpec],
        warnings: &mut Vec<Warning>,
    ) -> Result<(), Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut values = BTreeMap::new();
        for var in self.0.values() {
            values.insert(var.name.as_str(), value(var, resources)?);
        }
        let mut used = BTreeSet::new();
        for resource in &mut resources.list {
            for field in fields {
                field.apply(resource, None, |value| replace_in(value, &values, &mut used))?;
                resource.follow_shared();
            }
        }
        for var in self.0.values().filter(|var| !used.contains(var.name.as_str())) {
            let kind = WarningKind::VarUsedNowhere { name: var.name.clone() };
            warnings.push(Warning { at: var.at.clone(), kind });
        }
        Ok(())
    }
}

fn value(var: &Var, resources: &Resources) -> Result<Value, Error> {
    let is_marked = |resource: &&Resource| resource.vars.contains(&var.name);
    let Some(resource) = resources.list.iter().find(is_marked) else {
        return Err(var.refuse(VarProblem::NoObject));
    };
    let no_field = || VarProblem::NoField { object: resource.name(), path: var.path.clone() };
    let found =
        FieldPath::with_indices(&var.path).lookup(&resource.object.to_value()).ok().flatten().cloned();
    found.ok_or_else(|| var.refuse(no_field()))
}

type Values<'v> = BTreeMap<&'v str, Value>;

fn replace_in<'v>(field: &mut Value, values: &Values<'v>, used: &mut BTreeSet<&'v str>) -> Result<(), NoWay> {
    match field {
        Value::String(text) => *field = replaced(text, values, used),
        Value::Object(map) => {
            for value in map.values_mut() {
                if let Value::String(text) = value {
                    *value = replaced(text, values, used);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                let Value::String(text) = item else { return Err(NoWay) };
                *item = replaced(text, values, used);
            }
        }
        _ => {}
    }
    Ok(())
}

/// A text with its vars replaced. One that is nothing but a var takes over its type. `$$` is a `$`; a name
/// that is no var stays as it is.
fn replaced<'v>(text: &str, values: &Values<'v>, used: &mut BTreeSet<&'v str>) -> Value {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let mut signs = behind.chars();
        rest = match (signs.next(), behind.find(')')) {
            (None, _) => {
                result.push('$');
                behind
            }
            (Some('$'), _) => {
                result.push('$');
                signs.as_str()
            }
            (Some('('), Some(end)) => {
                let name = &behind[1..end];
                match values.get_key_value(name).filter(|(_, value)| !value.is_object() && !value.is_array())
                {
                    Some((name, value)) => {
                        used.insert(name);
                        if text.len() == name.len() + 3 {
                            return value.clone();
                        }
                        result.push_str(&scalar::text(value).unwrap_or_default());
                    }
                    None => result.push_str(&format!("$({name})")),
                }
                &behind[end + 1..]
            }
            (Some(sign), _) => {
                result.push('$');
                result.push(sign);
                signs.as_str()
            }
        };
    }
    result.push_str(rest);
    result.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_in_parentheses_are_replaced_and_dollars_escape_themselves() {
        let values = Values::from([("A", json!("x")), ("N", json!(7)), ("M", json!({}))]);
        let table = [
            ("$(A)", json!("x")),
            ("$(N)", json!(7)),
            ("a-$(A)-$(N)", json!("a-x-7")),
            ("$(B)$(A", json!("$(B)$(A")),
            ("$$(A) $A $", json!("$(A) $A $")),
            ("$(M)", json!("$(M)")),
        ];
        for (text, expected) in table {
            assert_eq!(replaced(text, &values, &mut BTreeSet::new()), expected, "{text}");
        }
    }
}
