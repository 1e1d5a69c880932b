//! Good requests made bad at random, with a fixed seed: whatever comes in, the answer is a SCIM message, and never a 500.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use scimulator::exchange::{Auth, FailureKind, Request};
use serde_json::{Map, Value, json};

use crate::bulk::{BULK_REQUEST, post_user};
use crate::support::{ENTERPRISE, ERROR, GROUP, PATCH_OP, Server, TOKEN, USER, id};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const CASES: u32 = 1500;
const SOON: Duration = Duration::from_secs(20);

/// Text that parsers trip over; it stands for values, names, paths, filters and parts of targets.
const TEXTS: [&str; 34] = [
    "",
    " ",
    "null",
    "true",
    "\"",
    "\\",
    "'",
    "%",
    "%00",
    "%FF",
    "+",
    "&",
    "=",
    "?",
    "#",
    "/",
    "..",
    ".",
    ":",
    "[",
    "]",
    "(",
    ")",
    "$ref",
    "\u{0}",
    "\u{1}",
    "\u{fffd}\u{10ffff}",
    "ſ",
    "İ",
    "bulkId:",
    "bulkId:x",
    "urn:",
    "emails[type eq \"",
    "not (not (userName pr))",
];

/// What one request is made of.
#[derive(Debug, Clone)]
struct Sample {
    method: String,
    target: String,
    body: Option<Value>,
    headers: Vec<(String, String)>,
}

/// One change: what, where, and with what, as numbers that [`change`] reads as it needs.
type Change = (u8, u16, u16);

fn values() -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!([]),
        json!({}),
        json!([[]]),
        json!([null]),
        json!({ "value": null }),
        json!([{ "value": [{}] }]),
        json!({ "": "" }),
        json!("x".repeat(10_000)),
        json!({ "$ref": "\u{1}/Users/x" }),
        json!(["x", "x"]),
        json!(ENTERPRISE),
        json!("2026-02-30T25:61:61Z"),
        json!("W/\"1\""),
    ];
    values.extend(TEXTS.map(Value::from));
    values
}

