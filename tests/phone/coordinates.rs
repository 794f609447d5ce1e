//! Finds a position in bytes, however it is written.
//!
//! Looked for: decimal degrees with three decimals or more, with a point or a comma; radians with five; degrees times 10⁵,
//! 10⁶ and 10⁷ as integers; degrees, minutes and seconds; geohashes from six letters on; floats as bytes in both orders; degrees and
//! minutes as EXIF has them in a photo, in both orders. In the bytes as they are, and in what base64, hexadecimal, percent-encoding and gzip hide, three layers deep.

use std::io::Read as _;

/// One way in which a coordinate may be written.
#[derive(Debug, Clone)]
struct Spelling {
    name: &'static str,
    bytes: Vec<u8>,
    /// A letter or digit before it makes it part of something else.
    apart: bool,
}

fn spellings(lat: f64, lon: f64) -> Vec<Spelling> {
    let mut all = Vec::new();
    let mut add = |name, bytes: Vec<u8>, apart| all.push(Spelling { name, bytes, apart });
    for value in [lat, lon] {
        let value: f64 = value.abs();
        // Cut off and rounded: what follows the third decimal is anything.
        for scaled in [(value * 1e3).floor() / 1e3, (value * 1e3).round() / 1e3] {
            let text = format!("{scaled:.3}");
            add("decimal comma", text.replace('.', ",").into_bytes(), true);
            add("decimal", text.into_bytes(), true);
        }
        let radians = format!("{:.7}", value.to_radians());
        add("radians", radians.as_bytes()[..radians.len() - 2].to_vec(), true);
        for (name, scale) in [("E7", 1e7), ("E6", 1e6), ("E5", 1e5)] {
            let digits = format!("{:.0}", value * scale);
            // The last digit may be rounded another way.
            add(name, digits.as_bytes()[..(digits.len() - 1).min(8)].to_vec(), true);
        }
        let (degrees, rest) = (value.floor(), value.fract() * 60.0);
        let (minutes, seconds) = (rest.floor(), rest.fract() * 60.0);
        for seconds in [seconds.floor(), seconds.round()] {
            add("DMS", format!("{degrees}°{minutes:02}'{seconds:02}").into_bytes(), true);
            add("DMS", format!("{degrees}°{minutes}'{seconds}").into_bytes(), true);
            add("DMS", format!("{degrees}d{minutes}m{seconds}").into_bytes(), true);
        }
        // Seconds stand over any number there; degrees and minutes over one.
        let exif = [degrees as u32, 1, minutes as u32, 1];
        add("EXIF", exif.iter().flat_map(|number| number.to_le_bytes()).collect(), false);
        add("EXIF", exif.iter().flat_map(|number| number.to_be_bytes()).collect(), false);
        add("degrees and minutes", format!("{degrees}°{rest:.2}").into_bytes(), true);
        for value in [value, -value] {
            add("float", value.to_le_bytes().to_vec(), false);
            add("float", value.to_be_bytes().to_vec(), false);
        }
    }
    add("geohash", geohash(lat, lon, 6).into_bytes(), true);
    all
}

pub fn geohash(lat: f64, lon: f64, letters: usize) -> String {
    const LETTERS: &[u8] = b"0123456789bcdefghjkmnpqrstuvwxyz";
    let (mut lats, mut lons) = ((-90.0, 90.0), (-180.0, 180.0));
    let mut halve = |bit: usize| {
        let (range, value) = if bit.is_multiple_of(2) { (&mut lons, lon) } else { (&mut lats, lat) };
        let middle = f64::midpoint(range.0, range.1);
        let upper = value >= middle;
        if upper {
            range.0 = middle
        } else {
            range.1 = middle
        }
        usize::from(upper)
    };
    let mut bit = 0;
    let mut letter = || {
        let mut letter = 0;
        for _ in 0..5 {
            letter = letter * 2 + halve(bit);
            bit += 1;
        }
        char::from(LETTERS[letter])
    };
    (0..letters).map(|_| letter()).collect()
}

/// The names of the ways in which one of these positions is written in these bytes.
pub fn found(bytes: &[u8], positions: &[(f64, f64)]) -> Vec<&'static str> {
    let mut all: Vec<Spelling> = positions.iter().flat_map(|(lat, lon)| spellings(*lat, *lon)).collect();
    all.sort_by(|a, b| a.bytes.cmp(&b.bytes));
    all.dedup_by(|a, b| a.bytes == b.bytes);
    let mut found: Vec<&'static str> = layers(bytes, 3)
        .iter()
        .flat_map(|layer| all.iter().filter(|spelling| holds(layer, spelling)).map(|spelling| spelling.name))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn holds(bytes: &[u8], spelling: &Spelling) -> bool {
    memchr::memmem::find_iter(bytes, &spelling.bytes)
        .any(|at| !spelling.apart || at == 0 || !bytes[at - 1].is_ascii_alphanumeric())
}

/// The bytes themselves, and what encodings hide in them.
fn layers(bytes: &[u8], depth: usize) -> Vec<Vec<u8>> {
    let mut all = vec![bytes.to_vec()];
    if depth == 0 {
        return all;
    }
    let mut inner = vec![percent_decoded(bytes)];
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    for word in bytes.split(|byte| !is_word(byte)).filter(|word| word.len() >= 8) {
        inner.extend(base64_decoded(word));
        inner.extend(hex_decoded(word));
    }
    for at in memchr::memmem::find_iter(bytes, &[0x1f, 0x8b, 8]) {
        let mut plain = Vec::new();
        // What can be read of it counts, however it ends.
        let _ = flate2::read::GzDecoder::new(&bytes[at..]).take(1 << 20).read_to_end(&mut plain);
        inner.push(plain);
    }
    for hidden in inner.into_iter().filter(|hidden| !hidden.is_empty() && hidden != bytes) {
        all.extend(layers(&hidden, depth - 1));
    }
    all
}

fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code =
            bytes.get(at + 1..at + 3).and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        match (byte, code) {
            (b'%', Some(code)) => {
                plain.push(code);
                at += 3;
            }
            _ => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    plain
}

fn base64_decoded(word: &[u8]) -> Option<Vec<u8>> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    let mut plain = Vec::new();
    for four in word.chunks(4) {
        let mut bits = 0_u32;
        for byte in four {
            bits = bits << 6 | u32::from(value(*byte)?);
        }
        bits <<= 6 * (4 - four.len());
        plain.extend_from_slice(&bits.to_be_bytes()[1..four.len().max(1)]);
    }
    Some(plain)
}

fn hex_decoded(word: &[u8]) -> Option<Vec<u8>> {
    word.chunks_exact(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()).collect()
}
