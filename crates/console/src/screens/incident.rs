//! One incident (I4): where it stands, its chat, and the line that is being written.

use onsite_wire::onsite::{AuthorKind, IncidentState, Photo, PhotoState};
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::incidents;
use crate::api::{ChatRow, Delivery, IncidentPage, Participant, PhotoOnWay, PhotoStage};
use crate::app::Model;
use crate::app::incidents::{OpenIncident, has_gap, state_words};
use crate::app::keys::Key;
use crate::app::message::Intent;
use crate::widgets::drawing::Drawing;
use crate::widgets::look::Look;
use crate::words;

pub fn keys(model: &Model) -> Vec<Key> {
    let Some(open) = &model.incidents.open else { return Vec::new() };
    if open.writing.is_some() {
        return vec![
            Key::of(KeyCode::Enter, "send", Intent::Submit),
            Key::of(KeyCode::Esc, "leave it as a draft", Intent::Back),
        ];
    }
    let Some(page) = &open.page else { return Vec::new() };
    let mut keys = Vec::new();
    if page.may.write.is_ok() {
        keys.push(Key::of(KeyCode::Enter, "write", Intent::WriteLine));
        keys.push(Key::letter('p', "send a photo", Intent::AttachPhoto));
    }
    if open.newest_photo().is_some() {
        keys.push(Key::letter('v', "save the photo", Intent::SavePhoto));
    }
    if page.may.solve.is_ok() {
        keys.push(Key::letter('s', "solved", Intent::Solve));
    }
    if page.may.reopen.is_ok() {
        let does = if open.parked().is_some() { "reopen and send" } else { "reopen" };
        keys.push(Key::letter('r', does, Intent::Reopen));
    }
    if open.parked().is_some() {
        keys.push(Key::letter('n', "new incident", Intent::NewIncident));
        keys.push(Key::letter('d', "discard", Intent::Discard));
    }
    if page.may.feedback.is_ok() {
        keys.push(Key::letter('b', "feedback", Intent::Feedback));
    }
    if has_gap(open) {
        keys.push(Key::letter('g', "get what is missing", Intent::FillGap));
    }
    keys.push(Key::letter('y', "why told", Intent::WhyNotified));
    keys
}

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let Some(open) = &model.incidents.open else { return };
    let width = usize::from(area.width.saturating_sub(2));
    let look = drawing.look;
    let head = heading(model, open, width, look);
    let height = u16::try_from(head.len()).unwrap_or_default();
    drawing.lines(Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area }, &head);
    let typed = u16::from(open.writing.is_some());
    let chat = Rect {
        x: area.x + 1,
        y: area.y + height,
        width: area.width.saturating_sub(1),
        height: area.height.saturating_sub(height + typed),
    };
    let lines: Vec<Line<'static>> =
        open.rows.iter().rev().flat_map(|row| message(model, open, row, width, look)).collect();
    let first = lines.len().saturating_sub(usize::from(chat.height) + open.from_end);
    drawing.scrolled(chat, &lines, first);
    if let Some(field) = &open.writing {
        let line = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
        drawing.field(line, " >", field, true, false);
    }
}

fn heading(model: &Model, open: &OpenIncident, width: usize, look: Look) -> Vec<Line<'static>> {
    let Some(page) = &open.page else { return vec![Line::raw("Reading …")] };
    let mut lines = incidents::lines(model, &page.row, width, look);
    if !page.incident.description.is_empty() {
        lines.push(Line::raw(words::cut(&page.incident.description, width)));
    }
    if let Some(present) = present(model, page) {
        lines.push(Line::styled(words::cut(&present, width), look.dim()));
    }
    if let Some(closes) = page.row.closes {
        let until = model.setting.zone.time(closes, model.now());
        lines.push(Line::styled(format!("Closes {until}; until then it can be reopened."), look.dim()));
    }
    if let Some(feedback) = &page.feedback {
        let words = format!("Feedback: {} of 5 {}", feedback.rating, feedback.comment);
        lines.push(Line::styled(words::cut(&words, width), look.good()));
    }
    lines.push(Line::styled("─".repeat(width), look.dim()));
    lines
}

/// Who is in it, and who of them is on duty: without a live line to the server with the age of that.
fn present(model: &Model, page: &IncidentPage) -> Option<String> {
    let zone = &model.setting.zone;
    let words = |one: &Participant| {
        let duty = one.on_duty.as_ref().map(|duty| match duty.at {
            Some(at) => format!(" (at {} until {})", duty.site_label, zone.time(at.until, model.now())),
            None => " (on duty)".to_owned(),
        });
        let agent = if one.author.kind == AuthorKind::Agent { " (agent)" } else { "" };
        format!("{}{agent}{}", one.author.name, duty.unwrap_or_default())
    };
    let list = |takes_part: bool| {
        let people = page.present.people.iter().filter(|one| one.takes_part == takes_part);
        people.map(words).collect::<Vec<_>>().join(", ")
    };
    let parts = [("In it: ", list(true)), ("Also on duty: ", list(false))];
    let mut parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(head, names)| format!("{head}{names}"))
        .collect();
    if parts.is_empty() {
        return None;
    }
    let anybody = page.present.people.iter().any(|one| one.on_duty.is_some());
    if let Some(read) = page.present.duty_read.filter(|_| anybody && !model.state.live) {
        parts.push(format!("as of {}", zone.time(read, model.now())));
    }
    Some(parts.join(" · "))
}

