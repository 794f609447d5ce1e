//! The entries and the ways to find them. Keeps its indexes in step; decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use onsite_wire::ids::{ActionId, OrganizationId};
use onsite_wire::onsite::{Basis, Subject};

use super::entry::{Entry, State};

/// All entries of an outbox.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelf {
    entries: BTreeMap<i64, Entry>,
    by_id: BTreeMap<ActionId, i64>,
    by_subject: BTreeMap<(OrganizationId, Subject), BTreeSet<i64>>,
    /// On the server, but not in the phone's copy yet.
    not_shown: BTreeSet<i64>,
    deadlines: BTreeSet<(i64, i64)>,
    deadline_of: BTreeMap<i64, i64>,
}

impl Shelf {
    /// Puts an entry in its place, new or instead of what it was.
    pub(super) fn put(&mut self, entry: Entry, deadline: Option<i64>) {
        let order = entry.order;
        self.set_deadline(order, deadline);
        self.by_id.insert(entry.id, order);
        self.by_subject.entry((entry.organization, entry.subject)).or_default().insert(order);
        match &entry.state {
            State::OnServer(on_server) if !on_server.shown => self.not_shown.insert(order),
            _ => self.not_shown.remove(&order),
        };
        self.entries.insert(order, entry);
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, order: i64) -> Option<Entry> {
        let entry = self.entries.remove(&order)?;
        self.set_deadline(order, None);
        self.by_id.remove(&entry.id);
        self.not_shown.remove(&order);
        let key = (entry.organization, entry.subject);
        if let Some(orders) = self.by_subject.get_mut(&key) {
            orders.remove(&order);
            if orders.is_empty() {
                self.by_subject.remove(&key);
            }
        }
        Some(entry)
    }

    fn set_deadline(&mut self, order: i64, deadline: Option<i64>) {
        let before = match deadline {
            Some(deadline) => self.deadline_of.insert(order, deadline),
            None => self.deadline_of.remove(&order),
        };
        if let Some(before) = before {
            self.deadlines.remove(&(before, order));
        }
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, order));
        }
    }

    pub(super) fn get(&self, order: i64) -> Option<&Entry> {
        self.entries.get(&order)
    }

    pub(super) fn order_of(&self, id: ActionId) -> Option<i64> {
        self.by_id.get(&id).copied()
    }

    pub(super) fn of_id(&self, id: ActionId) -> Option<&Entry> {
        self.get(self.order_of(id)?)
    }

    /// All entries in the order of their making.
    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.values()
    }

    /// A subject's entries in the order of their making.
    pub(super) fn of_subject(
        &self,
        organization: OrganizationId,
        subject: Subject,
    ) -> impl DoubleEndedIterator<Item = &Entry> {
        let orders = self.by_subject.get(&(organization, subject));
        orders.into_iter().flatten().filter_map(|order| self.get(*order))
    }

    /// The waiting entries that name this one.
    pub(super) fn followers(&self, entry: &Entry) -> Vec<Entry> {
        let basis = Some(Basis::After(entry.id));
        self.of_subject(entry.organization, entry.subject)
            .filter(|other| other.basis == basis && other.waiting().is_some())
            .cloned()
            .collect()
    }

    /// Those on the server that the phone's copy does not contain yet.
    pub(super) fn not_shown(&self) -> impl Iterator<Item = &Entry> {
        self.not_shown.iter().filter_map(|order| self.get(*order))
    }

    pub(super) fn first_deadline(&self) -> Option<i64> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// The entry whose deadline has come, if one has.
    pub(super) fn due(&self, now_ms: i64) -> Option<&Entry> {
        let (deadline, order) = self.deadlines.first()?;
        if *deadline <= now_ms { self.get(*order) } else { None }
    }
}
