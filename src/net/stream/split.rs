//! The two outermost levels of a feed's body: which value comes next, and what becomes of it.

use std::borrow::Cow;

use super::capture::{Capture, Taken};
use super::{Checked, ELEMENT_SIZE, FeedEnd, Part, SkipReason, SkippedRow, Wanted};
use crate::net::{Breakage, Fault, Stranger};

/// A key or number that is longer is none of ours.
const NAME_SIZE: usize = 256;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Cuts elements out of a body. Feed it all pieces in order, then finish it.
#[derive(Debug)]
pub struct Splitter {
    wanted: Wanted,
    place: Place,
    capture: Capture,
    /// The array that the last key named, if it is wanted.
    array: Option<&'static str>,
    /// The number that the last key named, if it is wanted.
    number: Option<&'static str>,
    /// The place of the next element in its array.
    index: u64,
    seen_arrays: Vec<&'static str>,
    end: FeedEnd,
}

/// What is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The body's first bytes, of which this many were those of a byte order mark.
    Start(usize),
    FirstKey,
    Key,
    InKey,
    Colon,
    Value,
    InValue,
    BehindValue,
    FirstElement,
    Element,
    InElement,
    BehindElement,
    Done,
}

impl Splitter {
    /// A splitter for one body.
    pub fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            place: Place::Start(0),
            capture: Capture::default(),
            array: None,
            number: None,
            index: 0,
            seen_arrays: Vec::new(),
            end: FeedEnd::default(),
        }
    }

    /// Takes the next piece of the body and hands the elements that end in it to `sink`.
    pub fn feed(&mut self, piece: &[u8], sink: &mut dyn FnMut(Part<'_>)) -> Checked<()> {
        let mut rest = piece;
        while !rest.is_empty() {
            rest = match self.place {
                Place::InKey => self.key(rest)?,
                Place::InValue => self.value(rest)?,
                Place::InElement => self.element(rest, sink)?,
                _ => self.step(rest.trim_ascii_start())?,
            };
        }
        Ok(())
    }

    /// What the body said beside its elements, if it was whole and had what must be there.
    pub fn finish(self) -> Checked<FeedEnd> {
        if self.place != Place::Done {
            return Err(Fault::AnswerBroken(Breakage::EndedEarly));
        }
        let arrays = self.wanted.arrays.iter().all(|(name, must)| !must || self.seen_arrays.contains(name));
        let numbers = self.wanted.numbers.iter().all(|(name, must)| !must || self.end.number(name).is_some());
        if arrays && numbers { Ok(self.end) } else { Err(Fault::NotOurServer(Stranger::Shape)) }
    }

    /// Takes one byte that stands between values, or none where a value begins with it.
    fn step<'a>(&mut self, rest: &'a [u8]) -> Checked<&'a [u8]> {
        let Some((&byte, behind)) = rest.split_first() else { return Ok(rest) };
        let (place, rest) = match (self.place, byte) {
            (Place::Start(seen), _) if BYTE_ORDER_MARK.get(seen) == Some(&byte) => (Place::Start(seen + 1), behind),
            (Place::Start(0 | 3), b'{') => (Place::FirstKey, behind),
            (Place::Start(_), _) => return Err(Fault::NotOurServer(Stranger::Shape)),
            (Place::FirstKey | Place::BehindValue, b'}') => (Place::Done, behind),
            (Place::FirstKey | Place::Key, b'"') => (Place::InKey, rest),
            (Place::Colon, b':') => (Place::Value, behind),
            (Place::Value, b'[') if self.array.is_some() => (Place::FirstElement, behind),
            (Place::FirstElement | Place::BehindElement, b']') => (Place::BehindValue, behind),
            (Place::BehindValue, b',') => (Place::Key, behind),
            (Place::BehindElement, b',') => (Place::Element, behind),
            (Place::Value, byte) if begins_value(byte) => (Place::InValue, rest),
            (Place::FirstElement | Place::Element, byte) if begins_value(byte) => (Place::InElement, rest),
            _ => return Err(Fault::AnswerBroken(Breakage::NotJson)),
        };
        if place == Place::FirstElement {
            self.index = 0;
            self.seen_arrays.extend(self.array);
        }
        self.capture.begin();
        self.place = place;
        Ok(rest)
    }

    /// Goes on with a top-level key.
    fn key<'a>(&mut self, rest: &'a [u8]) -> Checked<&'a [u8]> {
        let Some((taken, behind)) = self.capture.take(rest, NAME_SIZE)? else { return Ok(&[]) };
        let name = serde_json::from_slice::<Cow<'_, str>>(taken.json).unwrap_or_default();
        let named = |list: &[(&'static str, bool)]| list.iter().map(|(known, _)| *known).find(|known| *known == name);
        self.array = named(&self.wanted.arrays);
        self.number = named(&self.wanted.numbers);
        self.place = Place::Colon;
        Ok(behind)
    }

    /// Goes on with a top-level value that is no wanted array.
    fn value<'a>(&mut self, rest: &'a [u8]) -> Checked<&'a [u8]> {
        let limit = if self.number.is_some() { NAME_SIZE } else { 0 };
        let Some((taken, behind)) = self.capture.take(rest, limit)? else { return Ok(&[]) };
        if let Some((name, value)) = self.number.and_then(|name| Some((name, integer(&taken)?))) {
            self.end.numbers.push((name, value));
        }
        self.place = Place::BehindValue;
        Ok(behind)
    }

    /// Goes on with an element of a wanted array.
    fn element<'a>(&mut self, rest: &'a [u8], sink: &mut dyn FnMut(Part<'_>)) -> Checked<&'a [u8]> {
        let Some((taken, behind)) = self.capture.take(rest, ELEMENT_SIZE)? else { return Ok(&[]) };
        let (array, index) = (self.array.unwrap_or_default(), self.index);
        let reason = match taken {
            Taken { too_deep: true, .. } => Some(SkipReason::TooDeep),
            Taken { whole: false, .. } => Some(SkipReason::TooLarge),
            Taken { .. } => None,
        };
        if let Some(reason) = reason {
            self.end.skipped += 1;
            sink(Part::Skipped(SkippedRow { array, index, reason, id: taken.id() }));
        } else {
            self.end.elements += 1;
            sink(Part::Element { array, index, json: taken.json });
        }
        self.index += 1;
        self.place = Place::BehindElement;
        Ok(behind)
    }
}

const fn begins_value(byte: u8) -> bool {
    !matches!(byte, b',' | b':' | b']' | b'}')
}

/// The value as an integer. Readers of the vendor's answers take one for the other: numbers and numbers in quotes.
fn integer(taken: &Taken<'_>) -> Option<i64> {
    let text = std::str::from_utf8(taken.json).ok().filter(|_| taken.whole)?;
    text.trim_matches('"').parse().ok()
}
