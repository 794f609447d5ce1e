//! The state of the console as data: what is on the screen is a function of the [`Model`], and the model changes only in
//! [`update`], which answers with what is to be asked of the core. No terminal, no network, no clock in here.

pub mod alarm_list;
mod deeds;
pub mod field;
pub mod incidents;
mod input;
pub mod keys;
pub mod message;
pub mod notices;
pub mod position;
mod update;
mod wishes;

use std::collections::HashMap;

use onsite_wire::ids::{AlarmId, LocationId, OrganizationId, Uuid};
use onsite_wire::onsite::{HistoryEntry, PersonEntry, SubjectKind};

use crate::api::{
    AccountState, AlarmDetail, AlarmFilter, Call, Colleague, DutyDecision as Decision, DutyStanding, Error,
    IncidentRow, JournalLine, LocationNode, OrganizationOverview, OwnAction, PhotoOnWay, Plot, SavedFilter, SiteView,
    Tile, Timestamp,
};
use crate::sheets::Sheet;
use crate::widgets::look::Look;
use crate::words::Zone;
use alarm_list::AlarmList;
use message::Command;
use position::Position;

pub use update::update;

/// What is shown beneath the sheets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Screen {
    /// Tiles.
    Home,
    /// The organizations of the person.
    Organizations,
    /// The list of alarms.
    Alarms,
    /// One alarm.
    Alarm,
    /// The list of incidents.
    Incidents,
    /// One incident with its chat.
    Incident,
    /// The person's own actions.
    Actions,
    /// Settings.
    Settings,
    /// The flight recorder.
    Diagnostics,
    /// The latest notifications.
    Notices,
    /// Whether this phone is ready for a shift.
    Readiness,
    /// How one wishes to be told.
    NoticeSettings,
    /// On duty: the switch, a map of the sites, the last decisions, and whom to call.
    Duty,
}

/// What does not change while the console runs.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The server's address.
    pub server: String,
    /// Where this phone's data lies, in words.
    pub folder: String,
    /// That is gone when the console is left.
    pub is_temporary: bool,
    /// Where the person is on the clock.
    pub zone: Zone,
    /// With colours or without.
    pub look: Look,
}

/// A tile: what it counts, and the count.
#[derive(Debug, Clone)]
pub struct TileCount {
    /// Which.
    pub tile: Tile,
    /// The list that it opens.
    pub filter: AlarmFilter,
    /// The count; `None` while it is counted.
    pub count: Option<u64>,
}

/// Duty as the screen shows it.
#[derive(Debug, Clone)]
pub struct DutyPicture {
    /// Where the person's own duty stands.
    pub standing: DutyStanding,
    /// All sites, by name.
    pub sites: Vec<SiteView>,
    /// Who is on duty, by name.
    pub colleagues: Vec<Colleague>,
    /// Whom to call at each site, in the order of the sites.
    pub calls: Vec<Result<Vec<(Call, String)>, Error>>,
    /// The last decisions, newest first.
    pub decisions: Vec<Decision>,
}

/// The alarm that is open.
#[derive(Debug, Clone)]
pub struct OpenAlarm {
    /// Which.
    pub id: AlarmId,
    /// All that is known of it; `None` until it was read.
    pub detail: Option<AlarmDetail>,
    /// The plot of its sensor; `None` until it was asked for.
    pub plot: Option<Result<Plot, Error>>,
    /// What people did to it.
    pub history: Option<Result<Vec<HistoryEntry>, Error>>,
    /// Incidents of its device that are under way.
    pub incidents: Vec<IncidentRow>,
    /// The first line on the screen.
    pub scroll: usize,
}

/// The line above the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The words.
    pub text: String,
    /// Something could not be done.
    pub is_trouble: bool,
    /// Since when it stands there.
    pub since: Timestamp,
}

/// Everything that the screens show.
#[derive(Debug, Clone)]
pub struct Model {
    /// What does not change.
    pub setting: Setting,
    /// The account.
    pub state: AccountState,
    /// The screen, and those before it.
    pub screen: Screen,
    /// Where `Back` leads.
    pub before: Vec<Screen>,
    /// The sheet over the screen.
    pub sheet: Option<Sheet>,
    /// The line above the keys.
    pub notice: Option<Notice>,
    /// The person wanted to leave and was told what that would lose.
    pub is_warned: bool,
    /// The organization that the person works for; `None`: all of them.
    pub organization: Option<OrganizationId>,
    /// All organizations of the person.
    pub organizations: Vec<OrganizationOverview>,
    /// The place that narrows every screen (A5).
    pub location: Option<LocationId>,
    /// All places of the organization, in the order in which they are shown.
    pub locations: Vec<LocationNode>,
    /// Colleagues.
    pub people: Vec<PersonEntry>,
    /// Counts at home.
    pub tiles: Vec<TileCount>,
    /// The list of alarms.
    pub alarms: AlarmList,
    /// The open alarm.
    pub alarm: Option<OpenAlarm>,
    /// Incidents and their chats.
    pub incidents: incidents::Incidents,
    /// Notifications.
    pub notices: notices::Notices,
    /// The person's own actions.
    pub actions: Vec<OwnAction>,
    /// Photos on their way.
    pub photos: Vec<PhotoOnWay>,
    /// The names of what they are about.
    pub names: HashMap<Uuid, String>,
    /// Filters with a name.
    pub saved: Vec<SavedFilter>,
    /// The flight recorder, newest first.
    pub journal: Vec<JournalLine>,
    /// Duty as it stands; `None` until it was read.
    pub duty: Option<DutyPicture>,
    /// Where the person is on each screen with a list.
    pub at: Places,
    /// How many rows of the list in front were on the screen when it was last drawn.
    pub page: usize,
}

