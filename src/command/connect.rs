use super::show::Show;
use crate::cli::TargetArgs;
use crate::cluster::{Cluster, Target, TargetRequest};
use crate::event::{Event, Step};
use crate::failure::Failure;
use crate::settings::SettingsError;

/// Connects for what is to be done with a profile, as a step that ends with what else is asked of the cluster.
pub(super) async fn connect(
    profile: &str,
    target: &Target,
    show: &Show,
    ask: impl AsyncFnOnce(&Cluster) -> Result<(), Failure>,
) -> Result<Cluster, Failure> {
    show.announcer.say(Event::RunStarted {
        profile: profile.to_owned(),
        context: target.context.clone(),
        server: target.server.clone(),
    });
    let connecting = async {
        let cluster = discovered(target).await?;
        ask(&cluster).await?;
        Ok::<_, Failure>(cluster)
    };
    show.step(Step::Connect, connecting).await
}

/// Connects to what the arguments name, only to look.
pub(super) async fn reach(
    what: &str,
    arguments: TargetArgs,
    show: &Show,
) -> Result<(Cluster, Target), Failure> {
    let target = resolved(arguments)?;
    let cluster = connect(what, &target, show, async |_| Ok(())).await?;
    Ok((cluster, target))
}

/// The same without a word, for what prints its result alone.
pub(super) async fn reach_quietly(arguments: TargetArgs) -> Result<(Cluster, Target), Failure> {
    let target = resolved(arguments)?;
    Ok((discovered(&target).await?, target))
}

fn resolved(TargetArgs { kubeconfig, context }: TargetArgs) -> Result<Target, SettingsError> {
    Target::resolve(&TargetRequest { kubeconfig, context }).map_err(SettingsError::Target)
}

async fn discovered(target: &Target) -> Result<Cluster, Failure> {
    let cluster = Cluster::connect(target).await?;
    cluster.discover().await.map_err(Failure::Discovery)?;
    Ok(cluster)
}
