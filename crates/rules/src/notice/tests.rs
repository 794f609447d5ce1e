//! Who is notified, by sentences and by properties.

use onsite_wire::ids::{OrganizationId, Uuid};
use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn critical(settings: &NoticeSettings) -> Situation<'_> {
    Situation {
        event: Event { kind: NoticeKind::Alarm, urgency: Some(Urgency::Critical), at: NOW, own_doing: false },
        settings,
        muted: false,
        duty: Duty::Unknown,
        may_see: true,
        subscription: Some(Subscription::ItExpert),
        told_as_incident: false,
        instant_before: 0,
        unread_before: 0,
        known: false,
        now: NOW,
    }
}

fn of<'a>(kind: NoticeKind, urgency: Option<Urgency>, settings: &'a NoticeSettings) -> Situation<'a> {
    let situation = critical(settings);
    Situation { event: Event { kind, urgency, ..situation.event }, ..situation }
}

fn decided(situation: &Situation<'_>) -> (Verdict, String) {
    let reasons = decide(situation);
    (reasons.verdict, reasons.decided)
}

fn said(verdict: Verdict, rule: &str) -> (Verdict, String) {
    (verdict, rule.to_owned())
}

#[test]
fn a_critical_alarm_is_told_at_once_others_are_bundled_and_devices_without_subscription_say_nothing() {
    let settings = NoticeSettings::default();
    assert_eq!(decided(&critical(&settings)), said(Verdict::Notify, "storm"));
    let warning = of(NoticeKind::Alarm, Some(Urgency::Warning), &settings);
    assert_eq!(decided(&warning), said(Verdict::Bundle, "urgency"));
    for urgency in Urgency::ALL {
        let bare =
            Situation { subscription: Some(Subscription::None), ..of(NoticeKind::Alarm, Some(*urgency), &settings) };
        assert_eq!(decided(&bare), said(Verdict::Silent, "subscription"));
    }
}

#[test]
fn from_the_sixth_instant_push_within_a_minute_one_notification_counts_up() {
    let settings = NoticeSettings::default();
    let mut storm = Storm::default();
    let mut told = Vec::new();
    for second in 0..12 {
        let now = NOW.plus_millis(second * 1_000);
        let situation = Situation { instant_before: storm.before(now), ..critical(&settings) };
        let counted = storm.one_more(now);
        assert_eq!(counted.is_some(), decide(&situation).verdict == Verdict::CountUp);
        told.push(counted.map(|(_, count)| count));
    }
    assert_eq!(told[..5], [None; 5]);
    assert_eq!(told[5..], [1, 2, 3, 4, 5, 6, 7].map(Some));
    assert_eq!(storm.one_more(NOW.plus_millis(12_000 + WINDOW_MS)), None, "a quiet minute ends it");
}

#[test]
fn nobody_is_told_of_an_alarm_that_they_may_not_see_whatever_else_holds() {
    let settings = NoticeSettings { on_clearing: true, ..NoticeSettings::default() };
    for kind in NoticeKind::ALL {
        let hidden = Situation { may_see: false, ..of(*kind, Some(Urgency::Critical), &settings) };
        assert_eq!(decided(&hidden), said(Verdict::Silent, "rights"));
    }
}

#[test]
fn settings_silence_by_switch_severity_clearing_and_duty() {
    let off = NoticeSettings { push: false, ..NoticeSettings::default() };
    assert_eq!(decided(&critical(&off)), said(Verdict::Silent, "push_switch"));
    let only_warnings = NoticeSettings { severities: vec![Urgency::Warning], ..NoticeSettings::default() };
    assert_eq!(decided(&critical(&only_warnings)), said(Verdict::Silent, "severity"));
    let usual = NoticeSettings::default();
    let cleared = of(NoticeKind::AlarmCleared, Some(Urgency::Critical), &usual);
    assert_eq!(decided(&cleared), said(Verdict::Silent, "clearing"));
    let quiet = NoticeSettings { quiet_off_duty: true, ..NoticeSettings::default() };
    let off_duty = Situation { duty: Duty::Off, ..critical(&quiet) };
    assert_eq!(decided(&off_duty), said(Verdict::Silent, "duty"));
    assert_eq!(decided(&Situation { duty: Duty::Unknown, ..off_duty }).0, Verdict::Notify);
    assert_eq!(decided(&Situation { settings: &usual, ..off_duty }).0, Verdict::Notify);
}

