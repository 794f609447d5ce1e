//! Duty's part of the public API.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onsite_rules::action::Refusal;
use onsite_rules::address::reads_only;
use onsite_rules::duty::{Call, calls_open, who_to_call};
use onsite_rules::fence::Fence;
use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::AtSite;
use tokio::sync::{broadcast, oneshot};

use super::feed;
use super::fix::Fix;
use super::plan::{Plan, Watched};
use super::sites::{Site, Sites};
use super::step::{AtServer, Decision, Duty, Event, Settings, Standing};
use super::switch::own_end;
use crate::alarms::Undone;
use crate::devices::directory::{Directory, Presence, SharedDirectory};
use crate::error::Error;
use crate::net::Http;
use crate::store::{Fault, Reading, Store};
use crate::sync::handover::{Handover, new_action_id};
use crate::sync::outbox::Draft;
use crate::time::Timestamp;

/// How many decisions are shown.
const DECISIONS: usize = 50;

/// What the phone's system is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// A position: answer with [`DutyRoom::fix`], or not at all.
    Fix,
    /// Whether the phone is in the circle of this site: answer with [`DutyRoom::region_answer`].
    Region(LocationId),
    /// Watch these regions and no others, and tell of crossings with [`DutyRoom::crossed`].
    Watch(Plan),
    /// Ask the person whether to go off duty (U5).
    Remind,
}

/// What the driver and the room share.
#[derive(Debug)]
pub(crate) struct Shared {
    duty: Mutex<Option<Duty>>,
    seen: Mutex<Seen>,
    wishes: broadcast::Sender<Wish>,
}

#[derive(Debug, Default)]
struct Seen {
    decisions: VecDeque<Decision>,
    plan: Plan,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self { duty: Mutex::new(None), seen: Mutex::default(), wishes: broadcast::channel(256).0 }
    }

    pub(crate) fn duty(&self) -> MutexGuard<'_, Option<Duty>> {
        self.duty.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn organization_of(&self, site: LocationId) -> Option<OrganizationId> {
        self.duty().as_ref().and_then(|duty| duty.sites().site(site)).map(|site| site.organization)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn decided(&self, decision: Decision) {
        let mut seen = self.seen();
        seen.decisions.push_front(decision);
        seen.decisions.truncate(DECISIONS);
    }

    pub(crate) fn wish(&self, wish: Wish) {
        if let Wish::Watch(plan) = &wish {
            self.seen().plan = plan.clone();
        }
        // Without a listener nobody positions: the step function sees that nothing comes.
        let _ = self.wishes.send(wish);
    }
}

/// Whoever waits is told when the event has had its effects.
pub(crate) type Done = oneshot::Sender<Result<(), Error>>;
type Teller = dyn Fn(Event, Option<Done>) -> Result<(), Error> + Send + Sync;

/// A person who is on duty, as colleagues see it (U2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// Where.
    pub organization: OrganizationId,
    /// Who.
    pub person: PersonId,
    /// The name.
    pub name: String,
    /// Since when on duty.
    pub since: Timestamp,
    /// At which site, while the lease holds: since when and until when.
    pub at: Option<AtSite>,
    /// That site's name.
    pub site_label: String,
}

/// A site as the person sees it (U3).
#[derive(Debug, Clone)]
pub struct SiteView {
    /// The location.
    pub id: LocationId,
    /// Whose.
    pub organization: OrganizationId,
    /// Its name.
    pub label: String,
    /// Its fence; `None`: nobody can be seen there.
    pub fence: Option<Fence>,
}

/// Everything about being on duty. Cheap to clone.
#[derive(Clone)]
pub struct DutyRoom {
    pub(crate) store: Store,
    pub(crate) http: Http,
    pub(crate) directory: SharedDirectory,
    pub(crate) shared: Arc<Shared>,
    pub(crate) teller: Arc<Teller>,
    pub(crate) handover: Handover,
}

impl DutyRoom {
    /// Goes on duty, or off (U1). Works without signal; the standing is the new one when it returns.
    pub async fn switch(&self, on: bool) -> Result<(), Error> {
        let (done, finished) = oneshot::channel();
        (self.teller)(if on { Event::SwitchedOn } else { Event::SwitchedOff }, Some(done))?;
        finished.await.unwrap_or_else(|_| Err(Error::new(Code::StoreClosed)))
    }

    /// The same switch again, now: a new action that names the parked one (O3).
    pub(crate) async fn again(&self, undone: Undone) -> Result<ActionId, Error> {
        let moment = self.http.clock().now();
        let draft = Draft {
            id: new_action_id(&moment),
            expires_at: own_end(&undone.kind, &undone.body, moment.wall),
            organization: undone.organization,
            kind: undone.kind,
            subject: undone.subject,
            body: undone.body,
            seen: 0,
            retry_of: Some(undone.id),
            name: undone.name,
        };
        match self.handover.hand(vec![draft]).await?.into_iter().next() {
            Some(made) => made.map_err(Error::new),
            None => Err(Error::new(Code::StoreClosed)),
        }
    }

