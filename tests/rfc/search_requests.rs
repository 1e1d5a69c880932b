//! Queries by POST to `.search` (RFC 7644 §3.4.3).

use serde_json::{Value, json};

use crate::covers;
use crate::gadget::{column, ids, keys, users};
use crate::support::{Answer, LIST, Server, id};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

async fn search(server: &Server, endpoint: &str, mut members: Value) -> Answer {
    members["schemas"] = json!([SEARCH]);
    server.post(&format!("{endpoint}/.search"), members).await
}

#[tokio::test]
async fn a_search_is_a_query_and_creates_nothing() {
    covers!("RFC7644-3.4.3-01", "RFC7644-3.4.3-11", "RFC7644-3.2-04", "RFC7644-3.2-10");
    let server = Server::rfc().await;
    users(&server, &["a", "b"]).await;
    for (filter, total) in [(r#"userName eq "a""#, 1), (r#"userName eq "nobody""#, 0), ("userName pr", 2)] {
        let members = json!({ "filter": filter, "userName": "new" });
        let answer = search(&server, "/Users", members).await.expect(200);
        assert_eq!(answer.json["schemas"], json!([LIST]), "{filter}");
        assert_eq!(answer.json["totalResults"], total, "{filter}");
        assert_eq!(column(&answer, "userName").len(), total, "{filter}");
        assert!(!answer.headers.contains("location"));
    }
    assert_eq!(server.get("/Users").await.json["totalResults"], 2);
    for target in ["/.search", "/Users/.search", "/Groups/.search"] {
        server.get(target).await.expect_error(405, None);
    }
}

#[tokio::test]
async fn a_search_answers_as_the_same_query_by_get() {
    covers!("RFC7644-3.4.3-11", "RFC7644-3.4.3-08");
    let server = Server::rfc().await;
    users(&server, &["c", "a", "b"]).await;
    for (body, target) in [
        (json!({}), "/Users"),
        (json!({ "sortBy": "userName" }), "/Users?sortBy=userName"),
        (
            json!({ "sortBy": "userName", "sortOrder": "descending" }),
            "/Users?sortBy=userName&sortOrder=descending",
        ),
        (json!({ "filter": "userName gt \"a\"" }), "/Users?filter=userName gt \"a\""),
        (json!({ "attributes": ["userName"], "count": 2 }), "/Users?attributes=userName&count=2"),
    ] {
        let by_get = server.get(target).await.expect(200);
        assert_eq!(search(&server, "/Users", body).await.expect(200).json, by_get.json, "{target}");
    }
    let descending = json!({ "sortBy": "userName", "sortOrder": "descending" });
    assert_eq!(column(&search(&server, "/Users", descending).await, "userName"), ["c", "b", "a"]);
}

#[tokio::test]
async fn attributes_and_excluded_attributes_are_arrays_of_names() {
    covers!("RFC7644-3.4.3-04", "RFC7644-3.4.3-05", "RFC7644-3.4.3-06");
    let server = Server::rfc().await;
    let user = json!({ "userName": "a", "title": "t", "emails": [{ "value": "a@x.test" }] });
    server.user(user).await;
    let only = |answer: &Answer| answer.json["Resources"][0].clone();

    let named = only(&search(&server, "/Users", json!({ "attributes": ["userName", "title"] })).await);
    assert_eq!(keys(&named), ["id", "schemas", "title", "userName"]);
    let rest = only(&search(&server, "/Users", json!({ "excludedAttributes": ["emails", "meta"] })).await);
    assert_eq!(keys(&rest), ["id", "schemas", "title", "userName"]);
    let kept = only(&search(&server, "/Users", json!({ "excludedAttributes": ["id", "title"] })).await);
    assert_eq!(keys(&kept), ["emails", "id", "meta", "schemas", "userName"]);
    for wrong in [json!({ "attributes": "userName" }), json!({ "excludedAttributes": [1] })] {
        search(&server, "/Users", wrong).await.expect_error(400, Some("invalidSyntax"));
    }
}

#[tokio::test]
async fn start_index_and_count_page_as_they_do_by_get() {
    covers!("RFC7644-3.4.3-10");
    let server = Server::rfc().await;
    users(&server, &["a", "b", "c"]).await;
    for (body, expected, start) in [
        (json!({ "startIndex": 2, "count": 1 }), &["b"][..], 2),
        (json!({ "count": 0 }), &[], 1),
        (json!({ "count": -4 }), &[], 1),
        (json!({ "startIndex": 0 }), &["a", "b", "c"], 1),
        (json!({ "startIndex": -2, "count": 2 }), &["a", "b"], 1),
        (json!({ "startIndex": 4 }), &[], 4),
    ] {
        let answer = search(&server, "/Users", body.clone()).await;
        assert_eq!(column(&answer, "userName"), expected, "{body}");
        assert_eq!(answer.json["startIndex"], start, "{body}");
        assert_eq!(answer.json["totalResults"], 3, "{body}");
        assert_eq!(answer.json["itemsPerPage"], expected.len(), "{body}");
    }
}

#[tokio::test]
async fn the_endpoint_is_the_scope_of_the_search() {
    covers!("RFC7644-3.4.3-12", "RFC7644-3.2-10", "RFC7644-3.4.2.1-02", "RFC7644-3.4.2.1-06");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "a", "displayName": "x" })).await;
    let group = server.group(json!({ "displayName": "x" })).await;
    for (endpoint, expected) in
        [("/Users", vec![id(&user)]), ("/Groups", vec![id(&group)]), ("", vec![id(&user), id(&group)])]
    {
        let answer = search(&server, endpoint, json!({ "filter": "displayName eq \"x\"" })).await;
        assert_eq!(ids(&answer), expected, "{endpoint}/.search");
    }
    let answer = search(&server, "", json!({ "filter": "userName pr" })).await;
    assert_eq!(ids(&answer), [id(&user)]);
}

#[tokio::test]
async fn a_body_that_is_no_search_request_is_a_syntax_error() {
    covers!("RFC7644-3.4.3-13", "RFC7644-3.12-23", "RFC7644-3.12-10");
    let server = Server::rfc().await;
    for body in ["{", "", "[]", "\"x\"", "{\"schemas\":[]}", "{}", "{\"filter\":\"userName pr\"}"] {
        for target in ["/Users/.search", "/.search"] {
            let answer = server.call_raw("POST", target, "application/scim+json", body).await;
            assert_eq!(answer.status, 400, "{body}");
            answer.expect_error(400, Some("invalidSyntax"));
        }
    }
    for wrong in [json!({ "filter": 1 }), json!({ "count": "2" }), json!({ "startIndex": 1.5 })] {
        search(&server, "/Users", wrong).await.expect_error(400, Some("invalidSyntax"));
    }
    let answer = search(&server, "/Users", json!({ "filter": "userName like \"x\"" })).await;
    answer.expect_error(400, Some("invalidFilter"));
}
