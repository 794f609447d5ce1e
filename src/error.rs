//! The one error of the public API, and the one place where the many inner ones become it.

use std::collections::BTreeMap;

pub use onsite_wire::codes::Code;

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
        advice_of(self.code)
    }
}

/// What the caller can do about each code. No code is left to a default: a new one must be thought of here.
const fn advice_of(code: Code) -> Advice {
    match code {
        Code::NotSignedIn | Code::SessionEnded | Code::AccountDiffers | Code::OtherAccount => Advice::SignIn,
        Code::NotAllowed
        | Code::OtherOrganization
        | Code::NotOffered
        | Code::LimitedByRights
        | Code::DevicesPushNothing
        | Code::SitesWithoutFence
        | Code::SubscriptionNeeded
        | Code::NoSubscription => Advice::AskAdministrator,
        Code::StoreNewer | Code::BodyNotUnderstood | Code::Unheard => Advice::UpdateApp,
        Code::StoreClosed | Code::StoreDamaged | Code::StoreBusy => Advice::Reopen,
        // A key that does not fit, an id that was used, a body, request or stream that the core itself made wrong: defects.
        Code::Internal
        | Code::IdUsed
        | Code::WrongKey
        | Code::InvalidRequest
        | Code::BodyInvalid
        | Code::PhotoDiffers
        | Code::PhotoNotStripped
        | Code::PhotoPartBeyond
        | Code::GzipRequired => Advice::Report,
        // The first two are mended by a full read that comes by itself.
        Code::OffsetGone
        | Code::GenerationChanged
        | Code::NoNetwork
        | Code::TooSlow
        | Code::TooManyRequests
        | Code::ServerFault
        | Code::Unavailable
        | Code::AnswerBroken
        | Code::NotOurServer
        | Code::TlsNameWrong
        | Code::NotReadYet
        | Code::NoFixes
        | Code::NoEvidence
        | Code::PhotoHashDiffers
        | Code::PhotoOffset
        | Code::PhotoWaiting
        | Code::NoPushToken
        | Code::CanaryLost
        | Code::RegistrationUnknown => Advice::RetryLater,
        Code::DiskFull => Advice::FreeSpace,
        Code::VersionMoved
        | Code::EarlierNotApplied
        | Code::TooOld
        | Code::ChatReadOnly
        | Code::IncidentExists
        | Code::PhotoExpired
        | Code::UnsentActions => Advice::Decide,
        // The next fix is looked at anew; a restarted phone finds its site again.
        Code::NothingWrong
        | Code::ActionNotWaiting
        | Code::FixStale
        | Code::FixFromFuture
        | Code::FixOutOfOrder
        | Code::FixMocked
        | Code::FixCoarse
        | Code::FixTooFast
        | Code::FixInvalid
        | Code::PhotoGivenUp
        | Code::PhotoGone
        | Code::PhoneRestarted => Advice::Nothing,
        Code::SiteUnknown => Advice::AskAdministrator,
        Code::WrongCredentials
        | Code::NotFound
        | Code::TooLarge
        | Code::AssigneeCannotSee
        | Code::AssigneeUnknown
        | Code::NotAcknowledged
        | Code::AlarmCleared
        | Code::NotMuted
        | Code::MuteEnded
        | Code::MuteTooLong
        | Code::MuteNeedsEnd
        | Code::ReasonNeedsText
        | Code::TextTooLong
        | Code::TextEmpty
        | Code::TextInvalid
        | Code::TextTooManyBytes
        | Code::CostNotAccepted
        | Code::MoveNotAllowed
        | Code::MoveNotYours
        | Code::ReopenTooLate
        | Code::NotCompleted
        | Code::RatingInvalid
        | Code::PhotoEmpty
        | Code::PhotoTooLarge
        | Code::PhotoNotImage
        | Code::PhotoBroken
        | Code::PhotoTooManyPixels
        | Code::PhotoPreviewInvalid
        | Code::FeedbackGiven
        | Code::FeedbackFinal
        | Code::InputInvalid
        | Code::HiddenByFilter
        | Code::FenceInvalid
        | Code::TrackBroken
        | Code::NotOnDuty
        | Code::OnDutyElsewhere
        | Code::SwitchedLater
        | Code::LocationNotPermitted
        | Code::LocationOff
        | Code::NoticesNotPermitted
        | Code::ChannelSilent
        | Code::PushSwitchedOff
        | Code::DailyPushOff
        | Code::CanaryMissing
        | Code::CanaryOld
        | Code::ClockOff
        | Code::BatteryRestricted
        | Code::DoNotDisturbOn
        | Code::QuietOffDuty
        | Code::HiddenByLocation
        | Code::ZoneUnknown
        | Code::PushInvalid
        | Code::PushNotOurs
        | Code::LinkNotOurs => Advice::FixInput,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(code: Code) -> Advice {
        Error::new(code).advice()
    }

    #[test]
    fn what_mends_itself_is_not_blamed_on_the_caller() {
        for code in [Code::OffsetGone, Code::GenerationChanged, Code::NoNetwork, Code::NotReadYet] {
            assert_eq!(advice(code), Advice::RetryLater, "{code}");
        }
        assert_eq!(advice(Code::WrongKey), Advice::Report, "nobody types this key");
        assert_eq!(advice(Code::DiskFull), Advice::FreeSpace, "trying again alone frees nothing");
        assert_eq!(advice(Code::VersionMoved), Advice::Decide);
        assert_eq!(advice(Code::ActionNotWaiting), Advice::Nothing, "it went through, or was decided");
    }

    #[test]
    fn a_server_that_blames_itself_is_tried_again_and_one_that_wants_a_sign_in_gets_it() {
        for code in Code::ALL {
            match code.status() {
                500.. | 429 => assert_eq!(advice(*code), Advice::RetryLater, "{code}"),
                401 if *code != Code::WrongCredentials => assert_eq!(advice(*code), Advice::SignIn, "{code}"),
                403 => assert_eq!(advice(*code), Advice::AskAdministrator, "{code}"),
                _ => {}
            }
        }
    }
}
