//! JSON with variables in its texts.

use serde_json::{Map, Value};

use super::template::{Reference, Template, Undefined, Variables};

/// A JSON value whose texts are templates, names of members included.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// Null, a boolean or a number.
    Scalar(Value),
    /// Text.
    Text(Template),
    /// An array.
    List(Vec<Tree>),
    /// An object, in the order written.
    Object(Vec<(Template, Tree)>),
}

impl Tree {
    /// The JSON value.
    ///
    /// # Errors
    /// The first variable that does not exist.
    pub fn render(&self, variables: &Variables) -> Result<Value, Undefined> {
        match self {
            Tree::Scalar(value) => Ok(value.clone()),
            Tree::Text(template) => template.value(variables),
            Tree::List(items) => items.iter().map(|item| item.render(variables)).collect(),
            Tree::Object(members) => {
                let mut object = Map::new();
                for (name, value) in members {
                    object.insert(name.text(variables)?, value.render(variables)?);
                }
                Ok(Value::Object(object))
            }
        }
    }

    /// The variable, where the value is nothing but one.
    pub fn as_reference(&self) -> Option<&Reference> {
        match self {
            Tree::Text(template) => template.as_reference(),
            _ => None,
        }
    }
}
