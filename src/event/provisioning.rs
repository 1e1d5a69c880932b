//! The provisioning log of a simulation: one entry for each thing that was done, or left undone, about an object, as
//! the log of an identity provider has them.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A person and their account.
    User,
    /// A group.
    Group,
}

/// What was done, or tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It was created.
    Create,
    /// One that was there already was found and linked.
    Match,
    /// Attributes, or the name of a group, were changed.
    Update,
    /// The account was set inactive.
    Disable,
    /// The account was set active again.
    Enable,
    /// It was deleted.
    Delete,
    /// Members were added or removed.
    Members,
    /// The manager was set or cleared.
    Manager,
    /// Nothing was to be done.
    None,
}

impl Action {
    /// The word in logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Match => "match",
            Self::Update => "update",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Delete => "delete",
            Self::Members => "members",
            Self::Manager => "manager",
            Self::None => "none",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It worked.
    Success,
    /// It was left out; the reason says why.
    Skipped,
    /// It did not work; the reason says why.
    Failure,
}

impl Status {
    /// The word in logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Skipped => "skipped",
            Self::Failure => "failure",
        }
    }
}

/// One line of a provisioning log.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Which cycle, from 1.
    pub cycle: u32,
    /// When, in simulated time.
    pub time: Timestamp,
    /// What it is about.
    pub kind: Kind,
    /// Key in the directory.
    pub key: String,
    /// userName or displayName.
    pub name: String,
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub status: Status,
    /// Why it was left out or did not work; what the target did not keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The id at the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    /// Attributes that were changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// How many requests it took.
    pub requests: u32,
}

/// A cycle that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct CycleDone {
    /// Its number, from 1.
    pub number: u32,
    /// When it began, in simulated time.
    pub time: Timestamp,
    /// Whether it was the first one, which looks at everybody.
    pub is_initial: bool,
    /// Operations that were tried.
    pub operations: usize,
    /// Operations that failed.
    pub failures: usize,
    /// Since when the job is in quarantine, where it is.
    pub quarantine: Option<Timestamp>,
    /// Why it stopped early.
    pub stopped: Option<String>,
}

/// What went over the wire on behalf of the identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// Requests that were sent.
    pub requests: usize,
    /// The time that the cycles took.
    pub elapsed: Duration,
    /// Half of the answers took no longer.
    pub median: Duration,
    /// Nine of ten took no longer.
    pub p90: Duration,
    /// Ninety-nine of a hundred took no longer.
    pub p99: Duration,
    /// None took longer.
    pub longest: Duration,
}
