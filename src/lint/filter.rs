//! Filters: first by the strict grammar, then by the tolerant one, then against the schemas.

use crate::protocol::attr::{AttrPath, Bound};
use crate::protocol::filter::{self as grammar, Filter, Literal, Op};
use crate::protocol::policy::Policy;
use crate::protocol::schema::{Attribute, Returned, Type, TypeSchema, find};

use super::notes::{Notes, quoted};
use super::{Rule, rules};

/// The grammar with the literals that some clients write.
const BARE: Policy = Policy { bare_filter_literals: true, ..Policy::STRICT };

/// What the names of a filter refer to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'s> {
    /// Attributes of these resource types; of anything where there is none.
    Types(&'s [&'s TypeSchema]),
    /// Sub-attributes of this attribute, in a PATCH path.
    Element(&'s Attribute),
}

/// What a name that is not as it should be is known for.
#[derive(Debug, Clone, Copy)]
pub(super) struct NameQuirks {
    /// It is an attribute of an extension without the URN.
    pub(super) bare: Option<&'static str>,
    /// Nobody knows it.
    pub(super) unknown: Option<&'static str>,
}

/// Looks at the text of a filter.
pub(super) fn check(text: &str, scope: Scope<'_>, place: &str, notes: &mut Notes) {
    if text.trim().is_empty() {
        return notes.add(&rules::FILTER_EMPTY, None, &place, "it is empty");
    }
    let filter = match grammar::parse(text) {
        Ok(filter) => filter,
        Err(error) => match grammar::parse_with(text, &BARE) {
            Ok(filter) => {
                bare(text, place, notes);
                filter
            }
            Err(_) => {
                let column = error.position.map_or(1, |position| position.column);
                let what = format!("it cannot be read from column {column} on");
                return notes.add(&rules::FILTER_GRAMMAR, None, &place, what);
            }
        },
    };
    spelling(text, place, notes);
    probe(&filter, place, notes);
    meaning(&filter, scope, place, notes);
}

/// Says which kind of literal is not quoted.
pub(super) fn bare(text: &str, place: &str, notes: &mut Notes) {
    let quirk = match () {
        () if text.contains('\'') => None,
        () if has_date(text) => Some("Q-L08"),
        () => Some("Q-L03"),
    };
    notes.add(&rules::FILTER_LITERAL, quirk, &place, "a value is not in double quotes");
}

/// Whether a word begins like a date: `2015-10-`.
fn has_date(text: &str) -> bool {
    text.split_ascii_whitespace().any(|word| {
        let bytes = word.as_bytes();
        bytes.len() >= 8 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-' && bytes[7] == b'-'
    })
}

/// What the parser reads although the grammar has it otherwise, or has it in lower case.
pub(super) fn spelling(text: &str, place: &str, notes: &mut Notes) {
    let mut rest = text;
    let mut word_before = false;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            if word_before {
                notes.add(&rules::FILTER_SPACE, None, &place, "a value follows its operator without a space");
            }
            rest = after_string(rest);
        } else if rest.starts_with("].") && rest.contains(' ') {
            notes.add(
                &rules::FILTER_VALUE_PATH,
                Some("Q-L04"),
                &place,
                "a value path is compared with something",
            );
            rest = &rest[2..];
        } else if c.is_ascii_whitespace() || "()[]".contains(c) {
            rest = &rest[1..];
        } else {
            let end =
                rest.find(|c: char| c.is_ascii_whitespace() || "()[]\"".contains(c)).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            operator_case(word, place, notes);
            rest = behind;
            word_before = true;
            continue;
        }
        word_before = false;
    }
}

/// What follows the string that begins here.
fn after_string(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return &text[at + 1..],
            _ => escaped = c == '\\' && !escaped,
        }
    }
    ""
}

fn operator_case(word: &str, place: &str, notes: &mut Notes) {
    let keywords = Op::ALL.iter().map(|op| op.keyword()).chain(["pr", "and", "or", "not"]);
    if keywords.into_iter().any(|keyword| keyword != word && keyword.eq_ignore_ascii_case(word)) {
        let what = format!("{} is written with capitals", quoted(word));
        notes.add(&rules::FILTER_OPERATOR_CASE, Some("Q-L07"), &place, what);
    }
}

/// A filter in a URL that names what is never returned, such as a password.
pub(super) fn sensitive(text: &str, types: &[&TypeSchema], place: &str, notes: &mut Notes) {
    let Ok(filter) = grammar::parse_with(text, &BARE) else { return };
    let is_secret = |attribute: &Attribute| attribute.returned == Returned::Never;
    let named = filter.paths();
    let found = named.iter().find(|path| {
        types
            .iter()
            .any(|kind| kind.bind(path).ok().and_then(|bound| bound.leaf().map(is_secret)) == Some(true))
    });
    if let Some(path) = found {
        let what = format!("{} is asked for in a URL", quoted(&path.to_string()));
        notes.add(&rules::FILTER_SENSITIVE, None, &place, what);
    }
}

/// A random UUID where a userName is expected.
fn probe(filter: &Filter, place: &str, notes: &mut Notes) {
    if probed(filter) {
        notes.add(&rules::FILTER_PROBE, Some("Q-T01"), &place, "the userName is a UUID");
    }
}

