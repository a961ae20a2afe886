//! What a user must be allowed to do: told all at once, printed as roles, and no more than is needed.

mod one_less;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cluster::{Cluster, Ended};
use crate::trees::write;

/// A ServiceAccount that may do nothing yet, and a kubeconfig that is it.
pub(crate) struct User {
    name: &'static str,
    pub(crate) token: String,
    folder: tempfile::TempDir,
}

impl User {
    pub(crate) fn new(cluster: &Cluster, name: &'static str) -> Self {
        cluster.kubectl(&["create", "serviceaccount", name, "-n", "default"]).expect(0);
        let token = cluster.kubectl(&["create", "token", name, "-n", "default"]).expect(0).stdout;
        let user = Self { name, token: token.trim().to_owned(), folder: tempfile::tempdir().unwrap() };
        std::fs::copy(cluster.kubeconfig(), user.kubeconfig()).unwrap();
        let path = user.kubeconfig();
        let path = path.to_str().unwrap();
        let token = format!("--token={}", user.token);
        cluster.kubectl(&["config", "set-credentials", name, &token, "--kubeconfig", path]).expect(0);
        let user_is = format!("--user={name}");
        cluster.kubectl(&["config", "set-context", "--current", &user_is, "--kubeconfig", path]).expect(0);
        user
    }

