use std::fmt;
use std::str::FromStr;

use super::{Addon, ReleaseError};

/// The machine that istioctl runs on. Windows is not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Platform {
    LinuxAmd64,
    LinuxArm64,
    LinuxArmv7,
    Osx,
    OsxArm64,
}

impl Platform {
    pub const ALL: [Self; 5] =
        [Self::LinuxAmd64, Self::LinuxArm64, Self::LinuxArmv7, Self::Osx, Self::OsxArm64];

    /// The platform that this program was built for.
    ///
    /// # Errors
    /// [`ReleaseError::UnsupportedPlatform`] where Istio publishes no archive for it.
    pub fn current() -> Result<Self, ReleaseError> {
        Self::of(std::env::consts::OS, std::env::consts::ARCH)
    }

    fn of(os: &str, arch: &str) -> Result<Self, ReleaseError> {
        match (os, arch) {
            ("linux", "x86_64") => Ok(Self::LinuxAmd64),
            ("linux", "aarch64") => Ok(Self::LinuxArm64),
            ("linux", "arm") => Ok(Self::LinuxArmv7),
            ("macos", "x86_64") => Ok(Self::Osx),
            ("macos", "aarch64") => Ok(Self::OsxArm64),
            _ => Err(ReleaseError::UnsupportedPlatform { os: os.to_owned(), arch: arch.to_owned() }),
        }
    }
}

/// A word that names no platform of Istio's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Istio has no archives for `{0}`; it has them for linux-amd64, linux-arm64, linux-armv7, osx and osx-arm64"
)]
pub struct NotAPlatform(String);

impl FromStr for Platform {
    type Err = NotAPlatform;

    fn from_str(text: &str) -> Result<Self, NotAPlatform> {
        let named = Self::ALL.into_iter().find(|platform| platform.to_string() == text);
        named.ok_or_else(|| NotAPlatform(text.to_owned()))
    }
}

impl fmt::Display for Platform {
    /// As the archives' names have it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LinuxAmd64 => "linux-amd64",
            Self::LinuxArm64 => "linux-arm64",
            Self::LinuxArmv7 => "linux-armv7",
            Self::Osx => "osx",
            Self::OsxArm64 => "osx-arm64",
        })
    }
}

/// Which of a release's two archives: everything, or istioctl alone, a third of the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flavour {
    Full,
    Istioctl,
}

impl Flavour {
    pub const ALL: [Self; 2] = [Self::Full, Self::Istioctl];

    /// The smallest archive that holds istioctl and these addons.
    pub fn holding(addons: &[Addon]) -> Self {
        if addons.is_empty() { Self::Istioctl } else { Self::Full }
    }

    /// The name of this archive in a release.
    pub fn file_name(self, version: &str, platform: Platform) -> String {
        format!("{}-{version}-{platform}.tar.gz", self.stem())
    }

    /// What the names of its archives begin with.
    pub(super) fn stem(self) -> &'static str {
        match self {
            Self::Full => "istio",
            Self::Istioctl => "istioctl",
        }
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Istioctl => "istioctl",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_named_as_the_archives_name_it() {
        let cases = [
            ("linux", "x86_64", Some("linux-amd64")),
            ("linux", "aarch64", Some("linux-arm64")),
            ("linux", "arm", Some("linux-armv7")),
            ("macos", "x86_64", Some("osx")),
            ("macos", "aarch64", Some("osx-arm64")),
            ("windows", "x86_64", None),
            ("linux", "riscv64", None),
        ];
        for (os, arch, name) in cases {
            assert_eq!(Platform::of(os, arch).ok().map(|p| p.to_string()).as_deref(), name, "{os} {arch}");
        }
    }

    #[test]
    fn only_an_addon_asks_for_the_full_archive() {
        assert_eq!(Flavour::holding(&[]), Flavour::Istioctl);
        assert_eq!(Flavour::holding(&[Addon::Kiali]), Flavour::Full);
        let name = Flavour::Full.file_name("1.18.0", Platform::LinuxAmd64);
        assert_eq!(name, "istio-1.18.0-linux-amd64.tar.gz");
    }
}
