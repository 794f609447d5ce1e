//! The second client: it has an API key and the vendor's REST API, and shares nothing with the phones. It looks at the
//! server before the story and after it; what differs must be what was told, each effect once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onsite::net::{ApiKey, Http, HttpConfig};
use onsite_rules::acknowledgement::AcknowledgeBody;
use onsite_rules::action::{ACKNOWLEDGE, MUTE, RELEASE};
use onsite_rules::mute::MuteBody;
use onsite_wire::ids::{ActionId, AlarmId, OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{HistoryResponse, Subject, SubjectKind};
use onsite_wire::rest::{AcknowledgementAspect, AlarmsResponse, InventoryObject, InventoryResponse, MuteAspect};

use super::StoryError;
use super::clock::PhoneClock;
use super::ledger::Told;
use super::phone::Phone;
use super::stage::Stage;

/// What of a subject people move, each with versions of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Who is responsible.
    Acknowledgement,
    /// Whether it is muted.
    Mute,
}

/// Where an aspect stands on the server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    version: i64,
    action: Option<ActionId>,
    by: Option<PersonId>,
    says: String,
}

/// Whose, what of it, which aspect.
type Place = (OrganizationId, Subject, Aspect);

/// Everything that people can move, as it stands on the server.
#[derive(Debug, Default)]
pub struct Sighting {
    aspects: BTreeMap<Place, Seen>,
}

/// The second client.
pub struct Witness {
    http: Http,
    organizations: Vec<OrganizationId>,
}

impl Witness {
    /// Comes with a new API key for all organizations.
    pub async fn new(stage: &Stage) -> Result<Self, StoryError> {
        let organizations: Vec<_> = stage.server.store().organizations().await?.into_iter().map(|row| row.id).collect();
        let key = stage.server.store().create_api_key(organizations.clone()).await?;
        let clock = PhoneClock { time: Arc::clone(&stage.time), skew_ms: 0 };
        let http = Http::new(&HttpConfig::new(&stage.server.base_url(), Arc::new(clock)))?;
        Ok(Self { http: http.with_authority(Arc::new(ApiKey::new(key.into()))), organizations })
    }

    /// Looks at all alarms and devices.
    pub async fn look(&self) -> Result<Sighting, StoryError> {
        let mut sighting = Sighting::default();
        for organization in &self.organizations {
            let path = format!("rest/v1/organizations/{organization}");
            let alarms = self.http.get::<AlarmsResponse>(&format!("{path}/alarms")).await?.body.alarms;
            for alarm in alarms {
                let subject = Subject { kind: SubjectKind::Alarm, id: alarm.id.0 };
                sighting.saw((*organization, subject, Aspect::Acknowledgement), alarm.acknowledgement.map(Seen::from));
                sighting.saw((*organization, subject, Aspect::Mute), alarm.mute.map(Seen::from));
            }
            let inventory = self.http.get::<InventoryResponse>(&format!("{path}/inventory")).await?.body;
            for object in inventory.inventory_objects {
                let InventoryObject::Device(device) = object else { continue };
                let subject = Subject { kind: SubjectKind::Device, id: device.id.0 };
                sighting.saw((*organization, subject, Aspect::Mute), device.mute.map(Seen::from));
            }
        }
        Ok(sighting)
    }

    /// The actions in the histories of these effects' alarms.
    pub async fn histories(&self, told: &[Told]) -> Result<BTreeMap<AlarmId, Vec<ActionId>>, StoryError> {
        let mut histories = BTreeMap::new();
        for told in told.iter().filter(|told| told.subject.kind == SubjectKind::Alarm) {
            let alarm = AlarmId(told.subject.id);
            if histories.contains_key(&alarm) {
                continue;
            }
            let path = format!("onsite/v1/organizations/{}/alarms/{alarm}/history", told.organization);
            let entries = self.http.get::<HistoryResponse>(&path).await?.body.entries;
            histories.insert(alarm, entries.into_iter().map(|entry| entry.action).collect());
        }
        Ok(histories)
    }
}

