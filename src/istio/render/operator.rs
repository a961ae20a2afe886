use serde_json::{Value, json};

/// The namespace that Istio is installed in where nothing names one.
const DEFAULT_NAMESPACE: &str = "istio-system";
/// What the revision without a name is called in labels.
pub(super) const DEFAULT_REVISION: &str = "default";

/// A merged IstioOperator, read for what `install` decides by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operator<'a>(pub(super) &'a Value);

impl<'a> Operator<'a> {
    /// `operator/pkg/apis/istio/v1alpha1`, Namespace.
    pub(super) fn namespace(self) -> &'a str {
        let places = ["/metadata/namespace", "/spec/namespace", "/spec/values/global/istioNamespace"];
        places.into_iter().find_map(|place| self.text(place)).unwrap_or(DEFAULT_NAMESPACE)
    }

    /// The operator's own name; the profiles have none.
    pub(super) fn name(self) -> Option<&'a str> {
        self.text("/metadata/name")
    }

    /// None for the default revision.
    pub(super) fn revision(self) -> Option<&'a str> {
        self.text("/spec/revision").or_else(|| self.text("/spec/values/revision"))
    }

    pub(super) fn network(self) -> Option<&'a str> {
        self.text("/spec/values/global/network")
    }

    pub(super) fn injects_by_default(self) -> bool {
        self.is_set("/spec/values/sidecarInjectorWebhook/enableNamespacesByDefault")
    }

    /// `operator/pkg/helmreconciler/reconciler.go`, DetectIfTagWebhookIsNeeded.
    pub(super) fn needs_default_tag(self, previous_install: bool) -> bool {
        let is_default = self.revision().is_none() && self.is_set("/spec/components/pilot/enabled");
        !self.is_set("/spec/values/global/operatorManageWebhooks") && (!previous_install || is_default)
    }

    fn text(self, place: &str) -> Option<&'a str> {
        self.0.pointer(place).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    fn is_set(self, place: &str) -> bool {
        self.0.pointer(place).and_then(Value::as_bool).unwrap_or_default()
    }
}

/// The overlays laid over each other in order, which is all that is read here of what newer istioctls
/// merge by themselves: every profile of theirs with a sidecar has istiod.
pub(super) fn laid_over(overlays: &[Value]) -> Value {
    let mut operator = json!({
        "metadata": {"namespace": DEFAULT_NAMESPACE},
        "spec": {"components": {"pilot": {"enabled": true}}},
    });
    for overlay in overlays {
        json_patch::merge(&mut operator, overlay);
    }
    operator
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_tag_is_for_the_default_revision_or_the_first_one() {
        let plain = json!({"spec": {"components": {"pilot": {"enabled": true}}}});
        let revisioned = json!({"spec": {"revision": "canary", "components": {"pilot": {"enabled": true}}}});
        let without_pilot = json!({"spec": {"components": {"pilot": {"enabled": false}}}});
        let managed = json!({"spec": {"values": {"global": {"operatorManageWebhooks": true}}}});
        let cases = [
            (&plain, false, true),
            (&plain, true, true),
            (&revisioned, false, true),
            (&revisioned, true, false),
            (&without_pilot, false, true),
            (&without_pilot, true, false),
            (&managed, false, false),
        ];
        for (operator, previous, needed) in cases {
            assert_eq!(Operator(operator).needs_default_tag(previous), needed, "{operator} {previous}");
        }
    }

    #[test]
    fn the_namespace_is_istio_system_unless_one_is_named() {
        let cases = [
            (json!({}), "istio-system"),
            (json!({"metadata": {"namespace": "mesh"}}), "mesh"),
            (json!({"spec": {"values": {"global": {"istioNamespace": "mesh"}}}}), "mesh"),
        ];
        for (operator, namespace) in cases {
            assert_eq!(Operator(&operator).namespace(), namespace);
        }
    }
}
