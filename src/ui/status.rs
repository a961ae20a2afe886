//! How it is worded how a cluster stands.

use crate::event::{ControlPlane, Deviation, How};

use super::text::{count, plain};

/// Which Istio is there, and whether it is the one that is planned.
pub(super) fn istio(planned: Option<&str>, running: &[ControlPlane]) -> String {
    let one = |plane: &ControlPlane| {
        format!(
            "{} (revision {})",
            plain(plane.version.as_deref().unwrap_or("of an unknown version")),
            plain(&plane.revision)
        )
    };
    let there = match running {
        [] => "no istiod is there".to_owned(),
        some => some.iter().map(one).collect::<Vec<_>>().join(", "),
    };
    match planned {
        Some(planned) if !is_running(planned, running) => format!("{there}; the profile asks for {planned}"),
        _ => there,
    }
}

/// Whether the one Istio that is planned is there, in whatever flavour: `1.18.0-distroless` is 1.18.0.
pub(super) fn is_running(planned: &str, running: &[ControlPlane]) -> bool {
    running.iter().filter_map(|plane| plane.version.as_deref()).any(|version| {
        version.strip_prefix(planned).is_some_and(|flavour| flavour.is_empty() || flavour.starts_with('-'))
    })
}

/// `31 of 32 objects, 5 of 6 workloads ready`
pub(super) fn standing(planned: Option<usize>, present: usize, workloads: usize, ready: usize) -> String {
    let objects = match planned {
        Some(planned) => format!("{present} of {}", count(planned, "object")),
        None => count(present, "object"),
    };
    match workloads {
        0 => objects,
        workloads => format!("{objects}, {ready} of {} ready", count(workloads, "workload")),
    }
}

/// Fields that are named of one object; the others are counted.
const FIELDS: usize = 3;

/// `differs: Service/shop/web: .spec.ports[0].port`
pub(super) fn deviation(deviation: &Deviation) -> String {
    let Deviation { object, how } = deviation;
    match how {
        How::Missing => format!("missing: {object}"),
        How::NotReady { reason } => format!("not ready: {object}: {}", plain(reason)),
        How::Differs { fields } => {
            format!("differs: {object}: {}", some_of(fields.iter().map(|field| plain(field))))
        }
        How::Held { fields } => {
            let held =
                fields.iter().map(|held| format!("{} by {}", plain(&held.field), plain(&held.manager)));
            format!("held: {object}: {}", some_of(held))
        }
        How::Unknown { reason } => format!("unknown: {}", plain(reason)),
    }
}

fn some_of(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(FIELDS);
    let named = all.take(FIELDS).collect::<Vec<_>>().join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

/// Deviations of one layer that are told; the others are counted.
const DEVIATIONS: usize = 5;

/// The deviations of a layer that a person reads, a line each; of a layer that is not there at all, that says it.
pub(super) fn deviations(all: &[Deviation], present: usize, verbose: u8) -> Vec<String> {
    if verbose > 0 {
        return all.iter().map(deviation).collect();
    }
    let is_told = |one: &&Deviation| present > 0 || one.how != How::Missing;
    let told: Vec<&Deviation> = all.iter().filter(is_told).collect();
    let more = told.len().saturating_sub(DEVIATIONS);
    let more = (more > 0).then(|| format!("and {more} more; -v tells all"));
    told.into_iter().take(DEVIATIONS).map(deviation).chain(more).collect()
}

pub(super) fn lease_held(holder: &str) -> String {
    format!("a run of {} is on, and changes what is told here", plain(holder))
}
