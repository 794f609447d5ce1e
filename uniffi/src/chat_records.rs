//! The messages of an incident's chat, as records.

use onsite::incidents as core;
use onsite::live::Batch;
use onsite_wire::onsite as wire;

use crate::error::{Problem, count};
use crate::incident_records::IncidentState;
use crate::rows::rows;

/// Who wrote or did something in an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum AuthorKind {
    /// Somebody of the organization or its partner.
    Person,
    /// A service-bureau agent.
    Agent,
    /// Nobody: a critical alarm, or the clock.
    Server,
}

impl From<wire::AuthorKind> for AuthorKind {
    fn from(kind: wire::AuthorKind) -> Self {
        match kind {
            wire::AuthorKind::Person => Self::Person,
            wire::AuthorKind::Agent => Self::Agent,
            wire::AuthorKind::Server => Self::Server,
        }
    }
}

/// Where one's own message stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Delivery {
    /// On this phone.
    OnPhone,
    /// On the server.
    OnServer,
    /// Somebody else has read it.
    Read,
    /// It was not taken; its text stays until the person decides.
    Parked {
        /// Why.
        problem: Problem,
    },
}

/// One line of a chat.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ChatRow {
    /// The message.
    pub id: String,
    /// Its place in the server's order; none: one's own, which stands behind.
    pub number: Option<i64>,
    /// Who wrote it.
    pub author: AuthorKind,
    /// The name at that time; empty for the server.
    pub author_name: String,
    /// One wrote it oneself.
    pub mine: bool,
    /// The words; empty for a change of state.
    pub text: String,
    /// The state from here on.
    pub change: Option<IncidentState>,
    /// When it was written.
    pub made: i64,
    /// Where one's own message stands; none for others'.
    pub delivery: Option<Delivery>,
    /// So many messages right before this one are not on this phone.
    pub missing_before: i64,
}

impl From<core::ChatRow> for ChatRow {
    fn from(row: core::ChatRow) -> Self {
        Self {
            id: row.id.to_string(),
            number: row.number,
            author: row.author.kind.into(),
            author_name: row.author.name,
            mine: row.mine,
            text: row.text,
            change: row.change.map(IncidentState::from),
            made: row.made.millis(),
            delivery: row.delivery.map(|delivery| match delivery {
                core::Delivery::OnPhone => Delivery::OnPhone,
                core::Delivery::OnServer => Delivery::OnServer,
                core::Delivery::Read => Delivery::Read,
                core::Delivery::Parked(code) => Delivery::Parked { problem: Problem::bare(code) },
            }),
            missing_before: row.missing_before,
        }
    }
}

rows!(ChatRows, ChatStep, ChatRow);

/// What a listener of a chat is told. Newest first.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ChatBatch {
    /// How the rows changed.
    pub rows: ChatRows,
    /// How many messages there are on this phone; none until they were counted once.
    pub total: Option<i64>,
    /// Messages that arrived above the window's beginning since it was set.
    pub newer: i64,
    /// More rows may still be found.
    pub searching: bool,
    /// There are rows below the last one.
    pub has_more: bool,
}

impl From<Batch<core::ChatRow, ()>> for ChatBatch {
    fn from(batch: Batch<core::ChatRow, ()>) -> Self {
        Self {
            rows: batch.rows.into(),
            total: batch.total.map(count),
            newer: count(batch.newer),
            searching: batch.searching,
            has_more: batch.has_more,
        }
    }
}
