//! Containers that wait, crash, or run without becoming ready.

use serde_json::Value;

use super::image::{grace_of_pull, is_back_off, pull_error};
use crate::object::Object;
use crate::readiness::conditions::text;
use crate::readiness::container::Container;
use crate::readiness::evidence::Evidence;
use crate::readiness::reason::{Cause, MINUTES, Reason};

/// What is wrong with one container of a pod that is not ready.
pub(super) fn reason(pod: &Object, container: &Container<'_>, evidence: &Evidence<'_>) -> Option<Reason> {
    if container.is_well() {
        return None;
    }
    let reason = match container.state("waiting") {
        Some(waiting) => waits(pod, container, waiting, evidence),
        None => crashed(pod, container, evidence).or_else(|| unhealthy(pod, container, evidence)),
    };
    reason.map(|reason| reason.of_container(container.name))
}

fn waits(
    pod: &Object,
    container: &Container<'_>,
    waiting: &Value,
    evidence: &Evidence<'_>,
) -> Option<Reason> {
    let message = text(waiting, "message");
    let told =
        |cause, what: &str| Reason::new(cause, format!("{}: {}: {what}", pod.name(), container.label()));
    match text(waiting, "reason") {
        "InvalidImageName" => Some(told(
            Cause::InvalidImageName,
            &format!("{} is no image name: {}", container.image(), pull_error(message, container.image())),
        )),
        "ErrImageNeverPull" => Some(told(Cause::ImageNeverPull, &never_pulled(container))),
        "ErrImagePull"
        | "ImagePullBackOff"
        | "ImageInspectError"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => Some(not_pulled(pod, container, message, evidence)),
        "CreateContainerConfigError" => {
            Some(not_configured(told(missing(message).unwrap_or(Cause::InvalidContainerConfig), message)))
        }
        "CreateContainerError" | "RunContainerError" | "PostStartHookError" | "PreCreateHookError" => {
            let reason = told(Cause::CannotStart, &format!("cannot start: {message}"));
            Some(reason.of_crash(container.restarts(), false))
        }
        "CrashLoopBackOff" => crashed(pod, container, evidence),
        // ContainerCreating, PodInitializing: on its way.
        _ => None,
    }
}

/// Beside what is missing or contradicts itself, a kubelet reports its own caches here, which are filled soon.
fn not_configured(reason: Reason) -> Reason {
    match reason.text.contains("failed to sync") {
        true => reason.suspected_for(MINUTES),
        false => reason,
    }
}

fn never_pulled(container: &Container<'_>) -> String {
    format!("the node does not have {}, and its pull policy is Never", container.image())
}

fn not_pulled(pod: &Object, container: &Container<'_>, message: &str, evidence: &Evidence<'_>) -> Reason {
    let image = container.image();
    let told = evidence.about(pod).find(|event| {
        event.reason == "Failed"
            && event.message.starts_with("Failed to pull image")
            && event.fits_container(container.name)
    });
    let error = match told {
        Some(event) if is_back_off(message) => event.message,
        _ => message,
    };
    let error = pull_error(error, image);
    let text = format!("{}: {}: cannot pull {image}: {error}", pod.name(), container.label());
    let reason = Reason::new(Cause::ErrImagePull, text);
    match grace_of_pull(error) {
        Some(grace) => reason.suspected_for(grace),
        None => reason,
    }
}

/// A container that has ended though it should not: it waits for its restart, or runs again.
fn crashed(pod: &Object, container: &Container<'_>, evidence: &Evidence<'_>) -> Option<Reason> {
    let ended = container.terminated().or_else(|| container.ended_before())?;
    let cause = match text(ended, "reason") {
        "OOMKilled" => Cause::OomKilled,
        "StartError" | "ContainerCannotRun" => Cause::CannotStart,
        _ => Cause::CrashLoop,
    };
    let restarts = container.restarts();
    let how = match killed_by_probe(pod, container, evidence).filter(|_| cause == Cause::CrashLoop) {
        Some(probe) => format!("killed, because its {probe}"),
        None => container.end(ended),
    };
    let again = match restarts {
        ..=0 => String::new(),
        1 => " (1 restart)".into(),
        _ => format!(" ({restarts} restarts)"),
    };
    let text = format!("{}: {}{again}: {how}", pod.name(), container.label());
    Some(Reason::new(cause, text).of_crash(restarts, container.is_running()))
}

/// The kubelet kills a container whose liveness or startup probe fails: then its exit code tells nothing.
fn killed_by_probe(pod: &Object, container: &Container<'_>, evidence: &Evidence<'_>) -> Option<String> {
    let mut events = evidence.about(pod).filter(|event| event.fits_container(container.name));
    let killed =
        |reason: &str, message: &str| reason == "Killing" && message.contains("probe, will be restarted");
    if !events.any(|event| killed(event.reason, event.message)) {
        return None;
    }
    let probes = evidence.about(pod).filter(|event| event.fits_container(container.name));
    let told = probes.filter(|event| event.reason == "Unhealthy").find_map(|event| {
        let kills = event.message.starts_with("Liveness") || event.message.starts_with("Startup");
        kills.then(|| lower_first(event.message))
    });
    told.or_else(|| Some("liveness or startup probe failed".into()))
}

fn unhealthy(pod: &Object, container: &Container<'_>, evidence: &Evidence<'_>) -> Option<Reason> {
    let cause = if container.is_sidecar() { Cause::SidecarNotReady } else { Cause::ProbeFailing };
    let mut events = evidence.about(pod).filter(|event| event.reason == "Unhealthy");
    let event = events.find(|event| event.fits_container(container.name))?;
    let text = format!("{}: {}: {}", pod.name(), container.label(), lower_first(event.message));
    Some(Reason::new(cause, text))
}

/// `secret "x" not found`, `couldn't find key k in ConfigMap ns/x`: what a pod refers to and nobody made.
pub(super) fn missing(message: &str) -> Option<Cause> {
    let lower = message.to_lowercase();
    let is_missing =
        lower.contains("not found") || lower.contains("non-existent") || lower.contains("couldn't find key");
    match (is_missing, lower.contains("configmap"), lower.contains("secret")) {
        (true, true, _) => Some(Cause::MissingConfigMap),
        (true, false, true) => Some(Cause::MissingSecret),
        _ => None,
    }
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
