//! What a person decides about an action that had no effect (A8): the same again, or something else instead. Either is a
//! new action that names the old one, over what is there now.

use onsite_rules::action::{self, Aspect};
use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, AlarmId, DeviceId, OrganizationId};
use onsite_wire::onsite::{CurrentState, Subject, SubjectKind};
use serde_json::Value;

use super::acting::{Deed, Standing, own_end};
use super::room::Alarms;
use crate::error::Error;
use crate::sync::handover::new_action_id;
use crate::sync::outbox::{Draft, SubjectName};
use crate::sync::pull::server_now;

/// An action that waits for its person's decision.
#[derive(Debug, Clone)]
pub(crate) struct Undone {
    pub(crate) id: ActionId,
    pub(crate) organization: OrganizationId,
    pub(crate) kind: String,
    pub(crate) subject: Subject,
    pub(crate) body: Value,
    pub(crate) name: SubjectName,
    /// What a conflict showed to be there now.
    pub(crate) current: Option<Box<CurrentState>>,
}

impl Undone {
    /// What it would have moved; a kind of another version of the app moves nothing that is known here.
    fn aspect(&self) -> Result<Aspect, Error> {
        action::kind(&self.kind).and_then(|kind| kind.merge.aspect()).ok_or_else(|| Error::new(Code::NotOffered))
    }

    /// The version to build upon: the row's, or the conflict's where that is ahead of the feed.
    fn seen(&self, aspect: Aspect, row: i64) -> i64 {
        row.max(self.current.as_deref().map_or(0, |current| shown_version(current, aspect)))
    }
}

/// The version of an aspect that a conflict shows; 0 where it does not show it.
fn shown_version(current: &CurrentState, aspect: Aspect) -> i64 {
    match aspect {
        Aspect::Acknowledgement => current.acknowledgement.as_ref().map_or(0, |aspect| aspect.version),
        Aspect::Mute => current.mute.as_ref().map_or(0, |aspect| aspect.version),
    }
}

impl Alarms {
    /// The same again. A mute keeps its own end.
    pub(crate) async fn again(&self, undone: Undone) -> Result<ActionId, Error> {
        let aspect = undone.aspect()?;
        let subject = undone.subject;
        let row =
            self.read(move |room, reading| Ok(room.standing(reading, subject)?.map_or(0, |at| at.version(aspect))));
        let seen = undone.seen(aspect, row.await?);
        let http = &self.puller.http;
        let moment = http.clock().now();
        self.hand_one(Draft {
            id: new_action_id(&moment),
            expires_at: own_end(&undone.kind, &undone.body, server_now(http), moment.wall),
            organization: undone.organization,
            kind: undone.kind,
            subject,
            body: undone.body,
            seen,
            retry_of: Some(undone.id),
            name: undone.name,
        })
        .await
    }

    /// Something else instead, to the same subject and aspect.
    pub(crate) async fn instead(&self, undone: Undone, deed: Deed) -> Result<ActionId, Error> {
        let aspect = undone.aspect()?;
        if deed.kind().merge.aspect() != Some(aspect) {
            return Err(Error::input(format!("{} cannot be changed into {}", undone.kind, deed.kind().name)));
        }
        let subject = undone.subject;
        let draft = self.read(move |room, reading| {
            let standing = room.standing(reading, subject)?;
            room.draft(reading, standing, subject, &deed)
        });
        let draft = draft.await??;
        let seen = undone.seen(aspect, draft.seen);
        self.hand_one(Draft { seen, retry_of: Some(undone.id), ..draft }).await
    }

    fn standing(
        &self,
        reading: &crate::store::Reading<'_>,
        subject: Subject,
    ) -> Result<Option<Standing>, crate::store::Fault> {
        let directory = self.directory.at(reading.cache)?;
        match subject.kind {
            SubjectKind::Alarm => Standing::of_alarm(reading, &directory, AlarmId(subject.id)),
            SubjectKind::Device => Standing::of_device(reading, &directory, DeviceId(subject.id)),
            SubjectKind::Incident | SubjectKind::Person => Ok(None),
        }
    }

    async fn hand_one(&self, draft: Draft) -> Result<ActionId, Error> {
        match self.handover.hand(vec![draft]).await?.into_iter().next() {
            Some(made) => made.map_err(Error::new),
            None => Err(Error::new(Code::StoreClosed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use onsite_wire::rest::{AcknowledgementAspect, MuteAspect};
    use onsite_wire::time::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn current(acknowledgement: Option<i64>, mute: Option<i64>) -> CurrentState {
        CurrentState {
            by: None,
            by_name: String::new(),
            made_at: None,
            yours_made_at: Timestamp::from_millis(0),
            acknowledgement: acknowledgement
                .map(|version| AcknowledgementAspect { version, ..AcknowledgementAspect::default() }),
            mute: mute.map(|version| MuteAspect { version, ..MuteAspect::default() }),
        }
    }

    fn undone(kind: &str, current: Option<CurrentState>) -> Undone {
        Undone {
            id: ActionId::from_bytes([1; 16]),
            organization: OrganizationId::from_bytes([2; 16]),
            kind: kind.to_owned(),
            subject: Subject { kind: SubjectKind::Alarm, id: uuid::Uuid::nil() },
            body: Value::Null,
            name: SubjectName::default(),
            current: current.map(Box::new),
        }
    }

    proptest! {
        #[test]
        fn a_decision_builds_on_the_newest_version_of_its_own_aspect(
            row in 0..9_i64, acknowledgement in prop::option::of(0..9_i64), mute in prop::option::of(0..9_i64),
        ) {
            for (kind, shown) in [("acknowledge", acknowledgement), ("release", acknowledgement), ("mute", mute), ("unmute", mute)] {
                let undone = undone(kind, Some(current(acknowledgement, mute)));
                prop_assert_eq!(undone.seen(undone.aspect().unwrap(), row), row.max(shown.unwrap_or_default()));
            }
        }
    }

    #[test]
    fn a_kind_that_is_not_known_here_is_not_taken_for_a_mute() {
        assert_eq!(undone("teleport", None).aspect().unwrap_err().code, Code::NotOffered);
    }
}
