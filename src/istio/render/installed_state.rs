use serde_json::{Value, json};

use super::operator::Operator;

/// The record of what was installed, which `istioctl upgrade`, `verify-install` and `uninstall`
/// read (`operator/cmd/mesh/install.go`, savedIOPName and saveIOPToCluster). Its annotation keeps an
/// Istio operator from acting on it. It has no label of ownership.
pub(super) fn installed_state(operator: Operator<'_>) -> Value {
    let parts = [Some("installed-state"), operator.name(), operator.revision()];
    json!({
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "metadata": {
            "name": parts.into_iter().flatten().collect::<Vec<_>>().join("-"),
            "namespace": operator.namespace(),
            "annotations": {"install.istio.io/ignoreReconcile": "true"},
        },
        "spec": operator.0.get("spec").cloned().unwrap_or_else(|| json!({})),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_named_for_the_operator_and_its_revision() {
        let cases = [
            (json!({"spec": {"profile": "demo"}}), "installed-state"),
            (json!({"spec": {"revision": "canary"}}), "installed-state-canary"),
            (json!({"metadata": {"name": "mesh"}, "spec": {}}), "installed-state-mesh"),
        ];
        for (operator, name) in cases {
            let record = installed_state(Operator(&operator));
            assert_eq!(record["metadata"]["name"], name);
            assert_eq!(record["spec"], operator["spec"]);
        }
    }
}
