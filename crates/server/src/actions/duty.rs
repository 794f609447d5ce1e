//! `duty` and `presence`: a person says of oneself that one is on duty, and at which site (U1, U2, U7).

use std::collections::BTreeMap;

use onsite_rules::action::{DUTY, Kind, PRESENCE, Refusal, in_time};
use onsite_rules::duty::{Pressed, holds, lease_until, switch_in_time};
use onsite_wire::codes::Code;
use onsite_wire::ids::PersonId;
use onsite_wire::onsite::{ActionRequest, AtSite, Capability, DutyBody, Outline, Position, PresenceBody};
use onsite_wire::time::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::decide::{Effect, Stop};
use crate::access::Scope;
use crate::storage::{Feed, Kind as ObjectKind, Switch, Write};

/// Who says it, and in which session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender {
    pub(super) person: PersonId,
    pub(super) session: Option<Uuid>,
}

/// Takes either; nobody speaks for somebody else.
pub(super) fn apply(
    write: &mut Write<'_>,
    scope: &Scope,
    sender: Sender,
    made_at: Timestamp,
    request: &ActionRequest,
    kind: &Kind,
) -> Result<Effect, Stop> {
    let person = sender.person;
    if request.subject.id != person.0 || !kind.subjects.contains(&request.subject.kind) {
        return Err(Refusal::of(Code::NotFound).with("what", "subject").into());
    }
    let offered = write.view().organization(scope.organization)?;
    if !offered.is_some_and(|row| row.capabilities.contains(&Capability::Duty)) {
        return Err(Refusal::of(Code::NotOffered).into());
    }
    if !(1..=kind.body_version).contains(&request.body_version) {
        return Err(Refusal::of(Code::BodyNotUnderstood).into());
    }
    in_time(kind, request.age_ms, request.confirmed_before)?;
    let name = write.view().person(person)?.map(|person| person.name).unwrap_or_default();
    let offset = if kind.name == DUTY.name {
        switch(write, scope, sender, &name, made_at, request)?
    } else if kind.name == PRESENCE.name {
        be_at(write, scope, person, &name, made_at, request)?
    } else {
        return Err(Refusal::of(Code::NotOffered).into());
    };
    // No details: the log is no history of where somebody was.
    let position = Position { feed: Feed::Duty.name().to_owned(), offset };
    Ok(Effect { version: None, position: Some(position), details: BTreeMap::new() })
}

fn body<'a, T: Deserialize<'a>>(request: &'a ActionRequest) -> Result<T, Stop> {
    T::deserialize(&request.body)
        .map_err(|_| Refusal::of(Code::BodyInvalid).with("detail", "a value is not of its kind, or missing").into())
}

fn switch(
    write: &mut Write<'_>,
    scope: &Scope,
    sender: Sender,
    name: &str,
    made_at: Timestamp,
    request: &ActionRequest,
) -> Result<i64, Stop> {
    let wanted: DutyBody = body(request)?;
    switch_in_time(wanted, request.age_ms, request.confirmed_before)?;
    let (organization, person) = (scope.organization, sender.person);
    let last = write.view().last_switch(organization, person)?;
    if let Some(last) = last {
        let same_session = last.family.is_some() && last.family == sender.session;
        let pressed = Pressed { on: wanted.on, at: made_at, uncertain: request.age_uncertain, same_session };
        holds(pressed, Pressed { on: last.on, at: last.made_at, uncertain: false, same_session })?;
    }
    let offset = match write.view().duty(organization, person)? {
        Some(_) if wanted.on => write.duty_offset(organization)?,
        None if wanted.on => write.begin_duty(organization, person, name, made_at)?,
        Some(_) | None => write.end_duty(organization, person)?,
    };
    let this = Switch { on: wanted.on, made_at, family: sender.session };
    // One that was pressed later and says the same stays the last one.
    let holding = last.filter(|last| last.made_at > made_at);
    let family = holding.filter(|last| last.on == wanted.on).map_or(this.family, |last| last.family);
    let made_at = holding.map_or(made_at, |last| last.made_at);
    write.put_switch(organization, person, Switch { made_at, family, ..this })?;
    Ok(offset)
}

fn be_at(
    write: &mut Write<'_>,
    scope: &Scope,
    person: PersonId,
    name: &str,
    made_at: Timestamp,
    request: &ActionRequest,
) -> Result<i64, Stop> {
    let wanted: PresenceBody = body(request)?;
    let organization = scope.organization;
    let present = write.view().presence(organization, person)?;
    let until = lease_until(made_at);
    // What was said later holds; what is over when it arrives begins no more.
    if present.is_some_and(|present| present.until > until) || until <= write.now() {
        return Ok(write.duty_offset(organization)?);
    }
    let Some(site) = wanted.site else { return Ok(write.end_presence(organization, person)?) };
    let Some(duty) = write.view().duty(organization, person)? else {
        return Err(Refusal::of(Code::NotOnDuty).into());
    };
    let fenced = write.view().site(organization, site.0)?.and_then(|entry| entry.outline);
    let usable = fenced.is_some_and(|outline| outline != Outline::Unheard);
    if !usable || !scope.sees(ObjectKind::Site, Some(site)) {
        return Err(Refusal::of(Code::SiteUnknown).into());
    }
    let since = made_at.plus_millis(wanted.since_ms.max(0).saturating_neg()).max(duty.since.unwrap_or(made_at));
    Ok(write.put_presence(organization, person, name, AtSite { site, since, until })?)
}
