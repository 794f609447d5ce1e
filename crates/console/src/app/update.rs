//! What happened, taken into the model.

use onsite_wire::ids::{AlarmId, LocationId};

use super::message::{Command, Deed, Message};
use super::{Model, OpenAlarm, Screen, incidents, input, notices, wishes};
use crate::api::{AccountState, LocationNode, Outcome, OwnAction};
use crate::screens::diagnostics;
use crate::sheets::{Reason, Sheet};
use crate::words;

/// How long a line above the keys stays.
const NOTICE_MS: i64 = 12_000;

/// Takes a message in, and answers with what is to be asked of the core.
pub fn update(model: &mut Model, message: Message) -> Vec<Command> {
    match message {
        Message::Key(key) => return input::key(model, key),
        Message::Wish(intent) => return wishes::wish(model, intent),
        Message::State(state) => return take_state(model, *state),
        Message::Actions(actions) => take_actions(model, actions),
        Message::Photos(photos) => model.photos = photos,
        Message::Names(names) => model.names.extend(names),
        Message::Tile(n, count) => {
            if let Some(tile) = model.tiles.get_mut(n) {
                tile.count = count;
            }
        }
        Message::Rows(window, batch) if window == model.alarms.window => {
            return model.alarms.take(&batch, model.page);
        }
        Message::Rows(..) => {}
        Message::Why(filter, why) if *filter == model.alarms.filter => model.alarms.why = why,
        Message::Why(..) => {}
        Message::Alarm(detail) => of_open(model, detail.row.id, |open| open.detail = Some(*detail)),
        Message::Plot(id, plot) => of_open(model, id, |open| open.plot = Some(plot.map(|plot| *plot))),
        Message::History(id, history) => of_open(model, id, |open| open.history = Some(history)),
        Message::AlarmIncidents(id, rows) => of_open(model, id, |open| open.incidents = rows),
        Message::Assignees(choices) => {
            if let Some(Sheet::Acknowledge(sheet)) = &mut model.sheet {
                sheet.take(choices);
            }
        }
        Message::Organizations(all) => {
            model.organizations = all;
            model.at.organizations.keep_inside(model.organizations.len() + 1);
        }
        Message::People(people) => model.people = people,
        Message::Places(nodes, chosen) => return take_places(model, nodes, chosen),
        Message::Saved(saved, last) => {
            model.saved = saved;
            model.alarms.last.get_or_insert(*last);
        }
        Message::Duty(picture) => {
            model.at.duty.keep_inside(picture.sites.len());
            model.duty = Some(*picture);
        }
        Message::Journal(lines) => {
            model.journal = lines;
            model.at.journal.keep_inside(model.journal.len());
        }
        Message::Life(name, lines) => {
            let told = lines.iter().map(|line| diagnostics::in_words(line, &model.setting.zone)).collect();
            model.sheet = Some(Sheet::report(format!("The life of: {name}"), told));
        }
        Message::Outcome(deed, outcome) => tell_outcome(model, deed, &outcome),
        Message::Incidents(window, batch) => incidents::take_rows(model, window, &batch),
        Message::UnderWay(count) => model.incidents.under_way = count,
        Message::Incident(page) => incidents::take_page(model, *page),
        Message::Chat(id, batch) => return incidents::take_chat(model, id, &batch),
        Message::MayOpen(device, alarm, subject) => {
            model.sheet = Some(Sheet::opening(Reason::Alarm(device, alarm), &subject));
        }
        Message::Opened(id) => return incidents::open(model, id),
        Message::Notices(window, batch) => notices::take_rows(model, window, &batch),
        Message::Unread(unread) => model.notices.unread = unread,
        Message::Announced(told) => {
            let parts = ["alarm", "by", "device", "count", "location"];
            let known = parts.iter().filter_map(|name| told.said.arguments.get(*name)).map(String::as_str);
            model.say(format!("Told: {}", known.collect::<Vec<_>>().join(" · ")));
        }
        Message::Arrived(opened) => return notices::arrived(model, *opened),
        Message::WhyNotified(title, why) => notices::take_why(model, &title, &why),
        Message::Readiness(readiness) => model.notices.readiness = Some(*readiness),
        Message::NoticeSettings(organization, settings, kept_back) => {
            model.notices.settings = Some((organization, *settings));
            model.notices.kept_back = kept_back;
        }
        Message::Said(text) => model.say(text),
        Message::Failed(error) => model.complain(error.to_string()),
        Message::SignedIn => {
            model.sheet = None;
            model.say("Signed in.");
        }
    }
    Vec::new()
}

