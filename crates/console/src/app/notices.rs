//! Notifications as far as the console holds them: the list, the settings, and whether this phone is ready for a shift.

use onsite_wire::ids::OrganizationId;
use onsite_wire::onsite::{DailyTime, LockScreen, NoticeSettings, Urgency};

use super::message::{Command, Intent};
use super::position::Position;
use super::{Model, Screen, incidents, wishes};
use crate::api::{
    Batch, NotificationCounts, NotificationFilter, NotificationRow, Opened, Readiness, Tap, Target, WhyNotified,
    open_notices,
};
use crate::screens::notices::why_in_words;
use crate::sheets::Sheet;

/// Seven in the morning, in minutes.
const SEVEN: u16 = 7 * 60;

/// Everything about notifications.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    /// The number of the window: what an older one says is not taken.
    pub window: u64,
    /// The rows, newest first.
    pub rows: Vec<NotificationRow>,
    /// They are this window's.
    pub is_read: bool,
    /// Only the unread ones.
    pub only_unread: bool,
    /// How many are unread; `None` while it is counted.
    pub unread: Option<u64>,
    /// Where the person is in the list.
    pub at: Position,
    /// How one wishes to be told, and in which organization that holds; `None` until it was read.
    pub settings: Option<(OrganizationId, NoticeSettings)>,
    /// How many critical ones quiet while off duty has kept back there.
    pub kept_back: i64,
    /// Where the person is among settings.
    pub settings_at: Position,
    /// Whether the phone is ready; `None` until it was looked at.
    pub readiness: Option<Readiness>,
    /// Where the person is among checks.
    pub readiness_at: Position,
}

/// The organization whose settings are shown: the chosen one, or the first.
fn shown_organization(model: &Model) -> Option<OrganizationId> {
    model.organization.or_else(|| model.organizations.first().map(|own| own.id))
}

