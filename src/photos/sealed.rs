//! A file's bytes under the account's key: AES-256-GCM, segment by segment, so that any stretch can be read and nothing holds
//! all. A key of its own for each file; the segment's number and whether it is the last stand in its nonce, so none can be
//! moved, left out or cut off.

use onsite_wire::onsite::PhotoHash;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};

/// Bytes of a photo in one segment.
pub(super) const SEGMENT: usize = 64 * 1_024;
/// What sealing adds to a segment.
const TAG: usize = 16;
/// A segment in the file.
pub(super) const SEALED: usize = SEGMENT + TAG;
/// How a file begins: which form it has, and what makes its key one of its own.
pub(super) const HEADER: usize = FORM.len() + SALT;
const FORM: &[u8] = b"onsite-photo-1\0\0";
const SALT: usize = 16;

/// The key of one file.
pub(super) struct FileKey(LessSafeKey);

/// Bytes are not what was sealed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Torn;

/// The head of a new file.
pub(super) fn new_header() -> Result<[u8; HEADER], Torn> {
    let mut header = [0; HEADER];
    let (form, salt) = header.split_at_mut(FORM.len());
    form.copy_from_slice(FORM);
    getrandom::fill(salt).map_err(|_| Torn)?;
    Ok(header)
}

impl FileKey {
    /// The key of the file with this head, which holds the photo of this hash.
    pub(super) fn of(account: &[u8; 32], header: &[u8; HEADER], hash: PhotoHash) -> Result<Self, Torn> {
        let salt = header.strip_prefix(FORM).ok_or(Torn)?;
        let secret = Salt::new(HKDF_SHA256, salt).extract(account);
        let info = [b"onsite photo, 1".as_slice(), &hash.0];
        let key = secret.expand(&info, &AES_256_GCM).map_err(|_| Torn)?;
        Ok(Self(LessSafeKey::new(UnboundKey::from(key))))
    }

    fn nonce(number: u32, last: bool) -> Nonce {
        let [a, b, c, d] = number.to_be_bytes();
        Nonce::assume_unique_for_key([0, 0, 0, 0, 0, 0, 0, a, b, c, d, u8::from(last)])
    }

    /// Seals one segment in its place.
    pub(super) fn seal(&self, number: u32, last: bool, segment: &mut Vec<u8>) -> Result<(), Torn> {
        self.0.seal_in_place_append_tag(Self::nonce(number, last), Aad::empty(), segment).map_err(|_| Torn)
    }

    /// Opens one segment in its place, and gives what was sealed.
    pub(super) fn open<'a>(&self, number: u32, last: bool, segment: &'a mut [u8]) -> Result<&'a [u8], Torn> {
        self.0.open_in_place(Self::nonce(number, last), Aad::empty(), segment).map(|plain| &*plain).map_err(|_| Torn)
    }
}

/// How many segments a photo of so many bytes has.
pub(super) const fn segments(size: u64) -> u64 {
    size.div_ceil(SEGMENT as u64)
}

/// How long the file of a photo of so many bytes is.
pub(super) const fn file_size(size: u64) -> u64 {
    HEADER as u64 + size + segments(size) * TAG as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_opens_in_its_place_of_its_file_only() {
        let (hash, other) = (PhotoHash([1; 32]), PhotoHash([2; 32]));
        let header = new_header().unwrap();
        let key = FileKey::of(&[7; 32], &header, hash).unwrap();
        let mut sealed = b"pixels".to_vec();
        key.seal(3, false, &mut sealed).unwrap();
        assert_eq!(sealed.len(), 6 + TAG);
        assert_eq!(key.open(3, false, &mut sealed.clone()).unwrap(), b"pixels");
        let refuses = |key: &FileKey, number, last| key.open(number, last, &mut sealed.clone()).is_err();
        assert!(refuses(&key, 2, false) && refuses(&key, 3, true));
        assert!(refuses(&FileKey::of(&[8; 32], &header, hash).unwrap(), 3, false), "another account");
        assert!(refuses(&FileKey::of(&[7; 32], &header, other).unwrap(), 3, false), "another photo");
        assert!(refuses(&FileKey::of(&[7; 32], &new_header().unwrap(), hash).unwrap(), 3, false), "another file");
        assert!(FileKey::of(&[7; 32], &[0; HEADER], hash).is_err());
    }

    #[test]
    fn the_length_of_a_file_follows_from_its_photos() {
        let header = HEADER as u64;
        assert_eq!(file_size(1), header + 1 + 16);
        assert_eq!(file_size(SEGMENT as u64), header + SEALED as u64);
        assert_eq!(file_size(SEGMENT as u64 + 1), header + SEALED as u64 + 17);
    }
}
