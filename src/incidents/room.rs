//! The incidents' part of the public API.

use std::sync::Arc;

use onsite_rules::action::OPEN_INCIDENT;
use onsite_rules::incident::{FeedbackBody, OpenBody};
use onsite_rules::message::MessageBody;
use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, AlarmId, DeviceId, IncidentId, LocationId, MessageId, OrganizationId};
use onsite_wire::onsite::{Subject, SubjectKind};
use serde::Deserialize;
use serde_json::Value;

use super::acting::{self, Deed, Standing};
use super::chat::ChatList;
use super::drafts;
use super::filling::{self, ChatWindow, Filler, Teller, Trouble};
use super::list::{IncidentFilter, IncidentList};
use super::page::{self, IncidentPage, error};
use super::row::{self, IncidentRow};
use crate::alarms::Undone;
use crate::devices::directory::SharedDirectory;
use crate::error::Error;
use crate::live::{Engine, Window};
use crate::photos::{Fetching, Shelf};
use crate::store::{Fault, Reading, Store};
use crate::sync::handover::{Handover, new_action_id};
use crate::sync::outbox::{Draft, SubjectName};
use crate::sync::overlays::Overlays;
use crate::sync::pull::{Puller, server_now};

/// A live window on incidents.
pub type IncidentWindow = Window<IncidentList>;

/// What a person is told before opening an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The device.
    pub device: DeviceId,
    /// An incident of the device that is under way: write there instead; a second one would be refused.
    pub under_way: Option<IncidentId>,
    /// It may cost money: say so, and open with `cost_accepted` only when the person goes on (I1).
    pub may_cost: bool,
}

/// Everything about incidents. Cheap to clone.
#[derive(Clone)]
pub struct Incidents {
    pub(crate) store: Store,
    pub(crate) engine: Arc<Engine>,
    pub(crate) directory: SharedDirectory,
    pub(crate) overlays: Arc<Overlays>,
    pub(crate) puller: Puller,
    pub(crate) handover: Handover,
    /// Tells what somebody looks at.
    pub(crate) teller: Teller,
    /// The location that narrows every screen (A5).
    pub(crate) location: Arc<dyn Fn() -> Option<LocationId> + Send + Sync>,
    /// Sealed photos.
    pub(crate) shelf: Shelf,
    pub(crate) fetching: Fetching,
}

impl Incidents {
    /// Opens a live window of at most `size` incidents, the newest event first. The location that narrows every screen
    /// holds unless the filter has one of its own.
    pub fn window(&self, filter: IncidentFilter, size: usize) -> IncidentWindow {
        let filter = IncidentFilter { location: filter.location.or_else(|| (self.location)()), ..filter };
        self.engine.open(self.list(filter), size, None)
    }

    /// Opens a live window on the newest `size` messages of an incident; `more` pages backwards.
    pub fn chat(&self, incident: IncidentId, size: usize) -> ChatWindow {
        ChatWindow::new(self.engine.open(ChatList { incident }, size, None), (incident, size, None), &self.teller)
    }

    /// Opens a live window on the chat that begins with this message and goes back from there: where a notice leads.
    pub fn chat_at(&self, incident: IncidentId, size: usize, at: MessageId) -> ChatWindow {
        let window = self.engine.open(ChatList { incident }, size, Some(at.0));
        ChatWindow::new(window, (incident, size, Some(at)), &self.teller)
    }

