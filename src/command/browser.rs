use std::env;
use std::io::{self, IsTerminal};
use std::process::Stdio;

use tokio::process::Command;

/// Where the program runs.
#[derive(Clone, Copy, Debug)]
struct Desk {
    is_terminal: bool,
    is_ci: bool,
    is_mac: bool,
    has_display: bool,
}

/// Has the browser of whoever sits here show an address; it outlives this program. Nothing is done where nobody would
/// see it: on a pipe, in CI, without a display.
///
/// # Errors
/// Where the program that knows the browser cannot be started.
pub(super) fn show(url: &str) -> io::Result<()> {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty() && value != "false");
    let desk = Desk {
        is_terminal: io::stdout().is_terminal(),
        is_ci: is_set("CI"),
        is_mac: cfg!(target_os = "macos"),
        has_display: is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"),
    };
    let Some(opener) = opener(desk) else { return Ok(()) };
    let mut command = Command::new(opener);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop)
}

/// The program that knows the person's browser.
fn opener(desk: Desk) -> Option<&'static str> {
    match desk {
        Desk { is_terminal: false, .. } | Desk { is_ci: true, .. } => None,
        Desk { is_mac: true, .. } => Some("open"),
        Desk { has_display: true, .. } => Some("xdg-open"),
        Desk { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Desk, opener};

    #[test]
    fn a_browser_is_opened_only_where_somebody_sees_it() {
        let table = [
            ([true, false, false, true], Some("xdg-open")),
            ([true, false, true, false], Some("open")),
            ([true, false, false, false], None),
            ([true, true, false, true], None),
            ([false, false, false, true], None),
            ([false, false, true, false], None),
        ];
        for ([is_terminal, is_ci, is_mac, has_display], expected) in table {
            let desk = Desk { is_terminal, is_ci, is_mac, has_display };
            assert_eq!(opener(desk), expected, "{desk:?}");
        }
    }
}
