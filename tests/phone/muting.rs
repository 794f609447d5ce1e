//! A9, A10: a mute runs from the press, and its end is written by time, on virtual clocks.

use std::sync::Arc;
use std::time::Duration;

use onsite::alarms::{AlarmFilter, Chosen, MuteUntil, MutedChoice, Status};
use onsite_server::{ManualClock, demo};
use onsite_wire::onsite::Role;
use onsite_wire::rest::MuteReason;

use crate::support::{Backend, HandClock, Listed, Phone, now};

const HOUR_MS: i64 = 60 * 60 * 1_000;

struct Night {
    backend: Backend,
    server_clock: Arc<ManualClock>,
    phone_clock: Arc<HandClock>,
    phone: Phone,
}

impl Night {
    async fn begins() -> Self {
        let start = now();
        let server_clock = Arc::new(ManualClock::at(start));
        let clock = Arc::clone(&server_clock);
        let backend = Backend::configured(demo::organizations(7, start), |config| config.clock = clock).await;
        let phone_clock = Arc::new(HandClock::default());
        let phone = Phone::with_clock(&backend, &backend.person(0, Role::Administrator), phone_clock.clone()).await;
        Self { backend, server_clock, phone_clock, phone }
    }

    fn pass(&self, millis: i64) {
        self.server_clock.advance_millis(millis);
        self.phone_clock.pass(millis);
        self.phone.account.clock_changed().unwrap();
    }

    async fn unmuted_alarm(&self) -> onsite_wire::ids::AlarmId {
        let filter =
            AlarmFilter { status: Some(Status::Active), muted: MutedChoice::Without, ..AlarmFilter::default() };
        self.phone.list(filter).await.rows[0].id
    }

    async fn codes(&self, id: onsite_wire::ids::AlarmId) -> Vec<String> {
        self.phone.account.explain(id.0).await.unwrap().into_iter().map(|line| line.code).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutes_end_is_announced_and_then_written_without_anybodys_doing() {
    let night = Night::begins().await;
    let id = night.unmuted_alarm().await;
    let muted = AlarmFilter { muted: MutedChoice::Only, ..AlarmFilter::default() };
    let mut list = Listed::settled(night.phone.account.alarms().window(muted, Default::default(), 50)).await;
    let before = list.total();
    night.phone.account.set_offline(true).unwrap();
    let until = MuteUntil::For(Duration::from_secs(3_600));
    night.phone.account.alarms().mute(Chosen::These(vec![id]), until, MuteReason::UnderRepair, "").await.unwrap();
    list.until("muted at once", |list| list.total() == before + 1 && list.rows.iter().any(|row| row.id == id)).await;
    night.pass(46 * 60 * 1_000);
    for _ in 0..500 {
        if night.codes(id).await.contains(&"mute_ends_soon".to_owned()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let codes = night.codes(id).await;
    assert!(codes.contains(&"mute_ends_soon".to_owned()) && !codes.contains(&"mute_ended".to_owned()), "{codes:?}");
    night.pass(15 * 60 * 1_000);
    list.until("the end is written", |list| list.total() == before).await;
    assert!(night.phone.row(id).await.muted.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_runs_from_the_press_also_when_it_is_sent_later_and_is_not_sent_past_its_end() {
    let night = Night::begins().await;
    let id = night.unmuted_alarm().await;
    let pressed = night.phone.account.state().now;
    night.phone.account.set_offline(true).unwrap();
    let hours = |hours: u64| MuteUntil::For(Duration::from_secs(hours * 3_600));
    let mute =
        |id, until| night.phone.account.alarms().mute(Chosen::These(vec![id]), until, MuteReason::KnownIssue, "");
    mute(id, hours(4)).await.unwrap();
    let filter = AlarmFilter { status: Some(Status::Active), muted: MutedChoice::Without, ..AlarmFilter::default() };
    let other = night.phone.list(filter).await.rows[0].id;
    mute(other, hours(1)).await.unwrap();
    night.pass(2 * HOUR_MS);
    night.phone.account.set_offline(false).unwrap();
    night.phone.until("one sent, one parked", |state| state.waiting == 0 && state.parked == 1).await;
    let row = night.phone.until_row(id, "the server's mute", |row| row.own_action.is_none()).await;
    let until = row.muted.unwrap().until.unwrap();
    let drift = until.millis_since(pressed.plus_millis(4 * HOUR_MS)).abs();
    assert!(drift < 60_000, "{until} was to be 4 h after {pressed}");
    let organization = night.backend.organization(0);
    assert!(night.phone.row(other).await.muted.is_none(), "{organization}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_that_is_done_again_after_a_conflict_keeps_its_own_end() {
    let night = Night::begins().await;
    let id = night.unmuted_alarm().await;
    let who = night.backend.person(0, Role::Administrator);
    let colleague = Phone::with_clock(&night.backend, &who, night.phone_clock.clone()).await;
    let hours = |hours: u64| MuteUntil::For(Duration::from_secs(hours * 3_600));
    let mute = |phone: &Phone, until, text: &'static str| {
        let alarms = phone.account.alarms().clone();
        async move { alarms.mute(Chosen::These(vec![id]), until, MuteReason::KnownIssue, text).await.unwrap() }
    };
    night.phone.account.set_offline(true).unwrap();
    mute(&night.phone, hours(4), "mine").await;
    let pressed = night.phone.row(id).await.muted.unwrap().until.unwrap();
    mute(&colleague, hours(8), "theirs").await;
    colleague.until("the colleague's is there", |state| state.waiting == 0).await;
    night.pass(HOUR_MS);
    night.phone.account.set_offline(false).unwrap();
    night.phone.until("told", |state| state.parked == 1).await;
    let parked = night.phone.account.actions()[0].id;
    night.pass(HOUR_MS);
    night.phone.account.retry(parked).await.unwrap();
    night.phone.until("done again", |state| state.waiting == 0 && state.parked == 0).await;
    let is_mine = |row: &onsite::alarms::AlarmRow| row.muted.as_ref().is_some_and(|mute| mute.text == "mine");
    let row = colleague.until_row(id, "everybody sees it", is_mine).await;
    assert_eq!(row.muted.unwrap().until, Some(pressed), "it ran from the first press");
}
