//! The bytes of photos (I4): they come in parts behind the message that announced them, and stand in its feed when all are
//! there. A message that nobody wrote has none: there is nothing to upload to.

use onsite_rules::action::Refusal;
use onsite_rules::photo::{EXPIRES_AFTER_MS, agrees};
use onsite_wire::codes::Code;
use onsite_wire::ids::{MessageId, OrganizationId};
use onsite_wire::onsite::{Message, Photo, PhotoHash, PhotoState};
use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::changes::Write;
use super::due::Due;
use super::incidents::without_revision;
use super::inventory::{read_body, write_body};
use super::objects::{Kind, Stored};
use super::{StorageError, View};

impl View<'_> {
    /// A line of a chat.
    pub(crate) fn message(&self, organization: OrganizationId, id: MessageId) -> Result<Option<Message>, StorageError> {
        let found = self.object(organization, Kind::Message, id.0)?;
        found.map(|(stored, _)| read_body("message", &stored.body)).transpose()
    }

    /// How many bytes of a photo are there.
    pub(crate) fn photo_offset(&self, organization: OrganizationId, id: MessageId) -> Result<i64, StorageError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT coalesce(max(begins + length(bytes)), 0) FROM photo_parts
                 WHERE organization = ?1 AND message = ?2",
            )?
            .query_row(params![organization.bytes(), id.bytes()], |row| row.get(0))?)
    }

    /// The bytes of a photo from one of them on, as far as one part holds them.
    pub(crate) fn photo_bytes(
        &self,
        organization: OrganizationId,
        id: MessageId,
        from: i64,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let found: Option<(i64, Vec<u8>)> = self
            .connection
            .prepare_cached(
                "SELECT begins, bytes FROM photo_parts
                 WHERE organization = ?1 AND message = ?2 AND begins <= ?3 ORDER BY begins DESC LIMIT 1",
            )?
            .query_row(params![organization.bytes(), id.bytes(), from], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(found.and_then(|(begins, mut bytes)| {
            let skip = usize::try_from(from - begins).ok().filter(|skip| *skip < bytes.len())?;
            bytes.drain(..skip);
            Some(bytes)
        }))
    }
}

impl Write<'_> {
    /// A message that announces a photo has arrived: its bytes have seven days.
    pub(super) fn expect_photo(&mut self, organization: OrganizationId, id: MessageId) -> Result<(), StorageError> {
        let until = self.now().plus_millis(EXPIRES_AFTER_MS);
        self.set_due(organization, id.0, Due::PhotoExpires, Some(until))
    }

    /// Takes a part that begins where the others end and goes no farther than the photo. With the last one all is looked at.
    pub(crate) fn take_photo_part(
        &mut self,
        organization: OrganizationId,
        message: Message,
        photo: Photo,
        begins: i64,
        bytes: &[u8],
    ) -> Result<Result<Photo, Refusal>, StorageError> {
        self.connection()
            .prepare_cached("INSERT INTO photo_parts (organization, message, begins, bytes) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![organization.bytes(), message.id.bytes(), begins, bytes])?;
        let there = i64::try_from(bytes.len()).unwrap_or(i64::MAX).saturating_add(begins);
        if there < photo.facts.size {
            return Ok(Ok(photo));
        }
        let mut all = Vec::with_capacity(usize::try_from(photo.facts.size).unwrap_or_default());
        while let Some(part) =
            self.view().photo_bytes(organization, message.id, i64::try_from(all.len()).unwrap_or(i64::MAX))?
        {
            all.extend_from_slice(&part);
        }
        if PhotoHash(Sha256::digest(&all).into()) != photo.facts.sha256 {
            self.drop_photo_bytes(organization, message.id)?;
            return Ok(Err(Refusal::of(Code::PhotoHashDiffers)));
        }
        let checked = agrees(&photo.facts, &all);
        self.settle_photo(organization, message, photo, checked).map(Ok)
    }

    /// A photo is there, or never will be: whoever reads the chat learns of it.
    pub(crate) fn settle_photo(
        &mut self,
        organization: OrganizationId,
        message: Message,
        photo: Photo,
        checked: Result<(), Refusal>,
    ) -> Result<Photo, StorageError> {
        let id = message.id;
        let photo = match checked {
            Ok(()) => Photo { state: PhotoState::There, reason: None, ..photo },
            Err(refusal) => {
                self.drop_photo_bytes(organization, id)?;
                Photo { state: PhotoState::Failed, reason: Some(refusal.code), arguments: refusal.arguments, ..photo }
            }
        };
        self.set_due(organization, id.0, Due::PhotoExpires, None)?;
        if let Some((stored, _)) = self.view().object(organization, Kind::Message, id.0)? {
            let message = Message { photo: Some(photo.clone()), revision: 0, ..message };
            let body = without_revision(write_body("message", &message)?);
            self.put(organization, &Stored { body, ..stored })?;
        }
        Ok(photo)
    }

    /// The time of a photo that is not complete is over.
    pub(super) fn expire_photo(&mut self, organization: OrganizationId, id: MessageId) -> Result<(), StorageError> {
        let Some(message) = self.view().message(organization, id)? else { return Ok(()) };
        let Some(photo) = message.photo.clone().filter(|photo| photo.state == PhotoState::Waiting) else {
            return Ok(());
        };
        self.settle_photo(organization, message, photo, Err(Refusal::of(Code::PhotoExpired))).map(drop)
    }

    fn drop_photo_bytes(&mut self, organization: OrganizationId, id: MessageId) -> Result<(), StorageError> {
        self.connection()
            .prepare_cached("DELETE FROM photo_parts WHERE organization = ?1 AND message = ?2")?
            .execute(params![organization.bytes(), id.bytes()])?;
        Ok(())
    }

    /// Bytes whose message is gone are of no use to anybody.
    pub(super) fn forget_photos(&mut self) -> Result<(), StorageError> {
        self.connection().execute(
            "DELETE FROM photo_parts WHERE NOT EXISTS (
                SELECT 1 FROM objects WHERE objects.organization = photo_parts.organization
                   AND objects.feed = 'messages' AND objects.id = photo_parts.message AND objects.removed_at IS NULL)",
            [],
        )?;
        Ok(())
    }
}
