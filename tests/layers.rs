//! The embedded layers: that they render as kubectl renders them, and that what a hand-written tree gets
//! wrong is right here. `tests/layers/record.sh` records what kubectl prints; nothing here needs one.

#![allow(clippy::unwrap_used)]

#[path = "layers/services.rs"]
mod services;

use std::path::Path;

use kubestock_install::kustomize::{EmbeddedSource, Inline, Rendered, render, render_inline};
use kubestock_install::object::Object;
use kubestock_install::object::yaml::objects_to_string;
use kubestock_install::profile::{GITOPS, embedded, load};
use serde_json::{Value, json};

use services::SERVICES;

const STAGING: &str = "kubestock-staging";

/// How often all services may run at once: a rolling update of all of them brings each a second pod.
const SURGE: u64 = 2;

#[test]
fn the_layers_render_as_kubectl_renders_them() {
    let table = [
        (layer("base"), include_str!("layers/base.yaml")),
        (layer("overlays/staging"), include_str!("layers/staging.yaml")),
        (with_external_secrets(), include_str!("layers/external-secrets.yaml")),
    ];
    for (rendered, recorded) in table {
        assert_eq!(objects_to_string(rendered.objects.iter().map(|located| &located.object)), recorded);
        assert_eq!(rendered.warnings, []);
    }
}

#[test]
fn every_object_says_where_it_belongs() {
    for object in all() {
        let expected = match object.kind() {
            "Namespace" => None,
            "PeerAuthentication" => Some("istio-system"),
            _ => Some(STAGING),
        };
        assert_eq!(object.namespace(), expected, "{}", object.id());
    }
}

