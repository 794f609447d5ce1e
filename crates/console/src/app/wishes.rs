//! What a person wants, done to the model.

use onsite_wire::ids::{AlarmId, DeviceId, IncidentId, OrganizationId};
use onsite_wire::onsite::SubjectKind;

use super::alarm_list::Choice;
use super::field::Field;
use super::message::{Command, Intent};
use super::{Model, OpenAlarm, Screen, deeds, incidents, notices};
use crate::api::{ActionStage, AlarmFilter, AlarmSort, Code, SessionState};
use crate::screens;
use crate::sheets::{self, Reason, Sheet};

/// Does what a person wants.
pub fn wish(model: &mut Model, intent: Intent) -> Vec<Command> {
    if let Some(commands) = sheets::wish(model, intent) {
        return commands;
    }
    match intent {
        Intent::Quit => quit(model),
        Intent::Keys => open(model, Sheet::Keys),
        Intent::Back => back(model),
        Intent::Go(screen) => go(model, screen),
        Intent::Move(_) | Intent::Page(_) | Intent::First | Intent::Last => moved(model, intent),
        Intent::Enter => enter(model),
        Intent::Tap(row) => {
            if let Some(at) = model.front() {
                at.selected = row;
            }
            if model.alarms.choice != Choice::None && model.screen == Screen::Alarms {
                choose(model)
            } else {
                enter(model)
            }
        }
        Intent::Tile(n) => open_tile(model, n),
        Intent::LastFilter => last_filter(model),
        Intent::ChooseLocation => open(model, Sheet::location(model)),
        Intent::LiftLocation => vec![Command::SetLocation(None)],
        Intent::Signal => vec![Command::SetOffline(!model.state.offline)],
        Intent::Refresh => {
            model.say("Asking the server …");
            vec![Command::Refresh]
        }
        Intent::Filter => open(model, Sheet::filter()),
        Intent::Search => {
            model.alarms.typing = Some(Field::holding(&model.alarms.filter.words));
            Vec::new()
        }
        Intent::Submit if model.screen == Screen::Incident => incidents::wish(model, intent),
        Intent::Submit => end_search(model),
        Intent::Sort => sort(model),
        Intent::Choose => choose(model),
        Intent::ChooseAll => {
            model.alarms.choice = Choice::All;
            Vec::new()
        }
        Intent::ClearFilter => clear_filter(model),
        Intent::Lift => lift(model),
        Intent::Acknowledge => deeds::acknowledge(model),
        Intent::Release => done(model, deeds::release),
        Intent::Mute => deeds::mute(model),
        Intent::Unmute => done(model, deeds::unmute),
        Intent::MuteDevice => deeds::mute_device(model),
        Intent::HandOver => deeds::hand_over(model),
        Intent::Explain => explain(model),
        Intent::OpenSubject => open_subject(model),
        Intent::Session => session(model),
        Intent::Export => vec![Command::Export],
        Intent::SwitchDuty => {
            let on = model.duty.as_ref().is_some_and(|duty| duty.standing.on.is_some());
            vec![Command::SwitchDuty(!on), Command::LoadDuty]
        }
        Intent::Incidents => incidents::list(model, None),
        Intent::NewIncident => new_incident(model),
        Intent::Discard if model.screen == Screen::Incident => incidents::wish(model, intent),
        Intent::WriteLine
        | Intent::AttachPhoto
        | Intent::SavePhoto
        | Intent::Solve
        | Intent::Reopen
        | Intent::Feedback
        | Intent::FillGap => incidents::wish(model, intent),
        Intent::MarkRead | Intent::MarkAllRead | Intent::WhyNotified | Intent::SendCanary | Intent::LookAgain => {
            notices::wish(model, intent)
        }
        Intent::Next if model.screen == Screen::Notices => notices::wish(model, intent),
        Intent::Next if model.screen == Screen::Incidents => {
            model.incidents.is_solved = !model.incidents.is_solved;
            incidents::reopen(model)
        }
        Intent::Next
        | Intent::Previous
        | Intent::Part(_)
        | Intent::DeleteSaved
        | Intent::Retry
        | Intent::Change
        | Intent::Discard => Vec::new(),
    }
}

