//! An API server in memory, for tests: it is asked over no network, so that time can be paused.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream;
use http::{HeaderMap, Method, Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tower::{BoxError, Service};
use url::Url;

use super::apply::APPLY_PATCH;
use super::connect::Cluster;
use super::request::{Bounded, Call};
use super::{Target, TargetRequest};
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
    /// Lines that come when they come; the answer ends with who sends them.
    Stream(Lines),
    /// The connection ends within the answer.
    Broken,
}

/// To be read once.
#[derive(Clone, Debug)]
pub(crate) struct Lines(Arc<Mutex<Option<UnboundedReceiver<String>>>>);

impl Lines {
    pub(crate) fn of(receiver: UnboundedReceiver<String>) -> Self {
        Self(Arc::new(Mutex::new(Some(receiver))))
    }

    fn take(&self) -> Option<UnboundedReceiver<String>> {
        self.0.lock().unwrap().take()
    }
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
    Cluster::of(Client::new(Bounded(Fake(Arc::new(answer))), "default"), "v1.33.4")
}

/// The cluster that the tests are told of, which is a real one.
pub(crate) async fn real() -> Cluster {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kubeconfig = std::env::var_os("KUBESTOCK_TEST_KUBECONFIG").map(PathBuf::from);
    let target = Target::resolve(&TargetRequest { kubeconfig, context: None }).unwrap();
    Cluster::connect(&target).await.unwrap()
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
    type Response = Response<Told>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Told>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
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
            let (code, told, headers) = match (fake.0)(asked) {
                Answer::Json(code, value) => {
                    (code, whole_text(serde_json::to_string(&value).unwrap()), HeaderMap::new())
                }
                Answer::Text(code, text, headers) => (code, whole_text(text), headers),
                Answer::Hangs => std::future::pending().await,
                Answer::Stream(lines) => (200, streamed(lines), HeaderMap::new()),
                Answer::Broken => {
                    let broken = Err(io::Error::from(io::ErrorKind::ConnectionReset));
                    (200, BodyExt::boxed_unsync(StreamBody::new(stream::iter([broken]))), HeaderMap::new())
                }
            };
            let mut response = Response::new(told);
            *response.status_mut() = code.try_into().unwrap();
            *response.headers_mut() = headers;
            Ok(response)
        })
    }
}

/// What a server says.
type Told = UnsyncBoxBody<Bytes, io::Error>;

fn whole_text(text: String) -> Told {
    Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync()
}

fn streamed(lines: Lines) -> Told {
    let lines = stream::unfold(lines.take(), async |lines| {
        let mut lines = lines?;
        let line = lines.recv().await?;
        Some((Ok(Frame::data(Bytes::from(line))), Some(lines)))
    });
    StreamBody::new(lines).boxed_unsync()
}

/// Applies an object as another manager would, and takes what is not his.
pub(crate) async fn applied_by(cluster: &Cluster, manager: &str, object: &Object) {
    let place = cluster.place_of(object).await.unwrap();
    let path = place.path(&[("fieldManager", manager), ("force", "true")]).unwrap();
    let call = Call::get(path, &place.subject).with_body(APPLY_PATCH, &object.to_value());
    (Call { method: Method::PATCH, ..call }).text(cluster.client()).await.unwrap();
}

pub(crate) fn deployment(name: &str) -> Object {
    Object::new(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "ns"}, "spec": {"replicas": 2},
    }))
    .unwrap()
}

/// A target that nothing is asked of.
pub(crate) fn target() -> super::Target {
    super::Target {
        context: "test".to_owned(),
        server: "https://api".to_owned(),
        kubeconfig: Default::default(),
    }
}
