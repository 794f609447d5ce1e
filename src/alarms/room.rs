//! The alarms' part of the public API.

use std::ops::ControlFlow;
use std::sync::Arc;

use onsite_wire::codes::Code;
use onsite_wire::ids::{AlarmId, DeviceId, LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::{HistoryEntry, HistoryResponse, SensorHistory, Subject, SubjectKind};
use onsite_wire::rest::{Assignee, MuteReason};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::acting::{Chosen, Deed, MuteUntil, Receipt, Standing, draft};
use super::detail::{self, AlarmDetail, AssigneeChoice, Offer, Plot};
use super::filter::{AlarmFilter, AlarmSort, AssignmentChoice};
use super::list::AlarmList;
use super::row::Cleared;
use super::seen;
use super::why::{self, Why};
use crate::devices::directory::SharedDirectory;
use crate::error::Error;
use crate::live::{Engine, Query, Start, Window};
use crate::store::{Fault, Reading, Store};
use crate::sync::handover::{Handover, new_action_id};
use crate::sync::outbox::Draft;
use crate::sync::overlays::Overlays;
use crate::sync::pull::{Puller, server_now};
use crate::time::Timestamp;

/// How far a plot reaches before and behind an alarm, in milliseconds.
const PLOT_MARGIN_MS: i64 = 2 * 60 * 60 * 1_000;
/// In how many pieces a plot is asked for.
const PLOT_BUCKETS: usize = 120;

/// A live window on alarms.
pub type AlarmWindow = Window<AlarmList>;

/// Everything about alarms. Cheap to clone.
#[derive(Clone)]
pub struct Alarms {
    pub(crate) store: Store,
    pub(crate) engine: Arc<Engine>,
    pub(crate) directory: SharedDirectory,
    pub(crate) overlays: Arc<Overlays>,
    pub(crate) puller: Puller,
    pub(crate) handover: Handover,
    pub(crate) me: Arc<dyn Fn() -> Option<PersonId> + Send + Sync>,
    /// The location that narrows every screen (A5).
    pub(crate) location: Arc<dyn Fn() -> Option<LocationId> + Send + Sync>,
}

impl Alarms {
    fn list(&self, filter: AlarmFilter, sort: AlarmSort) -> AlarmList {
        AlarmList { filter, sort, directory: self.directory.clone(), overlays: Arc::clone(&self.overlays) }
    }

    /// A filter under the location that narrows every screen; one of its own goes first.
    fn narrowed(&self, filter: AlarmFilter) -> AlarmFilter {
        AlarmFilter { location: filter.location.or_else(|| (self.location)()), ..filter }
    }

    /// Opens a live window of at most `size` rows from the top.
    pub fn window(&self, filter: AlarmFilter, sort: AlarmSort, size: usize) -> AlarmWindow {
        self.engine.open(self.list(self.narrowed(filter), sort), size, None)
    }

    /// Opens a live window that no location narrows: what a tapped notification leads to (A5).
    pub fn window_everywhere(&self, filter: AlarmFilter, sort: AlarmSort, size: usize) -> AlarmWindow {
        self.engine.open(self.list(filter, sort), size, None)
    }

    /// Opens a live window that begins with this alarm. The location filter never hides it (A5).
    pub fn window_at(&self, filter: AlarmFilter, sort: AlarmSort, size: usize, at: AlarmId) -> AlarmWindow {
        self.engine.open(self.list(filter, sort), size, Some(at.0))
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&Self, &Reading<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Error> {
        let room = self.clone();
        Ok(self.store.read(move |reading| work(&room, reading)).await?)
    }

    /// One alarm's own page.
    pub async fn detail(&self, id: AlarmId) -> Result<AlarmDetail, Error> {
        self.read(move |room, reading| detail::read(reading, &*room.directory.at(reading.cache)?, &room.overlays, id))
            .await?
            .ok_or_else(|| Error::new(Code::NotFound).with("what", "alarm"))
    }

    /// Whom one could make responsible for an alarm.
    pub async fn assignees(&self, id: AlarmId) -> Result<Vec<AssigneeChoice>, Error> {
        let me = (self.me)().map(|me| me.0);
        self.read(move |room, reading| detail::assignees(reading, &*room.directory.at(reading.cache)?, me, id)).await
    }

    /// The sensor around an alarm: fresh from the server or, without signal, as it was seen last (O1).
    pub async fn plot(&self, id: AlarmId) -> Result<Plot, Error> {
        let detail = self.detail(id).await?;
        match (detail.may.plot, detail.sensor) {
            (Offer::NotOffered, _) => return Err(Error::new(Code::NotOffered)),
            (Offer::NotAllowed, _) => return Err(Error::new(Code::NotAllowed)),
            (_, None) => return Err(Error::new(Code::NotFound).with("what", "sensor")),
            _ => {}
        }
        let Some(sensor) = detail.sensor else { return Err(Error::new(Code::NotFound).with("what", "sensor")) };
        let row = detail.row;
        let from = row.activated.plus_millis(-PLOT_MARGIN_MS);
        let cleared_at = row.cleared.and_then(Cleared::at);
        let to = cleared_at.map_or_else(|| server_now(&self.puller.http), |at| at.plus_millis(PLOT_MARGIN_MS));
        let path = format!(
            "onsite/v1/organizations/{}/sensors/{sensor}/history?from={from}&to={to}&buckets={PLOT_BUCKETS}",
            row.organization
        );
        let (history, seen_at) = self.fetch_or_recall::<SensorHistory>("plot", id.0, &path).await?;
        Ok(Plot { history, alarm_from: row.activated, alarm_to: cleared_at, seen_at })
    }

    /// What people did to an alarm, oldest first: fresh from the server or, without signal, as it was seen last (O1).
    pub async fn history(&self, id: AlarmId) -> Result<Vec<HistoryEntry>, Error> {
        let detail = self.detail(id).await?;
        match detail.may.history {
            Offer::NotOffered => return Err(Error::new(Code::NotOffered)),
            Offer::NotAllowed => return Err(Error::new(Code::NotAllowed)),
            Offer::Offered | Offer::NotNow => {}
        }
        let path = format!("onsite/v1/organizations/{}/alarms/{id}/history", detail.row.organization);
        Ok(self.fetch_or_recall::<HistoryResponse>("history", id.0, &path).await?.0.entries)
    }

    /// What the server says of something or, without signal, what it said last, and when.
    pub(crate) async fn fetch_or_recall<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        kind: &'static str,
        id: uuid::Uuid,
        path: &str,
    ) -> Result<(T, Timestamp), Error> {
        match self.puller.http.get::<T>(path).await {
            Ok(answer) => {
                let now = server_now(&self.puller.http);
                seen::keep(&self.store, kind, id, &answer.body, now).await?;
                Ok((answer.body, now))
            }
            Err(fault) => seen::recall(&self.store, kind, id).await?.ok_or_else(|| fault.into()),
        }
    }

    /// Why a list shows what it shows (A12).
    pub async fn why_short(&self, filter: &AlarmFilter) -> Result<Vec<Why>, Error> {
        let filter = self.narrowed(filter.clone());
        self.read(move |room, reading| {
            let list = room.list(filter.clone(), AlarmSort::Newest);
            why::reasons(reading, &*room.directory.at(reading.cache)?, &list, &filter)
        })
        .await
    }

    /// Makes somebody responsible, or changes who or the note (A7).
    pub async fn acknowledge(&self, chosen: Chosen, assignee: Assignee, note: &str) -> Result<Receipt, Error> {
        self.act(chosen, Deed::Acknowledge { assignee, note: note.to_owned() }).await
    }

    /// Takes acknowledgements back (A7).
    pub async fn release(&self, chosen: Chosen) -> Result<Receipt, Error> {
        self.act(chosen, Deed::Release).await
    }

    /// Mutes alarms, or changes their mute (A9).
    pub async fn mute(
        &self,
        chosen: Chosen,
        until: MuteUntil,
        reason: MuteReason,
        text: &str,
    ) -> Result<Receipt, Error> {
        self.act(chosen, Deed::Mute { until, reason, text: text.to_owned() }).await
    }

    /// Lifts the alarms' own mutes (A9).
    pub async fn unmute(&self, chosen: Chosen) -> Result<Receipt, Error> {
        self.act(chosen, Deed::Unmute).await
    }

    /// Mutes all alarms of a device and its components, or changes the mute (A9).
    pub async fn mute_device(
        &self,
        device: DeviceId,
        until: MuteUntil,
        reason: MuteReason,
        text: &str,
    ) -> Result<Receipt, Error> {
        self.act_on_device(device, Deed::Mute { until, reason, text: text.to_owned() }).await
    }

    /// Lifts a device's mute (A9).
    pub async fn unmute_device(&self, device: DeviceId) -> Result<Receipt, Error> {
        self.act_on_device(device, Deed::Unmute).await
    }

    /// Hands all active alarms for which one is responsible over to a colleague, in one organization (A7).
    pub async fn hand_over(&self, organization: OrganizationId, to: Assignee) -> Result<Receipt, Error> {
        let Some(me) = (self.me)() else { return Err(Error::new(Code::NotSignedIn)) };
        let filter = AlarmFilter {
            organization: Some(organization),
            status: Some(super::Status::Active),
            assignment: AssignmentChoice::Person(me),
            ..AlarmFilter::default()
        };
        self.acknowledge(Chosen::AllOf(filter), to, "").await
    }

    /// Makes drafts in one snapshot, and hands them over at once: one action per alarm, one call (A13).
    async fn act(&self, chosen: Chosen, deed: Deed) -> Result<Receipt, Error> {
        let drafts = self.read(move |room, reading| {
            let directory = room.directory.at(reading.cache)?;
            let mut drafts = Vec::new();
            for id in room.chosen(reading, &chosen)? {
                let subject = Subject { kind: SubjectKind::Alarm, id: id.0 };
                let standing = Standing::of_alarm(reading, &directory, id)?;
                drafts.push((subject, room.draft(reading, standing, subject, &deed)?));
            }
            Ok(drafts)
        });
        self.hand(drafts.await?).await
    }

    async fn act_on_device(&self, device: DeviceId, deed: Deed) -> Result<Receipt, Error> {
        let subject = Subject { kind: SubjectKind::Device, id: device.0 };
        let drafted = self.read(move |room, reading| {
            let standing = Standing::of_device(reading, &*room.directory.at(reading.cache)?, device)?;
            room.draft(reading, standing, subject, &deed)
        });
        self.hand(vec![(subject, drafted.await?)]).await
    }

    pub(super) fn draft(
        &self,
        reading: &Reading<'_>,
        standing: Option<Standing>,
        subject: Subject,
        deed: &Deed,
    ) -> Result<Result<Draft, Error>, Fault> {
        let Some(standing) = standing else {
            return Ok(Err(Error::new(Code::NotFound).with("what", "alarm or device")));
        };
        let moment = self.puller.http.clock().now();
        let id = new_action_id(&moment);
        draft(reading, &standing, subject, deed, server_now(&self.puller.http), moment.wall, id)
    }

    fn chosen(&self, reading: &Reading<'_>, chosen: &Chosen) -> Result<Vec<AlarmId>, Fault> {
        match chosen {
            Chosen::These(ids) => Ok(ids.clone()),
            Chosen::AllOf(filter) => {
                let list = self.list(self.narrowed(filter.clone()), AlarmSort::Newest);
                let ready = list.prepare(reading)?;
                let mut ids = Vec::new();
                list.page(reading, &ready, Start::Top, usize::MAX, &mut |mark| {
                    ids.push(mark.id);
                    Ok(ControlFlow::Continue(()))
                })?;
                Ok(ids)
            }
        }
    }

    async fn hand(&self, drafted: Vec<(Subject, Result<Draft, Error>)>) -> Result<Receipt, Error> {
        let mut receipt = Receipt::default();
        let mut drafts = Vec::new();
        for (subject, draft) in drafted {
            match draft {
                Ok(draft) => drafts.push(draft),
                Err(error) => receipt.refused.push((subject, error)),
            }
        }
        if drafts.is_empty() {
            return Ok(receipt);
        }
        let subjects: Vec<Subject> = drafts.iter().map(|draft| draft.subject).collect();
        for (subject, made) in subjects.into_iter().zip(self.handover.hand(drafts).await?) {
            match made {
                Ok(id) => receipt.actions.push((subject, id)),
                Err(code) => receipt.refused.push((subject, Error::new(code))),
            }
        }
        Ok(receipt)
    }
}
