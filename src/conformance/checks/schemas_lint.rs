//! The attribute definitions that /Schemas publishes (RFC 7643 §2, §7).

use serde_json::{Map, Value};

use super::discovery::{assigned, shown};
use super::schemas::{called, published, schemas};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict};
use crate::protocol::message::member;
use crate::protocol::schema::SCHEMA;

pub(super) const CHECKS: &[Check] =
    &[DEFINED, NAMES, KEYWORDS, FLAGS, COMPLETE, NESTING, FITTING, REFERENCES];

/// The data types of RFC 7643.
const TYPES: [&str; 8] =
    ["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"];

/// A published attribute definition.
pub(super) struct Definition<'a> {
    /// The URI of its schema.
    pub schema: &'a str,
    /// `emails.value`, below the schema.
    pub path: String,
    /// How deep it lies: 0 for an attribute, 1 for a sub-attribute.
    pub depth: usize,
    /// The definition.
    pub json: &'a Map<String, Value>,
}

impl Definition<'_> {
    /// A member that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        member(self.json, name)?.as_str()
    }

    /// Whether it has that data type.
    pub fn is(&self, kind: &str) -> bool {
        self.text("type").is_some_and(|given| given.eq_ignore_ascii_case(kind))
    }

    /// The definitions of its sub-attributes, as they are.
    pub fn subs(&self) -> &[Value] {
        member(self.json, "subAttributes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// The schema and the path, for messages.
    fn place(&self) -> String {
        format!("{} of {}", self.path, self.schema)
    }
}

/// Every definition of every schema, sub-attributes included.
pub(super) fn definitions(answer: &Answer) -> Result<Vec<Definition<'_>>, Stop> {
    fn collect<'a>(
        schema: &'a str,
        above: &str,
        depth: usize,
        list: Option<&'a Value>,
        found: &mut Vec<Definition<'a>>,
    ) {
        for json in list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object) {
            let name = member(json, "name").and_then(Value::as_str).unwrap_or("?");
            let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
            if depth < 4 {
                collect(schema, &path, depth + 1, member(json, "subAttributes"), found);
            }
            found.push(Definition { schema, path, depth, json });
        }
    }
    let mut found = Vec::new();
    for schema in schemas(answer)? {
        collect(called(schema), "", 0, member(schema, "attributes"), &mut found);
    }
    Ok(found)
}

/// One mistake that several definitions may share: it is told once, with examples.
struct Mistake {
    what: &'static str,
    expected: String,
    breaks: &'static [&'static str],
    concern: bool,
}

