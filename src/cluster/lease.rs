use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch as signal;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::connect::Cluster;
use super::error::{ApiError, Subject};
use super::objects::Place;
use super::request::{Call, JSON};
use crate::object::Object;

const API_VERSION: &str = "coordination.k8s.io/v1";

/// How long a lease is good for after its last renewal.
const DURATION: Duration = Duration::from_secs(15);

const RENEW_EVERY: Duration = Duration::from_secs(5);

/// How long one renewal may take before the next is tried.
const RENEWAL_LIMIT: Duration = Duration::from_secs(4);

/// How long to wait before a lease is asked for again, or a failed renewal is repeated.
const RETRY_EVERY: Duration = Duration::from_millis(500);

/// How often a release is tried while others change the lease.
const RELEASES: usize = 5;

/// A lease that we hold and renew. Dropped without a [release](Lease::release), it ends by itself after 15 s.
pub struct Lease {
    cluster: Cluster,
    place: Arc<Place>,
    holder: String,
    standing: signal::Receiver<Standing>,
    renewing: AbortOnDropHandle<()>,
}

/// What is known of a lease that we have taken.
#[derive(Clone, Copy, Debug)]
enum Standing {
    /// It is ours until then, and longer if it is renewed.
    Until(Instant),
    Lost,
}

