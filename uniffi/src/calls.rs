//! How calls run: on a small runtime of our own, with every panic caught, and to their end whether or not anybody waits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use onsite::error::Code;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};

use crate::error::OnsiteError;
use crate::log;

/// Threads that never wait for files or listeners: few are enough.
const WORKERS: usize = 2;
/// How long [`Inner::close`] waits for whoever still holds the files.
const CLOSING: Duration = Duration::from_secs(10);

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// The runtime of all accounts.
pub(crate) fn runtime() -> Result<&'static Runtime, OnsiteError> {
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = Builder::new_multi_thread().worker_threads(WORKERS).thread_name("onsite").enable_all().build();
    let made = made.map_err(|_| onsite::error::Error::new(Code::Internal).with("detail", "no threads"))?;
    // Somebody else may have been faster: then ours ends, unused.
    Ok(RUNTIME.get_or_init(|| made))
}

/// Runs a call that does not wait.
pub(crate) fn now<T>(name: &'static str, call: impl FnOnce() -> Result<T, OnsiteError>) -> Result<T, OnsiteError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
        log::panicked(name);
        Err(OnsiteError::panicked())
    })
}

/// Runs a call that waits. It is a task from the first poll on: a caller that is dropped drops only its wait.
pub(crate) async fn run<T: Send + 'static>(
    name: &'static str,
    call: impl Future<Output = Result<T, OnsiteError>> + Send + 'static,
) -> Result<T, OnsiteError> {
    let task = now(name, || Ok(runtime()?.spawn(call)))?;
    task.await.unwrap_or_else(|_| {
        log::panicked(name);
        Err(OnsiteError::panicked())
    })
}

/// An open account as all rooms share it.
pub(crate) struct Inner {
    open: Mutex<Option<Entered>>,
    closing: watch::Sender<bool>,
    /// Ends when everybody who entered has left.
    left: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

/// The account in the hands of a call or a subscription.
#[derive(Clone)]
pub(crate) struct Entered {
    /// The account. Declared first: it is let go of before it is said so.
    pub(crate) account: onsite::account::Account,
    inside: mpsc::Sender<()>,
}

impl Inner {
    pub(crate) fn new(account: onsite::account::Account) -> Arc<Self> {
        let (inside, left) = mpsc::channel(1);
        Arc::new(Self {
            open: Mutex::new(Some(Entered { account, inside: inside })),
            closing: watch::Sender::new(false),
            left: tokio::sync::Mutex::new(left),
        })
    }

    /// The account, while it is open.
    pub(crate) fn enter(&self) -> Result<Entered, OnsiteError> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().cloned().ok_or_else(OnsiteError::closed)
    }

    /// Tells when the account closes.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// A call that does not wait.
    pub(crate) fn now<T>(
        &self,
        name: &'static str,
        call: impl FnOnce(Entered) -> Result<T, OnsiteError>,
    ) -> Result<T, OnsiteError> {
        now(name, || call(self.enter()?))
    }

    /// A call that waits for the phone's files: it runs to its end.
    pub(crate) async fn run<T: Send + 'static, F>(
        &self,
        name: &'static str,
        call: impl FnOnce(Entered) -> F,
    ) -> Result<T, OnsiteError>
    where
        F: Future<Output = Result<T, OnsiteError>> + Send + 'static,
    {
        let entered = self.enter()?;
        let call = now(name, || Ok(call(entered)))?;
        run(name, call).await
    }

    /// A call that asks the server and changes nothing by itself: closing the account ends it.
    pub(crate) async fn ask<T: Send + 'static, F>(
        &self,
        name: &'static str,
        call: impl FnOnce(Entered) -> F,
    ) -> Result<T, OnsiteError>
    where
        F: Future<Output = Result<T, OnsiteError>> + Send + 'static,
    {
        let mut closing = self.closing();
        let entered = self.enter()?;
        let call = now(name, || Ok(call(entered)))?;
        run(name, async move {
            tokio::select! {
                biased;
                done = call => done,
                _ = closing.wait_for(|closing| *closing) => Err(OnsiteError::closed()),
            }
        })
        .await
    }

    /// Ends subscriptions, waits for calls under way, and for the files to be closed.
    pub(crate) async fn close(self: Arc<Self>) -> Result<(), OnsiteError> {
        let taken = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Entered { account, inside }) = taken else { return Ok(()) };
        self.closing.send_replace(true);
        drop(inside);
        let mut left = self.left.lock().await;
        while left.recv().await.is_some() {}
        let closed = account.closed();
        account.shutdown().await;
        if tokio::time::timeout(CLOSING, closed).await.is_err() {
            return Err(onsite::error::Error::new(Code::StoreBusy).into());
        }
        Ok(())
    }
}
