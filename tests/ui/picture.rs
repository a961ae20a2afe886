//! What a terminal shows, as a picture: dark in any surroundings, as terminals mostly are.

use std::fmt::Write;

use vt100::{Color, Screen};

/// Width and height of a cell, and the room around the screen.
const CELL: (u16, u16) = (9, 20);
const MARGIN: u16 = 16;

const BACKGROUND: &str = "#14191f";
const FOREGROUND: &str = "#dfe6ec";

/// The screen down to its last row with anything in it, below the command that was typed.
pub(crate) fn svg(command: &str, screen: &Screen) -> String {
    let (rows, columns): (u16, u16) = (screen.size().0.into(), screen.size().1.into());
    let is_blank =
        |row: &u16| screen.rows(0, columns).nth(usize::from(*row)).is_none_or(|text| text.trim().is_empty());
    let used = (0..rows).rev().find(|row| !is_blank(row)).map_or(0, |row| row + 1);
    let (width, height) = (columns * CELL.0 + 2 * MARGIN, (used + 1) * CELL.1 + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"title\" xml:space=\"preserve\">
  <title id=\"title\">What a terminal shows of {}</title>
  <style>text {{ font: 15px ui-monospace, Menlo, Consolas, \"DejaVu Sans Mono\", monospace; white-space: pre }}</style>
  <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{BACKGROUND}\"/>
",
        escaped(command)
    );
    line(&mut svg, 0, &[Run { column: 0, color: FOREGROUND, is_bold: true, text: format!("$ {command}") }]);
    for row in 0..used {
        line(&mut svg, row + 1, &runs(screen, row, columns));
    }
    svg + "</svg>\n"
}

/// Neighbours that look alike.
struct Run {
    column: u16,
    color: &'static str,
    is_bold: bool,
    text: String,
}

fn runs(screen: &Screen, row: u16, columns: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column) else { continue };
        let text = if cell.contents().is_empty() { " " } else { cell.contents() };
        let color = if cell.dim() { "#8d99a5" } else { named(cell.fgcolor()) };
        match runs.last_mut().filter(|run| (run.color, run.is_bold) == (color, cell.bold())) {
            Some(run) => run.text.push_str(text),
            None => runs.push(Run { column, color, is_bold: cell.bold(), text: text.to_owned() }),
        }
    }
    runs
}

fn line(svg: &mut String, row: u16, runs: &[Run]) {
    let y = MARGIN + row * CELL.1 + 15;
    for run in runs.iter().filter(|run| !run.text.trim().is_empty()) {
        let text = run.text.trim();
        let before = run.text.chars().take_while(|letter| *letter == ' ').count() as u16;
        let x = MARGIN + (run.column + before) * CELL.0;
        let length = text.chars().count() * usize::from(CELL.0);
        let weight = if run.is_bold { " font-weight=\"600\"" } else { "" };
        // The length keeps columns apart, whatever font is there.
        let at = format!("x=\"{x}\" y=\"{y}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\"");
        writeln!(svg, "  <text {at} fill=\"{}\"{weight}>{}</text>", run.color, escaped(text)).unwrap();
    }
}

/// The colours that the program uses, in a shade that is legible on the background.
fn named(color: Color) -> &'static str {
    match color {
        Color::Idx(1 | 9) => "#ff8a80",
        Color::Idx(2 | 10) => "#7ed491",
        Color::Idx(3 | 11) => "#f0c46c",
        Color::Idx(4 | 12) => "#82b1ff",
        Color::Idx(5 | 13) => "#d7a3f0",
        Color::Idx(6 | 14) => "#77d3dd",
        _ => FOREGROUND,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
