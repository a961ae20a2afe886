use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::object::Object;
use crate::plan::{Layer, Placed};

/// What Istio 1.18's chart makes of its values, in short.
const SIDECAR: &str = "\
metadata: {}
spec:
  initContainers:
  - name: istio-init
    image: \"{{ .ProxyImage }}\"
  containers:
  - name: istio-proxy
    image: \"{{ .ProxyImage }}\"
";
const GATEWAY: &str = "spec:\n  containers:\n  - name: istio-proxy\n    image: \"{{ .ProxyImage }}\"\n";
const GRPC: &str = "\
spec:
  initContainers:
    - name: grpc-bootstrap-init
      image: busybox:1.28
";

fn object(api_version: &str, kind: &str, name: &str, namespace: Option<&str>, fields: Value) -> Placed {
    let mut object = json!({"apiVersion": api_version, "kind": kind,
        "metadata": {"name": name, "namespace": namespace}});
    json_patch::merge(&mut object, &fields);
    Object::new(object).unwrap().into()
}

fn namespace(name: &str, labels: Value) -> Placed {
    object("v1", "Namespace", name, None, json!({"metadata": {"labels": labels}}))
}

/// A Deployment in the namespace `shop`, of one container `app`.
fn deployment(name: &str, image: &str, metadata: Value) -> Placed {
    let template = json!({"metadata": metadata, "spec": {"containers": [{"name": "app", "image": image}]}});
    object("apps/v1", "Deployment", name, Some("shop"), json!({"spec": {"template": template}}))
}

/// Injection as istioctl renders it, with these values for `global` and this configuration of the mesh.
fn istio(global: Value, mesh: &str) -> Layer {
    let mut values = json!({"global": {"hub": "docker.io/istio", "tag": "1.18.0",
        "proxy": {"image": "proxyv2"}, "proxy_init": {"image": "proxyv2"}}});
    json_patch::merge(&mut values["global"], &global);
    let templates = json!({"sidecar": SIDECAR, "gateway": GATEWAY, "grpc-simple": GRPC});
    let config = json!({"defaultTemplates": ["sidecar"], "policy": "enabled", "templates": templates});
    let system = Some("istio-system");
    let is = |key: &str, value: &str| json!({"key": key, "operator": "In", "values": [value]});
    let hooks = json!({"webhooks": [
        {"name": "namespace.sidecar-injector.istio.io",
         "namespaceSelector": {"matchExpressions": [is("istio-injection", "enabled")]},
         "objectSelector": {"matchExpressions": [
             {"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]}]}},
        {"name": "object.sidecar-injector.istio.io",
         "namespaceSelector": {"matchExpressions": [{"key": "istio-injection", "operator": "DoesNotExist"}]},
         "objectSelector": {"matchExpressions": [is("sidecar.istio.io/inject", "true")]}},
    ]});
    let istiod = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "discovery", "image": "docker.io/istio/pilot:1.18.0"}]}}}});
    let gateway = json!({"spec": {"template": {
        "metadata": {"labels": {"sidecar.istio.io/inject": "true"},
                     "annotations": {"inject.istio.io/templates": "gateway"}},
        "spec": {"containers": [{"name": "istio-proxy", "image": "auto"}]}}}});
    let configuration =
        json!({"data": {"values": values.to_string(), "config": crate::object::yaml::to_string(&config)}});
    let objects = vec![
        object("v1", "ConfigMap", "istio", system, json!({"data": {"mesh": mesh}})),
        object("v1", "ConfigMap", "istio-sidecar-injector", system, configuration),
        object("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "tag", None, hooks),
        object("apps/v1", "Deployment", "istiod", system, istiod),
        object("apps/v1", "Deployment", "istio-ingressgateway", system, gateway),
    ];
    Layer::new("istio", objects, Duration::from_secs(1))
}

fn plan(layers: Vec<Layer>) -> Plan {
    Plan::of(layers).0
}

/// The mesh, and this in a namespace with sidecars.
fn meshed(objects: Vec<Placed>) -> Plan {
    meshed_by(istio(json!({}), ""), objects)
}