    fn list(&self, filter: IncidentFilter) -> IncidentList {
        IncidentList { filter, directory: self.directory.clone(), overlays: Arc::clone(&self.overlays) }
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&Self, &Reading<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Error> {
        let room = self.clone();
        Ok(self.store.read(move |reading| work(&room, reading)).await?)
    }

    /// One incident's own page.
    pub async fn page(&self, id: IncidentId) -> Result<IncidentPage, Error> {
        self.read(move |room, reading| {
            let directory = room.directory.at(reading.cache)?;
            let http = &room.puller.http;
            let now = (server_now(http), http.server_clock().estimate(&http.clock().now()));
            page::read(reading, &directory, &room.overlays, id, now)
        })
        .await?
        .ok_or_else(|| Error::new(Code::NotFound).with("what", "incident"))
    }

    /// A device's incidents that are under way, for the page of an alarm (A2).
    pub async fn open_of(&self, device: DeviceId) -> Result<Vec<IncidentRow>, Error> {
        self.read(move |room, reading| {
            let directory = room.directory.at(reading.cache)?;
            let Some(device) = directory.device_number(device) else { return Ok(Vec::new()) };
            let rows: Vec<i64> = reading
                .cache
                .prepare_cached("SELECT n FROM incident WHERE device = ?1 AND state < 3 ORDER BY recency")?
                .query_map([device], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let read = |n| row::incident(reading.cache, &directory, &room.overlays, n).transpose();
            rows.into_iter().filter_map(read).collect()
        })
        .await
    }

    /// What is to be said before an incident is opened on a device, or why none can be: also without signal (P10).
    pub async fn opening(&self, device: DeviceId) -> Result<Opening, Error> {
        let ground = self
            .read(move |room, reading| acting::ground(reading, &*room.directory.at(reading.cache)?, device))
            .await?
            .map_err(error)?;
        Ok(Opening { device, under_way: ground.under_way, may_cost: true })
    }

    /// Opens an incident (I1). It is in the lists at once; the server opens it when the signal is there, within an hour.
    pub async fn open(
        &self,
        device: DeviceId,
        subject: &str,
        description: &str,
        alarms: Vec<AlarmId>,
        cost_accepted: bool,
    ) -> Result<IncidentId, Error> {
        let body = OpenBody {
            device_id: device,
            subject: subject.to_owned(),
            description: description.to_owned(),
            alarms,
            cost_accepted,
        };
        let (draft, id) = self.opening_draft(body, None).await?;
        self.hand(vec![draft]).await?;
        Ok(id)
    }

    async fn opening_draft(&self, body: OpenBody, instead: Option<IncidentId>) -> Result<(Draft, IncidentId), Error> {
        let device = body.device_id;
        let drafted = self
            .read(move |room, reading| {
                let ground = acting::ground(reading, &*room.directory.at(reading.cache)?, device)?;
                Ok(ground.and_then(|mut ground| {
                    ground.under_way = ground.under_way.filter(|present| Some(*present) != instead);
                    let name = SubjectName { label: body.subject.clone(), within: ground.label.clone() };
                    Ok((ground.organization, name, acting::opening(&ground, &body)?))
                }))
            })
            .await?;
        let (organization, name, body) = drafted.map_err(error)?;
        let id = new_action_id(&self.puller.http.clock().now());
        let incident = IncidentId(id.0);
        Ok((draft(id, organization, OPEN_INCIDENT.name, incident, body, name), incident))
    }

    /// Writes in an incident's chat (I4); the draft is used up. The message is on this phone from here on, whatever happens,
    /// and is sent in the order of writing, once.
    pub async fn write(&self, id: IncidentId, text: &str) -> Result<MessageId, Error> {
        let message = self.act(id, Deed::Write(MessageBody::of(text)), None).await?;
        self.set_draft(id, "").await?;
        Ok(MessageId(message.0))
    }

    /// Says that everything up to this number was read; the larger one stays, also from another phone.
    pub async fn read_up_to(&self, id: IncidentId, number: i64) -> Result<(), Error> {
        self.act(id, Deed::ReadUpTo(number), None).await.map(drop)
    }

    /// Says that an incident is solved (I2).
    pub async fn solve(&self, id: IncidentId) -> Result<(), Error> {
        self.act(id, Deed::Solve, None).await.map(drop)
    }

    /// Reopens a solved incident, within 4 days (I2).
    pub async fn reopen(&self, id: IncidentId) -> Result<(), Error> {
        self.act(id, Deed::Reopen, None).await.map(drop)
    }

    /// Gives feedback on a completed incident, or edits it (I5); works without signal.
    pub async fn give_feedback(&self, id: IncidentId, rating: i32, comment: &str) -> Result<(), Error> {
        let body = FeedbackBody { rating, comment: comment.to_owned() };
        self.act(id, Deed::Judge(body), None).await.map(drop)
    }

    /// Keeps what was begun to be written.
    pub async fn set_draft(&self, id: IncidentId, text: &str) -> Result<(), Error> {
        let text = text.to_owned();
        Ok(self.store.write(move |writer| writer.own(|own| drafts::write(own, id, &text))).await?)
    }

    /// Reopens the incident of a parked message and sends it after all: in this order, or not at all.
    pub async fn reopen_and_send(&self, id: IncidentId, parked: MessageId, text: &str) -> Result<MessageId, Error> {
        let reopening = self.draft(id, Deed::Reopen, None).await?;
        let standing = self.standing(id).await?;
        let body = self.acting_message(id, parked, text)?;
        let clock = self.puller.http.clock();
        let message = new_action_id(&clock.now());
        let kind = onsite_rules::action::MESSAGE.name;
        let resend = Draft {
            retry_of: Some(ActionId(parked.0)),
            ..draft(message, standing.organization, kind, id, body, standing.name)
        };
        self.hand(vec![reopening, resend]).await?;
        Ok(MessageId(message.0))
    }

    /// Opens a new incident on the same device and sends a parked message there.
    pub async fn send_in_new(
        &self,
        id: IncidentId,
        parked: MessageId,
        text: &str,
        subject: &str,
        cost_accepted: bool,
    ) -> Result<IncidentId, Error> {
        let standing = self.standing(id).await?;
        let body = OpenBody {
            device_id: standing.incident.device_id,
            subject: subject.to_owned(),
            description: String::new(),
            alarms: standing.incident.alarms.clone(),
            cost_accepted,
        };
        // An opening that was refused stands in the list until the person lets go of it: it is no obstacle.
        let instead = standing.refused.then_some(id);
        let (opening, incident) = self.opening_draft(body, instead).await?;
        let message = new_action_id(&self.puller.http.clock().now());
        let kind = onsite_rules::action::MESSAGE.name;
        let body = self.acting_message(id, parked, text)?;
        let resend = Draft {
            retry_of: Some(ActionId(parked.0)),
            ..draft(message, standing.organization, kind, incident, body, opening.name.clone())
        };
        self.hand(vec![opening, resend]).await?;
        Ok(incident)
    }

    /// The body of a message that is sent instead of a parked one; its photo goes with it.
    fn acting_message(&self, id: IncidentId, parked: MessageId, text: &str) -> Result<Value, Error> {
        let pending = self.overlays.of(SubjectKind::Incident, id.0);
        let parked = pending.iter().find(|action| action.id.0 == parked.0);
        let photo = parked.and_then(|action| MessageBody::deserialize(&action.body).ok()?.photo);
        let body = MessageBody { text: text.to_owned(), photo };
        body.check().map_err(error)?;
        serde_json::to_value(body).map_err(|_| Error::new(Code::Internal).with("detail", "action body"))
    }

    pub(super) async fn standing(&self, id: IncidentId) -> Result<Standing, Error> {
        self.read(move |room, reading| Standing::of(reading, &*room.directory.at(reading.cache)?, &room.overlays, id))
            .await?
            .ok_or_else(|| Error::new(Code::NotFound).with("what", "incident"))
    }

    async fn draft(&self, id: IncidentId, deed: Deed, retry_of: Option<ActionId>) -> Result<Draft, Error> {
        let standing = self.standing(id).await?;
        let http = &self.puller.http;
        let body = standing.body(&deed, server_now(http)).map_err(error)?;
        let action = new_action_id(&http.clock().now());
        Ok(Draft { retry_of, ..draft(action, standing.organization, deed.kind().name, id, body, standing.name) })
    }

    pub(super) async fn act(&self, id: IncidentId, deed: Deed, retry_of: Option<ActionId>) -> Result<ActionId, Error> {
        let draft = self.draft(id, deed, retry_of).await?;
        let action = draft.id;
        self.hand(vec![draft]).await?;
        Ok(action)
    }

    /// The same again: an opening becomes another incident, everything else goes where it was meant to go.
    pub(crate) async fn again(&self, undone: Undone) -> Result<ActionId, Error> {
        let id = new_action_id(&self.puller.http.clock().now());
        let opens = undone.kind == OPEN_INCIDENT.name;
        let incident = IncidentId(if opens { id.0 } else { undone.subject.id });
        let again = draft(id, undone.organization, &undone.kind, incident, undone.body, undone.name);
        self.hand(vec![Draft { retry_of: Some(undone.id), ..again }]).await?;
        Ok(id)
    }

    async fn hand(&self, drafts: Vec<Draft>) -> Result<(), Error> {
        for made in self.handover.hand(drafts).await? {
            made.map_err(Error::new)?;
        }
        Ok(())
    }

    /// Fills the newest gap of a chat, or what lies before the oldest message: asks the server for at most a hundred
    /// messages, and gives how many came. 0: nothing is missing any more. What an open window shows is filled without that.
    pub async fn fill(&self, id: IncidentId) -> Result<usize, Error> {
        let Some(wanted) = self.read(move |_, reading| filling::missing(reading, id)).await? else { return Ok(0) };
        let (store, puller) = (self.store.clone(), self.puller.clone());
        let filler = Filler { store, puller, overlays: Arc::clone(&self.overlays) };
        filler.ask(wanted).await.map_err(|trouble| match trouble {
            Trouble::Net(fault) => Error::from(fault),
            Trouble::Store(fault) => Error::from(fault),
        })
    }
}

fn draft(
    id: ActionId,
    organization: OrganizationId,
    kind: &str,
    incident: IncidentId,
    body: Value,
    name: SubjectName,
) -> Draft {
    Draft {
        id,
        organization,
        kind: kind.to_owned(),
        subject: Subject { kind: SubjectKind::Incident, id: incident.0 },
        body,
        seen: 0,
        expires_at: None,
        retry_of: None,
        name,
    }
}
