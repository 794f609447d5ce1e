//! The person's own actions with their three visible states (O3): what needs a decision first, then what waits and when it
//! is tried again (O4), then what is on the server.

use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::api::{ActionStage, OwnAction};
use crate::app::Model;
use crate::app::keys::Key;
use crate::app::message::Intent;
use crate::widgets::drawing::{Drawing, List};
use crate::widgets::look::Look;
use crate::widgets::row::spread;
use crate::words;

pub fn keys(model: &Model) -> Vec<Key> {
    let Some(action) = model.actions.get(model.at.actions.selected) else { return Vec::new() };
    let is_parked = matches!(action.stage, ActionStage::Parked { .. });
    let mut keys = vec![Key::of(KeyCode::Enter, if is_parked { "decide" } else { "open" }, Intent::Enter)];
    if is_parked {
        keys.push(Key::letter('o', "open", Intent::OpenSubject));
    }
    keys.push(Key::letter('e', "its life", Intent::Explain));
    keys.push(Key::letter('t', "try now", Intent::Refresh));
    keys
}

/// The order in which they are shown.
pub const fn urgency(action: &OwnAction) -> u8 {
    match action.stage {
        ActionStage::Parked { .. } => 0,
        ActionStage::OnPhone { .. } => 1,
        ActionStage::OnServer => 2,
    }
}

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    if model.actions.is_empty() {
        let words = " Nothing of yours waits, and nothing was sent in the last 7 days.";
        drawing.lines(area, &[Line::raw(words::cut(words, usize::from(area.width)))]);
        return;
    }
    let look = drawing.look;
    let list = List { at: model.at.actions, len: model.actions.len(), height: 2 };
    drawing.list(area, list, |n, width| {
        model.actions.get(n).map_or_else(Vec::new, |action| lines(model, action, look, width))
    });
}

fn lines(model: &Model, action: &OwnAction, look: Look, width: usize) -> Vec<Line<'static>> {
    let (zone, now) = (&model.setting.zone, model.phone_now());
    let (sign, style) = match &action.stage {
        ActionStage::Parked { .. } => ("‼ ", look.critical()),
        ActionStage::OnPhone { .. } => ("↑ ", look.warning()),
        ActionStage::OnServer => ("✓ ", look.good()),
    };
    let wish = words::wish(action, zone, now);
    let first = vec![
        (sign.to_owned(), style),
        (format!("{} ", words::deed(&action.kind)), look.strong()),
        (format!("{} ", model.name_of(action)), ratatui::style::Style::new()),
        (wish, look.dim()),
    ];
    let when = (format!("{} ", words::ago(action.made_at, now)), look.dim());
    let second = vec![(format!("  {}", words::stage(&action.stage, zone, now)), style)];
    vec![spread(first, vec![when], width), spread(second, Vec::new(), width)]
}
