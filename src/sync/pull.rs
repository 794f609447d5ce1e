//! Reads a feed into the store: bytes come in, elements go out to the feature, its rows go to the writer in small jobs of
//! one long write. The offset moves in the last of them; a read that ends early leaves rows and no offset.

use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use onsite_wire::ids::{Generation, OrganizationId};
use onsite_wire::onsite::Digest;
use rusqlite::OptionalExtension;
use uuid::Uuid;

use super::copies::{read_mark, write_mark};
use super::feed::{self, Feed, Intake, Route, Seen, organization_number};
use super::schedule::{DigestEnd, Failure, Mark, PullEnd, Read};
use crate::net::{self, Http, Part, Wanted};
use crate::store::{Fault, Store, Writer};
use crate::time::Timestamp;

/// Elements that go to the writer in one job: some milliseconds of its time.
const BATCH: usize = 64;
/// And at most so many bytes of them: objects as long as they may be do not pile up.
const BATCH_BYTES: usize = 2 * 1_024 * 1_024;
/// Pages that the writer keeps in memory, in KiB: usually, and during a full read. Its rows come in no order, and each
/// touches a leaf of every index: leaves that do not stay in memory are encrypted and decrypted again for nearly every row.
const CACHE_KIB: i64 = 16 * 1_024;
const FULL_READ_CACHE_KIB: i64 = 48 * 1_024;
/// After so many rows of one read the leaves do not fit any more. From then on little is kept: up to nine tenths of it are
/// unwritten, and a person who acts waits until they are written.
const LEAVES_FIT: u64 = 120_000;
const LARGE_READ_CACHE_KIB: i64 = 8 * 1_024;

/// What a pull needs.
#[derive(Clone)]
pub struct Puller {
    /// The account's files.
    pub store: Store,
    /// The server, as the account calls it.
    pub http: Http,
}

/// What became of a pull, for the schedule and for the flight recorder.
#[derive(Debug, Clone)]
pub struct Pulled {
    /// For the schedule.
    pub end: PullEnd,
    /// The generation that the answer named.
    pub generation: Option<Generation>,
    /// Elements taken.
    pub rows: u64,
    /// Elements that could not be taken.
    pub skipped: u64,
    /// What failed, as a code.
    pub trouble: Option<onsite_wire::codes::Code>,
}

/// A future that is kept as data.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A registered feed, whatever its objects are.
pub trait Pullable: Send + Sync {
    /// Its stable name.
    fn name(&self) -> &'static str;

    /// What the server must have.
    fn needs(&self) -> feed::Needs;

    /// Reads it once.
    fn pull<'a>(&'a self, puller: &'a Puller, organization: OrganizationId, read: Read) -> Later<'a, Pulled>;

    /// Compares what both sides hold.
    fn compare<'a>(&'a self, puller: &'a Puller, organization: OrganizationId) -> Later<'a, DigestEnd>;
}

impl<F: Feed> Pullable for Arc<F> {
    fn name(&self) -> &'static str {
        F::name(self)
    }

    fn needs(&self) -> feed::Needs {
        F::needs(self)
    }

    fn pull<'a>(&'a self, puller: &'a Puller, organization: OrganizationId, read: Read) -> Later<'a, Pulled> {
        Box::pin(async move {
            let mut pull = Pull::new(self, puller, organization, read);
            let end = pull.run().await;
            let trouble = end.as_ref().err().map(Trouble::code);
            let end = end.unwrap_or_else(|trouble| trouble.end());
            Pulled { end, generation: pull.generation, rows: pull.rows, skipped: pull.skipped, trouble }
        })
    }

    fn compare<'a>(&'a self, puller: &'a Puller, organization: OrganizationId) -> Later<'a, DigestEnd> {
        Box::pin(async move { compare(self, puller, organization).await.unwrap_or_else(|end| end) })
    }
}

/// Why a pull ended without having read.
enum Trouble {
    Net(net::Fault),
    Store(Fault),
    GenerationChanged,
}

impl Trouble {
    fn code(&self) -> onsite_wire::codes::Code {
        match self {
            Self::Net(fault) => fault.code(),
            Self::Store(fault) => fault.code(),
            Self::GenerationChanged => onsite_wire::codes::Code::GenerationChanged,
        }
    }

    fn end(&self) -> PullEnd {
        match self {
            Self::Net(net::Fault::OffsetGone) => PullEnd::OffsetGone,
            Self::Net(fault) => PullEnd::Failed(failure(fault)),
            // Full, closed or damaged: the next attempt finds it mended, or fails again and says so.
            Self::Store(_) => PullEnd::Failed(Failure::Fault { retry_after_ms: None }),
            Self::GenerationChanged => PullEnd::GenerationChanged,
        }
    }
}

impl From<net::Fault> for Trouble {
    fn from(fault: net::Fault) -> Self {
        Self::Net(fault)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Store(fault)
    }
}

