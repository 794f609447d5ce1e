//! S2: the server's time, as the phone estimates it, also right after the phone was started again without signal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use onsite::account::{Account, AccountConfig};
use onsite::alarms::{AlarmFilter, Chosen, MuteUntil, Status};
use onsite::time::{Clock, Moment, SystemClock};
use onsite_server::Fault;
use onsite_wire::onsite::Role;
use onsite_wire::rest::MuteReason;

use crate::support::{Backend, PATIENCE, Phone, config, now};

const HOUR_MS: i64 = 60 * 60 * 1_000;
/// How far the phone's wall clock is ahead.
const AHEAD_MS: i64 = 3 * HOUR_MS;

/// A phone's clock that was set wrong, in its so-manieth start.
#[derive(Debug)]
struct WrongClock {
    boot: u64,
}

impl Clock for WrongClock {
    fn now(&self) -> Moment {
        let now = SystemClock.now();
        let monotonic_ms = now.monotonic_ms - i64::try_from(self.boot).unwrap() * 1_000;
        Moment { wall: now.wall.plus_millis(AHEAD_MS), monotonic_ms, boot: self.boot }
    }
}

async fn started(phone: Phone, backend: &Backend, boot: u64) -> Phone {
    let Phone { folder, account } = phone;
    account.shutdown().await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let config =
            AccountConfig { clock: Arc::new(WrongClock { boot }), ..config(folder.path(), &backend.server.base_url()) };
        match Account::open(config).await {
            Ok((account, _)) => return Phone { folder, account },
            Err(error) if error.code == onsite::error::Code::StoreBusy && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_right_after_a_restart_without_signal_runs_by_the_servers_time() {
    let backend = Backend::demo().await;
    let who = backend.person(0, Role::Administrator);
    let phone = Phone::with_clock(&backend, &who, Arc::new(WrongClock { boot: 1 })).await;
    assert!(!phone.account.state().clock_uncertain);
    let filter = AlarmFilter { status: Some(Status::Active), ..AlarmFilter::default() };
    let id = phone.list(filter).await.rows.iter().find(|row| row.muted.is_none()).unwrap().id;
    backend.server.faults().always("/", Fault::LoseRequest);

    // Only the app was ended: the phone's monotonic clock runs on, so nothing is uncertain.
    let phone = started(phone, &backend, 1).await;
    let state = phone.account.state();
    assert!(!state.clock_uncertain && state.now.millis_since(now()).abs() < HOUR_MS, "{state:?}");

    let phone = started(phone, &backend, 2).await;
    let state = phone.account.state();
    assert!(state.clock_uncertain, "its own clock may have been set while it was off");
    assert_eq!(state.clock_offset_ms.map(|ms| (ms + AHEAD_MS).abs() < HOUR_MS), Some(true), "{state:?}");
    let until = MuteUntil::For(Duration::from_secs(3_600));
    phone.account.alarms().mute(Chosen::These(vec![id]), until, MuteReason::KnownIssue, "").await.unwrap();
    let end = phone.row(id).await.muted.unwrap().until.unwrap();
    assert!(end.millis_since(now().plus_millis(HOUR_MS)).abs() < HOUR_MS / 2, "{end} at {}", now());
}
