use std::fmt;
use std::str::FromStr;

use super::shape::Shape;
use super::sheet::{Field, all};

pub(super) const CHECKS: &str = "a list of checks";
const CHECK: &str = "one of control-plane, services, sidecars, connectivity, mtls, routing and dashboards";
pub(super) const SHAPE: Shape = Shape::List(&Shape::Word(&NAMES));

/// Profiles before the check `sidecars` asked for both said so: it is the same check now.
const INJECTION: &str = "injection";

const NAMES: [&str; 8] = [
    Check::ControlPlane.name(),
    Check::Services.name(),
    Check::Sidecars.name(),
    Check::Connectivity.name(),
    Check::Mtls.name(),
    Check::Routing.name(),
    Check::Dashboards.name(),
    INJECTION,
];

/// What is proven on the running mesh. In the order in which they build on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// istiod, the gateways and the addons are available, and all proxies are in step with istiod.
    ControlPlane,
    /// The workloads are ready, and every Service has endpoints.
    Services,
    /// Every pod has a ready sidecar, and a new pod would get one.
    Sidecars,
    /// Every service answers through the mesh.
    Connectivity,
    /// Connections in the mesh are mutual TLS, and a caller without a certificate of the mesh is refused.
    Mtls,
    /// The sidecars run the timeouts and retries that the VirtualServices give.
    Routing,
    /// The addons answer at the ports of their Services.
    Dashboards,
}

/// A word that names no check.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no check `{0}`; there are control-plane, services, sidecars, connectivity, mtls, routing and \
     dashboards"
)]
pub struct UnknownCheck(pub String);

impl Check {
    pub const ALL: [Self; 7] = [
        Self::ControlPlane,
        Self::Services,
        Self::Sidecars,
        Self::Connectivity,
        Self::Mtls,
        Self::Routing,
        Self::Dashboards,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::Services => "services",
            Self::Sidecars => "sidecars",
            Self::Connectivity => "connectivity",
            Self::Mtls => "mtls",
            Self::Routing => "routing",
            Self::Dashboards => "dashboards",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Check {
    type Err = UnknownCheck;

    fn from_str(name: &str) -> Result<Self, UnknownCheck> {
        if name == INJECTION {
            return Ok(Self::Sidecars);
        }
        let check = Self::ALL.into_iter().find(|check| check.name() == name);
        check.ok_or_else(|| UnknownCheck(name.to_owned()))
    }
}

/// Each once, in their own order.
pub(super) fn read_all(field: Field<'_>) -> Option<Vec<Check>> {
    let read = |item: &Field<'_>| item.word(&NAMES, CHECK)?.parse().ok();
    let mut checks = all(field.items(CHECKS)?.iter().map(read))?;
    checks.sort();
    checks.dedup();
    Some(checks)
}
