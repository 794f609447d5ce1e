//! 06:05. No signal in the basement. The technician goes on working; then the system kills the app, and it is opened again
//! on the same files: nothing is lost.

use std::time::Duration;

use onsite::account::AccountState;
use onsite::alarms::{Chosen, MuteUntil};
use onsite_wire::ids::{ActionId, AlarmId};
use onsite_wire::rest::MuteReason;

use crate::story::StoryError;
use crate::story::clock::{StoryTime, time_of_day};
use crate::story::phone::{Phone, mark};
use crate::story::process::{Errand, run_and_kill};
use crate::story::shift::{Shift, active, tell_pressed, tell_stages};
use crate::story::teller::Teller;

/// What the person does in the basement is muted for so long.
const MUTED_FOR: Duration = Duration::from_secs(60 * 60);

/// What the phone has with it when it comes up again.
pub struct Carried {
    /// The actions that wait.
    pub waiting: Vec<ActionId>,
    /// The alarm that was muted.
    pub muted: AlarmId,
}

/// Plays the scene: the part without signal in another process, which is killed.
pub async fn play(shift: &mut Shift<'_>) -> Result<Carried, StoryError> {
    shift.teller.scene("Signal lost")?;
    let (acknowledge, mute) = (shift.choose(shift.home).await?.id, shift.choose(shift.home).await?.id);
    shift.turn_to(StoryTime::of_day(6, 5)).await?;
    shift.technician.close().await;
    shift.stage.server.faults().set_offline(true);
    let errand = Errand {
        handset: shift.technician.handset.clone(),
        now: shift.stage.time.now(),
        home: shift.home,
        acknowledge,
        mute,
    };
    run_and_kill(&shift.program, &errand, &mut shift.teller).await?;
    shift.teller.scene("Process ended, and opened again")?;
    shift.stage.time.turn_to(StoryTime::of_day(6, 20));
    shift.technician.reopen().await?;
    let state = shift.technician.until("reading fails", |state| state.trouble.is_some()).await?;
    shift.teller.says(&shift.technician, &standing(&state))?;
    let mut actions = shift.technician.account()?.actions();
    actions.retain(|action| action.subject.id == acknowledge.0 || action.subject.id == mute.0);
    tell_stages(&mut shift.teller, &shift.technician, &actions).await?;
    Ok(Carried { waiting: actions.iter().map(|action| action.id).collect(), muted: mute })
}

fn standing(state: &AccountState) -> String {
    let age = state.age_ms.map_or_else(|| "never read".to_owned(), |age| format!("{} min old", age / 60_000));
    format!("live: {}; the data is {age}; {} on this phone only", state.live, state.waiting)
}

/// The errand of the other process. Gives the phone, still open.
pub async fn without_signal(errand: &Errand, teller: &mut Teller<'_>) -> Result<Phone, StoryError> {
    let phone = Phone::open(errand.handset.clone(), &StoryTime::at(errand.now)).await?;
    let state = phone.until("reading fails", |state| state.trouble.is_some()).await?;
    teller.says(&phone, &standing(&state))?;
    let listed = phone.list(active(errand.home)).await?;
    teller.says(&phone, &format!("{} active alarms are there without signal", listed.total))?;
    let alarms = phone.account()?.alarms();
    let these = Chosen::These(vec![errand.acknowledge]);
    tell_pressed(teller, &phone, &alarms.acknowledge(these, phone.me()?, "in the basement").await?).await?;
    let these = Chosen::These(vec![errand.mute]);
    let muted = alarms.mute(these, MuteUntil::For(MUTED_FOR), MuteReason::UnderRepair, "").await?;
    tell_pressed(teller, &phone, &muted).await?;
    shown_at_once(errand, &phone, teller).await?;
    let all_wait = |state: &AccountState| state.waiting == 2 && state.next_attempt.is_some();
    let state = phone.until("both wait for their next attempt", all_wait).await?;
    let until_next = state.next_attempt.map_or(0, |at| at.millis_since(phone.wall()).max(0));
    let text = format!("{} on this phone; the next attempt is set", state.waiting);
    teller.says_measured(&phone, &text, Duration::from_millis(until_next.unsigned_abs()))?;
    Ok(phone)
}

async fn shown_at_once(errand: &Errand, phone: &Phone, teller: &mut Teller<'_>) -> Result<(), StoryError> {
    let row = phone.row(errand.acknowledge).await?;
    if let Some(now) = row.acknowledged {
        teller.says(phone, &format!("{} shows {} at once, {}", row.label, now.name, mark(row.own_action)))?;
    }
    let row = phone.row(errand.mute).await?;
    if let Some(muted) = row.muted {
        let until = muted.until.map_or_else(|| "cleared".to_owned(), time_of_day);
        teller.says(phone, &format!("{} shows muted until {until}, {}", row.label, mark(row.own_action)))?;
    }
    Ok(())
}
