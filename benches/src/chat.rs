//! A long chat: opening it, paging in it, and how soon a colleague has what was written, with the real server.

use std::path::Path;
use std::time::{Duration, Instant};

use onsite::account::{Access, Account, AccountConfig};
use onsite::incidents::ChatWindow;
use onsite::store::Key;
use onsite_server::document::{DocumentPerson, OrganizationDocument};
use onsite_server::{RunningServer, ServerConfig, demo, start};
use onsite_wire::ids::{ActionId, DeviceId, IncidentId, OrganizationId, PersonId};
use onsite_wire::onsite::{ActionRequest, Subject, SubjectKind};
use onsite_wire::rest::{InventoryObject, Subscription};
use secrecy::SecretString;
use uuid::Uuid;

use super::Outcome;
use super::measure::Figure::P99;
use super::measure::{Line, Samples, Unit, limit};
use super::world::{KEY, World};

/// Messages of the chat.
const MESSAGES: u128 = 100_000;
/// Of them in one transaction of the server.
const AT_ONCE: u128 = 1_000;
const DEVICES: usize = 50;
/// Messages on a screen.
const ROWS: usize = 50;
const TIMES: usize = 200;
const QUIET: Duration = Duration::from_millis(120);
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures it.
pub fn lines(world: &World) -> Outcome<Vec<Line>> {
    let mut document = demo::organization(3, 0, DEVICES, world.now);
    let device = watched(&mut document)?;
    let (writer, reader) = two_people(&mut document)?;
    let data = world.new_folder("chat-server")?;
    let (server, organization) = world.runtime.block_on(async {
        let server = start(ServerConfig::local(&data)).await?;
        let organization = server.store().import(document).await?;
        Outcome::Ok((server, organization))
    })?;
    let account = signed_in(world, &server, &writer, &world.new_folder("chat-writer")?)?;
    let id = world.runtime.block_on(account.incidents().open(device, "Noise", "", Vec::new(), true))?;
    world.until("the server has the incident", || Ok(account.state().waiting == 0))?;
    fill(world, &server, &reader, organization, id)?;
    let read = || Ok(world.runtime.block_on(account.incidents().page(id))?.row.unread >= i64::try_from(MESSAGES)?);
    world.until("all messages came", read)?;
    let mut lines = vec![opening(&account, id)?, paging(&account, id)?];
    let colleague = signed_in(world, &server, &reader, &world.new_folder("chat-reader")?)?;
    lines.push(heard(world, &account, &colleague, id)?);
    world.runtime.block_on(account.shutdown());
    world.runtime.block_on(colleague.shutdown());
    world.runtime.block_on(server.stop());
    Ok(lines)
}

/// Who works there, and a colleague with the same rights.
fn two_people(document: &mut OrganizationDocument) -> Outcome<(DocumentPerson, DocumentPerson)> {
    let first = document.people.iter().find(|person| person.password.is_some()).ok_or("somebody works there")?.clone();
    let second = DocumentPerson {
        id: PersonId(Uuid::from_u128(2)),
        name: "Robin Second".to_owned(),
        email: "robin.second@example.com".to_owned(),
        ..first.clone()
    };
    for group in document.groups.iter_mut().filter(|group| group.members.contains(&first.id)) {
        group.members.push(second.id);
    }
    document.people.push(second.clone());
    Ok((first, second))
}

/// A device on which an incident can be opened.
fn watched(document: &mut OrganizationDocument) -> Outcome<DeviceId> {
    let device = document.inventory_objects.iter_mut().find_map(|object| match object {
        InventoryObject::Device(device) => Some(device),
        InventoryObject::Organization(_) | InventoryObject::Location(_) => None,
    });
    let device = device.ok_or("there is a device")?;
    device.subscription = Some(Subscription::AssetAdvisor);
    Ok(device.id)
}

