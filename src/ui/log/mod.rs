//! A log that is only ever added to, in the form in which its reader folds it and picks the errors out.

mod github;
mod gitlab;

use std::borrow::Cow;
use std::io::{IsTerminal, Write};

use super::mode::is_set;
use crate::finding::Finding;

pub(super) use github::GitHub;
pub(super) use gitlab::GitLab;

/// Who reads the log: a person who sees lines, or the runner of a CI system, which finds more in them.
#[derive(Clone, Debug)]
pub(super) enum Reader {
    Person,
    GitHub(GitHub),
    GitLab(GitLab),
}

impl Reader {
    /// Whom the environment names. A terminal's reader is a person, whatever the environment says.
    pub(super) fn of(stream: &impl IsTerminal) -> Self {
        match () {
            () if stream.is_terminal() => Self::Person,
            () if is_set("GITHUB_ACTIONS") => Self::GitHub(GitHub::here()),
            () if is_set("GITLAB_CI") => Self::GitLab(GitLab::now()),
            () => Self::Person,
        }
    }

    /// A finding as an annotation, where the reader knows them.
    pub(super) fn finding(&self, finding: &Finding) -> Option<String> {
        match self {
            Self::GitHub(github) => Some(github.finding(finding)),
            Self::Person | Self::GitLab(_) => None,
        }
    }

    pub(super) fn warning(&self, warning: &str) -> Option<String> {
        match self {
            Self::GitHub(_) => Some(GitHub::warning(warning)),
            Self::Person | Self::GitLab(_) => None,
        }
    }

    /// Why a run did not end well, and what to do about it.
    pub(super) fn error(&self, error: &str, hint: Option<&str>) -> Option<String> {
        match self {
            Self::GitHub(_) => Some(GitHub::error(error, hint)),
            Self::Person | Self::GitLab(_) => None,
        }
    }

    fn opened(&mut self, title: &str) -> Option<String> {
        match self {
            Self::Person => None,
            Self::GitHub(_) => Some(GitHub::group(title)),
            Self::GitLab(gitlab) => Some(gitlab.opened(title)),
        }
    }

    fn closed(&self) -> Option<String> {
        match self {
            Self::Person => None,
            Self::GitHub(_) => Some(GitHub::END.to_owned()),
            Self::GitLab(gitlab) => Some(gitlab.closed()),
        }
    }

    /// The line as one that the reader takes for nothing else, whatever a cluster said.
    pub(super) fn harmless<'a>(&self, line: &'a str) -> Cow<'a, str> {
        match self {
            Self::GitHub(_) => GitHub::harmless(line),
            Self::Person | Self::GitLab(_) => Cow::Borrowed(line),
        }
    }
}

/// Lines, and the section that they stand in. One is open at most, as GitHub has it; where one ends within another, the
/// other opens again with its next line.
pub(super) struct Log<O> {
    /// None once it is closed.
    out: Option<O>,
    reader: Reader,
    /// Those that have begun, the innermost last. It opens with its first line, so that none is empty.
    sections: Vec<String>,
    open: Option<String>,
}

impl<O: Write> Log<O> {
    pub(super) fn new(out: O, reader: Reader) -> Self {
        Self { out: Some(out), reader, sections: Vec::new(), open: None }
    }

    pub(super) fn read_by(self, reader: Reader) -> Self {
        Self { reader, ..self }
    }

    pub(super) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// What is said from now on belongs together.
    pub(super) fn begin(&mut self, title: &str) {
        self.sections.push(title.to_owned());
    }

    pub(super) fn end(&mut self, title: &str) {
        if let Some(place) = self.sections.iter().rposition(|section| section == title) {
            self.sections.remove(place);
        }
        if self.open.as_deref() == Some(title) {
            self.fold();
        }
    }

    /// What is said from now on stands where nobody has to unfold anything to see it.
    pub(super) fn close(&mut self) {
        self.sections.clear();
        self.fold();
    }

    pub(super) fn line(&mut self, line: &str) {
        self.unfold();
        let line = self.reader.harmless(line).into_owned();
        self.write(&line);
    }

    /// A line of what a section has come to: it stands in none.
    pub(super) fn outside(&mut self, line: &str) {
        self.fold();
        let line = self.reader.harmless(line).into_owned();
        self.write(&line);
    }

    /// What is for the reader's program, and already in its form.
    pub(super) fn command(&mut self, command: &str) {
        self.unfold();
        self.write(command);
    }

    fn unfold(&mut self) {
        let innermost = self.sections.last().cloned();
        if self.open == innermost {
            return;
        }
        self.fold();
        if let Some(opened) = innermost.as_deref().and_then(|title| self.reader.opened(title)) {
            self.write(&opened);
        }
        self.open = innermost;
    }

    fn fold(&mut self) {
        if self.open.take().is_some()
            && let Some(closed) = self.reader.closed()
        {
            self.write(&closed);
        }
    }

    fn write(&mut self, line: &str) {
        let Some(out) = &mut self.out else { return };
        if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
            self.out = None;
        }
    }
}
