//! What to do about an action that was refused or came second (A8): who was there, when, what there is now, what was
//! wanted; then the same again, something else, or letting it go.

use std::collections::BTreeMap;

use onsite_wire::ids::{ActionId, AlarmId, DeviceId};
use onsite_wire::onsite::{CurrentState, SubjectKind};
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{AcknowledgeSheet, Answer, MuteSheet, MuteTarget, Sheet, Target};
use crate::api::{ActionStage, Chosen, Code, Decision, OwnAction};
use crate::app::Model;
use crate::app::keys::Key;
use crate::app::message::{Command, Intent};
use crate::widgets::drawing::{Drawing, middle};
use crate::words;

/// Which action.
#[derive(Debug, Clone, Copy)]
pub struct DecideSheet {
    /// Which.
    pub action: ActionId,
}

impl DecideSheet {
    /// It still waits for a decision.
    pub const fn is_open(self, action: &OwnAction) -> bool {
        matches!(action.stage, ActionStage::Parked { .. })
    }

    fn of(self, model: &Model) -> Option<&OwnAction> {
        model.actions.iter().find(|action| action.id == self.action)
    }

    pub fn keys(self, model: &Model) -> Vec<Key> {
        let Some(action) = self.of(model) else { return Vec::new() };
        let ActionStage::Parked { code, decisions, .. } = &action.stage else { return Vec::new() };
        // What else can be done in an incident is offered in its chat.
        let can_change = action.subject.kind != SubjectKind::Incident;
        let is_conflict = *code == Code::VersionMoved;
        let mut keys = Vec::new();
        if decisions.contains(&Decision::Retry) {
            keys.push(Key::letter('r', if is_conflict { "mine anyway" } else { "try again" }, Intent::Retry));
        }
        if can_change && decisions.contains(&Decision::Change) {
            keys.push(Key::letter('c', "something else", Intent::Change));
        }
        if decisions.contains(&Decision::Discard) {
            keys.push(Key::letter('d', if is_conflict { "leave theirs" } else { "let it go" }, Intent::Discard));
        }
        keys.push(Key::letter('o', "open it", Intent::OpenSubject));
        keys.push(Key::letter('e', "its life", Intent::Explain));
        keys
    }

    pub fn wish(self, model: &mut Model, intent: Intent) -> Answer {
        match intent {
            Intent::Retry => Answer::Close(vec![Command::Retry(self.action)]),
            Intent::Change => Answer::Stay(self.change(model)),
            Intent::Discard => Answer::Close(vec![Command::Discard(self.action)]),
            Intent::Explain => {
                let title = self.of(model).map_or_else(String::new, |action| model.name_of(action));
                Answer::Close(vec![Command::Explain(title, self.action.0)])
            }
            _ => Answer::Stay(Vec::new()),
        }
    }

    /// Asks what to do instead: the sheet that made the action, with what was wanted in it.
    fn change(self, model: &mut Model) -> Vec<Command> {
        let Some(action) = self.of(model).cloned() else { return Vec::new() };
        let (id, label) = (action.subject.id, model.name_of(&action));
        let these = Chosen::These(vec![AlarmId(id)]);
        let target = Target { chosen: these, label: label.clone(), count: 1 };
        match (action.kind.as_str(), action.subject.kind) {
            ("acknowledge" | "release", SubjectKind::Alarm) => {
                model.sheet = Some(Sheet::Acknowledge(AcknowledgeSheet::instead_of(&action, target)));
                vec![Command::Assignees(AlarmId(id))]
            }
            ("mute" | "unmute", SubjectKind::Alarm) => {
                let target = MuteTarget::Alarms(Box::new(target));
                model.sheet = Some(Sheet::Mute(MuteSheet::instead_of(&action, target)));
                Vec::new()
            }
            ("mute" | "unmute", SubjectKind::Device) => {
                let target = MuteTarget::Device(DeviceId(id), label);
                model.sheet = Some(Sheet::Mute(MuteSheet::instead_of(&action, target)));
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    pub fn view(self, model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
        let Some(action) = self.of(model) else { return };
        let ActionStage::Parked { code, arguments, current, .. } = &action.stage else { return };
        let width = usize::from(area.width.min(78)).saturating_sub(4);
        let mut lines =
            vec![Line::styled(format!(" {}", words::cut(&model.name_of(action), width)), drawing.look.strong())];
        let mut say = |label: &str, text: &str| {
            let head = format!(" {label:<6} ");
            for (n, part) in words::wrapped(text, width.saturating_sub(8)).into_iter().enumerate() {
                let head = if n == 0 { head.clone() } else { " ".repeat(8) };
                lines.push(Line::from_iter([Span::styled(head, drawing.look.dim()), Span::raw(part)]));
            }
        };
        say("", "");
        match current {
            Some(current) => say("They", &theirs(current, model)),
            None => say("Why", &why(*code, arguments)),
        }
        say("You", &yours(action, model));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let title = if current.is_some() { "Somebody was there in between" } else { "This was not done" };
        let inside = drawing.framed(middle(area, 78, height), title, true);
        drawing.lines(inside, &lines);
    }
}

fn why(code: Code, arguments: &BTreeMap<String, String>) -> String {
    code.text(arguments)
}

/// `Ada Krüger, 12 s before you: Ada Krüger is responsible: “on my way”.`
fn theirs(current: &CurrentState, model: &Model) -> String {
    let (zone, now) = (&model.setting.zone, model.now());
    let who = if current.by_name.is_empty() { "somebody" } else { &current.by_name };
    let at = current.made_at.map_or_else(String::new, |at| format!(" ({})", zone.second(at)));
    let first = words::who_was_first(current.made_at, current.yours_made_at);
    format!("{who}, {first}{at}: {}", what_is_there(current, zone, now))
}

fn what_is_there(current: &CurrentState, zone: &words::Zone, now: crate::api::Timestamp) -> String {
    if let Some(aspect) = &current.acknowledgement {
        return match &aspect.acknowledged {
            Some(acknowledged) if acknowledged.note.is_empty() => {
                format!("{} is responsible.", acknowledged.assignee.name)
            }
            Some(acknowledged) => format!("{} is responsible: “{}”.", acknowledged.assignee.name, acknowledged.note),
            None => "nobody is responsible any more.".to_owned(),
        };
    }
    match current.mute.as_ref().and_then(|aspect| aspect.muted.as_ref()) {
        Some(muted) => {
            let text = if muted.text.is_empty() { String::new() } else { format!(" ({})", muted.text) };
            format!("muted {}, {}{text}.", words::until(muted.until, zone, now), words::reason(muted.reason))
        }
        None => "not muted any more.".to_owned(),
    }
}

/// `14:02:11: acknowledge for Zoë: “at it”.`
fn yours(action: &OwnAction, model: &Model) -> String {
    let wish = words::wish(action, &model.setting.zone, model.now());
    let deed = words::deed(&action.kind).to_lowercase();
    format!("{}, at {}", format!("{deed} {wish}").trim(), model.setting.zone.second(action.made_at))
}
