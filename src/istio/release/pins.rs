use jiff::civil::{Date, date};

use super::{Digest, Flavour, Platform};

/// One row: version, flavour, platform, SHA-256 of the archive.
type Pin = (&'static str, Flavour, Platform, &'static str);

/// The digests that the Istio project published beside the archives of release 1.18.0. They are
/// part of this program, so that whoever serves an archive cannot also say what it should be.
///
/// No istioctl-only archive is recorded for osx-arm64 and linux-armv7: the full one stands in.
#[rustfmt::skip]
const PINS: [Pin; 8] = [
    ("1.18.0", Flavour::Full, Platform::LinuxAmd64, "a74123868e60307ce23bf43d0c9fcf493e565353a0de35e7f9b7c9af5af7b63d"),
    ("1.18.0", Flavour::Full, Platform::LinuxArm64, "b83f28e4efe5202f54db3f57c109bc35c7f6b7c058b3ff1816ac0080364ceabd"),
    ("1.18.0", Flavour::Full, Platform::LinuxArmv7, "d59f1cdb30c0294d93205365d4e7de37fae728bba2427267a9cebafc794c57e8"),
    ("1.18.0", Flavour::Full, Platform::Osx, "c795170bac578a1b85e1bb790709179ad06df9b5f7028e31242fea9fbdd97938"),
    ("1.18.0", Flavour::Full, Platform::OsxArm64, "0624b64648d6e613e3679159326ca17de6c7c7f752fea0f463c43e487585e542"),
    ("1.18.0", Flavour::Istioctl, Platform::LinuxAmd64, "a83f7548b25ba84a918e1f7593373ad26ec17559a1aa06f1be6c3677495db98f"),
    ("1.18.0", Flavour::Istioctl, Platform::LinuxArm64, "7ec0d0bc0155e84db97ce65d8d97d80c36ed005f1edeade349d28717dd3130e5"),
    ("1.18.0", Flavour::Istioctl, Platform::Osx, "723f2f7c6056219665bbe28cd3455d6d2cbc11ab42aec35a48ec6087509050ac"),
];

/// The pinned digest of one archive of a release; None where none is recorded.
pub fn pinned(version: &str, flavour: Flavour, platform: Platform) -> Option<Digest> {
    PINS.iter()
        .find(|(v, f, p, _)| (*v, *f, *p) == (version, flavour, platform))
        .and_then(|(.., sha256)| sha256.parse().ok())
}

/// When the support of a minor version ended: <https://istio.io/latest/docs/releases/supported-releases/>, from the
/// version on that this program was made for.
const ENDS: [(&str, Date); 9] = [
    ("1.18", date(2024, 1, 4)),
    ("1.19", date(2024, 4, 24)),
    ("1.20", date(2024, 6, 25)),
    ("1.21", date(2024, 9, 27)),
    ("1.22", date(2025, 1, 22)),
    ("1.23", date(2025, 4, 16)),
    ("1.24", date(2025, 6, 24)),
    ("1.25", date(2025, 9, 30)),
    ("1.26", date(2025, 12, 22)),
];

/// The last day on which the Istio project supported a version; None where this program knows of none.
pub fn end_of_support(version: &str) -> Option<Date> {
    let is_of = |minor: &str| version.strip_prefix(minor).is_some_and(|rest| rest.starts_with(['.', '-']));
    ENDS.iter().find(|(minor, _)| is_of(minor)).map(|(_, end)| *end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pin_is_a_digest_and_stands_once() {
        for (version, flavour, platform, sha256) in PINS {
            let digest = pinned(version, flavour, platform).map(String::from);
            assert_eq!(digest.as_deref(), Some(sha256), "{version} {flavour} {platform}");
        }
    }

    #[test]
    fn a_version_without_a_pin_has_none() {
        assert_eq!(pinned("1.18.1", Flavour::Full, Platform::LinuxAmd64), None);
        assert_eq!(pinned("1.18.0", Flavour::Istioctl, Platform::OsxArm64), None);
    }

    #[test]
    fn the_end_of_what_is_pinned_is_documented() {
        for (version, ..) in PINS {
            let (minor, _) = version.rsplit_once('.').unwrap();
            let said =
                format!("Istio {minor} reached its end of support on {}", end_of_support(version).unwrap());
            assert!(include_str!("../../../docs/releases.md").contains(&said), "{said}");
        }
    }

    #[test]
    fn support_ends_for_all_of_a_minor_version() {
        let table = [
            ("1.18.0", Some(date(2024, 1, 4))),
            ("1.18.7", Some(date(2024, 1, 4))),
            ("1.18-alpha.697f4ff", Some(date(2024, 1, 4))),
            ("1.19.0", Some(date(2024, 4, 24))),
            ("1.180.0", None),
            ("1.1.18", None),
            ("2.18.0", None),
        ];
        for (version, end) in table {
            assert_eq!(end_of_support(version), end, "{version}");
        }
    }
}
