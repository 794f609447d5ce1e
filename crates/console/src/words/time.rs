//! Times as a person reads them: in the zone of this machine, and as spans.

use jiff::tz::TimeZone;

use crate::api::Timestamp;

/// Where the person is on the clock.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// As this machine is set.
    pub fn of_this_machine() -> Self {
        Self(TimeZone::try_system().unwrap_or(TimeZone::UTC))
    }

    /// For pictures and tests.
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Its IANA name; `UTC` where the machine has none.
    pub fn name(&self) -> String {
        self.0.iana_name().unwrap_or("UTC").to_owned()
    }

    fn local(&self, at: Timestamp) -> jiff::Zoned {
        jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default().to_zoned(self.0.clone())
    }

    /// A time of day, with the day when it is not today's: `02:14`, `21 Nov 02:14`.
    pub fn time(&self, at: Timestamp, now: Timestamp) -> String {
        let (at, now) = (self.local(at), self.local(now));
        if at.date() == now.date() {
            at.strftime("%H:%M").to_string()
        } else if at.year() == now.year() {
            at.strftime("%-d %b %H:%M").to_string()
        } else {
            at.strftime("%-d %b %Y %H:%M").to_string()
        }
    }

    /// A time of day to the second.
    pub fn second(&self, at: Timestamp) -> String {
        self.local(at).strftime("%H:%M:%S").to_string()
    }

    /// Reads `HH:MM` (the next time it is that late when `ahead`, else the last) or `YYYY-MM-DD HH:MM`.
    pub fn read(&self, typed: &str, now: Timestamp, ahead: bool) -> Option<Timestamp> {
        let typed = typed.trim();
        if let Ok(full) = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M", typed) {
            return self.instant(full);
        }
        let time = jiff::civil::Time::strptime("%H:%M", typed).ok()?;
        let today = self.local(now).date();
        let at = self.instant(today.to_datetime(time))?;
        match (ahead, at > now) {
            (true, false) => self.instant(today.tomorrow().ok()?.to_datetime(time)),
            (false, true) => self.instant(today.yesterday().ok()?.to_datetime(time)),
            _ => Some(at),
        }
    }

    fn instant(&self, civil: jiff::civil::DateTime) -> Option<Timestamp> {
        let zoned = civil.to_zoned(self.0.clone()).ok()?;
        Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
    }
}

/// How long: `4 s`, `12 min`, `3 h 05`, `2 d 4 h`.
pub fn span(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    if seconds < 60 {
        format!("{seconds} s")
    } else if minutes < 60 {
        format!("{minutes} min")
    } else if hours < 24 {
        format!("{hours} h {:02}", minutes % 60)
    } else {
        format!("{days} d {} h", hours % 24)
    }
}

/// How long ago.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let ms = now.millis_since(at);
    if ms < 1_000 { "just now".to_owned() } else { format!("{} ago", span(ms)) }
}
