//! The rules of duty, one by one, on a phone whose clocks the test turns.

use std::sync::Arc;

use onsite_rules::fence::Fence;
use onsite_wire::codes::Code;
use onsite_wire::ids::{LocationId, OrganizationId};
use onsite_wire::onsite::Outline;

use super::*;
use crate::duty::fix::Fix;
use crate::duty::plan::{IOS_REGIONS, Watched};
use crate::duty::sites::Site;
use crate::time::Timestamp;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Degrees of latitude in a metre.
const METRE: f64 = 1.0 / 111_195.0;

fn site(n: u8, lat: f64) -> Site {
    let outline = Outline::Circle { center: [8.0, lat], radius_m: 150.0 };
    Site {
        id: LocationId::from_bytes([n; 16]),
        organization: OrganizationId::from_bytes([7; 16]),
        fence: Fence::of(&outline).unwrap(),
    }
}

/// A phone in a test: its clocks, and what the last steps brought.
struct Phone {
    duty: Duty,
    now: Moment,
    effects: Vec<Effect>,
    stored: Stored,
}

const HERE: LocationId = LocationId::from_bytes([1; 16]);

impl Phone {
    fn new(settings: Settings) -> Self {
        let now = Moment { wall: Timestamp::from_millis(1_800_000_000_000), monotonic_ms: HOUR, boot: 1 };
        Self::started(Stored::default(), settings, now)
    }

    fn started(stored: Stored, settings: Settings, now: Moment) -> Self {
        let duty = Duty::recover(stored, settings, IOS_REGIONS, &now);
        let mut phone = Self { duty, now, effects: Vec::new(), stored };
        phone.step(Event::Sites(Arc::new(Sites::of(vec![site(1, 47.0), site(2, 47.5)]))));
        phone
    }

    fn on_site() -> Self {
        let mut phone = Self::new(Settings::default());
        phone.step(Event::SwitchedOn);
        phone.walk(0.0, 10);
        assert_eq!(phone.name(), Name::Inside);
        phone
    }

    fn step(&mut self, event: Event) -> Vec<Effect> {
        let effects = self.duty.step(event, &self.now);
        for effect in &effects {
            if let Effect::Decided(decision) = effect {
                assert!(crate::duty::table::allows(decision.from, decision.to), "{decision:?}");
            }
            if let Effect::Remember(stored) = effect {
                self.stored = *stored;
            }
        }
        self.effects.extend(effects.iter().cloned());
        effects
    }

    fn pass(&mut self, millis: i64) -> Vec<Effect> {
        self.now.monotonic_ms += millis;
        self.now.wall = self.now.wall.plus_millis(millis);
        self.step(Event::Tick)
    }

    fn fix(&mut self, metres_north: f64) -> Vec<Effect> {
        let lat = 47.0 + metres_north * METRE;
        self.step(Event::Fix(Fix { lat, lon: 8.0, accuracy_m: 10.0, age_ms: 0, mocked: false }))
    }

    /// That many fixes there, 15 s apart.
    fn walk(&mut self, metres_north: f64, fixes: usize) {
        for _ in 0..fixes {
            self.pass(15_000);
            self.fix(metres_north);
        }
    }

    /// Time passes minute by minute, and nothing comes.
    fn silence(&mut self, minutes: i64) {
        for _ in 0..minutes {
            self.pass(MINUTE);
        }
    }

    /// The server takes the switch, and the claim that is said now.
    fn taken(&mut self) {
        let lease_ms = Some(self.now.monotonic_ms);
        self.step(Event::Heard(Heard { switch: Some(AtServer::Same), lease_ms, trouble: None }));
    }

    fn heard(&mut self, switch: AtServer) {
        self.step(Event::Heard(Heard { switch: Some(switch), ..Heard::default() }));
    }

    fn at_server(&self) -> AtServer {
        self.duty.standing(&self.now).at_server
    }

    fn name(&self) -> Name {
        self.duty.standing(&self.now).name
    }

    fn reason(&self) -> Option<Code> {
        self.duty.standing(&self.now).reason
    }

    fn claims(&self) -> usize {
        self.effects.iter().filter(|effect| matches!(effect, Effect::Claim { .. })).count()
    }

    fn has(&self, wanted: &Effect) -> bool {
        self.effects.contains(wanted)
    }
}

