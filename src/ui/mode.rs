//! How a run is shown, and in which colours.

/// How the facts of a run are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// For a person at a terminal: lines that change in place.
    Bars,
    /// For a person who hears the lines or feels them: one fact a line, in words and without times.
    Plain,
    /// For a log: one fact a line, nothing is ever redrawn.
    Lines,
    /// Errors and warnings alone.
    Quiet,
    /// For a program: one JSON object a line, as `docs/events.md` describes.
    Json,
}

impl Mode {
    /// What was asked for, or else what the output is good for.
    ///
    /// `ci`: the environment variable CI is set, and neither empty nor `false`. A CI's terminal is a log.
    pub fn choose(asked: Option<Self>, stdout_is_terminal: bool, ci: bool) -> Self {
        match (asked, stdout_is_terminal, ci) {
            (Some(asked), _, _) => asked,
            (None, true, false) => Self::Bars,
            (None, _, _) => Self::Lines,
        }
    }
}

/// Whether an environment variable says yes: it is neither empty nor `false`.
pub fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty() && value != "false")
}

/// When to use colours. [`ColorChoice::Auto`] honours NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM=dumb.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

#[cfg(test)]
mod tests {
    use super::Mode::{self, Bars, Json, Lines, Quiet};

    #[test]
    fn bars_are_for_a_terminal_that_a_person_watches() {
        let table = [
            ((None, true, false), Bars),
            ((None, true, true), Lines),
            ((None, false, false), Lines),
            ((None, false, true), Lines),
            ((Some(Json), true, false), Json),
            ((Some(Quiet), false, true), Quiet),
        ];
        for ((asked, terminal, ci), mode) in table {
            let case = format!("asked {asked:?}, terminal {terminal}, ci {ci}");
            assert_eq!(Mode::choose(asked, terminal, ci), mode, "{case}");
        }
    }
}
