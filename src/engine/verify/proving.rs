use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::probes::{Probes, Probing};
use super::{Verification, calls, dashboards, injection, is_about_calls, proxies};
use crate::engine::run::{Course, Patience};
use crate::engine::{EngineError, istiod};
use crate::event::Event;
use crate::object::{ObjectId, Snapshot};
use crate::profile::Check;
use crate::verify::{self, Call, Connection, Outcome, Promised, Report, Seen};

/// How long what refuses a probe may take to pass.
const REFUSED: Duration = Duration::from_secs(10);

/// A verification on its way, with the probes that it has made: whoever begins it has to [end](Self::end) it.
pub(in crate::engine) struct Proving<'a> {
    verification: Verification<'a>,
    course: Course<'a>,
    /// None as long as they are not made.
    probes: Option<Probes<'a>>,
    /// What was seen as the probes were made, where none was.
    objects: Option<Snapshot>,
    /// What has proven all that calls are to prove.
    called: Option<Called>,
}

/// What came of calling all services.
#[derive(Clone, Default)]
struct Called {
    /// Whether there was a probe to call from, by namespace.
    probes: BTreeMap<String, Result<(), String>>,
    calls: Vec<Call>,
    connections: BTreeMap<ObjectId, Connection>,
}

impl<'a> Proving<'a> {
    pub(in crate::engine) fn of(verification: Verification<'a>, course: Course<'a>) -> Self {
        Self { verification, course, probes: None, objects: None, called: None }
    }

    /// Calls the services while the work goes on, which no call needs the end of. The other checks have to wait for it.
    pub(in crate::engine) async fn beside<T>(
        &mut self,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        if self.verification.probing == Probing::Off || !self.verification.needs_calls() {
            return work.await;
        }
        self.make_probes().await?;
        tokio::select! {
            worked = work => worked,
            never = self.call_ahead() => match never {},
        }
    }

    /// What the checks come to, each announced.
    pub(in crate::engine) async fn reports(&mut self) -> Result<Vec<Report>, EngineError> {
        let course = self.course;
        let reports = async {
            self.make_probes().await?;
            course.stoppable(self.settled(|_| true)).await
        };
        let reports = reports.await;
        // However it ends, and by a signal too, the probes go.
        self.end().await;
        let (reports, _) = reports?;
        reports.iter().for_each(|report| course.announcer.say(Event::from(report)));
        Ok(reports)
    }

    /// Removes the probes, where there are any still.
    pub(in crate::engine) async fn end(&mut self) {
        if let Some(probes) = &mut self.probes {
            probes.remove().await;
        }
    }

    /// May be dropped wherever it is: what is not proven by then is asked again.
    async fn call_ahead(&mut self) -> std::convert::Infallible {
        if let Ok((reports, called)) = self.settled(is_about_calls).await
            && is_proven(&reports, is_about_calls)
        {
            self.called = Some(called);
            self.end().await;
        }
        std::future::pending().await
    }

    /// Looks until the checks that count are proven, or the time is over.
    async fn settled(
        &mut self,
        counts: impl Fn(Check) -> bool,
    ) -> Result<(Vec<Report>, Called), EngineError> {
        if let (None, Some(probes)) = (&self.called, &mut self.probes) {
            probes.ready().await;
        }
        let mut patience = Patience::until(Instant::now() + self.verification.settling);
        loop {
            let (reports, called) = self.once().await?;
            match patience.next(None) {
                Some(wait) if !is_proven(&reports, &counts) => tokio::time::sleep(wait).await,
                _ => break Ok((reports, called)),
            }
        }
    }

    async fn once(&mut self) -> Result<(Vec<Report>, Called), EngineError> {
        let verification = &self.verification;
        let objects = match self.objects.take() {
            Some(objects) => objects,
            None => verification.look().await?,
        };
        let (cluster, promised) = (verification.cluster, verification.promised(&objects));
        let (proxies, injection, called, routes, dashboards) = tokio::join!(
            istiod::proxies(cluster, &objects),
            injection::in_each(cluster, &promised.namespaces),
            self.called(&promised, &objects),
            verification.if_wanted(Check::Routing, proxies::routes(cluster, &promised, &objects)),
            verification.if_wanted(Check::Dashboards, dashboards::all(cluster, &promised, &objects)),
        );
        let (injection, called) = (injection?, called?);
        let Called { probes, calls, connections } = called.clone();
        let seen = Seen { objects, proxies, injection, probes, calls, connections, routes, dashboards };
        let reports = verification.checks().map(|check| verify::judge(check, &promised, &seen)).collect();
        Ok((reports, called))
    }

    async fn called(&self, promised: &Promised, objects: &Snapshot) -> Result<Called, EngineError> {
        let probes = match (&self.called, &self.probes) {
            (Some(called), _) => return Ok(called.clone()),
            (None, Some(probes)) if self.verification.needs_calls() => probes,
            (None, _) => return Ok(Called::default()),
        };
        let cluster = self.verification.cluster;
        let calls = calls::all(cluster, promised, objects, probes).await;
        let calls = calls.map_err(EngineError::api("calling the services"))?;
        let connections = calls::connections(cluster, promised, probes).await;
        Ok(Called { probes: probes.outcomes(), calls, connections })
    }

    async fn make_probes(&mut self) -> Result<(), EngineError> {
        if self.probes.is_some() {
            return Ok(());
        }
        let verification = &self.verification;
        let probing = if verification.needs_calls() { verification.probing } else { Probing::Off };
        let objects = self.course.stoppable(verification.look()).await?;
        let promised = verification.promised(&objects);
        let made = Probes::make(verification.cluster, &promised, &objects, probing).await;
        let probes = self.probes.insert(made);
        let mut patience = Patience::until(Instant::now() + REFUSED);
        while probes.are_refused_for_now()
            && let Some(wait) = patience.next(None)
        {
            tracing::debug!(?wait, "probes are refused, and asked for again");
            self.course.pause(wait).await?;
            probes.make_again(&objects).await;
        }
        self.objects = (probing == Probing::Off).then_some(objects);
        Ok(())
    }
}

fn is_proven(reports: &[Report], counts: impl Fn(Check) -> bool) -> bool {
    reports.iter().filter(|report| counts(report.check)).all(|report| report.outcome == Outcome::Passed)
}