/// Leaves; asks once where that would lose what was not sent yet.
fn quit(model: &mut Model) -> Vec<Command> {
    let unsent = model.unsent().filter(|_| model.setting.is_temporary && !model.is_warned);
    let Some(what) = unsent else { return vec![Command::Quit] };
    model.is_warned = true;
    model.complain(format!("{what} on this phone only, lost with its temporary folder. q again leaves."));
    Vec::new()
}

fn open(model: &mut Model, sheet: Sheet) -> Vec<Command> {
    model.sheet = Some(sheet);
    Vec::new()
}

/// What was typed changed.
pub fn typed(model: &mut Model) -> Vec<Command> {
    if model.sheet.is_some() {
        sheets::typed(model);
        return Vec::new();
    }
    if model.screen == Screen::Incident {
        return Vec::new();
    }
    let words = model.alarms.typing.as_ref().map(|field| field.text().to_owned()).unwrap_or_default();
    let filter = AlarmFilter { words, ..model.alarms.filter.clone() };
    model.alarms.open(filter, model.alarms.sort)
}

fn end_search(model: &mut Model) -> Vec<Command> {
    model.alarms.typing = None;
    Vec::new()
}

fn back(model: &mut Model) -> Vec<Command> {
    if model.screen == Screen::Alarms {
        if model.alarms.typing.take().is_some() {
            let filter = AlarmFilter { words: String::new(), ..model.alarms.filter.clone() };
            return model.alarms.open(filter, model.alarms.sort);
        }
        if model.alarms.choice != Choice::None {
            model.alarms.choice = Choice::None;
            return Vec::new();
        }
    }
    if model.screen == Screen::Incident
        && let Some(open) = &mut model.incidents.open
        && let Some(field) = open.writing.take()
    {
        return vec![Command::KeepDraft(open.id, field.text().to_owned())];
    }
    let was = model.screen;
    model.screen = model.before.pop().unwrap_or(Screen::Home);
    left(model, was)
}

fn left(model: &mut Model, screen: Screen) -> Vec<Command> {
    if screen == Screen::Incident && model.screen != Screen::Incident {
        return incidents::left(model);
    }
    if screen == Screen::Alarm && model.screen != Screen::Alarm {
        model.alarm = None;
        return vec![Command::CloseAlarm];
    }
    Vec::new()
}

fn go(model: &mut Model, screen: Screen) -> Vec<Command> {
    let was = model.screen;
    if screen == Screen::Home {
        model.before.clear();
        model.screen = Screen::Home;
    } else {
        model.go(screen);
    }
    let mut commands = left(model, was);
    match screen {
        Screen::Organizations => commands.push(Command::LoadOrganizations),
        Screen::Diagnostics => commands.push(Command::LoadJournal),
        Screen::Duty => commands.push(Command::LoadDuty),
        other => commands.extend(notices::entered(model, other)),
    }
    commands
}

fn moved(model: &mut Model, intent: Intent) -> Vec<Command> {
    let page = isize::try_from(model.page).unwrap_or(isize::MAX);
    let by = match intent {
        Intent::Move(by) => by,
        Intent::Page(pages) => pages * page.saturating_sub(1).max(1),
        Intent::First => isize::MIN,
        _ => isize::MAX,
    };
    if model.sheet.is_none() && model.screen == Screen::Incident {
        return incidents::scroll(model, by);
    }
    if model.sheet.is_none() && model.screen == Screen::Alarm {
        if let Some(open) = &mut model.alarm {
            // Drawing tells how far it really went.
            open.scroll = open.scroll.saturating_add_signed(by);
        }
        return Vec::new();
    }
    let len = front_len(model);
    if let Some(at) = model.front() {
        at.step(by, len);
    }
    sheets::moved(model);
    if model.sheet.is_none() && model.screen == Screen::Alarms { model.alarms.ask_more() } else { Vec::new() }
}

