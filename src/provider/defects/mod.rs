//! The catalogue of deliberate bugs of the built-in provider.
//!
//! Each [`Defect`] is one small change of behaviour, taken from a product where it was seen or from the requirement
//! that it breaks. A file holds the defects of one topic as a table, with the small functions that they need beside it.
//! They work at the places that [`seams`] names; what the provider announces of itself stays what it is without
//! them, unless that is the bug. Several can be combined.

pub(crate) mod message;
pub mod seams;

use self::seams::Seams;
use crate::diagnostic::nearest;

mod auth;
mod bulk;
pub mod choices;
mod create;
mod cursor;
mod discovery;
mod errors;
mod filter;
mod filter_operators;
mod filter_text;
mod groups;
mod http;
mod interop;
mod lifecycle;
mod list;
mod patch;
mod patch_message;
mod patch_remove;
mod projection;
mod refusals;
mod replace;
mod search;
mod shape;
mod sort;
mod tools;
mod versions;

/// One deliberate bug.
#[derive(Debug)]
pub struct Defect {
    /// Stable name, in kebab-case.
    pub id: &'static str,
    /// What it does, in one line.
    pub title: &'static str,
    /// Where it was seen: repository and issue, or another source. Empty for those that follow from reading the RFCs.
    pub seen: &'static [&'static str],
    /// The requirements and quirks that it breaks; at least one.
    pub breaks: &'static [&'static str],
    /// What happens and what harm it does in a real rollout.
    pub about: &'static str,
    /// The profile that it is shown on: `interop` for what only shows in the habits of identity providers.
    pub profile: &'static str,
    /// Puts it into a provider.
    pub install: fn(&mut Seams),
}

/// A topic and its defects.
#[derive(Debug)]
pub struct Topic {
    /// One word.
    pub name: &'static str,
    /// In the order in which they are listed.
    pub defects: &'static [Defect],
}

/// Every topic, in the order in which they are listed.
pub static TOPICS: &[Topic] = &[
    Topic { name: "create", defects: create::DEFECTS },
    Topic { name: "replace", defects: replace::DEFECTS },
    Topic { name: "patch", defects: patch::DEFECTS },
    Topic { name: "patch-remove", defects: patch_remove::DEFECTS },
    Topic { name: "patch-message", defects: patch_message::DEFECTS },
    Topic { name: "groups", defects: groups::DEFECTS },
    Topic { name: "lifecycle", defects: lifecycle::DEFECTS },
    Topic { name: "shape", defects: shape::DEFECTS },
    Topic { name: "list", defects: list::DEFECTS },
    Topic { name: "filter", defects: filter::DEFECTS },
    Topic { name: "filter-operators", defects: filter_operators::DEFECTS },
    Topic { name: "filter-text", defects: filter_text::DEFECTS },
    Topic { name: "sort", defects: sort::DEFECTS },
    Topic { name: "projection", defects: projection::DEFECTS },
    Topic { name: "search", defects: search::DEFECTS },
    Topic { name: "cursor", defects: cursor::DEFECTS },
    Topic { name: "versions", defects: versions::DEFECTS },
    Topic { name: "bulk", defects: bulk::DEFECTS },
    Topic { name: "errors", defects: errors::DEFECTS },
    Topic { name: "http", defects: http::DEFECTS },
    Topic { name: "auth", defects: auth::DEFECTS },
    Topic { name: "discovery", defects: discovery::DEFECTS },
    Topic { name: "interop", defects: interop::DEFECTS },
    Topic { name: "refusals", defects: refusals::DEFECTS },
];

/// A defect that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no defect `{name}`{}", .nearest.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct UnknownDefect {
    /// The name that was given.
    pub name: String,
    /// The one that was probably meant.
    pub nearest: Option<&'static str>,
}

impl Defect {
    /// Every defect, topic by topic.
    pub fn all() -> impl Iterator<Item = &'static Defect> {
        TOPICS.iter().flat_map(|topic| topic.defects)
    }

    /// The defect of that name.
    ///
    /// # Errors
    /// There is none; the error knows the nearest name.
    pub fn named(name: &str) -> Result<&'static Defect, UnknownDefect> {
        Defect::all().find(|defect| defect.id == name).ok_or_else(|| UnknownDefect {
            name: name.to_owned(),
            nearest: nearest(name, Defect::all().map(|defect| defect.id)),
        })
    }

    /// The topic that it belongs to.
    pub fn topic(&self) -> &'static str {
        let own = |topic: &&Topic| topic.defects.iter().any(|defect| defect.id == self.id);
        TOPICS.iter().find(own).map_or("", |topic| topic.name)
    }
}

#[cfg(test)]
mod tests;
