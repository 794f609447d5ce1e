//! Settings: the signal, who works here and where, the clock, and the ways to help.

use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;

use crate::api::SessionState;
use crate::app::keys::Key;
use crate::app::message::Intent;
use crate::app::{Model, Screen};
use crate::widgets::drawing::{Drawing, List};
use crate::widgets::row::spread;
use crate::words;

/// A line: what it is about, how it stands, and what Enter does to it.
struct Entry {
    label: &'static str,
    says: String,
    does: &'static str,
    intent: Option<Intent>,
}

pub fn keys() -> Vec<Key> {
    vec![
        Key::of(KeyCode::Enter, "change", Intent::Enter),
        Key::letter('n', "signal", Intent::Signal),
        Key::letter('d', "diagnostics", Intent::Go(Screen::Diagnostics)),
    ]
}

pub fn len(model: &Model) -> usize {
    entries(model).len()
}

/// What Enter on a row means.
pub fn meaning(model: &Model, row: usize) -> Option<Intent> {
    entries(model).get(row).and_then(|entry| entry.intent)
}

fn entries(model: &Model) -> Vec<Entry> {
    let state = &model.state;
    let entry = |label, says: String, does, intent| Entry { label, says, does, intent };
    let (signal, does) = if state.offline { ("switched off", "switch on") } else { ("on", "switch off") };
    let person = state.person.as_ref().map_or("nobody", |person| person.name.as_str());
    let session = format!("{person}, {}", words::session(state.session));
    let session_does = if state.session == SessionState::SignedIn { "sign out" } else { "sign in" };
    let read = match state.read_at {
        Some(at) => format!("read {}", model.setting.zone.time(at, model.phone_now())),
        None => "nothing read yet".to_owned(),
    };
    let place = model.location_label().unwrap_or("everywhere").to_owned();
    vec![
        entry("Signal", signal.to_owned(), does, Some(Intent::Signal)),
        entry("Data", read, "ask now", Some(Intent::Refresh)),
        entry("Place", place, "choose", Some(Intent::ChooseLocation)),
        entry("Person", session, session_does, Some(Intent::Session)),
        entry("Hand over", "all of mine to a colleague".to_owned(), "choose", Some(Intent::HandOver)),
        entry("Notifications", "how one is told".to_owned(), "choose", Some(Intent::Go(Screen::NoticeSettings))),
        entry("Readiness", "is this phone ready for a shift".to_owned(), "look", Some(Intent::Go(Screen::Readiness))),
        entry("Clock", clock(model), "", None),
        entry("Server", model.setting.server.clone(), "", None),
        entry("Kept in", model.setting.folder.clone(), "", None),
        entry(
            "Diagnostics",
            "what happened, for those who help".to_owned(),
            "open",
            Some(Intent::Go(Screen::Diagnostics)),
        ),
    ]
}

/// Whether the phone's clock is right, and what to do when it is not (S2).
fn clock(model: &Model) -> String {
    if let (true, Some(_)) = (model.state.clock_uncertain, model.state.clock_offset_ms) {
        return "as it was before the phone was restarted; not compared with the server’s since".to_owned();
    }
    match model.state.clock_offset_ms {
        None => "not compared with the server’s yet".to_owned(),
        Some(ms) if ms.abs() < 1_000 => "right to the second".to_owned(),
        Some(ms) => {
            let which = if ms > 0 { "behind" } else { "ahead of" };
            let advice = if ms.abs() > 60_000 { ": set it to automatic" } else { "" };
            format!("{} {which} the server’s{advice}", words::span(ms.abs()))
        }
    }
}

pub fn view(model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
    let entries = entries(model);
    let look = drawing.look;
    let list = List { at: model.at.settings, len: entries.len(), height: 1 };
    drawing.list(area, list, |n, width| {
        let Some(entry) = entries.get(n) else { return Vec::new() };
        let left = vec![(format!("{:<13}", entry.label), look.strong()), (entry.says.clone(), look.dim())];
        let right = if entry.does.is_empty() { Vec::new() } else { vec![(format!("{} ", entry.does), look.key())] };
        vec![spread(left, right, width)]
    });
}
