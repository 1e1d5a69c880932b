//! Which checks a run is about.

use std::sync::Arc;

use super::check::{Audience, Check, Level};
use super::checks;
use crate::diagnostic::nearest;
use crate::event::Item;

/// What the options select.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Ids or topics; nothing means everything.
    pub only: Vec<String>,
    /// Ids or topics that are left out.
    pub skip: Vec<String>,
    /// Who relies on the target. Checks that only matter to somebody are taken for whom is named here.
    pub audiences: Vec<Audience>,
}

/// Words that name no check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The word.
    pub word: String,
    /// The nearest id or topic.
    pub near: Option<String>,
}

/// A check of a run.
#[derive(Debug, Clone, Copy)]
pub struct Selected {
    /// The check.
    pub check: &'static Check,
    /// Whether it was left out by name, so that it is told as skipped.
    pub left_out: bool,
}

impl Selection {
    /// The words that name neither a check nor a topic.
    pub fn unknown(&self) -> Vec<Unknown> {
        let words = self.only.iter().chain(&self.skip);
        let unknown = words.filter(|word| !checks::all().any(|check| names(word, check)));
        unknown
            .map(|word| {
                let known = checks::all().flat_map(|check| [check.id, check.topic()]);
                Unknown { word: word.clone(), near: nearest(word, known).map(str::to_owned) }
            })
            .collect()
    }

    /// The selected checks, in the order of topics.
    pub fn checks(&self) -> Vec<Selected> {
        checks::all()
            .filter(|check| match self.only.is_empty() {
                true => self.is_wanted(check),
                false => self
                    .only
                    .iter()
                    .any(|word| word == check.id || (names(word, check) && self.is_wanted(check))),
            })
            .map(|check| Selected { check, left_out: self.skip.iter().any(|word| names(word, check)) })
            .collect()
    }

    /// Whether a check matters to everybody, or to somebody who was named.
    fn is_wanted(&self, check: &Check) -> bool {
        check.level != Level::Interop || check.breaks.iter().any(|audience| self.audiences.contains(audience))
    }
}

/// Whether a word is the id or the topic of a check. A topic of the words before a dot counts too: `patch`.
fn names(word: &str, check: &Check) -> bool {
    word == check.id || word == check.topic()
}

/// A check as it stands in events and reports.
pub fn item(check: &Check) -> Arc<Item> {
    Arc::new(Item {
        id: check.id.to_owned(),
        title: check.title.to_owned(),
        topic: check.topic().to_owned(),
        level: Some(check.level.word()),
        requirements: check.requirements.iter().map(|id| (*id).to_owned()).collect(),
        breaks: check.breaks.iter().map(|audience| audience.word().to_owned()).collect(),
        file: None,
    })
}
