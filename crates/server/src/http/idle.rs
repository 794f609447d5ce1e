//! Connections on which nobody asks anything end by themselves, whatever protocol they speak or do not speak yet.
//!
//! HTTP/1 has a time-out for the head of a request; HTTP/2 has none, and whether a peer that answers pings means well it
//! cannot tell. So each connection knows how many requests are under way on it. A request is under way from the end of its
//! head to the end of its answer: who connects and is silent, never ends a head, or keeps an idle connection open with pings
//! has none, and is cut off.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// What is asked on one connection.
#[derive(Debug, Clone)]
pub(super) struct Asked(Arc<Known>);

#[derive(Debug)]
struct Known {
    under_way: AtomicUsize,
    /// When the connection began, or the last request ended.
    since: Mutex<Instant>,
}

impl Asked {
    /// A connection that begins now.
    pub(super) fn nothing() -> Self {
        Self(Arc::new(Known { under_way: AtomicUsize::new(0), since: Mutex::new(Instant::now()) }))
    }

    /// A request is under way until what comes back is dropped.
    pub(super) fn begin(&self) -> UnderWay {
        self.0.under_way.fetch_add(1, Ordering::SeqCst);
        UnderWay(Arc::clone(&self.0))
    }

    /// Since when nothing is asked; missing while something is.
    fn idle_since(&self) -> Option<Instant> {
        let since = *self.0.since.lock().unwrap_or_else(PoisonError::into_inner);
        (self.0.under_way.load(Ordering::SeqCst) == 0).then_some(since)
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Known>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        *self.0.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits for the end of a connection's patience.
pub(super) struct Patience {
    asked: Asked,
    limit: Duration,
    timer: Pin<Box<Sleep>>,
}

impl Patience {
    pub(super) fn new(asked: Asked, limit: Duration) -> Self {
        Self { asked, limit, timer: Box::pin(sleep_until(Instant::now() + limit)) }
    }

    /// Whether nothing was asked for the whole time; else the task is woken when it is to be looked at again.
    pub(super) fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        loop {
            let now = Instant::now();
            let over = self.asked.idle_since().map(|since| since + self.limit);
            if over.is_some_and(|over| over <= now) {
                return true;
            }
            // The end of a request wakes nobody here: it is looked for again then.
            let next = over.unwrap_or(now + self.limit);
            if self.timer.deadline() != next {
                self.timer.as_mut().reset(next);
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return false;
            }
        }
    }
}

/// An answer's body, whose end is the end of its request.
pub(super) struct Answering {
    body: Body,
    _request: UnderWay,
}

impl Answering {
    pub(super) fn body(body: Body, request: UnderWay) -> Body {
        Body::new(Self { body, _request: request })
    }
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
