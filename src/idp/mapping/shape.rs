//! Whether an expression can give what an attribute takes, by the definitions of RFC 7643.

use std::fmt;

use super::expression::Function;
use super::{ACTIVE, Expression, MANAGER, Place};
use crate::protocol::schema::{Attribute, Type};

/// How a value is built.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// One simple value.
    One,
    /// The texts that `Split` gives.
    Texts,
    /// The parts of a complex attribute, or of one element of a multi-valued one.
    Parts(&'static Attribute),
    /// All elements of a multi-valued attribute.
    List(&'static Attribute),
    /// An attribute of a schema that is not known here.
    Unknown,
}

/// Why an expression cannot be what an attribute is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl Shape {
    /// How the value of an attribute is built.
    pub fn of(place: &Place) -> Self {
        match place.definition() {
            None => Shape::Unknown,
            Some(found) if found.multi_valued && place.sub.is_none() && place.selector.is_none() => {
                Shape::List(found)
            }
            Some(found) if found.is_complex() => Shape::Parts(found),
            Some(_) => Shape::One,
        }
    }

    /// How the value of an expression is built.
    pub fn given_by(expression: &Expression) -> Self {
        match expression {
            Expression::Constant(_) => Shape::One,
            Expression::Source(place) if place.is(ACTIVE) || place.is(MANAGER) => Shape::One,
            Expression::Source(place) => Shape::of(place),
            Expression::Call(Function::Split, _) => Shape::Texts,
            Expression::Call(Function::Item, arguments) => {
                match arguments.first().and_then(Option::as_ref).map(Shape::given_by) {
                    Some(Shape::List(of)) if of.is_complex() => Shape::Parts(of),
                    Some(Shape::Unknown) => Shape::Unknown,
                    _ => Shape::One,
                }
            }
            // What differs is told by `misfit`, which looks at each.
            Expression::Call(Function::Switch | Function::Coalesce, _) => {
                let mut shapes = results(expression).into_iter().map(Shape::given_by);
                let first = shapes.next().unwrap_or(Shape::Unknown);
                if shapes.all(|shape| shape == first) { first } else { Shape::Unknown }
            }
            Expression::Call(..) => Shape::One,
        }
    }

    /// Whether a list of this shape can be what `Item` takes one of.
    pub fn is_list(self) -> bool {
        matches!(self, Shape::Texts | Shape::List(_) | Shape::Unknown)
    }

    /// Whether it can be one simple value.
    pub fn is_one(self) -> bool {
        matches!(self, Shape::One | Shape::Unknown)
    }

    fn takes(self, given: Self) -> bool {
        match (self, given) {
            (Shape::Unknown, _) | (_, Shape::Unknown) | (Shape::One, Shape::One) => true,
            (Shape::Parts(wanted), Shape::Parts(given)) | (Shape::List(wanted), Shape::List(given)) => {
                let names = |of: &'static Attribute| of.sub_attributes.iter().map(|sub| &sub.name);
                wanted.kind == given.kind && names(wanted).eq(names(given))
            }
            _ => false,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Shape::One | Shape::Unknown => "one value",
            Shape::Texts | Shape::List(_) => "a list",
            Shape::Parts(_) => "several parts",
        })
    }
}

/// What the value of an expression may be: that of every branch.
fn results(expression: &Expression) -> Vec<&Expression> {
    let Expression::Call(function @ (Function::Switch | Function::Coalesce), arguments) = expression else {
        return vec![expression];
    };
    // Behind what it looks at, a default and then every second one is a result of `Switch`.
    let is_result =
        |index: usize| *function == Function::Coalesce || index == 1 || (index > 1 && index % 2 == 1);
    let branches = arguments.iter().enumerate().filter(|(index, _)| is_result(*index));
    branches.filter_map(|(_, branch)| branch.as_ref()).flat_map(results).collect()
}

/// Why the attribute cannot take what the expression gives; nothing where it can, or where one of the two is not known here.
pub fn misfit(place: &Place, expression: &Expression) -> Option<Misfit> {
    let wanted = Shape::of(place);
    results(expression).into_iter().find_map(|result| {
        // The id of the manager is sent as each product sends a manager.
        let is_manager = matches!((wanted, result), (Shape::Parts(of), Expression::Source(source)) if of.name == "manager" && source.is(MANAGER));
        let given = Shape::given_by(result);
        let is_truth = place.definition().is_none_or(|found| found.kind != Type::Boolean) || is_truth(result);
        if is_manager || (wanted.takes(given) && is_truth) {
            return None;
        }
        let help = match wanted {
            Shape::Parts(_) | Shape::List(_) => map_parts(place, wanted),
            _ if !is_truth => r#"write `"True"`, `"False"` or an attribute"#.to_owned(),
            _ => take_one(result, given),
        };
        let message = match wanted {
            _ if !is_truth => format!("`{place}` is true or false, and `{result}` is neither"),
            _ if format!("{wanted}") == format!("{given}") => {
                format!("`{place}` takes {wanted} of another kind than `{result}`")
            }
            _ => format!("`{place}` takes {wanted}, and `{result}` is {given}"),
        };
        Some(Misfit { message, help })
    })
}

