use std::path::Path;

use super::*;
use crate::exchange::Headers;
use crate::scenario::{Scenario, load};
use proptest::prelude::*;
use serde_json::json;

/// A scenario with one step that has this `expect`.
fn scenario(expect: &str) -> Scenario {
    let text = format!(
        "scenario: x\nvars: {{ name: a.b, count: 2, person: {{ userName: ada }}, nothing: ~ }}\nsteps:\n  - request: GET /Users\n    expect:\n      {}\n",
        expect.replace('\n', "\n      ")
    );
    match load(Path::new("a.yaml"), "a", &|_| Ok(text.clone().into_bytes())) {
        Ok(scenario) => scenario,
        Err(found) => panic!("{}", found.iter().map(|mistake| mistake.render(false)).collect::<String>()),
    }
}

fn response(body: &str) -> Response {
    let headers: Headers = [
        ("Content-Type", "application/scim+json"),
        ("ETag", "W/\"1\""),
        ("Allow", "GET"),
        ("Allow", "PUT"),
        ("Retry-After", "30"),
    ]
    .into_iter()
    .collect();
    Response { status: 200, headers, body: body.to_owned().into() }
}

fn variables() -> Variables {
    let values = json!({ "name": "a.b", "count": 2, "person": { "userName": "ada" }, "nothing": null, "base": "http://x/v2" });
    Variables::new(values.as_object().unwrap().clone())
}

/// What does not hold: `place: expected …, found …`.
fn wrong(expect: &str, body: &str) -> Vec<String> {
    let scenario = scenario(expect);
    let found = request(&scenario.steps[0]).expect.check(&response(body), &variables()).unwrap();
    found.iter().map(|m| format!("{}: expected {}, found {}", m.place, m.expected, m.found)).collect()
}

/// Whether a pattern for the body holds.
fn holds(pattern: &str, body: &serde_json::Value) -> bool {
    wrong(&format!("body: {pattern}"), &body.to_string()).is_empty()
}

fn request(step: &crate::scenario::Step) -> &crate::scenario::RequestStep {
    match step {
        crate::scenario::Step::Request(step) => step,
        crate::scenario::Step::Idp(step) => panic!("`{}` is an `idp` step", step.name),
    }
}

#[test]
fn objects_match_as_a_subset_and_names_without_case() {
    let body = json!({ "totalResults": 1, "Resources": [{ "id": "1", "active": false, "name": { "givenName": "A" } }] });
    assert!(holds("{ TOTALRESULTS: 1, resources: [{ active: false, name: {} }] }", &body));
    assert_eq!(
        wrong(
            "body: { totalResults: 2, Resources: [{ active: true, userName: ada, name: { givenName: B } }], x: 1 }",
            &body.to_string()
        ),
        [
            "`/totalResults` in the body: expected `2`, found `1`",
            "`/Resources/0/active` in the body: expected `true`, found `false`",
            "`/Resources/0/userName` in the body: expected `\"ada\"`, found nothing",
            "`/Resources/0/name/givenName` in the body: expected `\"B\"`, found `\"A\"`",
            "`/x` in the body: expected `1`, found nothing",
        ]
    );
}

#[test]
fn lists_match_one_by_one_and_scalars_by_value() {
    assert!(holds("[1, 2.0, a, ~, true]", &json!([1.0, 2, "a", null, true])));
    for body in [json!([1]), json!([1, 2, 3]), json!([2, 1]), json!("x"), json!({})] {
        assert!(!holds("[1, 2]", &body), "{body}");
    }
    assert!(!holds("{ a: '1' }", &json!({ "a": 1 })));
    assert!(!holds("{ a: 1 }", &json!({ "a": "1" })));
    assert!(!holds("{ a: A }", &json!({ "a": "a" })));
    assert!(holds("{ a: 9007199254740993 }", &json!({ "a": 9_007_199_254_740_993_i64 })));
    assert!(!holds("{ a: 9007199254740993 }", &json!({ "a": 9_007_199_254_740_992_i64 })));
}

