//! Photos of chats (I4): announced by their message, in parts, to whoever may see the incident and to nobody else.

#[path = "../../../rules/src/photo/samples.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod samples;

use onsite_server::document::OrganizationDocument;
use onsite_wire::ids::IncidentId;
use onsite_wire::onsite::{
    ActionRequest, Message, MessagesResponse, Outcome, PhotoFacts, PhotoHash, PhotoState, PhotoType, SubjectKind,
};
use onsite_wire::rest::{InventoryObject, Subscription};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::samples::{bomb, full_jpeg, plain_jpeg, plain_png};
use crate::support::phone::{Answer, action};
use crate::support::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn watched() -> OrganizationDocument {
    let mut document = harbour_mill();
    document.alarms.clear();
    for object in &mut document.inventory_objects {
        if let InventoryObject::Device(device) = object
            && device.id == UPS_NORTH
        {
            device.subscription = Some(Subscription::AssetAdvisor);
        }
    }
    document
}

/// A server, its northern UPS's incident, and the phone of somebody of the north.
async fn scene() -> (Site, Phone, IncidentId) {
    let site = Site::empty(onsite_server::Limits::default()).await;
    site.server.store().import(watched()).await.unwrap();
    site.server.store().condition_occurs(condition("battery", 1), site.now()).await.unwrap();
    let incidents = site.server.store().open_incidents(organization()).await.unwrap();
    let phone = site.phone_of("nora@example.com").await;
    (site, phone, incidents[0].id)
}

fn facts(bytes: &[u8], kind: PhotoType, width: i32, height: i32) -> PhotoFacts {
    PhotoFacts {
        sha256: PhotoHash(Sha256::digest(bytes).into()),
        size: i64::try_from(bytes.len()).unwrap(),
        kind,
        width,
        height,
        preview: Some(plain_png(8, 6, 1)),
    }
}

fn message(incident: IncidentId, text: &str, photo: &PhotoFacts) -> ActionRequest {
    let body = json!({"text": text, "photo": photo});
    ActionRequest { basis: None, ..action("message", SubjectKind::Incident, incident.0, 0, body) }
}

/// Announces a photo, and gives the path of its upload.
async fn announced(phone: &Phone, incident: IncidentId, photo: &PhotoFacts) -> String {
    let request = message(incident, "", photo);
    let result = phone.act_one(&request).await;
    assert_eq!(result.outcome, Outcome::Applied, "{result:?}");
    format!("/onsite/v1/organizations/{}/incidents/{incident}/photos/{}", organization(), request.id)
}

async fn send(phone: &Phone, method: Method, path: &str, bytes: Vec<u8>) -> (Answer, Vec<u8>) {
    let response = phone.request(method, path).body(bytes).send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await.unwrap().to_vec();
    (Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }, bytes)
}

async fn put(phone: &Phone, path: &str, offset: usize, part: &[u8]) -> Answer {
    send(phone, Method::PUT, &format!("{path}/upload?offset={offset}"), part.to_vec()).await.0
}

async fn chat(phone: &Phone, incident: IncidentId) -> Vec<Message> {
    let answer = phone.ours(&format!("incidents/{incident}/messages")).await;
    serde_json::from_value::<MessagesResponse>(answer.body).unwrap().messages
}

