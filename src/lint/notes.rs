//! Remarks as they are collected, and the places that they point at.

use std::fmt;

use super::{Remark, Rule};
use crate::protocol::error;

/// Most characters of the client's text that a remark repeats.
const LONGEST: usize = 60;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) found: Vec<Remark>,
}

impl Notes {
    /// Adds a remark. Where the same was said of another place before, that is counted only.
    pub(super) fn add(
        &mut self,
        rule: &'static Rule,
        quirk: Option<&'static str>,
        place: &impl fmt::Display,
        what: impl Into<String>,
    ) {
        match self.found.iter_mut().find(|known| std::ptr::eq(known.rule, rule) && known.quirk == quirk) {
            Some(known) => known.times += 1,
            None => self.found.push(Remark {
                rule,
                quirk,
                place: shortened(&place.to_string(), 200),
                what: what.into(),
                times: 1,
            }),
        }
    }
}

/// A place within a body, as a JSON Pointer behind a word. It is written out only where there is a remark.
#[derive(Debug, Clone, Copy)]
pub(super) enum At<'a> {
    /// The whole of something: `body`.
    Root(&'a str),
    /// A member of an object.
    Member(&'a At<'a>, &'a str),
    /// An element of an array.
    Element(&'a At<'a>, usize),
    /// The same place, with the attribute that the path of an operation named for it.
    Of(&'a At<'a>, &'a str),
}

impl At<'_> {
    /// What stands between the word and the pointer.
    fn gap(&self) -> &'static str {
        if matches!(self, At::Root(_)) { " " } else { "" }
    }

    /// Whether the place is within an attribute of that name.
    pub(super) fn is_within(&self, name: &str) -> bool {
        match self {
            At::Root(_) => false,
            At::Member(outer, own) | At::Of(outer, own) => {
                own.eq_ignore_ascii_case(name) || outer.is_within(name)
            }
            At::Element(outer, _) => outer.is_within(name),
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Root(word) => f.write_str(word),
            At::Member(outer, name) => {
                let name = name.replace('~', "~0").replace('/', "~1");
                write!(f, "{outer}{}/{}", outer.gap(), shortened(&name, LONGEST))
            }
            At::Element(outer, index) => write!(f, "{outer}{}/{index}", outer.gap()),
            At::Of(outer, _) => write!(f, "{outer}"),
        }
    }
}

/// Text of the client, in backticks, cut to a sensible length and without control characters.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", shortened(text, LONGEST))
}

/// Text, cut to so many characters and without control characters.
fn shortened(text: &str, most: usize) -> String {
    error::shortened(text, most).chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::rules;

    #[test]
    fn the_same_thing_twice_is_one_remark() {
        let mut notes = Notes::default();
        let root = At::Root("body");
        notes.add(&rules::PATCH_OP_CASE, Some("Q-U01"), &At::Member(&root, "a/b"), "x");
        notes.add(&rules::PATCH_OP_CASE, Some("Q-U01"), &At::Element(&root, 3), "y");
        notes.add(&rules::PATCH_OP_CASE, None, &At::Element(&root, 3), "z");
        assert_eq!(notes.found.len(), 2);
        assert_eq!((notes.found[0].times, notes.found[0].place.as_str()), (2, "body /a~1b"));
    }

    #[test]
    fn long_and_odd_text_is_cut() {
        assert_eq!(quoted(&"ä".repeat(100)), format!("`{}…`", "ä".repeat(60)));
        assert_eq!(quoted("a\nb"), "`a\u{fffd}b`");
    }
}
