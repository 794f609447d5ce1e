//! What goes out: ids in clear, words sealed, cut so that no provider finds it too long (N2).

use onsite_rules::notice::STORM;
use onsite_wire::onsite::{Channel, NoticeKind, Urgency};
use onsite_wire::push::{Push, SealedWords, to_base64url};
use onsite_wire::sealing::{Address, seal};
use sha2::{Digest, Sha256};
use unicode_segmentation::UnicodeSegmentation as _;

use super::Message;
use crate::storage::DuePush;

/// The longest label, in bytes: five of them, sealed, in base64url and beside the ids, stay below 4 KB with every provider.
const LABEL: usize = 300;

/// The beginning of a text that is not longer than this, ending where a person sees a character end.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let end = text.grapheme_indices(true).map(|(start, grapheme)| start + grapheme.len());
    let end = end.take_while(|end| *end <= limit).last().unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

fn shortened(words: &SealedWords) -> SealedWords {
    let mut words = words.clone();
    let texts = &mut words.words;
    for label in [&mut texts.alarm, &mut texts.device, &mut texts.location, &mut texts.organization, &mut texts.by] {
        *label = cut(label, LABEL).to_owned();
    }
    words.sound = words.sound.map(|sound| cut(&sound, LABEL).to_owned());
    words
}

/// The message of a push; nothing where the installation's key is none.
pub(super) fn message(push: &DuePush) -> Option<Message> {
    let address = Address::new(&push.to.public_key, &push.to.auth).ok()?;
    let words = serde_json::to_vec(&shortened(&push.words)).ok()?;
    let sealed = seal(&words, &address, &rand::random(), &rand::random()).ok()?;
    let clear = Push { sealed: to_base64url(&sealed), ..push.clear.clone() };
    let hash = Sha256::digest(clear.key.as_bytes());
    // A chat's pushes are few enough to ring each time.
    let counts = clear.kind != NoticeKind::Message && clear.count > i64::try_from(STORM).unwrap_or(i64::MAX);
    // Somebody is waited for; what is bundled, daily or only ending can wait until the phone wakes by itself.
    let waited_for = matches!(
        clear.kind,
        NoticeKind::Canary
            | NoticeKind::Assignment
            | NoticeKind::Incident
            | NoticeKind::IncidentState
            | NoticeKind::Message
    );
    let critical = clear.channel == Channel::Critical || push.words.urgency == Some(Urgency::Critical);
    Some(Message {
        body: serde_json::to_string(&clear).ok()?,
        kind: clear.kind.as_str(),
        collapse: to_base64url(&hash).chars().take(32).collect(),
        urgent: critical || waited_for,
        audible: push.words.sound.as_deref() != Some("") && !counts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_cut_where_a_person_sees_a_character_end() {
        let family = "👩‍👩‍👧‍👦";
        let text = format!("UPS {family}{family}");
        assert_eq!(cut(&text, 4 + family.len()), format!("UPS {family}"));
        assert_eq!(cut(&text, 4 + family.len() - 1), "UPS ");
        assert_eq!(cut("e\u{301}e\u{301}", 3), "e\u{301}");
        assert_eq!(cut("short", 300), "short");
        assert_eq!(cut(family, 3), "");
    }
}
