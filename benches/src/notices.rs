//! Notifications: one decision with all its reasons, and reading a push with and without its words. A lock screen waits for
//! the latter. Against no bare limit: the must is a time.

use std::time::Instant;

use onsite::notifications::parse_push;
use onsite_rules::notice::{Duty, Event, Situation, decide, key};
use onsite_wire::ids::{OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{Channel, NoticeKind, NoticeSettings, NoticeSubject, NoticeWords, Urgency, Verdict};
use onsite_wire::push::{Push, SealedWords, to_base64url};
use onsite_wire::rest::Subscription;
use onsite_wire::sealing::{Address, OwnKey, seal};
use onsite_wire::time::Timestamp;

use super::Outcome;
use super::measure::Figure::Median;
use super::measure::{Line, Samples, Unit, limit};
use super::world::World;

const TIMES: usize = 2_000;
/// A clock's own resolution is no measure for one decision: so many are timed together.
const AT_ONCE: u32 = 100;
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A push as long as usual labels make it.
fn push(own: &OwnKey) -> Outcome<Vec<u8>> {
    let words = NoticeWords {
        alarm: "Battery is at the end of its useful life".into(),
        device: "HAM-UPS-01".into(),
        location: "Rechnerraum 1".into(),
        organization: "Bjørnson Colocation".into(),
        ..NoticeWords::default()
    };
    let sealed = serde_json::to_vec(&SealedWords { urgency: Some(Urgency::Critical), sound: None, words })?;
    let sealed = seal(&sealed, &Address::new(own.public(), own.auth())?, &[9; 32], &[8; 16])?;
    let (organization, subject) = (OrganizationId::from_bytes([1; 16]), Uuid::from_bytes([2; 16]));
    let push = serde_json::json!({
        "version": 1, "organization": organization, "person": PersonId::from_bytes([4; 16]), "kind": "alarm",
        "subjectKind": NoticeSubject::Alarm, "subject": subject, "key": key(organization, NoticeKind::Alarm, subject, 0),
        "notification": Uuid::from_bytes([5; 16]), "at": NOW, "channel": Channel::Critical,
        "sealed": to_base64url(&sealed),
    });
    // As the server writes it.
    let push: Push = serde_json::from_value(push)?;
    Ok(serde_json::to_vec(&push)?)
}

/// Measures all three.
pub fn lines(_: &World) -> Outcome<Vec<Line>> {
    let settings = NoticeSettings::default();
    let situation: Situation<'_> = Situation {
        event: Event { kind: NoticeKind::Alarm, urgency: Some(Urgency::Critical), at: NOW, own_doing: false },
        settings: &settings,
        muted: false,
        duty: Duty::On,
        may_see: true,
        subscription: Some(Subscription::AssetAdvisor),
        told_as_incident: false,
        instant_before: 0,
        unread_before: 0,
        known: false,
        now: NOW,
    };
    let mut decisions = Samples::default();
    for _ in 0..TIMES {
        let begun = Instant::now();
        let told = (0..AT_ONCE).filter(|_| decide(std::hint::black_box(&situation)).verdict == Verdict::Notify).count();
        decisions.time(begun.elapsed() / AT_ONCE);
        if told != usize::try_from(AT_ONCE)? {
            return Err("a critical alarm was not told".into());
        }
    }
    let own = OwnKey::new(&[3; 32], [7; 16])?;
    let push = push(&own)?;
    let (mut with, mut without) = (Samples::default(), Samples::default());
    for _ in 0..TIMES {
        for (samples, key) in [(&mut with, Some(&own)), (&mut without, None)] {
            let begun = Instant::now();
            let parsed = parse_push(std::hint::black_box(&push), key)?;
            samples.time(begun.elapsed());
            if parsed.said.arguments.contains_key("device") != key.is_some() {
                return Err("a push was not read".into());
            }
        }
    }
    Ok(vec![
        Line::new("a decision whom to notify, with its reasons", Unit::Time, decisions, None)
            .limits(&[limit(Median, 5e-6, 2e-6)]),
        Line::new("parse_push with its words", Unit::Time, with, None).limits(&[limit(Median, 100e-6, 80e-6)]),
        Line::new("parse_push without the key", Unit::Time, without, None).limits(&[limit(Median, 100e-6, 20e-6)]),
    ])
}
