//! The stream of server-sent events: rings and heartbeats, nothing else. Losing it costs latency, not data.
//!
//! Format: lines ended by LF, CR LF or CR; `field: value`; an empty line ends an event. What is not understood (unknown
//! events, a line over 64 KiB, data that is no ring) is passed over and counted, never an error.

use std::collections::VecDeque;
use std::time::Duration;

use memchr::memchr2;
use onsite_wire::ids::Generation;
use onsite_wire::onsite::Ring;
use tokio::time::timeout;

use super::http::Opened;
use super::{Fault, answer};

/// A longer line, or more data of one event, is none of ours.
const LINE_SIZE: usize = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What the stream says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A feed has moved.
    Ring(Ring),
    /// The stream is alive.
    Heartbeat,
}

/// An open stream of events. Dropping it closes it.
pub struct Events {
    opened: Opened,
    parser: EventParser,
    waiting: VecDeque<Event>,
    dead_after: Duration,
}

impl Events {
    pub(super) fn new(opened: Opened, dead_after: Duration) -> Self {
        Self { opened, parser: EventParser::default(), waiting: VecDeque::new(), dead_after }
    }

    /// The generation of the server's data.
    pub const fn generation(&self) -> Option<Generation> {
        self.opened.generation
    }

    /// How many events were passed over because they could not be understood.
    pub const fn not_understood(&self) -> u64 {
        self.parser.not_understood
    }

    /// Waits for the next event; nothing when the server has ended the stream. Silence over two heartbeats is a
    /// [`Fault::Timeout`].
    pub async fn next(&mut self) -> Result<Option<Event>, Fault> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(Some(event));
            }
            let chunk = timeout(self.dead_after, self.opened.response.chunk()).await.map_err(|_| Fault::Timeout)?;
            let Some(chunk) = chunk.map_err(|error| answer::failure_in_body(&error))? else { return Ok(None) };
            let Self { parser, waiting, .. } = self;
            parser.feed(&chunk, &mut |event| waiting.push_back(event));
        }
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").field("dead_after", &self.dead_after).finish_non_exhaustive()
    }
}

/// Reads events out of bytes that arrive in pieces.
#[derive(Debug, Default)]
pub struct EventParser {
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// That line is too long, and passed over.
    overlong: bool,
    /// The last piece ended with CR: an LF that comes next belongs to it.
    after_cr: bool,
    /// A line was seen: there can be no byte order mark any more.
    begun: bool,
    kind: Vec<u8>,
    data: Vec<u8>,
    /// The event at hand lost a line or has too much data.
    spoilt: bool,
    not_understood: u64,
}

impl EventParser {
    /// Takes the next piece and hands the events that end in it to `sink`.
    pub fn feed(&mut self, piece: &[u8], sink: &mut dyn FnMut(Event)) {
        let mut rest = piece;
        if !rest.is_empty() && std::mem::take(&mut self.after_cr) {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(at) = memchr2(b'\n', b'\r', rest) {
            let (line, ended) = rest.split_at_checked(at).unwrap_or((rest, &[]));
            self.keep(line);
            rest = match ended {
                [b'\r'] => {
                    self.after_cr = true;
                    &[]
                }
                [b'\r', b'\n', behind @ ..] | [_, behind @ ..] => behind,
                [] => &[],
            };
            self.line_ended(sink);
        }
        self.keep(rest);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.overlong || self.line.len() + bytes.len() > LINE_SIZE {
            self.overlong = true;
            self.line.clear();
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    fn line_ended(&mut self, sink: &mut dyn FnMut(Event)) {
        let mut buffer = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.overlong) {
            self.spoilt = true;
        } else {
            let line = if self.begun { &buffer } else { buffer.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&buffer) };
            if line.is_empty() {
                self.event_ended(sink);
            } else {
                self.field(line);
            }
        }
        self.begun = true;
        buffer.clear();
        self.line = buffer;
    }

    /// A line `field: value`. One that begins with a colon is a comment: a field without a name, which nobody knows.
    fn field(&mut self, line: &[u8]) {
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"event" => {
                self.kind.clear();
                self.kind.extend_from_slice(value);
            }
            b"data" if self.data.len() + value.len() < LINE_SIZE => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"data" => self.spoilt = true,
            _ => {}
        }
    }