#[test]
fn what_settings_silenced_is_listed_and_what_was_never_for_the_person_is_not() {
    let silencing = [
        NoticeSettings { push: false, ..NoticeSettings::default() },
        NoticeSettings { severities: Vec::new(), ..NoticeSettings::default() },
        NoticeSettings { quiet_off_duty: true, ..NoticeSettings::default() },
    ];
    for settings in &silencing {
        let off_duty = Situation { duty: Duty::Off, ..critical(settings) };
        assert_eq!((decide(&off_duty).verdict, listed(&off_duty).verdict), (Verdict::Silent, Verdict::Notify));
        let storm = Situation { instant_before: STORM, ..off_duty };
        assert_eq!(listed(&storm).verdict, Verdict::CountUp);
        let event = Event { urgency: Some(Urgency::Warning), ..off_duty.event };
        assert_eq!(listed(&Situation { event, ..off_duty }).verdict, Verdict::Bundle);
        for never in [
            Situation { may_see: false, ..off_duty },
            Situation { muted: true, ..off_duty },
            Situation { subscription: Some(Subscription::None), ..off_duty },
            Situation { known: true, ..off_duty },
            Situation { event: Event { kind: NoticeKind::AlarmCleared, ..off_duty.event }, ..off_duty },
        ] {
            assert_eq!(listed(&never).verdict, Verdict::Silent);
        }
    }
}

#[test]
fn the_end_of_a_mute_is_announced_though_it_holds_and_an_assignment_needs_no_subscription() {
    let settings = NoticeSettings::default();
    let ending = of(NoticeKind::MuteEnding, Some(Urgency::Warning), &settings);
    let ending = Situation { muted: true, event: Event { own_doing: true, ..ending.event }, ..ending };
    assert_eq!(decided(&ending).0, Verdict::Notify);
    let assigned = of(NoticeKind::Assignment, Some(Urgency::Warning), &settings);
    assert_eq!(
        decided(&Situation { subscription: Some(Subscription::None), ..assigned }),
        said(Verdict::Notify, "storm")
    );
    let own = Situation { event: Event { own_doing: true, ..assigned.event }, ..assigned };
    assert_eq!(decided(&own), said(Verdict::Silent, "own_doing"));
}

#[test]
fn an_alarm_and_the_incident_that_it_opens_are_one_notification_that_counts_as_the_alarm() {
    let settings = NoticeSettings::default();
    let alarm = Situation { told_as_incident: true, ..critical(&settings) };
    assert_eq!(decided(&alarm), said(Verdict::Silent, "one_with_incident"));
    let incident = of(NoticeKind::Incident, Some(Urgency::Critical), &settings);
    assert_eq!(decided(&incident), said(Verdict::Notify, "storm"));
    assert_eq!(decided(&Situation { instant_before: STORM, ..incident }).0, Verdict::CountUp);
    assert_eq!((storm_of(&incident.event), storm_of(&alarm.event)), (NoticeKind::Alarm, NoticeKind::Alarm));
    let only_warnings = NoticeSettings { severities: vec![Urgency::Warning], ..NoticeSettings::default() };
    let unwished = of(NoticeKind::Incident, Some(Urgency::Critical), &only_warnings);
    assert_eq!(decided(&unwished), said(Verdict::Silent, "severity"));
}

#[test]
fn what_people_do_with_incidents_is_told_at_once_to_others_and_counts_up_by_itself() {
    let settings = NoticeSettings { severities: Vec::new(), ..NoticeSettings::default() };
    for kind in [NoticeKind::Incident, NoticeKind::IncidentState, NoticeKind::Assignment] {
        let event = of(kind, None, &settings);
        assert_eq!(decided(&event), said(Verdict::Notify, "storm"));
        assert_eq!(decided(&Situation { instant_before: STORM, ..event }).0, Verdict::CountUp);
        assert_eq!(storm_of(&event.event), kind, "it fills no storm of alarms");
        let own = Situation { event: Event { own_doing: true, ..event.event }, ..event };
        assert_eq!(decided(&own), said(Verdict::Silent, "own_doing"));
    }
}

#[test]
fn the_first_unread_message_of_a_chat_is_told_and_the_others_are_counted_to_it() {
    let settings = NoticeSettings::default();
    let message = of(NoticeKind::Message, None, &settings);
    assert_eq!(decided(&message), said(Verdict::Notify, "chat"));
    let second = Situation { unread_before: 1, instant_before: 100, ..message };
    assert_eq!(decided(&second), said(Verdict::CountUp, "chat"));
    assert_eq!(channel(NoticeKind::Message, None), Channel::Chat);
    assert_eq!(sound(&settings, Channel::Chat, 7, Verdict::CountUp), None, "its pushes are apart, and each rings");
}

