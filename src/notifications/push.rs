//! Reading a push (N2): stateless, without files, runtime or network. A lock screen waits for it.

use onsite_wire::codes::Code;
use onsite_wire::ids::{OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{Channel, NoticeKind, NoticeSubject, NoticeWords, Urgency};
use onsite_wire::push::{PUSH_LIMIT, Push, SealedWords, from_base64url};
use onsite_wire::sealing::OwnKey;

use super::route::Route;
use super::row::Said;
use crate::error::Error;
use crate::time::Timestamp;

/// The deepest nesting of a push: it has none.
const DEEPEST: usize = 4;
/// The longest key of an event, in bytes: three ids, a kind, a number.
const LONGEST_KEY: usize = 200;

/// What could be said of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// Its sealed words were opened.
    Opened,
    /// Without the key, or with another one: only what kind of notification it is.
    KindOnly,
}

/// A push as a phone shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedPush {
    /// What it says: code and arguments.
    pub said: Said,
    /// Whether the words are there.
    pub words: Words,
    /// The words; empty without the key.
    pub texts: NoticeWords,
    /// What kind.
    pub kind: NoticeKind,
    /// What it is about.
    pub subject_kind: NoticeSubject,
    /// Its id.
    pub subject: Uuid,
    /// How many it stands for.
    pub count: i64,
    /// In a daily one: how many incidents opened in the 24 hours before.
    pub incidents: Option<i64>,
    /// Where a tap leads.
    pub route: Route,
    /// Whose event.
    pub organization: OrganizationId,
    /// Whom it is for.
    pub person: PersonId,
    /// The event: one notification per key, whether it comes by push or by sync (N5).
    pub key: String,
    /// Its id in the feed.
    pub notification: Option<Uuid>,
    /// How urgent; only with the words.
    pub urgency: Option<Urgency>,
    /// The sound's name; empty is none, missing the usual one.
    pub sound: Option<String>,
    /// The channel.
    pub channel: Channel,
    /// When the event was.
    pub at: Timestamp,
}

/// Reads a push as it came: the JSON, or a body of Web Push, which needs the key. A wrong or missing key costs the words
/// and nothing else.
///
/// Errors: `push_invalid` with what is wrong, none of whose words are the push's; `push_not_ours` for a body of Web Push
/// that the key does not open.
pub fn parse_push(payload: &[u8], key: Option<&OwnKey>) -> Result<ParsedPush, Error> {
    if payload.len() > PUSH_LIMIT {
        return Err(invalid("too large"));
    }
    let opened;
    let json = if payload.first() == Some(&b'{') {
        payload
    } else {
        let key = key.ok_or_else(|| Error::new(Code::PushNotOurs))?;
        opened = key.open(payload).map_err(|_| Error::new(Code::PushNotOurs))?;
        opened.as_slice()
    };
    let push = read(json)?;
    let words = key.and_then(|key| open(&push, key));
    Ok(shown(push, words))
}

fn invalid(detail: &str) -> Error {
    Error::new(Code::PushInvalid).with("detail", detail)
}

fn read(json: &[u8]) -> Result<Push, Error> {
    let depth = json.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
    if depth > DEEPEST {
        return Err(invalid("nested"));
    }
    let push: Push = serde_json::from_slice(json).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => invalid("a property is missing, repeated or not of its kind"),
        _ => invalid("no JSON"),
    })?;
    if push.version != 1 {
        return Err(invalid("another version"));
    }
    if push.key.is_empty() || push.key.len() > LONGEST_KEY || !push.key.is_ascii() {
        return Err(invalid("key"));
    }
    Ok(push)
}

fn open(push: &Push, key: &OwnKey) -> Option<SealedWords> {
    let sealed = from_base64url(&push.sealed).filter(|sealed| !sealed.is_empty())?;
    serde_json::from_slice(&key.open(&sealed).ok()?).ok()
}

fn shown(push: Push, words: Option<SealedWords>) -> ParsedPush {
    let known = if words.is_some() { Words::Opened } else { Words::KindOnly };
    let SealedWords { urgency, sound, words: texts } = words.unwrap_or_default();
    ParsedPush {
        said: Said::of(push.kind, &texts, push.count, push.incidents),
        words: known,
        texts,
        kind: push.kind,
        subject_kind: push.subject_kind,
        subject: push.subject,
        count: push.count,
        incidents: push.incidents,
        route: Route::of_subject(push.organization, Some(push.person), push.subject_kind, push.subject),
        organization: push.organization,
        person: push.person,
        key: push.key,
        notification: push.notification,
        urgency,
        sound,
        channel: push.channel,
        at: push.at,
    }
}

