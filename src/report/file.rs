use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Report;
use super::form::{Form, UnknownForm};
use crate::whole::{self, Readers};

/// Where a report is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub path: PathBuf,
    form: Form,
    /// Whether others write there too, one after the other.
    is_shared: bool,
}

/// A path that no report can be written to.
#[derive(Debug, thiserror::Error)]
pub enum NotAFile {
    #[error(transparent)]
    Form(#[from] UnknownForm),

    #[error("it is a folder")]
    Folder,

    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
}

impl File {
    /// The file that a user names; its extension says in which form.
    ///
    /// # Errors
    /// What can be told before there is anything to write.
    pub fn named(path: &str) -> Result<Self, NotAFile> {
        Self::in_form(path, Form::of(Path::new(path))?)
    }

    /// The same for JUnit XML, whatever it is called.
    ///
    /// # Errors
    /// As [`File::named`].
    pub fn junit(path: &str) -> Result<Self, NotAFile> {
        Self::in_form(path, Form::Junit)
    }

    /// The summary of a job, which other steps of it add to.
    pub fn summary(path: PathBuf) -> Self {
        Self { path, form: Form::Markdown, is_shared: true }
    }

    fn in_form(path: &str, form: Form) -> Result<Self, NotAFile> {
        let path = PathBuf::from(path);
        if path.is_dir() {
            return Err(NotAFile::Folder);
        }
        match folder(&path) {
            folder if folder.is_dir() => Ok(Self { path, form, is_shared: false }),
            folder => Err(NotAFile::NoFolder(folder.to_owned())),
        }
    }

    /// Writes the report, whole or not at all.
    ///
    /// # Errors
    /// Where the file system does not let it be written.
    pub fn write(&self, report: &Report) -> io::Result<()> {
        let text = self.form.render(report);
        let is_special = self.path.metadata().is_ok_and(|there| !there.is_file());
        if self.is_shared || is_special {
            let mut file = fs_err::OpenOptions::new().append(true).create(true).open(&self.path)?;
            return file.write_all(text.as_bytes());
        }
        // Through a link, the file that it leads to.
        let path = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        whole::write(&path, Readers::Usual, |file| file.write_all(text.as_bytes()))
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}
