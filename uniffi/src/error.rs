//! The one error of this border: a stable code with arguments, and what the caller can do.

use std::collections::{BTreeMap, HashMap};

use onsite::error::{self as core, Code};

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Advice {
    /// Wait: it is tried again, or trying again later helps.
    RetryLater,
    /// Let the person sign in.
    SignIn,
    /// Change what was asked.
    FixInput,
    /// Somebody with more rights must act.
    AskAdministrator,
    /// A newer version of the app is needed.
    UpdateApp,
    /// Open the account again.
    Reopen,
    /// Make room on the phone.
    FreeSpace,
    /// The person decides: again, something else, or let it go.
    Decide,
    /// Nothing: there is nothing to be done.
    Nothing,
    /// A defect: report it with the diagnostics.
    Report,
}

impl From<core::Advice> for Advice {
    fn from(advice: core::Advice) -> Self {
        match advice {
            core::Advice::RetryLater => Self::RetryLater,
            core::Advice::SignIn => Self::SignIn,
            core::Advice::FixInput => Self::FixInput,
            core::Advice::AskAdministrator => Self::AskAdministrator,
            core::Advice::UpdateApp => Self::UpdateApp,
            core::Advice::Reopen => Self::Reopen,
            core::Advice::FreeSpace => Self::FreeSpace,
            core::Advice::Decide => Self::Decide,
            core::Advice::Nothing => Self::Nothing,
            core::Advice::Report => Self::Report,
        }
    }
}

/// Something that was refused, went wrong, or explains: a code for the shell's own words.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Problem {
    /// Stable; `docs/messages.json` has its meaning, its arguments and its English text.
    pub code: String,
    /// The code's arguments by name.
    pub arguments: HashMap<String, String>,
    /// What the caller can do.
    pub advice: Advice,
    /// In English, for logs and for shells that have no words of their own for the code.
    pub text: String,
}

impl Problem {
    /// Of a code with its arguments.
    pub(crate) fn of(code: Code, arguments: &BTreeMap<String, String>) -> Self {
        core::Error { code, arguments: arguments.clone() }.into()
    }

    /// Of a code alone.
    pub(crate) fn bare(code: Code) -> Self {
        core::Error::new(code).into()
    }
}

impl From<core::Error> for Problem {
    fn from(error: core::Error) -> Self {
        Self {
            code: error.code.as_str().to_owned(),
            advice: error.advice().into(),
            text: error.to_string(),
            arguments: error.arguments.into_iter().collect(),
        }
    }
}

/// The error of every call. It never holds a token, a password, a position or the text of a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum OnsiteError {
    /// The call had no effect, and this is why.
    #[error("{}", .problem.text)]
    Failed {
        /// Why.
        problem: Problem,
    },
}

impl OnsiteError {
    /// The account was closed, or its files are.
    pub(crate) fn closed() -> Self {
        core::Error::new(Code::StoreClosed).into()
    }

    /// The core panicked in this call.
    pub(crate) fn panicked() -> Self {
        core::Error::new(Code::Internal).with("detail", "panic").into()
    }

    /// Input that cannot be used.
    pub(crate) fn input(detail: impl ToString) -> Self {
        core::Error::input(detail).into()
    }
}

impl From<core::Error> for OnsiteError {
    fn from(error: core::Error) -> Self {
        Self::Failed { problem: error.into() }
    }
}

/// Reads an id.
pub(crate) fn id<T: std::str::FromStr>(text: &str) -> Result<T, OnsiteError> {
    text.parse().map_err(|_| OnsiteError::input("not an id"))
}

/// Reads an id that may be missing.
pub(crate) fn id_if<T: std::str::FromStr>(text: Option<&String>) -> Result<Option<T>, OnsiteError> {
    text.map(|text| id(text)).transpose()
}

/// Reads a list of ids.
pub(crate) fn ids<T: std::str::FromStr>(texts: &[String]) -> Result<Vec<T>, OnsiteError> {
    texts.iter().map(|text| id(text)).collect()
}

/// A count that fits into what Kotlin and Swift call an integer.
pub(crate) fn count(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// A size that a shell chose: not negative.
pub(crate) fn size(size: i32) -> usize {
    usize::try_from(size).unwrap_or_default()
}

/// A position in a list.
pub(crate) fn place(at: usize) -> i32 {
    i32::try_from(at).unwrap_or(i32::MAX)
}
