use std::fmt;

use crate::cluster::ApiError;
use crate::event::Event;
use crate::image::Reference;
use crate::plan::User;

/// What a run does not stop for, and a person should know.
#[derive(Debug)]
pub(super) enum Warning<'a> {
    /// Another run is filling the cache; its process, where it is known.
    CacheBusy(Option<u32>),
    /// The cache was not as it should be, and why.
    DownloadedAgain(&'a str),
    /// What was put together from several answers is not the release; it is fetched from zero.
    StartedOver(&'a str),
    /// What lies under the release's name, at a source or in the cache, is another file.
    WrongFile(&'a str),
    /// A source of the release has failed, and why; the next one is asked.
    NextSource(&'a str),
    /// A pin for an image that no layer runs.
    UnusedPin(&'a Reference),
    /// What no runtime takes for an image, and who asks for it.
    NoImage {
        image: &'a str,
        user: &'a User,
    },
    /// For as long as a Lease is good for.
    ServerSilent,
    LeaseNotReleased(ApiError),
}

impl fmt::Display for Warning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CacheBusy(Some(pid)) => {
                write!(f, "another run (process {pid}) is fetching this release; waiting for it")
            }
            Self::CacheBusy(None) => f.write_str("another run is fetching this release; waiting for it"),
            Self::DownloadedAgain(why) => write!(f, "downloaded again: {why}"),
            Self::StartedOver(why) => {
                write!(f, "{why}; what was here before may have been of another file: fetching it from zero")
            }
            Self::WrongFile(why) => {
                write!(f, "{why}; none of it is used, and whoever put it there should know")
            }
            Self::NextSource(why) => write!(f, "{why}; asking the next source"),
            Self::UnusedPin(image) => {
                write!(f, "`images.digests` pins {image}, which nothing runs; is it another version by now?")
            }
            Self::NoImage { image, user } => {
                write!(f, "{user} asks for `{image}`, which is not the name of an image")
            }
            Self::ServerSilent => f.write_str(
                "the API server has not answered for 15 s; nothing is changed until it does, for two minutes at most",
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
