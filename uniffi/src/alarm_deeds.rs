//! What a person does to alarms and devices, and what comes of it, as records.

use std::time::Duration;

use onsite::account as core_account;
use onsite::alarms as core;
use onsite_wire::ids::{ActionId, Uuid};
use onsite_wire::onsite::Subject;
use onsite_wire::time::Timestamp;

use crate::account_records::SubjectKind;
use crate::alarm_filter::AlarmFilter;
use crate::alarm_rows::MuteReason;
use crate::error::{OnsiteError, Problem, count, id, ids};
use crate::people::Assignee;

/// Which alarms an action is about.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Chosen {
    /// These.
    These {
        /// Which.
        ids: Vec<String>,
    },
    /// All that a filter leaves now.
    AllOf {
        /// The filter.
        filter: AlarmFilter,
    },
}

impl Chosen {
    pub(crate) fn read(self) -> Result<core::Chosen, OnsiteError> {
        Ok(match self {
            Self::These { ids: chosen } => core::Chosen::These(ids(&chosen)?),
            Self::AllOf { filter } => core::Chosen::AllOf(filter.read()?),
        })
    }
}

/// Until when something is muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum MuteUntil {
    /// For so many milliseconds from the press.
    Span {
        /// How long.
        millis: i64,
    },
    /// Until this time.
    At {
        /// In milliseconds since 1970.
        at: i64,
    },
    /// Until the alarm is cleared; not for devices.
    Cleared,
}

impl MuteUntil {
    pub(crate) fn read(self) -> Result<core::MuteUntil, OnsiteError> {
        Ok(match self {
            Self::Span { millis } => {
                let millis = u64::try_from(millis).map_err(|_| OnsiteError::input("a mute ends in the future"))?;
                core::MuteUntil::For(Duration::from_millis(millis))
            }
            Self::At { at } => core::MuteUntil::At(Timestamp::from_millis(at)),
            Self::Cleared => core::MuteUntil::Cleared,
        })
    }
}

/// What a person does to an alarm or a device.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Deed {
    /// Make somebody responsible, or change who or the note.
    Acknowledge {
        /// Who becomes responsible.
        assignee: Assignee,
        /// The note; empty for none.
        note: String,
    },
    /// Take an acknowledgement back.
    Release,
    /// Mute, or change the mute.
    Mute {
        /// Until when.
        until: MuteUntil,
        /// Why.
        reason: MuteReason,
        /// Words beside the reason.
        text: String,
    },
    /// Lift a mute.
    Unmute,
}

impl Deed {
    pub(crate) fn read(self) -> Result<core::Deed, OnsiteError> {
        Ok(match self {
            Self::Acknowledge { assignee, note } => core::Deed::Acknowledge { assignee: assignee.read()?, note },
            Self::Release => core::Deed::Release,
            Self::Mute { until, reason, text } => {
                core::Deed::Mute { until: until.read()?, reason: reason.into(), text }
            }
            Self::Unmute => core::Deed::Unmute,
        })
    }
}

/// An action that is on this phone now.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Acted {
    /// What it is about.
    pub subject_kind: SubjectKind,
    /// Which of these.
    pub subject: String,
    /// The action.
    pub action: String,
}

/// Something that was refused at once.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Refused {
    /// What it is about.
    pub subject_kind: SubjectKind,
    /// Which of these.
    pub subject: String,
    /// Why.
    pub problem: Problem,
}

/// What came of one press: an action for each alarm, and those that could not be.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Receipt {
    /// The actions that are on this phone now.
    pub actions: Vec<Acted>,
    /// What was refused at once.
    pub refused: Vec<Refused>,
}

impl From<core::Receipt> for Receipt {
    fn from(receipt: core::Receipt) -> Self {
        let acted = |(subject, action): (Subject, ActionId)| Acted {
            subject_kind: subject.kind.into(),
            subject: subject.id.to_string(),
            action: action.to_string(),
        };
        let refused = |(subject, error): (Subject, onsite::error::Error)| Refused {
            subject_kind: subject.kind.into(),
            subject: subject.id.to_string(),
            problem: error.into(),
        };
        Self {
            actions: receipt.actions.into_iter().map(acted).collect(),
            refused: receipt.refused.into_iter().map(refused).collect(),
        }
    }
}

impl Receipt {
    /// As the core knows it; of what was refused the code is enough.
    pub(crate) fn read(self) -> Result<core::Receipt, OnsiteError> {
        let subject =
            |kind: SubjectKind, subject: &str| Ok::<_, OnsiteError>(Subject { kind: kind.into(), id: id(subject)? });
        let acted = |acted: Acted| Ok((subject(acted.subject_kind, &acted.subject)?, id(&acted.action)?));
        let refused = |refused: Refused| {
            let code = onsite::error::Code::from_wire(&refused.problem.code);
            Ok((subject(refused.subject_kind, &refused.subject)?, onsite::error::Error::new(code)))
        };
        Ok(core::Receipt {
            actions: self.actions.into_iter().map(acted).collect::<Result<_, OnsiteError>>()?,
            refused: self.refused.into_iter().map(refused).collect::<Result<_, OnsiteError>>()?,
        })
    }
}

/// Somebody's action that did not go through, by its subject.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NotDone {
    /// The alarm or device.
    pub subject: String,
    /// Why.
    pub problem: Problem,
}

/// What became of one press on many alarms.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Outcome {
    /// On the server.
    pub done: i64,
    /// Still on this phone.
    pub waiting: i64,
    /// Somebody else was there in between.
    pub decided_by_others: Vec<String>,
    /// Refused, blocked or too old.
    pub refused: Vec<NotDone>,
    /// No longer known.
    pub unknown: Vec<String>,
}

impl From<core_account::Outcome> for Outcome {
    fn from(outcome: core_account::Outcome) -> Self {
        let refused = outcome.refused.into_iter();
        let named = |ids: Vec<Uuid>| ids.iter().map(ToString::to_string).collect();
        Self {
            done: count(outcome.done),
            waiting: count(outcome.waiting),
            decided_by_others: named(outcome.decided_by_others),
            refused: refused
                .map(|(subject, code)| NotDone { subject: subject.to_string(), problem: Problem::bare(code) })
                .collect(),
            unknown: named(outcome.unknown),
        }
    }
}
