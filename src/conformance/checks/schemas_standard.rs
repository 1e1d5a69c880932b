//! The core schemas as a target publishes them, beside RFC 7643 §4 and §8.7.1 with its errata, and extensions beside the
//! conventions of the standard (§3.3).

use std::collections::BTreeSet;

use serde_json::Value;

use super::discovery_documents::assigned;
use super::schemas::published;
use super::schemas_lint::{Definition, definitions};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::{Flaw, Verdict, skip};
use crate::protocol::message::member;
use crate::protocol::schema::{Attribute, ENTERPRISE_USER, GROUP, SCHEMA, Schema, Type, USER, standard};

pub(super) const CHECKS: &[Check] = &[CORE_USER, CORE_GROUP, CORE_ENTERPRISE, REDEFINED, STYLE];

/// What RFC 7643 says of an attribute beyond its form, and a target cannot choose: schema, path, characteristic, value.
const FIXED: [(&str, &str, &str, &[&str]); 9] = [
    (USER, "userName", "required", &["true"]),
    (USER, "userName", "uniqueness", &["server", "global"]),
    (USER, "userName", "caseExact", &["false"]),
    (USER, "password", "mutability", &["writeOnly"]),
    (USER, "password", "returned", &["never"]),
    (USER, "groups", "mutability", &["readOnly"]),
    (GROUP, "displayName", "required", &["true"]),
    (GROUP, "members", "mutability", &["readWrite", "readOnly"]),
    (ENTERPRISE_USER, "manager.displayName", "mutability", &["readOnly"]),
];

/// The definition that RFC 7643 gives, sub-attributes included.
fn standard_of<'s>(schema: &'s Schema, path: &str) -> Option<&'s Attribute> {
    let (name, sub) = path.split_once('.').map_or((path, None), |(name, sub)| (name, Some(sub)));
    let attribute = schema.attributes.iter().find(|a| a.name.eq_ignore_ascii_case(name))?;
    match sub {
        None => Some(attribute),
        Some(sub) => attribute.sub(sub),
    }
}

/// Whether values of both types look alike in JSON.
fn look_alike(a: Type, b: &str) -> bool {
    const TEXT: [&str; 4] = ["string", "reference", "binary", "dateTime"];
    const NUMBER: [&str; 2] = ["integer", "decimal"];
    let both = |set: &[&str]| set.contains(&a.keyword()) && set.contains(&b);
    both(&TEXT) || both(&NUMBER)
}

/// Judges a published schema by the standard one. Attributes that are not published are no matter.
async fn compare(t: &Trial, schema: &'static str) -> Verdict {
    let answer = published(t).await?;
    let all = definitions(&answer)?;
    let own: Vec<&Definition<'_>> = all.iter().filter(|d| d.schema.eq_ignore_ascii_case(schema)).collect();
    if own.is_empty() {
        return skip(format!("the target does not publish {schema}"));
    }
    let find = |path: &str| own.iter().find(|d| d.path.eq_ignore_ascii_case(path));
    if schema == USER && find("userName").is_none() {
        let flaw = answer.flaw("the User schema has no userName").breaks(&["RFC7643-8.7.1-02"]);
        t.note(flaw.expected("userName, which every user must have").got("nothing"));
    }
    let standard = standard::schemas().into_iter().find(|known| known.id == schema);
    for definition in &own {
        if let Some(wanted) = standard.as_ref().and_then(|known| standard_of(known, &definition.path)) {
            judge_form(t, &answer, definition, wanted);
        }
    }
    for (_, path, name, legal) in FIXED.iter().filter(|(of, ..)| *of == schema) {
        let Some(definition) = find(path) else { continue };
        let given = assigned(definition.json, name).map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        // What is not stated has the default (RFC 7643 section 2.2).
        let given = given.unwrap_or_else(|| default_of(name).to_owned());
        if !legal.contains(&given.as_str()) {
            let flaw = answer
                .flaw(format!("`{path}` is published with another {name} than RFC 7643 gives it"))
                .expected(format!("{name} {}", legal.join(" or ")))
                .got(format!("{name} {given}"))
                .breaks(&["RFC7643-8.7.1-02"]);
            // A name of somebody else that can be written is odd, and does no harm. Of the name of a group the RFC says in
            // its text that it is required, and in its schema that it is not (erratum 5368).
            let is_mild = ["manager.displayName", "displayName"].contains(path);
            t.note(if is_mild { flaw.concern() } else { flaw });
        }
    }
    Ok(())
}

