use crate::finding::{Code, Finding};

/// A minor release of Istio: the versions of Kubernetes that it was made for, and the day of its end of support
/// (`data/compatibility/supportStatus.yml` of istio.io). Of others nothing is said.
struct Release {
    minor: u32,
    kubernetes: (u32, u32),
    end_of_support: &'static str,
}

const RELEASES: [Release; 4] = [
    Release { minor: 17, kubernetes: (23, 26), end_of_support: "2023-10-27" },
    Release { minor: 18, kubernetes: (24, 27), end_of_support: "2024-01-04" },
    Release { minor: 19, kubernetes: (25, 28), end_of_support: "2024-04-24" },
    Release { minor: 20, kubernetes: (25, 29), end_of_support: "2024-06-25" },
];

fn release(istio: &str) -> Option<&'static Release> {
    let minor = minor(istio)?;
    RELEASES.iter().find(|release| release.minor == minor)
}

/// The first and the last minor version of Kubernetes that a version of Istio was made for, where that is known.
pub fn kubernetes_for(istio: &str) -> Option<(u32, u32)> {
    release(istio).map(|release| release.kubernetes)
}

/// 33 of `v1.33.4` and of `1.33+`.
fn minor(version: &str) -> Option<u32> {
    let rest = version.trim_start_matches('v').strip_prefix("1.")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// That a version of Istio is not mended any more.
pub(in super::super) fn support(istio: &str) -> Option<Finding> {
    let release = release(istio)?;
    let seen = format!(
        "Istio 1.{} reached its end of support on {}: what is found in it since is not mended",
        release.minor, release.end_of_support
    );
    let hint = "plan a newer version: `istio.version` in the profile, with its digests (docs/releases.md)";
    Some(Finding::warning(Code::IstioSupport, seen, hint))
}

/// Whether Istio was made for this Kubernetes.
pub(super) fn fits(kubernetes: &str, istio: &str) -> Option<Finding> {
    let Release { minor: of_istio, kubernetes: (first, last), .. } = release(istio)?;
    let minor = minor(kubernetes)?;
    if (*first..=*last).contains(&minor) {
        return None;
    }
    let is = if minor > *last { "newer" } else { "older" };
    let seen = format!(
        "the cluster runs Kubernetes {kubernetes}, {is} than what Istio 1.{of_istio} was made for (1.{first} to 1.{last})"
    );
    let hint = "it may work all the same, and nobody has promised that; try it where nothing depends on it, or choose \
                a version of Istio that was made for this Kubernetes";
    Some(Finding::warning(Code::KubernetesVersion, seen, hint))
}
