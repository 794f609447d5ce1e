//! I6, N1, N5: what the server tells of incidents and chats is in the phone's list at once, each once.

use onsite_server::AgentDeed;
use onsite_wire::onsite::{IncidentState, NoticeKind, NoticeSubject, Role};
use onsite_wire::rest::{Severity, Subscription};

use crate::incidents::agent;
use crate::notices::{Told, occurs_on, quiet};
use crate::support::{Backend, Phone};

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_its_states_and_its_chat_are_in_the_list_at_once_and_a_chat_that_is_read_there_is_read_here() {
    let mut documents = quiet();
    documents[0].alarms.retain(|alarm| alarm.cleared_time.is_some());
    let backend = Backend::with(documents).await;
    let vera = Phone::signed_in(&backend, &backend.person(0, Role::Viewer)).await;
    let device = crate::incidents::device(&backend, Subscription::AssetAdvisor);
    occurs_on(&backend, device, 1, Severity::Critical).await;
    let mut told = Told::all(&vera);
    told.until("the incident, and no alarm beside it", |told| told.rows.len() == 1).await;
    let row = told.rows[0].clone();
    assert_eq!((row.kind, row.subject_kind), (NoticeKind::Incident, NoticeSubject::Incident));
    let id = onsite_wire::ids::IncidentId(row.subject);
    agent(&backend, id, None, Some(IncidentState::Open)).await;
    for text in ["Is somebody there?", "I see a high temperature."] {
        let deed = AgentDeed { agent: "Mika".into(), text: Some(text.to_owned()), to: None };
        backend.server.store().agent_acts(backend.organization(0), id, deed).await.unwrap();
    }
    let of =
        |told: &Told, kind: NoticeKind| told.rows.iter().filter(|row| row.kind == kind).cloned().collect::<Vec<_>>();
    told.until("state and chat", |told| {
        of(told, NoticeKind::IncidentState).len() == 1
            && of(told, NoticeKind::Message).iter().map(|row| row.count).eq([2])
    })
    .await;
    assert!(!format!("{:?}", told.rows).contains("temperature"), "no word of the chat");
    let mut chat = crate::incidents::Chat::of(&vera, id);
    chat.until("the words are in the chat", |rows| rows.len() == 3).await;
    vera.account.incidents().read_up_to(id, 3).await.unwrap();
    told.until("read there, read here", |told| of(told, NoticeKind::Message).iter().all(|row| row.read)).await;
    assert_eq!(told.unread, Some(2), "the incident and its state are another matter");
}
