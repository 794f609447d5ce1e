//! Is this phone ready for a shift (N7)? Each thing that keeps a notification from its person, with what to do about it. Pure:
//! what only the shell knows comes in as data.

use std::collections::BTreeMap;

use onsite_wire::codes::Code;
use onsite_wire::onsite::{Channel, DeliveryFigures, NoticeSettings};

use crate::error::Error;
use crate::time::Timestamp;

/// A clock may be so far off, in milliseconds.
const CLOCK_MS: i64 = 60_000;
/// A test push that is not there after so long is lost.
const CANARY_LOST_MS: i64 = 2 * 60_000;
/// A test of longer ago says little.
const CANARY_OLD_MS: i64 = 24 * 60 * 60_000;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * 60_000;

/// What is looked at, in the order in which it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// The app may show notifications.
    Permission,
    /// The system's channels, which a person can silence one by one.
    Channel,
    /// The person's own switch.
    PushSwitch,
    /// The daily push.
    DailyPush,
    /// The server knows where this phone's pushes go.
    PushToken,
    /// The last test push.
    Canary,
    /// The phone's clock.
    Clock,
    /// The system lets the app work in the background.
    Battery,
    /// Do Not Disturb.
    DoNotDisturb,
    /// The app may use the location.
    LocationPermission,
    /// On duty.
    Duty,
    /// Devices that push nothing.
    Subscription,
    /// Sites where nobody can be seen.
    Fences,
}

impl Item {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Permission,
        Self::Channel,
        Self::PushSwitch,
        Self::DailyPush,
        Self::PushToken,
        Self::Canary,
        Self::Clock,
        Self::Battery,
        Self::DoNotDisturb,
        Self::LocationPermission,
        Self::Duty,
        Self::Subscription,
        Self::Fences,
    ];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Channel => "channel",
            Self::PushSwitch => "push_switch",
            Self::DailyPush => "daily_push",
            Self::PushToken => "push_token",
            Self::Canary => "canary",
            Self::Clock => "clock",
            Self::Battery => "battery",
            Self::DoNotDisturb => "do_not_disturb",
            Self::LocationPermission => "location_permission",
            Self::Duty => "duty",
            Self::Subscription => "subscription",
            Self::Fences => "fences",
        }
    }
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Light {
    /// As it must be.
    Ready,
    /// Something to know, which may be as the person wants it.
    Look,
    /// Notifications are late or do not come at all.
    Bad,
    /// Nobody knows.
    Unknown,
    /// This server does not have it.
    NotOffered,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub item: Item,
    /// How it stands.
    pub light: Light,
    /// What is to be said and done about it, as a code; nothing while it is ready.
    pub says: Option<Error>,
}

/// The permission for the location, as the phone's system has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LocationPermission {
    /// Also in the background.
    Always,
    /// Only while the app is in front: sites are not found while the phone is in a pocket.
    WhileUsing,
    /// None.
    Denied,
}

/// What only the shell knows. `None`: it did not look, or the system does not tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PhoneStanding {
    /// The app may show notifications.
    pub may_notify: Option<bool>,
    /// The channels that the person silenced or blocked in the system's settings; empty: none of them.
    pub silent_channels: Option<Vec<Channel>>,
    /// The system restricts what the app does in the background.
    pub battery_restricted: Option<bool>,
    /// Do Not Disturb is on now.
    pub do_not_disturb: Option<bool>,
    /// The permission for the location.
    pub location: Option<LocationPermission>,
}

/// What the core knows of one organization.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Customer {
    pub(super) label: String,
    /// Its server offers notifications.
    pub(super) notifies: bool,
    /// Its server offers duty.
    pub(super) has_duty: bool,
    pub(super) settings: NoticeSettings,
    pub(super) devices: u64,
    pub(super) unsubscribed: u64,
    pub(super) sites_without_fence: u64,
}

/// What the core knows.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Known {
    pub(super) customers: Vec<Customer>,
    /// The phone's system gave a token.
    pub(super) has_token: bool,
    /// The server was told, and that holds.
    pub(super) is_registered: bool,
    pub(super) canary_asked: Option<Timestamp>,
    pub(super) canary_came: Option<Timestamp>,
    /// Milliseconds that the server's clock is ahead; `None`: never compared.
    pub(super) clock_offset_ms: Option<i64>,
    pub(super) on_duty: Option<bool>,
    /// The server's time.
    pub(super) now: Timestamp,
}

