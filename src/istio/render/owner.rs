use super::operator::{DEFAULT_REVISION, Operator};
use crate::object::Object;

/// The label that says which component an object belongs to: `Base`, `Pilot`, `IngressGateways`,
/// `EgressGateways`, `Cni`.
pub const COMPONENT: &str = "operator.istio.io/component";

/// Puts the labels on a rendered object by which istioctl knows its own again, for `uninstall` and
/// for the next `install` (`operator/pkg/helmreconciler/reconciler.go`, getCoreOwnerLabels and
/// addComponentLabels). They replace what a chart wrote; the charts' `owning-resource: unknown`
/// stays where the operator has no name.
pub(super) fn label(object: &mut Object, component: &str, operator: Operator<'_>, version: &str) {
    object.set_label("operator.istio.io/managed", "Reconcile");
    if let Some(name) = operator.name() {
        object.set_label("install.operator.istio.io/owning-resource", name);
    }
    object.set_label("install.operator.istio.io/owning-resource-namespace", operator.namespace());
    object.set_label("operator.istio.io/version", version);
    object.set_label("istio.io/rev", operator.revision().unwrap_or(DEFAULT_REVISION));
    object.set_label(COMPONENT, component);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_object_is_labelled_as_istioctl_labels_it() {
        let rendered = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "istiod",
            "labels": {"app": "istiod", "install.operator.istio.io/owning-resource": "unknown"}}});
        let cases = [
            (json!({}), "unknown", "default"),
            (json!({"metadata": {"name": "mesh"}, "spec": {"revision": "canary"}}), "mesh", "canary"),
        ];
        for (operator, owner, revision) in cases {
            let mut object = Object::new(rendered.clone()).unwrap();
            label(&mut object, "Pilot", Operator(&operator), "1.18.0");
            let expected = json!({
                "app": "istiod",
                "install.operator.istio.io/owning-resource": owner,
                "install.operator.istio.io/owning-resource-namespace": "istio-system",
                "istio.io/rev": revision,
                "operator.istio.io/component": "Pilot",
                "operator.istio.io/managed": "Reconcile",
                "operator.istio.io/version": "1.18.0",
            });
            assert_eq!(object.pointer("/metadata/labels"), Some(&expected));
        }
    }
}
