//! One incident's own page: all that is known of it, and what may be done.

use onsite_rules::action::{FEEDBACK, Refusal};
use onsite_rules::incident::FeedbackBody;
use onsite_rules::message::MessageBody;
use onsite_wire::ids::IncidentId;
use onsite_wire::onsite::{Incident, SubjectKind};

use super::acting::{Deed, Standing};
use super::drafts;
use super::present::{self, Present};
use super::row::{self, IncidentRow};
use super::shape::number;
use crate::devices::directory::Directory;
use crate::duty::room::Known;
use crate::error::Error;
use crate::store::{Fault, Reading};
use crate::sync::overlays::Overlays;
use crate::time::Timestamp;

/// What may be done now; if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentOffers {
    /// Write in its chat.
    pub write: Result<(), Error>,
    /// Say that it is solved.
    pub solve: Result<(), Error>,
    /// Reopen it.
    pub reopen: Result<(), Error>,
    /// Give feedback, or edit it.
    pub feedback: Result<(), Error>,
}

/// One incident's own page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentPage {
    /// As the list shows it.
    pub row: IncidentRow,
    /// With history, alarms and participants, as the server said last.
    pub incident: Incident,
    /// Who is in its chat, and who of them is on duty.
    pub present: Present,
    /// Feedback as it is seen: what the person gave lately counts.
    pub feedback: Option<FeedbackBody>,
    /// So many messages at the end of its chat are not on this phone: it closed while this phone was away.
    pub missing: i64,
    /// What was begun to be written and not sent.
    pub draft: String,
    /// What may be done.
    pub may: IncidentOffers,
}

/// Reads one incident's page; `None` when the phone does not have it. `known`: what is known of the server's clock.
pub(super) fn read(
    reading: &Reading<'_>,
    directory: &Directory,
    overlays: &Overlays,
    id: IncidentId,
    (now, known): (Timestamp, Known),
) -> Result<Option<IncidentPage>, Fault> {
    let Some(n) = number(reading.cache, id)? else { return Ok(None) };
    let Some(row) = row::incident(reading.cache, directory, overlays, n)? else { return Ok(None) };
    let Some(standing) = Standing::of(reading, directory, overlays, id)? else { return Ok(None) };
    let pending = overlays.of(SubjectKind::Incident, id.0);
    let given = pending.iter().rev().filter(|action| action.kind == FEEDBACK.name && action.parked.is_none());
    let given = given.filter_map(|action| serde_json::from_value(action.body.clone()).ok()).next();
    let server = standing.incident.feedback.as_ref();
    let feedback = given
        .or_else(|| server.map(|feedback| FeedbackBody { rating: feedback.rating, comment: feedback.comment.clone() }));
    let may = |deed: Deed| standing.body(&deed, now).map(drop).map_err(error);
    let may = IncidentOffers {
        write: may(Deed::Write(MessageBody::of("?"))),
        solve: may(Deed::Solve),
        reopen: may(Deed::Reopen),
        feedback: may(Deed::Judge(FeedbackBody { rating: 5, comment: String::new() })),
    };
    let missing = reading
        .cache
        .prepare_cached(
            "SELECT last_message - coalesce((SELECT max(message.number) FROM message
                                              WHERE message.incident = incident.id AND message.number IS NOT NULL), 0)
               FROM incident WHERE n = ?1",
        )?
        .query_row([n], |row| row.get(0))?;
    let draft = reading.own(|own| drafts::read(own, id))?;
    let present = present::read(reading, directory, (&row, &standing.incident), known)?;
    Ok(Some(IncidentPage { row, incident: standing.incident, present, feedback, missing, draft, may }))
}

/// A refusal of the rules as an error of the public API.
pub(super) fn error(refusal: Refusal) -> Error {
    Error { code: refusal.code, arguments: refusal.arguments }
}
