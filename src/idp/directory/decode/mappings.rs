//! Overrides of attribute mappings. They are read to find their mistakes, and kept as they were written.

use super::super::scope::unknown_attribute;
use super::super::{DialectMapping, MappingText};
use super::Decoder;
use crate::idp::Dialect;
use crate::idp::mapping::shape::{Misfit, misfit};
use crate::idp::mapping::{ACTIVE, Expression, MANAGER, MappingError, Place};
use crate::protocol::schema::Mutability;
use crate::yaml::decode::Keys;
use crate::yaml::{Entry, Node, Span, Value};

const DIALECTS: Keys = Keys { of: "`mappings`", known: &WORDS };

/// The names of the dialects.
const WORDS: [&str; Dialect::WORDS.len()] = {
    let mut words = [""; Dialect::WORDS.len()];
    let mut index = 0;
    while index < words.len() {
        words[index] = Dialect::WORDS[index].0;
        index += 1;
    }
    words
};

impl Decoder {
    /// Decodes `mappings`.
    pub(super) fn mappings(&mut self, node: &Node) -> Vec<DialectMapping> {
        let entries = self.mistakes.map(node, &DIALECTS, &[]).unwrap_or(&[]);
        let named = entries.iter().filter_map(|entry| {
            let (_, dialect) = Dialect::WORDS.iter().find(|(word, _)| *word == entry.key)?;
            Some((*dialect, entry))
        });
        named.map(|(dialect, entry)| DialectMapping { dialect, rules: self.rules(entry) }).collect()
    }

    fn rules(&mut self, of: &Entry) -> Vec<MappingText> {
        let Value::Map(rules) = &of.value.value else {
            self.mistakes.wrong_type(&of.value, &format!("the mapping of `{}`", of.key), "a map");
            return Vec::new();
        };
        rules.iter().filter_map(|rule| self.rule(rule)).collect()
    }

    fn rule(&mut self, rule: &Entry) -> Option<MappingText> {
        let expression = match &rule.value.value {
            Value::Null => None,
            Value::Text(text) if text.trim().is_empty() => {
                let help = "write `null` for an attribute that is not mapped";
                self.mistakes.add_with_help(&rule.value.span, "an expression is missing", "empty", help);
                return None;
            }
            Value::Text(text) => Some((text.clone(), rule.value.span.clone())),
            _ => {
                let what = format!("the expression of `{}`", rule.key);
                self.mistakes.wrong_type(&rule.value, &what, "text");
                return None;
            }
        };
        let before = self.mistakes.found.len();
        let target = Place::parse(&rule.key);
        match &target {
            Err(error) => self.wrong_text(&rule.key_span, &rule.key, error.clone()),
            Ok(place) => self.target(place, rule),
        }
        if let Some((text, span)) = &expression {
            match Expression::parse(text) {
                Err(error) => self.wrong_text(span, text, error),
                Ok(expression) => {
                    self.sources(&expression, span);
                    let is_sound = self.mistakes.found.len() == before;
                    let misfit =
                        target.ok().filter(|_| is_sound).and_then(|place| misfit(&place, &expression));
                    if let Some(Misfit { message, help }) = misfit {
                        self.mistakes.add_with_help(span, message, "this expression", help);
                    }
                }
            }
        }
        Some(MappingText { target: rule.key.clone(), target_span: rule.key_span.clone(), expression })
    }

    /// Notes what no target can take, or do without.
    fn target(&mut self, place: &Place, rule: &Entry) {
        if let Some(help) = unknown_attribute(place) {
            let title = format!("`{place}` is no attribute of a User");
            let help =
                help.unwrap_or_else(|| "attributes of your own stand below a URN of your own".to_owned());
            self.mistakes.add_with_help(&rule.key_span, title, "this attribute", &help);
        } else if place.definition().is_some_and(|found| found.mutability == Mutability::ReadOnly) {
            let title = format!("`{place}` is set by the target and cannot be mapped");
            self.mistakes.add(&rule.key_span, title, "readOnly");
        } else if place.is("userName") && matches!(rule.value.value, Value::Null) {
            let help = "every User has one (RFC 7643 §4.1.1): write an expression, or leave the line out";
            self.mistakes.add_with_help(&rule.value.span, "`userName` has to be mapped", "not mapped", help);
        }
    }

    /// Notes attributes that no person has.
    fn sources(&mut self, expression: &Expression, span: &Span) {
        for source in expression.sources().filter(|source| !source.is(ACTIVE) && !source.is(MANAGER)) {
            if let Some(help) = unknown_attribute(source) {
                let title = format!("`[{source}]` is no attribute of a person");
                self.mistakes.add(span, title, "this expression").help.extend(help);
            }
        }
    }

    /// Notes a mistake within a text, at its place where the file has the text as it is.
    fn wrong_text(&mut self, span: &Span, text: &str, error: MappingError) {
        let written = self.mistakes.source.text.get(span.clone()).and_then(|written| written.find(text));
        let place = match written {
            Some(offset) => {
                let start = span.start + offset;
                start + error.at.start..start + error.at.end
            }
            None => span.clone(),
        };
        self.mistakes.add(&place, error.message, "here").help.extend(error.help);
    }
}
