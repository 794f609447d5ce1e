//! What comes in, by push, by the extension's inbox and by the feed: the same event is one notification, whichever way it
//! came and however often (N5).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use onsite_wire::codes::Code;
use onsite_wire::ids::OrganizationId;
use onsite_wire::onsite::{NoticeKind, Notification, Reasons, Verdict};
use rusqlite::OptionalExtension;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::deciding::{self, Announcement, Inputs, Told, Way};
use super::inbox;
use super::intake::{self, organization_id, read_text};
use super::list::NoticesChanged;
use super::push::parse_push;
use super::registering::{self, PushIdentity};
use super::shown;
use crate::devices::directory::SharedDirectory;
use crate::duty;
use crate::error::Error;
use crate::journal::{self, Line};
use crate::store::{Commit, Fault, Writer};
use crate::sync::feed::organization_number;
use crate::sync::overlays::Overlays;
use crate::time::{Moment, Timestamp};

/// What the phone's system is to do with its notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posting {
    /// Show this one, in the place of one with the same key.
    Show(Box<Announcement>),
    /// Take the one with this id away: it was read, here or on another phone, or may no longer be seen.
    Withdraw(Uuid),
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrived {
    /// It is to be shown.
    Show(Box<Announcement>),
    /// It is not, and why: silenced, or the same event was there already.
    Silent(Reasons),
}

/// One event that came.
pub(super) struct Arrival {
    pub(super) told: Told,
    pub(super) way: Way,
    /// The extension showed it then, by the server's clock.
    pub(super) shown_at: Option<Timestamp>,
}

/// What both the room and the driver need to take something in.
pub(crate) struct Desk {
    pub(crate) folder: PathBuf,
    pub(crate) identity: Option<PushIdentity>,
    pub(crate) directory: SharedDirectory,
    pub(crate) overlays: Arc<Overlays>,
    pub(crate) duty: Arc<duty::room::Shared>,
    pub(crate) postings: broadcast::Sender<Posting>,
}

/// What the inbox had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Emptied {
    pub(crate) taken: usize,
    pub(crate) aside: usize,
}

impl Desk {
    /// Whether the person is on duty, as this phone knows it.
    pub(super) fn on_duty(&self, now: &Moment) -> Option<bool> {
        self.duty.duty().as_ref().map(|duty| duty.standing(now).on.is_some())
    }

    /// Reads a push for this account.
    pub(super) fn read(&self, payload: &[u8]) -> Result<Told, Error> {
        let push = parse_push(payload, self.identity.as_ref().map(PushIdentity::key))?;
        match self.overlays.person() {
            Some(person) if person == push.person => Ok(Told::of_push(push)),
            _ => Err(Error::new(Code::OtherAccount)),
        }
    }

    /// Takes events in, in their order: into the list, into the memory of what was shown. Twice the same changes nothing.
    pub(super) fn take(
        &self,
        writer: &mut Writer,
        arrivals: &[Arrival],
        moment: &Moment,
        now: Timestamp,
    ) -> Result<Vec<Arrived>, Fault> {
        let mut known: BTreeMap<(OrganizationId, &str), i64> = BTreeMap::new();
        writer.own(|own| {
            for Arrival { told, .. } in arrivals {
                if let Some(count) = shown::known(own, told.organization, &told.key)? {
                    known.insert((told.organization, told.key.as_str()), count);
                }
            }
            Ok(())
        })?;
        let looked = self.look(writer, arrivals, moment, now)?;
        let mut decided = Vec::with_capacity(arrivals.len());
        for (arrival, (inputs, read)) in arrivals.iter().zip(&looked) {
            let told = &arrival.told;
            let before = known.get(&(told.organization, told.key.as_str())).copied();
            // What counts up rings by its pushes, which the server keeps apart, and not with each row of the feed.
            let is_known = before.is_some_and(|count| arrival.way == Way::Feed || count >= told.count);
            if !is_known {
                known.insert((told.organization, told.key.as_str()), told.count);
            }
            let reasons = deciding::decide(told, inputs, is_known || *read, now);
            decided.push((reasons, is_known));
        }
        writer.own(|own| {
            for (arrival, (reasons, is_known)) in arrivals.iter().zip(&decided) {
                if !is_known {
                    let verdict = if arrival.shown_at.is_some() { Verdict::Notify } else { deciding::outcome(reasons) };
                    shown::record(own, &arrival.told, arrival.way, (verdict, reasons), now, arrival.shown_at)?;
                }
                if arrival.told.kind == NoticeKind::Canary {
                    registering::canary_came(own, now)?;
                }
            }
            shown::forget_old(own, now)
        })?;
        let outcomes = arrivals.iter().zip(looked).zip(decided).map(|((arrival, (inputs, _)), (reasons, _))| {
            if deciding::outcome(&reasons) == Verdict::Silent {
                Arrived::Silent(reasons)
            } else {
                Arrived::Show(Box::new(deciding::announcement(&arrival.told, &inputs.settings)))
            }
        });
        Ok(outcomes.collect())
    }