fn front_len(model: &Model) -> usize {
    match &model.sheet {
        Some(sheet) => sheet.len(model),
        None => screens::len(model),
    }
}

fn enter(model: &mut Model) -> Vec<Command> {
    match model.screen {
        Screen::Home => match screens::home::meaning(model, model.at.home.selected) {
            Some(intent) => wish(model, intent),
            None => Vec::new(),
        },
        Screen::Organizations => choose_organization(model),
        Screen::Alarms => match model.alarms.selected().map(|row| row.id) {
            Some(id) => open_alarm(model, id),
            None => Vec::new(),
        },
        Screen::Alarm | Screen::Incident => Vec::new(),
        Screen::Incidents => match model.incidents.rows.get(model.incidents.at.selected).map(|row| row.id) {
            Some(id) => incidents::open(model, id),
            None => Vec::new(),
        },
        Screen::Actions => decide(model),
        Screen::Settings => match screens::settings::meaning(model, model.at.settings.selected) {
            Some(intent) => wish(model, intent),
            None => Vec::new(),
        },
        Screen::Diagnostics => explain(model),
        Screen::Duty => vec![Command::LoadDuty],
        Screen::Notices => notices::open_selected(model),
        Screen::NoticeSettings => notices::change_selected(model),
        Screen::Readiness => Vec::new(),
    }
}

fn choose_organization(model: &mut Model) -> Vec<Command> {
    let chosen = match model.at.organizations.selected {
        0 => None,
        n => model.organizations.get(n - 1).map(|own| own.id),
    };
    let mut commands = go(model, Screen::Home);
    commands.extend(work_for(model, chosen));
    commands
}

/// The screens are about another organization from now on.
pub fn work_for(model: &mut Model, organization: Option<OrganizationId>) -> Vec<Command> {
    model.organization = organization;
    model.alarms.last = None;
    model.alarms.filter = AlarmFilter::default();
    let mut commands = model.watch_tiles();
    commands.push(Command::LoadPlaces(model.organization));
    commands
}

fn open_tile(model: &mut Model, n: usize) -> Vec<Command> {
    let Some(filter) = model.tiles.get(n).map(|tile| tile.filter.clone()) else { return Vec::new() };
    model.go(Screen::Alarms);
    model.alarms.open(filter, AlarmSort::default())
}

fn last_filter(model: &mut Model) -> Vec<Command> {
    let (filter, sort) = model.alarms.last.clone().unwrap_or_default();
    model.go(Screen::Alarms);
    // What was used last for one organization is of no use for another.
    let organization = model.organization;
    let filter = if filter.organization == organization { filter } else { AlarmFilter { organization, ..filter } };
    model.alarms.open(filter, sort)
}

/// Opens an alarm.
pub fn open_alarm(model: &mut Model, id: AlarmId) -> Vec<Command> {
    model.go(Screen::Alarm);
    model.alarm = Some(OpenAlarm { id, detail: None, plot: None, history: None, incidents: Vec::new(), scroll: 0 });
    vec![Command::OpenAlarm(id)]
}

fn sort(model: &mut Model) -> Vec<Command> {
    let next = match model.alarms.sort {
        AlarmSort::Newest => AlarmSort::Severity,
        AlarmSort::Severity => AlarmSort::Device,
        AlarmSort::Device => AlarmSort::Location,
        AlarmSort::Location => AlarmSort::Newest,
    };
    model.alarms.open(model.alarms.filter.clone(), next)
}

fn choose(model: &mut Model) -> Vec<Command> {
    if model.alarms.choice == Choice::All {
        model.say("All are chosen. Esc lets them go.");
        return Vec::new();
    }
    model.alarms.choose();
    let len = model.alarms.rows.len();
    model.alarms.at.step(1, len);
    Vec::new()
}

