//! Subscriptions: what a listener is told, one call at a time and in order, until it is enough or the account closes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onsite::live::{Batch, Query, Window};
use onsite_wire::ids::Uuid;
use tokio::sync::{mpsc, watch};

use crate::calls::{Entered, Inner, now, runtime};
use crate::error::{self, OnsiteError};
use crate::log;

/// What a listener may throw; anything else that it throws is taken as this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ListenerError {
    /// It could not take the call.
    #[error("the listener failed")]
    Failed,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for ListenerError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}

/// Why no more calls come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum SubscriptionEnd {
    /// The account was closed.
    Closed,
    /// The listener failed in a call: what it holds may be wrong. Subscribe again.
    ListenerFailed,
    /// The core failed: a defect, report it with the diagnostics. Subscribe again.
    CoreFailed,
}

/// How many objects of this border are alive in the process: for tests of shells that let go of what they opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct LiveObjects {
    /// Subscriptions whose task has not ended.
    pub subscriptions: i64,
    /// Calls of listeners that are running.
    pub running_calls: i64,
}

static SUBSCRIPTIONS: AtomicI64 = AtomicI64::new(0);
static RUNNING: AtomicI64 = AtomicI64::new(0);

/// How many objects of this border are alive in the process.
#[uniffi::export]
pub fn live_objects() -> LiveObjects {
    LiveObjects { subscriptions: SUBSCRIPTIONS.load(Ordering::SeqCst), running_calls: RUNNING.load(Ordering::SeqCst) }
}

