//! People, as the other rooms name them.

use onsite::duty as core;
use onsite_wire::onsite as wire;
use onsite_wire::rest;

use crate::error::{OnsiteError, id};

/// What an assignee is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum AssigneeKind {
    /// A person.
    Person,
    /// A partner, whoever of it has time.
    Partner,
}

impl From<rest::AssigneeKind> for AssigneeKind {
    fn from(kind: rest::AssigneeKind) -> Self {
        match kind {
            rest::AssigneeKind::Person => Self::Person,
            rest::AssigneeKind::Partner => Self::Partner,
        }
    }
}

/// Somebody who can be made responsible.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Assignee {
    /// A person of the organization, or its partner as a company.
    pub kind: AssigneeKind,
    /// Who.
    pub id: String,
    /// The name.
    pub name: String,
}

impl From<rest::Assignee> for Assignee {
    fn from(assignee: rest::Assignee) -> Self {
        Self { kind: assignee.kind.into(), id: assignee.id.to_string(), name: assignee.name }
    }
}

impl Assignee {
    pub(crate) fn read(self) -> Result<rest::Assignee, OnsiteError> {
        let kind = match self.kind {
            AssigneeKind::Person => rest::AssigneeKind::Person,
            AssigneeKind::Partner => rest::AssigneeKind::Partner,
        };
        Ok(rest::Assignee { kind, id: id(&self.id)?, name: self.name })
    }
}

/// A person of an organization.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PersonEntry {
    /// The person.
    pub id: String,
    /// The name.
    pub name: String,
    /// The partner whose technician this is.
    pub partner: Option<String>,
}

impl From<wire::PersonEntry> for PersonEntry {
    fn from(person: wire::PersonEntry) -> Self {
        Self { id: person.id.to_string(), name: person.name, partner: person.partner.map(|id| id.to_string()) }
    }
}

/// A person who is on duty, as colleagues see it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Colleague {
    /// Where.
    pub organization: String,
    /// Who.
    pub person: String,
    /// The name.
    pub name: String,
    /// Since when on duty.
    pub since: i64,
    /// At which site, while the lease holds.
    pub site: Option<String>,
    /// Since when there.
    pub site_since: Option<i64>,
    /// Until when that is said.
    pub site_until: Option<i64>,
    /// That site's name; empty for none.
    pub site_label: String,
}

impl From<core::Colleague> for Colleague {
    fn from(colleague: core::Colleague) -> Self {
        let at = colleague.at;
        Self {
            organization: colleague.organization.to_string(),
            person: colleague.person.to_string(),
            name: colleague.name,
            since: colleague.since.millis(),
            site: at.map(|at| at.site.to_string()),
            site_since: at.map(|at| at.since.millis()),
            site_until: at.map(|at| at.until.millis()),
            site_label: colleague.site_label,
        }
    }
}
