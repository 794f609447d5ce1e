//! The one error of the public API, and the one place where the many inner ones become it.

use std::collections::BTreeMap;

pub use onsite_wire::codes::Code;

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Advice {
    /// Nothing: it is tried again, or trying again later helps.
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
    /// A defect: report it with the diagnostics.
    Report,
}

/// An error of the public API: a stable code with arguments for the shell's words, and what the caller can do.
///
/// It never holds a token, a password, a position or the text of a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .code.text(.arguments))]
pub struct Error {
    /// Stable; `docs/messages.json` has its meaning and text.
    pub code: Code,
    /// The code's arguments by name.
    pub arguments: BTreeMap<String, String>,
}

impl Error {
    /// An error with this code and no arguments.
    pub const fn new(code: Code) -> Self {
        Self { code, arguments: BTreeMap::new() }
    }

    /// The same error with one more argument.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.arguments.insert(name.to_owned(), value.to_string());
        self
    }

    /// Input that cannot be used, and why.
    pub fn input(detail: impl ToString) -> Self {
        Self::new(Code::InputInvalid).with("detail", detail)
    }

    /// What the caller can do.
    pub const fn advice(&self) -> Advice {
        match self.code {
            Code::NotSignedIn | Code::SessionEnded | Code::AccountDiffers | Code::OtherAccount => Advice::SignIn,
            Code::NotAllowed | Code::OtherOrganization => Advice::AskAdministrator,
            Code::StoreNewer | Code::BodyNotUnderstood | Code::Unheard => Advice::UpdateApp,
            Code::StoreClosed | Code::StoreDamaged | Code::StoreBusy => Advice::Reopen,
            Code::Internal | Code::IdUsed => Advice::Report,
            Code::NoNetwork
            | Code::TooManyRequests
            | Code::ServerFault
            | Code::Unavailable
            | Code::AnswerBroken
            | Code::NotOurServer
            | Code::TlsNameWrong
            | Code::DiskFull => Advice::RetryLater,
            _ => Advice::FixInput,
        }
    }
}