#[test]
fn every_matcher_holds_and_does_not_hold() {
    let body = json!({
        "text": "ada@acme.test", "empty": "", "null": null, "none": [], "list": [1, "x", { "a": 1, "b": 2 }], "object": { "a": 1 },
        "five": 5, "float": 1.5, "yes": true, "time": "2011-05-13T04:42:34Z",
    });
    for (holding, failing) in [
        (
            "{ nope: { $absent: true }, 'null': { $absent: true }, none: { $absent: true } }",
            "{ empty: { $absent: true } }",
        ),
        ("{ empty: { $present: true }, yes: { $absent: false } }", "{ none: { $present: true } }"),
        ("{ nope: { $present: false } }", "{ text: { $present: false } }"),
        ("{ object: { $exact: { A: 1.0 } } }", "{ object: { $exact: {} } }"),
        ("{ list: { $exact: [1, x, { b: 2, a: 1 }] } }", "{ list: { $exact: [1, x, { a: 1 }] } }"),
        ("{ text: { $not: x }, nope: { $not: { $present: true } } }", "{ five: { $not: { $gt: 4 } } }"),
        ("{ text: { $matches: '@acme\\.test$' } }", "{ text: { $matches: '^acme' } }"),
        ("{ text: { $matches: '' } }", "{ five: { $matches: '5' } }"),
        ("{ text: { $contains: acme } }", "{ text: { $contains: ACME } }"),
        ("{ text: { $contains: [ada, test] } }", "{ text: { $contains: [ada, bob] } }"),
        ("{ list: { $contains: { a: 1 } } }", "{ list: { $contains: { a: 2 } } }"),
        ("{ list: { $contains: [x, { $type: number }] } }", "{ list: { $contains: [x, x] } }"),
        ("{ list: { $contains: [] } }", "{ object: { $contains: a } }"),
        (
            "{ list: { $length: 3 }, text: { $length: 13 }, object: { $length: 1 } }",
            "{ list: { $length: 2 } }",
        ),
        ("{ none: { $length: 0 } }", "{ nope: { $length: 0 } }"),
        ("{ list: { $unordered: [{ b: 2 }, 1, x] } }", "{ list: { $unordered: [1, x] } }"),
        ("{ none: { $unordered: [] } }", "{ list: { $unordered: [1, x, 2] } }"),
        ("{ five: { $any: [4, { $ge: 5 }] } }", "{ five: { $any: [] } }"),
        (
            "{ text: { $type: string }, five: { $type: integer }, float: { $type: number } }",
            "{ float: { $type: integer } }",
        ),
        (
            "{ yes: { $type: boolean }, list: { $type: array }, object: { $type: object } }",
            "{ 'null': { $type: object } }",
        ),
        ("{ time: { $type: dateTime } }", "{ text: { $type: dateTime } }"),
        ("{ five: { $gt: 4, $ge: 5, $lt: 5.5, $le: 5 } }", "{ five: { $gt: 4, $lt: 5 } }"),
        ("{ float: { $le: 1.5 } }", "{ text: { $ge: 0 } }"),
    ] {
        assert!(holds(holding, &body), "{holding}");
        assert!(!holds(failing, &body), "{failing}");
    }
}

#[test]
fn unordered_gives_each_pattern_an_element_of_its_own() {
    let users = json!([{ "userName": "ada", "active": true }, { "userName": "bob", "active": true }]);
    // Greedy matching would give `ada` to the first pattern and nothing to the second.
    assert!(holds("{ $unordered: [{ active: true }, { userName: ada }] }", &users));
    assert!(holds("{ $contains: [{ active: true }, { userName: ada }] }", &users));
    assert!(!holds("{ $unordered: [{ userName: ada }, { userName: ada }] }", &users));
    assert_eq!(
        wrong("body: { $unordered: [{ userName: ada }, { userName: eve }] }", &users.to_string()).len(),
        1,
        "only the pattern without an element is reported"
    );
}

#[test]
fn status_and_headers() {
    assert!(
        wrong("{ status: [200, 204], headers: { content-TYPE: { $matches: ^application/scim } } }", "")
            .is_empty()
    );
    assert!(
        wrong("headers: { Allow: { $contains: [GET, PUT] }, Retry-After: { $gt: 10, $le: 30 } }", "")
            .is_empty()
    );
    assert!(wrong("headers: { Retry-After: 30, X-None: { $absent: true }, ETag: 'W/\"1\"' }", "").is_empty());
    assert_eq!(
        wrong(
            "{ status: 200, headers: { ETag: { $absent: true }, Location: { $present: true }, Retry-After: 31 } }",
            ""
        ),
        [
            "the header `ETag`: expected nothing, found `\"W/\\\"1\\\"\"`",
            "the header `Location`: expected a value, found nothing",
            "the header `Retry-After`: expected `\"31\"`, found `\"30\"`",
        ]
    );
}

#[test]
fn bodies_that_are_not_json() {
    assert!(wrong("body: { $absent: true }", "").is_empty());
    assert!(wrong("body: { $exact: '' }", "").is_empty());
    assert!(wrong("body: { $not: { $present: true } }", "").is_empty());
    assert!(wrong("body: { $matches: ^<html }", "<html>").is_empty());
    assert!(wrong("body: { $exact: <html> }", "<html>").is_empty());
    assert_eq!(wrong("body: { $absent: true }", "{}"), ["the body: expected nothing, found `{}`"]);
    assert_eq!(wrong("body: { $present: true }", ""), ["the body: expected a value, found nothing"]);
    assert_eq!(wrong("body: { id: 1 }", "<html>"), ["the body: expected an object, found `\"<html>\"`"]);
    assert_eq!(wrong("body: { id: 1 }", ""), ["the body: expected an object, found nothing"]);
}

