//! The core as an app carries it: one exported function that calls all of the API, so that nothing of it is left out of the
//! library whose size `cargo xtask bench` reports. It is weighed, not run.

#![expect(unsafe_code, reason = "a name that a linker keeps is unsafe to declare")]

mod rooms;

use std::hint::black_box;
use std::time::{Duration, Instant};

use onsite::account::{Access, Account, AccountConfig};
use onsite::alarms::{AlarmFilter, AlarmSort, Chosen, Deed, MuteUntil};
use onsite::error::Error;
use onsite::store::Key;
use onsite_wire::ids::{ActionId, AlarmId, DeviceId, LocationId, OrganizationId};
use onsite_wire::rest::{Assignee, AssigneeKind, MuteReason};
use secrecy::SecretString;
use uuid::Uuid;

/// Calls everything once; says how many calls failed, or -1.
#[unsafe(no_mangle)]
pub extern "C" fn onsite_size() -> i32 {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() else { return -1 };
    runtime.block_on(everything()).map_or(-1, |calls| calls)
}

/// Keeps what a call gave from being left out, and counts the calls that failed.
fn seen<T>(failed: &mut i32, given: Result<T, Error>) {
    *failed += i32::from(black_box(given).is_err());
}

async fn everything() -> Result<i32, Error> {
    let id = Uuid::from_bytes(black_box([7; 16]));
    let config = AccountConfig::new("account", Key::new(black_box([7; 32])), "https://onsite.example", Access::Person);
    let (account, opened) = Account::open(config).await?;
    black_box(opened);
    let failed = &mut 0;
    session(&account, failed).await;
    state(&account, failed).await;
    reading(&account, id, failed).await;
    acting(&account, id, failed).await;
    rooms::incidents(&account, id, failed).await;
    rooms::duty(&account, id, failed).await;
    rooms::notifications(&account, id, failed).await;
    account.shutdown().await;
    Ok(*failed)
}

async fn session(account: &Account, failed: &mut i32) {
    seen(failed, account.sign_in("e-mail", &SecretString::from("password")).await);
    seen(failed, account.set_offline(black_box(true)));
    seen(failed, account.set_front(black_box(true)));
    seen(failed, account.network_changed());
    seen(failed, account.clock_changed());
    seen(failed, account.refresh(None));
    seen(failed, account.suspend().await);
    seen(failed, account.resume().await);
    seen(failed, account.sign_out(black_box(false)).await);
}

async fn state(account: &Account, failed: &mut i32) {
    black_box((account.state(), account.actions(), account.feeds(), account.location_filter()));
    black_box(account.changes().has_changed().is_ok());
    black_box(onsite::home::tiles(None, None));
    seen(failed, account.journal(black_box(10)).await);
    seen(failed, account.export_diagnostics().await);
    seen(failed, account.organizations().await);
    seen(failed, account.locations(None).await);
}

async fn reading(account: &Account, id: Uuid, failed: &mut i32) {
    let alarms = account.alarms();
    seen(failed, account.people(OrganizationId(id)).await);
    seen(failed, account.set_location_filter(Some(LocationId(id))).await);
    seen(failed, account.explain(id).await);
    seen(failed, alarms.detail(AlarmId(id)).await);
    seen(failed, alarms.assignees(AlarmId(id)).await);
    seen(failed, alarms.plot(AlarmId(id)).await);
    seen(failed, alarms.history(AlarmId(id)).await);
    seen(failed, alarms.why_short(&AlarmFilter::default()).await);
    let mut window = alarms.window(AlarmFilter::default(), black_box(AlarmSort::Location), 50);
    window.more(50);
    window.show(id);
    window.show_top();
    black_box((window.try_next(), window.next_before(Instant::now()), window.next().await));
    let mut window = alarms.window_at(AlarmFilter::default(), AlarmSort::Newest, 50, AlarmId(id));
    let mut rows = Vec::new();
    if let Some(batch) = window.next().await {
        batch.rows.apply(&mut rows);
    }
    black_box(rows);
}

async fn acting(account: &Account, id: Uuid, failed: &mut i32) {
    let alarms = account.alarms();
    let chosen = || Chosen::AllOf(AlarmFilter::default());
    let assignee = || Assignee { kind: AssigneeKind::Person, id, name: String::new() };
    let until = MuteUntil::For(Duration::from_secs(60));
    let receipt = alarms.acknowledge(chosen(), assignee(), "note").await;
    if let Ok(receipt) = &receipt {
        black_box(account.outcome(receipt));
    }
    seen(failed, receipt);
    seen(failed, alarms.release(chosen()).await);
    seen(failed, alarms.mute(chosen(), until, MuteReason::Nuisance, "").await);
    seen(failed, alarms.unmute(chosen()).await);
    seen(failed, alarms.mute_device(DeviceId(id), until, MuteReason::Nuisance, "").await);
    seen(failed, alarms.unmute_device(DeviceId(id)).await);
    seen(failed, alarms.hand_over(OrganizationId(id), assignee()).await);
    seen(failed, account.retry(ActionId(id)).await);
    let instead = Deed::Acknowledge { assignee: assignee(), note: String::new() };
    seen(failed, account.change(ActionId(id), instead).await);
    seen(failed, account.discard(ActionId(id)).await);
}
