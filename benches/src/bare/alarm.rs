//! An alarm as the limit reads it: borrowed from the body, with its inner objects left as the text they came as.

use std::borrow::Cow;

use rusqlite::{Connection, Statement};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::Known;
use crate::Outcome;

/// The body of an answer.
#[derive(Deserialize)]
pub struct Body<'a> {
    #[serde(borrow)]
    pub alarms: Vec<Alarm<'a>>,
}

/// What of an alarm becomes columns.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alarm<'a> {
    id: Uuid,
    device_id: Uuid,
    #[serde(borrow)]
    pub label: Cow<'a, str>,
    #[serde(borrow)]
    pub message: Cow<'a, str>,
    severity: &'a str,
    activated_time: &'a str,
    cleared_time: Option<&'a str>,
    alarm_reactivation_count: i32,
    category: Option<&'a str>,
    #[serde(borrow)]
    recommended_actions: Option<&'a RawValue>,
    #[serde(borrow)]
    sensor_id: Option<&'a RawValue>,
    #[serde(borrow)]
    floor_position: Option<&'a RawValue>,
    #[serde(borrow)]
    acknowledgement: Option<&'a RawValue>,
    #[serde(borrow)]
    mute: Option<&'a RawValue>,
    revision: i64,
}

#[derive(Deserialize)]
struct Acknowledgement {
    acknowledged: Option<Acknowledged>,
}

#[derive(Deserialize)]
struct Acknowledged {
    assignee: Assignee,
}

#[derive(Deserialize)]
struct Assignee {
    id: Uuid,
}

#[derive(Deserialize)]
struct Mute<'a> {
    #[serde(borrow)]
    muted: Option<Muted<'a>>,
}

#[derive(Deserialize)]
struct Muted<'a> {
    until: Option<&'a str>,
}

/// The columns that [`Alarm::bind`] gives, in this order.
pub const COLUMNS: &str = "id, organization, device, status, recency, cleared, shown, severity, category, reactivations, \
     label, message, detail, revision, acknowledgement, assignee, mute, mute_holds, muted";

const SEVERITIES: [&str; 8] = ["UNKNOWN", "INITIALIZE", "FAIL", "CRITICAL", "ERROR", "WARNING", "INFO", "OK"];
/// A mute's end is announced this long before.
const ANNOUNCED: i64 = 15 * 60_000_000;

impl Alarm<'_> {
    /// The id as it is stored.
    pub const fn id(&self) -> &[u8; 16] {
        self.id.as_bytes()
    }

    /// Binds the columns, and gives back when the mute's next moment is.
    pub fn bind(&self, known: &mut Known, cache: &Connection, statement: &mut Statement<'_>) -> Outcome<Option<i64>> {
        let device = known.devices.get(self.device_id.as_bytes()).map_or(0, |(n, _)| *n);
        let cleared = self.cleared_time.map(micros).transpose()?;
        let severity = SEVERITIES.iter().position(|name| *name == self.severity).unwrap_or_default();
        let status = if severity > 5 { 2 } else { i64::from(cleared.is_some()) };
        let assignee = match self.acknowledgement {
            Some(raw) => serde_json::from_str::<Acknowledgement>(raw.get())?.acknowledged.map(|one| one.assignee.id),
            None => None,
        };
        let muted = match self.mute {
            Some(raw) => serde_json::from_str::<Mute<'_>>(raw.get())?.muted,
            None => None,
        };
        let until = muted.as_ref().and_then(|muted| muted.until).map(micros).transpose()?;
        let holds = muted.is_some() && cleared.is_none() && until.is_none_or(|until| known.now < until);
        statement.raw_bind_parameter(1, self.id.as_bytes())?;
        statement.raw_bind_parameter(2, known.organization)?;
        statement.raw_bind_parameter(3, device)?;
        statement.raw_bind_parameter(4, status)?;
        statement.raw_bind_parameter(5, -micros(self.activated_time)?)?;
        statement.raw_bind_parameter(6, cleared)?;
        statement.raw_bind_parameter(7, severity == 5)?;
        statement.raw_bind_parameter(8, i64::try_from(severity)?)?;
        statement.raw_bind_parameter(9, known.category(cache, self.category.unwrap_or_default())?)?;
        statement.raw_bind_parameter(10, self.alarm_reactivation_count)?;
        statement.raw_bind_parameter(11, &*self.label)?;
        statement.raw_bind_parameter(12, &*self.message)?;
        statement.raw_bind_parameter(13, self.detail())?;
        statement.raw_bind_parameter(14, self.revision)?;
        statement.raw_bind_parameter(15, self.acknowledgement.map(RawValue::get))?;
        statement.raw_bind_parameter(16, assignee.as_ref().map(Uuid::as_bytes))?;
        statement.raw_bind_parameter(17, self.mute.map(RawValue::get))?;
        statement.raw_bind_parameter(18, holds)?;
        statement.raw_bind_parameter(19, holds)?;
        let now = known.now;
        Ok(until.and_then(|until| [until - ANNOUNCED, until].into_iter().find(|moment| *moment > now)))
    }

    /// What only an alarm's own page shows, as one object.
    fn detail(&self) -> Option<String> {
        let parts = [
            ("recommendedActions", self.recommended_actions),
            ("sensorId", self.sensor_id),
            ("floorPosition", self.floor_position),
        ];
        let mut text = String::new();
        for (name, raw) in parts {
            if let Some(raw) = raw {
                text.push_str(if text.is_empty() { "{\"" } else { ",\"" });
                text.push_str(name);
                text.push_str("\":");
                text.push_str(raw.get());
            }
        }
        (!text.is_empty()).then(|| text + "}")
    }

    /// The words by which it is found; the index folds them itself.
    pub fn words(&self, known: &Known) -> String {
        let device = known.devices.get(self.device_id.as_bytes()).map_or("", |(_, words)| words);
        [&*self.label, " ", &*self.message, " ", device].concat()
    }
}

fn micros(text: &str) -> Outcome<i64> {
    let read = chrono::DateTime::parse_from_rfc3339(text).map_err(|error| error.to_string())?;
    Ok(read.timestamp_micros())
}
