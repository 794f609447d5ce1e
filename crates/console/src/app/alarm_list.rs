//! The list of alarms as far as the console holds it: the rows of one live window, and what a person chose in it.

use std::collections::BTreeSet;

use onsite_wire::ids::AlarmId;

use super::field::Field;
use super::message::{Command, Counts};
use super::position::Position;
use crate::api::{AlarmFilter, AlarmRow, AlarmSort, Batch, Chosen, Facets, Why};

/// Rows that are asked for at once.
const ROWS: usize = 100;
/// More are asked for when so few are left below the selected one.
const AHEAD: usize = 30;

/// What is chosen to be acted on together (A13).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// Nothing: a deed is done to the selected alarm.
    #[default]
    None,
    /// These.
    These(BTreeSet<AlarmId>),
    /// All that the filter leaves.
    All,
}

/// The list.
#[derive(Debug, Clone, Default)]
pub struct AlarmList {
    /// The number of the window: what an older one says is not taken.
    pub window: u64,
    /// Which alarms.
    pub filter: AlarmFilter,
    /// In which order.
    pub sort: AlarmSort,
    /// The filter and order used last, to come back to.
    pub last: Option<(AlarmFilter, AlarmSort)>,
    /// The rows, as far as they were asked for.
    pub rows: Vec<AlarmRow>,
    /// The rows are this window's: not those of the one before.
    pub is_read: bool,
    /// How many there are.
    pub total: Option<u64>,
    /// How many each choice of a filter would leave.
    pub counts: Counts,
    /// More may still be found.
    pub searching: bool,
    /// There are rows below the last one.
    pub has_more: bool,
    /// Where the person is.
    pub at: Position,
    /// What is chosen.
    pub choice: Choice,
    /// The words to search for, while they are typed.
    pub typing: Option<Field>,
    /// Why the list is short (A12).
    pub why: Vec<Why>,
}

impl AlarmList {
    /// Shows another list. The old rows stay until the first of the new ones are there.
    pub fn open(&mut self, filter: AlarmFilter, sort: AlarmSort) -> Vec<Command> {
        self.window += 1;
        self.filter = filter;
        self.sort = sort;
        self.is_read = false;
        self.choice = Choice::None;
        self.why.clear();
        self.last = Some((self.filter.clone(), sort));
        vec![
            Command::OpenWindow { window: self.window, filter: Box::new(self.filter.clone()), sort, everywhere: false },
            Command::Remember(Box::new(self.filter.clone()), sort),
        ]
    }

    /// Shows a list that no place narrows: what a tapped notification leads to (A5).
    pub fn open_everywhere(&mut self, filter: AlarmFilter) -> Vec<Command> {
        let mut commands = self.open(filter, AlarmSort::default());
        for command in &mut commands {
            if let Command::OpenWindow { everywhere, .. } = command {
                *everywhere = true;
            }
        }
        commands
    }

    /// The same list again, through a new window.
    pub fn reopen(&mut self) -> Vec<Command> {
        if self.window == 0 { Vec::new() } else { self.open(self.filter.clone(), self.sort) }
    }

    /// The size that a window begins with.
    pub const fn first_size() -> usize {
        ROWS
    }

    /// Takes what the window says. The selection stays on its alarm, wherever that moved.
    pub fn take(&mut self, batch: &Batch<AlarmRow, Facets>, page: usize) -> Vec<Command> {
        let selected = if self.is_read { self.selected().map(|row| row.id) } else { None };
        batch.rows.apply(&mut self.rows);
        self.total = batch.total;
        self.counts.clone_from(&batch.counts);
        self.searching = batch.searching;
        self.has_more = batch.has_more;
        if !self.is_read {
            self.is_read = true;
            self.at = Position::default();
        }
        if let Some(found) = selected.and_then(|id| self.rows.iter().position(|row| row.id == id)) {
            let moved = found.abs_diff(self.at.selected);
            let is_down = found > self.at.selected;
            // The screen moves with the selection, unless it shows the top: there new alarms come into view.
            self.at.top = match (self.at.top, is_down) {
                (0, _) => 0,
                (top, true) => top + moved,
                (top, false) => top.saturating_sub(moved),
            };
            self.at.selected = found;
        }
        self.at.keep_inside(self.rows.len());
        self.ask_why(page)
    }

    /// A short list is asked why it is short; a long one is not.
    fn ask_why(&mut self, page: usize) -> Vec<Command> {
        if self.searching || self.has_more || self.rows.len() > page {
            self.why.clear();
            return Vec::new();
        }
        vec![Command::Why(Box::new(self.filter.clone()))]
    }

    /// Asks for more rows when the selected one comes close to the last.
    pub fn ask_more(&self) -> Vec<Command> {
        if self.has_more && self.at.selected + AHEAD > self.rows.len() { vec![Command::More(ROWS)] } else { Vec::new() }
    }

    /// The alarm on which a key would act.
    pub fn selected(&self) -> Option<&AlarmRow> {
        self.rows.get(self.at.selected)
    }

    /// Chooses the selected alarm, or lets it go. All stay chosen until all are let go: most of them are not on the screen.
    pub fn choose(&mut self) {
        let Some(id) = self.selected().map(|row| row.id) else { return };
        let mut chosen = match &mut self.choice {
            Choice::These(chosen) => std::mem::take(chosen),
            Choice::None => BTreeSet::new(),
            Choice::All => return,
        };
        if !chosen.remove(&id) {
            chosen.insert(id);
        }
        self.choice = if chosen.is_empty() { Choice::None } else { Choice::These(chosen) };
    }

    /// Whether this alarm is chosen.
    pub fn is_chosen(&self, id: AlarmId) -> bool {
        match &self.choice {
            Choice::None => false,
            Choice::These(chosen) => chosen.contains(&id),
            Choice::All => true,
        }
    }

    /// How many alarms a deed would be done to.
    pub fn count_chosen(&self) -> u64 {
        match &self.choice {
            Choice::None => u64::from(self.selected().is_some()),
            Choice::These(chosen) => chosen.len() as u64,
            Choice::All => self.total.unwrap_or(self.rows.len() as u64),
        }
    }

    /// What a deed would be done to: what is chosen, else the selected alarm.
    pub fn target(&self) -> Option<Chosen> {
        match &self.choice {
            Choice::None => self.selected().map(|row| Chosen::These(vec![row.id])),
            Choice::These(chosen) => Some(Chosen::These(chosen.iter().copied().collect())),
            Choice::All => Some(Chosen::AllOf(self.filter.clone())),
        }
    }
}
