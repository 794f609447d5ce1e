//! Whether to sign out, and what would be lost (S5).

use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;

use super::{Answer, text};
use crate::app::Model;
use crate::app::keys::Key;
use crate::app::message::{Command, Intent};
use crate::widgets::drawing::{Drawing, middle};

pub fn keys() -> Vec<Key> {
    vec![Key::of(KeyCode::Enter, "sign out", Intent::Submit)]
}

/// The number of unsent actions was on the screen when Enter was pressed, so they may be lost.
pub fn wish(model: &Model, intent: Intent) -> Answer {
    match intent {
        Intent::Submit => Answer::Close(vec![Command::SignOut(model.unsent().is_some())]),
        _ => Answer::Stay(Vec::new()),
    }
}

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let mut lines = vec![" What this phone holds stays until its folder is removed.".to_owned()];
    if let Some(unsent) = model.unsent() {
        lines.push(format!(" {unsent} on this phone only: signing out LOSES them."));
    }
    let inside = drawing.framed(middle(area, 70, 4), "Sign out?", true);
    drawing.lines(inside, &text(&lines));
}
