//! The kinds of actions, and what becomes of one (A8, O2).
//!
//! A versioned action names what its maker saw: a version of the aspect, or an earlier action of the same person that was
//! still pending. It is applied when that is what is there now; else somebody was there in between, and the maker decides.

use std::collections::BTreeMap;

use onsite_wire::codes::Code;
use onsite_wire::ids::ActionId;
use onsite_wire::onsite::{Basis, SubjectKind};

use crate::rights::Permission;

/// A reason why something may not be, in words that both sides share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// Its arguments by name.
    pub arguments: BTreeMap<String, String>,
}

impl Refusal {
    /// A refusal with this code and no arguments.
    pub const fn of(code: Code) -> Self {
        Self { code, arguments: BTreeMap::new() }
    }

    /// The same refusal with one more argument.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.arguments.insert(name.to_owned(), value.to_string());
        self
    }
}

/// The part of a subject that an action moves; each has a version of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// Who is responsible for an alarm.
    Acknowledgement,
    /// The mute of an alarm or device.
    Mute,
}

/// How two actions on one subject come together on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// The aspect's version decides; the second one is told.
    Versioned(Aspect),
    /// The last one to arrive wins.
    LastWins,
    /// The larger value wins.
    Maximum,
    /// Both stay, in order.
    Append,
}

impl Merge {
    /// The aspect whose version decides, if one does.
    pub const fn aspect(self) -> Option<Aspect> {
        match self {
            Self::Versioned(aspect) => Some(aspect),
            Self::LastWins | Self::Maximum | Self::Append => None,
        }
    }
}

/// A kind of action, as server and phone register it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its name on the wire.
    pub name: &'static str,
    /// The newest shape of its body.
    pub body_version: i32,
    /// What it may be about.
    pub subjects: &'static [SubjectKind],
    /// How it comes together with others.
    pub merge: Merge,
    /// What the actor must be allowed to do.
    pub needs: Permission,
    /// After this many milliseconds on the phone it is parked as too old instead of sent (O2).
    pub max_age_ms: Option<i64>,
}

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// Make somebody responsible for an alarm, or change the note.
pub const ACKNOWLEDGE: Kind = Kind {
    name: "acknowledge",
    body_version: 1,
    subjects: &[SubjectKind::Alarm],
    merge: Merge::Versioned(Aspect::Acknowledgement),
    needs: Permission::Acknowledge,
    max_age_ms: Some(24 * HOUR_MS),
};

/// Take an acknowledgement back.
pub const RELEASE: Kind = Kind { name: "release", ..ACKNOWLEDGE };

/// Mute an alarm or a device, or change the mute. It runs from the press; past its own end it is not sent.
pub const MUTE: Kind = Kind {
    name: "mute",
    body_version: 1,
    subjects: &[SubjectKind::Alarm, SubjectKind::Device],
    merge: Merge::Versioned(Aspect::Mute),
    needs: Permission::Mute,
    max_age_ms: None,
};

/// Lift a mute.
pub const UNMUTE: Kind = Kind { name: "unmute", max_age_ms: Some(24 * HOUR_MS), ..MUTE };

/// Go on duty, or off (U1). Its age is looked at by [`crate::duty::switch_in_time`]: off is never too late.
pub const DUTY: Kind = Kind {
    name: "duty",
    body_version: 1,
    subjects: &[SubjectKind::Person],
    merge: Merge::LastWins,
    needs: Permission::View,
    max_age_ms: None,
};

/// How one wishes to be notified (N3): all settings at once, the last one to arrive wins.
pub const NOTICE_SETTINGS: Kind = Kind { name: "notice_settings", ..DUTY };

/// At a site, or at none any more (U2). Older than a lease it says nothing (U7).
pub const PRESENCE: Kind = Kind { name: "presence", max_age_ms: Some(crate::duty::LEASE_MS), ..DUTY };

/// Notifications were read (N4). What is read stays read.
pub const READ_NOTICES: Kind = Kind { name: "read_notices", merge: Merge::Maximum, ..NOTICE_SETTINGS };

/// Open an incident (I1). Its subject is the incident, whose id is the action's own; the device is in the body.
pub const OPEN_INCIDENT: Kind = Kind {
    name: "open_incident",
    body_version: 1,
    subjects: &[SubjectKind::Incident],
    merge: Merge::Append,
    needs: Permission::Incidents,
    max_age_ms: Some(HOUR_MS),
};

/// Write in an incident's chat (I4). Never too old.
pub const MESSAGE: Kind = Kind { name: "message", max_age_ms: None, ..OPEN_INCIDENT };

/// Say how far one has read a chat (I4).
pub const READ_UP_TO: Kind =
    Kind { name: "read_up_to", merge: Merge::Maximum, needs: Permission::View, max_age_ms: None, ..OPEN_INCIDENT };

/// Say that an incident is solved (I2).
pub const SOLVE: Kind = Kind { name: "solve", merge: Merge::LastWins, max_age_ms: Some(24 * HOUR_MS), ..OPEN_INCIDENT };

