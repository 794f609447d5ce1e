//! What stands around every screen: where one is and how old the data is; what narrows the view and what waits; a line of
//! words; the keys.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::api::{AccountState, SessionState};
use crate::app::keys::{Key, keys};
use crate::app::message::Intent;
use crate::app::{Model, Screen};
use crate::widgets::drawing::Drawing;
use crate::widgets::row::spread;
use crate::words;

/// Lines of keys at most.
const KEY_LINES: usize = 2;
/// Between two keys.
const GAP: usize = 2;

/// What is left for the screen.
pub fn body(model: &Model, area: Rect) -> Rect {
    let keys = u16::try_from(key_lines(model, usize::from(area.width)).len()).unwrap_or(1);
    Rect { y: area.y + 2, height: area.height.saturating_sub(3 + keys), ..area }
}

/// Draws it.
pub fn view(model: &Model, drawing: &mut Drawing<'_>) {
    let area = drawing.area();
    head(model, drawing, Rect { height: 1, ..area });
    context(model, drawing, Rect { y: area.y + 1, height: 1, ..area });
    let lines = key_lines(model, usize::from(area.width));
    let first = area.bottom().saturating_sub(u16::try_from(lines.len()).unwrap_or(1));
    notice(model, drawing, Rect { y: first.saturating_sub(1), height: 1, ..area });
    for (line, y) in lines.iter().zip(first..area.bottom()) {
        key_line(drawing, Rect { y, height: 1, ..area }, line);
    }
}

const fn title(screen: Screen) -> &'static str {
    match screen {
        Screen::Home => "Home",
        Screen::Organizations => "Organizations",
        Screen::Alarms => "Alarms",
        Screen::Alarm => "Alarm",
        Screen::Incidents => "Incidents",
        Screen::Incident => "Incident",
        Screen::Actions => "My actions",
        Screen::Settings => "Settings",
        Screen::Diagnostics => "Diagnostics",
        Screen::Duty => "On duty",
        Screen::Notices => "Notifications",
        Screen::Readiness => "Ready for a shift?",
        Screen::NoticeSettings => "How one is told",
    }
}

fn head(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let bar = drawing.look.bar();
    let strong = bar.patch(drawing.look.strong());
    let age = (format!("{} ", age(&model.state, model)), bar);
    let left = vec![(format!(" {}", title(model.screen)), strong), (format!(" · {}", model.organization_label()), bar)];
    drawing.style(area, bar);
    drawing.lines(area, &[spread(left, vec![age], usize::from(area.width))]);
}

/// How old the data is, and why it is not younger.
fn age(state: &AccountState, model: &Model) -> String {
    let age = match (state.age_ms, state.read_at) {
        (Some(age), _) => format!("{} old", words::span(age)),
        (None, Some(at)) => format!("of {}", model.setting.zone.time(at, model.phone_now())),
        (None, None) => "nothing read yet".to_owned(),
    };
    let why = match state.trouble {
        _ if state.offline => "○ signal off".to_owned(),
        _ if state.session == SessionState::Ended => "○ sign in again".to_owned(),
        _ if state.session == SessionState::SignedOut => "○ signed out".to_owned(),
        Some(code) => {
            format!("○ {}", code.text(&std::collections::BTreeMap::new()).trim_end_matches('.').to_lowercase())
        }
        None if state.read_at.is_none() => "○ asking the server".to_owned(),
        None if state.live => "● live".to_owned(),
        None => "● polling".to_owned(),
    };
    format!("{why} · data {age}")
}

/// What narrows the view, and what waits (O4).
fn context(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let look = drawing.look;
    let place = match model.location_label() {
        Some(label) => (format!(" Only {label} (x: everywhere)"), look.key()),
        None => (" Everywhere".to_owned(), look.dim()),
    };
    let mut right = Vec::new();
    let state = &model.state;
    if state.waiting > 0 {
        let next = state.next_attempt.map_or_else(String::new, |at| {
            format!(", {}", words::next_attempt_words(at, &model.setting.zone, model.phone_now()))
        });
        let next = if area.width < 80 { String::new() } else { next };
        right.push((format!("↑ {} on this phone{next} ", state.waiting), look.warning()));
    }
    if state.parked > 0 {
        right.push((format!("‼ {} needs you (w) ", words::counted(state.parked as u64, "action")), look.critical()));
    }
    if state.clock_offset_ms.is_some_and(|ms| ms.abs() > 60_000) {
        right.push(("clock is wrong ".to_owned(), look.warning()));
    }
    drawing.lines(area, &[spread(vec![place], right, usize::from(area.width))]);
    if model.sheet.is_none() {
        let half = Rect { width: area.width / 2, ..area };
        let lift = if model.location.is_some() { Intent::LiftLocation } else { Intent::ChooseLocation };
        drawing.click(half, lift);
        if state.parked + state.waiting > 0 {
            drawing.click(Rect { x: area.x + half.width, ..half }, Intent::Go(Screen::Actions));
        }
    }
}

fn notice(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let Some(notice) = &model.notice else { return };
    let (sign, style) = if notice.is_trouble { (" ‼ ", drawing.look.critical()) } else { (" · ", Style::new()) };
    let text = words::cut(&format!("{sign}{}", notice.text), usize::from(area.width));
    drawing.lines(area, &[Line::styled(text, style)]);
}

/// The keys in lines, the most needed first; those that do not fit are behind `?`.
fn key_lines(model: &Model, width: usize) -> Vec<Vec<Key>> {
    let mut lines: Vec<Vec<Key>> = vec![Vec::new()];
    let mut used = 1;
    let all = keys(model);
    let help = all.iter().find(|key| key.intent == Intent::Keys).cloned();
    let reserved = help.as_ref().map_or(0, key_width);
    for key in all.into_iter().filter(|key| key.intent != Intent::Keys) {
        let needs = key_width(&key);
        let keep = if lines.len() == KEY_LINES { reserved } else { 0 };
        if used + needs + keep > width {
            if lines.len() == KEY_LINES {
                break;
            }
            lines.push(Vec::new());
            used = 1;
        }
        used += needs;
        if let Some(line) = lines.last_mut() {
            line.push(key);
        }
    }
    if let (Some(line), Some(help)) = (lines.last_mut(), help) {
        line.push(help);
    }
    lines
}

fn key_width(key: &Key) -> usize {
    words::columns(&key.shown()) + 1 + words::columns(&key.does) + GAP
}

fn key_line(drawing: &mut Drawing<'_>, area: Rect, keys: &[Key]) {
    let mut x = area.x + 1;
    for key in keys {
        let width = u16::try_from(key_width(key)).unwrap_or(u16::MAX);
        let cells = Rect { x, width: width.min(area.right().saturating_sub(x)), ..area };
        let line =
            Line::from_iter([Span::styled(key.shown(), drawing.look.key()), Span::raw(format!(" {}", key.does))]);
        drawing.lines(cells, &[line]);
        drawing.click(Rect { width: cells.width.saturating_sub(1), ..cells }, key.intent);
        x = x.saturating_add(width);
    }
}
