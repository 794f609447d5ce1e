//! Until when something is muted, and why (A9). Also changes a mute that holds.

use std::time::Duration;

use onsite_wire::ids::{ActionId, DeviceId};
use onsite_wire::rest::MuteReason;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Answer, Target, choice};
use crate::api::{Deed, MuteUntil, MutedBy, OwnAction, Timestamp};
use crate::app::Model;
use crate::app::alarm_list::Choice;
use crate::app::field::Field;
use crate::app::keys::Key;
use crate::app::message::{Command, Intent, MuteWish};
use crate::app::position::Position;
use crate::widgets::drawing::{Drawing, List, middle};
use crate::words;

/// What is muted.
#[derive(Debug, Clone)]
pub enum MuteTarget {
    /// Alarms.
    Alarms(Box<Target>),
    /// A device with its components, and its name.
    Device(DeviceId, String),
}

/// A choice of an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Hours(u64),
    AtTime,
    Cleared,
}

impl End {
    fn words(self) -> String {
        match self {
            Self::Hours(1) => "1 hour".to_owned(),
            Self::Hours(hours) if hours > 24 => format!("{} days", hours / 24),
            Self::Hours(hours) => format!("{hours} hours"),
            Self::AtTime => "until a time".to_owned(),
            Self::Cleared => "until cleared".to_owned(),
        }
    }
}

const REASONS: [MuteReason; 5] = [
    MuteReason::PlannedMaintenance,
    MuteReason::KnownIssue,
    MuteReason::UnderRepair,
    MuteReason::Nuisance,
    MuteReason::Other,
];

/// The parts of the sheet, in the order of Tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    End,
    Time,
    Reason,
    Text,
}

/// What is asked, and what was answered so far.
#[derive(Debug, Clone)]
pub struct MuteSheet {
    target: MuteTarget,
    /// The action that had no effect, in whose place this one goes.
    instead_of: Option<ActionId>,
    standing: Option<MutedBy>,
    part: Part,
    ends: Position,
    reasons: Position,
    time: Field,
    text: Field,
}

impl MuteSheet {
    /// Asks anew, or about a mute that holds.
    pub fn new(target: MuteTarget, standing: Option<MutedBy>) -> Self {
        let known = standing.as_ref().and_then(|mute| REASONS.iter().position(|reason| *reason == mute.reason));
        Self {
            target,
            instead_of: None,
            part: Part::End,
            ends: Position::default(),
            reasons: Position { selected: known.unwrap_or_default(), top: 0 },
            time: Field::default(),
            text: standing.as_ref().map_or_else(Field::default, |mute| Field::holding(&mute.text)),
            standing,
        }
    }

    /// Instead of a parked action, with its reason and words.
    pub fn instead_of(action: &OwnAction, target: MuteTarget) -> Self {
        let reason = action.body.get("reason").and_then(|name| serde_json::from_value(name.clone()).ok());
        let known = reason.and_then(|reason: MuteReason| REASONS.iter().position(|known| *known == reason));
        let text = action.body.get("text").and_then(serde_json::Value::as_str).unwrap_or_default();
        Self {
            instead_of: Some(action.id),
            reasons: Position { selected: known.unwrap_or_default(), top: 0 },
            text: Field::holding(text),
            ..Self::new(target, None)
        }
    }

    /// The ends that can be chosen: "until cleared" is about an alarm.
    fn end_choices(&self) -> Vec<End> {
        let mut ends: Vec<End> = MuteUntil::HOURS.map(End::Hours).into();
        ends.push(End::AtTime);
        if matches!(self.target, MuteTarget::Alarms(_)) {
            ends.push(End::Cleared);
        }
        ends
    }

    fn end(&self) -> End {
        self.end_choices().get(self.ends.selected).copied().unwrap_or(End::Hours(1))
    }

    fn reason(&self) -> MuteReason {
        REASONS.get(self.reasons.selected).copied().unwrap_or(MuteReason::Other)
    }

    pub const fn position(&mut self) -> Option<&mut Position> {
        match self.part {
            Part::End => Some(&mut self.ends),
            Part::Reason => Some(&mut self.reasons),
            Part::Time | Part::Text => None,
        }
    }

    pub fn len(&self) -> usize {
        match self.part {
            Part::End => self.end_choices().len(),
            Part::Reason => REASONS.len(),
            Part::Time | Part::Text => 0,
        }
    }

    pub const fn field(&mut self) -> Option<&mut Field> {
        match self.part {
            Part::Time => Some(&mut self.time),
            Part::Text => Some(&mut self.text),
            Part::End | Part::Reason => None,
        }
    }

    pub fn keys(&self) -> Vec<Key> {
        let does = if self.standing.is_some() { "change the mute" } else { "mute" };
        let next = match self.next() {
            Part::End => "until",
            Part::Time => "time",
            Part::Reason => "reason",
            Part::Text => "words",
        };
        vec![Key::of(KeyCode::Enter, does, Intent::Submit), Key::of(KeyCode::Tab, next, Intent::Next)]
    }

    fn parts(&self) -> Vec<Part> {
        let mut parts = vec![Part::End, Part::Reason, Part::Text];
        if self.end() == End::AtTime {
            parts.insert(1, Part::Time);
        }
        parts
    }

    fn next(&self) -> Part {
        self.beside(1)
    }

    fn beside(&self, by: usize) -> Part {
        let parts = self.parts();
        let here = parts.iter().position(|part| *part == self.part).unwrap_or_default();
        parts.get((here + by) % parts.len().max(1)).copied().unwrap_or(Part::End)
    }

    pub fn wish(&mut self, model: &mut Model, intent: Intent) -> Answer {
        match intent {
            Intent::Submit => return self.submit(model),
            Intent::Next => self.part = self.next(),
            Intent::Previous => self.part = self.beside(self.parts().len().saturating_sub(1)),
            Intent::Part(n) => self.tap(n),
            _ => {}
        }
        Answer::Stay(Vec::new())
    }

