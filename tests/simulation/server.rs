//! A server as the contract wants it, deciding by the shared rules. What is checked here is what nobody else can see: effects.

use std::collections::{BTreeMap, BTreeSet};

use onsite_rules::acknowledgement::{AcknowledgeBody, Chosen, acknowledged};
use onsite_rules::action::{
    DUTY, Earlier, MESSAGE, PRESENCE, READ_NOTICES, Refusal, Standing, Verdict, in_time, kind, verdict,
};
use onsite_rules::digest;
use onsite_rules::incident::may_write;
use onsite_rules::mute::{self, MuteBody, Target};
use onsite_wire::codes::Code;
use onsite_wire::ids::{ActionId, Generation, OrganizationId, PersonId, Uuid};
use onsite_wire::onsite::{
    ActionRequest, ActionResult, ActionsRequest, AtSite, IncidentState, Outcome, Position, Subject,
};
use onsite_wire::time::Timestamp;

use super::leases::presence_of;
use super::ledger::Ledger;
use super::notices::{Log, Notice};

/// The one feed.
pub const FEED: &str = "alarms";
/// The one incident of each organization.
pub const INCIDENT: Uuid = Uuid::from_u128(900);
/// How much later than its age said an action may arrive: the longest way through the network.
const ON_THE_WAY_MS: i64 = 10 * 60_000;

/// What people did to one aspect of an alarm.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Aspect {
    pub version: i64,
    pub action: Option<ActionId>,
    pub set: bool,
}

/// An alarm as it is read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    pub revision: i64,
    pub text: u64,
    pub cleared: bool,
    pub acknowledgement: Aspect,
    pub mute: Aspect,
    /// Of an incident: its messages in the server's order. `cleared` says that it is solved.
    pub chat: Vec<ActionId>,
    /// Of a person: since when on duty.
    pub on_duty: Option<Timestamp>,
    /// Of a person's presence: the lease.
    pub at: Option<AtSite>,
    /// Of a notification.
    pub notice: Option<Notice>,
}

/// When a batch left its phone, and when it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    pub sent_ms: i64,
    pub now_ms: i64,
}

/// What a backup holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Data {
    offsets: BTreeMap<OrganizationId, i64>,
    pub(super) rows: BTreeMap<OrganizationId, BTreeMap<Uuid, Row>>,
    results: BTreeMap<ActionId, ActionResult>,
    pub(super) log: Log,
    /// What had its effect: by the first action of its chain, the action.
    effects: BTreeMap<ActionId, ActionId>,
    /// The last effect of each phone on each subject: the how-manieth action of the phone, and which.
    last: BTreeMap<(usize, OrganizationId, Subject), (usize, ActionId)>,
}

/// The server.
#[derive(Debug)]
pub struct Server {
    pub(super) data: Data,
    backup: Option<Data>,
    pub generation: Generation,
    generations: u128,
    /// Everything it ever confirmed, by generation: what "on the server" may be said of.
    pub confirmed: BTreeSet<(Generation, ActionId)>,
    pub up: bool,
    pub(super) people: Vec<PersonId>,
}

/// What is read of a feed.
pub struct Reading {
    pub rows: BTreeMap<Uuid, Row>,
    pub offset: i64,
}

impl Server {
    pub fn new(organizations: &[OrganizationId], alarms: &[Uuid], people: &[PersonId]) -> Self {
        let mut data = Data::default();
        let rows_of = people.iter().flat_map(|person| [person.0, presence_of(*person)]);
        let ids: Vec<Uuid> = alarms.iter().copied().chain([INCIDENT]).chain(rows_of).collect();
        for organization in organizations {
            let row = |revision| Row { revision, ..Row::default() };
            data.rows.insert(*organization, ids.iter().zip(1..).map(|(id, revision)| (*id, row(revision))).collect());
            data.offsets.insert(*organization, ids.len() as i64);
        }
        Self {
            data,
            backup: None,
            generation: Generation(Uuid::from_u128(1)),
            generations: 1,
            confirmed: BTreeSet::new(),
            up: true,
            people: people.to_vec(),
        }
    }

    pub fn back_up(&mut self) {
        self.backup = Some(self.data.clone());
    }

    /// Restores the last backup, if there is one: a new generation.
    pub fn restore(&mut self) -> bool {
        let Some(backup) = self.backup.clone() else { return false };
        self.data = backup;
        self.generations += 1;
        self.generation = Generation(Uuid::from_u128(self.generations));
        for id in self.data.effects.values() {
            self.confirmed.insert((self.generation, *id));
        }
        true
    }

    /// An alarm changes by itself: its text, or it is cleared.
    pub fn change(&mut self, organization: OrganizationId, alarm: Uuid, clear: bool) {
        let revision = self.next_offset(organization);
        if let Some(row) = self.row(organization, alarm) {
            row.text += 1;
            row.cleared |= clear;
            row.revision = revision;
        }
    }

