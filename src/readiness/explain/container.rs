//! Containers that wait, crash, or run without becoming ready.

use serde_json::Value;

use super::image::{code_of_pull, is_back_off, pull_error};
use super::missing;
use super::words::lower_first;
use crate::finding::Code;
use crate::image::Reference;
use crate::object::Object;
use crate::readiness::conditions::text;
use crate::readiness::container::Container;
use crate::readiness::evidence::Evidence;
use crate::readiness::patience::MINUTES;
use crate::readiness::trouble::Trouble;

/// What is wrong with one container of a pod that is not ready.
pub(super) fn reason(pod: &Object, container: &Container<'_>, evidence: &Evidence<'_>) -> Option<Trouble> {
    if container.is_well() {
        return None;
    }
    let trouble = match container.state("waiting") {
        Some(waiting) => waits(pod, container, waiting, evidence),
        None => crashed(pod, container, evidence).or_else(|| unhealthy(pod, container, evidence)),
    };
    trouble.map(|trouble| trouble.of_container(container.name))
}

fn waits(
    pod: &Object,
    container: &Container<'_>,
    waiting: &Value,
    evidence: &Evidence<'_>,
) -> Option<Trouble> {
    let message = text(waiting, "message");
    let told =
        |code, what: &str| Trouble::new(code, format!("{}: {}: {what}", pod.name(), container.label()));
    match text(waiting, "reason") {
        "InvalidImageName" => Some(told(
            Code::ImageName,
            &format!("{} is no image name: {}", container.image(), pull_error(message, container.image())),
        )),
        "ErrImageNeverPull" => Some(told(Code::ImageNeverPulled, &never_pulled(container))),
        "ErrImagePull"
        | "ImagePullBackOff"
        | "ImageInspectError"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => Some(not_pulled(pod, container, message, evidence)),
        "CreateContainerConfigError" => {
            let who = format!("{}: {}", pod.name(), container.label());
            let missing = missing::reason(pod, &who, message);
            Some(missing.unwrap_or_else(|| not_configured(told(Code::ContainerConfig, message))))
        }
        "CreateContainerError" | "RunContainerError" | "PostStartHookError" | "PreCreateHookError" => {
            let trouble = told(Code::CannotStart, &format!("cannot start: {message}"));
            Some(trouble.of_crash(container.restarts(), false))
        }
        "CrashLoopBackOff" => crashed(pod, container, evidence),
        // ContainerCreating, PodInitializing: on its way.
        _ => None,
    }
}

/// Beside what is missing or contradicts itself, a kubelet reports its own caches here, which are filled soon.
fn not_configured(trouble: Trouble) -> Trouble {
    match trouble.finding.seen.contains("failed to sync") {
        true => trouble.suspected_for(MINUTES),
        false => trouble,
    }
}

fn never_pulled(container: &Container<'_>) -> String {
    format!("the node does not have {}, and its pull policy is Never", container.image())
}

fn not_pulled(pod: &Object, container: &Container<'_>, message: &str, evidence: &Evidence<'_>) -> Trouble {
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
    let code = code_of_pull(error);
    let trouble = Trouble::new(code, text);
    match (code, image.parse::<Reference>()) {
        (Code::RegistryUnreachable | Code::RegistryLimit, Ok(image)) => trouble.shared_by(image.host()),
        _ => trouble,
    }
}

/// A container that has ended though it should not: it waits for its restart, or runs again.
fn crashed(pod: &Object, container: &Container<'_>, evidence: &Evidence<'_>) -> Option<Trouble> {
    let ended = container.terminated().or_else(|| container.ended_before())?;
    let code = match text(ended, "reason") {
        "OOMKilled" => Code::OutOfMemory,
        "StartError" | "ContainerCannotRun" => Code::CannotStart,
        _ => Code::CrashLoop,
    };
    let restarts = container.restarts();
    let hook = evidence
        .about(pod)
        .find(|event| event.reason == "FailedPostStartHook" && event.fits_container(container.name));
    if let Some(event) = hook.filter(|_| code == Code::CrashLoop) {
        // It is killed for that, and its own exit code tells nothing.
        let text = format!("{}: {}: cannot start: {}", pod.name(), container.label(), event.message);
        return Some(Trouble::new(Code::CannotStart, text).of_crash(restarts, container.is_running()));
    }
    let how = match killed_by_probe(pod, container, evidence).filter(|_| code == Code::CrashLoop) {
        Some(probe) => format!("killed, because its {probe}"),
        None => container.end(ended),
    };
    let again = match restarts {
        ..=0 => String::new(),
        1 => " (1 restart)".into(),
        _ => format!(" ({restarts} restarts)"),
    };
    let text = format!("{}: {}{again}: {how}", pod.name(), container.label());
    Some(Trouble::new(code, text).of_crash(restarts, container.is_running()))
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

fn unhealthy(pod: &Object, container: &Container<'_>, evidence: &Evidence<'_>) -> Option<Trouble> {
    let code = if container.is_sidecar() { Code::SidecarNotReady } else { Code::ProbeFailing };
    let mut events = evidence.about(pod).filter(|event| event.reason == "Unhealthy");
    let event = events.find(|event| event.fits_container(container.name))?;
    let text = format!("{}: {}: {}", pod.name(), container.label(), lower_first(event.message));
    Some(Trouble::new(code, text))
}
