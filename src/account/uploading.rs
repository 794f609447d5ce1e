//! The bytes of photos, beside the outbox (I4): what the step function decides, done, and what is to be seen of it.

use std::sync::Arc;

use onsite_rules::action::MESSAGE;
use onsite_rules::message::MessageBody;
use onsite_wire::codes::Code;
use onsite_wire::ids::{IncidentId, MessageId, OrganizationId};
use onsite_wire::onsite::{PhotoState, PhotoUpload};
use serde::Deserialize;

use super::driver::{Driver, Message};
use super::signal::Signal;
use super::{Account, AccountConfig};
use crate::error::Error;
use crate::incidents;
use crate::journal::Line;
use crate::net::{self, Http};
use crate::photos::{Announced, Effect, Event, Failure, OnWay, PART, Shelf, ShelfFault, Stage, Uploads};
use crate::store::{Fault, Reading};
use crate::sync::outbox::{Entry, Record, State};
use crate::time::Timestamp;

/// A photo of one's own whose bytes are not on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoOnWay {
    /// Its message.
    pub message: MessageId,
    /// Whose.
    pub organization: OrganizationId,
    /// In which chat.
    pub incident: IncidentId,
    /// How many bytes.
    pub size: u64,
    /// So many of them the server has, as far as it said.
    pub offset: u64,
    /// Where it is.
    pub stage: PhotoStage,
    /// When it is tried next, by the phone's clock; `None` while it is being sent, or waits for something else.
    pub next_attempt: Option<Timestamp>,
    /// Why the last attempt failed.
    pub trouble: Option<Code>,
}

/// Where a photo of one's own is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhotoStage {
    /// It goes when the server has its message.
    WaitsForMessage,
    /// It waits for its next attempt.
    Waiting,
    /// It is being sent.
    BeingSent,
    /// It will not be taken; the chat says so to everybody.
    Failed(Code),
}

impl PhotoStage {
    /// Its name, for diagnostics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WaitsForMessage => "waits_for_message",
            Self::Waiting => "waiting",
            Self::BeingSent => "being_sent",
            Self::Failed(code) => code.as_str(),
        }
    }
}

/// What is to be seen of the photos on their way.
pub(super) fn photos_on_way(uploads: &Uploads, on_wall: impl Fn(i64) -> Timestamp) -> Vec<PhotoOnWay> {
    let seen = uploads.waiting().map(|upload| {
        let Announced { message, organization, incident, size, .. } = upload.announced;
        let stage = match upload.stage {
            Stage::Held => PhotoStage::WaitsForMessage,
            Stage::Refused(code) => PhotoStage::Failed(code),
            _ if uploads.is_being_sent(message) => PhotoStage::BeingSent,
            Stage::Going | Stage::GivingUp | Stage::Done => PhotoStage::Waiting,
        };
        PhotoOnWay {
            message,
            organization,
            incident,
            size,
            offset: upload.offset.unwrap_or_default(),
            stage,
            next_attempt: uploads.next_attempt_of(upload).map(&on_wall),
            trouble: upload.trouble,
        }
    });
    seen.collect()
}

/// The photo that an action announces.
pub(super) fn announced(entry: &Entry) -> Option<Announced> {
    if entry.kind != MESSAGE.name {
        return None;
    }
    let photo = MessageBody::deserialize(&entry.body).ok()?.photo?;
    Some(Announced {
        message: MessageId(entry.id.0),
        organization: entry.organization,
        incident: IncidentId(entry.subject.id),
        hash: photo.sha256,
        size: u64::try_from(photo.size).ok()?,
        on_server: matches!(entry.state, State::OnServer(_)),
        settled: false,
    })
}

/// The photos that a step of the outbox is about: announced, and let go of.
pub(super) fn of_record(record: &Record) -> (Vec<Announced>, Vec<MessageId>) {
    let gone = record.forget.iter().map(|id| MessageId(id.0)).collect();
    (record.put.iter().filter_map(announced).collect(), gone)
}

impl Account {
    /// Photos that are on their way, or wait for their message, oldest first (I4). What is not in here is on the server.
    pub fn photos(&self) -> Vec<PhotoOnWay> {
        self.view(|view| view.photos.clone())
    }
}

/// The sealed photos, in the account's folder: they go when it is wiped.
pub(super) fn shelf(config: &AccountConfig) -> Result<Shelf, Error> {
    let key = config.key.derived("onsite: photos of chats, 1");
    let key = key.ok_or_else(|| Error::new(Code::Internal).with("detail", "photo key"))?;
    Ok(Shelf::new(config.folder.join("photos"), key, config.photo_cache_bytes, Arc::clone(&config.clock)))
}

impl Driver {
    /// Tells the uploads what the outbox decided.
    pub(super) fn follow_photos(&mut self, mut announced: Vec<Announced>, gone: Vec<MessageId>) {
        announced.retain(|photo| self.uploads.is_news(photo.message, photo.on_server));
        if !announced.is_empty() || !gone.is_empty() {
            self.step_photos(Event::Outbox { announced, gone });
        }
    }

