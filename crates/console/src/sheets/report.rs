//! A text to be read: the life of an action, where something was written to.

use ratatui::layout::Rect;

use super::text;
use crate::app::position::Position;
use crate::widgets::drawing::{Drawing, List, middle};
use crate::words;

/// The text.
#[derive(Debug, Clone)]
pub struct ReportSheet {
    title: String,
    lines: Vec<String>,
    /// The line on which the person is.
    pub at: Position,
}

impl ReportSheet {
    pub const fn new(title: String, lines: Vec<String>) -> Self {
        Self { title, lines, at: Position { selected: 0, top: 0 } }
    }

    pub const fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn view(&self, drawing: &mut Drawing<'_>, area: Rect) {
        let inside = drawing.framed(middle(area, 110, area.height), &self.title, true);
        let list = List { at: self.at, len: self.lines.len(), height: 1 };
        if self.lines.is_empty() {
            drawing.lines(inside, &text(&[" Nothing is recorded.".to_owned()]));
        }
        drawing.list(inside, list, |n, width| {
            let line = self.lines.get(n).map_or("", String::as_str);
            text(&[words::cut(line, width)])
        });
    }
}
