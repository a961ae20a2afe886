//! Each VirtualService's timeouts and retries are what the sidecars run.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::duration;
use super::envoy::{Route, Rule};
use super::pods::items;
use super::promised::{Promised, port};
use super::report::{Verdict, count};
use super::seen::Seen;
use crate::finding::{Code, Finding};
use crate::object::{Object, ObjectId};
use crate::profile::Check;

pub(super) fn judge(promised: &Promised, seen: &Seen) -> Verdict {
    let mut verdict = Verdict::default();
    let services: Vec<&Object> =
        promised.virtual_services().filter(|service| is_for_sidecars(service)).collect();
    if !services.is_empty() && seen.routes.is_empty() {
        verdict.block(Check::Sidecars, "no sidecar runs that could be asked");
    }
    for service in &services {
        match missing_host(service, promised, seen) {
            Some(host) => verdict.block(Check::Services, format!("{host} is not there to be called")),
            None => verdict.find(differences(service, promised, seen)),
        }
    }
    verdict.find(seen.routes.iter().filter_map(|(pod, routes)| Some(unread(pod, routes.as_ref().err()?))));
    verdict.attest(match services.len() {
        0 => "no VirtualService says anything of calls in the mesh".to_owned(),
        rules => {
            let (rules, proxies) = (count(rules, "VirtualService"), count(seen.routes.len(), "sidecar"));
            format!("{proxies} with the timeouts and retries of {rules}")
        }
    });
    verdict
}

/// Routes of HTTP for callers in the mesh; other gateways are none of the sidecars' business.
fn is_for_sidecars(virtual_service: &Object) -> bool {
    let gateways: Vec<&Value> = items(virtual_service, "/spec/gateways").collect();
    let has_routes = items(virtual_service, "/spec/http").any(|route| route["route"].is_array());
    has_routes && (gateways.is_empty() || gateways.iter().any(|gateway| *gateway == "mesh"))
}

/// What the promise says of one rule. What it leaves open is Istio's to say.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    timeout: Option<Duration>,
    retries: Option<(u64, Option<Duration>)>,
}

impl Wanted {
    fn of(route: &Value) -> Self {
        let time = |value: &Value| value.as_str().and_then(duration).filter(|time| !time.is_zero());
        let attempts = route["retries"]["attempts"].as_u64();
        Self {
            timeout: time(&route["timeout"]),
            retries: attempts.map(|attempts| (attempts, time(&route["retries"]["perTryTimeout"]))),
        }
    }

    fn is_met_by(self, rule: Rule) -> bool {
        let meets = |(attempts, per_try): (u64, Option<Duration>)| {
            rule.retries == attempts && (per_try.is_none() || rule.per_try == per_try)
        };
        rule.timeout == self.timeout && self.retries.is_none_or(meets)
    }

    fn words(self) -> String {
        let retries = match self.retries {
            Some((attempts, per_try)) => format!("{}{}", count_tries(attempts), each(per_try)),
            None => "retries as Istio has them".to_owned(),
        };
        format!("{}, {retries}", limit(self.timeout))
    }
}

/// Envoy has a route for each `match`, in order, and none after one that matches everything.
fn wanted(virtual_service: &Object) -> Vec<Wanted> {
    let mut all = Vec::new();
    for route in items(virtual_service, "/spec/http") {
        let matches = route["match"].as_array().map_or(0, Vec::len);
        all.extend(std::iter::repeat_n(Wanted::of(route), matches.max(1)));
        if matches == 0 {
            break;
        }
    }
    all
}

