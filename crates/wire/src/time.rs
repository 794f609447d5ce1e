//! Times on the wire. The only place that knows a calendar library.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant: microseconds since 1970-01-01T00:00:00Z.
///
/// Read from RFC 3339 with 0 to 9 fraction digits and any offset (digits after the sixth are dropped), written in UTC with
/// `Z` and as many of three or six fraction digits as are needed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// The error of reading a time or date from text that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time")]
pub struct NotATime;

/// The first and the last instant that RFC 3339 can write, 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z.
const WRITABLE: (i64, i64) = (-62_135_596_800_000_000, 253_402_300_799_999_999);

impl Timestamp {
    /// The instant this many microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The instant this many milliseconds after 1970-01-01T00:00:00Z; saturates.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since 1970-01-01T00:00:00Z, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// This instant moved by a number of milliseconds; saturates.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis.saturating_mul(1_000)))
    }

    /// Milliseconds from `earlier` to this instant; negative when it lies before.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(1_000)
    }

    /// Reads RFC 3339: `2026-11-20T06:14:09.120Z`, `…+05:30`, `…+0530`; seconds may be missing.
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        parse(text.as_bytes()).ok_or(NotATime)
    }
}

/// A fixed number of ASCII digits as a number, and the rest.
fn digits(text: &[u8], count: usize) -> Option<(i64, &[u8])> {
    let (head, rest) = text.split_at_checked(count)?;
    head.iter()
        .try_fold(0_i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
        .map(|number| (number, rest))
}

fn literal(text: &[u8], allowed: &[u8]) -> Option<()> {
    text.first().filter(|byte| allowed.contains(byte)).map(|_| ())
}

fn after(text: &[u8]) -> &[u8] {
    text.get(1..).unwrap_or_default()
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    let (year, text) = digits(text, 4)?;
    literal(text, b"-")?;
    let (month, text) = digits(after(text), 2)?;
    literal(text, b"-")?;
    let (day, text) = digits(after(text), 2)?;
    literal(text, b"Tt")?;
    let (hour, text) = digits(after(text), 2)?;
    literal(text, b":")?;
    let (minute, mut text) = digits(after(text), 2)?;
    let mut second = 0;
    let mut micros = 0;
    if literal(text, b":").is_some() {
        (second, text) = digits(after(text), 2)?;
        if literal(text, b".,").is_some() {
            (micros, text) = fraction(after(text))?;
        }
    }
    let offset_minutes = offset(text)?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let date =
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
    // Days from 0001-01-01 to 1970-01-01.
    let days = i64::from(date.num_days_from_ce()) - 719_163;
    let seconds = days * 86_400 + hour * 3_600 + (minute - offset_minutes) * 60 + second.min(59);
    Some(Timestamp(seconds * 1_000_000 + micros))
}

/// One to nine fraction digits as microseconds, and the rest.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let (number, rest) = digits(text, count.min(6))?;
    let scale = 10_i64.pow(u32::try_from(6_usize.saturating_sub(count)).ok()?);
    Some((number * scale, rest.get(count.saturating_sub(6)..)?))
}

/// `Z`, `+05:30`, `-0530` or `+05` as minutes east of UTC; nothing may follow.
fn offset(text: &[u8]) -> Option<i64> {
    let sign = match text.first()? {
        b'Z' | b'z' => return (text.len() == 1).then_some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = digits(after(text), 2)?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let (minutes, rest) = if rest.is_empty() { (0, rest) } else { digits(rest, 2)? };
    (rest.is_empty() && hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What is written can always be read back: a time beyond is written as the nearest that has a year.
        let micros = self.0.clamp(WRITABLE.0, WRITABLE.1);
        let digits = if micros % 1_000 == 0 { SecondsFormat::Millis } else { SecondsFormat::Micros };
        match DateTime::from_timestamp_micros(micros) {
            Some(time) => f.write_str(&time.to_rfc3339_opts(digits, true)),
            None => write!(f, "{micros}us"),
        }
    }
}

impl std::fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct TimestampVisitor;

impl de::Visitor<'_> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an RFC 3339 time")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        Timestamp::parse(text).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TimestampVisitor)
    }
}

