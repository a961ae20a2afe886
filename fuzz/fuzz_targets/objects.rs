//! Any documents as the objects of two layers and, after `%%%`, as those of a cluster: judged by all that judges objects, never
//! a panic.

#![no_main]

use std::time::Duration;

use kubestock_install::image::Rules;
use kubestock_install::lint::{self, Live};
use kubestock_install::object::{Object, Snapshot, redacted, yaml};
use kubestock_install::plan::{ApplySet, Layer, Plan, backwards, drift};
use kubestock_install::profile::Check;
use kubestock_install::readiness;
use kubestock_install::rights::{Grantee, Undertaking, needed, roles};
use kubestock_install::verify::{Promised, Seen, judge};
use libfuzzer_sys::fuzz_target;

fn objects(text: &str) -> Vec<Object> {
    let documents = yaml::parse_documents(text).unwrap_or_default();
    documents.into_iter().filter_map(|document| Object::new(document.value).ok()).collect()
}

fuzz_target!(|text: &str| {
    let mut parts = text.splitn(3, "%%%").map(objects);
    let mut part = || parts.next().unwrap_or_default();
    let (first, second, live) = (part(), part(), part());
    let layer = |name: &str, objects: Vec<Object>| {
        Layer::new(name, objects.into_iter().map(Into::into).collect(), Duration::from_secs(1))
    };
    let (mut plan, _) = Plan::of(vec![layer("first", first.clone()), layer("second", second)]);
    let snapshot: Snapshot = live.iter().cloned().collect();

    let there = Live { objects: snapshot.clone(), version: "v1.33.4".to_owned(), ..Live::default() };
    let _ = lint::preflight(&plan, Some(&there), Some("1.18.0"));
    let _ = lint::cuts_off(&plan, &there);
    let undertaking = Undertaking { plan: &plan, is_pruned: true, is_verified: true, served: &|_| None };
    let _ = (needed(&undertaking), roles(&undertaking, &Grantee::of("somebody")));
    let _ = plan.place_images(&Rules::default());

    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let _ = readiness::grouped(&readiness::survey(&snapshot, now));
    for object in &live {
        let _ = (readiness::status(object), readiness::explain(object, &snapshot), redacted(object));
        let _ = ApplySet::recorded(object);
        if let Some(planned) = first.first() {
            let _ = drift(object, planned);
        }
    }
    let promised = Promised::by(&first, &snapshot, &[]);
    let seen = Seen { objects: snapshot, ..Seen::default() };
    for check in Check::ALL {
        let _ = judge(check, &promised, &seen);
    }
    let _ = backwards(live);
});
