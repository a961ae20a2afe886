use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::object::Object;

/// The pods of one object: what it is, makes, or stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pods<'a> {
    pub(super) owner: &'a Object,
    pub(super) namespace: &'a str,
    labels: Option<&'a Map<String, Value>>,
    annotations: Option<&'a Map<String, Value>>,
    /// None for a WorkloadEntry, which stands for a process outside of the cluster.
    pub(super) spec: Option<&'a Value>,
}

impl<'a> Pods<'a> {
    /// None for an object without pods. Every kind counts that has a pod template where Deployments have it:
    /// Rollouts of Argo and CloneSets of OpenKruise make pods as well.
    pub(super) fn of(owner: &'a Object) -> Option<Self> {
        let (metadata, spec) = match (owner.group(), owner.kind()) {
            ("", "Pod") => (owner.pointer("/metadata")?, Some(owner.pointer("/spec")?)),
            ("networking.istio.io", "WorkloadEntry") => (owner.pointer("/spec")?, None),
            ("networking.istio.io", "WorkloadGroup") => (owner.pointer("/spec/metadata")?, None),
            (_, "CustomResourceDefinition") => return None,
            ("batch", "CronJob") => template(owner.pointer("/spec/jobTemplate/spec/template")?)?,
            _ => template(owner.pointer("/spec/template")?)?,
        };
        let namespace = owner.namespace()?;
        let (labels, annotations) = (metadata["labels"].as_object(), metadata["annotations"].as_object());
        Some(Self { owner, namespace, labels, annotations, spec })
    }

    pub(super) fn label(&self, key: &str) -> Option<&'a str> {
        self.labels?.get(key)?.as_str()
    }

    pub(super) fn annotation(&self, key: &str) -> Option<&'a str> {
        self.annotations?.get(key)?.as_str()
    }

    /// Whether the pods have all of these labels.
    pub(super) fn have(&self, labels: &Map<String, Value>) -> bool {
        labels.iter().all(|(key, value)| self.label(key).is_some() && self.label(key) == value.as_str())
    }

    /// Whether a label selector selects the pods; an empty one does.
    pub(super) fn are_selected_by(&self, selector: &Value) -> bool {
        matches(selector, |key| self.label(key))
    }

    /// Whether a pod of the cluster is one of these: by the workload's selector, or by the names that Jobs and
    /// CronJobs give.
    pub(super) fn makes(&self, pod: &Self) -> bool {
        let job = || pod.label("batch.kubernetes.io/job-name").or_else(|| pod.label("job-name"));
        match (self.owner.group(), self.owner.kind()) {
            ("batch", "Job") => job() == Some(self.owner.name()),
            ("batch", "CronJob") => job()
                .and_then(|job| job.strip_prefix(self.owner.name()))
                .is_some_and(|rest| rest.starts_with('-')),
            _ => self.owner.pointer("/spec/selector").is_some_and(|selector| pod.are_selected_by(selector)),
        }
    }

    /// The containers that run beside each other: the ordinary ones, and init containers that stay.
    pub(super) fn running_containers(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.containers_in("containers").chain(self.containers_in("initContainers").filter(|c| stays(c)))
    }

    pub(super) fn containers(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.containers_in("containers").chain(self.containers_in("initContainers"))
    }

    fn containers_in(&self, list: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        self.spec.and_then(|spec| spec[list].as_array()).into_iter().flatten()
    }
}

/// Whether a label selector (`matchLabels`, `matchExpressions`) holds for what has these labels.
pub(super) fn matches<'a>(selector: &Value, label: impl Fn(&str) -> Option<&'a str>) -> bool {
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    let has = |(key, value): (&String, &Value)| label(key).is_some() && label(key) == value.as_str();
    let meets = |expression: &Value| {
        let value = label(expression["key"].as_str().unwrap_or_default());
        let mut listed = expression["values"].as_array().into_iter().flatten();
        match expression["operator"].as_str() {
            Some("In") => value.is_some() && listed.any(|listed| listed.as_str() == value),
            Some("NotIn") => value.is_none() || !listed.any(|listed| listed.as_str() == value),
            Some("Exists") => value.is_some(),
            Some("DoesNotExist") => value.is_none(),
            // Of nodes alone.
            Some("Gt") => compared(value, listed.next()) == Some(Ordering::Greater),
            Some("Lt") => compared(value, listed.next()) == Some(Ordering::Less),
            _ => false,
        }
    };
    labels.into_iter().all(has) && expressions.into_iter().all(meets)
}

/// The numbers that they are; None where one is none.
fn compared(value: Option<&str>, listed: Option<&Value>) -> Option<Ordering> {
    let (value, listed): (i64, i64) = (value?.parse().ok()?, listed?.as_str()?.parse().ok()?);
    Some(value.cmp(&listed))
}

/// The metadata and the spec of a pod template; None for what is called template and has no pods.
fn template(template: &Value) -> Option<(&Value, Option<&Value>)> {
    let spec = &template["spec"];
    spec["containers"].is_array().then_some((&template["metadata"], Some(spec)))
}

/// A native sidecar (KEP-753).
fn stays(container: &Value) -> bool {
    container["restartPolicy"] == "Always"
}