/// Good requests of every kind, about that user and that group.
fn samples(user: &str, group: &str) -> Vec<Sample> {
    let sample = |method: &str, target: &str, body: Option<Value>| Sample {
        method: method.into(),
        target: target.into(),
        body,
        headers: Vec::new(),
    };
    let person = json!({
        "schemas": [USER, ENTERPRISE], "userName": "eve", "externalId": "1", "active": true, "password": "x",
        "name": { "givenName": "E", "familyName": "V" }, "profileUrl": "https://x.test",
        "emails": [{ "value": "e@x.test", "type": "work", "primary": true }, { "value": "f@x.test" }],
        "x509Certificates": [{ "value": "TUlJ" }], "roles": [{ "value": "r" }],
        ENTERPRISE: { "department": "D", "manager": { "value": user } },
    });
    let team =
        json!({ "schemas": [GROUP], "displayName": "G", "members": [{ "value": user, "type": "User" }] });
    let patch = |operations: Value| json!({ "schemas": [PATCH_OP], "Operations": operations });
    let of_user = patch(json!([
        { "op": "add", "path": "emails", "value": [{ "value": "n@x.test", "type": "home" }] },
        { "op": "replace", "path": "emails[type eq \"work\" and value co \"x\"].value", "value": "w@x.test" },
        { "op": "remove", "path": "name.givenName" },
        { "op": "add", "path": format!("{ENTERPRISE}:manager.value"), "value": "m" },
        { "op": "replace", "value": { "title": "T", "name": { "familyName": "F" }, ENTERPRISE: { "costCenter": "C" } } },
    ]));
    let of_group = patch(json!([
        { "op": "remove", "path": format!("members[value eq \"{user}\"]") },
        { "op": "add", "path": "members", "value": [{ "value": user, "$ref": null }] },
        { "op": "replace", "value": { "displayName": "H" } },
    ]));
    let bulk = json!({ "schemas": [BULK_REQUEST], "failOnErrors": 3, "Operations": [
        post_user("a", "bulk"),
        { "method": "POST", "path": "/Groups", "bulkId": "b", "data": {
            "schemas": [GROUP], "displayName": "B", "members": [{ "value": "bulkId:a" }, { "value": "bulkId:b" }] } },
        { "method": "PATCH", "path": "/Groups/bulkId:b", "data": of_group },
        { "method": "PUT", "path": "/Users/bulkId:a", "version": "W/\"1\"", "data": person },
        { "method": "DELETE", "path": "/Users/bulkId:a" },
    ] });
    let search = json!({ "schemas": [SEARCH], "filter": "userName sw \"a\" and not (active eq false)", "sortBy": "name.familyName",
                         "sortOrder": "descending", "startIndex": 1, "count": 5, "attributes": ["userName", "emails.value"] });
    let by_cursor =
        json!({ "schemas": [SEARCH], "cursor": "", "count": 1, "excludedAttributes": ["emails"] });
    let (user, group) = (format!("/Users/{user}"), format!("/Groups/{group}"));
    let mut own = person.clone();
    own["userName"] = json!("ada");
    vec![
        sample("POST", "/Users", Some(person.clone())),
        sample("POST", "/Users?attributes=userName,emails.value", Some(person)),
        sample("PUT", &user, Some(own)),
        sample("PATCH", &user, Some(of_user.clone())),
        sample("PATCH", &format!("{user}?excludedAttributes=name"), Some(of_user)),
        sample("POST", "/Groups", Some(team.clone())),
        sample("PUT", &group, Some(team)),
        sample("PATCH", &group, Some(of_group)),
        sample("POST", "/Bulk", Some(bulk)),
        sample("POST", "/.search", Some(search.clone())),
        sample("POST", "/Users/.search", Some(search)),
        sample("POST", "/Groups/.search", Some(by_cursor)),
        sample("GET", &user, None),
        sample(
            "GET",
            "/Users?filter=userName eq \"ada\" or emails[type eq \"work\"].value ew \"test\"&count=3",
            None,
        ),
        sample("GET", "/Groups?sortBy=displayName&sortOrder=ascending&startIndex=1&attributes=members", None),
        sample("GET", "/?filter=meta.lastModified gt \"2020-01-01T00:00:00Z\"&cursor=&count=2", None),
        sample("GET", "/ServiceProviderConfig", None),
        sample("GET", "/ResourceTypes/User", None),
        sample("GET", &format!("/Schemas/{USER}"), None),
        sample("DELETE", "/Users/none", None),
        sample("GET", "/Me", None),
    ]
}

/// Changes one node of a JSON tree, the `at`-th in depth-first order.
fn change_node(value: &mut Value, at: &mut usize, change: &mut dyn FnMut(&mut Value)) {
    if *at == 0 {
        change(value);
        // No other node is reached after this one.
        *at = usize::MAX;
        return;
    }
    *at -= 1;
    let mut each = |child: &mut Value| {
        if *at < usize::MAX / 2 {
            change_node(child, at, change);
        }
    };
    match value {
        Value::Array(items) => items.iter_mut().for_each(&mut each),
        Value::Object(members) => members.values_mut().for_each(&mut each),
        _ => {}
    }
}

fn count_nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count_nodes).sum(),
        Value::Object(members) => members.values().map(count_nodes).sum(),
        _ => 0,
    }
}

fn pick<T>(from: &[T], number: u16) -> &T {
    &from[usize::from(number) % from.len()]
}