fn take_state(model: &mut Model, state: AccountState) -> Vec<Command> {
    let was = std::mem::replace(&mut model.state, state);
    let now = model.now();
    model.is_warned &= model.unsent().is_some();
    if model.notice.as_ref().is_some_and(|notice| now.millis_since(notice.since) > NOTICE_MS) {
        model.notice = None;
    }
    if was.person.as_ref().map(|person| person.id) != model.state.person.as_ref().map(|person| person.id) {
        // What is "mine" is another.
        let mut commands = model.watch_tiles();
        commands.extend([Command::LoadOrganizations, Command::LoadPlaces(model.organization), Command::LoadSaved]);
        return commands;
    }
    if was.read_at != model.state.read_at || was.session != model.state.session {
        return vec![Command::LoadOrganizations, Command::LoadPlaces(model.organization)];
    }
    Vec::new()
}

fn take_actions(model: &mut Model, actions: Vec<OwnAction>) {
    model.actions = actions;
    model.at.actions.keep_inside(model.actions.len());
    if let Some(Sheet::Decide(sheet)) = &model.sheet
        && !model.actions.iter().any(|action| action.id == sheet.action && sheet.is_open(action))
    {
        model.sheet = None;
    }
}

/// What is told of an alarm that is no longer open is not taken.
fn of_open(model: &mut Model, id: AlarmId, take: impl FnOnce(&mut OpenAlarm)) {
    if let Some(open) = model.alarm.as_mut().filter(|open| open.id == id) {
        take(open);
    }
}

fn take_places(model: &mut Model, nodes: Vec<LocationNode>, chosen: Option<LocationId>) -> Vec<Command> {
    model.locations = nodes;
    if model.location == chosen {
        return Vec::new();
    }
    model.location = chosen;
    let mut commands = model.watch_tiles();
    commands.extend(model.alarms.reopen());
    commands
}

/// `Acknowledged: 197 on the server, 3 decided by others.` Which ones stand under the person's actions.
fn tell_outcome(model: &mut Model, deed: Deed, outcome: &Outcome) {
    let what = match deed {
        Deed::Acknowledged => "Acknowledged",
        Deed::Released => "Taken back",
        Deed::Muted => "Muted",
        Deed::Unmuted => "Unmuted",
        Deed::HandedOver => "Handed over",
    };
    let others = outcome.decided_by_others.len();
    let mut parts = Vec::new();
    for (n, words) in [
        (outcome.done, "on the server"),
        (outcome.waiting, "on this phone, sent as soon as possible"),
        (others, "decided by others"),
        (outcome.unknown.len(), "no longer known"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {words}"));
        }
    }
    if let Some((_, code)) = outcome.refused.first() {
        let why = code.text(&std::collections::BTreeMap::new());
        parts.push(format!("{} refused ({})", outcome.refused.len(), why.trim_end_matches('.')));
    }
    if parts.is_empty() {
        parts.push("nothing to do".to_owned());
    }
    let text = format!("{what}: {}.", parts.join(", "));
    if others > 0 || !outcome.refused.is_empty() {
        let hint = if model.screen == Screen::Actions { "" } else { " w shows them." };
        model.complain(format!("{text}{hint}"));
    } else {
        model.say(words::cut(&text, 200));
    }
}
