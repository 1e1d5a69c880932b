//! ListResponse, and queries over one resource type, one resource or all of them (RFC 7644 §3.4.2, §3.4.2.1).

use serde_json::{Value, json};

use crate::covers;
use crate::gadget::{column, filtered, ids, query, users};
use crate::support::{GROUP, LIST, Server, USER, id};

#[tokio::test]
async fn every_query_is_answered_with_a_list_response() {
    covers!(
        "RFC7644-3.4.2-01",
        "RFC7644-3.4.2-04",
        "RFC7644-3.4.2-05",
        "RFC7644-3.4.2-07",
        "RFC7644-3.4.2-08",
        "RFC7644-3.4.2-11",
    );
    let server = Server::rfc().await;
    users(&server, &["a", "b"]).await;
    server.group(json!({ "displayName": "g" })).await;
    for (target, total) in [
        ("/Users".to_owned(), 2),
        ("/Groups".to_owned(), 1),
        ("/".to_owned(), 3),
        (query("/Users", &[("filter", r#"userName eq "a""#)]), 1),
        (query("/Users", &[("filter", r#"userName eq "nobody""#)]), 0),
        (query("/Users", &[("filter", r#"userName co "nobody""#)]), 0),
        (query("/Groups", &[("filter", r#"displayName eq "nobody""#), ("sortBy", "displayName")]), 0),
    ] {
        let answer = server.get(&target).await.expect(200);
        assert_eq!(answer.json["schemas"], json!([LIST]), "{target}");
        assert_eq!(answer.json["totalResults"].as_u64(), Some(total), "{target}");
        let resources = answer.json["Resources"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert_eq!(resources.len() as u64, total, "{target}");
        for resource in resources {
            let single = format!("/{}s/{}", resource["meta"]["resourceType"].as_str().unwrap(), id(resource));
            assert!(resource["schemas"].as_array().is_some_and(|schemas| !schemas.is_empty()), "{resource}");
            assert_eq!(
                server.get(&single).await.expect(200).json,
                *resource,
                "a resource is whole in a list"
            );
        }
    }
}

#[tokio::test]
async fn unknown_parameters_change_nothing() {
    covers!("RFC7644-3.4.2-03");
    let server = Server::rfc().await;
    let created = users(&server, &["a", "b"]).await;
    let plain = server.get("/Users").await.expect(200);
    for extra in ["foo=bar", "foo", "filters=x", "$top=1", "limit=1&offset=1", "=", "&&"] {
        assert_eq!(server.get(&format!("/Users?{extra}")).await.expect(200).json, plain.json, "{extra}");
        let one = server.get(&format!("/Users/{}?{extra}", id(&created[0]))).await.expect(200);
        assert_eq!(one.json, created[0], "{extra}");
    }
}

#[tokio::test]
async fn a_list_holds_every_resource_of_its_type_and_no_other() {
    covers!("RFC7644-3.4.2-12");
    let server = Server::rfc().await;
    let names: Vec<String> = (0..25).map(|number| format!("u{number:02}")).collect();
    let created = users(&server, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let group = server.group(json!({ "displayName": "g" })).await;
    server.delete(&format!("/Users/{}", id(&created[7]))).await.expect(204);

    let listed = server.get("/Users").await;
    assert_eq!(listed.json["totalResults"], 24);
    let expected: Vec<_> =
        created.iter().filter(|user| user["userName"] != "u07").map(|user| id(user).to_owned()).collect();
    assert_eq!(ids(&listed), expected);
    assert_eq!(ids(&server.get("/Groups").await), [id(&group)]);
}

#[tokio::test]
async fn a_query_at_the_root_covers_all_types_by_the_same_rules() {
    covers!(
        "RFC7644-3.4.2.1-01",
        "RFC7644-3.4.2.1-02",
        "RFC7644-3.4.2.1-05",
        "RFC7644-3.4.2.1-06",
        "RFC7644-3.4.2-01",
    );
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "a", "externalId": "marker", "displayName": "Same" })).await;
    let group = server.group(json!({ "displayName": "same", "externalId": "marker" })).await;
    server.user(json!({ "userName": "b", "active": true, "title": "x" })).await;
    let b = ids(&filtered(&server, "/Users", r#"userName eq "b""#).await).remove(0);
    let (user, group, b) = (id(&user), id(&group), b.as_str());
    let in_group_terms = format!(r#"{USER}:userName pr or {GROUP}:displayName eq "same""#);
    for (filter, expected) in [
        (r#"externalId eq "marker""#, vec![user, group]),
        (r#"displayName eq "SAME""#, vec![user, group]),
        (r#"displayName sw "sa" and externalId ew "ker""#, vec![user, group]),
        ("userName pr", vec![user, b]),
        (r#"userName eq "a""#, vec![user]),
        ("members pr", vec![]),
        (r#"active eq true"#, vec![b]),
        (r#"emails[type eq "work"]"#, vec![]),
        (r#"not (title pr) and displayName pr"#, vec![user, group]),
        (r#"meta.resourceType eq "Group""#, vec![group]),
        (r#"meta.resourceType eq "User" and title eq "x""#, vec![b]),
        ("bogus pr", vec![]),
        (r#"bogus eq "x" or userName eq "b""#, vec![b]),
        (in_group_terms.as_str(), vec![user, group, b]),
    ] {
        let mut expected: Vec<&str> = expected;
        let answer = filtered(&server, "/", filter).await;
        let mut found = ids(&answer);
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{filter}");
        assert_eq!(answer.json["totalResults"], expected.len(), "{filter}");
    }
    for filter in ["active gt true", "userName", r#"userName like "a""#] {
        filtered(&server, "/", filter).await.expect_error(400, Some("invalidFilter"));
    }
}

#[tokio::test]
async fn the_root_sorts_and_pages_across_types() {
    covers!("RFC7644-3.4.2.1-05");
    let server = Server::rfc().await;
    server.user(json!({ "userName": "x", "displayName": "b" })).await;
    server.group(json!({ "displayName": "a" })).await;
    server.group(json!({ "displayName": "c" })).await;
    let answer = server.get("/?sortBy=displayName").await;
    assert_eq!(column(&answer, "displayName"), ["a", "b", "c"]);
    let answer = server.get("/?sortBy=displayName&startIndex=2&count=1").await;
    assert_eq!(column(&answer, "displayName"), ["b"]);
    assert_eq!(answer.json["totalResults"], 3);
    let mut seen = Vec::new();
    for start in 1..=3 {
        seen.extend(column(&server.get(&format!("/?startIndex={start}&count=1")).await, "displayName"));
    }
    seen.sort_unstable();
    assert_eq!(seen, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_filter_on_a_single_resource_does_no_harm() {
    covers!("RFC7644-3.4.2-01", "RFC7644-3.4.2.1-01");
    let server = Server::rfc().await;
    let user: Value = server.user(json!({ "userName": "a" })).await;
    let target = query(&format!("/Users/{}", id(&user)), &[("filter", r#"userName eq "a""#)]);
    assert_eq!(server.get(&target).await.expect(200).json, user);
}
