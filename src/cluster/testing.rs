//! An API server in memory, for tests: it is asked over no network, so that time can be paused.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{HeaderMap, Method, Request, Response};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tower::Service;
use url::Url;

use super::connect::Cluster;
use crate::object::Object;

/// What was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    /// Null where there is none.
    pub(crate) body: Value,
}

impl Asked {
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Json(u16, Value),
    Text(u16, String, HeaderMap),
    /// None ever.
    Hangs,
}

impl Answer {
    pub(crate) fn ok(value: Value) -> Self {
        Self::Json(200, value)
    }

    pub(crate) fn status(code: u16, reason: &str, message: &str) -> Self {
        Self::Json(code, json!({"kind": "Status", "code": code, "reason": reason, "message": message}))
    }

    pub(crate) fn not_found(resource: &str) -> Self {
        Self::status(404, "NotFound", &format!("{resource} \"it\" not found"))
    }

    /// A watch that tells these events and ends.
    pub(crate) fn events(events: &[(&str, Value)]) -> Self {
        let lines =
            events.iter().map(|(kind, object)| json!({"type": kind, "object": object}).to_string() + "\n");
        Self::Text(200, lines.collect(), HeaderMap::new())
    }
}

/// A cluster that answers as told, and serves a few kinds.
pub(crate) fn cluster(answer: impl Fn(Asked) -> Answer + Send + Sync + 'static) -> Cluster {
    let answer = move |asked: Asked| match asked.path.as_str() {
        "/api" => {
            Answer::ok(json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}))
        }
        "/apis" => {
            let others =
                ["apiextensions.k8s.io", "coordination.k8s.io"].map(|name| group(name, &["v1"], &[]));
            Answer::ok(group("apps", &["v1"], &others))
        }
        "/api/v1" => {
            let core =
                [("ConfigMap", "configmaps"), ("Secret", "secrets")].map(|(kind, name)| (kind, name, true));
            resources("v1", &[&core[..], &[("Namespace", "namespaces", false)]].concat())
        }
        "/apis/apiextensions.k8s.io/v1" => {
            let definitions = ("CustomResourceDefinition", "customresourcedefinitions", false);
            resources("apiextensions.k8s.io/v1", &[definitions])
        }
        "/apis/apps/v1" => resources("apps/v1", &[("Deployment", "deployments", true)]),
        "/apis/coordination.k8s.io/v1" => resources("coordination.k8s.io/v1", &[("Lease", "leases", true)]),
        _ => answer(asked),
    };
    whole(answer)
}

/// A cluster that answers as told, and does not even know its kinds by itself.
pub(crate) fn whole(answer: impl Fn(Asked) -> Answer + Send + Sync + 'static) -> Cluster {
    Cluster::of(Client::new(Fake(Arc::new(answer)), "default"), "v1.33.4")
}

fn group(name: &str, versions: &[&str], more: &[Value]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    let mut groups = vec![json!({"name": name, "versions": versions})];
    groups.extend(more.iter().flat_map(|list| list["groups"].as_array().cloned().unwrap_or_default()));
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

fn resources(group_version: &str, kinds: &[(&str, &str, bool)]) -> Answer {
    let resources: Vec<Value> = kinds
        .iter()
        .map(|(kind, name, namespaced)| {
            json!({"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": []})
        })
        .collect();
    Answer::ok(json!({"kind": "APIResourceList", "groupVersion": group_version, "resources": resources}))
}

#[derive(Clone)]
struct Fake(Arc<dyn Fn(Asked) -> Answer + Send + Sync>);

impl Service<Request<Body>> for Fake {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let fake = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect_bytes().await.unwrap();
            let url = Url::parse("http://api").unwrap().join(&parts.uri.to_string()).unwrap();
            let asked = Asked {
                method: parts.method,
                path: url.path().to_owned(),
                query: url.query_pairs().into_owned().collect(),
                headers: parts.headers,
                body: serde_json::from_slice(&body).unwrap_or_default(),
            };
            let (code, text, headers) = match (fake.0)(asked) {
                Answer::Json(code, value) => (code, value.to_string(), HeaderMap::new()),
                Answer::Text(code, text, headers) => (code, text, headers),
                Answer::Hangs => std::future::pending().await,
            };
            let mut response = Response::new(Body::from(text.into_bytes()));
            *response.status_mut() = code.try_into().unwrap();
            *response.headers_mut() = headers;
            Ok(response)
        })
    }
}

pub(crate) fn deployment(name: &str) -> Object {
    Object::new(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "ns"}, "spec": {"replicas": 2},
    }))
    .unwrap()
}
