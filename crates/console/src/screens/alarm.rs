//! One alarm (A2): what is wrong, who is on it, the sensor around it, what to do, what was done. What is not to be had says
//! so. A column of lines that is scrolled.

use std::collections::BTreeMap;

use onsite_wire::onsite::HistoryEntry;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::alarms::{self, Beside};
use super::incidents;
use crate::api::{AlarmDetail, AlarmRow, Cleared, Code, DeviceDetail, Error, Offer, Standing, Status, Timestamp};
use crate::app::keys::Key;
use crate::app::message::Intent;
use crate::app::{Model, OpenAlarm};
use crate::widgets::drawing::Drawing;
use crate::widgets::look::{Look, severity_words};
use crate::widgets::plot;
use crate::words::{self, Zone};

pub fn keys(model: &Model) -> Vec<Key> {
    let Some(detail) = model.alarm.as_ref().and_then(|open| open.detail.as_ref()) else { return Vec::new() };
    let (row, may) = (&detail.row, &detail.may);
    let mut keys = Vec::new();
    if may.acknowledge == Offer::Offered {
        let does = if row.acknowledged.is_some() { "reassign, note" } else { "acknowledge" };
        keys.push(Key::letter('a', does, Intent::Acknowledge));
        if row.acknowledged.is_some() {
            keys.push(Key::letter('r', "take back", Intent::Release));
        }
    }
    if may.mute == Offer::Offered {
        let is_own = row.muted.as_ref().is_some_and(|mute| mute.device.is_none());
        keys.push(Key::letter('m', if is_own { "extend mute" } else { "mute" }, Intent::Mute));
    }
    if may.mute_device == Offer::Offered {
        keys.push(Key::letter('d', "mute device", Intent::MuteDevice));
        if row.muted.is_some() {
            keys.push(Key::letter('u', "unmute", Intent::Unmute));
        }
    }
    keys.push(Key::letter('i', "incident", Intent::NewIncident));
    keys.push(Key::letter('e', "its life", Intent::Explain));
    keys.push(Key::letter('y', "why told", Intent::WhyNotified));
    keys
}

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let Some(open) = &model.alarm else { return };
    let (width, height) = (usize::from(area.width.saturating_sub(2)), usize::from(area.height));
    let lines = match &open.detail {
        Some(detail) => page(model, open, detail, width, height, drawing.look),
        None => vec![Line::raw("Reading …")],
    };
    drawing.scrolled(Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area }, &lines, open.scroll);
}

fn page(
    model: &Model,
    open: &OpenAlarm,
    detail: &AlarmDetail,
    width: usize,
    height: usize,
    look: Look,
) -> Vec<Line<'static>> {
    let (zone, now) = (&model.setting.zone, model.now());
    let row = &detail.row;
    let mut lines = heading(row, width, look, zone, now);
    lines.extend(people(detail, width, look, zone, now));
    lines.push(section("Sensor", sensor_note(open, zone, now), look));
    lines.extend(sensor(open, detail, width, height, look, zone, now));
    if !detail.recommended_actions.is_empty() {
        lines.push(section("What to do", String::new(), look));
        for (n, action) in detail.recommended_actions.iter().enumerate() {
            lines.extend(hanging(&format!("{:>2}. ", n + 1), action, Style::new(), width));
        }
    }
    if !open.incidents.is_empty() {
        lines.push(section("Incident (i opens its chat)", String::new(), look));
        lines.extend(open.incidents.iter().flat_map(|row| incidents::lines(model, row, width, look)));
    }
    lines.extend(device(detail, width, look));
    lines.push(section("What people did", String::new(), look));
    lines.extend(history(open, width, look, zone, now));
    lines
}

fn section(name: &str, says: String, look: Look) -> Line<'static> {
    Line::from_iter([Span::styled(format!("── {name} "), look.key()), Span::styled(says, look.dim())])
}

/// Text behind a head, wrapped under itself.
fn hanging(head: &str, text: &str, style: Style, width: usize) -> Vec<Line<'static>> {
    let indent = words::columns(head);
    let parts = words::wrapped(text, width.saturating_sub(indent));
    let line = |(n, part): (usize, String)| {
        let before = if n == 0 { head.to_owned() } else { " ".repeat(indent) };
        Line::from_iter([Span::raw(before), Span::styled(part, style)])
    };
    parts.into_iter().enumerate().map(line).collect()
}

