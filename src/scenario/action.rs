//! What happens on the side of the identity provider: an `idp:` step.
//!
//! An action changes the directory or the job; what a dialect sends because of it is decided when the step is played. Nobody
//! is assigned when a scenario begins.

use std::time::Duration;

use super::template::Template;
use super::tree::Tree;
use crate::yaml::Span;

/// What happens on the side of the identity provider.
#[derive(Debug, Clone)]
pub struct IdpStep {
    /// `name`, or the actions as written.
    pub name: String,
    /// Where the actions stand.
    pub span: Span,
    /// `idp`, in order. Changes of the directory are followed by one cycle, behind the last of them.
    pub actions: Vec<Action>,
    /// `faults`: what happens to some of the requests on their way.
    pub faults: Vec<Fault>,
    /// `expect.failed`: what the identity provider cannot finish.
    pub failed: Failed,
    /// `prepares`: it only sets the scene.
    pub prepares: bool,
    /// `silent`: what is sent is not part of the transcript.
    pub silent: bool,
}

/// What a step is expected not to finish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// Exactly these: keys of people and groups, `connection` for a test of one, `import`.
    These(Vec<String>),
    /// Somebody, whoever it meets.
    Any,
}

/// Whom an action is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Everybody, and every group where groups are possible.
    All,
    /// Those with these keys.
    These(Vec<String>),
}

/// One action.
#[derive(Debug, Clone)]
pub enum Action {
    /// An administrator tests the connection.
    TestConnection,
    /// A cycle, although nothing changed.
    Cycle,
    /// Users and groups of the target are read.
    Import,
    /// Simulated time passes.
    Advance(Duration),
    /// People or groups are assigned to the application.
    Assign(Whom),
    /// People or groups are no longer assigned.
    Unassign(Whom),
    /// Attributes of a person change; null removes one.
    Update(String, Tree),
    /// Accounts are disabled.
    Suspend(Vec<String>),
    /// Accounts are enabled again.
    Restore(Vec<String>),
    /// People are deleted.
    Delete(Vec<String>),
    /// A group is created: `displayName`, `externalId`, `members`. It is assigned too.
    CreateGroup(String, Tree),
    /// A group gets another name.
    RenameGroup(String, Template),
    /// Groups are deleted.
    DeleteGroup(Vec<String>),
    /// People or groups join a group; all are all people.
    AddMember(String, Whom),
    /// People or groups leave a group; all are its members.
    RemoveMember(String, Whom),
}

/// What happens to requests of a step on their way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which requests it happens to.
    pub hits: Hits,
    /// What happens.
    pub answer: FaultAnswer,
    /// Where it stands.
    pub span: Span,
}

/// Which requests of a step a fault happens to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hits {
    /// From one to another, both included, counted from 1.
    Numbers(u32, u32),
    /// The first one with this method whose path begins so.
    First(String, String),
    /// Every one with this method whose path begins so.
    Every(String, String),
}

/// What a request meets instead of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultAnswer {
    /// It does not reach the target, and is answered with this status.
    Status {
        /// The status.
        status: u16,
        /// `Retry-After`, in seconds.
        retry_after: Option<u32>,
    },
    /// It reaches the target, and its answer gets lost.
    Lost,
    /// It does not reach the target, and nobody answers.
    Unreachable,
}
