//! Which variables are defined at a place of the file, and what is known about them before anything was sent.

use std::collections::BTreeMap;

use serde_json::Value;

use super::template::{Reference, Undefined, is_name, undefined};
use super::tree::Tree;

/// What is known about a variable.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// Nothing: an answer decides.
    Any,
    /// A single value.
    Single,
    /// A list with these elements.
    List(Vec<Shape>),
    /// An object with these members.
    Object(BTreeMap<String, Shape>),
}

/// Who defined a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The program: `base`, `run`, `index`.
    Program,
    /// A person or group of the directory.
    Directory,
    /// `vars` or `save`.
    File,
}

/// The variables that are defined so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    defined: BTreeMap<String, (Shape, Owner)>,
    /// Whether there are more than are known, because a file that defines some could not be read.
    incomplete: bool,
}

impl Scope {
    pub(super) fn define(&mut self, name: &str, shape: Shape, owner: Owner) {
        self.defined.insert(name.to_owned(), (shape, owner));
    }

    /// From here on, names that are not known may be right.
    pub(super) fn lose_count(&mut self) {
        self.incomplete = true;
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.defined.remove(name);
    }

    /// Why the file may not define a variable of that name.
    pub(super) fn refusal(&self, name: &str) -> Option<String> {
        if !is_name(name) {
            return Some(format!(
                "`{name}` cannot be a variable: a letter, then letters, digits, `_` and `-`"
            ));
        }
        if matches!(name, "base" | "run" | "index") {
            return Some(format!("`{name}` is a variable of its own"));
        }
        match self.defined.get(name) {
            Some((_, Owner::Directory)) => Some(format!("`{name}` is a variable of the directory")),
            _ => None,
        }
    }

    /// Whether a reference may be right.
    pub(super) fn check(&self, reference: &Reference) -> Result<Shape, Undefined> {
        let mut path = reference.path.iter();
        let Some(name) = path.next() else { return Ok(Shape::Any) };
        let mut shape = match self.defined.get(name) {
            Some((shape, _)) => shape,
            None if self.incomplete => return Ok(Shape::Any),
            None if name == "index" => {
                let title = "`index` is defined only in a step with `repeat`".to_owned();
                return Err(undefined(title, reference, Vec::new(), name));
            }
            None => {
                let known = self.defined.keys().map(String::as_str).collect();
                return Err(undefined(
                    format!("the variable `{name}` is not defined"),
                    reference,
                    known,
                    name,
                ));
            }
        };
        let mut whole = name.clone();
        for segment in path {
            let next = match shape {
                Shape::Any => return Ok(Shape::Any),
                Shape::Single => None,
                Shape::List(items) => segment.parse::<usize>().ok().and_then(|index| items.get(index)),
                Shape::Object(members) => members.get(segment),
            };
            shape = next.ok_or_else(|| match shape {
                Shape::Object(members) => {
                    let known = members.keys().map(String::as_str).collect();
                    undefined(format!("`{whole}` has no member `{segment}`"), reference, known, segment)
                }
                Shape::List(items) => {
                    let title = format!("`{whole}` is a list of {}, it has no `{segment}`", items.len());
                    undefined(title, reference, Vec::new(), segment)
                }
                _ => {
                    let title = format!("`{whole}` is a single value, it has no member `{segment}`");
                    undefined(title, reference, Vec::new(), segment)
                }
            })?;
            whole = format!("{whole}.{segment}");
        }
        Ok(shape.clone())
    }

    /// What is known about a value with variables.
    pub(super) fn shape_of(&self, tree: &Tree) -> Shape {
        match tree {
            Tree::Scalar(_) => Shape::Single,
            Tree::Text(_) => match tree.as_reference() {
                Some(reference) => self.check(reference).unwrap_or(Shape::Any),
                None => Shape::Single,
            },
            Tree::List(items) => Shape::List(items.iter().map(|item| self.shape_of(item)).collect()),
            Tree::Object(members) => {
                let mut shapes = BTreeMap::new();
                for (name, value) in members {
                    let Some(name) = name.as_literal() else { return Shape::Any };
                    shapes.insert(name.to_owned(), self.shape_of(value));
                }
                Shape::Object(shapes)
            }
        }
    }
}

impl From<&Value> for Shape {
    fn from(value: &Value) -> Self {
        match value {
            Value::Array(items) => Shape::List(items.iter().map(Shape::from).collect()),
            Value::Object(members) => Shape::Object(
                members.iter().map(|(name, value)| (name.clone(), Shape::from(value))).collect(),
            ),
            _ => Shape::Single,
        }
    }
}
