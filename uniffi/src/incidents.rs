//! Incidents and their chats.

use std::sync::Arc;

use onsite::incidents::{ChatRow, ChatWindow};
use onsite::live::Batch;
use onsite_wire::ids::MessageId;

use crate::calls::Inner;
use crate::chat_records::ChatBatch;
use crate::error::{OnsiteError, count, id, ids, size};
use crate::incident_records::{IncidentBatch, IncidentFilter, IncidentOpening, IncidentPage, IncidentRow};
use crate::subscription::{Call, ListenerError, Order, Source, Subscription, SubscriptionEnd};

/// Told what a list of incidents shows.
#[uniffi::export(callback_interface)]
pub trait IncidentListener: Send + Sync {
    /// The first batch has all rows, later ones what changed since the last call.
    fn on_batch(&self, batch: IncidentBatch) -> Result<(), ListenerError>;
    /// No more calls come.
    fn on_end(&self, end: SubscriptionEnd) -> Result<(), ListenerError>;
}

/// Told what a chat shows, newest first.
#[uniffi::export(callback_interface)]
pub trait ChatListener: Send + Sync {
    /// The first batch has all rows, later ones what changed since the last call.
    fn on_batch(&self, batch: ChatBatch) -> Result<(), ListenerError>;
    /// No more calls come.
    fn on_end(&self, end: SubscriptionEnd) -> Result<(), ListenerError>;
}

impl Source for ChatWindow {
    type Item = Batch<ChatRow, ()>;

    fn next(&mut self) -> impl Future<Output = Option<Self::Item>> + Send {
        Self::next(self)
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::More(rows) => self.more(rows),
            Order::Show(Some(id)) => self.show(MessageId(id)),
            Order::Show(None) => self.show_top(),
        }
    }
}

/// Everything about incidents and their chats.
#[derive(uniffi::Object)]
pub struct Incidents {
    inner: Arc<Inner>,
}

impl Incidents {
    pub(crate) fn new(inner: &Arc<Inner>) -> Arc<Self> {
        Arc::new(Self { inner: Arc::clone(inner) })
    }
}

#[uniffi::export]
impl Incidents {
    /// Tells a listener a live window of at most `size` incidents, the newest event first.
    pub fn window(
        &self,
        filter: IncidentFilter,
        size: i32,
        listener: Box<dyn IncidentListener>,
    ) -> Result<Arc<Subscription>, OnsiteError> {
        self.inner.now("incidents.window", |entered| {
            let window = entered.account.incidents().window(filter.read()?, crate::error::size(size));
            Subscription::begin(&self.inner, entered, window, move |call| match call {
                Call::Batch(batch) => listener.on_batch(batch.into()),
                Call::End(end) => listener.on_end(end),
            })
        })
    }

    /// Tells a listener the newest `rows` messages of an incident, or those from the message `at` backwards.
    pub fn chat(
        &self,
        incident: String,
        rows: i32,
        at: Option<String>,
        listener: Box<dyn ChatListener>,
    ) -> Result<Arc<Subscription>, OnsiteError> {
        self.inner.now("incidents.chat", |entered| {
            let (incident, room) = (id(&incident)?, entered.account.incidents());
            let window = match at {
                Some(at) => room.chat_at(incident, size(rows), id(&at)?),
                None => room.chat(incident, size(rows)),
            };
            Subscription::begin(&self.inner, entered, window, move |call| match call {
                Call::Batch(batch) => listener.on_batch(batch.into()),
                Call::End(end) => listener.on_end(end),
            })
        })
    }

    /// One incident's own page.
    pub async fn page(&self, incident: String) -> Result<IncidentPage, OnsiteError> {
        let incident = id(&incident)?;
        self.inner
            .run("page", move |entered| async move { Ok(entered.account.incidents().page(incident).await?.into()) })
            .await
    }

    /// A device's incidents that are under way.
    pub async fn open_of(&self, device: String) -> Result<Vec<IncidentRow>, OnsiteError> {
        let device = id(&device)?;
        self.inner
            .run("open_of", move |entered| async move {
                let rows = entered.account.incidents().open_of(device).await?;
                Ok(rows.into_iter().map(IncidentRow::from).collect())
            })
            .await
    }

