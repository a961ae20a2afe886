use super::super::machine::Machine;
use super::super::scene::Scene;
use crate::finding::Severity;
use crate::image::Reference;

/// A registry that gives nothing to strangers, or only where somebody has opened it.
struct Registry {
    is: fn(&str) -> bool,
    /// Whose nodes have credentials for it by themselves.
    cloud: &'static str,
    /// Whether it is closed to strangers always, or unless it was opened.
    is_closed: bool,
}

const REGISTRIES: [Registry; 3] = [
    // Amazon ECR; its public images are at public.ecr.aws.
    Registry {
        is: |host| host.contains(".dkr.ecr.") && host.contains(".amazonaws.com"),
        cloud: "aws",
        is_closed: true,
    },
    // Azure Container Registry; pulls without credentials have to be enabled.
    Registry { is: |host| host.ends_with(".azurecr.io"), cloud: "azure", is_closed: true },
    // Google's Artifact Registry, where repositories may be public.
    Registry { is: |host| host.ends_with(".pkg.dev"), cloud: "gce", is_closed: false },
];

/// How certain it is that the nodes, which bring no credentials of their own, do not get the image: an error on a
/// cluster of one's own machine, where nothing gives them any. None where nothing speaks for it: at ghcr.io, gcr.io and
/// others both is common.
pub(super) fn refuses_strangers(scene: &Scene<'_>, image: &Reference) -> Option<Severity> {
    let registry = REGISTRIES.iter().find(|registry| (registry.is)(image.host()))?;
    let mut machines = scene.there("", "Node").map(Machine::of).peekable();
    machines.peek()?;
    let (mut is_local, mut is_of_its_cloud) = (true, false);
    for machine in machines {
        is_local &= machine == Machine::Local;
        is_of_its_cloud |= machine == Machine::Of(registry.cloud);
    }
    let severity = if is_local && registry.is_closed { Severity::Error } else { Severity::Warning };
    (!is_of_its_cloud && (is_local || registry.is_closed)).then_some(severity)
}
