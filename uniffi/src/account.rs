//! The account: signing in, where it stands, the person's own actions, sleep and the end.

use std::sync::Arc;

use onsite::account as core;
use onsite::session::SignInStep;
use secrecy::SecretString;
use tokio::sync::watch;

use crate::account_records::{AccountState, FeedState, OwnAction, SignIn};
use crate::alarm_deeds::{Deed, Outcome, Receipt};
use crate::alarms::Alarms;
use crate::calls::{Inner, run};
use crate::duty::Duty;
use crate::error::{OnsiteError, count, id, id_if};
use crate::home::{TileFilter, tiles};
use crate::incident_records::IncidentFilter;
use crate::incidents::Incidents;
use crate::log::JournalLine;
use crate::open::Found;
use crate::people::PersonEntry;
use crate::places::{LocationNode, OrganizationOverview};
use crate::subscription::{Call, ListenerError, Order, Source, Subscription, SubscriptionEnd};

/// Told where an account stands.
#[uniffi::export(callback_interface)]
pub trait AccountListener: Send + Sync {
    /// It may stand elsewhere now; the first call comes at once. What happens during a call is one call.
    fn on_state(&self, state: AccountState) -> Result<(), ListenerError>;
    /// No more calls come.
    fn on_end(&self, end: SubscriptionEnd) -> Result<(), ListenerError>;
}

/// An open account: one person, or one API key, on one server, with everything this phone keeps of it.
#[derive(uniffi::Object)]
pub struct Account {
    inner: Arc<Inner>,
    found: Found,
}

impl Account {
    pub(crate) fn new(account: core::Account, found: Found) -> Arc<Self> {
        Arc::new(Self { inner: Inner::new(account), found })
    }
}

/// Changes of an account as calls of a listener.
struct Changes {
    account: core::Account,
    changes: watch::Receiver<u64>,
    first: bool,
}

impl Source for Changes {
    type Item = AccountState;

    async fn next(&mut self) -> Option<AccountState> {
        if !self.first {
            self.changes.changed().await.ok()?;
        }
        self.first = false;
        self.changes.mark_unchanged();
        Some(self.account.state().into())
    }

    fn take(&mut self, _: Order) {}
}

#[uniffi::export]
impl Account {
    /// What opening found.
    pub fn found(&self) -> Found {
        self.found
    }

    /// Everything about alarms.
    pub fn alarms(&self) -> Arc<Alarms> {
        Alarms::new(&self.inner)
    }

    /// Everything about incidents and their chats.
    pub fn incidents(&self) -> Arc<Incidents> {
        Incidents::new(&self.inner)
    }

    /// Everything about being on duty.
    pub fn duty(&self) -> Arc<Duty> {
        Duty::new(&self.inner)
    }

    /// Where the account stands now.
    pub fn state(&self) -> Result<AccountState, OnsiteError> {
        self.inner.now("state", |entered| Ok(entered.account.state().into()))
    }

    /// Tells a listener where the account stands, now and whenever that or [`Account::actions`] may differ.
    pub fn watch(&self, listener: Box<dyn AccountListener>) -> Result<Arc<Subscription>, OnsiteError> {
        self.inner.now("watch", |entered| {
            let account = entered.account.clone();
            let changes = Changes { changes: account.changes(), account, first: true };
            Subscription::begin(&self.inner, entered, changes, move |call| match call {
                Call::Batch(state) => listener.on_state(state),
                Call::End(end) => listener.on_end(end),
            })
        })
    }

    /// The person's own actions, newest first: waiting, parked, and those confirmed in the last 7 days.
    pub fn actions(&self) -> Result<Vec<OwnAction>, OnsiteError> {
        self.inner.now("actions", |entered| Ok(entered.account.actions().into_iter().map(OwnAction::from).collect()))
    }

    /// Where the copy of each feed stands.
    pub fn feeds(&self) -> Result<Vec<FeedState>, OnsiteError> {
        self.inner.now("feeds", |entered| Ok(entered.account.feeds().into_iter().map(FeedState::from).collect()))
    }

