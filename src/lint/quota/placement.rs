//! On which nodes a DaemonSet has a pod.

use serde_json::{Value, json};

use super::super::pods::matches;
use crate::object::Object;

/// What pods of a DaemonSet tolerate without saying so (`pkg/controller/daemon/util/daemonset_util.go`,
/// AddOrUpdateDaemonPodTolerations).
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// Whether a node gets a pod with this spec (`pkg/controller/daemon/daemon_controller.go`, predicates).
pub(super) fn takes(node: &Object, spec: &Value) -> bool {
    let label = |key: &str| node.label(key);
    let is_named = spec["nodeName"].as_str().is_none_or(|name| name == node.name());
    let is_selected = matches(&json!({"matchLabels": spec["nodeSelector"]}), label);
    let required = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let meets = |term: &Value| {
        let fields = json!({"matchExpressions": term["matchFields"]});
        let name = |key: &str| (key == "metadata.name").then_some(node.name());
        matches(term, label) && matches(&fields, name)
    };
    let is_wanted = required["nodeSelectorTerms"].as_array().is_none_or(|terms| terms.iter().any(meets));
    is_named && is_selected && is_wanted && taints(node).all(|taint| is_tolerated(taint, spec))
}

fn taints(node: &Object) -> impl Iterator<Item = &Value> {
    let taints = node.pointer("/spec/taints").and_then(Value::as_array).into_iter().flatten();
    taints.filter(|taint| matches!(taint["effect"].as_str(), Some("NoSchedule" | "NoExecute")))
}

fn is_tolerated(taint: &Value, spec: &Value) -> bool {
    let (key, effect) =
        (taint["key"].as_str().unwrap_or_default(), taint["effect"].as_str().unwrap_or_default());
    let own = spec["tolerations"].as_array().into_iter().flatten().any(|toleration| {
        let says = |field: &str| toleration[field].as_str().filter(|text| !text.is_empty());
        let is_value = says("operator") == Some("Exists")
            || says("value") == taint["value"].as_str().filter(|v| !v.is_empty());
        says("key").is_none_or(|own| own == key) && says("effect").is_none_or(|own| own == effect) && is_value
    });
    let on_host = spec["hostNetwork"] == true && key == "node.kubernetes.io/network-unavailable";
    own || on_host || TOLERATED.contains(&(key, effect))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::objects;
    use super::*;

    fn takes_with(spec: &str, taints: &str) -> bool {
        let node = format!(
            "{{apiVersion: v1, kind: Node, metadata: {{name: a, labels: {{disk: ssd, cpus: '8'}}}}, spec: {{taints: [{taints}]}}}}"
        );
        let pod = format!("{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{{spec}}}}}");
        takes(&objects(&node)[0], objects(&pod)[0].pointer("/spec").unwrap())
    }

    #[test]
    fn a_node_is_chosen_by_its_name_its_labels_and_its_affinity() {
        let affinity = |terms: &str| {
            format!(
                "affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{terms}]}}}}}}"
            )
        };
        let term = |key: &str, operator: &str, values: &str| {
            format!("{{matchExpressions: [{{key: {key}, operator: {operator}, values: [{values}]}}]}}")
        };
        let table = [
            (String::new(), true),
            ("nodeName: a".to_owned(), true),
            ("nodeName: b".to_owned(), false),
            ("nodeSelector: {disk: ssd}".to_owned(), true),
            ("nodeSelector: {disk: ssd, zone: x}".to_owned(), false),
            (affinity(&term("disk", "In", "ssd, nvme")), true),
            (affinity(&term("disk", "NotIn", "ssd")), false),
            (affinity(&term("cpus", "Gt", "'4'")), true),
            (affinity(&term("cpus", "Lt", "'4'")), false),
            (affinity(&format!("{}, {}", term("zone", "Exists", ""), term("disk", "Exists", ""))), true),
            (affinity("{matchFields: [{key: metadata.name, operator: In, values: [b]}]}"), false),
            (affinity("{matchFields: [{key: metadata.name, operator: In, values: [a]}]}"), true),
        ];
        for (spec, expected) in table {
            assert_eq!(takes_with(&spec, ""), expected, "{spec}");
        }
    }

    #[test]
    fn a_taint_keeps_pods_away_that_do_not_tolerate_it() {
        let taint = |key: &str, effect: &str| format!("{{key: {key}, value: x, effect: {effect}}}");
        let dedicated = taint("dedicated", "NoSchedule");
        let table = [
            ("", dedicated.clone(), false),
            ("", taint("dedicated", "PreferNoSchedule"), true),
            ("tolerations: [{operator: Exists}]", dedicated.clone(), true),
            ("tolerations: [{key: dedicated, operator: Exists}]", dedicated.clone(), true),
            ("tolerations: [{key: dedicated, value: x}]", dedicated.clone(), true),
            ("tolerations: [{key: dedicated, value: y}]", dedicated.clone(), false),
            ("tolerations: [{key: other, operator: Exists}]", dedicated.clone(), false),
            ("tolerations: [{key: dedicated, operator: Exists, effect: NoExecute}]", dedicated, false),
            ("", taint("node.kubernetes.io/unschedulable", "NoSchedule"), true),
            ("", taint("node.kubernetes.io/not-ready", "NoExecute"), true),
            ("", taint("node.kubernetes.io/not-ready", "NoSchedule"), false),
            ("", taint("node.kubernetes.io/network-unavailable", "NoSchedule"), false),
            ("hostNetwork: true", taint("node.kubernetes.io/network-unavailable", "NoSchedule"), true),
        ];
        for (spec, taint, expected) in table {
            assert_eq!(takes_with(spec, &taint), expected, "{spec} {taint}");
        }
    }
}
