//! How two states of an object differ, line by line, as a person reads them: in YAML, without what only the server
//! keeps and without secrets.

use std::fmt;
use std::ops::Range;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::redact::{redacted_change, redacted_for_diff};
use super::{Object, yaml};

/// How many lines around a change are shown.
const CONTEXT: usize = 3;

/// What the server keeps of every object, and nobody writes.
const OF_SERVER: [&str; 5] = ["creationTimestamp", "generation", "resourceVersion", "selfLink", "uid"];

/// What differs between two states of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    pub hunks: Vec<Hunk>,
}

/// Lines that differ, with a few around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// Its lines in the state before, counted from 0.
    pub before: Range<usize>,
    pub after: Range<usize>,
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub sign: Sign,
    /// Without its newline.
    pub text: String,
}

/// In which of the states a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Both,
    Before,
    After,
}

impl Diff {
    /// From an object as it is to one as it would be. Empty where nothing differs that a person could have written.
    pub fn between(before: &Object, after: &Object) -> Self {
        let (before, after) = redacted_change(before, after);
        Self::of_texts(&text(before), &text(after))
    }

    /// An object that is not there yet: all of it.
    pub fn of_new(object: &Object) -> Self {
        Self::of_texts("", &text(redacted_for_diff(object)))
    }

    fn of_texts(before: &str, after: &str) -> Self {
        let diff = TextDiff::from_lines(before, after);
        let groups = diff.grouped_ops(CONTEXT);
        let hunks = groups.iter().filter_map(|group| {
            let (first, last) = (group.first()?, group.last()?);
            let lines = group.iter().flat_map(|op| diff.iter_changes(op)).map(|change| Line {
                sign: match change.tag() {
                    ChangeTag::Equal => Sign::Both,
                    ChangeTag::Delete => Sign::Before,
                    ChangeTag::Insert => Sign::After,
                },
                text: change.value().trim_end_matches('\n').to_owned(),
            });
            Some(Hunk {
                before: first.old_range().start..last.old_range().end,
                after: first.new_range().start..last.new_range().end,
                lines: lines.collect(),
            })
        });
        Self { hunks: hunks.collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.hunks.is_empty()
    }
}

impl Hunk {
    /// `@@ -3,7 +3,8 @@`
    pub fn header(&self) -> String {
        format!("@@ -{} +{} @@", span(&self.before), span(&self.after))
    }
}

/// As a unified diff counts lines: from 1, but for no line at all.
fn span(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    }
}

impl Line {
    /// As a unified diff begins it.
    pub fn sign(&self) -> char {
        match self.sign {
            Sign::Both => ' ',
            Sign::Before => '-',
            Sign::After => '+',
        }
    }
}

/// A unified diff, without the names of files.
impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for hunk in &self.hunks {
            writeln!(f, "{}", hunk.header())?;
            for line in &hunk.lines {
                writeln!(f, "{}{}", line.sign(), line.text)?;
            }
        }
        Ok(())
    }
}

fn text(mut object: Object) -> String {
    let fields = object.fields_mut();
    fields.remove("status");
    if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
        OF_SERVER.iter().for_each(|field| _ = metadata.remove(*field));
        if metadata.get("annotations").and_then(Value::as_object).is_some_and(|all| all.is_empty()) {
            metadata.remove("annotations");
        }
    }
    yaml::to_string(&object.into_value())
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    fn deployment(replicas: u32, image: &str) -> Object {
        Object::new(json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {
                "name": "web", "namespace": "shop", "uid": image, "generation": replicas, "resourceVersion": image,
                "creationTimestamp": "2026-01-01T00:00:00Z", "managedFields": [{"manager": image}],
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": image},
            },
            "spec": {
                "progressDeadlineSeconds": 600, "replicas": replicas, "revisionHistoryLimit": 10,
                "selector": {"matchLabels": {"app": "web"}},
                "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}, "type": "RollingUpdate"},
                "template": {"metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "web", "image": image}]}},
            },
            "status": {"replicas": replicas},
        }))
        .unwrap()
    }

    fn secret(data: Value) -> Object {
        let metadata = json!({"name": "db", "namespace": "shop"});
        Object::new(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}))
            .unwrap()
    }

    #[test]
    fn each_change_stands_between_a_few_lines_around_it() {
        let diff = Diff::between(&deployment(1, "web:1"), &deployment(2, "web:2"));
        assert_snapshot!(diff, @r#"
        @@ -5,7 +5,7 @@
           namespace: shop
         spec:
           progressDeadlineSeconds: 600
        -  replicas: 1
        +  replicas: 2
           revisionHistoryLimit: 10
           selector:
             matchLabels:
        @@ -21,5 +21,5 @@
                 app: web
             spec:
               containers:
        -      - image: web:1
        +      - image: web:2
                 name: web
        "#);
        assert_eq!(diff.hunks.len(), 2);
    }

    #[test]
    fn what_only_the_server_keeps_is_no_difference() {
        let before = deployment(1, "web:1");
        let server = json!({"metadata": {"uid": "x", "generation": 7, "resourceVersion": "9", "managedFields": [],
            "annotations": null}, "status": {"replicas": 5}});
        let mut after = before.to_value();
        json_patch::merge(&mut after, &server);
        assert!(Diff::between(&before, &Object::new(after).unwrap()).is_empty());
    }

    #[test]
    fn of_what_is_not_there_yet_all_is_added() {
        let object = secret(json!({"password": "aHVudGVyMg=="}));
        assert_snapshot!(Diff::of_new(&object), @r#"
        @@ -0,0 +1,7 @@
        +apiVersion: v1
        +data:
        +  password: (redacted)
        +kind: Secret
        +metadata:
        +  name: db
        +  namespace: shop
        "#);
    }

    #[test]
    fn values_of_secrets_show_that_they_change_and_not_to_what() {
        let before = secret(json!({"old": "YQ==", "password": "aHVudGVyMg==", "user": "c2hvcA=="}));
        let after = secret(json!({"new": "YQ==", "password": "aHVudGVyMw==", "user": "c2hvcA=="}));
        assert_snapshot!(Diff::between(&before, &after), @r#"
        @@ -1,7 +1,7 @@
         apiVersion: v1
         data:
        -  old: (redacted)
        -  password: (redacted)
        +  new: (redacted)
        +  password: (redacted, changed)
           user: (redacted)
         kind: Secret
         metadata:
        "#);
    }

    #[test]
    fn what_a_name_or_a_form_gives_away_is_kept_as_well() {
        let pod = |variables: Value, flag: &str| {
            let container = json!({"name": "web", "args": [flag], "env": variables});
            let metadata = json!({"name": "web", "namespace": "shop"});
            Object::new(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
                "spec": {"containers": [container]}}))
            .unwrap()
        };
        let password = |value: &str| json!({"name": "DB_PASSWORD", "value": value});
        let before = pod(json!([password("hunter2"), {"name": "PORT", "value": "80"}]), "--token=abc");
        let after = pod(json!([{"name": "PORT", "value": "81"}, password("hunter3")]), "--token=abd");
        let diff = Diff::between(&before, &after).to_string();
        assert!(!diff.contains("hunter") && !diff.contains("ab"), "{diff}");
        assert_snapshot!(diff, @r#"
        @@ -6,10 +6,10 @@
         spec:
           containers:
           - args:
        -    - --token=(redacted)
        +    - --token=(redacted) (changed)
             env:
        +    - name: PORT
        +      value: "81"
             - name: DB_PASSWORD
        -      value: (redacted)
        -    - name: PORT
        -      value: "80"
        +      value: (redacted, changed)
             name: web
        "#);
    }
}