/// Whether the phone is ready, with how fast pushes come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// In the order of [`Item::ALL`].
    pub checks: Vec<Check>,
    /// How fast this phone showed what happened in the last 30 days.
    pub phone: Delays,
    /// The server's totals, for administrators of the organization that was asked for.
    pub server: Result<DeliveryFigures, Error>,
}

/// From the event to its showing on this phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delays {
    /// How many were shown.
    pub shown: usize,
    /// The median, in milliseconds.
    pub median_ms: Option<i64>,
    /// The 99th percentile.
    pub p99_ms: Option<i64>,
}

impl Delays {
    /// Of delays that are in order.
    pub(super) fn of(sorted: &[i64]) -> Self {
        let rank = |percent: usize| sorted.get(sorted.len().saturating_sub(1) * percent / 100).copied();
        Self { shown: sorted.len(), median_ms: rank(50), p99_ms: rank(99) }
    }
}

type Verdict = (Light, Option<Error>);

const READY: Verdict = (Light::Ready, None);
const UNKNOWN: Verdict = (Light::Unknown, None);
const NOT_OFFERED: Verdict = (Light::NotOffered, None);

const fn bad(code: Code) -> Verdict {
    (Light::Bad, Some(Error { code, arguments: BTreeMap::new() }))
}

const fn look(code: Code) -> Verdict {
    (Light::Look, Some(Error { code, arguments: BTreeMap::new() }))
}

fn with((light, says): Verdict, name: &str, value: impl ToString) -> Verdict {
    (light, says.map(|says| says.with(name, value)))
}

/// Bad with this code if so, ready if not, unknown if nobody knows.
fn unless(wrong: Option<bool>, verdict: Verdict) -> Verdict {
    match wrong {
        None => UNKNOWN,
        Some(true) => verdict,
        Some(false) => READY,
    }
}

/// Looks at everything.
pub(super) fn checks(known: &Known, phone: &PhoneStanding) -> Vec<Check> {
    Item::ALL
        .into_iter()
        .map(|item| {
            let (light, says) = check(item, known, phone);
            Check { item, light, says }
        })
        .collect()
}

fn check(item: Item, known: &Known, phone: &PhoneStanding) -> Verdict {
    let notifies = known.customers.iter().any(|customer| customer.notifies);
    let has_duty = known.customers.iter().any(|customer| customer.has_duty);
    match item {
        Item::Permission => unless(phone.may_notify.map(|may| !may), bad(Code::NoticesNotPermitted)),
        Item::Channel => channel(phone),
        Item::Clock => clock(known),
        Item::Battery => unless(phone.battery_restricted, bad(Code::BatteryRestricted)),
        Item::DoNotDisturb => do_not_disturb(known, phone),
        Item::Subscription => subscription(known),
        Item::PushSwitch | Item::DailyPush | Item::PushToken | Item::Canary if !notifies => NOT_OFFERED,
        Item::LocationPermission | Item::Duty | Item::Fences if !has_duty => NOT_OFFERED,
        Item::PushSwitch => push_switch(known),
        Item::DailyPush => {
            let is_off = !known.customers.iter().any(|customer| customer.notifies && customer.settings.daily.is_some());
            unless(Some(is_off), look(Code::DailyPushOff))
        }
        Item::PushToken => match (known.has_token, known.is_registered) {
            (false, _) => bad(Code::NoPushToken),
            (true, false) => bad(Code::RegistrationUnknown),
            (true, true) => READY,
        },
        Item::Canary => canary(known),
        Item::LocationPermission => match phone.location {
            None => UNKNOWN,
            Some(LocationPermission::Always) => READY,
            Some(LocationPermission::WhileUsing | LocationPermission::Denied) => bad(Code::LocationNotPermitted),
        },
        Item::Duty => duty(known),
        Item::Fences => {
            let count: u64 = known.customers.iter().map(|customer| customer.sites_without_fence).sum();
            with(unless(Some(count > 0), look(Code::SitesWithoutFence)), "count", count)
        }
    }
}

fn channel(phone: &PhoneStanding) -> Verdict {
    let Some(silent) = &phone.silent_channels else { return UNKNOWN };
    match silent.iter().find(|channel| **channel == Channel::Critical).or(silent.first()) {
        None => READY,
        Some(Channel::Critical) => with(bad(Code::ChannelSilent), "channel", Channel::Critical.as_str()),
        Some(other) => with(look(Code::ChannelSilent), "channel", other.as_str()),
    }
}

fn push_switch(known: &Known) -> Verdict {
    let off = known.customers.iter().find(|customer| customer.notifies && !customer.settings.push);
    off.map_or(READY, |customer| with(bad(Code::PushSwitchedOff), "organization", &customer.label))
}

