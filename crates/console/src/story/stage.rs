//! Where the story happens: the embedded server with the demonstration's organizations, its clock, and who works there.

use std::path::PathBuf;
use std::sync::Arc;

use onsite::notifications::PushIdentity;
use onsite::time::Timestamp;
use onsite_rules::rights::sees_everything;
use onsite_server::demo::{self, Event, Stream};
use onsite_server::document::{DocumentPerson, OrganizationDocument};
use onsite_server::storage::Condition;
use onsite_server::{RunningServer, ServerConfig, start};
use onsite_wire::ids::{AlarmId, DeviceId, OrganizationId};
use onsite_wire::onsite::{Grant, OrganizationRights};
use onsite_wire::push::Push;
use onsite_wire::rest::{Alarm, InventoryObject, Severity, Subscription};
use tempfile::TempDir;
use tokio::time::Instant;

use super::StoryError;
use super::chance::Chance;
use super::clock::StoryTime;
use super::phone::{GLANCE, Handset, PATIENCE};

/// So long a storm takes to break out after its demonstration has begun.
const STORM_COMES_MS: i64 = 10 * 60_000;
/// Within so long all of a storm's conditions occur.
const STORM_SPREAD_MS: i64 = 60_000;

/// Where the story happens.
pub struct Stage {
    /// The seed of everything.
    pub seed: u64,
    /// What the seed decides.
    pub chance: Chance,
    /// The time of all.
    pub time: Arc<StoryTime>,
    /// The server.
    pub server: RunningServer,
    /// What it was begun with.
    documents: Vec<OrganizationDocument>,
    folder: TempDir,
}

/// E-mail and password of somebody.
pub struct Login {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
}

impl Stage {
    /// A server with the demonstration of this seed, at the beginning of the shift.
    pub async fn set(seed: u64) -> Result<Self, StoryError> {
        let time = StoryTime::at(StoryTime::of_day(5, 30));
        let documents = demo::organizations(seed, time.now());
        let folder = tempfile::tempdir()?;
        let mut config = ServerConfig::local(folder.path().join("server"));
        config.clock = Arc::clone(&time) as Arc<dyn onsite_server::Clock>;
        let server = start(config).await?;
        for document in &documents {
            server.store().import(document.clone()).await?;
        }
        Ok(Self { seed, chance: Chance::of(seed), time, server, documents, folder })
    }

    /// A file of the story beside its phones.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The files of the server's data.
    pub fn server_files(&self) -> Result<Vec<PathBuf>, StoryError> {
        let entries = std::fs::read_dir(self.folder.path().join("server"))?;
        let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
        Ok(paths.into_iter().filter(|path| path.is_file()).collect())
    }

    /// A new phone.
    pub fn handset(&mut self, name: &str) -> Handset {
        // Up to a minute and a half off, either way: phones are.
        let skew_ms = i64::try_from(self.chance.below(181)).map_or(0, |seconds| (seconds - 90) * 1_000);
        let key = std::array::from_fn(|_| u8::try_from(self.chance.below(256)).unwrap_or_default());
        let folder: PathBuf = self.folder.path().join(name);
        Handset { folder, key, server: self.server.base_url(), skew_ms }
    }

    /// Where the technician works first.
    pub fn home(&self) -> Result<OrganizationId, StoryError> {
        self.documents.first().and_then(organization).ok_or(StoryError::Lacks("an organization"))
    }

    /// The partner's technician, who works for several customers.
    pub fn technician(&self) -> Result<Login, StoryError> {
        let people = self.documents.first().map_or(&[][..], |document| &document.people);
        let technician = people.iter().find(|person| person.partner.is_some());
        technician.and_then(login).ok_or(StoryError::Lacks("a partner's technician"))
    }

    /// One of the first customer's own people, who sees everything there.
    pub fn colleague(&mut self) -> Result<Login, StoryError> {
        let document = self.documents.first().ok_or(StoryError::Lacks("an organization"))?;
        let own = document.people.iter().filter(|person| person.partner.is_none());
        let everywhere: Vec<_> = own.filter(|person| sees_everything(&rights(document, person))).collect();
        let colleague = self.chance.pick(&everywhere).copied();
        colleague.and_then(login).ok_or(StoryError::Lacks("a colleague"))
    }

