//! What a run says while it runs.
//!
//! Everything that runs (`run`, `check`, `simulate`, `selftest`, and later `rollout`) emits one stream of
//! these events. The terminal, every report and the recorder consume it and compute nothing of their own, so that no
//! two outputs can disagree. Exchanges in events are redacted already.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::diagnostic::Diagnostic;
use crate::exchange::Exchange;
use crate::redact::Redacted;

pub mod provisioning;

use provisioning::{CycleDone, Entry, Traffic};

/// Which command runs; the `kind` member of a JSON report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `run`: one item a transcript.
    Run,
    /// `check`: one item a check.
    Check,
    /// `selftest`: one item a defect, which passes when it is found.
    Selftest,
    /// `simulate`: one item a person and one a group, which pass when the target is what the directory says.
    Simulate,
}

impl Kind {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Run => "run",
            Kind::Check => "check",
            Kind::Selftest => "selftest",
            Kind::Simulate => "simulate",
        }
    }
}

/// How an item ended. Nothing but `Pass` counts as a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Everything holds.
    Pass,
    /// A MUST is broken, an expectation failed, a transcript differs.
    Fail,
    /// A SHOULD or an interoperability concern.
    Warn,
    /// Not applicable or not selected; the message says why.
    Skip,
    /// A prerequisite failed; the message names it.
    Blocked,
    /// It could not be judged.
    Error,
}

impl Status {
    /// All, in the order of reports.
    pub const ALL: [Status; 6] =
        [Status::Pass, Status::Fail, Status::Warn, Status::Skip, Status::Blocked, Status::Error];

    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Fail => "fail",
            Status::Warn => "warn",
            Status::Skip => "skip",
            Status::Blocked => "blocked",
            Status::Error => "error",
        }
    }
}

/// The base URL that stands for the built-in provider, whose port differs from run to run.
pub const BUILT_IN_URL: &str = "http://127.0.0.1/scim/v2";

/// What a run is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetInfo {
    /// The base URL; of the built-in provider without its port, which differs from run to run.
    pub url: String,
    /// The name of the target: a configured name, or the profile of the built-in provider.
    pub name: String,
}

/// How a transcript relates to its snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotState {
    /// Equal.
    Unchanged,
    /// There was none; the transcript is pending, or the absence failed the item (in CI).
    Missing,
    /// It differs; the transcript is pending, or the difference failed the item (in CI).
    Changed,
    /// It was written, because of `--update`.
    Updated,
}

/// A difference between a transcript and its snapshot, structure first, text second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotDifference {
    /// Path of the snapshot, relative to the working directory.
    pub path: String,
    /// Path of the pending transcript, where one was written.
    pub pending: Option<String>,
    /// One line each: which member of which message changed, from what to what.
    pub changes: Vec<String>,
    /// Unified diff of the two texts.
    pub text: String,
}

/// How much a problem weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// It makes its item end with [`Status::Warn`].
    Concern,
    /// It makes its item end with [`Status::Fail`].
    Violation,
}

/// One thing that an item found wrong, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How much it weighs.
    pub severity: Severity,
    /// Requirement ids that are broken, a part of those of the item.
    pub requirements: Vec<String>,
    /// One sentence: what is wrong.
    pub what: String,
    /// What would have been right, where that can be said shortly.
    pub expected: Option<String>,
    /// What came instead.
    pub got: Option<String>,
    /// The exchange that shows it, as an index into those of the finding.
    pub exchange: Option<usize>,
}

/// Why a finding is accepted for now: its entry in a baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Why it is accepted.
    pub reason: String,
    /// Until when, as a date (`2027-01-31`).
    pub until: Option<String>,
}

/// Whether a target is ready for somebody who relies on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// The word for who that is: `okta`, `entra`, …
    pub audience: String,
    /// Nothing stands in the way, and everything that could was judged.
    pub ready: bool,
    /// Ids of the items that stand in the way, the worst first.
    pub blockers: Vec<String>,
    /// Ids of the items that could not be judged.
    pub undecided: Vec<String>,
    /// How many items were looked at.
    pub judged: usize,
}

