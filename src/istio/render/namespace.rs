use serde_json::json;

use super::operator::Operator;

/// The namespace, as `operator/pkg/util/k8s.go`, CreateNamespace, makes it where it is missing: no
/// label of ownership, so that removing Istio leaves it.
pub(super) fn namespace(operator: Operator<'_>) -> serde_json::Value {
    let mut namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": operator.namespace()}});
    if let Some(network) = operator.network() {
        namespace["metadata"]["labels"] = json!({"topology.istio.io/network": network});
    }
    namespace
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_carries_its_network_and_nothing_else() {
        let operator = json!({"spec": {"values": {"global": {"network": "west"}}}});
        let made = namespace(Operator(&operator));
        assert_eq!(
            made["metadata"],
            json!({"name": "istio-system", "labels": {"topology.istio.io/network": "west"}})
        );
        assert_eq!(namespace(Operator(&json!({})))["metadata"], json!({"name": "istio-system"}));
    }
}
