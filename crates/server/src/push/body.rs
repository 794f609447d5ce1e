//! What goes out: ids in clear, words sealed, shortened until no provider finds it too long (N2).

use onsite_wire::onsite::NoticeKind;
use onsite_wire::push::{PUSH_LIMIT, Push, SealedWords, to_base64url};
use onsite_wire::sealing::{Address, seal};
use sha2::{Digest, Sha256};
use unicode_segmentation::UnicodeSegmentation as _;

use super::{Message, apns, fcm, web_push};
use crate::storage::DuePush;

/// The longest labels, in bytes, from those that usually fit to none. Escaped as JSON one byte may take six.
const LABELS: [usize; 10] = [300, 220, 160, 120, 90, 60, 40, 25, 12, 0];
/// The longest name of a sound, in bytes: a part of a name is none.
const SOUND: usize = 100;

/// The beginning of a text that is not longer than this, ending where a person sees a character end.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let end = text.grapheme_indices(true).map(|(start, grapheme)| start + grapheme.len());
    let end = end.take_while(|end| *end <= limit).last().unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

fn shortened(words: &SealedWords, limit: usize) -> SealedWords {
    let mut words = words.clone();
    let texts = &mut words.words;
    for label in [
        &mut texts.alarm,
        &mut texts.device,
        &mut texts.location,
        &mut texts.organization,
        &mut texts.by,
        &mut texts.state,
    ] {
        *label = cut(label, limit).to_owned();
    }
    // Without its name it is the usual sound; an empty name is none, and stays.
    words.sound = words.sound.filter(|sound| sound.is_empty() || (sound.len() <= SOUND && limit > 0));
    words
}

/// Whether every provider takes it: each in the envelope that it gets.
fn fits(message: &Message, push: &DuePush) -> bool {
    let apns = apns::payload(message).map(|payload| payload.len());
    let web_push = web_push::sealed(message, &push.to).map(|sealed| sealed.len());
    [apns, Some(fcm::data(message).to_string().len()), web_push]
        .iter()
        .all(|length| length.is_some_and(|length| length <= PUSH_LIMIT))
}

/// The message of a push, with as much of its words as every provider takes; nothing where the installation's key is none.
pub(super) fn message(push: &DuePush) -> Option<Message> {
    LABELS.iter().find_map(|limit| with_labels(push, *limit).filter(|message| fits(message, push)))
}

fn with_labels(push: &DuePush, limit: usize) -> Option<Message> {
    let address = Address::new(&push.to.public_key, &push.to.auth).ok()?;
    let words = serde_json::to_vec(&shortened(&push.words, limit)).ok()?;
    let sealed = seal(&words, &address, &rand::random(), &rand::random()).ok()?;
    let clear = Push { sealed: to_base64url(&sealed), ..push.clear.clone() };
    let hash = Sha256::digest(clear.key.as_bytes());
    // Somebody is waited for; what is bundled, daily or only ending can wait until the phone wakes by itself.
    let waited_for = matches!(
        clear.kind,
        NoticeKind::Canary
            | NoticeKind::Assignment
            | NoticeKind::Incident
            | NoticeKind::IncidentState
            | NoticeKind::Message
    );
    Some(Message {
        body: serde_json::to_string(&clear).ok()?,
        kind: clear.kind.as_str(),
        collapse: to_base64url(&hash).chars().take(32).collect(),
        urgent: push.is_urgent() || waited_for,
        audible: push.words.sound.as_deref() != Some(""),
    })
}

#[cfg(test)]
mod tests {
    use onsite_wire::ids::{OrganizationId, PersonId, Uuid};
    use onsite_wire::onsite::{Channel, NoticeSubject, NoticeWords, PushProvider, Urgency};
    use onsite_wire::sealing::OwnKey;
    use onsite_wire::time::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::storage::RegistrationRow;

    fn own_key() -> OwnKey {
        OwnKey::new(&[7; 32], [7; 16]).unwrap()
    }

