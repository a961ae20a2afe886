use std::time::Duration;

use serde_json::{Value, json};

use crate::istio::release::{Addon, Origin, is_version};

use super::error::Mistake;
use super::shape::{Entry, Shape};
use super::sheet::{Field, Fields, all};
use super::{Istio, duration, source};

/// Where the profile says none.
const TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The profiles that istioctl 1.18 carries in its manifests/profiles.
const PROFILES: &[&str] =
    &["ambient", "default", "demo", "empty", "external", "minimal", "openshift", "preview", "remote"];

pub(super) const SHAPE: Shape = Shape::mapping(ISTIO);

const ISTIO: &[Entry] = &[
    Entry::required("version", VERSION, Shape::text("^[0-9]+[.-][0-9]+[.-][0-9A-Za-z.+-]+$")),
    Entry::required("profile", PROFILE, Shape::Word(PROFILES)),
    Entry::optional("source", "who serves the release; left out, the Istio project does", source::SHAPE),
    Entry::optional("digests", source::DIGESTS, source::DIGESTS_SHAPE),
    Entry::optional(
        "overlay",
        OVERLAY,
        Shape::Foreign { except: &["profile", "apiVersion", "kind", "spec"] },
    ),
    Entry::optional("addons", ADDONS, Shape::List(&Shape::Word(&ADDON_NAMES))),
    Entry::optional("timeout", duration::TIME, duration::SHAPE),
];

const ADDON_NAMES: [&str; 4] =
    [Addon::Prometheus.name(), Addon::Grafana.name(), Addon::Jaeger.name(), Addon::Kiali.name()];

const VERSION: &str = "a full version of Istio, such as 1.18.0";
const PROFILE: &str = "one of istioctl's own profiles: ambient, default, demo, empty, external, minimal, \
                       openshift, preview or remote";
const OVERLAY: &str = "a mapping: the `spec` of an IstioOperator";
const ADDONS: &str = "a list of addons";
const ADDON: &str = "one of prometheus, grafana, jaeger and kiali";
pub(super) fn read(field: Field<'_>) -> Option<Istio> {
    let fields = field.mapping(ISTIO)?;
    let version = fields.required("version").and_then(version);
    let profile = fields.required("profile").and_then(profile);
    let source = source::read(&fields, version.as_deref());
    let overlay = fields.get("overlay").map_or(Some(json!({})), overlay);
    let addons = fields.get("addons").map_or(Some(Vec::new()), addons);
    let timeout = fields.get("timeout").map_or(Some(TIMEOUT), duration::read);
    if let (Some(source), Some(addons)) = (&source, &addons) {
        refuse_addons_without_archive(&fields, &source.origin, addons);
    }
    let profile = profile?;
    Some(Istio {
        version: version?,
        source: source?,
        overlay: operator(&profile, overlay?),
        profile,
        addons: addons?,
        timeout: timeout?,
    })
}

fn version(field: Field<'_>) -> Option<String> {
    let text = field.text_that_is(VERSION)?;
    if is_version(text) { Some(text.to_owned()) } else { field.wrong(VERSION) }
}

fn profile(field: Field<'_>) -> Option<String> {
    match field.value.as_str() {
        Some("production") => field.refuse(Mistake::NoProductionProfile),
        _ => field.word(PROFILES, PROFILE).map(str::to_owned),
    }
}

fn addons(field: Field<'_>) -> Option<Vec<Addon>> {
    let read = |item: &Field<'_>| Addon::named(item.word(&ADDON_NAMES, ADDON)?);
    let mut addons = all(field.items(ADDONS)?.iter().map(read))?;
    // Twice the same is once the same.
    let mut seen = Vec::new();
    addons.retain(|addon| {
        !seen.contains(addon) && {
            seen.push(*addon);
            true
        }
    });
    Some(addons)
}

/// What stands under `spec` in an IstioOperator.
fn overlay(field: Field<'_>) -> Option<Value> {
    let map = field.any_mapping(OVERLAY)?;
    if let Some(profile) = field.peek("profile") {
        return profile.refuse(Mistake::NotASpec { instead: "the profile is named in `istio.profile`" });
    }
    for whole in ["apiVersion", "kind", "spec"] {
        if let Some(part) = field.peek(whole) {
            let instead = "the overlay is what stands under `spec` in an IstioOperator, without the rest";
            return part.refuse(Mistake::NotASpec { instead });
        }
    }
    Some(Value::Object(map.clone()))
}

fn operator(profile: &str, mut spec: Value) -> Value {
    spec["profile"] = profile.into();
    json!({"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": spec})
}

fn refuse_addons_without_archive(fields: &Fields<'_>, origin: &Origin, addons: &[Addon]) {
    let has_none = matches!(origin, Origin::Own { full: None, .. }) && !addons.is_empty();
    if let (true, Some(field)) = (has_none, fields.get("addons")) {
        field.note(Mistake::NoAddonsInArchive);
    }
}