    /// What is to be said before an incident is opened on a device, or why none can be.
    pub async fn opening(&self, device: String) -> Result<IncidentOpening, OnsiteError> {
        let device = id(&device)?;
        self.inner
            .run("opening", move |entered| async move { Ok(entered.account.incidents().opening(device).await?.into()) })
            .await
    }

    /// Opens an incident. It is in the lists at once; the server opens it when the signal is there, within an hour.
    pub async fn open(
        &self,
        device: String,
        subject: String,
        description: String,
        alarms: Vec<String>,
        cost_accepted: bool,
    ) -> Result<String, OnsiteError> {
        let (device, alarms) = (id(&device)?, ids(&alarms)?);
        self.inner
            .run("open", move |entered| async move {
                let room = entered.account.incidents();
                Ok(room.open(device, &subject, &description, alarms, cost_accepted).await?.to_string())
            })
            .await
    }

    /// Writes in an incident's chat; the draft is used up. Gives the message's id.
    pub async fn write(&self, incident: String, text: String) -> Result<String, OnsiteError> {
        let incident = id(&incident)?;
        self.inner
            .run("write", move |entered| async move {
                Ok(entered.account.incidents().write(incident, &text).await?.to_string())
            })
            .await
    }

    /// Says that everything up to this number was read.
    pub async fn read_up_to(&self, incident: String, number: i64) -> Result<(), OnsiteError> {
        let incident = id(&incident)?;
        self.inner
            .run("read_up_to", move |entered| async move {
                Ok(entered.account.incidents().read_up_to(incident, number).await?)
            })
            .await
    }

    /// Says that an incident is solved.
    pub async fn solve(&self, incident: String) -> Result<(), OnsiteError> {
        let incident = id(&incident)?;
        self.inner
            .run("solve", move |entered| async move { Ok(entered.account.incidents().solve(incident).await?) })
            .await
    }

    /// Reopens a solved incident, within 4 days.
    pub async fn reopen(&self, incident: String) -> Result<(), OnsiteError> {
        let incident = id(&incident)?;
        self.inner
            .run("reopen", move |entered| async move { Ok(entered.account.incidents().reopen(incident).await?) })
            .await
    }

    /// Gives feedback on a completed incident, 1 to 5, or edits it.
    pub async fn give_feedback(&self, incident: String, rating: i32, comment: String) -> Result<(), OnsiteError> {
        let incident = id(&incident)?;
        self.inner
            .run("give_feedback", move |entered| async move {
                Ok(entered.account.incidents().give_feedback(incident, rating, &comment).await?)
            })
            .await
    }

    /// Keeps what was begun to be written.
    pub async fn set_draft(&self, incident: String, text: String) -> Result<(), OnsiteError> {
        let incident = id(&incident)?;
        self.inner
            .run("set_draft", move |entered| async move {
                Ok(entered.account.incidents().set_draft(incident, &text).await?)
            })
            .await
    }

    /// Reopens the incident of a parked message and sends it after all.
    pub async fn reopen_and_send(&self, incident: String, parked: String, text: String) -> Result<String, OnsiteError> {
        let (incident, parked) = (id(&incident)?, id(&parked)?);
        self.inner
            .run("reopen_and_send", move |entered| async move {
                Ok(entered.account.incidents().reopen_and_send(incident, parked, &text).await?.to_string())
            })
            .await
    }

    /// Opens a new incident on the same device and sends a parked message there. Gives the incident's id.
    pub async fn send_in_new(
        &self,
        incident: String,
        parked: String,
        text: String,
        subject: String,
        cost_accepted: bool,
    ) -> Result<String, OnsiteError> {
        let (incident, parked) = (id(&incident)?, id(&parked)?);
        self.inner
            .run("send_in_new", move |entered| async move {
                let room = entered.account.incidents();
                Ok(room.send_in_new(incident, parked, &text, &subject, cost_accepted).await?.to_string())
            })
            .await
    }

    /// Fills the newest gap of a chat, or what lies before the oldest message; gives how many messages were new.
    pub async fn fill(&self, incident: String) -> Result<i64, OnsiteError> {
        let incident = id(&incident)?;
        self.inner
            .ask("fill", move |entered| async move { Ok(count(entered.account.incidents().fill(incident).await?)) })
            .await
    }
}
