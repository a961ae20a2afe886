use std::fmt;
use std::str::FromStr;

use super::{Flavour, Platform, is_version};

/// The name of an archive that the Istio project publishes: `istio-1.19.0-linux-amd64.tar.gz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveName {
    pub flavour: Flavour,
    pub version: String,
    pub platform: Platform,
}

/// A text that is no such name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name of an archive that the Istio project publishes")]
pub struct NotAnArchiveName(pub String);

impl ArchiveName {
    /// Those that a version may have; no version has all of them.
    pub fn of_version(version: &str) -> impl Iterator<Item = Self> {
        Flavour::ALL.into_iter().flat_map(move |flavour| {
            Platform::ALL.into_iter().map(move |platform| Self {
                flavour,
                version: version.to_owned(),
                platform,
            })
        })
    }
}

impl fmt::Display for ArchiveName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.flavour.file_name(&self.version, self.platform))
    }
}

impl FromStr for ArchiveName {
    type Err = NotAnArchiveName;

    fn from_str(text: &str) -> Result<Self, NotAnArchiveName> {
        let read = || {
            let (stem, rest) = text.strip_suffix(".tar.gz")?.split_once('-')?;
            let flavour = Flavour::ALL.into_iter().find(|flavour| flavour.stem() == stem)?;
            let with_version = |platform| Some((platform, rest.strip_suffix(&format!("-{platform}"))?));
            let (platform, version) = Platform::ALL.into_iter().find_map(with_version)?;
            is_version(version).then(|| Self { flavour, version: version.to_owned(), platform })
        };
        read().ok_or_else(|| NotAnArchiveName(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_what_it_writes() {
        for version in ["1.18.0", "1.31-alpha.eed52ebb", "1.20.0-rc.1"] {
            let names: Vec<ArchiveName> = ArchiveName::of_version(version).collect();
            assert_eq!(names.len(), 10);
            for name in names {
                assert_eq!(name.to_string().parse(), Ok(name));
            }
        }
    }

    #[test]
    fn what_is_named_otherwise_is_no_archive_of_istio() {
        for other in [
            "",
            "istio.tar.gz",
            "istio-1.19.0.tar.gz",
            "istio-1.19-linux-amd64.tar.gz",
            "istio-linux-amd64.tar.gz",
            "istio-1.19.0-linux-riscv64.tar.gz",
            "istio-1.19.0-win.zip",
            "istio-1.19.0-linux-amd64.tar.gz.sha256",
            "Istio-1.19.0-linux-amd64.tar.gz",
            "proxy-1.19.0-linux-amd64.tar.gz",
            "x/istio-1.19.0-linux-amd64.tar.gz",
        ] {
            assert_eq!(other.parse::<ArchiveName>(), Err(NotAnArchiveName(other.to_owned())));
        }
    }
}
