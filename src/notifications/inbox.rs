//! The extension's inbox: pushes as they were received, one file each, beside the databases. A notification extension has
//! neither files nor runtime of the core; what it showed is taken in when the app is there again.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use onsite_wire::codes::Code;
use onsite_wire::push::PUSH_LIMIT;

use crate::error::Error;
use crate::time::Timestamp;

/// The folder, in the account's own.
const FOLDER: &str = "inbox";
/// What could not be read is kept here, in the inbox.
const ASIDE: &str = "aside";
/// The ending of a push.
const ENDING: &str = "push";
/// More are not kept: the newest stay, and the feed has those of 30 days anyway.
const MOST: usize = 2_000;
/// More of what could not be read are not kept.
const MOST_ASIDE: usize = 100;

/// Keeps a push as it was received, for the app's next start: called by a notification extension after it has shown the
/// push, without an account, its files or a runtime. `folder` is the account's; `shown_at` is of the phone's clock.
///
/// Errors: `push_invalid` where it is no push of ours by its size, `disk_full` and `internal` where it cannot be written.
pub fn keep_push(folder: &Path, payload: &[u8], shown_at: Timestamp) -> Result<(), Error> {
    if payload.is_empty() || payload.len() > PUSH_LIMIT {
        return Err(Error::new(Code::PushInvalid).with("detail", "its size"));
    }
    let inbox = folder.join(FOLDER);
    write(&inbox, payload, shown_at).map_err(|error| crate::store::Fault::from(error).into())
}

fn write(inbox: &Path, payload: &[u8], shown_at: Timestamp) -> std::io::Result<()> {
    fs::create_dir_all(inbox)?;
    let mut random = [0; 8];
    // Without randomness the time alone tells two files apart.
    let _ = getrandom::fill(&mut random);
    let name = format!("{:020}-{:016x}", shown_at.micros().max(0), u64::from_le_bytes(random));
    let begun = inbox.join(format!("{name}.new"));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&begun)?;
    file.write_all(payload)?;
    file.sync_all()?;
    // Under its own name it is whole.
    fs::rename(&begun, inbox.join(format!("{name}.{ENDING}")))?;
    drop_oldest(inbox, MOST)
}

fn pushes(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn drop_oldest(folder: &Path, most: usize) -> std::io::Result<()> {
    let all = pushes(folder)?;
    let over = all.len().saturating_sub(most);
    all.iter().take(over).try_for_each(fs::remove_file)
}

/// A push of the inbox.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    /// As it was received; nothing where it is larger than any push of ours.
    pub(super) payload: Option<Vec<u8>>,
    /// When the extension showed it, by the phone's clock.
    pub(super) shown_at: Timestamp,
}

/// The pushes that lie there, oldest first.
pub(super) fn kept(folder: &Path) -> std::io::Result<Vec<Kept>> {
    let inbox = folder.join(FOLDER);
    let all = match pushes(&inbox) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        found => found?,
    };
    all.into_iter()
        .map(|path| {
            let payload = read(&path)?;
            let shown_at = Timestamp::from_micros(time_in(&path).unwrap_or_default());
            Ok(Kept { path, payload, shown_at })
        })
        .collect()
}

/// Reads a file no farther than a push can reach.
fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let mut payload = Vec::new();
    let limit = u64::try_from(PUSH_LIMIT + 1).unwrap_or(u64::MAX);
    fs::File::open(path)?.take(limit).read_to_end(&mut payload)?;
    Ok((payload.len() <= PUSH_LIMIT).then_some(payload))
}

fn time_in(path: &Path) -> Option<i64> {
    path.file_stem()?.to_str()?.split('-').next()?.parse().ok()
}

impl Kept {
    /// It was taken in, and its effect lies in the databases.
    pub(super) fn done(&self) -> std::io::Result<()> {
        fs::remove_file(&self.path)
    }

    /// It could not be read: it is kept for those who help, and is in nobody's way.
    pub(super) fn set_aside(&self) -> std::io::Result<()> {
        let Some((inbox, name)) = self.path.parent().zip(self.path.file_name()) else { return Ok(()) };
        let aside = inbox.join(ASIDE);
        fs::create_dir_all(&aside)?;
        if self.payload.is_none() {
            // What no push can be is not kept: it may be as large as the disk.
            return fs::remove_file(&self.path);
        }
        fs::rename(&self.path, aside.join(name))?;
        drop_oldest(&aside, MOST_ASIDE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_are_kept_as_received_in_their_order_and_a_torn_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        for (second, text) in [(3, "c"), (1, "a"), (2, "b")] {
            keep_push(folder.path(), text.as_bytes(), Timestamp::from_millis(second * 1_000)).unwrap();
        }
        fs::write(folder.path().join(FOLDER).join("torn.new"), "half").unwrap();
        let all = kept(folder.path()).unwrap();
        let texts: Vec<_> = all.iter().map(|kept| kept.payload.clone().unwrap()).collect();
        assert_eq!(texts, [b"a", b"b", b"c"]);
        assert_eq!(all[0].shown_at, Timestamp::from_millis(1_000));
        all[0].done().unwrap();
        all[1].set_aside().unwrap();
        assert_eq!(kept(folder.path()).unwrap().len(), 1);
        assert_eq!(pushes(&folder.path().join(FOLDER).join(ASIDE)).unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_push_by_its_size_is_refused_and_a_huge_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        for size in [0, PUSH_LIMIT + 1] {
            let refused = keep_push(folder.path(), &vec![b'x'; size], Timestamp::from_millis(1)).unwrap_err();
            assert_eq!(refused.code, Code::PushInvalid, "{size}");
        }
        assert!(kept(folder.path()).unwrap().is_empty(), "no inbox is an empty one");
        let inbox = folder.path().join(FOLDER);
        fs::create_dir_all(&inbox).unwrap();
        fs::write(inbox.join("1-0.push"), vec![b'x'; 10 * PUSH_LIMIT]).unwrap();
        let all = kept(folder.path()).unwrap();
        assert!(all[0].payload.is_none());
        all[0].set_aside().unwrap();
        assert!(kept(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn an_inbox_that_nobody_empties_keeps_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        for second in 0..6 {
            write(&folder.path().join(FOLDER), b"x", Timestamp::from_millis(second)).unwrap();
        }
        drop_oldest(&folder.path().join(FOLDER), 4).unwrap();
        let left: Vec<_> = kept(folder.path()).unwrap().iter().map(|kept| kept.shown_at.millis()).collect();
        assert_eq!(left, [2, 3, 4, 5]);
    }
}