#[test]
fn a_site_is_entered_and_left_after_the_dwell_and_said_once_each() {
    let mut phone = Phone::new(Settings::default());
    phone.step(Event::SwitchedOn);
    assert_eq!(phone.name(), Name::Unknown);
    phone.walk(5_000.0, 1);
    assert_eq!(phone.name(), Name::Outside);
    phone.silence(5);
    phone.walk(-100.0, 4);
    assert_eq!((phone.name(), phone.claims()), (Name::Entering, 0), "45 s are no dwell");
    phone.walk(-100.0, 1);
    assert_eq!((phone.name(), phone.claims()), (Name::Inside, 1));
    assert_eq!(phone.duty.standing(&phone.now).since_ms, Some(60_000), "since the first fix there");
    phone.walk(-400.0, 8);
    assert_eq!(phone.name(), Name::Leaving);
    assert!(!phone.has(&Effect::Withdraw));
    phone.walk(-400.0, 2);
    assert_eq!(phone.name(), Name::Outside);
    assert!(phone.has(&Effect::Withdraw));
}

#[test]
fn off_duty_nothing_is_asked_for_and_nothing_said() {
    let mut phone = Phone::new(Settings::default());
    phone.walk(0.0, 20);
    phone.step(Event::Crossed(Watched::Site(HERE)));
    phone.silence(60);
    assert!(phone.effects.is_empty(), "{:?}", phone.effects);
}

#[test]
fn a_region_event_asks_for_a_fix_and_changes_nothing_by_itself() {
    let mut phone = Phone::new(Settings::default());
    phone.step(Event::SwitchedOn);
    phone.fix(5_000.0);
    phone.pass(MINUTE);
    phone.effects.clear();
    let effects = phone.step(Event::Crossed(Watched::Site(HERE)));
    assert!(effects.contains(&Effect::AskFix), "{effects:?}");
    assert_eq!(phone.name(), Name::Outside);
}

#[test]
fn the_site_is_renewed_every_five_minutes_while_evidence_is_an_hour_old_at_most() {
    let mut phone = Phone::on_site();
    phone.effects.clear();
    phone.silence(30);
    assert_eq!(phone.claims(), 6);
    // The system's own answer is evidence too.
    phone.step(Event::RegionAnswer { site: HERE, inside: true });
    phone.silence(59);
    assert_eq!((phone.name(), phone.claims()), (Name::Inside, 18));
    phone.taken();
    phone.silence(2);
    assert_eq!((phone.name(), phone.reason()), (Name::Degraded, Some(Code::NoEvidence)));
    assert!(phone.duty.standing(&phone.now).lease_ms.is_some());
    let said = phone.claims();
    phone.silence(120);
    assert_eq!(phone.claims(), said, "nothing is said without evidence");
    assert_eq!(phone.duty.standing(&phone.now).lease_ms, None, "the lease is over");
    assert!(phone.duty.standing(&phone.now).on.is_some(), "on duty stays on");
}

#[test]
fn a_stay_below_the_ground_goes_on_when_the_person_comes_up_at_the_site() {
    let mut phone = Phone::on_site();
    phone.silence(180);
    assert_eq!(phone.name(), Name::Degraded);
    phone.effects.clear();
    phone.fix(20.0);
    assert_eq!((phone.name(), phone.claims()), (Name::Inside, 1));
}

#[test]
fn permission_taken_or_location_off_ends_renewing_and_says_why_until_it_is_back() {
    for (off, on, code) in [
        (Event::Permission(false), Event::Permission(true), Code::LocationNotPermitted),
        (Event::LocationServices(false), Event::LocationServices(true), Code::LocationOff),
    ] {
        let mut phone = Phone::on_site();
        phone.effects.clear();
        phone.step(off);
        assert_eq!((phone.name(), phone.reason()), (Name::Degraded, Some(code)));
        phone.walk(0.0, 10);
        phone.silence(20);
        assert_eq!((phone.claims(), phone.has(&Effect::AskFix)), (0, false), "nothing is asked and nothing said");
        assert!(!phone.has(&Effect::Withdraw), "it lapses by itself");
        phone.step(on);
        assert_eq!(phone.name(), Name::Unknown);
        phone.fix(10.0);
        assert_eq!((phone.name(), phone.claims()), (Name::Inside, 1));
    }
}

