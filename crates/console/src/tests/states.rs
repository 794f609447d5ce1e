//! States of the console as they would come from a core, made by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use onsite_rules::severity::Shown;
use onsite_wire::ids::{ActionId, AlarmId, DeviceId, LocationId, OrganizationId, PersonId, SensorId, Uuid};
use onsite_wire::onsite::{
    Bucket, Capability, CurrentState, HistoryEntry, PersonEntry, Role, SensorHistory, Subject, SubjectKind,
};
use onsite_wire::rest::{
    Acknowledged, AcknowledgementAspect, Assignee, AssigneeKind, MuteReason, ThresholdZone, ZoneSeverity,
};

use crate::api::{
    AccountState, AcknowledgedBy, ActionStage, AlarmDetail, AlarmRow, Code, Decision, Facets, LocationNode, MutedBy,
    Offer, Offers, OrganizationOverview, OwnAction, Plot, SessionState, Standing, Status, Timestamp,
};
use crate::app::{Model, OpenAlarm, Screen, Setting};
use crate::widgets::look::Look;
use crate::words::Zone;

/// Three at night.
pub fn now() -> Timestamp {
    Timestamp::parse("2026-11-23T03:00:00Z").unwrap()
}

pub fn minutes_ago(minutes: i64) -> Timestamp {
    now().plus_millis(-minutes * 60_000)
}

pub fn id(n: u8) -> Uuid {
    Uuid::from_bytes([n; 16])
}

pub fn setting() -> Setting {
    Setting {
        server: "http://127.0.0.1:8421".to_owned(),
        folder: "a temporary folder".to_owned(),
        is_temporary: true,
        zone: Zone::utc(),
        look: Look::plain(),
    }
}

/// Signed in, live, read three seconds ago.
pub fn account() -> AccountState {
    AccountState {
        person: Some(onsite::session::Person { id: PersonId(id(1)), name: "Søren Åkesson".to_owned() }),
        session: SessionState::SignedIn,
        live: true,
        read_at: Some(now().plus_millis(-3_000)),
        age_ms: Some(3_000),
        clock_offset_ms: Some(0),
        now: now(),
        ..AccountState::default()
    }
}

/// The console at home, with two organizations and their places.
pub fn home() -> Model {
    let mut model = Model::new(setting(), account()).0;
    model.organizations = vec![organization(1, "Bjørnson Colocation", 3, 5), organization(2, "São Rafael", 0, 1)];
    model.locations = vec![place(1, "Hamburg Süd", 0), place(2, "Speicher K", 1), place(3, "Rechnerraum 1", 2)];
    model.people = vec![colleague(1, "Søren Åkesson"), colleague(2, "Ada Krüger"), colleague(3, "Zoë Lindqvist")];
    for (tile, count) in model.tiles.iter_mut().zip([3, 5, 0, 2]) {
        tile.count = Some(count);
    }
    model
}

fn organization(n: u8, label: &str, active_critical: u64, active_warning: u64) -> OrganizationOverview {
    let capabilities = vec![Capability::Acknowledge, Capability::Mute, Capability::SensorHistory];
    OrganizationOverview {
        id: OrganizationId(id(n)),
        label: label.to_owned(),
        active_critical,
        active_warning,
        capabilities,
        role: Some(Role::Operator),
    }
}

fn place(n: u8, label: &str, depth: usize) -> LocationNode {
    LocationNode {
        id: LocationId(id(n)),
        organization: OrganizationId(id(1)),
        parent: None,
        label: label.to_owned(),
        kind: "ROOM".to_owned(),
        depth,
    }
}

fn colleague(n: u8, name: &str) -> PersonEntry {
    PersonEntry {
        id: PersonId(id(n)),
        name: name.to_owned(),
        partner: None,
        rights: onsite_wire::onsite::OrganizationRights::default(),
        revision: 0,
    }
}

