use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response, StatusCode};
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use tower::{BoxError, Service};

use super::pace::Paced;
use super::request::{Bounded, is_distrusted};
use super::target::Target;
use super::target_error::ConnectError;
use super::{REQUEST_LIMIT, proxy};

/// Sends requests with what a target logs in with, and logs in anew where that is not accepted any more: a token was
/// revoked, or a plugin gave it no end; a certificate or an authority was rotated in its file. What was never accepted is
/// wrong and not old, and nobody is asked for it twice.
///
/// client-go does so for plugins (plugin/pkg/client/auth/exec) and for files (transport/cert_rotation.go). kube by itself
/// renews tokens whose end is known.
#[derive(Clone)]
pub(super) struct Renewing(Arc<Shared>);

struct Shared {
    target: Target,
    login: RwLock<Arc<Login>>,
    /// One login at a time.
    turn: tokio::sync::Mutex<()>,
}

struct Login {
    client: Client,
    /// The server has answered it, whatever it answered, and it has not been given up since.
    is_good: AtomicBool,
}

type Answer = Result<Response<Body>, kube::Error>;

impl Renewing {
    pub(super) async fn login(target: &Target) -> Result<Self, ConnectError> {
        let login = RwLock::new(Arc::new(Login::new(target).await?));
        Ok(Self(Arc::new(Shared { target: target.clone(), login, turn: tokio::sync::Mutex::default() })))
    }

    pub(super) fn into_client(self) -> Client {
        let namespace = self.current().client.default_namespace().to_owned();
        Client::new(Paced::new(self), namespace)
    }

    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, BoxError> {
        let (parts, body) = request.into_parts();
        // What stands behind the API server has logins of its own.
        let is_of_another = parts.uri.path().contains("/proxy/");
        let again = body.try_clone().filter(|_| !is_of_another);
        let again = again.map(|body| Request::from_parts(parts.clone(), body));
        let login = self.current();
        let answer = login.client.send(Request::from_parts(parts, body)).await;
        if !is_denied(&answer) {
            login.is_good.store(true, Ordering::Relaxed);
            return Ok(answer?);
        }
        let Some(again) = again else { return Ok(answer?) };
        match self.after(login).await? {
            Some(next) => {
                let answer = next.client.send(again).await;
                next.is_good.store(!is_denied(&answer), Ordering::Relaxed);
                Ok(answer?)
            }
            None => Ok(answer?),
        }
    }

    fn current(&self) -> Arc<Login> {
        self.0.login.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The login after one that is denied, which another request may have come by already; None where there is none.
    async fn after(&self, denied: Arc<Login>) -> Result<Option<Arc<Login>>, ConnectError> {
        let this = self.clone();
        let renewal = async move {
            let _turn = this.0.turn.lock().await;
            let current = this.current();
            if !Arc::ptr_eq(&current, &denied) {
                return Ok(Some(current));
            }
            if !denied.is_good.swap(false, Ordering::Relaxed) {
                return Ok(None);
            }
            tracing::debug!(context = this.0.target.context, "logging in anew");
            let next = Arc::new(Login::new(&this.0.target).await?);
            *this.0.login.write().unwrap_or_else(PoisonError::into_inner) = next.clone();
            Ok(Some(next))
        };
        // It goes on where the request is given up: a person may be at it.
        match tokio::spawn(renewal).await {
            Ok(renewed) => renewed,
            Err(panic) => {
                let context = self.0.target.context.clone();
                Err(ConnectError::Unusable { context, source: Arc::new(panic) })
            }
        }
    }
}

impl Login {
    async fn new(target: &Target) -> Result<Self, ConnectError> {
        Ok(Self { client: client(target).await?, is_good: AtomicBool::new(false) })
    }
}

impl Service<Request<Body>> for Renewing {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.send(request).await })
    }
}

/// Whether one side does not know the other by its credentials.
fn is_denied(answer: &Answer) -> bool {
    match answer {
        Ok(response) => response.status() == StatusCode::UNAUTHORIZED,
        Err(error) => is_distrusted(error),
    }
}

