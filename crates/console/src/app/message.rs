//! What the model is told, what it asks for, and what a person may want: the whole traffic around [`super::update`].

use std::path::PathBuf;
use std::sync::Arc;

use onsite_wire::ids::{ActionId, AlarmId, DeviceId, IncidentId, LocationId, MessageId, OrganizationId, Uuid};
use onsite_wire::onsite::{HistoryEntry, NoticeSettings, PersonEntry};
use onsite_wire::rest::{Assignee, MuteReason};
use ratatui::crossterm::event::KeyEvent;
use secrecy::SecretString;

use super::Screen;
use crate::api::{
    AccountState, AlarmDetail, AlarmFilter, AlarmRow, AlarmSort, Announcement, AssigneeChoice, Batch, ChatRow, Chosen,
    Error, Facets, IncidentCounts, IncidentFilter, IncidentPage, IncidentRow, JournalLine, LocationNode, MuteUntil,
    NotificationCounts, NotificationFilter, NotificationRow, Opened, OrganizationOverview, Outcome, OwnAction,
    PhotoOnWay, Plot, Readiness, SavedFilter, Tap, Target, Why, WhyNotified,
};

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Something on the screen was clicked.
    Wish(Intent),
    /// The account's state; comes at least once a second, so that ages grow.
    State(Box<AccountState>),
    /// The person's own actions.
    Actions(Vec<OwnAction>),
    /// Photos on their way.
    Photos(Vec<PhotoOnWay>),
    /// Names of what they are about.
    Names(Vec<(Uuid, String)>),
    /// A tile's count.
    Tile(usize, Option<u64>),
    /// Rows of the list of alarms, from the window of this number.
    Rows(u64, Box<Batch<AlarmRow, Facets>>),
    /// Why the list under this filter is short.
    Why(Box<AlarmFilter>, Vec<Why>),
    /// All that is known of the open alarm.
    Alarm(Box<AlarmDetail>),
    /// Its plot.
    Plot(AlarmId, Result<Box<Plot>, Error>),
    /// What people did to it.
    History(AlarmId, Result<Vec<HistoryEntry>, Error>),
    /// Incidents of its device that are under way.
    AlarmIncidents(AlarmId, Vec<IncidentRow>),
    /// Who can be made responsible.
    Assignees(Vec<AssigneeChoice>),
    /// The organizations.
    Organizations(Vec<OrganizationOverview>),
    /// The people of the organizations.
    People(Vec<PersonEntry>),
    /// The places, and the one that narrows every screen.
    Places(Vec<LocationNode>, Option<LocationId>),
    /// The saved filters, and the filter and sort that were used last.
    Saved(Vec<SavedFilter>, Box<(AlarmFilter, AlarmSort)>),
    /// The flight recorder's newest lines.
    Journal(Vec<JournalLine>),
    /// The life of what has this name.
    Life(String, Vec<JournalLine>),
    /// Duty as it stands.
    Duty(Box<super::DutyPicture>),
    /// How far a deed has come; comes again when it comes further.
    Outcome(Deed, Outcome),
    /// Incidents of the list, from the window of this number.
    Incidents(u64, Box<Batch<IncidentRow, IncidentCounts>>),
    /// How many are under way, and how much of them is unread.
    UnderWay(Option<(u64, i64)>),
    /// All that is known of the open incident.
    Incident(Box<IncidentPage>),
    /// Its chat.
    Chat(IncidentId, Box<Batch<ChatRow, ()>>),
    /// An incident can be opened on this device, for this alarm, under this subject.
    MayOpen(DeviceId, AlarmId, String),
    /// This incident is there; show it.
    Opened(IncidentId),
    /// Notifications of the list, from the window of this number.
    Notices(u64, Box<Batch<NotificationRow, NotificationCounts>>),
    /// How many are unread.
    Unread(Option<u64>),
    /// Something was told just now.
    Announced(Box<Announcement>),
    /// Where a tapped notification leads.
    Arrived(Box<Opened>),
    /// Why the person was told of what has this name, or not.
    WhyNotified(String, Box<WhyNotified>),
    /// Whether this phone is ready.
    Readiness(Box<Readiness>),
    /// How the person wishes to be told, in this organization, and how many critical ones quiet has kept back.
    NoticeSettings(OrganizationId, Box<NoticeSettings>, i64),
    /// Something is done, in words.
    Said(String),
    /// Something could not be done.
    Failed(Error),
    /// The person is signed in.
    SignedIn,
}