/// A calendar day, `2026-01-02`: service and warranty dates (fact 2, "Dates").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Date(NaiveDate);

impl Date {
    /// Reads `YYYY-MM-DD`; a time after the day is ignored.
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        text.get(..10).and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()).map(Self).ok_or(NotATime)
    }

    /// The day `days` after the day on which `instant` falls in UTC.
    pub fn of(instant: Timestamp, days: i64) -> Option<Self> {
        let day = DateTime::from_timestamp_micros(instant.micros())?.date_naive();
        day.checked_add_signed(chrono::TimeDelta::try_days(days)?).map(Self)
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::RefOr;
    use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};

    fn text(format: KnownFormat) -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(format))).build().into()
    }

    impl utoipa::PartialSchema for super::Timestamp {
        fn schema() -> RefOr<Schema> {
            text(KnownFormat::DateTime)
        }
    }
    impl utoipa::ToSchema for super::Timestamp {}
    impl utoipa::PartialSchema for super::Date {
        fn schema() -> RefOr<Schema> {
            text(KnownFormat::Date)
        }
    }
    impl utoipa::ToSchema for super::Date {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> Option<i64> {
        Timestamp::parse(text).ok().map(Timestamp::micros)
    }

    #[test]
    fn times_are_read_with_zero_to_nine_fraction_digits_and_any_offset() {
        let whole = 1_763_619_249_000_000;
        assert_eq!(micros("2025-11-20T06:14:09Z"), Some(whole));
        assert_eq!(micros("2025-11-20T06:14:09.1Z"), Some(whole + 100_000));
        assert_eq!(micros("2025-11-20T06:14:09.120Z"), Some(whole + 120_000));
        assert_eq!(micros("2025-11-20T06:14:09.123456789Z"), Some(whole + 123_456));
        assert_eq!(micros("2025-11-20T11:44:09+05:30"), Some(whole));
        assert_eq!(micros("2025-11-20T11:44:09.5+0530"), Some(whole + 500_000));
        assert_eq!(micros("2025-11-20T01:14:09-05"), Some(whole));
        assert_eq!(micros("2025-11-20T06:14Z"), Some(whole - 9_000_000));
        assert_eq!(micros("1969-12-31T23:59:59.999Z"), Some(-1_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2025-11-20",
            "2025-11-20 06:14:09Z",
            "2025-11-20T06:14:09",
            "2025-13-20T06:14:09Z",
            "2025-02-30T06:14:09Z",
            "2025-11-20T25:14:09Z",
            "2025-11-20T06:14:09.Z",
            "2025-11-20T06:14:09.1234567890Z",
            "2025-11-20T06:14:09Zz",
            "2025-11-20T06:14:09+24:00",
            "yesterday",
            "\u{0}",
        ] {
            assert_eq!(micros(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_time_written_is_read_back() {
        for text in [
            "2025-11-20T06:14:09.000Z",
            "2025-11-20T06:14:09.120Z",
            "2025-11-20T06:14:09.123456Z",
            "0001-01-01T00:00:00.000Z",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn whatever_time_is_written_is_read_back_also_from_before_the_first_year_and_after_the_last() {
        for micros in [i64::MIN, i64::MIN + 1, WRITABLE.0 - 1, WRITABLE.0, -1, 0, WRITABLE.1, WRITABLE.1 + 1, i64::MAX]
        {
            let read = Timestamp::parse(&Timestamp::from_micros(micros).to_string()).unwrap();
            assert_eq!(read.micros(), micros.clamp(WRITABLE.0, WRITABLE.1));
        }
    }

    #[test]
    fn a_day_is_read_and_written_and_a_time_behind_it_is_dropped() {
        assert_eq!(Date::parse("2026-01-02").unwrap().to_string(), "2026-01-02");
        assert_eq!(Date::parse("2026-01-02T10:00:00Z").unwrap().to_string(), "2026-01-02");
        assert!(Date::parse("2026-1-2").is_err());
    }
}
