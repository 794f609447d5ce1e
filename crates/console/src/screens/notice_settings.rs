//! How one wishes to be told (N3): changed at once, also without signal.

use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::Model;
use crate::app::keys::Key;
use crate::app::message::Intent;
use crate::app::notices::Choice;
use crate::widgets::drawing::{Drawing, List};
use crate::widgets::row::spread;

pub fn keys() -> Vec<Key> {
    vec![Key::of(KeyCode::Enter, "change", Intent::Enter)]
}

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let Some((organization, settings)) = &model.notices.settings else {
        drawing.lines(area, &[Line::raw(" Reading …")]);
        return;
    };
    let look = drawing.look;
    let of = model.organizations.iter().find(|own| own.id == *organization).map_or("", |own| own.label.as_str());
    let says = match model.organization {
        Some(_) => format!(" How {of} tells you"),
        None if model.organizations.len() > 1 => format!(" As {of} has it; a change is for all organizations"),
        None => " How you are told".to_owned(),
    };
    drawing.lines(Rect { height: 1, ..area }, &[Line::styled(says, look.strong())]);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let list = List { at: model.notices.settings_at, len: Choice::ALL.len(), height: 1 };
    drawing.list(rows, list, |n, width| {
        let Some(choice) = Choice::ALL.get(n) else { return Vec::new() };
        let left = vec![
            (format!("{:<24}", choice.label()), look.strong()),
            (choice.says(settings, model.notices.kept_back), look.dim()),
        ];
        vec![spread(left, vec![("change ".to_owned(), look.key())], width)]
    });
}
