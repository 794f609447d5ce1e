//! `notice_settings` and `read_notices`: about the person who acts, and nobody else (N3, N4).

use std::collections::BTreeMap;

use onsite_rules::action::{Kind, NOTICE_SETTINGS, Refusal, in_time};
use onsite_wire::codes::Code;
use onsite_wire::ids::PersonId;
use onsite_wire::onsite::{ActionRequest, Capability, NoticeSettings, Position, ReadBody};

use super::decide::{Effect, Stop};
use crate::access::Scope;
use crate::storage::{Feed, Write, next_daily};

/// The most notifications in one action.
const LIMIT: usize = 1_000;
/// The most sounds, and the most severities: more than there are channels and severities now or soon.
const MANY: usize = 32;
/// The longest name of a sound, in bytes.
const SOUND: usize = 100;
/// The longest name of a channel, in bytes.
const CHANNEL: usize = 40;

/// Whether a kind is about notifications.
pub(super) fn is_ours(kind: &Kind) -> bool {
    [NOTICE_SETTINGS.name, onsite_rules::action::READ_NOTICES.name].contains(&kind.name)
}

fn body<T: serde::de::DeserializeOwned>(request: &ActionRequest) -> Result<T, Stop> {
    let wrong = || Refusal::of(Code::BodyInvalid).with("detail", "a value is not of its kind, or missing");
    T::deserialize(&request.body).map_err(|_| wrong().into())
}

/// Keeps the settings, or notes what was read.
pub(super) fn apply(
    write: &mut Write<'_>,
    scope: &Scope,
    person: PersonId,
    request: &ActionRequest,
    kind: &Kind,
) -> Result<Effect, Stop> {
    let organization = scope.organization;
    if request.subject.id != person.0 || !kind.subjects.contains(&request.subject.kind) {
        return Err(Refusal::of(Code::NotFound).with("what", "subject").into());
    }
    let row = write.view().organization(organization)?;
    if !row.is_some_and(|row| row.capabilities.contains(&Capability::Notifications)) {
        return Err(Refusal::of(Code::NotOffered).into());
    }
    if !(1..=kind.body_version).contains(&request.body_version) {
        return Err(Refusal::of(Code::BodyNotUnderstood).into());
    }
    in_time(kind, request.age_ms, request.confirmed_before)?;
    let offset = if kind.name == NOTICE_SETTINGS.name {
        let settings: NoticeSettings = body(request)?;
        if settings.sounds.len() > MANY || settings.severities.len() > MANY {
            return Err(Refusal::of(Code::BodyInvalid).with("detail", "too many").into());
        }
        if settings.sounds.iter().any(|(channel, sound)| channel.len() > CHANNEL || sound.len() > SOUND) {
            return Err(Refusal::of(Code::BodyInvalid).with("detail", "the name of a sound is too long").into());
        }
        if let Some(daily) = settings.daily.as_ref().filter(|daily| next_daily(daily, write.now()).is_none()) {
            return Err(Refusal::of(Code::ZoneUnknown).with("zone", &daily.zone).into());
        }
        write.put_notice_settings(organization, person, settings)?
    } else {
        let read: ReadBody = body(request)?;
        if read.notifications.len() > LIMIT {
            return Err(Refusal::of(Code::BodyInvalid).with("detail", "too many").into());
        }
        write.read_notifications(organization, person, &read)?
    };
    let position = Position { feed: Feed::Notifications.name().to_owned(), offset };
    Ok(Effect { version: None, position: Some(position), details: BTreeMap::new() })
}
