//! The mute of a device, in cache.db: the server's value, and the effective one that lists read.

use onsite_rules::mute::next_moment;
use onsite_wire::ids::DeviceId;
use onsite_wire::rest::MuteAspect;
use rusqlite::{Connection, OptionalExtension};

use super::intake::{Follower, Touched, cover_again, holds};
use crate::store::{Changes, Fault};
use crate::sync::overlays::Pending;
use crate::time::Timestamp;

/// The subject of a device's mute in the table of deadlines.
pub(crate) const DEADLINE: i64 = 1;

fn written(aspect: Option<&MuteAspect>) -> Result<Option<String>, Fault> {
    aspect.map(|aspect| serde_json::to_string(aspect).map_err(|_| Fault::Value("mute"))).transpose()
}

/// As it stands in `mute_server`, where NULL says that nothing covers the device.
fn kept(aspect: Option<&MuteAspect>) -> Result<String, Fault> {
    Ok(written(aspect)?.unwrap_or_else(|| "null".to_owned()))
}

fn read(text: Option<String>) -> Result<Option<MuteAspect>, Fault> {
    text.map(|text| serde_json::from_str(&text).map_err(|_| Fault::Value("mute"))).transpose()
}

/// Writes what the server says. While an action covers the device only the server's value moves. Gives back whether what
/// is seen of the mute changed.
pub(super) fn take_server_mute(
    cache: &Connection,
    device: i64,
    aspect: Option<&MuteAspect>,
    now: Timestamp,
) -> Result<bool, Fault> {
    let covered = cache
        .prepare_cached("UPDATE device SET mute_server = ?2 WHERE n = ?1 AND mute_server IS NOT NULL")?
        .execute((device, kept(aspect)?))?;
    if covered > 0 { Ok(false) } else { write_effective(cache, device, aspect, now) }
}

/// The server's value: what pending actions build upon.
pub(crate) fn server_mute(cache: &Connection, device: i64) -> Result<Option<MuteAspect>, Fault> {
    let text: Option<String> = cache
        .prepare_cached("SELECT coalesce(mute_server, mute) FROM device WHERE n = ?1")?
        .query_row([device], |row| row.get(0))?;
    read(text.filter(|text| text != "null"))
}

/// The effective value: what is shown, and what a new action builds upon.
pub(crate) fn effective_mute(cache: &Connection, device: i64) -> Result<Option<MuteAspect>, Fault> {
    let text: Option<String> =
        cache.prepare_cached("SELECT mute FROM device WHERE n = ?1")?.query_row([device], |row| row.get(0))?;
    read(text)
}

/// Lays a pending action's effect over the server's value, or lifts it with `None`. Gives back whether what is
/// seen of the mute changed.
pub(crate) fn overlay(
    cache: &Connection,
    device: i64,
    overlaid: Option<&MuteAspect>,
    now: Timestamp,
) -> Result<bool, Fault> {
    let server = server_mute(cache, device)?;
    let keep = if overlaid.is_some() { Some(kept(server.as_ref())?) } else { None };
    cache.prepare_cached("UPDATE device SET mute_server = ?2 WHERE n = ?1")?.execute((device, keep))?;
    write_effective(cache, device, overlaid.or(server.as_ref()), now)
}

fn write_effective(
    cache: &Connection,
    device: i64,
    aspect: Option<&MuteAspect>,
    now: Timestamp,
) -> Result<bool, Fault> {
    let moved = cache
        .prepare_cached("UPDATE device SET mute = ?2 WHERE n = ?1 AND mute IS NOT ?2")?
        .execute((device, written(aspect)?))?;
    set_deadline(cache, DEADLINE, device, aspect, now)?;
    let held = hold_again(cache, device, aspect, now)?;
    Ok(held || moved > 0)
}

/// Computes anew whether the mute holds; gives back whether that changed.
pub(crate) fn hold_again(
    cache: &Connection,
    device: i64,
    aspect: Option<&MuteAspect>,
    now: Timestamp,
) -> Result<bool, Fault> {
    let moved = cache
        .prepare_cached("UPDATE device SET mute_holds = ?2 WHERE n = ?1 AND mute_holds <> ?2")?
        .execute((device, holds(aspect, now)))?;
    Ok(moved > 0)
}

/// Notes when a mute changes by time alone. A moment that has passed and was not looked at yet stays: else a row that
/// comes again in between would swallow the announcement of its end.
pub(crate) fn set_deadline(
    cache: &Connection,
    subject: i64,
    n: i64,
    aspect: Option<&MuteAspect>,
    now: Timestamp,
) -> Result<(), Fault> {
    match aspect.and_then(|aspect| next_moment(aspect, now)) {
        Some(at) => cache
            .prepare_cached(
                "INSERT INTO deadline (at, subject, n) VALUES (?1, ?2, ?3)
                 ON CONFLICT (subject, n) DO UPDATE SET at = excluded.at WHERE deadline.at > ?4",
            )?
            .execute((at.micros(), subject, n, now.micros()))?,
        None => cache.prepare_cached("DELETE FROM deadline WHERE subject = ?1 AND n = ?2 AND at > ?3")?.execute((
            subject,
            n,
            now.micros(),
        ))?,
    };
    Ok(())
}

/// Forgets a moment that was looked at.
pub(crate) fn pass_deadline(cache: &Connection, subject: i64, n: i64) -> Result<(), Fault> {
    cache.prepare_cached("DELETE FROM deadline WHERE subject = ?1 AND n = ?2")?.execute((subject, n))?;
    Ok(())
}

/// Takes the mute that a conflict showed for the server's value, where it is newer than that: the feed brings the same later.
/// [`overlay_actions`] has to follow in the same transaction; it makes what is seen of it.
pub(crate) fn learn(cache: &Connection, id: DeviceId, shown: Option<&MuteAspect>) -> Result<(), Fault> {
    let (Some(shown), Some(n)) = (shown, number(cache, id)?) else { return Ok(()) };
    if shown.version > server_mute(cache, n)?.map_or(0, |known| known.version) {
        cache.prepare_cached("UPDATE device SET mute_server = ?2 WHERE n = ?1")?.execute((n, written(Some(shown))?))?;
    }
    Ok(())
}

fn number(cache: &Connection, id: DeviceId) -> Result<Option<i64>, Fault> {
    Ok(cache
        .prepare_cached("SELECT n FROM device WHERE id = ?1")?
        .query_row([id.bytes()], |row| row.get(0))
        .optional()?)
}

/// Lays the person's pending actions over a device's mute anew; none: lifts them.
pub(crate) fn overlay_actions(
    cache: &Connection,
    changes: &mut Changes,
    id: DeviceId,
    pending: &[Pending],
    now: Timestamp,
    laid_over: impl FnOnce(&MuteAspect) -> MuteAspect,
    followers: &[Follower],
) -> Result<(), Fault> {
    let Some(n) = number(cache, id)? else { return Ok(()) };
    let server = server_mute(cache, n)?;
    // A server leaves out what nobody has touched yet.
    let overlaid = (!pending.is_empty()).then(|| laid_over(&server.unwrap_or_default()));
    if overlay(cache, n, overlaid.as_ref(), now)? {
        let touched = Touched { covered: cover_again(cache, n)?.into_iter().collect(), ..Touched::default() };
        followers.iter().try_for_each(|follow| follow(cache, changes, &touched))?;
    }
    changes.note(DeviceMuteChanged(id));
    Ok(())
}

/// Noted when a device's mute, or where one's own action on it stands, may look different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceMuteChanged(pub DeviceId);
