//! In a CI system, the log has the form that its runner reads, and what came of a run is kept in files.

use insta::assert_snapshot;

use crate::home::{Home, Told, closed};

/// A layer that asks for a port that no container has.
fn home() -> Home {
    let home = Home::new();
    home.write("mine.yaml", "layers: [{name: shop, path: ./shop}]\n");
    home.write("shop/kustomization.yaml", "namespace: shop\nresources: [objects.yaml]\n");
    home.write(
        "shop/objects.yaml",
        "apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: htpp}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web, ports: [{name: http, containerPort: 3000}]}]
",
    );
    home
}

fn run(home: &Home, variables: &[(&str, &str)], arguments: &str) -> Told {
    let variables =
        variables.iter().map(|(name, value)| (name, value.replace("HOME", home.path("").to_str().unwrap())));
    home.told(&home.command(arguments).envs(variables).output().unwrap())
}

const GITHUB: [(&str, &str); 4] = [
    ("CI", "true"),
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_WORKSPACE", "HOME"),
    ("GITHUB_STEP_SUMMARY", "HOME/summary.md"),
];

#[test]
fn github_gets_sections_annotations_and_a_summary() {
    let home = home();
    assert_snapshot!(run(&home, &GITHUB, "check mine.yaml --no-cluster"));
    let summary = std::fs::read_to_string(home.path("summary.md")).unwrap();
    let times = regex::Regex::new(r"\d+\.\d s").unwrap();
    assert_snapshot!(times.replace_all(&summary, "[time]"));
}

#[test]
fn a_summary_that_cannot_be_written_is_a_warning() {
    let home = home();
    let variables = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", "HOME/none/summary.md")];
    let told = run(&home, &variables, "check mine.yaml --no-cluster");
    assert_eq!(told.code, Some(3));
    let warning = told.out.lines().find(|line| line.starts_with("::warning title=kubestock-install::"));
    assert!(warning.is_some_and(|line| line.contains("none/summary.md cannot be written")), "{}", told.out);
}

#[test]
fn json_lines_are_the_same_in_a_ci_system() {
    let home = home();
    let told = run(&home, &GITHUB, "check mine.yaml --no-cluster --output json");
    assert_eq!(told.events().last().unwrap()["event"], "finished");
    assert!(!home.path("summary.md").exists());
}

#[test]
fn an_error_before_anything_is_shown_is_annotated_and_reported_too() {
    let home = home();
    let told = run(&home, &GITHUB, "install --profile gone.yaml --report report.json");
    assert_eq!(told.code, Some(2));
    assert!(told.err.starts_with("::error title=kubestock-install::"), "{}", told.err);
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(home.path("report.json")).unwrap()).unwrap();
    assert_eq!((&report["outcome"], &report["exit_code"]), (&"failed".into(), &2.into()));
    assert!(report["error"].as_str().unwrap().contains("gone.yaml"), "{report}");
}

#[test]
fn gitlab_gets_sections_that_it_folds() {
    let home = home();
    let told = run(&home, &[("CI", "true"), ("GITLAB_CI", "true")], "check mine.yaml --no-cluster");
    let is_mark = |word: &str| told.out.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!([is_mark("section_start:"), is_mark("section_end:")], [1, 1], "{}", told.out);
    assert!(told.out.contains("[collapsed=true]\r\u{1b}[0Krender\n"), "{}", told.out);
}

#[test]
fn what_a_check_found_is_kept_in_every_form() {
    let home = home();
    let told = home.run("check mine.yaml --no-cluster --report a.json --report a.xml --report a.html");
    assert_eq!(told.code, Some(3));
    let text = |name: &str| std::fs::read_to_string(home.path(name)).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text("a.json")).unwrap();
    assert_eq!(report["findings"][0]["code"], "KSI-210");
    assert!(text("a.xml").contains("<testcase classname=\"KSI-210\" name=\"Service/shop/web\">"));
    assert!(text("a.html").contains("<th scope=\"row\">KSI-210</th>"));
}

#[test]
fn a_report_in_an_unknown_form_is_refused_before_anything_is_done() {
    let home = home();
    for arguments in ["demo --report report.txt", "check mine.yaml --report report.txt"] {
        let told = home.run(arguments);
        assert_eq!((told.code, told.out.as_str()), (Some(2), ""));
        assert!(
            told.err.contains("'report.txt' for '--report <FILE>': its name is to end in .json"),
            "{}",
            told.err
        );
    }
}

#[test]
fn a_verification_that_reaches_no_cluster_leaves_junit_that_says_so() {
    let home = home();
    home.knows(&format!("https://{}", closed()));
    let told = home.run("verify --junit junit --report report.xml");
    assert_eq!(told.code, Some(3));
    let [junit, report] =
        ["junit", "report.xml"].map(|name| std::fs::read_to_string(home.path(name)).unwrap());
    assert_eq!(junit, report);
    assert!(junit.contains("<testcase classname=\"run\"") && junit.contains("<error message="), "{junit}");
}