#[test]
fn no_object_stands_in_two_layers() {
    let mut ids: Vec<String> = all().iter().map(|object| object.id().to_string()).collect();
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn the_whole_mesh_is_strict() {
    let base = objects(&layer("base"));
    let policy = find(&base, "PeerAuthentication", "default");
    assert_eq!(policy.namespace(), Some("istio-system"));
    assert_eq!(policy.pointer("/spec"), Some(&json!({"mtls": {"mode": "STRICT"}})));
    assert_eq!(find(&base, "Namespace", STAGING).label("istio-injection"), Some("enabled"));
}

#[test]
fn every_service_has_its_port_everywhere() {
    let staging = objects(&layer("overlays/staging"));
    let of_kind = |kind| staging.iter().filter(|object| object.kind() == kind).count();
    for kind in ["Deployment", "Service", "ServiceAccount", "DestinationRule", "VirtualService"] {
        assert_eq!(of_kind(kind), SERVICES.len(), "{kind}");
    }
    for (name, port) in SERVICES {
        let service = find(&staging, "Service", name);
        let ports = json!([{"name": "http", "port": port, "targetPort": "http"}]);
        assert_eq!(service.pointer("/spec/ports"), Some(&ports), "{name}");
        assert_eq!(service.text("/spec/type"), Some("ClusterIP"));

        let deployment = find(&staging, "Deployment", name);
        assert_eq!(deployment.text("/spec/template/spec/serviceAccountName"), Some(name));
        let template = deployment.pointer("/spec/template/metadata/labels").unwrap();
        assert_eq!(service.pointer("/spec/selector"), Some(&json!({"app": template["app"]})), "{name}");
        assert_eq!(template["version"], "v1");
        let container = container(deployment);
        assert_eq!(container["ports"], json!([{"name": "http", "containerPort": port}]), "{name}");
        assert_eq!(container["args"][0], format!("-listen=:{port}"));
        for probe in ["readinessProbe", "livenessProbe"] {
            assert_eq!(container[probe]["httpGet"], json!({"path": "/health", "port": "http"}), "{name}");
        }

        let rule = find(&staging, "DestinationRule", &format!("{name}-destination"));
        let mutual = json!({"host": name, "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}});
        assert_eq!(rule.pointer("/spec"), Some(&mutual));
        let route = json!({
            "hosts": [name],
            "http": [{
                "route": [{"destination": {"host": name, "port": {"number": port}}}],
                "timeout": "30s",
                "retries": {"attempts": 3, "perTryTimeout": "10s"},
            }],
        });
        assert_eq!(find(&staging, "VirtualService", name).pointer("/spec"), Some(&route));
    }
}

#[test]
fn every_container_runs_with_no_rights() {
    for (name, _) in SERVICES {
        let staging = objects(&layer("overlays/staging"));
        let security = container(find(&staging, "Deployment", name))["securityContext"].clone();
        assert_eq!(security["runAsNonRoot"], true, "{name}");
        assert_eq!(security["readOnlyRootFilesystem"], true);
        assert_eq!(security["allowPrivilegeEscalation"], false);
        assert_eq!(security["capabilities"], json!({"drop": ["ALL"]}));
        assert_eq!(security["seccompProfile"], json!({"type": "RuntimeDefault"}));
    }
}

#[test]
fn the_secrets_that_pods_read_are_there() {
    for (rendered, kind) in
        [(layer("overlays/staging"), "Secret"), (with_external_secrets(), "ExternalSecret")]
    {
        let objects = objects(&rendered);
        let other = if kind == "Secret" { "ExternalSecret" } else { "Secret" };
        assert!(!objects.iter().any(|object| object.kind() == other), "{kind}");
        let mut read = 0;
        for (name, _) in SERVICES {
            let sources = container(find(&objects, "Deployment", name))["envFrom"].clone();
            for source in sources.as_array().into_iter().flatten() {
                find(&objects, kind, source["secretRef"]["name"].as_str().unwrap());
                read += 1;
            }
        }
        assert_eq!(read, 6, "{kind}");
    }
}

#[test]
fn a_rolling_update_of_all_services_fits_the_quota_in_every_profile() {
    let base = objects(&layer("base"));
    let hard = find(&base, "ResourceQuota", "staging").pointer("/spec/hard").unwrap();
    let staging = objects(&layer("overlays/staging"));
    assert_eq!(hard["limits.cpu"], "8");
    for profile in embedded() {
        let overlay = load(profile.name).unwrap().istio.unwrap().overlay;
        let sidecar = overlay.pointer("/spec/values/global/proxy/resources").unwrap();
        for (of, resource) in
            [("limits", "cpu"), ("limits", "memory"), ("requests", "cpu"), ("requests", "memory")]
        {
            let pods = SERVICES.map(|(name, _)| {
                let own = &container(find(&staging, "Deployment", name))["resources"];
                quantity(&own[of][resource]) + quantity(&sidecar[of][resource])
            });
            let (needed, there) =
                (SURGE * pods.iter().sum::<u64>(), quantity(&hard[format!("{of}.{resource}")]));
            assert!(needed <= there, "{}: {of}.{resource}: {needed} of {there}", profile.name);
        }
    }
    assert!(SURGE * SERVICES.len() as u64 <= quantity(&hard["pods"]) / 1000);
}

#[test]
fn the_layers_of_every_embedded_profile_are_embedded() {
    for profile in embedded() {
        for layer in load(profile.name).unwrap().layers {
            render(&EmbeddedSource(&GITOPS), &layer.path).unwrap();
        }
    }
}

fn layer(path: &str) -> Rendered {
    render(&EmbeddedSource(&GITOPS), Path::new(path)).unwrap()
}

/// As a profile would name the component.
fn with_external_secrets() -> Rendered {
    let fields = json!({"components": ["components/external-secrets"]});
    let inline = Inline {
        fields: &fields,
        file: Path::new("profile.yaml"),
        root: Path::new("."),
        layer: Path::new("overlays/staging"),
    };
    render_inline(&EmbeddedSource(&GITOPS), &inline).unwrap()
}

fn objects(rendered: &Rendered) -> Vec<Object> {
    rendered.objects.iter().map(|located| located.object.clone()).collect()
}

/// The objects of both layers.
fn all() -> Vec<Object> {
    [objects(&layer("base")), objects(&layer("overlays/staging"))].concat()
}

fn find<'o>(objects: &'o [Object], kind: &str, name: &str) -> &'o Object {
    let found = objects.iter().find(|object| object.kind() == kind && object.name() == name);
    found.unwrap_or_else(|| panic!("no {kind} {name}"))
}

/// The only container of a Deployment's pods.
fn container(deployment: &Object) -> &Value {
    let containers = deployment.pointer("/spec/template/spec/containers").and_then(Value::as_array).unwrap();
    assert_eq!(containers.len(), 1);
    &containers[0]
}

/// In thousandths; of the suffixes, those that the layers and the profiles use.
fn quantity(value: &Value) -> u64 {
    let text = value.as_str().unwrap();
    let units = [("m", 1), ("Mi", 1000 << 20), ("Gi", 1000 << 30), ("", 1000)];
    let (number, unit) =
        units.iter().find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, unit))).unwrap();
    number.parse::<u64>().unwrap() * unit
}
