use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::protocol::message::BULK_RESPONSE;
use crate::protocol::schema::{ENTERPRISE_USER, GROUP, USER};

fn parse(body: Value) -> Result<BulkRequest, ScimError> {
    BulkRequest::parse(body, 1000, &Policy::STRICT)
}

fn message(operations: Value) -> Value {
    json!({ "schemas": [BULK_REQUEST], "Operations": operations })
}

/// Why each of the operations is refused; nothing for those that are not.
fn refusals(operations: Value, policy: &Policy) -> Vec<Option<String>> {
    let request = BulkRequest::parse(message(operations), 1000, policy).unwrap();
    request.operations.into_iter().map(|entry| entry.err().map(|refused| refused.error.to_string())).collect()
}

/// Runs a request with ids made of the bulkIds, and gives what each operation would be carried out with.
fn resolved(body: Value) -> Vec<Operation> {
    let mut request = parse(body).unwrap();
    let mut ids = HashMap::new();
    let mut done = Vec::new();
    for group in plan(&request.operations) {
        for index in &group.operations {
            if let Some(bulk_id) = request.operations[*index].as_ref().unwrap().bulk_id.clone() {
                ids.insert(bulk_id.clone(), format!("id-of-{bulk_id}"));
            }
        }
        for index in group.operations {
            let operation = request.operations[index].as_mut().unwrap();
            operation.resolve(&ids).unwrap();
            done.push(operation.clone());
        }
    }
    done
}

#[test]
fn example_of_rfc_7644_3_7_1_circular_references() {
    let group = |name: &str, bulk_id: &str, member: &str| {
        json!({ "method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": {
            "schemas": [GROUP], "displayName": name, "members": [{ "type": "Group", "value": member }] } })
    };
    let body = message(json!([
        group("Group A", "qwerty", "bulkId:ytrewq"),
        group("Group B", "ytrewq", "bulkId:qwerty")
    ]));
    let groups = plan(&parse(body.clone()).unwrap().operations);
    assert_eq!(groups, [Group { operations: vec![0, 1], circular: true }]);
    let values: Vec<_> =
        resolved(body).into_iter().map(|op| op.data.unwrap()["members"][0]["value"].clone()).collect();
    assert_eq!(values, ["id-of-ytrewq", "id-of-qwerty"]);
}

#[test]
fn example_of_rfc_7644_3_7_2_a_user_and_a_group_with_it() {
    let done = resolved(message(json!([
        { "method": "POST", "path": "/Users", "bulkId": "qwerty", "data": { "schemas": [USER], "userName": "Alice" } },
        { "method": "POST", "path": "/Groups", "bulkId": "ytrewq", "data": {
            "schemas": [GROUP], "displayName": "Tour Guides",
            "members": [{ "type": "User", "value": "bulkId:qwerty" }] } }
    ])));
    assert_eq!(done[0].endpoint, "Users");
    assert_eq!(
        done[1].data.as_ref().unwrap()["members"],
        json!([{ "type": "User", "value": "id-of-qwerty" }])
    );
}

#[test]
fn example_of_rfc_7644_3_7_2_a_manager_in_an_extension() {
    let user = |bulk_id: &str, data: Value| json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data });
    let alice = user("qwerty", json!({ "schemas": [USER], "userName": "Alice" }));
    let bob = user(
        "ytrewq",
        json!({ "schemas": [USER, ENTERPRISE_USER], "userName": "Bob",
                ENTERPRISE_USER: { "employeeNumber": "11250", "manager": { "value": "bulkId:qwerty" } } }),
    );
    for operations in [json!([alice, bob]), json!([bob, alice])] {
        let done = resolved(message(operations));
        assert_eq!(done[1].data.as_ref().unwrap()[ENTERPRISE_USER]["manager"]["value"], "id-of-qwerty");
    }
}

