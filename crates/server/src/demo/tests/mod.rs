//! What the demonstration data promises to those who show it, import it and measure with it.

mod documents;
mod living;
mod scaled;

use onsite_wire::rest::{Sensor, ThresholdZone, ZoneSeverity};
use onsite_wire::time::Timestamp;

/// A Sunday in November.
const NOW: Timestamp = Timestamp::from_millis(1_795_348_800_000);

/// The band in which a value lies, found apart from the code that made the value.
fn zone(sensor: &Sensor, value: f64) -> Option<ThresholdZone> {
    let inside =
        |zone: &&ThresholdZone| zone.from.is_none_or(|from| value >= from) && zone.to.is_none_or(|to| value < to);
    let mut zones = sensor.thresholds.iter().filter(inside);
    let zone = zones.next().copied();
    assert!(zones.next().is_none(), "bands of {} overlap at {value}", sensor.label);
    zone
}

fn meaning(sensor: &Sensor, value: f64) -> ZoneSeverity {
    zone(sensor, value).map_or(ZoneSeverity::Normal, |zone| zone.severity)
}
