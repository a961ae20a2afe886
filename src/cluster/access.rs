use std::sync::Arc;

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::connect::Cluster;
use super::error::{ApiError, Subject};
use super::request::Call;

/// What no namespace can be called, so that no RoleBinding gives anybody anything there.
const NOWHERE: &str = "-";

/// What our user may do with all objects of all namespaces, and with those that have none, as far as it is known.
#[derive(Debug, Default)]
pub struct Everywhere(Vec<Rule>);

/// As RBAC has it: `*` stands for all.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    verbs: Vec<String>,
    api_groups: Vec<String>,
    resources: Vec<String>,
    resource_names: Vec<String>,
}

impl Everywhere {
    /// `allows("get", "", "pods/log")`; where it says no, [`Cluster::can_i`] may still say yes.
    pub fn allows(&self, verb: &str, group: &str, resource: &str) -> bool {
        self.0.iter().any(|rule| rule.allows(verb, group, resource))
    }
}

impl Rule {
    /// `pkg/apis/rbac/v1/evaluation_helpers.go` of Kubernetes.
    fn allows(&self, verb: &str, group: &str, resource: &str) -> bool {
        let has = |list: &[String], word: &str| list.iter().any(|item| item == "*" || item == word);
        let part = resource.split_once('/').map(|(_, part)| format!("*/{part}"));
        let is_it = has(&self.resources, resource) || part.is_some_and(|part| self.resources.contains(&part));
        self.resource_names.is_empty() && has(&self.verbs, verb) && has(&self.api_groups, group) && is_it
    }
}

impl Cluster {
    /// What one question tells of what our user may do. Where others than RBAC have a say in it, the server calls its answer
    /// incomplete, and nothing is known.
    pub async fn everywhere(&self) -> Result<Everywhere, ApiError> {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": NOWHERE},
        });
        let answer = self.review("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", &review).await?;
        let status = &answer["status"];
        if status["incomplete"] == true {
            return Ok(Everywhere::default());
        }
        let rules = Vec::deserialize(&status["resourceRules"]).unwrap_or_default();
        Ok(Everywhere(rules))
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{Answer, cluster};

    async fn everywhere(status: Value) -> Everywhere {
        let cluster = cluster(move |_| Answer::Json(201, json!({"status": status})));
        cluster.everywhere().await.unwrap()
    }

    fn status(rule: &Value) -> Value {
        json!({"incomplete": false, "nonResourceRules": [], "resourceRules": [rule]})
    }

    #[tokio::test]
    async fn a_rule_allows_what_rbac_would() {
        let rule = |verb: &str, group: &str, resource: &str| json!({"verbs": [verb], "apiGroups": [group], "resources": [resource]});
        let mut of_one = rule("*", "", "pods");
        of_one["resourceNames"] = json!(["one"]);
        let table = [
            (rule("*", "*", "*"), ("get", "apps", "deployments"), true),
            (rule("*", "*", "*"), ("get", "", "pods/log"), true),
            (rule("get", "", "pods"), ("get", "", "pods"), true),
            (rule("get", "", "pods"), ("list", "", "pods"), false),
            (rule("get", "", "pods"), ("get", "apps", "pods"), false),
            (rule("get", "", "pods"), ("get", "", "pods/log"), false),
            (rule("get", "", "pods/log"), ("get", "", "pods/log"), true),
            (rule("get", "", "*/log"), ("get", "", "pods/log"), true),
            (rule("get", "", "*/log"), ("get", "", "pods"), false),
            (of_one, ("get", "", "pods"), false),
            (json!({"verbs": ["get"], "resources": ["pods"]}), ("get", "", "pods"), false),
        ];
        for (rule, (verb, group, resource), expected) in table {
            let allowed = everywhere(status(&rule)).await.allows(verb, group, resource);
            assert_eq!(allowed, expected, "{rule} {verb} {group} {resource}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_not_all_counts_for_nothing() {
        let all = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]});
        let mut incomplete = status(&all);
        incomplete["incomplete"] = true.into();
        for (status, expected) in [(status(&all), true), (incomplete, false), (json!({}), false)] {
            let everywhere = everywhere(status.clone()).await;
            assert_eq!(everywhere.allows("get", "", "pods"), expected, "{status}");
        }
    }
}
