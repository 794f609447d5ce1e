//! Performs what the demonstration says on a server's data: conditions, measurements, and what colleagues do, the latter
//! through the same door as a phone's actions.

use onsite_rules::mute::holds;
use onsite_wire::ids::{ActionId, OrganizationId, PersonId};
use onsite_wire::onsite::{ActionRequest, AuthorKind, Basis, Incident, Message, Subject, SubjectKind};
use onsite_wire::rest::{Alarm, AssigneeKind, MuteAspect};
use onsite_wire::time::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::demo::{Act, Beat, ConditionKey, Deed, Event, Situation, Stream, Target, Wanted, answer};
use crate::document::OrganizationDocument;
use crate::incidents::{AgentDeed, BureauError};
use crate::storage::{Condition, IngestError, Storage, StorageError, View};

/// So many lines of a chat the service bureau reads before it answers.
const LOOKS_BACK: i64 = 50;

/// A demonstration that goes on as time does.
#[derive(Debug)]
pub struct Living {
    stream: Stream,
    next: Option<Beat>,
    organizations: Vec<OrganizationId>,
}

impl Living {
    /// The life of these organizations from `start` on. They must have been imported.
    pub fn new(seed: u64, documents: &[OrganizationDocument], start: Timestamp) -> Self {
        let mut stream = Stream::new(seed, documents, start);
        let next = stream.next();
        let organizations = documents.iter().filter_map(OrganizationDocument::organization_id).collect();
        Self { stream, next, organizations }
    }

    /// When something happens next; nothing where nothing ever will.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.next.as_ref().map(|beat| beat.at)
    }

    /// Performs everything whose time has come, in order. Gives how many things that were.
    pub async fn perform_due(&mut self, storage: &Storage, now: Timestamp) -> Result<usize, IngestError> {
        let mut performed = 0;
        while let Some(beat) = self.next.take_if(|beat| beat.at <= now) {
            self.next = self.stream.next();
            perform(storage, beat).await?;
            performed += 1;
        }
        for organization in &self.organizations {
            performed += answer_chats(storage, *organization, now).await?;
        }
        Ok(performed)
    }
}

/// The service bureau looks at every incident that is not closed.
async fn answer_chats(storage: &Storage, organization: OrganizationId, now: Timestamp) -> Result<usize, StorageError> {
    let read = move |view: &View<'_>| {
        let mut found = Vec::new();
        for incident in view.open_incidents(organization)? {
            let situation = situation(view, organization, &incident)?;
            found.extend(answer(&incident, &situation, now).map(|answer| (incident.id, answer)));
        }
        Ok::<_, StorageError>(found)
    };
    let found = storage.read(read).await?;
    let count = found.len();
    for (incident, answer) in found {
        let deed = AgentDeed { agent: answer.agent.to_owned(), text: Some(answer.text), to: answer.to };
        // Somebody may have been there in between; the next look finds it as it is then.
        if let Err(BureauError::Storage(error)) = storage.agent_acts(organization, incident, deed).await {
            return Err(error);
        }
    }
    Ok(count)
}

fn situation(view: &View<'_>, organization: OrganizationId, incident: &Incident) -> Result<Situation, StorageError> {
    let mut lines = Vec::new();
    for (body, _) in view.messages_before(organization, incident.id, i64::MAX, LOOKS_BACK)? {
        lines.extend(serde_json::from_str::<Message>(&body).ok().filter(|line| line.change.is_none()));
    }
    let mut all_cleared = !incident.alarms.is_empty();
    for alarm in &incident.alarms {
        all_cleared &= view.alarm(organization, *alarm)?.is_none_or(|(alarm, _, _)| alarm.cleared_time.is_some());
    }
    Ok(Situation {
        last_words_by: lines.first().map(|line| line.author.clone()),
        answers: lines.iter().filter(|line| line.author.kind == AuthorKind::Agent).count(),
        all_cleared,
    })
}

