use std::sync::atomic::{AtomicU16, Ordering};

use indicatif::TermLike;
use insta::assert_snapshot;

use super::{Shared, replay};
use crate::event::recording;
use crate::ui::bars::Bars;
use crate::ui::ink::{Ink, UNICODE};
use crate::ui::terminal::{Screen, Shape};

const PLAIN: Ink = Ink::new(false, &UNICODE);
const AT_80: Shape = Shape { size: || (24, 80), reflows: true };
const AT_40: Shape = Shape { size: || (24, 40), reflows: true };

fn terminal(rows: u16, columns: u16) -> vt100::Parser {
    vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0)
}

/// What stands on the terminal when the run has ended, what was scrolled off included.
async fn last_screen(name: &str, shape: Shape) -> String {
    // A terminal that shows both outputs, as terminals do.
    let out = Shared::default();
    replay(recording::named(name).unwrap(), Bars::new(out.clone(), shape, PLAIN, out.clone(), PLAIN, 0))
        .await;
    let columns = (shape.size)().1;
    let mut terminal = terminal(60, columns);
    // The line discipline adds the carriage return to lines that are written as to any file.
    terminal.process(out.text().replace("\r\n", "\n").replace('\n', "\r\n").as_bytes());
    let screen = terminal.screen();
    let copied = screen.rows(0, columns).position(|row| row.starts_with("error:") || row == "next:");
    // Errors and commands are not broken, so that they can be copied.
    assert!((0..copied.unwrap() as u16).all(|row| !screen.row_wrapped(row)), "{}", screen.contents());
    screen.rows(0, columns).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_run_leaves_its_steps_and_its_summary() {
    let mut screens = String::new();
    for name in recording::NAMES {
        screens += &format!("{name}:\n{}\n\n", last_screen(name, AT_80).await);
    }
    assert_snapshot!(screens);
}

#[tokio::test(start_paused = true)]
async fn a_narrow_terminal_gets_lines_that_fit() {
    let mut screens = String::new();
    for name in recording::NAMES {
        screens += &format!("{name}:\n{}\n\n", last_screen(name, AT_40).await);
    }
    assert_snapshot!(screens);
}

/// Draws rows as indicatif does: each filled up to the last column.
fn draw(screen: &Screen<Shared>, rows: &[&str]) {
    for row in rows {
        screen.write_str(row).unwrap();
        screen.write_str(&" ".repeat(usize::from(screen.width()) - row.len())).unwrap();
    }
    screen.flush().unwrap();
}

#[test]
fn rows_end_where_their_text_ends() {
    let out = Shared::default();
    draw(&Screen::new(out.clone(), AT_40), &["one", "two"]);
    assert_eq!(out.text(), "\u{1b}[?2026hone\r\ntwo\r\u{1b}[?2026l");
}

#[test]
fn a_resize_clears_the_rows_by_the_height_that_they_have_now() {
    static COLUMNS: AtomicU16 = AtomicU16::new(80);
    let long = "x".repeat(70);
    // 70 columns take two rows of 40; the cursor is in the first row of the last line.
    for (reflows, above, all) in [(true, 3, 5), (false, 2, 3)] {
        COLUMNS.store(80, Ordering::Relaxed);
        let out = Shared::default();
        let shape = Shape { size: || (24, COLUMNS.load(Ordering::Relaxed)), reflows };
        let screen = Screen::new(out.clone(), shape);
        draw(&screen, &[&long, "short", &long]);
        COLUMNS.store(40, Ordering::Relaxed);
        draw(&screen, &["x"]);
        let text = out.text();
        let (_, second) = text.split_once("\u{1b}[?2026l").unwrap();
        assert!(second.starts_with(&format!("\u{1b}[?2026h\r\u{1b}[{above}A\u{1b}[2K")), "{second:?}");
        assert!(second.ends_with(&format!("\u{1b}[2K\u{1b}[{}Ax\r\u{1b}[?2026l", all - 1)), "{second:?}");
        assert_eq!(second.matches("\u{1b}[2K").count(), all);
    }
}

#[test]
fn a_view_that_is_dropped_leaves_no_rows() {
    use crate::event::{Event, Step};
    use crate::ui::progress::Progress;
    use crate::ui::view::View;
    let out = Shared::default();
    let mut bars = Bars::new(out.clone(), AT_80, PLAIN, Shared::default(), PLAIN, 0);
    let mut progress = Progress::default();
    progress.fold(&Event::StepStarted { step: Step::Verify }, std::time::Duration::ZERO);
    bars.tick(&progress, std::time::Duration::from_secs(1));
    assert!(out.text().contains("verify"));
    drop(bars);
    let mut terminal = terminal(24, 80);
    terminal.process(out.text().as_bytes());
    assert_eq!(terminal.screen().contents(), "");
    assert!(!terminal.screen().hide_cursor());
}
