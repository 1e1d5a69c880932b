//! Overrides of attribute mappings. Expressions are kept as they were written; what they mean is not looked at here.

use super::super::{DialectMapping, MappingText};
use super::Decoder;
use crate::idp::Dialect;
use crate::yaml::decode::Keys;
use crate::yaml::{Entry, Node, Value};

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

    /// The place where the language of the expressions is read, once there is one.
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
        Some(MappingText { target: rule.key.clone(), target_span: rule.key_span.clone(), expression })
    }
}