/// A client of the target. It retries nothing by itself: kube's own retries can be silent for minutes.
async fn client(target: &Target) -> Result<Client, ConnectError> {
    let context = target.context.clone();
    let unusable = |source| ConnectError::Unusable { context: context.clone(), source };
    let mut config =
        Config::try_from(target.kubeconfig.clone()).map_err(|error| unusable(Arc::new(error)))?;
    config.default_retry = false;
    config.connect_timeout = Some(REQUEST_LIMIT);
    if proxy::goes_direct(&target.kubeconfig, &config.cluster_url) {
        config.proxy_url = None;
    }
    // Runs the credential plugin, and waits for it.
    let build = move || {
        ClientBuilder::try_from(config).map(|it| it.with_layer(&tower::layer::layer_fn(Bounded)).build())
    };
    match tokio::task::spawn_blocking(build).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error @ kube::Error::Auth(_))) => {
            Err(ConnectError::Credentials { context, source: Arc::new(error) })
        }
        Ok(Err(error)) => Err(unusable(Arc::new(error))),
        Err(panic) => Err(unusable(Arc::new(panic))),
    }
}

#[cfg(test)]
#[path = "../../tests/release/tls.rs"]
#[allow(dead_code, reason = "the other half is for the tests of releases")]
mod tls;

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use kube::config::Kubeconfig;
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use wiremock::matchers::{header, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::tls::Authority;
    use super::*;
    use crate::cluster::{ApiError, Cluster};

    /// A server that accepts this token and no other.
    async fn accept(server: &MockServer, token: &str) {
        server.reset().await;
        let version = ResponseTemplate::new(200).set_body_json(json!({"gitVersion": "v1.33.4"}));
        let answered = Mock::given(path("/version")).and(header("authorization", format!("Bearer {token}")));
        answered.respond_with(version).with_priority(1).mount(server).await;
        let denied =
            json!({"kind": "Status", "code": 401, "reason": "Unauthorized", "message": "Unauthorized"});
        let denied = ResponseTemplate::new(401).set_body_json(denied);
        Mock::given(wiremock::matchers::any()).respond_with(denied).mount(server).await;
    }

    fn target(server: &MockServer, user: Value) -> Target {
        target_of(json!({"server": server.uri()}), user)
    }

    fn target_of(cluster: Value, user: Value) -> Target {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = cluster["server"].as_str().unwrap().to_owned();
        let kubeconfig: Kubeconfig = serde_json::from_value(json!({
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "me"}}],
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "me", "user": user}],
        }))
        .unwrap();
        Target { context: "test".to_owned(), server, kubeconfig }
    }

    /// How often kube runs a plugin to make one client.
    const A_LOGIN: usize = 3;

    /// A credential plugin that gives the token of a file, which has no end, and keeps count of its runs.
    struct Plugin(tempfile::TempDir);

    impl Plugin {
        fn giving(token: &str) -> Self {
            let plugin = Self(tempfile::tempdir().unwrap());
            plugin.gives(token);
            plugin
        }

        fn gives(&self, token: &str) {
            std::fs::write(self.token(), token).unwrap();
        }

        fn token(&self) -> PathBuf {
            self.0.path().join("token")
        }

        fn user(&self) -> Value {
            let script = format!(
                r#"cd '{}'; echo run >>runs; token=$(cat token) || exit 1
                echo '{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {{"token": "'"$token"'"}}}}'"#,
                self.0.path().display()
            );
            json!({"exec": {
                "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
                "command": "sh", "args": ["-c", script],
            }})
        }

        fn logins(&self) -> usize {
            std::fs::read_to_string(self.0.path().join("runs")).unwrap().lines().count() / A_LOGIN
        }
    }

    /// A server that has accepted the token `old` of this user, and accepts `new` alone now.
    async fn after_a_change(user: Value) -> (MockServer, Client) {
        let server = MockServer::start().await;
        accept(&server, "old").await;
        let client = Renewing::login(&target(&server, user)).await.unwrap().into_client();
        assert_eq!(version(&client).await.unwrap(), 200);
        accept(&server, "new").await;
        (server, client)
    }

    async fn version(client: &Client) -> Result<StatusCode, kube::Error> {
        let request = Request::get("/version").body(Body::empty()).unwrap();
        client.send(request).await.map(|answer| answer.status())
    }

    #[tokio::test]
    async fn a_token_that_is_accepted_no_more_is_asked_for_once_more_by_all_who_need_it() {
        let plugin = Plugin::giving("old");
        let (_server, client) = after_a_change(plugin.user()).await;
        plugin.gives("new");
        let answers = futures::future::join_all((0..10).map(|_| version(&client))).await;
        assert!(answers.iter().all(|answer| *answer.as_ref().unwrap() == 200), "{answers:?}");
        assert_eq!(plugin.logins(), 2);
    }

    #[tokio::test]
    async fn a_token_that_stays_wrong_is_asked_for_once_and_the_server_is_believed() {
        let plugin = Plugin::giving("old");
        let (_server, client) = after_a_change(plugin.user()).await;
        for _ in 0..3 {
            assert_eq!(version(&client).await.unwrap(), 401);
        }
        assert_eq!(plugin.logins(), 2);
    }

    #[tokio::test]
    async fn what_was_never_accepted_is_not_asked_for_twice() {
        let plugin = Plugin::giving("wrong");
        let server = MockServer::start().await;
        accept(&server, "right").await;
        Cluster::connect(&target(&server, plugin.user())).await.unwrap_err();
        assert_eq!(plugin.logins(), 1);
    }

    #[tokio::test]
    async fn a_dashboard_that_wants_a_login_is_not_the_api_server() {
        let plugin = Plugin::giving("old");
        let (_server, client) = after_a_change(plugin.user()).await;
        let path = "/api/v1/namespaces/istio-system/services/grafana:3000/proxy/";
        let request = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(client.send(request).await.unwrap().status(), 401);
        assert_eq!(plugin.logins(), 1);
    }

    #[tokio::test]
    async fn a_plugin_that_fails_in_the_middle_is_told_as_such() {
        let plugin = Plugin::giving("old");
        let server = MockServer::start().await;
        accept(&server, "old").await;
        let cluster = Cluster::connect(&target(&server, plugin.user())).await.unwrap();
        accept(&server, "new").await;
        std::fs::remove_file(plugin.token()).unwrap();
        let error = cluster.discover().await.unwrap_err();
        assert!(matches!(error, ApiError::Credentials { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_token_file_is_read_again_before_its_minute_is_over() {
        let file = Plugin::giving("old");
        let (_server, client) = after_a_change(json!({"tokenFile": file.token()})).await;
        file.gives("new");
        assert_eq!(version(&client).await.unwrap(), 200);
    }

    /// Answers one request a connection, with the certificate that it has by then.
    async fn serve(listener: TcpListener, certificate: Arc<RwLock<TlsAcceptor>>) {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = certificate.read().unwrap().clone();
            tokio::spawn(async move {
                // Who does not trust it goes away.
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let _ = stream.read(&mut [0; 4096]).await;
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            });
        }
    }

    #[tokio::test]
    async fn an_authority_that_was_rotated_in_its_file_is_read_anew() {
        let [old, new] = ["old", "new"].map(Authority::named);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("https://{}", listener.local_addr().unwrap());
        let certificate = Arc::new(RwLock::new(TlsAcceptor::from(old.server("127.0.0.1"))));
        tokio::spawn(serve(listener, certificate.clone()));
        let folder = tempfile::tempdir().unwrap();
        let trusted = folder.path().join("ca.pem");
        std::fs::copy(old.bundle(), &trusted).unwrap();
        let cluster = json!({"server": server, "certificate-authority": trusted});
        let client = Renewing::login(&target_of(cluster, json!({}))).await.unwrap().into_client();
        assert_eq!(version(&client).await.unwrap(), 200);

        std::fs::copy(new.bundle(), &trusted).unwrap();
        *certificate.write().unwrap() = TlsAcceptor::from(new.server("127.0.0.1"));
        assert_eq!(version(&client).await.unwrap(), 200);
    }
}
