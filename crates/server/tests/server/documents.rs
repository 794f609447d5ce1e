//! The two OpenAPI documents, as they are served and as they are checked in.

use crate::support::*;

const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/onsite-openapi.json");

#[test]
fn our_document_in_the_docs_is_the_one_made_from_the_types() {
    if std::env::var_os("ONSITE_WRITE").is_some() {
        std::fs::write(OURS, onsite_server::our_document()).unwrap();
    }
    let written = std::fs::read_to_string(OURS).unwrap_or_default();
    assert!(written == onsite_server::our_document(), "run `cargo xtask generate`");
}

#[tokio::test]
async fn both_documents_are_served_without_sign_in() {
    let site = Site::empty(onsite_server::Limits::default()).await;
    let phone = Phone::with_token(&site.server.base_url(), "");
    assert_eq!(phone.get("/rest/openapi.json").await.body, vendor::document());
    let ours = phone.get("/onsite/v1/openapi.json").await.body;
    for path in ["/onsite/v1/actions", "/onsite/v1/session", "/onsite/v1/events"] {
        assert!(ours["paths"].get(path).is_some(), "{path}");
    }
    let capabilities = phone.get("/onsite/v1/capabilities").await.body;
    assert_eq!((&capabilities["server"], &capabilities["actionKinds"]["mute"]), (&"onsite".into(), &1.into()));
    assert_eq!(phone.get("/nowhere").await.code(), "not_found");
}

#[tokio::test]
async fn demonstration_data_is_valid_for_the_vendors_clients_too() {
    let site = Site::empty(onsite_server::Limits::default()).await;
    let now = site.now();
    for document in onsite_server::demo::organizations(7, now) {
        let id = document.organization_id().unwrap();
        site.server.store().import(document).await.unwrap();
        let key = site.server.store().create_api_key(vec![id]).await.unwrap();
        let phone = Phone::with_token(&site.server.base_url(), &key);
        for (list, changes) in
            [("inventory", "inventory-changes/0"), ("alarms", "alarm-changes/0"), ("sensors", "sensor-changes/0")]
        {
            assert_eq!(phone.get(&format!("/rest/v1/organizations/{id}/{list}")).await.status, 200);
            assert_eq!(phone.get(&format!("/rest/v1/organizations/{id}/{changes}")).await.status, 200);
        }
    }
}