fn heading(row: &AlarmRow, width: usize, look: Look, zone: &Zone, now: Timestamp) -> Vec<Line<'static>> {
    let beside = Beside { mark: None, has_message: false, badges: standing(row, look) };
    let mut lines = alarms::lines(row, beside, width, look, now);
    lines.extend(hanging("        ", &row.message, Style::new(), width));
    let since = zone.time(row.activated, now);
    let mut when = match (row.status, row.cleared) {
        (Status::Active, _) => format!("active since {since}"),
        (Status::Cleared, Some(Cleared::At(at))) => {
            let lasted = words::span(at.millis_since(row.activated));
            format!("{since} to {}, {lasted}", zone.time(at, now))
        }
        (Status::Cleared, Some(Cleared::TimeUnknown) | None) => format!("{since}, cleared at a time not known"),
    };
    if row.count > 1 {
        when += &format!(" · occurred {} times", row.count);
    }
    if !row.category.is_empty() {
        when += &format!(" · {}", row.category);
    }
    let indent = " ".repeat(words::columns(severity_words(row.severity, row.status)));
    lines.push(Line::styled(words::cut(&format!("{indent}{when}"), width), look.dim()));
    lines
}

fn standing(row: &AlarmRow, look: Look) -> Vec<(String, Style)> {
    match row.own_action {
        Some(Standing::OnPhone) => vec![("↑ on this phone ".to_owned(), look.warning())],
        Some(Standing::OnServer) => vec![("✓ on the server ".to_owned(), look.good())],
        None => Vec::new(),
    }
}

/// Who is on it, and whether it is quiet.
fn people(detail: &AlarmDetail, width: usize, look: Look, zone: &Zone, now: Timestamp) -> Vec<Line<'static>> {
    let row = &detail.row;
    let responsible = match (&row.acknowledged, detail.may.acknowledge) {
        (Some(by), _) => (words::acknowledged(by, zone, now), look.key()),
        (None, Offer::NotOffered) => ("not offered here".to_owned(), look.dim()),
        (None, _) => ("nobody yet".to_owned(), look.warning()),
    };
    let muted = match (&row.muted, detail.may.mute) {
        (Some(mute), _) => (words::muted(mute, zone, now), look.key()),
        (None, Offer::NotOffered) => ("not offered here".to_owned(), look.dim()),
        (None, _) => ("no".to_owned(), look.dim()),
    };
    let mut lines = hanging("Responsible  ", &responsible.0, responsible.1, width);
    lines.extend(hanging("Muted        ", &muted.0, muted.1, width));
    lines
}

fn sensor_note(open: &OpenAlarm, zone: &Zone, now: Timestamp) -> String {
    match &open.plot {
        Some(Ok(plot)) if now.millis_since(plot.seen_at) > 60_000 => {
            format!("as seen {}", zone.time(plot.seen_at, now))
        }
        _ => String::new(),
    }
}

fn sensor(
    open: &OpenAlarm,
    detail: &AlarmDetail,
    width: usize,
    height: usize,
    look: Look,
    zone: &Zone,
    now: Timestamp,
) -> Vec<Line<'static>> {
    match (detail.may.plot, &open.plot) {
        (Offer::NotOffered, _) => vec![Line::styled("not offered here", look.dim())],
        (Offer::NotAllowed, _) => vec![Line::styled("your role does not allow this here", look.dim())],
        (Offer::NotNow, _) => vec![Line::styled("no sensor raised this alarm", look.dim())],
        (Offer::Offered, None) => vec![Line::styled("reading …", look.dim())],
        (Offer::Offered, Some(Ok(seen))) => {
            let rows = if height >= 24 { 10 } else { 6 };
            plot::lines(seen, width, rows, look, zone, now)
        }
        (Offer::Offered, Some(Err(error))) => vec![Line::styled(lowered(error), look.dim())],
    }
}

