//! The floor: a client that knows what to send and where, and sends it.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use reqwest::{Certificate, Client, Identity};
use serde_json::Value;

/// How many connections the best of all has is found out.
const CONNECTIONS: [usize; 3] = [8, 16, 32];

pub(crate) struct Floor {
    client: Client,
    server: String,
}

impl Floor {
    /// `config` is a kubeconfig with certificates in it, as data.
    pub(crate) fn of(config: &Value) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
        let (cluster, user) = (&config["clusters"][0]["cluster"], &config["users"][0]["user"]);
        let mut identity = data(&user["client-key-data"]);
        identity.push(b'\n');
        identity.extend(data(&user["client-certificate-data"]));
        let client = Client::builder()
            .tls_certs_only([Certificate::from_pem(&data(&cluster["certificate-authority-data"])).unwrap()])
            .identity(Identity::from_pem(&identity).unwrap())
            .http1_only()
            .no_proxy()
            .build()
            .unwrap();
        Self { client, server: cluster["server"].as_str().unwrap().to_owned() }
    }

    /// Applies the objects once with each number of connections, each time others of them, and says the least time for so
    /// many.
    pub(crate) fn apply(&self, objects: impl Fn(usize) -> Vec<Value>) -> Duration {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let times = CONNECTIONS.iter().enumerate().map(|(turn, connections)| {
            let objects = objects(turn);
            runtime.block_on(self.apply_with(*connections, &objects))
        });
        times.min().unwrap()
    }

    async fn apply_with(&self, connections: usize, objects: &[Value]) -> Duration {
        let start = Instant::now();
        let mut answers = futures::stream::iter(objects.iter().map(|object| self.send(object)))
            .buffer_unordered(connections);
        while let Some(()) = answers.next().await {}
        start.elapsed()
    }

    async fn send(&self, object: &Value) {
        let url = format!("{}{}?fieldManager=floor&force=true", self.server, path(object));
        let request = self.client.patch(url).header("content-type", "application/apply-patch+yaml");
        let request =
            request.header("accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
        let answer = request.body(object.to_string()).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}");
    }
}

fn path(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("/apiVersion"), text("/kind").to_lowercase());
    let root = if version.contains('/') { "apis" } else { "api" };
    let namespace = match text("/metadata/namespace") {
        "" => String::new(),
        name => format!("/namespaces/{name}"),
    };
    format!("/{root}/{version}{namespace}/{kind}s/{}", text("/metadata/name"))
}