/// Why a lease is not surely ours any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lapse {
    /// It could not be renewed in its time. Whether another has it, only the server knows.
    Unanswered,
    /// Another has it, or it is gone.
    Lost,
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Lease");
        shown.field("subject", &self.place.subject).field("holder", &self.holder).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Waits until the lease is ours; `waiting` is told each other holder once.
    ///
    /// A lease is taken from a holder that has not renewed it for as long as it is good for. As in client-go's
    /// leader election that is measured by our own clock, from when we first saw the lease as it is: the times
    /// that are written in it are from another machine's clock.
    ///
    /// `holder` names this run and no other. Dropping the future gives up; what was just then being written
    /// ends by itself after 15 s.
    pub async fn acquire_lease(
        &self,
        namespace: &str,
        name: &str,
        holder: &str,
        mut waiting: impl FnMut(&str),
    ) -> Result<Lease, ApiError> {
        let place = self.place(API_VERSION, "Lease", Some(namespace), name).await?;
        let mut seen: Option<Seen> = None;
        let mut told = String::new();
        loop {
            let asked = Instant::now();
            let current = self.live(&place, JSON).await?;
            if let Some(lease) = &current {
                let seen = Seen::update(&mut seen, lease);
                let other = holder_of(lease);
                if !other.is_empty() && other != holder && !seen.is_expired() {
                    if told != other {
                        waiting(other);
                        told = other.to_owned();
                    }
                    sleep(RETRY_EVERY).await;
                    continue;
                }
            }
            match self.take(&place, current, holder).await {
                Ok(lease) => return Ok(self.hold(place, lease, holder, asked)),
                // Somebody was faster.
                Err(error) if error.is_race() => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Who holds the lease now, by our own clock: for a word about it, and for no decision.
    pub async fn lease_holder(&self, namespace: &str, name: &str) -> Result<Option<String>, ApiError> {
        let lease = self.read(API_VERSION, "Lease", Some(namespace), name).await?;
        let holder = lease.filter(is_recent).map(|lease| holder_of(&lease).to_owned());
        Ok(holder.filter(|holder| !holder.is_empty()))
    }

    /// Writes us into the lease, if it is still as it was read.
    async fn take(&self, place: &Place, current: Option<Object>, holder: &str) -> Result<Object, ApiError> {
        let now = now();
        let Some(mut lease) = current else {
            let lease = json!({
                "apiVersion": API_VERSION,
                "kind": "Lease",
                "metadata": { "name": place.name, "namespace": place.namespace },
                "spec": {
                    "holderIdentity": holder, "leaseDurationSeconds": DURATION.as_secs(),
                    "acquireTime": now, "renewTime": now, "leaseTransitions": 0,
                },
            });
            let call = Call::send(Method::POST, place.collection(&[])?, &lease, &place.subject);
            return self.object(call).await.map(|(_, lease)| lease);
        };
        if holder_of(&lease) != holder {
            let transitions = lease.pointer("/spec/leaseTransitions").and_then(Value::as_u64).unwrap_or(0);
            set(&mut lease, "acquireTime", now.clone());
            set(&mut lease, "leaseTransitions", transitions + 1);
        }
        set(&mut lease, "holderIdentity", holder);
        set(&mut lease, "leaseDurationSeconds", DURATION.as_secs());
        set(&mut lease, "renewTime", now);
        self.replace(place, &lease).await
    }

    async fn replace(&self, place: &Place, lease: &Object) -> Result<Object, ApiError> {
        let call = Call::send(Method::PUT, place.path(&[])?, &lease.to_value(), &place.subject);
        self.object(call).await.map(|(_, lease)| lease)
    }

    fn hold(&self, place: Place, lease: Object, holder: &str, since: Instant) -> Lease {
        let (tell, standing) = signal::channel(Standing::Until(since + DURATION));
        let place = Arc::new(place);
        let renewing = keep_renewing(self.clone(), place.clone(), lease, tell);
        let renewing = AbortOnDropHandle::new(tokio::spawn(renewing));
        Lease { cluster: self.clone(), place, holder: holder.to_owned(), standing, renewing }
    }
}

impl Lease {
    /// Resolves when the lease is not surely ours any more. The work that it guards must stand still then.
    pub async fn lapse(&self) -> Lapse {
        let mut standing = self.standing.clone();
        loop {
            let Standing::Until(end) = *standing.borrow_and_update() else { return Lapse::Lost };
            tokio::select! {
                () = sleep_until(end) => return Lapse::Unanswered,
                // Whoever renews it says so before he ends.
                _ = standing.changed() => {}
            }
        }
    }

    /// Waits until a lease that has lapsed is renewed; whether it was. The server has kept it as it was where nobody else
    /// has taken it, however long that was.
    pub async fn is_regained(&self) -> bool {
        let mut standing = self.standing.clone();
        let is_known = |standing: &Standing| match standing {
            Standing::Until(end) => *end > Instant::now(),
            Standing::Lost => true,
        };
        let known = standing.wait_for(is_known).await;
        known.is_ok_and(|standing| matches!(*standing, Standing::Until(_)))
    }

    pub fn subject(&self) -> Arc<Subject> {
        self.place.subject.clone()
    }

    /// Gives the lease back, so that the next holder need not wait for its end.
    pub async fn release(self) -> Result<(), ApiError> {
        // A renewal that is under way meanwhile makes a race of what follows, or comes too late.
        drop(self.renewing);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let live = self.cluster.live(&self.place, JSON).await?;
            let Some(mut lease) = live.filter(|lease| holder_of(lease) == self.holder) else {
                return Ok(());
            };
            set(&mut lease, "holderIdentity", "");
            set(&mut lease, "leaseDurationSeconds", 1);
            set(&mut lease, "renewTime", now());
            match self.cluster.replace(&self.place, &lease).await {
                Err(error) if error.is_race() && attempts < RELEASES => {}
                Err(error) if error.is_transient() && attempts < RELEASES => sleep(RETRY_EVERY).await,
                outcome => return outcome.map(|_| ()),
            }
        }
    }
}

/// Renews until the lease is another's or gone.
async fn keep_renewing(
    cluster: Cluster,
    place: Arc<Place>,
    mut lease: Object,
    tell: signal::Sender<Standing>,
) {
    let mut pause = RENEW_EVERY;
    loop {
        sleep(pause).await;
        let sent = Instant::now();
        pause = RETRY_EVERY;
        match timeout(RENEWAL_LIMIT, renew(&cluster, &place, &lease)).await {
            Ok(Ok(Some(newer))) => {
                lease = newer;
                tell.send_replace(Standing::Until(sent + DURATION));
                pause = RENEW_EVERY;
            }
            Ok(Ok(None)) => {
                tell.send_replace(Standing::Lost);
                return;
            }
            Ok(Err(error)) => {
                tracing::debug!(subject = %place.subject, %error, "the lease could not be renewed")
            }
            Err(_) => tracing::debug!(subject = %place.subject, "no answer to the renewal of the lease"),
        }
    }
}

/// The renewed lease; None where it is gone or another's.
async fn renew(cluster: &Cluster, place: &Place, lease: &Object) -> Result<Option<Object>, ApiError> {
    let mut next = lease.clone();
    set(&mut next, "renewTime", now());
    match cluster.replace(place, &next).await {
        Ok(renewed) => return Ok(Some(renewed)),
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) if error.is_race() => {}
        Err(error) => return Err(error),
    }
    // Changed by somebody: by ourselves, if an answer was lost, or by who holds it now.
    let current = cluster.live(place, JSON).await?;
    let Some(mut current) = current.filter(|current| holder_of(current) == holder_of(lease)) else {
        return Ok(None);
    };
    set(&mut current, "renewTime", now());
    cluster.replace(place, &current).await.map(Some)
}