    fn push_of(words: SealedWords, kind: NoticeKind) -> DuePush {
        let (key, id) = (own_key(), Uuid::from_bytes([255; 16]));
        let organization = OrganizationId(id);
        let clear = Push {
            version: 1,
            organization,
            person: PersonId(id),
            kind,
            subject_kind: NoticeSubject::Organization,
            subject: id,
            key: onsite_rules::notice::key(organization, kind, id, i64::MIN),
            notification: Some(id),
            at: Timestamp::from_micros(1_700_000_000_123_456),
            count: i64::MIN,
            incidents: Some(i64::MIN),
            channel: Channel::Assignment,
            sealed: String::new(),
        };
        let to = RegistrationRow {
            installation: id,
            provider: PushProvider::Apns,
            token: String::new(),
            public_key: key.public().to_vec(),
            auth: key.auth().to_vec(),
            lane: String::new(),
        };
        DuePush { to, clear, words, attempts: 1 }
    }

    /// Labels of what takes most room: escaped, or of many bytes, or both; from none to far too long.
    fn hostile() -> impl Strategy<Value = String> {
        let piece =
            proptest::sample::select(vec!["\"", "\\", "\u{1}", "\u{0}", "\u{2028}", "ü", "👩‍👩‍👧‍👦", "e\u{301}", "a", "</"]);
        (prop::collection::vec(piece, 0..8), 0..400_usize).prop_map(|(pieces, times)| pieces.concat().repeat(times))
    }

    prop_compose! {
        fn any_words()(
            alarm in hostile(), device in hostile(), location in hostile(), organization in hostile(), by in hostile(),
            state in hostile(), sound in prop::option::of(hostile()),
        ) -> SealedWords {
            let words = NoticeWords { alarm, device, location, organization, by, state };
            SealedWords { urgency: Some(Urgency::Critical), sound, words }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_the_labels_are_a_push_fits_into_what_each_provider_really_gets_and_says_their_beginnings(
            words in any_words(), kind in proptest::sample::select(NoticeKind::ALL),
        ) {
            let push = push_of(words.clone(), kind);
            let message = message(&push).unwrap();
            let apns = apns::payload(&message).unwrap();
            let google = fcm::data(&message).to_string();
            let web = web_push::sealed(&message, &push.to).unwrap();
            for (name, length) in [("apns", apns.len()), ("fcm", google.len()), ("web push", web.len())] {
                prop_assert!(length <= PUSH_LIMIT, "{name}: {length} bytes");
            }
            // The installation reads the same in each.
            let opened = own_key().open(&web).unwrap();
            prop_assert_eq!(std::str::from_utf8(&opened).unwrap(), &message.body);
            let onsite = serde_json::from_str::<serde_json::Value>(&apns).unwrap()["onsite"].clone();
            let clear: Push = serde_json::from_str(&message.body).unwrap();
            prop_assert_eq!(serde_json::from_value::<Push>(onsite).unwrap(), clear.clone());
            let sealed = own_key().open(&onsite_wire::push::from_base64url(&clear.sealed).unwrap()).unwrap();
            let read: SealedWords = serde_json::from_slice(&sealed).unwrap();
            prop_assert!(words.words.alarm.starts_with(&read.words.alarm) && words.words.by.starts_with(&read.words.by));
            prop_assert_eq!(read.urgency, words.urgency);
            prop_assert!(read.sound.is_none() || read.sound == words.sound, "a part of a name is no sound");
        }
    }

    #[test]
    fn labels_that_fit_are_not_shortened() {
        let words = NoticeWords { alarm: "x".repeat(300), device: "y".repeat(300), ..NoticeWords::default() };
        let words = SealedWords { sound: Some("bell".into()), words, ..SealedWords::default() };
        let message = message(&push_of(words.clone(), NoticeKind::Alarm)).unwrap();
        let clear: Push = serde_json::from_str(&message.body).unwrap();
        let sealed = own_key().open(&onsite_wire::push::from_base64url(&clear.sealed).unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<SealedWords>(&sealed).unwrap(), words);
    }

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