fn canary(known: &Known) -> Verdict {
    match (known.canary_asked, known.canary_came) {
        (None, None) => look(Code::CanaryMissing),
        (Some(asked), came) if came.is_none_or(|came| came < asked) => {
            let waiting = known.now.millis_since(asked);
            if waiting < CANARY_LOST_MS { UNKNOWN } else { with(bad(Code::CanaryLost), "minutes", waiting / MINUTE_MS) }
        }
        (_, Some(came)) if known.now.millis_since(came) > CANARY_OLD_MS => {
            with(look(Code::CanaryOld), "days", known.now.millis_since(came) / DAY_MS)
        }
        (_, _) => READY,
    }
}

fn clock(known: &Known) -> Verdict {
    let Some(offset) = known.clock_offset_ms else { return UNKNOWN };
    with(unless(Some(offset.abs() > CLOCK_MS), bad(Code::ClockOff)), "seconds", offset.abs() / 1_000)
}

fn do_not_disturb(known: &Known, phone: &PhoneStanding) -> Verdict {
    let breaks = known.customers.iter().filter(|customer| customer.notifies);
    let breaks = breaks.clone().count() > 0 && breaks.clone().all(|customer| customer.settings.critical_breaks_quiet);
    // Critical ones come through; the others are as quiet as the person wants them.
    unless(phone.do_not_disturb, if breaks { look(Code::DoNotDisturbOn) } else { bad(Code::DoNotDisturbOn) })
}

fn duty(known: &Known) -> Verdict {
    match known.on_duty {
        None => UNKNOWN,
        Some(true) => READY,
        Some(false) if known.customers.iter().any(|customer| customer.settings.quiet_off_duty) => {
            bad(Code::QuietOffDuty)
        }
        Some(false) => look(Code::NotOnDuty),
    }
}

