//! What a living demonstration says next. Whoever performs it decides how: nothing in here touches a store.

use onsite_rules::acknowledgement::AcknowledgeBody;
use onsite_rules::mute::MuteBody;
use onsite_wire::ids::{DeviceId, OrganizationId, PersonId};
use onsite_wire::rest::{Alarm, Measurement};
use onsite_wire::time::Timestamp;

/// Something that happens, and when. Of two beats of a stream the second is later.
#[derive(Debug, Clone, PartialEq)]
pub struct Beat {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A condition begins to hold, or holds again.
    Occurs {
        /// Which.
        condition: ConditionKey,
        /// The alarm to raise if none of this condition is active; if one is, its texts and severity become these and it
        /// has returned (`onsite_rules::clearing`).
        alarm: Box<Alarm>,
    },
    /// A condition that holds is described differently from now on.
    Changes {
        /// Which.
        condition: ConditionKey,
        /// Its alarm in the new words, as bad as it is now; id and activation are of no importance here.
        alarm: Box<Alarm>,
    },
    /// A condition holds no more; its alarm is cleared unless it returns within the clearing window.
    Goes {
        /// Which.
        condition: ConditionKey,
    },
    /// Sensors of one organization were read.
    Measured {
        /// Whose.
        organization: OrganizationId,
        /// The values.
        measurements: Vec<Measurement>,
    },
    /// A colleague does something.
    Acts(Act),
}

/// The identity of a condition over all its returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConditionKey {
    /// Whose.
    pub organization: OrganizationId,
    /// At which device.
    pub device: DeviceId,
    /// What is wrong, as a stable name.
    pub name: &'static str,
    /// With which part of the device: a phase, a fan, a battery module; empty: with the device as a whole.
    pub part: &'static str,
}

impl ConditionKey {
    /// What the device calls it, part included: with the device, its identity.
    pub fn name_with_part(&self) -> String {
        if self.part.is_empty() { self.name.to_owned() } else { format!("{} {}", self.name, self.part) }
    }
}

/// A colleague does something to an alarm, if there is one to do it to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Where.
    pub organization: OrganizationId,
    /// Who: a person of this organization with the right to do it at the target.
    pub by: PersonId,
    /// To which alarm. None like that: nothing happens.
    pub target: Target,
    /// What.
    pub deed: Deed,
}

/// The newest active alarm that is like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Of this device; missing: of any device in the organization.
    pub device: Option<DeviceId>,
    /// In this state.
    pub wanted: Wanted,
}

/// The state of an alarm that somebody looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Nobody is responsible for it.
    Unacknowledged,
    /// This person is responsible for it.
    AssignedTo(PersonId),
    /// Neither it nor its device is muted.
    Unmuted,
}

/// What a colleague does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Makes somebody responsible.
    Acknowledge(AcknowledgeBody),
    /// Takes the responsibility back.
    Release,
    /// Mutes the alarm.
    Mute(MuteBody),
}