#[tokio::test]
async fn a_photo_comes_in_parts_behind_its_message_and_everybody_who_may_sees_where_it_is() {
    let (site, nora, incident) = scene().await;
    let vera = site.phone_of("vera@example.com").await;
    let photo = plain_jpeg(640, 480, 300_000, 1);
    let path = announced(&nora, incident, &facts(&photo, PhotoType::Jpeg, 640, 480)).await;
    let seen = chat(&vera, incident).await.remove(0).photo.unwrap();
    assert_eq!(
        (seen.state, seen.facts.width, seen.facts.preview),
        (PhotoState::Waiting, 640, Some(plain_png(8, 6, 1)))
    );
    let offset = vera.ours("feeds/messages").await.offset();
    assert_eq!(vera.get(&path).await.code(), "photo_waiting");
    let tenth = photo.len() / 10;
    for n in 0..11 {
        let begins = n * tenth;
        let asked = nora.get(&format!("{path}/upload")).await;
        assert_eq!(asked.body["offset"], begins, "each process asks where it was");
        let part = &photo[begins..photo.len().min(begins + tenth)];
        if part.is_empty() {
            break;
        }
        let taken = put(&nora, &path, begins, part).await;
        assert_eq!((taken.status, taken.body["offset"].as_u64()), (StatusCode::OK, Some((begins + part.len()) as u64)));
        if begins + part.len() < photo.len() {
            // Its answer was lost, and it is sent again.
            let again = put(&nora, &path, begins, part).await;
            assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "photo_offset"));
            assert_eq!(again.body["arguments"]["offset"], (begins + part.len()).to_string());
        }
    }
    let again = put(&nora, &path, 0, &photo[..10]).await;
    assert_eq!((again.status, again.body["state"].as_str()), (StatusCode::OK, Some("there")));
    let news = vera.ours(&format!("feeds/messages?after={offset}")).await;
    assert_eq!(news.body["objects"][0]["photo"]["state"], "there", "the feed brings it");
    for (phone, from) in [(&vera, 0), (&nora, 0), (&vera, 123_456)] {
        let (answer, bytes) = send(phone, Method::GET, &format!("{path}?from={from}"), Vec::new()).await;
        assert_eq!((answer.status, answer.headers["content-type"].to_str().unwrap()), (StatusCode::OK, "image/jpeg"));
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert!(bytes == photo[from..], "{} of {}", bytes.len(), photo.len() - from);
    }
}

