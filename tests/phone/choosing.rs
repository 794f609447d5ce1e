//! A4, A5, A6, A12, P6: what a person chooses to see, and why a list is short.

use std::collections::BTreeSet;

use onsite::alarms::{AlarmFilter, AlarmSort, SavedFilter, Status};
use onsite::error::Code;
use onsite::home::{Tile, tiles};
use onsite_wire::onsite::Role;

use crate::support::{Backend, Listed, Phone};

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_is_saved_by_name_and_the_last_one_used_is_restored_after_a_restart() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let filter = AlarmFilter {
        status: Some(Status::Active),
        categories: BTreeSet::from(["Power".to_owned()]),
        words: "batt".into(),
        ..AlarmFilter::default()
    };
    let saved = SavedFilter { name: "Night".into(), filter: filter.clone(), sort: AlarmSort::Location };
    phone.account.alarms().save_filter(&saved).await.unwrap();
    phone.account.alarms().remember_filter(&filter, AlarmSort::Severity).await.unwrap();
    let phone = phone.reopened(&backend).await;
    assert_eq!(phone.account.alarms().saved_filters().await.unwrap(), [saved]);
    assert_eq!(phone.account.alarms().last_filter().await.unwrap(), (filter, AlarmSort::Severity));
    phone.account.alarms().delete_filter("Night").await.unwrap();
    assert_eq!(phone.account.alarms().saved_filters().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_says_how_many_alarms_choosing_it_would_leave() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let filter = AlarmFilter { status: Some(Status::Active), ..AlarmFilter::default() };
    let listed = phone.list(filter.clone()).await;
    let facets = listed.last.as_ref().unwrap().counts.clone().unwrap();
    assert!(facets.categories.len() > 2 && facets.models.len() > 2 && facets.locations.len() > 2, "{facets:?}");
    for (category, count) in &facets.categories {
        let chosen = AlarmFilter { categories: BTreeSet::from([category.clone()]), ..filter.clone() };
        assert_eq!(phone.list(chosen).await.total(), *count, "{category}");
    }
    for (model, count) in &facets.models {
        let chosen = AlarmFilter { models: BTreeSet::from([model.clone()]), ..filter.clone() };
        assert_eq!(phone.list(chosen).await.total(), *count, "{model}");
    }
    for (location, count) in &facets.locations {
        let chosen = AlarmFilter { location: Some(*location), ..filter.clone() };
        assert_eq!(phone.list(chosen).await.total(), *count, "{location}");
    }
    let cleared = AlarmFilter { status: Some(Status::Cleared), ..AlarmFilter::default() };
    assert_eq!(Some(phone.list(cleared).await.total()), facets.cleared, "under all other choices, without its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_location_narrows_every_screen_until_it_is_lifted_but_not_a_tapped_alarm() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let all = phone.list(AlarmFilter::default()).await.rows;
    let site = phone.account.locations(Some(backend.organization(0))).await.unwrap().remove(0);
    phone.account.set_location_filter(Some(site.id)).await.unwrap();
    let narrowed = phone.list(AlarmFilter::default()).await.rows;
    assert!(!narrowed.is_empty() && narrowed.len() < all.len());
    assert!(narrowed.iter().all(|row| row.place.starts_with(&site.label)), "{}", site.label);
    let hidden = all.iter().find(|row| !narrowed.contains(row)).unwrap();
    let at = phone.account.alarms().window_at(AlarmFilter::default(), AlarmSort::Newest, 3, hidden.id);
    assert_eq!(Listed::settled(at).await.rows[0].id, hidden.id);
    let why = phone.account.alarms().why_short(&AlarmFilter::default()).await.unwrap();
    let by_location = why.iter().find(|why| why.code == Code::HiddenByLocation).unwrap();
    assert_eq!(by_location.arguments["count"], (all.len() - narrowed.len()).to_string());
    let phone = phone.reopened(&backend).await;
    assert_eq!(phone.account.location_filter(), Some(site.id), "it outlives the app");
    phone.account.set_location_filter(None).await.unwrap();
    assert_eq!(phone.list(AlarmFilter::default()).await.rows.len(), all.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_list_says_why_and_what_lifts_it() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let all = phone.list(AlarmFilter::default()).await.total();
    let nothing = AlarmFilter { words: "nowhere-to-be-found".into(), ..AlarmFilter::default() };
    let why = phone.account.alarms().why_short(&nothing).await.unwrap();
    assert_eq!((why[0].code, why[0].arguments["count"].clone()), (Code::HiddenByFilter, all.to_string()));
    assert_eq!(phone.list(why[0].lift.clone().unwrap()).await.total(), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tile_counts_the_list_that_it_opens_and_leaves_muted_alarms_out() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let me = phone.account.state().person.map(|person| person.id);
    for (tile, filter) in tiles(me, Some(backend.organization(0))) {
        let listed = phone.list(filter).await;
        assert!(listed.rows.iter().all(|row| row.muted.is_none() && row.status == Status::Active), "{tile:?}");
        if tile == Tile::DevicesWithCritical {
            let devices: BTreeSet<_> = listed.rows.iter().map(|row| row.device).collect();
            let counted = listed.last.as_ref().unwrap().counts.as_ref().unwrap().devices;
            assert_eq!(counted, u64::try_from(devices.len()).unwrap());
        } else {
            assert_eq!(listed.total(), u64::try_from(listed.rows.len()).unwrap(), "{tile:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partners_technician_sees_customers_with_their_counts_and_one_at_a_time() {
    let backend = Backend::demo().await;
    let partner = backend.documents[0].people.iter().find(|person| person.partner.is_some()).unwrap();
    let who = (partner.email.clone(), partner.password.clone().unwrap());
    let phone = Phone::signed_in(&backend, &who).await;
    let customers = phone.account.organizations().await.unwrap();
    assert_eq!(customers.len(), 2, "{customers:?}");
    for customer in customers {
        let listed = phone.list(AlarmFilter { organization: Some(customer.id), ..AlarmFilter::default() }).await;
        assert!(!listed.rows.is_empty() && listed.rows.iter().all(|row| row.organization == customer.id));
        let active = |severity| {
            let is = |row: &&onsite::alarms::AlarmRow| {
                row.status == Status::Active && row.severity == severity && row.muted.is_none()
            };
            u64::try_from(listed.rows.iter().filter(is).count()).unwrap()
        };
        assert_eq!(customer.active_critical, active(onsite_rules::severity::Shown::Critical));
        assert_eq!(customer.active_warning, active(onsite_rules::severity::Shown::Warning));
    }
}
