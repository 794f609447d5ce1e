//! JPEG (ITU T.81), walked segment by segment.

use std::ops::Range;

use onsite_wire::onsite::PhotoType;

use super::orientation::Orientation;
use super::{Piece, Stripped, broken, cut_off, u16_at};
use crate::action::Refusal;

/// How a JPEG begins: the start of an image, and the next marker.
pub(super) const BEGINS: &[u8] = &[0xff, 0xd8, 0xff];

const MARKER: u8 = 0xff;
const EXIF: &[u8] = b"Exif\0\0";
const ADOBE: &[u8] = b"Adobe";

/// What the walk has met.
#[derive(Default)]
struct Walk {
    pieces: Vec<Piece>,
    frame: Option<(u32, u32)>,
    scans: usize,
    orientation: Option<Orientation>,
}

/// Keeps what is needed to draw the pixels: tables, frame, scans, and Adobe's word on the colours.
pub(super) fn strip(bytes: &[u8]) -> Result<Stripped, Refusal> {
    let mut walk = Walk { pieces: vec![Piece::Kept(0..2)], ..Walk::default() };
    let mut at = 2;
    while let Some(next) = walk.segment(bytes, at)? {
        at = next;
    }
    let (Some((width, height)), 1..) = (walk.frame, walk.scans) else { return Err(broken("no picture in it")) };
    let orientation = walk.orientation.unwrap_or(Orientation::UPRIGHT);
    if !orientation.is_upright() {
        walk.pieces.insert(1, Piece::Made(segment(0xe1, &[EXIF, &orientation.block()].concat())));
    }
    let (width, height) = orientation.turned(width, height);
    Ok(Stripped { kind: PhotoType::Jpeg, width, height, pieces: walk.pieces })
}

/// A segment of this marker and content.
fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
    let mut made = vec![MARKER, marker];
    made.extend_from_slice(&length.to_be_bytes());
    made.extend_from_slice(content);
    made
}

/// Whether a segment that is kept has nothing in it but what it is for: what stands behind that, no viewer shows.
fn is_exact(code: u8, content: &[u8]) -> bool {
    match code {
        0xc4 => tables_end(content, |table| {
            17 + table.get(1..17).unwrap_or_default().iter().map(|n| usize::from(*n)).sum::<usize>()
        }),
        0xdb => tables_end(content, |table| {
            1 + 64 * (usize::from(table.first().copied().unwrap_or_default() >> 4).min(1) + 1)
        }),
        0xcc => content.len().is_multiple_of(2) && content.len() <= 64,
        0xdc | 0xdd => content.len() == 2,
        0xda => content.first().is_some_and(|parts| content.len() == 4 + 2 * usize::from(*parts)),
        0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
            content.get(5).is_some_and(|parts| content.len() == 6 + 3 * usize::from(*parts))
        }
        _ => true,
    }
}

/// Whether tables of these lengths, one behind the other, fill a segment.
fn tables_end(mut content: &[u8], length: impl Fn(&[u8]) -> usize) -> bool {
    while !content.is_empty() {
        let Some(rest) = content.get(length(content)..) else { return false };
        content = rest;
    }
    true
}

impl Walk {
    fn keep(&mut self, range: Range<usize>) {
        self.pieces.push(Piece::Kept(range));
    }

    /// Takes one segment, and says where the next one begins; `None`: the image has ended.
    fn segment(&mut self, bytes: &[u8], at: usize) -> Result<Option<usize>, Refusal> {
        // Before a marker may stand as many fill bytes as one likes; other bytes are skipped by every decoder.
        let rest = bytes.get(at..).unwrap_or_default();
        let marker = rest.windows(2).position(|two| matches!(two, [MARKER, code] if *code != MARKER));
        let at = at + marker.ok_or_else(cut_off)?;
        let code = bytes.get(at + 1).copied().ok_or_else(cut_off)?;
        match code {
            0xd9 => {
                self.keep(at..at + 2);
                return Ok(None);
            }
            // A zero hides a byte of data, restarts stand in data, and one says nothing: here they are noise.
            0x00 | 0x01 | 0xd0..=0xd7 => return Ok(Some(at + 2)),
            0xd8 => return Err(broken("an image begins in the middle")),
            _ => {}
        }
        let length = usize::from(u16_at(bytes, at + 2).ok_or_else(cut_off)?);
        let end = at + 2 + length;
        let content = bytes.get(at + 4..end).ok_or_else(cut_off)?;
        if !is_exact(code, content) {
            return Err(broken("a segment has another size than it says"));
        }
        match code {
            0xc4 | 0xcc | 0xdb | 0xdc | 0xdd => self.keep(at..end),
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                self.begin_frame(content)?;
                self.keep(at..end);
            }
            0xda => return self.scan(bytes, at, end).map(Some),
            0xe1 => self.orientation = self.orientation.or_else(|| Orientation::of(content.strip_prefix(EXIF)?)),
            0xee => self.colours(content),
            // Whatever else a camera or a program wrote, and what no decoder of today reads.
            0xe0..=0xef | 0xf0..=0xfe | 0xc8 => {}
            _ => return Err(broken("a segment that no photo has")),
        }
        Ok(Some(end))
    }

    fn begin_frame(&mut self, content: &[u8]) -> Result<(), Refusal> {
        let (Some(height), Some(width)) = (u16_at(content, 1), u16_at(content, 3)) else { return Err(cut_off()) };
        if self.frame.replace((u32::from(width), u32::from(height))).is_some() {
            return Err(broken("two pictures in it"));
        }
        Ok(())
    }

    /// A scan with the data behind it, which ends at the next marker.
    fn scan(&mut self, bytes: &[u8], at: usize, data: usize) -> Result<usize, Refusal> {
        if self.frame.is_none() {
            return Err(broken("data before the picture"));
        }
        let rest = bytes.get(data..).unwrap_or_default();
        let is_marker = |two: &[u8]| matches!(two, [MARKER, code] if !matches!(*code, 0x00 | 0xd0..=0xd7 | MARKER));
        let end = data + rest.windows(2).position(is_marker).ok_or_else(cut_off)?;
        self.keep(at..end);
        self.scans += 1;
        Ok(end)
    }

    /// Without Adobe's segment a viewer takes inverted or plain colours for others. Only its last byte is read by anybody.
    fn colours(&mut self, content: &[u8]) {
        if let (true, Some(transform)) = (content.starts_with(ADOBE), content.get(11)) {
            let made = [ADOBE, &[0, 100, 0, 0, 0, 0, *transform]].concat();
            self.pieces.push(Piece::Made(segment(0xee, &made)));
        }
    }
}
