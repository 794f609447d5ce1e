//! The flight recorder: what happened, newest first, in codes and numbers; the life of what a line is about; and a file for
//! those who help.

use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::api::JournalLine;
use crate::app::keys::Key;
use crate::app::message::Intent;
use crate::app::{Model, Screen};
use crate::widgets::drawing::{Drawing, List};
use crate::widgets::row::spread;
use crate::words::{self, Zone};

pub fn keys() -> Vec<Key> {
    vec![
        Key::of(KeyCode::Enter, "its life", Intent::Enter),
        Key::letter('p', "put into a file", Intent::Export),
        Key::letter('r', "read again", Intent::Go(Screen::Diagnostics)),
    ]
}

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    if model.journal.is_empty() {
        drawing.lines(area, &[Line::raw(" Nothing is recorded yet.")]);
        return;
    }
    let look = drawing.look;
    let zone = &model.setting.zone;
    let list = List { at: model.at.journal, len: model.journal.len(), height: 1 };
    drawing.list(area, list, |n, width| {
        let Some(line) = model.journal.get(n) else { return Vec::new() };
        let left = vec![
            (format!("{}  ", zone.second(line.at)), look.dim()),
            (format!("{:<18} ", line.code), look.strong()),
            (line.detail.clone(), Style::new()),
        ];
        vec![spread(left, vec![(about(line), look.dim())], width)]
    });
}

/// The beginning of the id that the line is about.
fn about(line: &JournalLine) -> String {
    let id = line.action.map(|action| action.0).or(line.subject);
    id.map_or_else(String::new, |id| words::cut(&id.to_string(), 9))
}

/// A line of a life, as text.
pub fn in_words(line: &JournalLine, zone: &Zone) -> String {
    format!("{}  {:<18} {}", zone.second(line.at), line.code, line.detail)
}