#[test]
fn a_killed_app_goes_on_where_it_was_and_withdraws_what_is_no_longer_true() {
    let mut killed = Phone::on_site();
    killed.pass(2 * MINUTE);
    let later =
        Moment { wall: killed.now.wall.plus_millis(MINUTE), monotonic_ms: killed.now.monotonic_ms + MINUTE, boot: 1 };
    let mut there = Phone::started(killed.stored, Settings::default(), later);
    assert_eq!((there.name(), there.reason()), (Name::Unknown, None));
    there.fix(0.0);
    assert_eq!(there.name(), Name::Inside);
    let since = there.duty.standing(&there.now).since_ms.unwrap();
    assert!(since >= 3 * MINUTE, "the same stay: {since}");

    let mut gone = Phone::started(killed.stored, Settings::default(), later);
    gone.fix(3_000.0);
    assert_eq!(gone.name(), Name::Outside);
    assert!(gone.has(&Effect::Withdraw), "colleagues must not read it until the lease ends");
}

#[test]
fn a_restarted_phone_stays_on_duty_and_finds_the_site_anew() {
    let before = Phone::on_site();
    let now = Moment { wall: before.now.wall.plus_millis(5 * MINUTE), monotonic_ms: 20_000, boot: 2 };
    let mut phone = Phone::started(before.stored, Settings::default(), now);
    assert_eq!((phone.name(), phone.reason()), (Name::Unknown, Some(Code::PhoneRestarted)));
    phone.fix(0.0);
    assert_eq!((phone.name(), phone.claims()), (Name::Entering, 0), "nothing of before proves anything");
    phone.walk(0.0, 4);
    assert_eq!((phone.name(), phone.claims()), (Name::Inside, 1));
}

#[test]
fn a_clock_or_time_zone_that_is_set_changes_nothing() {
    let mut set = Phone::on_site();
    let mut left_alone = Phone::on_site();
    for hours in [-26_i64, 9, 13] {
        set.now.wall = set.now.wall.plus_millis(hours * HOUR);
        for phone in [&mut set, &mut left_alone] {
            phone.silence(7);
            phone.taken();
            phone.walk(-20.0, 3);
        }
        let standing = |phone: &Phone| {
            let standing = phone.duty.standing(&phone.now);
            (standing.name, standing.site, standing.since_ms, standing.lease_ms)
        };
        assert_eq!(standing(&set), standing(&left_alone));
        assert_eq!(set.claims(), left_alone.claims());
    }
}

#[test]
fn without_any_fix_it_is_said_that_none_come() {
    let mut phone = Phone::new(Settings::default());
    phone.step(Event::SwitchedOn);
    phone.silence(10);
    assert_eq!((phone.name(), phone.reason()), (Name::Degraded, Some(Code::NoFixes)));
    phone.fix(9_000.0);
    assert_eq!(phone.name(), Name::Outside);
}

#[test]
fn a_refused_fix_says_why_and_moves_nothing() {
    let mut phone = Phone::on_site();
    let mocked = Fix { lat: 10.0, lon: 8.0, accuracy_m: 5.0, age_ms: 0, mocked: true };
    let effects = phone.step(Event::Fix(mocked));
    let refused = effects.iter().any(|effect| match effect {
        Effect::Decided(decision) => decision.why.word() == "fix_mocked" && decision.to == Name::Inside,
        _ => false,
    });
    assert!(refused, "{effects:?}");
}

#[test]
fn a_site_that_loses_its_fence_is_withdrawn() {
    let mut phone = Phone::on_site();
    phone.step(Event::Sites(Arc::new(Sites::of(vec![site(2, 47.5)]))));
    assert_eq!(phone.name(), Name::Outside);
    assert!(phone.has(&Effect::Withdraw));
}

#[test]
fn after_a_long_shift_leaving_the_last_site_reminds_of_the_switch_once() {
    let mut phone = Phone::on_site();
    for _ in 0..9 * 6 {
        phone.silence(10);
        phone.fix(0.0);
    }
    phone.walk(-400.0, 12);
    assert_eq!(phone.name(), Name::Outside);
    phone.effects.clear();
    phone.silence(9);
    assert!(!phone.has(&Effect::Remind));
    phone.silence(60);
    assert_eq!(phone.effects.iter().filter(|effect| **effect == Effect::Remind).count(), 1);

    let mut early = Phone::on_site();
    early.walk(-400.0, 12);
    early.silence(60);
    assert!(!early.has(&Effect::Remind), "the shift has just begun");
}

#[test]
fn duty_ends_by_itself_only_if_the_person_chose_so() {
    let settings = Settings { auto_off_hours: Some(10), ..Settings::default() };
    let mut phone = Phone::new(settings);
    phone.step(Event::SwitchedOn);
    phone.silence(10 * 60 - 1);
    assert!(!phone.has(&Effect::Switch(false)));
    phone.silence(1);
    assert!(phone.has(&Effect::Switch(false)));
    assert_eq!(phone.name(), Name::OffDuty);

    let mut never = Phone::new(Settings::default());
    never.step(Event::SwitchedOn);
    never.silence(48 * 60);
    assert_ne!(never.name(), Name::OffDuty);
}

