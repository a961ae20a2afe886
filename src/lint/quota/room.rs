use std::collections::{BTreeMap, BTreeSet};

use super::super::scene::{Scene, about};
use super::admission::refused_for_silence;
use super::pod::{PodResources, Side};
use super::resources::Resources;
use super::{Asking, scope};
use crate::finding::{Code, Finding, Severity};
use crate::object::{Object, Quantity};

/// What is wrong with a quota, all of it: too little room, too little while pods are replaced, containers that it
/// refuses because they say nothing.
pub(super) fn of(scene: &Scene<'_>, quota: &Object, asking: &[Asking<'_>]) -> Vec<Finding> {
    let hard = quota.pointer("/spec/hard").map(Resources::read).unwrap_or_default();
    let counted: Vec<&Asking<'_>> = asking.iter().filter(|asking| scope::counts(quota, asking)).collect();
    let sums: Vec<Sum<'_>> = hard.0.iter().map(|(name, hard)| Sum::of(name, *hard, &counted)).collect();
    let mut findings: Vec<Finding> = refused_for_silence(scene, quota, &hard, &counted).into_iter().collect();
    let exceeded: Vec<&Sum<'_>> = sums.iter().filter(|sum| sum.is_exceeded()).collect();
    let tight: Vec<&Sum<'_>> = sums.iter().filter(|sum| !sum.is_exceeded() && sum.is_tight()).collect();
    if !exceeded.is_empty() {
        let seen = joined(&exceeded, |sum| sum.in_words());
        let hint = format!(
            "{}, or have the pods ask for less{}",
            raised(&exceeded, |sum| sum.steady),
            less(&exceeded)
        );
        findings.push(about(scene, quota, Code::QuotaExceeded, Severity::Error, seen, hint));
    } else if !tight.is_empty() {
        let seen = joined(&tight, |sum| sum.of_update());
        let hint = format!("{}, or set `maxSurge: 0` for the workloads", raised(&tight, |sum| sum.peak));
        findings.push(about(scene, quota, Code::QuotaTightForUpdate, Severity::Warning, seen, hint));
    }
    findings
}

/// One resource of a quota, and what is asked of it.
#[derive(Debug)]
struct Sum<'a> {
    name: &'a str,
    hard: Quantity,
    /// By the pods that are there already and stay.
    others: Quantity,
    /// By all, while nothing happens.
    steady: Quantity,
    /// By all, while everything in the plan is replaced at once.
    peak: Quantity,
    shares: Vec<Share<'a>>,
}

/// What one workload of the plan asks for.
#[derive(Debug)]
struct Share<'a> {
    workload: &'a str,
    pods: u32,
    each: Quantity,
    /// As much of it is for the sidecar.
    sidecar: Quantity,
}

impl<'a> Sum<'a> {
    fn of(name: &'a str, hard: Quantity, counted: &[&'a Asking<'a>]) -> Self {
        let mut sum = Self {
            name,
            hard,
            others: Quantity::ZERO,
            steady: Quantity::ZERO,
            peak: Quantity::ZERO,
            shares: Vec::new(),
        };
        for asking in counted {
            let each = usage(&asking.each).get(name).unwrap_or_default();
            let steady = each * asking.scale.steady;
            sum.steady = sum.steady + steady;
            sum.peak = sum.peak + steady + each * asking.scale.surge;
            if !asking.is_planned {
                sum.others = sum.others + steady;
            } else if !steady.is_zero() {
                let sidecar = of_sidecar(name, &asking.each);
                sum.shares.push(Share { workload: asking.name(), pods: asking.scale.steady, each, sidecar });
            }
        }
        sum
    }

    /// What pods ask for that are none of the plan's is not the plan's fault.
    fn is_exceeded(&self) -> bool {
        self.steady > self.hard && !self.shares.is_empty()
    }

    fn is_tight(&self) -> bool {
        self.peak > self.hard && !self.shares.is_empty()
    }

    /// `has 8 of limits.cpu, and 12900m are asked for: 6 pods of 2150m each, 2 of it for the sidecar (...)`
    fn in_words(&self) -> String {
        let Self { name, hard, steady, .. } = self;
        let (count, refused) = (self.pods(), self.refused());
        format!(
            "has {hard} of {name}, and {steady} are asked for: {}; at least {refused} of {count} pods will be refused",
            self.added_up()
        )
    }

