//! How a program that embeds the server feeds it: the calls a gateway or an administration would make.

use std::collections::HashMap;

use onsite_wire::ids::{AlarmId, DeviceId, LocationId, OrganizationId, PersonId};
use onsite_wire::rest::{Measurement, Sensor};
use onsite_wire::time::Timestamp;

use super::accounts::KeyRow;
use super::conditions::Condition;
use super::people::OrganizationRow;
use super::{Storage, StorageError};
use crate::access::secrets;
use crate::document::{DocumentGroup, OrganizationDocument};

/// Why something was not taken in. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The document is not one of an organization.
    #[error("the document cannot be taken in: {0}")]
    Document(&'static str),
    /// What it is about does not exist.
    #[error("there is no such {0}")]
    Unknown(&'static str),
    /// The data could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

fn known(found: bool, what: &'static str) -> Result<(), IngestError> {
    if found { Ok(()) } else { Err(IngestError::Unknown(what)) }
}

impl Storage {
    /// Takes in an organization, new or as it is from now on.
    pub async fn import(&self, document: OrganizationDocument) -> Result<OrganizationId, IngestError> {
        // Hashing takes its time, and the writer is not to wait for it.
        let hashing = tokio::task::spawn_blocking(move || {
            let mut hashes = HashMap::new();
            for person in &document.people {
                if let Some(password) = &person.password {
                    hashes.insert(person.id, secrets::hash_password(password)?);
                }
            }
            Some((document, hashes))
        });
        let hashed = hashing.await.map_err(|_| StorageError::Interrupted)?;
        let (document, hashes) = hashed.ok_or(IngestError::Document("a password cannot be hashed"))?;
        self.write(move |write| write.import(&document, &hashes)).await
    }

    /// All organizations, by name.
    pub async fn organizations(&self) -> Result<Vec<OrganizationRow>, StorageError> {
        self.read(|view| view.organizations()).await
    }

    /// A condition occurs, or occurs again within the window: the alarm that shows it.
    pub async fn condition_occurs(&self, condition: Condition, at: Timestamp) -> Result<AlarmId, IngestError> {
        self.write(move |write| {
            known(write.view().organization(condition.organization)?.is_some(), "organization")?;
            Ok(write.condition_occurs(&condition, at)?)
        })
        .await
    }

    /// A condition is described anew.
    pub async fn condition_changes(&self, condition: Condition) -> Result<(), IngestError> {
        self.write(move |write| known(write.condition_changes(&condition)?, "condition")).await
    }

    /// A condition goes; its alarm clears when it has stayed away for the window.
    pub async fn condition_goes(
        &self,
        organization: OrganizationId,
        device: DeviceId,
        name: String,
        at: Timestamp,
    ) -> Result<(), IngestError> {
        self.write(move |write| known(write.condition_goes(organization, device, &name, at)?, "condition")).await
    }

    /// Does what time brings: clears the alarms whose conditions have stayed away for the window, closes incidents, ends
    /// mutes, tells what is to be told now. Gives how many things that were, what was told not counted.
    pub async fn tick(&self) -> Result<usize, StorageError> {
        let now = self.clock.now();
        if self.read(move |view| view.notice_is_due(now)).await? {
            self.write(|write| write.tell_what_is_due()).await?;
        }
        let gone = now.plus_millis(-onsite_rules::clearing::WINDOW_MS);
        // Looking costs the writer nothing; there is seldom something due.
        if self
            .read(move |view| Ok::<_, StorageError>(view.something_is_due(gone)? || view.something_fell_due(now)?))
            .await?
        {
            self.write(|write| Ok(write.clear_what_is_due()? + write.pass_what_is_due()?)).await
        } else {
            Ok(0)
        }
    }

    /// Stores measured values of one organization.
    pub async fn measure(
        &self,
        organization: OrganizationId,
        measurements: Vec<Measurement>,
    ) -> Result<(), IngestError> {
        self.write(move |write| {
            known(write.view().organization(organization)?.is_some(), "organization")?;
            Ok(write.measure(organization, measurements)?)
        })
        .await
    }

    /// Replaces the groups of an organization, and with them what its people may see and do.
    pub async fn set_groups(
        &self,
        organization: OrganizationId,
        groups: Vec<DocumentGroup>,
    ) -> Result<(), StorageError> {
        self.write(move |write| write.put_groups(organization, &groups)).await
    }

    /// Takes a person out of an organization.
    pub async fn remove_person(&self, organization: OrganizationId, person: PersonId) -> Result<(), StorageError> {
        self.write(move |write| write.remove_member(organization, person)).await
    }

    /// Moves a device with its components; without a location it is directly under the organization.
    pub async fn move_device(
        &self,
        organization: OrganizationId,
        device: DeviceId,
        to: Option<LocationId>,
    ) -> Result<(), IngestError> {
        self.write(move |write| known(write.move_device(organization, device, to)?, "device or location")).await
    }

    /// Moves a location with all that is in it.
    pub async fn move_location(
        &self,
        organization: OrganizationId,
        location: LocationId,
        to: Option<LocationId>,
    ) -> Result<(), IngestError> {
        self.write(move |write| known(write.move_location(organization, location, to)?, "location")).await
    }

    /// Takes a device away, with its components and sensors.
    pub async fn remove_device(&self, organization: OrganizationId, device: DeviceId) -> Result<(), IngestError> {
        self.write(move |write| known(write.remove_device(organization, device)?, "device")).await
    }

    /// Writes a sensor, new or as it is from now on.
    pub async fn put_sensor(&self, organization: OrganizationId, sensor: Sensor) -> Result<(), StorageError> {
        self.write(move |write| write.put_sensor(organization, &sensor)).await
    }

    /// Makes an API key that reads these organizations. This is the only time that it can be seen.
    pub async fn create_api_key(&self, organizations: Vec<OrganizationId>) -> Result<String, IngestError> {
        let name = crate::random::name();
        let key = format!("AK1/{name}/{}", crate::random::secret());
        let hash = secrets::hash_token(&key);
        self.write(move |write| {
            for organization in &organizations {
                known(write.view().organization(*organization)?.is_some(), "organization")?;
            }
            Ok::<_, IngestError>(write.put_api_key(&hash, &name, &organizations)?)
        })
        .await?;
        Ok(key)
    }

    /// The API keys there are; none can be used by what is told here.
    pub async fn api_keys(&self) -> Result<Vec<KeyRow>, StorageError> {
        self.read(|view| view.api_keys()).await
    }

    /// Takes an API key back: from now on it opens nothing, and streams that were opened with it end. `false`: there is no
    /// key of this name.
    pub async fn revoke_api_key(&self, name: &str) -> Result<bool, StorageError> {
        let name = name.to_owned();
        self.write(move |write| write.remove_api_key(&name)).await
    }
}
