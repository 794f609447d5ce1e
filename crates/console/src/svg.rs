//! Cells of a terminal as an SVG: one text for each run of cells that look alike, set to the grid.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

const CELL: (f64, f64) = (8.4, 18.0);
const FONT: f64 = 14.0;
/// Around each screen.
const EDGE: f64 = 14.0;
const PAPER: &str = "#16181d";
const INK: &str = "#d6d9e0";

/// Screens beneath each other.
pub fn drawn(screens: &[Buffer]) -> String {
    let width = screens.iter().map(|screen| f64::from(screen.area.width)).fold(0.0, f64::max) * CELL.0 + EDGE * 2.0;
    let panel = |screen: &Buffer| f64::from(screen.area.height) * CELL.1 + EDGE * 2.0;
    let height = screens.iter().map(panel).sum::<f64>() + EDGE * screens.len().saturating_sub(1) as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" \
         font-size=\"{FONT}\">\n"
    );
    let mut top = 0.0;
    for screen in screens {
        let height = panel(screen);
        push(&mut svg, format_args!("<g transform=\"translate(0 {top:.1})\">\n"));
        push(&mut svg, format_args!("<rect width=\"{width:.1}\" height=\"{height:.1}\" rx=\"8\" fill=\"{PAPER}\"/>\n"));
        push(&mut svg, format_args!("<g transform=\"translate({EDGE} {EDGE})\" xml:space=\"preserve\">\n"));
        (0..screen.area.height).for_each(|y| line(&mut svg, screen, y));
        svg.push_str("</g>\n</g>\n");
        top += height + EDGE;
    }
    svg + "</svg>\n"
}

fn push(svg: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    svg.write_fmt(part).ok();
}

/// Cells side by side that look alike.
struct Run {
    x: u16,
    columns: u16,
    text: String,
    look: Look,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    ink: Color,
    paper: Color,
    modifier: Modifier,
}

fn line(svg: &mut String, screen: &Buffer, y: u16) {
    let mut runs: Vec<Run> = Vec::new();
    let mut x = 0;
    while let Some(cell) = screen.cell((x, y)) {
        let columns = u16::try_from(cell.symbol().width()).unwrap_or(1).max(1);
        let look = look(cell);
        // A wide letter stands alone, so that it cannot move its neighbours where a font has it narrower.
        match runs
            .last_mut()
            .filter(|run| run.look == look && columns == 1 && run.text.width() == run.text.chars().count())
        {
            Some(run) => {
                run.text.push_str(cell.symbol());
                run.columns += 1;
            }
            None => runs.push(Run { x, columns, text: cell.symbol().to_owned(), look }),
        }
        x += columns;
    }
    runs.iter().for_each(|run| write_run(svg, run, y));
}

const fn look(cell: &Cell) -> Look {
    Look { ink: cell.fg, paper: cell.bg, modifier: cell.modifier }
}

fn write_run(svg: &mut String, run: &Run, y: u16) {
    let (x, top) = (f64::from(run.x) * CELL.0, f64::from(y) * CELL.1);
    let width = f64::from(run.columns) * CELL.0;
    if let Some(paper) = colour(run.look.paper) {
        let height = CELL.1;
        push(
            svg,
            format_args!(
                "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{paper}\"/>\n"
            ),
        );
    }
    if run.text.trim().is_empty() && !run.look.modifier.contains(Modifier::UNDERLINED) {
        return;
    }
    let ink = colour(run.look.ink).unwrap_or(INK);
    let mut style = String::new();
    if run.look.modifier.contains(Modifier::BOLD) {
        style.push_str(" font-weight=\"bold\"");
    }
    if run.look.modifier.contains(Modifier::UNDERLINED) {
        style.push_str(" text-decoration=\"underline\"");
    }
    let base = top + CELL.1 * 0.74;
    let text = run.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(' ', "\u{a0}");
    push(
        svg,
        format_args!(
            "<text x=\"{x:.1}\" y=\"{base:.1}\" textLength=\"{width:.1}\" fill=\"{ink}\"{style}>{text}</text>\n"
        ),
    );
}

/// The colours that the console uses; `None`: the terminal's own.
const fn colour(colour: Color) -> Option<&'static str> {
    Some(match colour {
        Color::LightRed => "#ff6b6b",
        Color::Yellow => "#e5c07b",
        Color::Green => "#98c379",
        Color::Cyan => "#56b6c2",
        Color::DarkGray => "#7f8694",
        Color::White => "#ffffff",
        Color::Indexed(236) => "#2a2d34",
        Color::Indexed(237) => "#31353d",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn what_looks_alike_is_one_text_and_markup_in_it_stays_text() {
        let mut screen = Buffer::empty(Rect::new(0, 0, 12, 1));
        screen.set_string(0, 0, "a<b", Style::new().fg(Color::LightRed));
        screen.set_string(4, 0, "空調", Style::new());
        let svg = drawn(&[screen]);
        assert!(svg.contains(">a&lt;b</text>"), "{svg}");
        assert!(svg.contains(">空</text>") && svg.contains(">調</text>"), "{svg}");
        assert_eq!(svg.matches("<text").count(), 3, "{svg}");
    }
}