    /// Signs in with e-mail and password. The account's files belong to the person who signed in first: another one is
    /// `account_differs`.
    pub async fn sign_in(&self, email: String, password: String) -> Result<SignIn, OnsiteError> {
        let password = SecretString::from(password);
        self.inner
            .ask("sign_in", |entered| async move {
                Ok(match entered.account.sign_in(&email, &password).await? {
                    SignInStep::SignedIn(person) => SignIn::SignedIn { person: person.into() },
                    SignInStep::SecondFactor { methods, .. } => SignIn::SecondFactor { methods },
                })
            })
            .await
    }

    /// Ends the session. With actions that are on this phone only it is `unsent_actions` with their count, and nothing
    /// happened, until `lose_unsent` is given. The account's folder is the shell's to delete afterwards.
    pub async fn sign_out(&self, lose_unsent: bool) -> Result<(), OnsiteError> {
        self.inner.run("sign_out", |entered| async move { Ok(entered.account.sign_out(lose_unsent).await?) }).await
    }

    /// Switches the network off and on.
    pub fn set_offline(&self, offline: bool) -> Result<(), OnsiteError> {
        self.inner.now("set_offline", |entered| Ok(entered.account.set_offline(offline)?))
    }

    /// Whether the app is in front.
    pub fn set_front(&self, front: bool) -> Result<(), OnsiteError> {
        self.inner.now("set_front", |entered| Ok(entered.account.set_front(front)?))
    }

    /// The phone has another network, or one again.
    pub fn network_changed(&self) -> Result<(), OnsiteError> {
        self.inner.now("network_changed", |entered| Ok(entered.account.network_changed()?))
    }

    /// A clock was set, or time passed that the core could not see pass.
    pub fn clock_changed(&self) -> Result<(), OnsiteError> {
        self.inner.now("clock_changed", |entered| Ok(entered.account.clock_changed()?))
    }

    /// Asks for the newest: of one organization, or of all.
    pub fn refresh(&self, organization: Option<String>) -> Result<(), OnsiteError> {
        self.inner.now("refresh", |entered| Ok(entered.account.refresh(id_if(organization.as_ref())?)?))
    }

    /// The organizations that the account reaches, by name.
    pub async fn organizations(&self) -> Result<Vec<OrganizationOverview>, OnsiteError> {
        self.inner
            .run("organizations", |entered| async move {
                Ok(entered.account.organizations().await?.into_iter().map(OrganizationOverview::from).collect())
            })
            .await
    }

    /// The places of an organization, or of all, in the order of a tree.
    pub async fn locations(&self, organization: Option<String>) -> Result<Vec<LocationNode>, OnsiteError> {
        let organization = id_if(organization.as_ref())?;
        self.inner
            .run("locations", move |entered| async move {
                Ok(entered.account.locations(organization).await?.into_iter().map(LocationNode::from).collect())
            })
            .await
    }

    /// The people of an organization by name.
    pub async fn people(&self, organization: String) -> Result<Vec<PersonEntry>, OnsiteError> {
        let organization = id(&organization)?;
        self.inner
            .run("people", move |entered| async move {
                Ok(entered.account.people(organization).await?.into_iter().map(PersonEntry::from).collect())
            })
            .await
    }

    /// The location that narrows every screen.
    pub fn location_filter(&self) -> Result<Option<String>, OnsiteError> {
        self.inner.now("location_filter", |entered| Ok(entered.account.location_filter().map(|id| id.to_string())))
    }

    /// Narrows every screen to a location, or lifts that. Windows that are open stay as they are: open them anew.
    pub async fn set_location_filter(&self, location: Option<String>) -> Result<(), OnsiteError> {
        let location = id_if(location.as_ref())?;
        let call = move |entered: crate::calls::Entered| async move {
            Ok(entered.account.set_location_filter(location).await?)
        };
        self.inner.run("set_location_filter", call).await
    }

    /// The tiles of the home screen, each with the list that it opens.
    pub fn tiles(&self, organization: Option<String>) -> Result<Vec<TileFilter>, OnsiteError> {
        self.inner.now("tiles", |entered| {
            let me = entered.account.state().person.map(|person| person.id);
            Ok(tiles(me, id_if(organization.as_ref())?))
        })
    }

    /// The tile of incidents that are under way, by the list that it opens: its number is the list's total.
    pub fn open_incidents(&self, organization: Option<String>) -> Result<IncidentFilter, OnsiteError> {
        self.inner.now("open_incidents", |_| Ok(onsite::home::open_incidents(id_if(organization.as_ref())?).into()))
    }

