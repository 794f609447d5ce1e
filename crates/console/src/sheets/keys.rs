//! All keys of the screen beneath.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::Model;
use crate::app::keys::keys;
use crate::widgets::drawing::{Drawing, middle};

/// Keys that are the same everywhere.
const ALWAYS: [(&str, &str); 4] = [
    ("↑ ↓", "move, also j and k"),
    ("PgUp PgDn", "a screenful"),
    ("Backspace", "back, as Esc"),
    ("Ctrl-C", "quit from anywhere"),
];

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let beneath = Model { sheet: None, ..model.clone() };
    let own = keys(&beneath).into_iter().map(|key| (key.shown(), key.does));
    let all: Vec<_> = own.chain(ALWAYS.map(|(key, does)| (key.to_owned(), does.to_owned()))).collect();
    let columns = if all.len() + 2 > usize::from(area.height) { 2 } else { 1 };
    let height = u16::try_from(all.len().div_ceil(columns)).unwrap_or(u16::MAX).saturating_add(2);
    let inside = drawing.framed(middle(area, 76, height), "Keys", true);
    let rows = usize::from(inside.height).max(1);
    let width = inside.width / u16::try_from(columns).unwrap_or(1);
    for (column, part) in (0_u16..).zip(all.chunks(rows)) {
        let key = |(key, does): &(String, String)| {
            Line::from_iter([Span::styled(format!(" {key:<10}"), drawing.look.key()), Span::raw(does.clone())])
        };
        let lines: Vec<_> = part.iter().map(key).collect();
        drawing.lines(Rect { x: inside.x + column * width, width, ..inside }, &lines);
    }
}