fn meshed_by(istio: Layer, mut objects: Vec<Placed>) -> Plan {
    objects.insert(0, namespace("shop", json!({"istio-injection": "enabled"})));
    plan(vec![istio, Layer::new("shop", objects, Duration::from_secs(1))])
}

fn rules(registry: &str, digests: &[(&str, &str)]) -> Rules {
    let digest = |of: &str| format!("sha256:{}", of.repeat(32)).parse().unwrap();
    Rules {
        registry: (!registry.is_empty()).then(|| registry.parse().unwrap()),
        digests: digests.iter().map(|(image, of)| (image.parse().unwrap(), digest(of))).collect(),
    }
}

fn told(images: &Images) -> String {
    let lines = images.list.iter().flat_map(|image| {
        let from =
            if image.source == image.applied { String::new() } else { format!(" from {}", image.source) };
        let users = image
            .users
            .iter()
            .map(|user| format!("    {user}{}", if user.injected { ", injected" } else { "" }));
        std::iter::once(format!("{}{from}", image.applied)).chain(users)
    });
    lines.collect::<Vec<_>>().join("\n").replace(&"ab".repeat(32), "AB")
}

/// What `shop`'s deployments would run, with these rules.
fn placed(plan: &mut Plan, rules: &Rules) -> String {
    told(&plan.place_images(rules).unwrap())
}

