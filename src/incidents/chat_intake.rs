//! Taking messages in: each once, in the server's order, whatever came first.

use std::collections::{BTreeMap, BTreeSet};

use onsite_rules::digest::Tally;
use onsite_rules::message::RECENT;
use onsite_wire::ids::{IncidentId, PersonId};
use onsite_wire::onsite::{IncidentState, Message};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::chat::{ChatMark, MessagesChanged};
use super::shape::write_text;
use crate::store::Fault;
use crate::sync::feed::Intake;

/// What a full read has met of each chat: the lowest number.
#[derive(Default)]
pub(super) struct Met(BTreeMap<IncidentId, i64>);

/// Where a message comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// From the feed: its chat is one that full reads bring, until it closes.
    Feed,
    /// Read backwards from a chat.
    Backwards,
}

/// Writes a message, and gives its row number. One's own that was on this phone only takes its place in the order.
pub(super) fn put(
    cache: &Connection,
    organization: i64,
    message: &Message,
    me: Option<PersonId>,
    source: Source,
    changed: &mut MessagesChanged,
) -> Result<i64, Fault> {
    let known: Option<i64> = cache
        .prepare_cached("SELECT n FROM message WHERE id = ?1")?
        .query_row([message.id.bytes()], |row| row.get(0))
        .optional()?;
    let before = match known {
        Some(n) => ChatMark::of(cache, n)?,
        None => None,
    };
    let mine = message.author.id.is_some() && message.author.id == me;
    let n: i64 = cache
        .prepare_cached(
            "INSERT INTO message (id, organization, incident, number, place, mine, message, revision)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (id) DO UPDATE
                SET organization = excluded.organization, incident = excluded.incident, number = excluded.number,
                    place = excluded.place, mine = excluded.mine, standing = 0, code = NULL,
                    message = excluded.message, revision = excluded.revision
             RETURNING n",
        )?
        .query_row(
            (
                message.id.bytes(),
                organization,
                message.incident_id.bytes(),
                message.number,
                -message.number,
                mine,
                write_text(message)?,
                message.revision,
            ),
            |row| row.get(0),
        )?;
    changed.push(before, ChatMark::of(cache, n)?);
    if source == Source::Feed && is_newest(cache, message)? {
        count_chat(cache, organization, message.incident_id, message.change != Some(IncidentState::Closed))?;
    }
    next_one(cache, message, changed)?;
    Ok(n)
}

/// Whether no later line of the chat is here. An earlier one comes again when its photo is there, or never will be: that says
/// nothing about whether the chat goes on.
fn is_newest(cache: &Connection, message: &Message) -> Result<bool, Fault> {
    let later = cache
        .prepare_cached(
            "SELECT 1 FROM message INDEXED BY message_by_number
              WHERE incident = ?1 AND number IS NOT NULL AND number > ?2",
        )?
        .exists((message.incident_id.bytes(), message.number))?;
    Ok(!later)
}

/// The message behind a new one may have a smaller gap before it.
fn next_one(cache: &Connection, message: &Message, changed: &mut MessagesChanged) -> Result<(), Fault> {
    let next: Option<i64> = cache
        .prepare_cached(
            "SELECT n FROM message INDEXED BY message_by_number
              WHERE incident = ?1 AND number IS NOT NULL AND number > ?2 ORDER BY number LIMIT 1",
        )?
        .query_row((message.incident_id.bytes(), message.number), |row| row.get(0))
        .optional()?;
    if let Some(next) = next {
        let mark = ChatMark::of(cache, next)?;
        changed.push(mark, mark);
    }
    Ok(())
}

fn count_chat(cache: &Connection, organization: i64, incident: IncidentId, counted: bool) -> Result<(), Fault> {
    cache
        .prepare_cached(
            "INSERT INTO chat (incident, organization, counted) VALUES (?1, ?2, ?3)
             ON CONFLICT (incident) DO UPDATE SET counted = excluded.counted, organization = excluded.organization",
        )?
        .execute((incident.bytes(), organization, counted))?;
    Ok(())
}

/// Takes messages of a feed in.
pub(super) fn take(
    intake: &mut Intake<'_>,
    me: Option<PersonId>,
    message: &Message,
    touched: &mut BTreeSet<IncidentId>,
    changed: &mut MessagesChanged,
) -> Result<(), Fault> {
    let n = put(intake.cache, intake.organization, message, me, Source::Feed, changed)?;
    intake.seen.note("message", n);
    touched.insert(message.incident_id);
    if intake.full {
        let mut met: Met = intake.seen.recall();
        let lowest = met.0.entry(message.incident_id).or_insert(message.number);
        *lowest = (*lowest).min(message.number);
        intake.seen.keep(met);
    }
    Ok(())
}

/// A message that is out of sight.
pub(super) fn remove(
    cache: &Connection,
    id: Uuid,
    touched: &mut BTreeSet<IncidentId>,
    changed: &mut MessagesChanged,
) -> Result<(), Fault> {
    let found: Option<(i64, [u8; 16])> = cache
        .prepare_cached("SELECT n, incident FROM message WHERE id = ?1 AND number IS NOT NULL")?
        .query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((n, incident)) = found {
        let before = ChatMark::of(cache, n)?;
        cache.prepare_cached("DELETE FROM message WHERE n = ?1")?.execute([n])?;
        changed.push(before, None);
        touched.insert(IncidentId::from_bytes(incident));
    }
    Ok(())
}

/// After a full read. It brought the last messages of each chat that goes on: what is held from there on and was not in it
/// is of an order that a restored backup has forgotten. Chats of which it brought nothing are closed, or out of sight.
pub(super) fn finish(
    intake: &mut Intake<'_>,
    touched: &mut BTreeSet<IncidentId>,
    changed: &mut MessagesChanged,
) -> Result<(), Fault> {
    let met: Met = intake.seen.recall();
    for (incident, lowest) in &met.0 {
        let held: Vec<(i64, [u8; 16])> = intake
            .cache
            .prepare_cached(
                "SELECT n, id FROM message INDEXED BY message_by_number
                  WHERE incident = ?1 AND number IS NOT NULL AND number >= ?2",
            )?
            .query_map((incident.bytes(), lowest), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (n, id) in held {
            if !intake.seen.contains("message", n) {
                remove(intake.cache, Uuid::from_bytes(id), touched, changed)?;
            }
        }
    }
    let counted: Vec<[u8; 16]> = intake
        .cache
        .prepare_cached("SELECT incident FROM chat WHERE organization = ?1 AND counted = 1")?
        .query_map([intake.organization], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for incident in counted.into_iter().map(IncidentId::from_bytes).filter(|id| !met.0.contains_key(id)) {
        count_chat(intake.cache, intake.organization, incident, false)?;
    }
    Ok(())
}

/// Counts the last messages of each chat that goes on.
pub(super) fn digest(cache: &Connection, organization: i64) -> Result<Tally, Fault> {
    let mut tally = Tally::default();
    let mut chats = cache.prepare_cached("SELECT incident FROM chat WHERE organization = ?1 AND counted = 1")?;
    let mut last = cache.prepare_cached(
        "SELECT id, revision FROM message INDEXED BY message_by_number
          WHERE incident = ?1 AND number IS NOT NULL ORDER BY number DESC LIMIT ?2",
    )?;
    let mut chats = chats.query([organization])?;
    while let Some(chat) = chats.next()? {
        let mut rows = last.query((chat.get::<_, [u8; 16]>(0)?, RECENT))?;
        while let Some(row) = rows.next()? {
            tally.add(&row.get(0)?, row.get(1)?);
        }
    }
    Ok(tally)
}
