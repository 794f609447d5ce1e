//! The notifications' part of the public API.

use std::sync::Arc;

use onsite_rules::action::{NOTICE_SETTINGS, READ_NOTICES};
use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, OrganizationId};
use onsite_wire::onsite::{NoticeLogResponse, NoticeSettings, PushProvider};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::acting::{self, Actor, ToRead};
use super::arrivals::{Arrival, Arrived, Desk, Posting};
use super::courier::{self, Errand};
use super::deciding::Way;
use super::list::{NotificationFilter, NotificationList};
use super::registering::{self, Address};
use super::route::Target;
use super::why::{self, ServerNotices, WhyNotified};
use super::{shape, shown};
use crate::alarms::Alarms;
use crate::duty::DutyRoom;
use crate::error::Error;
use crate::incidents::Incidents;
use crate::journal::{self, Line};
use crate::live::Window;
use crate::session::Person;
use crate::store::{Fault, Reading};
use crate::sync::handover::new_action_id;
use crate::sync::outbox::Draft;
use crate::sync::pull::server_now;
use crate::time::Timestamp;

/// A live window on notifications.
pub type NotificationWindow = Window<NotificationList>;

/// What the room tells the account's task.
pub(crate) enum Telling {
    /// Ask for the newest of an organization.
    Refresh(OrganizationId),
    /// Something for the courier.
    Courier(courier::Event),
}

type Teller = dyn Fn(Telling) -> Result<(), Error> + Send + Sync;

/// Everything about notifications. Cheap to clone.
#[derive(Clone)]
pub struct Notifications {
    pub(crate) alarms: Alarms,
    pub(crate) incidents: Incidents,
    pub(crate) duty: DutyRoom,
    pub(crate) desk: Arc<Desk>,
    /// The host of links that open the app.
    pub(crate) link_host: Arc<str>,
    pub(crate) person: Arc<dyn Fn() -> Option<Person> + Send + Sync>,
    pub(crate) teller: Arc<Teller>,
}

impl Notifications {
    /// Opens a live window of at most `size` notifications, the newest event first. Its counts have the unread ones.
    pub fn window(&self, filter: NotificationFilter, size: usize) -> NotificationWindow {
        self.alarms.engine.open(NotificationList { filter }, size, None)
    }

    /// What the phone's system is to show and to take away, from now on: what the feed brought and no push did, what was read
    /// elsewhere. What a push brought is the answer of [`Notifications::push`].
    pub fn postings(&self) -> broadcast::Receiver<Posting> {
        self.desk.postings.subscribe()
    }

    pub(super) fn now(&self) -> Timestamp {
        server_now(&self.alarms.puller.http)
    }