    /// Puts what pushes brought into the list, and looks up what decides, and whether it was read already.
    fn look(
        &self,
        writer: &mut Writer,
        arrivals: &[Arrival],
        moment: &Moment,
        now: Timestamp,
    ) -> Result<Vec<(Inputs, bool)>, Fault> {
        let on_duty = self.on_duty(moment);
        writer.cache(|cache, changes| {
            let mut changed = NoticesChanged::default();
            for Arrival { told, way, .. } in arrivals {
                if let (Some(id), Way::Push | Way::Inbox) = (told.id, way) {
                    let organization = organization_number(cache, told.organization)?;
                    let pending = intake::pending(cache, organization, &self.overlays)?;
                    intake::put_pushed(cache, organization, &pending, &told.as_notification(id), now, &mut changed)?;
                }
            }
            changed.note(changes);
            let directory = self.directory.at(cache)?;
            let mut looked = Vec::with_capacity(arrivals.len());
            for Arrival { told, .. } in arrivals {
                let read: Option<bool> = match told.id {
                    Some(id) => cache
                        .prepare_cached("SELECT read FROM notification WHERE id = ?1")?
                        .query_row([id.as_bytes()], |row| row.get(0))
                        .optional()?,
                    None => None,
                };
                looked.push((deciding::inputs(cache, &directory, on_duty, told, now)?, read.unwrap_or(false)));
            }
            Ok(looked)
        })
    }

    /// What the feed brought and nobody was told of yet goes to the phone's system.
    pub(crate) fn take_from_feed(
        &self,
        writer: &mut Writer,
        rows: &[i64],
        moment: &Moment,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let arrivals = writer.cache(|cache, _| {
            let mut arrivals = Vec::with_capacity(rows.len());
            for n in rows {
                let found: Option<(i64, String)> = cache
                    .prepare_cached("SELECT organization, notification FROM notification WHERE n = ?1 AND read = 0")?
                    .query_row([n], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                let Some((organization, text)) = found else { continue };
                let notification: Notification = read_text(&text)?;
                let told = Told::of_feed(organization_id(cache, organization)?, notification);
                arrivals.push(Arrival { told, way: Way::Feed, shown_at: None });
            }
            Ok(arrivals)
        })?;
        for arrived in self.take(writer, &arrivals, moment, now)? {
            if let Arrived::Show(announcement) = arrived {
                // Without a listener the app is not in a state to show anything; the list has it.
                let _ = self.postings.send(Posting::Show(announcement));
            }
        }
        Ok(())
    }

    /// What was read, or is gone, is taken away from the phone's system.
    pub(crate) fn withdraw(&self, commit: &Commit) {
        for id in commit.of::<NoticesChanged>().flat_map(NoticesChanged::settled) {
            // Without a listener nothing of it is shown.
            let _ = self.postings.send(Posting::Withdraw(id));
        }
    }

    /// Takes in what the extension kept. A push is let go of when its effect lies in the databases; what cannot be read is
    /// set aside and noted, and holds nothing back.
    pub(crate) fn empty_inbox(&self, writer: &mut Writer, moment: &Moment, now: Timestamp) -> Result<Emptied, Fault> {
        let kept = inbox::kept(&self.folder)?;
        let ahead = now.millis_since(moment.wall);
        let (mut arrivals, mut read, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for push in &kept {
            let payload = push.payload.as_deref().unwrap_or_default();
            match self.read(payload) {
                Ok(told) => {
                    // A clock that was set meanwhile showed nothing in the future.
                    let shown_at = push.shown_at.plus_millis(ahead).min(now);
                    arrivals.push(Arrival { told, way: Way::Inbox, shown_at: Some(shown_at) });
                    read.push(push);
                }
                Err(error) => refused.push((push, error.code)),
            }
        }
        if !arrivals.is_empty() {
            self.take(writer, &arrivals, moment, now)?;
        }
        read.iter().try_for_each(|push| push.done())?;
        let lines: Vec<Line> = refused
            .iter()
            .map(|(_, code)| Line::new(moment.wall, "push_refused").saying(format!("way=inbox {code}")))
            .collect();
        if !lines.is_empty() {
            writer.own(|own| journal::write(own, &lines))?;
        }
        refused.iter().try_for_each(|(push, _)| push.set_aside())?;
        Ok(Emptied { taken: read.len(), aside: refused.len() })
    }
}
