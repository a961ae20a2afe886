//! One container of a pod, as its status and the pod's spec tell of it.

use serde_json::Value;

use super::conditions::{list, text};
use crate::object::Object;

/// A container's status and its part of the spec.
#[derive(Clone, Copy, Debug)]
pub(super) struct Container<'a> {
    pub(super) name: &'a str,
    is_init: bool,
    /// Whether it is started again however it ends: those beside the application too.
    is_to_run: bool,
    status: &'a Value,
    spec: &'a Value,
}

impl<'a> Container<'a> {
    fn new(pod: &'a Object, status: &'a Value, is_init: bool) -> Self {
        let name = text(status, "name");
        let is_to_run = !is_init && pod.text("/spec/restartPolicy").is_none_or(|policy| policy == "Always");
        Self { name, is_init, is_to_run, status, spec: spec_of(pod, name, is_init) }
    }

    pub(super) fn state(&self, state: &str) -> Option<&'a Value> {
        self.status.get("state")?.get(state).filter(|state| state.is_object())
    }

    pub(super) fn ended_before(&self) -> Option<&'a Value> {
        self.status.pointer("/lastState/terminated").filter(|state| state.is_object())
    }

    pub(super) fn terminated(&self) -> Option<&'a Value> {
        self.state("terminated")
    }

    pub(super) fn is_running(&self) -> bool {
        self.state("running").is_some()
    }

    /// Whether there was ever a process of it, which may have logged something.
    pub(super) fn has_begun(&self) -> bool {
        self.is_running() || self.terminated().is_some() || self.ended_before().is_some()
    }

    /// Whether its trouble, and so the log that tells of it, is in the run before this one.
    pub(super) fn has_crashed_before(&self) -> bool {
        self.terminated().is_none() && self.ended_before().is_some()
    }

    /// What is to end, an init container or one of a Job, is well once it has ended with 0; what is to keep running (the
    /// pod's restart policy, or a container's own: KEP-753), when it is ready.
    pub(super) fn is_well(&self) -> bool {
        let ended_well = self.terminated().is_some_and(|ended| exit_code(ended) == 0);
        let may_end = !self.is_to_run && !self.is_sidecar();
        self.status.get("ready") == Some(&Value::Bool(true)) || (ended_well && may_end)
    }

    /// What is injected beside the application, or declared to run beside it.
    pub(super) fn is_sidecar(&self) -> bool {
        self.name == "istio-proxy" || (self.is_init && text(self.spec, "restartPolicy") == "Always")
    }

    pub(super) fn restarts(&self) -> i64 {
        self.status.get("restartCount").and_then(Value::as_i64).unwrap_or(0)
    }

    pub(super) fn image(&self) -> &'a str {
        match text(self.spec, "image") {
            "" => text(self.status, "image"),
            image => image,
        }
    }

    pub(super) fn label(&self) -> String {
        match self.is_init && !self.is_sidecar() {
            true => format!("init container {}", self.name),
            false => format!("container {}", self.name),
        }
    }

    /// `container app exited with 1: no such database`
    pub(super) fn how_it_ended(&self, ended: &Value) -> String {
        format!("{} {}", self.label(), self.end(ended))
    }

    pub(super) fn end(&self, ended: &Value) -> String {
        let message = text(ended, "message");
        match text(ended, "reason") {
            "OOMKilled" => match self.spec.pointer("/resources/limits/memory").and_then(Value::as_str) {
                Some(limit) => format!("used more than its {limit} of memory (OOMKilled)"),
                None => "used more memory than there is (OOMKilled)".into(),
            },
            "StartError" | "ContainerCannotRun" => format!("cannot start: {message}"),
            _ if exit_code(ended) == 0 => "ended with 0, though it is to keep running".into(),
            _ if message.is_empty() => format!("exited with {}", exit_code(ended)),
            _ => format!("exited with {}: {message}", exit_code(ended)),
        }
    }
}

/// A pod's containers that have a status, init containers first, as they start.
pub(super) fn containers(pod: &Object) -> impl Iterator<Item = Container<'_>> {
    let init = list(pod, "/status/initContainerStatuses").map(|status| Container::new(pod, status, true));
    let main = list(pod, "/status/containerStatuses").map(|status| Container::new(pod, status, false));
    init.chain(main)
}

/// The part of a pod's spec that describes a container.
fn spec_of<'a>(pod: &'a Object, name: &str, is_init: bool) -> &'a Value {
    let pointer = if is_init { "/spec/initContainers" } else { "/spec/containers" };
    list(pod, pointer).find(|container| text(container, "name") == name).unwrap_or(&Value::Null)
}

fn exit_code(ended: &Value) -> i64 {
    ended.get("exitCode").and_then(Value::as_i64).unwrap_or(0)
}