impl Mistake {
    fn new(what: &'static str, expected: impl Into<String>, breaks: &'static [&'static str]) -> Self {
        Self { what, expected: expected.into(), breaks, concern: false }
    }

    fn concern(mut self) -> Self {
        self.concern = true;
        self
    }

    /// Notes it where some definition makes it; `wrong` tells what stands there instead.
    fn look(
        self,
        t: &Trial,
        answer: &Answer,
        all: &[Definition<'_>],
        wrong: impl Fn(&Definition<'_>) -> Option<String>,
    ) {
        let found: Vec<String> = all
            .iter()
            .filter_map(|definition| Some(format!("{} ({})", definition.place(), wrong(definition)?)))
            .collect();
        let Some(first) = found.first() else { return };
        let got = match found.len() {
            1 => first.clone(),
            n => format!("{n} definitions, such as {}", found[..n.min(3)].join("; ")),
        };
        let flaw = answer.flaw(self.what).expected(self.expected).got(got).breaks(self.breaks);
        t.note(if self.concern { flaw.concern() } else { flaw });
    }
}

/// What stands there, where it is something else than what is legal.
fn unless(value: Option<&Value>, legal: impl Fn(&Value) -> bool) -> Option<String> {
    value.filter(|value| !legal(value)).map(|value| shown(Some(value)))
}

check! {
    /// Every schema lists its attributes in an array, each an object with a name.
    ///
    /// Why: a client reads the list to build its mapping. A schema without it, or with a map in its place, looks as if there
    /// were nothing to map.
    ///
    /// Fix: `"attributes": [ { "name": "userName", … } ]`.
    DEFINED = attributes_are_listed,
    id: "schemas.attributes",
    title: "every schema lists its attributes by name",
    level: Must,
    requirements: ["RFC7643-7-07", "RFC7643-7-12"],
    needs: [Schemas],
    breaks: [],
}

async fn attributes_are_listed(t: &Trial) -> Verdict {
    let answer = published(t).await?;
    for schema in schemas(&answer)? {
        let given = member(schema, "attributes");
        if given.and_then(Value::as_array).is_none_or(Vec::is_empty) {
            let flaw = answer.flaw(format!("{} does not list its attributes", called(schema)));
            t.note(flaw.expected("an array that is not empty").got(shown(given)).breaks(&["RFC7643-7-07"]));
        }
    }
    let all = definitions(&answer)?;
    Mistake::new("an attribute definition has no name", "text", &["RFC7643-7-07"]).look(
        t,
        &answer,
        &all,
        |d| d.text("name").is_none_or(str::is_empty).then(|| shown(member(d.json, "name"))),
    );
    let not_objects = |list: Option<&Value>| match list {
        None | Some(Value::Null) => None,
        Some(Value::Array(list)) => list.iter().find(|item| !item.is_object()).map(|odd| shown(Some(odd))),
        Some(other) => Some(shown(Some(other))),
    };
    Mistake::new("`subAttributes` is no array of definitions", "an array of objects", &["RFC7643-7-12"])
        .look(t, &answer, &all, |d| not_objects(member(d.json, "subAttributes")));
    Ok(())
}

check! {
    /// Attribute names are a letter followed by letters, digits, `-`, `_` or `$` (and `$ref`), and no name stands twice in one
    /// schema.
    ///
    /// Why: names stand in filters and paths. One with a space or a dot cannot be addressed there, so that the attribute can
    /// neither be searched nor changed alone.
    ///
    /// Fix: rename the attribute; `secondEmail` instead of `2nd email`.
    NAMES = names_are_well_formed,
    id: "schemas.attribute-names",
    title: "attribute names follow the grammar",
    level: Must,
    requirements: ["RFC7643-2.1-03"],
    needs: [Schemas],
    breaks: [],
}

async fn names_are_well_formed(t: &Trial) -> Verdict {
    let answer = published(t).await?;
    let all = definitions(&answer)?;
    let is_well_formed = |name: &str| {
        name == "$ref"
            || (name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "$-_".contains(c)))
    };
    Mistake::new(
        "an attribute name does not follow the grammar",
        "a letter, then letters, digits, -, _ or $",
        &["RFC7643-2.1-03"],
    )
    .look(t, &answer, &all, |d| d.text("name").filter(|name| !is_well_formed(name)).map(str::to_owned));
    let twice = |d: &Definition<'_>| {
        all.iter().filter(|o| o.schema == d.schema && o.path.eq_ignore_ascii_case(&d.path)).count() > 1
    };
    Mistake::new("an attribute is defined twice", "every name once in a schema", &["RFC7643-2.1-03"])
        .concern()
        .look(t, &answer, &all, |d| (d.path != "?" && twice(d)).then(|| "twice".to_owned()));
    Ok(())
}

check! {
    /// `type`, `mutability`, `returned` and `uniqueness` of every attribute are words that RFC 7643 defines, letter by letter
    /// and without quotation marks in them.
    ///
    /// Why: a client that reads `"mutability": "read-only"` does not know whether it may write, and most decide that it may.
    ///
    /// Fix: `string`, `boolean`, `decimal`, `integer`, `dateTime`, `binary`, `reference`, `complex`; `readOnly`, `readWrite`,
    /// `immutable`, `writeOnly`; `always`, `never`, `default`, `request`; `none`, `server`, `global`.
    KEYWORDS = keywords_are_known,
    id: "schemas.keywords",
    title: "type, mutability, returned and uniqueness are known words",
    level: Must,
    requirements: [
        "RFC7643-1.1-01", "RFC7643-2.3-01", "RFC7643-7-10", "RFC7643-7-12", "RFC7643-7-20", "RFC7643-7-26",
        "RFC7643-7-32",
    ],
    needs: [Schemas],
    breaks: [],
}

async fn keywords_are_known(t: &Trial) -> Verdict {
    let answer = published(t).await?;
    let all = definitions(&answer)?;
    let quoted = |text: &str| text.contains(['"', '\'', '`']);
    for name in ["type", "mutability", "returned", "uniqueness"] {
        Mistake::new("a keyword has quotation marks in it", "the bare word", &["RFC7643-1.1-01"]).look(
            t,
            &answer,
            &all,
            |d| d.text(name).filter(|text| quoted(text)).map(|text| format!("{name} {text}")),
        );
    }
    let is_word = |value: &Value, words: &[&str], exact: bool| {
        value.as_str().is_some_and(|text| {
            words.iter().any(|word| if exact { *word == text } else { word.eq_ignore_ascii_case(text) })
                || quoted(text)
        })
    };
    // The letter case of a type does not count (RFC 7643 section 8.7.2), but nobody expects another.
    Mistake::new(
        "`type` is none of the data types",
        TYPES.join(", "),
        &["RFC7643-2.3-01", "RFC7643-7-10", "RFC7643-7-12"],
    )
    .look(t, &answer, &all, |d| unless(assigned(d.json, "type"), |v| is_word(v, &TYPES, false)));
    Mistake::new("`type` is spelled in another letter case", TYPES.join(", "), &["RFC7643-7-10"])
        .concern()
        .look(t, &answer, &all, |d| {
            unless(assigned(d.json, "type"), |v| is_word(v, &TYPES, true) || !is_word(v, &TYPES, false))
        });
    let rest: [(&'static str, &str, &[&str], &[&str]); 3] = [
        (
            "`mutability` is no known word",
            "mutability",
            &["readOnly", "readWrite", "immutable", "writeOnly"],
            &["RFC7643-7-20"],
        ),
        (
            "`returned` is no known word",
            "returned",
            &["always", "never", "default", "request"],
            &["RFC7643-7-26"],
        ),
        ("`uniqueness` is no known word", "uniqueness", &["none", "server", "global"], &["RFC7643-7-32"]),
    ];
    for (what, name, words, breaks) in rest {
        Mistake::new(what, words.join(", "), breaks)
            .look(t, &answer, &all, |d| unless(assigned(d.json, name), |v| is_word(v, words, true)));
    }
    Ok(())
}

check! {
    /// `multiValued`, `required` and `caseExact` are true or false, and `canonicalValues` is an array of texts.
    ///
    /// Why: `"multiValued": "false"` is read as true by every client that only asks whether something is there, and then one
    /// value is sent as a list.
    ///
    /// Fix: write JSON booleans, without quotation marks.
    FLAGS = flags_are_booleans,
    id: "schemas.flags",
    title: "multiValued, required and caseExact are true or false",
    level: Must,
    requirements: ["RFC7643-7-08", "RFC7643-7-13", "RFC7643-7-14"],
    needs: [Schemas],
    breaks: [],
}

async fn flags_are_booleans(t: &Trial) -> Verdict {
    let answer = published(t).await?;
    let all = definitions(&answer)?;
    let flags: [(&'static str, &str, &[&str]); 3] = [
        ("`multiValued` is neither true nor false", "multiValued", &["RFC7643-7-13"]),
        ("`required` is neither true nor false", "required", &["RFC7643-7-14"]),
        ("`caseExact` is neither true nor false", "caseExact", &["RFC7643-7-08"]),
    ];
    for (what, name, breaks) in flags {
        Mistake::new(what, "true or false", breaks)
            .look(t, &answer, &all, |d| unless(assigned(d.json, name), Value::is_boolean));
    }
    let is_texts = |value: &Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
    Mistake::new("`canonicalValues` is no array of texts", "an array of strings", &["RFC7643-7-08"]).look(
        t,
        &answer,
        &all,
        |d| unless(assigned(d.json, "canonicalValues"), is_texts),
    );
    Ok(())
}

check! {
    /// Every attribute definition is complete: type, plurality, necessity, mutability, when it is returned, and a description.
    ///
    /// Why: what is not said has a default, but clients do not agree on it: a missing `multiValued` is read both ways, and a
    /// missing `mutability` makes a form writable that should not be. The description is what people see when they map.
    ///
    /// Fix: write every characteristic out, also where it has the default value.
    COMPLETE = definitions_are_complete,
    id: "schemas.complete",
    title: "attribute definitions state all their characteristics",
    level: Should,
    requirements: ["RFC7643-7-08", "RFC7643-7-09", "RFC7643-7-12"],
    needs: [Schemas],
    breaks: [],
}

async fn definitions_are_complete(t: &Trial) -> Verdict {
    let answer = published(t).await?;
    let all = definitions(&answer)?;
    let wanted: [(&'static str, &str, &'static str, &[&str]); 6] = [
        ("`type` is not stated", "type", "a data type", &["RFC7643-7-08", "RFC7643-7-12"]),
        ("`multiValued` is not stated", "multiValued", "true or false", &["RFC7643-7-08", "RFC7643-7-12"]),
        ("`required` is not stated", "required", "true or false", &["RFC7643-7-08", "RFC7643-7-12"]),
        (
            "`mutability` is not stated",
            "mutability",
            "readOnly, readWrite, immutable or writeOnly",
            &["RFC7643-7-08"],
        ),
        ("`returned` is not stated", "returned", "always, never, default or request", &["RFC7643-7-08"]),
        ("an attribute has no description", "description", "text", &["RFC7643-7-09"]),
    ];
    for (what, name, expected, breaks) in wanted {
        Mistake::new(what, expected, breaks)
            .look(t, &answer, &all, |d| assigned(d.json, name).is_none().then(|| "nothing".to_owned()));
    }
    Mistake::new("a description is no text", "text", &["RFC7643-7-09"])
        .look(t, &answer, &all, |d| unless(assigned(d.json, "description"), Value::is_string));
    Ok(())
}

check! {
    /// Only complex attributes have sub-attributes, and no sub-attribute is complex itself; the schema of schemas is the one
    /// exception.
    ///
    /// Why: filters and paths have room for two levels, `name.givenName`. What lies deeper cannot be addressed, and clients that
    /// trust the rule fail to read the schema at all.
    ///
    /// Fix: move the nested attribute up, or into a resource type of its own.
    NESTING = nesting_is_flat,
    id: "schemas.nesting",
    title: "only complex attributes have sub-attributes, and none is nested deeper",
    level: Must,
    requirements: ["RFC7643-1.2-01", "RFC7643-2.3.8-02", "RFC7643-7-04", "RFC7643-7-11"],
    needs: [Schemas],
    breaks: [],
}

async fn nesting_is_flat(t: &Trial) -> Verdict {
    let answer = published(t).await?;
    let all = definitions(&answer)?;
    Mistake::new("a simple attribute has sub-attributes", "none, or the type complex", &["RFC7643-1.2-01"])
        .look(t, &answer, &all, |d| {
            let is_simple = d.text("type").is_some_and(|kind| TYPES.contains(&kind) && kind != "complex");
            (is_simple && !d.subs().is_empty()).then(|| format!("type {}", shown(member(d.json, "type"))))
        });
    // The schema of schemas describes itself, and may nest for that (RFC 7643 section 7).
    let is_allowed = |d: &Definition<'_>| d.schema.eq_ignore_ascii_case(SCHEMA);
    Mistake::new("a sub-attribute is complex itself", "a simple type", &["RFC7643-2.3.8-02", "RFC7643-7-04"])
        .look(t, &answer, &all, |d| {
            (d.depth > 0 && d.is("complex") && !is_allowed(d)).then(|| "complex".to_owned())
        });
    Mistake::new("a complex attribute does not say what it is made of", "subAttributes", &["RFC7643-7-11"])
        .concern()
        .look(t, &answer, &all, |d| {
            (d.is("complex") && d.subs().is_empty() && d.depth == 0).then(|| "no subAttributes".to_owned())
        });
    Ok(())
}

check! {
    /// Booleans and complex values have neither uniqueness nor letter case, and binary values no uniqueness.
    ///
    /// Why: `"uniqueness": "server"` on `active` would mean that only two people can exist. A client that takes it seriously
    /// refuses to send what the target would take.
    ///
    /// Fix: leave `uniqueness` and `caseExact` out of booleans and complex attributes; a complex attribute has them at its
    /// sub-attributes.
    FITTING = characteristics_fit_the_type,
    id: "schemas.fitting",
    title: "booleans and complex attributes have neither uniqueness nor letter case",
    level: Must,
    requirements: ["RFC7643-2.3.2-03", "RFC7643-2.3.8-03", "RFC7643-2.3.6-04"],
    needs: [Schemas],
    breaks: [],
}

async fn characteristics_fit_the_type(t: &Trial) -> Verdict {
    let answer = published(t).await?;
    let all = definitions(&answer)?;
    let unique = |d: &Definition<'_>| {
        d.text("uniqueness").filter(|u| matches!(*u, "server" | "global")).map(|u| format!("uniqueness {u}"))
    };
    let kinds: [(&'static str, &str, &[&str]); 3] = [
        ("a boolean is declared unique", "boolean", &["RFC7643-2.3.2-03"]),
        ("a complex attribute is declared unique", "complex", &["RFC7643-2.3.8-03"]),
        ("a binary attribute is declared unique", "binary", &["RFC7643-2.3.6-04"]),
    ];
    for (what, kind, breaks) in kinds {
        Mistake::new(what, "uniqueness none, or nothing", breaks)
            .look(t, &answer, &all, |d| unique(d).filter(|_| d.is(kind)));
    }
    let exact = |d: &Definition<'_>| {
        (member(d.json, "caseExact") == Some(&Value::Bool(true))).then(|| "caseExact true".to_owned())
    };
    let kinds: [(&'static str, &str, &[&str]); 2] = [
        ("a boolean is declared case-exact", "boolean", &["RFC7643-2.3.2-03"]),
        ("a complex attribute is declared case-exact", "complex", &["RFC7643-2.3.8-03"]),
    ];
    for (what, kind, breaks) in kinds {
        Mistake::new(what, "caseExact false, or nothing", breaks)
            .concern()
            .look(t, &answer, &all, |d| exact(d).filter(|_| d.is(kind)));
    }
    Ok(())
}

check! {
    /// An attribute of type `reference` says what it refers to in `referenceTypes`: names of resource types, `external` or
    /// `uri`.
    ///
    /// Why: without it a client cannot tell a link to a photo from the id of a manager, and does not know where to look the
    /// reference up.
    ///
    /// Fix: `"referenceTypes": ["User", "Group"]`, with names from /ResourceTypes.
    REFERENCES = references_say_to_what,
    id: "schemas.references",
    title: "references say what they refer to",
    level: Must,
    requirements: ["RFC7643-2.3.7-04", "RFC7643-7-37", "RFC7643-7-38"],
    needs: [Schemas],
    breaks: [],
}

async fn references_say_to_what(t: &Trial) -> Verdict {
    let answer = published(t).await?;
    let all = definitions(&answer)?;
    let is_list = |value: Option<&Value>| {
        value
            .and_then(Value::as_array)
            .is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_string))
    };
    Mistake::new(
        "a reference does not say what it refers to",
        "referenceTypes with at least one name",
        &["RFC7643-2.3.7-04"],
    )
    .look(t, &answer, &all, |d| {
        let given = member(d.json, "referenceTypes");
        (d.is("reference") && !is_list(given)).then(|| format!("referenceTypes {}", shown(given)))
    });
    // A standard schema refers to standard types also where the target does not have them.
    let mut known: Vec<String> =
        ["external", "uri", "User", "Group", "Schema", "ResourceType", "ServiceProviderConfig"]
            .map(str::to_owned)
            .to_vec();
    known.extend(t.kinds().iter().map(|kind| kind.name().to_owned()));
    let names = |d: &Definition<'_>| -> Vec<String> {
        let list = member(d.json, "referenceTypes").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Mistake::new(
        "a reference is to something that is no resource type",
        "a name of /ResourceTypes, external or uri",
        &["RFC7643-7-37"],
    )
    .concern()
    .look(t, &answer, &all, |d| {
        let odd: Vec<String> = names(d).into_iter().filter(|name| !known.contains(name)).collect();
        (d.is("reference") && !odd.is_empty()).then(|| shortened(&odd.join(", ")))
    });
    Mistake::new(
        "an attribute that is no reference has `referenceTypes`",
        "none, or the type reference",
        &["RFC7643-7-38"],
    )
    .concern()
    .look(t, &answer, &all, |d| {
        let is_other = d.text("type").is_some_and(|kind| kind != "reference");
        (is_other && !names(d).is_empty()).then(|| format!("type {}", d.text("type").unwrap_or_default()))
    });
    Ok(())
}
