use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::record::Record;
use super::signals::{self, Listening};
use super::timings::Timings;
use super::told;
use crate::cli::{Color, LookArgs, Output};
use crate::engine::Tally;
use crate::event::{Announcer, ApplyOutcome, Ending, Event, Finished, Step};
use crate::failure::{Failure, Signal};
use crate::report::File;
use crate::ui::{self, ColorChoice, Mode};

/// A command that shows what it does: its events on their way to the person or program that asked.
pub(super) struct Show {
    pub(super) announcer: Announcer,
    /// Cancelled once a signal has asked the command to end.
    pub(super) stop: CancellationToken,
    events: Option<UnboundedReceiver<Event>>,
    record: Option<Record>,
    showing: Option<JoinHandle<()>>,
    listening: Option<Listening>,
    timings: Option<Timings>,
    mode: Mode,
    color: ColorChoice,
    verbose: u8,
}

impl Show {
    pub(super) fn new(output: Output, look: &LookArgs) -> Self {
        let (announcer, events) = Announcer::new();
        let is_terminal = std::io::stdout().is_terminal();
        // JSON lines are what a program reads, however little a person wants to.
        let asked = match output {
            Output::Json => Some(Mode::Json),
            Output::Text if look.quiet => Some(Mode::Quiet),
            Output::Text if look.plain => Some(Mode::Plain),
            Output::Text => None,
        };
        Self {
            announcer,
            stop: CancellationToken::new(),
            events: Some(events),
            record: Some(Record::new(output == Output::Text && !is_terminal)),
            showing: None,
            listening: None,
            timings: None,
            mode: Mode::choose(asked, is_terminal, ui::is_set("CI")),
            color: match look.color {
                Color::Auto => ColorChoice::Auto,
                Color::Always => ColorChoice::Always,
                Color::Never => ColorChoice::Never,
            },
            verbose: look.verbose,
        }
    }

    /// Has the command leave a page with its timeline, where one is wanted; before anything is announced.
    pub(super) fn leave_timings(&mut self, path: Option<PathBuf>) -> Result<(), Failure> {
        self.timings = path.map(|path| Timings::begin(path, &mut self.announcer)).transpose()?;
        Ok(())
    }

    /// Has what comes of it kept in these files as well.
    pub(super) fn report_to(mut self, files: impl IntoIterator<Item = File>) -> Self {
        if let Some(record) = &mut self.record {
            record.keep_in(files);
        }
        self
    }

    /// Begins to show, and to hear signals. Events said before wait until now: what asks a person
    /// (a login, a confirmation) comes before the first bar. Once is enough.
    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        self.draw();
        if self.listening.is_some() {
            return Ok(());
        }
        let listening = signals::listen(self.announcer.clone(), self.stop.clone());
        self.listening = Some(listening.map_err(Failure::Runtime)?);
        Ok(())
    }

    /// Says what is no reason to stop.
    pub(super) fn warn(&self, warnings: &[impl std::fmt::Display]) {
        warnings
            .iter()
            .for_each(|warning| self.announcer.say(Event::Warned { warning: warning.to_string() }));
    }

    /// Carries out a step of the command, which a signal ends.
    pub(super) async fn step<T, E: Into<Failure>>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Failure> {
        let stoppable = async {
            tokio::select! {
                done = work => done.map_err(Into::into),
                () = self.stop.cancelled() => Err(self.interrupted()),
            }
        };
        self.step_to_its_end(step, stoppable).await
    }

    /// The same for a step that hears of a signal itself, and has something to clear away before it ends.
    pub(super) async fn step_to_its_end<T>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let begun = Instant::now();
        self.announcer.say(Event::StepStarted { step: step.clone() });
        let done = work.await?;
        self.announcer.say(Event::StepFinished { step, elapsed: begun.elapsed() });
        Ok(done)
    }

    /// That a signal has ended the command, and which.
    pub(super) fn interrupted(&self) -> Failure {
        Failure::Interrupted(self.listening.as_ref().map_or(Signal::Interrupt, Listening::signal))
    }

    fn draw(&mut self) {
        if let Some((said, record)) = self.events.take().zip(self.record.take()) {
            let (announcer, events) = Announcer::new();
            tokio::spawn(record.hand_on(said, announcer));
            self.showing = Some(tokio::spawn(ui::show(events, self.mode, self.color, self.verbose)));
        }
    }

    /// Whether the command ended before it began: then why is all that there is to tell a person.
    fn has_nothing_to_show(&self) -> bool {
        self.mode != Mode::Json && self.events.as_ref().is_some_and(UnboundedReceiver::is_empty)
    }

    /// Shows how the command ended, as the last of its events, and waits until that is written.
    pub(super) async fn end(
        self,
        ended: Result<Vec<String>, Failure>,
        tally: &Tally,
        elapsed: Duration,
    ) -> ExitCode {
        self.end_with_code(ended.map(|next| (next, 0)), tally, elapsed).await
    }

    /// The same for a command that ends well with an exit code of its own.
    pub(super) async fn end_with_code(
        mut self,
        mut ended: Result<(Vec<String>, u8), Failure>,
        tally: &Tally,
        elapsed: Duration,
    ) -> ExitCode {
        if let Some(timings) = self.timings.take()
            && let Err(unwritten) = timings.write(finished(&ended, tally, elapsed))
        {
            // Why a command failed weighs more.
            if ended.is_err() {
                self.warn(&[unwritten.text()]);
            } else {
                ended = Err(unwritten);
            }
        }
        if let Err(failure) = &ended
            && self.has_nothing_to_show()
        {
            let finished = Event::Finished(finished(&ended, tally, elapsed));
            let unwritten = self.record.map(|mut record| record.end_with(&finished)).unwrap_or_default();
            unwritten.iter().for_each(told::warning);
            return told::failure(failure);
        }
        self.draw();
        let finished = finished(&ended, tally, elapsed);
        let exit_code = finished.exit_code;
        self.announcer.say(Event::Finished(finished));
        // Who listens for signals can announce, and events end with the last who can.
        if let Some(listening) = self.listening {
            listening.end();
        }
        drop(self.announcer);
        if let Some(showing) = self.showing {
            // It fails only by a panic, which has told itself.
            let _ = showing.await;
        }
        ExitCode::from(exit_code)
    }
}

/// How a command ended, as the last of its events.
fn finished(ended: &Result<(Vec<String>, u8), Failure>, tally: &Tally, elapsed: Duration) -> Finished {
    let failure = ended.as_ref().err();
    Finished {
        outcome: match failure {
            None => Ending::Done,
            Some(Failure::Interrupted(_)) => Ending::Interrupted,
            Some(_) => Ending::Failed,
        },
        exit_code: ended.as_ref().map_or_else(Failure::exit_code, |(_, exit_code)| *exit_code),
        created: tally.get(ApplyOutcome::Created),
        changed: tally.get(ApplyOutcome::Changed),
        unchanged: tally.get(ApplyOutcome::Unchanged),
        failed: tally.get(ApplyOutcome::Failed),
        removed: tally.removed(),
        elapsed,
        error: failure.map(Failure::text),
        hint: failure.and_then(Failure::hint),
        next: ended.as_ref().map(|(next, _)| next.clone()).unwrap_or_default(),
    }
}
