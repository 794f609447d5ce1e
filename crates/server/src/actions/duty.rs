//! `duty` and `presence`: a person says of oneself that one is on duty, and at which site (U1, U2, U7).

use std::collections::BTreeMap;

use onsite_rules::action::{DUTY, Kind, PRESENCE, Refusal, in_time};
use onsite_rules::duty::{Placed, Placing, Press, Pressed, Switched, holds, placed, switch_in_time, switched};
use onsite_wire::codes::Code;
use onsite_wire::ids::PersonId;
use onsite_wire::onsite::{ActionRequest, Capability, DutyBody, Outline, Position, PresenceBody};
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
    // What a clock that was set back since has written says nothing about what came first.
    if let Some(last) = last.filter(|last| last.made_at <= write.now()) {
        let same_session = last.family.is_some() && last.family == sender.session;
        let press = Press { on: wanted.on, at: made_at, uncertain: request.age_uncertain };
        holds(press, Press { on: last.on, at: last.made_at, uncertain: false }, same_session)?;
    }
    let since = write.view().duty(organization, person)?.and_then(|entry| entry.since);
    // Which of two came first is decided by now.
    let pressed = Pressed { at: made_at, certain: false };
    let offset = match switched(since, wanted, pressed, write.now()) {
        Switched::AsItWas => write.duty_offset(organization)?,
        Switched::Begins(since) => write.begin_duty(organization, person, name, since)?,
        Switched::Ends => write.end_duty(organization, person)?,
    };
    let this = Switch { on: wanted.on, made_at, family: sender.session };
    // One that was pressed later and says the same stays the last one.
    let holding = last.filter(|last| last.made_at > made_at && last.made_at <= write.now());
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
    let duty = write.view().duty(organization, person)?;
    let present = write.view().presence(organization, person)?;
    let fenced = match wanted.site {
        Some(site) => write.view().site(organization, site.0)?.and_then(|entry| entry.outline),
        None => None,
    };
    let fenced = fenced.is_some_and(|outline| outline != Outline::Unheard);
    let on_duty = duty.map(|duty| duty.since.unwrap_or(made_at));
    let placing = Placing { on_duty, present, made_at, now: write.now() };
    Ok(match placed(wanted, &placing, |site| fenced && scope.sees(ObjectKind::Site, Some(site)))? {
        Placed::AsItWas => write.duty_offset(organization)?,
        Placed::At(at) => write.put_presence(organization, person, name, at)?,
        Placed::Ends => write.end_presence(organization, person)?,
    })
}