fn message(model: &Model, open: &OpenIncident, row: &ChatRow, width: usize, look: Look) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if row.missing_before > 0 {
        let missing = words::counted(row.missing_before.unsigned_abs(), "message");
        lines.push(Line::styled(format!("┄┄ {missing} not on this phone (g) ┄┄"), look.warning()));
    }
    let when = model.setting.zone.time(row.made, model.now());
    if let Some(state) = row.change {
        lines.push(Line::styled(format!("── {} by {} {when} ──", change(state), who(row)), look.dim()));
        return lines;
    }
    let (sign, style) = match row.delivery {
        None => ("", Style::new()),
        Some(Delivery::OnPhone) => (" ↑ on this phone", look.warning()),
        Some(Delivery::OnServer) => (" ✓", look.dim()),
        Some(Delivery::Read) => (" ✓✓ read", look.good()),
        Some(Delivery::Parked(_)) => (" ‼ not sent", look.critical()),
    };
    let name = if row.mine { look.key() } else { look.strong() };
    lines.push(Line::from_iter([
        Span::styled(words::cut(&who(row), width / 2), name),
        Span::styled(format!("  {when}"), look.dim()),
        Span::styled(sign, style),
    ]));
    lines.extend(
        words::wrapped(&row.text, width.saturating_sub(2)).into_iter().map(|part| Line::raw(format!("  {part}"))),
    );
    if let Some(photo) = &row.photo {
        let (words, style) = photo_words(model, row, photo, look);
        lines.push(Line::styled(words::cut(&format!("  {words}"), width), style));
        // Without colours it would be a block of nothing.
        if look.has_colours() {
            lines.extend(open.pictures.get(&row.id).into_iter().flatten().cloned());
        }
    }
    if let Some(Delivery::Parked(code)) = row.delivery {
        let why = code.text(&std::collections::BTreeMap::new());
        lines.push(Line::styled(words::cut(&format!("  {why}"), width), look.critical()));
    }
    lines
}

/// What a photo is, and where its bytes are.
fn photo_words(model: &Model, row: &ChatRow, photo: &Photo, look: Look) -> (String, Style) {
    let Photo { facts, state, reason, arguments } = photo;
    let kib = u64::try_from(facts.size).unwrap_or_default().div_ceil(1_024);
    let size =
        if kib < 1_024 { format!("{kib} KiB") } else { format!("{}.{} MiB", kib / 1_024, kib % 1_024 * 10 / 1_024) };
    let (stands, style) = match (state, model.photos.iter().find(|on_way| on_way.message == row.id)) {
        (PhotoState::There, _) => ("there".to_owned(), look.good()),
        (PhotoState::Failed, _) => (reason.map_or("failed".to_owned(), |code| code.text(arguments)), look.critical()),
        (PhotoState::Waiting, None) => ("not there yet".to_owned(), look.dim()),
        (PhotoState::Waiting, Some(on_way)) => (way(model, on_way), look.warning()),
    };
    (format!("▣ photo {}×{}, {size}: {stands}", facts.width, facts.height), style)
}

/// Where a photo of one's own is on its way.
fn way(model: &Model, on_way: &PhotoOnWay) -> String {
    let share = on_way.offset.saturating_mul(100) / on_way.size.max(1);
    match on_way.stage {
        PhotoStage::WaitsForMessage => "↑ waits for its message".to_owned(),
        PhotoStage::BeingSent => format!("↑ {share} % sent"),
        PhotoStage::Failed(code) => code.text(&std::collections::BTreeMap::new()),
        PhotoStage::Waiting => {
            let next = on_way.next_attempt.map(|at| at.millis_since(model.phone_now()).max(0) / 1_000);
            let next = next.map_or_else(String::new, |seconds| format!(", next attempt in {seconds} s"));
            format!("↑ {share} % sent{next}")
        }
    }
}

fn who(row: &ChatRow) -> String {
    match row.author.kind {
        AuthorKind::Person => row.author.name.clone(),
        AuthorKind::Agent => format!("{} (agent)", row.author.name),
        AuthorKind::Server => "the server".to_owned(),
    }
}

fn change(state: IncidentState) -> String {
    format!("now {}", state_words(state))
}
