//! The ValueAddTransformer: one word, such as the name of a project, in fields of many objects.

use serde_json::{Map, Value};

use super::fieldspec::split;
use super::kustomization::Target;
use super::namespace::{SetNamespace, Subjects};
use super::patch::Selector;
use super::resource::{Resource, Resources};
use super::{At, Error, scalar};

/// Writes a word into fields, or into the paths that they hold.
#[derive(Clone, Debug)]
pub(super) struct AddValue {
    pub(super) value: String,
    pub(super) targets: Vec<AddTo>,
}

#[derive(Clone, Debug)]
pub(super) struct AddTo {
    /// None for all objects.
    pub(super) selector: Option<Target>,
    /// With `/` between its steps.
    pub(super) path: String,
    /// Where in a file path the word goes, from 1; 0 for the whole field.
    pub(super) position: usize,
    pub(super) at: At,
}

impl AddValue {
    pub(super) fn run(&self, resources: &mut Resources) -> Result<(), Error> {
        for target in &self.targets {
            let selector = target.selector.as_ref().map(Selector::new).transpose()?;
            for resource in &mut resources.list {
                if selector.as_ref().is_none_or(|selector| selector.selects(resource)) {
                    self.write(target, resource)?;
                }
            }
        }
        Ok(())
    }

    fn write(&self, target: &AddTo, resource: &mut Resource) -> Result<(), Error> {
        if target.path == "metadata/namespace" {
            let namespace = self.value.clone();
            let (fields, subjects) = (Vec::new(), Subjects::default());
            return SetNamespace { namespace, fields, unset_only: false, subjects }.set_on(resource);
        }
        let mut all = Value::Object(std::mem::take(resource.object.fields_mut()));
        let is_written = match field(&mut all, &split(&target.path, '/')) {
            Some(field) if !field.is_object() && !field.is_array() => {
                let old =
                    if field.is_null() { String::new() } else { scalar::text(field).unwrap_or_default() };
                let new = match target.position {
                    0 => self.value.clone(),
                    position => with_part(&old, position - 1, &self.value),
                };
                *field = new.into();
                true
            }
            _ => false,
        };
        if let Value::Object(fields) = all {
            *resource.object.fields_mut() = fields;
        }
        match is_written {
            true => Ok(()),
            false => {
                let path = target.path.clone();
                Err(Error::FieldShape { at: target.at.clone(), object: resource.name(), path })
            }
        }
    }
}

/// The field at a path of names, made where it is missing.
fn field<'v>(value: &'v mut Value, steps: &[String]) -> Option<&'v mut Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value) };
    match value {
        Value::Object(map) => {
            let missing = || if rest.is_empty() { Value::Null } else { Value::Object(Map::new()) };
            field(map.entry(step.clone()).or_insert_with(missing), rest)
        }
        Value::Array(items) => field(items.get_mut(step.parse::<usize>().ok()?)?, rest),
        _ => None,
    }
}

/// A file path with one part more; an absolute one stays absolute.
fn with_part(path: &str, position: usize, part: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    let joined = parts.join("/");
    if is_absolute { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_goes_into_a_path_where_it_is_wanted() {
        let table = [
            ("", 1, "PEACH"),
            ("/", 1, "/PEACH"),
            ("pie", 1, "PEACH/pie"),
            ("/pie", 1, "/PEACH/pie"),
            ("raw", 2, "raw/PEACH"),
            ("/raw", 2, "/raw/PEACH"),
            ("a/nice/warm/pie", 4, "a/nice/warm/PEACH/pie"),
            ("a/nice", 99, "a/nice/PEACH"),
        ];
        for (path, position, expected) in table {
            assert_eq!(with_part(path, position - 1, "PEACH"), expected, "{path}");
        }
    }
}
