use crate::istio::release::Addon;
use crate::istio::release::receipt::ISTIOCTL;

/// The size in bytes that istioctl may have; that of 1.18.0 has 92 MB.
const ISTIOCTL_LIMIT: u64 = 300 * 1024 * 1024;
/// The size in bytes that an addon's file may have.
const ADDON_LIMIT: u64 = 16 * 1024 * 1024;

/// A file that is wanted of an archive.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
    Istioctl,
    Addon(Addon),
}

impl Wanted {
    /// What is wanted of this entry. The full archive has a top folder `istio-VERSION`, with
    /// istioctl in `bin` and the addons in `samples/addons`; the other one holds istioctl alone.
    pub(super) fn of(path: &[String]) -> Option<Self> {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        match parts[..] {
            ["istioctl"] | [_, "bin", "istioctl"] => Some(Self::Istioctl),
            [_, "samples", "addons", file] => Addon::named(file.strip_suffix(".yaml")?).map(Self::Addon),
            _ => None,
        }
    }

    pub(super) fn file_name(self) -> String {
        match self {
            Self::Istioctl => ISTIOCTL.to_owned(),
            Self::Addon(addon) => addon.file_name(),
        }
    }

    pub(super) fn limit(self) -> u64 {
        match self {
            Self::Istioctl => ISTIOCTL_LIMIT,
            Self::Addon(_) => ADDON_LIMIT,
        }
    }

    pub(super) fn mode(self) -> u32 {
        match self {
            Self::Istioctl => 0o500,
            Self::Addon(_) => 0o400,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_istioctl_and_the_known_addons_are_wanted() {
        let cases = [
            ("istioctl", Some("istioctl")),
            ("istio-1.18.0/bin/istioctl", Some("istioctl")),
            ("istio-1.18.0/samples/addons/kiali.yaml", Some("kiali.yaml")),
            ("istio-1.18.0/samples/addons/extras/kiali.yaml", None),
            ("istio-1.18.0/samples/addons/loki.yaml", None),
            ("istio-1.18.0/tools/istioctl", None),
            ("bin/istioctl/x", None),
        ];
        for (path, file) in cases {
            let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
            assert_eq!(Wanted::of(&parts).map(Wanted::file_name).as_deref(), file, "{path}");
        }
    }
}
