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
use super::{EngineError, Install, Pruning, Tally, install};
use crate::cluster::Cluster;
use crate::cluster::testing::{target, whole};
use crate::event::{Announcer, ApplyOutcome};
use crate::istio::release::Supply;
use crate::object::Object;
use crate::plan::Layer;
use crate::profile::{Profile, ProfileFile};
use api::Api;
use dice::Dice;
use fault::fault;

/// How many seeds each run of the tests plays; KUBESTOCK_SEEDS says another number, and KUBESTOCK_SEED one alone.
const SEEDS: u64 = 1_000;

/// Of a hundred requests.
const FAULTS: u64 = 6;

const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/kubestock-install/leases/kubestock-install";

fn layer(name: &str, objects: Vec<Object>) -> Layer {
    Layer::new(name, objects.into_iter().map(Into::into).collect(), Duration::from_secs(600))
}

/// Two layers, as they were and as they are now: something goes, something comes, something changes.
fn layers(is_later: bool) -> Vec<Layer> {
    let map = |name: &str, value: &str| {
        object("v1", "ConfigMap", name, Some("shop"), &json!({"data": {"value": value}}))
    };
    let mut base = vec![object("v1", "Namespace", "shop", None, &json!({})), map("same", "1")];
    let replicas = if is_later { 2 } else { 1 };
    let web = json!({"spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}}});
    let mut shop = vec![object("apps/v1", "Deployment", "web", Some("shop"), &web)];
    if is_later {
        base.push(map("changes", "2"));
        shop.push(map("new", "1"));
    } else {
        base.extend([map("changes", "1"), map("old", "1")]);
        shop.push(object("v1", "Secret", "old", Some("shop"), &json!({"stringData": {"a": "b"}})));
    }
    vec![layer("base", base), layer("shop", shop)]
}

/// One run of the installer, from the first request to the last.
async fn run(
    api: &Api,
    dice: Option<Arc<Mutex<Dice>>>,
    is_later: bool,
    holder: &str,
) -> Result<Tally, EngineError> {
    let answering = api.clone();
    let cluster = whole(move |asked| {
        let fault = dice.as_ref().and_then(|dice| fault(&mut dice.lock().unwrap(), FAULTS));
        answering.answer(&asked, fault)
    });
    cluster.discover().await.map_err(EngineError::api("reading the kinds"))?;
    carry_out(&cluster, is_later, holder).await
}

async fn carry_out(cluster: &Cluster, is_later: bool, holder: &str) -> Result<Tally, EngineError> {
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
    let tally = Tally::default();
    let install_ = Install {
        profile: &profile,
        layers: layers(is_later),
        target: &target(),
        cluster,
        supply: &supply,
        timeout: None,
        pruning: Pruning::default(),
        force: false,
        holder: holder.to_owned(),
    };
    install(install_, &announcer, &CancellationToken::new(), &tally).await?;
    Ok(tally)
}

/// What is in the cluster is what the layers say, and nothing else of theirs.
fn assert_converged(api: &Api, is_later: bool, seed: u64) {
    let objects = api.objects();
    let mut expected: Vec<String> = Vec::new();
    for layer in layers(is_later) {
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
    let members = objects
        .values()
        .filter(|live| live["metadata"]["labels"]["applyset.kubernetes.io/part-of"].is_string());
    let mut members: Vec<String> =
        members.map(|live| Object::new(live.clone()).unwrap().id().to_string()).collect();
    members.sort();
    expected.sort();
    assert_eq!(members, expected, "seed {seed}");
}

/// Plays one seed: some runs with faults, some of which crash, then a calm one, then one that has nothing to do.
async fn play(seed: u64) {
    let api = Api::default();
    let dice = Arc::new(Mutex::new(Dice::of(seed)));
    let roll = |limit: u64| dice.lock().unwrap().below(limit);
    for number in 0..1 + roll(3) {
        let is_later = number > 0 && roll(2) == 0;
        let holder = format!("run-{number}");
        let others = tokio::spawn(touch(api.clone(), [roll(10_000), roll(10_000), roll(10_000)]));
        let running = run(&api, Some(dice.clone()), is_later, &holder);
        let ended = if roll(2) == 0 {
            // Killed after a while: what it was about to ask is not asked.
            match tokio::time::timeout(Duration::from_millis(roll(20_000)), running).await {
                Ok(ended) => ended,
                Err(_) => continue,
            }
        } else {
            running.await
        };
        others.abort();
        match ended {
            Ok(_) => assert_converged(&api, is_later, seed),
            Err(error) => assert!(is_told(&error), "seed {seed}: {error}"),
        }
    }
    let calm = run(&api, None, true, "calm").await;
    calm.unwrap_or_else(|error| panic!("seed {seed}: a calm run: {error}"));
    assert_converged(&api, true, seed);
    // Where its last request fails, a run's Lease ends by itself.
    let lease = &api.objects()[LEASE];
    assert_eq!(lease["spec"]["holderIdentity"], "", "seed {seed}");
    let again = run(&api, None, true, "again").await.unwrap();
    let changes = [ApplyOutcome::Created, ApplyOutcome::Changed, ApplyOutcome::Failed]
        .map(|outcome| again.get(outcome));
    assert_eq!((changes, again.removed()), ([0, 0, 0], 0), "seed {seed}: the last run has changed something");
}

/// Controllers that write to what is there, each so many milliseconds after the last.
async fn touch(api: Api, times: [u64; 3]) {
    for time in times {
        tokio::time::sleep(Duration::from_millis(time)).await;
        api.touch(time);
    }
}

/// Whether it says that it was the server.
fn is_told(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Api { .. }
            | EngineError::Apply { .. }
            | EngineError::LeaseLost
            | EngineError::NotRemoved { .. }
    )
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
        run(&api, None, false, "first").await.unwrap();
        assert_converged(&api, false, 0);
        run(&api, None, true, "second").await.unwrap();
        assert_converged(&api, true, 0);
        assert!(api.requests() > 50);
    });
}