/// A lease as it was seen, and since when.
struct Seen {
    spec: Value,
    since: Instant,
}

impl Seen {
    fn update<'a>(seen: &'a mut Option<Self>, lease: &Object) -> &'a Self {
        let spec = lease.pointer("/spec").cloned().unwrap_or_default();
        let kept = seen.take().filter(|seen| seen.spec == spec);
        seen.insert(kept.unwrap_or_else(|| Self { spec, since: Instant::now() }))
    }

    fn is_expired(&self) -> bool {
        let seconds = self.spec["leaseDurationSeconds"].as_u64().unwrap_or(DURATION.as_secs());
        self.since.elapsed() >= Duration::from_secs(seconds)
    }
}

/// Whether the lease was renewed in its time, if clocks differ by no more than that.
fn is_recent(lease: &Object) -> bool {
    let renewed = lease.text("/spec/renewTime").and_then(|time| time.parse::<Timestamp>().ok());
    let age = renewed.map(|renewed| Timestamp::now().duration_since(renewed));
    age.is_some_and(|age| age.unsigned_abs() <= 2 * DURATION)
}

fn holder_of(lease: &Object) -> &str {
    lease.text("/spec/holderIdentity").unwrap_or_default()
}

fn set(lease: &mut Object, field: &str, value: impl Into<Value>) {
    let spec = lease.fields_mut().entry("spec").or_insert_with(|| json!({}));
    if let Value::Object(spec) = spec {
        spec.insert(field.to_owned(), value.into());
    }
}

