//! Finding and reading the files of a kustomization.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::object::nearest;
use crate::object::yaml::{self, Annotations, Dialect, LocatedDocument, ManifestDocument, YamlError};
use crate::object::{NotAnObject, Object};

use super::fields::Entry;
use super::resource::Resource;
use super::source::normal;
use super::{At, Error, FILE_NAMES, FileKind, Source};

/// The folder of a kustomization: paths in it start here, and its files lie in it or below.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    /// As messages call it.
    pub(super) shown: PathBuf,
    /// Without links, to compare by.
    pub(super) real: PathBuf,
}

impl Folder {
    /// The folder that is asked for by the user.
    pub(super) fn open(source: &dyn Source, path: &Path) -> Result<Self, Error> {
        match source.kind(path) {
            Some(FileKind::Dir) => {
                let real = source.canonical(path).map_err(|error| read_error(path, error))?;
                Ok(Self { shown: normal(path), real })
            }
            Some(FileKind::File) => Err(Error::FileForFolder { path: normal(path) }),
            None => Err(Error::NoFolder { path: normal(path), nearest: nearest_path(source, path) }),
        }
    }

    /// The path of a file that an entry names: it must be in the folder or below (kustomize's load
    /// restriction, so that a copied folder still renders).
    pub(super) fn file(&self, source: &dyn Source, entry: &Entry) -> Result<(PathBuf, PathBuf), Error> {
        let path = Path::new(&entry.text);
        let (shown, real) = (normal(&self.shown.join(path)), normal(&self.real.join(path)));
        if source.kind(&real) != Some(FileKind::File) {
            return Err(self.not_found(source, entry));
        }
        let resolved = source.canonical(&real).map_err(|error| read_error(&shown, error))?;
        let is_below = self.real == Path::new(".") || resolved.starts_with(&self.real);
        if !is_below || resolved.starts_with("..") {
            let (at, path) = (entry.at.clone(), entry.text.clone());
            return Err(Error::Outside { at, path, root: self.shown.clone() });
        }
        Ok((shown, resolved))
    }

    /// The folder that an entry names; it may lie anywhere.
    pub(super) fn folder(&self, source: &dyn Source, entry: &Entry) -> Result<Self, Error> {
        let path = Path::new(&entry.text);
        if path.is_absolute() {
            return Err(Error::AbsoluteFolder { at: entry.at.clone(), path: entry.text.clone() });
        }
        let (shown, real) = (normal(&self.shown.join(path)), normal(&self.real.join(path)));
        let real = source.canonical(&real).map_err(|error| read_error(&shown, error))?;
        Ok(Self { shown, real })
    }

    pub(super) fn kind(&self, source: &dyn Source, entry: &Entry) -> Option<FileKind> {
        source.kind(&normal(&self.real.join(&entry.text)))
    }

    pub(super) fn not_found(&self, source: &dyn Source, entry: &Entry) -> Error {
        if is_remote(&entry.text) {
            return Error::Remote { at: entry.at.clone(), url: entry.text.clone() };
        }
        let nearest = nearest_path(source, &self.real.join(&entry.text))
            .map(|name| Path::new(&entry.text).with_file_name(name).display().to_string());
        Error::NotFound { at: entry.at.clone(), path: entry.text.clone(), nearest }
    }

    /// The folder's kustomization file.
    pub(super) fn kustomization_file(&self, source: &dyn Source, at: Option<&At>) -> Result<PathBuf, Error> {
        let is_file = |name: &&&str| source.kind(&self.real.join(name)) == Some(FileKind::File);
        let names: Vec<&'static str> = FILE_NAMES.iter().filter(is_file).copied().collect();
        match names[..] {
            [name] => Ok(PathBuf::from(name)),
            [] => {
                let candidates = source.list(&self.real);
                let likely = |name: &&str| Path::new(name).file_stem().is_some_and(|stem| stem != "README");
                let nearest =
                    nearest("kustomization.yaml", candidates.iter().map(String::as_str).filter(likely));
                Err(Error::NoKustomization { at: at.cloned(), path: self.shown.clone(), nearest })
            }
            _ => Err(Error::SeveralKustomizations { path: self.shown.clone(), names }),
        }
    }
}

