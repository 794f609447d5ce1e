//! I4: what is missing in an open chat comes by itself: its visible end at once, older messages when somebody goes there; also
//! when requests are lost on the way, and without a storm of them.

use onsite_server::Fault;
use onsite_wire::ids::IncidentId;
use onsite_wire::onsite::{IncidentState, Role};

use crate::incidents::{Chat, agent, opened, quiet, sees};
use crate::support::{Backend, Phone};

/// A chat of so many lines, written by an agent, and a phone that was never there before.
async fn newcomer(lines: usize) -> (Backend, IncidentId, Phone) {
    let backend = Backend::with(quiet()).await;
    let ada = Phone::signed_in(&backend, &backend.person(0, Role::Administrator)).await;
    let id = opened(&ada, &backend).await;
    sees(&ada, id).await;
    for n in 0..lines {
        agent(&backend, id, Some(&format!("line {n}")), None).await;
    }
    let vera = Phone::signed_in(&backend, &backend.person(0, Role::Viewer)).await;
    sees(&vera, id).await;
    (backend, id, vera)
}

fn path(backend: &Backend, id: IncidentId) -> String {
    format!("/onsite/v1/organizations/{}/incidents/{id}/messages", backend.organization(0))
}

fn whole(rows: &[onsite::incidents::ChatRow]) -> bool {
    rows.iter().rev().zip(1..).all(|(row, number)| row.number == Some(number) && row.missing_before == 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_long_absence_a_gap_is_marked_and_what_an_open_chat_shows_of_it_fills_itself() {
    let (backend, id, vera) = newcomer(380).await;
    let faults = backend.server.faults();
    // As long as the server does not give it, it is marked.
    faults.next(&path(&backend, id), 2, Fault::LoseRequest);
    let mut chat = Chat::sized(&vera, id, 100);
    chat.until("a full read brings the last 50 and says how many it did not", |rows| {
        rows.len() == 50 && rows.last().is_some_and(|row| row.missing_before == 330)
    })
    .await;
    assert_eq!(vera.account.incidents().page(id).await.unwrap().row.unread, 380);
    chat.until("as many as the window shows", |rows| rows.len() == 100).await;
    assert!(chat.rows.last().is_some_and(|row| row.number == Some(281)), "not from the beginning on");
    for (more, held) in [(100, 200), (300, 380)] {
        chat.window.more(more);
        chat.until("older ones when the window grows", |rows| rows.len() == held).await;
    }
    assert!(whole(&chat.rows));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_chat_fills_itself_however_often_answers_are_lost_and_none_is_shown_twice() {
    let (backend, id, vera) = newcomer(230).await;
    let faults = backend.server.faults();
    for fault in [Fault::LoseAnswer, Fault::HalfBody, Fault::Status(503), Fault::LoseRequest] {
        faults.next(&path(&backend, id), 1, fault);
    }
    let mut chat = Chat::of(&vera, id);
    chat.until("a part", |rows| rows.len() >= 50).await;
    // The way back is told, and brings what waits forward.
    for _ in 0..8 {
        vera.account.network_changed().unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    }
    chat.until("all, each once", |rows| rows.len() == 230 && whole(rows)).await;
    assert_eq!(vera.account.incidents().fill(id).await.unwrap(), 0, "nothing is missing any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_nobody_looks_at_asks_for_nothing_and_a_closed_one_is_read_when_it_is_opened() {
    let (backend, id, vera) = newcomer(60).await;
    vera.account.set_offline(true).unwrap();
    for n in 60..70 {
        agent(&backend, id, Some(&format!("line {n}")), None).await;
    }
    agent(&backend, id, None, Some(IncidentState::Solved)).await;
    vera.account.set_offline(false).unwrap();
    let page = || async { vera.account.incidents().page(id).await.unwrap() };
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while page().await.row.state != IncidentState::Solved {
        assert!(std::time::Instant::now() < deadline, "the change never came");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // Nobody looked: what lies before the last 50 of its first reading is still not here.
    let mut small = Chat::sized(&vera, id, 5);
    small.until("the newest", |rows| rows.len() == 5 && rows[0].number == Some(71)).await;
    assert!(vera.account.incidents().fill(id).await.unwrap() > 0, "it was left where it is");
    let mut chat = Chat::of(&vera, id);
    chat.until("all", |rows| rows.len() == 71 && whole(rows)).await;
}
