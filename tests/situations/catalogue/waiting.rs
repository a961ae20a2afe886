//! Pods that are made and do not begin: no node takes them, or what they need is not there.

use kubestock_install::finding::Code;
use serde_json::{Value, json};

use super::{WEB, fails, lasts};
use crate::judge::Situation;
use crate::objects::{app, claim, configured, container, deployment, kubectl, lost_node, pod, with_volume};

pub(super) fn all() -> Vec<Situation> {
    [unschedulable(), claims(), configurations(), volumes(), stopped()].into_iter().flatten().collect()
}

fn unschedulable() -> Vec<Situation> {
    let nowhere = |name, object| fails(name, vec![object], Code::Unschedulable, WEB, "free or add a node");
    let asks = |requests: Value| app(container(json!({"resources": {"requests": requests}})));
    let apart = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}]}});
    let one = |more: Value| pod(vec![container(json!({}))], more);
    let port = json!([{"containerPort": 80, "hostPort": 38080}]);
    vec![
        nowhere("unschedulable-cpu", asks(json!({"cpu": "100"}))),
        nowhere("unschedulable-memory", asks(json!({"memory": "1Ti"}))),
        nowhere("unschedulable-gpu", app(container(json!({"resources": {"limits": {"nvidia.com/gpu": 1}}})))),
        nowhere("unschedulable-selector", deployment(1, one(json!({"nodeSelector": {"disk": "fast"}})))),
        nowhere("unschedulable-apart", deployment(2, one(json!({"affinity": apart})))),
        nowhere("unschedulable-port", deployment(2, pod(vec![container(json!({"ports": port}))], json!({})))),
    ]
}

fn claims() -> Vec<Situation> {
    let unbound = |name, objects| {
        fails(
            name,
            objects,
            Code::ClaimUnbound,
            "PersistentVolumeClaim/NS/data",
            "create the claim or its StorageClass",
        )
    };
    let mounted = || with_volume(json!({"persistentVolumeClaim": {"claimName": "data"}}));
    vec![
        unbound("claim-missing", vec![mounted()]),
        unbound("claim-without-class", vec![claim(json!("")), mounted()]),
        unbound("claim-of-missing-class", vec![claim(json!("fast")), mounted()]),
    ]
}

fn configurations() -> Vec<Situation> {
    let secret = |name, objects| fails(name, objects, Code::SecretMissing, "Secret/NS/database", "create it");
    let map =
        |name, objects| fails(name, objects, Code::ConfigMapMissing, "ConfigMap/NS/settings", "create it");
    let from = |what: &str, name: &str| app(container(json!({"envFrom": [{what: {"name": name}}]})));
    let key = |what: &str, name: &str| {
        app(container(json!({"env": [{"name": "A", "valueFrom": {what: {"name": name, "key": "url"}}}]})))
    };
    let items = json!([{"key": "url", "path": "url"}]);
    vec![
        secret("secret-missing", vec![from("secretRef", "database")]),
        secret("secret-volume-missing", vec![with_volume(json!({"secret": {"secretName": "database"}}))]),
        secret(
            "secret-key-missing",
            vec![configured("Secret", "database", json!({"user": "shop"})), key("secretKeyRef", "database")],
        ),
        secret(
            "secret-volume-key-missing",
            vec![
                configured("Secret", "database", json!({"user": "shop"})),
                with_volume(json!({"secret": {"secretName": "database", "items": items}})),
            ],
        ),
        map("config-map-missing", vec![from("configMapRef", "settings")]),
        map("config-map-volume-missing", vec![with_volume(json!({"configMap": {"name": "settings"}}))]),
        map(
            "config-map-key-missing",
            vec![
                configured("ConfigMap", "settings", json!({"port": "80"})),
                key("configMapKeyRef", "settings"),
            ],
        ),
        map(
            "config-map-volume-key-missing",
            vec![
                configured("ConfigMap", "settings", json!({"port": "80"})),
                with_volume(json!({"configMap": {"name": "settings", "items": items}})),
            ],
        ),
    ]
}

fn volumes() -> Vec<Situation> {
    let unmounted = |name, volume| {
        fails(name, vec![with_volume(volume)], Code::VolumeNotMounted, WEB, "names the volume")
    };
    let sealed = json!({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass",
        "metadata": {"name": "NS"}, "handler": "sealed"});
    vec![
        unmounted("volume-path-missing", json!({"hostPath": {"path": "/no/such/file", "type": "File"}})),
        unmounted("volume-driver-missing", json!({"csi": {"driver": "disks.example.org"}})),
        fails(
            "sandbox-handler-missing",
            vec![sealed, deployment(1, pod(vec![container(json!({}))], json!({"runtimeClassName": "NS"})))],
            Code::SandboxFailed,
            WEB,
            "network or container runtime",
        ),
    ]
}

/// What a person has stopped, or a controller has given up.
fn stopped() -> Vec<Situation> {
    let mut paused = app(container(json!({})));
    paused["spec"]["paused"] = json!(true);
    let mut late = app(container(
        json!({"readinessProbe": {"exec": {"command": ["false"]}, "initialDelaySeconds": 600}}),
    ));
    late["spec"]["progressDeadlineSeconds"] = json!(20);
    let held = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "held-0", "finalizers": ["example.org/backup"]},
        "spec": pod(vec![container(json!({}))], json!({"nodeSelector": {"disk": "fast"}}))});
    vec![
        fails("rollout-paused", vec![paused], Code::RolloutPaused, WEB, "rollout resume"),
        fails("deadline-passed", vec![late], Code::NotReady, WEB, "kubectl describe"),
        lasts("node-lost", lost_node(), Code::NodeLost, "Node/NS", "bring the node back"),
        fails(
            "finalizer-holds",
            vec![held, kubectl("delete pod held-0 -n NS --wait=false")],
            Code::DeletionHeld,
            "Pod/NS/held-0",
            "finalizers",
        ),
    ]
}
