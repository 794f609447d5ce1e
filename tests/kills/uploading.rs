//! A phone's process is ended by SIGKILL while it sends a photo, again and again: the photo arrives once and whole.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use onsite::photos::{NewPhoto, PhotoSource};
use onsite_server::{ServerConfig, demo, start};
use onsite_wire::ids::{IncidentId, MessageId, OrganizationId};
use onsite_wire::onsite::{PhotoState, Role};
use onsite_wire::rest::InventoryObject;
use secrecy::SecretString;

use crate::phone::{PATIENCE, open, until};
use crate::samples::plain_jpeg;

const FOLDER: &str = "ONSITE_KILLED_FOLDER";
const SERVER: &str = "ONSITE_KILLED_SERVER";
const INCIDENT: &str = "ONSITE_KILLED_INCIDENT";
/// So many parts the photo has, about.
const PARTS: usize = 24;
/// So often the process is killed.
const KILLS: usize = 8;

fn photo() -> Vec<u8> {
    plain_jpeg(1_000, 800, PARTS * 128 * 1_024, 7)
}

/// The process that is killed: `incident`: writes the photo first; without: goes on with it.
fn begin(folder: &Path, server: &str, incident: Option<IncidentId>) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["uploading::the_process_that_is_killed_while_it_sends", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .env(SERVER, server)
        .env(INCIDENT, incident.map(|id| id.to_string()).unwrap_or_default())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started, and ended, by the test that kills it"]
async fn the_process_that_is_killed_while_it_sends() {
    let given = |name: &str| std::env::var(name).expect("is started, and ended, by the test that kills it");
    let (folder, server) = (PathBuf::from(given(FOLDER)), given(SERVER));
    let account = open(&folder, &server, std::sync::Arc::new(|| {})).await;
    if let Ok(incident) = given(INCIDENT).parse::<IncidentId>() {
        let photo = NewPhoto { source: PhotoSource::Bytes(photo()), preview: None };
        let message = account.incidents().write_with_photo(incident, "look", photo).await.unwrap();
        println!("\nstored {message}");
    }
    let mut said = 0;
    loop {
        // Each part that the server has is told once.
        let offset = account.photos().first().map(|photo| photo.offset);
        match offset {
            Some(offset) if offset > said => {
                println!("\nsent {offset}");
                said = offset;
            }
            None if account.state().waiting == 0 => println!("\nnothing left"),
            _ => {}
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

/// Waits for a line that begins like one of these, and gives it.
fn heard(child: &mut Child, wanted: &[&str]) -> String {
    let output = child.stdout.as_mut().unwrap();
    let lines = BufReader::new(output).lines().map_while(Result::ok);
    let mut found = lines.filter(|line| wanted.iter().any(|wanted| line.starts_with(wanted)));
    found.next().unwrap_or_default()
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_photo_whose_sender_is_killed_again_and_again_arrives_once_and_whole() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (server, organization, incident) = runtime.block_on(scene(data.path(), folder.path()));
    let mut child = begin(folder.path(), &server.base_url(), Some(incident));
    let message: MessageId = heard(&mut child, &["stored"]).split(' ').nth(1).unwrap().parse().unwrap();
    let mut cut = 0;
    for _ in 0..KILLS {
        if heard(&mut child, &["sent", "nothing left"]).starts_with("sent") {
            cut += 1;
        }
        end(child);
        child = begin(folder.path(), &server.base_url(), None);
    }
    assert!(!heard(&mut child, &["nothing left"]).is_empty(), "it never arrived");
    end(child);
    let lines = runtime.block_on(server.store().chat(organization, incident)).unwrap();
    let photos: Vec<_> = lines.iter().filter_map(|line| Some((line.id, line.photo.as_ref()?.state))).collect();
    assert_eq!(photos, [(message, PhotoState::There)]);
    let account = runtime.block_on(open(folder.path(), &server.base_url(), std::sync::Arc::new(|| {})));
    let bytes = runtime.block_on(account.incidents().photo(incident, message)).unwrap();
    assert!(bytes == photo(), "the phone's own file is whole as well");
    println!("{cut} of {KILLS} kills hit it on its way");
    assert!(cut >= 3, "the kills missed: {cut}");
}

/// A server, and a phone on which everything was read once and an incident opened.
async fn scene(data: &Path, folder: &Path) -> (onsite_server::RunningServer, OrganizationId, IncidentId) {
    let server = start(ServerConfig::local(data)).await.unwrap();
    let mut document = demo::organizations(7, server.store().now()).remove(0);
    document.alarms.clear();
    server.store().import(document.clone()).await.unwrap();
    let organization = document.organization_id().unwrap();
    let administrates = |person| {
        let groups = document.groups.iter().filter(|group| group.members.contains(&person));
        groups.flat_map(|group| &group.grants).any(|grant| grant.role == Role::Administrator)
    };
    let person = document.people.iter().find(|person| person.password.is_some() && administrates(person.id)).unwrap();
    let device = document.inventory_objects.iter().find_map(|object| match object {
        InventoryObject::Device(device)
            if device.subscription == Some(onsite_wire::rest::Subscription::AssetAdvisor)
                && device.parent_id.is_none() =>
        {
            Some(device.id)
        }
        _ => None,
    });
    let account = open(folder, &server.base_url(), std::sync::Arc::new(|| {})).await;
    account.sign_in(&person.email, &SecretString::from(person.password.clone().unwrap())).await.unwrap();
    until(&account, "everything was read", |state| state.read_at.is_some()).await;
    let incident = account.incidents().open(device.unwrap(), "Noise", "", Vec::new(), true).await.unwrap();
    until(&account, "the server has it", |state| state.waiting == 0).await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while account.incidents().page(incident).await.map_or(true, |page| page.row.on_phone) {
        assert!(tokio::time::Instant::now() < deadline, "the incident never came back");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    account.shutdown().await;
    (server, organization, incident)
}