#[test]
fn what_istio_injects_is_listed_beside_what_the_layers_have() {
    let mut plan = meshed(vec![
        deployment("frontend", "hashicorp/http-echo:1.0.0", json!({})),
        deployment("backend", "docker.io/hashicorp/http-echo:1.0.0", json!({})),
    ]);
    let before = plan.clone();
    assert_snapshot!(placed(&mut plan, &Rules::default()), @"
    docker.io/hashicorp/http-echo:1.0.0
        app of Deployment/shop/frontend in layer `shop`
        app of Deployment/shop/backend in layer `shop`
    docker.io/istio/pilot:1.18.0
        discovery of Deployment/istio-system/istiod in layer `istio`
    docker.io/istio/proxyv2:1.18.0
        istio-proxy of Deployment/istio-system/istio-ingressgateway in layer `istio`, injected
        istio-init of Deployment/shop/frontend in layer `shop`, injected
        istio-proxy of Deployment/shop/frontend in layer `shop`, injected
        istio-init of Deployment/shop/backend in layer `shop`, injected
        istio-proxy of Deployment/shop/backend in layer `shop`, injected
    ");
    assert_eq!(
        plan.layers[0].stages[0].objects, before.layers[0].stages[0].objects,
        "looking changes nothing"
    );
}

#[test]
fn all_images_move_injected_ones_included_and_moving_again_moves_nothing() {
    let mut plan = meshed(vec![deployment("frontend", "busybox", json!({}))]);
    let rules = rules("registry.test/mirror", &[("istio/proxyv2:1.18.0", "ab")]);
    assert_snapshot!(placed(&mut plan, &rules), @"
    registry.test/mirror/istio/pilot:1.18.0 from docker.io/istio/pilot:1.18.0
        discovery of Deployment/istio-system/istiod in layer `istio`
    registry.test/mirror/istio/proxyv2@sha256:AB from docker.io/istio/proxyv2:1.18.0
        istio-proxy of Deployment/istio-system/istio-ingressgateway in layer `istio`, injected
        istio-init of Deployment/shop/frontend in layer `shop`, injected
        istio-proxy of Deployment/shop/frontend in layer `shop`, injected
    registry.test/mirror/library/busybox:latest from docker.io/library/busybox:latest
        app of Deployment/shop/frontend in layer `shop`
    ");
    let once = plan.clone();
    placed(&mut plan, &rules);
    for (layer, before) in plan.layers.iter().zip(&once.layers) {
        assert_eq!(layer.stages[0].objects, before.stages[0].objects);
    }
    let configuration = &plan.layers[0].stages[0].objects[1].object;
    let values: Value = serde_json::from_str(configuration.text("/data/values").unwrap()).unwrap();
    assert_eq!(values["global"]["hub"], "registry.test/mirror/istio");
    let pinned = format!("registry.test/mirror/istio/proxyv2@sha256:{}", "ab".repeat(32));
    assert_eq!(values["global"]["proxy"]["image"], pinned);
    assert_eq!(values["global"]["tag"], "1.18.0");
}

#[test]
fn a_hub_is_enough_to_move_so_that_a_type_of_image_still_decides() {
    let of_type = json!({"annotations": {"sidecar.istio.io/proxyImageType": "debug"}});
    let mut plan = meshed(vec![deployment("frontend", "r.test/app:1", of_type)]);
    let images = plan.place_images(&rules("r.test", &[])).unwrap();
    let names: Vec<String> = images.list.iter().map(|image| image.applied.to_string()).collect();
    assert_eq!(
        names,
        [
            "r.test/istio/pilot:1.18.0",
            "r.test/istio/proxyv2:1.18.0",
            "r.test/istio/proxyv2:1.18.0-debug",
            "r.test/app:1"
        ]
    );
}

/// The images that are injected into one pod, by container.
fn injected(istio: Layer, metadata: Value) -> String {
    let mut plan = meshed_by(istio, vec![deployment("frontend", "app:1", metadata)]);
    let images = plan.place_images(&Rules::default()).unwrap();
    let mut found: Vec<String> = images
        .list
        .iter()
        .flat_map(|image| image.users.iter().map(move |user| (image, user)))
        .filter(|(_, user)| user.injected && user.layer == "shop")
        .map(|(image, user)| format!("{}={}", user.container, image.source))
        .collect();
    found.sort();
    found.join(" ").replace("docker.io/istio/", "")
}

#[test]
fn what_is_injected_follows_the_pods_own_words() {
    let annotated = |key: &str, value: &str| json!({"annotations": {key: value}});
    let both = "istio-init=proxyv2:1.18.0 istio-proxy=proxyv2:1.18.0";
    let cases = [
        (json!({}), both),
        (json!({"labels": {"sidecar.istio.io/inject": "false"}}), ""),
        (annotated("sidecar.istio.io/inject", "false"), ""),
        (
            annotated("sidecar.istio.io/proxyImage", "r.test/p:2"),
            "istio-init=r.test/p:2 istio-proxy=r.test/p:2",
        ),
        (annotated("sidecar.istio.io/proxyImage", "no-whole-name"), both),
        (
            annotated("sidecar.istio.io/proxyImageType", "distroless"),
            "istio-init=proxyv2:1.18.0-distroless istio-proxy=proxyv2:1.18.0-distroless",
        ),
        (
            annotated("proxy.istio.io/config", "image: {imageType: debug}"),
            "istio-init=proxyv2:1.18.0-debug istio-proxy=proxyv2:1.18.0-debug",
        ),
        (annotated("sidecar.istio.io/interceptionMode", "NONE"), "istio-proxy=proxyv2:1.18.0"),
        (annotated("inject.istio.io/templates", "gateway"), "istio-proxy=proxyv2:1.18.0"),
        (
            annotated("inject.istio.io/templates", "grpc-simple"),
            "grpc-bootstrap-init=docker.io/library/busybox:1.28",
        ),
    ];
    for (metadata, expected) in cases {
        assert_eq!(injected(istio(json!({}), ""), metadata.clone()), expected, "{metadata}");
    }
}

#[test]
fn what_is_injected_follows_the_values_and_the_mesh() {
    let distroless = "defaultConfig:\n  image:\n    imageType: distroless\n";
    let cases = [
        (json!({"tag": 1.18}), "", "istio-init=proxyv2:1.18 istio-proxy=proxyv2:1.18"),
        (json!({"variant": "debug"}), "", "istio-init=proxyv2:1.18.0-debug istio-proxy=proxyv2:1.18.0-debug"),
        (
            json!({"hub": "r.test/i"}),
            "",
            "istio-init=r.test/i/proxyv2:1.18.0 istio-proxy=r.test/i/proxyv2:1.18.0",
        ),
        (json!({"proxy": {"image": "r.test/p:2"}}), "", "istio-init=r.test/p:2 istio-proxy=r.test/p:2"),
        (
            json!({"proxy_init": {"image": "r.test/p:2"}}),
            "",
            "istio-init=r.test/p:2 istio-proxy=proxyv2:1.18.0",
        ),
        (json!({}), distroless, "istio-init=proxyv2:1.18.0-distroless istio-proxy=proxyv2:1.18.0-distroless"),
        (json!({}), "defaultConfig: {interceptionMode: NONE}", "istio-proxy=proxyv2:1.18.0"),
    ];
    for (global, mesh, expected) in cases {
        assert_eq!(injected(istio(global.clone(), mesh), json!({})), expected, "{global} {mesh}");
    }
}

#[test]
fn a_pod_outside_of_the_mesh_gets_nothing() {
    let pod = |namespace: &str, spec: Value, labels: Value| {
        let spec = json!({"metadata": {"labels": labels}, "spec": spec});
        object("v1", "Pod", "it", Some(namespace), spec)
    };
    let app = json!({"containers": [{"name": "app", "image": "app:1"}]});
    let on_host = json!({"hostNetwork": true, "containers": app["containers"]});
    let own = json!({"containers": [{"name": "istio-proxy", "image": "own:1"}]});
    let asks = json!({"sidecar.istio.io/inject": "true"});
    let cases = [
        ("shop", &app, json!({}), 2),
        ("plain", &app, json!({}), 0),
        ("plain", &app, asks.clone(), 2),
        ("kube-system", &app, asks, 0),
        ("shop", &on_host, json!({}), 0),
        ("shop", &own, json!({}), 1),
    ];
    for (namespace, spec, labels, expected) in cases {
        let mut plan = meshed(vec![pod(namespace, spec.clone(), labels.clone())]);
        let images = plan.place_images(&Rules::default()).unwrap();
        let users = images.list.iter().flat_map(|image| &image.users);
        let brought = users.filter(|user| user.injected && user.layer == "shop").count();
        assert_eq!(brought, expected, "{namespace} {spec} {labels}");
    }
}

#[test]
fn a_gateway_of_which_istiod_makes_pods_is_listed_and_moved() {
    let gateway = |class: &str| {
        let fields = json!({"spec": {"gatewayClassName": class}});
        object("gateway.networking.k8s.io/v1", "Gateway", class, Some("shop"), fields)
    };
    let mut plan = meshed(vec![gateway("istio"), gateway("nginx")]);
    let images = plan.place_images(&rules("r.test/m", &[])).unwrap();
    let users = images.list.iter().flat_map(|image| image.users.iter().map(move |user| (image, user)));
    let found: Vec<String> = users
        .filter(|(_, user)| user.layer == "shop")
        .map(|(image, user)| format!("{} {}", user.object, image.applied))
        .collect();
    assert_eq!(found, ["Gateway/shop/istio r.test/m/istio/proxyv2:1.18.0"]);
}

#[test]
fn what_a_template_names_by_itself_moves_too() {
    let metadata = json!({"annotations": {"inject.istio.io/templates": "grpc-simple"}});
    let mut plan = meshed(vec![deployment("caller", "app:1", metadata)]);
    let images = plan.place_images(&rules("r.test/m", &[])).unwrap();
    assert!(images.list.iter().any(|image| image.applied.to_string() == "r.test/m/library/busybox:1.28"));
}

#[test]
fn an_annotation_with_a_whole_image_moves() {
    let metadata = json!({"annotations": {"sidecar.istio.io/proxyImage": "quay.io/me/proxy:1"}});
    let mut plan = meshed(vec![deployment("frontend", "app:1", metadata)]);
    plan.place_images(&rules("r.test/m", &[])).unwrap();
    let frontend = &plan.layers[1].stages[0].objects[1].object;
    let annotation = "/spec/template/metadata/annotations/sidecar.istio.io~1proxyImage";
    assert_eq!(frontend.text(annotation), Some("r.test/m/me/proxy:1"));
}

#[test]
fn two_images_that_would_be_one_in_the_mirror_are_named() {
    let two = || {
        meshed(vec![
            deployment("a", "quay.io/shop/app:1", json!({})),
            deployment("b", "ghcr.io/shop/app:1", json!({})),
        ])
    };
    let error = two().place_images(&rules("r.test/m", &[])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ghcr.io/shop/app:1 and quay.io/shop/app:1 would both be r.test/m/shop/app:1"
    );
    let pins = [("quay.io/shop/app:1", "ab"), ("ghcr.io/shop/app:1", "ab")];
    assert!(two().place_images(&rules("r.test/m", &pins)).is_ok(), "one digest is one image");
    let pins = [("quay.io/shop/app:1", "ab"), ("ghcr.io/shop/app:1", "cd")];
    assert!(two().place_images(&rules("r.test/m", &pins)).is_err());
    let mut versions = meshed(vec![
        deployment("a", "quay.io/shop/app:1", json!({})),
        deployment("b", "ghcr.io/shop/app:2", json!({})),
        deployment("c", "r.test/m/shop/app:1", json!({})),
    ]);
    assert!(
        versions.place_images(&rules("r.test/m", &[])).is_ok(),
        "tags differ, or it is the mirror's already"
    );
}

#[test]
fn a_pin_that_contradicts_the_layer_is_an_error_that_names_the_container() {
    let image = format!("app:1@sha256:{}", "cd".repeat(32));
    let mut plan = meshed(vec![deployment("frontend", &image, json!({}))]);
    let error = plan.place_images(&rules("", &[("app:1", "ab")])).unwrap_err();
    let told = error.to_string().replace(&"ab".repeat(32), "AB").replace(&"cd".repeat(32), "CD");
    assert_eq!(
        told,
        "app of Deployment/shop/frontend in layer `shop`: `docker.io/library/app:1@sha256:CD` is pinned to sha256:AB"
    );
}

#[test]
fn what_cannot_be_pinned_is_refused_and_not_passed_over() {
    // With the whole name in the values, the type of the image has no say any more.
    let of_type = json!({"annotations": {"sidecar.istio.io/proxyImageType": "debug"}});
    let mut plan = meshed(vec![deployment("frontend", "app:1", of_type)]);
    let error = plan.place_images(&rules("", &[("istio/proxyv2:1.18.0", "ab")])).unwrap_err();
    let told = error.to_string().replace(&"ab".repeat(32), "AB");
    assert_eq!(
        told,
        "istio-init of Deployment/shop/frontend in layer `shop` would run docker.io/istio/proxyv2@sha256:AB \
         in the place of docker.io/istio/proxyv2:1.18.0-debug"
    );
}

#[test]
fn what_is_no_image_is_told_and_left_and_a_pin_for_nothing_is_told() {
    let mut plan = meshed(vec![deployment("frontend", "{{ image }}", json!({}))]);
    let images = plan.place_images(&rules("r.test/m", &[("gone:1", "ab")])).unwrap();
    assert_eq!(images.unreadable.len(), 1);
    assert_eq!(images.unreadable[0].0, "{{ image }}");
    let unused: Vec<String> = images.unused_pins.iter().map(ToString::to_string).collect();
    assert_eq!(unused, ["docker.io/library/gone:1"]);
    let frontend = &plan.layers[1].stages[0].objects[1].object;
    assert_eq!(frontend.text("/spec/template/spec/containers/0/image"), Some("{{ image }}"));
}

#[test]
fn without_istio_in_the_plan_only_what_is_written_is_known() {
    let layer = Layer::new(
        "shop",
        vec![
            namespace("shop", json!({"istio-injection": "enabled"})),
            deployment("frontend", "app:1", json!({})),
        ],
        Duration::from_secs(1),
    );
    assert_eq!(plan(vec![layer]).place_images(&Rules::default()).unwrap().list.len(), 1);
}