/// Changes the tree: another value, one less, one more, another name, another nesting.
fn change_tree(tree: &mut Value, kind: u8, place: u16, number: u16) {
    let mut at = usize::from(place) % count_nodes(tree);
    change_node(tree, &mut at, &mut |node| match (kind % 6, &mut *node) {
        (0, Value::Array(items)) if !items.is_empty() => {
            let one = pick(items, number).clone();
            items.push(one);
        }
        (1, Value::Array(items)) if !items.is_empty() => {
            drop(items.remove(usize::from(number) % items.len()))
        }
        (1, Value::Object(members)) if !members.is_empty() => {
            let name = members.keys().nth(usize::from(number) % members.len()).cloned().unwrap();
            members.shift_remove(&name);
        }
        (2, Value::Object(members)) if !members.is_empty() => {
            let name = members.keys().nth(usize::from(number) % members.len()).cloned().unwrap();
            let value = members.shift_remove(&name).unwrap();
            let renamed = match number % 3 {
                0 => name.to_uppercase(),
                1 => format!("{name}{}", pick(&TEXTS, number)),
                _ => (*pick(&TEXTS, number)).to_owned(),
            };
            members.insert(renamed, value);
        }
        (3, Value::String(text)) => {
            let mut characters: Vec<char> = text.chars().collect();
            let from = usize::from(number) % (characters.len() + 1);
            characters.splice(from..from, pick(&TEXTS, place).chars());
            *text = characters.into_iter().collect();
        }
        (3, Value::Object(members)) => {
            let extra = pick(&TEXTS, number).to_string();
            members.insert(extra, pick(&values(), place).clone());
        }
        (4, node) => {
            let inner = node.take();
            *node = match number % 3 {
                0 => json!([inner]),
                1 => Value::Object(Map::from_iter([("value".to_owned(), inner)])),
                _ => json!([inner.clone(), inner]),
            };
        }
        (_, node) => *node = pick(&values(), number).clone(),
    });
}

/// Changes the target: something put in, something taken out, another parameter.
fn change_target(target: &mut String, kind: u8, place: u16, number: u16) {
    let mut characters: Vec<char> = target.chars().collect();
    let at = 1 + usize::from(place) % characters.len();
    match kind % 3 {
        0 => drop(characters.splice(at..at, pick(&TEXTS, number).chars())),
        1 => drop(characters.drain(at..(at + usize::from(number % 8)).min(characters.len()))),
        _ => {
            let names = [
                "filter",
                "sortBy",
                "sortOrder",
                "startIndex",
                "count",
                "cursor",
                "attributes",
                "excludedAttributes",
            ];
            let join = if target.contains('?') { '&' } else { '?' };
            characters.extend(format!("{join}{}={}", pick(&names, number), pick(&TEXTS, place)).chars());
        }
    }
    *target = characters.into_iter().collect();
}

fn change_headers(sample: &mut Sample, place: u16, number: u16) {
    let names =
        ["If-Match", "If-None-Match", "Content-Type", "Accept", "X-Forwarded-Host", "Content-Encoding"];
    let values = [
        "",
        "*",
        "W/\"1\"",
        "\"1\", W/\"2\"",
        "W/\"",
        "application/json",
        "text/html",
        ",",
        ";;",
        "\"\\\"\"",
        "gzip",
    ];
    sample.headers.push(((*pick(&names, place)).into(), (*pick(&values, number)).into()));
}

