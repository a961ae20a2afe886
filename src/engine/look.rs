use std::collections::BTreeSet;

use futures::StreamExt;
use http::StatusCode;
use serde_json::Value;

use super::run::CONCURRENT;
use crate::cluster::{ApiError, Cluster};
use crate::lint::{self, Live};
use crate::object::{GroupKind, Object, ObjectId};
use crate::plan::{Layer, Plan};
use crate::readiness;

/// On a cluster of more nodes than this, only the pods of the plan's namespaces are read: all of them would take
/// longer than anybody waits, and room is hardly what is missing there.
const FEW_NODES: usize = 20;

/// What is read whole, in all namespaces.
const ALL: [(&str, &str); 10] = [
    ("v1", "Namespace"),
    ("v1", "Node"),
    ("v1", "Service"),
    ("node.k8s.io/v1", "RuntimeClass"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
];

/// What has pods, or is one.
const WORKLOADS: [(&str, &str); 4] =
    [("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"), ("batch/v1", "Job")];

const ADMISSION: &str = "admissionregistration.k8s.io";
const WEBHOOKS: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
const VALIDATING: (&str, &str) = ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration");
const APIS: (&str, &str) = ("apiregistration.k8s.io/v1", "APIService");

/// The same, where the cluster has such kinds, in whatever version.
const WHERE_SERVED: [(&str, &str); 9] = [
    ("networking.istio.io", "VirtualService"),
    ("networking.istio.io", "DestinationRule"),
    ("networking.istio.io", "Gateway"),
    ("networking.istio.io", "ServiceEntry"),
    ("external-secrets.io", "ClusterSecretStore"),
    ("external-secrets.io", "SecretStore"),
    ("external-secrets.io", "ClusterExternalSecret"),
    ("cert-manager.io", "Certificate"),
    ("bitnami.com", "SealedSecret"),
];

/// What calls into the mesh or leads there, wherever it is: read where the plan has a STRICT policy.
const AROUND_THE_MESH: [(&str, &str); 3] =
    [("networking.k8s.io/v1", "Ingress"), ("networking.k8s.io/v1", "IngressClass"), ("batch/v1", "CronJob")];

/// The same, where the cluster has such kinds.
const AROUND_WHERE_SERVED: [(&str, &str); 3] = [
    ("security.istio.io", "PeerAuthentication"),
    ("monitoring.coreos.com", "ServiceMonitor"),
    ("monitoring.coreos.com", "PodMonitor"),
];

/// What the injector labels pods with (`files/injection-template.yaml` of Istio's charts).
const WITH_SIDECAR: &str = "security.istio.io/tlsMode=istio";

/// What bounds the pods of a namespace, makes some, or lets them pull.
const OF_NAMESPACE: [(&str, &str); 4] =
    [("v1", "ResourceQuota"), ("v1", "LimitRange"), ("batch/v1", "Job"), ("v1", "ServiceAccount")];

/// The ConfigMaps by which Istio tells what it gives pods.
const MESH: [&str; 2] = ["istio", "istio-sidecar-injector"];

/// Which rules are to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// Those of [`lint::lint`].
    OfPlan,
    /// Those of [`lint::preflight`].
    OfCluster,
}

