//! I4, O2: a chat written by three phones, with random loss of requests, answers, signal and processes, ends the same on all
//! three and on the server: each message once, each writer's order kept.

use onsite_server::Fault;
use onsite_wire::ids::IncidentId;
use onsite_wire::onsite::{Message, Role};

use crate::incidents::{Chat, opened, quiet};
use crate::support::{Backend, Phone};

/// Messages of each writer.
const EACH: usize = 60;

/// A small generator: the same seed gives the same trouble.
struct Chance(u64);

impl Chance {
    const fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

async fn on_server(backend: &Backend, id: IncidentId) -> Vec<Message> {
    let mut lines = backend.server.store().chat(backend.organization(0), id).await.unwrap();
    lines.sort_by_key(|line| line.number);
    lines
}

async fn makes_trouble(chance: &mut Chance, backend: &Backend, phones: &mut Vec<Phone>) {
    let faults = backend.server.faults();
    let at = usize::try_from(chance.below(3)).unwrap();
    match chance.below(9) {
        0 => faults.next("/onsite/v1/actions", 1, Fault::LoseAnswer),
        1 => faults.next("/onsite/v1/actions", 1, Fault::LoseRequest),
        2 => {
            let feed = format!("/onsite/v1/organizations/{}/feeds/messages", backend.organization(0));
            faults.next(&feed, 1, Fault::LoseAnswer);
        }
        3 => phones[at].account.set_offline(true).unwrap(),
        4 | 5 => phones[at].account.set_offline(false).unwrap(),
        6 => {
            let phone = phones.remove(at).reopened(backend).await;
            phones.insert(at, phone);
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_of_three_phones_with_random_loss_ends_the_same_everywhere() {
    let backend = Backend::with(quiet()).await;
    let mut phones = Vec::new();
    for role in [Role::Administrator, Role::Editor, Role::Viewer] {
        phones.push(Phone::signed_in(&backend, &backend.person(0, role)).await);
    }
    let id = opened(&phones[0], &backend).await;
    for phone in &phones {
        let page = phone.account.incidents();
        let deadline = std::time::Instant::now() + crate::support::PATIENCE;
        while page.page(id).await.is_err() {
            assert!(std::time::Instant::now() < deadline, "the incident never came");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
    let mut chance = Chance(7);
    for n in 0..EACH * 3 {
        let writer = n % 3;
        phones[writer].account.incidents().write(id, &format!("{writer} {}", n / 3)).await.unwrap();
        makes_trouble(&mut chance, &backend, &mut phones).await;
    }
    backend.server.faults().clear();
    for phone in &phones {
        phone.account.set_offline(false).unwrap();
        phone.account.network_changed().unwrap();
    }
    for phone in &phones {
        let state = phone.until("all is sent", |state| state.waiting == 0).await;
        assert_eq!(state.parked, 0, "{:?}", phone.account.actions());
    }
    let lines = on_server(&backend, id).await;
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    for writer in 0..3 {
        let own = texts.iter().filter(|text| text.starts_with(&format!("{writer} "))).copied().collect::<Vec<_>>();
        let written: Vec<String> = (0..EACH).map(|n| format!("{writer} {n}")).collect();
        assert_eq!(own, written, "each once, in the order of writing");
    }
    for phone in &phones {
        let mut chat = Chat::of(phone, id);
        let newest = i64::try_from(EACH * 3).unwrap();
        chat.until("the newest line", |rows| rows.iter().any(|row| row.number == Some(newest))).await;
        // A first reading that was broken off and made again brings the last 50 and says what it did not: the open chat asks
        // for that by itself.
        chat.until("every line has its place", |rows| {
            rows.len() == EACH * 3 && rows.iter().all(|row| row.number.is_some() && row.missing_before == 0)
        })
        .await;
        assert_eq!(chat.texts(), texts);
    }
}
