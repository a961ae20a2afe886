//! What we take Istio to inject, held against what its own istioctl injects:
//! `KUBESTOCK_ISTIOCTL=/path/to/istioctl cargo test --test injection -- --ignored`.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use kubestock_install::image::{Reference, Rules};
use kubestock_install::object::{Object, yaml};
use kubestock_install::plan::{Layer, Placed, Plan};
use serde_json::{Value, json};

fn istioctl(arguments: &[&str]) -> String {
    let program = PathBuf::from(std::env::var_os("KUBESTOCK_ISTIOCTL").unwrap());
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn objects(text: &str) -> Vec<Placed> {
    let documents = yaml::parse_documents(text).unwrap().into_iter();
    documents.map(|document| Object::new(document.value).unwrap().into()).collect()
}

fn deployment(name: &str, metadata: &Value, containers: Value) -> Placed {
    let template = json!({"metadata": metadata, "spec": {"containers": containers}});
    let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template}});
    Object::new(object).unwrap().into()
}

/// Workloads that choose what is injected in every way that is known.
fn workloads() -> Vec<Placed> {
    let annotations = [
        json!({}),
        json!({"sidecar.istio.io/proxyImage": "quay.io/me/proxy:1"}),
        json!({"sidecar.istio.io/interceptionMode": "NONE"}),
        json!({"inject.istio.io/templates": "gateway"}),
        json!({"inject.istio.io/templates": "grpc-agent"}),
        json!({"inject.istio.io/templates": "grpc-simple"}),
    ];
    let app = json!([{"name": "app", "image": "app:1"}]);
    let mut all: Vec<Placed> = annotations
        .iter()
        .enumerate()
        .map(|(index, annotations)| {
            let name = format!("w{index}");
            let metadata = json!({"labels": {"app": name}, "annotations": annotations});
            deployment(&name, &metadata, app.clone())
        })
        .collect();
    let auto = json!([{"name": "istio-proxy", "image": "auto"}]);
    let gateway = json!({"labels": {"app": "auto"}, "annotations": {"inject.istio.io/templates": "gateway"}});
    all.push(deployment("auto", &gateway, auto));
    let own = json!([{"name": "istio-proxy", "image": "own:1"}, {"name": "app", "image": "app:1"}]);
    all.push(deployment("own", &json!({"labels": {"app": "own"}}), own));
    all.push(deployment("off", &json!({"labels": {"app": "off", "sidecar.istio.io/inject": "false"}}), app));
    all
}

/// More of them, which a plan with a pin would not leave their say, and so is refused with.
fn with_a_say() -> Vec<Placed> {
    let annotations = [
        json!({"sidecar.istio.io/proxyImage": "no-whole-name"}),
        json!({"sidecar.istio.io/proxyImageType": "debug"}),
        json!({"sidecar.istio.io/proxyImageType": "default"}),
        json!({"proxy.istio.io/config": "image:\n  imageType: debug\n"}),
    ];
    let typed = annotations.iter().enumerate().map(|(index, annotations)| {
        let name = format!("t{index}");
        let metadata = json!({"labels": {"app": name}, "annotations": annotations});
        deployment(&name, &metadata, json!([{"name": "app", "image": "app:1"}]))
    });
    typed.collect()
}

type Containers = BTreeMap<(String, String), Reference>;

/// What the plan says that the workloads run.
fn planned(plan: &mut Plan, rules: &Rules) -> Containers {
    let images = plan.place_images(rules).unwrap();
    let users = images.list.iter().flat_map(|image| image.users.iter().map(move |user| (image, user)));
    users
        .filter(|(_, user)| user.layer == "shop")
        .map(|(image, user)| ((user.object.name.clone(), user.container.clone()), image.applied.clone()))
        .collect()
}

