//! The printed roles with one rule less, for each of their rules: what the API server then denies is named.

use std::process::Command;

use serde_json::{Value, json};

use super::{ROLE, User};
use crate::cluster::Cluster;
use crate::dice::{self, Dice};

/// What one rule allows, as the questions of access reviews, each with the word by which it is named.
fn allowed(rule: &Value, namespace: Option<&str>) -> Vec<(Value, String)> {
    let texts = |field: &str| -> Vec<&str> {
        rule[field].as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
    };
    let mut questions = Vec::new();
    for verb in texts("verbs") {
        for url in texts("nonResourceURLs") {
            questions.push((json!({"nonResourceAttributes": {"verb": verb, "path": url}}), url.to_owned()));
        }
        for group in texts("apiGroups") {
            for resource in texts("resources") {
                let (plural, part) = resource.split_once('/').unwrap_or((resource, ""));
                let mut names = texts("resourceNames");
                if names.is_empty() {
                    names.push("");
                }
                for name in names {
                    let asked = json!({"verb": verb, "group": group, "resource": plural, "subresource": part,
                        "name": name, "namespace": namespace.unwrap_or_default()});
                    questions.push((json!({"resourceAttributes": asked}), resource.to_owned()));
                }
            }
        }
    }
    questions
}

impl User {
    /// The word for the first of what a rule allows that this user may not do by any other: the API server says so.
    /// (`kubectl auth can-i` asks for something else where a kind is not served yet.)
    fn denied(&self, cluster: &Cluster, rule: &Value, namespace: Option<&str>) -> Option<String> {
        let is_denied = |question: &Value| {
            let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": question});
            let file = self.folder.path().join("review.json");
            std::fs::write(&file, review.to_string()).unwrap();
            let mut asked = Command::new(cluster.variable("KUBECTL"));
            asked.args(["create", "--output", "jsonpath={.status.allowed}", "--kubeconfig"]);
            asked.arg(self.kubeconfig()).arg("--filename").arg(&file);
            let answer = String::from_utf8(asked.output().unwrap().stdout).unwrap();
            assert!(["true", "false"].contains(&answer.as_str()), "{answer}");
            answer == "false"
        };
        let questions = allowed(rule, namespace);
        questions.into_iter().find(|(question, _)| is_denied(question)).map(|(_, word)| word)
    }
}

/// Takes each rule away in turn, of so many of a hundred.
fn each_is_missed(percent: u64) {
    let cluster = Cluster::bare("e2e");
    let profile = cluster.profile("demo");
    let user = User::new(&cluster, "exact");
    user.grant(&cluster, &profile);
    user.check(&cluster, &profile).expect(0);
    let mut roles = cluster.list(&["roles", "--all-namespaces"]);
    roles.extend(cluster.list(&["clusterroles"]));
    roles.retain(|role| role["metadata"]["name"] == ROLE);
    let mut dice = Dice::new(dice::seeds(1)[0]);
    let (mut missed, mut doubled) = (0, 0);
    for role in roles {
        let namespace = role["metadata"]["namespace"].as_str();
        let identity = json!({"name": ROLE, "namespace": namespace});
        let whole = json!({"apiVersion": role["apiVersion"], "kind": role["kind"], "metadata": identity,
            "rules": role["rules"]});
        for index in 0..role["rules"].as_array().unwrap().len() {
            if !dice.chance(percent) {
                continue;
            }
            let mut less = whole.clone();
            let taken = less["rules"].as_array_mut().unwrap().remove(index);
            cluster.apply(&less);
            let ended = user.check(&cluster, &profile);
            match user.denied(&cluster, &taken, namespace) {
                Some(word) => {
                    assert_eq!(ended.code, Some(3), "without {taken} in {namespace:?}:\n{}", ended.said());
                    assert!(ended.said().contains(&word), "no `{word}` without {taken}:\n{}", ended.said());
                    missed += 1;
                }
                // Another rule allows the same.
                None => {
                    assert_eq!(ended.code, Some(0), "{taken} is doubled:\n{}", ended.said());
                    doubled += 1;
                }
            }
            cluster.apply(&whole);
        }
    }
    println!("{missed} rules were missed, {doubled} are doubled by others");
    assert!(missed > 0);
    user.gone(&cluster);
}

#[test]
#[ignore = "needs the sandbox: make e2e"]
fn with_one_rule_less_it_is_named() {
    each_is_missed(8);
}

mod nightly {
    use super::each_is_missed;

    #[test]
    #[ignore = "needs the sandbox, and five minutes: make nightly"]
    fn each_rule_is_missed_once_it_is_taken_away() {
        each_is_missed(100);
    }
}
