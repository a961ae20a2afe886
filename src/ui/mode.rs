//! How a run is shown, and in which colours.

/// How the facts of a run are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// For a person at a terminal: lines that change in place.
    Bars,
    /// For a log: one fact a line, nothing is ever redrawn.
    Lines,
    /// For a program: one JSON object a line, as `docs/events.md` describes.
    Json,
}

impl Mode {
    /// `ci`: the environment variable CI is set, and neither empty nor `false`. A CI's terminal is a log.
    pub fn choose(json: bool, stdout_is_terminal: bool, ci: bool) -> Self {
        match (json, stdout_is_terminal, ci) {
            (true, _, _) => Self::Json,
            (false, true, false) => Self::Bars,
            (false, _, _) => Self::Lines,
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
    use super::Mode::{self, Bars, Json, Lines};

    #[test]
    fn bars_are_for_a_terminal_that_a_person_watches() {
        let table = [
            ((false, true, false), Bars),
            ((false, true, true), Lines),
            ((false, false, false), Lines),
            ((false, false, true), Lines),
            ((true, true, false), Json),
            ((true, false, true), Json),
        ];
        for ((json, terminal, ci), mode) in table {
            assert_eq!(Mode::choose(json, terminal, ci), mode, "json {json}, terminal {terminal}, ci {ci}");
        }
    }
}