    /// The incident is solved, or reopened.
    pub fn solve(&mut self, organization: OrganizationId) {
        let revision = self.next_offset(organization);
        if let Some(row) = self.row(organization, INCIDENT) {
            row.cleared = !row.cleared;
            row.revision = revision;
        }
    }

    /// The messages of an organization's incident.
    pub fn chat(&self, organization: OrganizationId) -> &[ActionId] {
        let row = self.data.rows.get(&organization).and_then(|rows| rows.get(&INCIDENT));
        row.map_or(&[], |row| row.chat.as_slice())
    }

    pub(super) fn next_offset(&mut self, organization: OrganizationId) -> i64 {
        let offset = self.data.offsets.entry(organization).or_default();
        *offset += 1;
        *offset
    }

    pub fn offset(&self, organization: OrganizationId) -> i64 {
        self.data.offsets.get(&organization).copied().unwrap_or_default()
    }

    pub(super) fn row(&mut self, organization: OrganizationId, alarm: Uuid) -> Option<&mut Row> {
        self.data.rows.get_mut(&organization)?.get_mut(&alarm)
    }

    /// Everything, or at most `most` changes after an offset.
    pub fn read(&self, organization: OrganizationId, after: Option<i64>, most: usize) -> Reading {
        let Some(all) = self.data.rows.get(&organization) else {
            return Reading { rows: BTreeMap::new(), offset: 0 };
        };
        let end = self.offset(organization);
        let Some(after) = after else { return Reading { rows: all.clone(), offset: end } };
        let mut changed: Vec<_> = all.iter().filter(|(_, row)| row.revision > after).collect();
        changed.sort_by_key(|(_, row)| row.revision);
        let offset =
            if changed.len() > most { changed.get(most - 1).map_or(end, |(_, row)| row.revision) } else { end };
        let rows = changed.into_iter().take(most).map(|(id, row)| (*id, row.clone())).collect();
        Reading { rows, offset: offset.max(after) }
    }

    pub fn digest(&self, organization: OrganizationId) -> (i64, digest::Tally) {
        (self.offset(organization), self.data.rows.get(&organization).map(tally).unwrap_or_default())
    }

    /// Takes a batch, or says which generation the server is of. `Err`: a promise is broken.
    pub fn act(
        &mut self,
        sender: PersonId,
        request: &ActionsRequest,
        arrival: Arrival,
        ledger: &Ledger,
    ) -> Result<Option<Vec<ActionResult>>, String> {
        if request.actions.len() > 100 {
            return Err("a batch is over its limit".to_owned());
        }
        if request.generation.is_some_and(|generation| generation != self.generation) {
            return Ok(None);
        }
        let mut results = Vec::new();
        for action in &request.actions {
            let made = ledger.of(action.id)?;
            if made.person != sender {
                return Err(format!("{}: sent under another person's account", action.id));
            }
            results.push(self.take(action, arrival, ledger)?);
        }
        Ok(Some(results))
    }

    fn take(&mut self, action: &ActionRequest, arrival: Arrival, ledger: &Ledger) -> Result<ActionResult, String> {
        if let Some(known) = self.data.results.get(&action.id) {
            let mut known = known.clone();
            if known.outcome == Outcome::Applied {
                known.outcome = Outcome::AlreadyApplied;
            }
            return Ok(known);
        }
        let of_oneself = [DUTY.name, PRESENCE.name, READ_NOTICES.name].contains(&action.kind.as_str());
        let decided =
            if of_oneself { self.decide_about_oneself(action, arrival) } else { self.decide(action, arrival.now_ms) };
        let result = match decided {
            Ok(()) if of_oneself => self.apply_about_oneself(action, arrival, ledger)?,
            Ok(()) => self.apply(action, arrival, ledger)?,
            Err((_, refusal)) if refusal.code == Code::TooOld && !of_oneself && ledger.of(action.id)?.heard => {
                return Err(format!("{}: was in time once, and is too old now", action.id));
            }
            Err((outcome, refusal)) => {
                ActionResult { code: Some(refusal.code), arguments: refusal.arguments, ..empty(action.id, outcome) }
            }
        };
        self.data.results.insert(action.id, result.clone());
        Ok(result)
    }

    fn decide(&self, action: &ActionRequest, now_ms: i64) -> Result<(), (Outcome, Refusal)> {
        let refused = |refusal| (Outcome::Refused, refusal);
        let kind = kind(&action.kind).ok_or_else(|| refused(Refusal::of(Code::NotOffered)))?;
        in_time(kind, action.age_ms, action.confirmed_before).map_err(refused)?;
        let Data { rows, results, .. } = &self.data;
        let row = rows.get(&action.organization_id).and_then(|rows| rows.get(&action.subject.id));
        let row = row.ok_or_else(|| refused(Refusal::of(Code::NotFound)))?;
        if action.kind == MESSAGE.name {
            let solved = if row.cleared { IncidentState::Solved } else { IncidentState::Open };
            return may_write(solved).map_err(refused);
        }
        let aspect = if is_mute(&action.kind) { &row.mute } else { &row.acknowledgement };
        let standing = Standing { version: aspect.version, last_action: aspect.action };
        let basis = action.basis.ok_or_else(|| refused(Refusal::of(Code::BodyInvalid)))?;
        let earlier = |id: ActionId| match results.get(&id) {
            Some(result) if result.outcome == Outcome::Applied => Earlier::Applied,
            Some(_) => Earlier::NotApplied,
            None => Earlier::Unknown,
        };
        match verdict(basis, standing, earlier) {
            Verdict::Apply => rules_allow(action, row, now_ms).map_err(refused),
            Verdict::Conflict => Err((Outcome::Conflict, Refusal::of(Code::VersionMoved))),
            Verdict::Blocked => Err((Outcome::Blocked, Refusal::of(Code::EarlierNotApplied))),
        }
    }

