//! What a photo of a chat may be (I4), and what of it leaves a phone: pixels, and which way up they are, nothing else.
//!
//! Nothing here decodes: formats are walked by their segments and chunks, so a small file that claims to be huge costs as
//! little as any other. What is kept is a list of what viewers need to draw the pixels; all else goes, known or not: EXIF with
//! its position, serial numbers and thumbnail, XMP, IPTC, comments, colour profiles, whatever lies behind the end.

mod jpeg;
mod orientation;
mod png;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::ops::Range;

use onsite_wire::codes::Code;
use onsite_wire::onsite::{PhotoFacts, PhotoType};

use crate::action::Refusal;

/// The most bytes of a photo: 10 MB, counted the larger way.
pub const BYTES: usize = 10 * 1_024 * 1_024;
/// The most pixels, in millions: drawn, each takes four bytes of a viewer's memory.
pub const MEGAPIXELS: u64 = 50;
/// The longest side, in pixels.
pub const SIDE: u32 = 20_000;
/// The most bytes of a preview: a full read brings 50 messages of each incident.
pub const PREVIEW_BYTES: usize = 8 * 1_024;
/// The longest side of a preview, in pixels.
pub const PREVIEW_SIDE: u32 = 320;
/// A photo that is not complete so long after its message arrived is dropped.
pub const EXPIRES_AFTER_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// A photo without what must not leave a phone: pieces of the original, and the few bytes that take the place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stripped {
    /// Its format.
    pub kind: PhotoType,
    /// Pixels across, as a person sees it.
    pub width: u32,
    /// Pixels down, as a person sees it.
    pub height: u32,
    pieces: Vec<Piece>,
}

/// A stretch of a stripped photo.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Kept(Range<usize>),
    Made(Vec<u8>),
}

impl Stripped {
    /// The stripped photo, piece by piece, out of the bytes that it was made of.
    pub fn pieces<'a>(&'a self, original: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.pieces.iter().map(|piece| match piece {
            Piece::Kept(range) => original.get(range.clone()).unwrap_or_default(),
            Piece::Made(bytes) => bytes.as_slice(),
        })
    }

    /// How many bytes that is.
    pub fn size(&self, original: &[u8]) -> usize {
        self.pieces(original).map(<[u8]>::len).sum()
    }

    /// Whether nothing had to be taken away.
    fn is_all_of(&self, original: &[u8]) -> bool {
        let mut rest = original;
        let follows = |piece: &[u8]| {
            let after = rest.strip_prefix(piece);
            rest = after.unwrap_or_default();
            after.is_some()
        };
        self.pieces(original).all(follows) && rest.is_empty()
    }
}

/// What of a photo may leave a phone.
pub fn strip(bytes: &[u8]) -> Result<Stripped, Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::of(Code::PhotoEmpty));
    }
    within(bytes.len(), BYTES)?;
    let stripped = if bytes.starts_with(jpeg::BEGINS) {
        jpeg::strip(bytes)?
    } else if bytes.starts_with(png::BEGINS) {
        png::strip(bytes)?
    } else {
        return Err(Refusal::of(Code::PhotoNotImage));
    };
    drawable(u64::from(stripped.width), u64::from(stripped.height))?;
    Ok(stripped)
}

/// Whether a preview can be used, and what of it goes with the message.
pub fn strip_preview(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let invalid = |detail: &str| Refusal::of(Code::PhotoPreviewInvalid).with("detail", detail);
    let stripped = strip(bytes).map_err(|refusal| invalid(refusal.code.as_str()))?;
    if stripped.size(bytes) > PREVIEW_BYTES {
        return Err(invalid("too many bytes"));
    }
    if stripped.width.max(stripped.height) > PREVIEW_SIDE {
        return Err(invalid("too many pixels"));
    }
    Ok(stripped.pieces(bytes).collect::<Vec<_>>().concat())
}

/// Whether a message may announce this photo.
pub fn check_facts(facts: &PhotoFacts) -> Result<(), Refusal> {
    match usize::try_from(facts.size) {
        Ok(0) | Err(_) => return Err(Refusal::of(Code::PhotoEmpty)),
        Ok(size) => within(size, BYTES)?,
    }
    if facts.kind == PhotoType::Unheard {
        return Err(Refusal::of(Code::PhotoNotImage));
    }
    let sides = [facts.width, facts.height].map(|side| u64::try_from(side).unwrap_or_default());
    drawable(sides[0], sides[1])?;
    match &facts.preview {
        Some(preview) if strip_preview(preview)? != *preview => Err(Refusal::of(Code::PhotoNotStripped)),
        _ => Ok(()),
    }
}

/// Whether bytes are the photo that their message announced, with nothing in it that must not leave a phone. The hash is the
/// caller's to compare.
pub fn agrees(facts: &PhotoFacts, bytes: &[u8]) -> Result<(), Refusal> {
    let stripped = strip(bytes)?;
    let differs = |detail: &str| Err(Refusal::of(Code::PhotoDiffers).with("detail", detail));
    if stripped.kind != facts.kind {
        return differs("type");
    }
    if (Ok(stripped.width), Ok(stripped.height)) != (u32::try_from(facts.width), u32::try_from(facts.height)) {
        return differs("dimensions");
    }
    if stripped.is_all_of(bytes) { Ok(()) } else { Err(Refusal::of(Code::PhotoNotStripped)) }
}

fn within(size: usize, limit: usize) -> Result<(), Refusal> {
    if size <= limit { Ok(()) } else { Err(too_large()) }
}

/// The refusal of a photo over the limit of bytes.
pub fn too_large() -> Refusal {
    Refusal::of(Code::PhotoTooLarge).with("mb", BYTES / (1_024 * 1_024))
}

fn drawable(width: u64, height: u64) -> Result<(), Refusal> {
    if width == 0 || height == 0 {
        return Err(broken("no pixels"));
    }
    let side = u64::from(SIDE);
    if width > side || height > side || width * height > MEGAPIXELS * 1_000_000 {
        return Err(Refusal::of(Code::PhotoTooManyPixels).with("megapixels", MEGAPIXELS));
    }
    Ok(())
}

fn broken(detail: &str) -> Refusal {
    Refusal::of(Code::PhotoBroken).with("detail", detail)
}

fn cut_off() -> Refusal {
    broken("it ends early")
}

/// A big-endian number of two bytes.
fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

/// A big-endian number of four bytes.
fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
