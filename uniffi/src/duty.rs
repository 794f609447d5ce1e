//! On duty: the switch, at which site, what the phone's system is asked for, whom to call.

use std::sync::Arc;

use onsite::duty as core;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::calls::Inner;
use crate::duty_records::{
    Call, DutyDecision, DutySettings, DutyStanding, Fix, Region, SiteView, Watched, Wish, regions,
};
use crate::error::{OnsiteError, id};
use crate::people::Colleague;
use crate::subscription::{self, ListenerError, Order, Source, Subscription, SubscriptionEnd};

/// Told what the phone's system is asked for.
#[uniffi::export(callback_interface)]
pub trait DutyListener: Send + Sync {
    /// One wish. The first call has the regions that are to be watched now.
    fn on_wish(&self, wish: Wish) -> Result<(), ListenerError>;
    /// No more calls come.
    fn on_end(&self, end: SubscriptionEnd) -> Result<(), ListenerError>;
}

/// Everything about being on duty.
#[derive(uniffi::Object)]
pub struct Duty {
    inner: Arc<Inner>,
}

impl Duty {
    pub(crate) fn new(inner: &Arc<Inner>) -> Arc<Self> {
        Arc::new(Self { inner: Arc::clone(inner) })
    }
}

/// Wishes as calls of a listener. Of those that a slow listener missed only the regions still mean something.
struct Wishes {
    room: core::DutyRoom,
    wishes: broadcast::Receiver<core::Wish>,
    whole: bool,
}

impl Source for Wishes {
    type Item = Wish;

    async fn next(&mut self) -> Option<Wish> {
        if !self.whole {
            self.whole = true;
            return Some(core::Wish::Watch(self.room.plan()).into());
        }
        match self.wishes.recv().await {
            Ok(wish) => Some(wish.into()),
            Err(RecvError::Lagged(_)) => Some(core::Wish::Watch(self.room.plan()).into()),
            Err(RecvError::Closed) => None,
        }
    }

    fn take(&mut self, _: Order) {}
}

#[uniffi::export]
impl Duty {
    /// Goes on duty, or off. Works without signal; the standing is the new one when it returns.
    pub async fn switch(&self, on: bool) -> Result<(), OnsiteError> {
        self.inner.run("switch", move |entered| async move { Ok(entered.account.duty().switch(on).await?) }).await
    }

    /// Where the person's duty stands on this phone. May differ whenever the account's listener is called.
    pub fn standing(&self) -> Result<DutyStanding, OnsiteError> {
        self.inner.now("standing", |entered| Ok(entered.account.duty().standing().into()))
    }

    /// The last decisions, newest first.
    pub fn decisions(&self) -> Result<Vec<DutyDecision>, OnsiteError> {
        self.inner.now("decisions", |entered| {
            Ok(entered.account.duty().decisions().into_iter().map(DutyDecision::from).collect())
        })
    }

    /// The regions that the system shall watch now.
    pub fn plan(&self) -> Result<Vec<Region>, OnsiteError> {
        self.inner.now("plan", |entered| Ok(regions(entered.account.duty().plan())))
    }

    /// Tells a listener what the phone's system is asked for.
    pub fn wishes(&self, listener: Box<dyn DutyListener>) -> Result<Arc<Subscription>, OnsiteError> {
        self.inner.now("wishes", |entered| {
            let room = entered.account.duty().clone();
            let wishes = Wishes { wishes: room.wishes(), room, whole: false };
            Subscription::begin(&self.inner, entered, wishes, move |call| match call {
                subscription::Call::Batch(wish) => listener.on_wish(wish),
                subscription::Call::End(end) => listener.on_end(end),
            })
        })
    }

    /// A position came. It goes into the decision and nowhere else.
    pub fn fix(&self, fix: Fix) -> Result<(), OnsiteError> {
        self.inner.now("fix", |entered| Ok(entered.account.duty().fix(fix.into())?))
    }

    /// A watched circle was crossed.
    pub fn crossed(&self, watched: Watched) -> Result<(), OnsiteError> {
        self.inner.now("crossed", |entered| Ok(entered.account.duty().crossed(watched.read()?)?))
    }

    /// The system's answer to the wish for a region.
    pub fn region_answer(&self, site: String, inside: bool) -> Result<(), OnsiteError> {
        self.inner.now("region_answer", |entered| Ok(entered.account.duty().region_answer(id(&site)?, inside)?))
    }

    /// Whether the app may use the location always.
    pub fn permission(&self, granted: bool) -> Result<(), OnsiteError> {
        self.inner.now("permission", |entered| Ok(entered.account.duty().permission(granted)?))
    }

    /// Whether location services are on.
    pub fn location_services(&self, on: bool) -> Result<(), OnsiteError> {
        self.inner.now("location_services", |entered| Ok(entered.account.duty().location_services(on)?))
    }

    /// What the person chose.
    pub fn settings(&self) -> Result<DutySettings, OnsiteError> {
        self.inner.now("duty.settings", |entered| Ok(entered.account.duty().settings().into()))
    }

    /// Chooses, and keeps it.
    pub async fn set_settings(&self, settings: DutySettings) -> Result<(), OnsiteError> {
        let settings = settings.read()?;
        self.inner
            .run(
                "duty.set_settings",
                move |entered| async move { Ok(entered.account.duty().set_settings(settings).await?) },
            )
            .await
    }

    /// Who is on duty, by name.
    pub async fn colleagues(&self) -> Result<Vec<Colleague>, OnsiteError> {
        self.inner
            .run("colleagues", |entered| async move {
                Ok(entered.account.duty().colleagues().await?.into_iter().map(Colleague::from).collect())
            })
            .await
    }

    /// All sites by name.
    pub async fn sites(&self) -> Result<Vec<SiteView>, OnsiteError> {
        self.inner
            .run("sites", |entered| async move {
                Ok(entered.account.duty().sites().await?.into_iter().map(SiteView::from).collect())
            })
            .await
    }

    /// Who to call at a site, in order.
    pub async fn who_to_call(&self, site: String) -> Result<Vec<Call>, OnsiteError> {
        let site = id(&site)?;
        self.inner
            .run("who_to_call", move |entered| async move {
                Ok(entered.account.duty().who_to_call(site).await?.into_iter().map(Call::from).collect())
            })
            .await
    }
}