/// Counts itself while it lives.
struct Counted(&'static AtomicI64);

impl Counted {
    fn new(counter: &'static AtomicI64) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(counter)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether calls may begin. Held for moments only, never during a call.
#[derive(Debug, Default)]
struct Gate {
    shut: bool,
    running: bool,
}

/// What a listener is told.
pub(crate) enum Call<B> {
    Batch(B),
    End(SubscriptionEnd),
}

/// What a window is asked by whoever looks at it.
pub(crate) enum Order {
    More(usize),
    Show(Option<Uuid>),
}

/// Where calls come from.
pub(crate) trait Source: Send + 'static {
    /// What one call brings.
    type Item: Send + 'static;
    /// The next one; `None`: there are no more. May be dropped while it waits and loses nothing.
    fn next(&mut self) -> impl Future<Output = Option<Self::Item>> + Send;
    /// Takes an order.
    fn take(&mut self, order: Order);
}

impl<Q: Query> Source for Window<Q> {
    type Item = Batch<Q::Row, Q::Counts>;

    fn next(&mut self) -> impl Future<Output = Option<Self::Item>> + Send {
        Window::next(self)
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::More(rows) => self.more(rows),
            Order::Show(Some(id)) => self.show(id),
            Order::Show(None) => self.show_top(),
        }
    }
}

/// A subscription. Ends when it is cancelled, when this object is dropped, or when the account closes.
#[derive(uniffi::Object)]
pub struct Subscription {
    gate: Arc<Mutex<Gate>>,
    shut: watch::Sender<bool>,
    orders: mpsc::UnboundedSender<Order>,
}

#[uniffi::export]
impl Subscription {
    /// Ends it, without waiting: no call begins after this returned. Gives `true` when a call is running at this moment; that
    /// one may end later.
    pub fn cancel(&self) -> bool {
        let running = {
            let mut gate = lock(&self.gate);
            gate.shut = true;
            gate.running
        };
        self.shut.send_replace(true);
        running
    }

    /// Lets a window hold this many rows more.
    pub fn more(&self, rows: i32) -> Result<(), OnsiteError> {
        self.order(Order::More(error::size(rows)))
    }

    /// Moves a window so that it begins with the row of this id. An unknown row leaves it where it is.
    pub fn show(&self, id: String) -> Result<(), OnsiteError> {
        self.order(Order::Show(Some(error::id(&id)?)))
    }

    /// Moves a window back to the top.
    pub fn show_top(&self) -> Result<(), OnsiteError> {
        self.order(Order::Show(None))
    }
}

impl Subscription {
    fn order(&self, order: Order) -> Result<(), OnsiteError> {
        now("subscription", || {
            // One that has ended has nothing to move.
            drop(self.orders.send(order));
            Ok(())
        })
    }

    /// Begins to tell a listener what a source brings.
    pub(crate) fn begin<S: Source>(
        inner: &Inner,
        entered: Entered,
        source: S,
        listener: impl Fn(Call<S::Item>) -> Result<(), ListenerError> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, OnsiteError> {
        let (orders, receiver) = mpsc::unbounded_channel();
        let subscription = Self { gate: Arc::default(), shut: watch::Sender::new(false), orders };
        let delivery = Delivery {
            gate: Arc::clone(&subscription.gate),
            shut: subscription.shut.subscribe(),
            closing: inner.closing(),
            orders: receiver,
            listener: Arc::new(listener),
        };
        runtime()?.spawn(delivery.run(source, entered));
        Ok(Arc::new(subscription))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.cancel();
    }
}

fn lock(gate: &Mutex<Gate>) -> MutexGuard<'_, Gate> {
    gate.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until it is said.
async fn said(what: &mut watch::Receiver<bool>) {
    // Whoever could say it is gone: then it holds as well.
    drop(what.wait_for(|said| *said).await);
}

/// One call of a listener, on a thread that may be blocked for as long as the listener likes.
fn tell<I: Send + 'static, L>(
    gate: &Arc<Mutex<Gate>>,
    listener: &Arc<L>,
    call: Call<I>,
) -> tokio::task::JoinHandle<Result<(), ListenerError>>
where
    L: Fn(Call<I>) -> Result<(), ListenerError> + Send + Sync + 'static,
{
    let (gate, listener) = (Arc::clone(gate), Arc::clone(listener));
    tokio::task::spawn_blocking(move || {
        {
            let mut gate = lock(&gate);
            if gate.shut {
                return Ok(());
            }
            gate.running = true;
        }
        let _running = Counted::new(&RUNNING);
        let told = catch_unwind(AssertUnwindSafe(|| listener(call))).unwrap_or(Err(ListenerError::Failed));
        lock(&gate).running = false;
        told
    })
}

/// What one subscription works with.
struct Delivery<L> {
    gate: Arc<Mutex<Gate>>,
    shut: watch::Receiver<bool>,
    closing: watch::Receiver<bool>,
    orders: mpsc::UnboundedReceiver<Order>,
    listener: Arc<L>,
}

impl<L> Delivery<L> {
    /// Tells all there is, and then why there is no more.
    async fn run<S: Source>(self, source: S, entered: Entered)
    where
        L: Fn(Call<S::Item>) -> Result<(), ListenerError> + Send + Sync + 'static,
    {
        let _counted = Counted::new(&SUBSCRIPTIONS);
        let (gate, listener) = (Arc::clone(&self.gate), Arc::clone(&self.listener));
        // A task of its own: a panic in the core must not leave a list that is silent for ever.
        let end = match tokio::spawn(self.follow(Some((source, entered)))).await {
            Ok(Some(end)) => end,
            Ok(None) => return,
            Err(_) => {
                log::panicked("subscription");
                SubscriptionEnd::CoreFailed
            }
        };
        if end == SubscriptionEnd::ListenerFailed {
            log::listener_failed();
        }
        // A listener that fails here as well has nothing more to lose.
        drop(tell(&gate, &listener, Call::<S::Item>::End(end)).await);
    }

    /// Tells batch after batch; gives why it ended, or nothing when nobody wants to know.
    async fn follow<S: Source>(mut self, mut source: Option<(S, Entered)>) -> Option<SubscriptionEnd>
    where
        L: Fn(Call<S::Item>) -> Result<(), ListenerError> + Send + Sync + 'static,
    {
        while let Some((from, _)) = &mut source {
            let item = tokio::select! {
                biased;
                () = said(&mut self.shut) => return None,
                () = said(&mut self.closing) => break,
                Some(order) = self.orders.recv() => {
                    from.take(order);
                    continue;
                }
                item = from.next() => item,
            };
            let Some(item) = item else { break };
            let mut telling = tell(&self.gate, &self.listener, Call::Batch(item));
            let told = tokio::select! {
                biased;
                () = said(&mut self.shut) => return None,
                told = &mut telling => told,
                () = said(&mut self.closing) => {
                    // The files are not held open for a listener that takes its time.
                    drop(source.take());
                    telling.await
                }
            };
            if !matches!(told, Ok(Ok(()))) {
                return Some(SubscriptionEnd::ListenerFailed);
            }
        }
        Some(SubscriptionEnd::Closed)
    }
}
