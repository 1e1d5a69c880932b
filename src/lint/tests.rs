//! Each rule with a request that breaks it and one that does not, and hostile input.

use proptest::prelude::*;

use super::*;

static REGISTRY: std::sync::LazyLock<Registry> = std::sync::LazyLock::new(Registry::standard);

const HEADERS: [(&str, &str); 3] = [
    ("User-Agent", "tests/1"),
    ("Accept", "application/scim+json"),
    ("Content-Type", "application/scim+json"),
];

/// A request as the tables below write it: the request line, header fields (those of [`HEADERS`] are there anyway; one
/// without a value is taken away), the body.
fn look(line: &str, fields: &[(&str, &str)], body: &str) -> Vec<Remark> {
    let (method, target) = line.split_once(' ').unwrap();
    let mut headers: Headers = HEADERS.into_iter().collect();
    for (name, value) in fields {
        match value.is_empty() {
            true => headers.remove(name),
            false => headers.set(name, *value),
        }
    }
    lint(&REGISTRY, &Seen { method, target, headers: &headers, body: body.as_bytes() })
}

/// The body of a user, with more members; `$CORE`, `$ENT`, `$PATCH`, `$BULK`, `$SEARCH` are URNs.
fn expanded(text: &str) -> String {
    let user = r#"{"schemas":["$CORE"],"userName":"ada","#;
    let patch = r#"{"schemas":["$PATCH"],"Operations":["#;
    text.replace("USER{", user)
        .replace("GROUP{", r#"{"schemas":["$GROUP"],"displayName":"all","#)
        .replace("PATCH[", patch)
        .replace("BULK[", r#"{"schemas":["$BULK"],"Operations":["#)
        .replace("SEARCH{", r#"{"schemas":["$SEARCH"],"#)
        .replace("$CORE", crate::protocol::schema::USER)
        .replace("$GROUP", crate::protocol::schema::GROUP)
        .replace("$ENT", crate::protocol::schema::ENTERPRISE_USER)
        .replace("$PATCH", crate::protocol::message::PATCH_OP)
        .replace("$BULK", crate::protocol::message::BULK_REQUEST)
        .replace("$SEARCH", crate::protocol::message::SEARCH_REQUEST)
}

/// The table of cases: rule, quirk, a request that breaks it, and one that does not.
fn cases() -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
    let lines: Vec<&str> =
        include_str!("cases.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let case = |lines: &[&'static str]| {
        let (rule, quirk) = lines[0].split_once(' ').unwrap();
        (rule, quirk, lines[1].strip_prefix("< ").unwrap(), lines[2].strip_prefix("> ").unwrap())
    };
    lines.chunks(3).map(case).collect()
}

/// Rule, quirk, method, and the fields that break it.
type HeaderCase = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What shows in the header fields.
const HEADER_CASES: &[HeaderCase] = &[
    ("content-type-missing", "-", "POST", &[("Content-Type", "")]),
    ("content-type-json", "Q-H02", "POST", &[("Content-Type", "application/json")]),
    ("content-type-other", "-", "POST", &[("Content-Type", "text/plain")]),
    ("content-type-charset", "-", "POST", &[("Content-Type", "application/scim+json; charset=iso-8859-1")]),
    ("content-type-parameter", "Q-H01", "POST", &[("Content-Type", "application/scim+json; charset=utf-8")]),
    ("accept-missing", "Q-H03", "GET", &[("Accept", "")]),
    ("accept-other", "Q-H03", "GET", &[("Accept", "text/html, image/*")]),
    ("accept-charset", "Q-H04", "GET", &[("Accept-Charset", "utf-8")]),
    ("user-agent-missing", "Q-H05", "GET", &[("User-Agent", "")]),
    ("header-adscimversion", "Q-H06", "GET", &[("ADSCIMVersion", "Date:2026-01-01")]),
    ("basic-authentication", "Q-H15", "GET", &[("Authorization", "Basic YTpi")]),
    ("condition-syntax", "-", "GET", &[("If-None-Match", "abc")]),
];

/// Those that need more than a line: schemas of their own, a long body, or several requests.
const ELSEWHERE: &[&str] = &[
    "token-twice",
    "extension-required",
    "required-missing",
    "type-decimal",
    "type-integer",
    "type-date-time",
    "type-date-only",
    "type-binary",
    "patch-many-members",
    "repeated-post",
    "repeated-delete",
    "repeated-probe",
];

fn parts(case: &str) -> (String, String) {
    let words: Vec<&str> = case.splitn(3, ' ').collect();
    let (line, body) = match words.as_slice() {
        // A raw quote belongs to the target.
        [method, target, body] if !target.contains('?') || method != &"GET" => {
            (format!("{method} {target}"), *body)
        }
        _ => (case.to_owned(), ""),
    };
    (expanded(&line), expanded(body))
}

fn found(remarks: &[Remark], rule: &str, quirk: &str) -> bool {
    remarks.iter().any(|remark| remark.rule.id == rule && remark.quirk.unwrap_or("-") == quirk)
}

#[test]
fn each_rule_sees_what_breaks_it_and_nothing_else() {
    for (rule, quirk, broken, right) in cases() {
        let (line, body) = parts(broken);
        let remarks = look(&line, &[], &body);
        assert!(found(&remarks, rule, quirk), "{rule} {quirk}: {broken}\n{remarks:#?}");
        let (line, body) = parts(right);
        let remarks = look(&line, &[], &body);
        assert!(!found(&remarks, rule, quirk), "{rule} {quirk}: {right}\n{remarks:#?}");
    }
    for (rule, quirk, method, fields) in HEADER_CASES {
        let (target, body) = match *method {
            "GET" => ("GET /Users", String::new()),
            _ => ("POST /Users", expanded(r#"USER{"active":true}"#)),
        };
        let remarks = look(target, fields, &body);
        assert!(found(&remarks, rule, quirk), "{rule} {quirk}\n{remarks:#?}");
        assert_eq!(look(target, &[], &body), [], "{rule}");
    }
}

#[test]
fn every_rule_and_every_quirk_has_a_case() {
    let cases = cases().into_iter().map(|(rule, quirk, ..)| (rule, quirk));
    let cases: Vec<_> = cases.chain(HEADER_CASES.iter().map(|(rule, quirk, ..)| (*rule, *quirk))).collect();
    for rule in rules::ALL {
        if ELSEWHERE.contains(&rule.id) {
            continue;
        }
        assert!(cases.iter().any(|(id, _)| *id == rule.id), "{} has no case", rule.id);
    }
    let known = |rule: &str, quirk: &str| {
        rules::ALL.iter().any(|known| known.id == rule && (quirk == "-" || known.quirks.contains(&quirk)))
    };
    for (rule, quirk) in cases {
        assert!(known(rule, quirk), "{rule} does not list {quirk}");
    }
}

/// What RFC 7643 §8 and RFC 7644 §3 show of a client's requests, with the errata applied, in our own words.
#[test]
fn plain_requests_bring_no_remark() {
    let right = [
        r#"POST /Users {"schemas":["$CORE","$ENT"],"externalId":"bjensen","userName":"bjensen@acme.test","name":{"formatted":"B J","familyName":"J","givenName":"B"},
            "emails":[{"value":"bjensen@acme.test","type":"work","primary":true},{"value":"b@home.test"}],"phoneNumbers":[{"value":"555-555-8377","type":"mobile"}],
            "addresses":[{"type":"work","streetAddress":"1 Way\nTown","country":"US","primary":true}],"locale":"en-US","timezone":"Europe/Berlin","password":"x","active":true,
            "photos":[{"value":"https://a.test/p","type":"photo"}],"$ENT":{"employeeNumber":"1","manager":{"value":"2","$ref":"../Users/2"}}}"#,
        r#"PATCH /Groups/1 PATCH[{"op":"remove","path":"members[value eq \"2\"]"},{"op":"add","path":"members","value":[{"display":"J","$ref":"https://a.test/v2/Users/3","value":"3"}]}]}"#,
        r#"PATCH /Users/1 PATCH[{"op":"add","value":{"emails":[{"value":"b@home.test","type":"home"}],"nickName":"B"}},{"op":"replace","path":"emails[type eq \"work\" and value ew \"x\"].value","value":"a@b"}]}"#,
        r#"POST /Bulk {"schemas":["$BULK"],"failOnErrors":1,"Operations":[{"method":"POST","path":"/Users","bulkId":"q","data":USER{"active":true}},
            {"method":"PATCH","path":"/Groups/1","version":"W/\"x\"","data":PATCH[{"op":"add","path":"members","value":[{"type":"User","value":"bulkId:q"}]}]}}]}"#,
        r#"POST /.search SEARCH{"attributes":["displayName","userName"],"filter":"displayName sw \"smith\"","startIndex":1,"count":10}"#,
        "GET /Users?filter=userType%20ne%20%22Employee%22%20and%20not%20(emails.value%20co%20%22a%22%20or%20name.familyName%20pr)&startIndex=1&count=10&sortBy=name.familyName&sortOrder=ascending",
        "GET /Users?filter=emails%5Btype%20eq%20%22work%22%20and%20value%20co%20%22@a.test%22%5D&attributes=userName,$ENT:manager.value",
        "GET /?filter=(meta.resourceType%20eq%20%22User%22)%20or%20(meta.resourceType%20eq%20%22Group%22)",
        "GET /Schemas/$ENT",
        "DELETE /Users/1",
        "HEAD /Me",
    ];
    for case in right {
        let (line, body) = parts(case);
        assert_eq!(look(&line, &[("If-Match", r#"W/"a", "b""#)], &body), [], "{case}");
    }
}

#[test]
fn what_needs_more_than_a_line() {
    let ids = |from: usize, to: usize| -> String {
        (from..to).map(|id| format!(r#"{{"value":"{id}"}}"#)).collect::<Vec<_>>().join(",")
    };
    let add = |count: usize| {
        expanded(&format!(r#"PATCH[{{"op":"add","path":"members","value":[{}]}}]}}"#, ids(0, count)))
    };
    assert_eq!(look("PATCH /Groups/1", &[], &add(200)), []);
    let remarks = look("PATCH /Groups/1", &[], &add(201));
    assert!(found(&remarks, "patch-many-members", "Q-G21"), "{remarks:?}");
    // Whoever puts the whole list in place sends it too, with a path and without.
    for path in [r#""path":"members","value":[ALL]"#, r#""value":{"members":[ALL]}"#] {
        let operation = path.replace("ALL", &ids(0, 201));
        let body = expanded(&format!(r#"PATCH[{{"op":"replace",{operation}}}]}}"#));
        let remarks = look("PATCH /Groups/1", &[], &body);
        assert!(found(&remarks, "patch-many-members", "Q-G21"), "{remarks:?}");
    }

    let remarks = look("GET /Users?access_token=x", &[("Authorization", "Bearer y")], "");
    assert!(found(&remarks, "token-twice", "-"), "{remarks:?}");
}

#[test]
fn schemas_of_the_providers_own_are_known() {
    use crate::protocol::schema::{ResourceType, Schema};
    let schema = |id: &str, attributes: serde_json::Value| {
        Schema::from_json(&serde_json::json!({ "id": id, "name": "X", "attributes": attributes })).unwrap()
    };
    let thing = schema(
        "urn:x:Thing",
        serde_json::json!([
            { "name": "code", "type": "string", "required": true }, { "name": "ratio", "type": "decimal" },
            { "name": "size", "type": "integer" }, { "name": "since", "type": "dateTime" },
            { "name": "blob", "type": "binary" },
        ]),
    );
    let more = schema("urn:x:More", serde_json::json!([{ "name": "note", "type": "string" }]));
    let kind = serde_json::json!({
        "name": "Thing", "endpoint": "/Things", "schema": "urn:x:Thing",
        "schemaExtensions": [{ "schema": "urn:x:More", "required": true }],
    });
    let registry = Registry::new(vec![thing, more], vec![ResourceType::from_json(&kind).unwrap()]).unwrap();
    let look = |body: &str| {
        let headers: Headers = HEADERS.into_iter().collect();
        lint(&registry, &Seen { method: "POST", target: "/Things", headers: &headers, body: body.as_bytes() })
    };
    let right = r#"{"schemas":["urn:x:Thing","urn:x:More"],"code":"1","ratio":1.5,"size":2,"since":"2026-01-01T00:00:00Z","blob":"AQ==","urn:x:More":{"note":"x"}}"#;
    assert_eq!(look(right), []);
    for (rule, from, to) in [
        ("extension-required", r#","urn:x:More":{"note":"x"}"#, ""),
        ("required-missing", r#""code":"1","#, ""),
        ("type-decimal", "1.5", r#""1.5""#),
        ("type-integer", r#""size":2"#, r#""size":2.0"#),
        ("type-date-time", "2026-01-01T00:00:00Z", "yesterday"),
        ("type-date-only", "2026-01-01T00:00:00Z", "2026-01-01"),
        ("type-binary", "AQ==", "@"),
    ] {
        let remarks = look(&right.replace(from, to));
        assert!(found(&remarks, rule, "-"), "{rule}: {remarks:?}");
    }
}

#[test]
fn a_conversation_remembers() {
    let registry = Registry::standard();
    let headers: Headers = HEADERS.into_iter().collect();
    let mut conversation = Conversation::default();
    let body = expanded(r#"USER{"active":true}"#);
    let mut say = |method: &str, target: &str, status: u16| {
        let body = if method == "POST" { body.as_bytes() } else { b"" };
        let remarks = conversation.lint(&registry, &Seen { method, target, headers: &headers, body }, status);
        remarks
            .iter()
            .filter(|remark| remark.rule.id.starts_with("repeated"))
            .map(|remark| remark.rule.id)
            .collect::<Vec<_>>()
    };
    let probe = "/Users?filter=userName%20eq%20%22a3f1c2de-5b60-4d0a-9c1e-2f7d8e9b0a14%22";
    assert_eq!(say("POST", "/Users", 500), [""; 0]);
    assert_eq!(say("POST", "/Users", 201), ["repeated-post"]);
    assert_eq!(say("DELETE", "/Users/1", 412), [""; 0]);
    assert_eq!(say("DELETE", "/Users/1", 204), [""; 0]);
    assert_eq!(say("DELETE", "/Users/1", 404), ["repeated-delete"]);
    assert_eq!(say("GET", probe, 200), [""; 0]);
    assert_eq!(say("GET", probe, 200), ["repeated-probe"]);
    assert_eq!(say("GET", "/Users", 200), [""; 0]);
    assert_eq!(say("GET", "/Users", 200), [""; 0]);
}

#[test]
fn secrets_are_not_repeated() {
    let secret = "hunter2hunter2";
    for (line, body) in [
        ("POST /Users", format!(r#"{{"schemas":["$CORE"],"userName":"a","password":["{secret}"]}}"#)),
        (
            "PATCH /Users/1",
            format!(r#"PATCH[{{"op":"replace","path":"password","value":[{{"x":"{secret}"}}]}}]}}"#),
        ),
        (
            "PATCH /Users/1",
            format!(
                r#"PATCH[{{"op":"remove","path":"emails[value eq \"{secret}\"]","value":"{secret}"}}]}}"#
            ),
        ),
        ("PATCH /Users/1", format!(r#"PATCH[{{"op":"remove","path":"password[value eq '{secret}']"}}]}}"#)),
        ("POST /Users", format!(r#"{{"password":"{secret}"#)),
    ] {
        let remarks = look(line, &[], &expanded(&body));
        assert!(!remarks.is_empty() && !format!("{remarks:?}").contains(secret), "{body}: {remarks:?}");
    }
    let line = format!("GET /Users?access_token={secret}&filter=password%20eq%20%22{secret}%22");
    let remarks = look(&line, &[("Authorization", "Basic hunter2hunter2")], "");
    assert!(!format!("{remarks:?}").contains(secret), "{remarks:?}");
}

#[test]
fn large_input_takes_a_bounded_time() {
    let members = vec![r#"{"value":"1","x":[{"y":null}]}"#; 5_000].join(",");
    let operations = vec![r#"{"op":"Remove","path":"members[value eq \"1\"]"}"#; 5_000].join(",");
    let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let started = std::time::Instant::now();
    for (line, body) in [
        ("POST /Groups", expanded(&format!(r#"GROUP{{"members":[{members}]}}"#))),
        ("PATCH /Groups/1", expanded(&format!("PATCH[{operations}]}}"))),
        ("POST /Users", nested),
        ("POST /Users", format!(r#"{{"schemas":[{}]}}"#, vec![r#""urn:x:y""#; 50_000].join(","))),
    ] {
        let remarks = look(line, &[], &body);
        assert!(remarks.len() < rules::ALL.len());
    }
    let query = format!("GET /Users?filter={}", "(".repeat(16_000));
    look(&query, &[], "");
    look(&format!("GET /Users?{}", "a&".repeat(8_000)), &[], "");
    look(&format!("GET /Users?filter={}", "a%20pr%20and%20".repeat(1_000)), &[], "");
    // Far more than it takes, so that only a wrong order of growth fails.
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(
        method in "GET|POST|PUT|PATCH|DELETE|\\PC*",
        target in "(/(Users|Groups|Bulk|Me|\\.search)?(/[a-z.]*)?(\\?(filter|sortBy|count|attributes)?=?\\PC*)?)|\\PC*",
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let headers = Headers::new();
        let remarks = lint(&REGISTRY, &Seen { method: &method, target: &target, headers: &headers, body: &body });
        prop_assert!(remarks.len() <= rules::ALL.len() * 4);
    }

    #[test]
    fn no_json_makes_it_panic(
        line in "(POST|PUT|PATCH) /(Users|Groups|Bulk|Users/1|Groups/1|\\.search)",
        key in "schemas|Operations|members|emails|name|userName|urn:ietf:params:scim:schemas:core:2.0:User:x|\\PC*",
        op in "add|Remove|replace|\\PC*",
        path in "(members|emails|name|\\PC*)(\\[\\PC*\\])?(\\.\\PC*)?",
        value in prop_oneof![Just("null"), Just("[]"), Just("{}"), Just("1e9"), Just("\"x\""), Just("[[1]]"), Just("{\"schemas\":1,\"id\":[]}")],
    ) {
        let value: serde_json::Value = serde_json::from_str(value).unwrap();
        let body = serde_json::json!({
            key: value, "Operations": [{ "op": op, "path": path, "value": value, "method": "POST", "data": value }],
        });
        look(&line, &[], &body.to_string());
    }
}