/// One judged thing: a transcript, a check, a defect, and later a person.
#[derive(Debug, Clone)]
pub struct Item {
    /// Stable id: for transcripts the scenario path without extension, with `@dialect`.
    pub id: String,
    /// For people.
    pub title: String,
    /// Group in reports: for transcripts the folder of the scenario.
    pub topic: String,
    /// `must`, `should`, `may` or `interop`; absent where there is no such thing.
    pub level: Option<&'static str>,
    /// Requirement ids that the item decides.
    pub requirements: Vec<String>,
    /// Identity providers that stumble over a failure.
    pub breaks: Vec<String>,
    /// File that the item stands in, relative to the working directory.
    pub file: Option<String>,
}

/// The end of one item.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Which item.
    pub item: Arc<Item>,
    /// How it ended.
    pub status: Status,
    /// One sentence: why it did not pass. Empty for a pass.
    pub message: String,
    /// What is wrong, each with its evidence. Only checks have them.
    pub problems: Vec<Problem>,
    /// The entry of the baseline that accepts this finding.
    pub known: Option<Known>,
    /// Located mistakes: failed expectations, each at its own line.
    pub diagnostics: Vec<Diagnostic>,
    /// How the transcript compares with its snapshot.
    pub snapshot: Option<SnapshotState>,
    /// The difference, where there is one.
    pub difference: Option<SnapshotDifference>,
    /// What was sent and what came, in order.
    pub exchanges: Vec<Redacted<Exchange>>,
    /// From the first request to the last answer.
    pub duration: Duration,
}

/// One event of a run.
#[derive(Debug, Clone)]
pub enum Event {
    /// The run begins: what it is held against and how many items are planned.
    Started {
        /// Which command.
        kind: Kind,
        /// Against what.
        target: TargetInfo,
        /// Number of items.
        planned: usize,
        /// When.
        started: Timestamp,
        /// The options that decide what is looked at and what counts, as they were given: `--for okta`.
        options: Vec<String>,
    },
    /// An item begins.
    ItemStarted(Arc<Item>),
    /// One exchange of an item took place.
    Exchanged {
        /// Which item.
        item: Arc<Item>,
        /// The name of the step.
        step: String,
        /// What was sent and what came.
        exchange: Redacted<Exchange>,
    },
    /// An item ended.
    Finished(Box<Finding>),
    /// A part of a provisioning cycle begins.
    Phase {
        /// Number of the cycle.
        cycle: u32,
        /// `users`, `groups`, `managers`, `members`, or `comparison` at the end.
        what: &'static str,
        /// How many objects it looks at.
        objects: usize,
    },
    /// An identity provider did something about an object, or left it.
    Provisioned(Box<Entry>),
    /// A provisioning cycle ended.
    CycleDone(Box<CycleDone>),
    /// What was sent in all cycles so far; comes behind each comparison.
    Traffic(Traffic),
    /// For whom the target is ready; comes once, before the end.
    Readiness(Vec<Readiness>),
    /// Something that the user should know and that is no item: a failed clean-up, an unreferenced snapshot.
    Notice(String),
    /// The run ended.
    Ended {
        /// How long it took.
        elapsed: Duration,
        /// Whether it was interrupted, so that the items are not all there.
        interrupted: bool,
    },
}

impl Finding {
    /// A finding without evidence.
    pub fn plain(item: Arc<Item>, status: Status, message: impl Into<String>) -> Self {
        Self {
            item,
            status,
            message: message.into(),
            problems: Vec::new(),
            known: None,
            diagnostics: Vec::new(),
            snapshot: None,
            difference: None,
            exchanges: Vec::new(),
            duration: Duration::ZERO,
        }
    }
}

/// Number of findings by status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally([usize; 6]);

impl Tally {
    /// Counts one.
    pub fn add(&mut self, status: Status) {
        self.0[status as usize] += 1;
    }

    /// How many ended so.
    pub fn of(&self, status: Status) -> usize {
        self.0[status as usize]
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.0.iter().sum()
    }
}

/// Consumes events. Consumers are called from one place, in order.
pub trait Observer {
    /// Takes note of one event.
    fn observe(&mut self, event: &Event);
}
