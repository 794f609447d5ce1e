//! What the text of a message may be (I4): the same on the phone, which says so before it is sent, and on the server.

use onsite_wire::codes::Code;
use onsite_wire::onsite::PhotoFacts;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use crate::action::Refusal;
use crate::photo;

/// The longest text, in characters as people count them (grapheme clusters).
pub const CHARACTERS: usize = 4_000;
/// The longest text, in bytes of UTF-8: a character may be made of many.
pub const BYTES: usize = 16 * 1_024;
/// So many messages of each incident that is not closed come with a full read.
pub const RECENT: i64 = 50;

/// The body of a `message`, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageBody {
    /// The words; with a photo there may be none.
    pub text: String,
    /// The photo whose bytes will follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<PhotoFacts>,
}

impl MessageBody {
    /// Words without a photo.
    pub fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), photo: None }
    }

    /// Whether it may be sent.
    pub fn check(&self) -> Result<(), Refusal> {
        match &self.photo {
            Some(photo) if self.text.is_empty() => photo::check_facts(photo),
            Some(photo) => check(&self.text).and_then(|()| photo::check_facts(photo)),
            None => check(&self.text),
        }
    }
}

/// Whether a text may be sent as a message.
pub fn check(text: &str) -> Result<(), Refusal> {
    within(text, CHARACTERS)
}

/// Whether a text has at least one visible character and at most `limit` characters as people count them.
pub fn within(text: &str, limit: usize) -> Result<(), Refusal> {
    if text.contains('\0') {
        return Err(Refusal::of(Code::TextInvalid));
    }
    if !text.chars().any(is_visible) {
        return Err(Refusal::of(Code::TextEmpty));
    }
    // Bytes first: they are counted without looking at them, and bound the work of the second count.
    if text.len() > BYTES {
        return Err(Refusal::of(Code::TextTooManyBytes).with("kib", BYTES / 1_024));
    }
    if text.graphemes(true).count() > limit {
        return Err(Refusal::of(Code::TextTooLong).with("limit", limit));
    }
    Ok(())
}

/// White space, controls, and the marks that take no room of their own are nothing to read.
fn is_visible(character: char) -> bool {
    let takes_no_room = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}');
    !(character.is_whitespace() || character.is_control() || takes_no_room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> Option<Code> {
        check(text).err().map(|refusal| refusal.code)
    }

    #[test]
    fn a_text_is_counted_as_people_count() {
        // A family of four is one character of 25 bytes.
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(code(&family.repeat(600)), None);
        assert_eq!(code(&"e\u{301}".repeat(CHARACTERS)), None);
        assert_eq!(code(&"e\u{301}".repeat(CHARACTERS + 1)), Some(Code::TextTooLong));
        assert_eq!(code(&"x".repeat(CHARACTERS + 1)), Some(Code::TextTooLong));
        assert_eq!(code(&family.repeat(700)), Some(Code::TextTooManyBytes));
        assert_eq!(code(&"x".repeat(1_000_000)), Some(Code::TextTooManyBytes));
    }

    #[test]
    fn a_text_of_nothing_visible_or_with_nul_is_refused() {
        for empty in ["", " ", "\n\t \u{a0}\u{3000}", "\u{200b}\u{feff}"] {
            assert_eq!(code(empty), Some(Code::TextEmpty), "{empty:?}");
        }
        assert_eq!(code("a\0b"), Some(Code::TextInvalid));
        assert_eq!(code(" ok "), None);
    }

    proptest! {
        #[test]
        fn what_passes_is_within_both_limits(text in "\\PC{0,200}") {
            if check(&text).is_ok() {
                prop_assert!(text.len() <= BYTES && text.graphemes(true).count() <= CHARACTERS);
                prop_assert!(!text.trim().is_empty());
            }
        }
    }
}
