//! Why there is no cluster to talk to.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
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

/// What is told of a server that always answers this.
async fn answering(answer: ResponseTemplate) -> String {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let home = Home::new();
    home.knows(&server.uri());
    home.run("demo").with(&server.uri(), "SERVER").to_string()
}
