//! PNG (ISO/IEC 15948), walked chunk by chunk.

use onsite_wire::onsite::PhotoType;

use super::orientation::Orientation;
use super::{Piece, Stripped, broken, cut_off, u32_at};
use crate::action::Refusal;

/// How a PNG begins.
pub(super) const BEGINS: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Length, name and checksum around a chunk's content.
const AROUND: usize = 12;

/// Keeps what is needed to draw the pixels: header, palette, transparency, data, and the small words on colours, which have
/// one fixed size each.
pub(super) fn strip(bytes: &[u8]) -> Result<Stripped, Refusal> {
    let mut pieces = vec![Piece::Kept(0..BEGINS.len())];
    let (mut sides, mut data, mut orientation) = (None, false, None);
    let mut at = BEGINS.len();
    loop {
        let length = usize::try_from(u32_at(bytes, at).ok_or_else(cut_off)?).map_err(|_| cut_off())?;
        let end = at.checked_add(AROUND).and_then(|end| end.checked_add(length)).ok_or_else(cut_off)?;
        let chunk = bytes.get(at..end).ok_or_else(cut_off)?;
        let name = chunk.get(4..8).unwrap_or_default();
        let content = chunk.get(8..8 + length).unwrap_or_default();
        if (name == b"IHDR") != sides.is_none() {
            return Err(broken("its header is not at its beginning"));
        }
        let keeps = match name {
            b"IHDR" => {
                sides = Some(header(content)?);
                true
            }
            b"IDAT" => {
                data = true;
                true
            }
            b"IEND" if length == 0 => true,
            b"PLTE" if length.is_multiple_of(3) && length <= 768 => true,
            b"tRNS" if length <= 256 => true,
            b"gAMA" => length == 4,
            b"cHRM" => length == 32,
            b"sRGB" => length == 1,
            b"cICP" => length == 4,
            b"eXIf" => {
                orientation = orientation.or_else(|| Orientation::of(content));
                false
            }
            // An unknown chunk that a viewer must understand is one that none does.
            _ if name.first().is_some_and(u8::is_ascii_uppercase) => return Err(broken("a chunk that no photo has")),
            _ => false,
        };
        if keeps {
            if u32_at(chunk, length + 8) != Some(checksum(chunk.get(4..length + 8).unwrap_or_default())) {
                return Err(broken("a checksum is wrong"));
            }
            pieces.push(Piece::Kept(at..end));
        }
        if name == b"IEND" {
            break;
        }
        at = end;
    }
    let (Some((width, height)), true) = (sides, data) else { return Err(broken("no picture in it")) };
    let orientation = orientation.unwrap_or(Orientation::UPRIGHT);
    if !orientation.is_upright() {
        pieces.insert(2, Piece::Made(chunk(b"eXIf", &orientation.block())));
    }
    let (width, height) = orientation.turned(width, height);
    Ok(Stripped { kind: PhotoType::Png, width, height, pieces })
}

fn header(content: &[u8]) -> Result<(u32, u32), Refusal> {
    match (content.len(), u32_at(content, 0), u32_at(content, 4)) {
        (13, Some(width), Some(height)) => Ok((width, height)),
        _ => Err(broken("its header has another size")),
    }
}

/// A chunk of this name and content.
pub(super) fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [name, content].concat();
    let mut made = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    made.extend_from_slice(&named);
    made.extend_from_slice(&checksum(&named).to_be_bytes());
    made
}

/// CRC-32 as PNG counts it.
fn checksum(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let step = |sum: u32, byte: &u8| {
        let [low, ..] = sum.to_le_bytes();
        (sum >> 8) ^ TABLE.get(usize::from(low ^ byte)).copied().unwrap_or_default()
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[allow(clippy::indexing_slicing, reason = "worked out by the compiler, which would stop at a wrong index")]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut n = 0_u32;
    while n < 256 {
        let (mut sum, mut bit) = (n, 0);
        while bit < 8 {
            sum = if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 };
            bit += 1;
        }
        table[n as usize] = sum;
        n += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        assert_eq!(checksum(b"IEND"), 0xae42_6082);
    }
}
