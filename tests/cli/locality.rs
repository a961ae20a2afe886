//! A cluster that others may use is named, and asked about.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use insta::assert_snapshot;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::home::Home;

/// An API server at the end of a tunnel: on loopback, with nodes in a cloud. It can be asked where it
/// is, and for nothing else.
pub(crate) async fn far_cluster() -> MockServer {
    cluster_of(
        json!({"metadata": {"name": "ip-10-0-0-1"}, "spec": {"providerID": "aws:///eu-west-1a/i-0abc"}}),
    )
    .await
}

/// An API server that knows its version and its one node.
pub(crate) async fn cluster_of(node: Value) -> MockServer {
    let server = MockServer::start().await;
    let nodes = json!({"name": "nodes", "singularName": "node", "namespaced": false, "kind": "Node",
        "verbs": ["get", "list"]});
    let answers = [
        ("/version", json!({"major": "1", "minor": "33", "gitVersion": "v1.33.4"})),
        ("/api", json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})),
        ("/apis", json!({"kind": "APIGroupList", "groups": []})),
        ("/api/v1", json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": [nodes]})),
        ("/api/v1/nodes", json!({"kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": [node]})),
    ];
    for (at, answer) in answers {
        Mock::given(path(at))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .mount(&server)
            .await;
    }
    server
}

/// That nothing but these questions has reached the server.
async fn assert_untouched(server: &MockServer) {
    let asked = server.received_requests().await.unwrap();
    assert!(asked.iter().all(|request| request.method == "GET"), "{asked:#?}");
}

#[tokio::test]
async fn without_a_terminal_it_needs_a_flag() {
    let server = far_cluster().await;
    let home = Home::new();
    home.knows(&server.uri());
    let told = home.run("demo").with(&server.uri(), "SERVER");
    assert_untouched(&server).await;
    assert_snapshot!(told, @"
    [time] demo on test (SERVER)
    demo on test failed after [time]: nothing was changed
    stderr: error: this needs to be confirmed: context `test` leads to SERVER, and its nodes are of `aws`
    stderr: hint: give --yes if this is the cluster that you mean
    exit code 3
    ");
}

#[tokio::test]
async fn a_program_is_told_in_the_terminal_event() {
    let server = far_cluster().await;
    let home = Home::new();
    home.knows(&server.uri());
    let told = home.run("demo --output json");
    let events = told.events();
    let terminal = |event: &&Value| event["event"] == "finished";
    assert_eq!(events.iter().filter(terminal).count(), 1);
    let last = events.last().unwrap();
    assert_eq!((&last["exit_code"], told.code), (&3.into(), Some(3)));
    assert!(last["hint"].as_str().unwrap().contains("--yes"), "{last}");
}

#[tokio::test]
async fn a_person_is_asked_and_may_say_no() {
    let server = far_cluster().await;
    let home = Home::new();
    home.knows(&server.uri());
    for answer in ["n\n", "\n"] {
        let (code, screen) = on_terminal(&home, "demo", answer);
        assert_eq!(code, Some(3));
        assert_untouched(&server).await;
        let screen = screen.replace(&server.uri(), "SERVER").replace("\r\n", "\n");
        let question = "The context `test` leads to SERVER, and its nodes are of `aws`.\n\
                        Install `demo` there? [y/N] ";
        assert!(screen.starts_with(question), "{screen}");
        assert!(screen.contains("not confirmed: context `test` leads to SERVER"), "{screen}");
    }
}

/// Runs the program on a terminal, answers its question, and returns its exit code and what was shown.
fn on_terminal(home: &Home, arguments: &str, answer: &str) -> (Option<i32>, String) {
    let (controller, user) = terminal();
    let mut command = home.command(arguments);
    command.env("TERM", "xterm").env("NO_COLOR", "1");
    command.stdin(user.try_clone().unwrap()).stdout(user.try_clone().unwrap()).stderr(user);
    let mut child = command.spawn().unwrap();
    // Our copies of the user's end are closed with it: the read ends when the child does.
    drop(command);
    let mut terminal = File::from(controller);
    let (mut shown, mut buffer, mut answered) = (Vec::new(), [0; 4096], false);
    // On Linux, a terminal whose user has gone answers EIO.
    while let Ok(length @ 1..) = terminal.read(&mut buffer) {
        shown.extend_from_slice(&buffer[..length]);
        if !answered && shown.ends_with(b"[y/N] ") {
            terminal.write_all(answer.as_bytes()).unwrap();
            answered = true;
        }
    }
    (child.wait().unwrap().code(), String::from_utf8(shown).unwrap())
}

fn terminal() -> (OwnedFd, OwnedFd) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let user =
        rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    (controller, user)
}