#[test]
fn the_key_of_an_event_has_ids_and_numbers_only() {
    let (organization, subject) = (OrganizationId::from_bytes([1; 16]), Uuid::from_bytes([2; 16]));
    assert_eq!(
        key(organization, NoticeKind::Alarm, subject, 3),
        "01010101-0101-0101-0101-010101010101/alarm/02020202-0202-0202-0202-020202020202/3"
    );
}

#[test]
fn what_counts_up_makes_its_sound_once() {
    let settings = NoticeSettings::default();
    assert_eq!(sound(&settings, Channel::Critical, 1, Verdict::CountUp), None);
    assert_eq!(sound(&settings, Channel::Critical, 2, Verdict::CountUp).as_deref(), Some(""));
}

fn any_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

prop_compose! {
    fn any_settings()(
        push in any::<bool>(), quiet in any::<bool>(), clearing in any::<bool>(),
        severities in prop::collection::vec(any_of(Urgency::ALL), 0..3),
    ) -> NoticeSettings {
        NoticeSettings { push, severities, quiet_off_duty: quiet, on_clearing: clearing, ..NoticeSettings::default() }
    }
}

prop_compose! {
    fn any_situation(settings: NoticeSettings)(
        kind in any_of(NoticeKind::ALL), urgency in prop::option::of(any_of(Urgency::ALL)), own in any::<bool>(),
        muted in any::<bool>(), may_see in any::<bool>(), known in any::<bool>(),
        duty in any_of(&[Duty::On, Duty::Off, Duty::Unknown]),
        subscription in any_of(&[None, Some(Subscription::None), Some(Subscription::ItExpert), Some(Subscription::AssetAdvisor)]),
        instant_before in 0..10_usize, unread_before in 0..3_i64, told_as_incident in any::<bool>(),
        age in 0..200_000_000_i64,
    ) -> Situation<'static> {
        // A few hundred settings leak per run of the tests; a situation borrows them.
        let settings: &'static NoticeSettings = Box::leak(Box::new(settings.clone()));
        let event = Event { kind, urgency, at: NOW.plus_millis(-age), own_doing: own };
        Situation {
            event, settings, muted, duty, may_see, subscription, told_as_incident, instant_before, unread_before, known,
            now: NOW,
        }
    }
}

fn any_case() -> impl Strategy<Value = Situation<'static>> {
    any_settings().prop_flat_map(any_situation)
}

proptest! {
    #[test]
    fn the_rule_named_is_the_last_one_asked_and_the_only_one_that_spoke(situation in any_case()) {
        let reasons = decide(&situation);
        let (last, before) = reasons.rules.split_last().unwrap();
        prop_assert_eq!(&last.rule, &reasons.decided);
        prop_assert_eq!(last.said, Some(reasons.verdict));
        prop_assert!(before.iter().all(|rule| rule.said.is_none()));
        prop_assert_eq!(&reasons, &decide(&situation));
    }

    #[test]
    fn a_phone_only_silences(server in any_of(Verdict::ALL), situation in any_case()) {
        let phone = decide(&situation).verdict;
        let told = narrowed(server, phone);
        prop_assert!(told == server || told == Verdict::Silent);
        prop_assert!(loudness(told) <= loudness(server));
        prop_assert!(phone != Verdict::Silent || told == Verdict::Silent);
    }

    #[test]
    fn the_list_is_as_loud_as_the_phone_and_nothing_that_rings_is_missing_in_it(situation in any_case()) {
        let (rings, listed) = (decide(&situation), listed(&situation));
        if rings.verdict == Verdict::Silent {
            let by_settings = ["push_switch", "severity", "duty"].contains(&rings.decided.as_str());
            prop_assert!(listed.verdict == Verdict::Silent || by_settings, "{}", rings.decided);
        } else {
            prop_assert_eq!(listed.verdict, rings.verdict);
        }
    }

    #[test]
    fn a_known_or_hidden_event_is_never_told_and_a_mute_silences_every_alarm(situation in any_case()) {
        for silenced in [
            Situation { may_see: false, ..situation },
            Situation { known: true, ..situation },
        ] {
            prop_assert_eq!(decide(&silenced).verdict, Verdict::Silent);
        }
        if of_an_alarm(&situation.event) {
            prop_assert_eq!(decide(&Situation { muted: true, ..situation }).verdict, Verdict::Silent);
        }
    }
}
