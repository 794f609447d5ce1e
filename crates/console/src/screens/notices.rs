//! The latest notifications (N4), each opening what it is about; and why one was told, or not (N6).

use onsite_wire::onsite::{NoticeKind, Reasons, Urgency};
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::api::{NotificationRow, Timestamp, Way, WhyNotified, rules_as_lines};
use crate::app::keys::Key;
use crate::app::message::Intent;
use crate::app::{Model, Screen};
use crate::widgets::drawing::{Drawing, List};
use crate::widgets::look::Look;
use crate::widgets::row::spread;
use crate::words::{self, Zone};

pub fn keys(model: &Model) -> Vec<Key> {
    let other = if model.notices.only_unread { "all" } else { "unread only" };
    vec![
        Key::of(KeyCode::Enter, "open", Intent::Enter),
        Key::letter('r', "mark read", Intent::MarkRead),
        Key::letter('a', "mark all read", Intent::MarkAllRead),
        Key::of(KeyCode::Tab, other, Intent::Next),
        Key::letter('y', "why", Intent::WhyNotified),
        Key::letter('c', "ready?", Intent::Go(Screen::Readiness)),
        Key::letter('s', "settings", Intent::Go(Screen::NoticeSettings)),
    ]
}

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let look = drawing.look;
    let notices = &model.notices;
    let tab = if notices.only_unread { " Unread notifications" } else { " Notifications" };
    let unread = notices.unread.map_or_else(|| "…".to_owned(), |unread| format!("{unread} unread "));
    let head = spread(vec![(tab.to_owned(), look.strong())], vec![(unread, look.key())], usize::from(area.width));
    drawing.lines(Rect { height: 1, ..area }, &[head]);
    drawing.click(Rect { height: 1, ..area }, Intent::Next);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if notices.rows.is_empty() {
        let words = match (notices.is_read, notices.only_unread) {
            (false, _) => " Looking …",
            (true, true) => " Everything is read.",
            (true, false) => " Nobody was told anything yet.",
        };
        drawing.lines(rows, &[Line::raw(words)]);
    }
    let list = List { at: notices.at, len: notices.rows.len(), height: 2 };
    drawing
        .list(rows, list, |n, width| notices.rows.get(n).map_or_else(Vec::new, |row| lines(model, row, width, look)));
}

/// A notification in two lines.
fn lines(model: &Model, row: &NotificationRow, width: usize, look: Look) -> Vec<Line<'static>> {
    let (sign, style) = match row.urgency {
        Some(Urgency::Critical) => ("!!", look.critical()),
        Some(_) => ("! ", look.warning()),
        None => ("  ", Style::new()),
    };
    let dot = if row.read { "  " } else { "● " };
    let (head, body) = in_words(row);
    let head_style = if row.read { look.dim() } else { look.strong() };
    let first = vec![(dot.to_owned(), look.key()), (format!("{sign} "), style), (head, head_style)];
    let when = vec![(words::ago(row.at, model.now()), look.dim())];
    vec![spread(first, when, width), spread(vec![(format!("     {body}"), look.dim())], Vec::new(), width)]
}

/// What a notification says: what happened, and where. The words of a kind that this console has not heard of are its code
/// and what came with it.
pub fn in_words(row: &NotificationRow) -> (String, String) {
    let argument = |name: &str| row.said.arguments.get(name).map(String::as_str).unwrap_or_default();
    let (alarm, device, location, organization) =
        (argument("alarm"), argument("device"), argument("location"), argument("organization"));
    let what = if alarm.is_empty() { "an alarm" } else { alarm };
    let head = match row.kind {
        NoticeKind::Alarm => what.to_owned(),
        NoticeKind::AlarmCleared => format!("Cleared: {what}"),
        NoticeKind::MuteEnding => {
            format!("A mute ends in 15 minutes: {}", if alarm.is_empty() { device } else { alarm })
        }
        NoticeKind::MuteEnded => format!("Still active after its mute: {what}"),
        NoticeKind::Assignment => format!("{} made you responsible: {what}", argument("by")),
        NoticeKind::Bundle => format!("{} more", words::counted(row.count.unsigned_abs(), "alarm")),
        NoticeKind::Daily => format!("{} active", words::counted(row.count.unsigned_abs(), "alarm")),
        NoticeKind::Canary => "A test push".to_owned(),
        NoticeKind::Incident if alarm.is_empty() => format!("{} opened an incident", someone(argument("by"))),
        NoticeKind::Incident => format!("Incident: {alarm}"),
        NoticeKind::IncidentState => format!("The incident is {}", argument("state")),
        NoticeKind::Message if row.count > 1 => {
            format!("{} from {}", words::counted(row.count.unsigned_abs(), "message"), someone(argument("by")))
        }
        NoticeKind::Message => format!("{} wrote", someone(argument("by"))),
        _ => said_by_arguments(row),
    };
    let places = [device, location, organization].into_iter().filter(|part| !part.is_empty());
    (head, places.collect::<Vec<_>>().join(" · "))
}

fn someone(name: &str) -> &str {
    if name.is_empty() { "somebody" } else { name }
}

fn said_by_arguments(row: &NotificationRow) -> String {
    let words: Vec<&str> = row
        .said
        .arguments
        .iter()
        .filter(|(name, _)| !["device", "location", "organization"].contains(&name.as_str()))
        .map(|(_, value)| value.as_str())
        .collect();
    let kind = row.said.code.trim_start_matches("notice_").replace('_', " ");
    if words.is_empty() { kind } else { format!("{kind}: {}", words.join(" · ")) }
}

fn reasons_in_words(lines: &mut Vec<String>, reasons: &Reasons) {
    lines.push(format!("    {}, decided by {}", reasons.verdict.as_str(), reasons.decided));
    lines.extend(rules_as_lines(reasons).into_iter().map(|line| format!("      {line}")));
}

/// Both lists with their times, as plain lines.
pub fn why_in_words(why: &WhyNotified, zone: &Zone, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    match &why.server {
        Err(error) => lines.push(format!("Server: {error}")),
        Ok(server) => {
            lines.push(format!("Server, as of {}:", zone.time(server.seen_at, now)));
            if server.notices.is_empty() {
                lines.push("  nobody had to be told of this".to_owned());
            }
            for notice in &server.notices {
                let at = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| zone.second(at));
                lines.push(format!(
                    "  {} {}: handed over {}, shown {}, opened {}",
                    zone.second(notice.made_at),
                    notice.kind.as_str(),
                    at(notice.handed_over_at),
                    at(notice.shown_at),
                    at(notice.opened_at),
                ));
                reasons_in_words(&mut lines, &notice.reasons);
                if let Some(withheld) = &notice.withheld {
                    lines.push(format!("  {} the push was held back after all", zone.second(withheld.at)));
                    reasons_in_words(&mut lines, &withheld.reasons);
                }
            }
        }
    }
    lines.push("This phone:".to_owned());
    if why.phone.is_empty() {
        lines.push("  nothing of it came here".to_owned());
    }
    for notice in &why.phone {
        let way = match notice.way {
            Way::Push => "by push",
            Way::Inbox => "by push while the app was away",
            Way::Feed => "with the list",
        };
        let (at, kind) = (zone.second(notice.decided_at), notice.kind.as_str());
        lines.push(format!("  {at} {kind}, {way}: {}", notice.verdict.as_str()));
        reasons_in_words(&mut lines, &notice.reasons);
    }
    if let Some(reasons) = &why.now {
        lines.push("This phone, if it were told now:".to_owned());
        reasons_in_words(&mut lines, reasons);
    }
    lines
}
