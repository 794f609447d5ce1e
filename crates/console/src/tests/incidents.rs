//! Incidents: the list, a chat with all that can become of one's own messages, and the warning before one is opened.

use onsite::incidents::{IncidentOffers, Participant, Present};
use onsite_wire::ids::{DeviceId, IncidentId, MessageId, OrganizationId};
use onsite_wire::onsite::{
    Author, AuthorKind, Incident, IncidentState, Photo, PhotoFacts, PhotoHash, PhotoState, PhotoType,
};
use ratatui::crossterm::event::KeyCode;

use super::states::{home, id, minutes_ago, open};
use super::{letter, press, shown, type_in};
use crate::api::{ChatRow, Code, Colleague, Delivery, Error, IncidentPage, IncidentRow, PhotoOnWay, PhotoStage};
use crate::app::incidents::OpenIncident;
use crate::app::message::{Command, Message};
use crate::app::{Model, Screen, update};

fn incident() -> IncidentRow {
    IncidentRow {
        id: IncidentId(id(50)),
        organization: OrganizationId(id(1)),
        state: IncidentState::Open,
        subject: "Fan failed".to_owned(),
        device: DeviceId(id(101)),
        device_label: "HAM-UPS-01".to_owned(),
        place: "Hamburg Süd › Speicher K".to_owned(),
        opened: minutes_ago(30),
        last: minutes_ago(2),
        alarms: 2,
        agent: "Mika Salo".to_owned(),
        unread: 3,
        closes: None,
        on_phone: false,
        own_action: None,
    }
}

fn said(n: u8, text: &str, delivery: Option<Delivery>) -> ChatRow {
    let (kind, name) = match delivery {
        Some(_) => (AuthorKind::Person, "Søren Åkesson"),
        None => (AuthorKind::Agent, "Mika Salo"),
    };
    let is_taken = !matches!(delivery, Some(Delivery::OnPhone | Delivery::Parked(_)));
    ChatRow {
        photo: None,
        id: MessageId(id(n)),
        number: is_taken.then_some(i64::from(n)),
        author: Author { kind, id: None, name: name.to_owned() },
        mine: delivery.is_some(),
        text: text.to_owned(),
        change: None,
        made: minutes_ago(60 - i64::from(n)),
        delivery,
        missing_before: 0,
    }
}

fn page(row: IncidentRow) -> IncidentPage {
    let author = Author { kind: AuthorKind::Server, id: None, name: String::new() };
    let may = |is: bool| if is { Ok(()) } else { Err(Error::new(Code::ChatReadOnly)) };
    let under_way = !matches!(row.state, IncidentState::Solved | IncidentState::Closed);
    IncidentPage {
        incident: Incident {
            id: row.id,
            device_id: row.device,
            subject: row.subject.clone(),
            description: String::new(),
            state: row.state,
            opened_at: row.opened,
            opened_by: author,
            alarms: Vec::new(),
            agent: row.agent.clone(),
            closes_at: row.closes,
            last_message: 4,
            last_at: row.last,
            history: Vec::new(),
            participants: Vec::new(),
            read_furthest: Vec::new(),
            feedback: None,
            revision: 1,
        },
        present: Present::default(),
        feedback: None,
        missing: 0,
        draft: String::new(),
        may: IncidentOffers {
            write: may(under_way),
            solve: may(under_way),
            reopen: may(!under_way),
            feedback: may(!under_way),
        },
        row,
    }
}

fn chat(row: IncidentRow, rows: Vec<ChatRow>) -> Model {
    let mut model = home();
    model.go(Screen::Incident);
    model.incidents.open = Some(OpenIncident {
        id: row.id,
        page: Some(page(row)),
        rows,
        has_more: false,
        from_end: 0,
        writing: None,
        pictures: Default::default(),
    });
    model
}

#[test]
fn the_way_to_the_incidents_counts_those_under_way_and_what_is_unread() {
    let mut model = home();
    update(&mut model, Message::UnderWay(Some((2, 3))));
    assert!(shown(&model).contains("2 under way, 3 unread"));
    let commands = letter(&mut model, 'i');
    assert!(matches!(&commands[..], [Command::OpenIncidents(1, filter)] if filter.states.len() == 3), "{commands:?}");
    model.incidents.rows = vec![incident()];
    let text = shown(&model);
    assert!(text.contains("in progress") && text.contains("Fan failed") && text.contains("3 unread"), "{text}");
    let commands = press(&mut model, KeyCode::Tab);
    assert!(matches!(&commands[..], [Command::OpenIncidents(2, filter)] if filter.states.len() == 2), "{commands:?}");
}

