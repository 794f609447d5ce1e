//! Sleep in the middle of things.

use onsite_ffi::*;

use crate::support::{Backend, List, Phone, eventually};

/// The open files of this process below a folder.
fn open_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir("/proc/self/fd").unwrap();
    files
        .filter_map(|file| std::fs::read_link(file.ok()?.path()).ok())
        .filter(|path| path.starts_with(folder))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn suspend_in_the_middle_of_a_full_read_closes_all_files_and_nothing_is_missing_afterwards() {
    let backend = Backend::of_size(6_000, 300).await;
    let phone = Phone::fresh(&backend).await;
    let list = List::default();
    let window = phone.account.alarms().window(AlarmFilter::default(), AlarmSort::Newest, 20, list.listener());
    let _window = window.unwrap();
    eventually("the alarms are being read", || {
        phone.account.feeds().unwrap().iter().any(|feed| feed.feed == "alarms" && feed.running)
    })
    .await;
    let mut in_the_middle = false;
    for _ in 0..5 {
        phone.account.suspend().await.unwrap();
        assert_eq!(open_below(phone.folder.path()), Vec::<std::path::PathBuf>::new());
        in_the_middle |= phone.account.state().unwrap().read_at.is_none();
        phone.account.resume().await.unwrap();
        tokio::task::yield_now().await;
    }
    assert!(in_the_middle, "it slept before everything was read");
    phone.until("everything was read", |state| state.read_at.is_some()).await;
    // The server's list has what is active or was cleared in the last seven days; half an hour of that may pass meanwhile.
    let shown = |severity| onsite_rules::severity::shown(severity).is_some();
    let listed_since = |minutes: i64| {
        let since = crate::support::now().plus_millis(-7 * 24 * 3_600_000 - minutes * 60_000);
        let alarms = backend.documents[0].alarms.iter().filter(|alarm| shown(alarm.severity));
        let listed = alarms.filter(|alarm| alarm.cleared_time.is_none_or(|cleared| cleared >= since)).count();
        i64::try_from(listed).unwrap()
    };
    let (fewest, most) = (listed_since(-30), listed_since(30));
    assert!(fewest > 100, "only {fewest} alarms to be read");
    list.until("all of them", |told| told.total.is_some_and(|total| (fewest..=most).contains(&total))).await;
}
