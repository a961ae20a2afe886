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

/// Lines, and the section that they stand in. One is open at most, as GitHub has it.
pub(super) struct Log<O> {
    /// None once it is closed.
    out: Option<O>,
    reader: Reader,
    section: Section,
}

enum Section {
    None,
    /// It opens with its first line, so that none is empty.
    Due(String),
    Open(String),
}

impl<O: Write> Log<O> {
    pub(super) fn new(out: O, reader: Reader) -> Self {
        Self { out: Some(out), reader, section: Section::None }
    }

    pub(super) fn read_by(self, reader: Reader) -> Self {
        Self { reader, ..self }
    }

    pub(super) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// What is said from now on belongs together.
    pub(super) fn begin(&mut self, title: &str) {
        self.close();
        self.section = Section::Due(title.to_owned());
    }

    /// Ends the section, where it is this one: another may have begun meanwhile.
    pub(super) fn end(&mut self, title: &str) {
        if let Section::Due(current) | Section::Open(current) = &self.section
            && current == title
        {
            self.close();
        }
    }

    /// What is said from now on stands where nobody has to unfold anything to see it.
    pub(super) fn close(&mut self) {
        if let Section::Open(_) = std::mem::replace(&mut self.section, Section::None)
            && let Some(closed) = self.reader.closed()
        {
            self.write(&closed);
        }
    }

    pub(super) fn line(&mut self, line: &str) {
        self.open();
        let line = self.reader.harmless(line).into_owned();
        self.write(&line);
    }

    /// What is for the reader's program, and already in its form.
    pub(super) fn command(&mut self, command: &str) {
        self.open();
        self.write(command);
    }

    fn open(&mut self) {
        match std::mem::replace(&mut self.section, Section::None) {
            Section::Due(title) => {
                if let Some(opened) = self.reader.opened(&title) {
                    self.write(&opened);
                }
                self.section = Section::Open(title);
            }
            section => self.section = section,
        }
    }

    fn write(&mut self, line: &str) {
        let Some(out) = &mut self.out else { return };
        if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
            self.out = None;
        }
    }
}
