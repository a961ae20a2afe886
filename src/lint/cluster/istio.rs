use super::super::Live;
use super::super::mesh::{is_istiod, version};
use super::super::scene::{Scene, about};
use crate::finding::{Code, Finding, Severity};
use crate::object::Object;

/// An Istio that is there and is not the one that the plan brings.
pub(super) fn find(scene: &Scene<'_>, live: &Live) -> Vec<Finding> {
    let Some(planned) = scene.planned_of("apps", "Deployment").find(|placed| is_istiod(&placed.object))
    else {
        return Vec::new();
    };
    let planned = &planned.object;
    let there = live.objects.of_kind("apps", "Deployment").filter(|deployment| is_istiod(deployment));
    there.filter_map(|there| differs(scene, planned, there)).collect()
}

/// Who keeps an Istio as it is, by what they put on their objects, and what that says.
fn manager(there: &Object) -> Option<(&'static str, &str)> {
    const MARKS: [(&str, &str); 4] = [
        ("Argo CD", "argocd.argoproj.io/tracking-id"),
        ("Flux", "kustomize.toolkit.fluxcd.io/name"),
        ("Flux", "helm.toolkit.fluxcd.io/name"),
        ("OpenShift Service Mesh", "maistra.io/owner"),
    ];
    let marked = |(manager, key): &(&'static str, &str)| {
        Some((*manager, there.label(key).or_else(|| there.annotation(key))?))
    };
    let sail = || {
        let owner = there.text("/metadata/ownerReferences/0/kind")?;
        matches!(owner, "IstioRevision" | "Istio").then_some(("the Sail operator", owner))
    };
    MARKS.iter().find_map(marked).or_else(sail)
}

fn differs(scene: &Scene<'_>, planned: &Object, there: &Object) -> Option<Finding> {
    let finding = |severity, seen: String, hint: &str| {
        Some(about(scene, there, Code::OtherIstio, severity, seen, hint))
    };
    if planned.id() != there.id() {
        let revision = there.label("istio.io/rev").unwrap_or("default");
        let seen =
            format!("is another control plane, of revision {revision}; this one would be {}", planned.id());
        let hint = "each injects its own sidecars, and one of them is the default; remove the one that is not meant \
                    (`istioctl uninstall --revision`), or let the profile name the same revision";
        return finding(Severity::Warning, seen, hint);
    }
    if let Some(release) = there.annotation("meta.helm.sh/release-name") {
        let seen = format!("was installed by Helm, as its release {release}");
        let hint = "Helm manages fields that this would set, and nothing is taken from others: uninstall the release first, \
                    or use a profile without `istio:` and keep Helm's";
        return finding(Severity::Error, seen, hint);
    }
    if let Some((manager, named)) = manager(there) {
        let seen = format!("is managed by {manager} (`{named}`)");
        let hint = "the two would undo each other's changes; take Istio out of there first, or use a profile without `istio:` \
                    and keep that one";
        return finding(Severity::Error, seen, hint);
    }
    let (new, old) = (version(planned)?, version(there)?);
    if new == old {
        return None;
    }
    let seen = format!("is of version {old}, and is to be {new}");
    let hint = "Istio is upgraded by one minor version at a time, and not downgraded (its upgrade guide); sidecars stay \
                as they are until their pods are restarted";
    finding(Severity::Warning, seen, hint)
}
