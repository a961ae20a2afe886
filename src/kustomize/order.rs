//! The order in which objects come out.

use std::collections::HashMap;

use super::gvk::{FIRST, Gvk, LAST};
use super::kustomization::Order;
use super::resource::{ResourceId, Resources};

/// kubectl sorts by kind unless the outermost kustomization asks for the order of loading.
pub(super) fn sort(resources: &mut Resources, order: Option<&Order>) {
    let ranks = match order {
        Some(Order::Fifo) => return,
        Some(Order::Legacy { first, last }) => ranks(first, last),
        None => ranks(&FIRST, &LAST),
    };
    resources.list.sort_by_cached_key(|resource| {
        let ResourceId { group, version, kind, .. } = resource.id();
        let rank = ranks.get(kind.as_str()).copied().unwrap_or(0);
        // The Namespaces of Kubernetes itself come before all others.
        let is_core = kind == "Namespace" && group.is_empty();
        let api = if is_core { String::new() } else { Gvk::sort_text(&group, &version, &kind) };
        let namespace = resource.object.namespace().unwrap_or("~X");
        (rank, api, format!("{namespace}|{}", resource.object.name()))
    });
}

/// The kinds that have a place of their own: below zero for the first ones, above for the last ones.
fn ranks<'k>(first: &'k [impl AsRef<str>], last: &'k [impl AsRef<str>]) -> HashMap<&'k str, isize> {
    let first_rank = |at: usize| at as isize - first.len() as isize;
    let firsts = first.iter().enumerate().map(|(at, kind)| (kind.as_ref(), first_rank(at)));
    let lasts = last.iter().enumerate().map(|(at, kind)| (kind.as_ref(), at as isize + 1));
    firsts.chain(lasts).collect()
}
