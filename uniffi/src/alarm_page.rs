//! One alarm's own page, its plot and its history, as records.

use std::collections::HashMap;

use onsite::alarms as core;
use onsite_wire::onsite::{Bucket, HistoryEntry, StatePoint};
use onsite_wire::rest::{ThresholdZone, ZoneSeverity};
use onsite_wire::time::Timestamp;

use crate::alarm_filter::AlarmFilter;
use crate::alarm_rows::AlarmRow;
use crate::error::Problem;
use crate::people::Assignee;

/// One thing that a person did to an alarm.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AlarmEvent {
    /// The action.
    pub action: String,
    /// Its kind: `acknowledge`, `mute` …
    pub kind: String,
    /// Who.
    pub by_name: String,
    /// When it was made.
    pub made_at: i64,
    /// When it arrived.
    pub arrived_at: i64,
    /// What it said: `assignee`, `note`, `until`, `reason`, `text`.
    pub details: HashMap<String, String>,
}

impl From<HistoryEntry> for AlarmEvent {
    fn from(entry: HistoryEntry) -> Self {
        Self {
            action: entry.action.to_string(),
            kind: entry.kind,
            by_name: entry.by_name,
            made_at: entry.made_at.millis(),
            arrived_at: entry.arrived_at.millis(),
            details: entry.details.into_iter().collect(),
        }
    }
}

/// The numbers of one piece of a plot.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct PlotBucket {
    /// Its start.
    pub at: i64,
    /// Smallest value.
    pub min: f64,
    /// Arithmetic mean.
    pub average: f64,
    /// Largest value.
    pub max: f64,
}

impl From<Bucket> for PlotBucket {
    fn from(bucket: Bucket) -> Self {
        Self { at: bucket.at.millis(), min: bucket.min, average: bucket.average, max: bucket.max }
    }
}

/// A word from a time on.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PlotState {
    /// From when on.
    pub at: i64,
    /// The word.
    pub state: String,
}

impl From<StatePoint> for PlotState {
    fn from(point: StatePoint) -> Self {
        Self { at: point.at.millis(), state: point.state }
    }
}

/// What a value in a band means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum ZoneMeaning {
    /// As it should be.
    Normal,
    /// A warning.
    Warning,
    /// Critical.
    Critical,
}

/// A band of values and what it means.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct PlotZone {
    /// Lower end; none: no lower end.
    pub from: Option<f64>,
    /// Upper end; none: no upper end.
    pub to: Option<f64>,
    /// What a value inside means.
    pub meaning: ZoneMeaning,
}

impl From<ThresholdZone> for PlotZone {
    fn from(zone: ThresholdZone) -> Self {
        let meaning = match zone.severity {
            ZoneSeverity::Normal => ZoneMeaning::Normal,
            ZoneSeverity::Warning => ZoneMeaning::Warning,
            ZoneSeverity::Critical => ZoneMeaning::Critical,
        };
        Self { from: zone.from, to: zone.to, meaning }
    }
}

/// A sensor around an alarm.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Plot {
    /// Start of the first piece.
    pub from: i64,
    /// End of the last piece.
    pub to: i64,
    /// Length of a piece in milliseconds.
    pub bucket_ms: i64,
    /// Pieces with at least one number, in order.
    pub buckets: Vec<PlotBucket>,
    /// Sensors of states: each change of the word.
    pub states: Vec<PlotState>,
    /// Bands of the value that mean something.
    pub zones: Vec<PlotZone>,
    /// `°C`, `V`, `%` …
    pub unit: Option<String>,
    /// When the alarm was activated.
    pub alarm_from: i64,
    /// When it was cleared; none while active, and where that is not known.
    pub alarm_to: Option<i64>,
    /// When this was asked of the server.
    pub seen_at: i64,
}

impl From<core::Plot> for Plot {
    fn from(plot: core::Plot) -> Self {
        let history = plot.history;
        Self {
            from: history.from.millis(),
            to: history.to.millis(),
            bucket_ms: history.bucket_ms,
            buckets: history.buckets.into_iter().map(PlotBucket::from).collect(),
            states: history.states.into_iter().map(PlotState::from).collect(),
            zones: history.zones.into_iter().map(PlotZone::from).collect(),
            unit: history.unit,
            alarm_from: plot.alarm_from.millis(),
            alarm_to: plot.alarm_to.map(Timestamp::millis),
            seen_at: plot.seen_at.millis(),
        }
    }
}

/// Whether something is there for this person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Offer {
    /// It is.
    Offered,
    /// This server or subscription does not have it.
    NotOffered,
    /// The person's role does not allow it here.
    NotAllowed,
    /// Not for this alarm as it stands.
    NotNow,
}

