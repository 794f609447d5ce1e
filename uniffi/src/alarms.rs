//! Alarms: lists, filters, the page of one, and what a person does to them.

use std::sync::Arc;

use crate::alarm_deeds::{Chosen, MuteUntil, Receipt};
use crate::alarm_filter::{AlarmFilter, AlarmSort, SavedFilter};
use crate::alarm_page::{AlarmDetail, AlarmEvent, AssigneeChoice, Plot, Why};
use crate::alarm_rows::{AlarmBatch, MuteReason};
use crate::calls::Inner;
use crate::error::{OnsiteError, id, size};
use crate::people::Assignee;
use crate::subscription::{Call, ListenerError, Subscription, SubscriptionEnd};

/// Told what a list of alarms shows.
#[uniffi::export(callback_interface)]
pub trait AlarmListener: Send + Sync {
    /// The first batch has all rows, later ones what changed since the last call.
    fn on_batch(&self, batch: AlarmBatch) -> Result<(), ListenerError>;
    /// No more calls come.
    fn on_end(&self, end: SubscriptionEnd) -> Result<(), ListenerError>;
}

/// Everything about alarms.
#[derive(uniffi::Object)]
pub struct Alarms {
    inner: Arc<Inner>,
}

impl Alarms {
    pub(crate) fn new(inner: &Arc<Inner>) -> Arc<Self> {
        Arc::new(Self { inner: Arc::clone(inner) })
    }

    async fn act<F>(
        &self,
        name: &'static str,
        act: impl FnOnce(onsite::alarms::Alarms) -> F + Send + 'static,
    ) -> Result<Receipt, OnsiteError>
    where
        F: Future<Output = Result<onsite::alarms::Receipt, onsite::error::Error>> + Send,
    {
        self.inner
            .run(name, move |entered| async move {
                let alarms = entered.account.alarms().clone();
                Ok(act(alarms).await?.into())
            })
            .await
    }
}

#[uniffi::export]
impl Alarms {
    /// Tells a listener a live window of at most `size` rows from the top.
    pub fn window(
        &self,
        filter: AlarmFilter,
        sort: AlarmSort,
        size: i32,
        listener: Box<dyn AlarmListener>,
    ) -> Result<Arc<Subscription>, OnsiteError> {
        self.open(filter, sort, size, None, listener)
    }

    /// Tells a listener a live window that begins with this alarm. The location filter never hides it.
    pub fn window_at(
        &self,
        filter: AlarmFilter,
        sort: AlarmSort,
        size: i32,
        at: String,
        listener: Box<dyn AlarmListener>,
    ) -> Result<Arc<Subscription>, OnsiteError> {
        self.open(filter, sort, size, Some(at), listener)
    }

    /// One alarm's own page.
    pub async fn detail(&self, alarm: String) -> Result<AlarmDetail, OnsiteError> {
        let alarm = id(&alarm)?;
        self.inner
            .run("detail", move |entered| async move { Ok(entered.account.alarms().detail(alarm).await?.into()) })
            .await
    }

    /// Whom one could make responsible for an alarm.
    pub async fn assignees(&self, alarm: String) -> Result<Vec<AssigneeChoice>, OnsiteError> {
        let alarm = id(&alarm)?;
        self.inner
            .run("assignees", move |entered| async move {
                let choices = entered.account.alarms().assignees(alarm).await?;
                Ok(choices.into_iter().map(AssigneeChoice::from).collect())
            })
            .await
    }

    /// The sensor around an alarm: fresh from the server or, without signal, as it was seen last.
    pub async fn plot(&self, alarm: String) -> Result<Plot, OnsiteError> {
        let alarm = id(&alarm)?;
        self.inner
            .ask("plot", move |entered| async move { Ok(entered.account.alarms().plot(alarm).await?.into()) })
            .await
    }

    /// What people did to an alarm, oldest first: fresh from the server or, without signal, as it was seen last.
    pub async fn history(&self, alarm: String) -> Result<Vec<AlarmEvent>, OnsiteError> {
        let alarm = id(&alarm)?;
        self.inner
            .ask("history", move |entered| async move {
                let entries = entered.account.alarms().history(alarm).await?;
                Ok(entries.into_iter().map(AlarmEvent::from).collect())
            })
            .await
    }

    /// Why a list shows what it shows.
    pub async fn why_short(&self, filter: AlarmFilter) -> Result<Vec<Why>, OnsiteError> {
        let filter = filter.read()?;
        self.inner
            .run("why_short", move |entered| async move {
                let reasons = entered.account.alarms().why_short(&filter).await?;
                Ok(reasons.into_iter().map(Why::from).collect())
            })
            .await
    }

