//! Notifications: alarms that occur, the rules by which server and phone decide, pushes that are lost, doubled and late, and
//! what each person was told: every event at most once, by whichever way it came.

use std::collections::{BTreeMap, BTreeSet};

use onsite::notifications::parse_push;
use onsite::sync::outbox;
use onsite_rules::action::READ_NOTICES;
use onsite_rules::notice::{self, BUNDLE_MS, Duty, Event, Situation, Storm, narrowed};
use onsite_wire::ids::{OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{
    ActionRequest, NoticeKind, NoticeSettings, NoticeSubject, ReadBody, Reasons, Urgency, Verdict,
};
use onsite_wire::push::Push;
use onsite_wire::rest::Subscription;
use onsite_wire::time::Timestamp;

use super::phone::Phone;
use super::server::{Row, Server};
use super::world::{HOUR, Happening, MINUTE, SECOND, World};

/// A provider keeps a push for a phone without signal for so long.
const KEPT_MS: i64 = 4 * HOUR;

/// What happens around notifications.
#[derive(Debug)]
pub enum OfNotices {
    /// So many alarms occur one after the other.
    Occur(u64),
    /// A bundle of five minutes is full.
    Bundled {
        organization: OrganizationId,
        person: PersonId,
        began: Timestamp,
    },
    Pushed {
        phone: usize,
        payload: Vec<u8>,
        until_ms: i64,
    },
    /// A person reads all that the phone has.
    Reads(usize),
}

/// Of a notification in a person's feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    pub person: PersonId,
    pub key: String,
    pub kind: NoticeKind,
    pub at: Timestamp,
    pub count: i64,
    pub read: bool,
}

/// What the server keeps beside the feed, as a backup holds it.
#[derive(Debug, Clone, Default)]
pub struct Log {
    noted: BTreeSet<(PersonId, String)>,
    storms: BTreeMap<(OrganizationId, PersonId), (Storm, Option<(Timestamp, i64)>)>,
    bundles: BTreeSet<(OrganizationId, PersonId)>,
}

/// What a phone keeps durably of events.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// For how many an event stood when it was decided last.
    known: BTreeMap<String, i64>,
    /// What the extension showed while no app was there, and the app has not taken in yet.
    inbox: Vec<Vec<u8>>,
    /// What the phone's system was asked to show, with how many it stood for: in truth, and known to nobody.
    shown: BTreeMap<(String, i64), u32>,
    /// What the person read, and for how many it stood then: what counts up is unread again.
    read: BTreeMap<Uuid, i64>,
}

/// The id of a person's notification of an event: the same whenever it is made.
fn id_of(person: PersonId, key: &str) -> Uuid {
    let text = format!("{person} {key}");
    let hash =
        |seed: u64| text.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    Uuid::from_u64_pair(hash(0xcbf2_9ce4_8422_2325), hash(0x9e37_79b9_7f4a_7c15))
}

fn subscription_of(alarm: Uuid) -> Subscription {
    [Subscription::ItExpert, Subscription::AssetAdvisor, Subscription::None][(alarm.as_u128() % 3) as usize]
}

fn urgency_of(alarm: Uuid, occurrence: u64) -> Urgency {
    if (alarm.as_u128() as u64 + occurrence).is_multiple_of(3) { Urgency::Warning } else { Urgency::Critical }
}

/// How a person wishes to be told; each another way.
fn settings_of(person: PersonId) -> NoticeSettings {
    let n = person.0.as_u128() % 4;
    NoticeSettings { quiet_off_duty: n == 1, push: n != 3, ..NoticeSettings::default() }
}

/// An event as it is decided about.
struct Happened {
    organization: OrganizationId,
    kind: NoticeKind,
    subject: Uuid,
    occurrence: i64,
    urgency: Option<Urgency>,
    subscription: Option<Subscription>,
    muted: bool,
    at: Timestamp,
}

impl Happened {
    fn key(&self) -> String {
        notice::key(self.organization, self.kind, self.subject, self.occurrence)
    }
}

