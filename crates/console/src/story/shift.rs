//! What the scenes share: stage, teller, ledger and phones, and the few things that every scene does.

use std::collections::BTreeSet;
use std::path::PathBuf;

use onsite::account::OwnAction;
use onsite::alarms::{AlarmFilter, AlarmRow, AssignmentChoice, MutedChoice, Receipt, Status};
use onsite::time::Timestamp;
use onsite_wire::ids::{ActionId, AlarmId, OrganizationId};

use super::StoryError;
use super::ledger::Ledger;
use super::phone::{Phone, stage};
use super::stage::Stage;
use super::teller::Teller;

/// A shift being told.
pub struct Shift<'a> {
    /// Where it happens.
    pub stage: Stage,
    /// Who tells it.
    pub teller: Teller<'a>,
    /// What was told to be on the server.
    pub ledger: Ledger,
    /// The phone of the partner's technician.
    pub technician: Phone,
    /// The phone of a colleague at the first customer's.
    pub colleague: Phone,
    /// The first customer.
    pub home: OrganizationId,
    /// This program, to be started again.
    pub program: PathBuf,
    /// Alarms that the story has dealt with; each is dealt with in one scene.
    pub touched: BTreeSet<AlarmId>,
}

impl<'a> Shift<'a> {
    /// The beginning: new phones, nobody signed in.
    pub async fn new(mut stage: Stage, teller: Teller<'a>, program: PathBuf) -> Result<Self, StoryError> {
        let (mine, theirs) = (stage.handset("technician"), stage.handset("colleague"));
        Ok(Self {
            technician: Phone::open(mine, &stage.time).await?,
            colleague: Phone::open(theirs, &stage.time).await?,
            home: stage.home()?,
            stage,
            teller,
            ledger: Ledger::default(),
            program,
            touched: BTreeSet::new(),
        })
    }

    /// Turns all clocks on. What is being read ends before.
    pub async fn turn_to(&self, time: Timestamp) -> Result<(), StoryError> {
        for phone in [&self.technician, &self.colleague] {
            if phone.is_open() {
                phone.at_rest().await?;
            }
        }
        self.stage.time.turn_to(time);
        Ok(())
    }

    /// Turns all clocks on; both phones wake with signal.
    pub async fn turn_with_signal(&self, time: Timestamp) -> Result<(), StoryError> {
        self.turn_to(time).await?;
        self.technician.wakes_with_signal().await?;
        self.colleague.wakes_with_signal().await?;
        Ok(())
    }

    /// An active alarm of an organization that nobody is responsible for and nobody muted, new to the story.
    pub async fn choose(&mut self, organization: OrganizationId) -> Result<AlarmRow, StoryError> {
        let rows = self.technician.list(untouched(organization)).await?.rows;
        let free: Vec<&AlarmRow> = rows.iter().filter(|row| !self.touched.contains(&row.id)).collect();
        let chosen = self.stage.chance.pick(&free).copied().ok_or(StoryError::Lacks("another alarm of nobody's"))?;
        self.touched.insert(chosen.id);
        Ok(chosen.clone())
    }
}

/// Active alarms of an organization.
pub fn active(organization: OrganizationId) -> AlarmFilter {
    AlarmFilter { organization: Some(organization), status: Some(Status::Active), ..AlarmFilter::default() }
}

/// Active alarms of an organization that nobody is responsible for and nobody muted.
pub fn untouched(organization: OrganizationId) -> AlarmFilter {
    AlarmFilter { assignment: AssignmentChoice::Unassigned, muted: MutedChoice::Without, ..active(organization) }
}

/// Tells where actions stand.
pub async fn tell_stages(teller: &mut Teller<'_>, phone: &Phone, actions: &[OwnAction]) -> Result<(), StoryError> {
    for action in actions {
        let subject = phone.subject(action.subject).await?;
        teller.says(phone, &format!("{} {subject}: {}", action.kind, stage(&action.stage)))?;
    }
    Ok(())
}

/// Tells what one press made.
pub async fn tell_pressed(
    teller: &mut Teller<'_>,
    phone: &Phone,
    receipt: &Receipt,
) -> Result<Vec<ActionId>, StoryError> {
    let actions = phone.pressed(receipt)?;
    tell_stages(teller, phone, &actions).await?;
    Ok(actions.iter().map(|action| action.id).collect())
}

/// Waits until nothing is on the phone only, and gives these actions as they stand then.
pub async fn sent(phone: &Phone, actions: &[ActionId]) -> Result<Vec<OwnAction>, StoryError> {
    phone.sends_all().await?;
    actions.iter().map(|id| phone.action(*id)).collect()
}

/// Waits until nothing is on the phone only, tells where these actions stand, and keeps those on the server.
pub async fn tell_arrived(
    teller: &mut Teller<'_>,
    ledger: &mut Ledger,
    phone: &Phone,
    actions: &[ActionId],
) -> Result<(), StoryError> {
    let actions = sent(phone, actions).await?;
    tell_stages(teller, phone, &actions).await?;
    ledger.keep(phone, &actions)?;
    Ok(())
}
