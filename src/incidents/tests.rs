//! Lists and chats against the plain rule: what is shown and counted is what one would find by looking at every row.

use std::ops::ControlFlow;
use std::sync::Arc;

use onsite_wire::ids::{IncidentId, MessageId, OrganizationId, PersonId};
use onsite_wire::onsite::{Author, AuthorKind, IncidentState, Message};
use proptest::prelude::*;
use rusqlite::Connection;

use super::chat::{ChatList, MessagesChanged};
use super::chat_intake::{Source, put};
use super::list::{IncidentFilter, IncidentList};
use super::row;
use super::shape::{overlay, state_column};
use crate::devices::directory::SharedDirectory;
use crate::live::{Query, Start};
use crate::store::{Changes, Reading};
use crate::sync::overlays::{Overlays, Pending, Standing};
use crate::time::Timestamp;

fn files() -> (Connection, Connection) {
    let (cache, own) = (Connection::open_in_memory().unwrap(), Connection::open_in_memory().unwrap());
    crate::account::SCHEMA.cache.iter().for_each(|step| cache.execute_batch(step.sql).unwrap());
    crate::account::SCHEMA.own.iter().for_each(|step| own.execute_batch(step.sql).unwrap());
    (cache, own)
}

const fn incident() -> IncidentId {
    IncidentId::from_bytes([5; 16])
}

const fn me() -> PersonId {
    PersonId::from_bytes([1; 16])
}

