//! What a target should hold once a job is done: what the directory, the mapping and the habits of the dialect say.

use super::plan;
use super::state::Why;
use super::{Engine, Leave};
use crate::idp::dialect::Member;
use crate::idp::directory::scope::Scope;
use crate::idp::directory::{Group, Person};
use crate::idp::mapping::{ACTIVE, Profile};

/// What should be there of a person.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// An account with these attributes.
    Account {
        /// The id that the target gave.
        id: String,
        /// Target attributes and their values.
        profile: Profile,
    },
    /// An account that is not active.
    Inactive {
        /// The id that the target gave.
        id: String,
        /// Why.
        why: Why,
    },
    /// No account any more.
    Gone {
        /// The id that it had.
        id: String,
    },
    /// An account, which does not exist.
    Missing {
        /// Why it was not created, where that is known.
        reason: Option<String>,
    },
    /// Nothing that this job is responsible for.
    Nothing {
        /// Why.
        reason: String,
    },
}

impl Engine {
    /// What should be there of a person.
    pub fn expected(&self, scope: &Scope<'_>, person: &Person) -> Expected {
        let standing = scope.standing(&person.key).unwrap_or(Ok(()));
        match (self.state.people.get(&person.key), plan::left(person, standing)) {
            (Some(link), None) => {
                Expected::Account { id: link.id.clone(), profile: plan::profile(self, scope, person, true) }
            }
            (None, Some((Why::Suspended, _))) if plan::creates_disabled(self) => self.missing(&person.key),
            (None, None) => self.missing(&person.key),
            (Some(_), Some((why, _))) => self.expected_of_left(&person.key, why),
            (None, Some((_, reason))) => match self.deleted.get(&person.key) {
                Some(id) => Expected::Gone { id: id.clone() },
                None => Expected::Nothing { reason },
            },
        }
    }

    fn missing(&self, key: &str) -> Expected {
        let trouble = self.state.troubles.get(key);
        Expected::Missing { reason: trouble.map(|trouble| trouble.reason.clone()) }
    }

    /// What should be there of somebody who is linked and no longer in the directory, or left it.
    pub fn expected_of_left(&self, key: &str, why: Why) -> Expected {
        let Some(link) = self.state.people.get(key) else {
            return match self.deleted.get(key) {
                Some(id) => Expected::Gone { id: id.clone() },
                None => Expected::Nothing { reason: "not in the directory".into() },
            };
        };
        let id = link.id.clone();
        let habits = self.speech.habits().leaving;
        let leave = self.settings.leave.unwrap_or(habits.of(why));
        match leave {
            Leave::Keep => Expected::Nothing { reason: "left as it is when somebody leaves".into() },
            Leave::Deactivate if self.mapping.maps(ACTIVE) => Expected::Inactive { id, why },
            Leave::Deactivate | Leave::Delete => Expected::Gone { id },
        }
    }

    /// Accounts that were deleted by this engine since it was made: key and id.
    pub fn deleted(&self) -> impl Iterator<Item = (&str, &str)> {
        self.deleted.iter().map(|(key, id)| (key.as_str(), id.as_str()))
    }

    /// Everybody who should be in a group.
    pub fn expected_members(&self, scope: &Scope<'_>, group: &Group) -> Vec<Member> {
        self.groups().map_or(Vec::new(), |habits| plan::wanted_members(self, scope, group, &habits))
    }

    /// Whether groups are pushed.
    pub fn pushes_groups(&self) -> bool {
        self.groups().is_some()
    }
}
