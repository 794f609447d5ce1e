//! Where a tap leads (N2): from a cold start with what the cache has, then fresh; in another organization of this account it
//! switches there; of another account it says so. The location that narrows every screen hides none of it (A5).

use std::sync::Arc;
use std::time::Duration;

use onsite_wire::codes::Code;
use onsite_wire::ids::{AlarmId, IncidentId, OrganizationId, PersonId};
use uuid::Uuid;

use super::deciding::Announcement;
use super::push::ParsedPush;
use super::room::{Notifications, Telling};
use super::route::{Arrival, Landing, Refusal, Route, Target, arrive, parse_link};
use super::row::NotificationRow;
use super::shown;
use crate::alarms::{AlarmDetail, AlarmFeed, AlarmFilter};
use crate::error::Error;
use crate::incidents::{IncidentFilter, IncidentPage};
use crate::journal::Line;
use crate::sync::pull::ask_for_one;

/// Longer than this a target that is not here yet is not waited for.
const BRING: Duration = Duration::from_secs(30);

/// What was tapped: a notification of the system, a line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tap {
    /// Where it leads.
    pub route: Route,
    /// The event, if it is one; it counts as opened and read.
    pub notice: Option<(OrganizationId, String, Option<Uuid>)>,
}

impl Tap {
    /// A push that an extension showed.
    pub fn of_push(push: &ParsedPush) -> Self {
        Self { route: push.route, notice: Some((push.organization, push.key.clone(), push.notification)) }
    }

    /// A notification that the core announced.
    pub fn of(announcement: &Announcement) -> Self {
        let notice = (announcement.organization, announcement.key.clone(), announcement.notification);
        Self { route: announcement.route, notice: Some(notice) }
    }

    /// A line of the list.
    pub fn of_row(row: &NotificationRow) -> Self {
        Self { route: row.route, notice: Some((row.organization, row.key.clone(), Some(row.id))) }
    }
}

/// What is to be shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    /// The target, in this organization; `switched`: another one was chosen before.
    There {
        /// The organization; `None` for the home screen.
        organization: Option<OrganizationId>,
        /// It is to be chosen: another one was.
        switched: bool,
        /// What was meant.
        target: Target,
        /// What this phone has of it.
        view: Box<TargetView>,
    },
    /// The home screen, and why: the link was not one of ours, or leads nowhere.
    Home(Option<Refusal>),
    /// It is for this other person: say so, and offer to change the account.
    OtherAccount(PersonId),
    /// It is of an organization that this account does not reach, or not any more.
    NotReached(OrganizationId),
}

/// What this phone has of a target.
#[derive(Debug, Clone, PartialEq)]
pub enum TargetView {
    /// The home screen.
    Home,
    /// The alarm's page.
    Alarm(Box<AlarmDetail>),
    /// The incident's page; its chat is a window.
    Incident(Box<IncidentPage>),
    /// A list of alarms: open it with [`crate::alarms::Alarms::window_everywhere`], which no location narrows.
    Alarms(Box<AlarmFilter>),
    /// Not on this phone yet: show what the notification said, and [`Notifications::bring`] it.
    NotHere,
}

impl Notifications {
    /// Where a tap leads. `chosen`: the organization that the screens show now, if one is chosen. It answers from the
    /// phone's own files, and asks the server for the newest beside that. The notification counts as opened and read.
    pub async fn open(&self, tap: Tap, chosen: Option<OrganizationId>) -> Result<Opened, Error> {
        let organizations: Vec<OrganizationId> = self.reached().await?.into_iter().map(|(id, _)| id).collect();
        let landing = Landing { person: self.me().ok().map(|me| me.id), organizations: &organizations, chosen };
        let (organization, switched, target) = match arrive(&tap.route, landing) {
            Arrival::Here(target) => (tap.route.organization, false, target),
            Arrival::Switch(organization, target) => (Some(organization), true, target),
            Arrival::OtherAccount => {
                self.note("tap_refused", Code::OtherAccount.as_str());
                return Ok(tap.route.person.map_or(Opened::Home(None), Opened::OtherAccount));
            }
            Arrival::NotReached => {
                self.note("tap_refused", Code::OtherOrganization.as_str());
                return Ok(tap.route.organization.map_or(Opened::Home(None), Opened::NotReached));
            }
        };
        if let Some((of, key, id)) = tap.notice {
            self.was_opened(of, key, id).await?;
        }
        if let Some(organization) = organization {
            (self.teller)(Telling::Refresh(organization))?;
        }
        let view = Box::new(self.view(organization, target).await?);
        Ok(Opened::There { organization, switched, target, view })
    }