    /// A click: below 100 an end, below 200 a reason, then the fields.
    fn tap(&mut self, n: usize) {
        match n {
            0..100 => (self.part, self.ends.selected) = (Part::End, n),
            100..200 => (self.part, self.reasons.selected) = (Part::Reason, n - 100),
            200 => self.part = Part::Time,
            _ => self.part = Part::Text,
        }
    }

    /// What Enter would do, or what is missing for it.
    fn wished(&self, model: &Model) -> Result<MuteWish, &'static str> {
        let until = match self.end() {
            End::Hours(hours) => MuteUntil::For(Duration::from_secs(hours * 60 * 60)),
            End::Cleared => MuteUntil::Cleared,
            End::AtTime => match model.setting.zone.read(self.time.text(), model.now(), true) {
                Some(at) => MuteUntil::At(at),
                None => return Err("Type a time: 22:30, or 2026-12-24 06:00."),
            },
        };
        Ok(MuteWish { until, reason: self.reason(), text: self.text.text().trim().to_owned() })
    }

    fn submit(&mut self, model: &mut Model) -> Answer {
        let wish = match self.wished(model) {
            Ok(wish) => wish,
            Err(missing) => {
                self.part = Part::Time;
                model.say(missing);
                return Answer::Stay(Vec::new());
            }
        };
        model.alarms.choice = Choice::None;
        Answer::Close(vec![match (self.instead_of, &self.target) {
            (Some(action), _) => {
                let MuteWish { until, reason, text } = wish;
                Command::Change(action, Box::new(Deed::Mute { until, reason, text }))
            }
            (None, MuteTarget::Alarms(target)) => Command::Mute(target.chosen.clone(), wish),
            (None, MuteTarget::Device(id, _)) => Command::MuteDevice(*id, wish),
        }])
    }

    /// What Enter would do, in words.
    fn summary(&self, model: &Model) -> String {
        let wish = match self.wished(model) {
            Ok(wish) => wish,
            Err(missing) => return missing.to_owned(),
        };
        let end: Option<Timestamp> = match wish.until {
            MuteUntil::For(duration) => Some(model.now().plus_millis(i64::try_from(duration.as_millis()).unwrap_or(0))),
            MuteUntil::At(at) => Some(at),
            MuteUntil::Cleared => None,
        };
        let until = words::until(end, &model.setting.zone, model.now());
        format!("Enter mutes {until}: {}", words::reason(wish.reason))
    }

    pub fn view(&self, model: &Model, drawing: &mut Drawing<'_>, area: Rect) {
        let title = match &self.target {
            MuteTarget::Alarms(target) => format!("Mute {}", target.label),
            MuteTarget::Device(_, label) => format!("Mute everything of {label}"),
        };
        let inside = drawing.framed(middle(area, 78, 14), &title, true);
        let line = |y: u16| Rect { y: inside.y + y, height: 1, ..inside };
        if let Some(standing) = &self.standing {
            let now = format!(" Now {}", words::muted(standing, &model.setting.zone, model.now()));
            let now = words::cut(&now, usize::from(inside.width));
            drawing.lines(line(0), &[Line::styled(now, drawing.look.dim())]);
        }
        let half = inside.width / 2;
        let columns = Rect { y: inside.y + 1, height: inside.height.saturating_sub(4), width: half, ..inside };
        let ends: Vec<String> = self.end_choices().into_iter().map(End::words).collect();
        self.view_column(drawing, columns, "Until", Part::End, (self.ends, &ends));
        let reasons: Vec<String> = REASONS.map(|reason| words::reason(reason).to_owned()).into();
        let right = Rect { x: inside.x + half, ..columns };
        self.view_column(drawing, right, "Why", Part::Reason, (self.reasons, &reasons));
        if self.end() == End::AtTime {
            let time = Rect { y: right.bottom().saturating_sub(1), height: 1, ..right };
            drawing.field(time, "Time", &self.time, self.part == Part::Time, false);
            drawing.click(time, Intent::Part(200));
        }
        let words_at = line(inside.height.saturating_sub(2));
        drawing.field(words_at, " Words", &self.text, self.part == Part::Text, false);
        drawing.click(words_at, Intent::Part(201));
        let summary = words::cut(&format!(" {}", self.summary(model)), usize::from(inside.width));
        drawing.lines(line(inside.height.saturating_sub(1)), &[Line::styled(summary, drawing.look.strong())]);
    }

    fn view_column(
        &self,
        drawing: &mut Drawing<'_>,
        area: Rect,
        head: &str,
        part: Part,
        (at, labels): (Position, &[String]),
    ) {
        let is_here = self.part == part;
        let look = drawing.look;
        let style = if is_here { look.key() } else { look.dim() };
        drawing.lines(area, &[Line::styled(format!(" {head}"), style)]);
        let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let first = if part == Part::End { 0 } else { 100 };
        if is_here {
            drawing.list(rows, List { at, len: labels.len(), height: 1 }, |n, _| {
                let label = labels.get(n).map_or("", String::as_str);
                vec![Line::raw(format!("{}{label}", choice(n == at.selected, true)))]
            });
        } else {
            let line = |(n, label): (usize, &String)| Line::raw(format!(" {}{label}", choice(n == at.selected, true)));
            let lines: Vec<Line<'_>> = labels.iter().enumerate().map(line).collect();
            drawing.lines(rows, &lines);
        }
        for (y, n) in (rows.y..rows.bottom()).zip(0..labels.len()) {
            drawing.click(Rect { y, height: 1, ..rows }, Intent::Part(first + n));
        }
    }
}