/// What a failed request means to the schedule.
pub fn failure(fault: &net::Fault) -> Failure {
    let millis = |wait: &Option<std::time::Duration>| wait.and_then(|wait| i64::try_from(wait.as_millis()).ok());
    match fault {
        net::Fault::NoNetwork | net::Fault::Timeout | net::Fault::TlsNameWrong | net::Fault::TlsUntrusted => {
            Failure::Unreachable
        }
        net::Fault::TooManyRequests { retry_after } => Failure::Busy { retry_after_ms: millis(retry_after) },
        net::Fault::ServerFault { retry_after, .. } => Failure::Fault { retry_after_ms: millis(retry_after) },
        net::Fault::NotOurServer(_) | net::Fault::AnswerBroken(_) | net::Fault::Phone(_) | net::Fault::OffsetGone => {
            Failure::Fault { retry_after_ms: None }
        }
        net::Fault::NotSignedIn => Failure::SignedOut,
        net::Fault::NotAllowed
        | net::Fault::OtherOrganization
        | net::Fault::NotFound { .. }
        | net::Fault::Refused { .. } => Failure::Refused,
    }
}

struct Pull<'a, F: Feed> {
    feed: &'a Arc<F>,
    puller: &'a Puller,
    organization: OrganizationId,
    read: Read,
    seen: Arc<Mutex<Seen>>,
    /// Which cache.db the read began to write into.
    into: Arc<OnceLock<u64>>,
    generation: Option<Generation>,
    rows: u64,
    skipped: u64,
}

impl<'a, F: Feed> Pull<'a, F> {
    fn new(feed: &'a Arc<F>, puller: &'a Puller, organization: OrganizationId, read: Read) -> Self {
        let (seen, into) = (Arc::default(), Arc::default());
        Self { feed, puller, organization, read, seen, into, generation: None, rows: 0, skipped: 0 }
    }

