//! Running a bound filter. Nothing here can fail, and ASCII text is compared without building strings.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::protocol::Resource;
use crate::protocol::value::{DateTime, TextKey, compare_numbers, parse_date_time, unpadded};

/// A filter with names resolved and literals prepared.
#[derive(Debug, Clone)]
pub(super) enum Node<'s> {
    /// Decided without looking at a resource.
    Constant(bool),
    All(Vec<Node<'s>>),
    Any(Vec<Node<'s>>),
    Not(Box<Node<'s>>),
    /// A test of the values at the end of the keys.
    Test {
        keys: Vec<&'s str>,
        test: Test,
    },
    /// One value at the end of the keys satisfies the inner filter.
    Element {
        keys: Vec<&'s str>,
        inner: Box<Node<'s>>,
    },
}

/// What the values at one place are tested for.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Present,
    Missing,
    Equal(Operand),
    Different(Operand),
    Contains(Operand),
    Starts(Operand),
    Ends(Operand),
    /// The order of the value relative to the operand is one of those accepted.
    Order(fn(Ordering) -> bool, Operand),
}

/// A literal, prepared.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Text(TextKey),
    Instant(DateTime),
    Number(Number),
    Bool(bool),
    /// Base64 text without padding.
    Binary(String),
}

/// What the keys of a node start from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Root<'r> {
    Resource(&'r Resource),
    Element(&'r Value),
}

impl<'r> Root<'r> {
    /// Whether any value at the end of the keys satisfies `wanted`. The elements of arrays on the way all count.
    fn any(self, keys: &[&str], wanted: &mut dyn FnMut(&'r Value) -> bool) -> bool {
        match (self, keys) {
            (Root::Resource(members), [key, rest @ ..]) => {
                members.get(*key).is_some_and(|value| Root::Element(value).any(rest, wanted))
            }
            (Root::Resource(_), []) => false,
            (Root::Element(Value::Array(elements)), keys) => {
                elements.iter().any(|element| Root::Element(element).any(keys, wanted))
            }
            (Root::Element(Value::Object(members)), [_, ..]) => Root::Resource(members).any(keys, wanted),
            (Root::Element(_), [_, ..]) => false,
            (Root::Element(value), []) => wanted(value),
        }
    }
}

impl Node<'_> {
    /// Number of tests in the filter; at least 1.
    pub(super) fn terms(&self) -> usize {
        match self {
            Node::Constant(_) | Node::Test { .. } => 1,
            Node::All(all) | Node::Any(all) => all.iter().map(Node::terms).sum(),
            Node::Not(node) => node.terms(),
            Node::Element { inner, .. } => inner.terms(),
        }
    }

    /// Whether the filter holds.
    pub(super) fn holds(&self, root: Root<'_>) -> bool {
        match self {
            Node::Constant(result) => *result,
            Node::All(all) => all.iter().all(|node| node.holds(root)),
            Node::Any(all) => all.iter().any(|node| node.holds(root)),
            Node::Not(node) => !node.holds(root),
            Node::Test { keys, test } => test.holds(root, keys),
            Node::Element { keys, inner } => {
                root.any(keys, &mut |element| inner.holds(Root::Element(element)))
            }
        }
    }
}

impl Test {
    fn holds(&self, root: Root<'_>, keys: &[&str]) -> bool {
        match self {
            Test::Present => root.any(keys, &mut has_content),
            Test::Missing => !root.any(keys, &mut has_content),
            Test::Equal(operand) => root.any(keys, &mut |value| operand.equals(value)),
            Test::Different(operand) => {
                let mut missing = true;
                let different = root.any(keys, &mut |value| {
                    missing &= value.is_null();
                    !value.is_null() && !operand.equals(value)
                });
                different || missing
            }
            Test::Contains(operand) => root.any(keys, &mut |value| operand.text(value, TextKey::occurs)),
            Test::Starts(operand) => root.any(keys, &mut |value| operand.text(value, TextKey::starts)),
            Test::Ends(operand) => root.any(keys, &mut |value| operand.text(value, TextKey::ends)),
            Test::Order(accepted, operand) => {
                root.any(keys, &mut |value| operand.order(value).is_some_and(accepted))
            }
        }
    }
}

impl Operand {
    /// Base64 text, compared without regard to its padding.
    pub(super) fn binary(text: &str) -> Self {
        Operand::Binary(unpadded(text).to_owned())
    }

    fn equals(&self, value: &Value) -> bool {
        match (self, value) {
            (Operand::Text(key), Value::String(text)) => key.equals(text),
            _ => self.order(value) == Some(Ordering::Equal),
        }
    }

    /// How the value is ordered relative to the operand; `None` where it is not of the operand's type.
    fn order(&self, value: &Value) -> Option<Ordering> {
        match (self, value) {
            (Operand::Text(key), Value::String(text)) => Some(key.order(text)),
            (Operand::Instant(instant), Value::String(text)) => Some(parse_date_time(text)?.cmp(instant)),
            (Operand::Number(number), Value::Number(value)) => Some(compare_numbers(value, number)),
            (Operand::Bool(flag), Value::Bool(value)) => Some(value.cmp(flag)),
            (Operand::Binary(wanted), Value::String(text)) => Some(unpadded(text).cmp(wanted)),
            _ => None,
        }
    }

    fn text(&self, value: &Value, relation: fn(&TextKey, &str) -> bool) -> bool {
        match (self, value) {
            (Operand::Text(key), Value::String(text)) => relation(key, text),
            _ => false,
        }
    }
}

/// Whether `pr` holds for a value: neither null nor empty, and for an object at least one member with content.
fn has_content(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => elements.iter().any(has_content),
        Value::Object(members) => members.values().any(has_content),
        Value::Bool(_) | Value::Number(_) => true,
    }
}