/// Reopen a solved incident (I2).
pub const REOPEN: Kind = Kind { name: "reopen", ..SOLVE };

/// Give feedback on a completed incident, or edit it (I5). When it was made decides, not when it arrives.
pub const FEEDBACK: Kind = Kind { name: "feedback", max_age_ms: None, ..SOLVE };

/// Every kind there is.
pub const KINDS: &[Kind] = &[
    ACKNOWLEDGE,
    RELEASE,
    MUTE,
    UNMUTE,
    OPEN_INCIDENT,
    MESSAGE,
    READ_UP_TO,
    SOLVE,
    REOPEN,
    FEEDBACK,
    NOTICE_SETTINGS,
    READ_NOTICES,
    DUTY,
    PRESENCE,
];

/// The kind of this name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// Whether an action of this age comes too late for its kind (O2). The phone asks before it sends what the server cannot
/// know yet; the server asks before it applies what it has not seen, for the phone cannot tell whether a lost answer was a
/// yes. `confirmed_before`: it was in time once, and a restored backup has forgotten it.
pub fn in_time(kind: &Kind, age_ms: i64, confirmed_before: bool) -> Result<(), Refusal> {
    match kind.max_age_ms {
        Some(limit) if age_ms > limit && !confirmed_before => {
            Err(Refusal::of(Code::TooOld).with("hours", age_ms / HOUR_MS))
        }
        _ => Ok(()),
    }
}

/// What an aspect is at when an action arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The aspect's version.
    pub version: i64,
    /// The action that made it.
    pub last_action: Option<ActionId>,
}

/// What became of the action that another one names in `after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    /// It had its effect.
    Applied,
    /// It was refused, in conflict or blocked.
    NotApplied,
    /// It never arrived.
    Unknown,
}

/// Whether a versioned action goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody was there in between.
    Apply,
    /// Somebody was.
    Conflict,
    /// What it builds on had no effect.
    Blocked,
}

/// Whether an action on an aspect that stands here goes through. `earlier` is asked only when the basis names an action.
pub fn verdict(basis: Basis, standing: Standing, earlier: impl FnOnce(ActionId) -> Earlier) -> Verdict {
    match basis {
        Basis::Version(seen) if seen == standing.version => Verdict::Apply,
        Basis::Version(_) => Verdict::Conflict,
        Basis::After(action) if standing.last_action == Some(action) => Verdict::Apply,
        Basis::After(action) => match earlier(action) {
            Earlier::Applied => Verdict::Conflict,
            Earlier::NotApplied | Earlier::Unknown => Verdict::Blocked,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(n: u8) -> ActionId {
        ActionId::from_bytes([n; 16])
    }

    #[test]
    fn the_second_of_two_who_saw_the_same_is_in_conflict() {
        let before = Standing { version: 4, last_action: None };
        assert_eq!(verdict(Basis::Version(4), before, |_| unreachable!()), Verdict::Apply);
        let after = Standing { version: 5, last_action: Some(id(1)) };
        assert_eq!(verdict(Basis::Version(4), after, |_| unreachable!()), Verdict::Conflict);
    }

    #[test]
    fn a_chain_made_offline_goes_through_unless_somebody_came_between() {
        let mine = Standing { version: 5, last_action: Some(id(1)) };
        assert_eq!(verdict(Basis::After(id(1)), mine, |_| unreachable!()), Verdict::Apply);
        let theirs = Standing { version: 6, last_action: Some(id(9)) };
        assert_eq!(verdict(Basis::After(id(1)), theirs, |_| Earlier::Applied), Verdict::Conflict);
        assert_eq!(verdict(Basis::After(id(1)), theirs, |_| Earlier::NotApplied), Verdict::Blocked);
        assert_eq!(verdict(Basis::After(id(1)), theirs, |_| Earlier::Unknown), Verdict::Blocked);
    }

    #[test]
    fn an_old_intention_comes_too_late_unless_it_was_in_time_once() {
        let day = 24 * HOUR_MS;
        assert_eq!(in_time(&ACKNOWLEDGE, day, false), Ok(()));
        let refused = in_time(&ACKNOWLEDGE, day + 1, false).unwrap_err();
        assert_eq!((refused.code, refused.arguments["hours"].as_str()), (Code::TooOld, "24"));
        assert_eq!(in_time(&ACKNOWLEDGE, 6 * day, true), Ok(()));
        assert_eq!(in_time(&MUTE, 6 * day, false), Ok(()), "a mute has its own end");
    }

    proptest! {
        #[test]
        fn of_any_number_who_saw_the_same_version_exactly_one_goes_through(count in 1..20_u8, start in 0..100_i64) {
            let mut standing = Standing { version: start, last_action: None };
            let mut applied = 0;
            for n in 0..count {
                if verdict(Basis::Version(start), standing, |_| Earlier::Unknown) == Verdict::Apply {
                    standing = Standing { version: standing.version + 1, last_action: Some(id(n)) };
                    applied += 1;
                }
            }
            prop_assert_eq!(applied, 1);
        }
    }
}