/// The name beside `path` that is most like its last part.
fn nearest_path(source: &dyn Source, path: &Path) -> Option<String> {
    let path = normal(path);
    let siblings =
        source.list(path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new(".")));
    nearest(&path.file_name()?.to_string_lossy(), siblings.iter().map(String::as_str))
}

/// Whether kustomize would fetch this: a URL, or one of the short forms of git hosts.
fn is_remote(text: &str) -> bool {
    text.contains("://")
        || text.starts_with("git@")
        || text.starts_with("github.com/")
        || text.contains("?ref=")
}

/// Whether an entry is the path of a file, and not what would stand in one.
pub(super) fn looks_like_path(text: &str) -> bool {
    !text.contains('\n') && !text.trim_start().starts_with('{') && !text.contains(": ")
}

/// The text of a file.
pub(super) fn text(source: &dyn Source, shown: &Path, real: &Path) -> Result<String, Error> {
    let bytes = source.read(real).map_err(|error| read_error(shown, error))?;
    String::from_utf8(bytes).map_err(|_| Error::NotText { path: shown.to_owned() })
}

/// The first document of a file that an entry names, if there is one.
pub(super) fn one_document(
    source: &dyn Source,
    folder: &Folder,
    entry: &Entry,
) -> Result<(PathBuf, Option<LocatedDocument>), Error> {
    let (shown, real) = folder.file(source, entry)?;
    let text = text(source, &shown, &real)?;
    let documents = yaml::parse_located(&text, Dialect::Apply).map_err(|error| yaml_error(&shown, error))?;
    Ok((shown, documents.into_iter().next()))
}

pub(super) fn read_error(path: &Path, source: std::io::Error) -> Error {
    Error::Read { path: path.to_owned(), source }
}

pub(super) fn yaml_error(file: &Path, error: YamlError) -> Error {
    Error::Yaml { file: file.to_owned(), error }
}

/// The objects of a file. The members of a `List` come after the file's other objects, as with kustomize.
pub(super) fn objects(file: &Path, text: &str) -> Result<Vec<Resource>, Error> {
    let mut documents =
        yaml::parse_manifests(text, Annotations::Text).map_err(|error| yaml_error(file, error))?;
    documents.retain(|document| !is_empty(&document.value));
    if !documents.iter().any(|document| is_list(&document.value)) {
        let of = |document: ManifestDocument| {
            let mut resource = object(document.value, file, Some(document.line))?;
            resource.blanks = document.blanks;
            Ok(resource)
        };
        return documents.into_iter().map(of).collect();
    }
    let documents = yaml::parse_located(text, Dialect::Kustomize).map_err(|e| yaml_error(file, e))?;
    let mut plain = Vec::new();
    let mut queue: VecDeque<(Value, Option<usize>)> = VecDeque::new();
    for LocatedDocument { line, value, lines } in documents {
        match value {
            value if is_empty(&value) => {}
            Value::Object(mut list) if is_list(&list.clone().into()) => {
                let Some(Value::Array(items)) = list.remove("items") else { continue };
                let item_line = |index| lines.nearest(&format!("/items/{index}"));
                queue.extend(items.into_iter().enumerate().map(|(index, item)| (item, item_line(index))));
            }
            value => plain.push(object(value, file, Some(line))?),
        }
    }
    while let Some((value, line)) = queue.pop_front() {
        match value {
            Value::Object(mut list) if is_list(&list.clone().into()) => {
                let Some(Value::Array(items)) = list.remove("items") else { continue };
                queue.extend(items.into_iter().map(|item| (item, line)));
            }
            value => plain.push(object(value, file, line)?),
        }
    }
    Ok(plain)
}

/// `{}` or `[]`: as good as no document.
fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

/// `v1` `List` and its kin (`ConfigMapList`): a kind that ends so and has `items`.
fn is_list(value: &Value) -> bool {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
    kind.ends_with("List") && value.get("items").is_some()
}

fn object(value: Value, file: &Path, line: Option<usize>) -> Result<Resource, Error> {
    let at = At { file: file.to_owned(), line };
    let refuse = |problem| Error::NotAnObject { at: at.clone(), problem };
    let object = Object::new(value).map_err(refuse)?;
    if object.name().is_empty() {
        return Err(refuse(NotAnObject::Missing("metadata.name")));
    }
    Ok(Resource::new(object, at))
}
