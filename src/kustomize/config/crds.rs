//! Reading `crds`: OpenAPI definitions of custom kinds, whose extensions tell which fields hold labels,
//! annotations, names, and names of other objects.

use serde_json::{Map, Value};

use crate::kustomize::fields::Entry;
use crate::kustomize::fieldspec::FieldSpec;
use crate::kustomize::gvk::Gvk;
use crate::kustomize::load::{self, Folder};
use crate::kustomize::{At, Error, Source};

use super::{Config, Reference};

const ANNOTATION: &str = "x-kubernetes-annotation";
const LABEL_SELECTOR: &str = "x-kubernetes-label-selector";
const IDENTITY: &str = "x-kubernetes-identity";
const REF_VERSION: &str = "x-kubernetes-object-ref-api-version";
const REF_KIND: &str = "x-kubernetes-object-ref-kind";
const REF_NAME_KEY: &str = "x-kubernetes-object-ref-name-key";

/// How deep types may refer to each other: one that refers to itself has no end.
const DEPTH: usize = 32;

/// What the files of `crds` say together.
pub(in crate::kustomize) fn from_files(
    source: &dyn Source,
    folder: &Folder,
    entries: &[Entry],
) -> Result<Config, Error> {
    let mut config = Config::default();
    for entry in entries {
        let (file, document) = load::one_document(source, folder, entry)?;
        let at = At { file, line: None };
        let Some(document) = document else { continue };
        let Value::Object(types) = document.value else {
            let field = "this document".into();
            return Err(Error::WrongType { at, field, expected: "a mapping of types to their definitions" });
        };
        for name in types.keys().filter(|name| is_kind(&types, name)) {
            let kind = name.rsplit('.').next().unwrap_or(name);
            let of = Gvk { kind: kind.to_owned().into(), ..Gvk::default() };
            let mut more = Config::default();
            Definition { types: &types, of }
                .add_to(&mut more, name, &mut Vec::new())
                .and_then(|()| config.merge(&more))
                .map_err(|path| Error::FieldSpecConflict { at: at.clone(), path })?;
        }
    }
    Ok(config)
}

/// The fields of a type.
fn properties<'t>(types: &'t Map<String, Value>, name: &str) -> Option<&'t Map<String, Value>> {
    let definition = types.get(name)?.as_object()?;
    let schema = definition.iter().find(|(field, _)| field.eq_ignore_ascii_case("schema"));
    schema?.1.get("properties")?.as_object()
}

fn is_kind(types: &Map<String, Value>, name: &str) -> bool {
    let has = |properties: &Map<String, Value>| {
        ["kind", "apiVersion", "metadata"].iter().all(|field| properties.contains_key(*field))
    };
    properties(types, name).is_some_and(has)
}

struct Definition<'t> {
    types: &'t Map<String, Value>,
    of: Gvk,
}

impl Definition<'_> {
    fn add_to(&self, config: &mut Config, type_: &str, path: &mut Vec<String>) -> Result<(), String> {
        if path.len() > DEPTH {
            return Ok(());
        }
        for (name, property) in properties(self.types, type_).into_iter().flatten() {
            path.push(name.clone());
            self.add_field(config, property, path)?;
            if let Some(reference) = property.get("$ref").and_then(Value::as_str) {
                self.add_to(config, reference, path)?;
            }
            path.pop();
        }
        Ok(())
    }

    fn add_field(&self, config: &mut Config, property: &Value, path: &[String]) -> Result<(), String> {
        let text = |extension| property.get(extension).and_then(Value::as_str);
        let field = |path: &[String]| FieldSpec::at(self.of.clone(), path.join("/"));
        let mut more = Config::default();
        if text(ANNOTATION).is_some() {
            more.common_annotations.push(field(path));
        }
        if text(LABEL_SELECTOR).is_some() {
            more.common_labels.push(field(path));
        }
        if text(IDENTITY).is_some() {
            more.name_prefix.push(field(path));
        }
        if let Some((version, kind)) = text(REF_VERSION).zip(text(REF_KIND)) {
            let key = text(REF_NAME_KEY).unwrap_or("name").to_owned();
            let (version, kind) = (version.to_owned().into(), kind.to_owned().into());
            let target = Gvk { version, kind, ..Gvk::default() };
            let path = [path, &[key]].concat();
            more.name_reference.push(Reference { target, fields: vec![field(&path)] });
        }
        config.merge(&more)
    }
}
