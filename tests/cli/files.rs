//! Files that are wrong are told before anything is contacted.

use insta::assert_snapshot;

use crate::home::{Home, closed};

#[test]
fn all_that_is_wrong_in_a_profile_is_told_at_once() {
    let home = Home::new();
    home.knows(&format!("https://{}", closed()));
    home.write(
        "mine.yaml",
        "descripton: All wrong
istio: {version: 1.18.0, profile: production}
layers:
- name: base
  path: base
  timeout: 90
- {name: base, path: overlays/staging}
checks: [sidecar]
",
    );
    assert_snapshot!(home.run("install --profile mine.yaml"), @"
    stderr: error: mine.yaml:1: there is no field `descripton`; did you mean `description`?
    stderr: mine.yaml:2: `istio.profile` is `production`, which is no profile of istioctl's; write `default`, which Istio means for production
    stderr: mine.yaml:6: `layers[0].timeout` is the number 90; a time is written like 90s, 2m or 1h30m: write 90s
    stderr: mine.yaml:7: `layers[1].name` is `base`, and so is `layers[0].name` (mine.yaml:4)
    stderr: mine.yaml:8: `checks[0]` is `sidecar`; it must be one of control-plane, services, sidecars, connectivity, mtls, routing and dashboards; did you mean `sidecars`?
    exit code 2
    ");
}

#[test]
fn a_profile_that_is_no_yaml_or_not_there() {
    let home = Home::new();
    home.write("mine.yaml", "layers: [\n");
    assert_snapshot!(home.run("install --profile mine.yaml"), @"
    stderr: error: mine.yaml:1: unclosed bracket '[' (column 9)
    exit code 2
    ");
    assert_snapshot!(home.run("install --profile ./other.yaml"), @"
    stderr: error: ./other.yaml: cannot be read: No such file or directory (os error 2)
    exit code 2
    ");
}

/// A home with a gitops tree whose base is this, and a cluster that cannot be reached.
fn with_base(kustomization: &str) -> Home {
    let home = Home::new();
    home.knows(&format!("https://{}", closed()));
    home.write("gitops/overlays/staging/kustomization.yaml", "namespace: shop\nresources: [../../base]\n");
    home.write("gitops/base/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n");
    home.write("gitops/base/kustomization.yaml", kustomization);
    home
}

#[test]
fn a_tree_that_is_not_there_or_not_whole() {
    let home = with_base("resources: [config.yaml]\n");
    assert_snapshot!(home.run("demo --gitops gitosp"), @"
    stderr: error: the gitops folder gitosp cannot be read: No such file or directory (os error 2)
    exit code 2
    ");
    assert_snapshot!(home.run("demo --gitops gitops/base/config.yaml"), @"
    stderr: error: the gitops folder gitops/base/config.yaml cannot be read: Not a directory (os error 20)
    exit code 2
    ");
    std::fs::remove_dir_all(home.path("gitops/base")).unwrap();
    assert_snapshot!(home.run("demo --gitops gitops"), @"
    stderr: error: layer `base`: gitops/base: there is no such folder
    stderr: hint: a gitops tree has the folders that the profile's layers name, base and overlays/staging say
    exit code 2
    ");
}

#[test]
fn a_mistake_in_a_kustomization() {
    let home = with_base("resources:\n- config.yaml\nimagse:\n- name: x\n");
    assert_snapshot!(home.run("demo --gitops gitops"), @"
    stderr: error: layer `base`: gitops/base/kustomization.yaml:3: there is no field `imagse`; did you mean `images`?
    exit code 2
    ");
    let home = with_base("resources:\n- confg.yaml\n");
    assert_snapshot!(home.run("demo --gitops gitops"), @"
    stderr: error: layer `base`: gitops/base/kustomization.yaml:2: `confg.yaml` does not exist; did you mean `config.yaml`?
    exit code 2
    ");
}

#[test]
fn a_tree_that_renders_is_followed_by_the_cluster() {
    let told = with_base("resources: [config.yaml]\n").run("demo --gitops gitops");
    assert_eq!(told.code, Some(3), "{told}");
}
