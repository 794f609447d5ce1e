//! A colleague acts from time to time, each within the rights of the role.

use std::sync::Arc;

use onsite_rules::acknowledgement::AcknowledgeBody;
use onsite_rules::rights::{Permission, may};
use onsite_wire::time::Timestamp;

use super::super::beat::{Act, Deed, Target, Wanted};
use super::super::deeds;
use super::super::survey::{Colleague, Spot, Survey};
use super::{SECOND_MS, State, Step, Stream};

/// So many acknowledgements are remembered to be taken back some day.
const REMEMBERED: usize = 30;

impl Stream {
    /// Somebody does something, if anything stands that it could be done to.
    pub(super) fn colleague(&mut self, now: Timestamp) -> Option<Act> {
        let pause = self.dice.between(60 * SECOND_MS, 150 * SECOND_MS);
        self.plan(now.plus_millis(pause), Step::Colleague);
        match self.dice.unit() {
            0.0..0.6 => self.acknowledges(),
            0.6..0.8 => self.mutes(now),
            _ => self.releases().or_else(|| self.acknowledges()),
        }
    }

    fn acknowledges(&mut self) -> Option<Act> {
        let scene = Arc::clone(&self.scene);
        let (survey, spot, by) = self.somebody(&scene.surveys, Permission::Acknowledge)?;
        let device = self.where_to(by, spot, Permission::Acknowledge);
        let assignee = match device {
            Some(_) => deeds::assignee(by, spot, survey, &mut self.dice),
            None => by.assignee(),
        };
        if assignee.id == by.id.0 && device.is_some() {
            self.responsible.push((survey.organization, spot.device, by.id));
            let forgotten = self.responsible.len().saturating_sub(REMEMBERED);
            self.responsible.drain(..forgotten);
        }
        Some(Act {
            organization: survey.organization,
            by: by.id,
            target: Target { device, wanted: Wanted::Unacknowledged },
            deed: Deed::Acknowledge(AcknowledgeBody { assignee, note: deeds::note(&mut self.dice) }),
        })
    }

    fn mutes(&mut self, now: Timestamp) -> Option<Act> {
        let scene = Arc::clone(&self.scene);
        let (survey, spot, by) = self.somebody(&scene.surveys, Permission::Mute)?;
        let device = self.where_to(by, spot, Permission::Mute);
        Some(Act {
            organization: survey.organization,
            by: by.id,
            target: Target { device, wanted: Wanted::Unmuted },
            deed: Deed::Mute(deeds::mute_body(now, &mut self.dice)),
        })
    }

    fn releases(&mut self) -> Option<Act> {
        let chosen = self.dice.below(self.responsible.len());
        if chosen >= self.responsible.len() {
            return None;
        }
        let (organization, device, by) = self.responsible.swap_remove(chosen);
        let target = Target { device: Some(device), wanted: Wanted::AssignedTo(by) };
        Some(Act { organization, by, target, deed: Deed::Release })
    }

    /// A device at which a condition holds, and somebody who may do this there.
    fn somebody<'a>(
        &mut self,
        surveys: &'a [Survey],
        permission: Permission,
    ) -> Option<(&'a Survey, &'a Spot, &'a Colleague)> {
        let holding = self.standing.values().filter(|standing| matches!(standing.state, State::Holds { .. }));
        let places: Vec<_> = holding.map(|standing| standing.place).collect();
        let place = self.dice.pick(&places)?;
        let survey = surveys.get(place.survey)?;
        let spot = survey.spots.get(place.spot)?;
        let by = self.dice.pick(&survey.who_may(permission, spot)).copied()?;
        Some((survey, spot, by))
    }

    /// This device; now and then any, when the person may do it everywhere.
    fn where_to(&mut self, by: &Colleague, spot: &Spot, permission: Permission) -> Option<onsite_wire::ids::DeviceId> {
        let everywhere = by.sees_everything() && may(&by.rights, &[], permission);
        (!(everywhere && self.dice.chance(0.25))).then_some(spot.device)
    }
}
