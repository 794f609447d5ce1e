//! The account's folder: which files lie in it, who may open them, and with which key.
//!
//! A check value, HMAC-SHA-256 of a fixed text under the key, lies beside the databases and is tested before either is
//! touched. No match: wrong key, and everything stays as it is. Match, but a database cannot be read: it is damaged, and
//! is moved aside under a name that says when, never deleted.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::fault::{Fault, File};
use crate::time::Timestamp;

/// The raw 32-byte key from the shell's Keystore or Keychain. Wiped from memory when dropped, never printed.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key as SQLCipher takes a raw one: no derivation at each start.
    pub(super) fn pragma(&self) -> Zeroizing<String> {
        use std::fmt::Write as _;
        let mut text = Zeroizing::new(String::with_capacity(96));
        text.push_str("PRAGMA key = \"x'");
        for byte in self.0.iter() {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text.push_str("'\"");
        text
    }

    /// Another key out of this one, for one purpose; who has it cannot find this one or that of another purpose.
    pub fn derived(&self, purpose: &str) -> Option<Zeroizing<[u8; 32]>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice()).ok()?;
        mac.update(purpose.as_bytes());
        Some(Zeroizing::new(mac.finalize().into_bytes().into()))
    }

    fn check(&self) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice()).ok()?;
        mac.update(b"onsite: key check of the account's files, 1");
        Some(mac.finalize().into_bytes().into())
    }

    fn matches(&self, stored: &[u8]) -> bool {
        Hmac::<Sha256>::new_from_slice(self.0.as_slice()).is_ok_and(|mut mac| {
            mac.update(b"onsite: key check of the account's files, 1");
            mac.verify_slice(stored).is_ok()
        })
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// An account's folder, held against a second opening while the files may be open.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    key: Key,
    lock: Mutex<Option<fs::File>>,
}

const CHECK: &str = "key.check";

/// What a database consists of, as endings of its name.
const PIECES: [&str; 3] = ["", "-wal", "-shm"];

impl Folder {
    /// Makes or takes the folder, locks it, and tests the key.
    pub(super) fn open(path: &Path, key: Key) -> Result<Self, Fault> {
        fs::create_dir_all(path)?;
        let folder = Self { path: path.to_owned(), key, lock: Mutex::default() };
        folder.hold()?;
        folder.test_key()?;
        Ok(folder)
    }

    /// Keeps everybody else out.
    pub(super) fn hold(&self) -> Result<(), Fault> {
        let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(self.path.join("lock"))?;
        match file.try_lock() {
            Ok(()) => {
                *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
                Ok(())
            }
            Err(fs::TryLockError::WouldBlock) => Err(Fault::Busy),
            Err(fs::TryLockError::Error(error)) => Err(Fault::Io(error)),
        }
    }

    /// Lets others in: an app that sleeps may hold no lock.
    pub(super) fn release(&self) {
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn test_key(&self) -> Result<(), Fault> {
        let check = self.path.join(CHECK);
        match fs::read(&check) {
            Ok(stored) if stored.len() == 32 => {
                if self.key.matches(&stored) {
                    Ok(())
                } else {
                    Err(Fault::WrongKey)
                }
            }
            // Lost or cut: a database that opens vouches for the key; one that does not is left alone.
            Ok(_) => self.vouch(&check),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.vouch(&check),
            Err(error) => Err(Fault::Io(error)),
        }
    }

    fn vouch(&self, check: &Path) -> Result<(), Fault> {
        let held: Vec<File> = [File::Own, File::Cache].into_iter().filter(|file| self.holds(*file)).collect();
        if !held.is_empty() && !held.iter().any(|file| super::connection::opens(&self.path(*file), &self.key, *file)) {
            return Err(Fault::WrongKey);
        }
        let value = self.key.check().ok_or(Fault::Value("key check"))?;
        fs::write(check, value)?;
        Ok(())
    }

    /// Where a file lies.
    pub(super) fn path(&self, file: File) -> PathBuf {
        self.path.join(file.name())
    }

    /// Whether a file is there and has anything in it.
    pub(super) fn holds(&self, file: File) -> bool {
        fs::metadata(self.path(file)).is_ok_and(|metadata| metadata.len() > 0)
    }

    /// Removes a file that could not be begun.
    pub(super) fn remove(&self, file: File) {
        for suffix in PIECES {
            // What cannot be removed either is met again when the file is opened next.
            drop(fs::remove_file(with_suffix(&self.path(file), suffix)));
        }
    }

    /// The key of both files.
    pub(super) const fn key(&self) -> &Key {
        &self.key
    }

    /// Moves a damaged file and what belongs to it out of the way, and says where the file lies now.
    pub(super) fn set_aside(&self, file: File, now: Timestamp) -> Result<PathBuf, Fault> {
        let from = self.path(file);
        let mut to = self.path.join(format!("{}.damaged-{}", file.name(), now.millis()));
        let mut attempt = 1;
        while to.exists() {
            to = self.path.join(format!("{}.damaged-{}-{attempt}", file.name(), now.millis()));
            attempt += 1;
        }
        for suffix in PIECES {
            let piece = with_suffix(&from, suffix);
            if piece.exists() {
                fs::rename(&piece, with_suffix(&to, suffix))?;
            }
        }
        Ok(to)
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
