//! How one document is laid over another. `docs/profiles.md` has the rules.

use super::document::{Content, Node};

/// What a layer says that shall not be there any more, as in a patch of kustomize's.
pub(super) const PATCH: &str = "$patch";
pub(super) const DELETE: &str = "delete";

/// A part of a profile with merge rules of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    Top,
    Istio,
    /// Here null is a value of its own: istioctl takes it for "not even what Istio says by itself".
    Overlay,
    /// They belong to one version, so that they are replaced as a whole.
    Digests,
    /// The one list of which the items are merged, by their names.
    Layers,
    Other,
}

impl Area {
    pub(super) fn below(self, key: &str) -> Self {
        match (self, key) {
            (Self::Top, "istio") => Self::Istio,
            (Self::Top, "layers") => Self::Layers,
            (Self::Istio, "digests") => Self::Digests,
            (Self::Istio, "overlay") | (Self::Overlay, _) => Self::Overlay,
            _ => Self::Other,
        }
    }

    /// Of an item of a list.
    pub(super) fn item(self) -> Self {
        if self == Self::Overlay { self } else { Self::Other }
    }

    /// Whether null, said of something in here, takes away what is there.
    pub(super) fn null_removes(self) -> bool {
        self != Self::Overlay
    }
}

/// Lays a document over another one.
pub(super) fn merge(lower: Node, upper: Node) -> Node {
    lay(lower, upper, Area::Top)
}

fn lay(lower: Node, upper: Node, area: Area) -> Node {
    let content = match (lower.content, upper.content) {
        (Content::Mapping(lower), Content::Mapping(upper)) if area != Area::Digests => {
            Content::Mapping(fields(lower, upper, area))
        }
        (Content::List(lower), Content::List(upper)) if area == Area::Layers => {
            Content::List(layers(lower, upper))
        }
        (_, upper) => upper,
    };
    Node { place: upper.place, content }
}

fn fields(mut merged: Vec<(String, Node)>, upper: Vec<(String, Node)>, area: Area) -> Vec<(String, Node)> {
    for (key, value) in upper {
        match merged.iter().position(|(known, _)| *known == key) {
            None => merged.push((key, value)),
            Some(at) if value.is_null() && area.null_removes() => drop(merged.remove(at)),
            Some(at) => {
                let (_, lower) = merged.remove(at);
                let value = lay(lower, value, area.below(&key));
                merged.insert(at, (key, value));
            }
        }
    }
    merged
}

/// Those of the lower document keep their places, new ones come after. A name that the upper document has twice
/// is met once: the second is for the reader to refuse.
fn layers(lower: Vec<Node>, upper: Vec<Node>) -> Vec<Node> {
    let mut upper: Vec<Option<Node>> = upper.into_iter().map(Some).collect();
    let mut merged = Vec::new();
    for layer in lower {
        let name = layer.text("name").map(str::to_owned);
        let is_same = |other: &&mut Option<Node>| {
            name.is_some() && other.as_ref().and_then(|other| other.text("name")) == name.as_deref()
        };
        match upper.iter_mut().find(is_same).and_then(Option::take) {
            Some(over) if over.text(PATCH) == Some(DELETE) => {}
            Some(over) => merged.push(lay(layer, over, Area::Layers.item())),
            None => merged.push(layer),
        }
    }
    merged.extend(upper.into_iter().flatten());
    merged
}
