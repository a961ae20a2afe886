//! All situations, by what refuses or holds back the pods.

mod images;
mod recovering;
mod refused;
mod running;
mod waiting;

pub(crate) use images::registries;

use kubestock_install::finding::Code;
use serde_json::Value;

use super::judge::{End, Situation};

pub(crate) fn all() -> Vec<Situation> {
    [refused::all(), waiting::all(), images::all(), running::all(), recovering::all()]
        .into_iter()
        .flatten()
        .collect()
}

/// One that is given up in its time.
fn fails(
    name: &'static str,
    objects: Vec<Value>,
    code: Code,
    object: &'static str,
    hint: &'static str,
) -> Situation {
    Situation { name, objects, code, object, hint, end: End::Fails }
}

/// One that is told, and may take longer than a test waits.
fn lasts(
    name: &'static str,
    objects: Vec<Value>,
    code: Code,
    object: &'static str,
    hint: &'static str,
) -> Situation {
    Situation { end: End::Lasts, ..fails(name, objects, code, object, hint) }
}

const WEB: &str = "Deployment/NS/web";