#[test]
fn a_chat_shows_where_each_own_message_stands_and_what_is_missing() {
    let gap = ChatRow { missing_before: 12, ..said(2, "Is somebody on site?", None) };
    let rows = vec![
        said(6, "and warm", Some(Delivery::Parked(Code::ChatReadOnly))),
        said(5, "it hums", Some(Delivery::OnPhone)),
        said(4, "I am here", Some(Delivery::OnServer)),
        said(3, "on my way", Some(Delivery::Read)),
        gap,
    ];
    let text = shown(&chat(incident(), rows));
    for words in ["✓✓ read", "↑ on this phone", "‼ not sent", "12 messages not on this phone", "Mika Salo (agent)"]
    {
        assert!(text.contains(words), "{words} is missing: {text}");
    }
    assert!(text.find("on my way") < text.find("it hums"), "the newest is last");
}

#[test]
fn a_chat_shows_who_is_in_it_and_who_of_them_is_on_duty_and_without_a_live_line_as_of_when() {
    let mut model = chat(incident(), Vec::new());
    let author = |kind, name: &str| Author { kind, id: None, name: name.to_owned() };
    let on_duty = |name: &str, site: &str| Colleague {
        organization: OrganizationId(id(1)),
        person: onsite_wire::ids::PersonId(id(2)),
        name: name.to_owned(),
        since: minutes_ago(90),
        at: (!site.is_empty()).then(|| onsite_wire::onsite::AtSite {
            site: onsite_wire::ids::LocationId(id(3)),
            since: minutes_ago(60),
            until: minutes_ago(-5),
        }),
        site_label: site.to_owned(),
    };
    let people = vec![
        Participant { author: author(AuthorKind::Agent, "Mika Salo"), takes_part: true, on_duty: None },
        Participant {
            author: author(AuthorKind::Person, "Ada"),
            takes_part: true,
            on_duty: Some(on_duty("Ada", "Harbour")),
        },
        Participant {
            author: author(AuthorKind::Person, "Zoë"), takes_part: false, on_duty: Some(on_duty("Zoë", ""))
        },
    ];
    if let Some(page) = model.incidents.open.as_mut().and_then(|open| open.page.as_mut()) {
        page.present = Present { people, duty_read: Some(minutes_ago(30)) };
    }
    model.state.live = true;
    let text = super::drawn(&model, 160, 40).1;
    for words in ["In it: Mika Salo (agent), Ada (at Harbour until", "Also on duty: Zoë (on duty)"] {
        assert!(text.contains(words), "{words} is missing: {text}");
    }
    assert!(!text.contains("as of"), "{text}");
    model.state.live = false;
    let text = super::drawn(&model, 160, 40).1;
    assert!(text.contains(" · as of "), "{text}");
}

#[test]
fn what_is_typed_is_sent_by_enter_and_kept_as_a_draft_by_esc() {
    let mut model = chat(incident(), Vec::new());
    press(&mut model, KeyCode::Enter);
    type_in(&mut model, "it hums");
    let commands = press(&mut model, KeyCode::Enter);
    assert!(matches!(&commands[..], [Command::Write(_, text)] if text == "it hums"), "{commands:?}");
    press(&mut model, KeyCode::Enter);
    type_in(&mut model, "I think");
    let commands = press(&mut model, KeyCode::Esc);
    assert!(matches!(&commands[..], [Command::KeepDraft(_, text)] if text == "I think"), "{commands:?}");
    assert_eq!(model.screen, Screen::Incident);
}

#[test]
fn a_solved_incident_is_read_only_and_offers_to_reopen_and_send_what_came_too_late() {
    let solved = IncidentRow { state: IncidentState::Solved, ..incident() };
    let parked = said(6, "and warm", Some(Delivery::Parked(Code::ChatReadOnly)));
    let mut model = chat(solved, vec![parked]);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    let text = shown(&model);
    assert!(text.contains("r reopen and send") && text.contains("b feedback"), "{text}");
    let commands = letter(&mut model, 'r');
    assert!(matches!(&commands[..], [Command::ReopenAndSend(_, _, text)] if text == "and warm"), "{commands:?}");
}