fn signed_in(world: &World, server: &RunningServer, who: &DocumentPerson, folder: &Path) -> Outcome<Account> {
    let config = AccountConfig::new(folder, Key::new(KEY), &server.base_url(), Access::Person);
    let account = world.runtime.block_on(async {
        let (account, _) = Account::open(config).await?;
        account.sign_in(&who.email, &SecretString::from(who.password.clone().unwrap_or_default())).await?;
        Outcome::Ok(account)
    })?;
    world.until("the stream is up", || Ok(account.state().live && account.state().read_at.is_some()))?;
    Ok(account)
}

/// Somebody wrote all this.
fn fill(
    world: &World,
    server: &RunningServer,
    who: &DocumentPerson,
    organization: OrganizationId,
    id: IncidentId,
) -> Outcome<()> {
    for first in (0..MESSAGES).step_by(usize::try_from(AT_ONCE)?) {
        let line = |n: u128| ActionRequest {
            id: ActionId(Uuid::from_u128(1 + n)),
            organization_id: organization,
            kind: "message".to_owned(),
            body_version: 1,
            subject: Subject { kind: SubjectKind::Incident, id: id.0 },
            basis: None,
            age_ms: 0,
            age_uncertain: false,
            confirmed_before: false,
            body: serde_json::json!({ "text": format!("Line {n}: the display says that the input is lost.") }),
        };
        let batch = (first..first + AT_ONCE).map(line).collect();
        world.runtime.block_on(server.store().act(who.id, batch))?;
    }
    Ok(())
}

/// The first screen of a window, in order of time of waiting.
fn first_screen(mut window: ChatWindow, begun: Instant) -> Outcome<Duration> {
    let mut rows = Vec::new();
    while rows.len() < ROWS {
        window.next_before(begun + PATIENCE).ok_or("no messages came")?.rows.apply(&mut rows);
    }
    Ok(begun.elapsed())
}

fn opening(account: &Account, id: IncidentId) -> Outcome<Line> {
    let mut times = Samples::default();
    for _ in 0..TIMES {
        let begun = Instant::now();
        times.time(first_screen(account.incidents().chat(id, ROWS), begun)?);
    }
    let what = format!("a chat of {MESSAGES}: opening");
    Ok(Line::new(what, Unit::Time, times, None).limits(&[limit(P99, 0.01, 0.005)]))
}

/// A screen from somewhere in the middle of it.
fn paging(account: &Account, id: IncidentId) -> Outcome<Line> {
    let mut times = Samples::default();
    for time in 0..TIMES {
        let n = (time as u128 * 7_919) % (MESSAGES - 2 * ROWS as u128) + ROWS as u128;
        let at = onsite_wire::ids::MessageId(Uuid::from_u128(1 + n));
        let begun = Instant::now();
        times.time(first_screen(account.incidents().chat_at(id, ROWS, at), begun)?);
    }
    let what = format!("a chat of {MESSAGES}: a page of {ROWS} by its key");
    Ok(Line::new(what, Unit::Time, times, None).limits(&[limit(P99, 0.005, 0.003)]))
}

/// From the pressing on one phone to the listener on the other, both and the server on this machine.
fn heard(world: &World, writer: &Account, reader: &Account, id: IncidentId) -> Outcome<Line> {
    let mut window = reader.incidents().chat(id, ROWS);
    let mut rows = Vec::new();
    let mut times = Samples::default();
    for time in 0..TIMES / 2 {
        while let Some(batch) = window.next_before(Instant::now() + QUIET) {
            batch.rows.apply(&mut rows);
        }
        let text = format!("can you hear me? {time}");
        let begun = Instant::now();
        world.runtime.block_on(writer.incidents().write(id, &text))?;
        while !rows.iter().any(|row| row.text == text) {
            window.next_before(begun + PATIENCE).ok_or("the message never came")?.rows.apply(&mut rows);
        }
        times.time(begun.elapsed());
    }
    Ok(Line::new("a message → a colleague's listener", Unit::Time, times, None).limits(&[limit(P99, 0.15, 0.05)]))
}
