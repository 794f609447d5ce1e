//! U2, P1, O3: what somebody may no longer see does not stay on the phone.

use std::sync::Arc;

use onsite::account::ActionStage;
use onsite::alarms::{AlarmFilter, Chosen};
use onsite::error::Code;
use onsite::incidents::IncidentFilter;
use onsite_server::clock::ManualClock;
use onsite_server::document::{DocumentGrant, DocumentGroup, OrganizationDocument};
use onsite_server::{AgentDeed, demo};
use onsite_wire::ids::{DeviceId, LocationId, OrganizationId, PersonId};
use onsite_wire::onsite::{IncidentState, Role};
use onsite_wire::rest::{Assignee, AssigneeKind, InventoryObject, Subscription};

use crate::incidents::{Chat, device, opened, quiet};
use crate::shift::Technician;
use crate::support::{Backend, Listed, Phone, now};

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// The partner's technician, who works in the first two organizations.
fn technician(documents: &[OrganizationDocument]) -> (PersonId, (String, String)) {
    let in_both = |id| documents[1].people.iter().any(|person| person.id == id);
    let found = documents[0].people.iter().find(|person| person.password.is_some() && in_both(person.id)).unwrap();
    (found.id, (found.email.clone(), found.password.clone().unwrap()))
}

/// Which tables of cache.db hold something of an organization.
fn tables_with(folder: &std::path::Path, organization: OrganizationId) -> Vec<String> {
    let cache = rusqlite::Connection::open(folder.join("cache.db")).unwrap();
    let key = "07".repeat(32);
    cache.execute_batch(&format!("PRAGMA key = \"x'{key}'\"; PRAGMA cipher_page_size = 8192;")).unwrap();
    let of = "SELECT name FROM sqlite_schema WHERE type = 'table'
               AND EXISTS (SELECT 1 FROM pragma_table_info(sqlite_schema.name) WHERE name = 'organization')";
    let mut tables = cache.prepare(of).unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(tables.len() > 8, "{tables:?}");
    let n: i64 =
        cache.query_row("SELECT n FROM organization WHERE id = ?1", [organization.bytes()], |row| row.get(0)).unwrap();
    let holds = |table: &String| -> bool {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE organization = ?1)");
        cache.query_row(&sql, [n], |row| row.get(0)).unwrap()
    };
    tables.into_iter().filter(holds).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_organization_that_is_no_longer_ones_own_stays_on_the_phone_but_what_was_not_sent() {
    let documents = demo::organizations(7, now());
    let (person, who) = technician(&documents);
    let backend = Backend::with(documents).await;
    let phone = Phone::signed_in(&backend, &who).await;
    let (kept, lost) = (backend.organization(0), backend.organization(1));
    let mut all = phone.list(AlarmFilter::default()).await;
    assert!(all.rows.iter().any(|row| row.organization == lost) && all.rows.iter().any(|row| row.organization == kept));
    let theirs = all.rows.iter().find(|row| row.organization == lost && row.cleared.is_none()).unwrap().clone();

    phone.account.set_offline(true).unwrap();
    phone.until("offline", |state| state.offline).await;
    let me = Assignee { kind: AssigneeKind::Person, id: person.0, name: String::new() };
    let receipt = phone.account.alarms().acknowledge(Chosen::These(vec![theirs.id]), me, "").await.unwrap();
    assert_eq!(receipt.actions.len(), 1, "{receipt:?}");
    // Without signal nothing tells, and nothing goes.
    assert!(phone.list(AlarmFilter::default()).await.rows.iter().any(|row| row.organization == lost));

    let mut document = backend.documents[1].clone();
    document.people.retain(|one| one.id != person);
    document.groups.iter_mut().for_each(|group| group.members.retain(|member| *member != person));
    backend.server.store().import(document).await.unwrap();
    phone.account.set_offline(false).unwrap();
    // The window that is open hears of it.
    all.until("it is gone", |listed| !listed.rows.iter().any(|row| row.organization == lost)).await;
    assert!(all.rows.iter().any(|row| row.organization == kept), "the other one stays");
    assert_eq!(phone.account.alarms().detail(theirs.id).await.unwrap_err().code, Code::NotFound);
    assert!(phone.account.organizations().await.unwrap().iter().all(|one| one.id != lost));
    assert!(phone.account.locations(None).await.unwrap().iter().all(|place| place.organization != lost));
    assert!(phone.account.people(lost).await.unwrap().is_empty());
    assert!(phone.account.duty().sites().await.unwrap().iter().all(|site| site.organization != lost));
    let searched = AlarmFilter { organization: Some(lost), ..AlarmFilter::default() };
    let found = Listed::settled(phone.account.alarms().window(searched, onsite::alarms::AlarmSort::Newest, 10)).await;
    assert_eq!(found.total(), 0);

    phone.until("parked", |state| state.parked == 1 && state.waiting == 0).await;
    let own = phone.account.actions().into_iter().find(|action| action.kind == "acknowledge").unwrap();
    let ActionStage::Parked { code, .. } = own.stage else { panic!("{own:?}") };
    assert!(matches!(code, Code::OtherOrganization | Code::NotFound), "{code:?}");
    assert!(!own.name.label.is_empty(), "what it was about can still be named");

    let Phone { folder, account } = phone;
    account.shutdown().await;
    drop((all, found));
    assert_eq!(tables_with(folder.path(), lost), Vec::<String>::new());
    assert!(tables_with(folder.path(), kept).len() > 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_incident_and_its_chat_go_when_the_rights_at_its_place_end() {
    let clock = Arc::new(ManualClock::at(now()));
    let given = Arc::clone(&clock);
    let backend = Backend::configured(quiet(), |config| config.clock = given).await;
    let store = backend.server.store();
    let zoe = Technician::of(&backend, &backend.person(0, Role::Editor)).await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let id = opened(&ada, &backend).await;
    ada.account.incidents().write(id, "the door code is on the back").await.unwrap();
    let pass = |millis: i64| {
        clock.advance_millis(millis);
        zoe.clock.pass(millis);
    };
    let to = |to| AgentDeed { agent: "Mika".into(), text: None, to: Some(to) };
    for state in [IncidentState::Open, IncidentState::Solved] {
        store.agent_acts(backend.organization(0), id, to(state)).await.unwrap();
    }
    pass(5 * DAY);
    store.tick().await.unwrap();
    zoe.account.set_front(true).unwrap();
    let state = async || zoe.account.incidents().page(id).await.map(|page| page.row.state);
    until("closed", async || matches!(state().await, Ok(IncidentState::Closed))).await;
    let mut chat = zoe.account.incidents().chat(id, 100);
    let mut rows = Vec::new();
    while rows.is_empty() {
        chat.next().await.unwrap().rows.apply(&mut rows);
    }
    // Long enough ago that no full read brings it.
    pass(10 * DAY);
    let mut document = backend.documents[0].clone();
    let me = zoe.me();
    let site = elsewhere(&document, device(&backend, Subscription::AssetAdvisor));
    document.groups.iter_mut().for_each(|group| group.members.retain(|member| *member != me));
    let grants = vec![DocumentGrant { location_id: Some(site), role: Role::Editor }];
    document.groups.push(DocumentGroup { name: "Elsewhere".into(), members: vec![me], grants });
    store.import(document).await.unwrap();
    zoe.account.set_front(true).unwrap();
    until("gone", async || state().await.is_err_and(|error| error.code == Code::NotFound)).await;
    while !rows.is_empty() {
        chat.next().await.unwrap().rows.apply(&mut rows);
    }
    let mut list = zoe.account.incidents().window(IncidentFilter::default(), 100);
    let batch = list.next().await.unwrap();
    assert_eq!(batch.total.unwrap_or_default(), 0);
    // An answer that was under way would bring nothing back either.
    assert_eq!(zoe.account.incidents().fill(id).await.unwrap(), 0);
    Chat::of(&ada, id).until("who sees the place keeps it", |rows| !rows.is_empty()).await;
}

async fn until(what: &str, is: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + crate::support::PATIENCE;
    while !is().await {
        assert!(tokio::time::Instant::now() < deadline, "never came: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// A site at which a device is not.
fn elsewhere(document: &OrganizationDocument, device: DeviceId) -> LocationId {
    let locations: Vec<_> = document
        .inventory_objects
        .iter()
        .filter_map(|object| if let InventoryObject::Location(location) = object { Some(location) } else { None })
        .collect();
    let mut at = document.inventory_objects.iter().find_map(|object| match object {
        InventoryObject::Device(one) if one.id == device => one.location_id,
        _ => None,
    });
    let mut above = Vec::new();
    while let Some(here) = at {
        above.push(here);
        at = locations.iter().find(|location| location.id == here).and_then(|location| location.parent_id);
    }
    locations.iter().find(|location| location.kind == "SITE" && !above.contains(&location.id)).unwrap().id
}
