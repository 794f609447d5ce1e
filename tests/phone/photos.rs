//! I4, O1, O2: photos in chats, from one phone over a real server to another.

use std::path::Path;
use std::time::{Duration, Instant};

use onsite::account::{Account, AccountConfig, PhotoStage};
use onsite::error::Code;
use onsite::incidents::{ChatRow, Delivery};
use onsite::photos::{NewPhoto, PhotoSource};
use onsite_rules::photo::strip;
use onsite_server::storage::{back_up, restore};
use onsite_server::{AgentDeed, Fault, ServerConfig, start};
use onsite_wire::ids::{ActionId, IncidentId, MessageId};
use onsite_wire::onsite::{IncidentState, PhotoState, Role};

use crate::incidents::{Chat, opened, quiet};
use crate::samples::{bomb, full_jpeg, full_png, plain_jpeg, plain_png};
use crate::support::{Backend, PATIENCE, Phone, config};

const HERE: (f64, f64) = (53.531_943_71, 10.007_324_68);

fn new(bytes: &[u8]) -> NewPhoto {
    NewPhoto { source: PhotoSource::Bytes(bytes.to_vec()), preview: Some(plain_png(16, 12, 1)) }
}

/// What may leave the phone of a photo.
fn stripped(bytes: &[u8]) -> Vec<u8> {
    strip(bytes).unwrap().pieces(bytes).collect::<Vec<_>>().concat()
}

/// The sealed files on a phone, and how long they are together.
fn sealed(folder: &Path) -> (usize, u64) {
    let Ok(files) = std::fs::read_dir(folder.join("photos")) else { return (0, 0) };
    let sizes: Vec<u64> = files.map(|file| file.unwrap().metadata().unwrap().len()).collect();
    (sizes.len(), sizes.iter().sum())
}

