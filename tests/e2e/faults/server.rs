//! What an API server goes through in its life, while an installation is on.

use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{ffi::OsString, fs, thread};

use serde_json::json;

use crate::cluster::Cluster;
use crate::interruption::{await_event, slow_layer, start};

/// The sandbox's API server, as a process of this machine.
struct Server {
    init: String,
    pid: String,
    arguments: Vec<OsString>,
}

impl Server {
    fn of(cluster: &Cluster) -> Self {
        let init = cluster.init().to_string();
        let world = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name());
        let mut processes = processes.filter_map(|name| name.into_string().ok());
        let is_server = |pid: &String| {
            let program = arguments_of(pid).into_iter().next().unwrap_or_default();
            Path::new(&program).ends_with("kube-apiserver") && world(pid) == world(&init)
        };
        let pid = processes.find(is_server).unwrap();
        Self { arguments: arguments_of(&pid), init, pid }
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.pid]).status().unwrap().success());
    }

    /// Starts it anew where it was.
    fn started_again(&self) -> Child {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.init, "--mount", "--net", "--pid", "--uts", "--ipc"]);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }
}

fn arguments_of(pid: &str) -> Vec<OsString> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let arguments = line.split(|byte| *byte == 0).filter(|argument| !argument.is_empty());
    arguments.map(|argument| OsString::from_vec(argument.to_vec())).collect()
}

/// Installs a layer that takes some seconds, does this while it is waited for, and returns the events after it.
fn while_a_layer_is_awaited(
    cluster: &Cluster,
    (namespace, seconds): (&str, usize),
    arguments: &[&str],
    what_happens: impl FnOnce(),
) -> Vec<String> {
    let tree = tempfile::tempdir().unwrap();
    let profile = slow_layer(tree.path(), namespace, seconds);
    let arguments = [&["--gitops", tree.path().to_str().unwrap()], arguments].concat();
    let mut run = start(cluster, &profile, &arguments);
    let rest = await_event(&mut run, &[&format!("Deployment/{namespace}/slow"), "in_progress"]);
    what_happens();
    let rest: Vec<String> = rest.collect();
    let ended = run.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{said}\n{}", rest.join("\n"));
    cluster.kubectl(&["delete", "namespace", namespace, "--wait=false"]).expect(0);
    rest
}

fn is_silence_told(events: &[String]) -> bool {
    events.iter().any(|event| event.contains("\"warned\"") && event.contains("has not answered for 15 s"))
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_server_that_stalls_for_half_a_minute_is_named_and_waited_for() {
    let cluster = Cluster::started("e2e");
    let server = Server::of(&cluster);
    let events = while_a_layer_is_awaited(&cluster, ("stalled", 10), &[], || {
        server.signal("-STOP");
        // As long as the stall is to be.
        thread::sleep(Duration::from_secs(30));
        server.signal("-CONT");
    });
    assert!(is_silence_told(&events), "{}", events.join("\n"));
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_server_that_is_started_anew_is_waited_for() {
    let cluster = Cluster::started("e2e");
    let server = Server::of(&cluster);
    let mut again = None;
    while_a_layer_is_awaited(&cluster, ("restarted", 10), &[], || {
        server.signal("-KILL");
        // It is gone for longer than a Lease is good for.
        thread::sleep(Duration::from_secs(17));
        again = Some(server.started_again());
    });
    cluster.down();
    again.unwrap().wait().unwrap();
}

/// A user with all rights by a credential plugin, whose token has no end that it would say.
struct Plugged<'a> {
    cluster: &'a Cluster,
    folder: tempfile::TempDir,
}

impl<'a> Plugged<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        cluster.kubectl(&["create", "serviceaccount", "plugged", "-n", "default"]).expect(0);
        let binding = ["create", "clusterrolebinding", "plugged", "--clusterrole=cluster-admin"];
        let account = "--serviceaccount=default:plugged";
        cluster.kubectl(&[&binding[..], &[account]].concat()).expect(0);
        Self { cluster, folder: tempfile::tempdir().unwrap() }
    }

    /// Gives him the token of a Secret.
    fn logs_in_with(&self, secret: &str) {
        let annotations = json!({"kubernetes.io/service-account.name": "plugged"});
        self.cluster.apply(
            &json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
            "metadata": {"name": secret, "namespace": "default", "annotations": annotations}}),
        );
        let named = format!("secret/{secret}");
        let filled = ["wait", &named, "-n", "default", "--for=jsonpath={.data.token}", "--timeout=30s"];
        self.cluster.kubectl(&filled).expect(0);
        let token = ["get", "secret", secret, "-n", "default", "-o", "jsonpath={.data.token}"];
        let token = self.cluster.kubectl(&token).expect(0).stdout;
        fs::write(self.folder.path().join("token"), token).unwrap();
    }

    fn kubeconfig(&self) -> PathBuf {
        let script = format!(
            r#"cd '{}'; echo run >>runs; token=$(base64 -d <token)
            echo '{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {{"token": "'"$token"'"}}}}'"#,
            self.folder.path().display()
        );
        let mut config = self.cluster.config();
        config["users"][0]["user"] = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1",
            "interactiveMode": "Never", "command": "sh", "args": ["-c", script]}});
        let path = self.folder.path().join("kubeconfig");
        fs::write(&path, config.to_string()).unwrap();
        path
    }

    fn logins(&self) -> usize {
        fs::read_to_string(self.folder.path().join("runs")).unwrap().lines().count()
    }
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_token_that_is_taken_back_in_the_middle_is_asked_for_anew() {
    let cluster = Cluster::started("e2e");
    let user = Plugged::new(&cluster);
    user.logs_in_with("first");
    let kubeconfig = user.kubeconfig();
    // The server remembers for ten seconds that a token was good.
    let arguments = ["--kubeconfig", kubeconfig.to_str().unwrap()];
    let mut first = 0;
    while_a_layer_is_awaited(&cluster, ("renewed", 25), &arguments, || {
        first = user.logins();
        user.logs_in_with("second");
        cluster.kubectl(&["delete", "secret", "first", "-n", "default"]).expect(0);
    });
    assert_eq!(user.logins(), 2 * first);
    // Its Secret goes with it.
    cluster.kubectl(&["delete", "serviceaccount", "plugged", "-n", "default"]).expect(0);
    cluster.kubectl(&["delete", "clusterrolebinding", "plugged"]).expect(0);
}