    fn event_ended(&mut self, sink: &mut dyn FnMut(Event)) {
        let ring = || serde_json::from_slice(&self.data).ok().map(Event::Ring);
        let event = match self.kind.as_slice() {
            b"heartbeat" => Some(Event::Heartbeat),
            b"ring" if !self.spoilt => ring(),
            _ => None,
        };
        // An empty line after a comment ends no event.
        let something = self.spoilt || !self.kind.is_empty() || !self.data.is_empty();
        match event {
            Some(event) => sink(event),
            None => self.not_understood += u64::from(something),
        }
        self.kind.clear();
        self.data.clear();
        self.spoilt = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ORGANIZATION: &str = "0b7e0f0a-1111-4c1d-8a10-0000000000aa";

    fn ring(offset: i64) -> Event {
        Event::Ring(Ring { organization_id: ORGANIZATION.parse().unwrap(), feed: "alarms".to_owned(), offset })
    }

    fn read(pieces: &[&[u8]]) -> (Vec<Event>, u64) {
        let (mut parser, mut events) = (EventParser::default(), Vec::new());
        for piece in pieces {
            parser.feed(piece, &mut |event| events.push(event));
        }
        (events, parser.not_understood)
    }

    fn ring_text(offset: i64) -> String {
        format!(
            "event: ring\ndata: {{\"organizationId\":\"{ORGANIZATION}\",\"feed\":\"alarms\",\"offset\":{offset}}}\n\n"
        )
    }

    #[test]
    fn rings_and_heartbeats_are_read_whatever_ends_the_lines() {
        let text = format!("\u{feff}: hello\n\n{}event:heartbeat\ndata:\n\n{}", ring_text(7), ring_text(8));
        let expected = vec![ring(7), Event::Heartbeat, ring(8)];
        for end in ["\n", "\r\n", "\r"] {
            assert_eq!(read(&[text.replace('\n', end).as_bytes()]), (expected.clone(), 0), "{end:?}");
        }
    }

    #[test]
    fn data_over_several_lines_is_one_ring() {
        let text = format!(
            "data: {{\"organizationId\":\ndata: \"{ORGANIZATION}\",\nid: 4\ndata: \"feed\":\"alarms\",\"offset\":3}}\nevent: ring\n\n"
        );
        assert_eq!(read(&[text.as_bytes()]), (vec![ring(3)], 0));
    }

    #[test]
    fn what_is_not_understood_is_counted_and_harms_nothing() {
        let text = format!("event: dance\ndata: 1\n\nevent: ring\ndata: {{}}\n\ndata: 5\n\n{}", ring_text(9));
        assert_eq!(read(&[text.as_bytes()]), (vec![ring(9)], 3));
    }

    #[test]
    fn a_line_without_end_is_not_held_and_what_follows_it_is_read() {
        let mut parser = EventParser::default();
        let mut events = Vec::new();
        parser.feed(b"event: ring\ndata: ", &mut |event| events.push(event));
        for _ in 0..100 {
            parser.feed(&[b'x'; 10_000], &mut |event| events.push(event));
            assert!(parser.line.capacity() <= 2 * LINE_SIZE);
        }
        parser.feed(format!("\n\n{}", ring_text(1)).as_bytes(), &mut |event| events.push(event));
        assert_eq!((events, parser.not_understood), (vec![ring(1)], 1));
    }

    #[test]
    fn an_event_with_endless_data_is_not_held() {
        let mut text = "event: ring\n".to_owned();
        for _ in 0..100 {
            text.push_str(&format!("data: {}\n", "y".repeat(10_000)));
        }
        text.push_str(&format!("\n{}", ring_text(2)));
        assert_eq!(read(&[text.as_bytes()]), (vec![ring(2)], 1));
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_same_events(
            offsets in prop::collection::vec(0_i64..99, 0..6), end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
            size in 1_usize..40,
        ) {
            let text: String = offsets.iter().map(|offset| ring_text(*offset)).collect();
            let text = text.replace('\n', end);
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let expected: Vec<Event> = offsets.iter().map(|offset| ring(*offset)).collect();
            prop_assert_eq!(read(&pieces), (expected, 0));
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400), size in 1_usize..40) {
            read(&bytes.chunks(size).collect::<Vec<_>>());
        }
    }
}
