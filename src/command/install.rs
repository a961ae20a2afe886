use std::process::ExitCode;
use std::time::Instant;

use http::StatusCode;

use super::answer::answer;
use super::connect::connect;
use super::holder::holder;
use super::kind::Local;
use super::logins::logins;
use super::show::Show;
use crate::cli::{InstallArgs, LookArgs, PruneArgs, TargetArgs};
use crate::cluster::{ApiError, Cluster, Target, TargetRequest};
use crate::engine::{
    self, Discard, EngineError, Extent, Fetching, Install, Installed, Locality, Parts, Pruning, Tally,
};
use crate::failure::{self, Failure};
use crate::istio::release::Addon;
use crate::plan::Layer;
use crate::settings::{Inputs, Settings};

/// What a mesh that begins PERMISSIVE comes to.
const PERMISSIVE: &str = "the mesh begins PERMISSIVE: plaintext is let in, and the check `mtls` is left out; \
                          `kubestock-install check` tells whom STRICT would cut off";

/// Installs what a profile describes.
pub(super) async fn run(profile: &str, arguments: InstallArgs, look: &LookArgs) -> ExitCode {
    let mut show = Show::new(arguments.output, look).report_to(arguments.report.clone());
    let begun = Instant::now();
    let tally = Tally::default();
    let ended = install(profile, arguments, &mut show, &tally).await;
    show.end(ended, &tally, begun.elapsed()).await
}

async fn install(
    profile: &str,
    arguments: InstallArgs,
    show: &mut Show,
    tally: &Tally,
) -> Result<Vec<String>, Failure> {
    show.leave_timings(arguments.timings.clone())?;
    let inputs = Inputs::resolve(profile, arguments.bundle.as_deref(), arguments.plan)?;
    // Nothing is contacted before the files are known to be right.
    let (layers, warnings) = inputs.render()?;
    let logins =
        logins(arguments.registry.file(), inputs.profile(), &layers, |none| show.warn(&[none])).await?;
    let fetching = Fetching::begin(inputs.profile(), &inputs.supply);
    let TargetArgs { kubeconfig, context } = arguments.target;
    let local = match &arguments.local.kind {
        Some(name) => {
            let planned = (inputs.profile(), layers.as_slice());
            Some(Local::bring_up(name, &arguments.local, planned, kubeconfig.as_deref(), show).await?)
        }
        None => None,
    };
    let target = match &local {
        Some(local) => local.target.clone(),
        None => Target::resolve(&TargetRequest { kubeconfig: kubeconfig.clone(), context })?,
    };
    let settings = Settings {
        inputs,
        logins,
        target,
        kubeconfig,
        timeout: arguments.timeout,
        prune: arguments.prune,
        force: arguments.force_conflicts,
        yes: arguments.yes,
    };
    let profile = &settings.inputs.profile().name;
    let ask = async |cluster: &Cluster| {
        if local.as_ref().is_some_and(|local| local.is_new) {
            return Ok(());
        }
        confirm_elsewhere(&settings, cluster).await?;
        confirm_cut_off(&settings, cluster, &layers).await
    };
    let cluster = connect(profile, &settings.target, show, ask).await?;
    show.warn(&warnings);
    if settings.inputs.profile().is_permissive() {
        show.warn(&[PERMISSIVE]);
    }
    show.begin()?;
    if let Some(local) = &local {
        local.load_images(show).await?;
    }
    let installed = carry_out(&settings, Parts { layers, fetching }, &cluster, show, tally).await?;
    Ok(next_commands(&settings, &installed))
}

/// Asks where the cluster looks like one that others use.
async fn confirm_elsewhere(settings: &Settings, cluster: &Cluster) -> Result<(), Failure> {
    let nodes = match cluster.list("v1", "Node", None, None).await {
        Ok(nodes) => Some(nodes),
        Err(ApiError::Refused { status: StatusCode::FORBIDDEN, .. }) => None,
        Err(error) => return Err(Failure::Discovery(error)),
    };
    match engine::locality(&settings.target.server, nodes.as_deref()) {
        Locality::Elsewhere(why) if !settings.yes => confirm(settings, why).await,
        _ => Ok(()),
    }
}

async fn confirm(settings: &Settings, why: String) -> Result<(), Failure> {
    let unconfirmed = |why, asked| Failure::Unconfirmed {
        context: settings.target.context.clone(),
        server: settings.target.server.clone(),
        why,
        asked,
    };
    let (target, profile) = (&settings.target, &settings.inputs.profile().name);
    let question = format!(
        "The context `{}` leads to {}, and {why}.\nInstall `{profile}` there?",
        target.context, target.server
    );
    match answer(question).await? {
        Some(true) => Ok(()),
        refused => Err(unconfirmed(why, refused.is_some())),
    }
}

