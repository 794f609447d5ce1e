//! What a person sees of the API's eight severities (A11).

use onsite_wire::rest::Severity;

/// The two severities of the phone. Ordered by urgency: critical comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shown {
    /// Act now.
    Critical,
    /// Have a look.
    Warning,
}

impl Shown {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

/// What a person sees of a severity; `None` is never shown.
///
/// A severity that a reader has not heard of arrives as [`Severity::Unknown`] and shows as critical: rather one alarm too
/// many than one too few.
pub const fn shown(severity: Severity) -> Option<Shown> {
    match severity {
        Severity::Ok | Severity::Info => None,
        Severity::Warning => Some(Shown::Warning),
        Severity::Unknown | Severity::Initialize | Severity::Fail | Severity::Critical | Severity::Error => {
            Some(Shown::Critical)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_and_info_never_show_and_a_severity_not_heard_of_shows_as_critical() {
        for severity in Severity::ALL {
            let expected = match severity.as_str() {
                "OK" | "INFO" => None,
                "WARNING" => Some(Shown::Warning),
                _ => Some(Shown::Critical),
            };
            assert_eq!(shown(severity), expected, "{}", severity.as_str());
        }
        assert_eq!(shown(Severity::from_wire("CATASTROPHIC")), Some(Shown::Critical));
        assert_eq!(shown(Severity::from_wire("warning")), Some(Shown::Critical));
    }
}