/// What was done to alarms, for the words about its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Somebody was made responsible.
    Acknowledged,
    /// An acknowledgement was taken back.
    Released,
    /// Muted.
    Muted,
    /// A mute was lifted.
    Unmuted,
    /// All of mine went to somebody else.
    HandedOver,
}

/// Something to be asked of the core.
#[derive(Debug, Clone)]
pub enum Command {
    /// Count what these filters leave, from now on.
    WatchTiles(Vec<AlarmFilter>),
    /// Show this list from now on, instead of the one before.
    OpenWindow {
        /// Comes back with each batch.
        window: u64,
        /// Which alarms.
        filter: Box<AlarmFilter>,
        /// In which order.
        sort: AlarmSort,
        /// The place that narrows every screen does not narrow this one.
        everywhere: bool,
    },
    /// Let the list hold so many rows more.
    More(usize),
    /// Why the list is short.
    Why(Box<AlarmFilter>),
    /// Tell all of this alarm, from now on.
    OpenAlarm(AlarmId),
    /// Nobody looks at the alarm any longer.
    CloseAlarm,
    /// Who can be made responsible for it.
    Assignees(AlarmId),
    /// Make somebody responsible.
    Acknowledge(Chosen, Assignee, String),
    /// Take the acknowledgement back.
    Release(Chosen),
    /// Mute alarms.
    Mute(Chosen, MuteWish),
    /// Mute a device.
    MuteDevice(DeviceId, MuteWish),
    /// Lift the mute of alarms.
    Unmute(Chosen),
    /// Lift the mute of a device.
    UnmuteDevice(DeviceId),
    /// Everything of mine goes to somebody else.
    HandOver(OrganizationId, Assignee),
    /// Show these incidents from now on; the number comes back with each batch.
    OpenIncidents(u64, Box<IncidentFilter>),
    /// Count these from now on.
    WatchIncidents(Box<IncidentFilter>),
    /// Tell all of this incident, from now on.
    OpenIncident(IncidentId),
    /// Nobody looks at it any longer.
    CloseIncident,
    /// Let its chat hold so many messages more.
    MoreChat(usize),
    /// Get what is missing of a chat.
    FillChat(IncidentId),
    /// Write a message.
    Write(IncidentId, String),
    /// Write a message with the photo in this file.
    WritePhoto(IncidentId, PathBuf, String),
    /// Write a message's photo into this file.
    SavePhoto(IncidentId, MessageId, PathBuf),
    /// Keep what was begun.
    KeepDraft(IncidentId, String),
    /// Everything up to this number was read.
    ReadUpTo(IncidentId, i64),
    /// It is solved.
    Solve(IncidentId),
    /// It is not.
    Reopen(IncidentId),
    /// It is not, and this message goes there after all.
    ReopenAndSend(IncidentId, MessageId, String),
    /// The message goes into a new incident with this subject.
    SendInNew(IncidentId, MessageId, String, String),
    /// Feedback.
    Judge(IncidentId, i32, String),
    /// Whether an incident can be opened on a device for an alarm, under this subject.
    AskOpening(DeviceId, AlarmId, String),
    /// Open it; the costs are accepted.
    NewIncident(DeviceId, String, Vec<AlarmId>),
    /// Show these notifications from now on; the number comes back with each batch.
    OpenNotices(u64, NotificationFilter),
    /// Count the unread ones from now on, and tell what comes.
    WatchNotices(Option<OrganizationId>),
    /// This one was read.
    MarkRead(Uuid),
    /// All of these organizations were read.
    MarkAllRead(Option<OrganizationId>),
    /// Go where it leads; this organization is chosen now.
    OpenNotice(Box<Tap>, Option<OrganizationId>),
    /// Why the person was told of this, or not.
    WhyNotified(String, OrganizationId, Target),
    /// Look whether this phone is ready.
    LoadReadiness(Option<OrganizationId>),
    /// Send a test push.
    SendCanary,
    /// Read how the person wishes to be told.
    LoadNoticeSettings(OrganizationId),
    /// Choose how to be told.
    ChangeNoticeSettings(Option<OrganizationId>, Box<NoticeSettings>),
    /// Try a parked action again.
    Retry(ActionId),
    /// Do something else instead of a parked action.
    Change(ActionId, Box<crate::api::Deed>),
    /// Let a parked action go.
    Discard(ActionId),
    /// Switch the signal off or on.
    SetOffline(bool),
    /// Narrow every screen to a place.
    SetLocation(Option<LocationId>),
    /// Ask the server now.
    Refresh,
    /// Read the organizations.
    LoadOrganizations,
    /// Read the places and people of these organizations.
    LoadPlaces(Option<OrganizationId>),
    /// Read the saved filters and the one used last.
    LoadSaved,
    /// Keep a filter under a name.
    SaveFilter(Box<SavedFilter>),
    /// Forget a saved filter.
    DeleteFilter(String),
    /// This is the filter used last.
    Remember(Box<AlarmFilter>, AlarmSort),
    /// Read the flight recorder.
    LoadJournal,
    /// Tell the life of an alarm or action, under this title.
    Explain(String, Uuid),
    /// Read how duty stands.
    LoadDuty,
    /// Go on duty, or off.
    SwitchDuty(bool),
    /// Write the diagnostics into a file.
    Export,
    /// Sign in.
    SignIn(String, SecretString),
    /// Sign out; `true`: also when unsent actions are lost.
    SignOut(bool),
    /// Leave.
    Quit,
}

