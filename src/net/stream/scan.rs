//! Finds the end of one JSON value, byte by byte, over any number of pieces. The hot loop of a full read.

use memchr::memchr2;

use super::{Checked, ELEMENT_DEPTH};
use crate::net::{Breakage, Fault};

/// Where a value stands that has begun and may go on in the next piece.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scan {
    kind: Kind,
    /// Brackets open now, of any number.
    depth: u32,
    /// The kinds of the innermost open brackets up to [`ELEMENT_DEPTH`], newest in the lowest bit; 1 is a brace.
    braces: u64,
    in_string: bool,
    /// The piece ended behind a backslash.
    escaped: bool,
    too_deep: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    /// No byte was seen yet.
    #[default]
    Unknown,
    /// An object or array.
    Nested,
    String,
    /// A number, `true`, `false`, `null` (or what stands in their place): ends before a delimiter.
    Bare,
}

impl Scan {
    /// Whether the value was nested deeper than it may be.
    pub(super) const fn too_deep(&self) -> bool {
        self.too_deep
    }

    /// Goes on with the next piece: the number of its bytes that belong to the value if that ends in it.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Checked<Option<usize>> {
        if self.kind == Kind::Unknown {
            self.kind = match bytes.first() {
                None => return Ok(None),
                Some(b'{' | b'[') => Kind::Nested,
                Some(b'"') => Kind::String,
                Some(_) => Kind::Bare,
            };
        }
        match self.kind {
            Kind::Bare => {
                Ok(bytes.iter().position(|byte| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t')))
            }
            Kind::Unknown | Kind::Nested | Kind::String => self.advance_nested(bytes),
        }
    }

    fn advance_nested(&mut self, bytes: &[u8]) -> Checked<Option<usize>> {
        let mut rest = bytes;
        loop {
            if self.in_string {
                let Some(behind) = self.string_end(rest) else { return Ok(None) };
                rest = behind;
                if self.depth == 0 {
                    return Ok(Some(bytes.len() - rest.len()));
                }
            }
            let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']')) else {
                return Ok(None);
            };
            let (Some(&byte), Some(behind)) = (rest.get(at), rest.get(at + 1..)) else { return Ok(None) };
            rest = behind;
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.open(byte == b'{'),
                _ => self.close(byte == b'}')?,
            }
            if self.depth == 0 && !self.in_string {
                return Ok(Some(bytes.len() - rest.len()));
            }
        }
    }

    /// What stands behind the string that is open; nothing if it does not end here.
    fn string_end<'a>(&mut self, mut rest: &'a [u8]) -> Option<&'a [u8]> {
        if std::mem::take(&mut self.escaped) {
            rest = match rest.get(1..) {
                Some(behind) => behind,
                None => {
                    self.escaped = true;
                    return None;
                }
            };
        }
        loop {
            let at = memchr2(b'"', b'\\', rest)?;
            let behind = rest.get(at + 1..)?;
            if rest.get(at) == Some(&b'"') {
                self.in_string = false;
                return Some(behind);
            }
            match behind.get(1..) {
                Some(unescaped) => rest = unescaped,
                None => {
                    self.escaped = true;
                    return None;
                }
            }
        }
    }

    const fn open(&mut self, brace: bool) {
        self.depth = self.depth.saturating_add(1);
        if self.depth > ELEMENT_DEPTH {
            self.too_deep = true;
        } else {
            self.braces = self.braces << 1 | brace as u64;
        }
    }

    /// Beyond the limit the kinds are not known any more; there only the number of brackets counts.
    fn close(&mut self, brace: bool) -> Checked<()> {
        if self.depth <= ELEMENT_DEPTH {
            if (self.braces & 1 == 1) != brace {
                return Err(Fault::AnswerBroken(Breakage::NotJson));
            }
            self.braces >>= 1;
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }
}
