use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::connect::Cluster;
use super::error::{ApiError, Subject};
use super::request::Call;

impl Cluster {
    /// Whether our user may do this, as the server's own authorizers say: `can_i("patch", "apps",
    /// "deployments", None)` asks about all namespaces. A resource that does not exist may be allowed too.
    pub async fn can_i(
        &self,
        verb: &str,
        group: &str,
        resource: &str,
        namespace: Option<&str>,
    ) -> Result<bool, ApiError> {
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned();
        let subject = Arc::new(Subject::Path(path.clone()));
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": { "resourceAttributes": {
                "verb": verb, "group": group, "resource": resource, "namespace": namespace.unwrap_or_default(),
            }},
        });
        let (_, answer) = Call::send(Method::POST, path, &review, &subject).json(self.client()).await?;
        Ok(answer.pointer("/status/allowed").and_then(Value::as_bool).unwrap_or(false))
    }
}
