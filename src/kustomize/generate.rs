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
use super::origin::{self, Origin};
use super::resource::{Resource, Resources};
use super::{At, Error, Source, SourceProblem};

/// Where kustomize breaks base64 into lines; the hash of the name depends on it.
const BASE64_LINE: usize = 70;

/// Objects that are to be made.
#[derive(Clone, Debug)]
pub(super) enum Generation {
    /// A ConfigMap or a Secret.
    Data(Generator),
    GkeAccount(GkeAccount),
}

/// A ServiceAccount that stands for one of Google Cloud.
#[derive(Clone, Debug)]
pub(super) struct GkeAccount {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) account: String,
    pub(super) project: String,
    pub(super) at: At,
}

impl Generation {
    /// The plugin that makes such objects.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Data(Generator { kind: Generated::ConfigMap, .. }) => "ConfigMapGenerator",
            Self::Data(_) => "SecretGenerator",
            Self::GkeAccount(_) => "IAMPolicyGenerator",
        }
    }

    /// Makes the object and puts it among the others, as its behavior says.
    pub(super) fn run(
        &self,
        source: &dyn Source,
        folder: &Folder,
        origin: Option<&Origin>,
        resources: &mut Resources,
    ) -> Result<(), Error> {
        let (mut made, behavior) = match self {
            Self::Data(generator) => (make(source, folder, generator)?, generator.behavior),
            Self::GkeAccount(account) => (account.make()?, Behavior::Create),
        };
        if let Some(origin) = origin {
            origin.write(&mut made.object);
        }
        put(made, behavior, resources)
    }
}

impl GkeAccount {
    fn make(&self) -> Result<Resource, Error> {
        let account = format!("{}@{}.iam.gserviceaccount.com", self.account, self.project);
        let annotations = json!({ "iam.gke.io/gcp-service-account": account });
        let mut metadata = json!({ "name": self.name, "annotations": annotations });
        if !self.namespace.is_empty() {
            metadata["namespace"] = self.namespace.as_str().into();
        }
        let value = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata });
        let refuse = |problem: NotAnObject| Error::NotAnObject { at: self.at.clone(), problem };
        Ok(Resource::new(Object::new(value).map_err(refuse)?, self.at.clone()))
    }
}

fn put(mut made: Resource, behavior: Behavior, resources: &mut Resources) -> Result<(), Error> {
    let id = made.id();
    let is_same = |resource: &&mut Resource| resource.has_id(|known| *known == id);
    let mut same: Vec<&mut Resource> = resources.list.iter_mut().filter(is_same).collect();
    let (at, object) = (made.at(), made.name());
    match (&mut same[..], behavior) {
        ([], Behavior::Create) => resources.list.push(made),
        ([], _) => return Err(Error::GeneratedMissing { at, object }),
        ([old], Behavior::Create) => return Err(Error::GeneratedExists { at, object, other: old.at() }),
        ([old], behavior) => {
            let old_origin = origin::of(&old.object);
            if behavior == Behavior::Merge {
                add_missing(&mut made, old, "/data");
                add_missing(&mut made, old, "/binaryData");
            }
            add_missing(&mut made, old, "/metadata/labels");
            add_missing(&mut made, old, "/metadata/annotations");
            if let (Behavior::Merge, Some(origin)) = (behavior, old_origin) {
                origin::restore(&mut made.object, &origin);
            }
            made.set_name(old.object.name().to_owned());
            made.set_namespace(old.object.namespace());
            made.succeed(old);
            **old = made;
        }
        (several, _) => {
            let others = several.iter().map(|resource| resource.at()).collect();
            return Err(Error::GeneratedAmbiguous { at, object, others });
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
    let Some(Value::Object(theirs)) = old.object.pointer(pointer).filter(|theirs| **theirs != json!({}))
    else {
        return;
    };
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