/// The time as a `MicroTime`.
fn now() -> String {
    format!("{:.6}", Timestamp::now())
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use crate::cluster::testing::{Answer, Asked, cluster};

    /// An API server that has one lease, or none.
    #[derive(Clone, Default)]
    struct Store(Arc<Mutex<Stored>>);

    #[derive(Clone, Default)]
    struct Stored {
        lease: Option<Value>,
        version: u64,
        /// Whether writing fails, as where the connection is lost.
        broken: bool,
    }

    impl Store {
        fn held_by(holder: &str) -> Self {
            let store = Self::default();
            store.put(json!({
                "apiVersion": API_VERSION, "kind": "Lease",
                "metadata": {"name": "run", "namespace": "ns"},
                "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": "long ago"},
            }));
            store
        }

        fn stored(&self) -> std::sync::MutexGuard<'_, Stored> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        fn put(&self, mut lease: Value) -> Value {
            let mut stored = self.stored();
            stored.version += 1;
            lease["metadata"]["resourceVersion"] = stored.version.to_string().into();
            stored.lease = Some(lease.clone());
            lease
        }

        fn taken_by(&self, holder: &str) {
            let mut taken = self.stored().lease.clone().unwrap();
            taken["spec"]["holderIdentity"] = holder.into();
            self.put(taken);
        }

        fn spec(&self, field: &str) -> Value {
            self.stored().lease.as_ref().unwrap()["spec"][field].clone()
        }

        fn cluster(&self) -> Cluster {
            let store = self.clone();
            cluster(move |asked| store.answer(&asked))
        }

        fn answer(&self, asked: &Asked) -> Answer {
            let Stored { lease, broken, .. } = self.stored().clone();
            match asked.method.as_str() {
                "GET" => lease.map_or_else(|| Answer::not_found("leases"), Answer::ok),
                _ if broken => Answer::Hangs,
                "POST" => Answer::ok(self.put(asked.body.clone())),
                "PUT" => {
                    let sent = &asked.body["metadata"]["resourceVersion"];
                    if lease.is_some_and(|lease| lease["metadata"]["resourceVersion"] == *sent) {
                        Answer::ok(self.put(asked.body.clone()))
                    } else {
                        Answer::status(409, "Conflict", "the object has been modified")
                    }
                }
                other => panic!("nobody asks for {other}"),
            }
        }
    }

    async fn acquire(store: &Store) -> Lease {
        store.cluster().acquire_lease("ns", "run", "me", |_| {}).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_free_lease_is_taken_at_once_and_given_back() {
        let store = Store::default();
        let start = Instant::now();
        let lease = acquire(&store).await;
        assert_eq!(store.spec("holderIdentity"), "me");
        assert_eq!(store.spec("leaseTransitions"), 0);
        lease.release().await.unwrap();
        assert_eq!(store.spec("holderIdentity"), "");
        acquire(&store).await.release().await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_is_taken_from_a_dead_holder_once_it_was_seen_unchanged_for_its_duration() {
        let store = Store::held_by("other");
        let start = Instant::now();
        let mut told = Vec::new();
        let lease =
            store.cluster().acquire_lease("ns", "run", "me", |other| told.push(other.to_owned())).await;
        assert_eq!(told, ["other"]);
        assert_eq!(start.elapsed(), DURATION);
        assert_eq!(store.spec("holderIdentity"), "me");
        assert_eq!(store.spec("leaseTransitions"), 1);
        drop(lease);
    }

    #[tokio::test]
    async fn who_holds_a_lease_is_told_while_it_is_renewed() {
        let told = async |store: &Store| store.cluster().lease_holder("ns", "run").await.unwrap();
        assert_eq!(told(&Store::default()).await, None);
        assert_eq!(told(&Store::held_by("long dead")).await, None);
        let store = Store::default();
        let lease = acquire(&store).await;
        assert_eq!(told(&store).await.as_deref(), Some("me"));
        lease.release().await.unwrap();
        assert_eq!(told(&store).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_is_renewed_is_not_taken() {
        let store = Store::default();
        let theirs = acquire(&store).await;
        let cluster = store.cluster();
        let waiting = cluster.acquire_lease("ns", "run", "you", |_| {});
        assert!(timeout(Duration::from_secs(120), waiting).await.is_err());
        assert_eq!(store.spec("holderIdentity"), "me");

        let (released, taken) =
            tokio::join!(theirs.release(), cluster.acquire_lease("ns", "run", "you", |_| {}));
        released.unwrap();
        taken.unwrap();
        assert_eq!(store.spec("holderIdentity"), "you");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_is_kept_when_its_server_is_away_for_less_than_its_duration() {
        let store = Store::default();
        let lease = acquire(&store).await;
        store.stored().broken = true;
        assert!(timeout(Duration::from_secs(12), lease.lapse()).await.is_err());
        store.stored().broken = false;
        assert!(timeout(Duration::from_secs(60), lease.lapse()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_lapses_when_its_duration_is_over_and_is_regained_where_nobody_else_took_it() {
        let store = Store::default();
        let start = Instant::now();
        let lease = acquire(&store).await;
        store.stored().broken = true;
        assert_eq!(lease.lapse().await, Lapse::Unanswered);
        assert_eq!(start.elapsed(), DURATION);
        assert!(timeout(Duration::from_secs(300), lease.is_regained()).await.is_err());
        store.stored().broken = false;
        assert!(lease.is_regained().await);
        assert!(timeout(Duration::from_secs(60), lease.lapse()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_has_lapsed_is_lost_where_another_took_it() {
        let store = Store::default();
        let lease = acquire(&store).await;
        store.stored().broken = true;
        assert_eq!(lease.lapse().await, Lapse::Unanswered);
        store.taken_by("you");
        store.stored().broken = false;
        assert!(!lease.is_regained().await);
        assert_eq!(lease.lapse().await, Lapse::Lost);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_another_took_is_lost_at_the_next_renewal() {
        let store = Store::default();
        let lease = acquire(&store).await;
        store.taken_by("you");
        let start = Instant::now();
        assert_eq!(lease.lapse().await, Lapse::Lost);
        assert_eq!(start.elapsed(), RENEW_EVERY);
        lease.release().await.unwrap();
        assert_eq!(store.spec("holderIdentity"), "you");
    }

    #[tokio::test(start_paused = true)]
    async fn a_label_on_a_held_lease_does_not_end_it() {
        let store = Store::default();
        let lease = acquire(&store).await;
        let mut labelled = store.stored().lease.clone().unwrap();
        labelled["metadata"]["labels"] = json!({"seen": "by-me"});
        store.put(labelled);
        assert!(timeout(Duration::from_secs(60), lease.lapse()).await.is_err());
    }
}