#[tokio::test]
async fn only_its_writer_sends_and_only_who_may_see_the_incident_reads() {
    let (site, nora, incident) = scene().await;
    site.server.store().import(quarry()).await.unwrap();
    let photo = plain_png(16, 16, 1);
    let path = announced(&nora, incident, &facts(&photo, PhotoType::Png, 16, 16)).await;
    let vera = site.phone_of("vera@example.com").await;
    for answer in [put(&vera, &path, 0, &photo).await, vera.get(&format!("{path}/upload")).await] {
        assert_eq!((answer.status, answer.code()), (StatusCode::FORBIDDEN, "not_allowed"));
    }
    let (refused, _) = send(&vera, Method::DELETE, &format!("{path}/upload"), Vec::new()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(put(&nora, &path, 0, &photo).await.body["state"], "there");
    let sven = site.phone_of("sven@example.com").await;
    let zoe = site.phone_of("zoe@example.com").await;
    let nobody = Phone::with_token(&sven.base, "");
    for (phone, status) in
        [(&sven, StatusCode::NOT_FOUND), (&zoe, StatusCode::FORBIDDEN), (&nobody, StatusCode::UNAUTHORIZED)]
    {
        for ending in ["", "/upload"] {
            assert_eq!(phone.get(&format!("{path}{ending}")).await.status, status);
        }
        assert_eq!(put(phone, &path, 0, &photo).await.status, status);
    }
    // A message of another incident, one without a photo, one that is none.
    let words = ActionRequest {
        basis: None,
        ..action("message", SubjectKind::Incident, incident.0, 0, json!({"text": "hello"}))
    };
    nora.act_one(&words).await;
    let base = path.rsplit_once('/').unwrap().0;
    for other in [words.id.to_string(), onsite_wire::ids::Uuid::nil().to_string(), "x".to_owned()] {
        assert_eq!(put(&nora, &format!("{base}/{other}"), 0, &photo).await.code(), "not_found");
    }
    site.server.store().set_groups(organization(), vec![]).await.unwrap();
    assert_eq!(vera.get(&path).await.status, StatusCode::NOT_FOUND, "rights that are gone are gone");
}

#[tokio::test]
async fn two_uploads_of_one_photo_at_once_make_one_photo() {
    let (_site, nora, incident) = scene().await;
    let photo = plain_jpeg(640, 480, 200_000, 2);
    let path = announced(&nora, incident, &facts(&photo, PhotoType::Jpeg, 640, 480)).await;
    let upload = async || {
        loop {
            let asked = nora.get(&format!("{path}/upload")).await;
            if asked.body["state"] == "there" {
                return;
            }
            let begins = usize::try_from(asked.body["offset"].as_u64().unwrap()).unwrap();
            let part = &photo[begins..photo.len().min(begins + 9_000)];
            let taken = put(&nora, &path, begins, part).await;
            assert!(taken.status == StatusCode::OK || taken.code() == "photo_offset", "{}", taken.body);
        }
    };
    tokio::join!(upload(), upload(), upload());
    assert!(send(&nora, Method::GET, &path, Vec::new()).await.1 == photo);
}

#[tokio::test]
async fn a_message_that_announces_no_usable_photo_is_refused_with_its_reason() {
    let (site, nora, incident) = scene().await;
    let photo = plain_png(16, 16, 1);
    let good = facts(&photo, PhotoType::Png, 16, 16);
    let refused = async |photo: PhotoFacts| nora.act_one(&message(incident, "", &photo)).await.code.unwrap();
    assert_eq!(refused(PhotoFacts { size: 30_000_000, ..good.clone() }).await.as_str(), "photo_too_large");
    assert_eq!(refused(PhotoFacts { size: 0, ..good.clone() }).await.as_str(), "photo_empty");
    assert_eq!(
        refused(PhotoFacts { width: 60_000, height: 60_000, ..good.clone() }).await.as_str(),
        "photo_too_many_pixels"
    );
    let preview = |preview: Vec<u8>| PhotoFacts { preview: Some(preview), ..good.clone() };
    assert_eq!(refused(preview(plain_png(64, 64, 1))).await.as_str(), "photo_preview_invalid", "12 KB");
    assert_eq!(refused(preview(b"no image".to_vec())).await.as_str(), "photo_preview_invalid");
    assert_eq!(refused(preview(full_jpeg((53.5, 10.0), 6, true, 100, 1))).await.as_str(), "photo_preview_invalid");
    let behind = [plain_png(8, 6, 1), b"where I was".to_vec()].concat();
    assert_eq!(refused(preview(behind)).await.as_str(), "photo_not_stripped");
    let mut unheard = message(incident, "", &good);
    unheard.body["photo"]["type"] = json!("image/heic");
    assert_eq!(nora.act_one(&unheard).await.code.unwrap().as_str(), "photo_not_image");
    let mut document = watched();
    document.capabilities = Some(vec![onsite_wire::onsite::Capability::Incidents]);
    site.server.store().import(document).await.unwrap();
    assert_eq!(refused(good).await.as_str(), "not_offered");
}

#[tokio::test]
async fn bytes_that_are_not_what_was_announced_fail_visibly_or_begin_anew() {
    let (_site, nora, incident) = scene().await;
    let good = plain_jpeg(64, 48, 5_000, 1);
    let bad: Vec<(&str, Vec<u8>, PhotoType)> = vec![
        ("photo_not_image", b"this is no image at all".to_vec(), PhotoType::Jpeg),
        ("photo_broken", good[..4_000].to_vec(), PhotoType::Jpeg),
        ("photo_differs", good.clone(), PhotoType::Png),
        ("photo_too_many_pixels", bomb(60_000, 60_000), PhotoType::Png),
        ("photo_not_stripped", full_jpeg((53.5, 10.0), 1, true, 2_000, 1), PhotoType::Jpeg),
    ];
    for (reason, bytes, kind) in bad {
        let (width, height) = if reason == "photo_not_stripped" { (640, 480) } else { (64, 48) };
        let path = announced(&nora, incident, &facts(&bytes, kind, width, height)).await;
        let taken = put(&nora, &path, 0, &bytes).await;
        assert_eq!((taken.body["state"].as_str(), taken.body["reason"].as_str()), (Some("failed"), Some(reason)));
        let seen = chat(&nora, incident).await.remove(0).photo.unwrap();
        assert_eq!((seen.state, seen.reason.unwrap().as_str()), (PhotoState::Failed, reason));
        assert_eq!(nora.get(&path).await.code(), "photo_gone");
    }
    let path = announced(&nora, incident, &facts(&good, PhotoType::Jpeg, 64, 48)).await;
    let other = plain_jpeg(64, 48, 5_000, 2);
    assert_eq!(put(&nora, &path, 0, &other[..900]).await.status, StatusCode::OK);
    let differs = put(&nora, &path, 900, &other[900..]).await;
    assert_eq!((differs.status, differs.code()), (StatusCode::CONFLICT, "photo_hash_differs"));
    assert_eq!(nora.get(&format!("{path}/upload")).await.body["offset"], 0, "nothing of it was kept");
    let beyond = put(&nora, &path, 0, &[&good[..], b"and more"].concat()).await;
    assert_eq!((beyond.status, beyond.code()), (StatusCode::BAD_REQUEST, "photo_part_beyond"));
    assert_eq!(put(&nora, &path, 0, b"").await.code(), "invalid_request");
    let (nonsense, _) = send(&nora, Method::PUT, &format!("{path}/upload?offset=-1"), vec![1]).await;
    assert_eq!(nonsense.code(), "invalid_request");
    assert_eq!(put(&nora, &path, 0, &vec![0; 1_100_000]).await.code(), "too_large");
    assert_eq!(put(&nora, &path, 0, &good).await.body["state"], "there");
}

#[tokio::test]
async fn a_photo_that_is_not_complete_after_seven_days_is_dropped_and_everybody_sees_it() {
    let (site, nora, incident) = scene().await;
    let photo = plain_jpeg(64, 48, 5_000, 1);
    let facts = facts(&photo, PhotoType::Jpeg, 64, 48);
    let path = announced(&nora, incident, &facts).await;
    let whole = announced(&nora, incident, &facts).await;
    put(&nora, &path, 0, &photo[..2_000]).await;
    put(&nora, &whole, 0, &photo).await;
    let given_up = announced(&nora, incident, &facts).await;
    let (answer, _) = send(&nora, Method::DELETE, &format!("{given_up}/upload"), Vec::new()).await;
    assert_eq!(
        (answer.body["state"].as_str(), answer.body["reason"].as_str()),
        (Some("failed"), Some("photo_given_up"))
    );
    site.clock.advance_millis(7 * DAY_MS - 60_000);
    site.server.store().tick().await.unwrap();
    let site = site.restarted().await;
    let nora = site.phone_of("nora@example.com").await;
    assert_eq!(nora.get(&format!("{path}/upload")).await.body["offset"], 2_000, "a restarted server has it too");
    let offset = nora.ours("feeds/messages").await.offset();
    site.clock.advance_millis(120_000);
    site.server.store().tick().await.unwrap();
    let nora = site.phone_of("nora@example.com").await;
    let dropped = nora.get(&format!("{path}/upload")).await;
    assert_eq!(
        (dropped.body["state"].as_str(), dropped.body["reason"].as_str()),
        (Some("failed"), Some("photo_expired"))
    );
    let news = nora.ours(&format!("feeds/messages?after={offset}")).await;
    assert_eq!(news.body["objects"].as_array().unwrap().len(), 1);
    assert_eq!(news.body["objects"][0]["photo"]["reason"], "photo_expired");
    assert_eq!(send(&nora, Method::GET, &whole, Vec::new()).await.1, photo, "one that is there stays");
}
