//! The list of alarms (A1) under its filter, with what is chosen in it, and with the reason when it is short (A12).

use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::api::{AlarmRow, Cleared, Code, Standing, Status, Timestamp, Why};
use crate::app::Model;
use crate::app::alarm_list::Choice;
use crate::app::keys::Key;
use crate::app::message::Intent;
use crate::sheets::in_words;
use crate::widgets::drawing::{Drawing, List};
use crate::widgets::look::{Look, severity_words};
use crate::widgets::row::spread;
use crate::words;

pub fn keys(model: &Model) -> Vec<Key> {
    if model.alarms.typing.is_some() {
        return vec![
            Key::of(KeyCode::Enter, "keep these words", Intent::Submit),
            Key::of(KeyCode::Esc, "without words", Intent::Back),
        ];
    }
    let is_choosing = model.alarms.choice != Choice::None;
    let mut keys = Vec::new();
    if !is_choosing {
        keys.push(Key::of(KeyCode::Enter, "open", Intent::Enter));
    }
    keys.push(Key::letter('a', "acknowledge", Intent::Acknowledge));
    keys.push(Key::letter('m', "mute", Intent::Mute));
    if lift(model).is_some() {
        keys.push(Key::letter('z', "show them", Intent::Lift));
    }
    if is_choosing {
        keys.push(Key::of(KeyCode::Esc, "let go", Intent::Back));
    }
    keys.push(Key::letter('f', "filter", Intent::Filter));
    keys.push(Key::letter('/', "search", Intent::Search));
    keys.push(Key::letter('s', "sort", Intent::Sort));
    keys.push(Key::letter(' ', "choose", Intent::Choose));
    keys.push(Key::letter('*', "all", Intent::ChooseAll));
    keys.push(Key::letter('u', "unmute", Intent::Unmute));
    keys.push(Key::letter('r', "take back", Intent::Release));
    keys.push(Key::letter('c', "clear filter", Intent::ClearFilter));
    keys.push(Key::letter('e', "its life", Intent::Explain));
    keys
}

/// What hides alarms and can be lifted by one key.
fn lift(model: &Model) -> Option<&Why> {
    model.alarms.why.iter().find(|why| why.lift.is_some() || why.code == Code::HiddenByLocation)
}

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    heading(model, drawing, Rect { height: 1, ..area });
    let why = if model.alarms.is_read { reasons(model, drawing.look, usize::from(area.width)) } else { Vec::new() };
    let why_height = u16::try_from(why.len()).unwrap_or_default().min(area.height / 2);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1 + why_height), ..area };
    let now = model.now();
    let list = List { at: model.alarms.at, len: model.alarms.rows.len(), height: 2 };
    let look = drawing.look;
    if model.alarms.rows.is_empty() && !model.alarms.is_read {
        drawing.lines(rows, &[Line::raw(" Looking …")]);
    }
    let has_box = model.alarms.choice != Choice::None;
    drawing.list(rows, list, |n, width| {
        let Some(row) = model.alarms.rows.get(n) else { return Vec::new() };
        let mark = has_box.then(|| model.alarms.is_chosen(row.id));
        lines(row, Beside { mark, has_message: true, badges: badges(row, model, look) }, width, look, now)
    });
    let used = u16::try_from(model.alarms.rows.len()).unwrap_or(u16::MAX).saturating_mul(2).min(rows.height);
    let why_at = Rect { y: rows.y + used, height: why_height, ..area };
    drawing.lines(why_at, &why);
    if lift(model).is_some() {
        drawing.click(why_at, Intent::Lift);
    }
}