fn default_of(name: &str) -> &'static str {
    match name {
        "mutability" => "readWrite",
        "returned" => "default",
        "uniqueness" => "none",
        _ => "false",
    }
}

fn judge_form(t: &Trial, answer: &Answer, definition: &Definition<'_>, wanted: &Attribute) {
    let flaw = |what: String| -> Flaw { answer.flaw(what).breaks(&["RFC7643-8.7.1-02"]) };
    let path = &definition.path;
    if let Some(kind) =
        definition.text("type").filter(|kind| !kind.eq_ignore_ascii_case(wanted.kind.keyword()))
    {
        let flaw = flaw(format!("`{path}` is published with another type than RFC 7643 gives it"));
        let flaw = flaw.expected(format!("type {}", wanted.kind.keyword())).got(format!("type {kind}"));
        t.note(if look_alike(wanted.kind, kind) { flaw.concern() } else { flaw });
    }
    let plural = member(definition.json, "multiValued").and_then(Value::as_bool);
    if let Some(plural) = plural.filter(|plural| *plural != wanted.multi_valued) {
        let flaw = flaw(format!("`{path}` is published with another plurality than RFC 7643 gives it"));
        t.note(
            flaw.expected(format!("multiValued {}", wanted.multi_valued))
                .got(format!("multiValued {plural}")),
        );
    }
}

check! {
    /// The attributes of the core User schema that are published have the type and plurality of RFC 7643; `userName` is
    /// required, unique and compared without letter case, `password` is written and never returned, `groups` is read-only.
    /// Leaving attributes out is fine.
    ///
    /// Why: identity providers map people to the standard attributes with the standard forms built in. They send `emails` as
    /// a list whatever /Schemas says.
    ///
    /// Fix: publish the standard definitions, without what you do not keep; put deviating attributes into an extension.
    CORE_USER = core_user,
    id: "schemas.core-user",
    title: "the published User schema agrees with RFC 7643",
    level: Must,
    requirements: ["RFC7643-8.7.1-01", "RFC7643-8.7.1-02"],
    needs: [Schemas],
    breaks: [Entra],
}

async fn core_user(t: &Trial) -> Verdict {
    compare(t, USER).await
}

check! {
    /// The attributes of the core Group schema that are published have the type and plurality of RFC 7643; `members` is a
    /// list of complex values.
    ///
    /// Why: identity providers send members as `[ { "value": "id" } ]` whatever /Schemas says.
    ///
    /// Fix: publish the standard definitions; put deviating attributes into an extension.
    CORE_GROUP = core_group,
    id: "schemas.core-group",
    title: "the published Group schema agrees with RFC 7643",
    level: Must,
    requirements: ["RFC7643-8.7.1-01", "RFC7643-8.7.1-02"],
    needs: [Schemas],
    breaks: [Entra],
}

async fn core_group(t: &Trial) -> Verdict {
    compare(t, GROUP).await
}

check! {
    /// The attributes of the enterprise extension that are published have the type and plurality of RFC 7643; `manager` is
    /// complex, and its `displayName` is read-only.
    ///
    /// Why: Entra and others map department, cost centre and manager to this extension with the standard forms built in.
    ///
    /// Fix: publish the standard definitions; put deviating attributes into an extension of your own.
    CORE_ENTERPRISE = core_enterprise,
    id: "schemas.core-enterprise",
    title: "the published enterprise extension agrees with RFC 7643",
    level: Must,
    requirements: ["RFC7643-8.7.1-01", "RFC7643-8.7.1-02"],
    needs: [Schemas, Enterprise],
    breaks: [Entra],
}

