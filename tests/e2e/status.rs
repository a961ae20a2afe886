//! How a cluster stands is told as it is, and nothing is changed by asking.

use serde_json::Value;

use super::cluster::{Cluster, Ended};
use super::demo::STAGING;

/// The layers that `status` tells of.
fn layers(cluster: &Cluster, arguments: &[&str], code: i32) -> Vec<Value> {
    let arguments = [&["status", "--output", "json"], arguments].concat();
    let ended: Ended = cluster.installer(&arguments).output().unwrap().into();
    let events = ended.expect(code).stdout;
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["event"] == "layer_status").collect()
}

/// What is not as it is to be: the object, how, and the fields or their holders.
fn deviations(layers: &[Value]) -> Vec<String> {
    let all = layers.iter().flat_map(|layer| layer["deviations"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let told = all.map(|one| {
        let fields = one["fields"].as_array().into_iter().flatten();
        let fields: Vec<String> =
            fields.map(|field| field["field"].as_str().map_or_else(|| text(field), str::to_owned)).collect();
        let line = format!("{} {} {}", text(&one["deviation"]), text(&one["object"]), fields.join(" "));
        line.trim_end().to_owned()
    });
    told.collect()
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_cluster_is_compared_with_its_plan_and_left_as_it_is() {
    let cluster = Cluster::bare("e2e");
    let profile = cluster.profile("demo");
    let profile = profile.to_str().unwrap();
    assert_eq!(layers(&cluster, &[], 9), Vec::<Value>::new(), "nothing was ever installed");
    let bare = layers(&cluster, &[profile], 9);
    assert!(bare.iter().all(|layer| layer["present"] == 0 && layer["planned"] != 0), "{bare:#?}");

    cluster.install(cluster.profile("demo").as_path(), &[]).expect(0);
    for arguments in [&[][..], &[profile]] {
        let whole = layers(&cluster, arguments, 0);
        assert_eq!(deviations(&whole), Vec::<String>::new());
        let is_whole = |layer: &Value| {
            let planned = if arguments.is_empty() { &Value::Null } else { &layer["present"] };
            layer["planned"] == *planned && layer["present"] != 0 && layer["ready"] == layer["workloads"]
        };
        assert!(whole.iter().all(is_whole), "{whole:#?}");
    }

    let kubectl = |arguments: &str| {
        let arguments: Vec<&str> = arguments.split(' ').chain(["-n", STAGING]).collect();
        cluster.kubectl(&arguments).expect(0)
    };
    kubectl("delete virtualservice ms-supplier");
    kubectl("scale deployment ms-product --replicas=0");
    kubectl("label service frontend applyset.kubernetes.io/part-of-");
    kubectl("set image deployment/ms-identity *=registry.invalid/none:1");
    let astray = layers(&cluster, &[profile], 9);
    assert_eq!(
        deviations(&astray),
        [
            "missing VirtualService/kubestock-staging/ms-supplier",
            "not_ready Deployment/kubestock-staging/ms-identity",
            "differs Service/kubestock-staging/frontend .metadata.labels[\"applyset.kubernetes.io/part-of\"]",
            "differs Deployment/kubestock-staging/ms-product .spec.replicas",
            "held Deployment/kubestock-staging/ms-identity \
             .spec.template.spec.containers[name=\"ms-identity\"].image",
        ]
    );
    // Nothing of it was mended by asking.
    assert_eq!(deviations(&layers(&cluster, &[profile], 9)), deviations(&astray));
    let recorded = deviations(&layers(&cluster, &[], 9));
    assert_eq!(recorded, ["not_ready Deployment/kubestock-staging/ms-identity"]);

    kubectl("rollout undo deployment/ms-identity");
    cluster.install(cluster.profile("demo").as_path(), &[]).expect(0);
    assert_eq!(deviations(&layers(&cluster, &[profile], 0)), Vec::<String>::new());
}