impl Server {
    /// What becomes of an event for one person: what is to be pushed, and whether a bundle begins.
    fn tell(&mut self, person: PersonId, happened: &Happened) -> (Option<(String, NoticeKind, i64)>, bool) {
        let (organization, key) = (happened.organization, happened.key());
        let on_duty = self.on_duty(organization, person).is_some();
        let log = &mut self.data.log;
        let (storm, _) = log.storms.entry((organization, person)).or_default();
        let reasons = notice::decide(&Situation {
            event: Event { kind: happened.kind, urgency: happened.urgency, at: happened.at, own_doing: false },
            settings: &settings_of(person),
            muted: happened.muted,
            duty: if on_duty { Duty::On } else { Duty::Off },
            may_see: true,
            subscription: happened.subscription,
            told_as_incident: false,
            unread_before: 0,
            instant_before: storm.before(happened.at),
            known: log.noted.contains(&(person, key.clone())),
            now: happened.at,
        });
        if !log.noted.insert((person, key.clone())) {
            return (None, false);
        }
        match reasons.verdict {
            Verdict::Bundle => (None, log.bundles.insert((organization, person))),
            Verdict::Notify | Verdict::CountUp if reasons.decided == "storm" => {
                let (storm, counting) = log.storms.entry((organization, person)).or_default();
                *counting = storm.one_more(happened.at);
                match *counting {
                    None => (Some((key, happened.kind, 1)), false),
                    Some((began, count)) => {
                        let key = notice::key(organization, NoticeKind::Bundle, organization.0, began.micros());
                        (Some((key, NoticeKind::Bundle, count)), false)
                    }
                }
            }
            Verdict::Notify | Verdict::CountUp => (Some((key, happened.kind, 1)), false),
            Verdict::Silent | Verdict::Unheard => (None, false),
        }
    }

    fn put_notice(&mut self, organization: OrganizationId, notice: Notice) {
        let (id, revision) = (id_of(notice.person, &notice.key), self.next_offset(organization));
        if let Some(rows) = self.data.rows.get_mut(&organization) {
            rows.insert(id, Row { revision, notice: Some(notice), ..Row::default() });
        }
    }

    /// Notes what was read; what is read stays read.
    pub(super) fn read_notices(&mut self, action: &ActionRequest) -> i64 {
        let body: ReadBody = serde_json::from_value(action.body.clone()).unwrap_or_default();
        for id in body.notifications {
            let unread = |row: &&mut Row| row.notice.as_ref().is_some_and(|notice| !notice.read);
            if self.row(action.organization_id, id).filter(unread).is_some() {
                let revision = self.next_offset(action.organization_id);
                if let Some(row) = self.row(action.organization_id, id) {
                    row.revision = revision;
                    row.notice.iter_mut().for_each(|notice| notice.read = true);
                }
            }
        }
        self.offset(action.organization_id)
    }
}

impl Phone {
    /// Whether the person's phone shows an event that came, and remembers it durably before it does.
    fn takes(&mut self, told: &Arriving, now: Timestamp) -> bool {
        let known = self.told.known.get(&told.key).is_some_and(|count| *count >= told.count);
        let settings = settings_of(self.person);
        let reasons: Reasons = notice::decide(&Situation {
            event: Event { kind: told.kind, urgency: told.urgency, at: told.at, own_doing: false },
            settings: &settings,
            muted: false,
            duty: if self.is_on_duty(now.millis()) { Duty::On } else { Duty::Unknown },
            may_see: true,
            subscription: None,
            told_as_incident: false,
            unread_before: 0,
            instant_before: 0,
            known: known || told.read,
            now,
        });
        if !known {
            self.told.known.insert(told.key.clone(), told.count);
        }
        narrowed(Verdict::Notify, reasons.verdict) != Verdict::Silent
    }

    fn shows(&mut self, told: &Arriving) -> Result<(), String> {
        let times = self.told.shown.entry((told.key.clone(), told.count)).or_default();
        *times += 1;
        if *times > 1 { Err(format!("phone {}: {} was told twice", self.index, told.key)) } else { Ok(()) }
    }

    /// What the phone has that its person has not read: by counting.
    pub fn unread(&self, organization: OrganizationId) -> usize {
        let rows = self.disk.rows.get(&organization).into_iter().flatten();
        let mine = rows.filter_map(|(id, row)| Some((id, row.notice.as_ref()?)));
        mine.filter(|(id, notice)| notice.person == self.person && !notice.read && !self.has_read(**id, notice)).count()
    }

    fn has_read(&self, id: Uuid, notice: &Notice) -> bool {
        // What a restored backup counts up anew is unread anew.
        notice.kind != NoticeKind::Bundle && self.told.read.get(&id).is_some_and(|count| *count >= notice.count)
    }
}

/// One event on its way into a phone.
struct Arriving {
    key: String,
    kind: NoticeKind,
    urgency: Option<Urgency>,
    at: Timestamp,
    count: i64,
    read: bool,
}

impl Arriving {
    fn of_push(payload: &[u8]) -> Result<Self, String> {
        let push: Push = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        let parsed = parse_push(payload, None).map_err(|error| error.to_string())?;
        let urgency = (push.kind == NoticeKind::Alarm).then_some(Urgency::Critical);
        Ok(Self { key: parsed.key, kind: push.kind, urgency, at: parsed.at, count: push.count, read: false })
    }
}

