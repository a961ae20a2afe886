use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::StatusCode;
use kube::Client;

use super::error::{ApiError, Cause, Subject, io_kind, is_unknown_host};
use super::kinds::{self, Kinds, Resource};
use super::login::Renewing;
use super::request::Call;
use super::target::Target;
use super::target_error::ConnectError;
use crate::object::{GroupKind, Object};

/// How long a server may take to tell its version before the cluster counts as out of reach.
const HELLO_LIMIT: Duration = Duration::from_secs(10);

/// A Kubernetes API server that answered. Cheap to clone: the connections are shared.
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    client: Client,
    version: String,
    kinds: RwLock<Kinds>,
    /// One discovery at a time.
    discovering: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("version", &self.0.version).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Gets credentials, asks the server for its version, and tells apart why that cannot be had.
    ///
    /// A credential plugin may talk to the person at the terminal: nothing else should be drawn there
    /// meanwhile. It may take its time, the server has 10 s.
    pub async fn connect(target: &Target) -> Result<Self, ConnectError> {
        let client = Renewing::login(target).await?.into_client();
        let subject = Arc::new(Subject::Path("/version".to_owned()));
        let again = ApiError::is_transient_at_first;
        let hello = Call { limit: HELLO_LIMIT, again, ..Call::get("/version".to_owned(), &subject) };
        let (_, answer) = hello.json(&client).await.map_err(|error| no_version(error, target))?;
        Ok(Self::of(client, answer["gitVersion"].as_str().unwrap_or_default()))
    }

    pub(super) fn of(client: Client, version: &str) -> Self {
        Self(Arc::new(Inner {
            client,
            version: version.to_owned(),
            kinds: RwLock::default(),
            discovering: tokio::sync::Mutex::default(),
        }))
    }

    /// As the server writes it: `v1.33.4`.
    pub fn server_version(&self) -> &str {
        &self.0.version
    }

    /// Reads the kinds that the server has now. Needed before they are asked about; a request for an object
    /// of an unknown kind does it by itself.
    pub async fn discover(&self) -> Result<(), ApiError> {
        let _turn = self.0.discovering.lock().await;
        self.discover_in_turn().await
    }

    /// Whether there is such a kind, in any version; `group` is empty for core.
    pub fn serves(&self, group: &str, kind: &str) -> bool {
        let kind = GroupKind { group: group.to_owned(), kind: kind.to_owned() };
        self.kinds(|kinds| kinds.serves(&kind))
    }

    /// None where the server has no such kind.
    pub fn is_namespaced(&self, api_version: &str, kind: &str) -> Option<bool> {
        self.kinds(|kinds| kinds.get(api_version, kind).map(|resource| resource.namespaced))
    }

    /// What the resource of the object's kind is called, and whether it is in namespaces; None where the server has no such
    /// kind.
    pub fn resource_of(&self, object: &Object) -> Option<(String, bool)> {
        self.kinds(|kinds| kinds.get(object.api_version(), object.kind()).map(Resource::called))
    }

    /// The same for a kind in whatever version.
    pub fn resource_of_kind(&self, kind: &GroupKind) -> Option<(String, bool)> {
        self.kinds(|kinds| kinds.get(&kinds.version_of(kind)?, &kind.kind).map(Resource::called))
    }

    /// The kinds whose objects are in namespaces, each once: `(apps/v1, Deployment)`.
    pub fn namespaced_kinds(&self) -> Vec<(String, String)> {
        self.kinds(Kinds::namespaced)
    }

    /// The API version in which objects of a kind are read; None where the server has no such kind.
    pub fn version_of(&self, kind: &GroupKind) -> Option<String> {
        self.kinds(|kinds| kinds.version_of(kind))
    }

    /// Whether a kind that is not served may be there all the same, because its API does not answer.
    pub fn may_serve(&self, kind: &GroupKind) -> bool {
        self.kinds(|kinds| !kinds.serves(kind) && kinds.may_serve(&kind.group))
    }

    /// All kinds that the server has, each with its versions.
    pub fn served(&self) -> BTreeMap<GroupKind, BTreeSet<String>> {
        self.kinds(Kinds::all)
    }

    pub(super) fn client(&self) -> &Client {
        &self.0.client
    }

    /// Where a kind is found. An unknown one is looked for once more: it may be new.
    pub(super) async fn resource(&self, api_version: &str, kind: &str) -> Result<Resource, ApiError> {
        let look = |kinds: &Kinds| (kinds.get(api_version, kind).cloned(), kinds.generation);
        let (known, generation) = self.kinds(look);
        if let Some(resource) = known {
            return Ok(resource);
        }
        // Of many that miss a kind at the same time, the first asks, and the others look at the answer.
        let turn = self.0.discovering.lock().await;
        if self.kinds(|kinds| kinds.generation) == generation {
            self.discover_in_turn().await?;
        }
        drop(turn);
        self.kinds(look).0.ok_or_else(|| {
            let group_kind = GroupKind::of(api_version, kind);
            match self.may_serve(&group_kind) {
                true => ApiError::Silent { group_kind },
                false => ApiError::UnknownKind { api_version: api_version.to_owned(), kind: kind.to_owned() },
            }
        })
    }

    async fn discover_in_turn(&self) -> Result<(), ApiError> {
        let found = kinds::discover(&self.0.client).await?;
        self.0.kinds.write().unwrap_or_else(PoisonError::into_inner).renew(found);
        Ok(())
    }

    fn kinds<T>(&self, look: impl FnOnce(&Kinds) -> T) -> T {
        look(&self.0.kinds.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn no_version(error: ApiError, target: &Target) -> ConnectError {
    let server = target.server.clone();
    let context = target.context.clone();
    match error {
        ApiError::TimedOut { after, .. } => ConnectError::TimedOut { server, after },
        ApiError::Untrusted { source, .. } => ConnectError::Untrusted { server, source },
        ApiError::Credentials { source, .. } => ConnectError::Credentials { context, source },
        ApiError::Refused { status: StatusCode::UNAUTHORIZED, message, .. } => {
            ConnectError::Unauthorized { server, context, message }
        }
        ApiError::Refused { status: StatusCode::FORBIDDEN, message, .. } => {
            ConnectError::Forbidden { server, context, message }
        }
        ApiError::Lost { source, .. } => unreachable_because(source, server),
        source => ConnectError::NoVersion { server, source },
    }
}

/// Why no connection came about.
fn unreachable_because(source: Cause, server: String) -> ConnectError {
    if is_unknown_host(&source) {
        return ConnectError::UnknownHost { server, source };
    }
    match io_kind(&source) {
        Some(io::ErrorKind::ConnectionRefused) => ConnectError::NothingListens { server, source },
        Some(io::ErrorKind::TimedOut) => ConnectError::TimedOut { server, after: HELLO_LIMIT },
        _ => ConnectError::Unreachable { server, source },
    }
}

#[cfg(test)]
mod tests {
    use kube::config::Kubeconfig;
    use serde_json::json;
    use wiremock::matchers::path;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    fn target(server: &str, user: serde_json::Value) -> Target {
        let kubeconfig: Kubeconfig = serde_json::from_value(json!({
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "me"}}],
            "clusters": [{"name": "test", "cluster": {"server": server}}],
            "users": [{"name": "me", "user": user}],
        }))
        .unwrap();
        Target { context: "test".to_owned(), server: server.to_owned(), kubeconfig }
    }

    /// A server that answers `/version` like this.
    async fn server(version: ResponseTemplate) -> MockServer {
        // What main does first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = MockServer::start().await;
        Mock::given(path("/version")).respond_with(version).mount(&server).await;
        server
    }

    async fn refused(code: u16, message: &str) -> String {
        let status = json!({"kind": "Status", "code": code, "message": message});
        let server = server(ResponseTemplate::new(code).set_body_json(status)).await;
        let error = Cluster::connect(&target(&server.uri(), json!({"token": "t"}))).await.unwrap_err();
        error.to_string().replace(&server.uri(), "SERVER")
    }

    #[tokio::test]
    async fn a_server_tells_its_version() {
        let version = json!({"major": "1", "minor": "33", "gitVersion": "v1.33.4"});
        let server = server(ResponseTemplate::new(200).set_body_json(version)).await;
        let cluster = Cluster::connect(&target(&server.uri(), json!({"token": "t"}))).await.unwrap();
        assert_eq!(cluster.server_version(), "v1.33.4");
        let asked = server.received_requests().await.unwrap();
        assert_eq!(asked[0].headers["authorization"], "Bearer t");
    }

    #[tokio::test]
    async fn credentials_that_are_not_accepted_are_told_from_rights_that_are_missing() {
        assert_eq!(
            refused(401, "Unauthorized").await,
            "SERVER does not accept the credentials of the context `test`: Unauthorized"
        );
        assert_eq!(
            refused(403, "no").await,
            "SERVER denies the user of the context `test` even its version: no"
        );
        assert_eq!(refused(502, "bad gateway").await, "SERVER does not tell its version");
    }

    #[tokio::test]
    async fn a_server_that_is_busy_is_asked_for_a_few_seconds_and_no_longer() {
        let server = server(ResponseTemplate::new(503)).await;
        Cluster::connect(&target(&server.uri(), json!({}))).await.unwrap_err();
        assert_eq!(server.received_requests().await.unwrap().len(), 5);
    }

    #[tokio::test]
    async fn a_port_where_nothing_listens_is_told() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("https://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = Cluster::connect(&target(&address, json!({}))).await.unwrap_err();
        assert!(matches!(error, ConnectError::NothingListens { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_server_that_speaks_no_tls_is_not_one_that_is_not_trusted() {
        let server = server(ResponseTemplate::new(200)).await;
        let address = server.uri().replace("http:", "https:");
        let error = Cluster::connect(&target(&address, json!({}))).await.unwrap_err();
        assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_credential_plugin_that_fails_is_told() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plugin = json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "/nowhere/to/be/found",
            "interactiveMode": "Never",
        }});
        let error = Cluster::connect(&target("https://127.0.0.1:1", plugin)).await.unwrap_err();
        assert!(matches!(error, ConnectError::Credentials { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_certificate_that_cannot_be_loaded_is_told() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let user = json!({"client-certificate": "/nowhere.crt", "client-key": "/nowhere.key"});
        let error = Cluster::connect(&target("https://127.0.0.1:1", user)).await.unwrap_err();
        assert!(matches!(error, ConnectError::Unusable { .. }), "{error:?}");
    }
}
