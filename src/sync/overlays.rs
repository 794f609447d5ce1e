//! The person's own actions that still shape what is seen, by subject: shared between the outbox, which decides what
//! belongs in here, and the writer, which lays them over the server's rows.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, OrganizationId, PersonId};
use onsite_wire::onsite::{Subject, SubjectKind};
use serde_json::Value;
use uuid::Uuid;

use crate::time::Timestamp;

/// Where an action that is not parked stands (O3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// On this phone.
    OnPhone,
    /// On the server; its feed has not brought it back yet.
    OnServer,
}

/// One of the person's own actions that still shapes what is seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// Its id.
    pub id: ActionId,
    /// Its kind's name.
    pub kind: String,
    /// Its body.
    pub body: Value,
    /// When it was made, by the server's clock as the phone estimates it.
    pub made_at: Timestamp,
    /// Who made it.
    pub by: PersonId,
    /// The name others see.
    pub by_name: String,
    /// Where it stands.
    pub standing: Standing,
    /// Why it waits for a decision. Of most subjects what is parked shapes nothing, and is not in here.
    pub parked: Option<Code>,
}

/// All of them. Small: it holds what a person did and the server has not brought back.
#[derive(Debug, Default)]
pub struct Overlays {
    person: Mutex<Option<PersonId>>,
    by_subject: Mutex<BySubject>,
}

type BySubject = HashMap<Subject, Vec<(OrganizationId, Vec<Pending>)>>;

impl Overlays {
    fn lock(&self) -> MutexGuard<'_, BySubject> {
        self.by_subject.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose actions these are; nobody's before the first sign-in.
    pub fn person(&self) -> Option<PersonId> {
        *self.person.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whose actions these are.
    pub fn set_person(&self, person: Option<PersonId>) {
        *self.person.lock().unwrap_or_else(PoisonError::into_inner) = person;
    }

    /// What shapes a subject, in the order in which it was made.
    pub fn of(&self, kind: SubjectKind, id: Uuid) -> Vec<Pending> {
        let all = self.lock();
        if all.is_empty() {
            return Vec::new();
        }
        let of_it = all.get(&Subject { kind, id }).into_iter().flatten();
        of_it.flat_map(|(_, pending)| pending.iter().cloned()).collect()
    }

    /// What shapes a subject in one organization. Only a person is the subject of actions in several.
    pub fn of_in(&self, organization: OrganizationId, kind: SubjectKind, id: Uuid) -> Vec<Pending> {
        let all = self.lock();
        let of_it = all.get(&Subject { kind, id }).into_iter().flatten();
        of_it.filter(|(of, _)| *of == organization).flat_map(|(_, pending)| pending.iter().cloned()).collect()
    }

    /// Where a subject's youngest own action stands; `None`: nothing of one's own shapes it.
    pub fn standing(&self, kind: SubjectKind, id: Uuid) -> Option<Standing> {
        let all = self.lock();
        let of_it = all.get(&Subject { kind, id })?.iter().flat_map(|(_, pending)| pending);
        of_it.filter(|pending| pending.parked.is_none()).map(|pending| pending.standing).min()
    }

    /// Replaces what shapes a subject in its organization.
    pub fn set(&self, organization: OrganizationId, subject: Subject, pending: Vec<Pending>) {
        let mut all = self.lock();
        let of_it = all.entry(subject).or_default();
        of_it.retain(|(of, _)| *of != organization);
        if !pending.is_empty() {
            of_it.push((organization, pending));
        }
        if of_it.is_empty() {
            all.remove(&subject);
        }
    }

    /// The subjects that are shaped by something.
    pub fn subjects(&self) -> Vec<Subject> {
        self.lock().keys().copied().collect()
    }
}
