//! What becomes of one action. The order of the questions is the point: what was decided before comes first, then what the
//! person may know, then what the person may do, and only then whether somebody else was there in between.

use std::collections::BTreeMap;

use onsite_rules::action::{
    Aspect, DUTY, Earlier, Kind, Merge, OPEN_INCIDENT, PRESENCE, Refusal, Standing, Verdict, in_time, kind, verdict,
};
use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, PersonId};
use onsite_wire::onsite::{ActionRequest, ActionResult, Basis, Capability, CurrentState, Outcome, Position};
use onsite_wire::time::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::duty::Sender;
use super::{acknowledge, duty, incident, mute, notice};
use crate::access::{Caller, Scope};
use crate::storage::{LoggedAction, NewAction, StorageError, View, Write};

/// Something went wrong with the data, or the action is answered without an effect.
pub(super) enum Stop {
    /// The data.
    Fault(StorageError),
    /// It will never have an effect as it is.
    Refused(Refusal),
    /// Somebody else was there in between.
    Conflict(Box<CurrentState>),
    /// What it builds on had no effect.
    Blocked(ActionId),
}

impl From<StorageError> for Stop {
    fn from(error: StorageError) -> Self {
        Self::Fault(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What an action left behind.
pub(super) struct Effect {
    /// The aspect's version that it made, if the kind has versions.
    pub(super) version: Option<i64>,
    /// Where it shows up; nowhere, when it changed nothing.
    pub(super) position: Option<Position>,
    /// What it said, for the history.
    pub(super) details: BTreeMap<String, String>,
}

/// An action with all that is known of it.
pub(super) struct Arrived<'a> {
    pub(super) request: &'a ActionRequest,
    pub(super) kind: &'static Kind,
    pub(super) basis: Option<Basis>,
    pub(super) person: PersonId,
    pub(super) by_name: String,
    pub(super) made_at: Timestamp,
    pub(super) scope: Scope,
}

/// No phone waits longer than ten years for a signal; an age beyond is taken for that.
const OLDEST_MS: i64 = 10 * 366 * 24 * 3_600_000;

/// Decides one action, and stores its effect and what became of it.
pub(super) fn decide(
    write: &mut Write<'_>,
    person: PersonId,
    session: Option<Uuid>,
    request: &ActionRequest,
) -> Result<ActionResult, StorageError> {
    let fingerprint = fingerprint(request)?;
    if let Some(logged) = write.view().action(request.id)? {
        return again(&write.view(), person, request, &fingerprint, logged);
    }
    let made_at = write.now().plus_millis(-request.age_ms.clamp(0, OLDEST_MS));
    let attempt = attempt(write, person, session, made_at, request);
    let (result, details) = match attempt {
        Ok(effect) => (applied(request.id, effect.version, effect.position), effect.details),
        Err(Stop::Fault(error)) => return Err(error),
        Err(stop) => (stopped(request.id, stop), BTreeMap::new()),
    };
    log(write, person, request, (fingerprint, made_at, details), &result)?;
    Ok(result)
}

/// Answers an action that the data has no place for: it alone has no effect, and those beside it are decided as ever.
pub(super) fn set_aside(
    write: &mut Write<'_>,
    person: PersonId,
    request: &ActionRequest,
) -> Result<ActionResult, StorageError> {
    let result = stopped(request.id, Stop::Refused(Refusal::of(Code::ServerFault)));
    let made_at = write.now();
    log(write, person, request, (fingerprint(request)?, made_at, BTreeMap::new()), &result)?;
    Ok(result)
}

fn log(
    write: &mut Write<'_>,
    person: PersonId,
    request: &ActionRequest,
    (fingerprint, made_at, details): ([u8; 32], Timestamp, BTreeMap<String, String>),
    result: &ActionResult,
) -> Result<(), StorageError> {
    let by_name = write.view().person(person)?.map(|person| person.name).unwrap_or_default();
    write.log_action(&NewAction {
        organization: request.organization_id,
        person,
        by_name,
        kind: request.kind.clone(),
        subject: request.subject.id,
        fingerprint,
        result: result.clone(),
        details,
        made_at,
    })
}

/// A hash of everything that makes an action this one. How old it is, and whether it was confirmed once, changes from one
/// sending to the next.
fn fingerprint(request: &ActionRequest) -> Result<[u8; 32], StorageError> {
    let content = ActionRequest { age_ms: 0, age_uncertain: false, confirmed_before: false, ..request.clone() };
    let json = serde_json::to_vec(&content).map_err(|error| StorageError::Unreadable("action", error))?;
    Ok(Sha256::digest(&json).into())
}

/// The answer to an action that was decided before.
fn again(
    view: &View<'_>,
    person: PersonId,
    request: &ActionRequest,
    fingerprint: &[u8; 32],
    logged: LoggedAction,
) -> Result<ActionResult, StorageError> {
    if logged.person != person || logged.fingerprint != *fingerprint {
        return Ok(stopped(request.id, Stop::Refused(Refusal::of(Code::IdUsed))));
    }
    let outcome = match logged.result.outcome {
        Outcome::Applied => Outcome::AlreadyApplied,
        other => other,
    };
    // What a conflict showed then may be out of the person's sight by now.
    let caller = Caller::Person { person, family: request.id.0 };
    let sees = match Scope::of(view, &caller, request.organization_id) {
        Ok(scope) => subject_place(view, &scope, request)?.is_some(),
        Err(_) => false,
    };
    Ok(ActionResult { outcome, current: logged.result.current.filter(|_| sees), ..logged.result })
}

/// The subject's place, if there is such a subject and the person may see it.
fn subject_place(
    view: &View<'_>,
    scope: &Scope,
    request: &ActionRequest,
) -> Result<Option<crate::storage::Place>, StorageError> {
    let kind = match request.subject.kind {
        onsite_wire::onsite::SubjectKind::Alarm => crate::storage::Kind::Alarm,
        onsite_wire::onsite::SubjectKind::Device => crate::storage::Kind::Device,
        onsite_wire::onsite::SubjectKind::Person => crate::storage::Kind::Person,
        onsite_wire::onsite::SubjectKind::Incident => crate::storage::Kind::Incident,
    };
    let found = view.object(scope.organization, kind, request.subject.id)?;
    Ok(found.map(|(stored, _)| stored.place).filter(|place| scope.sees(kind, *place)))
}

fn attempt(
    write: &mut Write<'_>,
    person: PersonId,
    session: Option<Uuid>,
    made_at: Timestamp,
    request: &ActionRequest,
) -> Result<Effect, Stop> {
    let not_found = || Refusal::of(Code::NotFound).with("what", "subject");
    let kind = kind(&request.kind).ok_or_else(|| Refusal::of(Code::NotOffered))?;
    let caller = Caller::Person { person, family: request.id.0 };
    let scope = Scope::of(&write.view(), &caller, request.organization_id).map_err(|_| not_found())?;
    if notice::is_ours(kind) {
        return notice::apply(write, &scope, person, request, kind);
    }
    if kind.name == DUTY.name || kind.name == PRESENCE.name {
        return duty::apply(write, &scope, Sender { person, session }, made_at, request, kind);
    }
    let place = if kind.name == OPEN_INCIDENT.name {
        incident::place_of_opening(&write.view(), &scope, request)?
    } else {
        subject_place(&write.view(), &scope, request)?
    };
    let place = place.ok_or_else(not_found)?;
    if !kind.subjects.contains(&request.subject.kind) || !offered(&write.view(), &scope, kind)? {
        return Err(Refusal::of(Code::NotOffered).into());
    }
    if !scope.may(place, kind.needs) {
        return Err(Refusal::of(Code::NotAllowed).into());
    }
    if !(1..=kind.body_version).contains(&request.body_version) {
        return Err(Refusal::of(Code::BodyNotUnderstood).into());
    }
    in_time(kind, request.age_ms, request.confirmed_before)?;
    let by_name = write.view().person(person)?.map(|person| person.name).unwrap_or_default();
    let arrived = Arrived { request, kind, basis: request.basis, person, by_name, made_at, scope };
    match kind.merge {
        Merge::Versioned(Aspect::Acknowledgement) => acknowledge::apply(write, &arrived, place),
        Merge::Versioned(Aspect::Mute) => mute::apply(write, &arrived),
        Merge::LastWins | Merge::Maximum | Merge::Append => incident::apply(write, &arrived),
    }
}

fn offered(view: &View<'_>, scope: &Scope, kind: &Kind) -> Result<bool, StorageError> {
    let needed = match kind.merge {
        Merge::Versioned(Aspect::Mute) => Capability::Mute,
        Merge::Versioned(Aspect::Acknowledgement) => Capability::Acknowledge,
        Merge::LastWins | Merge::Maximum | Merge::Append => Capability::Incidents,
    };
    Ok(view.organization(scope.organization)?.is_some_and(|row| row.capabilities.contains(&needed)))
}

impl Arrived<'_> {
    /// Goes on if nobody was there in between; else `current` says who was.
    pub(super) fn check(
        &self,
        write: &Write<'_>,
        standing: Standing,
        current: impl FnOnce() -> CurrentState,
    ) -> Result<(), Stop> {
        let missing = || Refusal::of(Code::BodyInvalid).with("detail", "basis is missing");
        let basis = self.basis.ok_or_else(missing)?;
        let mut fault = None;
        let verdict = verdict(basis, standing, |earlier| match write.view().action(earlier) {
            Ok(Some(logged)) if logged.person == self.person && logged.result.outcome == Outcome::Applied => {
                Earlier::Applied
            }
            Ok(Some(logged)) if logged.person == self.person => Earlier::NotApplied,
            Ok(_) => Earlier::Unknown,
            Err(error) => {
                fault = Some(error);
                Earlier::Unknown
            }
        });
        if let Some(error) = fault {
            return Err(Stop::Fault(error));
        }
        match (verdict, basis) {
            (Verdict::Apply, _) => Ok(()),
            (Verdict::Blocked, Basis::After(earlier)) => Err(Stop::Blocked(earlier)),
            (Verdict::Conflict | Verdict::Blocked, _) => Err(Stop::Conflict(Box::new(current()))),
        }
    }

    /// The body, in the shape of its kind.
    pub(super) fn body<T: serde::de::DeserializeOwned>(&self) -> Result<T, Stop> {
        body(self.request)
    }
}

/// The body of a request, in the shape of its kind.
pub(super) fn body<T: serde::de::DeserializeOwned>(request: &ActionRequest) -> Result<T, Stop> {
    // Only the kind of mistake: a body's words stay out of answers.
    T::deserialize(&request.body)
        .map_err(|_| Refusal::of(Code::BodyInvalid).with("detail", "a value is not of its kind, or missing").into())
}

fn applied(id: ActionId, version: Option<i64>, position: Option<Position>) -> ActionResult {
    ActionResult { position, version, ..without_effect(id, Outcome::Applied) }
}

fn without_effect(id: ActionId, outcome: Outcome) -> ActionResult {
    ActionResult { id, outcome, position: None, version: None, code: None, arguments: BTreeMap::new(), current: None }
}

fn stopped(id: ActionId, stop: Stop) -> ActionResult {
    let (outcome, refusal, current) = match stop {
        Stop::Refused(refusal) => (Outcome::Refused, refusal, None),
        Stop::Blocked(earlier) => {
            (Outcome::Blocked, Refusal::of(Code::EarlierNotApplied).with("action", earlier), None)
        }
        Stop::Conflict(current) => {
            let before = current.made_at.map_or(0, |made_at| current.yours_made_at.millis_since(made_at)) / 1_000;
            let refusal = Refusal::of(Code::VersionMoved).with("by", &current.by_name).with("seconds", before);
            (Outcome::Conflict, refusal, Some(*current))
        }
        Stop::Fault(_) => (Outcome::Refused, Refusal::of(Code::ServerFault), None),
    };
    ActionResult { code: Some(refusal.code), arguments: refusal.arguments, current, ..without_effect(id, outcome) }
}
