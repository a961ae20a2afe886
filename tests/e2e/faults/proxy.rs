use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::super::cluster::Cluster;
use super::super::dice::Dice;
use super::super::tls::Authority;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 429, with a second to wait.
    Busy,
    /// 503, or 500.
    Unwell(u16),
    /// The connection ends before anything was done.
    Reset,
    /// All is done, and the connection ends within the answer.
    Cut,
    /// The answer comes late.
    Late,
    /// A watch is told that its version is too old.
    Gone,
}

const ALL: [Fault; 7] =
    [Fault::Busy, Fault::Unwell(503), Fault::Unwell(500), Fault::Reset, Fault::Cut, Fault::Late, Fault::Gone];

/// A way to a cluster's API server on which so many of a hundred requests go wrong, by a seed. It speaks HTTP/1.1 alone,
/// and one request a connection.
pub(crate) struct Proxy {
    address: SocketAddr,
    authority: Authority,
    state: Arc<State>,
    _runtime: Runtime,
}

struct State {
    upstream: SocketAddr,
    name: ServerName<'static>,
    connector: TlsConnector,
    dice: Mutex<Dice>,
    percent: u64,
    injected: Mutex<Vec<(Fault, String)>>,
}

impl Proxy {
    pub(crate) fn before(cluster: &Cluster, seed: u64, percent: u64) -> Self {
        let authority = Authority::named("a proxy between");
        let acceptor = TlsAcceptor::from(authority.server("127.0.0.1"));
        let (upstream, connector) = upstream(&cluster.config());
        let state = Arc::new(State {
            upstream,
            name: ServerName::from(upstream.ip()),
            connector,
            dice: Mutex::new(Dice::new(seed)),
            percent,
            injected: Mutex::new(Vec::new()),
        });
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = state.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, state) = (acceptor.clone(), shared.clone());
                // What breaks on the way is what the proxy is for.
                tokio::spawn(async move { serve(stream, acceptor, &state).await });
            }
        });
        Self { address, authority, state, _runtime: runtime }
    }

    /// A kubeconfig that leads through it, with the context's own name.
    pub(crate) fn kubeconfig(&self, folder: &Path, context: &str) -> PathBuf {
        let ca = STANDARD.encode(std::fs::read(self.authority.bundle()).unwrap());
        let server = format!("https://{}", self.address);
        let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": context,
            "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority-data": ca}}],
            "users": [{"name": "u", "user": {"token": "the proxy has the certificate"}}],
            "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}]});
        let path = folder.join("kubeconfig");
        std::fs::write(&path, config.to_string()).unwrap();
        path
    }

    /// What went wrong so far, and with which requests.
    pub(crate) fn injected(&self) -> Vec<(Fault, String)> {
        self.state.injected.lock().unwrap().clone()
    }
}

/// The API server, and who we are to it.
fn upstream(config: &Value) -> (SocketAddr, TlsConnector) {
    let server = config["clusters"][0]["cluster"]["server"].as_str().unwrap();
    let pem = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    let ca = pem(&config["clusters"][0]["cluster"]["certificate-authority-data"]);
    let user = &config["users"][0]["user"];
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&ca) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let chain = pem(&user["client-certificate-data"]);
    let chain = CertificateDer::pem_slice_iter(&chain).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(&pem(&user["client-key-data"])).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_client_auth_cert(chain, key);
    let address = server.strip_prefix("https://").unwrap().parse().unwrap();
    (address, TlsConnector::from(Arc::new(client.unwrap())))
}

/// One request: its line and headers, and what was read of its body.
struct Request {
    head: String,
    rest: Vec<u8>,
}

impl Request {
    fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    fn is_upgrade(&self) -> bool {
        self.header("upgrade").is_some()
    }

    fn is_watch(&self) -> bool {
        self.line().contains("watch=true")
    }

    /// As it is sent on: without our token, and as the last of its connection.
    fn sent(&self) -> String {
        let mut lines = self.head.lines();
        let mut sent = format!("{}\r\n", lines.next().unwrap_or_default());
        let is_kept = |line: &&str| {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            name != "authorization" && (name != "connection" || self.is_upgrade()) && !line.is_empty()
        };
        lines.filter(is_kept).for_each(|line| sent += &format!("{line}\r\n"));
        if !self.is_upgrade() {
            sent += "connection: close\r\n";
        }
        sent + "\r\n"
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, state: &State) -> std::io::Result<()> {
    let mut client = acceptor.accept(stream).await?;
    let Some(request) = read(&mut client).await? else { return Ok(()) };
    let fault = fault(state, &request);
    match fault {
        Some(Fault::Busy) => return refuse(&mut client, 429, "TooManyRequests", "retry-after: 1\r\n").await,
        Some(Fault::Unwell(code)) => return refuse(&mut client, code, "InternalError", "").await,
        Some(Fault::Gone) => return refuse(&mut client, 410, "Expired", "").await,
        Some(Fault::Reset) => return Ok(()),
        Some(Fault::Late) => tokio::time::sleep(Duration::from_secs(2)).await,
        Some(Fault::Cut) | None => {}
    }
    let upstream = TcpStream::connect(state.upstream).await?;
    let mut upstream = state.connector.connect(state.name.clone(), upstream).await?;
    upstream.write_all(request.sent().as_bytes()).await?;
    upstream.write_all(&request.rest).await?;
    if fault == Some(Fault::Cut) {
        let mut answer = Vec::new();
        // A watch has no end to wait for.
        let read = upstream.read_to_end(&mut answer);
        _ = tokio::time::timeout(Duration::from_millis(500), read).await;
        client.write_all(&answer[..answer.len() / 2]).await?;
        return client.flush().await;
    }
    // What is left of the body, the answer, and whatever follows an upgrade.
    copy_bidirectional(&mut client, &mut upstream).await.map(drop)
}

async fn read(client: &mut (impl AsyncReadExt + Unpin)) -> std::io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 16 * 1024];
        let length = client.read(&mut chunk).await?;
        if length == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk[..length]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            let head = String::from_utf8(bytes).map_err(std::io::Error::other)?;
            return Ok(Some(Request { head, rest }));
        }
    }
}

fn fault(state: &State, request: &Request) -> Option<Fault> {
    let mut dice = state.dice.lock().unwrap();
    if !dice.chance(state.percent) || request.is_upgrade() {
        return None;
    }
    let fault = dice.one_of(&ALL);
    // The server says so of watches alone.
    if fault == Fault::Gone && !request.is_watch() {
        return None;
    }
    state.injected.lock().unwrap().push((fault, request.line().to_owned()));
    Some(fault)
}

async fn refuse(
    client: &mut (impl AsyncWriteExt + Unpin),
    code: u16,
    reason: &str,
    more: &str,
) -> std::io::Result<()> {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "reason": reason, "message": format!("a fault was made: {code}")});
    let body = status.to_string();
    let head = format!(
        "HTTP/1.1 {code} Fault\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{more}connection: close\r\n\r\n",
        body.len()
    );
    client.write_all(head.as_bytes()).await?;
    client.write_all(body.as_bytes()).await?;
    client.shutdown().await
}
