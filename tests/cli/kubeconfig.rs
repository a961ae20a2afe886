//! Why there is no cluster to talk to.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use insta::assert_snapshot;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::home::{Home, closed};

#[test]
fn no_kubeconfig_is_told_with_where_it_was_looked_for() {
    let home = Home::new();
    assert_snapshot!(home.run("demo"), @"
    stderr: error: there is no kubeconfig file
    stderr: hint: looked at HOME/.kube/config; name one with --kubeconfig, or start a cluster
    exit code 3
    ");
    assert_snapshot!(home.run("demo --kubeconfig nowhere"), @"
    stderr: error: there is no kubeconfig file
    stderr: hint: looked at nowhere; name one with --kubeconfig, or start a cluster
    exit code 3
    ");
    let listed = home.command("demo").env("KUBECONFIG", "one:two").output().unwrap();
    assert_snapshot!(home.told(&listed), @"
    stderr: error: there is no kubeconfig file
    stderr: hint: looked at one, two; name one with --kubeconfig, or start a cluster
    exit code 3
    ");
}

const TWO_CONTEXTS: &str = "
contexts:
- {name: laptop, context: {cluster: it}}
- {name: staging, context: {cluster: it}}
- {name: broken, context: {cluster: gone}}
clusters: [{name: it, cluster: {server: 'https://127.0.0.1:1'}}]
";

#[test]
fn a_context_that_is_not_there() {
    let home = Home::new();
    home.write(".kube/config", TWO_CONTEXTS);
    assert_snapshot!(home.run("demo"), @"
    stderr: error: the kubeconfig has no current context, and none was asked for
    stderr: hint: there are laptop, staging, broken; choose with --context
    exit code 3
    ");
    assert_snapshot!(home.run("demo --context stagign"), @"
    stderr: error: the kubeconfig has no context `stagign`
    stderr: hint: did you mean `staging`?
    exit code 3
    ");
    assert_snapshot!(home.run("demo --context xyzzy"), @"
    stderr: error: the kubeconfig has no context `xyzzy`
    stderr: hint: there are laptop, staging, broken; choose with --context
    exit code 3
    ");
    assert_snapshot!(home.run("demo --context broken"), @"
    stderr: error: the context `broken` is for the cluster `gone`, which the kubeconfig does not have
    stderr: hint: write the context anew with the tool that made it, or choose another with --context
    exit code 3
    ");
}

#[test]
fn a_port_where_nothing_listens() {
    let home = Home::new();
    let address = closed();
    home.knows(&format!("https://{address}"));
    assert_snapshot!(home.run("demo").with(&address, "ADDRESS"), @"
    [time] demo on test (https://ADDRESS)
    demo on test failed after [time]: nothing was changed
    stderr: error: nothing listens at https://ADDRESS
    stderr: hint: is the cluster running, and is this its context? `kubectl config current-context` tells
    exit code 3
    ");
}

#[test]
fn a_server_that_never_answers_is_not_waited_for_long() {
    let home = Home::new();
    // It is connected to by the kernel, and nobody accepts.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    home.knows(&format!("https://{address}"));
    let begun = Instant::now();
    let told = home.run("demo").with(&address, "ADDRESS");
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_snapshot!(told, @"
    [time] demo on test (https://ADDRESS)
    demo on test failed after [time]: nothing was changed
    stderr: error: https://ADDRESS did not answer within 10 s
    stderr: hint: is the cluster running, and is this its context? `kubectl config current-context` tells
    exit code 3
    ");
}

#[tokio::test]
async fn credentials_that_are_not_accepted() {
    let status = json!({"kind": "Status", "code": 401, "message": "Unauthorized"});
    assert_snapshot!(answering(ResponseTemplate::new(401).set_body_json(status)).await, @"
    [time] demo on test (SERVER)
    demo on test failed after [time]: nothing was changed
    stderr: error: SERVER does not accept the credentials of the context `test`: Unauthorized
    stderr: hint: log in again with the tool that made this context
    exit code 3
    ");
}

#[tokio::test]
async fn something_that_is_no_api_server() {
    let page = ResponseTemplate::new(200).set_body_string("<html>Welcome to nginx!</html>");
    assert_snapshot!(answering(page).await, @"
    [time] demo on test (SERVER)
    demo on test failed after [time]: nothing was changed
    stderr: error: SERVER does not tell its version: /version: the API server's answer cannot be read: expected value at line 1 column 1
    stderr: hint: is this the address of a Kubernetes API server? a proxy may have answered in its place
    exit code 3
    ");
}

#[test]
fn a_certificate_that_nobody_has_vouched_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = std::thread::spawn(move || shake_hands(&listener));
    let home = Home::new();
    home.knows(&format!("https://{address}"));
    assert_snapshot!(home.run("demo").with(&address, "ADDRESS"), @"
    [time] demo on test (https://ADDRESS)
    demo on test failed after [time]: nothing was changed
    stderr: error: the certificate of https://ADDRESS is not trusted: invalid peer certificate: UnknownIssuer
    stderr: hint: the cluster may have been made anew since this context was written, or something stands between; write the context anew with the tool that made it
    exit code 3
    ");
    serving.join().unwrap();
}

/// Shows a certificate to the first who connects.
fn shake_hands(listener: &TcpListener) {
    let decoded = |text: &str| BASE64_STANDARD.decode(text).unwrap();
    let certificate = CertificateDer::from(decoded(CERTIFICATE));
    let key = PrivatePkcs8KeyDer::from(decoded(KEY)).into();
    let config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    // It ends when the other side has seen what it does not trust.
    while connection.complete_io(&mut stream).is_ok_and(|(read, written)| read + written > 0) {}
}

/// For 127.0.0.1, signed by its own key, good until 2126.
const CERTIFICATE: &str = "\
    MIIBjTCCATOgAwIBAgIUOZ4ynnUb0xQvaIP9OFd3onfvrkYwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJMTI3LjAuMC4xMCAX\
    DTI2MTEyNTA0NDYyN1oYDzIxMjYxMTAxMDQ0NjI3WjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO\
    PQMBBwNCAATCFi5fZtwUKOkesDMEcq/Hl7GGZn5Ru3Ksa2I1q8yFVDS9TQGEfk6dgi1jB/J4+MVVQEQzZRqCQQImmuLRPl9H\
    o2EwXzAdBgNVHQ4EFgQU58qZZoZKRP73tYNn8ynIxN7FCwQwHwYDVR0jBBgwFoAU58qZZoZKRP73tYNn8ynIxN7FCwQwDwYD\
    VR0RBAgwBocEfwAAATAMBgNVHRMBAf8EAjAAMAoGCCqGSM49BAMCA0gAMEUCIHrXoqBp3DI0ficnn3QIZj0vCweQ4SWLX40P\
    xc5mpKu+AiEA+1SRqTuVs9s8Jy3O0GALYNv1UgMLSas0lOQdKa95ww4=";

/// Guards nothing.
const KEY: &str = "\
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwIibz1aiessR6kqhIKRuKnLfnynY0LvECGUiOKOtVAqhRANC\
    AATCFi5fZtwUKOkesDMEcq/Hl7GGZn5Ru3Ksa2I1q8yFVDS9TQGEfk6dgi1jB/J4+MVVQEQzZRqCQQImmuLRPl9H";

/// What is told of a server that always answers this.
async fn answering(answer: ResponseTemplate) -> String {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let home = Home::new();
    home.knows(&server.uri());
    home.run("demo").with(&server.uri(), "SERVER").to_string()
}
