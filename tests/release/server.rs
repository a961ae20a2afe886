//! A server on loopback that does to every request what a test tells it to, byte by byte.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Counted from 0.
    pub(crate) turn: usize,
    pub(crate) path: String,
    head: String,
}

impl Asked {
    fn of(turn: usize, head: &str) -> Self {
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        Self { turn, path, head: head.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The same request without this header.
    pub(crate) fn without(&self, name: &str) -> Self {
        let is_other = |line: &&str| !line.to_ascii_lowercase().starts_with(&format!("{name}:"));
        let lines: Vec<&str> = self.head.lines().filter(is_other).collect();
        Self { head: lines.join("\n"), ..self.clone() }
    }

    /// The first byte that is asked for, where not all are.
    pub(crate) fn from(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// One thing that the server does with a connection. After the last it is closed in good order.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Send(Vec<u8>),
    Pause(Duration),
    /// The connection is torn down: what was sent and not read yet is lost.
    Reset,
}

pub(crate) type Script = Arc<dyn Fn(&Asked) -> Vec<Act> + Send + Sync>;

pub(crate) fn script(script: impl Fn(&Asked) -> Vec<Act> + Send + Sync + 'static) -> Script {
    Arc::new(script)
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub(crate) async fn playing(script: Script) -> Self {
        Self::start(script, None).await
    }

    pub(crate) async fn over_tls(config: Arc<rustls::ServerConfig>, script: Script) -> Self {
        Self::start(script, Some(config.into())).await
    }

    async fn start(script: Script, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let notes = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, notes, tls) = (Arc::clone(&script), Arc::clone(&notes), tls.clone());
                tokio::spawn(async move {
                    let Some(tls) = tls else { return play(stream, &script, &notes).await };
                    // The client may not trust it, and hang up.
                    if let Ok(stream) = tls.accept(stream).await {
                        play(stream, &script, &notes).await;
                    }
                });
            }
        });
        Self { address, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// What can be torn down.
trait Connection: AsyncRead + AsyncWrite + Unpin {
    fn reset(&self);
}

impl Connection for TcpStream {
    fn reset(&self) {
        self.set_zero_linger().unwrap();
    }
}

impl Connection for tokio_rustls::server::TlsStream<TcpStream> {
    fn reset(&self) {
        self.get_ref().0.set_zero_linger().unwrap();
    }
}

/// Serves one request. Whatever the client does, it is not the server that fails.
async fn play(mut stream: impl Connection, script: &Script, notes: &Mutex<Vec<Asked>>) {
    let Some(head) = head(&mut stream).await else { return };
    let asked = {
        let mut notes = notes.lock().unwrap();
        let asked = Asked::of(notes.len(), &head);
        notes.push(asked.clone());
        asked
    };
    for act in script(&asked) {
        match act {
            Act::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Act::Pause(time) => tokio::time::sleep(time).await,
            Act::Reset => {
                stream.reset();
                return;
            }
        }
    }
    let _ = stream.shutdown().await;
}

/// The lines of a request up to the empty one, none where it is no HTTP; nothing where the client has gone.
pub(crate) async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
        if !head[0].is_ascii_alphabetic() {
            return Some(String::new());
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}
