//! What really happened, known to nobody in the simulation: every action a person made, and what became of it.

use std::collections::BTreeMap;

use onsite_wire::ids::{ActionId, OrganizationId, PersonId};
use onsite_wire::onsite::Subject;
use serde_json::Value;

/// A person's action.
#[derive(Debug, Clone)]
pub struct Made {
    pub phone: usize,
    pub person: PersonId,
    pub organization: OrganizationId,
    pub subject: Subject,
    /// The first action of a chain of retries: one intention.
    pub root: ActionId,
    /// The how-manieth of its phone.
    pub number: usize,
    pub body: Value,
    /// True time of the pressing.
    pub at_ms: i64,
    /// It lies on the phone's disk, or lay there and ended well.
    pub durable: bool,
    /// The person let go of it, or made another one instead.
    pub let_go: bool,
    /// Its phone heard that the server has it.
    pub heard: bool,
}

/// All actions ever made.
#[derive(Debug, Default)]
pub struct Ledger {
    pub made: BTreeMap<ActionId, Made>,
    /// How many actions each phone must still have on its disk.
    pub kept: BTreeMap<usize, usize>,
}

impl Ledger {
    pub fn of(&self, id: ActionId) -> Result<&Made, String> {
        self.made.get(&id).ok_or_else(|| format!("{id}: an action that nobody made"))
    }

    /// The phone wrote it to its disk for the first time.
    pub fn recorded(&mut self, id: ActionId) {
        if let Some(made) = self.made.get_mut(&id).filter(|made| !made.durable) {
            made.durable = true;
            *self.kept.entry(made.phone).or_default() += 1;
        }
    }

    /// The phone deleted it from its disk, rightly.
    pub fn ended(&mut self, id: ActionId) {
        if let Some(made) = self.made.get_mut(&id)
            && let Some(kept) = self.kept.get_mut(&made.phone)
        {
            *kept -= 1;
        }
    }
}
