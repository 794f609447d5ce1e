//! P5: a partner's technician who reads only sees of an address its last two segments, in every answer.

use onsite_server::document::OrganizationDocument;
use onsite_wire::ids::PersonId;
use onsite_wire::onsite::{Role, SubjectKind};
use serde_json::json;

use crate::support::phone::action;
use crate::support::*;

const PAT: PersonId = PersonId::from_bytes([77; 16]);

/// Harbour Mill with a partner's technician of this role everywhere, beside what the groups have.
fn with_partner(role: Role) -> OrganizationDocument {
    let mut document = harbour_mill();
    let mut pat = document.people[0].clone();
    (pat.id, pat.name, pat.email, pat.partner) = (PAT, "Pat".into(), "pat@example.com".into(), Some(PARTNER));
    document.people.push(pat);
    for object in &mut document.inventory_objects {
        if let onsite_wire::rest::InventoryObject::Device(device) = object {
            device.subscription = Some(onsite_wire::rest::Subscription::AssetAdvisor);
        }
    }
    document.groups.push(group("Watchful", &[PAT], None, role));
    document
}

async fn site(role: Role) -> Site {
    let site = Site::empty(onsite_server::Limits::default()).await;
    site.server.store().import(with_partner(role)).await.unwrap();
    site
}

/// Everything in which a device goes out, as text.
async fn answers(phone: &Phone) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let (ups, bank) = (format!("inventory/{UPS_NORTH}"), format!("inventory/{BANK_NORTH}"));
    for path in ["inventory", "inventory-changes/0", &ups, &bank] {
        let answer = phone.rest(path).await;
        assert_eq!(answer.status, 200, "{path}");
        all.push((path.to_owned(), answer.body.to_string()));
    }
    all
}

#[tokio::test]
async fn a_partner_who_reads_only_sees_of_an_address_its_last_two_segments_everywhere() {
    let site = site(Role::Viewer).await;
    for (path, text) in answers(&site.phone_of("pat@example.com").await).await {
        assert!(text.contains("\"*.*.2.3\"") && !text.contains("10.1"), "{path}: {text}");
        assert!(text.contains("ZX-1"), "all else is there");
    }
    for email in ["ada@example.com", "vera@example.com"] {
        for (path, text) in answers(&site.phone_of(email).await).await {
            assert!(
                text.contains("\"10.1.2.3\"") && !text.contains('*'),
                "{email}, {path}: the organization's own people"
            );
        }
    }
    for (path, text) in answers(&site.key().await).await {
        assert!(text.contains("\"10.1.2.3\""), "{path}: the organization's own key");
    }
}

#[tokio::test]
async fn a_partner_who_reads_only_gets_no_telephone_numbers_and_does_not_see_who_is_on_duty() {
    for (role, sees) in [(Role::Viewer, false), (Role::Editor, true)] {
        let site = site(role).await;
        let (ada, pat) = (site.phone_of("ada@example.com").await, site.phone_of("pat@example.com").await);
        let path = |rest: &str| format!("/onsite/v1/organizations/{}/{rest}", organization());
        for (rest, body) in [
            (format!("sites/{NORTH}/fence"), json!({"type": "circle", "center": [8.0, 47.0], "radiusM": 200.0})),
            (format!("sites/{NORTH}/call-list"), json!({"calls": [{"person": ADA, "phone": "+41 44 555 00 11"}]})),
        ] {
            let put = ada.request(reqwest::Method::PUT, &path(&rest)).header("content-type", "application/json");
            assert_eq!(put.body(body.to_string()).send().await.unwrap().status(), 204, "{rest}");
        }
        let before = pat.ours("feeds/duty").await.offset();
        for (kind, body) in [("duty", json!({"on": true})), ("presence", json!({"site": NORTH, "sinceMs": 0}))] {
            let mut said = action(kind, SubjectKind::Person, ADA.0, 0, body);
            said.basis = None;
            assert_eq!(ada.act_one(&said).await.code, None);
        }
        let sites = pat.ours("feeds/sites").await.body.to_string();
        assert!(sites.contains("radiusM"), "the fence is no secret: {sites}");
        assert_eq!(sites.contains("+41 44"), sites.contains(&ADA.to_string()), "{sites}");
        assert_eq!(sites.contains("+41 44"), sees, "{sites}");
        let listed = pat.ours("feeds/duty").await.body["objects"].as_array().unwrap().len();
        assert_eq!(listed, if sees { 2 } else { 0 });
        let mut off = action("duty", SubjectKind::Person, ADA.0, 0, json!({"on": false}));
        off.basis = None;
        ada.act_one(&off).await;
        let changes = pat.ours(&format!("feeds/duty?after={before}")).await;
        assert_eq!(changes.body["removed"].as_array().unwrap().is_empty(), !sees, "{}", changes.body);
        let digest = pat.ours("digest/duty").await.body;
        assert_eq!(digest["count"], json!(0), "{digest}");
        // One's own duty is one's own to see.
        let mut own = action("duty", SubjectKind::Person, PAT.0, 0, json!({"on": true}));
        own.basis = None;
        assert_eq!(pat.act_one(&own).await.code, None);
        assert_eq!(pat.ours("feeds/duty").await.all("objects", "name"), ["Pat"]);
    }
}

#[tokio::test]
async fn a_partner_who_may_do_more_than_read_sees_whole_addresses() {
    let site = site(Role::Editor).await;
    for (path, text) in answers(&site.phone_of("pat@example.com").await).await {
        assert!(text.contains("\"10.1.2.3\""), "{path}");
    }
}

#[tokio::test]
async fn a_partner_whose_rights_are_cut_down_to_reading_must_read_everything_again() {
    let site = site(Role::Editor).await;
    let pat = site.phone_of("pat@example.com").await;
    let offset = pat.offset("inventory").await;
    site.server.store().import(with_partner(Role::Viewer)).await.unwrap();
    let answer = pat.rest(&format!("inventory-changes/{offset}")).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (410, "offset_gone"));
    let text = pat.rest("inventory").await.body.to_string();
    assert!(text.contains("*.*.2.3") && !text.contains("10.1.2.3"), "{text}");
}