#[test]
fn duty_that_should_have_ended_while_the_app_was_away_ends_when_it_is_back() {
    let settings = Settings { auto_off_hours: Some(10), ..Settings::default() };
    let mut phone = Phone::new(settings);
    phone.step(Event::SwitchedOn);
    for boot in [1, 2] {
        let wall = phone.now.wall.plus_millis(11 * HOUR);
        let monotonic_ms = if boot == 1 { phone.now.monotonic_ms + 11 * HOUR } else { 5_000 };
        let mut back = Phone::started(phone.stored, settings, Moment { wall, monotonic_ms, boot });
        assert_eq!(back.name(), Name::OffDuty, "boot {boot}");
        assert!(back.has(&Effect::Switch(false)), "and the server is told");
        back.silence(60);
        assert_eq!(back.effects.iter().filter(|effect| **effect == Effect::Switch(false)).count(), 1);
    }
}

#[test]
fn colleagues_are_said_to_read_a_site_only_from_the_claim_that_the_server_took() {
    let mut phone = Phone::on_site();
    assert!(phone.claims() > 0);
    assert_eq!(phone.duty.standing(&phone.now).lease_ms, None, "said, and not taken yet");
    phone.taken();
    phone.silence(4);
    assert_eq!(phone.duty.standing(&phone.now).lease_ms, Some(11 * MINUTE));
    let heard = Heard { lease_ms: None, trouble: Some(Code::NoNetwork), ..Heard::default() };
    phone.step(Event::Heard(heard));
    let standing = phone.duty.standing(&phone.now);
    assert_eq!((standing.name, standing.lease_ms, standing.reason), (Name::Inside, None, Some(Code::NoNetwork)));
    phone.step(Event::ClaimRefused(Code::SiteUnknown));
    assert_eq!(phone.reason(), Some(Code::SiteUnknown));
    phone.taken();
    assert_eq!(phone.reason(), None);
}

#[test]
fn a_switch_that_the_server_did_not_take_is_told_with_the_reason_claims_nothing_and_is_handed_over_again_when_pressed()
{
    let mut phone = Phone::on_site();
    assert_eq!(phone.at_server(), AtServer::OnPhone);
    phone.heard(AtServer::Differs(Code::TooOld));
    assert_eq!((phone.name(), phone.at_server()), (Name::Inside, AtServer::Differs(Code::TooOld)));
    phone.effects.clear();
    phone.silence(20);
    assert_eq!(phone.claims(), 0, "nobody would read it");
    phone.step(Event::SwitchedOn);
    assert!(phone.has(&Effect::Switch(true)));
    assert_eq!(phone.at_server(), AtServer::OnPhone);
    assert_eq!(phone.claims(), 1, "the site is said at once");
    phone.heard(AtServer::Same);
    phone.effects.clear();
    phone.step(Event::SwitchedOn);
    assert!(!phone.has(&Effect::Switch(true)), "what the server has is not said twice");
    let again = Phone::started(phone.stored, Settings::default(), phone.now);
    assert_eq!(again.at_server(), AtServer::Same, "it outlives the app");
}

#[test]
fn the_servers_own_list_is_told_where_it_says_otherwise_and_is_no_switch() {
    let mut phone = Phone::on_site();
    phone.taken();
    phone.step(Event::Told { on: false });
    assert_eq!((phone.name(), phone.at_server()), (Name::Inside, AtServer::Differs(Code::NotOnDuty)));
    // What was confirmed before stands in the outbox for days, and says nothing of now.
    phone.heard(AtServer::Same);
    assert_eq!(phone.at_server(), AtServer::Differs(Code::NotOnDuty));
    phone.step(Event::Told { on: true });
    assert_eq!(phone.at_server(), AtServer::Same);
    phone.step(Event::ClaimRefused(Code::NotOnDuty));
    assert_eq!(phone.at_server(), AtServer::Differs(Code::NotOnDuty));

    let mut other = Phone::new(Settings::default());
    other.step(Event::Told { on: true });
    assert_eq!((other.name(), other.at_server()), (Name::OffDuty, AtServer::Differs(Code::OnDutyElsewhere)));
    other.step(Event::SwitchedOff);
    assert!(other.has(&Effect::Switch(false)), "off is handed over though this phone is off");
    assert_eq!(other.at_server(), AtServer::OnPhone);
}