    /// Utility power is lost at a site of the first customer, from `begun` on: performs the demonstration's storm. Gives
    /// when its first condition occurred, and when the last one has.
    pub async fn storm(&self, begun: Timestamp) -> Result<(Timestamp, Timestamp), StoryError> {
        let documents = self.documents.get(..1).unwrap_or_default();
        let until = begun.plus_millis(STORM_COMES_MS);
        let beats = Stream::new(self.seed, documents, begun).take_while(|beat| beat.at < until);
        let occurring: Vec<_> = beats
            .filter_map(|beat| match beat.event {
                Event::Occurs { condition, alarm } => Some((beat.at, condition, alarm)),
                _ => None,
            })
            .collect();
        let within = |start: Timestamp| {
            let end = start.plus_millis(STORM_SPREAD_MS);
            occurring.iter().filter(move |(at, ..)| (start..end).contains(at))
        };
        let starts = occurring.iter().map(|(at, ..)| *at);
        let first = starts.max_by_key(|at| (within(*at).count(), std::cmp::Reverse(*at)));
        let first = first.ok_or(StoryError::Lacks("a storm"))?;
        for (at, key, alarm) in within(first) {
            let condition =
                Condition { organization: key.organization, name: key.name_with_part(), alarm: (**alarm).clone() };
            self.server.store().condition_occurs(condition, *at).await?;
        }
        Ok((first, first.plus_millis(STORM_SPREAD_MS)))
    }

    /// Whether a critical alarm of this device is told by itself: it has IT Expert, which opens no incident.
    pub fn pushes_alone(&self, device: DeviceId) -> bool {
        let objects = self.documents.first().map_or(&[][..], |document| &document.inventory_objects);
        objects.iter().any(|object| match object {
            InventoryObject::Device(found) => found.id == device && found.subscription == Some(Subscription::ItExpert),
            _ => false,
        })
    }

    /// A condition of the first customer's device occurs now.
    pub async fn occurs(&mut self, device: DeviceId, label: &str, severity: Severity) -> Result<AlarmId, StoryError> {
        let organization = self.home()?;
        let id = AlarmId::from_bytes(std::array::from_fn(|_| u8::try_from(self.chance.below(256)).unwrap_or_default()));
        let like = self.documents.first().and_then(|document| document.alarms.first());
        let alarm = Alarm {
            id,
            device_id: device,
            label: label.to_owned(),
            severity,
            activated_time: self.time.now(),
            cleared_time: None,
            acknowledgement: None,
            mute: None,
            revision: None,
            ..like.ok_or(StoryError::Lacks("an alarm"))?.clone()
        };
        let condition = Condition { organization, name: label.to_owned(), alarm };
        Ok(self.server.store().condition_occurs(condition, self.time.now()).await?)
    }

    /// The next push to an installation that is as told; others before it are let go.
    pub async fn pushed(&self, to: &PushIdentity, is: impl Fn(&Push) -> bool) -> Result<Vec<u8>, StoryError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            for looped in self.server.loopback().take(to.installation()) {
                if serde_json::from_str(&looped.body).is_ok_and(|push| is(&push)) {
                    return Ok(looped.body.into_bytes());
                }
            }
            if Instant::now() > deadline {
                return Err(StoryError::NeverCame("a push".to_owned()));
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// The server and its data are put away.
    pub async fn strike(self) -> Result<(), StoryError> {
        self.server.stop().await;
        Ok(self.folder.close()?)
    }
}

fn organization(document: &OrganizationDocument) -> Option<OrganizationId> {
    document.inventory_objects.iter().find_map(|object| match object {
        InventoryObject::Organization(organization) => Some(organization.id),
        _ => None,
    })
}

fn login(person: &DocumentPerson) -> Option<Login> {
    Some(Login { email: person.email.clone(), password: person.password.clone()? })
}

fn rights(document: &OrganizationDocument, person: &DocumentPerson) -> OrganizationRights {
    let groups = document.groups.iter().filter(|group| group.members.contains(&person.id));
    let grants = groups.flat_map(|group| &group.grants);
    OrganizationRights {
        grants: grants.map(|grant| Grant { location_id: grant.location_id, role: grant.role }).collect(),
    }
}
