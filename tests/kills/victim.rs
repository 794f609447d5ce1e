//! The process that is killed: a technician's phone that does one thing until it is ended, and says on its standard output
//! what it was told to be true. A line is out before the next call begins.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use onsite::account::{Account, SessionState};
use onsite::alarms::{Chosen, MuteUntil, Receipt};
use onsite::error::{Code, Error};
use onsite_wire::ids::AlarmId;
use onsite_wire::rest::{Assignee, AssigneeKind, MuteReason};

use crate::phone::{open, until};

const TASK: &str = "ONSITE_KILLED_TASK";
const FOLDER: &str = "ONSITE_KILLED_FOLDER";
const SERVER: &str = "ONSITE_KILLED_SERVER";
const ALARMS: &str = "ONSITE_KILLED_ALARMS";

/// What it does.
#[derive(Debug, Clone, Copy)]
pub enum Task {
    /// Switches the network off, then acts.
    ActOffline,
    /// Acts, and sends.
    Act,
    /// Reads.
    Read,
    /// Stops inside its n-th migration.
    Migrate(usize),
}

/// Starts it on alarms that nobody has touched yet.
pub fn start(task: Task, folder: &std::path::Path, server: &str, alarms: &[AlarmId]) -> Child {
    let task = match task {
        Task::ActOffline => "offline".to_owned(),
        Task::Act => "act".to_owned(),
        Task::Read => "read".to_owned(),
        Task::Migrate(step) => step.to_string(),
    };
    Command::new(std::env::current_exe().unwrap())
        .args(["victim::the_process_that_is_killed", "--exact", "--ignored", "--nocapture"])
        .env(TASK, task)
        .env(FOLDER, folder)
        .env(SERVER, server)
        .env(ALARMS, alarms.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn given(name: &str) -> String {
    std::env::var(name).expect("is started, and ended, by the test that kills it")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started, and ended, by the test that kills it"]
async fn the_process_that_is_killed() {
    let (task, folder, server) = (given(TASK), PathBuf::from(given(FOLDER)), given(SERVER));
    let alarms: Vec<AlarmId> =
        given(ALARMS).split(',').filter(|id| !id.is_empty()).map(|id| id.parse().unwrap()).collect();
    let account = open(&folder, &server, stopping_in(task.parse().unwrap_or(usize::MAX))).await;
    // The test runner's own words may stand in front.
    println!("\nopen");
    match task.as_str() {
        "offline" => {
            account.set_offline(true).unwrap();
            until(&account, "offline", |state| state.offline).await;
            act(&account, &alarms).await;
        }
        "act" => {
            act(&account, &alarms).await;
            until(&account, "sent", |state| state.waiting == 0).await;
            println!("all sent");
        }
        _ => {
            until(&account, "reading", |_| account.feeds().iter().any(|feed| feed.feed == "alarms" && feed.running))
                .await;
            println!("reading");
        }
    }
    // It ends when it is killed.
    std::future::pending::<()>().await;
}

/// Says that it is inside its n-th migration, and stays there.
fn stopping_in(step: usize) -> Arc<dyn Fn() + Send + Sync> {
    let begun = AtomicUsize::new(0);
    Arc::new(move || {
        if begun.fetch_add(1, Ordering::SeqCst) + 1 == step {
            println!("\ninside a migration");
            loop {
                std::thread::park();
            }
        }
    })
}

async fn act(account: &Account, alarms: &[AlarmId]) {
    until(account, "signed in", |state| state.session == SessionState::SignedIn).await;
    let person = account.state().person.unwrap();
    let me = Assignee { kind: AssigneeKind::Person, id: person.id.0, name: person.name };
    for (at, id) in alarms.iter().enumerate() {
        println!("acting acknowledge {id}");
        let pressed = async || account.alarms().acknowledge(Chosen::These(vec![*id]), me.clone(), "on my way").await;
        said("acknowledge", *id, stored(pressed).await);
        if at % 2 == 0 {
            println!("acting mute {id}");
            let until = MuteUntil::For(Duration::from_secs(3_600));
            let pressed =
                async || account.alarms().mute(Chosen::These(vec![*id]), until, MuteReason::KnownIssue, "").await;
            said("mute", *id, stored(pressed).await);
        }
    }
}

/// Presses until the phone has the alarm: after its cache began anew it has not read it yet.
async fn stored(press: impl AsyncFn() -> Result<Receipt, Error>) -> Receipt {
    loop {
        let receipt = press().await.unwrap();
        match receipt.refused.first() {
            Some((_, error)) if matches!(error.code, Code::NotFound | Code::NotOffered) => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Some((_, error)) => panic!("{error}"),
            None => return receipt,
        }
    }
}

fn said(kind: &str, id: AlarmId, receipt: Receipt) {
    println!("stored {kind} {id} {}", receipt.actions[0].1);
}