#[test]
fn example_of_rfc_7644_3_7_3_add_update_and_remove() {
    // With the PatchOp message that erratum 5050 puts in.
    let request = parse(json!({
        "schemas": [BULK_REQUEST], "failOnErrors": 1, "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "qwerty",
              "data": { "schemas": [USER], "userName": "Alice" } },
            { "method": "PUT", "path": "/Users/b7c14771-226c-4d05-8860-134711653041",
              "version": "W/\"3694e05e9dff591\"", "data": { "schemas": [USER], "userName": "Bob" } },
            { "method": "PATCH", "path": "/Users/5d8d29d3-342c-4b5f-8683-a3cb6763ffcc",
              "version": "W/\"edac3253e2c0ef2\"", "data": { "Operations": [{ "op": "remove", "path": "nickName" }] } },
            { "method": "DELETE", "path": "/Users/e9025315-6bea-44e1-899c-1e07454e468b",
              "version": "W/\"0ee8add0a938e1a\"" }
        ]
    }))
    .unwrap();
    assert!(request.stops_after(1) && !request.stops_after(0));
    let operations: Vec<_> = request.operations.into_iter().map(Result::unwrap).collect();
    let shown = operations
        .iter()
        .map(|op| format!("{} {} {}", op.method, op.path(), op.version.as_deref().unwrap_or("-")));
    insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"), @r#"
    POST /Users -
    PUT /Users/b7c14771-226c-4d05-8860-134711653041 W/"3694e05e9dff591"
    PATCH /Users/5d8d29d3-342c-4b5f-8683-a3cb6763ffcc W/"edac3253e2c0ef2"
    DELETE /Users/e9025315-6bea-44e1-899c-1e07454e468b W/"0ee8add0a938e1a"
    "#);
    assert!(operations[3].data.is_none());

    let url = |operation: &Operation| format!("https://example.com/v2{}", operation.path());
    let done = |index: usize, status, version: Option<&str>| {
        let operation: &Operation = &operations[index];
        OperationResult::done(operation, status, url(operation), version.map(str::to_owned), None)
    };
    let failed = |index: usize, error: ScimError| {
        let operation: &Operation = &operations[index];
        OperationResult::failed(operation, Some(url(operation)), &error)
    };
    assert_eq!(
        response(vec![done(1, 200, Some("W/\"huJj29dMNgu3WXPD\"")), done(3, 204, None)]),
        json!({ "schemas": [BULK_RESPONSE], "Operations": [
            { "location": "https://example.com/v2/Users/b7c14771-226c-4d05-8860-134711653041",
              "method": "PUT", "version": "W/\"huJj29dMNgu3WXPD\"", "status": "200" },
            { "location": "https://example.com/v2/Users/e9025315-6bea-44e1-899c-1e07454e468b",
              "method": "DELETE", "status": "204" }
        ] })
    );
    let unparsable =
        ScimError::invalid_syntax("Request is unparsable, syntactically incorrect, or violates schema.");
    let absent = ScimError::status(404, "Resource does not exist.");
    assert_eq!(
        response(vec![failed(0, unparsable.clone()), failed(3, absent.clone())]),
        json!({ "schemas": [BULK_RESPONSE], "Operations": [
            { "method": "POST", "bulkId": "qwerty", "status": "400", "response": unparsable.to_json() },
            { "location": "https://example.com/v2/Users/e9025315-6bea-44e1-899c-1e07454e468b",
              "method": "DELETE", "status": "404", "response": absent.to_json() }
        ] })
    );
}

#[test]
fn rfc_7644_3_7_4_limits_are_named() {
    let delete = json!({ "method": "DELETE", "path": "/Users/1" });
    let body = |count: usize| message(Value::Array(vec![delete.clone(); count]));
    assert!(BulkRequest::parse(body(2), 2, &Policy::STRICT).is_ok());
    let error = BulkRequest::parse(body(3), 2, &Policy::STRICT).unwrap_err();
    insta::assert_snapshot!(error, @"413 the bulk request has 3 operations, which exceeds maxOperations (2)");
    insta::assert_snapshot!(payload_too_large(1_048_576), @"413 the size of the bulk request exceeds maxPayloadSize (1048576)");
}

#[test]
fn a_broken_message_fails_the_request() {
    for (body, expected) in [
        (json!([]), "400 invalidSyntax: the body of a bulk request must be a JSON object"),
        (
            json!({ "Operations": [{}] }),
            "400 invalidSyntax: `schemas` must name `urn:ietf:params:scim:api:messages:2.0:BulkRequest`",
        ),
        (
            json!({ "schemas": [BULK_REQUEST] }),
            "400 invalidSyntax: `Operations` must hold at least one operation",
        ),
        (message(json!([])), "400 invalidSyntax: `Operations` must hold at least one operation"),
        (message(json!({})), "400 invalidSyntax: `Operations` must be an array"),
        (
            json!({ "schemas": [BULK_REQUEST], "failOnErrors": "x", "Operations": [{}] }),
            "400 invalidSyntax: `failOnErrors` must be a whole number",
        ),
        (
            json!({ "schemas": [BULK_REQUEST], "failOnErrors": 1.5, "Operations": [{}] }),
            "400 invalidSyntax: `failOnErrors` must be a whole number",
        ),
        (
            json!({ "schemas": [BULK_REQUEST], "failOnErrors": 0, "Operations": [{}] }),
            "400 invalidValue: `failOnErrors` must be at least 1",
        ),
        (
            json!({ "schemas": [BULK_REQUEST], "failOnErrors": -1, "Operations": [{}] }),
            "400 invalidValue: `failOnErrors` must be at least 1",
        ),
    ] {
        assert_eq!(parse(body.clone()).unwrap_err().to_string(), expected, "{body}");
    }
    let lower = json!({ "SCHEMAS": [BULK_REQUEST.to_lowercase()], "failonerrors": null, "operations": [{}] });
    assert_eq!(parse(lower).unwrap().fail_on_errors, None);
}