    async fn run(&mut self) -> Result<PullEnd, Trouble> {
        let read = match self.read {
            Read::Full => feed::Read::Full,
            Read::Changes(mark) => feed::Read::After(mark.offset),
        };
        let route = self.feed.route(self.organization, read);
        let mut answer = self.puller.http.feed(&route.path, wanted(&route)).await?;
        self.generation = answer.generation();
        if let Read::Changes(mark) = self.read
            && mark.generation != self.generation
        {
            return Err(Trouble::GenerationChanged);
        }
        let mut batch = Vec::with_capacity(BATCH);
        let (mut skipped, mut held) = (0, 0);
        let mut writing: Option<crate::store::Answer<()>> = None;
        loop {
            let feed = self.feed;
            let more = answer
                .next(|part| match part {
                    Part::Element { array, json, .. } => {
                        let at = route.arrays.iter().position(|name| *name == array).unwrap_or_default();
                        held += json.len();
                        match feed.parse(at, json) {
                            Ok(item) => batch.push(item),
                            Err(feed::Unreadable) => skipped += 1,
                        }
                    }
                    Part::Skipped(_) => skipped += 1,
                })
                .await?;
            if batch.len() >= BATCH || held >= BATCH_BYTES || (!more && !batch.is_empty()) {
                held = 0;
                // One job is under way while the next is being parsed: the writer never waits, nothing piles up.
                let next = self.write(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)));
                if let Some(before) = writing.replace(next) {
                    before.await?;
                }
            }
            if !more {
                break;
            }
        }
        if let Some(last) = writing {
            last.await?;
        }
        let end = answer.finish()?;
        self.skipped = skipped;
        // The splitter has seen to it that there is one.
        let offset = end.number("offset").unwrap_or_default();
        self.finish(offset).await
    }

    fn intake_job<T: Send + 'static>(
        &self,
        work: impl FnOnce(&F, &mut Intake<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> impl FnOnce(&mut Writer) -> Result<T, Fault> + Send + 'static {
        let feed = Arc::clone(self.feed);
        let (seen, into) = (Arc::clone(&self.seen), Arc::clone(&self.into));
        let organization = self.organization;
        let full = self.read == Read::Full;
        let kept = if self.rows < LEAVES_FIT { FULL_READ_CACHE_KIB } else { LARGE_READ_CACHE_KIB };
        let now = server_now(&self.puller.http);
        move |writer| {
            // What was written before lies in a file that is gone: the read says nothing about this one.
            if *into.get_or_init(|| writer.replaced()) != writer.replaced() {
                return Err(Fault::Cancelled);
            }
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            writer.long_write(|cache, changes| {
                if full {
                    cache.pragma_update(None, "cache_size", -kept)?;
                }
                let organization = organization_number(cache, organization)?;
                work(&feed, &mut Intake { cache, changes, organization, full, seen: &mut seen, now })
            })
        }
    }

    fn write(&mut self, items: Vec<F::Item>) -> crate::store::Answer<()> {
        self.rows += u64::try_from(items.len()).unwrap_or_default();
        self.puller.store.write_behind(self.intake_job(move |feed, intake| feed.take(intake, items)))
    }

    /// Removals and the offset, in the last transaction of the read.
    async fn finish(&self, offset: i64) -> Result<PullEnd, Trouble> {
        let mark = Mark { generation: self.generation, offset };
        let (name, skipped, read) = (F::name(self.feed), self.skipped, self.read);
        let full = read == Read::Full;
        let last = self.intake_job(move |feed, intake| {
            // Changes go on from the copy they were asked for, and from no other.
            if let Read::Changes(before) = read
                && read_mark(intake.cache, intake.organization, name)? != Some(before)
            {
                return Err(Fault::Cancelled);
            }
            let missing = feed.finish(intake)?;
            write_mark(intake.cache, intake.organization, name, mark, skipped, full)?;
            Ok(missing)
        });
        let missing = self
            .puller
            .store
            .write_behind(move |writer| {
                let missing = last(writer)?;
                writer.settle()?;
                if full {
                    // A full read that broke off is read again, and ends here then.
                    writer.cache(|cache, _| {
                        cache.pragma_update(None, "cache_size", -CACHE_KIB)?;
                        Ok(cache.execute_batch("PRAGMA shrink_memory")?)
                    })?;
                }
                Ok(missing)
            })
            .await?;
        self.ask_for(missing).await?;
        let more = matches!(self.read, Read::Changes(before) if before.offset != offset);
        Ok(PullEnd::Read { mark, more })
    }

    /// What should have been in a full read and was not is asked for by itself.
    async fn ask_for(&self, missing: Vec<Uuid>) -> Result<(), Trouble> {
        for id in missing {
            let Some(path) = self.feed.single(self.organization, id) else { return Ok(()) };
            match self.puller.http.get::<serde_json::Value>(&path).await {
                Ok(answer) => {
                    let raw = serde_json::to_vec(&answer.body).unwrap_or_default();
                    let Ok(item) = self.feed.parse(0, &raw) else { continue };
                    self.puller
                        .store
                        .write_behind(self.intake_job(move |feed, intake| feed.take(intake, vec![item])))
                        .await?;
                }
                Err(net::Fault::NotFound { .. }) => {
                    self.puller
                        .store
                        .write_behind(self.intake_job(move |feed, intake| feed.missing(intake, id)))
                        .await?;
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        Ok(())
    }
}

/// Asks for one object by itself, as for one that is to be shown now and did not come with its feed yet.
pub async fn ask_for_one<F: Feed>(
    feed: &Arc<F>,
    puller: &Puller,
    organization: OrganizationId,
    id: Uuid,
) -> Result<(), crate::error::Error> {
    let nothing_read = Read::Changes(Mark { generation: None, offset: 0 });
    let asked = async {
        Pull::new(feed, puller, organization, nothing_read).ask_for(vec![id]).await?;
        // It is to be seen when this returns.
        Ok(puller.store.write_behind(Writer::settle).await?)
    };
    asked.await.map_err(|trouble: Trouble| match trouble {
        Trouble::Net(fault) => fault.into(),
        Trouble::Store(fault) => fault.into(),
        Trouble::GenerationChanged => crate::error::Error::new(trouble.code()),
    })
}

fn wanted(route: &Route) -> Wanted {
    let arrays = route.arrays.iter().filter(|name| !name.is_empty());
    arrays.fold(Wanted::default().number("offset"), |wanted, name| wanted.array(name))
}

/// The server's time as the phone estimates it; its own where the server never said.
pub fn server_now(http: &Http) -> Timestamp {
    let now = http.clock().now();
    http.server_clock().server_time(&now).unwrap_or(now.wall)
}

async fn compare<F: Feed>(
    feed: &Arc<F>,
    puller: &Puller,
    organization: OrganizationId,
) -> Result<DigestEnd, DigestEnd> {
    let path = format!("onsite/v1/organizations/{organization}/digest/{}", F::name(feed));
    let answer = puller.http.get::<Digest>(&path).await.map_err(|fault| DigestEnd::Failed(failure(&fault)))?;
    let theirs = answer.body;
    let counted = Arc::clone(feed);
    let since = theirs.cleared_since;
    let ours = puller
        .store
        .read(move |reading| {
            let n: Option<i64> = reading
                .cache
                .prepare_cached("SELECT n FROM organization WHERE id = ?1")?
                .query_row([organization.bytes()], |row| row.get(0))
                .optional()?;
            let Some(n) = n else { return Ok(None) };
            let mark = read_mark(reading.cache, n, F::name(&counted))?;
            Ok(Some((mark, counted.digest(reading.cache, n, since)?)))
        })
        .await
        .map_err(|_| DigestEnd::Failed(Failure::Fault { retry_after_ms: None }))?;
    let Some((Some(mark), tally)) = ours else { return Ok(DigestEnd::Moved) };
    if mark.offset != theirs.offset || mark.generation != answer.generation {
        return Ok(DigestEnd::Moved);
    }
    let same = tally.count == theirs.count && tally.hex() == theirs.xor;
    Ok(if same { DigestEnd::Same } else { DigestEnd::Differs })
}
