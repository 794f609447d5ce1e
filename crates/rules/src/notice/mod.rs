//! Who is notified, how, and why (N1, N3, N5, N6).
//!
//! [`decide`] is asked by the server, which tells people, and by the phone, which may only silence: [`narrowed`] takes the
//! quieter of both. Every rule that was asked leaves what it saw, so that a person can read why.

mod chat;
mod storm;

use onsite_wire::onsite::{Channel, NoticeKind, NoticeSettings, Reasons, RuleAsked, Urgency, Verdict};
use onsite_wire::rest::Subscription;
use onsite_wire::time::Timestamp;

pub use chat::{CHAT_QUIET_MS, chat_push_at};
pub use storm::{Storm, WINDOW_MS};

use crate::severity::Shown;

/// How long bundled events are gathered.
pub const BUNDLE_MS: i64 = 5 * 60 * 1_000;
/// The instant pushes of an organization within [`WINDOW_MS`] that come one by one; from the next one they count up.
pub const STORM: usize = 5;

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub kind: NoticeKind,
    /// How urgent an alarm it is about; missing: about none.
    pub urgency: Option<Urgency>,
    /// When.
    pub at: Timestamp,
    /// The person did it: nobody is told of their own doings.
    pub own_doing: bool,
}

/// Whether one is on duty (U1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// On duty.
    On,
    /// Off duty.
    Off,
    /// Not known, or not offered: as if on duty, rather one push too many.
    Unknown,
}

/// All that a decision rests upon, for one person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Situation<'a> {
    /// What happened.
    pub event: Event,
    /// How the person wishes to be told.
    pub settings: &'a NoticeSettings,
    /// A mute holds for it, from the alarm or its device.
    pub muted: bool,
    /// Whether the person is on duty.
    pub duty: Duty,
    /// The person may see it (P2).
    pub may_see: bool,
    /// The device's subscription; missing: it is about no device.
    pub subscription: Option<Subscription>,
    /// Of an alarm: it opened an incident, which is told in its place. The two are one notification (N1).
    pub told_as_incident: bool,
    /// Instant pushes of this organization to this person of the same [`storm_of`], before this one and within
    /// [`WINDOW_MS`] of `now`.
    pub instant_before: usize,
    /// Of a message: how many the notification of its chat stands for that the person has not read yet.
    pub unread_before: i64,
    /// The same event is there already (N5).
    pub known: bool,
    /// The time of deciding.
    pub now: Timestamp,
}

/// An event older than this is in the list, but rings no more.
const STALE_MS: i64 = 24 * 60 * 60 * 1_000;

/// What becomes of an event for one person, and why.
///
/// The rules are asked in this order; the first that says something decides.
pub fn decide(situation: &Situation<'_>) -> Reasons {
    let mut asked = Vec::with_capacity(RULES.len());
    for (name, rule) in RULES {
        let (input, said) = rule(situation);
        asked.push(RuleAsked { rule: (*name).to_owned(), input, said });
        if let Some(verdict) = said {
            return Reasons { verdict, rules: asked, decided: (*name).to_owned() };
        }
    }
    // The last rule always says something; this is for a table that somebody cut short.
    Reasons { verdict: Verdict::Silent, rules: asked, decided: String::new() }
}

/// What becomes of an event in the person's list of notifications (N4), as if no setting of the person's silenced it: pushes
/// on, every severity wished, no quiet while off duty. What was never for the person stays silent, and so does what comes
/// only when wished: a cleared alarm.
pub fn listed(situation: &Situation<'_>) -> Reasons {
    let settings = NoticeSettings {
        push: true,
        severities: Urgency::ALL.to_vec(),
        quiet_off_duty: false,
        ..situation.settings.clone()
    };
    decide(&Situation { settings: &settings, ..*situation })
}

