//! Who serves a release, and what proves it: `istio.source` and `istio.digests`.

use std::collections::BTreeMap;

use url::Url;

use crate::istio::release::{ArchiveName, Digest, Flavour, Origin, Platform, ReleaseSource, pinned};
use crate::object::nearest;

use super::error::Mistake;
use super::shape::{Entry, Shape};
use super::sheet::{Field, Fields, all};

pub(super) const SHAPE: Shape =
    Shape::Mapping { fields: SOURCE, one_of: &[&["mirror"], &["archive", "istioctl"]] };

const SOURCE: &[Entry] = &[
    Entry::optional("mirror", "a folder with the same archives under the same names", ADDRESS_SHAPE),
    Entry::optional("archive", "a full release of one's own", Shape::mapping(ARCHIVE)),
    Entry::optional("istioctl", "an archive with istioctl alone", Shape::mapping(ARCHIVE)),
];

const ARCHIVE: &[Entry] =
    &[Entry::required("url", ADDRESS, ADDRESS_SHAPE), Entry::required("sha256", DIGEST, DIGEST_SHAPE)];

const ADDRESS_SHAPE: Shape = Shape::text("^[Hh][Tt][Tt][Pp][Ss]?://.");

pub(super) const DIGESTS_SHAPE: Shape = Shape::Named {
    names: "^istio(ctl)?-.+-(linux-amd64|linux-arm64|linux-armv7|osx|osx-arm64)[.]tar[.]gz$",
    values: &DIGEST_SHAPE,
};

const DIGEST_SHAPE: Shape = Shape::text("^[0-9A-Fa-f]{64}$");

pub(super) const DIGESTS: &str =
    "a mapping: SHA-256 by the names of the version's archives, such as `kubestock-install pin` prints";
const ADDRESS: &str = "an http:// or https:// address";
const DIGEST: &str = "a SHA-256 in quotes: 64 hexadecimal digits";

/// `version` is that of the release, where it can be read.
pub(super) fn read(fields: &Fields<'_>, version: Option<&str>) -> Option<ReleaseSource> {
    let origin = fields.get("source").map_or(Some(Origin::Istio), origin);
    let digests = fields.get("digests").map_or(Some(BTreeMap::new()), |field| digests(field, version));
    let (origin, version) = (origin?, version?);
    if let Some(field) = fields.get("digests")
        && matches!(origin, Origin::Own { .. })
    {
        return field.refuse(Mistake::DigestsOfOwnArchives);
    }
    let source = ReleaseSource { digests: digests?, ..ReleaseSource::from_origin(version, origin) };
    refuse_unproven(fields, &source);
    Some(source)
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
    let sha256 = fields.required("sha256").and_then(|field| digest(&field));
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

fn digests(field: Field<'_>, version: Option<&str>) -> Option<BTreeMap<String, Digest>> {
    let read = |name: &String| {
        let field = field.peek(name)?;
        let sha256 = digest(&field);
        if let Some(version) = version {
            refuse_misplaced(&field, name, version, sha256)?;
        }
        Some((name.clone(), sha256?))
    };
    all(field.any_mapping(DIGESTS)?.keys().map(read)).map(BTreeMap::from_iter)
}

fn digest(field: &Field<'_>) -> Option<Digest> {
    let text = field.text_that_is(DIGEST)?;
    text.parse().ok().or_else(|| field.wrong(DIGEST))
}

/// The name must be that of an archive of this version; and what the Istio project published is known of some.
fn refuse_misplaced(field: &Field<'_>, name: &str, version: &str, sha256: Option<Digest>) -> Option<()> {
    let archive: Option<ArchiveName> = name.parse().ok();
    let Some(archive) = archive.filter(|archive| archive.version == version) else {
        let names: Vec<String> = ArchiveName::of_version(version).map(|name| name.to_string()).collect();
        let nearest = nearest(name, names.iter().map(String::as_str));
        return field.refuse(Mistake::NotAnArchive { version: version.to_owned(), nearest });
    };
    match pinned(version, archive.flavour, archive.platform) {
        Some(pinned) if sha256.is_some_and(|sha256| sha256 != pinned) => {
            field.refuse(Mistake::OtherDigest { pinned: pinned.to_string() })
        }
        _ => Some(()),
    }
}

/// An archive that nobody vouches for is not fetched; better said now than after the questions.
fn refuse_unproven(fields: &Fields<'_>, source: &ReleaseSource) {
    let version = &source.version;
    let is_proven = matches!(source.origin, Origin::Own { .. })
        || !source.digests.is_empty()
        || pinned(version, Flavour::Full, Platform::LinuxAmd64).is_some();
    if let (false, Some(field)) = (is_proven, fields.get("version")) {
        field.note(Mistake::NotPinned { version: version.clone() });
    }
}