#[test]
fn a_malformed_operation_fails_alone() {
    for (operation, problem) in [
        (json!(7), "an operation must be a JSON object"),
        (json!({ "path": "/Users" }), "the operation has no `method`: POST, PUT, PATCH or DELETE"),
        (
            json!({ "method": "GET", "path": "/Users/1" }),
            "`GET` is not a method of bulk operations: POST, PUT, PATCH or DELETE",
        ),
        (json!({ "method": 1 }), "`method` of an operation must be a string that is not empty"),
        (
            json!({ "method": "POST", "path": "/Users", "data": {} }),
            "the operation has no `bulkId`, which POST demands",
        ),
        (
            json!({ "method": "POST", "path": "/Users", "data": {}, "bulkId": "" }),
            "`bulkId` of an operation must be a string that is not empty",
        ),
        (json!({ "method": "DELETE" }), "the operation has no `path`"),
        (
            json!({ "method": "DELETE", "path": "/Users" }),
            "`/Users` is not a path for DELETE: it must be the path of a resource, like `/Users/2819c223`",
        ),
        (
            json!({ "method": "POST", "path": "/Users/1", "bulkId": "x", "data": {} }),
            "`/Users/1` is not a path for POST: it must be the endpoint of a resource type, like `/Users`",
        ),
        (
            json!({ "method": "DELETE", "path": "/Users/1?x" }),
            "`/Users/1?x` is not a path for DELETE: it must be the path of a resource, like `/Users/2819c223`",
        ),
        (
            json!({ "method": "DELETE", "path": "//1" }),
            "`//1` is not a path for DELETE: it must be the path of a resource, like `/Users/2819c223`",
        ),
        (json!({ "method": "PUT", "path": "/Users/1" }), "the operation has no `data`, which PUT demands"),
        (
            json!({ "method": "PATCH", "path": "/Users/1", "data": [] }),
            "`data` of an operation must be a JSON object",
        ),
        (
            json!({ "method": "DELETE", "path": "/Users/1", "version": 3 }),
            "`version` of an operation must be a string that is not empty",
        ),
    ] {
        let good = json!({ "method": "DELETE", "path": "/Users/1" });
        let found = refusals(json!([operation, good]), &Policy::STRICT);
        assert_eq!(found, [Some(format!("400 invalidSyntax: {problem}")), None], "{operation}");
    }
}

#[test]
fn bulk_ids_must_be_unique_and_defined() {
    let post = |bulk_id: &str, member: &str| json!({ "method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": { "members": [{ "value": member }] } });
    let found = refusals(
        json!([post("a", "bulkId:b"), post("b", "x"), post("a", "y"), post("c", "bulkId:z")]),
        &Policy::STRICT,
    );
    insta::assert_snapshot!(
        found.into_iter().map(|problem| problem.unwrap_or("-".into())).collect::<Vec<_>>().join("\n"),
        @r"
    -
    -
    400 invalidValue: bulkId `a` is used by an earlier operation
    400 invalidValue: no POST of this request has the bulkId `z`
    "
    );
}

#[test]
fn what_refers_to_a_refused_post_fails_when_it_runs() {
    let mut request = parse(message(json!([
        { "method": "POST", "path": "/Users", "bulkId": "u" },
        { "method": "PATCH", "path": "/Users/bulkId:u", "data": {} }
    ])))
    .unwrap();
    assert_eq!(request.operations[0].as_ref().unwrap_err().bulk_id.as_deref(), Some("u"));
    assert_eq!(request.operations[1].as_mut().unwrap().resolve(&HashMap::new()).unwrap_err().status, 409);
}

#[test]
fn methods_in_other_letter_cases_are_a_matter_of_policy() {
    let delete = json!([{ "method": "delete", "path": "Users/a%20b/" }]);
    assert!(refusals(delete.clone(), &Policy::STRICT)[0].is_some());
    let request = BulkRequest::parse(message(delete), 1, &Policy::INTEROP).unwrap();
    assert_eq!(request.operations[0].as_ref().unwrap().id.as_deref(), Some("a b"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "POST|PUT|PATCH|DELETE|/Users|/Users/1|bulkId:x|x|.{0,5}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let key = "method|path|bulkId|data|version|Operations|failOnErrors|members|\\$ref|.{0,3}";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(key, inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_input_panics(operations in proptest::collection::vec(any_json(), 0..6), body in any_json()) {
        let _ = parse(body);
        if let Ok(request) = parse(message(operations.into())) {
            prop_assert_eq!(plan(&request.operations).iter().flat_map(|g| &g.operations).count(), request.operations.len());
        }
    }
}
