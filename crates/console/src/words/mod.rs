//! What is said on the screens about people's deeds and the state of things: data in, words out. Nothing is decided in here.

mod text;
mod time;

use onsite_rules::acknowledgement::AcknowledgeBody;
use onsite_rules::message::MessageBody;
use onsite_rules::mute::MuteBody;
use onsite_wire::onsite::Role;
use onsite_wire::rest::MuteReason;

pub use text::{columns, cut, wrapped};
pub use time::{Zone, ago, span};

use crate::api::{AcknowledgedBy, ActionStage, AlarmSort, MutedBy, OwnAction, SessionState, Tile, Timestamp};

/// Why something was muted.
pub const fn reason(reason: MuteReason) -> &'static str {
    match reason {
        MuteReason::PlannedMaintenance => "planned maintenance",
        MuteReason::KnownIssue => "known issue",
        MuteReason::UnderRepair => "under repair",
        MuteReason::Nuisance => "nuisance",
        MuteReason::Other => "other",
    }
}

/// Until when: `until 03:14`, `until cleared`.
pub fn until(end: Option<Timestamp>, zone: &Zone, now: Timestamp) -> String {
    end.map_or_else(|| "until cleared".to_owned(), |end| format!("until {}", zone.time(end, now)))
}

/// A mute that holds, in one sentence: who, why, until when.
pub fn muted(mute: &MutedBy, zone: &Zone, now: Timestamp) -> String {
    let mut words = "muted".to_owned();
    if mute.device.is_some() {
        words += " with its device";
    }
    if !mute.by_name.is_empty() {
        words += &format!(" by {}", mute.by_name);
    }
    words += &format!(" {}: {}", until(mute.until, zone, now), reason(mute.reason));
    if !mute.text.is_empty() {
        words += &format!(" ({})", mute.text);
    }
    words
}

/// Who is responsible, in one sentence.
pub fn acknowledged(by: &AcknowledgedBy, zone: &Zone, now: Timestamp) -> String {
    let mut words = by.name.clone();
    let how = match by.at {
        Some(at) => format!("{} by {}", zone.time(at, now), by.by_name),
        None => format!("by {}", by.by_name),
    };
    if !by.by_name.is_empty() {
        words += &format!(" (set {how})");
    }
    if by.cannot_see {
        words += ", who may no longer see this alarm";
    }
    if !by.note.is_empty() {
        words += &format!(": “{}”", by.note);
    }
    words
}

/// A kind of action as a heading.
pub fn deed(kind: &str) -> &str {
    match kind {
        "acknowledge" => "Acknowledge",
        "release" => "Take back",
        "mute" => "Mute",
        "unmute" => "Unmute",
        "duty" => "On duty",
        "presence" => "At a site",
        "open_incident" => "Open incident",
        "message" => "Message",
        "read_up_to" => "Read",
        "solve" => "Solved",
        "reopen" => "Reopen",
        "feedback" => "Feedback",
        "notice_settings" => "How one is told",
        "read_notices" => "Notifications read",
        other => other,
    }
}

/// What one's own action says: `for Ada Krüger: “on my way”`.
pub fn wish(action: &OwnAction, zone: &Zone, now: Timestamp) -> String {
    let body = action.body.clone();
    match action.kind.as_str() {
        "acknowledge" => serde_json::from_value::<AcknowledgeBody>(body).map_or_else(
            |_| String::new(),
            |body| {
                let note = if body.note.is_empty() { String::new() } else { format!(": “{}”", body.note) };
                format!("for {}{note}", body.assignee.name)
            },
        ),
        "duty" => if body.get("on") == Some(&true.into()) { "on" } else { "off" }.to_owned(),
        "message" => serde_json::from_value::<MessageBody>(body)
            .map_or_else(|_| String::new(), |body| format!("“{}”", cut(&body.text, 60))),
        "mute" => serde_json::from_value::<MuteBody>(body).map_or_else(
            |_| String::new(),
            |body| {
                let text = if body.text.is_empty() { String::new() } else { format!(" ({})", body.text) };
                format!("{}: {}{text}", until(body.until, zone, now), reason(body.reason))
            },
        ),
        _ => String::new(),
    }
}

/// Where an action stands (O3), and when it is tried again (O4).
pub fn stage(stage: &ActionStage, zone: &Zone, now: Timestamp) -> String {
    match stage {
        ActionStage::OnPhone { being_sent: true, .. } => "on this phone, being sent".to_owned(),
        ActionStage::OnPhone { paused: true, .. } => "on this phone, waits for sign-in".to_owned(),
        ActionStage::OnPhone { next_attempt, trouble, .. } => {
            let mut words = "on this phone".to_owned();
            if let Some(at) = next_attempt {
                words += &format!(", {}", next_attempt_words(*at, zone, now));
            }
            if let Some(code) = trouble {
                words += &format!(" · {}", code.text(&std::collections::BTreeMap::new()).trim_end_matches('.'));
            }
            words
        }
        ActionStage::OnServer => "on the server".to_owned(),
        ActionStage::Parked { code, arguments, .. } => {
            format!("needs you: {}", code.text(arguments).trim_end_matches('.'))
        }
    }
}

/// When the next attempt is.
pub fn next_attempt_words(at: Timestamp, zone: &Zone, now: Timestamp) -> String {
    match at.millis_since(now) {
        ms if ms < 1_000 => "next attempt now".to_owned(),
        ms if ms < 3_600_000 => format!("next attempt in {}", span(ms)),
        _ => format!("next attempt {}", zone.time(at, now)),
    }
}

/// Who came first (A8): the other's time against one's own.
pub fn who_was_first(theirs: Option<Timestamp>, yours: Timestamp) -> String {
    match theirs.map(|theirs| yours.millis_since(theirs)) {
        None => "before yours arrived".to_owned(),
        Some(ms) if ms >= 0 => format!("{} before you", span(ms)),
        Some(ms) => format!("{} after you, but it arrived first", span(-ms)),
    }
}

/// The name of a sort.
pub const fn sort(sort: AlarmSort) -> &'static str {
    match sort {
        AlarmSort::Newest => "newest first",
        AlarmSort::Severity => "critical first",
        AlarmSort::Device => "by device",
        AlarmSort::Location => "by location",
    }
}

/// The name of a tile.
pub const fn tile(tile: Tile) -> &'static str {
    match tile {
        Tile::ActiveCritical => "critical",
        Tile::ActiveWarning => "warnings",
        Tile::AssignedToMe => "assigned to me",
        Tile::DevicesWithCritical => "devices with critical",
    }
}

/// The name of a role.
pub const fn role(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Editor => "editor",
        Role::Operator => "operator",
        Role::Administrator => "administrator",
    }
}

/// Who works here.
pub const fn session(state: SessionState) -> &'static str {
    match state {
        SessionState::SignedOut => "signed out",
        SessionState::SignedIn => "signed in",
        SessionState::Ended => "the session has ended",
        SessionState::ApiKey => "API key, reading only",
    }
}

/// `1 alarm`, `3 alarms`.
pub fn counted(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}