fn subscription(known: &Known) -> Verdict {
    let count: u64 = known.customers.iter().map(|customer| customer.unsubscribed).sum();
    let devices: u64 = known.customers.iter().map(|customer| customer.devices).sum();
    if devices == 0 {
        return UNKNOWN;
    }
    with(unless(Some(count > 0), look(Code::DevicesPushNothing)), "count", count)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn ready() -> (Known, PhoneStanding) {
        let daily = Some(onsite_wire::onsite::DailyTime { minute: 420, zone: "UTC".into() });
        let customer = Customer {
            label: "Harbour Mill".into(),
            notifies: true,
            has_duty: true,
            settings: NoticeSettings { daily, ..NoticeSettings::default() },
            devices: 3,
            ..Customer::default()
        };
        let known = Known {
            customers: vec![customer],
            has_token: true,
            is_registered: true,
            canary_asked: Some(NOW.plus_millis(-5_000)),
            canary_came: Some(NOW.plus_millis(-4_000)),
            clock_offset_ms: Some(300),
            on_duty: Some(true),
            now: NOW,
        };
        let phone = PhoneStanding {
            may_notify: Some(true),
            silent_channels: Some(Vec::new()),
            battery_restricted: Some(false),
            do_not_disturb: Some(false),
            location: Some(LocationPermission::Always),
        };
        (known, phone)
    }

    fn said(known: &Known, phone: &PhoneStanding, item: Item) -> (Light, Option<Code>) {
        let check = checks(known, phone).into_iter().find(|check| check.item == item).unwrap();
        (check.light, check.says.map(|says| says.code))
    }

    #[test]
    fn everything_that_keeps_a_notification_back_says_what_to_do() {
        let (known, phone) = ready();
        assert!(checks(&known, &phone).iter().all(|check| check.light == Light::Ready), "{:?}", checks(&known, &phone));
        type Spoil = fn(&mut Known, &mut PhoneStanding);
        let spoilt: [(Item, Light, Code, Spoil); 19] = [
            (Item::Permission, Light::Bad, Code::NoticesNotPermitted, |_, phone| phone.may_notify = Some(false)),
            (Item::Channel, Light::Bad, Code::ChannelSilent, |_, phone| {
                phone.silent_channels = Some(vec![Channel::Quiet, Channel::Critical]);
            }),
            (Item::Channel, Light::Look, Code::ChannelSilent, |_, phone| {
                phone.silent_channels = Some(vec![Channel::Quiet]);
            }),
            (Item::PushSwitch, Light::Bad, Code::PushSwitchedOff, |known, _| known.customers[0].settings.push = false),
            (Item::DailyPush, Light::Look, Code::DailyPushOff, |known, _| known.customers[0].settings.daily = None),
            (Item::PushToken, Light::Bad, Code::NoPushToken, |known, _| known.has_token = false),
            (Item::PushToken, Light::Bad, Code::RegistrationUnknown, |known, _| known.is_registered = false),
            (Item::Canary, Light::Look, Code::CanaryMissing, |known, _| {
                (known.canary_asked, known.canary_came) = (None, None);
            }),
            (Item::Canary, Light::Bad, Code::CanaryLost, |known, _| {
                (known.canary_asked, known.canary_came) = (Some(NOW.plus_millis(-CANARY_LOST_MS)), None);
            }),
            (Item::Canary, Light::Look, Code::CanaryOld, |known, _| {
                known.canary_asked = Some(NOW.plus_millis(-3 * DAY_MS));
                known.canary_came = Some(NOW.plus_millis(-3 * DAY_MS + 1));
            }),
            (Item::Clock, Light::Bad, Code::ClockOff, |known, _| known.clock_offset_ms = Some(-90_000)),
            (Item::Battery, Light::Bad, Code::BatteryRestricted, |_, phone| phone.battery_restricted = Some(true)),
            (Item::DoNotDisturb, Light::Bad, Code::DoNotDisturbOn, |_, phone| phone.do_not_disturb = Some(true)),
            (Item::DoNotDisturb, Light::Look, Code::DoNotDisturbOn, |known, phone| {
                phone.do_not_disturb = Some(true);
                known.customers[0].settings.critical_breaks_quiet = true;
            }),
            (Item::LocationPermission, Light::Bad, Code::LocationNotPermitted, |_, phone| {
                phone.location = Some(LocationPermission::WhileUsing);
            }),
            (Item::Duty, Light::Look, Code::NotOnDuty, |known, _| known.on_duty = Some(false)),
            (Item::Duty, Light::Bad, Code::QuietOffDuty, |known, _| {
                known.on_duty = Some(false);
                known.customers[0].settings.quiet_off_duty = true;
            }),
            (Item::Subscription, Light::Look, Code::DevicesPushNothing, |known, _| known.customers[0].unsubscribed = 2),
            (Item::Fences, Light::Look, Code::SitesWithoutFence, |known, _| {
                known.customers[0].sites_without_fence = 1;
            }),
        ];
        for (item, light, code, spoil) in spoilt {
            let (mut known, mut phone) = ready();
            spoil(&mut known, &mut phone);
            assert_eq!(said(&known, &phone, item), (light, Some(code)));
            let others = checks(&known, &phone).into_iter().filter(|check| check.item != item);
            assert!(others.into_iter().all(|check| check.light == Light::Ready), "{item:?} spoils another");
        }
    }

    #[test]
    fn what_nobody_told_is_unknown_and_what_the_server_does_not_have_is_not_offered() {
        let (known, _) = ready();
        let silent = PhoneStanding::default();
        for item in [Item::Permission, Item::Channel, Item::Battery, Item::DoNotDisturb, Item::LocationPermission] {
            assert_eq!(said(&known, &silent, item), (Light::Unknown, None), "{item:?}");
        }
        let vendor =
            Known { customers: vec![Customer { devices: 1, ..Customer::default() }], now: NOW, ..Known::default() };
        for item in [Item::PushSwitch, Item::DailyPush, Item::PushToken, Item::Canary, Item::Duty, Item::Fences] {
            assert_eq!(said(&vendor, &silent, item), (Light::NotOffered, None), "{item:?}");
        }
        assert_eq!(said(&vendor, &silent, Item::Clock), (Light::Unknown, None));
    }

    #[test]
    fn every_word_of_advice_has_its_arguments() {
        let (mut known, mut phone) = ready();
        known.clock_offset_ms = Some(120_000);
        known.customers[0].settings.push = false;
        known.customers[0].unsubscribed = 4;
        phone.silent_channels = Some(vec![Channel::Warning]);
        for check in checks(&known, &phone) {
            let text = check.says.map(|says| says.to_string()).unwrap_or_default();
            assert!(!text.contains('{'), "{text}");
        }
    }

    #[test]
    fn a_test_push_that_was_asked_for_just_now_is_waited_for() {
        let (mut known, phone) = ready();
        known.canary_asked = Some(NOW.plus_millis(-1_000));
        assert_eq!(said(&known, &phone, Item::Canary), (Light::Unknown, None));
    }

    #[test]
    fn median_and_percentile_are_of_what_was_shown() {
        assert_eq!(Delays::of(&[]), Delays::default());
        let delays: Vec<i64> = (1..=100).collect();
        assert_eq!(Delays::of(&delays), Delays { shown: 100, median_ms: Some(50), p99_ms: Some(99) });
    }
}
