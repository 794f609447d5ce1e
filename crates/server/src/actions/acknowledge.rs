//! `acknowledge` and `release`: who is responsible for an alarm (A7).

use std::collections::BTreeMap;

use onsite_rules::acknowledgement::{AcknowledgeBody, Chosen, acknowledged};
use onsite_rules::action::{RELEASE, Refusal, Standing};
use onsite_wire::codes::Code;
use onsite_wire::ids::{AlarmId, PersonId};
use onsite_wire::onsite::{CurrentState, Position};
use onsite_wire::rest::{Acknowledged, AcknowledgementAspect, Alarm, Assignee, AssigneeKind};

use super::decide::{Arrived, Effect, Stop};
use crate::storage::{Feed, Place, StorageError, Write};

/// Makes somebody responsible, or nobody.
pub(super) fn apply(write: &mut Write<'_>, arrived: &Arrived<'_>, place: Place) -> Result<Effect, Stop> {
    let organization = arrived.scope.organization;
    let found = write.view().alarm(organization, AlarmId(arrived.request.subject.id))?;
    let (alarm, _, _) = found.ok_or_else(|| Refusal::of(Code::NotFound).with("what", "subject"))?;
    let present = alarm.acknowledgement.clone().unwrap_or_default();
    let standing = Standing { version: present.version, last_action: present.action };
    arrived.check(write, standing, || current(arrived, &present))?;
    let responsible = if arrived.kind.name == RELEASE.name {
        present.acknowledged.ok_or_else(|| Refusal::of(Code::NotAcknowledged))?;
        None
    } else {
        let body: AcknowledgeBody = arrived.body()?;
        let chosen = chosen(write, arrived, &body.assignee, place)?;
        Some(acknowledged(&body, chosen)?)
    };
    let details = details(responsible.as_ref());
    let aspect = AcknowledgementAspect {
        version: present.version + 1,
        action: Some(arrived.request.id),
        by: Some(arrived.person),
        by_name: arrived.by_name.clone(),
        made_at: Some(arrived.made_at),
        acknowledged: responsible,
    };
    let version = aspect.version;
    let alarm = Alarm { acknowledgement: Some(aspect), ..alarm };
    let offset = write.put_alarm(organization, &alarm)?;
    write.note_assignment(organization, &alarm)?;
    write.tell_of_assignment(organization, &alarm)?;
    let position = Position { feed: Feed::Alarms.name().to_owned(), offset };
    Ok(Effect { version: Some(version), position: Some(position), details })
}

/// What is known of the one chosen. A partner is chosen as a company: whoever of it may see the alarm has it.
fn chosen(write: &Write<'_>, arrived: &Arrived<'_>, assignee: &Assignee, place: Place) -> Result<Chosen, StorageError> {
    let organization = arrived.scope.organization;
    if assignee.kind == AssigneeKind::Partner {
        let partner = write.view().organization(organization)?.and_then(|row| row.partner);
        let named = partner.filter(|(id, _)| id.0 == assignee.id);
        return Ok(named.map_or(Chosen::Unknown, |(_, name)| Chosen::CanSee(name)));
    }
    let person = PersonId(assignee.id);
    let Some(membership) = write.view().membership(organization, person)? else { return Ok(Chosen::Unknown) };
    let rights = write.view().rights(organization, person)?;
    let name = membership.name;
    Ok(if arrived.scope.shown_to(&rights, place) { Chosen::CanSee(name) } else { Chosen::CannotSee(name) })
}

fn current(arrived: &Arrived<'_>, present: &AcknowledgementAspect) -> CurrentState {
    CurrentState {
        by: present.by,
        by_name: present.by_name.clone(),
        made_at: present.made_at,
        yours_made_at: arrived.made_at,
        acknowledgement: Some(present.clone()),
        mute: None,
    }
}

fn details(responsible: Option<&Acknowledged>) -> BTreeMap<String, String> {
    let mut details = BTreeMap::new();
    if let Some(responsible) = responsible {
        details.insert("assignee".to_owned(), responsible.assignee.name.clone());
        if !responsible.note.is_empty() {
            details.insert("note".to_owned(), responsible.note.clone());
        }
    }
    details
}
