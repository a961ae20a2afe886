//! Two renderings of a folder, ours and kubectl's, held against each other.

use std::path::Path;

use kubestock_install::kustomize::{Error, Rendered};
use serde_json::Value;

use crate::oracle::Answer;
use crate::text::{difference, text};

/// What comes of the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The same objects in the same order, and the same text byte by byte.
    Same,
    /// The same objects in the same order, in other words.
    SameObjects {
        difference: String,
    },
    /// Both refuse.
    BothRefuse,
    Different {
        difference: String,
    },
}

impl Verdict {
    pub(crate) fn agrees(&self) -> bool {
        !matches!(self, Self::Different { .. })
    }
}

pub(crate) fn compare(ours: &Result<Rendered, Error>, kubectl: &Answer) -> Verdict {
    let different = |difference| Verdict::Different { difference };
    match (ours, &kubectl.error) {
        (Err(_), Some(_)) => Verdict::BothRefuse,
        (Err(error), None) => different(format!("only we refuse: {error}")),
        (Ok(_), Some(error)) => different(format!("only kubectl refuses: {error}")),
        (Ok(rendered), None) => {
            let objects: Vec<Value> =
                rendered.objects.iter().map(|located| located.object.to_value()).collect();
            let theirs = kubectl.objects.as_deref().unwrap_or_default();
            if let Some(difference) = first_difference(&objects, theirs) {
                return different(difference);
            }
            let text = text(rendered);
            match text == kubectl.yaml {
                true => Verdict::Same,
                false => Verdict::SameObjects {
                    difference: difference([("ours", &text), ("kubectl's", &kubectl.yaml)]),
                },
            }
        }
    }
}

/// Whether an error starts with a file or folder of the case, as all of ours must.
pub(crate) fn names_its_file(error: &Error, root: &Path) -> bool {
    let text = error.to_string();
    let place = text.split(": ").next().unwrap_or_default();
    let file = place.split(':').next().unwrap_or_default();
    !file.is_empty() && root.join(file).exists()
}

fn first_difference(ours: &[Value], theirs: &[Value]) -> Option<String> {
    for (index, (our, their)) in ours.iter().zip(theirs).enumerate() {
        if our != their {
            let (our, their) = (pretty(our), pretty(their));
            return Some(format!("object {index}, {}", difference([("ours", &our), ("kubectl's", &their)])));
        }
    }
    let rest = |list: &[Value]| list.iter().map(name).collect::<Vec<_>>().join(", ");
    (ours.len() != theirs.len()).then(|| format!("ours are {}\nkubectl's are {}", rest(ours), rest(theirs)))
}

fn name(object: &Value) -> String {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    format!("{}/{}", text("/kind"), text("/metadata/name"))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
