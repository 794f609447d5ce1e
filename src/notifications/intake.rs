//! Taking notifications and settings in, from the feed and from pushes.

use onsite_wire::ids::OrganizationId;
use onsite_wire::onsite::{Notification, StoredSettings, SubjectKind};
use rusqlite::{Connection, OptionalExtension};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::list::{NoticeMark, NoticesCame, NoticesChanged};
use super::shape::{Reads, reshape_settings};
use crate::store::Fault;
use crate::sync::feed::Intake;
use crate::sync::overlays::{Overlays, Pending};
use crate::time::Timestamp;

pub(super) fn read_text<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|_| Fault::Value("notification"))
}

pub(super) fn write_text<T: serde::Serialize>(value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| Fault::Value("notification"))
}

/// The id of an organization by its row number.
pub(super) fn organization_id(cache: &Connection, n: i64) -> Result<OrganizationId, Fault> {
    let id = cache
        .prepare_cached("SELECT id FROM organization WHERE n = ?1")?
        .query_row([n], |row| row.get::<_, [u8; 16]>(0))?;
    Ok(OrganizationId::from_bytes(id))
}

/// The person's own actions on how oneself is told, in an organization.
pub(super) fn pending(cache: &Connection, organization: i64, overlays: &Overlays) -> Result<Vec<Pending>, Fault> {
    let Some(me) = overlays.person() else { return Ok(Vec::new()) };
    Ok(overlays.of_in(organization_id(cache, organization)?, SubjectKind::Person, me.0))
}

/// Takes one notification in. One that is new here, or counts more than before, is noted as having come.
pub(super) fn take(
    intake: &mut Intake<'_>,
    pending: &[Pending],
    notification: &Notification,
    changed: &mut NoticesChanged,
) -> Result<(), Fault> {
    let cache = intake.cache;
    let before = NoticeMark::by_id(cache, notification.id)?;
    let read = notification.read || Reads::of(pending).covers(notification.id, notification.revision);
    let n: i64 = cache
        .prepare_cached(
            "INSERT INTO notification (id, organization, recency, read, read_server, came, notification, revision)
             VALUES (?1, ?2, ?3, ?4, ?5, NULL, ?6, ?7)
             ON CONFLICT (id) DO UPDATE
                SET organization = excluded.organization, recency = excluded.recency, read = excluded.read,
                    read_server = excluded.read_server, came = NULL, notification = excluded.notification,
                    revision = excluded.revision
             RETURNING n",
        )?
        .query_row(
            (
                notification.id.as_bytes(),
                intake.organization,
                -notification.at.micros(),
                read,
                notification.read,
                write_text(notification)?,
                notification.revision,
            ),
            |row| row.get(0),
        )?;
    intake.seen.note("notification", n);
    changed.push(before, NoticeMark::of(cache, n)?);
    // What a first or a late full read brings was told long ago, on this phone or another one.
    if !intake.full && !read {
        intake.changes.note(NoticesCame(n));
    }
    Ok(())
}

/// Puts what a push brought into the list, unless the feed was quicker.
pub(super) fn put_pushed(
    cache: &Connection,
    organization: i64,
    pending: &[Pending],
    notification: &Notification,
    now: Timestamp,
    changed: &mut NoticesChanged,
) -> Result<(), Fault> {
    let before = NoticeMark::by_id(cache, notification.id)?;
    let read = Reads::of(pending).covers(notification.id, 0);
    // The server's own row is never overwritten by a push of it, which may be older.
    let n: Option<i64> = cache
        .prepare_cached(
            "INSERT INTO notification (id, organization, recency, read, read_server, came, notification, revision)
             VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, 0)
             ON CONFLICT (id) DO UPDATE
                SET recency = excluded.recency, notification = excluded.notification
              WHERE revision = 0 AND excluded.recency <= notification.recency
             RETURNING n",
        )?
        .query_row(
            (
                notification.id.as_bytes(),
                organization,
                -notification.at.micros(),
                read,
                now.micros(),
                write_text(notification)?,
            ),
            |row| row.get(0),
        )
        .optional()?;
    if let Some(n) = n {
        changed.push(before, NoticeMark::of(cache, n)?);
    }
    Ok(())
}

/// Takes the settings in.
pub(super) fn take_settings(
    intake: &mut Intake<'_>,
    pending: &[Pending],
    stored: &StoredSettings,
) -> Result<(), Fault> {
    let (text, settings) = (write_text(stored)?, write_text(&stored.settings)?);
    intake
        .cache
        .prepare_cached(
            "INSERT INTO notice_settings (organization, id, server, settings, revision) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (organization) DO UPDATE
                SET id = excluded.id, server = excluded.server, settings = excluded.settings,
                    revision = excluded.revision",
        )?
        .execute((intake.organization, stored.id.bytes(), text, settings, stored.revision))?;
    intake.seen.note("notice_settings", intake.organization);
    reshape_settings(intake.cache, intake.organization, None, pending)
}

/// Lets go of a notification, or of the settings, whose id is the person's.
pub(super) fn remove(
    cache: &Connection,
    organization: i64,
    pending: &[Pending],
    id: Uuid,
    changed: &mut NoticesChanged,
) -> Result<(), Fault> {
    let before = NoticeMark::by_id(cache, id)?;
    if before.is_some() {
        cache.prepare_cached("DELETE FROM notification WHERE id = ?1")?.execute([id.as_bytes()])?;
        changed.push(before, None);
        return Ok(());
    }
    let gone = cache
        .prepare_cached("UPDATE notice_settings SET server = NULL, revision = 0 WHERE organization = ?1 AND id = ?2")?
        .execute((organization, id.as_bytes()))?;
    if gone > 0 { reshape_settings(cache, organization, None, pending) } else { Ok(()) }
}

/// After a full read: what was not in it is gone. What only a push has brought stays while it came after `alone_since`.
pub(super) fn remove_unseen(
    intake: &Intake<'_>,
    pending: &[Pending],
    alone_since: Timestamp,
    changed: &mut NoticesChanged,
) -> Result<(), Fault> {
    let rows: Vec<(i64, Option<i64>)> = intake
        .cache
        .prepare_cached("SELECT n, came FROM notification WHERE organization = ?1")?
        .query_map([intake.organization], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (n, came) in rows {
        let may_stay = came.is_some_and(|came| came > alone_since.micros());
        if !may_stay && !intake.seen.contains("notification", n) {
            let before = NoticeMark::of(intake.cache, n)?;
            intake.cache.prepare_cached("DELETE FROM notification WHERE n = ?1")?.execute([n])?;
            changed.push(before, None);
        }
    }
    if !intake.seen.contains("notice_settings", intake.organization) {
        intake
            .cache
            .prepare_cached("UPDATE notice_settings SET server = NULL, revision = 0 WHERE organization = ?1")?
            .execute([intake.organization])?;
        reshape_settings(intake.cache, intake.organization, None, pending)?;
    }
    Ok(())
}

/// Lets go of what the person was told of an organization, and of how they wish to be told.
pub(crate) fn let_go(cache: &Connection, organization: i64) -> Result<(), Fault> {
    for sql in
        ["DELETE FROM notification WHERE organization = ?1", "DELETE FROM notice_settings WHERE organization = ?1"]
    {
        cache.prepare_cached(sql)?.execute([organization])?;
    }
    Ok(())
}
