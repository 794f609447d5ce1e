//! The feed `notifications`: what the person was told, and how the person wishes to be told. Its audience is one person.

use std::sync::Arc;

use onsite_rules::digest::Tally;
use onsite_wire::ids::OrganizationId;
use onsite_wire::onsite::{Capability, NotificationObject};
use rusqlite::Connection;
use uuid::Uuid;

use super::intake;
use super::list::NoticesChanged;
use crate::store::Fault;
use crate::sync::feed::{Feed, Intake, Needs, Read, Route, Unreadable};
use crate::sync::overlays::Overlays;
use crate::time::Timestamp;

/// The feed's name.
pub const NAME: &str = "notifications";

/// What only a push has brought is let go by a full read that does not have it either, after so many milliseconds: what
/// came during the read is not in it.
const PUSH_ALONE_MS: i64 = 10 * 60 * 1_000;

/// The feed `notifications`.
pub struct NotificationFeed {
    /// The person's own actions, which are laid over what comes.
    pub overlays: Arc<Overlays>,
}

/// An object, or the id of one that is gone.
#[derive(Debug, Clone)]
pub enum Change {
    /// New or different.
    Present(Box<NotificationObject>),
    /// Gone.
    Gone(Uuid),
}

impl Feed for NotificationFeed {
    type Item = Change;

    fn name(&self) -> &'static str {
        NAME
    }

    fn needs(&self) -> Needs {
        Needs::Offered(Capability::Notifications)
    }

    fn route(&self, organization: OrganizationId, read: Read) -> Route {
        let after = match read {
            Read::Full => String::new(),
            Read::After(offset) => format!("?after={offset}"),
        };
        let path = format!("onsite/v1/organizations/{organization}/feeds/{NAME}{after}");
        Route { path, arrays: &["objects", "removed"] }
    }

    fn parse(&self, array: usize, raw: &[u8]) -> Result<Change, Unreadable> {
        if array == 0 {
            serde_json::from_slice(raw).map(|object| Change::Present(Box::new(object))).map_err(|_| Unreadable)
        } else {
            serde_json::from_slice(raw).map(Change::Gone).map_err(|_| Unreadable)
        }
    }

    fn take(&self, intake: &mut Intake<'_>, items: Vec<Change>) -> Result<(), Fault> {
        let mut changed = NoticesChanged::default();
        let pending = intake::pending(intake.cache, intake.organization, &self.overlays)?;
        for item in items {
            match item {
                Change::Present(object) => match *object {
                    NotificationObject::Notification(notification) => {
                        intake::take(intake, &pending, &notification, &mut changed)?;
                    }
                    NotificationObject::Settings(settings) => intake::take_settings(intake, &pending, &settings)?,
                },
                Change::Gone(id) => intake::remove(intake.cache, intake.organization, &pending, id, &mut changed)?,
            }
        }
        changed.note(intake.changes);
        Ok(())
    }

    fn finish(&self, intake: &mut Intake<'_>) -> Result<Vec<Uuid>, Fault> {
        if intake.full {
            let mut changed = NoticesChanged::default();
            let pending = intake::pending(intake.cache, intake.organization, &self.overlays)?;
            let alone_since = intake.now.plus_millis(-PUSH_ALONE_MS);
            intake::remove_unseen(intake, &pending, alone_since, &mut changed)?;
            changed.note(intake.changes);
        }
        Ok(Vec::new())
    }

    fn digest(&self, cache: &Connection, organization: i64, _: Option<Timestamp>) -> Result<Tally, Fault> {
        let mut tally = Tally::default();
        for sql in [
            "SELECT id, revision FROM notification WHERE organization = ?1 AND revision > 0",
            "SELECT id, revision FROM notice_settings WHERE organization = ?1 AND revision > 0",
        ] {
            let mut select = cache.prepare_cached(sql)?;
            let mut rows = select.query([organization])?;
            while let Some(row) = rows.next()? {
                tally.add(&row.get(0)?, row.get(1)?);
            }
        }
        Ok(tally)
    }
}