    /// Where a link leads. One that is none of ours leads home, with a line in the flight recorder that has no word of it.
    pub async fn open_link(&self, link: &str, chosen: Option<OrganizationId>) -> Result<Opened, Error> {
        let (route, refusal) = parse_link(link, &self.link_host);
        if let Some(refusal) = refusal {
            self.note("link_refused", refusal.as_str());
            return Ok(Opened::Home(Some(refusal)));
        }
        self.open(Tap { route, notice: None }, chosen).await
    }

    /// What this phone has of a target now.
    async fn view(&self, organization: Option<OrganizationId>, target: Target) -> Result<TargetView, Error> {
        let missing = |error: Error| if error.code == Code::NotFound { Ok(TargetView::NotHere) } else { Err(error) };
        match target {
            Target::Home => Ok(TargetView::Home),
            Target::Alarm(id) => match self.alarms.detail(id).await {
                Ok(detail) => Ok(TargetView::Alarm(Box::new(detail))),
                Err(error) => missing(error),
            },
            Target::Incident(id) => match self.incidents.page(id).await {
                Ok(page) => Ok(TargetView::Incident(Box::new(page))),
                Err(error) => missing(error),
            },
            Target::Device(device) => {
                let filter = AlarmFilter { organization, device: Some(device), ..AlarmFilter::default() };
                Ok(TargetView::Alarms(Box::new(filter)))
            }
            Target::Alarms => Ok(TargetView::Alarms(Box::new(AlarmFilter { organization, ..AlarmFilter::default() }))),
        }
    }

    /// Brings a target that is not on this phone yet. `not_found`: it is gone, or may not be seen; `no_network`: later.
    pub async fn bring(&self, organization: OrganizationId, target: Target) -> Result<TargetView, Error> {
        match target {
            Target::Alarm(id) => self.bring_alarm(organization, id).await?,
            Target::Incident(id) => self.bring_incident(organization, id).await?,
            Target::Home | Target::Device(_) | Target::Alarms => {}
        }
        match self.view(Some(organization), target).await? {
            TargetView::NotHere => Err(Error::new(Code::NotFound).with("what", "target")),
            view => Ok(view),
        }
    }

    async fn bring_alarm(&self, organization: OrganizationId, id: AlarmId) -> Result<(), Error> {
        let feed = Arc::new(AlarmFeed { overlays: Arc::clone(&self.alarms.overlays) });
        ask_for_one(&feed, &self.alarms.puller, organization, id.0).await
    }

    /// Incidents come with their feed only: it is read, and waited for.
    async fn bring_incident(&self, organization: OrganizationId, id: IncidentId) -> Result<(), Error> {
        let mut window = self.incidents.window(IncidentFilter::default(), 1);
        (self.teller)(Telling::Refresh(organization))?;
        let comes = async {
            while self.incidents.page(id).await.is_err() {
                if window.next().await.is_none() {
                    return Err(Error::new(Code::StoreClosed));
                }
            }
            Ok(())
        };
        tokio::time::timeout(BRING, comes).await.unwrap_or_else(|_| Err(Error::new(Code::NoNetwork)))
    }

    /// The person opened a notification: it is read, and the server is told.
    async fn was_opened(&self, organization: OrganizationId, key: String, id: Option<Uuid>) -> Result<(), Error> {
        let now = self.now();
        let noted = self.alarms.store.write(move |writer| {
            writer.own(|own| {
                // Who opens it has seen it.
                let shown = shown::shown(own, organization, &key, now)?;
                Ok(shown::opened(own, organization, &key, now)? || shown)
            })
        });
        if noted.await? {
            self.report();
        }
        match id {
            Some(id) if self.me().is_ok() => self.mark_read(vec![id]).await,
            _ => Ok(()),
        }
    }

    fn note(&self, code: &str, detail: &str) {
        let line = Line::new(self.alarms.puller.http.clock().now().wall, code).saying(detail);
        // It is written whether or not anybody waits for it.
        drop(self.alarms.store.write_behind(move |writer| writer.own(|own| crate::journal::write(own, &[line]))));
    }
}
