//! At the top: every room's error in words for a person, with a hint and an exit code.

mod hint;
#[cfg(test)]
mod tests;
mod text;

use std::io;
use std::path::PathBuf;

use crate::bundle::BundleError;
use crate::cluster::{ApiError, ConnectError};
use crate::docker::LoginError;
use crate::engine::{EngineError, OpenError, Standing};
use crate::finding::Finding;
use crate::istio::release::{PinError, ReleaseError};
use crate::kind::{ClusterName, KindError};
use crate::kustomize;
use crate::plan::Unrendered;
use crate::settings::SettingsError;

pub(crate) use text::cut_off;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub enum Failure {
    Runtime(io::Error),
    /// stdout or the terminal cannot be written to, or read from.
    Output(io::Error),
    Settings(SettingsError),
    /// A folder does not render.
    Kustomize(Box<kustomize::Error>),
    Unrendered(Unrendered),
    NothingToFetch {
        profile: String,
    },
    Pin(PinError),
    /// A list of copies is asked for, and everything stays where it is.
    NothingToCopy,
    Connect(ConnectError),
    /// The logins to registries cannot be had.
    Logins(LoginError),
    /// There is no cluster of this machine's own.
    Kind(KindError),
    /// A kind cluster that nobody has confirmed is to go; `asked` where a person said no.
    NotDeleted {
        cluster: ClusterName,
        asked: bool,
    },
    Discovery(ApiError),
    /// The server is too old to say whom it takes us for.
    NamelessUser,
    /// The cluster is not on this machine; `asked` where a person said no.
    Unconfirmed {
        context: String,
        server: String,
        why: String,
        asked: bool,
    },
    /// A STRICT policy would cut off what runs today; `asked` where a person said no.
    CutOff {
        findings: Vec<Finding>,
        asked: bool,
    },
    /// An uninstallation that nobody has confirmed; `asked` where a person said no.
    NotRemoved {
        context: String,
        asked: bool,
    },
    /// A layer to remove that the cluster has no record of, and those that it has.
    UnknownLayer {
        name: String,
        there: Vec<String>,
    },
    /// A bundle cannot be written.
    Bundle(BundleError),
    /// The page of a run cannot be written; all else was done.
    Timings {
        path: PathBuf,
        source: io::Error,
    },
    Release(ReleaseError),
    Engine(Box<EngineError>),
    /// There is no way to a Service.
    Open(Box<OpenError>),
    /// A check found what will not work.
    Found {
        errors: usize,
        warnings: usize,
    },
    /// An installation would be refused some of its objects.
    WouldBeRefused {
        objects: usize,
    },
    /// What is there is not as it is to be.
    Astray(Standing),
    /// No installation has left a record in the cluster.
    NothingInstalled,
    Interrupted(Signal),
}

/// A signal that asks a run to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Interrupt,
    Terminate,
    /// The terminal is gone.
    HangUp,
}

impl Signal {
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::HangUp => "SIGHUP",
        }
    }

    /// 128 and the signal's number, as a shell has it.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
            Self::HangUp => 129,
        }
    }
}

impl Failure {
    /// The exit code of a plan with changes, where it was asked for. No failure, and kept from being one's here.
    pub const CHANGES: u8 = 10;

    /// The exit code for what clap refuses, too.
    pub const USAGE: u8 = 2;

    /// As `docs/exit-codes.md` lists them.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Runtime(_) | Self::Output(_) | Self::Bundle(_) | Self::Timings { .. } => 1,
            Self::Settings(SettingsError::Target(_)) => 3,
            Self::Settings(_) | Self::Kustomize(_) | Self::Unrendered(_) => Self::USAGE,
            Self::NothingToFetch { .. } | Self::NothingToCopy => Self::USAGE,
            Self::Pin(PinError::Unnamed { .. } | PinError::Several { .. } | PinError::Unreadable(_)) => {
                Self::USAGE
            }
            Self::Connect(_) | Self::Discovery(_) | Self::NamelessUser | Self::Found { .. } => 3,
            Self::Unconfirmed { .. } | Self::CutOff { .. } | Self::NotRemoved { .. } => 3,
            Self::Kind(KindError::NoImage { .. } | KindError::UnknownEngine(_)) => Self::USAGE,
            Self::Logins(_) => Self::USAGE,
            Self::Kind(_) | Self::NotDeleted { .. } => 3,
            Self::UnknownLayer { .. } => Self::USAGE,
            Self::Release(_) | Self::Pin(_) => 4,
            Self::WouldBeRefused { .. } => 6,
            Self::Engine(error) => match error.as_ref() {
                EngineError::Homeless(_) | EngineError::Images(_) => Self::USAGE,
                EngineError::Api { .. } | EngineError::LeaseLost | EngineError::Rights(_) => 3,
                EngineError::Release(_) => 4,
                EngineError::Istio(_) | EngineError::Kubeconfig(_) => 5,
                EngineError::Apply { .. } | EngineError::NotRemoved { .. } => 6,
                EngineError::Immutable(_) | EngineError::Own(_) => 6,
                EngineError::NotReady { .. } | EngineError::NotGone { .. } | EngineError::Silent { .. } => 7,
                EngineError::Checks(_) => 8,
                EngineError::Interrupted => Signal::Interrupt.exit_code(),
            },
            Self::Open(error) => match error.as_ref() {
                OpenError::Ambiguous { .. } | OpenError::Taken { .. } => Self::USAGE,
                OpenError::NoService { .. } | OpenError::NoPods { .. } | OpenError::NoPort { .. } => 3,
                OpenError::Api(_) => 3,
            },
            Self::Astray(_) | Self::NothingInstalled => 9,
            Self::Interrupted(signal) => signal.exit_code(),
        }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Settings(error)
    }
}

impl From<kustomize::Error> for Failure {
    fn from(error: kustomize::Error) -> Self {
        Self::Kustomize(Box::new(error))
    }
}

impl From<Unrendered> for Failure {
    fn from(error: Unrendered) -> Self {
        Self::Unrendered(error)
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        Self::Logins(error)
    }
}

impl From<KindError> for Failure {
    fn from(error: KindError) -> Self {
        Self::Kind(error)
    }
}

impl From<PinError> for Failure {
    fn from(error: PinError) -> Self {
        Self::Pin(error)
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        Self::Bundle(error)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::Open(Box::new(error))
    }
}

impl From<ReleaseError> for Failure {
    fn from(error: ReleaseError) -> Self {
        Self::Release(error)
    }
}
