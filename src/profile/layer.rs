use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::error::Mistake;
use super::sheet::{Field, all};
use super::{Layer, LayerBase, duration};

/// Where the profile says none.
const TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Layers that the installer makes itself.
const RESERVED: [&str; 2] = ["istio", "addons"];

const LAYER: &[&str] = &["name", "path", "timeout", "kustomization"];
const NAME: &str = "a DNS label: a-z, 0-9 and `-` inside, 63 characters at most";
const PATH: &str = "the path of a folder with a kustomization file";

pub(super) fn read_all(field: Field<'_>) -> Option<Vec<Layer>> {
    let items = field.items("a list of layers")?;
    let mut named: Vec<Field<'_>> = Vec::new();
    all(items.iter().map(|item| {
        let layer = read(item);
        let name = item.peek("name")?;
        if let Some(first) = named.iter().find(|first| first.value == name.value) {
            let (value, first_line) = (name.shown(), first.line());
            name.note(Mistake::Repeated { value, first: first.path().to_owned(), first_line });
        }
        named.push(name);
        layer
    }))
}

fn read(item: &Field<'_>) -> Option<Layer> {
    let fields = item.mapping(LAYER)?;
    let name = fields.required("name", NAME).and_then(name);
    let path = fields.required("path", PATH).and_then(path);
    let timeout = fields.get("timeout").map_or(Some(TIMEOUT), duration::read);
    let kustomization = fields.get("kustomization").map_or(Some(None), |field| {
        let map = field.any_mapping("a mapping: the fields of a kustomization")?;
        Some(Some(Value::Object(map.clone())))
    });
    let path = path?;
    Some(Layer {
        name: name?,
        base: base(&path),
        path,
        timeout: timeout?,
        kustomization: kustomization?,
        line: item.line(),
    })
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

fn path(field: Field<'_>) -> Option<PathBuf> {
    match field.text_that_is(PATH)? {
        "" => field.wrong(PATH),
        text => Some(text.into()),
    }
}

fn base(path: &Path) -> LayerBase {
    let is_of_profile = path.is_absolute() || path.starts_with(".") || path.starts_with("..");
    if is_of_profile { LayerBase::Profile } else { LayerBase::Tree }
}
