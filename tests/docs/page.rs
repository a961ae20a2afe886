//! A document as these tests read it: its blocks, its headings, and what stands in backticks.

use std::path::{Path, PathBuf};

/// A document of the repository, its path from the top.
pub(crate) struct Page {
    pub(crate) path: PathBuf,
    pub(crate) blocks: Vec<Block>,
    /// The lines outside of blocks, with their numbers.
    pub(crate) prose: Vec<(usize, String)>,
}

/// What is shown as it is written.
pub(crate) struct Block {
    /// The number of its first line.
    pub(crate) line: usize,
    /// What stands behind the fence; None where it is indented.
    pub(crate) language: Option<String>,
    pub(crate) lines: Vec<String>,
}

/// A line for a shell, with the number of the line that it begins in.
pub(crate) struct Command {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// README.md and what is in docs/, in the order of their names.
pub(crate) fn all() -> Vec<Page> {
    let entries = std::fs::read_dir("docs").unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    paths.sort();
    paths.insert(0, "README.md".into());
    paths.iter().map(|path| Page::read(path)).collect()
}

impl Page {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let (mut blocks, mut prose) = (Vec::<Block>::new(), Vec::new());
        let (mut is_fenced, mut is_indented, mut is_after_blank) = (false, false, true);
        for (line, text) in text.lines().enumerate().map(|(index, text)| (index + 1, text)) {
            let inside = |block: Option<&mut Block>| block.unwrap().lines.push(text.to_owned());
            if let Some(language) = text.strip_prefix("```") {
                is_fenced = !is_fenced;
                if is_fenced {
                    blocks.push(Block {
                        line: line + 1,
                        language: Some(language.to_owned()),
                        lines: Vec::new(),
                    });
                }
                (is_indented, is_after_blank) = (false, true);
            } else if is_fenced {
                inside(blocks.last_mut());
            } else if let Some(code) = text.strip_prefix("    ").filter(|_| is_indented || is_after_blank) {
                if !is_indented {
                    blocks.push(Block { line, language: None, lines: Vec::new() });
                    is_indented = true;
                }
                blocks.last_mut().unwrap().lines.push(code.to_owned());
            } else if text.is_empty() && is_indented {
                inside(blocks.last_mut());
            } else {
                is_indented = false;
                is_after_blank = text.is_empty();
                prose.push((line, text.to_owned()));
            }
        }
        assert!(!is_fenced, "{}: a fence is not closed", path.display());
        Self { path: path.to_owned(), blocks, prose }
    }

    pub(crate) fn commands(&self) -> Vec<Command> {
        self.blocks.iter().flat_map(Block::commands).collect()
    }

    /// What stands in backticks, with the number of its line. None of it goes on in the next line.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (usize, &str)> {
        self.prose
            .iter()
            .flat_map(|(line, text)| text.split('`').skip(1).step_by(2).map(|span| (*line, span)))
    }

    /// The files that a line such as "For example, `base.yaml` and `site.yaml`:" announces: the next blocks of YAML.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let mut files = Vec::new();
        for (line, text) in self.prose.iter().filter(|(_, text)| text.ends_with("`:")) {
            let names = text.split('`').skip(1).step_by(2).filter(|name| name.ends_with(".yaml"));
            let blocks = self.blocks.iter().filter(|block| block.line > *line && block.is("yaml"));
            files.extend(
                names.zip(blocks).map(|(name, block)| (name.to_owned(), block.lines.join("\n") + "\n")),
            );
        }
        files
    }
}

impl Block {
    pub(crate) fn is(&self, language: &str) -> bool {
        self.language.as_deref() == Some(language)
    }

    fn commands(&self) -> Vec<Command> {
        if !(self.language.is_none() || self.is("sh")) {
            return Vec::new();
        }
        let lines = || self.lines.iter().enumerate().map(|(index, text)| (self.line + index, text.as_str()));
        let prompted: Vec<_> =
            lines().filter_map(|(line, text)| Some((line, text.strip_prefix("$ ")?))).collect();
        let lines = if prompted.is_empty() { lines().collect() } else { prompted };
        let mut commands: Vec<Command> = Vec::new();
        let mut goes_on = false;
        for (line, text) in lines.into_iter().filter(|(_, text)| !text.is_empty() && !text.starts_with('#')) {
            match commands.last_mut().filter(|_| goes_on) {
                Some(command) => command.text = format!("{}\n{text}", command.text),
                None => commands.push(Command { line, text: text.to_owned() }),
            }
            goes_on = text.ends_with(['|', '\\']);
        }
        commands
    }
}
