//! Random JSON for property tests.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::protocol::schema::{ENTERPRISE_USER, USER};

/// Names that mean something to a user, in several spellings, and some that do not.
const NAMES: &[&str] = &[
    "schemas",
    "id",
    "meta",
    "userName",
    "USERNAME",
    "name",
    "givenName",
    "emails",
    "Emails",
    "value",
    "type",
    "primary",
    "display",
    "$ref",
    "active",
    "groups",
    "password",
    "manager",
    "department",
    "x",
    "",
    ENTERPRISE_USER,
    "name.givenName",
    "emails[type eq \"work\"].value",
    "op",
    "path",
    "Operations",
    "members",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
];
const TEXTS: &[&str] =
    &["", "a", "A", "b", "work", "home", "true", "False", "add", "remove", "replace", USER, ENTERPRISE_USER];

/// Any JSON, with a liking for names and texts that matter.
pub(in crate::protocol) fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(TEXTS).prop_map(Value::from),
        select(NAMES).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let name = prop_oneof![9 => select(NAMES).prop_map(str::to_owned), 1 => ".{0,8}"];
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((name, inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![1 => Just(Value::Null), 6 => "[abAB]{1,2}".prop_map(Value::from)]
}

fn object(members: Vec<(&'static str, Value)>) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// An element of `emails`, mostly without `primary`.
pub(in crate::protocol) fn email() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![Just(Value::Null), select(&["work", "home", "WORK"][..]).prop_map(Value::from)];
    let primary = prop_oneof![4 => Just(Value::Null), 1 => any::<bool>().prop_map(Value::from)];
    (text(), kind, primary, text()).prop_map(|(value, kind, primary, display)| {
        object(vec![("value", value), ("type", kind), ("primary", primary), ("display", display)])
    })
}

/// The body of a user that is mostly right.
pub(in crate::protocol) fn user_body() -> impl Strategy<Value = Value> {
    let optional = |value: BoxedStrategy<Value>| proptest::option::of(value);
    let name =
        (text(), text()).prop_map(|(given, family)| json!({ "givenName": given, "familyName": family }));
    let manager = text().prop_map(|value| json!({ "manager": { "value": value }, "department": "R" }));
    (
        optional(name.boxed()),
        optional(vec(email(), 0..4).prop_map(Value::from).boxed()),
        optional(text().boxed()),
        optional(any::<bool>().prop_map(Value::from).boxed()),
        optional(manager.boxed()),
    )
        .prop_map(|(name, emails, title, active, enterprise)| {
            let mut body = Map::new();
            body.insert("schemas".into(), json!([USER, ENTERPRISE_USER]));
            body.insert("userName".into(), "ada".into());
            let members = [
                ("name", name),
                ("emails", emails),
                ("title", title),
                ("active", active),
                (ENTERPRISE_USER, enterprise),
            ];
            body.extend(members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
            Value::Object(body)
        })
}
