use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::object::nearest;

use super::error::Mistake;
use super::merge::{DELETE, PATCH};
use super::shape::{Entry, Shape};
use super::sheet::{Field, all};
use super::{Inline, Layer, LayerBase, duration};

/// Where the profile says none.
const TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Layers that the installer makes itself.
const RESERVED: [&str; 2] = ["istio", "addons"];

pub(super) const LAYERS: &str = "a list of layers";
pub(super) const SHAPE: Shape = Shape::List(&Shape::mapping(LAYER));

const LAYER: &[Entry] = &[
    Entry::required(
        "name",
        NAME,
        Shape::Text { like: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", except: &RESERVED },
    ),
    Entry::required("path", PATH, Shape::text(".")),
    Entry::optional("timeout", duration::TIME, duration::SHAPE),
    Entry::optional("kustomization", KUSTOMIZATION, Shape::Foreign { except: &[] }),
    // Over another layer of this name.
    Entry::optional(PATCH, "`delete` removes the layer of this name", Shape::Word(&[DELETE])),
];

const NAME: &str = "a DNS label: a-z, 0-9 and `-` inside, 63 characters at most";
const PATH: &str = "the path of a folder with a kustomization file";
const KUSTOMIZATION: &str = "a mapping: the fields of a kustomization";

pub(super) fn read_all(field: Field<'_>) -> Option<Vec<Layer>> {
    let items = field.items(LAYERS)?;
    let mut named: Vec<Field<'_>> = Vec::new();
    all(items.iter().map(|item| {
        let layer = match misdirected(item, &items) {
            Some(mistake) => return item.refuse(mistake),
            None => read(item),
        };
        let name = item.peek("name")?;
        if let Some(first) = named.iter().find(|first| first.value == name.value) {
            let first_place = first.place().clone();
            name.note(Mistake::Repeated { value: name.shown(), first: first.path().to_owned(), first_place });
        }
        named.push(name);
        layer
    }))
}

/// What to say of a layer that was to change one of a lower document, and met none.
fn misdirected(item: &Field<'_>, items: &[Field<'_>]) -> Option<Mistake> {
    let name = item.peek("name")?.value.as_str()?;
    let deletes = item.peek(PATCH).is_some_and(|patch| patch.value == DELETE);
    if item.peek("path").is_some() && !deletes {
        return None;
    }
    let whole = items.iter().filter(|other| other.peek("path").is_some());
    let known = whole.filter_map(|other| other.peek("name")?.value.as_str()).filter(|known| *known != name);
    let (name, nearest) = (name.to_owned(), nearest(name, known));
    match nearest {
        nearest if deletes => Some(Mistake::NoLayerToDelete { name, nearest }),
        nearest => nearest.map(|nearest| Mistake::NoSuchLayer { name, nearest }),
    }
}

fn read(item: &Field<'_>) -> Option<Layer> {
    let fields = item.mapping(LAYER)?;
    let name = fields.required("name").and_then(name);
    let path = fields.required("path").and_then(path);
    let patch = fields.get(PATCH).map_or(Some(()), |patch| patch.word(&[DELETE], DELETE).map(drop));
    let timeout = fields.get("timeout").map_or(Some(TIMEOUT), duration::read);
    let kustomization =
        fields.get("kustomization").map_or(Some(None), |field| kustomization(field).map(Some));
    let (path, base) = path?;
    patch?;
    Some(Layer { name: name?, path, base, timeout: timeout?, kustomization: kustomization? })
}

/// The rule of RFC 1123, for a layer's name is part of names of objects.
fn name(field: Field<'_>) -> Option<String> {
    let text = field.text_that_is(NAME)?;
    let is_inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let is_label = (1..=63).contains(&text.len())
        && text.bytes().all(is_inner)
        && !text.starts_with('-')
        && !text.ends_with('-');
    match text {
        _ if !is_label => field.wrong(NAME),
        _ if RESERVED.contains(&text) => field.refuse(Mistake::Reserved { name: text.to_owned() }),
        _ => Some(text.to_owned()),
    }
}

fn path(field: Field<'_>) -> Option<(PathBuf, LayerBase)> {
    let path = match field.text_that_is(PATH)? {
        "" => return field.wrong(PATH),
        text => PathBuf::from(text),
    };
    let base = if is_of_file(&path) {
        LayerBase::Folder(field.place().folder().to_owned())
    } else {
        LayerBase::Tree
    };
    Some((path, base))
}

/// Whether a path starts at the file that says it, not at the tree.
pub(super) fn is_of_file(path: &Path) -> bool {
    path.is_absolute() || path.starts_with(".") || path.starts_with("..")
}

fn kustomization(field: Field<'_>) -> Option<Inline> {
    let fields = field.any_mapping(KUSTOMIZATION)?;
    Some(Inline { fields: Value::Object(fields.clone()), place: field.place().clone() })
}
