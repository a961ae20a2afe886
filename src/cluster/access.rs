use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::connect::Cluster;
use super::error::{ApiError, Subject};
use super::request::Call;

impl Cluster {
    /// Whether our user may do this, as the server's own authorizers say: `can_i("patch", "apps",
    /// "deployments", None)` asks about all namespaces, and `pods/log` about a part of pods. A resource that
    /// does not exist may be allowed too.
    pub async fn can_i(
        &self,
        verb: &str,
        group: &str,
        resource: &str,
        namespace: Option<&str>,
    ) -> Result<bool, ApiError> {
        let (resource, part) = resource.split_once('/').unwrap_or((resource, ""));
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": { "resourceAttributes": {
                "verb": verb, "group": group, "resource": resource, "subresource": part,
                "namespace": namespace.unwrap_or_default(),
            }},
        });
        let answer = self.review("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &review).await?;
        Ok(answer.pointer("/status/allowed").and_then(Value::as_bool).unwrap_or(false))
    }

    /// Who the server takes our user for (SelfSubjectReview, KEP-3325; since Kubernetes 1.28).
    pub async fn user(&self) -> Result<String, ApiError> {
        let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let answer = self.review("/apis/authentication.k8s.io/v1/selfsubjectreviews", &review).await?;
        let name = answer.pointer("/status/userInfo/username").and_then(Value::as_str);
        Ok(name.unwrap_or_default().to_owned())
    }

    async fn review(&self, path: &str, review: &Value) -> Result<Value, ApiError> {
        let subject = Arc::new(Subject::Path(path.to_owned()));
        let call = Call::send(Method::POST, path.to_owned(), review, &subject).storing_nothing();
        Ok(call.json(self.client()).await?.1)
    }
}
