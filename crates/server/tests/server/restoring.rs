//! Backups, what is forgotten, and what a second process may do.

use onsite_server::storage::{StorageError, back_up, restore};
use onsite_server::{ServerConfig, ServerError, start};
use onsite_wire::onsite::Outcome;

use crate::support::phone::{acknowledge, texts};
use crate::support::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Puts a backup in the place of a site's data, and opens it again.
async fn restored(site: Site, file: &std::path::Path) -> Site {
    let Site { server, clock, directory, limits } = site;
    server.stop().await;
    restore(directory.path(), file).unwrap();
    Site::reopened(directory, clock, limits).await
}

#[tokio::test]
async fn a_restored_server_is_another_generation_with_the_state_of_the_backup() {
    let site = Site::open().await;
    let nora = site.phone_of("nora@example.com").await;
    let before = acknowledge(ALARM_NORTH, NORA, 0);
    nora.act_one(&before).await;
    let file = site.directory.path().join("backup");
    back_up(site.directory.path(), &file).unwrap();
    let after = acknowledge(ALARM_BANK, NORA, 0);
    nora.act_one(&after).await;
    let (generation, offset) = (site.server.store().generation(), site.key().await.offset("alarms").await);

    let site = restored(site, &file).await;
    assert_ne!(site.server.store().generation(), generation);
    let nora = site.phone_of("nora@example.com").await;
    assert_eq!(nora.act_one(&before).await.outcome, Outcome::AlreadyApplied);
    assert_eq!(
        nora.act_one(&after).await.outcome,
        Outcome::Applied,
        "what the backup does not know takes effect again"
    );
    let vendor_client = site.key().await.rest(&format!("alarm-changes/{offset}")).await;
    assert_eq!(vendor_client.all("alarms", "id").len(), 5, "who knows no generations reads everything again");
}

#[tokio::test]
async fn a_backup_is_taken_while_the_server_writes_and_is_of_one_moment() {
    let site = Site::open().await;
    let store = site.server.store().clone();
    let now = site.now();
    let writing = tokio::spawn(async move {
        for n in 0..50_u8 {
            store.condition_occurs(condition(&format!("battery {n}"), n), now).await.unwrap();
        }
    });
    let (directory, file) = (site.directory.path().to_owned(), site.directory.path().join("backup"));
    tokio::task::spawn_blocking(move || back_up(&directory, &file)).await.unwrap().unwrap();
    writing.await.unwrap();
    let file = site.directory.path().join("backup");
    let site = restored(site, &file).await;
    let key = site.key().await;
    let (list, digest) = (key.rest("alarms").await, key.ours("digest/alarms").await);
    assert_eq!(
        list.body["alarms"].as_array().unwrap().len(),
        usize::try_from(digest.body["count"].as_i64().unwrap()).unwrap()
    );
    assert_eq!(key.rest("alarm-changes/0").await.offset(), list.offset());
}

#[tokio::test]
async fn what_is_no_backup_is_refused_and_the_data_left_alone() {
    let site = Site::open().await;
    let nonsense = site.directory.path().join("nonsense");
    std::fs::write(&nonsense, b"not a database, but long enough to look like something").unwrap();
    assert!(matches!(restore(site.directory.path(), &nonsense), Err(StorageError::InUse)), "while the server runs");
    let Site { server, clock, directory, limits } = site;
    server.stop().await;
    assert!(restore(directory.path(), &nonsense).is_err());
    assert!(matches!(restore(directory.path(), &directory.path().join("missing")), Err(StorageError::NoBackup)));
    let site = Site::reopened(directory, clock, limits).await;
    assert_eq!(site.key().await.rest("alarms").await.body["alarms"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn two_servers_do_not_work_on_the_same_data() {
    let site = Site::open().await;
    let second = start(ServerConfig::local(site.directory.path())).await;
    assert!(matches!(second, Err(ServerError::Storage(StorageError::InUse))));
}

#[tokio::test]
async fn removals_are_told_for_ninety_days_and_then_an_older_offset_is_gone_for_persons() {
    let site = Site::open().await;
    let ada = site.phone_of("ada@example.com").await;
    let offset = ada.offset("inventory").await;
    site.server.store().remove_device(organization(), UPS_SOUTH).await.unwrap();
    site.clock.advance_millis(89 * DAY_MS);
    site.server.store().forget_old().await.unwrap();
    let (ada, key) = (site.phone_of("ada@example.com").await, site.key().await);
    let changes = ada.rest(&format!("inventory-changes/{offset}")).await;
    assert_eq!(changes.all("inventoryObjectChanges", "inventoryObjectId"), texts([UPS_SOUTH]));
    let current = changes.offset();
    site.clock.advance_millis(2 * DAY_MS);
    site.server.store().forget_old().await.unwrap();
    let ada = site.phone_of("ada@example.com").await;
    let gone = ada.rest(&format!("inventory-changes/{offset}")).await;
    assert_eq!((gone.status.as_u16(), gone.code()), (410, "offset_gone"));
    assert_eq!(
        ada.rest(&format!("inventory-changes/{current}")).await.offset(),
        current,
        "what misses nothing is good"
    );
    assert_eq!(ada.rest("inventory-changes/0").await.status, 200, "who holds nothing misses nothing");
    assert_eq!(key.rest(&format!("inventory-changes/{offset}")).await.status, 200, "never for a key");
}

#[tokio::test]
async fn an_offset_from_the_future_is_gone_for_persons_and_comes_back_for_keys() {
    let site = Site::open().await;
    let (ada, key) = (site.phone_of("ada@example.com").await, site.key().await);
    let future = ada.offset("alarms").await + 1_000;
    assert_eq!(ada.rest(&format!("alarm-changes/{future}")).await.code(), "offset_gone");
    assert_eq!(key.rest(&format!("alarm-changes/{future}")).await.offset(), future);
    for nonsense in ["x", "-1", "9223372036854775808"] {
        assert_eq!(key.rest(&format!("alarm-changes/{nonsense}")).await.code(), "invalid_request", "{nonsense}");
    }
    assert_eq!(key.rest(&format!("alarm-changes/{}", i64::MAX)).await.offset(), i64::MAX);
}

#[tokio::test]
async fn the_second_import_of_the_same_document_changes_nothing_and_of_another_only_what_differs() {
    let site = Site::open().await;
    let key = site.key().await;
    let held = [key.offset("alarms").await, key.offset("inventory").await, key.offset("sensors").await];
    site.server.store().import(harbour_mill()).await.unwrap();
    assert_eq!([key.offset("alarms").await, key.offset("inventory").await, key.offset("sensors").await], held);
    let mut document = harbour_mill();
    document.alarms[0].message = "Input lost again".into();
    document.inventory_objects.retain(
        |object| !matches!(object, onsite_wire::rest::InventoryObject::Device(device) if device.id == UPS_SOUTH),
    );
    document.sensors.retain(|sensor| sensor.id != SENSOR_SOUTH);
    site.server.store().import(document).await.unwrap();
    assert_eq!(key.rest(&format!("alarm-changes/{}", held[0])).await.all("alarms", "id"), texts([ALARM_NORTH]));
    let changes = key.rest(&format!("inventory-changes/{}", held[1])).await;
    assert_eq!(changes.all("inventoryObjectChanges", "inventoryObjectId"), texts([UPS_SOUTH]));
}
