//! What a person does: acting, deciding about a parked action, taking one back.

use onsite_rules::action::Merge;
use onsite_wire::codes::Code;
use onsite_wire::ids::ActionId;
use onsite_wire::onsite::Basis;

use super::entry::{Draft, Entry, KindRules, State, Waiting};
use super::event::Note;
use super::sending::fits_a_batch;
use super::{Outbox, Work};

impl Outbox {
    /// Takes a draft in, or says why not.
    pub(super) fn make(&mut self, draft: Draft, work: &mut Work) {
        let id = draft.id;
        match self.taken_in(draft, work) {
            Ok(entry) => self.keep(entry, work),
            Err(code) => work.rejected.push((id, code)),
        }
    }

    fn taken_in(&mut self, draft: Draft, work: &mut Work) -> Result<Entry, Code> {
        let rules = self.kinds.get(&draft.kind).cloned().ok_or(Code::NotOffered)?;
        if self.shelf.order_of(draft.id).is_some() {
            return Err(Code::IdUsed);
        }
        let settled = draft.retry_of.map(|old| self.retried(old, &draft)).transpose()?;
        let replaced = self.replaced_by(&rules, &draft);
        let basis = self.basis(&rules, &draft, replaced.as_ref());
        let entry = Entry {
            order: self.next_order,
            id: draft.id,
            organization: draft.organization,
            kind: draft.kind,
            subject: draft.subject,
            body: draft.body,
            body_version: rules.body_version,
            basis,
            made: work.now,
            expires_at: draft.expires_at,
            retry_of: draft.retry_of.or(replaced.as_ref().and_then(|old| old.retry_of)),
            name: draft.name,
            state: State::Waiting(Waiting::default()),
        };
        if !fits_a_batch(&entry, &work.now) {
            return Err(Code::TooLarge);
        }
        self.next_order = self.next_order.saturating_add(1);
        if let Some(old) = settled {
            self.forget(old.order, work);
            work.notes.push(Note::Settled { old: old.id, by: Some(entry.id) });
        }
        if let Some(old) = replaced {
            self.forget(old.order, work);
            work.notes.push(Note::Replaced { old: old.id, new: entry.id });
        }
        Ok(entry)
    }

    /// The parked action that a retry or change is made instead of.
    fn retried(&self, old: ActionId, draft: &Draft) -> Result<Entry, Code> {
        let parked = self.shelf.of_id(old).filter(|entry| matches!(entry.state, State::Parked(_)));
        let parked = parked.ok_or(Code::ActionNotWaiting)?;
        if parked.organization == draft.organization { Ok(parked.clone()) } else { Err(Code::InputInvalid) }
    }

    /// The unsent action whose place a draft takes: the last one on the aspect, and only if the server cannot have heard of
    /// it. Being the last, nothing builds on it.
    fn replaced_by(&self, rules: &KindRules, draft: &Draft) -> Option<Entry> {
        let last = self.last_shaping(rules, draft)?;
        let unheard = last.waiting().is_some_and(|waiting| !waiting.asked);
        (unheard && rules.replaces.contains(&last.kind)).then(|| last.clone())
    }

    /// The last action of the draft's subject that comes together with it and still shapes what the person sees. Without
    /// versions, only the kinds that it replaces come together with it.
    fn last_shaping(&self, rules: &KindRules, draft: &Draft) -> Option<&Entry> {
        self.shelf.of_subject(draft.organization, draft.subject).rev().filter(|entry| entry.shapes()).find(|entry| {
            match rules.merge {
                Merge::Versioned(aspect) => self.kinds.get(&entry.kind).and_then(KindRules::aspect) == Some(aspect),
                Merge::LastWins | Merge::Maximum | Merge::Append => rules.replaces.contains(&entry.kind),
            }
        })
    }

    fn basis(&self, rules: &KindRules, draft: &Draft, replaced: Option<&Entry>) -> Option<Basis> {
        rules.aspect()?;
        match replaced {
            Some(old) => old.basis,
            None => Some(match self.last_shaping(rules, draft) {
                Some(earlier) => Basis::After(earlier.id),
                None => Basis::Version(draft.seen.max(self.made_last(rules, draft))),
            }),
        }
    }

    /// The version that this person's last action on the aspect made. While the feed was bringing it back, the row that the
    /// person saw had its effect and still the version before.
    fn made_last(&self, rules: &KindRules, draft: &Draft) -> i64 {
        let generation = self.lanes.get(&draft.organization).and_then(|lane| lane.generation);
        let made = self.shelf.of_subject(draft.organization, draft.subject).filter_map(|entry| match &entry.state {
            State::OnServer(done) if Some(done.generation) == generation => {
                let same = self.kinds.get(&entry.kind).and_then(KindRules::aspect) == rules.aspect();
                done.version.filter(|_| same)
            }
            State::OnServer(_) | State::Waiting(_) | State::Parked(_) => None,
        });
        made.max().unwrap_or_default()
    }

    /// Lets go of a parked action, or of a waiting one of which the server cannot have heard; those that follow it build on
    /// what it was built on.
    pub(super) fn discard(&mut self, id: ActionId, work: &mut Work) {
        let discardable = self.shelf.of_id(id).filter(|entry| match &entry.state {
            State::Waiting(waiting) => !waiting.asked,
            State::Parked(_) => true,
            State::OnServer(_) => false,
        });
        let Some(entry) = discardable.cloned() else {
            work.rejected.push((id, Code::ActionNotWaiting));
            return;
        };
        if entry.waiting().is_some() {
            for follower in self.shelf.followers(&entry) {
                self.keep(Entry { basis: entry.basis, ..follower }, work);
            }
        }
        self.forget(entry.order, work);
        work.notes.push(Note::Settled { old: id, by: None });
    }
}