/// What a screen of this room asks for when it is gone to.
pub fn entered(model: &mut Model, screen: Screen) -> Vec<Command> {
    match screen {
        Screen::Notices => reopen(model),
        Screen::Readiness => vec![Command::LoadReadiness(model.organization)],
        Screen::NoticeSettings => shown_organization(model).map(Command::LoadNoticeSettings).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Shows the list anew.
fn reopen(model: &mut Model) -> Vec<Command> {
    let filter = NotificationFilter { unread: model.notices.only_unread, ..open_notices(model.organization) };
    model.notices.window += 1;
    model.notices.is_read = false;
    vec![Command::OpenNotices(model.notices.window, filter)]
}

/// Takes what the list's window says.
pub fn take_rows(model: &mut Model, window: u64, batch: &Batch<NotificationRow, NotificationCounts>) {
    let notices = &mut model.notices;
    if window != notices.window {
        return;
    }
    batch.rows.apply(&mut notices.rows);
    if !notices.is_read {
        notices.is_read = true;
        notices.at = Position::default();
    }
    notices.at.keep_inside(notices.rows.len());
}

/// Shows why somebody was told, or not.
pub fn take_why(model: &mut Model, title: &str, why: &WhyNotified) {
    let lines = why_in_words(why, &model.setting.zone, model.now());
    model.sheet = Some(Sheet::report(format!("Why did I (not) get this: {title}"), lines));
}

/// Goes where a tap leads.
pub fn arrived(model: &mut Model, opened: Opened) -> Vec<Command> {
    let (organization, switched, target) = match opened {
        Opened::There { organization, switched, target, .. } => (organization, switched, target),
        Opened::Home(_) => return wishes::wish(model, Intent::Go(Screen::Home)),
        Opened::OtherAccount(_) => {
            model.complain("This is for another account. Sign out, and sign in as that person to open it.");
            return Vec::new();
        }
        Opened::NotReached(_) => {
            model.complain("This account does not reach that organization any more.");
            return Vec::new();
        }
    };
    let mut commands = Vec::new();
    if let (true, Some(organization)) = (switched, organization) {
        commands.extend(wishes::work_for(model, Some(organization)));
        model.say(format!("Switched to {}.", model.organization_label()));
    }
    commands.extend(match target {
        Target::Alarm(id) => wishes::open_alarm(model, id),
        Target::Incident(id) => incidents::open(model, id),
        Target::Device(device) => {
            let filter = crate::api::AlarmFilter { organization, device: Some(device), ..Default::default() };
            model.go(Screen::Alarms);
            model.alarms.open_everywhere(filter)
        }
        Target::Alarms => {
            model.go(Screen::Alarms);
            model.alarms.open_everywhere(crate::api::AlarmFilter { organization, ..Default::default() })
        }
        Target::Home => wishes::wish(model, Intent::Go(Screen::Home)),
    });
    commands
}

/// Does what a person wants with notifications.
pub fn wish(model: &mut Model, intent: Intent) -> Vec<Command> {
    let selected = model.notices.rows.get(model.notices.at.selected);
    match intent {
        Intent::MarkRead => selected.map(|row| Command::MarkRead(row.id)).into_iter().collect(),
        Intent::MarkAllRead => vec![Command::MarkAllRead(model.organization)],
        Intent::Next => {
            model.notices.only_unread = !model.notices.only_unread;
            reopen(model)
        }
        Intent::WhyNotified => why(model),
        Intent::SendCanary => vec![Command::SendCanary],
        Intent::LookAgain => vec![Command::LoadReadiness(model.organization)],
        _ => Vec::new(),
    }
}

/// Opens the selected notification.
pub fn open_selected(model: &Model) -> Vec<Command> {
    let selected = model.notices.rows.get(model.notices.at.selected);
    selected.map(|row| Command::OpenNotice(Box::new(Tap::of_row(row)), model.organization)).into_iter().collect()
}

fn why(model: &Model) -> Vec<Command> {
    let asked = match model.screen {
        Screen::Notices => model.notices.rows.get(model.notices.at.selected).map(|row| {
            let title = row.said.arguments.get("alarm").or_else(|| row.said.arguments.get("device"));
            (title.cloned().unwrap_or_default(), row.organization, row.route.target)
        }),
        Screen::Incident => model.incidents.open.as_ref().and_then(|open| {
            let row = &open.page.as_ref()?.row;
            Some((row.subject.clone(), row.organization, Target::Incident(open.id)))
        }),
        _ => model.alarm.as_ref().and_then(|open| {
            let row = &open.detail.as_ref()?.row;
            Some((row.label.clone(), row.organization, Target::Alarm(open.id)))
        }),
    };
    asked.map(|(title, of, target)| Command::WhyNotified(title, of, target)).into_iter().collect()
}

/// Changes the selected setting: for the chosen organization, or for all.
pub fn change_selected(model: &mut Model) -> Vec<Command> {
    let at = model.notices.settings_at.selected;
    let zone = model.setting.zone.name();
    let Some((_, settings)) = &mut model.notices.settings else { return Vec::new() };
    let Some(choice) = Choice::ALL.get(at) else { return Vec::new() };
    choice.change(settings, &zone);
    vec![Command::ChangeNoticeSettings(model.organization, Box::new(settings.clone()))]
}

/// One of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Pushes at all.
    Push,
    /// Critical alarms.
    Critical,
    /// Warnings.
    Warnings,
    /// The daily push.
    Daily,
    /// Quiet while off duty.
    Quiet,
    /// Cleared alarms, too.
    Clearing,
    /// What a locked screen shows.
    LockScreen,
    /// Critical ones break Do Not Disturb.
    Breaks,
    /// The sound of critical ones.
    Sound,
}

impl Choice {
    /// All of them, as they are shown.
    pub const ALL: [Self; 9] = [
        Self::Push,
        Self::Critical,
        Self::Warnings,
        Self::Daily,
        Self::Quiet,
        Self::Clearing,
        Self::LockScreen,
        Self::Breaks,
        Self::Sound,
    ];

    /// What it is about.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Push => "Pushes",
            Self::Critical => "Critical alarms",
            Self::Warnings => "Warnings",
            Self::Daily => "Daily push",
            Self::Quiet => "Quiet while off duty",
            Self::Clearing => "When alarms clear",
            Self::LockScreen => "Locked screen",
            Self::Breaks => "Do Not Disturb",
            Self::Sound => "Sound of critical",
        }
    }

    /// How it stands.
    pub fn says(self, settings: &NoticeSettings, kept_back: i64) -> String {
        let told = |is: bool| if is { "told" } else { "not told" }.to_owned();
        match self {
            Self::Push => if settings.push { "on" } else { "off: nothing is pushed" }.to_owned(),
            Self::Critical => told(settings.severities.contains(&Urgency::Critical)),
            Self::Warnings => told(settings.severities.contains(&Urgency::Warning)),
            Self::Daily => settings.daily.as_ref().map_or_else(
                || "off".to_owned(),
                |daily| format!("at {:02}:{:02}, {}", daily.minute / 60, daily.minute % 60, daily.zone),
            ),
            Self::Quiet if !settings.quiet_off_duty => "off".to_owned(),
            Self::Quiet => format!("on: {kept_back} critical kept back"),
            Self::Clearing => told(settings.on_clearing),
            Self::LockScreen => match settings.lock_screen {
                LockScreen::KindOnly => "shows the kind only",
                LockScreen::Nothing => "shows nothing",
                _ => "shows everything",
            }
            .to_owned(),
            Self::Breaks => {
                if settings.critical_breaks_quiet { "critical ones break it" } else { "is kept" }.to_owned()
            }
            Self::Sound => match settings.sounds.get("critical").map(String::as_str) {
                Some("") => "none".to_owned(),
                Some(sound) => sound.to_owned(),
                None => "the usual one".to_owned(),
            },
        }
    }

    /// The next choice.
    fn change(self, settings: &mut NoticeSettings, zone: &str) {
        let flip = |severities: &mut Vec<Urgency>, urgency| {
            match severities.iter().position(|known| *known == urgency) {
                Some(at) => drop(severities.remove(at)),
                None => severities.push(urgency),
            };
        };
        match self {
            Self::Push => settings.push = !settings.push,
            Self::Critical => flip(&mut settings.severities, Urgency::Critical),
            Self::Warnings => flip(&mut settings.severities, Urgency::Warning),
            Self::Daily => {
                settings.daily = match settings.daily {
                    Some(_) => None,
                    None => Some(DailyTime { minute: SEVEN, zone: zone.to_owned() }),
                }
            }
            Self::Quiet => settings.quiet_off_duty = !settings.quiet_off_duty,
            Self::Clearing => settings.on_clearing = !settings.on_clearing,
            Self::LockScreen => {
                settings.lock_screen = match settings.lock_screen {
                    LockScreen::All => LockScreen::KindOnly,
                    LockScreen::KindOnly => LockScreen::Nothing,
                    _ => LockScreen::All,
                }
            }
            Self::Breaks => settings.critical_breaks_quiet = !settings.critical_breaks_quiet,
            Self::Sound => match settings.sounds.remove("critical") {
                Some(_) => {}
                None => drop(settings.sounds.insert("critical".to_owned(), String::new())),
            },
        }
    }
}
