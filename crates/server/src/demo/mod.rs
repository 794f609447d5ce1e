//! Demonstration data: organizations, people, equipment, its alarms and its life, invented from a seed.
//!
//! Pure functions of a seed and a start time: no clock, no I/O, no global state. The same arguments give the same bytes, so a
//! demonstration can be told twice and a benchmark compared. Nothing in here writes to a database or knows a server's
//! tables; who runs a demonstration imports the documents and performs the beats.
//!
//! | module | has |
//! |---|---|
//! | `dice` | randomness and ids from a seed |
//! | `places` | the three organizations: sites, buildings, rooms, racks |
//! | `people`, `deeds` | who works there, in which role; what they do to alarms |
//! | `catalogue`, `devices` | makes and models; which equipment stands where |
//! | `sensors` | what it measures, and which values mean what |
//! | `conditions`, `phrases` | what can be wrong with it, as such equipment says it |
//! | `survey` | a document as the inventors of alarms look at it |
//! | `history` | alarms of the last days, and what was measured around them |
//! | `agent` | what the service bureau answers in chats |
//! | `stream`, `beat` | how it goes on; what it tells |
//! | `scale` | an organization of any size |

mod agent;
mod beat;
mod catalogue;
mod conditions;
mod deeds;
mod devices;
mod dice;
mod history;
mod people;
mod phrases;
mod places;
mod scale;
mod sensors;
mod stream;
mod survey;
#[cfg(test)]
mod tests;

use onsite_wire::ids::LocationId;
use onsite_wire::rest::InventoryObject;
use onsite_wire::time::Timestamp;

pub use agent::{Answer, Situation, answer};
pub use beat::{Act, Beat, ConditionKey, Deed, Event, Target, Wanted};
pub use scale::{SHARES_OF_MODELS, WORDS, alarms, organization};
pub use stream::Stream;

use self::dice::Dice;
use self::people::Partner;
use self::places::Plan;
use crate::document::OrganizationDocument;

/// Three believable organizations as they stand at `now`; a partner's technician is among the people of the first two.
pub fn organizations(seed: u64, now: Timestamp) -> Vec<OrganizationDocument> {
    let partner = people::partner(&mut Dice::of(seed, "partner"));
    let plans = places::PLANS.iter().enumerate();
    plans.map(|(number, plan)| found(seed, number, plan, &partner, now)).collect()
}

fn found(seed: u64, number: usize, plan: &Plan, partner: &Partner, now: Timestamp) -> OrganizationDocument {
    let dice = |subject: &str| Dice::of(seed, &format!("{subject} {number}"));
    let built = places::build(plan, &mut dice("places"));
    let devices = devices::equip(&built, now, &mut dice("devices"));
    let mut document = empty_document();
    document.sensors = devices.iter().flat_map(sensors::of).collect();
    let labelled = |site: &LocationId| built.locations.iter().find(|location| location.id == *site);
    let sites: Vec<_> = built.sites.iter().filter_map(labelled).map(|site| (site.id, site.label.clone())).collect();
    document.inventory_objects.push(InventoryObject::Organization(built.organization));
    document.inventory_objects.extend(built.locations.into_iter().map(InventoryObject::Location));
    document.inventory_objects.extend(devices.into_iter().map(|device| InventoryObject::Device(Box::new(device))));
    let partner = plan.has_partner.then_some(partner);
    people::hire(number, &sites, partner, &mut document, &mut dice("people"));
    history::write(&mut document, now, &mut dice("history"));
    document
}

const fn empty_document() -> OrganizationDocument {
    OrganizationDocument {
        inventory_objects: Vec::new(),
        sensors: Vec::new(),
        alarms: Vec::new(),
        measurements: Vec::new(),
        people: Vec::new(),
        groups: Vec::new(),
        partner: None,
        capabilities: None,
    }
}
