//! P5: a partner's technician who reads only sees of an address its last two segments, in every answer.

use onsite_server::document::OrganizationDocument;
use onsite_wire::ids::PersonId;
use onsite_wire::onsite::Role;

use crate::support::*;

const PAT: PersonId = PersonId::from_bytes([77; 16]);

/// Harbour Mill with a partner's technician of this role everywhere, beside what the groups have.
fn with_partner(role: Role) -> OrganizationDocument {
    let mut document = harbour_mill();
    let mut pat = document.people[0].clone();
    (pat.id, pat.name, pat.email, pat.partner) = (PAT, "Pat".into(), "pat@example.com".into(), Some(PARTNER));
    document.people.push(pat);
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
