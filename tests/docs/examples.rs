//! The workflows in examples/ci: what they run, and what they take of others.

use std::path::Path;

use serde_json::Value;

use crate::commands::expected;
use crate::home::Home;
use crate::programs::{Way, way};
use crate::release::Release;

fn read(path: &str) -> Value {
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The lines of a script, which is one text or a list of them.
fn lines(script: &Value) -> Vec<String> {
    match script {
        Value::Array(parts) => parts.iter().flat_map(lines).collect(),
        Value::String(text) => text.lines().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// What the jobs of an example run, the command of our own action as the line that it is.
fn commands(example: &Value) -> Vec<String> {
    let jobs = example.get("jobs").unwrap_or(example).as_object().unwrap().values();
    let mut commands = Vec::new();
    for job in jobs.filter(|job| job.is_object()) {
        commands.extend(["before_script", "script"].iter().flat_map(|script| lines(&job[script])));
        for step in job["steps"].as_array().into_iter().flatten() {
            commands.extend(lines(&step["run"]));
            commands.extend(
                lines(&step["with"]["command"]).into_iter().map(|line| format!("kubestock-install {line}")),
            );
        }
    }
    commands
}

const EXAMPLES: [&str; 2] = ["examples/ci/github.yml", "examples/ci/gitlab.yml"];

#[tokio::test]
async fn every_command_of_an_example_is_run() {
    let release = Release::serve("1.20.8").await;
    for example in EXAMPLES {
        let home = Home::new(&release);
        let commands = commands(&read(example));
        assert!(
            commands.iter().filter(|line| line.starts_with("kubestock-install")).count() >= 3,
            "{commands:#?}"
        );
        for line in commands {
            match way(&line) {
                Some(Way::Run | Way::Ours) => {
                    let output = home.run(&line);
                    let said = String::from_utf8_lossy(&output.stderr);
                    assert_eq!(output.status.code(), Some(expected(&line)), "{example}: `{line}`: {said}");
                }
                Some(Way::Elsewhere(file)) => assert!(Path::new(file).exists(), "{example}: {file}"),
                None => panic!("{example}: `{line}`: tests/docs/programs.rs does not say how it is run"),
            }
        }
    }
}

#[test]
fn the_action_is_given_what_it_takes_and_its_own_version() {
    let action = read("action.yml");
    let mut used = 0;
    for job in read(EXAMPLES[0])["jobs"].as_object().unwrap().values() {
        let steps = job["steps"].as_array().unwrap();
        for step in steps.iter().filter(|step| step["uses"] == "OWNER/kubestock-install@v0.1.0") {
            used += 1;
            let given = step["with"].as_object().unwrap();
            assert_eq!(given["version"], "0.1.0");
            let unknown: Vec<_> = given.keys().filter(|name| action["inputs"].get(name).is_none()).collect();
            assert!(unknown.is_empty(), "{unknown:?}");
        }
    }
    assert!(used >= 2, "only {used} steps use the action");
}