impl Sighting {
    fn saw(&mut self, place: Place, seen: Option<Seen>) {
        self.aspects.insert(place, seen.unwrap_or_default());
    }

    fn at(&self, place: &Place) -> Seen {
        self.aspects.get(place).cloned().unwrap_or_default()
    }
}

/// How often people moved each aspect from one sighting to the other: acknowledgements, mutes.
pub fn moves(before: &Sighting, after: &Sighting) -> [i64; 2] {
    [Aspect::Acknowledgement, Aspect::Mute].map(|aspect| {
        let places = after.aspects.iter().filter(|(place, _)| place.2 == aspect);
        places.map(|(place, is)| is.version - before.at(place).version).sum()
    })
}

/// Told alarms for which the phone shows somebody else as responsible than the server.
pub async fn rows_that_differ(phone: &Phone, after: &Sighting, told: &[Told]) -> Result<Vec<String>, StoryError> {
    let mut differences = Vec::new();
    let acknowledged: BTreeSet<Place> =
        told.iter().map(Told::place).filter(|place| place.2 == Aspect::Acknowledgement).collect();
    for place in acknowledged {
        let row = phone.row(AlarmId(place.1.id)).await?;
        let shown = row.acknowledged.map(|now| responsible(now.id, &now.note)).unwrap_or_default();
        let is = after.at(&place).says;
        if shown != is {
            differences.push(format!("alarm {}: the phone shows {shown:?}, the server has {is:?}", place.1.id));
        }
    }
    Ok(differences)
}

/// Everything that is not as it was told; empty: each told effect is on the server once, and no other.
pub fn differences(before: &Sighting, after: &Sighting, told: &[Told]) -> Vec<String> {
    let mut by_place: BTreeMap<Place, Vec<&Told>> = BTreeMap::new();
    for told in told {
        by_place.entry(told.place()).or_default().push(told);
    }
    // An alarm that was in the list before and is not any more was cleared over a week ago.
    let places: BTreeSet<&Place> = after.aspects.keys().chain(by_place.keys()).collect();
    let mut differences = Vec::new();
    for place in places {
        let told = by_place.get(place).map_or(&[][..], Vec::as_slice);
        let (was, is) = (before.at(place), after.at(place));
        let moved = is.version - was.version;
        let name = format!("{:?} of {:?} {}", place.2, place.1.kind, place.1.id);
        if usize::try_from(moved).ok() != Some(told.len()) {
            differences.push(format!("{name}: moved {moved} times, told {}", told.len()));
        } else if let Some(last) = told.last()
            && is != (Seen { version: is.version, ..Seen::told(last) })
        {
            differences.push(format!("{name}: it is {is:?}, told {:?}", Seen::told(last)));
        }
    }
    differences
}

/// Histories that do not hold exactly what was told of their alarms, each once.
pub fn histories_that_differ(histories: &BTreeMap<AlarmId, Vec<ActionId>>, told: &[Told]) -> Vec<String> {
    let mut differences = Vec::new();
    for (alarm, found) in histories {
        let of_alarm = told.iter().filter(|told| told.subject.kind == SubjectKind::Alarm && told.subject.id == alarm.0);
        let mut wanted: Vec<ActionId> = of_alarm.map(|told| told.action).collect();
        let mut found = found.clone();
        wanted.sort_unstable();
        found.sort_unstable();
        if wanted != found {
            differences.push(format!("history of alarm {alarm}: it holds {found:?}, told {wanted:?}"));
        }
    }
    differences
}

impl Told {
    fn place(&self) -> Place {
        let acknowledges = self.kind == ACKNOWLEDGE.name || self.kind == RELEASE.name;
        let aspect = if acknowledges { Aspect::Acknowledgement } else { Aspect::Mute };
        (self.organization, self.subject, aspect)
    }
}

