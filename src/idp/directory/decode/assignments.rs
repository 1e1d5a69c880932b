//! Who is assigned to the application.

use std::ops::Range;

use super::super::scope::ScopeFilter;
use super::super::{Assigned, Assignments};
use super::{Decoder, Kind};
use crate::protocol::filter::{self, Filter};
use crate::yaml::decode::{Keys, field};
use crate::yaml::{Node, Value};

pub(in super::super) const ASSIGNMENTS: Keys =
    Keys { of: "`assignments`", known: &["users", "groups", "scope"] };

impl Decoder {
    /// Decodes `assignments`.
    pub(super) fn assignments(&mut self, node: &Node) -> Option<Assignments> {
        let entries = self.mistakes.map(node, &ASSIGNMENTS, &[])?;
        Some(Assignments {
            users: self.assigned(field(entries, "users"), "`users`", Kind::Person),
            groups: self.assigned(field(entries, "groups"), "`groups`", Kind::Group),
            scope: field(entries, "scope").and_then(|node| self.scope(node)),
        })
    }

    fn assigned(&mut self, node: Option<&Node>, what: &str, kind: Kind) -> Assigned {
        let Some(node) = node else { return Assigned::default() };
        let items = match &node.value {
            Value::Text(text) if text == "all" => return Assigned::All,
            Value::Seq(items) => items,
            _ => {
                self.mistakes.wrong_type(node, what, "`all` or a list of keys");
                return Assigned::default();
            }
        };
        let mut keys = Vec::with_capacity(items.len());
        for item in items {
            if let Some(key) = self.mistakes.text(item, "a key") {
                self.reference(key, &item.span, &[kind]);
                keys.push(key.to_owned());
            }
        }
        Assigned::These(keys)
    }

    fn scope(&mut self, node: &Node) -> Option<Filter> {
        let text = self.mistakes.text(node, "`scope`")?;
        let found = match filter::parse(text) {
            Err(error) => {
                let at = error.position.map_or(0, |position| position.offset);
                let length = text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
                let span = match length {
                    0 => node.span.clone(),
                    _ => node.part_span(&self.mistakes.source.text, at..at + length),
                };
                self.mistakes.add(&span, format!("the scope is no filter: {}", error.message), "here");
                return None;
            }
            Ok(found) => found,
        };
        if let Err(mistake) = ScopeFilter::new(&found) {
            let part = mistake.attribute.as_deref().and_then(|path| place(text, path));
            let part = part.map(|part| node.part_span(&self.mistakes.source.text, part));
            let span = part.unwrap_or_else(|| node.span.clone());
            let title = format!("the scope does not fit a person: {}", mistake.message);
            let added = self.mistakes.add(&span, title, "this filter");
            added.help.extend(mistake.help);
        }
        Some(found)
    }
}

/// Where a path of a filter stands in its text; one within brackets stands there without what is before them.
fn place(text: &str, path: &str) -> Option<Range<usize>> {
    let belongs = |c: char| c.is_ascii_alphanumeric() || "-_$.:".contains(c);
    let find = |name: &str| {
        let starts = text.match_indices(name).map(|(at, _)| at..at + name.len());
        let mut words =
            starts.filter(|at| !text[..at.start].ends_with(belongs) && !text[at.end..].starts_with(belongs));
        words.next()
    };
    find(path).or_else(|| find(path.rsplit_once('.')?.1))
}
