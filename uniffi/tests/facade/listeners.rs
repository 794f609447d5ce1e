//! Subscriptions: one call at a time, in order, none after the end, and none of them waits for another one's listener.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use onsite_ffi::*;

use crate::support::{Backend, List, Phone, eventually};

/// Counts the calls that begin, and takes a moment in each.
struct Counting(Arc<AtomicI64>);

impl AccountListener for Counting {
    fn on_state(&self, _: AccountState) -> Result<(), ListenerError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::thread::yield_now();
        Ok(())
    }

    fn on_end(&self, _: SubscriptionEnd) -> Result<(), ListenerError> {
        self.0.fetch_add(1_000_000, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_cancel_no_call_begins_in_ten_thousand_races() {
    let backend = Backend::demo().await;
    let phone = Phone::fresh(&backend).await;
    let (mut quiet, mut running, mut told) = (0, 0, 0);
    let mut rounds = Vec::new();
    for round in 0..10_000_u32 {
        let calls = Arc::new(AtomicI64::new(0));
        let subscription = phone.account.watch(Box::new(Counting(Arc::clone(&calls)))).unwrap();
        // From at once to long after the first call.
        for _ in 0..(round % 100) * 20 {
            std::hint::spin_loop();
        }
        let was_running = subscription.cancel();
        let begun = calls.load(Ordering::SeqCst);
        running += i64::from(was_running);
        quiet += i64::from(!was_running);
        told += i64::from(begun > 0);
        // The call that ran when it was cancelled may be seen to begin a moment later, and no other.
        rounds.push((begun, begun + i64::from(was_running), calls));
    }
    for (begun, most, calls) in rounds {
        eventually("the listener is let go of", || Arc::strong_count(&calls) == 1).await;
        let seen = calls.load(Ordering::SeqCst);
        assert!((begun..=most).contains(&seen), "{seen} calls where {begun} to {most} could be");
    }
    assert!(quiet > 0 && told > 0, "{quiet} quiet, {running} running, {told} told");
}

/// Holds a listener until it is let go.
#[derive(Default)]
struct Brake {
    free: Mutex<bool>,
    changed: Condvar,
}

impl Brake {
    fn wait(&self) {
        let free = self.free.lock().unwrap();
        drop(self.changed.wait_timeout_while(free, Duration::from_secs(60), |free| !*free).unwrap());
    }

    fn release(&self) {
        *self.free.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_throws_blocks_or_calls_back_does_not_stop_others() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend).await;
    let alarms = phone.account.alarms();
    let [throwing, panicking, blocking, calling, plain] = std::array::from_fn(|_| List::default());
    let active = || AlarmFilter { status: Some(AlarmStatus::Active), ..AlarmFilter::default() };
    let open = |listener| alarms.window(active(), AlarmSort::Newest, 1_000, listener).unwrap();
    let brakes: Vec<Arc<Brake>> = (0..6).map(|_| Arc::default()).collect();

    let _throwing = open(throwing.doing(|| Err(ListenerError::Failed)));
    let _panicking = open(panicking.doing(|| panic!("a listener")));
    let blocked = brakes.iter().map(|brake| {
        let brake = Arc::clone(brake);
        open(blocking.doing(move || {
            brake.wait();
            Ok(())
        }))
    });
    let _blocked: Vec<_> = blocked.collect();
    let account = Arc::clone(&phone.account);
    let _calling = open(calling.doing(move || {
        assert!(account.state().is_ok() && account.actions().is_ok());
        let inner = account.alarms().window(AlarmFilter::default(), AlarmSort::Device, 5, List::default().listener());
        inner.unwrap().cancel();
        Ok(())
    }));
    let _plain = open(plain.listener());

    throwing.until("it is told that it failed", |told| told.end == Some(SubscriptionEnd::ListenerFailed)).await;
    panicking.until("it is told that it failed", |told| told.end == Some(SubscriptionEnd::ListenerFailed)).await;
    for list in [&calling, &plain] {
        list.until("rows", |told| !told.rows.is_empty() && !told.searching).await;
    }
    let row = phone.untouched(1).await.remove(0);
    let chosen = Chosen::These { ids: vec![row.id.clone()] };
    alarms.acknowledge(chosen, phone.me(), "on my way".to_owned()).await.unwrap();
    let mine = |rows: &[AlarmRow]| rows.iter().any(|shown| shown.id == row.id && shown.acknowledged.is_some());
    for list in [&calling, &plain] {
        list.until("the acknowledgement", |told| mine(&told.rows)).await;
    }
    assert!(!mine(&blocking.rows()), "those that block were told nothing meanwhile");
    brakes.iter().for_each(|brake| brake.release());
    let slow = List::default();
    let _slow = open(slow.listener());
    slow.until("the acknowledgement", |told| mine(&told.rows)).await;
    assert_eq!(plain.told.lock().unwrap().overlapping, 0, "one call at a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_listener_gets_what_it_missed_in_one_call_and_holds_the_same_rows() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend).await;
    let (slow, brake) = (List::default(), Arc::new(Brake::default()));
    let held = Arc::clone(&brake);
    let active = AlarmFilter { status: Some(AlarmStatus::Active), ..AlarmFilter::default() };
    let alarms = phone.account.alarms();
    let listener = slow.doing(move || {
        held.wait();
        Ok(())
    });
    let _slow = alarms.window(active.clone(), AlarmSort::Newest, 1_000, listener).unwrap();
    slow.until("the first call", |told| told.batches == 1).await;
    for row in phone.untouched(8).await {
        let chosen = Chosen::These { ids: vec![row.id] };
        alarms.acknowledge(chosen, phone.me(), "on my way".to_owned()).await.unwrap();
    }
    phone.until("all are sent", |state| state.waiting == 0).await;
    brake.release();
    let plain = List::default();
    let _plain = alarms.window(active, AlarmSort::Newest, 1_000, plain.listener()).unwrap();
    plain.until("rows", |told| !told.rows.is_empty() && !told.searching).await;
    eventually("both show the same", || slow.rows() == plain.rows()).await;
    assert_eq!(slow.told.lock().unwrap().overlapping, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_whose_listener_blocks_is_cancelled_at_once_and_does_not_hold_the_files() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend).await;
    let brake = Arc::new(Brake::default());
    let list = List::default();
    let held = Arc::clone(&brake);
    let listener = list.doing(move || {
        held.wait();
        Ok(())
    });
    let window = phone.account.alarms().window(AlarmFilter::default(), AlarmSort::Newest, 50, listener).unwrap();
    list.until("it is in its call", |told| told.batches == 1).await;
    assert!(window.cancel(), "a call is running, and cancel did not wait for it");
    phone.account.shutdown().await.expect("nor does closing");
    brake.release();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_windows_opened_and_let_go_leave_nothing_behind() {
    let backend = Backend::demo().await;
    let phone = Phone::signed_in(&backend).await;
    let lists: Vec<List> = (0..200).map(|_| List::default()).collect();
    let window = |list: &List| {
        let alarms = phone.account.alarms();
        alarms.window(AlarmFilter::default(), AlarmSort::Newest, 20, list.listener()).unwrap()
    };
    let subscriptions: Vec<_> = lists.iter().map(window).collect();
    lists.last().unwrap().until("rows", |told| told.batches > 0).await;
    // Half of them are cancelled, half are only let go of.
    subscriptions.iter().step_by(2).for_each(|subscription| {
        subscription.cancel();
    });
    drop(subscriptions);
    eventually("every listener is let go of", || lists.iter().all(|list| Arc::strong_count(&list.told) == 1)).await;
}
