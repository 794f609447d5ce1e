//! Questions with one answer.

use onsite_wire::ids::OrganizationId;

use super::{Messages, incidents};
use crate::api::{Account, Error, Receipt, SignInStep};
use crate::app::DutyPicture;
use crate::app::message::{Command, Deed, Message};

/// Lines of the flight recorder that are shown.
const LINES: usize = 500;
/// Where the diagnostics are written.
const EXPORT: &str = "onsite-diagnostics.json";

/// Asks the account; nothing where it has nothing to say.
pub async fn answer(account: &Account, command: Command) -> Result<Option<Message>, Error> {
    let alarms = account.alarms();
    Ok(Some(match command {
        Command::Why(filter) => {
            let why = alarms.why_short(&filter).await?;
            Message::Why(filter, why)
        }
        Command::Assignees(id) => Message::Assignees(alarms.assignees(id).await?),
        Command::LoadOrganizations => Message::Organizations(account.organizations().await?),
        Command::LoadSaved => {
            let (filter, sort) = alarms.last_filter().await?;
            return Ok(Some(Message::Saved(alarms.saved_filters().await?, Box::new((filter, sort)))));
        }
        Command::SaveFilter(saved) => {
            alarms.save_filter(&saved).await?;
            Message::Saved(alarms.saved_filters().await?, Box::new(alarms.last_filter().await?))
        }
        Command::DeleteFilter(name) => {
            alarms.delete_filter(&name).await?;
            Message::Saved(alarms.saved_filters().await?, Box::new(alarms.last_filter().await?))
        }
        Command::Remember(filter, sort) => {
            alarms.remember_filter(&filter, sort).await?;
            return Ok(None);
        }
        Command::Retry(id) => {
            account.retry(id).await?;
            Message::Said("Tried again; My actions shows how it goes.".to_owned())
        }
        Command::Change(id, deed) => {
            account.change(id, *deed).await?;
            Message::Said("Done instead; My actions shows how it goes.".to_owned())
        }
        Command::Discard(id) => {
            account.discard(id).await?;
            Message::Said("Let go.".to_owned())
        }
        Command::LoadDuty => Message::Duty(Box::new(duty(account).await?)),
        Command::SwitchDuty(on) => {
            account.duty().switch(on).await?;
            Message::Duty(Box::new(duty(account).await?))
        }
        Command::LoadJournal => Message::Journal(account.journal(LINES).await?),
        Command::Explain(name, id) => Message::Life(name, account.explain(id).await?),
        Command::Export => export(account.export_diagnostics().await?),
        Command::SignIn(email, password) => match account.sign_in(&email, &password).await? {
            SignInStep::SignedIn(_) => Message::SignedIn,
            SignInStep::SecondFactor { .. } => {
                Message::Said("This account asks for a second factor, which the console cannot give yet.".to_owned())
            }
        },
        Command::SignOut(lose_unsent) => {
            account.sign_out(lose_unsent).await?;
            Message::Said("Signed out.".to_owned())
        }
        other => return incidents::act(account, other).await,
    }))
}

fn export(text: String) -> Message {
    match std::fs::write(EXPORT, text) {
        Ok(()) => Message::Said(format!("Written to {EXPORT}: codes, times and numbers, no names, no texts.")),
        Err(error) => Message::Failed(Error::input(format!("{EXPORT}: {error}"))),
    }
}

/// Does a deed.
pub async fn act(account: &Account, command: Command) -> Result<(Deed, Receipt), Error> {
    let alarms = account.alarms();
    Ok(match command {
        Command::Acknowledge(chosen, to, note) => (Deed::Acknowledged, alarms.acknowledge(chosen, to, &note).await?),
        Command::Release(chosen) => (Deed::Released, alarms.release(chosen).await?),
        Command::Mute(chosen, wish) => (Deed::Muted, alarms.mute(chosen, wish.until, wish.reason, &wish.text).await?),
        Command::MuteDevice(id, wish) => {
            (Deed::Muted, alarms.mute_device(id, wish.until, wish.reason, &wish.text).await?)
        }
        Command::Unmute(chosen) => (Deed::Unmuted, alarms.unmute(chosen).await?),
        Command::UnmuteDevice(id) => (Deed::Unmuted, alarms.unmute_device(id).await?),
        Command::HandOver(organization, to) => (Deed::HandedOver, alarms.hand_over(organization, to).await?),
        _ => return Err(Error::input("no deed")),
    })
}

/// Tells the people, and gives the places with the one that narrows every screen.
pub async fn places(
    account: &Account,
    organization: Option<OrganizationId>,
    messages: &Messages,
) -> Result<Option<Message>, Error> {
    let mut people = Vec::new();
    for one in account.organizations().await? {
        if organization.is_none_or(|id| id == one.id) {
            people.extend(account.people(one.id).await?);
        }
    }
    people.sort_by(|left, right| left.name.cmp(&right.name));
    people.dedup_by_key(|person| person.id);
    messages.send(Message::People(people)).ok();
    let nodes = account.locations(organization).await?;
    Ok(Some(Message::Places(nodes, account.location_filter())))
}

/// Duty as the screen shows it.
async fn duty(account: &Account) -> Result<DutyPicture, Error> {
    let room = account.duty();
    let sites = room.sites().await?;
    let mut calls = Vec::new();
    for site in &sites {
        calls.push(room.who_to_call(site.id).await);
    }
    let (standing, colleagues, decisions) = (room.standing(), room.colleagues().await?, room.decisions());
    Ok(DutyPicture { standing, sites, colleagues, calls, decisions })
}
