//! Installations against a model of the API server, with faults, crashes and other clients by a seed, under a clock that
//! is paused. Each ends with everything as it should be, or says why not; then a calm run makes it so.

mod api;
#[path = "../../../tests/e2e/dice.rs"]
#[allow(dead_code, reason = "the other half is for the tests on a cluster")]
mod dice;
mod fault;
mod held;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::testing::object;
use super::{
    Discard, EngineError, Fetching, Install, Parts, Pruning, Tally, Uninstall, install, installed, uninstall,
};
use crate::cluster::testing::{target, whole};
use crate::cluster::{ApiError, Cluster};
use crate::event::{Announcer, ApplyOutcome};
use crate::istio::release::Supply;
use crate::object::Object;
use crate::plan::{Layer, Rollout};
use crate::profile::{Profile, ProfileFile};
use api::{Api, SOMEBODY, is_member};
use dice::Dice;
use fault::fault;

/// How many seeds each run of the tests plays; KUBESTOCK_SEEDS says another number, and KUBESTOCK_SEED one alone.
const SEEDS: u64 = 10_000;

/// Of a hundred requests.
const FAULTS: u64 = 6;

const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/kubestock-install/leases/kubestock-install";

fn layer(name: &str, objects: Vec<Object>) -> Layer {
    Layer::new(name, objects.into_iter().map(Into::into).collect(), Duration::from_secs(600))
}

/// What a run is to make of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    /// The layers as they were.
    Earlier,
    /// The layers as they are now: something goes, something comes, something changes.
    Now,
    /// Nothing is left of them.
    Gone,
}

fn layers(aim: Aim) -> Vec<Layer> {
    let map = |name: &str, value: &str| {
        object("v1", "ConfigMap", name, Some("shop"), &json!({"data": {"value": value}}))
    };
    let runs = |name: &str, replicas: u64| {
        let spec = json!({"replicas": replicas, "selector": {"matchLabels": {"app": name}}});
        object("apps/v1", "Deployment", name, Some("shop"), &json!({"spec": spec}))
    };
    let beside = || Layer { rollout: Rollout::Beside, ..layer("addons", vec![runs("kiali", 1)]) };
    let secret = || object("v1", "Secret", "old", Some("shop"), &json!({"stringData": {"a": "b"}}));
    let space = || object("v1", "Namespace", "shop", None, &json!({}));
    match aim {
        Aim::Earlier => vec![
            layer(
                "base",
                vec![space(), map("same", "1"), map("changes", "1"), map("old", "1"), runs("mesh", 1)],
            ),
            beside(),
            layer("shop", vec![runs("web", 1), secret()]),
        ],
        Aim::Now => vec![
            layer("base", vec![space(), map("same", "1"), map("changes", "2"), runs("mesh", 1)]),
            beside(),
            layer("shop", vec![runs("web", 2), map("new", "1")]),
        ],
        Aim::Gone => Vec::new(),
    }
}

/// One run of the installer, from the first request to the last.
struct Attempt<'a> {
    api: &'a Api,
    /// By which things go wrong; nothing does where there are none.
    dice: Option<Arc<Mutex<Dice>>>,
    aim: Aim,
    holder: &'a str,
    force: bool,
}

impl Attempt<'_> {
    async fn run(self) -> Result<Tally, EngineError> {
        let (answering, dice) = (self.api.clone(), self.dice.clone());
        let cluster = whole(move |asked| {
            let fault = dice.as_ref().and_then(|dice| fault(&mut dice.lock().unwrap(), FAULTS));
            answering.answer(&asked, fault)
        });
        cluster.discover().await.map_err(EngineError::api("reading the kinds"))?;
        let tally = Tally::default();
        match self.aim {
            Aim::Earlier | Aim::Now => Box::pin(self.install(&cluster, &tally)).await?,
            Aim::Gone => Box::pin(self.uninstall(&cluster, &tally)).await?,
        }
        Ok(tally)
    }

    async fn install(&self, cluster: &Cluster, tally: &Tally) -> Result<(), EngineError> {
        let profile = Profile {
            name: "shop".to_owned(),
            description: String::new(),
            file: ProfileFile::named("shop.yaml"),
            istio: None,
            layers: Vec::new(),
            checks: Vec::new(),
            images: Default::default(),
            mtls: None,
        };
        let supply = Supply { cache: "/nowhere".into(), ca_bundle: None, offline: true, brought: None };
        let (announcer, _events) = Announcer::new();
        let install_ = Install {
            profile: &profile,
            target: &target(),
            cluster,
            supply: &supply,
            logins: &Default::default(),
            timeout: None,
            pruning: Pruning::default(),
            force: self.force,
            holder: self.holder.to_owned(),
        };
        let fetching = Fetching::begin(&profile, &supply);
        let parts = Parts { layers: layers(self.aim), fetching };
        install(install_, parts, &announcer, &CancellationToken::new(), tally).await.map(drop)
    }

    async fn uninstall(&self, cluster: &Cluster, tally: &Tally) -> Result<(), EngineError> {
        let (announcer, _events) = Announcer::new();
        let uninstall_ = Uninstall {
            cluster,
            sets: installed(cluster).await?,
            discard: Discard::default(),
            timeout: None,
            holder: self.holder.to_owned(),
        };
        uninstall(uninstall_, &announcer, &CancellationToken::new(), tally).await
    }
}

