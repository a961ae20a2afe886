use std::process::ExitCode;
use std::time::Instant;

use super::show::Show;
use crate::cli::{LookArgs, Output, ProfileArgs, SourceArgs};
use crate::engine::{self, Tally};
use crate::event::{Event, Step};
use crate::failure::Failure;
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
    let profile = settings::read_profile(profile, over, &source)?;
    let supply = settings::supply(source)?;
    let Some(istio) = &profile.istio else {
        return Err(Failure::NothingToFetch { profile: profile.name });
    };
    show.begin()?;
    let begun = Instant::now();
    show.announcer.say(Event::StepStarted { step: Step::Fetch });
    tokio::select! {
        fetched = engine::fetch(istio, &supply, &show.announcer) => drop(fetched?),
        () = show.stop.cancelled() => return Err(show.interrupted()),
    }
    show.announcer.say(Event::StepFinished { step: Step::Fetch, elapsed: begun.elapsed() });
    Ok(())
}
