//! Attribute mappings: from a person of the directory to the values that an application gets.
//!
//! A [`Mapping`] is a list of [`Rule`]s in the order of the vendor's table: a target attribute, and an expression
//! over the person. Everything that a dialect sends about a person is made of what the rules yield, and the
//! comparison at the end of a simulation holds the target against the same values.
//!
//! | module | what lives there |
//! |---|---|
//! | [`place`] | an attribute of a resource, for reading and writing: `emails[type eq "work"].value` |
//! | [`expression`] | `Join(" ", [name.givenName], [name.familyName])` |
//! | [`shape`] | whether an expression can give what an attribute takes |

use std::fmt;
use std::ops::Range;

use serde_json::Value;

pub mod expression;
pub mod place;
pub mod shape;

pub use expression::Expression;
pub use place::Place;
pub(in crate::idp) use place::USER;

use super::directory::Person;

/// The source attribute that says whether the account may be used: true for people who are in scope and active.
pub const ACTIVE: &str = "active";
/// The source attribute that names a person's manager; its value is the id that the target gave the manager.
pub const MANAGER: &str = "manager";

/// A text of a mapping that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MappingError {
    /// Where in the text, in bytes.
    pub at: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

/// One target attribute and where its value comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The attribute of the target.
    pub place: Place,
    /// What it is set to.
    pub expression: Expression,
}

/// All target attributes, in the order in which they are sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mapping {
    rules: Vec<Rule>,
}

/// What the mapping makes of a person.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profile {
    /// Target attribute and value, in the order of the mapping. Without value, nothing is here: no IdP sends
    /// the null of a source.
    pub values: Vec<(Place, Value)>,
    /// There is a manager, whom the target does not know yet.
    pub lacks_manager: bool,
}

impl Mapping {
    /// The vendor's table.
    ///
    /// # Errors
    /// A text of the table is wrong, which is a mistake of the program; a test reads every table.
    pub fn table(rules: &[(&str, &str)]) -> Result<Self, MappingError> {
        let rules = rules.iter().map(|(target, source)| {
            Ok(Rule { place: Place::parse(target)?, expression: Expression::parse(source)? })
        });
        Ok(Self { rules: rules.collect::<Result<_, _>>()? })
    }

    /// Sets where one target attribute comes from: in its place in the order where it was mapped, else at the end.
    /// Without expression it is no longer mapped.
    pub fn set(&mut self, place: Place, expression: Option<Expression>) {
        let known = self.rules.iter().position(|rule| rule.place == place);
        match (known, expression) {
            (Some(index), Some(expression)) => self.rules[index].expression = expression,
            (Some(index), None) => drop(self.rules.remove(index)),
            (None, Some(expression)) => self.rules.push(Rule { place, expression }),
            (None, None) => {}
        }
    }

    /// The rules, in order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether a target attribute is mapped.
    pub fn maps(&self, name: &str) -> bool {
        self.rules.iter().any(|rule| rule.place.is(name))
    }

    /// What the target gets of a person. `manager` is the id that the target gave the manager, where it did.
    pub fn apply(&self, person: &Person, active: bool, manager: Option<&str>) -> Profile {
        let mut profile = Profile::default();
        for rule in &self.rules {
            let source = |path: &Place| match () {
                () if path.is(ACTIVE) => Some(Value::Bool(active)),
                () if path.is(MANAGER) => manager.map(Value::from),
                () => path.get(&person.attributes).cloned(),
            };
            match rule.expression.eval(&source) {
                Some(value) => profile.values.push((rule.place.clone(), value)),
                None => {
                    let refers = rule.expression.uses(MANAGER);
                    profile.lacks_manager |= refers && person.manager.is_some() && manager.is_none();
                }
            }
        }
        profile
    }
}

impl Profile {
    /// The value of one target attribute.
    pub fn get(&self, place: &Place) -> Option<&Value> {
        self.values.iter().find(|(known, _)| known == place).map(|(_, value)| value)
    }

    /// The value of one target attribute, by its name.
    pub fn named(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(known, _)| known.is(name)).map(|(_, value)| value)
    }

    /// The value of one target attribute as text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.named(name).and_then(Value::as_str)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <- {}", self.place, self.expression)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idp::directory::PersonStatus;
    use serde_json::json;

    fn ada() -> Person {
        let attributes = json!({
            "userName": "ada@acme.example.com",
            "name": { "givenName": "Ada", "familyName": "Byron" },
            "emails": [{ "type": "home", "value": "a@home.example.com" }, { "type": "work", "value": "Ada@acme.example.com" }],
        });
        let attributes = attributes.as_object().unwrap().clone();
        Person { key: "ada".into(), attributes, manager: Some("grace".into()), status: PersonStatus::Active }
    }

    #[test]
    fn a_table_makes_values_in_its_order_and_leaves_out_what_is_absent() {
        let mut mapping = Mapping::table(&[
            ("userName", "ToLower([userName])"),
            ("active", "[active]"),
            ("title", "[title]"),
            ("name.formatted", r#"Join(" ", [name.givenName], [name.familyName])"#),
            (r#"emails[type eq "work"].value"#, r#"[emails[type eq "work"].value]"#),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "[manager]"),
        ])
        .unwrap();
        let profile = mapping.apply(&ada(), true, None);
        let shown: Vec<String> =
            profile.values.iter().map(|(place, value)| format!("{place}={value}")).collect();
        assert_eq!(
            shown,
            [
                r#"userName="ada@acme.example.com""#,
                "active=true",
                r#"name.formatted="Ada Byron""#,
                r#"emails[type eq "work"].value="Ada@acme.example.com""#
            ]
        );
        assert!(profile.lacks_manager);
        let with = mapping.apply(&ada(), false, Some("7"));
        assert!(!with.lacks_manager);
        assert_eq!(
            (with.named("active"), with.values.last().unwrap().1.clone()),
            (Some(&json!(false)), json!("7"))
        );
        mapping.set(Place::parse("title").unwrap(), Some(Expression::parse(r#""Countess""#).unwrap()));
        mapping.set(Place::parse("ACTIVE").unwrap(), None);
        let changed = mapping.apply(&ada(), true, None);
        assert_eq!(changed.text("title"), Some("Countess"));
        assert!(!mapping.maps("active") && mapping.maps("username"));
    }
}
