use std::path::Path;

use super::{Report, html, json, junit, markdown};

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One document for programs.
    Json,
    /// What CI systems read as the results of tests.
    Junit,
    /// A page by itself.
    Html,
    /// What GitHub shows as the summary of a job.
    Markdown,
}

/// A file whose name does not say in which form it is to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its name is to end in .json, .xml (JUnit) or .html: the form of the report follows from it")]
pub struct UnknownForm;

impl Form {
    /// By the extension, as a user names it.
    ///
    /// # Errors
    /// Where there is none, or another.
    pub fn of(path: &Path) -> Result<Self, UnknownForm> {
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        match extension.to_str() {
            Some("json") => Ok(Self::Json),
            Some("xml") => Ok(Self::Junit),
            Some("html" | "htm") => Ok(Self::Html),
            _ => Err(UnknownForm),
        }
    }

    pub fn render(self, report: &Report) -> String {
        match self {
            Self::Json => json::json(report),
            Self::Junit => junit::junit(report),
            Self::Html => html::html(report),
            Self::Markdown => markdown::markdown(report),
        }
    }
}