impl Seen {
    /// As it stands after a told effect; the version apart.
    fn told(told: &Told) -> Self {
        let says = if told.kind == ACKNOWLEDGE.name {
            serde_json::from_value::<AcknowledgeBody>(told.body.clone())
                .map_or_else(|error| error.to_string(), |body| responsible(body.assignee.id, &body.note))
        } else if told.kind == MUTE.name {
            serde_json::from_value::<MuteBody>(told.body.clone())
                .map_or_else(|error| error.to_string(), |body| muted(&onsite_rules::mute::muted(&body)))
        } else {
            String::new()
        };
        Self { version: 0, action: Some(told.action), by: Some(told.by), says }
    }
}

fn responsible(assignee: Uuid, note: &str) -> String {
    format!("{assignee} is responsible: {note}")
}

fn muted(muted: &onsite_wire::rest::Muted) -> String {
    format!("muted until {:?}, {:?} {}", muted.until, muted.reason, muted.text)
}

impl From<AcknowledgementAspect> for Seen {
    fn from(aspect: AcknowledgementAspect) -> Self {
        let says = aspect.acknowledged.map(|now| responsible(now.assignee.id, &now.note)).unwrap_or_default();
        Self { version: aspect.version, action: aspect.action, by: aspect.by, says }
    }
}

impl From<MuteAspect> for Seen {
    fn from(aspect: MuteAspect) -> Self {
        let says = aspect.muted.as_ref().map(muted).unwrap_or_default();
        Self { version: aspect.version, action: aspect.action, by: aspect.by, says }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ORGANIZATION: OrganizationId = OrganizationId::from_bytes([1; 16]);
    const ADA: PersonId = PersonId::from_bytes([2; 16]);
    const ALARM: Subject = Subject { kind: SubjectKind::Alarm, id: Uuid::from_bytes([3; 16]) };

    fn told(action: u8) -> Told {
        Told {
            organization: ORGANIZATION,
            subject: ALARM,
            kind: "acknowledge".into(),
            action: ActionId::from_bytes([action; 16]),
            by: ADA,
            body: json!({ "assignee": { "kind": "person", "id": ADA.0, "name": "Ada" }, "note": "mine" }),
        }
    }

    fn sighting(version: i64, by: &Told) -> Sighting {
        let place = by.place();
        Sighting { aspects: BTreeMap::from([(place, Seen { version, ..Seen::told(by) })]) }
    }

    #[test]
    fn what_was_told_and_is_there_once_is_no_difference() {
        let one = told(1);
        assert_eq!(differences(&Sighting::default(), &sighting(1, &one), std::slice::from_ref(&one)), [""; 0]);
        assert_eq!(differences(&sighting(4, &told(9)), &sighting(6, &one), &[told(5), one]), [""; 0]);
    }

    #[test]
    fn an_effect_that_is_missing_doubled_untold_or_another_is_a_difference() {
        let (one, none) = (told(1), Sighting::default());
        assert_eq!(differences(&none, &none, std::slice::from_ref(&one)).len(), 1, "missing");
        assert_eq!(differences(&none, &sighting(2, &one), std::slice::from_ref(&one)).len(), 1, "doubled");
        assert_eq!(differences(&none, &sighting(1, &one), &[]).len(), 1, "untold");
        let mut other = one.clone();
        other.body["note"] = json!("not mine");
        assert_eq!(differences(&none, &sighting(1, &one), &[other]).len(), 1, "another note");
        assert_eq!(differences(&none, &sighting(1, &one), &[told(2)]).len(), 1, "another action");
    }

    #[test]
    fn a_history_holds_each_told_action_once() {
        let history = |actions: &[u8]| {
            let actions = actions.iter().map(|action| ActionId::from_bytes([*action; 16])).collect();
            BTreeMap::from([(AlarmId(ALARM.id), actions)])
        };
        assert_eq!(histories_that_differ(&history(&[2, 1]), &[told(1), told(2)]), [""; 0]);
        for wrong in [&[1][..], &[1, 2, 2], &[1, 2, 3]] {
            assert_eq!(histories_that_differ(&history(wrong), &[told(1), told(2)]).len(), 1, "{wrong:?}");
        }
    }
}
