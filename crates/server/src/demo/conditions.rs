//! What can be wrong with a device, and the alarm that says so.

use std::fmt::Write as _;

use onsite_wire::ids::AlarmId;
use onsite_wire::rest::{Alarm, Sensor, SensorKind, Severity, ThresholdZone, ZoneSeverity};
use onsite_wire::time::Timestamp;

use super::catalogue::Kind;
use super::dice::Dice;
use super::phrases;
use super::sensors::{self, Reading, Side, WHOLE};
use super::survey::Spot;

/// Something that can be wrong with devices of a kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    /// Its stable name, unique for the kind of device.
    pub(super) name: &'static str,
    category: &'static str,
    pub(super) severity: Severity,
    parts: &'static [&'static str],
    label: &'static str,
    message: &'static str,
    actions: &'static [&'static str],
    sense: Sense,
    /// Title and text when it grows worse.
    worse: Option<(&'static str, &'static str)>,
    /// Title of some cleared ones, as such equipment rewrites it.
    gone_label: Option<&'static str>,
    /// How often it happens, compared with others.
    weight: usize,
    /// Comes with a loss of utility power.
    storms: bool,
}

/// Which sensor shows it, and how; the text is the sensor's label.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sense {
    /// None does.
    Nothing,
    /// A number leaves what is normal on this side.
    Leaves(Side, &'static str),
    /// A state becomes this word.
    Becomes(&'static str, &'static str),
}

impl Fault {
    /// A fault of the device as a whole that no sensor shows.
    pub(super) const fn new(
        name: &'static str,
        category: &'static str,
        severity: Severity,
        label: &'static str,
        message: &'static str,
        actions: &'static [&'static str],
    ) -> Self {
        let (parts, sense, worse, gone_label, weight, storms) = (WHOLE, Sense::Nothing, None, None, 3, false);
        Self { name, category, severity, parts, label, message, actions, sense, worse, gone_label, weight, storms }
    }

    /// It befalls parts of the device, each by itself.
    pub(super) const fn of_each(self, parts: &'static [&'static str]) -> Self {
        Self { parts, ..self }
    }

    /// This sensor falls too low.
    pub(super) const fn when_low(self, sensor: &'static str) -> Self {
        Self { sense: Sense::Leaves(Side::Low, sensor), ..self }
    }

    /// This sensor rises too high.
    pub(super) const fn when_high(self, sensor: &'static str) -> Self {
        Self { sense: Sense::Leaves(Side::High, sensor), ..self }
    }

    /// This sensor says so.
    pub(super) const fn when_says(self, sensor: &'static str, word: &'static str) -> Self {
        Self { sense: Sense::Becomes(sensor, word), ..self }
    }

    /// It can become critical.
    pub(super) const fn worsens(self, label: &'static str, message: &'static str) -> Self {
        Self { worse: Some((label, message)), ..self }
    }

    /// Its title changes when it is over.
    pub(super) const fn ends_as(self, label: &'static str) -> Self {
        Self { gone_label: Some(label), ..self }
    }

    /// It happens this often; 3 is usual.
    pub(super) const fn weighs(self, weight: usize) -> Self {
        Self { weight, ..self }
    }

    /// It comes with a loss of utility power.
    pub(super) const fn storms(self) -> Self {
        Self { storms: true, ..self }
    }
}

/// A fault of one part of a kind of device: what a spot is asked for.
#[derive(Debug, Clone)]
pub(super) struct Possible {
    /// The fault.
    pub(super) fault: &'static Fault,
    /// The part; empty: the whole device.
    pub(super) part: &'static str,
    sensor_label: Option<String>,
}

/// What can be wrong with each kind of device.
#[derive(Debug)]
pub(super) struct Possibilities(Vec<(Kind, Vec<Possible>, Vec<usize>)>);

impl Possibilities {
    /// All of them.
    pub(super) fn all() -> Self {
        let of_kind = |kind| {
            let faults = phrases::of(kind).iter();
            let possible: Vec<_> =
                faults.flat_map(|fault| fault.parts.iter().map(move |part| Possible::new(fault, part))).collect();
            // Each as often as it weighs; its parts share the weight.
            let often =
                |(n, one): (usize, &Possible)| std::iter::repeat_n(n, one.fault.weight * 12 / one.fault.parts.len());
            let weighed = possible.iter().enumerate().flat_map(often).collect();
            (kind, possible, weighed)
        };
        Self(Kind::ALL.into_iter().map(of_kind).collect())
    }

    /// Everything that can be wrong with a kind.
    pub(super) fn of(&self, kind: Kind) -> &[Possible] {
        self.0.iter().find(|(of, ..)| *of == kind).map_or(&[], |(_, possible, _)| possible)
    }

    /// One of them, the frequent ones more often.
    pub(super) fn pick(&self, kind: Kind, dice: &mut Dice) -> Option<&Possible> {
        let (_, possible, weighed) = self.0.iter().find(|(of, ..)| *of == kind)?;
        dice.pick(weighed).and_then(|n| possible.get(*n))
    }
}

/// What its sensor says while a condition holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Abnormal {
    /// A number in this band, on this side of normal.
    Number(ThresholdZone, Side),
    /// This word.
    Word(&'static str),
}

