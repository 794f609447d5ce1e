//! The list of incidents (I3): what is under way, and what is solved.

use onsite_wire::onsite::IncidentState;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::api::IncidentRow;
use crate::app::Model;
use crate::app::incidents::state_words;
use crate::app::keys::Key;
use crate::app::message::Intent;
use crate::widgets::drawing::{Drawing, List};
use crate::widgets::look::Look;
use crate::widgets::row::spread;
use crate::words;

pub fn keys(model: &Model) -> Vec<Key> {
    let other = if model.incidents.is_solved { "active ones" } else { "solved ones" };
    vec![Key::of(KeyCode::Enter, "open", Intent::Enter), Key::of(KeyCode::Tab, other, Intent::Next)]
}

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let look = drawing.look;
    let tab = if model.incidents.is_solved { " Solved and closed" } else { " New, in progress, pending" };
    let of = if model.incidents.device.is_some() { " of this device" } else { "" };
    let counts = model.incidents.counts.map_or_else(String::new, |counts| {
        let states = IncidentState::ALL.into_iter().map(|state| (counts.of(state), state_words(state)));
        let parts = states.filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}"));
        parts.collect::<Vec<_>>().join(", ")
    });
    let head = spread(
        vec![(format!("{tab}{of}"), look.strong())],
        vec![(format!("{counts} "), look.dim())],
        usize::from(area.width),
    );
    drawing.lines(Rect { height: 1, ..area }, &[head]);
    drawing.click(Rect { height: 1, ..area }, Intent::Next);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if model.incidents.rows.is_empty() {
        let words = if model.incidents.is_read { " None." } else { " Looking …" };
        drawing.lines(rows, &[Line::raw(words)]);
    }
    let list = List { at: model.incidents.at, len: model.incidents.rows.len(), height: 2 };
    drawing.list(rows, list, |n, width| {
        model.incidents.rows.get(n).map_or_else(Vec::new, |row| lines(model, row, width, look))
    });
}

/// An incident in two lines.
pub fn lines(model: &Model, row: &IncidentRow, width: usize, look: Look) -> Vec<Line<'static>> {
    let style = match row.state {
        IncidentState::New => look.critical(),
        IncidentState::Open | IncidentState::Pending => look.warning(),
        IncidentState::Solved | IncidentState::Closed => look.good(),
    };
    let unread = match row.unread {
        0 => (String::new(), Style::new()),
        count => (format!("{count} unread "), look.key()),
    };
    let when = (words::ago(row.last, model.now()), look.dim());
    let first = vec![(format!("{:<12}", state_words(row.state)), style), (row.subject.clone(), look.strong())];
    let mut says = format!("            {} · {}", row.device_label, row.place);
    if !row.agent.is_empty() {
        says += &format!(" · {}", row.agent);
    }
    if row.on_phone {
        says += " · on this phone only";
    }
    vec![
        spread(first, vec![unread, when], width),
        spread(vec![(says, look.dim())], vec![(words::counted(row.alarms as u64, "alarm"), look.dim())], width),
    ]
}
