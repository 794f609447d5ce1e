//! N2, A5: where a tap leads, from a cold start, with and without signal.

use onsite::account::Account;
use onsite::alarms::{AlarmSort, Status};
use onsite::notifications::{Opened, Refusal, Route, Tap, Target, TargetView, parse_push};
use onsite_server::demo;
use onsite_wire::ids::{AlarmId, OrganizationId, PersonId};
use onsite_wire::onsite::{NoticeSubject, Role};
use onsite_wire::rest::{InventoryObject, Severity};

use crate::notices::{
    Told, device, identity, occurs, occurs_on, opened_with_pushes, pushed, quiet, registered, with_pushes,
};
use crate::support::{Backend, Listed, Phone, config, now};

fn alarm_in(opened: &Opened) -> Option<AlarmId> {
    match opened {
        Opened::There { view, .. } => match &**view {
            TargetView::Alarm(detail) => Some(detail.row.id),
            _ => None,
        },
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_from_a_cold_start_without_signal_shows_what_the_cache_has() {
    let backend = Backend::with(quiet()).await;
    let who = backend.person(0, Role::Administrator);
    let phone = with_pushes(&backend, &who, 1).await;
    registered(&phone).await;
    pushed(&backend, 1).await;
    let alarm = occurs(&backend, 1, Severity::Critical).await;
    phone.until_row_is_there(alarm).await;
    let payload = pushed(&backend, 1).await;
    let Phone { folder, account } = phone;
    account.shutdown().await;
    // The system shows the push without the app; the person taps it in a basement.
    backend.server.faults().set_offline(true);
    let push = parse_push(&payload, Some(identity(1).key())).unwrap();
    let phone = opened_with_pushes(&backend, folder, 1).await;
    let opened = phone.account.notifications().open(Tap::of_push(&push), None).await.unwrap();
    assert_eq!(alarm_in(&opened), Some(alarm), "{opened:?}");
    // It counts as read, here and, with signal, on the server.
    let mut told = Told::all(&phone);
    told.until("read", |told| told.rows.len() == 1 && told.unread == Some(0)).await;
    backend.server.faults().clear();
    phone.account.network_changed().unwrap();
    phone.until("sent", |state| state.waiting == 0).await;
    let target = Target::Alarm(alarm);
    let organization = backend.organization(0);
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    loop {
        let why = phone.account.notifications().why(organization, target).await.unwrap();
        if why.server.unwrap().notices.iter().any(|notice| notice.opened_at.is_some() && notice.shown_at.is_some()) {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "the server never heard that it was opened");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_not_on_the_phone_yet_is_brought_by_itself() {
    let backend = Backend::with(quiet()).await;
    let who = backend.person(0, Role::Administrator);
    let phone = with_pushes(&backend, &who, 1).await;
    registered(&phone).await;
    pushed(&backend, 1).await;
    let organization = backend.organization(0);
    let path = format!("/onsite/v1/organizations/{organization}/feeds/alarms");
    backend.server.faults().always(&path, onsite_server::Fault::Status(503));
    backend
        .server
        .faults()
        .always(&format!("/rest/v1/organizations/{organization}/alarms?"), onsite_server::Fault::Status(503));
    phone.account.set_offline(true).unwrap();
    phone.until("offline", |state| state.offline).await;
    let alarm = occurs(&backend, 1, Severity::Critical).await;
    let push = parse_push(&pushed(&backend, 1).await, Some(identity(1).key())).unwrap();
    let room = phone.account.notifications();
    let opened = room.open(Tap::of_push(&push), None).await.unwrap();
    let Opened::There { view, target, .. } = opened else { panic!("{opened:?}") };
    assert_eq!((*view, target), (TargetView::NotHere, Target::Alarm(alarm)), "said, not an error");
    backend.server.faults().clear();
    phone.account.set_offline(false).unwrap();
    let brought = room.bring(organization, target).await.unwrap();
    assert!(matches!(brought, TargetView::Alarm(detail) if detail.row.id == alarm));
    let gone = room.bring(organization, Target::Alarm(AlarmId::from_bytes([0xfe; 16]))).await.unwrap_err();
    assert_eq!(gone.code, onsite::error::Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_on_an_alarm_that_opened_an_incident_opens_the_incident_also_when_it_is_brought_first() {
    let mut documents = quiet();
    // Nothing else has opened an incident.
    documents[0].alarms.truncate(1);
    documents[0].alarms[0].cleared_time = Some(documents[0].alarms[0].activated_time);
    let backend = Backend::with(documents).await;
    let who = backend.person(0, Role::Administrator);
    let phone = with_pushes(&backend, &who, 1).await;
    registered(&phone).await;
    pushed(&backend, 1).await;
    phone.account.set_offline(true).unwrap();
    phone.until("offline", |state| state.offline).await;
    let watched = crate::incidents::device(&backend, onsite_wire::rest::Subscription::AssetAdvisor);
    occurs_on(&backend, watched, 1, Severity::Critical).await;
    let push = parse_push(&pushed(&backend, 1).await, Some(identity(1).key())).unwrap();
    let Target::Incident(incident) = push.route.target else { panic!("{:?}", push.route) };
    assert_eq!(push.said.arguments["alarm"], "Fan 1 stands still", "it stands for the alarm");
    let room = phone.account.notifications();
    let opened = room.open(Tap::of_push(&push), None).await.unwrap();
    assert!(matches!(&opened, Opened::There { view, .. } if **view == TargetView::NotHere), "{opened:?}");
    phone.account.set_offline(false).unwrap();
    let brought = room.bring(push.organization, push.route.target).await.unwrap();
    assert!(matches!(brought, TargetView::Incident(page) if page.row.id == incident));
    let opened = room.open(Tap::of_push(&push), None).await.unwrap();
    assert!(matches!(&opened, Opened::There { view, .. } if matches!(&**view, TargetView::Incident(_))), "{opened:?}");
    let why = room.why(push.organization, push.route.target).await.unwrap();
    let noted = why.server.unwrap().notices;
    assert!(noted.iter().any(|one| one.kind == onsite_wire::onsite::NoticeKind::Incident), "{noted:?}");
    assert!(
        noted.iter().any(|one| one.reasons.decided == "one_with_incident"),
        "and why the alarm was silent: {noted:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_location_filter_hides_no_target_of_a_tap() {
    let backend = Backend::with(quiet()).await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let alarm = occurs(&backend, 1, Severity::Critical).await;
    phone.until_row_is_there(alarm).await;
    let here = phone.row(alarm).await;
    let elsewhere = backend.documents[0].inventory_objects.iter().find_map(|object| match object {
        InventoryObject::Location(location)
            if !here.place.starts_with(&location.label) && location.parent_id.is_none() =>
        {
            Some(location.id)
        }
        _ => None,
    });
    phone.account.set_location_filter(Some(elsewhere.unwrap())).await.unwrap();
    let organization = backend.organization(0);
    let route = Route::of_subject(organization, None, NoticeSubject::Alarm, alarm.0);
    let room = phone.account.notifications();
    let opened = room.open(Tap { route, notice: None }, None).await.unwrap();
    assert_eq!(alarm_in(&opened), Some(alarm));
    let route = Route::of_subject(organization, None, NoticeSubject::Device, device(&backend).0);
    let opened = room.open(Tap { route, notice: None }, None).await.unwrap();
    let Opened::There { view, .. } = opened else { panic!("{opened:?}") };
    let TargetView::Alarms(filter) = *view else { panic!("{view:?}") };
    let filter = onsite::alarms::AlarmFilter { status: Some(Status::Active), ..*filter };
    let alarms = phone.account.alarms();
    let narrowed = Listed::settled(alarms.window(filter.clone(), AlarmSort::Newest, 10)).await;
    let everywhere = Listed::settled(alarms.window_everywhere(filter, AlarmSort::Newest, 10)).await;
    assert!(narrowed.rows.is_empty());
    assert!(everywhere.rows.iter().any(|row| row.id == alarm));
    let mut told = Told::all(&phone);
    told.until("none is held back", |told| told.rows.len() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_switches_to_another_organization_of_this_account_and_never_into_another_account() {
    let backend = Backend::demo().await;
    let partner = backend.documents[0].people.iter().find(|person| person.partner.is_some()).unwrap();
    let phone = Phone::signed_in(&backend, &(partner.email.clone(), partner.password.clone().unwrap())).await;
    let (one, other) = (backend.organization(0), backend.organization(1));
    let me = phone.account.state().person.unwrap().id;
    let room = phone.account.notifications();
    let route = Route::of_subject(other, Some(me), NoticeSubject::Organization, other.0);
    let opened = room.open(Tap { route, notice: None }, Some(one)).await.unwrap();
    let Opened::There { organization, switched, view, .. } = &opened else { panic!("{opened:?}") };
    assert_eq!((*organization, *switched), (Some(other), true));
    assert!(matches!(&**view, TargetView::Alarms(filter) if filter.organization == Some(other)));
    let opened = room.open(Tap { route, notice: None }, Some(other)).await.unwrap();
    assert!(matches!(opened, Opened::There { switched: false, .. }));
    let somebody = PersonId::from_bytes([0xee; 16]);
    let route = Route { person: Some(somebody), ..route };
    assert_eq!(room.open(Tap { route, notice: None }, None).await.unwrap(), Opened::OtherAccount(somebody));
    let nowhere = OrganizationId::from_bytes([0xdd; 16]);
    let route = Route { person: None, organization: Some(nowhere), target: Target::Alarms };
    assert_eq!(room.open(Tap { route, notice: None }, None).await.unwrap(), Opened::NotReached(nowhere));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_hostile_links_lead_home_with_a_line_in_the_flight_recorder() {
    let backend = Backend::with(vec![demo::organization(7, 30, 10, now())]).await;
    let who = backend.person(0, Role::Administrator);
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), &backend.server.base_url());
    config.link_host = "work.customer.example".to_owned();
    let (account, _) = Account::open(config).await.unwrap();
    account.sign_in(&who.0, &secrecy::SecretString::from(who.1.clone())).await.unwrap();
    let phone = Phone { folder, account };
    phone.until("everything was read", |state| state.read_at.is_some()).await;
    let organization = backend.organization(0);
    let alarm = backend.documents[0].alarms.iter().find(|alarm| alarm.cleared_time.is_none()).unwrap().id;
    let room = phone.account.notifications();
    let path = format!("organizations/{organization}/alarms/{alarm}");
    for link in [format!("onsite://{path}"), format!("https://work.customer.example/{path}")] {
        assert_eq!(alarm_in(&room.open_link(&link, None).await.unwrap()), Some(alarm), "{link}");
    }
    for (link, reason) in [
        (format!("https://app.onsite.example/{path}"), Refusal::OtherHost),
        (format!("javascript://{path}"), Refusal::OtherScheme),
        (format!("onsite://organizations/{organization}/../secrets"), Refusal::OddPath),
        ("onsite://organizations/1/alarms".to_owned(), Refusal::Unknown),
    ] {
        assert_eq!(room.open_link(&link, None).await.unwrap(), Opened::Home(Some(reason)), "{link}");
    }
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    loop {
        let lines = phone.account.journal(100).await.unwrap();
        let noted: Vec<_> = lines.iter().filter(|line| line.code == "link_refused").map(|line| &line.detail).collect();
        if noted.len() == 4 {
            assert_eq!(
                noted,
                ["unknown", "odd_path", "other_scheme", "other_host"],
                "newest first, no word of the link"
            );
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{noted:?}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
