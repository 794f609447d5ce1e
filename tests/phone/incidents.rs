//! I1–I5, A2, A6, O2: incidents and their chats, on several phones and the real server.

use onsite::account::ActionStage;
use onsite::error::Code;
use onsite::incidents::{ChatRow, ChatWindow, Delivery, IncidentFilter, IncidentRow, IncidentWindow};
use onsite_server::document::OrganizationDocument;
use onsite_server::{AgentDeed, Fault, demo};
use onsite_wire::ids::{DeviceId, IncidentId};
use onsite_wire::onsite::{IncidentState, Role};
use onsite_wire::rest::{InventoryObject, Subscription};

use crate::support::{Backend, PATIENCE, Phone, now};

/// A listener's copy of a window on a chat.
pub struct Chat {
    pub window: ChatWindow,
    pub rows: Vec<ChatRow>,
}

impl Chat {
    pub fn of(phone: &Phone, incident: IncidentId) -> Self {
        Self::sized(phone, incident, 1_000)
    }

    pub fn sized(phone: &Phone, incident: IncidentId, size: usize) -> Self {
        Self { window: phone.account.incidents().chat(incident, size), rows: Vec::new() }
    }

    pub async fn until(&mut self, what: &str, is: impl Fn(&[ChatRow]) -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !is(&self.rows) {
            let batch = tokio::time::timeout_at(deadline, self.window.next()).await;
            let Ok(Some(batch)) = batch else { panic!("never came: {what}; {:#?}", self.rows) };
            batch.rows.apply(&mut self.rows);
        }
    }

    /// The words, oldest first.
    pub fn texts(&self) -> Vec<&str> {
        self.rows.iter().rev().filter(|row| row.change.is_none()).map(|row| row.text.as_str()).collect()
    }
}

/// A listener's copy of a window on incidents.
struct List {
    window: IncidentWindow,
    rows: Vec<IncidentRow>,
    total: Option<u64>,
}

impl List {
    fn of(phone: &Phone, filter: IncidentFilter) -> Self {
        Self { window: phone.account.incidents().window(filter, 1_000), rows: Vec::new(), total: None }
    }

    async fn until(&mut self, what: &str, is: impl Fn(&Self) -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !is(self) {
            let batch = tokio::time::timeout_at(deadline, self.window.next()).await;
            let Ok(Some(batch)) = batch else { panic!("never came: {what}; {:#?}", self.rows) };
            batch.rows.apply(&mut self.rows);
            self.total = batch.total;
        }
    }
}

/// The first organization of the demonstration with quiet equipment: no alarm is active.
pub fn quiet() -> Vec<OrganizationDocument> {
    let mut documents = demo::organizations(7, now());
    documents.truncate(1);
    documents[0].alarms.clear();
    documents
}

/// A device with this subscription, not part of another one.
pub fn device(backend: &Backend, subscription: Subscription) -> DeviceId {
    let found = backend.documents[0].inventory_objects.iter().find_map(|object| match object {
        InventoryObject::Device(device) if device.subscription == Some(subscription) && device.parent_id.is_none() => {
            Some(device.id)
        }
        _ => None,
    });
    found.unwrap()
}

/// Opens an incident and waits until the server has it.
pub async fn opened(phone: &Phone, backend: &Backend) -> IncidentId {
    let device = device(backend, Subscription::AssetAdvisor);
    let id = phone.account.incidents().open(device, "Noise", "it hums", Vec::new(), true).await.unwrap();
    phone.until("the server has it", |state| state.waiting == 0).await;
    assert_eq!(phone.account.state().parked, 0, "{:?}", phone.account.actions());
    id
}

pub async fn sees(phone: &Phone, id: IncidentId) {
    let mut list = List::of(phone, IncidentFilter::default());
    list.until("the incident came", |list| list.rows.iter().any(|row| row.id == id && !row.on_phone)).await;
}