pub fn row(n: u8, label: &str) -> AlarmRow {
    AlarmRow {
        id: AlarmId(id(n)),
        organization: OrganizationId(id(1)),
        status: Status::Active,
        severity: Shown::Critical,
        label: label.to_owned(),
        message: format!("{label}: look at it."),
        device: DeviceId(id(100 + n)),
        device_label: format!("HAM-UPS-{n:02}"),
        place: "Hamburg Süd › Speicher K › Rechnerraum 1".to_owned(),
        category: "Power".to_owned(),
        activated: minutes_ago(12 * i64::from(n)),
        cleared: None,
        count: 1,
        acknowledged: None,
        muted: None,
        own_action: None,
    }
}

pub fn muted() -> MutedBy {
    MutedBy {
        until: Some(now().plus_millis(4 * 3_600_000)),
        reason: MuteReason::UnderRepair,
        text: "fan on order".to_owned(),
        by_name: "Ada Krüger".to_owned(),
        device: None,
    }
}

pub fn acknowledged_by_ada() -> AcknowledgedBy {
    AcknowledgedBy {
        kind: AssigneeKind::Person,
        id: id(2),
        name: "Ada Krüger".to_owned(),
        note: "on my way".to_owned(),
        by_name: "Ada Krüger".to_owned(),
        at: Some(minutes_ago(5)),
        cannot_see: false,
    }
}

/// Five alarms of every kind that a list shows.
pub fn rows() -> Vec<AlarmRow> {
    vec![
        row(1, "UPS on battery"),
        AlarmRow { acknowledged: Some(acknowledged_by_ada()), count: 3, ..row(2, "Water leak") },
        AlarmRow { severity: Shown::Warning, muted: Some(muted()), ..row(3, "High temperature") },
        AlarmRow { severity: Shown::Warning, own_action: Some(Standing::OnPhone), ..row(4, "Fan fault") },
        AlarmRow {
            status: Status::Cleared,
            cleared: Some(crate::api::Cleared::At(minutes_ago(14))),
            ..row(5, "Door open")
        },
    ]
}

/// The list with those five, read and counted.
pub fn list() -> Model {
    let mut model = home();
    model.go(Screen::Alarms);
    model.alarms.window = 1;
    model.alarms.rows = rows();
    model.alarms.total = Some(5);
    model.alarms.is_read = true;
    model.alarms.counts = Some(Arc::new(Facets {
        active: 4,
        cleared: Some(1),
        critical: 3,
        warning: 2,
        muted: 1,
        not_muted: 4,
        categories: BTreeMap::from([("Power".to_owned(), 3), ("Cooling".to_owned(), 2)]),
        locations: BTreeMap::from([(LocationId(id(1)), 5), (LocationId(id(3)), 2)]),
        assignees: BTreeMap::from([(PersonId(id(2)), 1)]),
        unassigned: 4,
        ..Facets::default()
    }));
    model
}

pub const ALL_OFFERED: Offers = Offers {
    acknowledge: Offer::Offered,
    mute: Offer::Offered,
    mute_device: Offer::Offered,
    plot: Offer::Offered,
    history: Offer::Offered,
    category: Offer::Offered,
    floor_position: Offer::Offered,
};

pub fn detail(row: AlarmRow) -> AlarmDetail {
    AlarmDetail {
        row,
        device: None,
        recommended_actions: vec!["Check the supply.".to_owned(), "Call the electrician.".to_owned()],
        floor_position: None,
        sensor: Some(SensorId(id(9))),
        may: ALL_OFFERED,
    }
}

/// An hour of a sensor that goes from normal into critical.
pub fn plot() -> Plot {
    let from = minutes_ago(60);
    let bucket = |n: i64| {
        let value = 20.0 + n as f64 / 4.0;
        Bucket { at: from.plus_millis(n * 60_000), min: value - 0.5, average: value, max: value + 0.5, count: 6 }
    };
    let zone = |from, to, severity| ThresholdZone { from, to, severity };
    Plot {
        history: SensorHistory {
            sensor_id: SensorId(id(9)),
            from,
            to: now(),
            bucket_ms: 60_000,
            buckets: (0..60).map(bucket).collect(),
            states: Vec::new(),
            zones: vec![
                zone(None, Some(27.0), ZoneSeverity::Normal),
                zone(Some(27.0), Some(32.0), ZoneSeverity::Warning),
                zone(Some(32.0), None, ZoneSeverity::Critical),
            ],
            unit: Some("°C".to_owned()),
        },
        alarm_from: minutes_ago(30),
        alarm_to: None,
        seen_at: now(),
    }
}