/// Asks where a STRICT policy would cut off what runs today.
async fn confirm_cut_off(settings: &Settings, cluster: &Cluster, layers: &[Layer]) -> Result<(), Failure> {
    if settings.yes {
        return Ok(());
    }
    let findings = engine::cut_off(cluster, layers).await;
    if findings.is_empty() {
        return Ok(());
    }
    let question = format!("{}\nGo on? (`--mtls permissive` cuts nobody off)", failure::cut_off(&findings));
    match answer(question).await? {
        Some(true) => Ok(()),
        refused => Err(Failure::CutOff { findings, asked: refused.is_some() }),
    }
}

async fn carry_out(
    settings: &Settings,
    parts: Parts,
    cluster: &Cluster,
    show: &Show,
    tally: &Tally,
) -> Result<Installed, Failure> {
    let install = Install {
        profile: settings.inputs.profile(),
        target: &settings.target,
        cluster,
        supply: &settings.inputs.supply,
        logins: &settings.logins,
        timeout: settings.timeout,
        pruning: pruning(&settings.prune),
        force: settings.force,
        holder: holder(),
    };
    engine::install(install, parts, &show.announcer, &show.stop, tally).await.map_err(|error| match error {
        EngineError::Interrupted => show.interrupted(),
        error => Failure::Engine(Box::new(error)),
    })
}

/// What becomes of what a layer does not have any more.
pub(super) fn pruning(arguments: &PruneArgs) -> Pruning {
    let extent = match arguments {
        PruneArgs { no_prune: true, .. } => Extent::Nothing,
        PruneArgs { prune: true, .. } => Extent::All,
        _ => Extent::Own,
    };
    Pruning { extent, discard: Discard { all: false, named: arguments.discard.clone() } }
}

/// What a person would do next, as commands for this very cluster.
fn next_commands(settings: &Settings, installed: &Installed) -> Vec<String> {
    let kubeconfig = settings.kubeconfig.as_ref();
    let kubeconfig = kubeconfig
        .map(|file| format!(" --kubeconfig {}", quoted(&file.to_string_lossy())))
        .unwrap_or_default();
    let target = format!("{kubeconfig} --context {}", quoted(&settings.target.context));
    let pods =
        installed.namespaces.iter().map(|namespace| format!("kubectl{target} get pods -n {namespace}"));
    let first = |addon: &&Addon| matches!(addon, Addon::Kiali | Addon::Grafana);
    let dashboards =
        installed.addons.iter().filter(first).map(|addon| format!("kubestock-install open {addon}{target}"));
    let strict = settings.inputs.profile().is_permissive().then(|| made_strict(std::env::args()));
    pods.chain(dashboards).chain(strict).collect()
}

/// The same command line for a STRICT mesh.
fn made_strict(mut arguments: impl Iterator<Item = String>) -> String {
    let mut words = Vec::new();
    while let Some(word) = arguments.next() {
        match word.as_str() {
            "--mtls" => _ = arguments.next(),
            word if word.starts_with("--mtls=") => {}
            word => words.push(quoted(word)),
        }
    }
    words.push("--mtls strict".to_owned());
    words.join(" ")
}

/// The word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@=+,%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{made_strict, quoted};

    #[test]
    fn the_command_that_makes_a_mesh_strict_is_the_same_with_another_mode() {
        let table = [
            ("k demo --mtls permissive --yes", "k demo --yes --mtls strict"),
            ("k demo --mtls=permissive", "k demo --mtls strict"),
            ("k install --profile my.yaml", "k install --profile my.yaml --mtls strict"),
        ];
        for (given, expected) in table {
            assert_eq!(made_strict(given.split(' ').map(str::to_owned)), expected);
        }
    }

    #[test]
    fn a_word_that_a_shell_would_break_is_quoted() {
        let table = [
            ("kind-kind", "kind-kind"),
            ("arn:aws:eks:eu-west-1:1:cluster/shop", "arn:aws:eks:eu-west-1:1:cluster/shop"),
            ("my cluster", "'my cluster'"),
            ("it's", r"'it'\''s'"),
        ];
        for (word, expected) in table {
            assert_eq!(quoted(word), expected);
        }
    }
}
