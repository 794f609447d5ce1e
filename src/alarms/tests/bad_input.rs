//! What a server should not send: each is a skipped row that is counted, or is stored and shown as it came.

use onsite_wire::ids::{AlarmId, DeviceId};
use onsite_wire::rest::Alarm;
use uuid::Uuid;

use super::phone::Phone;
use super::raw;
use crate::alarms::{AlarmFeed, AlarmFilter, AlarmRow, AlarmSort, FOLLOWERS, MutedChoice};
use crate::devices::feed::InventoryFeed;
use crate::live::RowsChange;
use crate::sync::feed::Feed;
use crate::sync::overlays::Standing;

fn id(at: u8) -> Uuid {
    Uuid::from_bytes([at; 16])
}

fn alarm(at: u8, label: &str) -> String {
    let label = serde_json::to_string(label).unwrap();
    format!(
        r#"{{"id":"{}","deviceId":"{}","label":{label},"activatedTime":"2026-11-22T10:00:{at:02}Z","severity":"FAIL"}}"#,
        id(at),
        id(200),
    )
}

fn pull_alarms(phone: &Phone, elements: &[String]) -> usize {
    let feed = AlarmFeed { overlays: std::sync::Arc::clone(&phone.overlays) };
    phone.pull(feed, raw::organization(), false, elements, raw::NOW).1
}

