//! Photos in a chat (I4): written with a message, read, saved.

use std::path::PathBuf;

use onsite_rules::incident::may_write;
use onsite_rules::message::MessageBody;
use onsite_rules::photo::agrees;
use onsite_wire::codes::Code;
use onsite_wire::ids::{IncidentId, MessageId};
use onsite_wire::onsite::{Photo, PhotoFacts, PhotoState};

use super::acting::Deed;
use super::page::error;
use super::room::Incidents;
use super::shape;
use crate::error::Error;
use crate::photos::{self, NewPhoto, ShelfFault};

/// The bytes of a photo, or why nobody should look at them.
type Checked = Result<Vec<u8>, Error>;

impl Incidents {
    /// Writes a message with a photo (I4); the text may be empty. What the photo carries beside its pixels, as where it was
    /// taken, is gone before anything is kept. From here on it is on this phone, sealed: the message goes in its order, the
    /// bytes follow beside it. What is begun is done, whether or not somebody waits for the answer.
    pub async fn write_with_photo(&self, id: IncidentId, text: &str, photo: NewPhoto) -> Result<MessageId, Error> {
        let (room, text) = (self.clone(), text.to_owned());
        let done = tokio::spawn(async move { room.take_and_write(id, text, photo).await });
        done.await.map_err(|_| Error::new(Code::StoreClosed))?
    }

    async fn take_and_write(&self, id: IncidentId, text: String, photo: NewPhoto) -> Result<MessageId, Error> {
        // Known before a byte is read.
        let standing = self.standing(id).await?;
        standing.takes_photos().and_then(|()| may_write(standing.state)).map_err(error)?;
        let shelf = self.shelf.clone();
        let taking = tokio::task::spawn_blocking(move || photos::take(&shelf, photo));
        let facts = taking.await.map_err(|_| Error::new(Code::StoreClosed))??;
        let hash = facts.sha256;
        let written = self.act(id, Deed::Write(MessageBody { text, photo: Some(facts) }), None).await;
        self.shelf.arrived(hash);
        match written {
            Ok(action) => {
                self.set_draft(id, "").await?;
                Ok(MessageId(action.0))
            }
            Err(error) => {
                // Without its message nobody would ever look for it.
                let shelf = self.shelf.clone();
                tokio::task::spawn_blocking(move || shelf.remove(hash));
                Err(error)
            }
        }
    }

    /// The bytes of a message's photo: from this phone, or read from the server and kept. `photo_waiting`: its writer's phone
    /// has not sent all of it.
    pub async fn photo(&self, id: IncidentId, message: MessageId) -> Result<Vec<u8>, Error> {
        match self.read_photo(id, message).await? {
            // The file was damaged, or went to make room in this moment: the server may have it.
            Err(ShelfFault::Torn | ShelfFault::NotHere) => self.read_photo(id, message).await??,
            read => read?,
        }
    }

    async fn read_photo(&self, id: IncidentId, message: MessageId) -> Result<Result<Checked, ShelfFault>, Error> {
        let facts = self.photo_here(id, message).await?;
        let (shelf, size) = (self.shelf.clone(), u64::try_from(facts.size).unwrap_or_default());
        let length = usize::try_from(size).unwrap_or_default();
        let reading = tokio::task::spawn_blocking(move || {
            let bytes = shelf.read(facts.sha256, size, 0, length)?;
            // Whoever sent it, and whatever the server says: no decoder gets what would take all of a phone's memory.
            Ok(agrees(&facts, &bytes).map(|()| bytes).map_err(error))
        });
        reading.await.map_err(|_| Error::new(Code::StoreClosed))
    }

    /// Writes a message's photo into a file of the phone's system, in clear: the person asked for it.
    pub async fn save_photo(&self, id: IncidentId, message: MessageId, to: PathBuf) -> Result<(), Error> {
        let bytes = self.photo(id, message).await?;
        let writing = tokio::task::spawn_blocking(move || std::fs::write(to, bytes));
        let written = writing.await.map_err(|_| Error::new(Code::StoreClosed))?;
        written.map_err(|fault| Error::input(format!("the file cannot be written: {}", fault.kind())))
    }

    /// Whether a message's photo can be looked at without signal.
    pub async fn has_photo(&self, message: MessageId) -> Result<bool, Error> {
        let Some(photo) = self.photo_of(message).await? else { return Ok(false) };
        let (shelf, size) = (self.shelf.clone(), u64::try_from(photo.facts.size).unwrap_or_default());
        let looking = tokio::task::spawn_blocking(move || shelf.holds(photo.facts.sha256, size));
        looking.await.map_err(|_| Error::new(Code::StoreClosed))
    }

    async fn photo_of(&self, message: MessageId) -> Result<Option<Photo>, Error> {
        self.read(move |_, reading| shape::photo(reading.cache, message)).await
    }

    /// Sees to it that a photo lies on this phone.
    async fn photo_here(&self, id: IncidentId, message: MessageId) -> Result<PhotoFacts, Error> {
        let missing = || Error::new(Code::NotFound).with("what", "photo");
        let photo = self.photo_of(message).await?.ok_or_else(missing)?;
        if self.has_photo(message).await? {
            return Ok(photo.facts);
        }
        match photo.state {
            PhotoState::There => {}
            PhotoState::Waiting => return Err(Error::new(Code::PhotoWaiting)),
            PhotoState::Failed => return Err(Error::new(Code::PhotoGone)),
        }
        let organization = self.standing(id).await?.organization;
        let path = format!("onsite/v1/organizations/{organization}/incidents/{id}/photos/{message}");
        let size = u64::try_from(photo.facts.size).unwrap_or_default();
        let http = &self.puller.http;
        photos::fetch(&self.shelf, http, &self.fetching, &path, photo.facts.sha256, size).await?;
        Ok(photo.facts)
    }
}
