//! The values that a filter can have (A4), each with the number of alarms it would leave, and what choosing one does.

use std::collections::{BTreeMap, BTreeSet};

use onsite_rules::severity::Shown;
use onsite_wire::ids::{LocationId, PersonId};

use crate::api::{AlarmFilter, AssignmentChoice, Facets, MutedChoice, Status, Timestamp};
use crate::app::Model;
use crate::words;

/// A kind of choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Status,
    Severity,
    Muted,
    Assignment,
    Category,
    Location,
    DeviceType,
    Model,
    Manufacturer,
    Time,
    Saved,
}

impl Section {
    pub const ALL: [Self; 11] = [
        Self::Status,
        Self::Severity,
        Self::Muted,
        Self::Assignment,
        Self::Category,
        Self::Location,
        Self::DeviceType,
        Self::Model,
        Self::Manufacturer,
        Self::Time,
        Self::Saved,
    ];

    pub const fn label(self) -> &'static str {
        match self {
            Self::Status => "Status",
            Self::Severity => "Severity",
            Self::Muted => "Muted",
            Self::Assignment => "Responsible",
            Self::Category => "Category",
            Self::Location => "Place",
            Self::DeviceType => "Device type",
            Self::Model => "Model",
            Self::Manufacturer => "Maker",
            Self::Time => "Time",
            Self::Saved => "Saved filters",
        }
    }

    /// Several values can be chosen at once.
    pub const fn is_many(self) -> bool {
        matches!(self, Self::Category | Self::DeviceType | Self::Model | Self::Manufacturer)
    }

    /// A choice was made in here.
    pub fn is_used(self, filter: &AlarmFilter) -> bool {
        match self {
            Self::Status => filter.status.is_some(),
            Self::Severity => filter.severity.is_some(),
            Self::Muted => filter.muted != MutedChoice::Both,
            Self::Assignment => filter.assignment != AssignmentChoice::Any,
            Self::Category => !filter.categories.is_empty(),
            Self::Location => filter.location.is_some(),
            Self::DeviceType => !filter.device_types.is_empty(),
            Self::Model => !filter.models.is_empty(),
            Self::Manufacturer => !filter.manufacturers.is_empty(),
            Self::Time => filter.from.is_some() || filter.to.is_some(),
            Self::Saved => false,
        }
    }
}

/// What choosing a value does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    Status(Option<Status>),
    Severity(Option<Shown>),
    Muted(MutedChoice),
    Assignment(AssignmentChoice),
    /// In or out of a set.
    Name(Section, String),
    Location(Option<LocationId>),
    AnyTime,
    /// From so many hours ago on.
    LastHours(i64),
    /// Type a time from which on.
    From,
    /// Type a time until which.
    To,
    /// The saved filter of this name.
    Saved(String),
    /// Keep the present one under a name.
    Save,
}

/// A value of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub label: String,
    /// How many alarms it would leave; `None`: not counted.
    pub count: Option<u64>,
    pub is_chosen: bool,
    pub pick: Pick,
}

impl Value {
    fn new(label: &str, count: Option<u64>, is_chosen: bool, pick: Pick) -> Self {
        Self { label: label.to_owned(), count, is_chosen, pick }
    }
}

/// The values of a section as they are now.
pub fn values(model: &Model, section: Section) -> Vec<Value> {
    let filter = &model.alarms.filter;
    let counts = model.alarms.counts.as_deref();
    match section {
        Section::Status => status(filter, counts),
        Section::Severity => severity(filter, counts),
        Section::Muted => muted(filter, counts),
        Section::Assignment => assignment(model, filter, counts),
        Section::Category => names(section, &filter.categories, counts.map(|counts| &counts.categories)),
        Section::DeviceType => names(section, &filter.device_types, counts.map(|counts| &counts.device_types)),
        Section::Model => names(section, &filter.models, counts.map(|counts| &counts.models)),
        Section::Manufacturer => names(section, &filter.manufacturers, counts.map(|counts| &counts.manufacturers)),
        Section::Location => locations(model, filter, counts),
        Section::Time => times(model, filter),
        Section::Saved => saved(model),
    }
}

fn status(filter: &AlarmFilter, counts: Option<&Facets>) -> Vec<Value> {
    let value =
        |label, count: Option<u64>, choice| Value::new(label, count, filter.status == choice, Pick::Status(choice));
    vec![
        value("active and cleared", counts.and_then(|counts| Some(counts.active + counts.cleared?)), None),
        value("active", counts.map(|counts| counts.active), Some(Status::Active)),
        value("cleared", counts.and_then(|counts| counts.cleared), Some(Status::Cleared)),
    ]
}

