//! Proxies, as the environment names them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::case::archive;
use crate::file::File;
use crate::program::Program;
use crate::server::{Server, head};
use crate::tls::Authority;

/// A proxy that leads to one server, whatever host is asked for, or refuses with this status.
struct Proxy {
    address: SocketAddr,
    /// What each request asks for, and who asks.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn to(server: Result<SocketAddr, &'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let notes = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let notes = Arc::clone(&notes);
                tokio::spawn(async move {
                    let Some(head) = head(&mut stream).await else { return };
                    notes.lock().unwrap().push(request(&head));
                    // The client may hang up at any time.
                    let _ = match server {
                        Ok(server) => lead(stream, &head, server).await,
                        Err(status) => {
                            let refusal = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                            stream.write_all(refusal.as_bytes()).await
                        }
                    };
                });
            }
        });
        Self { address, asked }
    }

    fn url(&self) -> String {
        format!("http://me:hunter2@{}", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn request(head: &str) -> String {
    let first = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1");
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    let who = fields.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"));
    format!("{first} for {}", who.map_or("anybody", |(_, who)| who))
}

async fn lead(mut stream: TcpStream, head: &str, server: SocketAddr) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    if head.starts_with("CONNECT ") {
        stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
    } else {
        server.write_all(head.as_bytes()).await?;
    }
    copy_bidirectional(&mut stream, &mut server).await.map(drop)
}

/// `me:hunter2`, as a proxy is told.
const ME: &str = "Basic bWU6aHVudGVyMg==";

/// What can only be found by way of a proxy: the name leads nowhere.
const HOST: &str = "mirror.invalid";

#[tokio::test]
async fn an_https_address_is_reached_through_a_tunnel_of_the_proxy() {
    let authority = Authority::named("Ours");
    let server = Server::over_tls(authority.server(HOST), File::of(archive()).served()).await;
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let proxy = Proxy::to(Ok(server.address)).await;
        let program =
            Program::fetching(&format!("https://{HOST}/istioctl.tar.gz")).with(variable, proxy.url());
        program.fetch(&format!("--ca-bundle {}", authority.bundle().display())).await.is_done();
        assert_eq!(proxy.asked(), [format!("CONNECT {HOST}:443 for {ME}")], "{variable}");
    }
}

#[tokio::test]
async fn an_http_address_is_asked_of_the_proxy() {
    let server = Server::playing(File::of(archive()).served()).await;
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let (proxy, url) = (Proxy::to(Ok(server.address)).await, format!("http://{HOST}/istioctl.tar.gz"));
        Program::fetching(&url).with(variable, proxy.url()).fetch("").await.is_done();
        assert_eq!(proxy.asked(), [format!("GET {url} for {ME}")], "{variable}");
    }
}

#[tokio::test]
async fn what_no_proxy_names_is_asked_directly() {
    let server = Server::playing(File::of(archive()).served()).await;
    let table = [
        ("127.0.0.1", "127.0.0.1", false),
        ("127.0.0.1", "example.com, 127.0.0.1", false),
        ("127.0.0.1", "127.0.0.0/8", false),
        ("127.0.0.1", "10.0.0.0/8", true),
        ("127.0.0.1", "", true),
        ("localhost", "localhost", false),
        ("localhost", "*", false),
        ("localhost", "host", true),
    ];
    for (host, excepted, through_the_proxy) in table {
        let proxy = Proxy::to(Ok(server.address)).await;
        let program = Program::fetching(&format!("http://{host}:{}/istioctl.tar.gz", server.address.port()));
        program.with("HTTP_PROXY", proxy.url()).with("NO_PROXY", excepted).fetch("").await.is_done();
        assert_eq!(proxy.asked().len(), usize::from(through_the_proxy), "{host}, NO_PROXY={excepted}");
    }
}

#[tokio::test]
async fn a_proxy_that_wants_a_password_is_not_asked_again() {
    let table = [
        ("http", "answers 407 Proxy Authentication Required"),
        ("https", "cannot be reached: the proxy wants a user and a password"),
    ];
    for (scheme, words) in table {
        let proxy = Proxy::to(Err("407 Proxy Authentication Required")).await;
        let url = format!("{scheme}://{HOST}/istioctl.tar.gz");
        let said = Program::fetching(&url).with("ALL_PROXY", proxy.url()).fetch("").await;
        let hint = "name them in the proxy's address: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT";
        assert_eq!(said.error(), format!("error: {url} {words}\nhint: {hint}\n"));
        assert!(!format!("{said:?}").contains("hunter2"), "{said:?}");
        assert_eq!(proxy.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_proxy_that_does_not_lead_to_a_host_may_lead_to_another() {
    let (server, proxy) =
        tokio::join!(Server::playing(File::of(archive()).served()), Proxy::to(Err("403 Forbidden")));
    let program =
        Program::fetching(&format!("https://{HOST}/istioctl.tar.gz")).with("HTTPS_PROXY", proxy.url());
    let said = program.fetch(&format!("--mirror http://{}", server.address)).await;
    said.is_done();
    let warning = said.out.lines().find(|line| line.contains("warning"));
    let warning = warning.and_then(|line| line.split_once("] ")).map(|(_, warning)| warning.to_owned());
    assert_snapshot!(warning.unwrap(), @"warning: https://mirror.invalid/istioctl.tar.gz cannot be reached: the proxy does not lead there; asking the next source");
}
