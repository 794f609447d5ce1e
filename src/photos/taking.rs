//! A photo taken in: read once, looked at, stripped of what must not leave the phone, and sealed. Its bytes are held once.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use onsite_rules::action::Refusal;
use onsite_rules::photo::{BYTES, strip, strip_preview, too_large};
use onsite_wire::codes::Code;
use onsite_wire::onsite::{PhotoFacts, PhotoHash};
use sha2::{Digest, Sha256};

use super::shelf::Shelf;
use crate::error::Error;

/// Where a photo comes from.
#[derive(Debug, Clone)]
pub enum PhotoSource {
    /// A file of the phone's system, which stays as it is.
    File(PathBuf),
    /// Bytes at hand.
    Bytes(Vec<u8>),
}

/// A photo that a person wants to send.
#[derive(Debug, Clone)]
pub struct NewPhoto {
    /// The photo, a JPEG or PNG of at most 10 MB.
    pub source: PhotoSource,
    /// A small one of the same, JPEG or PNG of at most 8 KiB and 320 pixels a side, which the phone's system makes.
    pub preview: Option<Vec<u8>>,
}

/// Takes a photo in: from here on it lies sealed on the shelf. Blocks.
pub(crate) fn take(shelf: &Shelf, photo: NewPhoto) -> Result<PhotoFacts, Error> {
    let bytes = match photo.source {
        PhotoSource::Bytes(bytes) => bytes,
        PhotoSource::File(path) => read(&path)?,
    };
    let stripped = strip(&bytes).map_err(error)?;
    let preview = photo.preview.map(|preview| strip_preview(&preview)).transpose().map_err(error)?;
    let mut digest = Sha256::new();
    stripped.pieces(&bytes).for_each(|piece| digest.update(piece));
    let sha256 = PhotoHash(digest.finalize().into());
    let size = stripped.size(&bytes);
    shelf.keep(sha256, size as u64, stripped.pieces(&bytes))?;
    let side = |pixels| i32::try_from(pixels).unwrap_or(i32::MAX);
    Ok(PhotoFacts {
        sha256,
        size: i64::try_from(size).unwrap_or(i64::MAX),
        kind: stripped.kind,
        width: side(stripped.width),
        height: side(stripped.height),
        preview,
    })
}

/// A file that is not too large; how large is not believed before it is read.
fn read(path: &PathBuf) -> Result<Vec<u8>, Error> {
    let unreadable = |fault: std::io::Error| Error::input(format!("the file cannot be read: {}", fault.kind()));
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    if length > BYTES as u64 {
        return Err(error(too_large()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    (&mut file).take(BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.is_empty() { Err(Error::new(Code::PhotoEmpty)) } else { Ok(bytes) }
}

fn error(refusal: Refusal) -> Error {
    Error { code: refusal.code, arguments: refusal.arguments }
}
