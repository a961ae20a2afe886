//! Policies for the whole mesh that hold for one namespace alone.
//!
//! Istio takes a policy without a selector for one of its namespace, and for one of the mesh where that is
//! the root namespace. A `namespace:` in a kustomization file makes the one of the other without a word.

use super::mesh::root_namespace;
use super::scene::{Scene, found};
use crate::finding::{Code, Finding, Severity};
use crate::plan::Placed;

/// The kinds that hold for the whole mesh in the root namespace, each with the field that would narrow them.
const MESH_WIDE: [(&str, &str, &str); 8] = [
    ("security.istio.io", "PeerAuthentication", "/spec/selector"),
    ("security.istio.io", "RequestAuthentication", "/spec/selector"),
    ("security.istio.io", "AuthorizationPolicy", "/spec/selector"),
    ("telemetry.istio.io", "Telemetry", "/spec/selector"),
    ("networking.istio.io", "Sidecar", "/spec/workloadSelector"),
    ("networking.istio.io", "EnvoyFilter", "/spec/workloadSelector"),
    ("networking.istio.io", "ProxyConfig", "/spec/selector"),
    ("extensions.istio.io", "WasmPlugin", "/spec/selector"),
];

pub(super) fn find(scene: &Scene<'_>) -> Vec<Finding> {
    let root = root_namespace(scene);
    let moved =
        scene.planned().filter(|placed| placed.moved_from.as_deref() == Some(&*root) && is_mesh_wide(placed));
    let moved: Vec<&Placed> = moved.collect();
    let strict = scene.there("security.istio.io", "PeerAuthentication");
    let is_strict = strict.filter(|policy| policy.namespace() == Some(&*root)).count() > 0;
    let meant = scene.planned().filter(|placed| !is_strict && is_meant_for_the_mesh(placed));
    let meant = meant.filter(|placed| !moved.iter().any(|one| std::ptr::eq(*one, *placed)));

    let mut findings: Vec<Finding> = moved.iter().map(|placed| was_moved(placed, &root)).collect();
    findings.extend(meant.map(|placed| is_elsewhere(placed, &root)));
    findings
}

fn is_mesh_wide(Placed { object, .. }: &Placed) -> bool {
    let narrowed_by =
        MESH_WIDE.iter().find(|(group, kind, _)| object.is(group, kind)).map(|(.., field)| field);
    narrowed_by.is_some_and(|field| object.pointer(field).is_none())
}

/// Reads as meant for the whole mesh, where there is none for it: the name is the one of Istio's documents.
fn is_meant_for_the_mesh(placed: &Placed) -> bool {
    let Placed { object, .. } = placed;
    object.is("security.istio.io", "PeerAuthentication")
        && object.name() == "default"
        && object.pointer("/spec/selector").is_none()
        && object.text("/spec/mtls/mode") == Some("STRICT")
}

fn was_moved(placed: &Placed, root: &str) -> Finding {
    let namespace = placed.object.namespace().unwrap_or_default();
    let seen = format!(
        "is written for {root}, where it holds for the whole mesh; a `namespace:` has moved it, and it holds \
         for {namespace} alone"
    );
    let hint = "take the `namespace:` out of the kustomization file of its folder, or list the folder where no \
                `namespace:` is above it";
    found(placed, Code::MisplacedPolicy, Severity::Error, seen, hint)
}

fn is_elsewhere(placed: &Placed, root: &str) -> Finding {
    let namespace = placed.object.namespace().unwrap_or_default();
    let seen = format!("holds for {namespace} alone, and nothing makes the mesh STRICT");
    let hint = format!("if it is meant for the whole mesh, it belongs into {root}");
    found(placed, Code::MisplacedPolicy, Severity::Warning, seen, hint)
}

#[cfg(test)]
mod tests {
    use super::super::lint;
    use super::super::testing::{cluster, layers, objects};
    use super::*;

    fn policy(kind: &str, namespace: &str, name: &str, spec: &str) -> Placed {
        let (group, _, _) = MESH_WIDE.iter().find(|(_, known, _)| *known == kind).unwrap();
        let yaml = format!(
            "{{apiVersion: {group}/v1beta1, kind: {kind}, metadata: {{name: {name}, namespace: {namespace}}}, spec: {spec}}}"
        );
        objects(&yaml).remove(0).into()
    }

    fn strict(namespace: &str) -> Placed {
        policy("PeerAuthentication", namespace, "default", "{mtls: {mode: STRICT}}")
    }

    fn moved(policy: Placed) -> Placed {
        Placed { moved_from: Some("istio-system".into()), ..policy }
    }

    fn told(policies: Vec<Placed>) -> Vec<Severity> {
        let findings = lint(&layers([("base", policies)]), None).into_iter();
        let findings = findings.filter(|finding| finding.code == Code::MisplacedPolicy);
        findings.map(|finding| finding.severity).collect()
    }

    #[test]
    fn a_policy_that_was_moved_out_of_the_root_namespace_is_an_error_whatever_its_kind() {
        for (_, kind, field) in MESH_WIDE {
            assert_eq!(told(vec![moved(policy(kind, "shop", "all", "{}"))]), [Severity::Error], "{kind}");
            let narrowed =
                format!("{{{}: {{matchLabels: {{app: web}}}}}}", field.trim_start_matches("/spec/"));
            assert_eq!(told(vec![moved(policy(kind, "shop", "web", &narrowed))]), [], "{kind} with {field}");
            assert_eq!(told(vec![policy(kind, "istio-system", "all", "{}")]), [], "{kind} in its place");
        }
    }

    #[test]
    fn a_strict_policy_outside_of_the_root_namespace_is_told_where_the_mesh_has_none() {
        let permissive = policy("PeerAuthentication", "legacy", "default", "{mtls: {mode: PERMISSIVE}}");
        let named = policy("PeerAuthentication", "legacy", "only-shop", "{mtls: {mode: STRICT}}");
        let cases = [
            (vec![strict("kubestock-staging")], vec![Severity::Warning], "nothing else"),
            (vec![strict("istio-system")], vec![], "in its place"),
            (vec![strict("istio-system"), strict("legacy")], vec![], "one for the mesh, and one more"),
            (vec![permissive], vec![], "an exception for a namespace"),
            (vec![named], vec![], "named as what it is"),
        ];
        for (policies, expected, why) in cases {
            assert_eq!(told(policies), expected, "{why}");
        }
    }

    #[test]
    fn the_root_namespace_is_the_one_that_the_mesh_is_configured_with() {
        let configuration = "apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: mesh}
data: {mesh: 'rootNamespace: mesh-root'}";
        let plan = layers([("base", vec![strict("mesh-root")])]);
        let live = cluster(configuration);
        let findings = lint(&plan, Some(&live));
        assert!(findings.iter().all(|finding| finding.code != Code::MisplacedPolicy), "{findings:?}");
    }
}
