//! What can go wrong with a request, and what that means for trying again.
//!
//! A fault is made once, where the answer (or its absence) is seen, and carries no secret, no token and no text of a body:
//! only classes, numbers, and the arguments of a code that the server named.

use std::collections::BTreeMap;
use std::time::Duration;

use onsite_wire::codes::Code;

/// Why a request did not bring what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.code().text(&self.arguments()))]
pub enum Fault {
    /// No connection: no signal, no such name, refused, or closed before an answer began.
    NoNetwork,
    /// Connected, but nothing came in time.
    Timeout,
    /// The certificate is for another name: a wrong address, or somebody in between.
    TlsNameWrong,
    /// The certificate is not trusted for another reason: unknown issuer, run out, not yet valid.
    TlsUntrusted,
    /// Something else answers at this address: a wrong URL, or the sign-in page of a guest network.
    NotOurServer(Stranger),
    /// The answer began well and did not end well.
    AnswerBroken(Breakage),
    /// A rate limit (429).
    TooManyRequests {
        /// What the server asked to wait, if it did.
        retry_after: Option<Duration>,
    },
    /// The server has a fault or is not available (5xx).
    ServerFault {
        /// The HTTP status.
        status: u16,
        /// What the server asked to wait, if it did.
        retry_after: Option<Duration>,
    },
    /// The token or key is not valid (401), and no new one could be had.
    NotSignedIn,
    /// The caller's role does not allow it (403).
    NotAllowed,
    /// The caller's key or account does not reach this organization (403).
    OtherOrganization,
    /// It is not there, or the caller may not see it (404).
    NotFound {
        /// What was looked for, in the server's words; empty when it did not say.
        what: String,
    },
    /// Changes after this offset are not known to be complete (410): read everything again.
    OffsetGone,
    /// The phone could not do its own part, and nothing was sent or used: its files are full or closed.
    Phone(Code),
    /// Everything else that a server refuses, by its code.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the server named.
        code: Code,
        /// The code's arguments.
        arguments: BTreeMap<String, String>,
    },
}

/// How it shows that a stranger answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// It sends us elsewhere. Redirects are never followed: a token would travel, and a POST would become a GET.
    Redirect,
    /// It answers with a page, or anything that is not the asked type.
    ContentType,
    /// It answers with JSON that lacks what this address must answer.
    Shape,
    /// It does not speak TLS where it should.
    NotTls,
}

/// How an answer broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakage {
    /// The connection ended before the answer did.
    EndedEarly,
    /// The status line and headers could not be read.
    Head,
    /// The compressed body could not be unpacked.
    Garbled,
    /// The body is not JSON.
    NotJson,
    /// Larger than this kind of answer may be.
    TooLarge,
}

impl Breakage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::EndedEarly => "it ended early",
            Self::Head => "its head could not be read",
            Self::Garbled => "it could not be unpacked",
            Self::NotJson => "it is not JSON",
            Self::TooLarge => "it is too large",
        }
    }
}

impl Fault {
    /// The stable code of this fault.
    pub const fn code(&self) -> Code {
        match self {
            Self::NoNetwork | Self::Timeout => Code::NoNetwork,
            Self::TlsNameWrong | Self::TlsUntrusted => Code::TlsNameWrong,
            Self::NotOurServer(_) => Code::NotOurServer,
            Self::AnswerBroken(_) => Code::AnswerBroken,
            Self::TooManyRequests { .. } => Code::TooManyRequests,
            Self::ServerFault { status: 503, .. } => Code::Unavailable,
            Self::ServerFault { .. } => Code::ServerFault,
            Self::NotSignedIn => Code::NotSignedIn,
            Self::NotAllowed => Code::NotAllowed,
            Self::OtherOrganization => Code::OtherOrganization,
            Self::NotFound { .. } => Code::NotFound,
            Self::OffsetGone => Code::OffsetGone,
            Self::Refused { code, .. } | Self::Phone(code) => *code,
        }
    }

    /// The arguments of [`Fault::code`].
    pub fn arguments(&self) -> BTreeMap<String, String> {
        let one = |name: &str, value: String| BTreeMap::from([(name.to_owned(), value)]);
        match self {
            Self::AnswerBroken(how) => one("detail", how.as_str().to_owned()),
            Self::TooManyRequests { retry_after } => {
                one("seconds", retry_after.unwrap_or_default().as_secs().to_string())
            }
            Self::NotFound { what } => one("what", what.clone()),
            Self::Refused { arguments, .. } => arguments.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// Whether the same request may well go through later without anybody changing anything.
    ///
    /// A stranger's answer and a wrong certificate count as transient too: both are what a technician meets in a
    /// customer's guest network, and both go away outside it.
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::NoNetwork
                | Self::Timeout
                | Self::TlsNameWrong
                | Self::TlsUntrusted
                | Self::NotOurServer(_)
                | Self::AnswerBroken(_)
                | Self::TooManyRequests { .. }
                | Self::ServerFault { .. }
                | Self::Phone(_)
        )
    }

    /// How long the server asked to be left alone.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyRequests { retry_after } | Self::ServerFault { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<Fault> for crate::error::Error {
    fn from(fault: Fault) -> Self {
        Self { code: fault.code(), arguments: fault.arguments() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_says_its_text_with_all_arguments_filled_in() {
        let faults = [
            Fault::NoNetwork,
            Fault::Timeout,
            Fault::TlsNameWrong,
            Fault::NotOurServer(Stranger::Redirect),
            Fault::AnswerBroken(Breakage::EndedEarly),
            Fault::TooManyRequests { retry_after: None },
            Fault::ServerFault { status: 500, retry_after: None },
            Fault::NotFound { what: "alarm".to_owned() },
            Fault::OffsetGone,
        ];
        for fault in faults {
            assert!(!fault.to_string().contains('{'), "{fault}");
        }
    }

    #[test]
    fn who_is_not_signed_in_or_not_allowed_is_not_helped_by_trying_again() {
        for fault in [Fault::NotSignedIn, Fault::NotAllowed, Fault::OtherOrganization, Fault::OffsetGone] {
            assert!(!fault.is_transient(), "{fault}");
        }
    }
}
