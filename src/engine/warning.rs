use std::fmt;

use crate::cluster::ApiError;
use crate::event::Event;
use crate::kustomize::At;
use crate::plan::{Homeless, Placed, SharedObject};

/// What a run does not stop for, and a person should know.
#[derive(Debug)]
pub(super) enum Warning<'a> {
    /// Another run is filling the cache.
    CacheBusy,
    /// The cache was not as it should be, and why.
    DownloadedAgain(&'a str),
    /// A source of the release has failed, and why; the next one is asked.
    NextSource(&'a str),
    /// Two layers bring the object, and differ.
    Shared(SharedObject),
    /// A second copy that would have landed wherever the kubeconfig points.
    LeftOut(Homeless),
    /// Nothing makes the mesh STRICT, though this was meant to.
    MisplacedMeshPolicy(&'a Placed),
    LeaseNotReleased(ApiError),
}

impl fmt::Display for Warning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CacheBusy => f.write_str("another run is filling the cache; waiting for it"),
            Self::DownloadedAgain(why) => write!(f, "downloaded again: {why}"),
            Self::NextSource(why) => write!(f, "{why}; asking the next source"),
            Self::Shared(shared) => write!(f, "{shared}, and they differ: the later one is applied"),
            Self::LeftOut(Homeless { object, layer, at, copy_in }) => write!(
                f,
                "left out: {object} of layer `{layer}`{} names no namespace, and {} has its own",
                InBrackets(at),
                copy_in.as_deref().unwrap_or_default(),
            ),
            Self::MisplacedMeshPolicy(Placed { object, at }) => write!(
                f,
                "{}{} holds for its namespace alone, and nothing makes the mesh STRICT; a policy for all of it \
                 lives in istio-system, from where a `namespace:` in a kustomization file may have moved it",
                object.id(),
                InBrackets(at),
            ),
            Self::LeaseNotReleased(error) => {
                write!(f, "the next run may have to wait for this one's Lease: {error}")
            }
        }
    }
}

impl From<Warning<'_>> for Event {
    fn from(warning: Warning<'_>) -> Self {
        Self::Warned { warning: warning.to_string() }
    }
}

/// A place in a file, where it is known.
struct InBrackets<'a>(&'a Option<At>);

impl fmt::Display for InBrackets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |at| write!(f, " ({at})"))
    }
}
