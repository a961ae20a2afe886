use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use super::connect::reach;
use super::show::Show;
use crate::bundle;
use crate::cli::{DiagnoseArgs, LookArgs};
use crate::cluster::Cluster;
use crate::engine::{self, Survey, Tally};
use crate::event::{Event, Step};
use crate::failure::Failure;
use crate::finding::Severity;

/// Says what is wrong in a cluster, and changes nothing.
pub(super) async fn run(arguments: DiagnoseArgs, look: &LookArgs) -> ExitCode {
    let mut show = Show::new(arguments.output, look);
    let begun = Instant::now();
    let ended = diagnose(arguments, &mut show).await.map(|()| Vec::new());
    show.end(ended, &Tally::default(), begun.elapsed()).await
}

async fn diagnose(arguments: DiagnoseArgs, show: &mut Show) -> Result<(), Failure> {
    let (cluster, _) = reach("diagnose", arguments.target, show).await?;
    show.begin()?;
    let surveying =
        async { Ok::<_, Failure>(engine::survey(&cluster, &arguments.namespace, &show.announcer).await) };
    let survey = show.step(Step::Check, surveying).await?;
    if let Some(path) = arguments.archive {
        show.step(Step::Bundle, keep(&cluster, &survey, path, show)).await?;
    }
    match (survey.count(Severity::Error), survey.count(Severity::Warning)) {
        (0, _) => Ok(()),
        (errors, warnings) => Err(Failure::Found { errors, warnings }),
    }
}

async fn keep(cluster: &Cluster, survey: &Survey, path: PathBuf, show: &Show) -> Result<(), Failure> {
    let files = engine::archive(cluster, survey).await;
    let to = path.display().to_string();
    let written = tokio::task::spawn_blocking(move || bundle::archive(&files, &path)).await;
    let written = written.map_err(|error| Failure::Runtime(error.into()))??;
    let (bytes, sha256) = (written.bytes, written.sha256.to_string());
    show.announcer.say(Event::BundleWritten { path: to, bytes, sha256 });
    Ok(())
}
