//! Notifications: the list, why one was told, the settings, and whether the phone is ready for a shift.

use std::collections::BTreeMap;

use onsite_wire::ids::{AlarmId, OrganizationId};
use onsite_wire::onsite::{
    Channel, DeliveryFigures, LockScreen, NoticeKind, NoticeLog, NoticeSettings, NoticeSubject, NoticeWords, Reasons,
    RuleAsked, Urgency, Verdict,
};
use ratatui::crossterm::event::KeyCode;

use super::states::{home, id, minutes_ago};
use super::{drawn, letter, press, shown};
use crate::api::{
    Check, Code, Error, Item, Light, NotificationRow, Opened, Readiness, Target, TargetView, Way, WhyNotified,
};
use crate::app::message::{Command, Message};
use crate::app::{Model, Screen, update};

fn row(n: u8, kind: NoticeKind, words: NoticeWords, read: bool) -> NotificationRow {
    let route = onsite::notifications::Route::of_subject(OrganizationId(id(1)), None, NoticeSubject::Alarm, id(n));
    NotificationRow {
        id: id(n),
        organization: OrganizationId(id(1)),
        key: format!("o/alarm/{n}/0"),
        kind,
        said: onsite::notifications::Said::of(kind, &words, 4, None),
        subject_kind: NoticeSubject::Alarm,
        subject: id(n),
        urgency: (kind == NoticeKind::Alarm).then_some(Urgency::Critical),
        channel: Channel::Critical,
        count: 4,
        at: minutes_ago(i64::from(n)),
        read,
        route,
        by_push_only: false,
    }
}

fn words(alarm: &str) -> NoticeWords {
    NoticeWords {
        alarm: alarm.to_owned(),
        device: "HAM-UPS-01".to_owned(),
        location: "Speicher K".to_owned(),
        organization: "Bjørnson Colocation".to_owned(),
        by: "Ada Krüger".to_owned(),
        state: String::new(),
    }
}

fn list() -> Model {
    let mut model = home();
    letter(&mut model, 'm');
    model.notices.is_read = true;
    model.notices.unread = Some(2);
    model.notices.rows = vec![
        row(1, NoticeKind::Alarm, words("Fan failed"), false),
        row(2, NoticeKind::Assignment, words("On battery"), false),
        row(
            3,
            NoticeKind::Bundle,
            NoticeWords { organization: "São Rafael".to_owned(), ..NoticeWords::default() },
            true,
        ),
        row(4, NoticeKind::Unheard, words("Something"), true),
    ];
    model
}

#[test]
fn the_list_says_what_happened_and_where_and_how_much_is_unread() {
    let model = list();
    let screen = shown(&model);
    for words in [
        "2 unread",
        "Fan failed",
        "HAM-UPS-01 · Speicher K",
        "Ada Krüger made you responsible: On battery",
        "4 alarms more",
        "unheard: Something",
    ] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    assert_eq!(screen.matches("● !!").count() + screen.matches("●    Ada").count(), 2, "{screen}");
    assert!(shown(&home()).contains("Notifications"));
    let mut counted = home();
    update(&mut counted, Message::Unread(Some(7)));
    assert!(shown(&counted).contains("7 unread"));
}

#[test]
fn keys_read_one_and_all_open_and_narrow_to_the_unread() {
    let mut model = list();
    press(&mut model, KeyCode::Down);
    assert!(matches!(letter(&mut model, 'r')[..], [Command::MarkRead(one)] if one == id(2)));
    assert!(matches!(letter(&mut model, 'a')[..], [Command::MarkAllRead(None)]));
    let commands = press(&mut model, KeyCode::Tab);
    assert!(matches!(&commands[..], [Command::OpenNotices(_, filter)] if filter.unread));
    let commands = press(&mut model, KeyCode::Enter);
    let [Command::OpenNotice(tap, None)] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!(tap.route.target, Target::Alarm(AlarmId(id(2))));
    assert!(matches!(&letter(&mut model, 'y')[..], [Command::WhyNotified(title, ..)] if title == "On battery"));
}

#[test]
fn a_tap_goes_to_its_alarm_switches_the_organization_and_says_so_of_another_account() {
    let mut model = list();
    let target = Target::Alarm(AlarmId(id(9)));
    let other = OrganizationId(id(2));
    let opened =
        Opened::There { organization: Some(other), switched: true, target, view: Box::new(TargetView::NotHere) };
    let commands = update(&mut model, Message::Arrived(Box::new(opened)));
    assert_eq!((model.screen, model.organization), (Screen::Alarm, Some(other)));
    assert!(commands.iter().any(|command| matches!(command, Command::OpenAlarm(alarm) if alarm.0 == id(9))));
    assert!(shown(&model).contains("Switched to São Rafael."));
    let somebody = onsite_wire::ids::PersonId(id(99));
    update(&mut model, Message::Arrived(Box::new(Opened::OtherAccount(somebody))));
    assert!(shown(&model).contains("another account"));
    let target = Target::Alarms;
    let opened = Opened::There { organization: None, switched: false, target, view: Box::new(TargetView::Home) };
    let commands = update(&mut model, Message::Arrived(Box::new(opened)));
    assert!(matches!(commands[0], Command::OpenWindow { everywhere: true, .. }), "no place narrows it");
}

fn reasons(decided: &str, verdict: Verdict) -> Reasons {
    let rule = |name: &str, said| RuleAsked { rule: name.to_owned(), input: "yes".to_owned(), said };
    Reasons { verdict, rules: vec![rule("rights", None), rule(decided, Some(verdict))], decided: decided.to_owned() }
}

