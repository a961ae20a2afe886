//! A context whose user has an OIDC provider: a token whose time is over is exchanged for another.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::home::Home;
use crate::tls::Authority;

/// A token that is good until then, by the seconds of Unix.
fn token(until: u64) -> String {
    let part = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.signature", part(json!({"alg": "none"})), part(json!({"exp": until})))
}

/// A provider that gives this token to whoever brings the refresh token; its address.
fn provider(config: Arc<ServerConfig>, gives: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let token_endpoint = format!("{address}/token");
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            let mut asked = [0; 4096];
            let mut length = stream.read(&mut asked).unwrap_or(0);
            // The body of a form may come by itself.
            if asked.starts_with(b"POST") && !asked[..length].windows(8).any(|part| part == b"refresh_") {
                length += stream.read(&mut asked[length..]).unwrap_or(0);
            }
            let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
            let answer = match asked.split(' ').nth(1) {
                Some("/.well-known/openid-configuration") => json!({"token_endpoint": token_endpoint}),
                Some("/token") if asked.contains("refresh_token=once-more") => json!({"id_token": gives}),
                _ => json!({}),
            }
            .to_string();
            let length = answer.len();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(format!("{head}{answer}").as_bytes()).and_then(|()| stream.flush());
        }
    });
    address
}

#[tokio::test]
async fn a_token_whose_time_is_over_is_exchanged_for_another() {
    let server = MockServer::start().await;
    let denied = json!({"kind": "Status", "code": 401, "message": "Unauthorized"});
    Mock::given(any()).respond_with(ResponseTemplate::new(401).set_body_json(denied)).mount(&server).await;
    let authority = Authority::named("of the provider");
    let fresh = token(4_102_444_800);
    let issuer = provider(authority.server("127.0.0.1"), fresh.clone());

    let home = Home::new();
    let config = json!({"idp-issuer-url": issuer, "client-id": "me", "client-secret": "mine",
        "refresh-token": "once-more", "id-token": token(1)});
    let kubeconfig = json!({"current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "it", "user": "me"}}],
        "clusters": [{"name": "it", "cluster": {"server": server.uri()}}],
        "users": [{"name": "me", "user": {"auth-provider": {"name": "oidc", "config": config}}}]});
    home.write(".kube/config", &kubeconfig.to_string());
    let told = home.told(&home.command("status").env("SSL_CERT_FILE", authority.bundle()).output().unwrap());
    assert_eq!(told.code, Some(3), "{told}");

    let asked = server.received_requests().await.unwrap();
    let sent: Vec<&str> = asked.iter().map(|it| it.headers["authorization"].to_str().unwrap()).collect();
    assert_eq!(sent, [format!("Bearer {fresh}")], "{told}");
}
