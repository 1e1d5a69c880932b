//! Large directories of invented people: the same for the same seed, whenever and wherever they are made.
//!
//! Names are of several scripts; user names are ASCII and unique. Every attribute of the User schema and of the enterprise
//! extension stands at somebody, passwords aside. Managers form a tree; sizes of groups are as skewed as in real directories, and some groups
//! are nested. Telephone numbers are from ranges that are set aside for fiction.
//!
//! | module | what lives there |
//! |---|---|
//! | `names` | names, offices, departments |
//! | `person`, `group` | one of them |
//! | `random` | numbers from a seed |

use std::collections::HashMap;
use std::io::{self, Write};

use super::keys::Keys;
use super::write::Writer;

mod group;
mod names;
mod person;
mod random;

use random::Random;

/// So many people at most, so that the result can be read.
pub const MAX_PEOPLE: usize = 50_000;
/// So many groups at most.
pub const MAX_GROUPS: usize = 5_000;
/// The domain of addresses, where nothing else is said.
pub const DEFAULT_DOMAIN: &str = "acme.example.com";

/// What is generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How many people, up to [`MAX_PEOPLE`].
    pub people: usize,
    /// How many groups, up to [`MAX_GROUPS`].
    pub groups: usize,
    /// What the numbers begin with.
    pub seed: u64,
    /// The domain of addresses; see [`is_safe_domain`].
    pub domain: String,
}

/// Whether nobody real can have an address in a domain (RFC 2606 and RFC 6761).
pub fn is_safe_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_reserved =
        ["example.com", "example.org", "example.net", "example", "test", "invalid"].iter().any(|reserved| {
            domain.strip_suffix(reserved).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
    domain.len() <= 100 && is_reserved && domain.split('.').all(is_label)
}

/// Names and keys that were given so far.
struct Taken {
    keys: Keys,
    /// How many people have the same name before the `@`.
    names: HashMap<String, u32>,
}

/// Writes a directory, person by person.
///
/// # Errors
/// It cannot be written.
pub fn generate<W: Write>(plan: &Plan, out: W) -> io::Result<W> {
    let mut writer = Writer::new(out);
    writer.comment(&format!(
        "{} invented people and {} groups, made by `scimulator directory generate` from the seed {}.",
        plan.people, plan.groups, plan.seed
    ))?;
    let mut random = Random::new(plan.seed);
    let mut taken = Taken { keys: Keys::default(), names: HashMap::new() };
    let mut keys = Vec::with_capacity(plan.people);
    for index in 0..plan.people {
        let manager = person::manager(index).and_then(|manager| keys.get(manager).cloned());
        let person = person::person(plan, index, manager, &mut random, &mut taken);
        writer.person(&person)?;
        keys.push(person.key);
    }
    let names = group::names(plan.groups, &mut random);
    let group_keys: Vec<String> = names.iter().map(|name| taken.keys.key(name, "group")).collect();
    for (rank, name) in names.iter().enumerate() {
        writer.group(&group::group(rank, name, &group_keys, &keys, &mut random))?;
    }
    writer.finish()
}

#[cfg(test)]
mod tests;