impl World {
    /// What happens around notifications.
    pub(super) fn of_notices(&mut self, what: OfNotices) -> Result<(), String> {
        match what {
            OfNotices::Occur(alarms) => {
                let organization = self.chance.pick(&self.organizations).copied();
                for _ in 0..alarms {
                    organization.into_iter().for_each(|organization| self.occurs(organization));
                }
                if alarms > 1 {
                    self.tally.count("storm");
                }
            }
            OfNotices::Bundled { organization, person, began } => {
                if !self.server.up {
                    self.later(MINUTE, Happening::Notices(OfNotices::Bundled { organization, person, began }));
                } else if self.server.data.log.bundles.remove(&(organization, person)) {
                    self.tally.count("bundle told");
                    let key = notice::key(organization, NoticeKind::Bundle, organization.0, began.micros());
                    self.notify(organization, person, (key, NoticeKind::Bundle, 1));
                }
            }
            OfNotices::Pushed { phone, payload, until_ms } => return self.pushed(phone, payload, until_ms),
            OfNotices::Reads(phone) => return self.reads(phone),
        }
        Ok(())
    }

    /// An alarm occurs; whoever is to be told is.
    fn occurs(&mut self, organization: OrganizationId) {
        let Some(alarm) = self.chance.pick(&self.alarms).copied() else { return };
        if !self.server.up {
            return;
        }
        self.server.change(organization, alarm, false);
        let Some(row) = self.server.row(organization, alarm) else { return };
        let (occurrence, muted) = (row.text, row.mute.set);
        let happened = Happened {
            organization,
            kind: NoticeKind::Alarm,
            subject: alarm,
            // The occurrence is of its own: a restored backup does not hand it out again for something else.
            occurrence: self.now_ms * 1_000 + i64::try_from(self.next % 1_000).unwrap_or(0),
            urgency: Some(urgency_of(alarm, occurrence)),
            subscription: Some(subscription_of(alarm)),
            muted,
            at: Timestamp::from_millis(self.now_ms),
        };
        for person in self.phones.iter().map(|phone| phone.person).collect::<Vec<_>>() {
            // Twice, as a server that was interrupted would: the second time changes nothing.
            for _ in 0..2 {
                let (told, begins) = self.server.tell(person, &happened);
                if begins {
                    let began = happened.at;
                    let bundled = OfNotices::Bundled { organization, person, began };
                    self.later(BUNDLE_MS, Happening::Notices(bundled));
                }
                if let Some(told) = told {
                    self.tally.count(if told.2 > 1 { "counted up" } else { "told" });
                    self.notify(organization, person, told);
                }
            }
        }
        self.ring(organization);
    }

    /// Into the person's feed, and on its way by push.
    fn notify(
        &mut self,
        organization: OrganizationId,
        person: PersonId,
        (key, kind, count): (String, NoticeKind, i64),
    ) {
        let at = Timestamp::from_millis(self.now_ms);
        self.server.put_notice(organization, Notice { person, key: key.clone(), kind, at, count, read: false });
        self.ring(organization);
        let Some(phone) = self.phones.iter().position(|phone| phone.person == person) else { return };
        let push = Push {
            version: 1,
            organization,
            person,
            kind,
            subject_kind: NoticeSubject::Organization,
            subject: organization.0,
            notification: Some(id_of(person, &key)),
            key,
            at,
            count,
            incidents: None,
            channel: notice::channel(kind, Some(Urgency::Critical)),
            sealed: String::new(),
        };
        let Ok(payload) = serde_json::to_vec(&push) else { return };
        let until_ms = self.now_ms + KEPT_MS;
        for _ in 0..1 + u64::from(self.chance.happens(self.weather.doubled)) {
            if self.chance.happens(self.weather.lost_on_the_way) {
                self.tally.count("push lost");
                continue;
            }
            let late = if self.chance.happens(self.weather.slow) { 30 * MINUTE } else { 3 * SECOND };
            let delay = self.chance.between(50, late);
            let payload = payload.clone();
            self.later(delay, Happening::Notices(OfNotices::Pushed { phone, payload, until_ms }));
        }
    }

    /// A push reaches the phone: the app, or without one the extension, which keeps it.
    fn pushed(&mut self, phone: usize, payload: Vec<u8>, until_ms: i64) -> Result<(), String> {
        if !self.phones[phone].signal {
            if self.now_ms < until_ms {
                self.later(10 * MINUTE, Happening::Notices(OfNotices::Pushed { phone, payload, until_ms }));
            }
            return Ok(());
        }
        if self.phones[phone].life.is_none() {
            self.tally.count("pushed without an app");
            self.phones[phone].told.inbox.push(payload);
            return Ok(());
        }
        let arriving = Arriving::of_push(&payload)?;
        self.arrives_as_notice(phone, &arriving, "told by push")
    }

