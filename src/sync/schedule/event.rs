//! What happens to the schedule, what it wants done, and what it remembers of a feed. Plain data.

use onsite_wire::ids::{Generation, OrganizationId};
use serde::{Deserialize, Serialize};

use crate::time::Moment;

/// A feed: what of an organization is read as one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Feed {
    /// The organization.
    pub organization: OrganizationId,
    /// `alarms`, `inventory`, `sensors`, `people`.
    pub name: String,
}

/// What is known of a feed when it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRecord {
    /// Which feed.
    pub feed: Feed,
    /// Where the phone's copy stands; written by the driver in the transaction that wrote the rows.
    pub mark: Option<Mark>,
    /// The last [`Effect::Remember`] of it.
    pub times: FeedTimes,
}

/// Where a copy of a feed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The generation; missing with servers that have none.
    pub generation: Option<Generation>,
    /// The offset.
    pub offset: i64,
}

/// When what was done last with a feed. Losing it costs a full read, never data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FeedTimes {
    /// The last full read ended.
    pub full: Option<Moment>,
    /// The last read of any kind ended with nothing left to read: the age of the data.
    pub read: Option<Moment>,
    /// The digest was compared last.
    pub compared: Option<Moment>,
    /// A full read was wanted last because the digests differed.
    pub mended: Option<Moment>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An organization may be read, or what its server offers changed. Feeds that are known already stay as they are.
    Opened {
        /// The organization.
        organization: OrganizationId,
        /// Its server rings.
        rings: bool,
        /// Its server has digests.
        digests: bool,
        /// Its feeds.
        feeds: Vec<FeedRecord>,
    },
    /// An organization may no longer be read. What is under way for it ends unheard.
    Closed(OrganizationId),
    /// Whether there is a usable token or key.
    Session(bool),
    /// Whether the app is in front.
    Front(bool),
    /// The network came, went or became another.
    NetworkChanged,
    /// A person asks for the newest: one organization, or all.
    Refresh(Option<OrganizationId>),
    /// The event stream, or a push, says that a feed has moved.
    Rung {
        /// Which feed.
        feed: Feed,
        /// To where.
        offset: i64,
    },
    /// The stream of this ticket is open.
    StreamUp {
        /// Which stream.
        ticket: u64,
    },
    /// The stream of this ticket sent its heartbeat.
    StreamBeat {
        /// Which stream.
        ticket: u64,
    },
    /// The stream of this ticket ended, or could not be opened.
    StreamDown {
        /// Which stream.
        ticket: u64,
        /// Why.
        failure: Failure,
    },
    /// A pull came to its end.
    Pulled {
        /// Which feed.
        feed: Feed,
        /// Which pull.
        ticket: u64,
        /// How.
        end: PullEnd,
    },
    /// A comparison came to its end.
    Compared {
        /// Which feed.
        feed: Feed,
        /// Which comparison.
        ticket: u64,
        /// How.
        end: DigestEnd,
    },
    /// The person's rights in an organization changed: its offsets are worth nothing.
    RightsChanged(OrganizationId),
    /// All copies are gone, with all that is remembered of them. What is under way for them ends unheard.
    CopiesGone,
    /// Time passed.
    Tick,
}

/// How a pull ended. Of a failed one nothing is recorded, except rows that a later read writes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullEnd {
    /// Rows and mark are recorded.
    Read {
        /// Where the copy stands now.
        mark: Mark,
        /// The offset had moved: there may be more to read.
        more: bool,
    },
    /// The server no longer knows all changes since the offset.
    OffsetGone,
    /// The server's data is of another generation than the mark.
    GenerationChanged,
    /// Nothing was read.
    Failed(Failure),
}

/// How a comparison of digests ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestEnd {
    /// Both sides hold the same.
    Same,
    /// At the same offset the two sides hold different things.
    Differs,
    /// The server's stands at another offset than the copy: nothing can be said yet.
    Moved,
    /// Nothing was compared.
    Failed(Failure),
}

/// Why a read, a comparison or the stream failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The server was not reached, or the answer was lost on the way.
    Unreachable,
    /// 429.
    Busy {
        /// The server's wish, in milliseconds.
        retry_after_ms: Option<i64>,
    },
    /// A 5xx, or an answer that cannot be read.
    Fault {
        /// The server's wish, in milliseconds.
        retry_after_ms: Option<i64>,
    },
    /// The token or key is not accepted.
    SignedOut,
    /// Another 4xx: asking again will hardly help, so it is asked with the longest wait.
    Refused,
}

/// What to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Everything.
    Full,
    /// What changed after this mark.
    Changes(Mark),
}

/// What the driver does. Every pull, comparison and stream is answered by exactly one end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Read a feed and record it; its end comes back as [`Event::Pulled`].
    Pull {
        /// Which feed.
        feed: Feed,
        /// Names the pull.
        ticket: u64,
        /// What.
        read: Read,
    },
    /// Compare what both sides hold; its end comes back as [`Event::Compared`].
    CompareDigest {
        /// Which feed.
        feed: Feed,
        /// Names the comparison.
        ticket: u64,
    },
    /// Open the event stream; one that is open is closed.
    OpenStream {
        /// Names the stream.
        ticket: u64,
        /// The heartbeat to ask for, in milliseconds.
        heartbeat_ms: i64,
    },
    /// Close the event stream.
    CloseStream,
    /// Keep this for the next [`Event::Opened`].
    Remember {
        /// Which feed.
        feed: Feed,
        /// What.
        times: FeedTimes,
    },
    /// For the flight recorder.
    Noted(Note),
    /// Call with [`Event::Tick`] when the monotonic clock stands here, or later. Takes the place of the last one;
    /// `None`: nothing to wait for.
    WakeAt(Option<i64>),
}

/// Something worth a line in the flight recorder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A full read is wanted, for this reason.
    FullRead {
        /// Which feed.
        feed: Feed,
        /// Why.
        why: Why,
    },
    /// The digests differ.
    DigestDiffers(Feed),
    /// The stream was silent for two heartbeats.
    StreamSilent,
    /// An end came for something that is not under way.
    StaleEnd,
}

/// Why everything is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// There is no copy yet.
    First,
    /// The last full read is over 7 days old.
    Weekly,
    /// The last read of any kind is over a day old.
    Stale,
    /// The server no longer knows all changes since the offset.
    OffsetGone,
    /// The server's data was restored.
    Generation,
    /// The person's rights changed.
    Rights,
    /// The digests differ.
    Digest,
}
