use std::fmt;
use std::str::FromStr;

use super::shape::Shape;
use super::sheet::{Field, all};

pub(super) const CHECKS: &str = "a list of checks";
const CHECK: &str = "one of sidecars, injection and mtls";
pub(super) const SHAPE: Shape = Shape::List(&Shape::Word(&NAMES));

const NAMES: [&str; 3] = [Check::Sidecars.name(), Check::Injection.name(), Check::Mtls.name()];

/// What is proven on the running mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// Every pod of the layers that should have a sidecar has one, and it is ready.
    Sidecars,
    /// A new pod in a labelled namespace would get a sidecar.
    Injection,
    /// A caller without a certificate of the mesh is refused.
    Mtls,
}

/// A word that names no check.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no check `{0}`; there are sidecars, injection and mtls")]
pub struct UnknownCheck(pub String);

impl Check {
    pub const ALL: [Self; 3] = [Self::Sidecars, Self::Injection, Self::Mtls];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sidecars => "sidecars",
            Self::Injection => "injection",
            Self::Mtls => "mtls",
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
        let check = Self::ALL.into_iter().find(|check| check.name() == name);
        check.ok_or_else(|| UnknownCheck(name.to_owned()))
    }
}

pub(super) fn read_all(field: Field<'_>) -> Option<Vec<Check>> {
    let read = |item: &Field<'_>| item.word(&NAMES, CHECK)?.parse().ok();
    all(field.items(CHECKS)?.iter().map(read))
}
