//! The terminal that indicatif draws on, in rows that survive a resize.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use console::{Term, measure_text_width, truncate_str};
use indicatif::TermLike;

/// Whether the terminal cannot move its cursor, so that nothing can be redrawn on it.
pub(super) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb")
}

/// How large a terminal is, and what it does with its rows when it is resized.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Rows and columns, asked anew each time: a terminal may be resized whenever its owner likes.
    pub(super) size: fn() -> (u16, u16),
    /// Whether rows that no longer fit are broken anew; nearly all terminals do, xterm cuts them.
    pub(super) reflows: bool,
}

impl Shape {
    pub(super) fn of_stdout() -> Self {
        Self { size: || Term::stdout().size(), reflows: std::env::var_os("XTERM_VERSION").is_none() }
    }

    /// The last column stays free: a row that fills it would be joined with the next.
    pub(super) fn width(self) -> usize {
        usize::from((self.size)().1.max(2)) - 1
    }
}

/// Rows that are redrawn in place, with lines that stay above them.
///
/// indicatif fills each row with spaces up to the last column and lets the terminal wrap. A terminal that is
/// resized takes such rows for one long line and breaks it anew, and then the wrong rows are cleared. So what
/// indicatif wants to see is only collected here, and each draw replaces the rows before it by the height that
/// they have now. The cursor is never hidden, so that no end of the process, however sudden, leaves it so.
pub(super) struct Screen<W> {
    shape: Shape,
    state: Arc<Mutex<State<W>>>,
}

struct State<W> {
    /// None once it is closed.
    out: Option<W>,
    /// The row that indicatif is filling.
    row: String,
    /// The rows of the draw that goes on.
    next: Vec<String>,
    /// How wide each row is that stands on the screen; the cursor is at the start of the last one.
    drawn: Vec<usize>,
}

impl<W: Write> Screen<W> {
    pub(super) fn new(out: W, shape: Shape) -> Self {
        let state = State { out: Some(out), row: String::new(), next: Vec::new(), drawn: Vec::new() };
        Self { shape, state: Arc::new(Mutex::new(state)) }
    }

    /// Writes a line that stays. The rows must be cleared before, and drawn again after it.
    pub(super) fn print(&self, line: &str) {
        self.state().write(&format!("{}\r\n", line.replace('\n', "\r\n")));
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        // Whoever panicked with it left at worst half a row.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn columns(&self) -> usize {
        self.shape.width() + 1
    }

    /// How many rows of the terminal a row of this width takes now.
    fn height(&self, width: usize) -> usize {
        if self.shape.reflows { width.div_ceil(self.columns()).max(1) } else { 1 }
    }
}

impl<W: Write> State<W> {
    fn write(&mut self, text: &str) {
        let Some(out) = &mut self.out else { return };
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            self.out = None;
        }
    }
}

impl<W> Clone for Screen<W> {
    fn clone(&self) -> Self {
        Self { shape: self.shape, state: Arc::clone(&self.state) }
    }
}

impl<W> fmt::Debug for Screen<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// Clears rows of the terminal: those above the cursor, and so many from its own on. The cursor ends in the
/// first of them. Row by row: tmux takes the one sequence that clears all below for a reason to keep what
/// was there in its history.
fn cleared(above: usize, below: usize) -> String {
    let mut cleared = "\r".to_owned();
    let up = |rows: usize| if rows > 0 { format!("\x1b[{rows}A") } else { String::new() };
    cleared += &up(above);
    cleared += &vec!["\x1b[2K"; above + below].join("\x1b[1B");
    cleared += &up(above + below - 1);
    cleared
}

/// DEC mode 2026: a terminal that knows it shows what is between the two at once; others ignore it.
const BEGIN_UPDATE: &str = "\x1b[?2026h";
const END_UPDATE: &str = "\x1b[?2026l";

impl<W: Write + Send> TermLike for Screen<W> {
    fn width(&self) -> u16 {
        (self.shape.size)().1.max(2)
    }

    fn height(&self) -> u16 {
        (self.shape.size)().0.max(1)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let mut state = self.state();
        state.row.push_str(text);
        let width = measure_text_width(&state.row);
        if width > 0 && width.is_multiple_of(self.columns()) {
            let row = std::mem::take(&mut state.row);
            // A row that was made just before a resize may be too wide by now.
            state.next.push(truncate_str(row.trim_end(), self.shape.width(), "").into_owned());
        }
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let mut state = self.state();
        state.row.clear();
        let mut rows = std::mem::take(&mut state.next);
        rows.retain(|row| !row.is_empty());
        let mut update = String::from(BEGIN_UPDATE);
        if let Some((last, above)) = state.drawn.split_last() {
            let above: usize = above.iter().map(|width| self.height(*width)).sum();
            update.push_str(&cleared(above, self.height(*last)));
        }
        update.push_str(&rows.join("\r\n"));
        update.push('\r');
        update.push_str(END_UPDATE);
        if !rows.is_empty() || !state.drawn.is_empty() {
            state.write(&update);
        }
        state.drawn = rows.iter().map(|row| measure_text_width(row)).collect();
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    // Where indicatif thinks that its rows are does not matter: each draw replaces all of them.
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }
}
