//! The list and its unread counter over real files, against the plain rule: whatever comes, is read, is pushed or goes, the
//! counter equals a recount.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use onsite_wire::ids::{ActionId, OrganizationId, PersonId};
use onsite_wire::onsite::{
    Channel, NoticeKind, NoticeSettings, NoticeSubject, NoticeWords, Notification, NotificationObject, ReadBody,
    Reasons, StoredSettings, Subject, SubjectKind, Urgency, Verdict,
};
use uuid::Uuid;

use super::feed::Change;
use super::list::{NoticeMark, NoticesChanged, NotificationCounts, NotificationFilter, NotificationList, Ready, Tally};
use super::{NotificationFeed, acting, intake, row, shape};
use crate::live::{BeforeAfter, Query, Start};
use crate::store::{Key, Options, Store};
use crate::sync::feed::{Feed, Intake, Seen, organization_number};
use crate::sync::overlays::{Overlays, Pending, Standing};
use crate::time::{Clock, SystemClock, Timestamp};

const ORGANIZATION: OrganizationId = OrganizationId::from_bytes([3; 16]);
const ME: PersonId = PersonId::from_bytes([1; 16]);
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn notification(number: u8, read: bool, revision: i64) -> Notification {
    Notification {
        id: Uuid::from_bytes([number; 16]),
        key: format!("o/alarm/{number}/0"),
        kind: NoticeKind::Alarm,
        subject_kind: NoticeSubject::Alarm,
        subject: Uuid::from_bytes([9; 16]),
        urgency: Some(Urgency::Critical),
        words: NoticeWords::default(),
        count: 1,
        incidents: None,
        at: NOW.plus_millis(-i64::from(number % 7)),
        channel: Channel::Critical,
        reasons: Reasons { verdict: Verdict::Notify, rules: Vec::new(), decided: String::new() },
        read,
        revision,
    }
}

fn present(notification: Notification) -> Change {
    Change::Present(Box::new(NotificationObject::Notification(Box::new(notification))))
}

fn action(number: u8, kind: &str, body: impl serde::Serialize, standing: Standing) -> Pending {
    Pending {
        id: ActionId::from_bytes([number; 16]),
        kind: kind.to_owned(),
        body: serde_json::to_value(body).unwrap(),
        made_at: NOW,
        by: ME,
        by_name: "Ada".into(),
        standing,
        parked: None,
    }
}

fn reading(body: ReadBody) -> Pending {
    action(1, "read_notices", body, Standing::OnPhone)
}

/// A phone's files, and lists of all notifications and of the unread ones whose counts follow each commit.
struct Files {
    store: Store,
    overlays: Arc<Overlays>,
    changed: Arc<Mutex<BeforeAfter<NoticeMark>>>,
    counts: [(NotificationList, Tally); 2],
    _folder: tempfile::TempDir,
}