impl From<core::Offer> for Offer {
    fn from(offer: core::Offer) -> Self {
        match offer {
            core::Offer::Offered => Self::Offered,
            core::Offer::NotOffered => Self::NotOffered,
            core::Offer::NotAllowed => Self::NotAllowed,
            core::Offer::NotNow => Self::NotNow,
        }
    }
}

/// What may be done and seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Offers {
    /// Make somebody responsible.
    pub acknowledge: Offer,
    /// Mute the alarm.
    pub mute: Offer,
    /// Mute its device.
    pub mute_device: Offer,
    /// The sensor's plot around the alarm.
    pub plot: Offer,
    /// What people did to it.
    pub history: Offer,
    /// Categories.
    pub category: Offer,
    /// Its position on the floor plan.
    pub floor_position: Offer,
}

impl From<core::Offers> for Offers {
    fn from(offers: core::Offers) -> Self {
        Self {
            acknowledge: offers.acknowledge.into(),
            mute: offers.mute.into(),
            mute_device: offers.mute_device.into(),
            plot: offers.plot.into(),
            history: offers.history.into(),
            category: offers.category.into(),
            floor_position: offers.floor_position.into(),
        }
    }
}

/// The device of an alarm, as the alarm's page names it. Dates are `2026-11-22`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DeviceSummary {
    /// Its id.
    pub id: String,
    /// Its name.
    pub label: String,
    /// `UPS` …
    pub kind: String,
    /// Its model.
    pub model: String,
    /// Who made it.
    pub manufacturer: String,
    /// The serial number.
    pub serial_number: Option<String>,
    /// Its firmware.
    pub firmware_version: Option<String>,
    /// Its addresses.
    pub ip_addresses: Vec<String>,
    /// Free text.
    pub note: Option<String>,
    /// End of warranty.
    pub warranty_until: Option<String>,
    /// Next service.
    pub service_due: Option<String>,
    /// Last service.
    pub last_service: Option<String>,
}

impl From<core::DeviceSummary> for DeviceSummary {
    fn from(device: core::DeviceSummary) -> Self {
        let detail = device.detail;
        Self {
            id: device.id.to_string(),
            label: device.label,
            kind: device.kind,
            model: device.model,
            manufacturer: device.manufacturer,
            serial_number: detail.serial_number,
            firmware_version: detail.firmware_version,
            ip_addresses: detail.ip_addresses,
            note: detail.device_note,
            warranty_until: detail.warranty_expiration_date.map(|date| date.to_string()),
            service_due: detail.service_due_date.map(|date| date.to_string()),
            last_service: detail.last_service_date.map(|date| date.to_string()),
        }
    }
}

/// Where a device stands on a floor plan.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct FloorPosition {
    /// The picture's id.
    pub image: String,
    /// 0 at the left edge, 1 at the right one.
    pub x: f64,
    /// 0 at the upper edge, 1 at the lower one.
    pub y: f64,
}

/// One alarm's own page.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct AlarmDetail {
    /// As the list shows it.
    pub row: AlarmRow,
    /// Its device; none while it was not seen yet.
    pub device: Option<DeviceSummary>,
    /// What to do, in order.
    pub recommended_actions: Vec<String>,
    /// Where the device stands on the floor plan.
    pub floor_position: Option<FloorPosition>,
    /// What may be done and seen.
    pub may: Offers,
}

impl From<core::AlarmDetail> for AlarmDetail {
    fn from(detail: core::AlarmDetail) -> Self {
        let floor = |at: onsite_wire::rest::FloorPosition| FloorPosition { image: at.floor_image_id, x: at.x, y: at.y };
        Self {
            row: detail.row.into(),
            device: detail.device.map(DeviceSummary::from),
            recommended_actions: detail.recommended_actions,
            floor_position: detail.floor_position.map(floor),
            may: detail.may.into(),
        }
    }
}

/// Somebody who can, or cannot, be made responsible.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AssigneeChoice {
    /// Who.
    pub assignee: Assignee,
    /// It is oneself.
    pub me: bool,
    /// May see the alarm; who may not cannot be chosen.
    pub can_see: bool,
}

impl From<core::AssigneeChoice> for AssigneeChoice {
    fn from(choice: core::AssigneeChoice) -> Self {
        Self { assignee: choice.assignee.into(), me: choice.me, can_see: choice.can_see }
    }
}

/// Why a list is empty or short.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Why {
    /// `nothing_wrong`, `hidden_by_filter`, `hidden_by_location`, `limited_by_rights`, `no_subscription`, `not_read_yet`.
    pub reason: Problem,
    /// The filter that shows what is hidden.
    pub lift: Option<AlarmFilter>,
}

impl From<core::Why> for Why {
    fn from(why: core::Why) -> Self {
        Self { reason: Problem::of(why.code, &why.arguments), lift: why.lift.map(AlarmFilter::from) }
    }
}
