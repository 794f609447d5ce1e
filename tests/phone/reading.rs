//! A1, A4, O1: what is read, listed, filtered, and there without signal.

use onsite::alarms::{AlarmFilter, AlarmSort, Status};
use onsite_wire::onsite::Role;
use onsite_wire::rest::Severity;

use crate::support::{Backend, Listed, Phone};

#[tokio::test(flavor = "multi_thread")]
async fn after_sign_in_the_list_holds_exactly_what_the_server_shows_this_person() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let listed = phone.list(AlarmFilter::default()).await;
    let shown = |severity: Severity| onsite_rules::severity::shown(severity).is_some();
    let mut expected: Vec<_> =
        backend.documents[0].alarms.iter().filter(|alarm| shown(alarm.severity)).map(|alarm| alarm.id).collect();
    let mut found: Vec<_> = listed.rows.iter().map(|row| row.id).collect();
    assert_eq!(listed.total(), u64::try_from(found.len()).unwrap());
    let in_order = |a: &onsite::alarms::AlarmRow, b: &onsite::alarms::AlarmRow| {
        (a.status, std::cmp::Reverse(a.activated)) <= (b.status, std::cmp::Reverse(b.activated))
    };
    assert!(listed.rows.is_sorted_by(in_order), "active first, newest first");
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    let row = listed.rows.first().unwrap();
    assert!(!row.device_label.is_empty() && row.place.contains(" › "), "{row:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_seen_is_there_without_signal_after_the_app_was_ended() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let before = phone.list(AlarmFilter::default()).await.rows;
    backend.server.faults().set_offline(true);
    let phone = phone.reopened(&backend).await;
    let after = phone.list(AlarmFilter::default()).await.rows;
    assert_eq!(before, after);
    assert!(phone.account.state().read_at.is_some(), "the age of the data is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_shows_its_first_rows_grows_and_follows_the_server() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    phone.until("the stream is up", |state| state.live).await;
    let filter = AlarmFilter { status: Some(Status::Active), ..AlarmFilter::default() };
    let mut listed = Listed::settled(phone.account.alarms().window(filter, AlarmSort::Severity, 5)).await;
    assert_eq!(listed.rows.len(), 5);
    listed.window.more(3);
    listed.until("eight rows", |listed| listed.rows.len() == 8).await;
    let total = listed.total();
    let row = listed.rows[0].clone();
    let organization = backend.organization(0);
    let alarm = backend.documents[0].alarms.iter().find(|alarm| alarm.id == row.id).unwrap();
    let new = onsite_wire::rest::Alarm {
        id: onsite_wire::ids::AlarmId::from_bytes([0xab; 16]),
        label: "Output overload".into(),
        severity: Severity::Critical,
        acknowledgement: None,
        mute: None,
        revision: None,
        ..alarm.clone()
    };
    let condition = onsite_server::storage::Condition { organization, name: "made by a test".into(), alarm: new };
    let id = backend.server.store().condition_occurs(condition, crate::support::now()).await.unwrap();
    listed.until("the new alarm on top", |listed| listed.rows[0].id == id).await;
    assert_eq!((listed.rows.len(), listed.total()), (8, total + 1));
}