    /// `has 8 of limits.cpu, of which ... use 6500m; while all are replaced at once, they ask for 13`
    fn of_update(&self) -> String {
        let Self { name, hard, peak, steady, .. } = self;
        format!(
            "has {hard} of {name}, of which {steady} are asked for ({}); while all of them are replaced at once it is \
             {peak}, and an update waits",
            self.added_up()
        )
    }

    /// The sum, pods of one size together.
    fn added_up(&self) -> String {
        let mut sizes: BTreeMap<(Quantity, Quantity), Vec<&Share<'_>>> = BTreeMap::new();
        for share in &self.shares {
            sizes.entry((share.each, share.sidecar)).or_default().push(share);
        }
        let one = |((each, sidecar), shares): (&(Quantity, Quantity), &Vec<&Share<'_>>)| {
            let pods: u64 = shares.iter().map(|share| u64::from(share.pods)).sum();
            let names: BTreeSet<&str> = shares.iter().map(|share| share.workload).collect();
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            let noun = if pods == 1 { "pod" } else { "pods" };
            let sidecar = match sidecar.is_zero() {
                true => String::new(),
                false => format!(", {sidecar} of it for the sidecar"),
            };
            format!("{pods} {noun} of {each}{sidecar} ({names})")
        };
        let others =
            (!self.others.is_zero()).then(|| format!("{} by pods that are there already", self.others));
        sizes.iter().rev().map(one).chain(others).collect::<Vec<_>>().join(", ")
    }

    fn pods(&self) -> u64 {
        self.shares.iter().map(|share| u64::from(share.pods)).sum()
    }

    /// How many find no room even if the smallest come first.
    fn refused(&self) -> u64 {
        let mut shares: Vec<&Share<'_>> = self.shares.iter().collect();
        shares.sort_by_key(|share| share.each);
        let (mut left, mut fitting) = (self.hard - self.others, 0);
        for share in shares {
            let fit = left.times(share.each).min(share.pods.into());
            left = left - share.each * u32::try_from(fit).unwrap_or(u32::MAX);
            fitting += fit;
        }
        self.pods() - fitting
    }
}

/// What a quota counts of a pod (`pkg/quota/v1/evaluator/core/pods.go`, podComputeUsageHelper).
pub(super) fn usage(pod: &PodResources) -> Resources {
    let (requests, limits) = (pod.total(Side::Requests), pod.total(Side::Limits));
    let one = Quantity::of(1);
    let mut usage = Resources([("pods".to_owned(), one), ("count/pods".to_owned(), one)].into());
    for (name, amount) in requests.0 {
        // `nvidia.com/gpu` only has this name.
        usage.0.insert(format!("requests.{name}"), amount);
        if !name.contains('/') {
            usage.0.insert(name, amount);
        }
    }
    for name in ["cpu", "memory", "ephemeral-storage"] {
        if let Some(amount) = limits.get(name) {
            usage.0.insert(format!("limits.{name}"), amount);
        }
    }
    usage
}

fn of_sidecar(name: &str, pod: &PodResources) -> Quantity {
    let Some(proxy) = pod.all().find(|container| container.name == "istio-proxy") else {
        return Quantity::ZERO;
    };
    let amount = match name.strip_prefix("limits.") {
        Some(name) => proxy.limits.get(name),
        None => proxy.requests.get(name.strip_prefix("requests.").unwrap_or(name)),
    };
    amount.unwrap_or_default()
}

fn joined(sums: &[&Sum<'_>], words: impl Fn(&Sum<'_>) -> String) -> String {
    sums.iter().map(|sum| words(sum)).collect::<Vec<_>>().join("; ")
}

fn raised(sums: &[&Sum<'_>], to: impl Fn(&Sum<'_>) -> Quantity) -> String {
    let raised: Vec<String> = sums.iter().map(|sum| format!("{} to {}", sum.name, to(sum))).collect();
    format!("raise {}", raised.join(" and "))
}

/// Where most of it is the sidecars', that is where to begin.
fn less(sums: &[&Sum<'_>]) -> &'static str {
    let is_sidecars = |share: &Share<'_>| share.sidecar > Quantity::ZERO && share.sidecar * 2 >= share.each;
    match sums.iter().flat_map(|sum| &sum.shares).any(is_sidecars) {
        true => {
            ": `values.global.proxy.resources` in the profile's `istio.overlay` says what a sidecar gets, and the \
             annotations `sidecar.istio.io/proxyCPULimit` and `proxyMemoryLimit` what one pod's gets"
        }
        false => "",
    }
}