#[test]
fn variables_take_their_type_and_stand_for_themselves() {
    assert!(holds(
        "{ a: '{{ count }}', b: '{{ person }}', c: 'x{{ count }}' }",
        &json!({ "a": 2, "b": { "userName": "ada", "id": 1 }, "c": "x2" })
    ));
    assert!(!holds("{ b: '{{ person }}' }", &json!({ "b": { "userName": "eve" } })));
    assert!(holds("{ a: { $matches: '^{{ name }}$' } }", &json!({ "a": "a.b" })));
    assert!(!holds("{ a: { $matches: '^{{ name }}$' } }", &json!({ "a": "axb" })));
    assert!(holds(
        "{ a: { $length: '{{ count }}' }, b: { $ge: '{{ count }}' } }",
        &json!({ "a": [1, 2], "b": 2 })
    ));
    assert!(holds("{ '{{ name }}': { $exact: { n: '{{ count }}' } } }", &json!({ "a.b": { "n": 2 } })));
    assert_eq!(
        wrong("body: { a: { $length: '{{ name }}' } }", "{}"),
        ["`/a` in the body: expected a number to compare with, found `\"a.b\"` in the variable"]
    );
}

#[test]
fn a_missing_variable_is_an_error_wherever_it_is_used() {
    let scenario = scenario("body: { $not: { a: '{{ person.userName }}' } }");
    let mut without = variables();
    without.set("person", json!({}));
    let undefined = request(&scenario.steps[0]).expect.check(&response("{}"), &without).unwrap_err();
    assert_eq!(undefined[0].title, "`person` has no member `userName`");
}

#[test]
fn a_wrong_status_is_all_that_is_told() {
    assert_eq!(
        wrong("status: [201, 204]\nbody: { a: 1 }", "{}"),
        ["the status: expected `201` or `204`, found `200` (OK)"]
    );
}

#[test]
fn mismatches_point_at_the_expectation() {
    let scenario = scenario(
        "status: 200\nbody:\n  Resources:\n    - active: false\n      emails: { $contains: { type: work } }\n      nickName: ~\n  meta: { $exact: { version: 1 } }\n  schemas: { $unordered: [a, b] }",
    );
    let body = json!({
        "Resources": [{ "active": true, "emails": [{ "type": "home", "value": "x".repeat(300) }] }],
        "meta": { "version": 2, "location": "here" }, "schemas": ["a", "a"],
    });
    let found = request(&scenario.steps[0]).expect.check(&response(&body.to_string()), &variables()).unwrap();
    let text: Vec<String> =
        found.iter().map(|m| m.diagnostic(&scenario.source, "the answer").render(false)).collect();
    insta::assert_snapshot!(text.join("\n\n"), @r#"
    error: `/Resources/0/active` in the body: expected `false`, found `true`
     --> a.yaml:9:21
      |
    9 |           - active: false
      |                     ^^^^^ expected `false`
      |
      = note: in the answer

    error: `/Resources/0/emails` in the body: expected an element like this, found none in `[{"type":"home","value":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…`
      --> a.yaml:10:23
       |
    10 |             emails: { $contains: { type: work } }
       |                       ^^^^^^^^^^^^^^^^^^^^^^^^^^ expected an element like this
       |
       = note: in the answer

    error: `/Resources/0/nickName` in the body: expected `null`, found nothing
      --> a.yaml:11:23
       |
    11 |             nickName: ~
       |                       ^ expected `null`
       |
       = note: in the answer
       = help: `{ $absent: true }` holds for absent, null and `[]` alike

    error: `/meta/version` in the body: expected exactly `1`, found `2`
      --> a.yaml:12:17
       |
    12 |         meta: { $exact: { version: 1 } }
       |                 ^^^^^^^^^^^^^^^^^^^^^^^ expected exactly `1`
       |
       = note: in the answer

    error: `/meta/location` in the body: expected exactly this, without this member, found `"here"`
      --> a.yaml:12:17
       |
    12 |         meta: { $exact: { version: 1 } }
       |                 ^^^^^^^^^^^^^^^^^^^^^^^ expected exactly this, without this member
       |
       = note: in the answer

    error: `/schemas` in the body: expected an element like this, found none in `["a","a"]`
      --> a.yaml:13:36
       |
    13 |         schemas: { $unordered: [a, b] }
       |                                    ^ expected an element like this
       |
       = note: in the answer
    "#);
}

/// `{ $name: value }` as it would stand in a file.
fn matcher(name: &str, value: &impl serde::Serialize) -> String {
    json!({ name: value }).to_string()
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (0i64..5).prop_map(Into::into),
        "[a-c]{0,2}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map("[a-c]{1,2}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_matches_itself(value in json_value()) {
        prop_assert!(holds(&value.to_string(), &value));
        prop_assert!(holds(&matcher("$exact", &value), &value));
        prop_assert!(!holds(&matcher("$not", &value), &value));
    }

    #[test]
    fn exact_is_equality(a in json_value(), b in json_value()) {
        prop_assert_eq!(holds(&matcher("$exact", &a), &b), a == b);
    }

    #[test]
    fn a_shuffled_list_matches_unordered(list in proptest::collection::vec(json_value(), 0..5), by in 0usize..5) {
        let mut shuffled = list.clone();
        shuffled.rotate_left(by.min(list.len()));
        shuffled.reverse();
        prop_assert!(holds(&matcher("$unordered", &list), &shuffled.into()));
    }
}
