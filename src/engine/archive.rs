use std::collections::BTreeMap;

use futures::StreamExt;
use serde_json::Value;

use super::istiod;
use super::survey::Survey;
use super::within;
use crate::cluster::Cluster;
use crate::object::{Object, redacted, redacted_text, yaml};
use crate::readiness::{self, Status};

/// How much of each log is kept.
const LINES: i64 = 1000;

/// How many requests are on their way at once.
const CONCURRENT: usize = 8;

/// What istiod knows, by its own debug addresses: the proxies that are in step with it, and its version.
const ISTIOD: [(&str, &str); 2] = [("syncz.json", "/debug/syncz"), ("version.txt", "/version")];

const README: &str = concat!(
    "What `kubestock-install diagnose` (",
    env!("CARGO_PKG_VERSION"),
    ") saw.\n\n\
    findings.txt  what is wrong, as it was told\n\
    events.jsonl  the same for programs (docs/events.md)\n\
    objects/      what was read, by namespace and kind; _cluster for what has no namespace\n\
    logs/         of the pods that are not ready, and of istiod\n\
    istiod/       what istiod says of its proxies\n\n\
    The values of Secrets and ConfigMaps, of variables whose names say that they are secret, tokens, keys and\n\
    passwords in texts are replaced by (redacted). Have a look all the same before you give it away.\n"
);

/// The files of an archive for someone who was not there: what the survey has read and found, the logs of what is
/// not ready, and istiod's state; redacted. What cannot be read is left out and told in `unread.txt`.
pub async fn archive(cluster: &Cluster, survey: &Survey) -> BTreeMap<String, String> {
    let mut files = BTreeMap::from([
        ("README".to_owned(), README.to_owned()),
        ("findings.txt".to_owned(), findings(survey)),
        ("events.jsonl".to_owned(), events(survey)),
    ]);
    files.extend(objects(survey));
    let mut unread = survey.unread.clone();
    let asked =
        questions(survey).into_iter().map(async |question| (question.path(), question.ask(cluster).await));
    let mut answers = futures::stream::iter(asked).buffer_unordered(CONCURRENT);
    while let Some((path, answer)) = answers.next().await {
        match answer {
            Ok(text) if text.is_empty() => {}
            Ok(text) => _ = files.insert(path, redacted_text(&text).into_owned()),
            Err(why) => unread.push(format!("{path}: {why}")),
        }
    }
    if !unread.is_empty() {
        unread.sort();
        files.insert("unread.txt".to_owned(), unread.join("\n") + "\n");
    }
    files
}

fn findings(survey: &Survey) -> String {
    let lines = survey.findings.iter();
    let lines = lines.map(|finding| format!("{}: {finding}\n    hint: {}\n", finding.label(), finding.hint));
    redacted_text(&lines.collect::<String>()).into_owned()
}

fn events(survey: &Survey) -> String {
    let lines = survey.events.iter().filter_map(|event| serde_json::to_string(event).ok());
    lines.map(|line| redacted_text(&line).into_owned() + "\n").collect()
}

fn objects(survey: &Survey) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for object in survey.objects.iter() {
        let folder = object.namespace().unwrap_or("_cluster");
        let path = format!("objects/{folder}/{}.yaml", object.id().group_kind);
        let file = files.entry(path).or_default();
        file.push_str("---\n");
        file.push_str(&yaml::to_string(&redacted(object).to_value()));
    }
    files
}

/// Something to ask of a container.
enum Question<'a> {
    Log { pod: &'a Object, container: &'a str, previous: bool },
    Istiod { pod: &'a Object, file: &'static str, address: &'static str },
}

fn questions(survey: &Survey) -> Vec<Question<'_>> {
    let mut questions = Vec::new();
    for pod in survey.objects.of_kind("", "Pod") {
        let is_istiod = istiod::is_istiod(pod);
        let is_of_interest = readiness::status(pod).status != Status::Current;
        if is_istiod || is_of_interest {
            let logs = containers(pod).flat_map(|container| {
                [false, true].map(|previous| Question::Log { pod, container, previous })
            });
            questions.extend(logs);
        }
        if is_istiod {
            questions.extend(ISTIOD.map(|(file, address)| Question::Istiod { pod, file, address }));
        }
    }
    questions
}

fn containers(pod: &Object) -> impl Iterator<Item = &str> {
    let lists = ["/spec/initContainers", "/spec/containers"];
    let all = lists.into_iter().filter_map(|list| pod.pointer(list)?.as_array()).flatten();
    all.filter_map(|container| container.get("name").and_then(Value::as_str))
}

impl Question<'_> {
    fn path(&self) -> String {
        let folder = |pod: &Object| format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name());
        match self {
            Self::Log { pod, container, previous } => {
                let which = if *previous { ".previous" } else { "" };
                format!("logs/{}/{container}{which}.log", folder(pod))
            }
            Self::Istiod { pod, file, .. } => format!("istiod/{}/{file}", folder(pod)),
        }
    }

    async fn ask(&self, cluster: &Cluster) -> Result<String, String> {
        let namespace = |pod: &Object| pod.namespace().unwrap_or_default().to_owned();
        match self {
            Self::Log { pod, container, previous } => {
                let log = cluster.log_tail(&namespace(pod), pod.name(), container, *previous, LINES).await;
                match log {
                    Ok(lines) => Ok(lines.iter().map(|line| format!("{line}\n")).collect()),
                    // Most containers have had no run before this one.
                    Err(_) if *previous => Ok(String::new()),
                    Err(error) => Err(error.to_string()),
                }
            }
            Self::Istiod { pod, address, .. } => within::ISTIOD.get(cluster, pod, address).await,
        }
    }
}
