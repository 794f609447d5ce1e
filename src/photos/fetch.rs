//! A photo of somebody else, read once and kept; what was begun is continued.

use std::sync::Arc;

use onsite_wire::codes::Code;
use onsite_wire::onsite::PhotoHash;

use super::sealed::{SEGMENT, segments};
use super::shelf::{Shelf, ShelfFault};
use crate::error::Error;
use crate::net::{self, Http};

/// One photo is fetched at a time: two windows that want the same one want it once.
pub(crate) type Fetching = Arc<tokio::sync::Mutex<()>>;

/// What of a shelf may block, off tokio's workers.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ShelfFault> + Send + 'static,
) -> Result<T, ShelfFault> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(ShelfFault::Asleep))
}

/// Fetches a photo unless it lies here. `path` names it on the server.
pub(crate) async fn fetch(
    shelf: &Shelf,
    http: &Http,
    fetching: &Fetching,
    path: &str,
    hash: PhotoHash,
    size: u64,
) -> Result<(), Error> {
    // A message from elsewhere may say anything.
    if size == 0 || size > onsite_rules::photo::BYTES as u64 {
        return Err(Error::new(Code::PhotoBroken).with("detail", "its size"));
    }
    let _alone = fetching.lock().await;
    let here = shelf.clone();
    if blocking(move || Ok(here.holds(hash, size))).await? {
        return Ok(());
    }
    let here = shelf.clone();
    let begun = blocking(move || here.begin_part(hash, size)).await?;
    let mut download = http.download(&format!("{path}?from={begun}")).await?;
    let (mut number, mut segment) = (begun / SEGMENT as u64, Vec::with_capacity(SEGMENT));
    while let Some(piece) = download.next().await? {
        let mut piece = piece.as_slice();
        while !piece.is_empty() {
            let last = number + 1 == segments(size);
            let full = if last { (size - number * SEGMENT as u64) as usize } else { SEGMENT };
            if number >= segments(size) {
                return Err(net::Fault::AnswerBroken(net::Breakage::TooLarge).into());
            }
            let (now, later) = piece.split_at(piece.len().min(full - segment.len()));
            segment.extend_from_slice(now);
            piece = later;
            if segment.len() == full {
                let (here, whole) = (shelf.clone(), std::mem::replace(&mut segment, Vec::with_capacity(SEGMENT)));
                blocking(move || here.add_segment(hash, number, last, whole)).await?;
                number += 1;
            }
        }
    }
    if number < segments(size) {
        return Err(net::Fault::AnswerBroken(net::Breakage::EndedEarly).into());
    }
    let here = shelf.clone();
    match blocking(move || here.finish_part(hash, size)).await {
        // The server's bytes are not those that the message named.
        Err(ShelfFault::Torn) => Err(Error::new(Code::PhotoHashDiffers)),
        done => Ok(done?),
    }
}
