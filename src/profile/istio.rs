use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use crate::istio::release::{Addon, Digest, Flavour, Origin, Platform, ReleaseSource, pinned};

use super::error::Mistake;
use super::shape::{Entry, Shape};
use super::sheet::{Field, Fields, all};
use super::{Istio, duration};

/// Where the profile says none.
const TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The profiles that istioctl 1.18 carries in its manifests/profiles.
const PROFILES: &[&str] =
    &["ambient", "default", "demo", "empty", "external", "minimal", "openshift", "preview", "remote"];

/// Versions of which digests are part of this program.
pub(super) const PINNED: &[&str] = &["1.18.0"];

pub(super) const SHAPE: Shape = Shape::mapping(ISTIO);

const ISTIO: &[Entry] = &[
    Entry::required("version", VERSION, Shape::text("^[0-9]+[.-][0-9]+[.-][0-9A-Za-z.+-]+$")),
    Entry::required("profile", PROFILE, Shape::Word(PROFILES)),
    Entry::optional("source", "who serves the release; left out, the Istio project does", SOURCE_SHAPE),
    Entry::optional(
        "overlay",
        OVERLAY,
        Shape::Foreign { except: &["profile", "apiVersion", "kind", "spec"] },
    ),
    Entry::optional("addons", ADDONS, Shape::List(&Shape::Word(&ADDON_NAMES))),
    Entry::optional("timeout", duration::TIME, duration::SHAPE),
];

const SOURCE_SHAPE: Shape =
    Shape::Mapping { fields: SOURCE, one_of: &[&["mirror"], &["archive", "istioctl"]] };

const SOURCE: &[Entry] = &[
    Entry::optional("mirror", "a folder with the same archives under the same names", ADDRESS_SHAPE),
    Entry::optional("archive", "a full release of one's own", Shape::mapping(ARCHIVE)),
    Entry::optional("istioctl", "an archive with istioctl alone", Shape::mapping(ARCHIVE)),
];

const ARCHIVE: &[Entry] = &[
    Entry::required("url", ADDRESS, ADDRESS_SHAPE),
    Entry::required("sha256", DIGEST, Shape::text("^[0-9A-Fa-f]{64}$")),
];

const ADDRESS_SHAPE: Shape = Shape::text("^[Hh][Tt][Tt][Pp][Ss]?://.");

const ADDON_NAMES: [&str; 4] =
    [Addon::Prometheus.name(), Addon::Grafana.name(), Addon::Jaeger.name(), Addon::Kiali.name()];

const VERSION: &str = "a full version of Istio, such as 1.18.0";
const PROFILE: &str = "one of istioctl's own profiles: ambient, default, demo, empty, external, minimal, \
                       openshift, preview or remote";
const OVERLAY: &str = "a mapping: the `spec` of an IstioOperator";
const ADDONS: &str = "a list of addons";
const ADDON: &str = "one of prometheus, grafana, jaeger and kiali";
const ADDRESS: &str = "an http:// or https:// address";
const DIGEST: &str = "a SHA-256 in quotes: 64 hexadecimal digits";

pub(super) fn read(field: Field<'_>) -> Option<Istio> {
    let fields = field.mapping(ISTIO)?;
    let version = fields.required("version").and_then(version);
    let profile = fields.required("profile").and_then(profile);
    let origin = fields.get("source").map_or(Some(Origin::Istio), origin);
    let overlay = fields.get("overlay").map_or(Some(json!({})), overlay);
    let addons = fields.get("addons").map_or(Some(Vec::new()), addons);
    let timeout = fields.get("timeout").map_or(Some(TIMEOUT), duration::read);
    if let (Some(version), Some(origin)) = (&version, &origin) {
        refuse_unproven(&fields, version, origin);
    }
    if let (Some(origin), Some(addons)) = (&origin, &addons) {
        refuse_addons_without_archive(&fields, origin, addons);
    }
    let (version, profile) = (version?, profile?);
    Some(Istio {
        source: ReleaseSource::from_origin(version.clone(), origin?),
        overlay: operator(&profile, overlay?),
        version,
        profile,
        addons: addons?,
        timeout: timeout?,
    })
}

fn version(field: Field<'_>) -> Option<String> {
    let text = field.text_that_is(VERSION)?;
    let is_numeric = |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
    let is_safe = text.bytes().all(|c| c.is_ascii_alphanumeric() || b".-+".contains(&c));
    // The third part is where builds of one's own differ: `1.18.0`, `1.18-alpha.697f4ff`.
    let mut parts = text.splitn(3, ['.', '-']);
    let is_version = is_safe
        && parts.next().is_some_and(is_numeric)
        && parts.next().is_some_and(is_numeric)
        && parts.next().is_some_and(|rest| !rest.is_empty());
    if is_version { Some(text.to_owned()) } else { field.wrong(VERSION) }
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

fn origin(field: Field<'_>) -> Option<Origin> {
    let fields = field.mapping(SOURCE)?;
    let mirror = fields.get("mirror");
    let own = [fields.get("archive"), fields.get("istioctl")];
    if mirror.is_some() && own.iter().any(Option::is_some) {
        let other = if own[0].is_some() { "archive" } else { "istioctl" };
        field.note(Mistake::Exclusive { one: "mirror", other });
    }
    if mirror.is_none() && own.iter().all(Option::is_none) {
        return field.refuse(Mistake::OneOf(&["mirror", "archive", "istioctl"]));
    }
    let mirror = mirror.map(read_address);
    let [full, istioctl] = own.map(|archive| archive.map_or(Some(None), |field| archive_of(field).map(Some)));
    match mirror {
        Some(mirror) => mirror.map(Origin::Mirror),
        None => Some(Origin::Own { full: full?, istioctl: istioctl? }),
    }
}

fn archive_of(field: Field<'_>) -> Option<(Url, Digest)> {
    let fields = field.mapping(ARCHIVE)?;
    let url = fields.required("url").and_then(read_address);
    let sha256 = fields.required("sha256").and_then(|field| {
        let text = field.text_that_is(DIGEST)?;
        text.parse().ok().or_else(|| field.wrong(DIGEST))
    });
    Some((url?, sha256?))
}

/// A text that is no address of files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not {ADDRESS}")]
pub struct NotAnAddress(String);

/// The address of files, as a profile has it, from elsewhere.
///
/// # Errors
/// [`NotAnAddress`] for whatever is not http or https.
pub fn address(text: &str) -> Result<Url, NotAnAddress> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| NotAnAddress(text.to_owned()))
}

/// Plain http is good enough: the digest proves what comes.
fn read_address(field: Field<'_>) -> Option<Url> {
    let text = field.text_that_is(ADDRESS)?;
    address(text).ok().or_else(|| field.wrong(ADDRESS))
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

/// An archive that nobody vouches for is not fetched; better said now than after the questions.
fn refuse_unproven(fields: &Fields<'_>, version: &str, origin: &Origin) {
    let is_proven = match origin {
        Origin::Istio | Origin::Mirror(_) => pinned(version, Flavour::Full, Platform::LinuxAmd64).is_some(),
        Origin::Own { .. } => true,
    };
    if let (false, Some(field)) = (is_proven, fields.get("version")) {
        field.note(Mistake::NotPinned { version: version.to_owned(), pinned: PINNED });
    }
}

fn refuse_addons_without_archive(fields: &Fields<'_>, origin: &Origin, addons: &[Addon]) {
    let has_none = matches!(origin, Origin::Own { full: None, .. }) && !addons.is_empty();
    if let (true, Some(field)) = (has_none, fields.get("addons")) {
        field.note(Mistake::NoAddonsInArchive);
    }
}