type Rule = fn(&Situation<'_>) -> (String, Option<Verdict>);

/// The rules in their order.
const RULES: &[(&str, Rule)] = &[
    ("known_kind", known_kind),
    ("rights", rights),
    ("own_doing", own_doing),
    ("same_event", same_event),
    ("one_with_incident", one_with_incident),
    ("push_switch", push_switch),
    ("subscription", subscription),
    ("severity", severity),
    ("clearing", clearing),
    ("mute", mute),
    ("duty", duty),
    ("age", age),
    ("urgency", urgency),
    ("chat", chat),
    ("storm", storm),
];

const fn yes(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

fn silent_if(input: &str, silent: bool) -> (String, Option<Verdict>) {
    (input.to_owned(), silent.then_some(Verdict::Silent))
}

/// Whether it is of an alarm's own doing, an incident that it opened included: what people do is told without regard to
/// severity and subscription.
const fn of_an_alarm(event: &Event) -> bool {
    match event.kind {
        NoticeKind::Alarm | NoticeKind::AlarmCleared | NoticeKind::MuteEnded => true,
        NoticeKind::Incident => event.urgency.is_some(),
        _ => false,
    }
}

/// What an instant event is counted with: alarms with alarms, and each kind of what people do by itself. So what a
/// colleague hands over in one go swallows no critical alarm.
pub const fn storm_of(event: &Event) -> NoticeKind {
    if of_an_alarm(event) { NoticeKind::Alarm } else { event.kind }
}

fn known_kind(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    let kind = situation.event.kind;
    silent_if(kind.as_str(), kind == NoticeKind::Unheard)
}

fn rights(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    silent_if(yes(situation.may_see), !situation.may_see)
}

fn own_doing(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    // The end of one's own mute is announced to oneself.
    let of_people = matches!(
        situation.event.kind,
        NoticeKind::Assignment | NoticeKind::Incident | NoticeKind::IncidentState | NoticeKind::Message
    );
    silent_if(yes(situation.event.own_doing), situation.event.own_doing && of_people)
}

fn same_event(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    silent_if(yes(situation.known), situation.known)
}

fn one_with_incident(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    silent_if(yes(situation.told_as_incident), situation.told_as_incident)
}

fn push_switch(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    let test = situation.event.kind == NoticeKind::Canary;
    silent_if(if situation.settings.push { "on" } else { "off" }, !situation.settings.push && !test)
}

fn subscription(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    let (word, pushes) = match situation.subscription {
        Some(Subscription::ItExpert) => ("it_expert", true),
        Some(Subscription::AssetAdvisor) => ("asset_advisor", true),
        Some(Subscription::None) => ("none", false),
        None => ("no_device", true),
    };
    silent_if(word, !pushes && of_an_alarm(&situation.event))
}

fn severity(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    match situation.event.urgency {
        Some(urgency) => {
            let wished = situation.settings.severities.contains(&urgency);
            silent_if(urgency.as_str(), !wished && of_an_alarm(&situation.event))
        }
        None => silent_if("none", situation.event.kind == NoticeKind::Alarm),
    }
}

fn clearing(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    let clearing = situation.event.kind == NoticeKind::AlarmCleared;
    silent_if(if clearing { "cleared" } else { "not_cleared" }, clearing && !situation.settings.on_clearing)
}

fn mute(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    silent_if(yes(situation.muted), situation.muted && of_an_alarm(&situation.event))
}

fn duty(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    let (word, off) = match situation.duty {
        Duty::On => ("on", false),
        Duty::Off => ("off", true),
        Duty::Unknown => ("unknown", false),
    };
    let quiet = off && situation.settings.quiet_off_duty && situation.event.kind != NoticeKind::Canary;
    silent_if(word, quiet)
}

fn age(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    let age = situation.now.millis_since(situation.event.at).max(0);
    silent_if(&format!("{} s", age / 1_000), age > STALE_MS)
}

fn urgency(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    let event = &situation.event;
    match (of_an_alarm(event), event.kind, event.urgency) {
        (true, NoticeKind::Alarm | NoticeKind::MuteEnded | NoticeKind::Incident, Some(Urgency::Critical)) => {
            ("instant".to_owned(), None)
        }
        (true, ..) => ("bundled".to_owned(), Some(Verdict::Bundle)),
        // What is told once a day or counted already needs no counting.
        (false, NoticeKind::Bundle | NoticeKind::Daily | NoticeKind::Canary, _) => {
            ("once".to_owned(), Some(Verdict::Notify))
        }
        (false, ..) => ("person".to_owned(), None),
    }
}

fn chat(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    if situation.event.kind != NoticeKind::Message {
        return ("no_message".to_owned(), None);
    }
    let verdict = if situation.unread_before > 0 { Verdict::CountUp } else { Verdict::Notify };
    (format!("{} unread", situation.unread_before), Some(verdict))
}

fn storm(situation: &Situation<'_>) -> (String, Option<Verdict>) {
    let verdict = if situation.instant_before >= STORM { Verdict::CountUp } else { Verdict::Notify };
    (situation.instant_before.to_string(), Some(verdict))
}

/// How loud a verdict is; what is not known is silent.
const fn loudness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Notify => 3,
        Verdict::CountUp => 2,
        Verdict::Bundle => 1,
        Verdict::Silent | Verdict::Unheard => 0,
    }
}

/// What a phone does with what the server decided, when its own decision is another one: it may silence, never add.
pub fn narrowed(server: Verdict, phone: Verdict) -> Verdict {
    // What the phone would bundle or count up was bundled and counted by the server.
    if loudness(phone) == 0 { Verdict::Silent } else { server }
}

/// The channel of an event. An incident that a critical alarm opened rings as that alarm.
pub const fn channel(kind: NoticeKind, urgency: Option<Urgency>) -> Channel {
    use NoticeKind::{Alarm, Assignment, Bundle, Incident, IncidentState, Message, MuteEnded, MuteEnding};
    match (kind, urgency) {
        (Alarm | MuteEnded | Bundle | Incident, Some(Urgency::Critical)) => Channel::Critical,
        (Alarm | MuteEnded, _) | (Bundle, Some(_)) => Channel::Warning,
        (Assignment, _) => Channel::Assignment,
        (MuteEnding, _) => Channel::Mute,
        (Incident | IncidentState, _) => Channel::Incident,
        (Message, _) => Channel::Chat,
        _ => Channel::Quiet,
    }
}

/// The sound of a channel: missing is the usual one, empty is none. What counts up makes a sound the first time only; a
/// chat, whose pushes are kept apart by [`chat_push_at`], each time.
pub fn sound(settings: &NoticeSettings, channel: Channel, count: i64, verdict: Verdict) -> Option<String> {
    let counts = verdict == Verdict::CountUp && count > 1 && channel != Channel::Chat;
    if channel == Channel::Quiet || counts {
        return Some(String::new());
    }
    settings.sounds.get(channel.as_str()).cloned()
}

/// The urgency of a shown severity.
pub const fn urgency_of(shown: Shown) -> Urgency {
    match shown {
        Shown::Critical => Urgency::Critical,
        Shown::Warning => Urgency::Warning,
    }
}

/// The key of an event, the same in push and feed (N5): organization, kind, subject, occurrence or version. Ids and
/// numbers only, for a provider sees it.
pub fn key(
    organization: onsite_wire::ids::OrganizationId,
    kind: NoticeKind,
    subject: onsite_wire::ids::Uuid,
    occurrence: i64,
) -> String {
    format!("{organization}/{}/{subject}/{occurrence}", kind.as_str())
}

#[cfg(test)]
mod tests;
