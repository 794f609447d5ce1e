//! `mute` and `unmute`, of one alarm or of all alarms of a device (A9).

use std::collections::BTreeMap;

use onsite_rules::action::{Refusal, Standing, UNMUTE};
use onsite_rules::mute::{MuteBody, Target, check, holds, muted};
use onsite_wire::codes::Code;
use onsite_wire::ids::{AlarmId, DeviceId};
use onsite_wire::onsite::{CurrentState, Position, SubjectKind};
use onsite_wire::rest::{Alarm, Device, MuteAspect, Muted};

use super::decide::{Arrived, Effect, Stop};
use crate::storage::{Feed, Write};

/// What carries the mute.
enum Carrier {
    Alarm(Box<Alarm>),
    Device(Box<Device>),
}

impl Carrier {
    fn mute(&self) -> MuteAspect {
        match self {
            Self::Alarm(alarm) => alarm.mute.clone(),
            Self::Device(device) => device.mute.clone(),
        }
        .unwrap_or_default()
    }

    const fn target(&self) -> Target {
        match self {
            Self::Alarm(alarm) => Target::Alarm { cleared: alarm.cleared_time.is_some() },
            Self::Device(_) => Target::Device,
        }
    }
}

/// Sets a mute, changes it, or lifts it.
pub(super) fn apply(write: &mut Write<'_>, arrived: &Arrived<'_>) -> Result<Effect, Stop> {
    let carrier = carrier(write, arrived)?;
    let present = carrier.mute();
    let standing = Standing { version: present.version, last_action: present.action };
    arrived.check(write, standing, || current(arrived, &present))?;
    let now = write.now();
    let set = if arrived.kind.name == UNMUTE.name {
        let cleared = matches!(carrier.target(), Target::Alarm { cleared: true });
        if !holds(&present, cleared, now) {
            return Err(Refusal::of(Code::NotMuted).into());
        }
        None
    } else {
        let body: MuteBody = arrived.body()?;
        check(&body, carrier.target(), now)?;
        Some(muted(&body))
    };
    let details = details(set.as_ref());
    let aspect = MuteAspect {
        version: present.version + 1,
        action: Some(arrived.request.id),
        by: Some(arrived.person),
        by_name: arrived.by_name.clone(),
        made_at: Some(arrived.made_at),
        muted: set,
    };
    let version = aspect.version;
    let (organization, subject) = (arrived.scope.organization, arrived.request.subject);
    write.note_mute(organization, subject.kind, subject.id, &aspect)?;
    let position = carry(write, arrived, carrier, aspect)?;
    if subject.kind == SubjectKind::Device {
        // Lifted: what it kept back may open an incident now (I1).
        write.consider_device(organization, DeviceId(subject.id))?;
    }
    Ok(Effect { version: Some(version), position: Some(position), details })
}

fn carrier(write: &Write<'_>, arrived: &Arrived<'_>) -> Result<Carrier, Stop> {
    let (organization, id) = (arrived.scope.organization, arrived.request.subject.id);
    let found = match arrived.request.subject.kind {
        SubjectKind::Alarm => {
            write.view().alarm(organization, AlarmId(id))?.map(|(alarm, _, _)| Carrier::Alarm(Box::new(alarm)))
        }
        SubjectKind::Device => {
            write.view().device(organization, DeviceId(id))?.map(|(device, _, _)| Carrier::Device(Box::new(device)))
        }
        SubjectKind::Person | SubjectKind::Incident => None,
    };
    found.ok_or_else(|| Refusal::of(Code::NotFound).with("what", "subject").into())
}

fn carry(write: &mut Write<'_>, arrived: &Arrived<'_>, carrier: Carrier, aspect: MuteAspect) -> Result<Position, Stop> {
    let organization = arrived.scope.organization;
    let (feed, offset) = match carrier {
        Carrier::Alarm(alarm) => {
            (Feed::Alarms, write.put_alarm(organization, &Alarm { mute: Some(aspect), ..*alarm })?)
        }
        Carrier::Device(device) => {
            (Feed::Inventory, write.put_device(organization, &Device { mute: Some(aspect), ..*device })?)
        }
    };
    Ok(Position { feed: feed.name().to_owned(), offset })
}

fn current(arrived: &Arrived<'_>, present: &MuteAspect) -> CurrentState {
    CurrentState {
        by: present.by,
        by_name: present.by_name.clone(),
        made_at: present.made_at,
        yours_made_at: arrived.made_at,
        acknowledgement: None,
        mute: Some(present.clone()),
    }
}

fn details(set: Option<&Muted>) -> BTreeMap<String, String> {
    let mut details = BTreeMap::new();
    if let Some(set) = set {
        let reason = serde_json::to_value(set.reason).ok().and_then(|name| name.as_str().map(str::to_owned));
        details.insert("reason".to_owned(), reason.unwrap_or_default());
        if let Some(until) = set.until {
            details.insert("until".to_owned(), until.to_string());
        }
        if !set.text.is_empty() {
            details.insert("text".to_owned(), set.text.clone());
        }
    }
    details
}