const READY: Ready = Ready { organization: None };

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            folder: folder.path(),
            key: Key::new([7; 32]),
            schema: crate::account::SCHEMA,
            clock: Arc::new(SystemClock) as Arc<dyn Clock>,
            before_migration_commits: Arc::new(|| {}),
        };
        let (store, _) = Store::open(options).unwrap();
        let changed = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&changed);
        store.observe(move |commit| {
            noted.lock().unwrap().extend(commit.of::<NoticesChanged>().flat_map(|changed| changed.0.iter().copied()));
            true
        });
        let overlays = Arc::new(Overlays::default());
        overlays.set_person(Some(ME));
        let list = |unread| NotificationList { filter: NotificationFilter { organization: None, unread } };
        let counts = [(list(false), Tally::default()), (list(true), Tally::default())];
        Self { store, overlays, changed, counts, _folder: folder }
    }

    fn pull(&self, full: bool, changes: Vec<Change>, now: Timestamp) {
        let feed = NotificationFeed { overlays: Arc::clone(&self.overlays) };
        let written = self.store.write_behind(move |writer| {
            writer.cache(|cache, noted| {
                let organization = organization_number(cache, ORGANIZATION)?;
                let mut seen = Seen::default();
                let mut intake = Intake { cache, changes: noted, organization, full, seen: &mut seen, now };
                feed.take(&mut intake, changes)?;
                feed.finish(&mut intake).map(drop)
            })
        });
        written.wait().unwrap();
    }

    fn act(&self, pending: Vec<Pending>) {
        self.overlays.set(ORGANIZATION, Subject { kind: SubjectKind::Person, id: ME.0 }, pending.clone());
        let written = self.store.write(move |writer| {
            writer.cache(|cache, changes| shape::overlay(cache, changes, ORGANIZATION, Some(ME), &pending))
        });
        written.wait().unwrap();
    }

    fn push(&self, notification: Notification, now: Timestamp) {
        let overlays = Arc::clone(&self.overlays);
        let written = self.store.write(move |writer| {
            writer.cache(|cache, changes| {
                let organization = organization_number(cache, ORGANIZATION)?;
                let pending = intake::pending(cache, organization, &overlays)?;
                let mut changed = NoticesChanged::default();
                intake::put_pushed(cache, organization, &pending, &notification, now, &mut changed)?;
                changed.note(changes);
                Ok(())
            })
        });
        written.wait().unwrap();
    }

    /// Which ones stand in the list and whether they are read; asserts that counts kept by difference equal a recount.
    fn shown(&mut self) -> BTreeMap<u8, bool> {
        let changed = std::mem::take(&mut *self.changed.lock().unwrap());
        for (list, tally) in &mut self.counts {
            changed.iter().for_each(|(before, after)| list.retally(&READY, tally, before.as_ref(), after.as_ref()));
        }
        let counts = self.counts;
        let looked = self.store.read(move |reading| {
            let mut rows: BTreeMap<u8, bool> = BTreeMap::new();
            let mut keys = Vec::new();
            let (all, _) = &counts[0];
            all.page(reading, &READY, Start::Top, usize::MAX, &mut |mark| {
                keys.push(all.key(&READY, &mark));
                let row = row::read(reading.cache, NotificationList::number(&mark))?.unwrap();
                rows.insert(row.id.as_bytes()[0], row.read);
                Ok(ControlFlow::Continue(()))
            })?;
            assert!(keys.is_sorted());
            let unread = rows.values().filter(|read| !**read).count() as u64;
            for ((list, tally), total) in counts.iter().zip([rows.len() as u64, unread]) {
                let recount = list.count(reading, &READY, &mut |_| {})?;
                for tally in [tally, &recount] {
                    assert_eq!(list.counts(&READY, tally), (total, NotificationCounts { unread }));
                }
            }
            Ok(rows)
        });
        looked.wait().unwrap()
    }
}

#[test]
fn the_unread_counter_equals_a_recount_whatever_comes_is_read_pushed_or_goes() {
    for seed in 1..=25 {
        let mut chance = Chance(seed);
        let mut files = Files::new();
        // What the server has, and up to where the person read.
        let mut server: BTreeMap<u8, Notification> = BTreeMap::new();
        let mut pushed: BTreeSet<u8> = BTreeSet::new();
        let (mut revision, mut reads) = (0, ReadBody::default());
        for _ in 0..30 {
            let number = u8::try_from(chance.below(20)).unwrap() + 1;
            revision += 1;
            match chance.below(7) {
                0 | 1 => {
                    let new = notification(number, chance.below(4) == 0, revision);
                    server.insert(number, new.clone());
                    pushed.remove(&number);
                    files.pull(false, vec![present(new)], NOW);
                }
                2 => {
                    if server.remove(&number).is_some() || pushed.remove(&number) {
                        files.pull(false, vec![Change::Gone(Uuid::from_bytes([number; 16]))], NOW);
                    }
                }
                3 => {
                    files.push(notification(number, false, 0), NOW);
                    if !server.contains_key(&number) {
                        pushed.insert(number);
                    }
                }
                4 => {
                    reads.notifications.push(Uuid::from_bytes([number; 16]));
                    files.act(vec![reading(reads.clone())]);
                }
                5 => {
                    reads = match chance.below(3) {
                        0 => ReadBody::default(),
                        _ => ReadBody { up_to: Some(revision), ..reads.clone() },
                    };
                    files.act(vec![reading(reads.clone())]);
                }
                _ => {
                    // What only a push has brought stays a while, and goes if the feed never has it.
                    let late = chance.below(2) == 0;
                    files.pull(
                        true,
                        server.values().cloned().map(present).collect(),
                        NOW.plus_millis(i64::from(late) * 3_600_000),
                    );
                    if late {
                        pushed.clear();
                    }
                }
            }
            let covered = |id: Uuid, revision: i64| {
                reads.notifications.contains(&id)
                    || (revision > 0 && reads.up_to.is_some_and(|up_to| revision <= up_to))
            };
            let of_server = server.iter().map(|(number, one)| (*number, one.read || covered(one.id, one.revision)));
            let of_pushes = pushed.iter().map(|number| (*number, covered(Uuid::from_bytes([*number; 16]), 0)));
            assert_eq!(files.shown(), of_server.chain(of_pushes).collect(), "seed {seed}");
        }
    }
}

