//! On duty: the switch and why no site is shown, sites with and without a fence, who is where until when, whom to call, and
//! the last decisions.

use onsite::duty::Why;
use onsite::time::Moment;
use onsite_rules::fence::Fence;
use onsite_wire::ids::{LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::{AtSite, CallEntry, Outline};
use ratatui::crossterm::event::KeyCode;

use super::states::{home, id, minutes_ago, now};
use super::{letter, press, shown};
use crate::api::{Call, Code, Colleague, DutyDecision, DutyName, DutyStanding, Reach, SiteView};
use crate::app::message::{Command, Message};
use crate::app::{DutyPicture, Model, Screen, update};

const MINUTE: i64 = 60_000;

fn moment() -> Moment {
    Moment { wall: minutes_ago(1), monotonic_ms: 3_600_000, boot: 1 }
}

fn site(n: u8, label: &str, at: Option<[f64; 2]>) -> SiteView {
    let fence = at.map(|center| Fence::of(&Outline::Circle { center, radius_m: 150.0 }).unwrap());
    SiteView { id: LocationId(id(n)), organization: OrganizationId(id(1)), label: label.to_owned(), fence }
}

fn standing(name: DutyName, site: Option<u8>, reason: Option<Code>, lease_ms: Option<i64>) -> DutyStanding {
    let on = (name != DutyName::OffDuty).then(moment);
    DutyStanding {
        at_server: crate::api::AtServer::Same,
        name,
        on,
        site: site.map(|n| LocationId(id(n))),
        since_ms: lease_ms.map(|_| MINUTE),
        reason,
        lease_ms,
    }
}

fn call(n: u8, reach: Reach) -> (Call, String) {
    let entry = CallEntry { person: PersonId(id(n)), phone: format!("+49 40 555 01{n:02}") };
    (Call { entry, reach, at: None }, ["Søren Åkesson", "Ada Krüger", "Zoë Lindqvist"][usize::from(n) - 1].to_owned())
}

fn decision(from: DutyName, to: DutyName, why: Why) -> DutyDecision {
    DutyDecision { at: moment(), from, to, why, site: None, distance_m: Some(12.0), accuracy_m: Some(8.0) }
}

fn picture(standing: DutyStanding) -> DutyPicture {
    let at = AtSite { site: LocationId(id(1)), since: minutes_ago(40), until: now().plus_millis(12 * MINUTE) };
    DutyPicture {
        standing,
        sites: vec![
            site(1, "Hamburg Süd", Some([10.0, 53.5])),
            site(2, "Malmö Hamnen", Some([13.0, 55.6])),
            site(3, "Évora", None),
        ],
        colleagues: vec![Colleague {
            organization: OrganizationId(id(1)),
            person: PersonId(id(2)),
            name: "Ada Krüger".to_owned(),
            since: minutes_ago(200),
            at: Some(at),
            site_label: "Hamburg Süd".to_owned(),
        }],
        calls: vec![
            Ok(vec![call(2, Reach::Here), call(3, Reach::Elsewhere)]),
            Ok(vec![call(2, Reach::Near)]),
            Ok(vec![call(1, Reach::OffDuty)]),
        ],
        decisions: vec![
            decision(DutyName::Entering, DutyName::Inside, Why::Dwelt),
            decision(DutyName::Outside, DutyName::Entering, Why::NearEnough),
        ],
    }
}

fn screen(standing: DutyStanding) -> Model {
    let mut model = home();
    model.go(Screen::Duty);
    update(&mut model, Message::Duty(Box::new(picture(standing))));
    model
}

#[test]
fn until_it_is_read_the_screen_says_that_it_reads() {
    let mut model = home();
    model.go(Screen::Duty);
    assert!(shown(&model).contains("Reading"));
}

#[test]
fn the_head_says_where_one_stands_and_why_no_site_is_shown_and_until_when() {
    let inside = shown(&screen(standing(DutyName::Inside, Some(1), None, Some(12 * MINUTE))));
    assert!(inside.contains("On duty · at Hamburg Süd (shown for 12 min more)"), "{inside}");
    for (name, reason, words) in [
        (DutyName::OffDuty, None, "Off duty"),
        (DutyName::Unknown, Some(Code::PhoneRestarted), "where, is being found out"),
        (DutyName::Outside, None, "at no site"),
        (DutyName::Degraded, Some(Code::LocationNotPermitted), "the site is not shown"),
    ] {
        let text = shown(&screen(standing(name, None, reason, None)));
        assert!(text.contains(words), "{words}: {text}");
        let why = reason.map(|code| code.text(&std::collections::BTreeMap::new())).unwrap_or_default();
        assert!(text.contains(&why), "{why}: {text}");
    }
    let entering = shown(&screen(standing(DutyName::Entering, Some(2), None, None)));
    assert!(entering.contains("arriving at Malmö Hamnen"), "{entering}");
}

#[test]
fn sites_stand_in_a_list_and_on_a_map_and_one_without_a_fence_says_so() {
    let text = shown(&screen(standing(DutyName::Outside, None, None, None)));
    for words in ["A Hamburg Süd", "1 person", "B Malmö Hamnen", "C Évora", "no fence", "A●"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("C●") && text.contains("Ada Krüger is at Hamburg Süd until 03:12"), "{text}");
    let on_map = |mark: &str| text.lines().position(|line| line.chars().skip(60).collect::<String>().contains(mark));
    assert!(on_map("B") < on_map("A●"), "Malmö lies north of Hamburg: {text}");
}

#[test]
fn whom_to_call_follows_the_chosen_site_with_the_reason_of_each() {
    let mut model = screen(standing(DutyName::Outside, None, None, None));
    let text = shown(&model);
    assert!(text.contains("Call for Hamburg Süd") && text.contains("on duty elsewhere"), "{text}");
    assert!(text.contains("+49 40 555 0102") && text.find("Ada Krüger  ") < text.find("Zoë Lindqvist"), "{text}");
    press(&mut model, KeyCode::Down);
    assert!(shown(&model).contains("within 50 km"));
    press(&mut model, KeyCode::Down);
    assert!(shown(&model).contains("nobody is on duty"));
}

#[test]
fn the_last_decisions_are_told_with_their_reasons_and_without_any_position() {
    let text = shown(&screen(standing(DutyName::Inside, Some(1), None, Some(MINUTE))));
    assert!(text.contains("inside dwelt") && text.contains("entering near enough"), "{text}");
    assert!(!text.contains("53.5") && !text.contains("10.0"), "{text}");
}

#[test]
fn the_switch_is_one_key_and_what_it_did_is_read_again() {
    for (name, to) in [(DutyName::OffDuty, true), (DutyName::Inside, false)] {
        let mut model = screen(standing(name, None, None, None));
        let commands = letter(&mut model, 'd');
        assert!(matches!(&commands[..], [Command::SwitchDuty(on), Command::LoadDuty] if *on == to), "{commands:?}");
    }
}