    /// Does a parked action again, over what is there now: a new action that names the parked one.
    pub async fn retry(&self, action: String) -> Result<String, OnsiteError> {
        let action = id(&action)?;
        self.inner
            .run("retry", move |entered| async move { Ok(entered.account.retry(action).await?.to_string()) })
            .await
    }

    /// Does something else instead of a parked action, to the same alarm or device.
    pub async fn change(&self, action: String, deed: Deed) -> Result<String, OnsiteError> {
        let (action, deed) = (id(&action)?, deed.read()?);
        self.inner
            .run("change", move |entered| async move { Ok(entered.account.change(action, deed).await?.to_string()) })
            .await
    }

    /// Lets go of a parked action, or of one that the server cannot have heard of.
    pub async fn discard(&self, action: String) -> Result<(), OnsiteError> {
        let action = id(&action)?;
        self.inner.run("discard", move |entered| async move { Ok(entered.account.discard(action).await?) }).await
    }

    /// What became of one press.
    pub fn outcome(&self, receipt: Receipt) -> Result<Outcome, OnsiteError> {
        self.inner.now("outcome", |entered| Ok(entered.account.outcome(&receipt.read()?).into()))
    }

    /// The newest lines of the flight recorder, newest first.
    pub async fn journal(&self, limit: i32) -> Result<Vec<JournalLine>, OnsiteError> {
        self.inner
            .run("journal", move |entered| async move {
                let lines = entered.account.journal(crate::error::size(limit)).await?;
                Ok(lines.into_iter().map(JournalLine::from).collect())
            })
            .await
    }

    /// The life of one action, alarm or device, oldest first.
    pub async fn explain(&self, subject: String) -> Result<Vec<JournalLine>, OnsiteError> {
        let subject = id(&subject)?;
        self.inner
            .run("explain", move |entered| async move {
                Ok(entered.account.explain(subject).await?.into_iter().map(JournalLine::from).collect())
            })
            .await
    }

    /// Rows that a server sent and that could not be taken, over all feeds.
    pub async fn skipped_rows(&self) -> Result<i64, OnsiteError> {
        self.inner
            .run("skipped_rows", |entered| async move {
                Ok(count(entered.account.skipped_rows().await?.values().sum::<u64>()))
            })
            .await
    }

    /// Versions, states, times and codes as JSON, to be sent to those who help. No names, no texts, no positions.
    pub async fn export_diagnostics(&self) -> Result<String, OnsiteError> {
        self.inner
            .run("export_diagnostics", |entered| async move { Ok(entered.account.export_diagnostics().await?) })
            .await
    }

    /// Closes all files, as an app must that goes to sleep. Subscriptions stay and wait; calls wait too.
    pub async fn suspend(&self) -> Result<(), OnsiteError> {
        self.inner.run("suspend", |entered| async move { Ok(entered.account.suspend().await?) }).await
    }

    /// Opens the files again. Subscriptions are told what differs. `store_busy`: somebody else has them open meanwhile; the
    /// account sleeps on until this is called again.
    pub async fn resume(&self) -> Result<(), OnsiteError> {
        self.inner.run("resume", |entered| async move { Ok(entered.account.resume().await?) }).await
    }

    /// Ends subscriptions, waits for what is under way, and closes the files. Afterwards every call is `store_closed`. Once more
    /// does nothing.
    pub async fn shutdown(&self) -> Result<(), OnsiteError> {
        run("shutdown", Arc::clone(&self.inner).close()).await
    }
}

#[cfg(feature = "panic-for-tests")]
#[uniffi::export]
impl Account {
    /// Panics in a call that does not wait.
    #[allow(clippy::panic, reason = "what a test asks for")]
    pub fn panic_now(&self) -> Result<(), OnsiteError> {
        self.inner.now("panic_now", |_| panic!("asked for by a test"))
    }

    /// Panics in a call that waits, in the middle.
    #[allow(clippy::panic, reason = "what a test asks for")]
    pub async fn panic_later(&self) -> Result<(), OnsiteError> {
        self.inner
            .run("panic_later", |_| async {
                tokio::task::yield_now().await;
                panic!("asked for by a test")
            })
            .await
    }
}
