//! Pods pull with the logins of a docker configuration, and nobody else sees them.

use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use insta::assert_snapshot;
use serde_json::{Value, json};
use wiremock::MockServer;

use crate::home::{Home, Told};
use crate::plan::cluster;

/// A helper that writes down what it is asked for, and answers with what the home has for it.
const HELPER: &str = r#"#!/bin/sh
echo "$1 $(cat)" >>"$HOME/asked"
cat "$HOME/answer"
[ ! -e "$HOME/fails" ]
"#;

const POD: &str = "---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: private.example/shop/web:1}, {name: api, image: other.example/api:1}]}
";

fn home(server: &MockServer) -> Home {
    let home = Home::new();
    home.knows(&server.uri());
    home.write("mine.yaml", "layers: [{name: shop, path: ./shop}]\n");
    home.write("shop/kustomization.yaml", "namespace: shop\nresources: [pod.yaml]\n");
    home.write("shop/pod.yaml", POD);
    home.write("bin/docker-credential-stand-in", HELPER);
    let helper = home.path("bin/docker-credential-stand-in");
    std::fs::set_permissions(helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    home.write("answer", r#"{"ServerURL": "private.example", "Username": "me", "Secret": "hunter2"}"#);
    let auth = BASE64_STANDARD.encode("robot:hunter3");
    let config = json!({"credHelpers": {"private.example": "stand-in"},
        "auths": {"other.example": {"auth": auth}, "unused.example": {"auth": auth}}});
    home.write("docker.json", &config.to_string());
    home
}

fn run(home: &Home, arguments: &str) -> Told {
    let mut command = home.command(arguments);
    let path = format!("{}:/usr/bin:/bin", home.path("bin").display());
    home.told(&command.env("PATH", path).output().unwrap())
}

fn asked(home: &Home) -> String {
    std::fs::read_to_string(home.path("asked")).unwrap_or_default()
}

/// The Secret and the pod that the server was to rehearse.
async fn rehearsed(server: &MockServer, kind: &str) -> Value {
    let requests = server.received_requests().await.unwrap();
    let bodies = requests.iter().filter_map(|request| serde_json::from_slice::<Value>(&request.body).ok());
    bodies.into_iter().find(|body| body["kind"] == kind).unwrap()
}

#[tokio::test]
async fn the_pods_get_a_secret_with_what_they_need() {
    let server = cluster(json!({})).await;
    let home = home(&server);
    let told = run(&home, "plan mine.yaml --registry-auth docker.json");
    assert_eq!((told.code, asked(&home).as_str()), (Some(0), "get private.example\n"), "{told}");
    let secret = rehearsed(&server, "Secret").await;
    let config = secret["data"][".dockerconfigjson"].as_str().unwrap();
    let config: Value = serde_json::from_slice(&BASE64_STANDARD.decode(config).unwrap()).unwrap();
    let login = |user: &str, password: &str| {
        let auth = BASE64_STANDARD.encode(format!("{user}:{password}"));
        json!({"username": user, "password": password, "auth": auth})
    };
    assert_eq!(
        config,
        json!({"auths": {"private.example": login("me", "hunter2"), "other.example": login("robot", "hunter3")}})
    );
    assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");
    let pod = rehearsed(&server, "Pod").await;
    assert_eq!(pod["spec"]["imagePullSecrets"], json!([{"name": "kubestock-registry-auth"}]));
}

#[tokio::test]
async fn no_login_is_ever_shown() {
    let server = cluster(json!({})).await;
    let home = home(&server);
    let encoded = |text: &str| BASE64_STANDARD.encode(text);
    let secrets =
        ["hunter2".to_owned(), "hunter3".to_owned(), encoded("me:hunter2"), encoded("robot:hunter3")];
    for arguments in [
        "plan mine.yaml -v --registry-auth docker.json",
        "plan mine.yaml -vv --registry-auth docker.json --output json",
        "plan mine.yaml -vvv --registry-auth docker.json",
        "check mine.yaml -vv --registry-auth docker.json --report told.json",
        "status mine.yaml -v --registry-auth docker.json",
    ] {
        let told = run(&home, arguments);
        let report = std::fs::read_to_string(home.path("told.json")).unwrap_or_default();
        let shown = format!("{}{}{report}", told.out, told.err);
        assert!(
            shown.contains("kubestock-registry-auth") || shown.contains("mine on test"),
            "{arguments}: {told}"
        );
        // The Secret's own value is encoded once more.
        let whole =
            rehearsed(&server, "Secret").await["data"][".dockerconfigjson"].as_str().unwrap().to_owned();
        let leaked = secrets.iter().chain([&whole]).find(|secret| shown.contains(*secret));
        assert_eq!(leaked, None, "{arguments}: {told}");
    }
}

#[tokio::test]
async fn what_a_helper_cannot_say_is_told() {
    let server = cluster(json!({})).await;
    let home = home(&server);
    home.write("shop/pod.yaml", &POD.replace("other.example", "private.example"));
    home.write("fails", "");
    assert_snapshot!(run(&home, "plan mine.yaml --registry-auth docker.json"), @"
    stderr: error: docker-credential-stand-in gives no login for private.example: exit status: 1
    stderr: hint: `docker login` anew for this registry; the same command then goes on
    exit code 2
    ");
    home.write("answer", "credentials not found in native keychain\n");
    let told = run(&home, "plan mine.yaml --registry-auth docker.json");
    assert!(told.out.contains("warning: docker.json has no login for private.example"), "{told}");
    std::fs::remove_file(home.path("bin/docker-credential-stand-in")).unwrap();
    assert_snapshot!(run(&home, "plan mine.yaml --registry-auth docker.json"), @"
    stderr: error: docker-credential-stand-in, asked for private.example: cannot be started: No such file or directory (os error 2)
    stderr: hint: the configuration names this credential helper; it must be on the PATH
    exit code 2
    ");
    assert_snapshot!(run(&home, "plan mine.yaml --registry-auth nowhere.json"), @"
    stderr: error: nowhere.json cannot be read: No such file or directory (os error 2)
    exit code 2
    ");
}