    /// Makes somebody responsible, or changes who or the note.
    pub async fn acknowledge(&self, chosen: Chosen, assignee: Assignee, note: String) -> Result<Receipt, OnsiteError> {
        let (chosen, assignee) = (chosen.read()?, assignee.read()?);
        self.act("acknowledge", move |alarms| async move { alarms.acknowledge(chosen, assignee, &note).await }).await
    }

    /// Takes acknowledgements back.
    pub async fn release(&self, chosen: Chosen) -> Result<Receipt, OnsiteError> {
        let chosen = chosen.read()?;
        self.act("release", move |alarms| async move { alarms.release(chosen).await }).await
    }

    /// Mutes alarms, or changes their mute.
    pub async fn mute(
        &self,
        chosen: Chosen,
        until: MuteUntil,
        reason: MuteReason,
        text: String,
    ) -> Result<Receipt, OnsiteError> {
        let (chosen, until) = (chosen.read()?, until.read()?);
        self.act("mute", move |alarms| async move { alarms.mute(chosen, until, reason.into(), &text).await }).await
    }

    /// Lifts the alarms' own mutes.
    pub async fn unmute(&self, chosen: Chosen) -> Result<Receipt, OnsiteError> {
        let chosen = chosen.read()?;
        self.act("unmute", move |alarms| async move { alarms.unmute(chosen).await }).await
    }

    /// Mutes all alarms of a device and its components, or changes the mute.
    pub async fn mute_device(
        &self,
        device: String,
        until: MuteUntil,
        reason: MuteReason,
        text: String,
    ) -> Result<Receipt, OnsiteError> {
        let (device, until) = (id(&device)?, until.read()?);
        let mute = move |alarms: onsite::alarms::Alarms| async move {
            alarms.mute_device(device, until, reason.into(), &text).await
        };
        self.act("mute_device", mute).await
    }

    /// Lifts a device's mute.
    pub async fn unmute_device(&self, device: String) -> Result<Receipt, OnsiteError> {
        let device = id(&device)?;
        self.act("unmute_device", move |alarms| async move { alarms.unmute_device(device).await }).await
    }

    /// Hands all active alarms for which one is responsible over to a colleague, in one organization.
    pub async fn hand_over(&self, organization: String, to: Assignee) -> Result<Receipt, OnsiteError> {
        let (organization, to) = (id(&organization)?, to.read()?);
        self.act("hand_over", move |alarms| async move { alarms.hand_over(organization, to).await }).await
    }

    /// The saved filters by name.
    pub async fn saved_filters(&self) -> Result<Vec<SavedFilter>, OnsiteError> {
        self.inner
            .run("saved_filters", |entered| async move {
                Ok(entered.account.alarms().saved_filters().await?.into_iter().map(SavedFilter::from).collect())
            })
            .await
    }

    /// Saves a filter under its name.
    pub async fn save_filter(&self, saved: SavedFilter) -> Result<(), OnsiteError> {
        let saved = saved.read()?;
        self.inner
            .run("save_filter", move |entered| async move { Ok(entered.account.alarms().save_filter(&saved).await?) })
            .await
    }

    /// Forgets a saved filter; one that is not there is no error.
    pub async fn delete_filter(&self, name: String) -> Result<(), OnsiteError> {
        self.inner
            .run(
                "delete_filter",
                move |entered| async move { Ok(entered.account.alarms().delete_filter(&name).await?) },
            )
            .await
    }

    /// Keeps the filter that is used now, for the next start.
    pub async fn remember_filter(&self, filter: AlarmFilter, sort: AlarmSort) -> Result<(), OnsiteError> {
        let filter = filter.read()?;
        self.inner
            .run("remember_filter", move |entered| async move {
                Ok(entered.account.alarms().remember_filter(&filter, sort.into()).await?)
            })
            .await
    }

    /// The filter that was used last, under no name; everything, before the first.
    pub async fn last_filter(&self) -> Result<SavedFilter, OnsiteError> {
        self.inner
            .run("last_filter", |entered| async move {
                let (filter, sort) = entered.account.alarms().last_filter().await?;
                Ok(SavedFilter { name: String::new(), filter: filter.into(), sort: sort.into() })
            })
            .await
    }
}

impl Alarms {
    fn open(
        &self,
        filter: AlarmFilter,
        sort: AlarmSort,
        rows: i32,
        at: Option<String>,
        listener: Box<dyn AlarmListener>,
    ) -> Result<Arc<Subscription>, OnsiteError> {
        self.inner.now("window", |entered| {
            let (filter, alarms) = (filter.read()?, entered.account.alarms());
            let window = match at {
                Some(at) => alarms.window_at(filter, sort.into(), size(rows), id(&at)?),
                None => alarms.window(filter, sort.into(), size(rows)),
            };
            Subscription::begin(&self.inner, entered, window, move |call| match call {
                Call::Batch(batch) => listener.on_batch(batch.into()),
                Call::End(end) => listener.on_end(end),
            })
        })
    }
}
