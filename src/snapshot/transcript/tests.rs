use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::exchange::{Auth, Request, Response, TransportFailure};
use crate::redact::Secrets;

fn exchange(request: Request, status: u16, headers: &[(&str, &str)], body: &Value) -> Redacted<Exchange> {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let headers = headers.iter().copied().collect();
    redacted(request, Ok(Response { status, headers, body }))
}

fn redacted(request: Request, outcome: Result<Response, TransportFailure>) -> Redacted<Exchange> {
    Secrets::new().exchange(&Exchange {
        request,
        outcome,
        started: Timestamp::UNIX_EPOCH,
        duration: Duration::from_millis(3),
        attempt: 1,
    })
}

/// What differs between two runs of the same scenario.
struct Run<'r> {
    base: &'r str,
    suffix: &'r str,
    ada: &'r str,
    team: &'r str,
    version: &'r str,
    cursor: &'r str,
    time: &'r str,
}

/// A scenario that uses everything that differs from run to run.
fn transcript(run: &Run<'_>) -> Transcript {
    let Run { base, suffix, ada, team, version, cursor, time } = run;
    let name = format!("ada{suffix}@acme.test");
    let tag = format!("W/\"{version}\"");
    let location = format!("{base}/Users/{ada}");
    let user = json!({
        "userName": name, "id": ada, "password": "nobody sees this", "externalId": "hr-1", "meta": {
            "version": tag, "lastModified": time, "created": time, "location": location, "resourceType": "User" },
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "hired": "2020-01-01T00:00:00.000Z",
    });
    let json_headers: &[_] = &[
        ("content-type", "application/scim+json"),
        ("date", "now"),
        ("etag", &tag),
        ("location", &location),
    ];
    let mut create = Request::new("POST", "/Users").with_json(&json!({
        "userName": name, "externalId": "hr-1", "password": "correct horse", "hired": "2020-01-01T00:00:00Z",
    }));
    create.headers.append("User-Agent", "Okta SCIM Client 1.0.0");
    let group = json!({
        "id": team, "displayName": format!("Team{suffix}"),
        "members": [{ "type": "User", "$ref": location, "value": ada }],
    });
    let patch = json!({ "Operations": [
        { "op": "remove", "path": format!("members[value eq \"{ada}\"]") },
        { "op": "replace", "path": "manager", "value": { "value": "someone-else" } },
    ] });
    let mut guarded = Request::new("PATCH", format!("/Groups/{team}")).with_json(&patch);
    guarded.headers.append("If-Match", tag.clone());
    let time_encoded = time.replace(':', "%3A");
    let cursor_encoded = cursor.replace('=', "%3D");
    let list = json!({ "Resources": [user], "totalResults": 1, "nextCursor": cursor });
    let mut nobody = Request::new("GET", "/Users?access_token=abcdefghij");
    nobody.auth = Auth::None;
    let unauthorized = json!({ "detail": "no token", "status": "401", "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"] });
    let schemas =
        json!({ "Resources": [{ "id": "urn:ietf:params:scim:schemas:core:2.0:User", "name": "User" }] });
    let types = json!({ "id": "User", "name": "User", "endpoint": "/Users", "meta": { "location": format!("{base}/ResourceTypes/User") } });
    let realm = format!("Bearer realm=\"{}/\"", base.strip_suffix("/scim/v2").unwrap());
    Transcript {
        source: "scenarios/a.yaml".to_owned(),
        title: "Everything at once".to_owned(),
        dialect: Some("okta".to_owned()),
        base: (*base).to_owned(),
        run_suffix: (*suffix).to_owned(),
        steps: vec![
            (format!("create ada{suffix}"), vec![exchange(create, 201, json_headers, &user)]),
            (
                "a group".to_owned(),
                vec![exchange(
                    Request::new("GET", format!("/Groups?filter=members.value%20eq%20%22{ada}%22")),
                    200,
                    &[],
                    &json!({ "Resources": [group] }),
                )],
            ),
            ("take out".to_owned(), vec![exchange(guarded, 204, &[("Allow", "GET")], &Value::Null)]),
            (
                "changed since".to_owned(),
                vec![
                    exchange(
                        Request::new(
                            "GET",
                            format!("/Users?filter=meta.lastModified%20gt%20%22{time_encoded}%22"),
                        ),
                        200,
                        json_headers,
                        &list,
                    ),
                    exchange(Request::new("GET", format!("/Users?cursor={cursor_encoded}")), 200, &[], &list),
                ],
            ),
            (
                "nobody".to_owned(),
                vec![exchange(nobody, 401, &[("WWW-Authenticate", &realm)], &unauthorized)],
            ),
            (
                "discovery".to_owned(),
                vec![
                    exchange(Request::new("GET", "/Schemas"), 200, &[], &schemas),
                    exchange(Request::new("GET", "/ResourceTypes/User"), 200, &[], &types),
                ],
            ),
            (
                "silence".to_owned(),
                vec![redacted(
                    Request::new("GET", "/Users/nobody"),
                    Err(TransportFailure { kind: FailureKind::Timeout, message: "took 53 ms".to_owned() }),
                )],
            ),
        ],
    }
}

