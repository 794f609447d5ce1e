//! The switch and the site as actions: their rules in the outbox, and what the switch stands at by what lies there.

use std::collections::BTreeMap;

use onsite_rules::action::{DUTY, PRESENCE};
use onsite_rules::duty::{LEASE_MS, SWITCH_ON_MS};
use onsite_wire::ids::OrganizationId;
use onsite_wire::onsite::DutyBody;
use serde_json::Value;

use crate::sync::outbox::{Draft, Entry, KindRules, State};
use crate::time::Timestamp;

/// The kinds of actions of this room. A switch lasts beyond the time in which it may be sent first; a presence that was
/// said, or could not be, is let go of after a lease: it says nothing any more.
pub fn kinds() -> Vec<KindRules> {
    vec![KindRules::of(&DUTY, &[&DUTY]).lasting(), KindRules::of(&PRESENCE, &[&PRESENCE]).fleeting(LEASE_MS)]
}

/// When a switch is over by itself: on is not sent later as if it were now (O2).
pub fn own_end(kind: &str, body: &Value, wall: Timestamp) -> Option<Timestamp> {
    (says(kind, body)?).then(|| wall.plus_millis(SWITCH_ON_MS))
}

/// What a person wishes by the newest of their switches that are still kept, of each organization: on where any of them says
/// so; `None`: none is kept. A parked one is still wished until it is decided about.
///
/// A switch is recorded before duty follows it. When the app is killed between the two, this is what duty takes up.
pub fn wished<'a>(entries: impl Iterator<Item = &'a Entry>) -> Option<bool> {
    let mut newest: BTreeMap<OrganizationId, (i64, bool)> = BTreeMap::new();
    for entry in entries {
        let Some(on) = says(&entry.kind, &entry.body) else { continue };
        let of = newest.entry(entry.organization).or_insert((entry.order, on));
        *of = (*of).max((entry.order, on));
    }
    (!newest.is_empty()).then(|| newest.values().any(|(_, on)| *on))
}

/// Whether this is a switch that its person may let go of: a parked one, or one that the server cannot have heard of.
pub fn is_free_switch(entry: &Entry) -> bool {
    let is_free = match &entry.state {
        State::Parked(_) => true,
        State::Waiting(waiting) => !waiting.asked,
        State::OnServer(_) => false,
    };
    is_free && says(&entry.kind, &entry.body).is_some()
}

/// What a new action says, if it is a switch.
pub(crate) fn switch_of(draft: &Draft) -> Option<bool> {
    says(&draft.kind, &draft.body)
}

fn says(kind: &str, body: &Value) -> Option<bool> {
    let body: DutyBody = if kind == DUTY.name { serde_json::from_value(body.clone()).ok()? } else { return None };
    Some(body.on)
}