async fn core_enterprise(t: &Trial) -> Verdict {
    compare(t, ENTERPRISE_USER).await
}

check! {
    /// An extension does not define attributes that the schema which it extends has already.
    ///
    /// Why: with two attributes of one name people fill the wrong one, and clients that leave out the URN of the extension write
    /// into the core.
    ///
    /// Fix: take the attribute out of the extension, or give it a name that says how it differs.
    REDEFINED = extensions_add_something,
    id: "schemas.extension-names",
    title: "extensions define nothing that their base defines",
    level: Should,
    requirements: ["RFC7643-3.3-04"],
    needs: [Schemas],
    breaks: [],
}

async fn extensions_add_something(t: &Trial) -> Verdict {
    let answer = published(t).await?;
    let mut seen = 0;
    for kind in t.kinds() {
        let mut base: BTreeSet<String> =
            ["id", "externalid", "meta", "schemas"].map(str::to_owned).into_iter().collect();
        base.extend(kind.schema.core.attributes.iter().map(|attribute| attribute.name.to_ascii_lowercase()));
        for extension in &kind.schema.extensions {
            seen += 1;
            for attribute in &extension.schema.attributes {
                if base.contains(&attribute.name.to_ascii_lowercase()) {
                    let urn = &extension.schema.id;
                    let flaw =
                        answer.flaw(format!("{urn} defines an attribute that {} has already", kind.name()));
                    t.note(flaw.expected("attributes of its own").got(attribute.name.clone()));
                }
            }
        }
    }
    if seen == 0 { skip("no resource type has an extension") } else { Ok(()) }
}

/// The sub-attributes that RFC 7643 section 2.4 gives a meaning, and the type that this needs.
const PREDEFINED: [(&str, &[&str]); 4] = [
    ("primary", &["boolean"]),
    ("type", &["string"]),
    ("display", &["string"]),
    ("$ref", &["reference", "string"]),
];

check! {
    /// Schemas of your own follow the conventions of the standard: names in camelCase, and sub-attributes called `primary`,
    /// `type`, `display` or `$ref` with the type and plurality that they have everywhere.
    ///
    /// Why: clients handle multi-valued attributes by these names. A `primary` that is text is never found, and is never reset when
    /// another value becomes primary.
    ///
    /// Fix: rename the attribute, or give it the standard form.
    STYLE = extensions_follow_conventions,
    id: "schemas.extension-style",
    title: "schemas of the target follow the conventions of the standard",
    level: Should,
    requirements: ["RFC7643-3.3-05"],
    needs: [Schemas],
    breaks: [],
}

async fn extensions_follow_conventions(t: &Trial) -> Verdict {
    let answer = published(t).await?;
    let is_standard =
        |schema: &str| schema.to_ascii_lowercase().starts_with("urn:ietf:params:scim:schemas:core:");
    let mut seen = 0;
    for definition in definitions(&answer)? {
        if is_standard(definition.schema) || definition.schema.eq_ignore_ascii_case(SCHEMA) {
            continue;
        }
        seen += 1;
        let name = definition.text("name").unwrap_or_default();
        let place = format!("{} of {}", definition.path, definition.schema);
        if name.starts_with(|c: char| c.is_ascii_uppercase()) {
            let flaw = answer.flaw("an attribute name does not begin with a small letter");
            t.note(flaw.expected("camelCase").got(place.clone()));
        }
        let known = PREDEFINED.iter().find(|(known, _)| definition.depth == 1 && *known == name);
        let Some((_, types)) = known else { continue };
        let kind = definition.text("type").unwrap_or("string");
        let is_plural = member(definition.json, "multiValued") == Some(&Value::Bool(true));
        if !types.contains(&kind) || is_plural {
            let flaw = answer.flaw(format!("`{name}` has another form than everywhere else"));
            let got = format!("{place}: type {kind}, multiValued {is_plural}");
            t.note(flaw.expected(format!("a single {}", types[0])).got(got));
        }
    }
    if seen == 0 { skip("the target publishes no schemas but those of the core") } else { Ok(()) }
}
