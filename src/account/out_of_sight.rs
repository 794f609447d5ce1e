//! What somebody may no longer see goes from the phone: all of an organization that is no longer theirs, and incidents of
//! devices where their rights ended. What they did there and did not send stays, parked with the server's reason.

use onsite_rules::rights::{Permission, may};
use onsite_wire::ids::{LocationId, OrganizationId};
use onsite_wire::onsite::OrganizationRights;
use rusqlite::{Connection, OptionalExtension};

use super::driver::Driver;
use crate::devices::directory::{Directory, Presence};
use crate::duty::SitesChanged;
use crate::journal::Line;
use crate::store::{Changes, Fault, Voided};
use crate::sync::copies;
use crate::{alarms, devices, duty, incidents, notifications, people};

/// Lets go of everything of an organization, in this transaction. Its row number stays its own.
pub(super) fn let_go(cache: &Connection, changes: &mut Changes, id: OrganizationId) -> Result<(), Fault> {
    let n: Option<i64> = cache
        .prepare_cached("SELECT n FROM organization WHERE id = ?1")?
        .query_row([id.bytes()], |row| row.get(0))
        .optional()?;
    let Some(n) = n else { return Ok(()) };
    alarms::let_go(cache, n)?;
    incidents::let_go(cache, n)?;
    notifications::let_go(cache, n)?;
    people::let_go(cache, n)?;
    duty::feed::let_go(cache, n)?;
    devices::intake::let_go(cache, n)?;
    copies::let_go(cache, n)?;
    cache.prepare_cached("UPDATE organization SET reached = 0, me = NULL, label = '' WHERE n = ?1")?.execute([n])?;
    changes.note(Voided);
    changes.note(SitesChanged);
    Ok(())
}

/// Lets go of an organization's incidents whose devices are where these rights do not reach. A full read does not bring what
/// closed over a week ago, and so does not tell. A device that was never seen may be anywhere.
pub(super) fn narrow(
    cache: &Connection,
    changes: &mut Changes,
    id: OrganizationId,
    rights: &OrganizationRights,
) -> Result<(), Fault> {
    let directory = Directory::load(cache)?;
    let Some(organization) = directory.organization_number(id) else { return Ok(()) };
    let seen = |device: i64| {
        let known = directory.device(device).is_some_and(|entry| entry.presence != Presence::Unseen);
        let path: Vec<LocationId> =
            directory.above(directory.place_of(device)).map(|(_, location)| location.id).collect();
        !known || may(rights, &path, Permission::View)
    };
    incidents::narrow(cache, changes, organization, seen)
}

impl Driver {
    /// A read that was under way when an organization was no longer the person's may have written behind that.
    pub(super) async fn let_go_again(&mut self, organization: OrganizationId) -> Result<(), Fault> {
        self.note(Line::new(self.now().wall, "out_of_reach").of(organization));
        let job = move |writer: &mut crate::store::Writer| {
            writer.cache(|cache, changes| let_go(cache, changes, organization))
        };
        self.parts.store.write_behind(job).await
    }
}
