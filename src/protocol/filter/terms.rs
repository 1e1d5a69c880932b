//! What a filter talks about, as far as that can be said without a schema.

use serde_json::Value;

use super::{Filter, Literal, Op};
use crate::protocol::attr::AttrPath;

impl Filter {
    /// Every attribute that the filter names, in the order of the text. A value path gives its own attribute and
    /// `attribute.sub` for each name inside the brackets.
    ///
    /// Meant for deciding whether a filter touches an attribute that must not be searched (RFC 7644 §7.5.2).
    pub fn paths(&self) -> Vec<AttrPath> {
        let mut found = Vec::new();
        self.collect_paths(None, &mut found);
        found
    }

    fn collect_paths(&self, parent: Option<&AttrPath>, found: &mut Vec<AttrPath>) {
        match self {
            Filter::Compare { path, .. } | Filter::Present(path) => found.push(within(parent, path)),
            Filter::And(all) | Filter::Or(all) => {
                all.iter().for_each(|inner| inner.collect_paths(parent, found))
            }
            Filter::Not(inner) => inner.collect_paths(parent, found),
            Filter::Element { path, filter } => {
                found.push(path.clone());
                filter.collect_paths(Some(path), found);
            }
        }
    }

    /// The `eq` comparisons that every match of the filter satisfies: the filter itself, the members of an `and`, and
    /// those within a value path as `attribute.sub`. Comparisons with null are left out.
    ///
    /// Meant for index look-ups: each of them alone narrows the candidates.
    pub fn equalities(&self) -> Vec<(AttrPath, &Literal)> {
        let mut found = Vec::new();
        self.collect_equalities(None, &mut found);
        found
    }

    fn collect_equalities<'f>(&'f self, parent: Option<&AttrPath>, found: &mut Vec<(AttrPath, &'f Literal)>) {
        match self {
            Filter::Compare { value: Literal::Null, .. } => {}
            Filter::Compare { path, op: Op::Eq, value } => found.push((within(parent, path), value)),
            Filter::And(all) => all.iter().for_each(|inner| inner.collect_equalities(parent, found)),
            Filter::Element { path, filter } => filter.collect_equalities(Some(path), found),
            Filter::Compare { .. } | Filter::Present(_) | Filter::Or(_) | Filter::Not(_) => {}
        }
    }

    /// Names and values, where the filter is nothing but `eq` comparisons of different sub-attributes joined by
    /// `and`: the element that satisfies it can then be built (erratum 8097). Names are as written.
    pub fn eq_terms(&self) -> Option<Vec<(String, Value)>> {
        let mut found: Vec<(String, Value)> = Vec::new();
        self.collect_eq_terms(&mut found)?;
        Some(found)
    }

    fn collect_eq_terms(&self, found: &mut Vec<(String, Value)>) -> Option<()> {
        match self {
            Filter::Compare { path: AttrPath { schema: None, name, sub: None }, op: Op::Eq, value } => {
                if found.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                    return None;
                }
                found.push((name.clone(), value.to_json()));
                Some(())
            }
            Filter::And(all) => all.iter().try_for_each(|inner| inner.collect_eq_terms(found)),
            _ => None,
        }
    }
}

/// The path of a sub-attribute that is named within the brackets after `parent`.
fn within(parent: Option<&AttrPath>, path: &AttrPath) -> AttrPath {
    match parent {
        None => path.clone(),
        Some(parent) => AttrPath { sub: Some(path.name.clone()), ..parent.clone() },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parse;

    fn paths(text: &str) -> Vec<String> {
        parse(text).unwrap().paths().iter().map(ToString::to_string).collect()
    }

    fn equalities(text: &str) -> Vec<String> {
        parse(text).unwrap().equalities().iter().map(|(path, literal)| format!("{path}={literal}")).collect()
    }

    #[test]
    fn every_attribute_is_named_wherever_it_stands() {
        assert_eq!(paths(r#"not (a pr or b.c eq 1)"#), ["a", "b.c"]);
        assert_eq!(
            paths(r#"urn:x:emails[type eq "work" and not (value pr)] and password sw "x""#),
            ["urn:x:emails", "urn:x:emails.type", "urn:x:emails.value", "password"],
        );
    }

    #[test]
    fn only_what_must_hold_is_an_equality() {
        assert_eq!(equalities(r#"userName eq "x""#), [r#"userName="x""#]);
        assert_eq!(equalities(r#"a eq 1 and (b eq true and c sw "x")"#), ["a=1", "b=true"]);
        assert_eq!(
            equalities(r#"emails[type eq "work"].value eq "x" and a pr"#),
            [r#"emails.type="work""#, r#"emails.value="x""#]
        );
        for text in
            [r#"a eq 1 or b eq 2"#, "not (a eq 1)", "a ne 1", "a eq null", "a pr", "x[a eq 1 or b eq 2]"]
        {
            assert!(equalities(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn an_element_can_be_built_from_plain_equalities_only() {
        let terms = |text: &str| parse(text).unwrap().eq_terms();
        assert_eq!(
            terms(r#"type eq "work" and (primary eq true and rank eq 1)"#).unwrap(),
            [("type".into(), json!("work")), ("primary".into(), json!(true)), ("rank".into(), json!(1))]
        );
        for text in [
            r#"type eq "a" or type eq "b""#,
            r#"type eq "a" and Type eq "b""#,
            r#"type ne "a""#,
            r#"type eq "a" and value pr"#,
            r#"not (type eq "a")"#,
            r#"a.b eq "x""#,
        ] {
            assert_eq!(terms(text), None, "{text}");
        }
    }
}
