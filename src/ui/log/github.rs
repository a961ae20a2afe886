//! The workflow commands of GitHub Actions, which its runner finds in the lines of a job.
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>

use std::borrow::Cow;
use std::env;
use std::path::{Path, PathBuf};

use super::super::text::plain;
use crate::finding::{Finding, Severity};

/// What annotations that are about no finding are called.
const TITLE: &str = "kubestock-install";

#[derive(Clone, Debug)]
pub(in crate::ui) struct GitHub {
    /// The folder that we run in, from the top of the repository: files in annotations are named from there.
    folder: PathBuf,
}

impl GitHub {
    pub(super) fn here() -> Self {
        let folder = env::current_dir().ok();
        let workspace = env::var_os("GITHUB_WORKSPACE");
        let below = |folder: PathBuf| folder.strip_prefix(workspace?).map(Path::to_owned).ok();
        Self::below(folder.and_then(below).unwrap_or_default())
    }

    pub(in crate::ui) const fn below(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) const END: &str = "::endgroup::";

    pub(super) fn group(title: &str) -> String {
        format!("::group::{}", data(title))
    }

    /// The code is the title, and the hint a line of its own.
    pub(super) fn finding(&self, finding: &Finding) -> String {
        let mut properties = Vec::new();
        if let Some(at) = &finding.at {
            let file = self.folder.join(&at.file);
            properties.push(format!("file={}", property(&file.to_string_lossy())));
            properties.extend(at.line.map(|line| format!("line={line}")));
        }
        properties.push(format!("title={}", finding.code));
        let kind = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let said = format!("{}\nhint: {}", plain(&finding.to_string()), plain(&finding.hint));
        format!("::{kind} {}::{}", properties.join(","), data(&said))
    }

    pub(super) fn warning(warning: &str) -> String {
        format!("::warning title={TITLE}::{}", data(warning))
    }

    pub(super) fn error(error: &str, hint: Option<&str>) -> String {
        let hint = hint.map(|hint| format!("\nhint: {}", hint.trim_end())).unwrap_or_default();
        format!("::error title={TITLE}::{}", data(&format!("{}{hint}", error.trim_end())))
    }

    /// The runner takes a line that begins with `::` for a command, and `##[` wherever it stands.
    pub(super) fn harmless(line: &str) -> Cow<'_, str> {
        let line = match line.contains("##[") {
            true => Cow::Owned(line.replace("##[", "## [")),
            false => Cow::Borrowed(line),
        };
        if line.trim_start().starts_with("::") { Cow::Owned(line.replacen("::", ": :", 1)) } else { line }
    }
}

/// As the runner reads a message: actions/toolkit, `packages/core/src/command.ts`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As it reads a property, which ends with a comma or a colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Code;

    #[test]
    fn what_would_end_a_command_is_escaped_as_the_runner_demands() {
        assert_eq!(property("a,b:c%/web\r\n.yaml"), "a%2Cb%3Ac%25/web%0D%0A.yaml");
        let finding = Finding::error(Code::UnknownKind, "100% wrong: a,b", "mend it");
        assert_eq!(
            GitHub::below("deploy".into()).finding(&finding),
            "::error title=KSI-201::100%25 wrong: a,b%0Ahint: mend it"
        );
        let finding = Finding::warning(Code::UnknownKind, "odd\r\n::stop-commands::x", "look");
        assert_eq!(
            GitHub::below(PathBuf::new()).finding(&finding),
            "::warning title=KSI-201::odd ::stop-commands::x%0Ahint: look"
        );
        assert_eq!(
            GitHub::error("refused:\r\n  50%\n", Some("again\n")),
            "::error title=kubestock-install::refused:%0D%0A  50%25%0Ahint: again"
        );
    }

    #[test]
    fn a_line_of_a_cluster_is_no_command() {
        let table = [
            ("    ::add-mask::a", "    : :add-mask::a"),
            ("[   0.1s] x ##[set-output name=a]b", "[   0.1s] x ## [set-output name=a]b"),
            ("a::b #[derive]", "a::b #[derive]"),
        ];
        for (line, expected) in table {
            assert_eq!(GitHub::harmless(line), expected);
        }
    }
}