    /// Where the person's duty stands on this phone; off duty before the first sign-in.
    pub fn standing(&self) -> Standing {
        let now = self.http.clock().now();
        self.shared.duty().as_ref().map_or_else(|| Standing::off_duty(AtServer::Unknown), |duty| duty.standing(&now))
    }

    /// The last decisions, newest first.
    pub fn decisions(&self) -> Vec<Decision> {
        self.shared.seen().decisions.iter().cloned().collect()
    }

    /// The regions that the system shall watch now (U4).
    pub fn plan(&self) -> Plan {
        self.shared.seen().plan.clone()
    }

    /// What the phone's system is asked for from now on.
    pub fn wishes(&self) -> broadcast::Receiver<Wish> {
        self.shared.wishes.subscribe()
    }

    /// A position came. It goes into the decision and nowhere else.
    pub fn fix(&self, fix: Fix) -> Result<(), Error> {
        (self.teller)(Event::Fix(fix), None)
    }

    /// A watched circle was crossed.
    pub fn crossed(&self, watched: Watched) -> Result<(), Error> {
        (self.teller)(Event::Crossed(watched), None)
    }

    /// The system's answer to [`Wish::Region`].
    pub fn region_answer(&self, site: LocationId, inside: bool) -> Result<(), Error> {
        (self.teller)(Event::RegionAnswer { site, inside }, None)
    }

    /// Whether the app may use the location always.
    pub fn permission(&self, granted: bool) -> Result<(), Error> {
        (self.teller)(Event::Permission(granted), None)
    }

    /// Whether location services are on.
    pub fn location_services(&self, on: bool) -> Result<(), Error> {
        (self.teller)(Event::LocationServices(on), None)
    }

    /// What the person chose.
    pub fn settings(&self) -> Settings {
        self.shared.duty().as_ref().map(|duty| *duty.settings()).unwrap_or_default()
    }

    /// Chooses, and keeps it.
    pub async fn set_settings(&self, settings: Settings) -> Result<(), Error> {
        let (done, finished) = oneshot::channel();
        (self.teller)(Event::Settings(settings), Some(done))?;
        finished.await.unwrap_or_else(|_| Err(Error::new(Code::StoreClosed)))
    }

    async fn read<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&Reading<'_>, &Directory, Known) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Error> {
        let directory = self.directory.clone();
        let now = self.http.server_clock().estimate(&self.http.clock().now());
        Ok(self.store.read(move |reading| work(reading, &*directory.at(reading.cache)?, now)).await?)
    }

    /// Who is on duty, by name (U2). A site whose lease is over is shown no more, whether or not the server said so; nor is
    /// one before the server's time is known for certain.
    pub async fn colleagues(&self) -> Result<Vec<Colleague>, Error> {
        self.read(colleagues).await
    }

    /// All sites, those without a fence among them, by name (U3).
    pub async fn sites(&self) -> Result<Vec<SiteView>, Error> {
        self.read(|reading, directory, _| sites(reading, directory)).await
    }

    /// Who to call at a site (U6), in order, with names; also without signal.
    ///
    /// Errors: `not_offered` to a partner who reads only (P5); `subscription_needed` where no device of the site, of those that the person sees, has Asset Advisor.
    pub async fn who_to_call(&self, site: LocationId) -> Result<Vec<(Call, String)>, Error> {
        let found = self.read(move |reading, directory, now| {
            let of = directory.location_number(site).and_then(|n| directory.location(n));
            let of = of.and_then(|entry| directory.organization(entry.organization));
            let mine = of.map(|of| crate::people::mine(reading.cache, of.id)).transpose()?.flatten();
            if mine.is_some_and(|mine| reads_only(mine.partner.is_some(), &mine.rights)) {
                return Ok(Err(Refusal::of(Code::NotOffered)));
            }
            Ok(match open(directory, site) {
                Ok(()) => Ok(calls(reading, directory, now, site)?),
                Err(refusal) => Err(refusal),
            })
        });
        found.await?.map_err(|refusal| Error { code: refusal.code, arguments: refusal.arguments })
    }
}

fn label(directory: &Directory, site: LocationId) -> String {
    let found = directory.location_number(site).and_then(|n| directory.location(n));
    found.map(|entry| entry.label.to_string()).unwrap_or_default()
}

/// The server's time as well as it is known, and whether that is certain.
pub(crate) type Known = Option<(Timestamp, bool)>;

/// Whether a colleague's site is still shown (U7). After the phone was started again its wall clock may be any, and a lease
/// must not outlive its time by it: until an answer came, none is shown.
pub fn is_shown(at: &AtSite, now: Option<(Timestamp, bool)>) -> bool {
    now.is_some_and(|(now, certain)| certain && at.until > now)
}