fn differences(virtual_service: &Object, promised: &Promised, seen: &Seen) -> Option<Finding> {
    let wanted = wanted(virtual_service);
    let hosts = hosts(virtual_service, promised);
    let (mut without, mut others) = (BTreeSet::new(), BTreeSet::new());
    let mut difference = None;
    for (pod, routes) in seen.routes.iter().filter_map(|(pod, routes)| Some((pod, routes.as_ref().ok()?))) {
        for host in &hosts {
            let running = rules(routes, virtual_service, host);
            if running.is_empty() {
                without.insert(pod);
            } else if let Some(words) = difference_of(&wanted, &running) {
                others.insert(pod);
                difference.get_or_insert(words);
            }
        }
    }
    let (code_is_missing, pods) = if without.is_empty() { (false, others) } else { (true, without) };
    let first = pods.first()?;
    let and_more = match pods.len() {
        1 => String::new(),
        number => format!(", and {}", count(number - 1, "other sidecar")),
    };
    let finding = if code_is_missing {
        let seen = format!("the sidecar of {}{and_more} does not run it", first.name);
        let hint = "is the port of its host named for HTTP (`http`, `http-...`), and is the VirtualService in the cluster?";
        Finding::error(Code::RouteMissing, seen, hint)
    } else {
        let seen = format!("the sidecar of {}{and_more} runs {}", first.name, difference.unwrap_or_default());
        let hint = "was it changed in the cluster? an installation brings back what the layers say";
        Finding::error(Code::RouteDiffers, seen, hint)
    };
    Some(finding.on(virtual_service.id()))
}

/// A promised Service that the rules are for and that is not there.
fn missing_host(virtual_service: &Object, promised: &Promised, seen: &Seen) -> Option<ObjectId> {
    services(virtual_service, promised).into_iter().map(Object::id).find(|id| seen.objects.get(id).is_none())
}

/// The virtual hosts that the rules must hold in.
fn hosts(virtual_service: &Object, promised: &Promised) -> Vec<String> {
    let host = |service: &Object| {
        Some(format!("{}.{}.svc. {}", service.name(), service.namespace()?, port(service)?))
    };
    services(virtual_service, promised).into_iter().filter_map(host).collect()
}

/// Those of its hosts that are Services of the mesh.
fn services<'a>(virtual_service: &'a Object, promised: &'a Promised) -> Vec<&'a Object> {
    let namespace = virtual_service.namespace().unwrap_or_default();
    let is_host = |service: &Object, host: &str| match host.split_once('.') {
        None => service.name() == host && service.namespace() == Some(namespace),
        Some((name, rest)) => {
            let place = rest.split('.').next();
            service.name() == name && service.namespace() == place
        }
    };
    let named = items(virtual_service, "/spec/hosts").filter_map(Value::as_str);
    named.flat_map(|host| promised.services().filter(move |service| is_host(service, host))).collect()
}

/// The rules of the VirtualService in a virtual host, which is given as its beginning and its port.
fn rules(routes: &[Route], virtual_service: &Object, host: &str) -> Vec<Rule> {
    let (beginning, port) = host.split_once(' ').unwrap_or((host, ""));
    let is_host = |name: &str| {
        name.starts_with(beginning) && name.rsplit_once(':').is_some_and(|(_, number)| number == port)
    };
    let is_its_own = |route: &&Route| {
        let origin = route.origin.as_ref().map(|(namespace, name)| (Some(namespace.as_str()), name.as_str()));
        origin == Some((virtual_service.namespace(), virtual_service.name()))
    };
    routes
        .iter()
        .filter(is_its_own)
        .filter(|route| is_host(&route.virtual_host))
        .map(|route| route.rule)
        .collect()
}

/// What is run in the place of what is wanted; None where it is the same.
fn difference_of(wanted: &[Wanted], running: &[Rule]) -> Option<String> {
    if wanted.len() != running.len() {
        return Some(format!("{} where {} are promised", count(running.len(), "rule"), wanted.len()));
    }
    let mut pairs = wanted.iter().zip(running);
    let (wanted, running) = pairs.find(|(wanted, running)| !wanted.is_met_by(**running))?;
    let runs =
        format!("{}, {}{}", limit(running.timeout), count_tries(running.retries), each(running.per_try));
    Some(format!("{runs}; promised is {}", wanted.words()))
}

fn limit(timeout: Option<Duration>) -> String {
    timeout.map_or_else(|| "no timeout".to_owned(), |timeout| format!("a timeout of {timeout:?}"))
}

fn count_tries(retries: u64) -> String {
    if retries == 1 { "1 retry".to_owned() } else { format!("{retries} retries") }
}

fn each(per_try: Option<Duration>) -> String {
    per_try.map(|time| format!(" of {time:?} each")).unwrap_or_default()
}

fn unread(pod: &ObjectId, why: &str) -> Finding {
    let hint = "its proxy is asked in its own container: may this user do that (`create` on `pods/exec`)?";
    Finding::error(Code::Unasked, format!("does not tell its routes: {why}"), hint).on(pod.clone())
}