    fn arrives_as_notice(&mut self, phone: usize, arriving: &Arriving, way: &'static str) -> Result<(), String> {
        let now = Timestamp::from_millis(self.now_ms);
        if !self.phones[phone].takes(arriving, now) {
            self.tally.count("known already, or silenced");
            return Ok(());
        }
        self.tally.count(way);
        self.phones[phone].shows(arriving)
    }

    /// The app starts: what the extension showed is known from now on.
    pub(super) fn empties_inbox(&mut self, phone: usize) -> Result<(), String> {
        let now = Timestamp::from_millis(self.now_ms);
        for payload in std::mem::take(&mut self.phones[phone].told.inbox) {
            let arriving = Arriving::of_push(&payload)?;
            self.phones[phone].takes(&arriving, now);
        }
        Ok(())
    }

    /// The feed brought these: whoever was not told of them yet is told now.
    pub(super) fn notices_come(&mut self, phone: usize, rows: &BTreeMap<Uuid, Row>) -> Result<(), String> {
        let person = self.phones[phone].person;
        for notice in rows.values().filter_map(|row| row.notice.as_ref()).filter(|notice| notice.person == person) {
            let Notice { key, kind, at, count, read, .. } = notice.clone();
            let urgency = (kind == NoticeKind::Alarm).then_some(Urgency::Critical);
            self.arrives_as_notice(phone, &Arriving { key, kind, urgency, at, count, read }, "told by feed")?;
        }
        Ok(())
    }

    /// A person reads all that the phone has, one organization after the other.
    fn reads(&mut self, phone: usize) -> Result<(), String> {
        for organization in self.organizations.clone() {
            let it = &self.phones[phone];
            if it.life.is_none() || it.unread(organization) == 0 {
                continue;
            }
            let rows = it.disk.rows.get(&organization).into_iter().flatten();
            let mine = rows.filter_map(|(id, row)| Some((*id, row.notice.as_ref()?)));
            let mine = mine.filter(|(_, notice)| notice.person == it.person);
            let read: BTreeMap<Uuid, i64> = mine.map(|(id, notice)| (id, notice.count)).collect();
            self.tally.count("read");
            let body = ReadBody { notifications: read.keys().copied().collect(), up_to: None };
            let draft = self.draft_about_oneself(phone, organization, READ_NOTICES.name, &body, None)?;
            let life = self.phones[phone].lives;
            let id = draft.id;
            self.tell_outbox(phone, outbox::Event::Made(vec![draft]))?;
            if self.phones[phone].entries().any(|entry| entry.id == id) {
                self.phones[phone].told.read.extend(read);
            }
            if !self.lives(phone, life) {
                break;
            }
        }
        Ok(())
    }

    /// In the end what was read is read everywhere, and the number on each phone is what the server counts.
    pub(super) fn check_notices(&self) -> Result<(), String> {
        for phone in &self.phones {
            for organization in &self.organizations {
                let rows = self.server.data.rows.get(organization).into_iter().flatten();
                let mine = rows.filter_map(|(id, row)| Some((id, row.notice.as_ref()?)));
                let mine = mine.filter(|(_, notice)| notice.person == phone.person);
                let unread: Vec<(&Uuid, &Notice)> = mine.filter(|(_, notice)| !notice.read).collect();
                if let Some((id, _)) = unread.iter().find(|(id, notice)| phone.has_read(**id, notice)) {
                    return Err(format!("phone {}: {id} was read, and is unread on the server", phone.index));
                }
                if phone.unread(*organization) != unread.len() {
                    let (here, there) = (phone.unread(*organization), unread.len());
                    return Err(format!("phone {}: {here} unread, and {there} on the server", phone.index));
                }
            }
        }
        Ok(())
    }

    /// What a day brings of alarms that are told, and of reading.
    pub(super) fn plan_notices(&mut self, troubles: &[i64], day_ms: i64) {
        for _ in 0..self.chance.below(6) {
            let at = self.moment(troubles, day_ms);
            let alarms = if self.chance.happens(250) { 16 + self.chance.below(10) } else { 1 };
            self.later(at, Happening::Notices(OfNotices::Occur(alarms)));
        }
        for phone in 0..self.phones.len() {
            for _ in 0..self.chance.below(3) {
                let at = self.moment(troubles, day_ms);
                self.later(at, Happening::Notices(OfNotices::Reads(phone)));
            }
        }
    }
}