/// An alarm open, with all that can be known of it.
pub fn open() -> Model {
    let mut model = list();
    model.go(Screen::Alarm);
    model.alarm = Some(OpenAlarm {
        id: AlarmId(id(1)),
        detail: Some(detail(row(1, "UPS on battery"))),
        plot: Some(Ok(plot())),
        history: Some(Ok(vec![HistoryEntry {
            action: ActionId(id(50)),
            kind: "mute".to_owned(),
            by: PersonId(id(2)),
            by_name: "Ada Krüger".to_owned(),
            made_at: minutes_ago(5),
            arrived_at: minutes_ago(5),
            details: BTreeMap::from([("reason".to_owned(), "under_repair".to_owned())]),
        }])),
        incidents: Vec::new(),
        scroll: 0,
    });
    model
}

pub fn action(n: u8, kind: &str, stage: ActionStage) -> OwnAction {
    OwnAction {
        id: ActionId(id(n)),
        organization: OrganizationId(id(1)),
        kind: kind.to_owned(),
        subject: Subject { kind: SubjectKind::Alarm, id: id(1) },
        name: onsite::sync::outbox::SubjectName { label: "Door open".to_owned(), within: "HAM-R-01".to_owned() },
        made_at: minutes_ago(1),
        stage,
        body: serde_json::json!({
            "assignee": { "kind": "person", "id": id(1), "name": "Søren Åkesson" }, "note": "at it",
        }),
        retry_of: None,
    }
}

/// Ada acknowledged the same alarm `seconds` before (or, negative, after) the person did.
pub fn conflict(seconds: i64) -> OwnAction {
    let current = CurrentState {
        by: Some(PersonId(id(2))),
        by_name: "Ada Krüger".to_owned(),
        made_at: Some(minutes_ago(1).plus_millis(-seconds * 1_000)),
        yours_made_at: minutes_ago(1),
        acknowledgement: Some(AcknowledgementAspect {
            acknowledged: Some(Acknowledged {
                assignee: Assignee { kind: AssigneeKind::Person, id: id(2), name: "Ada Krüger".to_owned() },
                note: "on my way".to_owned(),
                assignee_cannot_see: false,
            }),
            ..AcknowledgementAspect::default()
        }),
        mute: None,
    };
    action(
        60,
        "acknowledge",
        ActionStage::Parked {
            code: Code::VersionMoved,
            arguments: BTreeMap::from([("by".to_owned(), "Ada Krüger".to_owned())]),
            current: Some(Box::new(current)),
            decisions: &[Decision::Retry, Decision::Change, Decision::Discard],
        },
    )
}

/// One action of each of the three states.
pub fn actions() -> Model {
    let mut model = home();
    model.go(Screen::Actions);
    let waiting = ActionStage::OnPhone {
        next_attempt: Some(now().plus_millis(12_000)),
        being_sent: false,
        paused: false,
        trouble: Some(Code::NoNetwork),
    };
    model.actions =
        vec![conflict(12), action(61, "acknowledge", waiting), action(62, "release", ActionStage::OnServer)];
    model.names.insert(id(1), "UPS on battery · HAM-UPS-01".to_owned());
    model.state.waiting = 1;
    model.state.parked = 1;
    model.state.next_attempt = Some(now().plus_millis(12_000));
    model
}

/// Each screen with something on it.
pub fn every_screen() -> Vec<Model> {
    let mut organizations = home();
    organizations.go(Screen::Organizations);
    let mut settings = home();
    settings.go(Screen::Settings);
    let mut diagnostics = home();
    diagnostics.go(Screen::Diagnostics);
    let mut line = onsite::journal::Line::new(now(), "pull_ended");
    line.subject = Some(id(1));
    diagnostics.journal = vec![line];
    vec![home(), organizations, list(), open(), actions(), settings, diagnostics]
}
