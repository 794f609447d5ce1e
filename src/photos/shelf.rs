//! The folder of sealed photos. Which lie there and when each was used last, the files themselves say; what may not go, the
//! uploads do. Every call is short and blocks: never on tokio's workers.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use onsite_wire::codes::Code;
use onsite_wire::onsite::PhotoHash;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::sealed::{FileKey, HEADER, SEALED, SEGMENT, Torn, file_size, new_header, segments};
use crate::error::Error;
use crate::time::Clock;

/// So many bytes of photos a phone keeps, unless it is told otherwise.
pub const CACHE_BYTES: u64 = 200 * 1_024 * 1_024;

/// The ending of a photo of which a part was fetched.
const PART: &str = "part";
/// The ending of a file that is being written.
const NEW: &str = "new";

/// What can go wrong with a sealed photo.
#[derive(Debug, thiserror::Error)]
pub enum ShelfFault {
    /// It does not lie here.
    #[error("the photo is not on this phone")]
    NotHere,
    /// The file is not what was written; it was removed.
    #[error("the photo's file was damaged")]
    Torn,
    /// The phone sleeps.
    #[error("the phone's files are closed")]
    Asleep,
    /// The operating system refused.
    #[error("the photo's file cannot be used: {0}")]
    Io(#[from] io::Error),
}

impl From<Torn> for ShelfFault {
    fn from(_: Torn) -> Self {
        Self::Torn
    }
}

impl From<ShelfFault> for Error {
    fn from(fault: ShelfFault) -> Self {
        match fault {
            ShelfFault::NotHere | ShelfFault::Torn => Self::new(Code::PhotoGone),
            ShelfFault::Asleep => Self::new(Code::StoreClosed),
            ShelfFault::Io(error) if error.kind() == io::ErrorKind::StorageFull => Self::new(Code::DiskFull),
            ShelfFault::Io(error) => Self::new(Code::Internal).with("detail", error.kind()),
        }
    }
}

/// The photos of one account on this phone. Clones are the same folder.
#[derive(Clone)]
pub struct Shelf(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    key: Zeroizing<[u8; 32]>,
    limit: u64,
    clock: Arc<dyn Clock>,
    /// Whether the phone sleeps; held while a file is open.
    asleep: Mutex<bool>,
    kept: Mutex<Kept>,
}

/// What must not go. Held for moments only: the driver asks for it.
#[derive(Default)]
struct Kept {
    /// On their way to the server: only here.
    needed: BTreeSet<PhotoHash>,
    /// Sealed, and their message not made yet.
    arriving: BTreeSet<PhotoHash>,
}

impl Shelf {
    /// The folder with the account's key for photos. Nothing is opened or made before a photo comes.
    pub fn new(folder: PathBuf, key: Zeroizing<[u8; 32]>, limit: u64, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { folder, key, limit, clock, asleep: Mutex::default(), kept: Mutex::default() }))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asleep(&self) -> MutexGuard<'_, bool> {
        self.0.asleep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while a file is open: whoever puts the phone to sleep waits for it.
    fn awake(&self) -> Result<MutexGuard<'_, bool>, ShelfFault> {
        let asleep = self.asleep();
        if *asleep { Err(ShelfFault::Asleep) } else { Ok(asleep) }
    }

    /// No file is open after this, until [`wake`](Self::wake).
    pub fn sleep(&self) {
        *self.asleep() = true;
    }

    /// Files may be opened again.
    pub fn wake(&self) {
        *self.asleep() = false;
    }

    /// These must not go: their bytes are not on the server yet.
    pub fn set_needed(&self, needed: BTreeSet<PhotoHash>) {
        self.kept().needed = needed;
    }

    /// The message of a photo was made, or will not be.
    pub(crate) fn arrived(&self, hash: PhotoHash) {
        self.kept().arriving.remove(&hash);
    }

    /// Where a photo lies. The name tells nothing to who has not the key, not even that two phones hold the same photo.
    fn path(&self, hash: PhotoHash) -> PathBuf {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.key.as_slice()).map(|mut mac| {
            mac.update(b"name");
            mac.update(&hash.0);
            mac.finalize().into_bytes()
        });
        let name = mac.map(|mac| mac.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>());
        self.0.folder.join(name.unwrap_or_default())
    }

    /// Seals a photo of so many bytes, durably. One that must not go before its message was made.
    pub(super) fn keep<'a>(
        &self,
        hash: PhotoHash,
        size: u64,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), ShelfFault> {
        let _awake = self.awake()?;
        self.kept().arriving.insert(hash);
        let path = self.path(hash);
        if fs::metadata(&path).is_ok_and(|file| file.len() == file_size(size)) {
            return self.touch(&path);
        }
        fs::create_dir_all(&self.0.folder)?;
        self.make_room(file_size(size))?;
        let new = path.with_extension(NEW);
        let written = self.write(&new, hash, size, pieces);
        if let Err(fault) = written {
            // What was begun is of no use; what cannot be removed is removed with the next tidying.
            drop(fs::remove_file(&new));
            return Err(fault);
        }
        fs::rename(&new, &path)?;
        File::open(&self.0.folder)?.sync_all()?;
        self.touch(&path)
    }

    fn write<'a>(
        &self,
        path: &Path,
        hash: PhotoHash,
        size: u64,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), ShelfFault> {
        let header = new_header()?;
        let key = FileKey::of(&self.0.key, &header, hash)?;
        let mut file = File::create(path)?;
        file.write_all(&header)?;
        let (mut segment, mut number, mut done) = (Vec::with_capacity(SEALED), 0, 0);
        for mut piece in pieces {
            while !piece.is_empty() {
                let (now, later) = piece.split_at(piece.len().min(SEGMENT - segment.len()));
                segment.extend_from_slice(now);
                done += now.len() as u64;
                piece = later;
                if segment.len() == SEGMENT || done == size {
                    key.seal(number, done == size, &mut segment)?;
                    file.write_all(&segment)?;
                    segment.clear();
                    number += 1;
                }
            }
        }
        if done != size {
            return Err(ShelfFault::Torn);
        }
        Ok(file.sync_all()?)
    }

    /// Whether a photo of so many bytes lies here.
    pub fn holds(&self, hash: PhotoHash, size: u64) -> bool {
        self.awake().is_ok() && fs::metadata(self.path(hash)).is_ok_and(|file| file.len() == file_size(size))
    }

    /// A stretch of a photo of so many bytes.
    pub(crate) fn read(&self, hash: PhotoHash, size: u64, from: u64, length: usize) -> Result<Vec<u8>, ShelfFault> {
        let _awake = self.awake()?;
        let path = self.path(hash);
        let read = self.read_from(&path, hash, size, from, length);
        match &read {
            // A damaged file is of no use to anybody; it can be fetched again, or is told to be lost.
            Err(ShelfFault::Torn) => drop(fs::remove_file(&path)),
            Err(_) => {}
            Ok(_) if from == 0 => self.touch(&path)?,
            Ok(_) => {}
        }
        read
    }

    fn read_from(
        &self,
        path: &Path,
        hash: PhotoHash,
        size: u64,
        from: u64,
        length: usize,
    ) -> Result<Vec<u8>, ShelfFault> {
        let mut file = File::open(path).map_err(not_here)?;
        if file.metadata()?.len() != file_size(size) {
            return Err(ShelfFault::Torn);
        }
        let mut header = [0; HEADER];
        file.read_exact(&mut header)?;
        let key = FileKey::of(&self.0.key, &header, hash)?;
        let end = from.saturating_add(length as u64).min(size);
        let mut plain = Vec::with_capacity(usize::try_from(end.saturating_sub(from)).unwrap_or_default());
        let mut segment = Vec::with_capacity(SEALED);
        let mut number = from / SEGMENT as u64;
        file.seek(SeekFrom::Start(HEADER as u64 + number * SEALED as u64))?;
        while number * (SEGMENT as u64) < end {
            segment.clear();
            (&mut file).take(SEALED as u64).read_to_end(&mut segment)?;
            let last = number + 1 == segments(size);
            let opened = key.open(u32::try_from(number).map_err(|_| Torn)?, last, &mut segment)?;
            let begins = number * SEGMENT as u64;
            let (first, past) = (from.saturating_sub(begins), end.saturating_sub(begins).min(SEGMENT as u64));
            let wanted = usize::try_from(first).ok().zip(usize::try_from(past).ok());
            plain.extend_from_slice(wanted.and_then(|(first, past)| opened.get(first..past)).ok_or(Torn)?);
            number += 1;
        }
        Ok(plain)
    }

    /// Lets go of a photo, unless it is needed.
    pub(crate) fn remove(&self, hash: PhotoHash) {
        let Ok(_awake) = self.awake() else { return };
        let kept = self.kept();
        if !kept.needed.contains(&hash) && !kept.arriving.contains(&hash) {
            // Not there is as good.
            drop(fs::remove_file(self.path(hash)));
        }
    }

    /// Used now: what was used least goes first.
    fn touch(&self, path: &Path) -> Result<(), ShelfFault> {
        let wall = u64::try_from(self.0.clock.now().wall.micros()).unwrap_or_default();
        let now = UNIX_EPOCH + Duration::from_micros(wall);
        Ok(File::options().write(true).open(path)?.set_modified(now)?)
    }

    /// Removes what was used least until so many bytes more have room; what is needed stays, however much it is.
    fn make_room(&self, more: u64) -> Result<(), ShelfFault> {
        let kept: BTreeSet<PathBuf> = {
            let kept = self.kept();
            kept.needed.iter().chain(&kept.arriving).map(|hash| self.path(*hash)).collect()
        };
        let mut files: Vec<(SystemTime, PathBuf, u64)> = Vec::new();
        for entry in fs::read_dir(&self.0.folder)? {
            let entry = entry?;
            let (path, metadata) = (entry.path(), entry.metadata()?);
            if path.extension().is_some_and(|ending| ending == NEW) {
                // A process ended while it wrote this; nobody else writes now.
                drop(fs::remove_file(&path));
            } else {
                files.push((metadata.modified()?, path, metadata.len()));
            }
        }
        files.sort();
        let mut held: u64 = files.iter().map(|(_, _, size)| size).sum();
        for (_, path, size) in files.into_iter().filter(|(_, path, _)| !kept.contains(path)) {
            if held.saturating_add(more) <= self.0.limit {
                break;
            }
            drop(fs::remove_file(&path));
            held -= size;
        }
        Ok(())
    }

    /// How many bytes of a photo were fetched before, in whole segments; makes the file when there are none.
    pub(super) fn begin_part(&self, hash: PhotoHash, size: u64) -> Result<u64, ShelfFault> {
        let _awake = self.awake()?;
        fs::create_dir_all(&self.0.folder)?;
        let part = self.path(hash).with_extension(PART);
        let length = fs::metadata(&part).map_or(0, |file| file.len());
        if length < HEADER as u64 {
            self.make_room(file_size(size))?;
            fs::write(&part, new_header()?)?;
            return Ok(0);
        }
        // The last one is never left here: the file would be whole.
        let whole = ((length - HEADER as u64) / SEALED as u64).min(segments(size).saturating_sub(1));
        File::options().write(true).open(&part)?.set_len(HEADER as u64 + whole * SEALED as u64)?;
        Ok(whole * SEGMENT as u64)
    }

    /// Adds a segment to what was fetched.
    pub(super) fn add_segment(
        &self,
        hash: PhotoHash,
        number: u64,
        last: bool,
        mut segment: Vec<u8>,
    ) -> Result<(), ShelfFault> {
        let _awake = self.awake()?;
        let part = self.path(hash).with_extension(PART);
        let mut file = File::options().read(true).append(true).open(part).map_err(not_here)?;
        let mut header = [0; HEADER];
        file.read_exact(&mut header)?;
        let key = FileKey::of(&self.0.key, &header, hash)?;
        key.seal(u32::try_from(number).map_err(|_| Torn)?, last, &mut segment)?;
        Ok(file.write_all(&segment)?)
    }

    /// Takes what was fetched for the photo if its bytes are the right ones; else it is dropped.
    pub(super) fn finish_part(&self, hash: PhotoHash, size: u64) -> Result<(), ShelfFault> {
        use sha2::Digest;
        let _awake = self.awake()?;
        let path = self.path(hash);
        let part = path.with_extension(PART);
        let mut digest = Sha256::new();
        for number in 0..segments(size) {
            match self.read_from(&part, hash, size, number * SEGMENT as u64, SEGMENT) {
                Ok(segment) => digest.update(&segment),
                Err(fault) => {
                    drop(fs::remove_file(&part));
                    return Err(fault);
                }
            }
        }
        if PhotoHash(digest.finalize().into()) != hash {
            drop(fs::remove_file(&part));
            return Err(ShelfFault::Torn);
        }
        fs::rename(&part, &path)?;
        self.touch(&path)
    }
}

fn not_here(error: io::Error) -> ShelfFault {
    if error.kind() == io::ErrorKind::NotFound { ShelfFault::NotHere } else { ShelfFault::Io(error) }
}

#[cfg(test)]
#[path = "shelf_tests.rs"]
mod tests;