#[test]
fn settings_hold_at_once_and_what_the_server_says_later_shows_when_nothing_is_pending() {
    let files = Files::new();
    let now = || {
        let found = files.store.read(|reading| shape::settings(reading.cache, ORGANIZATION));
        found.wait().unwrap()
    };
    assert_eq!(now(), NoticeSettings::default());
    let quiet = NoticeSettings { push: false, ..NoticeSettings::default() };
    let chosen = action(2, "notice_settings", &quiet, Standing::OnPhone);
    files.act(vec![chosen.clone()]);
    assert_eq!(now(), quiet, "at once");
    let theirs = NoticeSettings { on_clearing: true, ..NoticeSettings::default() };
    let stored = |settings: &NoticeSettings| {
        let stored = StoredSettings { id: ME, settings: settings.clone(), kept_back: 0, revision: 7 };
        Change::Present(Box::new(NotificationObject::Settings(stored)))
    };
    files.pull(false, vec![stored(&theirs)], NOW);
    assert_eq!(now(), quiet, "one's own choice is the later one until it was refused");
    files.act(Vec::new());
    assert_eq!(now(), theirs);
    files.pull(true, Vec::new(), NOW);
    assert_eq!(now(), NoticeSettings::default(), "the server has none");
    files.act(vec![Pending { parked: Some(onsite_wire::codes::Code::ZoneUnknown), ..chosen }]);
    assert_eq!(now(), NoticeSettings::default(), "what was parked shapes nothing");
}

#[test]
fn a_reading_takes_the_place_of_the_unsent_one_with_all_that_was_read() {
    let (one, two) = (Uuid::from_bytes([1; 16]), Uuid::from_bytes([2; 16]));
    let body = |ids: &[Uuid], up_to| ReadBody { notifications: ids.to_vec(), up_to };
    let before = [reading(body(&[one], Some(5)))];
    assert_eq!(acting::gathered(body(&[two], None), &before).unwrap(), body(&[one, two], Some(5)));
    let sent = [action(1, "read_notices", body(&[one], Some(5)), Standing::OnServer)];
    assert_eq!(acting::gathered(body(&[two], None), &sent).unwrap(), body(&[two], None));
    let many: Vec<Uuid> = (0..1_001_u128).map(Uuid::from_u128).collect();
    assert!(acting::gathered(body(&many, None), &[]).is_err());
}

#[test]
fn settings_that_cannot_be_are_refused_here() {
    let daily = |minute, zone: &str| {
        let daily = onsite_wire::onsite::DailyTime { minute, zone: zone.to_owned() };
        acting::check(&NoticeSettings { daily: Some(daily), ..NoticeSettings::default() })
    };
    assert_eq!(daily(420, "Europe/Berlin"), Ok(()));
    assert_eq!(daily(1_439, "Etc/GMT+5"), Ok(()));
    assert!(daily(1_440, "UTC").is_err());
    for zone in ["", "Mars Olympus", "../../etc", &"a".repeat(65)] {
        assert_eq!(daily(0, zone).map_err(|error| error.code), Err(onsite_wire::codes::Code::ZoneUnknown), "{zone}");
    }
    let unheard = NoticeSettings { severities: vec![Urgency::Unheard], ..NoticeSettings::default() };
    assert!(acting::check(&unheard).is_err());
}

/// A repeatable sequence of numbers.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        let mut dice = crate::sync::backoff::Dice::new(self.0);
        let drawn = dice.roll();
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        usize::try_from(drawn % u64::try_from(limit).unwrap()).unwrap()
    }
}
