use std::process::ExitCode;
use std::time::Instant;

use super::show::Show;
use crate::cli::{LookArgs, Output, ProfileArgs, SourceArgs};
use crate::engine::{self, Tally};
use crate::event::Step;
use crate::failure::Failure;
use crate::profile::ProfileFile;
use crate::settings;

/// Brings a profile's release into the cache.
pub(super) async fn run(
    profile: &str,
    over: ProfileArgs,
    source: SourceArgs,
    output: Output,
    look: &LookArgs,
) -> ExitCode {
    let mut show = Show::new(output, look);
    let begun = Instant::now();
    let ended = fetch(profile, over, source, &mut show).await.map(|()| Vec::new());
    show.end(ended, &Tally::default(), begun.elapsed()).await
}

async fn fetch(profile: &str, over: ProfileArgs, source: SourceArgs, show: &mut Show) -> Result<(), Failure> {
    let profile = settings::read_profile(&ProfileFile::named(profile), over, &source)?.profile;
    let supply = settings::supply(source)?;
    let Some(istio) = &profile.istio else {
        return Err(Failure::NothingToFetch { profile: profile.name });
    };
    show.begin()?;
    show.step(Step::Fetch, engine::fetch(istio, &supply, &show.announcer)).await.map(drop)
}
