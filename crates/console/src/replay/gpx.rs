//! GPX, read as it comes: only the point at hand is kept.

use std::io::{BufRead, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::broken;
use super::track::{ACCURACY_M, Take, TrackPoint, time};
use crate::ConsoleError;
use crate::api::Error;

/// The longest piece of text or markup; a longer one would have to be kept in memory.
const PIECE: usize = 64 * 1024;
/// What one unit of horizontal dilution is worth, in metres.
const DILUTION_M: f64 = 5.0;

/// Stops a file whose markup never ends.
struct Bounded<R> {
    inner: R,
    since_markup: usize,
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(PIECE);
        let read = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        let bytes = buffer.get(..read).unwrap_or_default();
        match bytes.iter().rposition(|byte| *byte == b'<' || *byte == b'>') {
            Some(at) => self.since_markup = read - at,
            None => self.since_markup += read,
        }
        if self.since_markup > PIECE {
            return Err(std::io::Error::other("a piece of it is too long"));
        }
        Ok(read)
    }
}

#[derive(Default)]
struct Point {
    lat: f64,
    lon: f64,
    time: String,
    accuracy: String,
    dilution: String,
}

impl Point {
    fn begun(element: &BytesStart<'_>) -> Result<Self, Error> {
        let number = |name: &str| -> Result<f64, Error> {
            let attribute = element.try_get_attribute(name).map_err(|_| broken("markup is broken"))?;
            let attribute = attribute.ok_or_else(|| broken("a point has no coordinates"))?;
            attribute.value.trim().parse().map_err(|_| broken("a coordinate is no number"))
        };
        Ok(Self { lat: number("lat")?, lon: number("lon")?, ..Self::default() })
    }

    fn ended(self) -> Result<TrackPoint, Error> {
        if self.time.is_empty() {
            return Err(broken("a point has no time"));
        }
        let number = |text: &str| text.trim().parse::<f64>().map_err(|_| broken("an accuracy is no number"));
        let accuracy_m = match (self.accuracy.as_str(), self.dilution.as_str()) {
            ("", "") => ACCURACY_M,
            ("", dilution) => number(dilution)? * DILUTION_M,
            (accuracy, _) => number(accuracy)?,
        };
        Ok(TrackPoint { lat: self.lat, lon: self.lon, accuracy_m, at: time(&self.time)?, mocked: false })
    }
}

/// Hands out the track points.
pub fn read(file: impl BufRead, take: &mut Take<'_>) -> Result<(), ConsoleError> {
    let bounded = Bounded { inner: file, since_markup: 0 };
    let mut reader = Reader::from_reader(std::io::BufReader::new(bounded));
    let mut buffer = Vec::new();
    let (mut point, mut field): (Option<Point>, String) = (None, String::new());
    let (mut depth, mut is_gpx) = (0_usize, false);
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).map_err(|error| broken(reason(&error)))?;
        match event {
            Event::Start(element) => {
                depth += 1;
                is_gpx |= element.local_name().as_ref() == "gpx";
                field = element.local_name().as_ref().to_owned();
                if field == "trkpt" {
                    point = Some(Point::begun(&element)?);
                }
            }
            Event::Text(text) => {
                let Some(point) = &mut point else { continue };
                let target = match field.as_str() {
                    "time" => &mut point.time,
                    "accuracy" => &mut point.accuracy,
                    "hdop" => &mut point.dilution,
                    _ => continue,
                };
                target.push_str(&text);
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                field.clear();
                if element.local_name().as_ref() == "trkpt"
                    && let Some(point) = point.take()
                {
                    take(point.ended()?)?;
                }
            }
            Event::Empty(element) if element.local_name().as_ref() == "trkpt" => {
                take(Point::begun(&element)?.ended()?)?;
            }
            Event::Eof if depth > 0 => return Err(broken("it ends early").into()),
            Event::Eof if !is_gpx => return Err(broken("it is no GPX").into()),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// The kind of mistake, without any of the file's words.
fn reason(error: &quick_xml::Error) -> &'static str {
    match error {
        quick_xml::Error::Io(_) => "it cannot be read on, or a piece of it is too long",
        quick_xml::Error::Encoding(_) => "it is not text",
        _ => "markup is broken",
    }
}