/// The request after the changes; the last kind of change works on the bytes of the body.
fn request(mut sample: Sample, changes: &[Change]) -> Request {
    let mut bytes: Option<Vec<u8>> = None;
    for &(kind, place, number) in changes {
        match (kind % 10, &mut sample.body) {
            (0..=5, Some(tree)) if bytes.is_none() => change_tree(tree, kind / 10, place, number),
            (6, _) => change_headers(&mut sample, place, number),
            (7, _) => {
                let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS", "TRACE", "get", "X"];
                sample.method = (*pick(&methods, number)).to_owned();
            }
            (8, Some(tree)) => {
                let text = bytes.get_or_insert_with(|| tree.to_string().into_bytes());
                let at = usize::from(place) % (text.len() + 1);
                match number % 4 {
                    0 => text.truncate(at),
                    1 => text.insert(at, number.to_le_bytes()[1]),
                    2 => drop(text.drain(at..(at + 3).min(text.len()))),
                    _ => text.extend_from_within(..at),
                }
            }
            _ => change_target(&mut sample.target, kind / 10, place, number),
        }
    }
    let encoded = sample.target.bytes().map(|byte| match byte {
        b'a'..=b'z'
        | b'A'..=b'Z'
        | b'0'..=b'9'
        | b'/'
        | b'?'
        | b'&'
        | b'='
        | b'%'
        | b'+'
        | b'-'
        | b'.'
        | b'_'
        | b':'
        | b',' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    let mut request = Request::new(sample.method, encoded.collect::<String>());
    request.auth = Auth::Bearer(TOKEN.to_owned());
    request.headers = sample.headers.into_iter().collect();
    match (bytes, sample.body) {
        (Some(bytes), _) => {
            request.headers.append("Content-Type", "application/scim+json");
            request.body = bytes.into();
            request
        }
        (None, Some(body)) => request.with_json(&body),
        (None, None) => request,
    }
}

/// Sends a request and says what is wrong with the answer.
async fn verdict(server: &Server, request: Request) -> Result<(), String> {
    let method = request.method.clone();
    let sent = tokio::time::timeout(SOON, server.target.send(request)).await;
    let response = match sent.map_err(|_| "no answer in time".to_owned())?.outcome {
        Ok(response) => response,
        // What cannot be sent needs no answer.
        Err(failure) if failure.kind == FailureKind::Request => return Ok(()),
        Err(failure) => return Err(format!("no answer: {failure}")),
    };
    let known = [200, 201, 204, 304, 400, 403, 404, 405, 409, 412, 413, 414, 415, 431, 501];
    if !known.contains(&response.status) {
        return Err(format!("status {}: {:?}", response.status, response.body));
    }
    if response.body.is_empty() {
        let may_be = method == "HEAD" || matches!(response.status, 204 | 304);
        return if may_be { Ok(()) } else { Err(format!("{} without a body", response.status)) };
    }
    let json = response.json().map_err(|error| format!("{error}: {:?}", response.body))?;
    let media = response.headers.get("content-type").unwrap_or_default();
    if !["application/scim+json", "application/json"].contains(&media) {
        return Err(format!("content type `{media}`"));
    }
    let status = response.status.to_string();
    let is_error = json["schemas"] == json!([ERROR]) && json["status"].as_str() == Some(&status);
    match response.status >= 400 {
        true if !is_error => Err(format!("status {} with {json}", response.status)),
        false if json["schemas"].as_array().is_none_or(Vec::is_empty) => {
            Err(format!("no `schemas` in {json}"))
        }
        _ => Ok(()),
    }
}

fn survives(profile: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (server, samples) = runtime.block_on(async {
        let server = Server::of(profile).await;
        let user = server
            .user(json!({ "userName": "ada", "emails": [{ "value": "a@x.test", "type": "work" }] }))
            .await;
        let group = server.group(json!({ "displayName": "Team", "members": [{ "value": id(&user) }] })).await;
        let samples = samples(id(&user), id(&group));
        for sample in &samples {
            let good = verdict(&server, request(sample.clone(), &[])).await;
            assert_eq!(good, Ok(()), "{sample:?}");
        }
        (server, samples)
    });
    let cases = (0..samples.len(), vec(any::<Change>(), 1..5));
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let seed = proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, seed).run(&cases, |(sample, changes)| {
        let request = request(samples[sample].clone(), &changes);
        let shown = format!("{request:?}");
        let verdict = runtime.block_on(verdict(&server, request));
        verdict.map_err(|problem| TestCaseError::fail(format!("{problem}\n{shown}")))
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    runtime.block_on(async {
        assert!(server.names("userName pr").await.len() < 1000);
        server.get("/ServiceProviderConfig").await.expect(200);
    });
}

#[test]
fn the_strict_provider_answers_every_mutated_request() {
    survives("rfc");
}

#[test]
fn the_tolerant_provider_answers_every_mutated_request() {
    survives("interop");
}