/// What istioctl makes of the same workloads by the same configuration.
fn injected(plan: &Plan) -> Containers {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let all: Vec<&Object> =
        plan.layers.iter().flat_map(Layer::objects).map(|placed| &placed.object).collect();
    let text = |name: &str, field: &str| {
        let found = all.iter().find(|object| object.kind() == "ConfigMap" && object.name() == name);
        found.unwrap().text(field).unwrap().to_owned()
    };
    let config = write("config.yaml", &text("istio-sidecar-injector", "/data/config"));
    let values = write("values.json", &text("istio-sidecar-injector", "/data/values"));
    let mesh = write("mesh.yaml", &text("istio", "/data/mesh"));
    let workloads =
        all.iter().filter(|object| object.kind() == "Deployment" && object.namespace() == Some("shop"));
    let workloads = write("workloads.yaml", &yaml::objects_to_string(workloads.copied()));
    // Without a revision it asks a cluster for the default one.
    let arguments = ["kube-inject", "--revision", "default", "-f", &workloads, "--injectConfigFile", &config];
    let arguments = [&arguments[..], &["--meshConfigFile", &mesh, "--valuesFile", &values]].concat();
    let mut containers = Containers::new();
    for placed in objects(&istioctl(&arguments)) {
        for list in ["containers", "initContainers"] {
            let place = format!("/spec/template/spec/{list}");
            for container in placed.object.pointer(&place).and_then(Value::as_array).into_iter().flatten() {
                let name = container["name"].as_str().unwrap().to_owned();
                // What Istio makes of a whole name and a word is no image; it is told of, and not listed.
                let Ok(image) = container["image"].as_str().unwrap().parse() else { continue };
                containers.insert((placed.object.name().to_owned(), name), image);
            }
        }
    }
    containers
}

fn plan(settings: &[&str], workloads: Vec<Placed>) -> Plan {
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let arguments: Vec<&str> = ["manifest", "generate"].into_iter().chain(settings).collect();
    let istio = Layer::new("istio", objects(&istioctl(&arguments)), Duration::from_secs(1));
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}}});
    let shop = std::iter::once(Object::new(namespace).unwrap().into()).chain(workloads).collect();
    Plan::of(vec![istio, Layer::new("shop", shop, Duration::from_secs(1))]).0
}

/// A version of the image that this istioctl injects, as it is pinned.
fn pin(plan: &Plan, settings: &str) -> Reference {
    let images = plan.clone().place_images(&Rules::default()).unwrap();
    let mut proxies = images.list.iter().filter(|image| {
        image
            .users
            .iter()
            .any(|user| user.injected && user.object.name == "w0" && user.container == "istio-proxy")
    });
    proxies.next().unwrap_or_else(|| panic!("no proxy with {settings}")).source.clone()
}

#[test]
#[ignore = "needs an istioctl, named by KUBESTOCK_ISTIOCTL"]
fn what_is_listed_is_what_istioctl_injects_moved_and_pinned_too() {
    assert!(Path::new(&std::env::var_os("KUBESTOCK_ISTIOCTL").unwrap()).exists());
    let meshes: [&[&str]; 6] = [
        &["profile=demo"],
        &["profile=demo", "values.global.variant=distroless"],
        &["profile=minimal", "hub=quay.io/me", "tag=1.2"],
        &["profile=minimal", "values.global.proxy.image=quay.io/me/proxy:3"],
        &["profile=minimal", "values.pilot.cni.enabled=true"],
        &["profile=minimal", "meshConfig.defaultConfig.image.imageType=debug"],
    ];
    let moved = Rules { registry: Some("registry.test/mirror".parse().unwrap()), ..Rules::default() };
    for settings in meshes {
        let typed = [workloads(), with_a_say()].concat();
        for rules in [&Rules::default(), &moved] {
            let mut plan = plan(settings, typed.clone());
            let planned = planned(&mut plan, rules);
            assert_eq!(planned, injected(&plan), "{settings:?}");
            assert!(rules.is_empty() || planned.values().all(|image| image.host() == "registry.test"));
        }
        let mut plan = plan(settings, workloads());
        let digest = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
        let digests = BTreeMap::from([(pin(&plan, &settings.join(" ")), digest)]);
        let pinned = planned(&mut plan, &Rules { digests, ..moved.clone() });
        assert_eq!(pinned, injected(&plan), "{settings:?}");
        assert!(pinned[&("w0".to_owned(), "istio-proxy".to_owned())].digest().is_some());
    }
}