fn message(number: i64, mine: bool) -> Message {
    let id = if mine { me() } else { PersonId::from_bytes([2; 16]) };
    let mut bytes = [9; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Message {
        id: MessageId::from_bytes(bytes),
        incident_id: incident(),
        number,
        author: Author { kind: AuthorKind::Person, id: Some(id), name: "Ada".into() },
        text: format!("line {number}"),
        change: None,
        photo: None,
        made_at: Timestamp::from_millis(number),
        arrived_at: Timestamp::from_millis(number),
        revision: number,
    }
}

fn written(number: i64) -> Pending {
    Pending {
        id: onsite_wire::ids::ActionId(message(number, true).id.0),
        kind: "message".into(),
        body: serde_json::json!({ "text": format!("line {number}") }),
        made_at: Timestamp::from_millis(number),
        by: me(),
        by_name: "Ada".into(),
        standing: Standing::OnPhone,
        parked: None,
    }
}

/// The chat as it is shown, newest first: numbers, texts, and the gap before each.
fn shown(cache: &Connection, own: &Connection) -> Vec<(Option<i64>, String, i64)> {
    let list = ChatList { incident: incident() };
    let reading = Reading::of(cache, own);
    let mut numbers = Vec::new();
    list.page(&reading, &(), Start::Top, 1_000, &mut |mark| {
        numbers.push(ChatList::number(&mark));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    assert_eq!(list.count(&reading, &(), &mut |_| {}).unwrap(), numbers.len() as u64);
    let rows = numbers.into_iter().map(|n| row::message(cache, n, 0).unwrap().unwrap());
    rows.map(|row| (row.number, row.text, row.missing_before)).collect()
}

proptest! {
    #[test]
    fn whatever_order_messages_come_in_a_chat_shows_each_once_in_its_place_with_its_gaps(
        came in prop::collection::vec((1..30_i64, any::<bool>()), 0..60),
        waiting in prop::collection::btree_set(1..30_i64, 0..6),
    ) {
        let (cache, own) = files();
        let pending: Vec<Pending> = waiting.iter().map(|number| written(*number)).collect();
        let mut changes = Changes::default();
        let organization = OrganizationId::from_bytes([3; 16]);
        overlay(&cache, &mut changes, organization, incident(), Some(me()), &pending).unwrap();
        let mut held = std::collections::BTreeSet::new();
        for (number, again) in came {
            let mut changed = MessagesChanged::default();
            put(&cache, 1, &message(number, waiting.contains(&number)), Some(me()), Source::Feed, &mut changed).unwrap();
            held.insert(number);
            if again {
                // What waits is laid over it anew, as after every step of the outbox: the echo came before the answer.
                overlay(&cache, &mut changes, organization, incident(), Some(me()), &pending).unwrap();
            }
        }
        let own_ones = waiting.iter().rev().filter(|number| !held.contains(number));
        let mut wanted: Vec<_> = own_ones.map(|number| (None, format!("line {number}"), 0)).collect();
        for number in held.iter().rev() {
            let before = held.range(..*number).next_back().copied().unwrap_or(0);
            wanted.push((Some(*number), format!("line {number}"), number - before - 1));
        }
        prop_assert_eq!(shown(&cache, &own), wanted);
    }

    #[test]
    fn incidents_are_listed_and_counted_as_the_plain_rule_says(
        rows in prop::collection::vec((0..5_usize, 0..20_i64, any::<bool>(), 0..4_i64), 0..40),
        states in prop::collection::vec(0..5_usize, 0..3),
        mine in any::<bool>(),
    ) {
        let (cache, own) = files();
        for (n, (state, recency, takes_part, unread)) in rows.iter().enumerate() {
            let id = IncidentId::from_bytes([u8::try_from(n).unwrap(); 16]);
            cache.execute(
                "INSERT INTO incident (id, organization, device, state, recency, takes_part, unread, incident, revision)
                 VALUES (?1, 1, 1, ?2, ?3, ?4, ?5, '', 1)",
                (id.bytes(), state_column(IncidentState::ALL[*state]), recency, takes_part, unread),
            ).unwrap();
        }
        let states: Vec<_> = states.into_iter().map(|at| IncidentState::ALL[at]).collect();
        let list = IncidentList {
            filter: IncidentFilter { states: states.clone(), mine, ..IncidentFilter::default() },
            directory: SharedDirectory::default(),
            overlays: Arc::new(Overlays::default()),
        };
        let reading = Reading::of(&cache, &own);
        let ready = list.prepare(&reading).unwrap();
        let passes = |(state, _, takes_part, _): &(usize, i64, bool, i64)| {
            (states.is_empty() || states.contains(&IncidentState::ALL[*state])) && (!mine || *takes_part)
        };
        let mut wanted: Vec<(i64, i64)> = rows
            .iter()
            .zip(1..)
            .filter(|(row, _)| passes(row))
            .map(|((_, recency, ..), n)| (*recency, n))
            .collect();
        wanted.sort_unstable();
        let mut found = Vec::new();
        list.page(&reading, &ready, Start::Top, 1_000, &mut |mark| {
            found.push(IncidentList::number(&mark));
            Ok(ControlFlow::Continue(()))
        }).unwrap();
        prop_assert_eq!(&found, &wanted.iter().map(|(_, n)| *n).collect::<Vec<_>>());
        let tally = list.count(&reading, &ready, &mut |_| {}).unwrap();
        let (total, counts) = list.counts(&ready, &tally);
        prop_assert_eq!(total, wanted.len() as u64);
        prop_assert_eq!(counts.unread, rows.iter().filter(|row| passes(row)).map(|row| row.3).sum::<i64>());
        for state in IncidentState::ALL {
            let in_state = rows.iter().filter(|row| IncidentState::ALL[row.0] == state && (!mine || row.2)).count();
            prop_assert_eq!(counts.of(state), in_state as u64);
        }
    }
}

#[test]
fn a_preview_that_says_it_is_huge_comes_to_no_shells_decoder() {
    use onsite_wire::onsite::{Photo, PhotoFacts, PhotoHash, PhotoState, PhotoType};
    let (cache, _) = files();
    let small = crate::photos::samples::plain_png(8, 8, 1);
    let huge = crate::photos::samples::bomb(19_000, 2_000);
    for (number, preview, is_shown) in [(1, small, true), (2, huge, false), (3, b"no image".to_vec(), false)] {
        let facts = PhotoFacts {
            sha256: PhotoHash([1; 32]),
            size: 9,
            kind: PhotoType::Png,
            width: 8,
            height: 8,
            preview: Some(preview),
        };
        let photo = Photo { facts, state: PhotoState::There, reason: None, arguments: Default::default() };
        let message = Message { photo: Some(photo), ..message(number, false) };
        let mut changed = MessagesChanged::default();
        let n = put(&cache, 1, &message, Some(me()), Source::Feed, &mut changed).unwrap();
        let row = row::message(&cache, n, 0).unwrap().unwrap();
        assert_eq!(row.photo.unwrap().facts.preview.is_some(), is_shown, "{number}");
    }
}
