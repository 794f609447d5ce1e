//! Requests to a server, and what their answers and failures mean. Knows nothing of alarms.
//!
//! | module | for |
//! |---|---|
//! | [`Http`] | small JSON answers, streamed feeds, the event stream; timeouts, certificates, who is calling |
//! | [`Authority`] | where the value of `Authorization` comes from, and who is told when it is refused |
//! | [`Fault`] | what can go wrong, in classes that say what to do |
//! | [`Splitter`] | cuts the elements out of a feed's body as it arrives; never holds the body |
//! | [`Feed`] | a feed's answer: body and splitter together |
//! | [`Download`] | plain bytes as they arrive |
//! | [`Events`] | the stream of rings |
//! | [`ServerClock`] | how far the phone's clock is off (S2) |
//!
//! Nothing is retried here but one thing: a request whose token was refused goes out once more with a new one. When and
//! whether to try again is for the callers, whose schedules a person can see.

mod answer;
mod authority;
mod client;
mod clock;
mod download;
mod events;
mod fault;
mod feed;
mod http;
mod stream;

pub use authority::{ApiKey, Asking, Authority, Credential};
pub use client::{HttpConfig, Timeouts, Unusable};
pub use clock::{ClockReading, KeptClock, ServerClock};
pub use download::Download;
pub use events::{Event, EventParser, Events};
pub use fault::{Breakage, Fault, Stranger};
pub use feed::Feed;
pub use http::{Answer, Http};
pub use stream::{FeedEnd, Part, SkipReason, SkippedRow, Splitter, Wanted};