/// Where the person is in the lists of the screens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Places {
    /// Among tiles and menu.
    pub home: Position,
    /// Among organizations.
    pub organizations: Position,
    /// Among own actions.
    pub actions: Position,
    /// Among settings.
    pub settings: Position,
    /// In the flight recorder.
    pub journal: Position,
    /// Among sites.
    pub duty: Position,
}

impl Model {
    /// The first screen, and what must be asked for it.
    pub fn new(setting: Setting, state: AccountState) -> (Self, Vec<Command>) {
        let mut model = Self {
            setting,
            state,
            screen: Screen::Home,
            before: Vec::new(),
            sheet: None,
            notice: None,
            is_warned: false,
            organization: None,
            organizations: Vec::new(),
            location: None,
            locations: Vec::new(),
            people: Vec::new(),
            tiles: Vec::new(),
            alarms: AlarmList::default(),
            alarm: None,
            incidents: incidents::Incidents::default(),
            notices: notices::Notices::default(),
            actions: Vec::new(),
            photos: Vec::new(),
            names: HashMap::new(),
            saved: Vec::new(),
            journal: Vec::new(),
            duty: None,
            at: Places::default(),
            page: 10,
        };
        let mut commands = model.watch_tiles();
        commands.extend([Command::LoadOrganizations, Command::LoadPlaces(None), Command::LoadSaved]);
        (model, commands)
    }

    /// Now, as the server's clock is estimated.
    pub const fn now(&self) -> Timestamp {
        self.state.now
    }

    /// Now, as this phone's clock shows it.
    pub fn phone_now(&self) -> Timestamp {
        self.state.now.plus_millis(-self.state.clock_offset_ms.unwrap_or_default())
    }

    /// The name of what an action is about.
    pub fn name_of(&self, action: &OwnAction) -> String {
        let kept = || match (action.name.label.as_str(), action.name.within.as_str()) {
            ("", "") => None,
            (label, "") | ("", label) => Some(label.to_owned()),
            (label, within) => Some(format!("{label} · {within}")),
        };
        self.names.get(&action.subject.id).cloned().or_else(kept).unwrap_or_else(|| match action.subject.kind {
            SubjectKind::Alarm => "an alarm".to_owned(),
            SubjectKind::Device => "a device".to_owned(),
            SubjectKind::Person => "oneself".to_owned(),
            SubjectKind::Incident => "an incident".to_owned(),
        })
    }

    /// Says something above the keys.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_trouble: false, since: self.now() });
    }

    /// Says above the keys what could not be done.
    pub fn complain(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_trouble: true, since: self.now() });
    }

    /// What is on this phone only, in words; nothing where all is sent.
    pub fn unsent(&self) -> Option<String> {
        let counted = |count: usize, what| (count > 0).then(|| crate::words::counted(count as u64, what));
        let both = [counted(self.state.waiting, "action"), counted(self.state.photos, "photo")];
        let words: Vec<String> = both.into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join(" and "))
    }

    /// The place that narrows every screen, by its name.
    pub fn location_label(&self) -> Option<&str> {
        let id = self.location?;
        Some(self.locations.iter().find(|node| node.id == id).map_or("one place", |node| node.label.as_str()))
    }

    /// The organization that the person works for, by its name.
    pub fn organization_label(&self) -> &str {
        match (self.organization, self.organizations.as_slice()) {
            (None, [only]) => only.label.as_str(),
            (None, _) => "All organizations",
            (Some(id), all) => all.iter().find(|own| own.id == id).map_or("One organization", |own| own.label.as_str()),
        }
    }

    /// Goes to another screen; `Back` leads here.
    pub fn go(&mut self, screen: Screen) {
        self.sheet = None;
        if self.screen != screen {
            self.before.push(self.screen);
            self.screen = screen;
        }
    }

    /// Takes over where the list in front was drawn.
    pub fn drawn(&mut self, top: usize, rows: usize) {
        self.page = rows.max(1);
        if let Some(position) = self.front() {
            position.top = top;
        } else if let (Screen::Alarm, None, Some(open)) = (self.screen, &self.sheet, &mut self.alarm) {
            open.scroll = top;
        }
    }

    /// The list that the arrow keys move in: the sheet's, else the screen's.
    pub fn front(&mut self) -> Option<&mut Position> {
        if let Some(sheet) = &mut self.sheet {
            return sheet.position();
        }
        match self.screen {
            Screen::Home => Some(&mut self.at.home),
            Screen::Organizations => Some(&mut self.at.organizations),
            Screen::Alarms => Some(&mut self.alarms.at),
            Screen::Alarm | Screen::Incident => None,
            Screen::Incidents => Some(&mut self.incidents.at),
            Screen::Notices => Some(&mut self.notices.at),
            Screen::Readiness => Some(&mut self.notices.readiness_at),
            Screen::NoticeSettings => Some(&mut self.notices.settings_at),
            Screen::Actions => Some(&mut self.at.actions),
            Screen::Settings => Some(&mut self.at.settings),
            Screen::Diagnostics => Some(&mut self.at.journal),
            Screen::Duty => Some(&mut self.at.duty),
        }
    }

    /// Counts the tiles anew, because what they count is another.
    pub fn watch_tiles(&mut self) -> Vec<Command> {
        let me = self.state.person.as_ref().map(|person| person.id);
        let tiles = crate::api::tiles(me, self.organization);
        self.tiles = tiles.into_iter().map(|(tile, filter)| TileCount { tile, filter, count: None }).collect();
        let under_way = crate::api::open_incidents(self.organization);
        vec![
            Command::WatchTiles(self.tiles.iter().map(|tile| tile.filter.clone()).collect()),
            Command::WatchIncidents(Box::new(under_way)),
            Command::WatchNotices(self.organization),
        ]
    }
}