/// Until when something is to be muted, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MuteWish {
    /// Until when.
    pub until: MuteUntil,
    /// Why.
    pub reason: MuteReason,
    /// Why, in words.
    pub text: String,
}

/// What a person wants: what keys and clicks mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Leave.
    Quit,
    /// Close the sheet, let the choice go, or go to the screen before.
    Back,
    /// Show all keys.
    Keys,
    /// Another screen.
    Go(Screen),
    /// Move the selection.
    Move(isize),
    /// Move it by a screenful.
    Page(isize),
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Act on the selected row.
    Enter,
    /// Select this row and act on it.
    Tap(usize),
    /// The next part of a sheet.
    Next,
    /// The part before.
    Previous,
    /// This part of a sheet.
    Part(usize),
    /// Do what the sheet is for.
    Submit,
    /// Open what this tile counts.
    Tile(usize),
    /// The list with the filter used last.
    LastFilter,
    /// Choose the place that narrows every screen.
    ChooseLocation,
    /// Lift it.
    LiftLocation,
    /// Switch the signal off or on.
    Signal,
    /// Ask the server now.
    Refresh,
    /// The filter sheet.
    Filter,
    /// Back to everything.
    ClearFilter,
    /// Forget the saved filter that is selected.
    DeleteSaved,
    /// Type words to search for.
    Search,
    /// The next order.
    Sort,
    /// Choose the selected alarm, or let it go.
    Choose,
    /// Choose all that the filter leaves.
    ChooseAll,
    /// Lift what hides most.
    Lift,
    /// Make somebody responsible.
    Acknowledge,
    /// Take it back.
    Release,
    /// Mute.
    Mute,
    /// Unmute.
    Unmute,
    /// Mute the device.
    MuteDevice,
    /// The life of what is selected.
    Explain,
    /// The same again, over what is there now.
    Retry,
    /// Something else instead.
    Change,
    /// Let it go.
    Discard,
    /// The alarm that the selected action is about.
    OpenSubject,
    /// Give all of mine to somebody else.
    HandOver,
    /// The list of incidents.
    Incidents,
    /// The incident of the open alarm's device, or a new one.
    NewIncident,
    /// Write in the chat.
    WriteLine,
    /// Send a photo.
    AttachPhoto,
    /// Save the newest photo.
    SavePhoto,
    /// The incident is solved.
    Solve,
    /// It is not.
    Reopen,
    /// Judge it.
    Feedback,
    /// Get what is missing of the chat.
    FillGap,
    /// Sign in, or out.
    Session,
    /// Write the diagnostics into a file.
    Export,
    /// Go on duty, or off.
    SwitchDuty,
    /// The selected notification is read.
    MarkRead,
    /// All are.
    MarkAllRead,
    /// Why the person was told of it, or not.
    WhyNotified,
    /// Send a test push.
    SendCanary,
    /// Look again whether this phone is ready.
    LookAgain,
}

/// Counts shared between a window and those who show them.
pub type Counts = Option<Arc<Facets>>;
