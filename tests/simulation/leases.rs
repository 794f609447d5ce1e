//! Duty and presence on the server, by the rules that it shares with the real one, and what must hold of every lease.

use onsite_rules::action::{DUTY, PRESENCE, READ_NOTICES, Refusal, in_time, kind};
use onsite_rules::duty::{
    LEASE_MS, Placed, Placing, Pressed, SWITCH_ON_MS, Switched, placed, switch_in_time, switched,
};
use onsite_wire::codes::Code;
use onsite_wire::ids::{OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{ActionRequest, ActionResult, DutyBody, Outcome, PresenceBody};
use onsite_wire::time::Timestamp;

use super::ledger::Ledger;
use super::server::{Arrival, Server};

/// The id of the object that says where a person is.
pub fn presence_of(person: PersonId) -> Uuid {
    Uuid::from_u128(!person.0.as_u128())
}

fn body<T: serde::de::DeserializeOwned>(action: &ActionRequest) -> Result<T, (Outcome, Refusal)> {
    serde_json::from_value(action.body.clone()).map_err(|_| (Outcome::Refused, Refusal::of(Code::BodyInvalid)))
}

fn made_at(action: &ActionRequest, arrival: Arrival) -> Timestamp {
    Timestamp::from_millis(arrival.now_ms - action.age_ms.max(0))
}

impl Server {
    /// Since when a person is on duty, as everybody reads it.
    pub fn on_duty(&self, organization: OrganizationId, person: PersonId) -> Option<Timestamp> {
        self.data.rows.get(&organization)?.get(&person.0)?.on_duty
    }

    pub(super) fn decide_about_oneself(
        &self,
        action: &ActionRequest,
        arrival: Arrival,
    ) -> Result<(), (Outcome, Refusal)> {
        let refused = |refusal| (Outcome::Refused, refusal);
        let kind = kind(&action.kind).ok_or_else(|| refused(Refusal::of(Code::NotOffered)))?;
        in_time(kind, action.age_ms, action.confirmed_before).map_err(refused)?;
        if action.kind == DUTY.name {
            return switch_in_time(body(action)?, action.age_ms, action.confirmed_before).map_err(refused);
        }
        if action.kind == READ_NOTICES.name {
            return Ok(());
        }
        placed(body(action)?, &self.placing(action, arrival), |_| true).map(drop).map_err(refused)
    }

    fn placing(&self, action: &ActionRequest, arrival: Arrival) -> Placing {
        let person = PersonId(action.subject.id);
        let rows = self.data.rows.get(&action.organization_id);
        Placing {
            on_duty: self.on_duty(action.organization_id, person),
            present: rows.and_then(|rows| rows.get(&presence_of(person))).and_then(|row| row.at),
            made_at: made_at(action, arrival),
            now: Timestamp::from_millis(arrival.now_ms),
        }
    }

    pub(super) fn apply_about_oneself(
        &mut self,
        action: &ActionRequest,
        arrival: Arrival,
        ledger: &Ledger,
    ) -> Result<ActionResult, String> {
        self.check_effect(action, arrival.now_ms, ledger)?;
        let invalid = |_| format!("{}: a body that was decided upon and cannot be read", action.id);
        if action.kind == PRESENCE.name {
            let wanted: PresenceBody = body(action).map_err(invalid)?;
            let placing = self.placing(action, arrival);
            let placed = placed(wanted, &placing, |_| true).map_err(|_| "refused and applied")?;
            self.place(action, placed, arrival, ledger)?;
        } else if action.kind == READ_NOTICES.name {
            self.read_notices(action);
        } else {
            let wanted: DutyBody = body(action).map_err(invalid)?;
            let since = self.on_duty(action.organization_id, PersonId(action.subject.id));
            let now = Timestamp::from_millis(arrival.now_ms);
            let pressed = Pressed { at: made_at(action, arrival), certain: !action.age_uncertain };
            self.switch(action, switched(since, wanted, pressed, now), arrival, ledger)?;
        }
        let offset = self.offset(action.organization_id);
        self.applied(action, (offset, None), ledger)
    }

    fn switch(
        &mut self,
        action: &ActionRequest,
        switched: Switched,
        arrival: Arrival,
        ledger: &Ledger,
    ) -> Result<(), String> {
        let (organization, person) = (action.organization_id, PersonId(action.subject.id));
        let made = ledger.of(action.id)?;
        let under_way_ms = arrival.now_ms - arrival.sent_ms;
        match switched {
            Switched::AsItWas => {}
            Switched::Begins(since) => {
                let certain = !action.age_uncertain;
                let late_ms = since.millis() - made.at_ms;
                if certain && late_ms > under_way_ms {
                    return Err(format!("{}: a switch of before as if it were now, {late_ms} ms later", action.id));
                }
                let age_ms = arrival.sent_ms - made.at_ms;
                if certain && !action.confirmed_before && age_ms > SWITCH_ON_MS {
                    return Err(format!("{}: an old intention had its effect late: on duty", action.id));
                }
                self.set(organization, person.0, |row| row.on_duty = Some(since));
            }
            Switched::Ends => {
                self.set(organization, person.0, |row| row.on_duty = None);
                self.set(organization, presence_of(person), |row| row.at = None);
            }
        }
        Ok(())
    }

    fn place(
        &mut self,
        action: &ActionRequest,
        placed: Placed,
        arrival: Arrival,
        ledger: &Ledger,
    ) -> Result<(), String> {
        let presence = presence_of(PersonId(action.subject.id));
        match placed {
            Placed::AsItWas => {}
            Placed::Ends => self.set(action.organization_id, presence, |row| row.at = None),
            Placed::At(at) => {
                // Nobody but the sender knows how long it was under way.
                let most_ms = ledger.of(action.id)?.at_ms + LEASE_MS + (arrival.now_ms - arrival.sent_ms);
                if at.until.millis() > most_ms {
                    let too_long = at.until.millis() - most_ms;
                    return Err(format!("{}: a lease outlives its time by {too_long} ms", action.id));
                }
                self.set(action.organization_id, presence, |row| row.at = Some(at));
            }
        }
        Ok(())
    }

    fn set(&mut self, organization: OrganizationId, id: Uuid, change: impl FnOnce(&mut super::server::Row)) {
        let Some(before) = self.row(organization, id).cloned() else { return };
        let mut after = before.clone();
        change(&mut after);
        if after != before {
            after.revision = self.next_offset(organization);
            if let Some(row) = self.row(organization, id) {
                *row = after;
            }
        }
    }

    /// The leases that there are: whose, and until when.
    fn leases(&self) -> impl Iterator<Item = (OrganizationId, PersonId, i64)> {
        self.data.rows.iter().flat_map(|(organization, rows)| {
            let presence = |person: &PersonId| rows.get(&presence_of(*person))?.at;
            let lease = move |person: &PersonId| Some((*organization, *person, presence(person)?.until.millis()));
            self.people.iter().filter_map(lease)
        })
    }

    /// Ends the leases that were not renewed. Gives where, and when the next one ends.
    pub fn end_leases(&mut self, now_ms: i64) -> (Vec<OrganizationId>, Option<i64>) {
        let (over, held): (Vec<_>, Vec<_>) = self.leases().partition(|(_, _, until)| *until <= now_ms);
        for (organization, person, _) in &over {
            self.set(*organization, presence_of(*person), |row| row.at = None);
        }
        (over.into_iter().map(|lease| lease.0).collect(), held.into_iter().map(|lease| lease.2).min())
    }

    /// What must hold of every lease, now: while the server runs none is over its time, and whoever is shown is on duty.
    pub fn check_leases(&self, now_ms: i64) -> Result<(), String> {
        for (organization, person, until_ms) in self.leases() {
            if self.up && until_ms < now_ms {
                return Err(format!("{person}: a lease outlives its time on the server"));
            }
            if self.on_duty(organization, person).is_none() {
                return Err(format!("{person}: at a site, but not on duty"));
            }
        }
        Ok(())
    }
}