/// One question to the cluster.
#[derive(Clone, Debug)]
enum Query {
    List { api_version: String, kind: String, namespace: Option<String>, labels: Option<&'static str> },
    Read { api_version: &'static str, id: ObjectId },
}

/// Reads what the rules want to know of the cluster. What cannot be read is noted, and no error: the rules
/// then say less.
pub(super) async fn look(cluster: &Cluster, plan: &Plan, rules: Rules) -> Live {
    let mut live =
        Live { kinds: cluster.served(), version: cluster.server_version().to_owned(), ..Live::default() };
    answers(cluster, first(&live, plan, rules), &mut live).await;
    answers(cluster, second(&live, plan), &mut live).await;
    live
}

/// Reads the workloads of these namespaces, or of all, and what explains them.
pub(super) async fn at_workloads(cluster: &Cluster, namespaces: &[String], live: &mut Live) {
    // What was read in all namespaces need not be read again.
    let is_known =
        |kind: &&(&str, &str)| ALL.contains(kind) && !live.unread.contains_key(&list(**kind, None).kind());
    let kinds = WORKLOADS.iter().chain(&readiness::EVIDENCE).filter(|kind| !is_known(kind));
    let queries = kinds.flat_map(|kind| match namespaces {
        [] => vec![list(*kind, None)],
        named => named.iter().map(|namespace| list(*kind, Some(namespace))).collect(),
    });
    answers(cluster, queries.collect(), live).await;
}

fn list((api_version, kind): (&str, &str), namespace: Option<&str>) -> Query {
    Query::List {
        api_version: api_version.into(),
        kind: kind.into(),
        namespace: namespace.map(str::to_owned),
        labels: None,
    }
}

fn labelled((api_version, kind): (&str, &str), labels: &'static str) -> Query {
    Query::List { api_version: api_version.into(), kind: kind.into(), namespace: None, labels: Some(labels) }
}

/// Where the cluster has such a kind, in its newest version.
fn list_served(live: &Live, (group, kind): (&str, &str)) -> Option<Query> {
    let served = live.kinds.get(&GroupKind { group: group.into(), kind: kind.into() })?;
    Some(list((&format!("{group}/{}", served.last()?), kind), None))
}

/// What follows from the plan alone.
fn first(live: &Live, plan: &Plan, rules: Rules) -> Vec<Query> {
    let mut queries: Vec<Query> = ALL.iter().map(|kind| list(*kind, None)).collect();
    queries.extend(WHERE_SERVED.iter().filter_map(|kind| list_served(live, *kind)));
    for namespace in plan.namespaces() {
        queries.extend(OF_NAMESPACE.iter().map(|kind| list(*kind, Some(namespace))));
    }
    queries.extend(lint::wanted(plan).into_iter().map(|id| Query::Read { api_version: "v1", id }));
    queries.extend(MESH.iter().map(|name| Query::Read {
        api_version: "v1",
        id: ObjectId {
            group_kind: GroupKind { group: String::new(), kind: "ConfigMap".into() },
            namespace: Some("istio-system".into()),
            name: (*name).to_owned(),
        },
    }));
    let closes = lint::has_strict_policy(plan);
    if closes {
        queries.extend(AROUND_THE_MESH.iter().map(|kind| list(*kind, None)));
        queries.extend(AROUND_WHERE_SERVED.iter().filter_map(|kind| list_served(live, *kind)));
    }
    if closes || rules == Rules::OfCluster {
        queries.extend([VALIDATING, APIS].map(|kind| list(kind, None)));
    }
    if rules == Rules::OfCluster {
        queries.extend(definitions(plan));
    }
    queries
}

/// The definitions that the plan brings, as the cluster has them.
fn definitions(plan: &Plan) -> impl Iterator<Item = Query> {
    let objects = plan.layers.iter().flat_map(Layer::objects).map(|placed| &placed.object);
    let definitions = objects.filter(|object| object.is("apiextensions.k8s.io", "CustomResourceDefinition"));
    definitions.map(|object| Query::Read { api_version: "apiextensions.k8s.io/v1", id: object.id() })
}

/// What follows from the answers: pods, and the endpoints behind webhooks.
fn second(live: &Live, plan: &Plan) -> Vec<Query> {
    let pods = ("v1", "Pod");
    let mut queries: Vec<Query> = match live.objects.of_kind("", "Node").count() {
        ..=FEW_NODES => vec![list(pods, None)],
        _ => plan
            .namespaces()
            .into_iter()
            .map(|namespace| list(pods, Some(namespace)))
            .chain(lint::has_strict_policy(plan).then(|| labelled(pods, WITH_SIDECAR)))
            .collect(),
    };
    queries.extend(lint::pull_secrets(live).into_iter().map(|id| Query::Read { api_version: "v1", id }));
    let webhooks = WEBHOOKS.iter().flat_map(|kind| live.objects.of_kind(ADMISSION, kind));
    let webhooks =
        webhooks.filter_map(|webhook| webhook.pointer("/webhooks").and_then(Value::as_array)).flatten();
    let namespaces: BTreeSet<&str> =
        webhooks.filter_map(|webhook| webhook["clientConfig"]["service"]["namespace"].as_str()).collect();
    let slices = ("discovery.k8s.io/v1", "EndpointSlice");
    queries.extend(namespaces.into_iter().map(|namespace| list(slices, Some(namespace))));
    queries
}

async fn answers(cluster: &Cluster, queries: Vec<Query>, live: &mut Live) {
    let asked = queries.into_iter().map(|query| async {
        let answer = ask(cluster, &query).await;
        (query, answer)
    });
    let mut answers = futures::stream::iter(asked).buffer_unordered(CONCURRENT);
    while let Some((query, answer)) = answers.next().await {
        match answer {
            Ok(objects) => live.objects.extend(objects.into_iter().map(without_secrets)),
            // What the cluster does not know, it does not have.
            Err(ApiError::UnknownKind { .. }) => {}
            Err(error) => _ = live.unread.insert(query.kind(), reason(&error)),
        }
    }
}

async fn ask(cluster: &Cluster, query: &Query) -> Result<Vec<Object>, ApiError> {
    match query {
        Query::List { api_version, kind, namespace, labels } => {
            cluster.list(api_version, kind, namespace.as_deref(), *labels).await
        }
        Query::Read { api_version, id } => {
            let namespace = id.namespace.as_deref();
            let found = cluster.read(api_version, &id.group_kind.kind, namespace, &id.name).await?;
            Ok(found.into_iter().collect())
        }
    }
}

impl Query {
    fn kind(&self) -> GroupKind {
        match self {
            Self::Read { id, .. } => id.group_kind.clone(),
            Self::List { api_version, kind, .. } => GroupKind::of(api_version, kind),
        }
    }
}

fn reason(error: &ApiError) -> String {
    match error {
        ApiError::Refused { status: StatusCode::FORBIDDEN, .. } => "forbidden".to_owned(),
        error => error.to_string(),
    }
}

/// The keys of a Secret are wanted, and nothing of what it holds but for the registries of a pull secret.
fn without_secrets(mut object: Object) -> Object {
    if object.is("", "Secret") && object.pointer("/data").is_some() {
        let data = lint::redacted_data(&object);
        object.fields_mut().insert("data".to_owned(), data.into());
    }
    object
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_that_a_secret_holds_is_kept() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "shop"},
            "data": {"password": "cGFzc3dvcmQ="}});
        let kept = without_secrets(Object::new(secret).unwrap());
        assert_eq!(kept.pointer("/data"), Some(&json!({"password": null})));
    }
    #[test]
    fn of_a_pull_secret_the_registries_are_kept() {
        let auths = |user: &str| json!({"auths": {"registry.test": {"auth": user}}}).to_string();
        let kept = |kind: &str, content: &str| {
            let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pull", "namespace": "shop"},
                "type": kind, "data": {".dockerconfigjson": base64(content)}});
            without_secrets(Object::new(secret).unwrap()).to_value().to_string()
        };
        let docker = "kubernetes.io/dockerconfigjson";
        let user = base64("user:password");
        let whole = kept(docker, &auths(&user));
        assert!(whole.contains(&base64(r#"{"auths":{"registry.test":{"username":"redacted"}}}"#)), "{whole}");
        for (kind, content) in
            [("Opaque", auths(&user)), (docker, auths("%")), (docker, "password".to_owned())]
        {
            assert!(kept(kind, &content).contains(r#"{".dockerconfigjson":null}"#), "{kind} {content}");
        }
    }

    fn base64(text: &str) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(text)
    }
}
