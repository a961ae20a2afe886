use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::EngineError;
use super::install::under_lease;
use super::members::{installed, members};
use super::removal::{Discard, Removal};
use super::rights;
use super::run::{Run, Tally};
use crate::cluster::{Cascade, Cluster, Mode};
use crate::event::{Announcer, Event, PlannedLayer, Step};
use crate::object::{GroupKind, Named, Object};
use crate::plan::{ApplySet, Plan, home, is_trust_of_istio};
use crate::readiness;
use crate::rights::{Missing, to_find, to_remove};

/// How long the removal of a layer may take.
const LIMIT: Duration = Duration::from_secs(300);

/// What is to be removed.
#[derive(Debug)]
pub struct Uninstall<'a> {
    pub cluster: &'a Cluster,
    /// The layers, the last applied first.
    pub sets: Vec<ApplySet>,
    pub discard: Discard,
    /// For every layer, in the place of five minutes.
    pub timeout: Option<Duration>,
    /// Who runs this, for the Lease.
    pub holder: String,
}

/// Removes layers, the last applied first, and waits until each is gone. What stays is still recorded; once nothing is,
/// the installer's own namespace goes too.
///
/// Once `stop` is cancelled it ends at the next safe point: what is left is still recorded, and the same command goes on.
pub async fn uninstall(
    uninstall: Uninstall<'_>,
    announcer: &Announcer,
    stop: &CancellationToken,
    tally: &Tally,
) -> Result<(), EngineError> {
    permitted(&uninstall, announcer).await?;
    let plan = Plan::default();
    let run = Run { cluster: uninstall.cluster, plan: &plan, profile: "", announcer, stop, tally };
    under_lease(&run, &uninstall.holder, async |run| layers(run, &uninstall).await).await?;
    if installed(run.cluster).await?.is_empty() {
        own_namespace(&run, &uninstall).await?;
    }
    Ok(())
}

/// Nothing is begun where the user may not do all of it. What holds something, and stays for that, counts: only the look
/// at it tells.
async fn permitted(uninstall: &Uninstall<'_>, announcer: &Announcer) -> Result<(), EngineError> {
    let cluster = uninstall.cluster;
    let served = |kind: &GroupKind| cluster.resource_of_kind(kind);
    let asking = || EngineError::api("asking what may be done");
    let everywhere = rights::everywhere(cluster).await.map_err(asking())?;
    let ask = async |rights| {
        let denied = rights::denied(cluster, &everywhere, rights).await.map_err(asking())?;
        let missing = Missing { rights: denied, ..Missing::default() };
        if missing.is_empty() {
            return Ok(());
        }
        let findings = missing.findings_of_removal();
        findings.iter().cloned().for_each(|finding| announcer.say(Event::Found(finding)));
        Err(EngineError::Rights(findings))
    };
    ask(to_find(&uninstall.sets, &served)).await?;
    let mut going = Vec::new();
    for set in &uninstall.sets {
        going.extend(members_of(cluster, set).await?);
    }
    // Definitions stay where nobody has asked for them to go.
    going.retain(|object| object.kind() != "CustomResourceDefinition" || uninstall.discard.takes(object));
    ask(to_remove(&going, &served)).await
}

async fn members_of(cluster: &Cluster, set: &ApplySet) -> Result<Vec<Object>, EngineError> {
    members(cluster, set).await.map_err(EngineError::api("looking what a layer consists of"))
}

async fn layers(run: &Run<'_>, uninstall: &Uninstall<'_>) -> Result<(), EngineError> {
    let mut all = Vec::new();
    for set in &uninstall.sets {
        all.push((set, members_of(run.cluster, set).await?));
    }
    let planned = all.iter().map(|(set, members)| planned(set, members)).collect();
    run.say(Event::Planned { layers: planned });
    for (set, members) in all {
        run.step(Step::Removal(set.layer.clone()), layer(run, uninstall, set, members)).await?;
    }
    Ok(())
}

fn planned(set: &ApplySet, members: &[Object]) -> PlannedLayer {
    let workloads = members.iter().filter(|object| readiness::is_workload(object)).count();
    PlannedLayer { name: set.layer.clone(), objects: members.len(), workloads }
}

async fn layer(
    run: &Run<'_>,
    uninstall: &Uninstall<'_>,
    set: &ApplySet,
    members: Vec<Object>,
) -> Result<(), EngineError> {
    let discard = &uninstall.discard;
    let deadline = Instant::now() + uninstall.timeout.unwrap_or(LIMIT);
    let removal = Removal { run, layer: &set.layer, discard, spares_definitions: true, deadline };
    let has_istiod =
        members.iter().any(|object| object.is("apps", "Deployment") && object.name() == "istiod");
    let kept = removal.all(members).await?;
    if has_istiod && discard.all {
        removal.all(left_by_istiod(run).await?).await?;
    }
    if kept.is_empty() {
        let parent = set.parent()?;
        let forget = async || run.cluster.delete(&parent, Cascade::Background).await;
        return run.patiently("removing the record of a layer", forget).await.map(drop);
    }
    let parent = set.clone().with(&kept).parent()?;
    let record = async || run.cluster.apply(&parent, Mode::Persist).await;
    run.patiently("recording what is left of a layer", record).await.map(drop)
}

/// What istiod has put into every namespace, where no istiod is left that would do so again.
async fn left_by_istiod(run: &Run<'_>) -> Result<Vec<Object>, EngineError> {
    let asked = async {
        if !run.cluster.list_metadata("apps/v1", "Deployment", None, Some("app=istiod")).await?.is_empty() {
            return Ok(Vec::new());
        }
        run.cluster.list_metadata("v1", "ConfigMap", None, Some("istio.io/config=true")).await
    };
    let mut left = asked.await.map_err(EngineError::api("looking for what istiod has left"))?;
    left.retain(is_trust_of_istio);
    Ok(left)
}

async fn own_namespace(run: &Run<'_>, uninstall: &Uninstall<'_>) -> Result<(), EngineError> {
    let deadline = Instant::now() + uninstall.timeout.unwrap_or(LIMIT);
    let live =
        run.cluster.get(&home()?).await.map_err(EngineError::api("looking for the installer's namespace"))?;
    // The Lease is all that is in it.
    let discard = Discard { all: false, named: vec![Named::of(&home()?)] };
    let removal = Removal { run, layer: "", discard: &discard, spares_definitions: true, deadline };
    removal.all(live.into_iter().collect()).await.map(drop)
}