/// Looks again until it is so, as a person does who waits for a bar to fill.
async fn until(account: &Account, what: &str, is: impl Fn(&Account) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is(account) {
        assert!(Instant::now() < deadline, "never came: {what}; {:?}", account.photos());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn is_there(rows: &[ChatRow], message: MessageId) -> bool {
    let found = rows.iter().find(|row| row.id == message).and_then(|row| row.photo.as_ref());
    found.is_some_and(|photo| photo.state == PhotoState::There)
}

/// Ada who administers and Vera who views, both in the chat of an incident.
async fn two(backend: &Backend) -> (Phone, Phone, IncidentId) {
    let ada = Phone::signed_in(backend, &backend.person(0, Role::Administrator)).await;
    let vera = Phone::signed_in(backend, &backend.person(0, Role::Viewer)).await;
    let id = opened(&ada, backend).await;
    (ada, vera, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_taken_without_signal_stands_in_its_place_and_arrives_once_without_where_it_was_taken() {
    let backend = Backend::with(quiet()).await;
    let (ada, vera, id) = two(&backend).await;
    ada.account.set_offline(true).unwrap();
    for (photo, text) in [(full_jpeg(HERE, 6, true, 300_000, 1), "the left fan"), (full_png(HERE, 3, 1), "")] {
        let message = ada.account.incidents().write_with_photo(id, text, new(&photo)).await.unwrap();
        let mut chat = Chat::of(&ada, id);
        chat.until("it stands behind", |rows| rows.iter().any(|row| row.id == message && row.photo.is_some())).await;
        assert_eq!(ada.account.incidents().photo(id, message).await.unwrap(), stripped(&photo), "seen without signal");
        let waiting = ada.account.photos();
        assert!(waiting.iter().all(|photo| photo.stage == PhotoStage::WaitsForMessage), "{waiting:?}");
    }
    let [jpeg, png] = ada.account.photos().iter().map(|photo| photo.message).collect::<Vec<_>>()[..] else { panic!() };
    let refused = ada.account.sign_out(false).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.arguments["count"].as_str()),
        (Code::UnsentActions, "4"),
        "two photos among them"
    );
    backend.server.faults().next("/onsite/v1/actions", 1, Fault::LoseAnswer);
    let ada = ada.reopened(&backend).await;
    let mut theirs = Chat::of(&vera, id);
    theirs.until("both are there", |rows| is_there(rows, jpeg) && is_there(rows, png)).await;
    assert_eq!(theirs.texts(), ["the left fan", ""]);
    let row = theirs.rows.iter().find(|row| row.id == jpeg).unwrap();
    let facts = &row.photo.as_ref().unwrap().facts;
    assert_eq!((facts.width, facts.height, facts.preview.clone()), (480, 640, Some(plain_png(16, 12, 1))));
    assert_eq!(
        vera.account.incidents().photo(id, jpeg).await.unwrap(),
        stripped(&full_jpeg(HERE, 6, true, 300_000, 1))
    );
    let file = vera.folder.path().join("saved.png");
    vera.account.incidents().save_photo(id, png, file.clone()).await.unwrap();
    assert_eq!(std::fs::read(file).unwrap(), stripped(&full_png(HERE, 3, 1)));
    until(&ada.account, "nothing is left to be sent", |account| account.photos().is_empty()).await;
    assert_eq!(ada.account.state().photos, 0);
    // What was seen once is there without signal, also after the app was ended.
    backend.server.faults().set_offline(true);
    let vera = vera.reopened(&backend).await;
    assert!(vera.account.incidents().has_photo(jpeg).await.unwrap());
    assert_eq!(vera.account.incidents().photo(id, png).await.unwrap(), stripped(&full_png(HERE, 3, 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_cut_at_every_tenth_part_goes_on_where_it_was() {
    let backend = Backend::with(quiet()).await;
    let (mut ada, vera, id) = two(&backend).await;
    let photo = plain_jpeg(4_000, 3_000, 4_000_000, 1);
    let uploads = "/onsite/v1/organizations/";
    // Slow enough to be cut, with a part in between whose answer is lost.
    let part = |ada: &Phone| ada.account.photos().first().map(|photo| (photo.offset, photo.stage));
    let file = ada.folder.path().join("camera.jpg");
    std::fs::write(&file, &photo).unwrap();
    let source = NewPhoto { source: PhotoSource::File(file), preview: None };
    let message = ada.account.incidents().write_with_photo(id, "", source).await.unwrap();
    let mut offsets = Vec::new();
    for tenth in 1..10_u64 {
        let wanted = photo.len() as u64 * tenth / 10;
        until(&ada.account, "a tenth more", |account| {
            account.photos().first().is_none_or(|photo| photo.offset >= wanted)
        })
        .await;
        offsets.extend(part(&ada).map(|(offset, _)| offset));
        match tenth % 4 {
            0 => {
                ada.account.set_offline(true).unwrap();
                ada.until("offline", |state| state.offline).await;
                ada.account.set_offline(false).unwrap();
            }
            1 => {
                ada.account.suspend().await.unwrap();
                ada.account.resume().await.unwrap();
            }
            2 => {
                backend.server.faults().next(uploads, 2, Fault::LoseAnswer);
                until(&ada.account, "both answers were lost", |account| {
                    account.network_changed().unwrap();
                    backend.server.faults().left() == 0 || account.photos().is_empty()
                })
                .await;
                backend.server.faults().clear();
                ada.account.network_changed().unwrap();
            }
            _ => ada = ada.reopened(&backend).await,
        }
    }
    let mut theirs = Chat::of(&vera, id);
    theirs.until("it is there", |rows| is_there(rows, message)).await;
    assert_eq!(vera.account.incidents().photo(id, message).await.unwrap(), photo);
    assert!(offsets.len() >= 4, "it was cut on its way: {offsets:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_does_not_get_through_holds_no_message_back_and_says_when_it_is_tried_next() {
    let backend = Backend::with(quiet()).await;
    let (ada, vera, id) = two(&backend).await;
    let at = format!("/onsite/v1/organizations/{}/incidents/{id}/photos", backend.organization(0));
    backend.server.faults().always(&at, Fault::Status(503));
    let message = ada.account.incidents().write_with_photo(id, "look", new(&plain_png(64, 64, 1))).await.unwrap();
    ada.account.incidents().write(id, "and listen").await.unwrap();
    let mut theirs = Chat::of(&vera, id);
    theirs.until("both messages came", |rows| rows.len() == 2).await;
    let photo = theirs.rows.iter().find(|row| row.id == message).unwrap().photo.clone().unwrap();
    assert_eq!((photo.state, photo.facts.preview.is_some()), (PhotoState::Waiting, true), "its place is seen at once");
    assert_eq!(vera.account.incidents().photo(id, message).await.unwrap_err().code, Code::PhotoWaiting);
    until(&ada.account, "it says when", |account| {
        account.photos().first().is_some_and(|photo| photo.trouble.is_some() && photo.next_attempt.is_some())
    })
    .await;
    assert_eq!((ada.account.state().waiting, ada.account.state().photos), (0, 1));
    let diagnostics = ada.account.export_diagnostics().await.unwrap();
    let diagnostics: serde_json::Value = serde_json::from_str(&diagnostics).unwrap();
    assert_eq!(diagnostics["photosWaiting"], 1);
    assert_eq!(diagnostics["photos"][0]["trouble"], "unavailable");
    backend.server.faults().clear();
    ada.account.network_changed().unwrap();
    theirs.until("it came", |rows| is_there(rows, message)).await;
    until(&ada.account, "and is settled", |account| account.photos().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_of_a_parked_message_waits_with_it_goes_with_it_and_is_let_go_with_it() {
    let backend = Backend::with(quiet()).await;
    let (ada, vera, id) = two(&backend).await;
    ada.account.set_offline(true).unwrap();
    let incidents = ada.account.incidents().clone();
    let [one, two] = [plain_png(30, 30, 1), plain_png(31, 31, 2)];
    let kept = incidents.write_with_photo(id, "kept", new(&one)).await.unwrap();
    let dropped = incidents.write_with_photo(id, "dropped", new(&two)).await.unwrap();
    drop(incidents);
    assert_eq!(sealed(ada.folder.path()).0, 2);
    let deed = AgentDeed { agent: "Mika".into(), text: None, to: Some(IncidentState::Solved) };
    backend.server.store().agent_acts(backend.organization(0), id, deed).await.unwrap();
    ada.account.set_offline(false).unwrap();
    ada.until("both are parked", |state| state.parked == 2).await;
    let ada = ada.reopened(&backend).await;
    ada.until("still parked", |state| state.parked == 2).await;
    let mut chat = Chat::of(&ada, id);
    chat.until("with its photo", |rows| {
        rows.iter().any(|row| row.photo.is_some() && row.delivery == Some(Delivery::Parked(Code::ChatReadOnly)))
    })
    .await;
    assert!(ada.account.photos().iter().all(|photo| photo.stage == PhotoStage::WaitsForMessage));
    ada.account.discard(ActionId(dropped.0)).await.unwrap();
    until(&ada.account, "its photo is gone", |_| sealed(ada.folder.path()).0 == 1).await;
    let read_only = ada.account.incidents().write_with_photo(id, "", new(&two)).await.unwrap_err();
    assert_eq!(read_only.code, Code::ChatReadOnly);
    let sent = ada.account.incidents().reopen_and_send(id, kept, "kept after all").await.unwrap();
    let mut theirs = Chat::of(&vera, id);
    theirs.until("sent with its photo", |rows| is_there(rows, sent)).await;
    assert_eq!(vera.account.incidents().photo(id, sent).await.unwrap(), stripped(&one));
    assert_eq!(theirs.rows.iter().filter(|row| row.photo.is_some()).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_photo_is_refused_on_the_phone_and_nothing_of_it_is_kept() {
    let backend = Backend::with(quiet()).await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let id = opened(&ada, &backend).await;
    ada.account.incidents().set_draft(id, "what I began").await.unwrap();
    let refused =
        async |photo: NewPhoto| ada.account.incidents().write_with_photo(id, "look", photo).await.unwrap_err().code;
    let good = plain_jpeg(64, 48, 2_000, 1);
    assert_eq!(refused(new(b"")).await, Code::PhotoEmpty);
    assert_eq!(refused(new(b"a letter")).await, Code::PhotoNotImage);
    assert_eq!(refused(new(b"\0\0\0\x18ftypheic")).await, Code::PhotoNotImage);
    assert_eq!(refused(new(&good[..1_000])).await, Code::PhotoBroken);
    assert_eq!(refused(new(&bomb(60_000, 60_000))).await, Code::PhotoTooManyPixels);
    assert_eq!(refused(new(&plain_jpeg(64, 48, 11_000_000, 1))).await, Code::PhotoTooLarge);
    let file = ada.folder.path().join("large.jpg");
    let from_file = || NewPhoto { source: PhotoSource::File(file.clone()), preview: None };
    assert_eq!(refused(from_file()).await, Code::InputInvalid, "there is none");
    std::fs::File::create(&file).unwrap().set_len(30_000_000).unwrap();
    assert_eq!(refused(from_file()).await, Code::PhotoTooLarge);
    std::fs::write(&file, b"").unwrap();
    assert_eq!(refused(from_file()).await, Code::PhotoEmpty);
    for preview in [plain_png(64, 64, 1), b"no image".to_vec(), Vec::new(), bomb(2_000, 2)] {
        let photo = NewPhoto { preview: Some(preview), ..new(&good) };
        assert_eq!(refused(photo).await, Code::PhotoPreviewInvalid);
    }
    assert_eq!(refused(NewPhoto { preview: None, ..new(&bomb(0, 9)) }).await, Code::PhotoBroken);
    assert_eq!((ada.account.state().waiting, ada.account.photos().len(), sealed(ada.folder.path()).0), (0, 0, 0));
    assert_eq!(ada.account.incidents().page(id).await.unwrap().draft, "what I began");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_is_lost_on_its_phone_is_given_up_and_nobody_waits_for_it() {
    let backend = Backend::with(quiet()).await;
    let (ada, vera, id) = two(&backend).await;
    ada.account.set_offline(true).unwrap();
    let message = ada.account.incidents().write_with_photo(id, "look", new(&plain_png(90, 90, 1))).await.unwrap();
    let file = std::fs::read_dir(ada.folder.path().join("photos")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    ada.account.set_offline(false).unwrap();
    let mut theirs = Chat::of(&vera, id);
    theirs
        .until("it failed visibly", |rows| {
            let photo = rows.iter().find(|row| row.id == message).and_then(|row| row.photo.as_ref());
            photo.is_some_and(|photo| photo.state == PhotoState::Failed && photo.reason == Some(Code::PhotoGivenUp))
        })
        .await;
    assert_eq!(theirs.texts(), ["look"], "its words are there");
    assert_eq!(vera.account.incidents().photo(id, message).await.unwrap_err().code, Code::PhotoGone);
    assert_eq!(ada.account.state().photos, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_photos_the_least_used_go_first_and_never_one_that_is_not_on_the_server() {
    let backend = Backend::with(quiet()).await;
    let (ada, vera, id) = two(&backend).await;
    let Phone { folder, account } = vera;
    account.shutdown().await;
    // A phone with little room, which is offline: what it writes stays, whatever it reads.
    let photos: Vec<Vec<u8>> = (0..6).map(|n| plain_jpeg(64, 48, 100_000, n)).collect();
    let mut messages = Vec::new();
    for photo in &photos {
        messages.push(ada.account.incidents().write_with_photo(id, "", new(photo)).await.unwrap());
    }
    until(&ada.account, "all are sent", |account| account.photos().is_empty()).await;
    let config = AccountConfig { photo_cache_bytes: 350_000, ..config(folder.path(), &backend.server.base_url()) };
    let vera = Phone { account: Account::open(config).await.unwrap().0, folder };
    let mut chat = Chat::of(&vera, id);
    chat.until("all are there", |rows| messages.iter().all(|message| is_there(rows, *message))).await;
    let at = format!("/onsite/v1/organizations/{}/incidents/{id}/photos", backend.organization(0));
    let incidents = vera.account.incidents();
    backend.server.faults().always("/onsite/v1/actions", Fault::LoseRequest);
    let own = incidents.write_with_photo(id, "mine", new(&plain_jpeg(64, 48, 100_000, 99))).await.unwrap();
    for (message, photo) in messages.iter().zip(&photos) {
        assert_eq!(incidents.photo(id, *message).await.unwrap(), *photo);
        assert!(sealed(vera.folder.path()).1 <= 350_000);
    }
    backend.server.faults().always(&at, Fault::Status(503));
    assert!(incidents.has_photo(own).await.unwrap(), "only here");
    assert!(incidents.has_photo(messages[5]).await.unwrap() && !incidents.has_photo(messages[0]).await.unwrap());
    assert_eq!(incidents.photo(id, messages[0]).await.unwrap_err().code, Code::Unavailable);
    backend.server.faults().clear();
    vera.account.network_changed().unwrap();
    until(&vera.account, "mine is sent", |account| account.photos().is_empty() && account.state().waiting == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_a_photo_that_the_backup_had_not_is_sent_again() {
    let backend = Backend::with(quiet()).await;
    let (ada, vera, id) = two(&backend).await;
    let file = backend.data.path().join("yesterday.db");
    back_up(backend.data.path(), &file).unwrap();
    let photo = plain_jpeg(640, 480, 400_000, 3);
    let message = ada.account.incidents().write_with_photo(id, "look", new(&photo)).await.unwrap();
    until(&ada.account, "sent", |account| account.state().waiting == 0 && account.photos().is_empty()).await;
    let Backend { server, documents, data } = backend;
    let listen = server.address();
    server.stop().await;
    restore(data.path(), &file).unwrap();
    let server = start(ServerConfig { listen, ..ServerConfig::local(data.path()) }).await.unwrap();
    let backend = Backend { server, documents, data };
    for phone in [&ada, &vera] {
        phone.account.network_changed().unwrap();
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let lines = backend.server.store().chat(backend.organization(0), id).await.unwrap();
        let photo = lines.iter().find(|line| line.id == message).and_then(|line| line.photo.as_ref());
        if photo.is_some_and(|photo| photo.state == PhotoState::There) {
            assert_eq!(lines.len(), 1, "once");
            break;
        }
        assert!(Instant::now() < deadline, "never came again: {:?} {:?}", ada.account.photos(), ada.account.actions());
        ada.account.refresh(None).unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut theirs = Chat::of(&vera, id);
    theirs.until("everybody sees it", |rows| is_there(rows, message)).await;
    assert_eq!(vera.account.incidents().photo(id, message).await.unwrap(), photo);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_photos_says_so_before_one_is_read() {
    let mut documents = quiet();
    use onsite_wire::onsite::Capability::{Digest, Events, Incidents, People};
    documents[0].capabilities = Some(vec![Incidents, Events, Digest, People]);
    let backend = Backend::with(documents).await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let id = opened(&ada, &backend).await;
    let refused = ada.account.incidents().write_with_photo(id, "", new(b"not even looked at")).await.unwrap_err();
    assert_eq!(refused.code, Code::NotOffered);
}
