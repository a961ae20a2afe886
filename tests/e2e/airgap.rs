//! An installation from a bundle, by a machine that reaches the cluster and nothing else.

use std::process::Command;

use kubestock_install::image::Reference;
use serde_json::Value;

use super::cluster::{Cluster, Ended};

/// A network of its own whose only way out is a link to the node's API server; gone when this is dropped.
struct Cut {
    name: String,
}

impl Cut {
    /// Addresses that no instance of the sandbox has (tests/sandbox/internal/address).
    const HERE: &str = "198.19.76.2";
    const NODE: &str = "198.19.76.1";

    fn from_all_but(cluster: &Cluster) -> Self {
        let cut = Self { name: format!("kubestock-cut-{}", std::process::id()) };
        let (name, node) = (&cut.name, cluster.init());
        ip(&format!("netns add {name}"));
        // Its other end goes into the node's namespace: the host has no part in it.
        ip(&format!("-n {name} link add cut type veth peer name cut-node netns {node}"));
        ip(&format!("-n {name} address add {}/30 dev cut", Self::HERE));
        ip(&format!("-n {name} link set cut up"));
        for setting in [&format!("address add {}/30 dev cut-node", Self::NODE), "link set cut-node up"] {
            let inside = ["--net", "--target", &node.to_string(), "ip"];
            run(Command::new("nsenter").args(inside).args(setting.split(' ')));
        }
        ip(&format!("-n {name} route add {}/32 via {}", server(cluster), Self::NODE));
        cut
    }

    /// The same command, run behind the cut.
    fn command(&self, command: &Command) -> Command {
        let mut cut = Command::new("ip");
        cut.args(["netns", "exec", &self.name]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => cut.env(name, value),
                None => cut.env_remove(name),
            };
        }
        cut
    }

    fn routes(&self) -> Vec<String> {
        let listed = Command::new("ip").args(["-n", &self.name, "-json", "route"]).output().unwrap();
        let routes: Value = serde_json::from_slice(&listed.stdout).unwrap();
        routes.as_array().unwrap().iter().map(|route| route["dst"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        // The link goes with one of its ends.
        ip(&format!("netns delete {}", self.name));
    }
}

fn ip(arguments: &str) {
    run(Command::new("ip").args(arguments.split(' ')));
}

#[track_caller]
fn run(command: &mut Command) {
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ended.stderr));
}

/// The address of the API server.
fn server(cluster: &Cluster) -> String {
    let config =
        cluster.kubectl(&["config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"]);
    let server = config.expect(0).stdout;
    let server = server.trim_start_matches("https://");
    server.split(':').next().unwrap().to_owned()
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_bundle_installs_where_only_the_cluster_can_be_reached() {
    let cluster = Cluster::bare("e2e");
    let folder = tempfile::tempdir().unwrap();
    let (bundle, cache) = (folder.path().join("demo.bundle"), folder.path().join("cache"));
    let [bundle, cache] = [&bundle, &cache].map(|path| path.to_str().unwrap());
    let profile = cluster.profile("demo");
    let profile = profile.to_str().unwrap();
    Ended::from(cluster.installer(&["bundle", profile, "-o", bundle]).output().unwrap()).expect(0);

    let images = Command::new("tar").args(["xOf", bundle, "images.txt"]).output().unwrap();
    let listed = String::from_utf8(images.stdout).unwrap();

    let cut = Cut::from_all_but(&cluster);
    assert_eq!(cut.routes(), ["198.19.76.0/30", &server(&cluster)]);
    let behind_the_cut = |arguments: &[&str]| -> Ended {
        let command = cluster.installer(&[arguments, &["--cache-dir", cache]].concat());
        cut.command(&command).output().unwrap().into()
    };

    // It is as cut off as it should be: the release cannot be had.
    behind_the_cut(&["fetch", profile]).expect(4);

    behind_the_cut(&["install", "--bundle", bundle, "--yes"]).expect(0);
    let pods = cluster.list(&["pods", "-n", "kubestock-staging"]);
    assert_eq!(pods.len(), 6);
    // Nothing runs that the bundle does not list.
    for pod in &pods {
        for container in pod["spec"]["containers"].as_array().unwrap() {
            let image: Reference = container["image"].as_str().unwrap().parse().unwrap();
            assert!(listed.lines().any(|line| line == image.to_string()), "{image} is not in:\n{listed}");
        }
    }
    let again = behind_the_cut(&["install", "--bundle", bundle, "--yes"]).expect(0);
    assert!(again.said().contains("nothing to change"), "{}", again.said());
}