    pub(crate) fn may_do_all(&self, cluster: &Cluster) {
        let account = format!("--serviceaccount=default:{}", self.name);
        let name = format!("{ROLE}-of-{}", self.name);
        let binding = ["create", "clusterrolebinding", &name, "--clusterrole=cluster-admin", &account];
        cluster.kubectl(&binding).expect(0);
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    fn subject(&self) -> String {
        format!("system:serviceaccount:default:{}", self.name)
    }

    fn check(&self, cluster: &Cluster, profile: &Path) -> Ended {
        let kubeconfig = self.kubeconfig();
        let arguments = ["check", profile.to_str().unwrap(), "--kubeconfig", kubeconfig.to_str().unwrap()];
        cluster.installer(&arguments).output().unwrap().into()
    }

    fn install(&self, cluster: &Cluster, profile: &Path) -> Ended {
        cluster.install(profile, &["--kubeconfig", self.kubeconfig().to_str().unwrap()])
    }

    /// All that the program prints for this user, applied by who may.
    fn grant(&self, cluster: &Cluster, profile: &Path) {
        self.grant_what_is_printed(cluster, profile, &["--print-roles", &self.subject()]);
    }

    /// The same for what it prints as missing.
    fn grant_what_is_missing(&self, cluster: &Cluster, profile: &Path) {
        let kubeconfig = self.kubeconfig();
        let arguments = ["--print-missing-roles", "--kubeconfig", kubeconfig.to_str().unwrap()];
        self.grant_what_is_printed(cluster, profile, &arguments);
    }

    fn grant_what_is_printed(&self, cluster: &Cluster, profile: &Path, arguments: &[&str]) {
        let arguments = [&["check", profile.to_str().unwrap()], arguments].concat();
        let printed: Ended = cluster.installer(&arguments).output().unwrap().into();
        let roles = self.folder.path().join("roles.yaml");
        std::fs::write(&roles, printed.expect(0).stdout).unwrap();
        cluster.kubectl(&["apply", "-f", roles.to_str().unwrap()]).expect(0);
    }

    pub(crate) fn gone(self, cluster: &Cluster) {
        cluster.kubectl(&["delete", "serviceaccount", self.name, "-n", "default"]).expect(0);
        for kind in ["clusterrole", "clusterrolebinding"] {
            let all = cluster.kubectl(&["get", kind, "-o", "name"]).expect(0).stdout;
            for name in all.lines().filter(|name| name.contains(ROLE)) {
                cluster.kubectl(&["delete", name]).expect(0);
            }
        }
    }
}

const ROLE: &str = "kubestock-installer";
const SERVICES: &str = "kubestock-staging";

/// Takes rights out of a role: every rule is what `keep` makes of it.
fn weaken(cluster: &Cluster, role: &[&str], keep: impl Fn(Value) -> Option<Value>) {
    let got = cluster.kubectl(&[&["get", "-o", "json"][..], role].concat()).expect(0);
    let mut role: Value = serde_json::from_str(&got.stdout).unwrap();
    let rules = role["rules"].as_array().unwrap().iter().cloned().filter_map(keep).collect();
    role["rules"] = Value::Array(rules);
    role["metadata"] = json!({"name": role["metadata"]["name"], "namespace": role["metadata"]["namespace"]});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("role.json");
    std::fs::write(&file, role.to_string()).unwrap();
    cluster.kubectl(&["apply", "-f", file.to_str().unwrap()]).expect(0);
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn who_may_do_nothing_is_told_everything_at_once_and_nothing_is_begun() {
    let cluster = Cluster::bare("e2e");
    let user = User::new(&cluster, "nobody");
    let before = cluster.kubectl(&["get", "namespaces", "-o", "name"]).expect(0).stdout;
    let ended = user.install(&cluster, &cluster.profile("demo")).expect(3);
    for word in [
        "error[KSI-121]: the user may not",
        "clusterroles.rbac.authorization.k8s.io",
        "error[KSI-121]: Namespace/istio-system: in it, the user may not",
        "error[KSI-121]: Namespace/kubestock-staging: in it, the user may not",
        "deployments.apps",
        "--print-missing-roles",
    ] {
        assert!(ended.stderr.contains(word), "no `{word}` in:\n{}", ended.stderr);
    }
    let after = cluster.kubectl(&["get", "namespaces", "-o", "name"]).expect(0).stdout;
    assert_eq!(before, after);
    user.gone(&cluster);
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn the_roles_that_are_printed_are_enough_and_what_is_taken_from_them_is_named() {
    let cluster = Cluster::bare("e2e");
    let profile = cluster.profile("demo");
    let user = User::new(&cluster, "deployer");
    user.grant(&cluster, &profile);

    // Before anything of Istio is there: a role that is to give more than its maker has.
    weaken(&cluster, &["clusterrole", ROLE], |rule| {
        let is_of_nodes = rule["resources"].as_array().is_some_and(|all| all.contains(&json!("nodes")));
        (!is_of_nodes).then_some(rule)
    });
    let ended = user.install(&cluster, &profile).expect(3);
    assert!(ended.stderr.contains("error[KSI-122]: ClusterRole/istio"), "{}", ended.stderr);
    assert!(ended.stderr.contains("nodes"), "{}", ended.stderr);
    cluster.kubectl(&["get", "deployment", "istiod", "-n", "istio-system"]).expect(1);

    user.grant_what_is_missing(&cluster, &profile);
    user.install(&cluster, &profile).expect(0);
    user.install(&cluster, &profile).expect(0);

    weaken(&cluster, &["role", ROLE, "-n", SERVICES], |mut rule| {
        let resources = rule["resources"].as_array_mut()?;
        resources.retain(|resource| resource != "limitranges");
        (!resources.is_empty()).then_some(rule)
    });
    let ended = user.install(&cluster, &profile).expect(3);
    let expected = format!(
        "error[KSI-121]: Namespace/{SERVICES}: in it, the user may not create, delete, get, list, patch limitranges\n"
    );
    assert!(ended.stderr.contains(&expected), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("KSI-121").count(), 1, "{}", ended.stderr);

    // The weak role stays as it is, and what is granted beside it is enough.
    user.grant_what_is_missing(&cluster, &profile);
    user.install(&cluster, &profile).expect(0);
    user.gone(&cluster);
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn a_layer_in_two_namespaces_is_pruned_with_the_roles_that_are_printed_and_not_removed_without_more() {
    let cluster = Cluster::started("e2e");
    let user = User::new(&cluster, "exact");
    let tree = tempfile::tempdir().unwrap();
    let object = |kind: &str, name: &str, namespace: &str| {
        format!("---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\n")
    };
    let spaces = ["rights-a", "rights-b"]
        .map(|name| format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"));
    let kept =
        spaces.concat() + &object("ConfigMap", "kept", "rights-a") + &object("Secret", "kept", "rights-b");
    write(tree.path(), "base/kustomization.yaml", "resources: [all.yaml]\n");
    write(tree.path(), "base/all.yaml", &(kept.clone() + &object("Secret", "dropped", "rights-b")));
    write(tree.path(), "profile.yaml", "layers: [{name: rights, path: base, timeout: 30s}]\n");
    let (profile, gitops) = (tree.path().join("profile.yaml"), tree.path().to_str().unwrap());
    let kubeconfig = user.kubeconfig();
    let kubeconfig = ["--kubeconfig", kubeconfig.to_str().unwrap()];
    let arguments = [&["--gitops", gitops], &kubeconfig[..]].concat();
    let roles = ["--gitops", gitops, "--print-roles", &user.subject()];
    user.grant_what_is_printed(&cluster, &profile, &roles);

    cluster.install(&profile, &arguments).expect(0);
    write(tree.path(), "base/all.yaml", &kept);
    cluster.install(&profile, &arguments).expect(0);
    cluster.kubectl(&["get", "secret", "dropped", "-n", "rights-b"]).expect(1);

    // The records may be written with these roles, and not taken away.
    let removal = [&["uninstall", "--yes"], &kubeconfig[..]].concat();
    let ended: Ended = cluster.installer(&removal).output().unwrap().into();
    let ended = ended.expect(3);
    let told = "Namespace/kubestock-install: in it, the user may not delete configmaps";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    cluster.kubectl(&["get", "secret", "kept", "-n", "rights-b"]).expect(0);

    cluster.installer(&["uninstall", "--yes"]).output().map(Ended::from).unwrap().expect(0);
    user.gone(&cluster);
}
