//! A client that knows what to send and where, and sends it: the floor that no tool can be below.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Certificate, Client, Identity, RequestBuilder, Response};
use serde_json::Value;

pub(crate) struct Bare {
    client: Client,
    server: String,
}

impl Bare {
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

    pub(crate) async fn apply(&self, object: &Value) {
        let url = format!("{}{}?fieldManager=floor&force=true", self.server, path(object));
        let request = self.client.patch(url).header("content-type", "application/apply-patch+yaml");
        let request =
            request.header("accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
        sent(request.body(object.to_string())).await.bytes().await.unwrap();
    }

    /// What is at this path, however long it goes on.
    pub(crate) async fn get(&self, path: &str) -> Response {
        sent(self.client.get(format!("{}{path}", self.server))).await
    }
}

async fn sent(request: RequestBuilder) -> Response {
    let answer = request.send().await.unwrap();
    if answer.status().is_success() {
        return answer;
    }
    let status = answer.status();
    panic!("{status}: {}", answer.text().await.unwrap());
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