#[test]
fn why_one_was_told_shows_the_rules_of_both_sides_with_times() {
    let mut model = list();
    let why = WhyNotified {
        server: Ok(onsite::notifications::ServerNotices {
            notices: vec![NoticeLog {
                key: "k".to_owned(),
                kind: NoticeKind::Alarm,
                made_at: minutes_ago(2),
                reasons: reasons("storm", Verdict::Notify),
                handed_over_at: Some(minutes_ago(1)),
                shown_at: None,
                opened_at: None,
                withheld: Some(onsite_wire::onsite::Withheld {
                    at: minutes_ago(1),
                    reasons: reasons("duty", Verdict::Silent),
                }),
            }],
            seen_at: minutes_ago(0),
        }),
        phone: vec![onsite::notifications::PhoneNotice {
            organization: OrganizationId(id(1)),
            key: "k".to_owned(),
            kind: NoticeKind::Alarm,
            way: Way::Push,
            at: minutes_ago(2),
            decided_at: minutes_ago(1),
            verdict: Verdict::Silent,
            reasons: reasons("mute", Verdict::Silent),
            shown_at: None,
            opened_at: None,
        }],
        now: Some(reasons("duty", Verdict::Silent)),
    };
    update(&mut model, Message::WhyNotified("Fan failed".to_owned(), Box::new(why)));
    let screen = shown(&model);
    for words in [
        "Fan failed",
        "02:58:00 alarm: handed over 02:59:00, shown never",
        "notify, decided by storm",
        "held back after all",
        "02:59:00 alarm, by push: silent",
        "silent, decided by mute",
        "mute: yes → silent",
        "if it were told now",
    ] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    let nothing = WhyNotified { server: Err(Error::new(Code::NoNetwork)), phone: Vec::new(), now: None };
    update(&mut model, Message::WhyNotified("Fan failed".to_owned(), Box::new(nothing)));
    let screen = shown(&model);
    assert!(screen.contains("No signal to the server.") && screen.contains("nothing of it came here"), "{screen}");
}

#[test]
fn the_readiness_check_says_what_to_mend_and_how_fast_pushes_come() {
    let mut model = home();
    model.go(Screen::Readiness);
    let check = |item, light, code: Option<Code>| Check { item, light, says: code.map(Error::new) };
    let mut checks: Vec<Check> = Item::ALL.into_iter().map(|item| check(item, Light::Ready, None)).collect();
    checks[4] = check(Item::PushToken, Light::Bad, Some(Code::NoPushToken));
    checks[7] = check(Item::Battery, Light::Unknown, None);
    let figures =
        DeliveryFigures { made: 40, shown: 38, median_ms: Some(2_000), p99_ms: Some(9_000), ..Default::default() };
    let delays = onsite::notifications::Delays { shown: 3, median_ms: Some(1_000), p99_ms: Some(5_000) };
    let readiness = Readiness { checks, phone: delays, server: Ok(figures) };
    update(&mut model, Message::Readiness(Box::new(readiness)));
    let screen = shown(&model);
    for words in
        ["1 thing to mend", "✗ Address for pushes", "Open the app with signal.", "not known here", "3 shown", "40 made"]
    {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    assert!(matches!(letter(&mut model, 't')[..], [Command::SendCanary]));
    assert!(matches!(letter(&mut model, 'r')[..], [Command::LoadReadiness(None)]));
}

#[test]
fn settings_are_changed_one_by_one_and_asked_for_at_once() {
    let mut model = home();
    letter(&mut model, 's');
    let commands = update(&mut model, Message::Wish(crate::app::message::Intent::Go(Screen::NoticeSettings)));
    let [Command::LoadNoticeSettings(organization)] = commands[..] else { panic!("{commands:?}") };
    update(&mut model, Message::NoticeSettings(organization, Box::default(), 3));
    let screen = shown(&model);
    for words in ["a change is for all organizations", "Quiet while off duty", "shows everything", "the usual one"] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    let quiet = NoticeSettings { quiet_off_duty: true, ..NoticeSettings::default() };
    let mut off_duty = model.clone();
    update(&mut off_duty, Message::NoticeSettings(organization, Box::new(quiet), 3));
    assert!(shown(&off_duty).contains("on: 3 critical kept back"));
    let mut changed = NoticeSettings::default();
    for _ in 0..crate::app::notices::Choice::ALL.len() {
        let commands = press(&mut model, KeyCode::Enter);
        let [Command::ChangeNoticeSettings(None, settings)] = &commands[..] else { panic!("{commands:?}") };
        assert_ne!(**settings, changed, "each line changes something");
        changed = (**settings).clone();
        press(&mut model, KeyCode::Down);
    }
    assert!(!changed.push && changed.severities.is_empty() && changed.quiet_off_duty && changed.on_clearing);
    assert_eq!((changed.lock_screen, changed.critical_breaks_quiet), (LockScreen::KindOnly, true));
    assert_eq!(changed.sounds, BTreeMap::from([("critical".to_owned(), String::new())]));
    assert_eq!(changed.daily.map(|daily| (daily.minute, daily.zone)), Some((420, "UTC".to_owned())));
}

#[test]
fn the_screens_of_notifications_fit_into_a_small_window() {
    let mut settings = home();
    settings.go(Screen::NoticeSettings);
    settings.notices.settings = Some((OrganizationId(id(1)), NoticeSettings::default()));
    for model in [list(), settings] {
        for (width, height) in [(60, 20), (80, 24), (200, 60)] {
            assert!(!drawn(&model, width, height).1.is_empty());
        }
    }
}