/// An error inside a page: quiet, in the place of what is missing.
fn lowered(error: &Error) -> String {
    match error.code {
        Code::NotOffered => "not offered here".to_owned(),
        code => code.text(&error.arguments),
    }
}

fn device(detail: &AlarmDetail, width: usize, look: Look) -> Vec<Line<'static>> {
    let mut lines = vec![section("Device", String::new(), look)];
    match &detail.device {
        None => lines.push(Line::styled("not read yet", look.dim())),
        Some(device) => {
            let parts = [&device.label, &device.kind, &device.manufacturer, &device.model];
            let known: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
            lines.extend(hanging("", &known.join(" · "), Style::new(), width));
            lines.extend(plate(&device.detail, width, look));
        }
    }
    lines.extend(hanging("", &detail.row.place, look.dim(), width));
    match (&detail.floor_position, detail.may.floor_position) {
        (Some(at), _) => {
            let (x, y) = (at.x * 100.0, at.y * 100.0);
            let plan = words::cut(&at.floor_image_id, 12);
            let text = format!("{x:.0} % from the left and {y:.0} % from the top of floor plan {plan}");
            lines.extend(hanging("", &text, look.dim(), width));
        }
        (None, Offer::NotOffered) => lines.push(Line::styled("floor plan: not offered here", look.dim())),
        (None, _) => {}
    }
    lines
}

/// What one compares with the plate on the device, and types into a laptop in front of it.
fn plate(detail: &DeviceDetail, width: usize, look: Look) -> Vec<Line<'static>> {
    let mut parts = Vec::new();
    if let Some(serial) = detail.serial_number.as_deref().filter(|serial| !serial.is_empty()) {
        parts.push(format!("serial {serial}"));
    }
    if !detail.ip_addresses.is_empty() {
        parts.push(format!("address {}", detail.ip_addresses.join(", ")));
    }
    if let Some(firmware) = detail.firmware_version.as_deref().filter(|firmware| !firmware.is_empty()) {
        parts.push(format!("firmware {firmware}"));
    }
    if parts.is_empty() { Vec::new() } else { hanging("", &parts.join(" · "), look.dim(), width) }
}

fn history(open: &OpenAlarm, width: usize, look: Look, zone: &Zone, now: Timestamp) -> Vec<Line<'static>> {
    match &open.history {
        None => vec![Line::styled("reading …", look.dim())],
        Some(Err(error)) => vec![Line::styled(lowered(error), look.dim())],
        Some(Ok(entries)) if entries.is_empty() => vec![Line::styled("nothing yet", look.dim())],
        Some(Ok(entries)) => {
            let entry = |entry: &HistoryEntry| {
                let head = format!("{:>12}  ", zone.time(entry.made_at, now));
                hanging(&head, &done(entry, zone, now), Style::new(), width)
            };
            entries.iter().rev().flat_map(entry).collect()
        }
    }
}

/// `Ada Krüger made Zoë Lindqvist responsible: “on it”`
fn done(entry: &HistoryEntry, zone: &Zone, now: Timestamp) -> String {
    let detail = |name: &str| entry.details.get(name).filter(|text| !text.is_empty());
    let by = &entry.by_name;
    let quoted = |text: Option<&String>| text.map_or_else(String::new, |text| format!(": “{text}”"));
    match entry.kind.as_str() {
        "acknowledge" => {
            let who = detail("assignee").map_or("somebody", String::as_str);
            format!("{by} made {who} responsible{}", quoted(detail("note")))
        }
        "release" => format!("{by} took the responsibility back"),
        "mute" => {
            let end = detail("until").and_then(|text| Timestamp::parse(text).ok());
            let reason = detail("reason").map_or_else(String::new, |name| format!(", {}", name.replace('_', " ")));
            format!("{by} muted it {}{reason}{}", words::until(end, zone, now), quoted(detail("text")))
        }
        "unmute" => format!("{by} lifted the mute"),
        other => format!("{by}: {}{}", words::deed(other), in_pairs(&entry.details)),
    }
}

fn in_pairs(details: &BTreeMap<String, String>) -> String {
    details.iter().map(|(name, value)| format!(" {name}={value}")).collect()
}
