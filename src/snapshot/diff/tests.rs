use super::*;
use proptest::prelude::*;
use serde_json::json;

/// A transcript of one step with this response.
fn one(status: &str, headers: &str, body: &serde_json::Value) -> String {
    format!("# 1. deactivate\n\nGET /Users\n\n{status}\n{headers}\n\n{}\n", super::super::json::pretty(body))
}

fn body_changes(old: serde_json::Value, new: serde_json::Value) -> String {
    changes(&one("200 OK", "", &old), &one("200 OK", "", &new)).join("\n")
}

#[test]
fn members_that_change_appear_and_vanish() {
    let old = json!({ "active": true, "name": { "givenName": "Ada", "a/b": 1 }, "title": "x" });
    let new = json!({ "active": "false", "name": { "givenName": "Bob", "a/b": 2 }, "nickName": null });
    insta::assert_snapshot!(body_changes(old, new), @r#"
    step 1 `deactivate`, response body /active: true → "false"
    step 1 `deactivate`, response body /name/givenName: "Ada" → "Bob"
    step 1 `deactivate`, response body /name/a~1b: 1 → 2
    step 1 `deactivate`, response body /title: removed, was "x"
    step 1 `deactivate`, response body /nickName: added, null
    "#);
}

#[test]
fn status_and_headers() {
    let old = one("200 OK", "Content-Type: application/scim+json\nETag: W/\"<version:1>\"", &json!({}));
    let new = one("201 Created", "Content-Type: text/html\nLocation: <base>/Users/<id:1>", &json!({}));
    insta::assert_snapshot!(changes(&old, &new).join("\n"), @r#"
    step 1 `deactivate`, response status: 200 OK → 201 Created
    step 1 `deactivate`, response header Content-Type: application/scim+json → text/html
    step 1 `deactivate`, response header ETag: removed, was W/"<version:1>"
    step 1 `deactivate`, response header Location: added, <base>/Users/<id:1>
    "#);
}

#[test]
fn elements_are_matched_by_what_identifies_them() {
    let old = json!({ "members": [{ "value": "a", "display": "A" }, { "value": "b" }, { "value": "c" }] });
    let new = json!({ "members": [{ "value": "c" }, { "value": "a", "display": "B" }, { "value": "d" }] });
    insta::assert_snapshot!(body_changes(old, new), @r#"
    step 1 `deactivate`, response body /members[value "a"]/display: "A" → "B"
    step 1 `deactivate`, response body /members[value "b"]: removed, was {"value":"b"}
    step 1 `deactivate`, response body /members[value "d"]: added, {"value":"d"}
    step 1 `deactivate`, response body /members: elements reordered
    "#);
}

#[test]
fn other_elements_are_matched_by_order() {
    let old = json!({ "schemas": ["a", "b", "c"], "x": [1, { "y": [1, 2] }] });
    let new = json!({ "schemas": ["a", "c", "d"], "x": [1, { "y": [1, 3] }] });
    insta::assert_snapshot!(body_changes(old, new), @r#"
    step 1 `deactivate`, response body /schemas/1: removed, was "b"
    step 1 `deactivate`, response body /schemas/2: added, "d"
    step 1 `deactivate`, response body /x/1/y/1: 2 → 3
    "#);
    // Values that are there twice do not identify.
    let old = json!([{ "value": "a", "type": "x" }, { "value": "a", "type": "y" }]);
    let new = json!([{ "value": "a", "type": "x" }, { "value": "a", "type": "z" }]);
    insta::assert_snapshot!(body_changes(old, new), @r#"step 1 `deactivate`, response body /1/type: "y" → "z""#);
}

#[test]
fn the_order_of_members_in_a_request_matters() {
    let with = |body: &str| format!("# 1. a\n\nPOST /Users\n\n{body}\n\n200 OK\n");
    let found = changes(&with("{\n  \"a\": 1,\n  \"b\": 2\n}"), &with("{\n  \"b\": 2,\n  \"a\": 1\n}"));
    insta::assert_snapshot!(found.join("\n"), @"step 1 `a`, request body: members reordered, a, b → b, a");
}

#[test]
fn bodies_that_become_something_else() {
    let with = |body: &str| format!("# 1. a\n\nGET /\n\n200 OK\n\n{body}\n");
    let mut all = Vec::new();
    for (old, new) in [
        ("{}", ""),
        ("", "{}"),
        ("{}", "| <h1>"),
        ("| a\n| b", "| a\n|\n| c"),
        ("{}", "<2 bytes, SHA-256 00>"),
    ] {
        all.extend(changes(&with(old), &with(new)));
    }
    insta::assert_snapshot!(all.join("\n"), @r#"
    step 1 `a`, response body: removed, was {}
    step 1 `a`, response body: added, {}
    step 1 `a`, response body: {} → "<h1>"
    step 1 `a`, response body: "a\nb" → "a\n\nc"
    step 1 `a`, response body: {} → <2 bytes, SHA-256 00>
    "#);
}

#[test]
fn steps_and_exchanges_that_come_and_go() {
    let step = |number: usize, name: &str, line: &str| format!("# {number}. {name}\n\n{line}\n\n200 OK\n\n");
    let old = step(1, "a", "GET /a") + &step(2, "b", "GET /b") + &step(3, "c", "GET /c");
    let new = step(1, "a", "GET /a") + &step(2, "c", "GET /c?x") + &step(3, "d", "GET /d");
    insta::assert_snapshot!(changes(&old, &new).join("\n"), @"
    step 2 `b`: removed
    step 2 `c`, request line: GET /c → GET /c?x
    step 3 `d`: added
    ");
    let renamed = step(1, "a", "GET /a") + &step(2, "B", "GET /b") + &step(3, "c", "GET /c");
    insta::assert_snapshot!(changes(&old, &renamed).join("\n"), @"step 2 `B`: was called `b`");
    let retried =
        "# 1. a\n\n## 1.1\n\nGET /a\n\n429 Too Many Requests\n\n## 1.2, attempt 2\n\nGET /a\n\n200 OK\n";
    insta::assert_snapshot!(changes(&step(1, "a", "GET /a"), retried).join("\n"), @"
    step 1 `a` exchange 1, response status: 200 OK → 429 Too Many Requests
    step 1 `a` exchange 2: added, `GET /a` with `200 OK`
    ");
    let failed = "# 1. a\n\nGET /a\n\nno response: timeout\n";
    insta::assert_snapshot!(changes(&step(1, "a", "GET /a"), failed).join("\n"), @"step 1 `a`, response status: 200 OK → no response: timeout");
}

#[test]
fn long_values_and_many_changes_are_cut() {
    let old = json!({ "about": "x".repeat(200) });
    let new = json!({ "about": "y".repeat(200) });
    let line = body_changes(old, new);
    assert!(line.chars().count() < 220 && line.contains('…'), "{line}");
    let numbers = |from: usize| {
        (from..from + 60).map(|n| (format!("m{n}"), json!(from))).collect::<serde_json::Map<_, _>>()
    };
    let all = body_changes(
        numbers(0).into(),
        numbers(0).into_iter().map(|(n, _)| (n, json!(1))).collect::<serde_json::Map<_, _>>().into(),
    );
    assert_eq!(all.lines().count(), 51);
    assert!(all.ends_with("and 10 more"));
}

#[test]
fn what_is_no_transcript_is_told() {
    assert_eq!(
        changes("GET /\n\n200 OK", "# 1. a\n"),
        ["the snapshot cannot be read as a transcript: there is a message before the first heading"]
    );
    assert_eq!(changes("# 1. a\n", "# 1. a\n\n\n"), ["only the layout of the text differs"]);
}

#[test]
fn the_text_diff_has_three_lines_of_context() {
    let lines = |changed: &str| {
        (1..=9).map(|n| if n == 5 { format!("{changed}\n") } else { format!("{n}\n") }).collect::<String>()
    };
    insta::assert_snapshot!(unified(&lines("old"), &lines("new")), @"
    --- snapshot
    +++ transcript
    @@ -2,7 +2,7 @@
     2
     3
     4
    -old
    +new
     6
     7
     8
    ");
}

proptest! {
    #[test]
    fn equal_values_have_no_changes_and_others_have_some(a in "[ab]{0,3}", b in "[ab]{0,3}", list in prop::collection::vec("[abc]", 0..5)) {
        let with = |text: &str| json!({ "list": list, "text": text, "nested": [{ "value": text }] });
        let mut found = Changes(Vec::new());
        value::compare(&with(&a), &with(&b), "body", "", &mut found);
        prop_assert_eq!(found.0.is_empty(), a == b, "{:?}", found.0);
    }
}
