//! Who is in an incident's chat, and who of them is on duty (I4): as the phone knows it, with its age.

use std::collections::BTreeSet;

use onsite_rules::rights::{Permission, may};
use onsite_wire::ids::{LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::{Author, AuthorKind, Incident};

use super::row::IncidentRow;
use crate::devices::directory::Directory;
use crate::duty::feed::DUTY;
use crate::duty::room::{Colleague, Known, colleagues};
use crate::people;
use crate::store::{Fault, Reading};
use crate::sync::copies::record_of;
use crate::time::Timestamp;

/// Somebody of an incident's chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Who.
    pub author: Author,
    /// Opened it, moved it or wrote in it. Else a colleague who is on duty and may see it, and so reads along.
    pub takes_part: bool,
    /// Since when on duty, and at which site if that is known; `None`: off duty, an agent, or not offered.
    pub on_duty: Option<Colleague>,
}

/// Who is in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Present {
    /// Those who take part, in the order of coming, then colleagues on duty by name.
    pub people: Vec<Participant>,
    /// When this phone read last who is on duty, by its own clock; `None`: never, or not offered.
    pub duty_read: Option<Timestamp>,
}

/// Reads who is in an incident's chat. `now`: what is known of the server's clock, which ends leases.
pub(super) fn read(
    reading: &Reading<'_>,
    directory: &Directory,
    (row, incident): (&IncidentRow, &Incident),
    now: Known,
) -> Result<Present, Fault> {
    let on_duty: Vec<Colleague> =
        colleagues(reading, directory, now)?.into_iter().filter(|one| one.organization == row.organization).collect();
    let duty_of = |person: Option<PersonId>| on_duty.iter().find(|one| Some(one.person) == person).cloned();
    let mut present: Vec<Participant> = incident
        .participants
        .iter()
        .map(|author| Participant { author: author.clone(), takes_part: true, on_duty: duty_of(author.id) })
        .collect();
    let known: BTreeSet<PersonId> = incident.participants.iter().filter_map(|author| author.id).collect();
    let seen_by = seen_by(reading, directory, row)?;
    for one in &on_duty {
        if !known.contains(&one.person) && seen_by.contains(&one.person) {
            let author = Author { kind: AuthorKind::Person, id: Some(one.person), name: one.name.clone() };
            present.push(Participant { author, takes_part: false, on_duty: Some(one.clone()) });
        }
    }
    Ok(Present { people: present, duty_read: duty_read(reading, directory, row.organization)? })
}

/// Whose rights let them see the incident.
fn seen_by(reading: &Reading<'_>, directory: &Directory, row: &IncidentRow) -> Result<BTreeSet<PersonId>, Fault> {
    let place = directory.device_number(row.device).and_then(|device| directory.place_of(device));
    let path: Vec<LocationId> = directory.above(place).map(|(_, entry)| entry.id).collect();
    let people = people::of(reading.cache, row.organization)?.into_iter();
    Ok(people.filter(|entry| may(&entry.rights, &path, Permission::View)).map(|entry| entry.id).collect())
}

fn duty_read(
    reading: &Reading<'_>,
    directory: &Directory,
    organization: OrganizationId,
) -> Result<Option<Timestamp>, Fault> {
    let Some(organization) = directory.organization_number(organization) else { return Ok(None) };
    let (_, times) = record_of(reading.cache, organization, DUTY)?;
    Ok(times.read.map(|read| read.wall))
}
