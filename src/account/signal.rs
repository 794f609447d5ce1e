//! The offline switch: whether the phone has a signal, as far as the person lets it.

use tokio::sync::watch;

/// One task's view of the signal.
pub(super) struct Signal(watch::Receiver<bool>);

impl Signal {
    pub(super) fn of(offline: &watch::Sender<bool>) -> Self {
        Self(offline.subscribe())
    }

    pub(super) fn is_gone(&self) -> bool {
        *self.0.borrow()
    }

    /// What the work gives, or nothing as soon as the signal is gone: the work is dropped where it stands.
    pub(super) async fn unless_gone<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            _ = self.0.wait_for(|gone| *gone) => None,
            done = work => Some(done),
        }
    }
}
