//! Gathers the bytes of one value: borrowed from the piece where it lies in one, put together where it does not, and never
//! more of it than the limit.

use memchr::memmem;
use uuid::Uuid;

use super::Checked;
use super::scan::Scan;

/// The value being read. Its buffer is used again for the next one.
#[derive(Debug, Default)]
pub(super) struct Capture {
    scan: Scan,
    held: Vec<u8>,
    overflowed: bool,
}

/// A value that has ended.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    /// Its bytes; only the first ones if it is not `whole`.
    pub(super) json: &'a [u8],
    pub(super) whole: bool,
    pub(super) too_deep: bool,
}

impl Capture {
    /// Forgets the last value.
    pub(super) fn begin(&mut self) {
        self.scan = Scan::default();
        self.held.clear();
        self.overflowed = false;
    }

    /// Goes on with the next piece: the value and what stands behind it, if it ends here.
    pub(super) fn take<'a, 'p: 'a>(
        &'a mut self,
        piece: &'p [u8],
        limit: usize,
    ) -> Checked<Option<(Taken<'a>, &'p [u8])>> {
        let end = self.scan.advance(piece)?;
        let (value, behind) = piece.split_at_checked(end.unwrap_or(piece.len())).unwrap_or((piece, &[]));
        let too_deep = self.scan.too_deep();
        if end.is_some() && self.held.is_empty() && !self.overflowed {
            let kept = value.get(..limit).unwrap_or(value);
            return Ok(Some((Taken { json: kept, whole: value.len() <= limit, too_deep }, behind)));
        }
        let room = limit.saturating_sub(self.held.len());
        self.held.extend_from_slice(value.get(..room).unwrap_or(value));
        self.overflowed |= value.len() > room;
        Ok(end.map(|_| (Taken { json: &self.held, whole: !self.overflowed, too_deep }, behind)))
    }
}

impl Taken<'_> {
    /// The value of the first key `id` at any level, if it is a UUID. A key cannot be mistaken: inside a string its quotes
    /// would be escaped, and a string `id` is not followed by a colon.
    pub(super) fn id(&self) -> Option<Uuid> {
        memmem::find_iter(self.json, br#""id""#).find_map(|at| {
            let behind = self.json.get(at + 4..)?.trim_ascii_start().strip_prefix(b":")?;
            let text = behind.trim_ascii_start().strip_prefix(b"\"")?;
            let text = text.get(..text.iter().position(|byte| *byte == b'"')?)?;
            Uuid::try_parse_ascii(text).ok()
        })
    }
}