impl Abnormal {
    /// A reading as it is while the condition holds: a number, or a word.
    pub(super) fn reading(self, dice: &mut Dice) -> (Option<f64>, Option<String>) {
        match self {
            Self::Number(zone, side) => (Some(sensors::value_in(zone, side, dice)), None),
            Self::Word(word) => (None, Some(word.to_owned())),
        }
    }
}

impl Possible {
    fn new(fault: &'static Fault, part: &'static str) -> Self {
        let sensor_label = match fault.sense {
            Sense::Nothing => None,
            Sense::Leaves(_, label) | Sense::Becomes(label, _) => Some(label.replace("{part}", part)),
        };
        Self { fault, part, sensor_label }
    }

    /// Whether it comes with a loss of utility power.
    pub(super) const fn storms(&self) -> bool {
        self.fault.storms
    }

    /// Whether it can grow worse.
    pub(super) const fn can_worsen(&self) -> bool {
        self.fault.worse.is_some()
    }

    /// The sensor that shows it, and what it says while the condition holds, in the ordinary or the worse form.
    pub(super) fn shown_by<'a>(&self, spot: &'a Spot, worse: bool) -> Option<(&'a Sensor, Abnormal)> {
        let sensor = spot.sensor(self.sensor_label.as_deref()?)?;
        let meaning = match self.fault.severity {
            Severity::Warning if !worse => ZoneSeverity::Warning,
            _ => ZoneSeverity::Critical,
        };
        match self.fault.sense {
            Sense::Nothing => None,
            Sense::Leaves(side, _) => {
                sensors::zone(sensor, side, meaning).map(|zone| (sensor, Abnormal::Number(zone, side)))
            }
            Sense::Becomes(_, word) => Some((sensor, Abnormal::Word(word))),
        }
    }

    /// The alarm of this condition, in the ordinary or the worse form, while its sensor reads `value`.
    pub(super) fn raise(&self, spot: &Spot, id: AlarmId, at: Timestamp, value: Option<f64>, worse: bool) -> Alarm {
        let (label, message) = self.texts(spot, value, worse);
        let worse = worse && self.can_worsen();
        Alarm {
            id,
            device_id: spot.device,
            label,
            message,
            severity: if worse { Severity::Critical } else { self.fault.severity },
            activated_time: at,
            cleared_time: None,
            alarm_reactivation_count: 0,
            category: Some(self.fault.category.to_owned()),
            recommended_actions: self.fault.actions.iter().map(|action| (*action).to_owned()).collect(),
            sensor_id: self.shown_by(spot, false).map(|(sensor, _)| sensor.id),
            floor_position: spot.floor.clone(),
            acknowledgement: None,
            mute: None,
            revision: None,
        }
    }

    /// Title and text, in the ordinary or the worse form.
    pub(super) fn texts(&self, spot: &Spot, value: Option<f64>, worse: bool) -> (String, String) {
        let worded = self.fault.worse.filter(|_| worse);
        let (label, message) = worded.unwrap_or((self.fault.label, self.fault.message));
        let shown = self.shown_by(spot, worded.is_some());
        let limit = shown.and_then(|(_, abnormal)| match abnormal {
            Abnormal::Number(zone, Side::Low) => zone.to,
            Abnormal::Number(zone, Side::High) => zone.from,
            Abnormal::Word(_) => None,
        });
        let unit = shown.and_then(|(sensor, _)| sensor.unit.as_deref()).unwrap_or_default();
        let blanks = Blanks { spot, part: self.part, value, limit, unit };
        (blanks.fill(label), blanks.fill(message))
    }

    /// The title that this device gives to it when it is over, if it gives another.
    pub(super) fn gone_label(&self) -> Option<&'static str> {
        self.fault.gone_label
    }
}

/// What stands for `{device}`, `{site}`, `{part}`, `{value}` and `{limit}` in a text.
struct Blanks<'a> {
    spot: &'a Spot,
    part: &'static str,
    value: Option<f64>,
    limit: Option<f64>,
    unit: &'a str,
}

impl Blanks<'_> {
    fn fill(&self, template: &str) -> String {
        let mut text = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some((before, name, after)) = blank(rest) {
            text.push_str(before);
            match name {
                "device" => text.push_str(&self.spot.label),
                "site" => text.push_str(&self.spot.site),
                "part" => text.push_str(self.part),
                "value" => self.number(&mut text, self.value.or(self.limit)),
                _ => self.number(&mut text, self.limit),
            }
            rest = after;
        }
        text.push_str(rest);
        text
    }

    fn number(&self, text: &mut String, number: Option<f64>) {
        // Writing to a string does not fail.
        let _ = match number {
            Some(number) => write!(text, "{number} {}", self.unit),
            None => write!(text, "an unknown value"),
        };
    }
}

fn blank(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// What a sensor says on a usual day: a number, or a word. Neither for a sensor not invented here.
pub(super) fn usual_reading(kind: Kind, sensor: &Sensor, dice: &mut Dice) -> (Option<f64>, Option<String>) {
    match sensors::usual(kind, &sensor.label) {
        Some(Reading::Number { usual: (low, high), .. }) if sensor.kind == SensorKind::Numeric => {
            (Some(sensors::rounded(dice.real(low, high))), None)
        }
        Some(Reading::State(word)) if sensor.kind == SensorKind::State => (None, Some(word.to_owned())),
        _ => (None, None),
    }
}