fn severity(filter: &AlarmFilter, counts: Option<&Facets>) -> Vec<Value> {
    let value =
        |label, count: Option<u64>, choice| Value::new(label, count, filter.severity == choice, Pick::Severity(choice));
    vec![
        value("critical and warnings", counts.map(|counts| counts.critical + counts.warning), None),
        value("critical", counts.map(|counts| counts.critical), Some(Shown::Critical)),
        value("warnings", counts.map(|counts| counts.warning), Some(Shown::Warning)),
    ]
}

fn muted(filter: &AlarmFilter, counts: Option<&Facets>) -> Vec<Value> {
    let value =
        |label, count: Option<u64>, choice| Value::new(label, count, filter.muted == choice, Pick::Muted(choice));
    vec![
        value("with and without a mute", counts.map(|counts| counts.muted + counts.not_muted), MutedChoice::Both),
        value("without the muted ones", counts.map(|counts| counts.not_muted), MutedChoice::Without),
        value("muted ones alone", counts.map(|counts| counts.muted), MutedChoice::Only),
    ]
}

fn assignment(model: &Model, filter: &AlarmFilter, counts: Option<&Facets>) -> Vec<Value> {
    let value = |label: &str, count: Option<u64>, choice| {
        Value::new(label, count, filter.assignment == choice, Pick::Assignment(choice))
    };
    let someone = counts.map(|counts| counts.assignees.values().sum::<u64>());
    let nobody = counts.map(|counts| counts.unassigned);
    let all = someone.zip(nobody).map(|(someone, nobody)| someone + nobody);
    let of = |id: PersonId| counts.map(|counts| counts.assignees.get(&id).copied().unwrap_or_default());
    let me = model.state.person.as_ref().map(|person| person.id);
    let mut list = vec![value("anybody or nobody", all, AssignmentChoice::Any)];
    list.extend(me.map(|me| value("me", of(me), AssignmentChoice::Person(me))));
    list.push(value("nobody", nobody, AssignmentChoice::Unassigned));
    list.push(value("somebody", someone, AssignmentChoice::Someone));
    let mut others: BTreeSet<PersonId> =
        counts.map_or_else(BTreeSet::new, |all| all.assignees.keys().copied().collect());
    if let AssignmentChoice::Person(chosen) = filter.assignment {
        others.insert(chosen);
    }
    let mut named: Vec<_> = others
        .into_iter()
        .filter(|id| Some(*id) != me)
        .map(|id| value(&person_name(model, id), of(id), AssignmentChoice::Person(id)))
        .collect();
    named.sort_by(|left, right| left.label.cmp(&right.label));
    list.extend(named);
    list
}

/// The name of a person, as colleagues or the alarms on the screen have it.
fn person_name(model: &Model, id: PersonId) -> String {
    let colleague = model.people.iter().find(|person| person.id == id).map(|person| person.name.clone());
    let on_screen = || {
        let by = model.alarms.rows.iter().filter_map(|row| row.acknowledged.as_ref());
        by.into_iter().find(|by| by.id == id.0).map(|by| by.name.clone())
    };
    colleague.or_else(on_screen).unwrap_or_else(|| "somebody of another company".to_owned())
}

fn names(section: Section, chosen: &BTreeSet<String>, counts: Option<&BTreeMap<String, u64>>) -> Vec<Value> {
    let none = BTreeMap::new();
    let counts = counts.unwrap_or(&none);
    let all: BTreeSet<&String> = counts.keys().chain(chosen).collect();
    let value = |name: &String| {
        let label = if name.is_empty() { "none" } else { name };
        let count = counts.get(name).copied().unwrap_or_default();
        Value::new(label, Some(count), chosen.contains(name), Pick::Name(section, name.clone()))
    };
    all.into_iter().map(value).collect()
}

fn locations(model: &Model, filter: &AlarmFilter, counts: Option<&Facets>) -> Vec<Value> {
    let count = |id: &LocationId| counts.and_then(|counts| counts.locations.get(id)).copied().unwrap_or_default();
    let mut list = vec![Value::new("everywhere", None, filter.location.is_none(), Pick::Location(None))];
    let here = model.locations.iter().filter(|node| count(&node.id) > 0 || filter.location == Some(node.id));
    list.extend(here.map(|node| Value {
        label: format!("{}{}", "  ".repeat(node.depth), node.label),
        count: Some(count(&node.id)),
        is_chosen: filter.location == Some(node.id),
        pick: Pick::Location(Some(node.id)),
    }));
    list
}

