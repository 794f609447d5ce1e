//! After the mute. A notification arrives, once although it comes by push and by feed; a tap opens its alarm, the unread
//! counter goes down, and why it came can be asked.

use onsite::notifications::{
    Announcement, Arrived, Light, NotificationRow, Opened, PhoneStanding, Posting, Tap, Target, TargetView,
};
use onsite_wire::ids::AlarmId;
use onsite_wire::onsite::{PushProvider, Reasons};
use onsite_wire::rest::Severity;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use crate::story::StoryError;
use crate::story::phone::PATIENCE;
use crate::story::shift::{Shift, untouched};

/// Plays the scene.
pub async fn play(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    shift.teller.scene("A notification")?;
    takes_pushes(shift).await?;
    is_ready(shift).await?;
    // Whatever time has brought by now is told, and read, before it begins.
    shift.stage.server.store().tick().await?;
    shift.technician.account()?.refresh(None)?;
    shift.technician.at_rest().await?;
    shift.technician.account()?.notifications().mark_all_read(None).await?;
    let unread = shift.technician.unread_until("all is read", |unread| unread == 0).await?;
    shift.teller.says(&shift.technician, &format!("all is marked as read: {unread} unread"))?;
    let Some((alarm, announced)) = is_told(shift).await? else {
        return shift.teller.says(&shift.technician, "no device here has IT Expert and an alarm of its own");
    };
    opens(shift, alarm, &announced).await?;
    why(shift, alarm).await?;
    shift.technician.sends_all().await?;
    Ok(())
}

/// The phone says where its pushes go, and a test push comes.
async fn takes_pushes(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    let identity = shift.technician.identity()?;
    let room = shift.technician.account()?.notifications().clone();
    let address = (PushProvider::Loopback, identity.installation().to_string());
    room.set_push_address(Some(address)).await?;
    shift.technician.sends_canary().await?;
    let push = shift.stage.pushed(&identity, |push| push.notification.is_none()).await?;
    let came = match room.push(&push).await? {
        Arrived::Show(told) => told.said.code,
        Arrived::Silent(reasons) => format!("silent, by {}", reasons.decided),
    };
    shift.teller.says(&shift.technician, &format!("pushes are registered; a test push came: {came}"))
}

/// What is to be mended before the shift goes on.
async fn is_ready(shift: &mut Shift<'_>) -> Result<(), StoryError> {
    let room = shift.technician.account()?.notifications();
    let phone = PhoneStanding { may_notify: Some(true), silent_channels: Some(Vec::new()), ..PhoneStanding::default() };
    let readiness = room.readiness(Some(shift.home), &phone).await?;
    let count = |light| readiness.checks.iter().filter(|check| check.light == light).count();
    let text = format!("ready for a shift: {} of {}", count(Light::Ready), readiness.checks.len());
    shift.teller.says(&shift.technician, &text)?;
    for check in &readiness.checks {
        if let (Light::Bad | Light::Look, Some(says)) = (check.light, &check.says) {
            shift.teller.says(&shift.technician, &format!("{}: {says}", check.item.as_str()))?;
        }
    }
    Ok(())
}

/// A critical alarm occurs where nothing was wrong: it is announced once, by feed or push.
async fn is_told(shift: &mut Shift<'_>) -> Result<Option<(AlarmId, Announcement)>, StoryError> {
    let rows = shift.technician.list(untouched(shift.home)).await?.rows;
    let devices: Vec<_> =
        rows.iter().filter(|row| shift.stage.pushes_alone(row.device)).map(|row| row.device).collect();
    let Some(device) = shift.stage.chance.pick(&devices).copied() else { return Ok(None) };
    let room = shift.technician.account()?.notifications().clone();
    let mut postings = room.postings();
    let alarm = shift.stage.occurs(device, "Fan stands still", Severity::Critical).await?;
    shift.touched.insert(alarm);
    let announced = announcement(&mut postings, alarm).await?;
    let argument = |name: &str| announced.said.arguments.get(name).cloned().unwrap_or_default();
    let text =
        format!("{}: {} at {}, {}", announced.said.code, argument("alarm"), argument("device"), argument("location"));
    shift.teller.says(&shift.technician, &text)?;
    room.was_shown(announced.organization, &announced.key).await?;
    let push = shift.stage.pushed(&shift.technician.identity()?, |push| push.subject == alarm.0).await?;
    let again = match room.push(&push).await? {
        Arrived::Show(_) => "shown again".to_owned(),
        Arrived::Silent(reasons) => format!("nothing more is shown, by the rule {}", reasons.decided),
    };
    shift.teller.says(&shift.technician, &format!("the same event by push: {again}"))?;
    Ok(Some((alarm, announced)))
}

async fn announcement(postings: &mut Receiver<Posting>, alarm: AlarmId) -> Result<Announcement, StoryError> {
    let never = || StoryError::NeverCame("a notification".to_owned());
    loop {
        let posting = timeout(PATIENCE, postings.recv()).await.map_err(|_| never())?.map_err(|_| never())?;
        match posting {
            Posting::Show(told) if told.route.target == Target::Alarm(alarm) => return Ok(*told),
            Posting::Show(_) | Posting::Withdraw(_) => {}
        }
    }
}

/// The tap opens exactly that alarm.
async fn opens(shift: &mut Shift<'_>, alarm: AlarmId, announced: &Announcement) -> Result<(), StoryError> {
    let of_it = |row: &NotificationRow| row.route.target == Target::Alarm(alarm);
    shift.technician.notified("it is unread", |row| of_it(row) && !row.read).await?;
    shift.technician.unread_until("a counter", |unread| unread > 0).await?;
    shift.teller.says(&shift.technician, "it is in the list, unread")?;
    shift.technician.row_when_there(alarm).await?;
    let room = shift.technician.account()?.notifications().clone();
    let says = match room.open(Tap::of(announced), Some(shift.home)).await? {
        Opened::There { view, .. } => match *view {
            TargetView::Alarm(detail) => format!("its alarm: {} at {}", detail.row.label, detail.row.device_label),
            _ => "something else".to_owned(),
        },
        Opened::Home(_) | Opened::OtherAccount(_) | Opened::NotReached(_) => "no target".to_owned(),
    };
    shift.teller.says(&shift.technician, &format!("the tap opens {says}"))?;
    shift.technician.notified("it is read", |row| of_it(row) && row.read).await?;
    shift.teller.says(&shift.technician, "it is in the list, read")
}

/// Why it came, as the server and this phone noted it.
async fn why(shift: &mut Shift<'_>, alarm: AlarmId) -> Result<(), StoryError> {
    let why = shift.technician.account()?.notifications().why(shift.home, Target::Alarm(alarm)).await?;
    for notice in &why.server?.notices {
        // How old it was to the second is another one in each telling.
        let asked = notice.reasons.rules.iter().filter(|asked| asked.rule != "age");
        let rules: Vec<String> = asked.map(|asked| format!("{} {}", asked.rule, asked.input)).collect();
        let text = format!("why, the server: {} ({})", decided(&notice.reasons), rules.join(", "));
        shift.teller.says(&shift.technician, &text)?;
    }
    for notice in &why.phone {
        // What this phone knew of the device by then depends on which feed was read first.
        let rules: Vec<&str> = notice.reasons.rules.iter().map(|asked| asked.rule.as_str()).collect();
        let text = format!("why, this phone: {} ({})", decided(&notice.reasons), rules.join(", "));
        shift.teller.says(&shift.technician, &text)?;
    }
    Ok(())
}

fn decided(reasons: &Reasons) -> String {
    format!("{} by {}", reasons.verdict.as_str(), reasons.decided)
}