fn pull_inventory(phone: &Phone, objects: &[String]) -> usize {
    let feed = InventoryFeed { followers: FOLLOWERS };
    let change = |object: &String| format!(r#"{{"inventoryObject":{object}}}"#);
    let elements: Vec<String> = objects.iter().map(change).collect();
    phone.pull(feed, raw::organization(), false, &elements, raw::NOW).1
}

fn device(at: u8, label: &str, parent: Option<u8>, location: Option<u8>) -> String {
    let label = serde_json::to_string(label).unwrap();
    let parent = parent.map_or(String::new(), |at| format!(r#","parentId":"{}""#, id(at)));
    let location = location.map_or(String::new(), |at| format!(r#","locationId":"{}""#, id(at)));
    format!(r#"{{"discriminator":"Device","id":"{}","label":{label},"type":"UPS"{parent}{location}}}"#, id(at))
}

fn place(at: u8, label: &str, parent: u8) -> String {
    let (id, parent) = (id(at), id(parent));
    format!(r#"{{"discriminator":"Location","id":"{id}","label":"{label}","type":"ROOM","parentId":"{parent}"}}"#)
}

/// What a window shows as soon as it is true.
fn shown(phone: &Phone, filter: &AlarmFilter, sort: AlarmSort) -> Vec<AlarmRow> {
    let mut window = phone.engine.open(phone.list(filter, sort), 100, None);
    phone.engine.settle();
    let batch = window.take_now().unwrap();
    let RowsChange::Reset(rows) = batch.rows else { panic!("the first batch is a reset") };
    assert_eq!(batch.total, Some(u64::try_from(rows.len()).unwrap()));
    rows
}

#[test]
fn alarms_that_cannot_be_read_are_skipped_and_counted_and_stop_nothing() {
    let phone = Phone::new();
    let whole = alarm(1, "whole");
    let bad = [
        whole.replace(&format!(r#""id":"{}","#, id(1)), ""),
        whole.replace(&id(1).to_string(), "seventeen"),
        whole.replace(&format!(r#""{}""#, id(1)), "null"),
        whole.replace("2026-11-22T10:00:01Z", "yesterday"),
        whole.replace("2026-11-22T10:00:01Z", "2026-02-30T10:00:01Z"),
        whole.replace(r#""2026-11-22T10:00:01Z""#, "null"),
        whole.replace(r#""2026-11-22T10:00:01Z""#, "1700000000"),
        whole.replace(r#""severity":"FAIL""#, r#""severity":{}"#),
        whole.replace(r#""severity":"FAIL""#, r#""severity":"FAIL","clearedTime":"never""#),
        whole.replace(r#""severity":"FAIL""#, r#""severity":"FAIL","alarmReactivationCount":1e99"#),
        whole.replace(r#""label":"whole""#, r#""label":"\ud83d""#),
        whole.replace(r#""label":"whole""#, r#""label":["whole"]"#),
        whole[..whole.len() / 2].to_owned(),
        "[]".into(),
        "null".into(),
        String::new(),
    ];
    for (number, bad) in bad.iter().enumerate() {
        let good = alarm(10 + u8::try_from(number).unwrap(), "good");
        assert_eq!(pull_alarms(&phone, &[good.clone(), bad.clone(), good]), 1, "{bad}");
    }
    let rows = shown(&phone, &AlarmFilter::default(), AlarmSort::Newest);
    assert_eq!(rows.len(), bad.len(), "every good one is there, once");
    assert!(rows.iter().all(|row| row.label == "good"));
}

#[test]
fn an_alarm_that_stands_in_a_page_three_times_is_there_once_as_it_stood_last() {
    let phone = Phone::new();
    let page = [alarm(1, "first"), alarm(2, "other"), alarm(1, "second"), alarm(1, "third")];
    let mut window = phone.engine.open(phone.list(&AlarmFilter::default(), AlarmSort::Newest), 10, None);
    phone.engine.settle();
    assert_eq!(pull_alarms(&phone, &page), 0);
    phone.engine.settle();
    let mut rows = Vec::new();
    let batch = window.take_now().unwrap();
    batch.rows.apply(&mut rows);
    assert_eq!(batch.total, Some(2));
    assert_eq!(rows.iter().map(|row| row.label.as_str()).collect::<Vec<_>>(), ["other", "third"]);
    let worded = AlarmFilter { words: "third".into(), ..AlarmFilter::default() };
    assert_eq!(shown(&phone, &worded, AlarmSort::Newest).len(), 1);
    let worded = AlarmFilter { words: "first".into(), ..AlarmFilter::default() };
    assert_eq!(shown(&phone, &worded, AlarmSort::Newest), []);
}

#[test]
fn any_text_is_stored_ordered_searched_and_shown_as_it_came() {
    let phone = Phone::new();
    let long = "battery ".repeat(12_800);
    let one_word = "x".repeat(100_000);
    let texts = [
        "before\0after",
        "إنذار بطارية UPS",
        "\u{202e}drawkcab",
        "🔥🔋 on fire",
        "\u{1}\u{7f}\u{feff}",
        "e\u{301}pinay",
        "'; DROP TABLE alarm; --",
        "\"quoted\" {braces} %s",
        &long,
        &one_word,
    ];
    let mut inventory = vec![place(220, "hall", 221)];
    let mut alarms = Vec::new();
    for (number, text) in (1..).zip(texts) {
        inventory.push(device(100 + number, text, None, Some(220)));
        alarms.push(alarm(number, text).replace(&id(200).to_string(), &id(100 + number).to_string()));
    }
    assert_eq!(pull_alarms(&phone, &alarms), 0);
    assert_eq!(pull_inventory(&phone, &inventory), 0);
    for sort in [AlarmSort::Newest, AlarmSort::Severity, AlarmSort::Device, AlarmSort::Location] {
        let mut rows = shown(&phone, &AlarmFilter::default(), sort);
        rows.sort_by_key(|row| row.id);
        let found: Vec<(&str, &str)> = rows.iter().map(|row| (row.label.as_str(), row.device_label.as_str())).collect();
        assert_eq!(found, texts.iter().map(|text| (*text, *text)).collect::<Vec<_>>());
    }
    for (words, at) in
        [("after", 1), ("بطارية", 2), ("draw", 3), ("fire", 4), ("épin", 6), ("drop table", 7), ("xxxx", 10)]
    {
        let filter = AlarmFilter { words: words.into(), ..AlarmFilter::default() };
        let rows = shown(&phone, &filter, AlarmSort::Newest);
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [AlarmId(id(at))], "{words}");
    }
    let filter = AlarmFilter { words: one_word.clone(), ..AlarmFilter::default() };
    assert!(shown(&phone, &filter, AlarmSort::Newest).len() <= 1, "a word of 100 kB may be typed");
}

#[test]
fn trees_that_bite_their_own_tail_are_listed_muted_and_unmuted() {
    let phone = Phone::new();
    // Three rooms in a ring, three devices in a ring, one inside itself, and one that hangs on the ring.
    let rooms = [place(50, "A", 52), place(51, "B", 50), place(52, "C", 51), place(53, "D", 53)];
    let devices = [
        device(60, "one", Some(62), None),
        device(61, "two", Some(60), None),
        device(62, "three", Some(61), Some(51)),
        device(63, "self", Some(63), Some(53)),
        device(64, "tail", Some(60), None),
    ];
    assert_eq!(pull_inventory(&phone, &rooms), 0);
    assert_eq!(pull_inventory(&phone, &devices), 0);
    let of = |number: u8, device: u8| alarm(number, "on").replace(&id(200).to_string(), &id(device).to_string());
    assert_eq!(pull_alarms(&phone, &[of(1, 60), of(2, 61), of(3, 62), of(4, 63), of(5, 64)]), 0);
    let places: Vec<String> =
        shown(&phone, &AlarmFilter::default(), AlarmSort::Location).into_iter().map(|row| row.place).collect();
    assert_eq!(places, ["C › A › B", "C › A › B", "C › A › B", "C › A › B", "D"]);
    let muted = |phone: &Phone| {
        let filter = AlarmFilter { muted: MutedChoice::Only, ..AlarmFilter::default() };
        let mut labels: Vec<String> =
            shown(phone, &filter, AlarmSort::Newest).into_iter().map(|row| row.device_label).collect();
        labels.sort();
        labels
    };
    let until = onsite_rules::mute::MuteBody {
        until: Some(raw::NOW.plus_millis(3_600_000)),
        reason: onsite_wire::rest::MuteReason::Nuisance,
        text: String::new(),
    };
    let mute = super::phone::pending(1, "mute", serde_json::to_value(until).unwrap(), Standing::OnPhone);
    phone.overlay_device(DeviceId(id(61)), vec![mute], raw::NOW);
    assert_eq!(muted(&phone), ["one", "tail", "three", "two"], "each of the ring encloses all of it");
    phone.overlay_device(DeviceId(id(61)), vec![], raw::NOW);
    assert_eq!(muted(&phone), Vec::<String>::new(), "and the mute does not hold itself");
}

#[test]
fn inventory_that_cannot_be_read_is_skipped_and_its_alarms_are_shown_without_it() {
    let phone = Phone::new();
    let whole = device(200, "whole", None, None);
    let bad = [
        whole.replace(&id(200).to_string(), "none"),
        whole.replace(r#""type":"UPS""#, r#""type":7"#),
        whole.replace(r#""type":"UPS""#, r#""type":"UPS","warrantyExpirationDate":"soon""#),
        whole.replace(r#""type":"UPS""#, r#""type":"UPS","locationId":"here""#),
    ];
    assert_eq!(pull_inventory(&phone, &bad), bad.len());
    assert_eq!(pull_alarms(&phone, &[alarm(1, "on")]), 0);
    let rows = shown(&phone, &AlarmFilter::default(), AlarmSort::Device);
    assert_eq!((rows.len(), rows[0].device_label.as_str()), (1, ""));
    assert_eq!(pull_inventory(&phone, &[whole]), 0);
    assert_eq!(shown(&phone, &AlarmFilter::default(), AlarmSort::Device)[0].device_label, "whole");
}

#[test]
fn times_at_the_edges_are_taken_or_skipped_and_never_a_panic() {
    let phone = Phone::new();
    let feed = AlarmFeed { overlays: std::sync::Arc::default() };
    for time in
        ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "-9999-01-01T00:00:00Z", "1970-01-01T00:00:00+23:59"]
    {
        let json = alarm(1, "edge").replace("2026-11-22T10:00:01Z", time);
        if feed.parse(0, json.as_bytes()).is_ok() {
            pull_alarms(&phone, std::slice::from_ref(&json));
            let sent: Alarm = serde_json::from_str(&json).unwrap();
            let rows = shown(&phone, &AlarmFilter::default(), AlarmSort::Newest);
            assert_eq!(rows.iter().map(|row| row.activated).collect::<Vec<_>>(), [sent.activated_time], "{time}");
        }
    }
}
