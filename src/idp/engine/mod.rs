//! The engine: follows the habits of a dialect, keeps what an identity provider keeps, and brings a target to what the
//! directory and the mapping say.
//!
//! An initial cycle looks at everybody, an incremental one at what differs from what was sent last; both are the same code over
//! another [`State`]. Users come first, then groups, then what refers to users: managers and members. One object that
//! fails does not stop a cycle. Time is simulated: it moves when [`Engine::advance`] says so.
//!
//! The engine sends through a [`Wire`] and hands every change of its state to a [`Watch`] as a [`Record`], so that a file of
//! records is true whenever the program is killed.
//!
//! | module | what lives there |
//! |---|---|
//! | [`wire`] | the line to a target, and what an answer means |
//! | `connection` | the connection test |
//! | `cycle` | one cycle over the directory, or over one person |
//! | `person`, `group` | the conversation about one object |
//! | `plan` | what has to be done about whom |
//! | [`import`] | reading what the target has |
//! | [`expect`] | what a target should hold in the end |
//! | [`state`] | what is kept between cycles |
//!
//! What was done about whom is told as entries of a provisioning log ([`crate::event::provisioning`]).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Dialect;
use super::dialect::{GroupHabits, Leave, Speech};
use super::directory::Directory;
use super::directory::scope::Nesting;
use super::mapping::{Mapping, MappingError, Place};
use crate::event::provisioning::Entry;
use crate::exchange::Exchange;

mod connection;
mod cycle;
pub mod expect;
mod group;
pub mod import;
mod person;
mod plan;
pub mod state;
pub mod wire;

use state::{Record, State};
use wire::{Failure, Wire};

/// What an administrator may set.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Target attributes that identify a person; none for those of the dialect.
    pub matching: Vec<Place>,
    /// What is sent when somebody leaves, in whatever way; none for what the dialect does by default.
    pub leave: Option<Leave>,
    /// Whether people are created, inactive, who are disabled in the directory, where the dialect can.
    pub create_disabled: bool,
    /// Whether groups are pushed, where the dialect can.
    pub groups: bool,
    /// Objects that are worked on at the same time.
    pub at_once: usize,
    /// What identifiers and passwords are drawn from.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { matching: Vec::new(), leave: None, create_disabled: false, groups: true, at_once: 1, seed: 0 }
    }
}

/// What the engine says while it works.
#[derive(Debug)]
pub enum Note<'n> {
    /// A part of a cycle begins, with so many objects.
    Begins {
        /// `users`, `groups`, `managers`, `members`.
        what: &'static str,
        /// How many objects.
        objects: usize,
    },
    /// One object is done with; the exchange shows why it failed.
    Entry(&'n Entry, Option<&'n Exchange>),
    /// The state changed.
    Record(&'n Record),
}

/// Listens to the engine.
pub trait Watch {
    /// Takes note.
    ///
    /// # Errors
    /// It cannot: the state could not be written. The cycle stops.
    fn note(&mut self, note: Note<'_>) -> Result<(), String>;
}

/// Listens to nothing.
pub struct Unheard;

impl Watch for Unheard {
    fn note(&mut self, _: Note<'_>) -> Result<(), String> {
        Ok(())
    }
}

/// Why a job stops before its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// The target cannot be worked with: one sentence, and the exchange that shows it.
    Target(Box<Failure>),
    /// The job was disabled, after too long in quarantine.
    Disabled,
    /// The watcher refused: one sentence.
    Watch(String),
}

/// How a cycle went.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cycle {
    /// Its number, from 1.
    pub number: u32,
    /// Operations that were tried, and those of them that failed.
    pub operations: usize,
    /// Operations that failed.
    pub failures: usize,
    /// Failures for want of an answer, or because the credentials were refused.
    pub refused: usize,
    /// Why it stopped early.
    pub stopped: Option<Stop>,
    /// It put the job into quarantine (Q-E03).
    pub quarantined: bool,
}

/// One job: a dialect, a mapping, and what is kept between cycles.
pub struct Engine {
    speech: &'static dyn Speech,
    mapping: Mapping,
    settings: Settings,
    state: State,
    /// Accounts that were deleted, and their ids.
    deleted: BTreeMap<String, String>,
    /// Whether what was sent last is kept of each person ([`Speech::replaces_unread`]).
    keeps: bool,
}

impl Engine {
    /// A job that begins, or goes on with a state.
    pub fn new(speech: &'static dyn Speech, mapping: Mapping, settings: Settings, state: State) -> Self {
        Self { speech, mapping, settings, state, deleted: BTreeMap::new(), keeps: speech.replaces_unread() }
    }

    /// The mapping of a dialect, with what a directory sets otherwise. Its texts were read with the directory.
    ///
    /// # Errors
    /// A text cannot be used.
    pub fn mapping_of(dialect: Dialect, directory: &Directory) -> Result<Mapping, MappingError> {
        let mut mapping = Mapping::table(dialect.speech().table())?;
        let own = directory.mappings.iter().filter(|own| own.dialect == dialect);
        for rule in own.flat_map(|own| &own.rules) {
            let expression =
                rule.expression.as_ref().map(|(text, _)| super::mapping::Expression::parse(text));
            mapping.set(Place::parse(&rule.target)?, expression.transpose()?);
        }
        Ok(mapping)
    }

    /// What is kept.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The mapping.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The dialect.
    pub fn speech(&self) -> &'static dyn Speech {
        self.speech
    }

    /// What becomes of groups in groups.
    pub fn nesting(&self) -> Nesting {
        plan::nesting(self.groups())
    }

    fn groups(&self) -> Option<GroupHabits> {
        self.speech.habits().groups.filter(|_| self.settings.groups)
    }

    /// Lets time pass.
    pub fn advance(&mut self, time: Duration) {
        self.state.job.now = later(self.state.job.now, time);
    }

    /// Time until the next cycle: the interval of the product, longer in quarantine.
    pub fn interval(&self) -> Duration {
        let habits = self.speech.habits();
        match (self.state.job.quarantine, habits.quarantine) {
            (Some(_), Some(quarantine)) => quarantine.interval,
            _ => habits.interval,
        }
    }

    /// Lets time pass until the next cycle, and until something that failed is due.
    pub fn advance_to_next_cycle(&mut self) {
        let due = self.next_attempt().map(|next| next.duration_since(self.state.job.now));
        let due = due.and_then(|due| Duration::try_from(due).ok()).unwrap_or_default();
        self.advance(self.interval().max(due));
    }

    /// When the next thing that failed is tried again.
    pub fn next_attempt(&self) -> Option<Timestamp> {
        self.state.troubles.values().map(|trouble| trouble.next).min()
    }

    /// One cycle over the whole directory. It always ends; what failed is in the log.
    pub async fn cycle<W: Wire>(&mut self, directory: &Directory, wire: &W, watch: &mut impl Watch) -> Cycle {
        self.work(directory, None, wire, watch).await
    }

    /// Provisions one person at once, whatever the rest of the directory says ("provision on demand").
    pub async fn provision<W: Wire>(
        &mut self,
        directory: &Directory,
        key: &str,
        wire: &W,
        watch: &mut impl Watch,
    ) -> Cycle {
        self.work(directory, Some(key), wire, watch).await
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

fn later(time: Timestamp, wait: Duration) -> Timestamp {
    time.checked_add(signed(wait)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
