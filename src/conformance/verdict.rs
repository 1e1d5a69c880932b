//! How a check ends.

use crate::event::{Problem, Severity};

/// How a check ends: `Ok` means that nothing (more) is wrong.
///
/// Problems that do not end a check are noted with [`super::trial::Trial::note`] as it goes on.
pub type Verdict = Result<(), Stop>;

/// Why a check goes no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The target does something wrong.
    Problem(Box<Flaw>),
    /// What the check is about is not there; the reason.
    Skip(String),
    /// Something that the check builds on does not work; the reason, which names the check that judges it.
    Blocked(String),
    /// It cannot be judged: no answer came; the reason.
    Error(String),
}

/// Something wrong, on its way to become a [`Problem`]: the level of the check fills in what is not said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flaw {
    /// Set where it weighs other than the level of the check.
    pub severity: Option<Severity>,
    /// Set where not all requirements of the check are broken.
    pub requirements: Vec<&'static str>,
    /// One sentence: what is wrong.
    pub what: String,
    /// What would have been right.
    pub expected: Option<String>,
    /// What came instead.
    pub got: Option<String>,
    /// Index of the exchange that shows it.
    pub exchange: Option<usize>,
}

impl Flaw {
    /// Says what is wrong in one sentence, without a full stop.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), ..Self::default() }
    }

    /// Says what would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Says what came instead.
    #[must_use]
    pub fn got(mut self, got: impl Into<String>) -> Self {
        self.got = Some(got.into());
        self
    }

    /// Names the requirements that it breaks, where the check decides more than these.
    #[must_use]
    pub fn breaks(mut self, requirements: &[&'static str]) -> Self {
        self.requirements = requirements.to_vec();
        self
    }

    /// Makes it a warning, whatever the level of the check.
    #[must_use]
    pub fn concern(mut self) -> Self {
        self.severity = Some(Severity::Concern);
        self
    }

    /// Makes it a failure, whatever the level of the check.
    #[must_use]
    pub fn violation(mut self) -> Self {
        self.severity = Some(Severity::Violation);
        self
    }

    /// Points to the exchange that shows it.
    #[must_use]
    pub fn at(mut self, exchange: usize) -> Self {
        self.exchange = Some(exchange);
        self
    }

    /// The problem that it is for a check of that level and those requirements.
    pub(super) fn into_problem(self, default: Severity, all: &[&'static str]) -> Problem {
        let requirements = if self.requirements.is_empty() { all } else { &self.requirements };
        Problem {
            severity: self.severity.unwrap_or(default),
            requirements: requirements.iter().map(|id| (*id).to_owned()).collect(),
            what: self.what,
            expected: self.expected,
            got: self.got,
            exchange: self.exchange,
        }
    }
}

impl From<Flaw> for Stop {
    fn from(flaw: Flaw) -> Self {
        Stop::Problem(Box::new(flaw))
    }
}

/// A stop that skips the check.
pub fn skip<T>(reason: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Skip(reason.into()))
}
