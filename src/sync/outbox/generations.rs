//! What comes down: where the phone's copies stand, and the generation of the server's data they belong to.

use onsite_wire::ids::{ActionId, Generation, OrganizationId};

use super::entry::{Entry, State, Waiting};
use super::event::Note;
use super::{Outbox, Work};

impl Outbox {
    /// The generation of an organization's data, once heard.
    pub fn generation_of(&self, organization: OrganizationId) -> Option<Generation> {
        self.lanes.get(&organization).and_then(|lane| lane.generation)
    }

    /// The server named its generation.
    pub(super) fn generation_seen(&mut self, organization: OrganizationId, generation: Generation, work: &mut Work) {
        let lane = self.lanes.entry(organization).or_default();
        if lane.generation == Some(generation) {
            return;
        }
        lane.generation = Some(generation);
        lane.reached.clear();
        self.ask_again(organization, generation, work);
    }

    /// An answer that belongs to `answered` came for a batch that named `named`. When it is the named one, the answer may be
    /// older than what was heard meanwhile; what it confirmed is then asked again at once.
    pub(super) fn answer_of_generation(
        &mut self,
        organization: OrganizationId,
        named: Option<Generation>,
        answered: Generation,
        work: &mut Work,
    ) {
        match self.generation_of(organization) {
            Some(present) if present != answered && named == Some(answered) => {
                self.ask_again(organization, present, work);
            }
            _ => self.generation_seen(organization, answered, work),
        }
    }

    /// Confirmed actions of other generations become waiting again, under their ids and in their old places. Those past
    /// their own end are left: their effect would be over, and stays confirmed in the generation that had it.
    fn ask_again(&mut self, organization: OrganizationId, generation: Generation, work: &mut Work) {
        let now = work.now;
        let forgotten = |entry: &&Entry| {
            let other = matches!(&entry.state, State::OnServer(on_server) if on_server.generation != generation);
            let lasting = self.kinds.get(&entry.kind).is_some_and(|rules| rules.lasting);
            let ended = !lasting && entry.may_wait_ms(None).is_some_and(|limit| entry.age(&now).0 > limit);
            entry.organization == organization && other && !ended
        };
        let entries: Vec<Entry> = self.shelf.all().filter(forgotten).cloned().collect();
        let count = entries.len();
        for entry in entries {
            let again = Waiting { attempts: 0, asked: true, confirmed_before: true };
            self.keep(Entry { state: State::Waiting(again), ..entry }, work);
        }
        if count > 0 {
            work.notes.push(Note::AskedAgain { organization, count });
        }
    }

    /// The phone's copy of a feed stands here: effects up to here are in it.
    pub(super) fn feed_reached(&mut self, organization: OrganizationId, feed: String, offset: i64, work: &mut Work) {
        let present = self.generation_of(organization);
        let contained = |entry: &&Entry| {
            let State::OnServer(on_server) = &entry.state else { return false };
            // What ended in a generation that is gone has nothing left to show.
            let gone = present.is_some_and(|present| on_server.generation != present);
            let reached = on_server.position.as_ref().is_some_and(|at| at.feed == feed && at.offset <= offset);
            entry.organization == organization && (gone || reached)
        };
        let ids: Vec<ActionId> = self.shelf.not_shown().filter(contained).map(|entry| entry.id).collect();
        for id in ids {
            self.shown(id, work);
        }
        if let Some(lane) = self.lanes.get_mut(&organization) {
            lane.reached.insert(feed, offset);
        }
    }

    /// The phone's copy contains this action's effect.
    pub(super) fn shown(&mut self, id: ActionId, work: &mut Work) {
        let Some(mut entry) = self.shelf.of_id(id).cloned() else { return };
        if let State::OnServer(on_server) = &mut entry.state
            && !on_server.shown
        {
            on_server.shown = true;
            self.keep(entry, work);
        }
    }
}