    fn apply(&mut self, action: &ActionRequest, arrival: Arrival, ledger: &Ledger) -> Result<ActionResult, String> {
        self.check_effect(action, arrival.now_ms, ledger)?;
        let offset = self.next_offset(action.organization_id);
        let row = self.row(action.organization_id, action.subject.id).ok_or("an effect on nothing")?;
        row.revision = offset;
        let version = if action.kind == MESSAGE.name {
            row.chat.push(action.id);
            None
        } else {
            let aspect = if is_mute(&action.kind) { &mut row.mute } else { &mut row.acknowledgement };
            aspect.version += 1;
            aspect.action = Some(action.id);
            aspect.set = matches!(action.kind.as_str(), "mute" | "acknowledge");
            Some(aspect.version)
        };
        self.applied(action, (offset, version), ledger)
    }

    /// Notes an effect, and says so.
    pub(super) fn applied(
        &mut self,
        action: &ActionRequest,
        (offset, version): (i64, Option<i64>),
        ledger: &Ledger,
    ) -> Result<ActionResult, String> {
        let made = ledger.of(action.id)?;
        self.data.effects.insert(made.root, action.id);
        self.data.last.insert((made.phone, made.organization, made.subject), (made.number, action.id));
        self.confirmed.insert((self.generation, action.id));
        let position = Some(Position { feed: FEED.to_owned(), offset });
        Ok(ActionResult { position, version, ..empty(action.id, Outcome::Applied) })
    }

    /// The promises about effects: known to the phone, wanted still, once, in order, not late.
    pub(super) fn check_effect(&self, action: &ActionRequest, now_ms: i64, ledger: &Ledger) -> Result<(), String> {
        let id = action.id;
        let made = ledger.of(id)?;
        if !made.durable {
            return Err(format!("{id}: an effect, but the phone has no record of it"));
        }
        if made.let_go {
            return Err(format!("{id}: an effect of what the person had let go of"));
        }
        if self.data.effects.contains_key(&made.root) {
            return Err(format!("{id}: the effect of one intention twice"));
        }
        let last = self.data.last.get(&(made.phone, made.organization, made.subject));
        if let Some((_, later)) = last.filter(|(number, _)| *number > made.number) {
            return Err(format!("{id}: an effect behind that of the later {later}"));
        }
        let limit = kind(&action.kind).and_then(|kind| kind.max_age_ms).filter(|_| !action.confirmed_before);
        let late = limit.is_some_and(|limit| now_ms - made.at_ms > limit + ON_THE_WAY_MS);
        if late && !action.age_uncertain {
            return Err(format!("{id}: an old intention had its effect late"));
        }
        Ok(())
    }
}

/// What a copy of rows amounts to.
pub fn tally(rows: &BTreeMap<Uuid, Row>) -> digest::Tally {
    let mut tally = digest::Tally::default();
    for (id, row) in rows {
        tally.add(id.as_bytes(), row.revision);
    }
    tally
}

fn is_mute(kind: &str) -> bool {
    matches!(kind, "mute" | "unmute")
}

fn rules_allow(action: &ActionRequest, row: &Row, now_ms: i64) -> Result<(), Refusal> {
    let invalid = |_| Refusal::of(Code::BodyInvalid);
    match action.kind.as_str() {
        "acknowledge" => {
            let body: AcknowledgeBody = serde_json::from_value(action.body.clone()).map_err(invalid)?;
            let chosen = if body.note.ends_with('7') { Chosen::Unknown } else { Chosen::CanSee("Ada".to_owned()) };
            acknowledged(&body, chosen).map(|_| ())
        }
        "mute" => {
            let body: MuteBody = serde_json::from_value(action.body.clone()).map_err(invalid)?;
            mute::check(&body, Target::Alarm { cleared: row.cleared }, Timestamp::from_millis(now_ms))
        }
        "unmute" if !row.mute.set => Err(Refusal::of(Code::NotMuted)),
        "release" if !row.acknowledgement.set => Err(Refusal::of(Code::NotAcknowledged)),
        _ => Ok(()),
    }
}

fn empty(id: ActionId, outcome: Outcome) -> ActionResult {
    ActionResult { id, outcome, position: None, version: None, code: None, arguments: BTreeMap::new(), current: None }
}