    /// The same of what an earlier process left: which of the photos are there by now may be known here. Later on it may not:
    /// a restored backup has the message sent again while the phone's copy still says that its photo is there.
    pub(super) async fn recover_photos(&mut self, announced: Vec<Announced>) -> Result<(), Fault> {
        let read = move |reading: &Reading<'_>| {
            let mut announced = announced.clone();
            for photo in announced.iter_mut().filter(|photo| photo.on_server) {
                let state = incidents::photo_state(reading.cache, photo.message)?;
                photo.settled = state.is_some_and(|state| state != PhotoState::Waiting);
            }
            Ok(announced)
        };
        let announced = self.parts.store.read(read).await?;
        self.follow_photos(announced, Vec::new());
        Ok(())
    }

    /// One step of the uploads, and its effects.
    pub(super) fn step_photos(&mut self, event: Event) {
        let effects = self.uploads.step(event, &self.now(), Self::random());
        self.parts.shelf.set_needed(self.uploads.needed());
        for effect in effects {
            match effect {
                Effect::WakeAt(at) => self.wake_photos = at,
                Effect::Drop(hash) => {
                    let shelf = self.parts.shelf.clone();
                    tokio::task::spawn_blocking(move || shelf.remove(hash));
                }
                Effect::Ask(of) => self.send_photo(of, Asking::Offset),
                Effect::Put { of, from } => self.send_photo(of, Asking::Part(from)),
                Effect::GiveUp(of) => {
                    let line = Line::new(self.now().wall, "photo_given_up").of(of.organization);
                    self.note(line.about(of.message.0));
                    self.send_photo(of, Asking::GiveUp);
                }
            }
        }
    }

    fn send_photo(&mut self, of: OnWay, asking: Asking) {
        let http = self.parts.puller.http.clone();
        let shelf = self.parts.shelf.clone();
        let sender = self.parts.sender.clone();
        let mut signal = Signal::of(&self.offline);
        self.running.push(tokio::spawn(async move {
            let passing = Failure::Passing { code: Code::NoNetwork, retry_after_ms: None };
            let answer = if signal.is_gone() {
                Err(passing)
            } else {
                signal.unless_gone(request(&http, &shelf, of, asking)).await.unwrap_or(Err(passing))
            };
            drop(sender.send(Message::Photos(Event::Answered { ticket: of.ticket, answer })));
        }));
    }
}

/// What is asked of the server.
#[derive(Debug, Clone, Copy)]
enum Asking {
    Offset,
    Part(u64),
    GiveUp,
}

async fn request(http: &Http, shelf: &Shelf, of: OnWay, asking: Asking) -> Result<PhotoUpload, Failure> {
    let OnWay { organization, incident, message, hash, size, .. } = of;
    let path = format!("onsite/v1/organizations/{organization}/incidents/{incident}/photos/{message}/upload");
    let answer = match asking {
        Asking::Offset => http.get::<PhotoUpload>(&path).await,
        Asking::GiveUp => http.delete_for::<PhotoUpload>(&path).await,
        Asking::Part(from) => {
            let shelf = shelf.clone();
            let length = usize::try_from(PART.min(size.saturating_sub(from))).unwrap_or_default();
            let reading = tokio::task::spawn_blocking(move || shelf.read(hash, size, from, length)).await;
            let part = reading.unwrap_or(Err(ShelfFault::Asleep)).map_err(|fault| match fault {
                ShelfFault::NotHere | ShelfFault::Torn => Failure::Lost,
                // Woken up, the phone nudges.
                ShelfFault::Asleep => Failure::Stumbled(Code::StoreClosed),
                ShelfFault::Io(_) => Failure::Stumbled(Code::Internal),
            })?;
            http.put_bytes::<PhotoUpload>(&format!("{path}?offset={from}"), part).await
        }
    };
    answer.map(|answer| answer.body).map_err(|fault| failure_of(&fault))
}

/// What a failed request means for a photo.
fn failure_of(fault: &net::Fault) -> Failure {
    let number = |name: &str| fault.arguments().get(name).and_then(|text| text.parse().ok());
    match fault.code() {
        Code::PhotoOffset => number("offset").map_or(Failure::Stumbled(Code::AnswerBroken), Failure::Elsewhere),
        Code::PhotoHashDiffers => Failure::Damaged,
        // A proxy's limit, or one server's bad day with this photo.
        Code::ServerFault | Code::TooLarge | Code::TooSlow => Failure::Stumbled(fault.code()),
        Code::NotSignedIn => Failure::Passing { code: Code::NotSignedIn, retry_after_ms: None },
        code if fault.is_transient() => {
            let wait = fault.retry_after().and_then(|wait| i64::try_from(wait.as_millis()).ok());
            Failure::Passing { code, retry_after_ms: wait }
        }
        code => Failure::Refused(code),
    }
}
