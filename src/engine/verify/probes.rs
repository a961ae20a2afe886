use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::words;
use crate::cluster::{ApiError, Cascade, Cluster, Scope, Watching};
use crate::object::{Object, Snapshot};
use crate::readiness::{self, Status};
use crate::verify::{self, PROBE, Probe, Promised, Sidecar};

/// How long a probe may take until its sidecar is ready.
const LIMIT: Duration = Duration::from_secs(45);

/// How long the removal of probes is waited for.
const GOING: Duration = Duration::from_secs(10);

/// From where services are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probing {
    /// Nothing is made: what asks for a probe is not asked.
    Off,
    /// One in the mesh and one outside of it, for each namespace.
    One,
    /// One in the mesh for each identity, to call by pairs.
    Pairs,
}

/// The probes of one verification. They are pods: whoever has made them has to remove them.
#[derive(Debug)]
pub(super) struct Probes<'a> {
    cluster: &'a Cluster,
    made: Vec<Made>,
}

#[derive(Debug)]
pub(super) struct Made {
    pub probe: Probe,
    /// What was made, or why nothing was.
    pub pod: Result<Object, Missing>,
}

/// Why there is no pod to call from.
#[derive(Debug, thiserror::Error)]
pub(super) enum Missing {
    #[error("{}", words(.0))]
    Refused(ApiError),
    #[error("{0}")]
    Unfit(String),
}

impl Made {
    /// A quota counts pods for a while that are gone, such as those that a rollout has replaced.
    fn is_refused_for_now(&self) -> bool {
        matches!(&self.pod, Err(Missing::Refused(error)) if error.passes() || error.is_exceeded_quota())
    }
}

impl<'a> Probes<'a> {
    /// Makes them all, and takes away what an earlier run that was killed has left.
    pub(super) async fn make(
        cluster: &'a Cluster,
        promised: &Promised,
        objects: &Snapshot,
        probing: Probing,
    ) -> Self {
        let left = objects.of_kind("", "Pod").filter(|pod| verify::is_probe(pod) && !verify::is_running(pod));
        join_all(left.map(|pod| cluster.delete(pod, Cascade::Background))).await;
        let made = wanted(promised, probing).into_iter().map(async |probe| {
            let pod = make(cluster, &probe, objects).await;
            Made { probe, pod }
        });
        Self { cluster, made: join_all(made).await }
    }

    /// Whether some were refused by what passes.
    pub(super) fn are_refused_for_now(&self) -> bool {
        self.iter().any(Made::is_refused_for_now)
    }

    /// Makes those again that were.
    pub(super) async fn make_again(&mut self, objects: &Snapshot) {
        let refused = self.made.iter_mut().filter(|made| made.is_refused_for_now());
        join_all(refused.map(async |made| made.pod = make(self.cluster, &made.probe, objects).await)).await;
    }

    /// Waits until each is ready, or will not be.
    pub(super) async fn ready(&mut self) {
        let deadline = Instant::now() + LIMIT;
        let mut watching = self.watch();
        for made in &mut self.made {
            if let Ok(pod) = &made.pod
                && let Err(why) = ready(pod, &mut watching, deadline).await
            {
                _ = self.cluster.delete(pod, Cascade::Background).await;
                made.pod = Err(Missing::Unfit(why));
            }
        }
    }

    /// Whether the probes in the mesh got ready, by namespace.
    pub(super) fn outcomes(&self) -> BTreeMap<String, Result<(), String>> {
        let mut outcomes = BTreeMap::new();
        for Made { probe, pod } in self.iter().filter(|made| made.probe.account.is_some()) {
            let outcome = pod.as_ref().map(|_| ()).map_err(ToString::to_string);
            let of_namespace = outcomes.entry(probe.namespace.clone()).or_insert(Ok(()));
            if of_namespace.is_ok() {
                *of_namespace = outcome;
            }
        }
        outcomes
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Made> {
        self.made.iter()
    }

    /// Removes all, and waits until they are gone. What cannot be removed ends by itself.
    pub(super) async fn remove(&mut self) {
        let pods: Vec<&Object> = self.made.iter().filter_map(|made| made.pod.as_ref().ok()).collect();
        if pods.is_empty() {
            return;
        }
        join_all(pods.iter().map(|pod| self.cluster.delete(pod, Cascade::Background))).await;
        let gone = async {
            let mut watching = self.watch();
            if watching.synced().await.is_ok() {
                while pods.iter().any(|pod| watching.snapshot().get(&pod.id()).is_some()) {
                    watching.changed().await;
                }
            }
        };
        let _ends_by_itself = tokio::time::timeout(GOING, gone).await;
        self.made.clear();
    }

    fn watch(&self) -> Watching {
        self.cluster.watch(vec![Scope {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: None,
            selector: Some(format!("{}={}", PROBE.0, PROBE.1)),
            fields: None,
        }])
    }
}

fn wanted(promised: &Promised, probing: Probing) -> Vec<Probe> {
    let of_namespace = |namespace: &String| {
        let accounts = promised.accounts(namespace);
        let inside = match probing {
            Probing::Off => 0,
            Probing::One => 1,
            Probing::Pairs => accounts.len(),
        };
        let callers = accounts.into_iter().take(inside).map(Some);
        let outside = (probing != Probing::Off).then_some(None);
        let probe = |account| Probe { namespace: namespace.clone(), account };
        callers.chain(outside).map(probe).collect::<Vec<_>>()
    };
    promised.namespaces.iter().flat_map(of_namespace).collect()
}

async fn make(cluster: &Cluster, probe: &Probe, objects: &Snapshot) -> Result<Object, Missing> {
    let unfit = |why: &str| Missing::Unfit(why.to_owned());
    let pods = objects.of_kind("", "Pod").filter(|pod| pod.namespace() == Some(&probe.namespace));
    let sidecar = pods.filter(|pod| verify::is_running(pod)).find_map(Sidecar::of);
    let sidecar = sidecar.ok_or_else(|| unfit("no pod with a sidecar runs, whose image it could have"))?;
    let pod = probe.pod(&sidecar).map_err(|error| unfit(&error.to_string()))?;
    let pod = cluster.create(&pod).await.map_err(Missing::Refused)?;
    if probe.account.is_some() && !verify::has_sidecar(&pod) {
        _ = cluster.delete(&pod, Cascade::Background).await;
        return Err(unfit("it got no sidecar"));
    }
    Ok(pod)
}

async fn ready(pod: &Object, watching: &mut Watching, deadline: Instant) -> Result<(), String> {
    loop {
        let snapshot = watching.snapshot();
        let verdict = snapshot.get(&pod.id()).map(readiness::status);
        match verdict.as_ref().map(|verdict| verdict.status) {
            Some(Status::Current) => return Ok(()),
            Some(Status::Failed | Status::Terminating) => break Err(verdict),
            _ => {}
        }
        if timeout_at(deadline, watching.changed()).await.is_err() {
            break Err(verdict);
        }
    }
    .map_err(|verdict: Option<readiness::Verdict>| match verdict {
        Some(verdict) => verdict.message,
        None => "it did not show".to_owned(),
    })
}
