use serde_json::Value;

use super::pod::{Container, PodResources, Side};
use super::resources::Resources;
use crate::object::{Object, ObjectId, Quantity};

/// The LimitRanges of a namespace (`plugin/pkg/admission/limitranger/admission.go`).
#[derive(Debug, Default)]
pub(super) struct Limits(Vec<Item>);

#[derive(Debug)]
struct Item {
    of: ObjectId,
    kind: Kind,
    default: Resources,
    default_request: Resources,
    min: Resources,
    max: Resources,
    ratio: Resources,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Container,
    Pod,
}

/// Why a LimitRange refuses a pod.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) by: ObjectId,
    /// `container app asks for 2 of cpu (limit), and at most 1 is let in`
    pub(super) why: String,
}

impl Limits {
    pub(super) fn of(ranges: &[&Object]) -> Self {
        let items = ranges.iter().flat_map(|range| {
            let limits = range.pointer("/spec/limits").and_then(Value::as_array);
            limits.into_iter().flatten().filter_map(|limit| Item::read(range.id(), limit))
        });
        Self(items.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives every container what it does not say itself.
    pub(super) fn give_defaults(&self, pod: &mut PodResources) {
        for item in self.0.iter().filter(|item| item.kind == Kind::Container) {
            for container in pod.all_mut() {
                container.limits.fill_from(&item.default);
                container.requests.fill_from(&item.default_request);
            }
        }
    }

    /// Everything that is refused of the pod.
    pub(super) fn refusals(&self, pod: &PodResources) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for item in &self.0 {
            let mut look = |who: &str, requests: &Resources, limits: &Resources| {
                let why = item.broken(requests, limits);
                refusals.extend(
                    why.into_iter().map(|why| Refusal { by: item.of.clone(), why: format!("{who} {why}") }),
                );
            };
            match item.kind {
                Kind::Container => {
                    for Container { name, requests, limits, .. } in pod.all() {
                        look(&format!("its container {name}"), requests, limits);
                    }
                }
                Kind::Pod => look("its pod", &pod.total(Side::Requests), &pod.total(Side::Limits)),
            }
        }
        refusals
    }
}

impl Item {
    fn read(of: ObjectId, limit: &Value) -> Option<Self> {
        let kind = match limit["type"].as_str()? {
            "Container" => Kind::Container,
            "Pod" => Kind::Pod,
            _ => return None,
        };
        let resources = |field: &str| Resources::read(&limit[field]);
        let mut item = Self {
            of,
            kind,
            default: resources("default"),
            default_request: resources("defaultRequest"),
            min: resources("min"),
            max: resources("max"),
            ratio: resources("maxLimitRequestRatio"),
        };
        // `pkg/apis/core/v1/defaults.go`, SetDefaults_LimitRangeItem.
        if kind == Kind::Container {
            item.default.fill_from(&item.max.clone());
            item.default_request.fill_from(&item.default.clone());
            item.default_request.fill_from(&item.min.clone());
        }
        Some(item)
    }

    /// What of `min`, `max` and `maxLimitRequestRatio` is not kept to.
    fn broken(&self, requests: &Resources, limits: &Resources) -> Vec<String> {
        let mut broken = Vec::new();
        for (name, least) in &self.min.0 {
            let (request, limit) = (requests.get(name), limits.get(name));
            match request {
                None => broken.push(format!("requests no {name}, and at least {least} is asked of it")),
                Some(request) if request < *least => {
                    broken.push(format!("requests {request} of {name}, and at least {least} is asked of it"));
                }
                _ => {
                    broken.extend(limit.filter(|limit| limit < least).map(|limit| {
                        format!("limits {name} to {limit}, and at least {least} is asked of it")
                    }))
                }
            }
        }
        for (name, most) in &self.max.0 {
            let (request, limit) = (requests.get(name), limits.get(name));
            match limit {
                None => broken.push(format!("has no limit for {name}, and at most {most} is let in")),
                Some(limit) if limit > *most => {
                    broken.push(format!("may use {limit} of {name}, and at most {most} is let in"));
                }
                _ => broken.extend(
                    request
                        .filter(|request| request > most)
                        .map(|request| format!("requests {request} of {name}, and at most {most} is let in")),
                ),
            }
        }
        for (name, most) in &self.ratio.0 {
            let known = |amount: Option<Quantity>| amount.filter(|amount| !amount.is_zero());
            match (known(requests.get(name)), known(limits.get(name))) {
                (Some(request), Some(limit)) if !limit.is_more_than(*most, request) => {}
                (Some(request), Some(limit)) => broken.push(format!(
                    "may use {limit} of {name} and requests {request}: more than the {most} times that are let in"
                )),
                _ => broken.push(format!("has to say both a request and a limit for {name}")),
            }
        }
        broken
    }
}