#[test]
fn an_incident_is_opened_only_behind_the_warning_that_it_may_cost_money() {
    let mut model = open();
    let commands = letter(&mut model, 'i');
    let [Command::AskOpening(device, alarm, subject)] = &commands[..] else { panic!("{commands:?}") };
    update(&mut model, Message::MayOpen(*device, *alarm, subject.clone()));
    assert!(shown(&model).contains("may cost money"));
    let commands = press(&mut model, KeyCode::Enter);
    assert!(matches!(&commands[..], [Command::NewIncident(_, _, alarms)] if alarms == &[*alarm]), "{commands:?}");
}

#[test]
fn the_page_of_an_alarm_shows_the_open_incident_of_its_device() {
    let mut model = open();
    let id = model.alarm.as_ref().unwrap().id;
    update(&mut model, Message::AlarmIncidents(id, vec![incident()]));
    model.alarm.as_mut().unwrap().scroll = 1_000;
    let text = super::drawn(&model, 120, 80).1;
    assert!(text.contains("Fan failed") && text.contains("3 unread"), "{text}");
}

#[test]
fn feedback_is_a_rating_and_words() {
    let solved = IncidentRow { state: IncidentState::Solved, ..incident() };
    let mut model = chat(solved, Vec::new());
    letter(&mut model, 'b');
    press(&mut model, KeyCode::Up);
    type_in(&mut model, "quick");
    let commands = press(&mut model, KeyCode::Enter);
    assert!(matches!(&commands[..], [Command::Judge(_, 4, text)] if text == "quick"), "{commands:?}");
}

#[test]
fn a_photo_shows_its_place_its_way_and_why_it_failed() {
    let photo = |state, reason| {
        let facts = PhotoFacts {
            sha256: PhotoHash([1; 32]),
            size: 2_500_000,
            kind: PhotoType::Jpeg,
            width: 4_000,
            height: 3_000,
            preview: Some(picture()),
        };
        Some(Photo { facts, state, reason, arguments: Default::default() })
    };
    let rows = vec![
        ChatRow { photo: photo(PhotoState::Waiting, None), ..said(6, "and this", Some(Delivery::OnServer)) },
        ChatRow { photo: photo(PhotoState::Failed, Some(Code::PhotoExpired)), ..said(5, "", Some(Delivery::Read)) },
        ChatRow { photo: photo(PhotoState::There, None), ..said(4, "the fan", None) },
    ];
    let mut model = chat(incident(), rows);
    model.setting.look = crate::widgets::look::Look::colours();
    let next_attempt = Some(model.phone_now().plus_millis(8_000));
    update(
        &mut model,
        Message::Photos(vec![PhotoOnWay {
            message: MessageId(id(6)),
            organization: OrganizationId(id(1)),
            incident: IncidentId(id(50)),
            size: 2_500_000,
            offset: 1_000_000,
            stage: PhotoStage::Waiting,
            next_attempt,
            trouble: Some(Code::NoNetwork),
        }]),
    );
    let open = model.incidents.open.as_mut().unwrap();
    open.pictures.insert(MessageId(id(4)), crate::snapshot::half_blocks(&picture()));
    let text = super::drawn(&model, 110, 60).1;
    for words in
        ["photo 4000×3000, 2.3 MiB: there", "▀▀▀▀", "did not arrive within 7 days", "40 % sent, next attempt in 8 s"]
    {
        assert!(text.contains(words), "{words} is missing: {text}");
    }
    let commands = letter(&mut model, 'v');
    assert!(
        matches!(&commands[..], [Command::SavePhoto(_, message, _)] if *message == MessageId(id(4))),
        "{commands:?}"
    );
    letter(&mut model, 'p');
    type_in(&mut model, "fan.jpg");
    press(&mut model, KeyCode::Tab);
    type_in(&mut model, "see the blade");
    let commands = press(&mut model, KeyCode::Enter);
    assert!(
        matches!(&commands[..], [Command::WritePhoto(_, file, words)]
            if file.ends_with("fan.jpg") && words == "see the blade"),
        "{commands:?}"
    );
}

/// A small photo of two colours.
fn picture() -> Vec<u8> {
    let image = image::RgbImage::from_fn(40, 30, |x, _| image::Rgb(if x < 20 { [200, 30, 30] } else { [30, 30, 200] }));
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}
