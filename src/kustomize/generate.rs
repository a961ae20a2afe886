//! `configMapGenerator` and `secretGenerator`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::object::{NotAnObject, Object};

use super::fields::Entry;
use super::kustomization::{Behavior, Generated, Generator};
use super::load::{self, Folder};
use super::resource::{Resource, Resources};
use super::{Error, Source, SourceProblem};

/// Where kustomize breaks base64 into lines; the hash of the name depends on it.
const BASE64_LINE: usize = 70;

/// Makes the generator's object and puts it among the others, as its behavior says.
pub(super) fn run(
    source: &dyn Source,
    folder: &Folder,
    generator: &Generator,
    resources: &mut Resources,
) -> Result<(), Error> {
    let mut made = make(source, folder, generator)?;
    let id = made.id();
    let existing = resources.list.iter_mut().find(|resource| resource.has_id(|known| *known == id));
    let (at, object) = (generator.at.clone(), made.name());
    match (existing, generator.behavior) {
        (None, Behavior::Create) => resources.list.push(made),
        (None, _) => return Err(Error::GeneratedMissing { at, object }),
        (Some(old), Behavior::Create) => return Err(Error::GeneratedExists { at, object, other: old.at() }),
        (Some(old), behavior) => {
            if behavior == Behavior::Merge {
                add_missing(&mut made, old, "/data");
                add_missing(&mut made, old, "/binaryData");
            }
            add_missing(&mut made, old, "/metadata/labels");
            add_missing(&mut made, old, "/metadata/annotations");
            made.set_name(old.object.name().to_owned());
            if let Some(namespace) = old.object.namespace() {
                made.object.set_namespace(namespace);
            }
            made.succeed(old);
            *old = made;
        }
    }
    Ok(())
}

fn make(source: &dyn Source, folder: &Folder, generator: &Generator) -> Result<Resource, Error> {
    let mut metadata = json!({ "name": generator.name });
    let options = &generator.options;
    if let Some(namespace) = &generator.namespace {
        metadata["namespace"] = namespace.as_str().into();
    }
    for (field, pairs) in [("labels", &options.labels), ("annotations", &options.annotations)] {
        if !pairs.is_empty() {
            metadata[field] = json!(pairs);
        }
    }
    let kind = if generator.kind == Generated::ConfigMap { "ConfigMap" } else { "Secret" };
    let mut value = json!({ "apiVersion": "v1", "kind": kind, "metadata": metadata });
    let content = content(source, folder, generator)?;
    match &generator.kind {
        Generated::ConfigMap => fill_config_map(&mut value, content),
        Generated::Secret { type_ } => {
            let data: Map<String, Value> =
                content.into_iter().map(|(key, bytes)| (key, base64(&bytes).into())).collect();
            value["type"] = type_.as_str().into();
            value["data"] = data.into();
        }
    }
    if options.immutable {
        value["immutable"] = true.into();
    }
    let refuse = |problem: NotAnObject| Error::NotAnObject { at: generator.at.clone(), problem };
    let mut resource = Resource::new(Object::new(value).map_err(refuse)?, generator.at.clone());
    resource.needs_hash = !options.disable_name_suffix_hash;
    Ok(resource)
}

/// Text goes to `data`, other bytes to `binaryData`.
fn fill_config_map(value: &mut Value, content: BTreeMap<String, Vec<u8>>) {
    for (key, bytes) in content {
        match String::from_utf8(bytes) {
            Ok(text) => value["data"][key] = text.into(),
            Err(error) => value["binaryData"][key] = base64(error.as_bytes()).into(),
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    let line = STANDARD.encode(bytes);
    if line.len() < BASE64_LINE {
        return line;
    }
    let mut lines = String::with_capacity(line.len() + line.len() / BASE64_LINE + 1);
    for chunk in line.as_bytes().chunks(BASE64_LINE) {
        lines.extend(chunk.iter().copied().map(char::from));
        lines.push('\n');
    }
    lines
}

/// Copies the entries of a mapping that the new object does not have itself.
fn add_missing(new: &mut Resource, old: &Resource, pointer: &str) {
    let Some(Value::Object(theirs)) = old.object.pointer(pointer) else { return };
    let mut place = new.object.fields_mut();
    for step in pointer.split('/').skip(1) {
        let field = place.entry(step).or_insert_with(|| json!({}));
        let Value::Object(map) = field else { return };
        place = map;
    }
    for (key, value) in theirs {
        place.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

/// The keys and values of all sources of a generator.
fn content(
    source: &dyn Source,
    folder: &Folder,
    generator: &Generator,
) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let mut pairs = Vec::new();
    for entry in &generator.envs {
        let (shown, bytes) = read(source, folder, entry, &entry.text)?;
        pairs.extend(env_lines(&shown, entry, &bytes)?);
    }
    for entry in &generator.literals {
        pairs.push(literal(entry)?);
    }
    for entry in &generator.files {
        let (key, path) = file_source(entry)?;
        pairs.push((key, read(source, folder, entry, path)?.1));
    }
    let mut content = BTreeMap::new();
    for (key, value) in pairs {
        if content.insert(key.clone(), value).is_some() {
            let (at, name) = (generator.at.clone(), generator.name.clone());
            return Err(Error::RepeatedKey { at, name, key });
        }
    }
    Ok(content)
}

fn read(
    source: &dyn Source,
    folder: &Folder,
    entry: &Entry,
    path: &str,
) -> Result<(PathBuf, Vec<u8>), Error> {
    let entry = Entry { text: path.to_owned(), at: entry.at.clone() };
    let (shown, real) = folder.file(source, &entry)?;
    let bytes = source.read(&real).map_err(|error| load::read_error(&shown, error))?;
    Ok((shown, bytes))
}

/// `key=value`; quotes around the value are taken off.
fn literal(entry: &Entry) -> Result<(String, Vec<u8>), Error> {
    let Some((key, value)) = entry.text.split_once('=').filter(|(key, _)| !key.is_empty()) else {
        return Err(refuse(entry, SourceProblem::Literal));
    };
    let unquoted = ['"', '\''].iter().find_map(|quote| {
        let is_quoted = value.len() > 1 && value.starts_with(*quote) && value.ends_with(*quote);
        is_quoted.then(|| &value[1..value.len() - 1])
    });
    Ok((key.to_owned(), unquoted.unwrap_or(value).into()))
}

/// `path`, or `key=path`.
fn file_source(entry: &Entry) -> Result<(String, &str), Error> {
    let parts: Vec<&str> = entry.text.split('=').collect();
    match parts[..] {
        [path] => {
            let name = Path::new(path)
                .file_name()
                .ok_or_else(|| refuse(entry, SourceProblem::File(entry.text.clone())))?;
            Ok((name.to_string_lossy().into_owned(), path))
        }
        [key, path] if !key.is_empty() && !path.is_empty() => Ok((key.to_owned(), path)),
        _ => Err(refuse(entry, SourceProblem::File(entry.text.clone()))),
    }
}

/// One `KEY=value` a line; blank lines and comments are passed over, and a bare key has an empty value.
fn env_lines(file: &Path, entry: &Entry, bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut pairs = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let Ok(line) = std::str::from_utf8(line) else {
            return Err(refuse(entry, SourceProblem::NotText { file: file.to_owned(), line: index + 1 }));
        };
        let line = line.strip_suffix('\r').unwrap_or(line).trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        if !key.is_empty() {
            pairs.push((key.to_owned(), value.into()));
        }
    }
    Ok(pairs)
}

fn refuse(entry: &Entry, problem: SourceProblem) -> Error {
    Error::GeneratorSource { at: entry.at.clone(), problem }
}
