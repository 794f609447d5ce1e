//! What can go wrong with the phone's files.

use onsite_wire::codes::Code;

use crate::error::Error;

/// One of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum File {
    /// What a person wrote.
    Own,
    /// What can be fetched again.
    Cache,
}

impl File {
    /// The file's name in the account's folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own.db",
            Self::Cache => "cache.db",
        }
    }
}

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The key check failed; nothing was touched.
    #[error("the key does not open these files")]
    WrongKey,
    /// The folder is open in this or another process.
    #[error("the files are open elsewhere")]
    Busy,
    /// Written by a newer version of the code.
    #[error("{} was written by a newer version", .0.name())]
    Newer(File),
    /// The key is right, but the file cannot be read.
    #[error("{} is damaged", .0.name())]
    Damaged(File),
    /// No room to write.
    #[error("the disk is full")]
    Full,
    /// The store was closed, or its writer is gone.
    #[error("the store is closed")]
    Closed,
    /// The caller no longer wants the answer.
    #[error("cancelled")]
    Cancelled,
    /// The operating system refused.
    #[error("the files cannot be used: {0}")]
    Io(#[from] std::io::Error),
    /// A statement failed in a way that is none of the above: a defect.
    #[error("{0}")]
    Sql(rusqlite::Error),
    /// Stored text that the code itself wrote cannot be read back: a defect.
    #[error("stored value unreadable: {0}")]
    Value(&'static str),
}

impl Fault {
    /// What an SQLite error on a file means.
    pub fn of(file: File, error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as E;
        match error.sqlite_error_code() {
            Some(E::DatabaseCorrupt | E::NotADatabase) => Self::Damaged(file),
            Some(E::DiskFull) => Self::Full,
            Some(E::OperationInterrupted) => Self::Cancelled,
            // SQLCipher reports a page whose checksum is wrong as an I/O error of the read.
            Some(E::SystemIoFailure) if is_read_failure(&error) => Self::Damaged(file),
            _ => Self::Sql(error),
        }
    }
}

fn is_read_failure(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        matches!(
            error.extended_code,
            rusqlite::ffi::SQLITE_IOERR_READ
                | rusqlite::ffi::SQLITE_IOERR_SHORT_READ
                | rusqlite::ffi::SQLITE_IOERR_DATA
        )
    })
}

/// Statements run on the cache unless said otherwise, and nearly all code that runs them is about the cache.
impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::of(File::Cache, error)
    }
}

impl Fault {
    /// The stable code of this fault.
    pub const fn code(&self) -> Code {
        match self {
            Self::WrongKey => Code::WrongKey,
            Self::Busy => Code::StoreBusy,
            Self::Newer(_) => Code::StoreNewer,
            Self::Damaged(_) => Code::StoreDamaged,
            Self::Full => Code::DiskFull,
            Self::Closed | Self::Cancelled => Code::StoreClosed,
            Self::Io(_) | Self::Sql(_) | Self::Value(_) => Code::Internal,
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let error = Self::new(fault.code());
        match fault {
            Fault::Io(io) => error.with("detail", io.kind()),
            Fault::Sql(sql) => {
                let code = sql.sqlite_error().map_or(0, |sqlite| sqlite.extended_code);
                error.with("detail", format!("sqlite {code}"))
            }
            Fault::Value(what) => error.with("detail", what),
            _ => error,
        }
    }
}