fn heading(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let look = drawing.look;
    if let Some(field) = &model.alarms.typing {
        drawing.field(area, " Search", field, true, false);
        return;
    }
    let total = match model.alarms.total {
        Some(total) if model.alarms.searching => format!("{total}+, still searching"),
        Some(total) => words::counted(total, "alarm"),
        None => "counting …".to_owned(),
    };
    let chosen = match &model.alarms.choice {
        Choice::None => (String::new(), Style::new()),
        Choice::These(_) => (format!("{} chosen · ", model.alarms.count_chosen()), look.key()),
        Choice::All => (format!("all {} chosen · ", model.alarms.count_chosen()), look.key()),
    };
    let filter = in_words(model, &model.alarms.filter);
    let left = vec![(" ".to_owned(), Style::new()), chosen, (filter, look.strong())];
    let right = vec![(format!("{total}, {} ", words::sort(model.alarms.sort)), look.dim())];
    drawing.lines(area, &[spread(left, right, usize::from(area.width))]);
    drawing.click(area, Intent::Filter);
}

/// What a row shows beside the alarm itself.
pub struct Beside {
    /// Whether it is chosen, where something is.
    pub mark: Option<bool>,
    /// The longer text, in what is left of the first line.
    pub has_message: bool,
    /// At the right of the second line.
    pub badges: Vec<(String, Style)>,
}

/// Two lines for an alarm: what is wrong since when; where, and what was done about it.
pub fn lines(row: &AlarmRow, beside: Beside, width: usize, look: Look, now: Timestamp) -> Vec<Line<'static>> {
    let style = look.severity(row.severity, row.status);
    let mark = match beside.mark {
        None => "",
        Some(true) => "[x] ",
        Some(false) => "[ ] ",
    };
    let count = if row.count > 1 { format!(" ×{}", row.count) } else { String::new() };
    let label_style = if row.status == Status::Active { look.strong() } else { look.dim() };
    let mut first = vec![
        (mark.to_owned(), look.key()),
        (severity_words(row.severity, row.status).to_owned(), style),
        (row.label.clone(), label_style),
        (count, style),
    ];
    if beside.has_message && !row.message.is_empty() {
        first.push((format!("  {}", row.message), look.dim()));
    }
    let indent = " ".repeat(words::columns(mark) + 8);
    let second = vec![(format!("{indent}{}", whereabouts(row)), look.dim())];
    let when = vec![(format!("{} ", since(row, now)), style)];
    vec![spread(first, when, width), spread(second, beside.badges, width)]
}

/// How long it has been active, or since when it is over.
fn since(row: &AlarmRow, now: Timestamp) -> String {
    match row.cleared {
        Some(Cleared::At(at)) => format!("cleared {}", words::ago(at, now)),
        Some(Cleared::TimeUnknown) => "cleared, time not known".to_owned(),
        None => words::span(now.millis_since(row.activated)),
    }
}

fn whereabouts(row: &AlarmRow) -> String {
    match (row.device_label.is_empty(), row.place.is_empty()) {
        (true, _) => "device not read yet".to_owned(),
        (false, true) => row.device_label.clone(),
        (false, false) => format!("{} · {}", row.device_label, row.place),
    }
}

/// What was done about it, in few words at the right.
fn badges(row: &AlarmRow, model: &Model, look: Look) -> Vec<(String, Style)> {
    let (zone, now) = (&model.setting.zone, model.now());
    let mut badges = Vec::new();
    match row.own_action {
        Some(Standing::OnPhone) => badges.push(("↑ on this phone ".to_owned(), look.warning())),
        Some(Standing::OnServer) => badges.push(("✓ on the server ".to_owned(), look.good())),
        None => {}
    }
    if let Some(by) = &row.acknowledged {
        badges.push((format!("@ {} ", words::cut(&by.name, 18)), look.key()));
    }
    if let Some(mute) = &row.muted {
        badges.push((format!("muted {} ", words::until(mute.until, zone, now)), look.dim()));
    }
    badges
}

/// Why the list is short, and which key shows the rest.
fn reasons(model: &Model, look: Look, width: usize) -> Vec<Line<'static>> {
    let first = lift(model);
    let line = |why: &Why| {
        let key = if first == Some(why) { "  z shows them" } else { "" };
        let text = why.code.text(&why.arguments);
        spread(vec![(format!(" {text}"), look.strong()), (key.to_owned(), look.key())], Vec::new(), width)
    };
    model.alarms.why.iter().map(line).collect()
}