pub async fn agent(backend: &Backend, id: IncidentId, text: Option<&str>, to: Option<IncidentState>) {
    let deed = AgentDeed { agent: "Mika".into(), text: text.map(str::to_owned), to };
    backend.server.store().agent_acts(backend.organization(0), id, deed).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_written_without_signal_stands_behind_and_is_sent_once_in_the_writers_order() {
    let backend = Backend::with(quiet()).await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let vera = Phone::signed_in(&backend, &backend.person(0, Role::Viewer)).await;
    let id = opened(&ada, &backend).await;
    sees(&vera, id).await;
    ada.account.set_offline(true).unwrap();
    for text in ["first", "second", "third"] {
        ada.account.incidents().write(id, text).await.unwrap();
    }
    vera.account.incidents().write(id, "meanwhile").await.unwrap();
    vera.until("sent", |state| state.waiting == 0).await;
    let mut chat = Chat::of(&ada, id);
    chat.until("all three stand here", |rows| rows.len() == 3).await;
    assert_eq!(chat.texts(), ["first", "second", "third"]);
    assert!(chat.rows.iter().all(|row| row.number.is_none() && row.delivery == Some(Delivery::OnPhone)));
    drop(chat);
    // Also across an app that was ended, and an answer that was lost.
    backend.server.faults().next("/onsite/v1/actions", 1, Fault::LoseAnswer);
    let ada = ada.reopened(&backend).await;
    let mut chat = Chat::of(&ada, id);
    chat.until("all four in the server's order", |rows| rows.len() == 4 && rows.iter().all(|row| row.number.is_some()))
        .await;
    assert_eq!(chat.texts(), ["meanwhile", "first", "second", "third"]);
    let mut theirs = Chat::of(&vera, id);
    theirs.until("the same on the other phone", |rows| rows.len() == 4).await;
    assert_eq!(theirs.texts(), chat.texts());
    assert_eq!(theirs.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [Some(4), Some(3), Some(2), Some(1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_shown_once_when_its_echo_comes_before_its_answer() {
    let backend = Backend::with(quiet()).await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let id = opened(&ada, &backend).await;
    sees(&ada, id).await;
    let mut chat = Chat::of(&ada, id);
    // Every answer is lost: the feed brings the message while the action still waits.
    backend.server.faults().always("/onsite/v1/actions", Fault::LoseAnswer);
    ada.account.incidents().write(id, "hello").await.unwrap();
    chat.until("the echo came", |rows| rows.len() == 1 && rows[0].number == Some(1)).await;
    assert_eq!(ada.account.state().waiting, 1);
    ada.account.incidents().write(id, "and more").await.unwrap();
    chat.until("both", |rows| rows.len() == 2).await;
    backend.server.faults().clear();
    ada.account.network_changed().unwrap();
    ada.until("confirmed", |state| state.waiting == 0).await;
    chat.until("still once each", |rows| rows.len() == 2 && rows.iter().all(|row| row.number.is_some())).await;
    assert_eq!(chat.texts(), ["hello", "and more"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_wrote_is_unread_until_it_is_read_and_its_writer_sees_that() {
    let backend = Backend::with(quiet()).await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let vera = Phone::signed_in(&backend, &backend.person(0, Role::Viewer)).await;
    let id = opened(&ada, &backend).await;
    sees(&vera, id).await;
    for text in ["one", "two", "three"] {
        ada.account.incidents().write(id, text).await.unwrap();
    }
    let mut list = List::of(&vera, IncidentFilter::active());
    list.until("three are unread", |list| list.rows.iter().any(|row| row.unread == 3)).await;
    let mut chat = Chat::of(&ada, id);
    chat.until("on the server", |rows| {
        rows.len() == 3 && rows.iter().all(|row| row.delivery == Some(Delivery::OnServer))
    })
    .await;
    let mut mine = List::of(&ada, IncidentFilter { mine: true, ..IncidentFilter::default() });
    mine.until("one's own are never unread", |list| list.rows.len() == 1 && list.rows[0].unread == 0).await;
    vera.account.set_offline(true).unwrap();
    vera.account.incidents().read_up_to(id, 2).await.unwrap();
    list.until("read at once, also without signal", |list| list.rows.iter().any(|row| row.unread == 1)).await;
    vera.account.set_offline(false).unwrap();
    chat.until("the writer sees which", |rows| {
        rows.iter().map(|row| row.delivery).collect::<Vec<_>>()
            == [Some(Delivery::OnServer), Some(Delivery::Read), Some(Delivery::Read)]
    })
    .await;
    // Another phone of the same person knows it too.
    let second = Phone::signed_in(&backend, &backend.person(0, Role::Viewer)).await;
    let mut list = List::of(&second, IncidentFilter::active());
    list.until("one is unread there", |list| list.rows.iter().any(|row| row.unread == 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_after_solved_is_parked_with_its_text_and_sent_when_reopened() {
    let backend = Backend::with(quiet()).await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let id = opened(&ada, &backend).await;
    sees(&ada, id).await;
    ada.account.set_offline(true).unwrap();
    let message = ada.account.incidents().write(id, "it hums again").await.unwrap();
    agent(&backend, id, Some("All is well."), Some(IncidentState::Solved)).await;
    ada.account.set_offline(false).unwrap();
    ada.until("parked", |state| state.parked == 1).await;
    let mut chat = Chat::of(&ada, id);
    chat.until("its text is still there, and why it was not taken", |rows| {
        rows.iter().any(|row| row.text == "it hums again" && row.delivery == Some(Delivery::Parked(Code::ChatReadOnly)))
    })
    .await;
    let mut list = List::of(&ada, IncidentFilter::solved());
    list.until("solved", |list| list.rows.len() == 1).await;
    let refused = ada.account.incidents().write(id, "too late").await.unwrap_err();
    assert_eq!(refused.code, Code::ChatReadOnly, "known here: nothing is queued");
    ada.account.incidents().reopen_and_send(id, message, "it hums again").await.unwrap();
    ada.until("decided", |state| state.parked == 0 && state.waiting == 0).await;
    chat.until("sent", |rows| {
        rows.iter().any(|row| row.text == "it hums again" && row.number.is_some())
            && rows.iter().all(|row| row.number.is_some())
    })
    .await;
    let page = ada.account.incidents().page(id).await.unwrap();
    assert!(page.may.write.is_ok() && page.row.state == IncidentState::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_message_goes_into_a_new_incident_or_is_let_go() {
    let backend = Backend::with(quiet()).await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let id = opened(&ada, &backend).await;
    sees(&ada, id).await;
    ada.account.set_offline(true).unwrap();
    let first = ada.account.incidents().write(id, "one").await.unwrap();
    let second = ada.account.incidents().write(id, "two").await.unwrap();
    agent(&backend, id, None, Some(IncidentState::Solved)).await;
    ada.account.set_offline(false).unwrap();
    ada.until("both are parked: neither holds the other back", |state| state.parked == 2).await;
    let mut list = List::of(&ada, IncidentFilter::solved());
    list.until("solved", |list| list.rows.len() == 1).await;
    ada.account.discard(onsite_wire::ids::ActionId(second.0)).await.unwrap();
    let new = ada.account.incidents().send_in_new(id, first, "one", "Noise again", true).await.unwrap();
    ada.until("decided", |state| state.parked == 0 && state.waiting == 0).await;
    let mut chat = Chat::of(&ada, new);
    chat.until("it stands in the new one", |rows| rows.len() == 1 && rows[0].number == Some(1)).await;
    let mut old = Chat::of(&ada, id);
    old.until("and nowhere else", |rows| rows.len() == 1 && rows[0].change == Some(IncidentState::Solved)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_opened_without_signal_is_there_at_once_and_its_messages_follow_it() {
    let backend = Backend::with(quiet()).await;
    let vera = Phone::signed_in(&backend, &backend.person(0, Role::Viewer)).await;
    vera.account.set_offline(true).unwrap();
    let watched = device(&backend, Subscription::AssetAdvisor);
    let incidents = vera.account.incidents();
    assert!(incidents.opening(watched).await.unwrap().may_cost, "said before anything is sent");
    let refused = incidents.open(watched, "Noise", "", Vec::new(), false).await.unwrap_err();
    assert_eq!(refused.code, Code::CostNotAccepted);
    let expert = incidents.opening(device(&backend, Subscription::ItExpert)).await.unwrap_err();
    assert_eq!((expert.code, expert.arguments["subscription"].as_str()), (Code::SubscriptionNeeded, "asset_advisor"));
    let id = incidents.open(watched, "Noise", "it hums", Vec::new(), true).await.unwrap();
    incidents.write(id, "and it is warm").await.unwrap();
    let mut list = List::of(&vera, IncidentFilter::active());
    list.until("in the list", |list| list.rows.len() == 1 && list.rows[0].on_phone).await;
    let again = incidents.open(watched, "Noise", "", Vec::new(), true).await.unwrap_err();
    assert_eq!(again.code, Code::IncidentExists);
    assert_eq!(incidents.open_of(watched).await.unwrap().len(), 1);
    vera.account.set_offline(false).unwrap();
    vera.until("sent", |state| state.waiting == 0 && state.parked == 0).await;
    list.until("on the server", |list| list.rows.len() == 1 && !list.rows[0].on_phone).await;
    let mut chat = Chat::of(&vera, id);
    chat.until("with its message", |rows| rows.len() == 1 && rows[0].number == Some(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn feedback_given_without_signal_shows_at_once_and_arrives() {
    let backend = Backend::with(quiet()).await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let vera = Phone::signed_in(&backend, &backend.person(0, Role::Viewer)).await;
    let id = opened(&ada, &backend).await;
    sees(&ada, id).await;
    let incidents = ada.account.incidents();
    assert_eq!(incidents.give_feedback(id, 5, "").await.unwrap_err().code, Code::NotCompleted);
    incidents.solve(id).await.unwrap();
    ada.account.set_offline(true).unwrap();
    assert_eq!(incidents.give_feedback(id, 6, "").await.unwrap_err().code, Code::RatingInvalid);
    incidents.give_feedback(id, 4, "quick").await.unwrap();
    incidents.give_feedback(id, 5, "quick and kind").await.unwrap();
    assert_eq!(incidents.page(id).await.unwrap().feedback.unwrap().rating, 5);
    ada.account.set_offline(false).unwrap();
    ada.until("sent", |state| state.waiting == 0 && state.parked == 0).await;
    sees(&vera, id).await;
    let deadline = std::time::Instant::now() + PATIENCE;
    while vera.account.incidents().page(id).await.unwrap().feedback.is_none() {
        assert!(std::time::Instant::now() < deadline, "the feedback never came");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let refused = vera.account.incidents().give_feedback(id, 1, "").await.unwrap_err();
    assert_eq!(refused.code, Code::FeedbackGiven);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_chats_survives_the_loss_of_everything_that_was_fetched() {
    let backend = Backend::with(quiet()).await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let id = opened(&ada, &backend).await;
    ada.account.set_offline(true).unwrap();
    ada.account.incidents().write(id, "before the crash").await.unwrap();
    let Phone { folder, account } = ada;
    account.shutdown().await;
    backend.server.faults().set_offline(true);
    for file in ["cache.db", "cache.db-wal", "cache.db-shm"] {
        let file = folder.path().join(file);
        if file.exists() {
            std::fs::remove_file(file).unwrap();
        }
    }
    let ada = Phone::opened(folder, &backend).await;
    let mut chat = Chat::of(&ada, id);
    chat.until("it stands there without anything else", |rows| rows.len() == 1).await;
    assert_eq!(chat.rows[0].delivery, Some(Delivery::OnPhone));
    backend.server.faults().set_offline(false);
    ada.account.network_changed().unwrap();
    ada.until("sent", |state| state.waiting == 0).await;
    chat.until("and takes its place", |rows| rows.len() == 1 && rows[0].number == Some(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_to_be_written_is_there_after_a_restart() {
    let backend = Backend::with(quiet()).await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let id = opened(&ada, &backend).await;
    ada.account.incidents().set_draft(id, "I think that").await.unwrap();
    let ada = ada.reopened(&backend).await;
    assert_eq!(ada.account.incidents().page(id).await.unwrap().draft, "I think that");
    ada.account.incidents().write(id, "I think that it is the fan").await.unwrap();
    assert_eq!(ada.account.incidents().page(id).await.unwrap().draft, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn incidents_are_listed_by_state_device_location_and_mine_and_counted() {
    let backend = Backend::demo().await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let organization = Some(backend.organization(0));
    let all = IncidentFilter { organization, ..IncidentFilter::default() };
    let on_server = backend.server.store().open_incidents(backend.organization(0)).await.unwrap();
    assert!(!on_server.is_empty(), "the demonstration has critical alarms on watched devices");
    let mut list = List::of(&ada, all.clone());
    list.until("all of them", |list| list.rows.len() == on_server.len()).await;
    let wanted = list.rows[0].clone();
    let mut of_device = List::of(&ada, IncidentFilter { device: Some(wanted.device), ..all.clone() });
    of_device.until("of one device", |list| list.total == Some(1) && list.rows == [wanted.clone()]).await;
    let mut mine = List::of(&ada, IncidentFilter { mine: true, ..all.clone() });
    mine.until("none are mine", |list| list.total == Some(0)).await;
    ada.account.incidents().write(wanted.id, "I am on my way").await.unwrap();
    mine.until("mine, once I write", |list| list.total == Some(1) && list.rows.len() == 1).await;
    let mut solved = List::of(&ada, IncidentFilter { organization, ..IncidentFilter::solved() });
    solved.until("none is solved", |list| list.total == Some(0)).await;
    ada.account.incidents().solve(wanted.id).await.unwrap();
    solved.until("solved, at once", |list| list.total == Some(1)).await;
    let page = ada.account.incidents().page(wanted.id).await.unwrap();
    assert!(page.may.reopen.is_ok() && page.may.feedback.is_ok() && page.may.write.is_err());
    ada.until("sent", |state| state.waiting == 0).await;
    let mut active = List::of(&ada, IncidentFilter { organization, ..IncidentFilter::active() });
    active.until("one less", |list| list.total == Some(on_server.len() as u64 - 1)).await;
    let stages: Vec<_> = ada.account.actions().into_iter().map(|action| action.stage).collect();
    assert!(stages.iter().all(|stage| *stage == ActionStage::OnServer), "{stages:?}");
}