#[cfg(test)]
mod tests {
    use onsite_wire::push::to_base64url;
    use onsite_wire::sealing::{Address, seal};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::route::Target;
    use super::*;

    const ORGANIZATION: OrganizationId = OrganizationId::from_bytes([1; 16]);
    const ALARM: Uuid = Uuid::from_bytes([2; 16]);

    fn own_key(number: u8) -> OwnKey {
        OwnKey::new(&[number; 32], [number; 16]).unwrap()
    }

    fn sealed_to(key: &OwnKey, plain: &[u8]) -> Vec<u8> {
        let address = Address::new(key.public(), key.auth()).unwrap();
        seal(plain, &address, &[9; 32], &[8; 16]).unwrap()
    }

    fn push() -> Value {
        let words = NoticeWords { alarm: "On battery".into(), device: "ups-1".into(), ..NoticeWords::default() };
        let words = SealedWords { urgency: Some(Urgency::Critical), sound: None, words };
        let sealed = sealed_to(&own_key(3), &serde_json::to_vec(&words).unwrap());
        json!({
            "version": 1, "organization": ORGANIZATION, "person": Uuid::from_bytes([4; 16]), "kind": "alarm",
            "subjectKind": "alarm", "subject": ALARM, "key": "o/alarm/s/0", "at": "2026-11-22T08:00:00Z",
            "channel": "critical", "sealed": to_base64url(&sealed),
        })
    }

    fn parsed(push: &Value, key: Option<&OwnKey>) -> Result<ParsedPush, Error> {
        parse_push(push.to_string().as_bytes(), key)
    }

    #[test]
    fn a_push_says_device_and_alarm_with_the_key_and_its_kind_without() {
        let with = parsed(&push(), Some(&own_key(3))).unwrap();
        assert_eq!((with.said.code.as_str(), with.words), ("notice_alarm", Words::Opened));
        assert_eq!(
            (with.said.arguments["alarm"].as_str(), with.said.arguments["device"].as_str()),
            ("On battery", "ups-1")
        );
        assert_eq!(with.route.target, Target::Alarm(onsite_wire::ids::AlarmId(ALARM)));
        for key in [None, Some(own_key(7))] {
            let without = parsed(&push(), key.as_ref()).unwrap();
            assert_eq!((without.said.code.as_str(), without.words), ("notice_alarm", Words::KindOnly));
            assert!(without.said.arguments.is_empty() && without.route == with.route && without.key == with.key);
        }
    }

    #[test]
    fn a_body_of_web_push_is_read_with_its_key_only() {
        let body = sealed_to(&own_key(3), push().to_string().as_bytes());
        assert_eq!(parse_push(&body, Some(&own_key(3))).unwrap().words, Words::Opened);
        for key in [None, Some(own_key(7))] {
            assert_eq!(parse_push(&body, key.as_ref()).unwrap_err().code, Code::PushNotOurs);
        }
    }

    #[test]
    fn missing_huge_repeated_and_wrong_properties_are_typed_errors_and_unknown_ones_are_passed_over() {
        for property in ["version", "organization", "person", "kind", "subjectKind", "subject", "key", "at", "channel"]
        {
            let mut bad = push();
            bad.as_object_mut().unwrap().remove(property);
            assert_eq!(parsed(&bad, None).unwrap_err().code, Code::PushInvalid, "without {property}");
            bad[property] = json!({"a": 1});
            assert_eq!(parsed(&bad, None).unwrap_err().code, Code::PushInvalid, "{property} is an object");
            let twice = push().to_string().replacen('{', &format!("{{\"{property}\":{},", push()[property]), 1);
            assert_eq!(parse_push(twice.as_bytes(), None).unwrap_err().code, Code::PushInvalid, "{property} twice");
        }
        let mut more = push();
        more["somethingNew"] = json!(true);
        more["kind"] = json!("incident_of_next_year");
        assert_eq!(parsed(&more, None).unwrap().said.code, "notice_unheard");
        more["somethingNew"] = json!("x".repeat(PUSH_LIMIT));
        assert_eq!(parsed(&more, None).unwrap_err().code, Code::PushInvalid);
        more["somethingNew"] = json!([[[[[]]]]]);
        assert_eq!(parsed(&more, None).unwrap_err().code, Code::PushInvalid);
        let mut long = push();
        long["key"] = json!("k".repeat(1_000));
        assert_eq!(parsed(&long, None).unwrap_err().code, Code::PushInvalid);
        for text in ["", "{", "[]", "null", "{}"] {
            assert!(parse_push(text.as_bytes(), Some(&own_key(3))).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            drop(parse_push(&bytes, Some(&own_key(3))));
            let json = [b"{".as_slice(), &bytes].concat();
            drop(parse_push(&json, Some(&own_key(3))));
        }
    }
}