/// Whether the filter looks for a userName that is a UUID.
pub(super) fn probed(filter: &Filter) -> bool {
    let Filter::Compare { path, op: Op::Eq, value: Literal::String(value) } = filter else { return false };
    let groups = value.split('-').map(str::len);
    path.sub.is_none()
        && path.name.eq_ignore_ascii_case("userName")
        && groups.eq([8, 4, 4, 4, 12])
        && value.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Looks at names, operators and values.
pub(super) fn meaning(filter: &Filter, scope: Scope<'_>, place: &str, notes: &mut Notes) {
    match filter {
        Filter::And(all) | Filter::Or(all) => {
            all.iter().for_each(|inner| meaning(inner, scope, place, notes))
        }
        Filter::Not(inner) => meaning(inner, scope, place, notes),
        Filter::Present(path) => drop(resolve(path, scope, place, notes)),
        Filter::Compare { path, op, value } => {
            if let Some(leaf) = resolve(path, scope, place, notes) {
                comparison(path, leaf, *op, value, scope, place, notes);
            }
        }
        Filter::Element { path, filter } => {
            if let Some(attribute) = resolve(path, scope, place, notes) {
                meaning(filter, Scope::Element(attribute), place, notes);
            }
        }
    }
}

fn resolve<'s>(path: &AttrPath, scope: Scope<'s>, place: &str, notes: &mut Notes) -> Option<&'s Attribute> {
    match scope {
        Scope::Types([]) => None,
        Scope::Types(types) => {
            let bare = path.name.eq_ignore_ascii_case("manager").then_some("Q-L05");
            let unknown = path.name.eq_ignore_ascii_case("email").then_some("Q-L07");
            name(path, types, &rules::FILTER_UNKNOWN, NameQuirks { bare, unknown }, &place, notes)
        }
        Scope::Element(attribute) if !attribute.is_complex() => {
            path.name.eq_ignore_ascii_case("value").then_some(attribute)
        }
        Scope::Element(attribute) => match attribute.sub(&path.name) {
            Some(sub) => {
                spelled(&path.name, &sub.name, &place, notes);
                Some(sub)
            }
            None => {
                let what =
                    format!("{} is no sub-attribute of `{}`", quoted(&path.to_string()), attribute.name);
                notes.add(&rules::FILTER_UNKNOWN, None, &place, what);
                None
            }
        },
    }
}

/// Binds a name to one of the types, and says what is wrong with it: `unknown` where nobody knows it.
pub(super) fn name<'s>(
    path: &AttrPath,
    types: &[&'s TypeSchema],
    unknown: &'static Rule,
    quirks: NameQuirks,
    place: &impl std::fmt::Display,
    notes: &mut Notes,
) -> Option<&'s Attribute> {
    if let Some(bound) = types.iter().find_map(|kind| kind.bind(path).ok()) {
        let Bound::Attribute { attribute, sub, .. } = bound else { return None };
        spelled(&path.name, &attribute.name, place, notes);
        if let (Some(written), Some(sub)) = (&path.sub, sub) {
            spelled(written, &sub.name, place, notes);
        }
        return Some(sub.unwrap_or(attribute));
    }
    let extensions = types.iter().flat_map(|kind| &kind.extensions);
    let bare = match path.schema {
        None => extensions.into_iter().find_map(|extension| find(&extension.schema.attributes, &path.name)),
        Some(_) => None,
    };
    let bare = bare.and_then(|attribute| match &path.sub {
        None => Some(attribute),
        Some(sub) => attribute.sub(sub),
    });
    match bare {
        Some(attribute) => {
            let what = format!("{} belongs to an extension", quoted(&path.to_string()));
            notes.add(&rules::NAME_BARE_EXTENSION, quirks.bare, place, what);
            Some(attribute)
        }
        None => {
            let what = format!("no schema has {}", quoted(&path.to_string()));
            notes.add(unknown, quirks.unknown, place, what);
            None
        }
    }
}

/// Says that a name is spelled otherwise than in its schema.
pub(super) fn spelled(written: &str, name: &str, place: &impl std::fmt::Display, notes: &mut Notes) {
    if written != name {
        let what = format!("{} is `{name}` in the schema", quoted(written));
        notes.add(&rules::NAME_CASE, Some("Q-H13"), place, what);
    }
}

fn comparison(
    path: &AttrPath,
    leaf: &Attribute,
    op: Op,
    value: &Literal,
    scope: Scope<'_>,
    place: &str,
    notes: &mut Notes,
) {
    let shown = quoted(&path.to_string());
    let leaf = match (leaf.is_complex(), leaf.multi_valued) {
        (false, _) => leaf,
        (true, true) => {
            let what = format!("{shown} is compared without a sub-attribute");
            notes.add(&rules::FILTER_COMPLEX_LIST, None, &place, what);
            let Some(value) = leaf.sub("value") else { return };
            value
        }
        (true, false) => {
            let quirk = path.name.eq_ignore_ascii_case("manager").then_some("Q-L05");
            let what = format!("{shown} is compared without a sub-attribute");
            return notes.add(&rules::FILTER_COMPLEX, quirk, &place, what);
        }
    };
    let ordering = matches!(op, Op::Gt | Op::Ge | Op::Lt | Op::Le);
    if ordering && matches!(leaf.kind, Type::Boolean | Type::Binary) {
        let what = format!("`{}` is asked of {shown}", op.keyword());
        notes.add(&rules::FILTER_OPERATOR_TYPE, None, &place, what);
    }
    if leaf.kind == Type::Boolean && !matches!(value, Literal::Bool(_) | Literal::Null) {
        let quirk = match (value, scope) {
            (Literal::String(_), Scope::Element(_)) if place.starts_with("body ") => Some("Q-U14"),
            (Literal::String(_), _) => Some("Q-L15"),
            _ => None,
        };
        let what = format!("{shown} is a boolean and is compared with something else");
        notes.add(&rules::FILTER_LITERAL_TYPE, quirk, &place, what);
    }
}