/// Whether it may be a truth value, which Entra ID sends as text.
fn is_truth(expression: &Expression) -> bool {
    match expression {
        Expression::Constant(text) => ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word)),
        _ => true,
    }
}

/// How one simple value is made of a value that is none.
pub fn take_one(expression: &Expression, shape: Shape) -> String {
    match (expression, shape) {
        (Expression::Source(source), Shape::Parts(of)) => match part(of) {
            Some(sub) => format!("name one of its parts, such as `[{source}.{sub}]`"),
            None => "name one of its parts".to_owned(),
        },
        (Expression::Source(source), Shape::List(of)) => match part(of) {
            Some(sub) => format!(r#"name one element, such as `[{source}[type eq "work"].{sub}]`"#),
            None => format!("take one of them: `Item([{source}], 1)`"),
        },
        (_, Shape::Texts) => format!("take one of them: `Item({expression}, 1)`"),
        _ => r#"such as `[userName]`, `"text"` or `ToLower([userName])`"#.to_owned(),
    }
}

/// How an attribute is mapped that is no simple value.
fn map_parts(place: &Place, shape: Shape) -> String {
    let whole = format!("`[{place}]`");
    let of = match shape {
        Shape::Parts(of) | Shape::List(of) => of,
        _ => return format!("take it as it is: {whole}"),
    };
    let Some(sub) = part(of) else { return format!("take it as it is: {whole}") };
    match shape {
        Shape::List(_) => {
            format!(
                r#"map a part of one element, such as `{place}[type eq "work"].{sub}`, or take all as they are: {whole}"#
            )
        }
        _ if of.name == "manager" => "take the manager of the directory: `[manager]`".to_owned(),
        _ => format!("map its parts one by one, such as `{place}.{sub}`, or take it as it is: {whole}"),
    }
}

/// The part that stands for a complex value.
fn part(of: &'static Attribute) -> Option<&'static str> {
    let sub = of.sub("value").or_else(|| of.sub_attributes.first());
    sub.map(|sub| sub.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idp::Dialect;
    use crate::idp::mapping::Mapping;

    fn judged(target: &str, source: &str) -> Option<String> {
        let (place, expression) = (Place::parse(target).unwrap(), Expression::parse(source).unwrap());
        misfit(&place, &expression)
            .map(|misfit| format!("{target} <- {source}\n  {}\n  {}", misfit.message, misfit.help))
    }

    #[test]
    fn every_table_of_a_vendor_fits() {
        for (word, dialect) in Dialect::WORDS {
            for rule in Mapping::table(dialect.speech().table()).unwrap().rules() {
                assert_eq!(misfit(&rule.place, &rule.expression), None, "{word}: {rule}");
            }
        }
    }

    #[test]
    fn what_fits() {
        const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        for (target, source) in [
            ("emails", "[emails]"),
            ("phoneNumbers", "Coalesce([phoneNumbers], [ims])"),
            ("name", "[name]"),
            ("emails.value", "[emails.value]"),
            (r#"emails[type eq "work"]"#, "Item([emails], 1)"),
            (r#"emails[type eq "work"].primary"#, r#""True""#),
            ("active", r#"Switch([active], , "True", "True", "False", "False")"#),
            ("title", r#"Item(Split([userName], "@"), 1)"#),
            ("urn:example:own:shoes", r#"Split([userName], "@")"#),
            ("title", "[urn:example:own:shoes]"),
        ] {
            assert_eq!(judged(target, source), None);
        }
        assert_eq!(judged(&format!("{ENTERPRISE}:manager"), "[manager]"), None);
        assert_eq!(judged(&format!("{ENTERPRISE}:manager.value"), "[manager]"), None);
    }

    #[test]
    fn what_does_not_fit_is_told_with_what_would() {
        let told: Vec<String> = [
            ("emails", r#""a""#),
            ("title", "[name]"),
            ("displayName", "[emails]"),
            ("nickName", r#"Split([userName], "@")"#),
            ("title", r#"Switch([userType], "x", "Employee", [addresses])"#),
            ("title", "Coalesce([title], [name])"),
            ("name", "[emails]"),
            ("emails", "[addresses]"),
            ("name", "[displayName]"),
            (r#"emails[type eq "work"]"#, "[userName]"),
            ("active", r#""yes""#),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", r#""x""#),
        ]
        .iter()
        .map(|(target, source)| judged(target, source).unwrap_or_else(|| panic!("{target} <- {source} fits")))
        .collect();
        insta::assert_snapshot!(told.join("\n"));
    }
}
