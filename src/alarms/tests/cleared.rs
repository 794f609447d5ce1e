//! An alarm that was cleared while nobody looked, and that the server has forgotten since.

use onsite_wire::ids::AlarmId;

use super::phone::Phone;
use super::raw;
use crate::alarms::{AlarmFilter, AlarmRow, AlarmSort, Cleared, Status};
use crate::live::RowsChange;
use crate::time::Timestamp;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn only(phone: &Phone) -> Vec<AlarmRow> {
    let mut window = phone.engine.open(phone.list(&AlarmFilter::default(), AlarmSort::Newest), 100, None);
    phone.engine.settle();
    let RowsChange::Reset(rows) = window.take_now().unwrap().rows else { panic!("the first batch is a reset") };
    rows
}

fn alarm(id: AlarmId) -> onsite_wire::rest::Alarm {
    let text = format!(
        r#"{{"id":"{id}","deviceId":"{id}","label":"Door open","activatedTime":"2026-11-22T10:00:00Z","severity":"FAIL"}}"#
    );
    serde_json::from_str(&text).unwrap()
}

#[test]
fn an_alarm_that_went_while_nobody_looked_is_cleared_at_a_time_not_known_and_goes_after_its_90_days() {
    let phone = Phone::new();
    let (id, organization) = (AlarmId::from_bytes([9; 16]), raw::organization());
    let read = |alarms: &[_], at: Timestamp| phone.alarms(organization, true, alarms, at);
    read(&[alarm(id)], raw::NOW);
    assert_eq!(only(&phone)[0].cleared, None);
    assert_eq!(read(&[], raw::NOW), [id.0], "it is asked for by itself");
    phone.alarm_is_missing(organization, id.0, raw::NOW);
    let row = &only(&phone)[0];
    assert_eq!((row.status, row.cleared), (Status::Cleared, Some(Cleared::TimeUnknown)), "not 1970");

    read(&[], raw::NOW.plus_millis(89 * DAY_MS));
    assert_eq!(only(&phone).len(), 1, "what was seen stays (O1)");
    read(&[], raw::NOW.plus_millis(91 * DAY_MS));
    assert!(only(&phone).is_empty(), "and not for ever");

    let back = Timestamp::from_millis(raw::NOW.millis() - 1);
    read(&[onsite_wire::rest::Alarm { cleared_time: Some(back), ..alarm(id) }], raw::NOW);
    assert_eq!(only(&phone)[0].cleared, Some(Cleared::At(back)));
}
