use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::task::AbortOnDropHandle;

use super::EngineError;
use super::run::Course;
use super::warning::Warning;
use crate::event::{Announcer, Event, Step};
use crate::istio::release::{Obtained, Platform, Progress, Release, ReleaseError, Store, Supply};
use crate::profile::{Istio, Profile};

/// How often the progress of a download is said.
const SAY_EVERY: Duration = Duration::from_millis(100);

/// The release that a profile names, on its way into the cache while other things are done: it is needed only once a
/// cluster answers, and where one is to be made first that takes longer than a download. Dropping it ends the download.
#[derive(Debug)]
pub struct Fetching(Option<Coming>);

impl Fetching {
    /// Begins; there is nothing to do where the profile has no Istio. What is said of it waits for its step.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn begin(profile: &Profile, supply: &Supply) -> Self {
        Self(profile.istio.as_ref().map(|istio| Coming::begin(istio, supply)))
    }

    /// Waits for the rest of it, as a step.
    pub(super) async fn arrived(self, course: Course<'_>) -> Result<Option<Release>, EngineError> {
        let Some(coming) = self.0 else { return Ok(None) };
        let arriving = async { Ok(Some(coming.arrived(course.announcer).await?)) };
        course.step(Step::Fetch, course.stoppable(arriving)).await
    }
}

/// Brings the release that a profile names into the cache, or finds it there.
pub async fn fetch(istio: &Istio, supply: &Supply, announcer: &Announcer) -> Result<Release, ReleaseError> {
    let release = obtain(istio, supply, announcer).await?;
    announcer.say(Event::ReleaseReady {
        version: release.version.clone(),
        sha256: release.archive_sha256().to_string(),
        cached: !matches!(release.obtained, Obtained::Downloaded { .. }),
    });
    Ok(release)
}

/// The same, and the archive for a machine of this platform: its name and where it stays in the cache.
pub async fn fetch_with_archive(
    istio: &Istio,
    supply: &Supply,
    platform: Platform,
    announcer: &Announcer,
) -> Result<(Release, (String, PathBuf)), ReleaseError> {
    let telling = Telling::to(announcer);
    let store = Store::of(supply)?.for_platform(platform);
    let archive = store.archive(&istio.source, &istio.addons, &|progress| telling.tell(progress)).await?;
    announcer.say(Event::ReleaseReady {
        version: istio.version.clone(),
        sha256: archive.sha256.to_string(),
        cached: archive.was_here(),
    });
    let kept = (archive.name.clone(), archive.path.clone());
    // The release may be unpacked from it, and would wait for its lock.
    drop(archive);
    Ok((obtain(istio, supply, announcer).await?, kept))
}

/// A fetch in a task of its own, and what it has said so far.
#[derive(Debug)]
struct Coming {
    release: AbortOnDropHandle<Result<Release, ReleaseError>>,
    said: UnboundedReceiver<Event>,
}

impl Coming {
    fn begin(istio: &Istio, supply: &Supply) -> Self {
        let (announcer, said) = Announcer::new();
        let (istio, supply) = (istio.clone(), supply.clone());
        let release = tokio::spawn(async move { fetch(&istio, &supply, &announcer).await });
        Self { release: AbortOnDropHandle::new(release), said }
    }

    async fn arrived(mut self, announcer: &Announcer) -> Result<Release, ReleaseError> {
        // It has an end: the announcer goes with the task.
        while let Some(event) = self.said.recv().await {
            announcer.say(event);
        }
        match self.release.await {
            Ok(release) => release,
            Err(died) => std::panic::resume_unwind(died.into_panic()),
        }
    }
}

async fn obtain(istio: &Istio, supply: &Supply, announcer: &Announcer) -> Result<Release, ReleaseError> {
    let (store, telling) = (Store::of(supply)?, Telling::to(announcer));
    let progress = |progress| telling.tell(progress);
    let release = match &supply.brought {
        Some(archive) => store.admit(&istio.source, &istio.addons, archive, &progress).await?,
        None => store.obtain(&istio.source, &istio.addons, &progress).await?,
    };
    if let Obtained::Downloaded { replaced: Some(why), .. } = &release.obtained {
        announcer.say(Warning::DownloadedAgain(why).into());
    }
    Ok(release)
}

/// Turns the progress of a download into events, a few times a second at most.
struct Telling<'a> {
    announcer: &'a Announcer,
    last: Mutex<Option<Instant>>,
    attempt: AtomicU32,
}

impl<'a> Telling<'a> {
    fn to(announcer: &'a Announcer) -> Self {
        Self { announcer, last: Mutex::new(None), attempt: AtomicU32::new(0) }
    }

    fn tell(&self, progress: Progress) {
        let event = match progress {
            Progress::Waiting { holder } => Warning::CacheBusy(holder).into(),
            Progress::Started { url, attempt } => {
                self.attempt.store(u32::try_from(attempt).unwrap_or(u32::MAX), Ordering::Relaxed);
                Event::DownloadStarted { url, total_bytes: None }
            }
            Progress::Received { received, total } if self.is_due() || total == Some(received) => {
                Event::DownloadProgress { received_bytes: received, total_bytes: total }
            }
            Progress::Retrying { why, wait } => {
                let attempt = self.attempt.load(Ordering::Relaxed) + 1;
                Event::DownloadRetried { attempt, reason: why, after: wait }
            }
            Progress::Resumed { bytes, total } => {
                Event::DownloadResumed { received_bytes: bytes, total_bytes: total }
            }
            Progress::StartedOver { why } => Warning::StartedOver(&why).into(),
            Progress::Elsewhere { why, wrong_file: true } => Warning::WrongFile(&why).into(),
            Progress::Elsewhere { why, wrong_file: false } => Warning::NextSource(&why).into(),
            Progress::Received { .. } | Progress::Unpacking => return,
        };
        self.announcer.say(event);
    }

    fn is_due(&self) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= SAY_EVERY);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}
