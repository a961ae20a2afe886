use serde_json::Value;

use super::super::scene::about;
use super::{Closing, OR_PERMISSIVE};
use crate::finding::{Code, Finding, Severity};
use crate::object::Object;

const ADMISSION: &str = "admissionregistration.k8s.io";

/// Webhooks and APIs behind which pods of the mesh are: the API server has no sidecar.
pub(super) fn find(closing: &Closing<'_>) -> Vec<Finding> {
    let kinds = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
    let configurations = kinds.into_iter().flat_map(|kind| closing.scene.there(ADMISSION, kind));
    let webhooks = configurations.filter_map(|configuration| {
        let webhooks = configuration.pointer("/webhooks").and_then(Value::as_array).into_iter().flatten();
        let mut services = webhooks.map(|webhook| &webhook["clientConfig"]["service"]);
        services.find_map(|service| asked(closing, configuration, service))
    });
    let apis = closing.scene.there("apiregistration.k8s.io", "APIService");
    let apis = apis.filter_map(|api| asked(closing, api, api.pointer("/spec/service")?));
    webhooks.chain(apis).collect()
}

fn asked(closing: &Closing<'_>, object: &Object, service: &Value) -> Option<Finding> {
    let (namespace, name) = (service["namespace"].as_str()?, service["name"].as_str()?);
    let port = service["port"].as_u64().unwrap_or(443);
    let door = closing.doors.of_service(namespace, name).find(|door| door.port == port)?;
    let seen = format!(
        "has the API server ask {}, which will answer the mesh alone: the API server has no sidecar, and will be cut off",
        door.address()
    );
    let hint = format!(
        "leave the port out of the sidecar (`traffic.sidecar.istio.io/excludeInboundPorts` on the pods of {}), leave it \
         PERMISSIVE by a PeerAuthentication with a selector, {OR_PERMISSIVE}",
        door.pods.iter().copied().collect::<Vec<_>>().join(", ")
    );
    Some(about(closing.scene, object, Code::ApiServerCutOff, Severity::Error, seen, hint))
}