/// Who is on duty, by name.
pub(crate) fn colleagues(reading: &Reading<'_>, directory: &Directory, now: Known) -> Result<Vec<Colleague>, Fault> {
    let entries = feed::people(reading.cache)?;
    let at: BTreeMap<(OrganizationId, PersonId), AtSite> = entries
        .iter()
        .filter_map(|(organization, entry)| Some(((*organization, entry.person), entry.at?)))
        .filter(|(_, at)| is_shown(at, now))
        .collect();
    let mut colleagues: Vec<Colleague> = entries
        .into_iter()
        .filter_map(|(organization, entry)| {
            let at = at.get(&(organization, entry.person)).copied();
            let site_label = at.map(|at| label(directory, at.site)).unwrap_or_default();
            let (person, name, since) = (entry.person, entry.name, entry.since?);
            Some(Colleague { organization, person, name, since, at, site_label })
        })
        .collect();
    colleagues.sort_by(|a, b| (&a.name, a.person).cmp(&(&b.name, b.person)));
    Ok(colleagues)
}

fn sites(reading: &Reading<'_>, directory: &Directory) -> Result<Vec<SiteView>, Fault> {
    let mut fences: BTreeMap<LocationId, Fence> =
        fenced(reading)?.into_iter().map(|site| (site.id, site.fence)).collect();
    let mut sites: Vec<SiteView> = directory
        .locations()
        .filter(|(_, entry)| entry.presence == Presence::Present)
        .filter(|(_, entry)| &*entry.kind == "SITE" || fences.contains_key(&entry.id))
        .map(|(_, entry)| (entry.id, entry.organization, entry.label.to_string()))
        .filter_map(|(id, organization, label)| {
            Some(SiteView { id, organization: directory.organization(organization)?.id, label, fence: None })
        })
        .collect();
    for site in &mut sites {
        site.fence = fences.remove(&site.id);
    }
    sites.sort_by(|a, b| (&a.label, a.id).cmp(&(&b.label, b.id)));
    Ok(sites)
}

/// Sites with a usable fence.
fn fenced(reading: &Reading<'_>) -> Result<Vec<Site>, Fault> {
    let entries = feed::sites(reading.cache)?.into_iter();
    Ok(entries
        .filter_map(|(organization, entry)| {
            // One that cannot be used is a site without a fence.
            let fence = Fence::of(&entry.outline?).ok()?;
            Some(Site { id: LocationId(entry.id), organization, fence })
        })
        .collect())
}

/// All sites, for the step function.
pub(crate) fn all_sites(reading: &Reading<'_>) -> Result<Sites, Fault> {
    Ok(Sites::of(fenced(reading)?))
}

/// Whether a subscription opens who to call at a site.
fn open(directory: &Directory, site: LocationId) -> Result<(), Refusal> {
    // A site that is not known here has no list either: what it is subscribed to nobody can say.
    let Some(site) = directory.location_number(site) else { return Ok(()) };
    let there = directory.devices().filter(|(n, device)| {
        device.presence == Presence::Present && directory.is_within(directory.place_of(*n), site)
    });
    calls_open(there.map(|(_, device)| device.subscription))
}

fn calls(
    reading: &Reading<'_>,
    directory: &Directory,
    now: Known,
    site: LocationId,
) -> Result<Vec<(Call, String)>, Fault> {
    let Some(number) = directory.location_number(site) else { return Ok(Vec::new()) };
    let Some(organization) =
        directory.location(number).and_then(|entry| directory.organization(entry.organization)).map(|entry| entry.id)
    else {
        return Ok(Vec::new());
    };
    let lists = feed::sites(reading.cache)?;
    let list_of = |id: uuid::Uuid| {
        let found = lists.iter().find(|(of, entry)| *of == organization && entry.id == id && !entry.calls.is_empty());
        found.map(|(_, entry)| entry.calls.clone())
    };
    // The nearest list on the way up holds, else the organization's own.
    let above = directory.above(Some(number)).find_map(|(_, entry)| list_of(entry.id.0));
    let list = above.or_else(|| list_of(organization.0)).unwrap_or_default();
    let here = colleagues(reading, directory, now)?.into_iter().filter(|one| one.organization == organization);
    let on_duty: BTreeMap<PersonId, Option<LocationId>> =
        here.map(|one| (one.person, one.at.map(|at| at.site))).collect();
    let fences = all_sites(reading)?;
    let apart = |other: LocationId| Some(fences.site(site)?.fence.apart_m(&fences.site(other)?.fence));
    let people = crate::people::of(reading.cache, organization)?;
    let name = |person: PersonId| {
        people.iter().find(|entry| entry.id == person).map(|entry| entry.name.clone()).unwrap_or_default()
    };
    let calls = who_to_call(&list, &on_duty, site, apart);
    Ok(calls.into_iter().map(|call| (name(call.entry.person), call)).map(|(name, call)| (call, name)).collect())
}
