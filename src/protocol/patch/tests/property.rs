//! What holds for every request.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::{ENTERPRISE_USER, INTEROP, STRICT, ada, message, run, standard_type, tour};
use crate::protocol::ingest::generate::{arbitrary_json, email, user_body};
use crate::protocol::ingest::{create, replace};
use crate::protocol::patch::{PatchRequest, apply};
use crate::protocol::policy::Policy;

const PATHS: &[&str] = &[
    "emails",
    "emails[type eq \"work\"]",
    "emails[type eq \"work\"].value",
    "emails[type eq \"other\"].primary",
    "emails[value pr].primary",
    "emails[not (type eq \"home\")]",
    "emails.type",
    "emails.primary",
    "emails[primary eq true]",
];
const OTHER_PATHS: &[&str] = &[
    "name",
    "name.givenName",
    "title",
    "active",
    "manager",
    "schemas",
    "id",
    "bogus",
    ENTERPRISE_USER,
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
];

fn policy() -> impl Strategy<Value = &'static Policy> {
    select(&[STRICT, INTEROP][..])
}

/// An operation on e-mail addresses that has good chances to succeed.
fn email_operation() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        4 => vec(email(), 0..3).prop_map(Value::from),
        2 => email(),
        2 => any::<bool>().prop_map(Value::from),
        2 => "[ab]".prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    (select(&["add", "remove", "replace"][..]), select(PATHS), value).prop_map(|(op, path, value)| match op {
        "remove" => json!({ "op": op, "path": path }),
        _ => json!({ "op": op, "path": path, "value": value }),
    })
}

fn any_operation() -> impl Strategy<Value = Value> {
    let path = prop_oneof![select(PATHS), select(OTHER_PATHS)];
    let wild = (select(&["add", "remove", "replace"][..]), proptest::option::of(path), arbitrary_json())
        .prop_map(|(op, path, value)| json!({ "op": op, "path": path, "value": value }));
    let path_less = (select(&["add", "replace"][..]), user_body())
        .prop_map(|(op, body)| json!({ "op": op, "value": body }));
    prop_oneof![email_operation(), wild, path_less]
}

fn primaries(resource: &Value) -> usize {
    resource["emails"]
        .as_array()
        .map_or(0, |emails| emails.iter().filter(|email| email["primary"] == true).count())
}

proptest! {
    #[test]
    fn no_message_panics(body in arbitrary_json(), operations in arbitrary_json(), policy in policy()) {
        for body in [body, message(operations)] {
            if let Ok(request) = PatchRequest::parse(&body, policy) {
                let _ = apply(standard_type("User"), ada().as_object().unwrap(), &request, policy);
            }
        }
    }

    /// The result of a PATCH is what a PUT of it would make of it.
    #[test]
    fn the_result_is_canonical(operations in vec(any_operation(), 1..4), policy in policy()) {
        if let Ok((result, changed)) = run(&ada(), operations.into(), policy) {
            prop_assert_eq!(changed, result != ada());
            prop_assert!(primaries(&result) <= 1);
            let mut put = Value::Object(
                replace(standard_type("User"), result.as_object().unwrap(), result.clone(), policy).unwrap());
            put["id"] = result["id"].clone();
            put["meta"] = result["meta"].clone();
            prop_assert_eq!(put, result);
        }
    }

    #[test]
    fn other_attributes_are_untouched(operations in vec(email_operation(), 1..4), policy in policy()) {
        if let Ok((mut result, _)) = run(&ada(), operations.into(), policy) {
            result["emails"] = ada()["emails"].clone();
            prop_assert_eq!(result, ada());
        }
    }

    #[test]
    fn adding_twice_is_adding_once(body in user_body(), emails in vec(email(), 0..3), policy in policy()) {
        let Ok(user) = create(standard_type("User"), body.clone(), policy) else { return Ok(()) };
        for add in [json!({ "op": "add", "path": "emails", "value": emails }), json!({ "op": "add", "value": body })] {
            if let Ok((once, _)) = run(&Value::Object(user.clone()), json!([add]), policy) {
                let (twice, changed) = run(&once, json!([add]), policy).unwrap();
                prop_assert!(!changed);
                prop_assert_eq!(twice, once);
            }
        }
    }

    #[test]
    fn removing_what_was_added_restores(id in "[c-z][a-z]{0,5}", policy in policy()) {
        let (added, changed) =
            run(&tour(), json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]), policy).unwrap();
        prop_assert!(changed);
        let path = format!("members[value eq \"{id}\"]");
        let (restored, _) = run(&added, json!([{ "op": "remove", "path": path }]), policy).unwrap();
        prop_assert_eq!(restored, tour());
    }

    /// A request is all or nothing: what fails alone fails at the end of any request.
    #[test]
    fn one_mistake_refuses_the_whole_request(operations in vec(any_operation(), 0..3), policy in policy()) {
        let mut operations = operations;
        operations.push(json!({ "op": "remove", "path": "userName" }));
        prop_assert!(run(&ada(), operations.into(), policy).is_err());
    }
}
