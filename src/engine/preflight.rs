use tokio_util::sync::CancellationToken;

use super::run::Course;
use super::{EngineError, Parts, look, prepare, rights, settle};
use crate::cluster::{ApiError, Cluster, Target};
use crate::event::{Announcer, Step};
use crate::finding::{Code, Finding};
use crate::image::Logins;
use crate::istio::release::{Release, Supply};
use crate::lint;
use crate::object::Object;
use crate::plan::{Layer, Plan};
use crate::profile::{Istio, Profile};
use crate::readiness;
use crate::rights::Missing;

/// What is to be looked at before it is installed.
#[derive(Debug)]
pub struct Preflight<'a> {
    pub profile: &'a Profile,
    /// None where none is to be asked, or none answers.
    pub cluster: Option<(&'a Cluster, &'a Target)>,
    pub supply: &'a Supply,
    /// Who the pods are to registries.
    pub logins: &'a Logins,
}

/// A plan that is not carried out.
#[derive(Debug)]
pub struct Rehearsed {
    plan: Plan,
    /// What it took to fit the layers into one plan.
    findings: Vec<Finding>,
    /// What an installation would end with: the plan is without what they stand for.
    pub failures: Vec<(Code, EngineError)>,
    /// Whether Istio was to come and could not be rendered.
    is_without_istio: bool,
}

impl Rehearsed {
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

impl Preflight<'_> {
    /// Does what an installation does before it meets the cluster: fetches, renders, puts the layers in order.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`] alone: everything else is part of what is found.
    pub async fn rehearse(
        &self,
        parts: Parts,
        announcer: &Announcer,
        stop: &CancellationToken,
    ) -> Result<Rehearsed, EngineError> {
        let course = Course { announcer, stop };
        let release = parts.fetching.arrived(course).await;
        let rendered = course.step(Step::Render, async {
            let istio = match (&self.profile.istio, release) {
                (_, Err(error)) => Err(error),
                (Some(istio), Ok(Some(release))) => {
                    course.stoppable(self.istio_layers(istio, &release)).await
                }
                (_, Ok(_)) => Ok(Vec::new()),
            };
            if let Err(EngineError::Interrupted) = istio {
                return Err(EngineError::Interrupted);
            }
            let rehearsed = self.fitted(istio, parts.layers, announcer);
            announcer.say(settle::planned(&rehearsed.plan));
            Ok(rehearsed)
        });
        rendered.await
    }

    /// Looks at the plan, and at the cluster where there is one, and says what is wrong. Nothing is changed.
    pub async fn examine(&self, rehearsed: &Rehearsed) -> Vec<Finding> {
        let mut live = None;
        if let Some((cluster, _)) = self.cluster {
            let live = live.insert(look::look(cluster, &rehearsed.plan, look::Rules::OfCluster).await);
            if rehearsed.is_without_istio {
                live.assume_istio();
            }
        }
        let istio = self.profile.istio.as_ref().map(|istio| istio.version.as_str());
        let mut findings = lint::preflight(&rehearsed.plan, live.as_ref(), istio);
        if rehearsed.is_without_istio {
            findings.retain(|finding| !lint::is_for_want_of_istio(finding));
        }
        findings.extend(rehearsed.findings.iter().cloned());
        findings.extend(self.missing(rehearsed).await.map_or_else(unasked, |missing| missing.findings()));
        findings
    }

    /// What the user may not do, of all that an installation would do; nothing where no cluster is asked.
    pub async fn missing(&self, rehearsed: &Rehearsed) -> Result<Missing, ApiError> {
        match self.cluster {
            Some((cluster, _)) => {
                rights::missing(cluster, &rehearsed.plan, true, self.profile.is_verified()).await
            }
            None => Ok(Missing::default()),
        }
    }

    async fn istio_layers(&self, istio: &Istio, release: &Release) -> Result<Vec<Layer>, EngineError> {
        match self.cluster {
            Some((cluster, target)) => {
                prepare::istio_layers(istio, release, self.supply, cluster, target).await
            }
            None => prepare::istio_layers_for_no_cluster(istio, release, self.supply).await,
        }
    }

    /// All layers in one plan.
    fn fitted(
        &self,
        istio: Result<Vec<Layer>, EngineError>,
        layers: Vec<Layer>,
        announcer: &Announcer,
    ) -> Rehearsed {
        let is_without_istio = istio.is_err();
        let mut failures = Vec::new();
        let istio = istio.unwrap_or_else(|error| {
            failures.push((Code::NoIstio, error));
            Vec::new()
        });
        let (mut plan, shared) = Plan::of(istio.into_iter().chain(layers).collect());
        let homeless = plan.remove_homeless(|object| self.is_namespaced(object));
        match settle::place_images(announcer, &mut plan, &self.profile.images) {
            Ok(images) => plan.add_pull_secrets(&images, self.logins),
            Err(error) => failures.push((Code::Images, error)),
        }
        let mut findings: Vec<Finding> = shared.iter().map(lint::shared).collect();
        findings.extend(homeless.iter().map(lint::homeless));
        Rehearsed { plan, findings, failures, is_without_istio }
    }

    /// As the cluster knows it; without one, only of what certainly is.
    fn is_namespaced(&self, object: &Object) -> Option<bool> {
        match self.cluster {
            Some((cluster, _)) => cluster.is_namespaced(object.api_version(), object.kind()),
            None => is_certainly_namespaced(object).then_some(true),
        }
    }
}

fn unasked(error: ApiError) -> Vec<Finding> {
    let hint = "an installation asks again, and begins nothing before it knows";
    vec![Finding::warning(Code::Unread, format!("what the user may do could not be asked: {error}"), hint)]
}

/// Whether the kind is one that every cluster has in namespaces, or one of Istio's.
fn is_certainly_namespaced(object: &Object) -> bool {
    let is_of_core = || {
        let kinds = [
            "ConfigMap",
            "LimitRange",
            "PersistentVolumeClaim",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ];
        object.group().is_empty() && kinds.contains(&object.kind())
    };
    let is_istios = || object.group().ends_with(".istio.io");
    readiness::is_workload(object) || is_of_core() || is_istios()
}