async fn perform(storage: &Storage, beat: Beat) -> Result<(), IngestError> {
    let at = beat.at;
    match beat.event {
        Event::Occurs { condition, alarm } => {
            storage.condition_occurs(reported(condition, *alarm), at).await?;
        }
        Event::Changes { condition, alarm } => tolerant(storage.condition_changes(reported(condition, *alarm)).await)?,
        Event::Goes { condition } => {
            let name = condition.name_with_part();
            tolerant(storage.condition_goes(condition.organization, condition.device, name, at).await)?;
        }
        Event::Measured { organization, measurements } => storage.measure(organization, measurements).await?,
        Event::Acts(act) => {
            let by = act.by;
            if let Some(action) = action(storage, act, at).await? {
                // Refused or in conflict is as good a demonstration as applied.
                storage.act(by, vec![action]).await?;
            }
        }
    }
    Ok(())
}

fn reported(key: ConditionKey, alarm: Alarm) -> Condition {
    Condition { organization: key.organization, name: key.name_with_part(), alarm }
}

/// A condition may be cleared here already, when the clock was turned far ahead; then there is nothing to change.
fn tolerant(result: Result<(), IngestError>) -> Result<(), IngestError> {
    match result {
        Err(IngestError::Unknown(_)) => Ok(()),
        other => other,
    }
}

/// What the colleague does, as a phone would send it; nothing if there is no alarm to do it to.
async fn action(storage: &Storage, act: Act, at: Timestamp) -> Result<Option<ActionRequest>, StorageError> {
    let (organization, target) = (act.organization, act.target);
    let found = storage.read(move |view| newest(view, organization, target, at)).await?;
    let Some(alarm) = found else { return Ok(None) };
    let acknowledged = alarm.acknowledgement.as_ref().map_or(0, |aspect| aspect.version);
    let (kind, version, body) = match &act.deed {
        Deed::Acknowledge(body) => ("acknowledge", acknowledged, json!(body)),
        Deed::Release => ("release", acknowledged, Value::Object(serde_json::Map::new())),
        Deed::Mute(body) => ("mute", alarm.mute.as_ref().map_or(0, |aspect| aspect.version), json!(body)),
    };
    Ok(Some(ActionRequest {
        id: action_id(act.by, at),
        organization_id: organization,
        kind: kind.to_owned(),
        body_version: 1,
        subject: Subject { kind: SubjectKind::Alarm, id: alarm.id.0 },
        basis: Some(Basis::Version(version)),
        age_ms: 0,
        age_uncertain: false,
        confirmed_before: false,
        body,
    }))
}

/// The same id for the same deed of the same demonstration.
fn action_id(by: PersonId, at: Timestamp) -> ActionId {
    let hash: [u8; 32] = Sha256::digest(format!("{by} {at}").as_bytes()).into();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(byte, of)| *byte = of);
    ActionId(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

fn newest(
    view: &View<'_>,
    organization: OrganizationId,
    target: Target,
    now: Timestamp,
) -> Result<Option<Alarm>, StorageError> {
    let mut alarms = view.active_alarms(organization, target.device)?;
    alarms.sort_by_key(|alarm| std::cmp::Reverse((alarm.activated_time, alarm.id)));
    for alarm in alarms {
        let is_wanted = match target.wanted {
            Wanted::Unacknowledged => responsible(&alarm).is_none(),
            Wanted::AssignedTo(person) => responsible(&alarm) == Some(person),
            Wanted::Unmuted => {
                let device = view.device(organization, alarm.device_id)?.and_then(|(device, _, _)| device.mute);
                !muted(alarm.mute.as_ref(), now) && !muted(device.as_ref(), now)
            }
        };
        if is_wanted {
            return Ok(Some(alarm));
        }
    }
    Ok(None)
}

fn responsible(alarm: &Alarm) -> Option<PersonId> {
    let acknowledged = alarm.acknowledgement.as_ref()?.acknowledged.as_ref()?;
    // A partner is somebody too, but no person that could be looked for.
    match acknowledged.assignee.kind {
        AssigneeKind::Person | AssigneeKind::Partner => Some(PersonId(acknowledged.assignee.id)),
    }
}

fn muted(aspect: Option<&MuteAspect>, now: Timestamp) -> bool {
    aspect.is_some_and(|aspect| holds(aspect, false, now))
}