/// What is in the cluster is what the layers say, and nothing else of theirs.
fn assert_reached(api: &Api, aim: Aim, seed: u64) {
    let objects = api.objects();
    let mut expected: Vec<String> = Vec::new();
    for layer in layers(aim) {
        for placed in layer.objects() {
            let found = objects
                .values()
                .find(|live| Object::new((*live).clone()).is_ok_and(|live| live.id() == placed.object.id()));
            let live = found.unwrap_or_else(|| panic!("seed {seed}: {} is not there", placed.object.id()));
            let mut merged = live.clone();
            json_patch::merge(&mut merged, &placed.object.to_value());
            assert_eq!(*live, merged, "seed {seed}: {} is another", placed.object.id());
            expected.push(placed.object.id().to_string());
        }
    }
    let members = objects.values().filter(|live| is_member(live));
    let mut members: Vec<String> =
        members.map(|live| Object::new(live.clone()).unwrap().id().to_string()).collect();
    members.sort();
    expected.sort();
    assert_eq!(members, expected, "seed {seed}");
    if aim == Aim::Gone {
        // The records of the layers, the Lease, and the namespace that they are in.
        let left: Vec<&String> = objects.keys().collect();
        assert!(left.is_empty(), "seed {seed}: {left:?} is left");
    }
}

/// Plays one seed: some runs among faults and other clients, some of which are killed, then a calm one, then one that has
/// nothing to do, and for some the way back.
async fn play(seed: u64) {
    let api = Api::default();
    let dice = Arc::new(Mutex::new(Dice::of(seed)));
    let roll = |limit: u64| dice.lock().unwrap().below(limit);
    for number in 0..1 + roll(3) {
        let aim = match roll(6) {
            0..3 if number > 0 => Aim::Now,
            3 if number > 0 => Aim::Gone,
            _ => Aim::Earlier,
        };
        let holder = format!("run-{number}");
        let meddled = api.meddled();
        let meddles = roll(3) == 0;
        let others = tokio::spawn(others(api.clone(), [0; 3].map(|_| roll(10_000)), meddles));
        let attempt = Attempt { api: &api, dice: Some(dice.clone()), aim, holder: &holder, force: false };
        let ended = if roll(2) == 0 {
            // Killed after a while: what it was about to ask is not asked.
            tokio::time::timeout(Duration::from_millis(roll(20_000)), attempt.run()).await.ok()
        } else {
            Some(attempt.run().await)
        };
        others.abort();
        match ended {
            None => {}
            Some(Ok(_)) if api.meddled() > meddled => {}
            Some(Ok(_)) => assert_reached(&api, aim, seed),
            Some(Err(error)) => assert!(is_told(&error, api.meddled() > 0), "seed {seed}: {error:?}"),
        }
    }
    calmly(&api, Aim::Now, seed).await;
    // Where its last request fails, a run's Lease ends by itself.
    let lease = &api.objects()[LEASE];
    assert_eq!(lease["spec"]["holderIdentity"], "", "seed {seed}");
    let again = calmly(&api, Aim::Now, seed).await;
    let changes = [ApplyOutcome::Created, ApplyOutcome::Changed, ApplyOutcome::Failed]
        .map(|outcome| again.get(outcome));
    assert_eq!((changes, again.removed()), ([0, 0, 0], 0), "seed {seed}: the last run has changed something");
    if roll(4) == 0 {
        calmly(&api, Aim::Gone, seed).await;
    }
}

/// A run in which nothing goes wrong, and which takes what others have taken.
async fn calmly(api: &Api, aim: Aim, seed: u64) -> Tally {
    let calm = Attempt { api, dice: None, aim, holder: "calm", force: true }.run().await;
    let tally = calm.unwrap_or_else(|error| panic!("seed {seed}: a calm run: {error:?}"));
    assert_reached(api, aim, seed);
    tally
}

/// Controllers that write to what is there, each so many milliseconds after the last; and one who takes and removes.
async fn others(api: Api, times: [u64; 3], meddles: bool) {
    for time in times {
        tokio::time::sleep(Duration::from_millis(time)).await;
        match time % 3 {
            0 if meddles => api.take(time),
            1 if meddles => api.remove(time),
            _ => api.touch(time),
        }
    }
}

/// Whether it says what it was: the server, or somebody else.
fn is_told(error: &EngineError, is_meddled: bool) -> bool {
    let of_somebody = |error: &ApiError| match error {
        ApiError::Conflict { conflicts, .. } => conflicts.iter().all(|of| of.manager == SOMEBODY),
        _ => false,
    };
    match error {
        EngineError::Api { source, .. } => source.passes(),
        EngineError::Apply { failed, .. } | EngineError::NotRemoved { failed, .. } => {
            failed.iter().all(|failed| failed.error.passes() || is_meddled && of_somebody(&failed.error))
        }
        EngineError::LeaseLost => true,
        // What it waited for was taken away.
        EngineError::NotReady { .. } => is_meddled,
        _ => false,
    }
}

fn seeds() -> std::ops::Range<u64> {
    let set = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match set("KUBESTOCK_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..set("KUBESTOCK_SEEDS").unwrap_or(SEEDS),
    }
}

fn played(seed: u64) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(play(seed));
}

#[test]
fn every_seed_ends_as_it_should() {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    std::thread::scope(|scope| {
        for part in 0..threads {
            scope.spawn(move || seeds().filter(|seed| seed % threads == part).for_each(played));
        }
    });
}

#[test]
fn without_faults_nothing_fails_and_what_goes_is_gone() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let api = Api::default();
        for aim in [Aim::Earlier, Aim::Now, Aim::Gone, Aim::Now] {
            calmly(&api, aim, 0).await;
        }
        assert!(api.requests() > 50);
    });
}
