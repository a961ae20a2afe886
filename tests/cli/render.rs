use std::io::{BufRead, BufReader};
use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::Value;
use snapbox::{Data, assert_data_eq};

use crate::home::{Home, repository};

fn gitops(path: &str) -> String {
    repository("gitops").join(path).display().to_string()
}

#[test]
fn the_layers_are_printed_as_kubectl_prints_them() {
    let home = Home::new();
    for (layer, recorded) in [("base", "base.yaml"), ("overlays/staging", "staging.yaml")] {
        let told = home.run(&format!("render {}", gitops(layer)));
        assert_eq!((told.code, told.err.as_str()), (Some(0), ""));
        assert_data_eq!(told.out, Data::read_from(&repository("tests/layers").join(recorded), None).raw());
    }
}

#[test]
fn as_json_they_are_one_list() {
    let home = Home::new();
    let told = home.run(&format!("render --output json {}", gitops("base")));
    let list: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((&list["kind"], &list["apiVersion"]), (&"List".into(), &"v1".into()));
    let documents = home.run(&format!("render {}", gitops("base"))).out;
    assert_eq!(list["items"].as_array().unwrap().len(), documents.split("\n---\n").count());
    assert_eq!(list["items"][0]["kind"], "Namespace");
}

#[test]
fn a_folder_that_does_not_render() {
    let home = Home::new();
    home.write("gitops/base/kustomization.yaml", "resources:\n- a.yaml\n- b.yaml\n");
    home.write("gitops/base/a.yml", "");
    assert_snapshot!(home.run("render gitops/bas"), @"
    stderr: error: gitops/bas: there is no such folder; did you mean `base`?
    exit code 2
    ");
    assert_snapshot!(home.run("render gitops"), @"
    stderr: error: gitops: holds no kustomization file (kustomization.yaml, kustomization.yml, Kustomization)
    exit code 2
    ");
    assert_snapshot!(home.run("render gitops/base"), @"
    stderr: error: gitops/base/kustomization.yaml:2: `a.yaml` does not exist; did you mean `a.yml`?
    exit code 2
    ");
    assert_snapshot!(home.run("render gitops/base/kustomization.yaml"), @"
    stderr: error: gitops/base/kustomization.yaml: is a file; give the folder that its kustomization file is in
    exit code 2
    ");
}

#[test]
fn a_warning_goes_to_stderr() {
    let home = Home::new();
    home.write("it/kustomization.yaml", "commonLabels: {app: x}\nresources: [a.yaml]\n");
    home.write("it/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n");
    assert_snapshot!(home.run("render it"), @"
    apiVersion: v1
    kind: ConfigMap
    metadata:
      labels:
        app: x
      name: c
    stderr: warning: it/kustomization.yaml:1: `commonLabels` is deprecated; `labels` does the same
    exit code 0
    ");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let home = Home::new();
    for arguments in [&format!("render {}", gitops("overlays/staging")), "profiles"] {
        let mut command = home.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        let told = home.told(&ended);
        assert_eq!((told.code, told.err.as_str()), (Some(0), ""), "{arguments}");
    }
}

#[test]
fn a_reader_that_leaves_after_a_line_is_no_error() {
    let home = Home::new();
    let mut command = home.command(&format!("render {}", gitops("overlays/staging")));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "apiVersion: v1\n");
    let told = home.told(&child.wait_with_output().unwrap());
    assert_eq!((told.code, told.err.as_str()), (Some(0), ""));
}