const FIRST: Run<'_> = Run {
    base: "http://127.0.0.1:40001/scim/v2",
    suffix: "-k3x9",
    ada: "2819c223-7f76-453a-919d-413861904646",
    team: "e9e30dba-f08f-4109-8486-d5c6a331660a",
    version: "3694e05e9dff590",
    cursor: "YWJjZGVmZw==",
    time: "2026-11-23T06:45:00.123Z",
};

#[test]
fn a_transcript_reads_well() {
    insta::assert_snapshot!(render(&transcript(&FIRST)), @r#"
    ---
    source: scenarios/a.yaml
    description: Everything at once
    expression: okta
    ---
    # 1. create ada

    POST /Users
    Content-Type: application/scim+json
    User-Agent: Okta SCIM Client 1.0.0

    {
      "userName": "ada@acme.test",
      "externalId": "hr-1",
      "password": "<redacted>",
      "hired": "2020-01-01T00:00:00Z"
    }

    201 Created
    Content-Type: application/scim+json
    Location: <base>/Users/<id:1>
    ETag: W/"<version:1>"

    {
      "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
      "id": "<id:1>",
      "externalId": "hr-1",
      "hired": "2020-01-01T00:00:00.000Z",
      "password": "<redacted>",
      "userName": "ada@acme.test",
      "meta": {
        "created": "<timestamp>",
        "lastModified": "<timestamp>",
        "location": "<base>/Users/<id:1>",
        "resourceType": "User",
        "version": "W/\"<version:1>\""
      }
    }

    # 2. a group

    GET /Groups?filter=members.value%20eq%20%22<id:1>%22

    200 OK

    {
      "Resources": [
        {
          "id": "<id:2>",
          "displayName": "Team",
          "members": [
            {
              "value": "<id:1>",
              "$ref": "<base>/Users/<id:1>",
              "type": "User"
            }
          ]
        }
      ]
    }

    # 3. take out

    PATCH /Groups/<id:2>
    Content-Type: application/scim+json
    If-Match: W/"<version:1>"

    {
      "Operations": [
        {
          "op": "remove",
          "path": "members[value eq \"<id:1>\"]"
        },
        {
          "op": "replace",
          "path": "manager",
          "value": {
            "value": "someone-else"
          }
        }
      ]
    }

    204 No Content
    Allow: GET

    # 4. changed since

    ## 4.1

    GET /Users?filter=meta.lastModified%20gt%20%22<timestamp>%22

    200 OK
    Content-Type: application/scim+json
    Location: <base>/Users/<id:1>
    ETag: W/"<version:1>"

    {
      "nextCursor": "<cursor:1>",
      "totalResults": 1,
      "Resources": [
        {
          "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
          "id": "<id:1>",
          "externalId": "hr-1",
          "hired": "2020-01-01T00:00:00.000Z",
          "password": "<redacted>",
          "userName": "ada@acme.test",
          "meta": {
            "created": "<timestamp>",
            "lastModified": "<timestamp>",
            "location": "<base>/Users/<id:1>",
            "resourceType": "User",
            "version": "W/\"<version:1>\""
          }
        }
      ]
    }

    ## 4.2

    GET /Users?cursor=<cursor:1>

    200 OK

    {
      "nextCursor": "<cursor:1>",
      "totalResults": 1,
      "Resources": [
        {
          "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
          "id": "<id:1>",
          "externalId": "hr-1",
          "hired": "2020-01-01T00:00:00.000Z",
          "password": "<redacted>",
          "userName": "ada@acme.test",
          "meta": {
            "created": "<timestamp>",
            "lastModified": "<timestamp>",
            "location": "<base>/Users/<id:1>",
            "resourceType": "User",
            "version": "W/\"<version:1>\""
          }
        }
      ]
    }

    # 5. nobody

    GET /Users?access_token=<redacted>
    Authorization: <none>

    401 Unauthorized
    WWW-Authenticate: Bearer realm="<origin>/"

    {
      "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
      "detail": "no token",
      "status": "401"
    }

    # 6. discovery

    ## 6.1

    GET /Schemas

    200 OK

    {
      "Resources": [
        {
          "id": "urn:ietf:params:scim:schemas:core:2.0:User",
          "name": "User"
        }
      ]
    }

    ## 6.2

    GET /ResourceTypes/User

    200 OK

    {
      "id": "User",
      "endpoint": "/Users",
      "name": "User",
      "meta": {
        "location": "<base>/ResourceTypes/User"
      }
    }

    # 7. silence

    GET /Users/nobody

    no response: timeout
    "#);
}

#[test]
fn runs_that_differ_in_what_the_target_makes_up_are_equal() {
    let first = render(&transcript(&FIRST));
    for other in [
        Run { base: "https://scim.acme.test/scim/v2", suffix: "", ..FIRST },
        Run { ada: "17", team: "18", version: "1", cursor: "2", time: "2030-01-02T03:04:05+01:00", ..FIRST },
    ] {
        assert_eq!(render(&transcript(&other)).body, first.body);
    }
}

#[test]
fn ids_that_a_request_chose_are_shown() {
    let put = Request::new("PUT", "/Users/my-own-id-1").with_json(&json!({ "userName": "ada-is-her-id" }));
    let answers = json!([{ "id": "my-own-id-1" }, { "id": "ada-is-her-id" }]);
    let list = json!({ "Resources": answers });
    let document = render(&Transcript {
        steps: vec![("a".into(), vec![exchange(put, 200, &[], &list)])],
        ..Transcript::default()
    });
    assert!(
        document.body.contains("\"my-own-id-1\"") && document.body.contains("\"ada-is-her-id\""),
        "{document}"
    );
}

#[test]
fn bulk_ids_are_found_and_bulk_references_stay() {
    let request = Request::new("POST", "/Bulk").with_json(&json!({ "Operations": [
        { "method": "POST", "path": "/Users", "bulkId": "qwertyuiop", "data": {} },
        { "method": "POST", "path": "/Groups", "bulkId": "b", "data": { "members": [{ "value": "bulkId:qwertyuiop" }] } },
    ] }));
    let response = json!({ "Operations": [
        { "location": "http://x/Users/92b725cd", "bulkId": "qwertyuiop", "version": "W/\"oY4m4wn58tkVjJxK\"", "status": "201" },
        { "location": "http://x/Groups/7", "bulkId": "b", "status": "201" },
    ] });
    let steps = vec![("bulk".to_owned(), vec![exchange(request, 200, &[], &response)])];
    insta::assert_snapshot!(render(&Transcript { base: "http://x".into(), steps, ..Transcript::default() }).body, @r#"
    # 1. bulk

    POST /Bulk
    Content-Type: application/scim+json

    {
      "Operations": [
        {
          "method": "POST",
          "path": "/Users",
          "bulkId": "qwertyuiop",
          "data": {}
        },
        {
          "method": "POST",
          "path": "/Groups",
          "bulkId": "b",
          "data": {
            "members": [
              {
                "value": "bulkId:qwertyuiop"
              }
            ]
          }
        }
      ]
    }

    200 OK

    {
      "Operations": [
        {
          "bulkId": "qwertyuiop",
          "location": "<base>/Users/<id:1>",
          "status": "201",
          "version": "W/\"<version:1>\""
        },
        {
          "bulkId": "b",
          "location": "<base>/Groups/<id:2>",
          "status": "201"
        }
      ]
    }
    "#);
}

#[test]
fn weak_strong_and_unquoted_versions_stay_apart() {
    let get = || Request::new("GET", "/Users/1");
    let headers = |tag| {
        render(&Transcript {
            steps: vec![("a".into(), vec![exchange(get(), 200, &[("ETag", tag)], &Value::Null)])],
            ..Transcript::default()
        })
        .body
    };
    assert!(headers("W/\"abc\"").contains("ETag: W/\"<version:1>\""));
    assert!(headers("\"abc\"").contains("ETag: \"<version:1>\""));
    assert!(headers("abcdefgh").contains("ETag: <version:1>"));
}

proptest! {
    #[test]
    fn normalising_is_idempotent_and_forgets_what_the_target_made_up(
        ada in "[a-f0-9]{12}|[0-9]{1,4}",
        team in "[A-F0-9]{8}-[A-F0-9]{4}",
        version in "[a-z0-9]{1,16}",
        cursor in "[A-Za-z]{8,12}={0,2}",
        minute in 10..60u8,
        port in 1024..65535u16,
    ) {
        let (base, time) = (format!("http://127.0.0.1:{port}/scim/v2"), format!("2026-11-23T06:{minute}:00Z"));
        let run = Run { base: &base, suffix: "-k3x9", ada: &ada, team: &team, version: &version, cursor: &cursor, time: &time };
        let document = render(&transcript(&run));
        prop_assert_eq!(&document.body, &render(&transcript(&FIRST)).body);
        let mut steps = message::read(&document.body).unwrap();
        normalise(&mut steps, Known { base: &base, run_suffix: "-k3x9" });
        prop_assert_eq!(message::write(&steps), document.body);
    }
}