fn times(model: &Model, filter: &AlarmFilter) -> Vec<Value> {
    let (zone, now) = (&model.setting.zone, model.now());
    let edge = |word: &str, at: Option<Timestamp>| match at {
        Some(at) => format!("{word} {}", zone.time(at, now)),
        None => format!("{word} …"),
    };
    let is_any = filter.from.is_none() && filter.to.is_none();
    let mut list = vec![Value::new("any time", None, is_any, Pick::AnyTime)];
    for (label, hours) in
        [("the last hour", 1), ("the last 8 hours", 8), ("the last 24 hours", 24), ("the last 7 days", 168)]
    {
        list.push(Value::new(label, None, false, Pick::LastHours(hours)));
    }
    list.push(Value::new(&edge("from", filter.from), None, filter.from.is_some(), Pick::From));
    list.push(Value::new(&edge("until", filter.to), None, filter.to.is_some(), Pick::To));
    list
}

fn saved(model: &Model) -> Vec<Value> {
    let is_now = |filter: &AlarmFilter| *filter == model.alarms.filter;
    let named = |saved: &crate::api::SavedFilter| {
        Value::new(&saved.name, None, is_now(&saved.filter), Pick::Saved(saved.name.clone()))
    };
    let mut list: Vec<Value> = model.saved.iter().map(named).collect();
    list.push(Value::new("keep this filter as …", None, false, Pick::Save));
    list
}

/// The filter after a choice. Picks that ask for something typed change nothing yet.
pub fn picked(filter: &AlarmFilter, pick: &Pick, now: Timestamp) -> AlarmFilter {
    let mut filter = filter.clone();
    match pick {
        Pick::Status(choice) => filter.status = *choice,
        Pick::Severity(choice) => filter.severity = *choice,
        Pick::Muted(choice) => filter.muted = *choice,
        Pick::Assignment(choice) => filter.assignment = *choice,
        Pick::Location(choice) => filter.location = *choice,
        Pick::AnyTime => (filter.from, filter.to) = (None, None),
        Pick::LastHours(hours) => (filter.from, filter.to) = (Some(now.plus_millis(-hours * 3_600_000)), None),
        Pick::Name(section, name) => {
            let set = match section {
                Section::Category => &mut filter.categories,
                Section::DeviceType => &mut filter.device_types,
                Section::Model => &mut filter.models,
                _ => &mut filter.manufacturers,
            };
            if !set.remove(name) {
                set.insert(name.clone());
            }
        }
        Pick::From | Pick::To | Pick::Saved(_) | Pick::Save => {}
    }
    filter
}

/// A filter in few words: `active · critical · Cooling · “ups”`.
pub fn in_words(model: &Model, filter: &AlarmFilter) -> String {
    let mut parts = Vec::new();
    parts.push(match filter.status {
        None => "active and cleared".to_owned(),
        Some(Status::Active) => "active".to_owned(),
        Some(Status::Cleared) => "cleared".to_owned(),
    });
    parts.extend(filter.severity.map(|severity| severity.as_str().to_owned()));
    match filter.muted {
        MutedChoice::Both => {}
        MutedChoice::Only => parts.push("muted".to_owned()),
        MutedChoice::Without => parts.push("not muted".to_owned()),
    }
    match filter.assignment {
        AssignmentChoice::Any => {}
        AssignmentChoice::Someone => parts.push("somebody’s".to_owned()),
        AssignmentChoice::Unassigned => parts.push("nobody’s".to_owned()),
        AssignmentChoice::Person(id) => {
            let is_me = model.state.person.as_ref().is_some_and(|person| person.id == id);
            parts.push(if is_me { "mine".to_owned() } else { format!("{}’s", person_name(model, id)) });
        }
    }
    for set in [&filter.categories, &filter.device_types, &filter.models, &filter.manufacturers] {
        if !set.is_empty() {
            let named = |name: &String| if name.is_empty() { "none".to_owned() } else { name.clone() };
            parts.push(set.iter().map(named).collect::<Vec<_>>().join(" or "));
        }
    }
    if let Some(id) = filter.location {
        let label = model.locations.iter().find(|node| node.id == id).map_or("one place", |node| node.label.as_str());
        parts.push(format!("at {label}"));
    }
    let (zone, now) = (&model.setting.zone, model.now());
    parts.extend(filter.from.map(|at| format!("from {}", zone.time(at, now))));
    parts.extend(filter.to.map(|at| format!("until {}", zone.time(at, now))));
    if filter.device.is_some() {
        parts.push("one device".to_owned());
    }
    if !filter.words.trim().is_empty() {
        parts.push(format!("“{}”", filter.words.trim()));
    }
    words::cut(&parts.join(" · "), 400)
}