    pub(super) fn me(&self) -> Result<Person, Error> {
        (self.person)().ok_or_else(|| Error::new(Code::NotSignedIn))
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&Self, &Reading<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Error> {
        let room = self.clone();
        Ok(self.alarms.store.read(move |reading| work(&room, reading)).await?)
    }

    /// The organizations that the account reaches, and whether each offers notifications.
    pub(super) async fn reached(&self) -> Result<Vec<(OrganizationId, bool)>, Error> {
        self.read(|_, reading| {
            let mut select =
                reading.cache.prepare_cached("SELECT id FROM organization WHERE reached = 1 ORDER BY n")?;
            let ids = select.query_map([], |row| row.get::<_, [u8; 16]>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
            let offered = |id| Ok((id, acting::offered(reading.cache, id)?));
            ids.into_iter().map(OrganizationId::from_bytes).map(offered).collect()
        })
        .await
    }

    // What came.

    /// A push came while the app is there. What it gives is to be shown, or says why not; the same event twice, by whichever
    /// way, is shown once. It lies in the list before this returns.
    ///
    /// Errors: `push_invalid`, `push_not_ours`, and `other_account` where it is another person's.
    pub async fn push(&self, payload: &[u8]) -> Result<Arrived, Error> {
        let moment = self.alarms.puller.http.clock().now();
        let told = match self.desk.read(payload) {
            Ok(told) => told,
            Err(error) => {
                let line = Line::new(moment.wall, "push_refused").saying(format!("way=push {}", error.code));
                self.alarms.store.write(move |writer| writer.own(|own| journal::write(own, &[line]))).await?;
                return Err(error);
            }
        };
        let (desk, now) = (Arc::clone(&self.desk), self.now());
        let arrival = Arrival { told, way: Way::Push, shown_at: None };
        let taken = self.alarms.store.write(move |writer| desk.take(writer, &[arrival], &moment, now));
        taken.await?.pop().ok_or_else(|| Error::new(Code::Internal).with("detail", "push"))
    }

    /// The phone's system showed a notification: the server is told how long it took.
    pub async fn was_shown(&self, organization: OrganizationId, key: &str) -> Result<(), Error> {
        let (key, now) = (key.to_owned(), self.now());
        let noted = self.alarms.store.write(move |writer| writer.own(|own| shown::shown(own, organization, &key, now)));
        if noted.await? {
            self.report();
        }
        Ok(())
    }

    /// There is something to tell the server; it is told when it can be.
    pub(super) fn report(&self) {
        // Without the task it is told at the next start.
        let _ = (self.teller)(Telling::Courier(courier::Event::Due(Errand::Report)));
    }

    // Reading (N4).

    /// Says that these were read, here and on the person's other phones. Works without signal.
    pub async fn mark_read(&self, ids: Vec<Uuid>) -> Result<(), Error> {
        let found = self.read(move |_, reading| acting::unread_among(reading.cache, &ids)).await?;
        self.hand_reads(found).await
    }

    /// Says that all that is here was read, of one organization or of all. What comes later is unread.
    pub async fn mark_all_read(&self, organization: Option<OrganizationId>) -> Result<(), Error> {
        let found = self.read(move |_, reading| acting::all_unread(reading.cache, organization)).await?;
        self.hand_reads(found).await
    }

    async fn hand_reads(&self, found: ToRead) -> Result<(), Error> {
        if found.is_empty() {
            return Ok(());
        }
        let me = self.me()?;
        let mut drafts = Vec::new();
        for (organization, body) in found {
            let pending = acting::pending(&self.alarms.overlays, organization, me.id);
            let body = acting::gathered(body, &pending)?;
            drafts.push(self.draft(&me, organization, &READ_NOTICES, body)?);
        }
        self.hand(drafts).await
    }

    fn draft(
        &self,
        me: &Person,
        organization: OrganizationId,
        kind: &onsite_rules::action::Kind,
        body: impl serde::Serialize,
    ) -> Result<Draft, Error> {
        let actor = Actor { id: me.id, name: me.name.clone() };
        let id: ActionId = new_action_id(&self.alarms.puller.http.clock().now());
        actor.draft(id, organization, kind, body)
    }

    async fn hand(&self, drafts: Vec<Draft>) -> Result<(), Error> {
        for made in self.alarms.handover.hand(drafts).await? {
            made.map_err(Error::new)?;
        }
        Ok(())
    }

    // Settings (N3).

    /// How the person wishes to be told in an organization, as it was chosen last on this phone or another.
    pub async fn settings(&self, organization: OrganizationId) -> Result<NoticeSettings, Error> {
        self.read(move |_, reading| shape::settings(reading.cache, organization)).await
    }

    /// How many critical ones "quiet while off duty" has kept back in an organization since the person was last on duty (N3);
    /// 0 while it is off.
    pub async fn kept_back(&self, organization: OrganizationId) -> Result<i64, Error> {
        self.read(move |_, reading| {
            let is_quiet = shape::settings(reading.cache, organization)?.quiet_off_duty;
            if is_quiet { shape::kept_back(reading.cache, organization) } else { Ok(0) }
        })
        .await
    }

    /// Chooses how to be told: in one organization, or in all that offer notifications. It holds at once on this phone, and at
    /// the server as soon as it hears of it.
    ///
    /// Errors: `not_offered`, `zone_unknown`, `input_invalid`, `not_signed_in`.
    pub async fn change_settings(
        &self,
        organization: Option<OrganizationId>,
        settings: NoticeSettings,
    ) -> Result<(), Error> {
        acting::check(&settings)?;
        let me = self.me()?;
        let offering = self
            .reached()
            .await?
            .into_iter()
            .filter(|(id, offered)| *offered && organization.is_none_or(|wanted| wanted == *id));
        let drafts = offering
            .map(|(id, _)| self.draft(&me, id, &NOTICE_SETTINGS, &settings))
            .collect::<Result<Vec<_>, Error>>()?;
        if drafts.is_empty() {
            return Err(Error::new(Code::NotOffered));
        }
        self.hand(drafts).await
    }

    // Why (N6).

    /// Why the person was notified of an alarm, an incident or a device's mute, or not: what the server noted, what this phone
    /// made of it. Without signal the server's part is as it was seen last.
    pub async fn why(&self, organization: OrganizationId, target: Target) -> Result<WhyNotified, Error> {
        let subject = match target {
            Target::Alarm(id) => id.0,
            Target::Device(id) => id.0,
            Target::Incident(id) => id.0,
            Target::Alarms => organization.0,
            Target::Home => return Err(Error::input("the home screen notifies nobody")),
        };
        let moment = self.alarms.puller.http.clock().now();
        let (on_duty, now) = (self.desk.on_duty(&moment), self.now());
        let (subjects, phone, as_of_now) = self
            .read(move |room, reading| {
                let mut subjects = vec![subject];
                if let Target::Incident(id) = target {
                    subjects.extend(why::alarms_of(reading.cache, id.0)?.into_iter().map(|alarm| alarm.0));
                }
                let of_each = |own: &_| -> Result<Vec<_>, Fault> {
                    let all = subjects.iter().map(|subject| shown::of_subject(own, *subject));
                    Ok(all.collect::<Result<Vec<_>, Fault>>()?.into_iter().flatten().collect())
                };
                let phone = reading.own(of_each)?;
                let directory = room.alarms.directory.at(reading.cache)?;
                let as_of_now = match target {
                    Target::Alarm(id) => why::as_of_now(reading.cache, &directory, on_duty, organization, id, now)?,
                    _ => None,
                };
                Ok((subjects, phone, as_of_now))
            })
            .await?;
        Ok(WhyNotified { server: self.server_notices(organization, subjects).await, phone, now: as_of_now })
    }

    async fn server_notices(&self, organization: OrganizationId, subjects: Vec<Uuid>) -> Result<ServerNotices, Error> {
        let mut found = ServerNotices { notices: Vec::new(), seen_at: self.now() };
        for subject in subjects {
            let path = format!("onsite/v1/organizations/{organization}/notices/{subject}");
            let (log, seen_at) = self.alarms.fetch_or_recall::<NoticeLogResponse>("notices", subject, &path).await?;
            found.notices.extend(log.notices);
            found.seen_at = found.seen_at.min(seen_at);
        }
        found.notices.sort_by_key(|notice| notice.made_at);
        Ok(found)
    }

    // Where pushes go (N7).

    /// The phone's system gave an address for pushes: told to the server now and each week, after each sign-in, and when it
    /// changes; `None`: there is none any more. Needs the account's `push` identity.
    pub async fn set_push_address(&self, address: Option<(PushProvider, String)>) -> Result<(), Error> {
        if self.desk.identity.is_none() {
            return Err(Error::input("the account was opened without an identity for pushes"));
        }
        let address = address.map(|(provider, token)| Address { provider, token });
        let kept =
            self.alarms.store.write(move |writer| writer.own(|own| registering::set_address(own, address.as_ref())));
        kept.await?;
        (self.teller)(Telling::Courier(courier::Event::Due(Errand::Register)))
    }

    /// Asks for a test push: it comes as any other, and the readiness check says whether it did.
    pub async fn send_canary(&self) -> Result<(), Error> {
        let now = self.now();
        self.alarms.puller.http.tell("onsite/v1/push/canary", &serde_json::json!({})).await?;
        // It may have come meanwhile: it was asked for before.
        Ok(self.alarms.store.write(move |writer| writer.own(|own| registering::canary_asked(own, now))).await?)
    }
}