/// Everything of the organization again.
fn clear_filter(model: &mut Model) -> Vec<Command> {
    let filter = AlarmFilter { organization: model.organization, ..AlarmFilter::default() };
    model.alarms.open(filter, model.alarms.sort)
}

/// Lifts the first thing that hides alarms and can be lifted (A12).
fn lift(model: &mut Model) -> Vec<Command> {
    for why in model.alarms.why.clone() {
        if why.code == Code::HiddenByLocation {
            return vec![Command::SetLocation(None)];
        }
        if let Some(filter) = why.lift {
            return model.alarms.open(filter, model.alarms.sort);
        }
    }
    Vec::new()
}

/// A deed that asks nothing more: it is done, and the choice is let go.
fn done(model: &mut Model, deed: impl Fn(&Model) -> Vec<Command>) -> Vec<Command> {
    let commands = deed(model);
    model.alarms.choice = Choice::None;
    commands
}

fn decide(model: &mut Model) -> Vec<Command> {
    let Some(action) = model.actions.get(model.at.actions.selected) else { return Vec::new() };
    if matches!(action.stage, ActionStage::Parked { .. }) {
        let sheet = Sheet::decide(action.id);
        return open(model, sheet);
    }
    open_subject(model)
}

/// The incident of the open alarm's device, or a new one; for a message that was not taken, a new one.
fn new_incident(model: &mut Model) -> Vec<Command> {
    if model.screen == Screen::Incident {
        let Some(open) = &model.incidents.open else { return Vec::new() };
        let Some(row) = open.parked() else { return Vec::new() };
        let subject = open.page.as_ref().map_or("", |page| page.row.subject.as_str());
        let sheet = Sheet::opening(Reason::Message(open.id, row.id, row.text.clone()), subject);
        return self::open(model, sheet);
    }
    let detail = model.alarm.as_ref().and_then(|open| open.detail.as_ref());
    let asked = detail.map(|detail| Command::AskOpening(detail.row.device, detail.row.id, detail.row.label.clone()));
    asked.into_iter().collect()
}

fn open_subject(model: &mut Model) -> Vec<Command> {
    let Some(action) = model.actions.get(model.at.actions.selected) else { return Vec::new() };
    let id = action.subject.id;
    match action.subject.kind {
        SubjectKind::Alarm => open_alarm(model, AlarmId(id)),
        SubjectKind::Incident => incidents::open(model, IncidentId(id)),
        SubjectKind::Device => {
            let filter = AlarmFilter { device: Some(DeviceId(id)), ..AlarmFilter::default() };
            model.go(Screen::Alarms);
            model.alarms.open(filter, AlarmSort::default())
        }
        SubjectKind::Person => go(model, Screen::Duty),
    }
}

fn explain(model: &Model) -> Vec<Command> {
    let asked = match model.screen {
        Screen::Alarms => model.alarms.selected().map(|row| (row.label.clone(), row.id.0)),
        Screen::Alarm => model.alarm.as_ref().map(|open| {
            let label = open.detail.as_ref().map_or("Alarm", |detail| detail.row.label.as_str());
            (label.to_owned(), open.id.0)
        }),
        Screen::Actions => {
            model.actions.get(model.at.actions.selected).map(|action| (model.name_of(action), action.id.0))
        }
        Screen::Diagnostics => model.journal.get(model.at.journal.selected).and_then(|line| {
            let about = line.action.map(|action| action.0).or(line.subject)?;
            Some((line.code.clone(), about))
        }),
        _ => None,
    };
    asked.map(|(title, id)| Command::Explain(title, id)).into_iter().collect()
}

fn session(model: &mut Model) -> Vec<Command> {
    match model.state.session {
        SessionState::ApiKey => {
            model.say("An API key needs no sign-in.");
            Vec::new()
        }
        SessionState::SignedIn => open(model, Sheet::SignOut),
        SessionState::SignedOut | SessionState::Ended => open(model, Sheet::sign_in()),
    }
}
