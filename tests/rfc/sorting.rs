//! `sortBy` and `sortOrder` (RFC 7644 §3.4.2.3).

use serde_json::{Value, json};

use crate::covers;
use crate::gadget::{column, gadget, query, server as gadgets, users, with_profile};
use crate::support::{ENTERPRISE, Server, USER};

/// The userNames in that order.
async fn sorted(server: &Server, parameters: &[(&str, &str)]) -> Vec<String> {
    column(&server.get(&query("/Users", parameters)).await, "userName")
}

#[tokio::test]
async fn sort_by_decides_the_order_which_is_ascending_by_default() {
    covers!("RFC7644-3.4.2.3-01", "RFC7644-3.4.2.3-02", "RFC7644-3.4.2.3-07", "RFC7644-3.4.2.3-08");
    let server = Server::rfc().await;
    let config = server.get("/ServiceProviderConfig").await.expect(200);
    assert_eq!(config.json["sort"]["supported"], true);
    users(&server, &["pc", "pa", "x", "pb"]).await;
    let by_name = [("filter", r#"userName sw "p""#), ("sortBy", "userName")];
    assert_eq!(sorted(&server, &by_name).await, ["pa", "pb", "pc"]);
    for (order, expected) in [("ascending", ["pa", "pb", "pc"]), ("descending", ["pc", "pb", "pa"])] {
        let mut parameters = by_name.to_vec();
        parameters.push(("sortOrder", order));
        assert_eq!(sorted(&server, &parameters).await, expected, "{order}");
    }
    let answer = server.get("/Users?sortBy=userName&sortOrder=up").await;
    answer.expect_error(400, Some("invalidValue"));
}

#[tokio::test]
async fn a_provider_that_does_not_sort_says_so() {
    covers!("RFC7644-3.4.2.3-01");
    let server = with_profile(|profile| profile.features.sort = false).await;
    users(&server, &["b", "a"]).await;
    let config = server.get("/ServiceProviderConfig").await.expect(200);
    assert_eq!(config.json["sort"]["supported"], false);
    assert_eq!(sorted(&server, &[("sortBy", "userName")]).await, ["b", "a"]);
}

#[tokio::test]
async fn resources_without_a_value_come_last_and_in_descending_order_first() {
    covers!("RFC7644-3.4.2.3-03", "RFC7644-3.4.2.3-06");
    let server = Server::rfc().await;
    for (name, title) in [("u1", None), ("u2", Some("b")), ("u3", Some("c")), ("u4", Some("a"))] {
        server.user(json!({ "userName": name, "title": title })).await;
    }
    assert_eq!(sorted(&server, &[("sortBy", "title")]).await, ["u4", "u2", "u3", "u1"]);
    let descending = [("sortBy", "title"), ("sortOrder", "descending")];
    assert_eq!(sorted(&server, &descending).await, ["u1", "u3", "u2", "u4"]);
}

#[tokio::test]
async fn multi_valued_attributes_sort_by_their_primary_and_else_their_first_value() {
    covers!("RFC7644-3.4.2.3-04");
    let server = Server::rfc().await;
    for (name, emails) in [
        ("u1", json!([{ "value": "a@x.test" }, { "value": "z@x.test", "type": "work", "primary": true }])),
        ("u2", json!([{ "value": "m@x.test" }, { "value": "b@x.test", "type": "work" }])),
        ("u3", json!([{ "value": "c@x.test", "primary": true }, { "value": "y@x.test", "type": "work" }])),
    ] {
        server.user(json!({ "userName": name, "emails": emails })).await;
    }
    for by in ["emails", "emails.value"] {
        assert_eq!(sorted(&server, &[("sortBy", by)]).await, ["u3", "u2", "u1"], "{by}");
    }
}

#[tokio::test]
async fn text_sorts_by_the_case_exactness_of_its_attribute() {
    covers!("RFC7644-3.4.2.3-09", "RFC7644-3.4.2.3-10");
    let server = Server::rfc().await;
    for letter in ["b", "A", "C"] {
        server.user(json!({ "userName": format!("p-{letter}"), "externalId": letter })).await;
    }
    assert_eq!(sorted(&server, &[("sortBy", "userName")]).await, ["p-A", "p-b", "p-C"]);
    assert_eq!(sorted(&server, &[("sortBy", "externalId")]).await, ["p-A", "p-C", "p-b"]);
}

#[tokio::test]
async fn instants_and_numbers_sort_as_such() {
    covers!("RFC7644-3.4.2.3-11");
    let server = gadgets().await;
    for (label, seen, size) in [
        ("g1", "2020-01-01T12:00:00Z", 10),
        // Of the three the latest as text, the earliest as an instant.
        ("g2", "2020-01-01T23:00:00+13:00", 9),
        ("g3", "2020-01-01T12:00:00.25Z", -1),
    ] {
        gadget(
            &server,
            json!({ "label": label, "seen": seen, "size": size, "weight": f64::from(size) / 4.0 }),
        )
        .await;
    }
    for (by, expected) in [
        ("seen", ["g2", "g1", "g3"]),
        ("size", ["g3", "g2", "g1"]),
        ("weight", ["g3", "g2", "g1"]),
        ("meta.created", ["g1", "g2", "g3"]),
    ] {
        let answer = server.get(&query("/Gadgets", &[("sortBy", by)])).await;
        assert_eq!(column(&answer, "label"), expected, "{by}");
    }
}

#[tokio::test]
async fn pages_are_cut_from_the_sorted_result() {
    covers!("RFC7644-3.4.2.3-12");
    let server = Server::rfc().await;
    users(&server, &["e", "b", "d", "a", "c"]).await;
    let mut seen = Vec::new();
    for start in ["1", "3", "5"] {
        seen.extend(sorted(&server, &[("sortBy", "userName"), ("startIndex", start), ("count", "2")]).await);
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn sort_by_takes_qualified_names_in_any_case() {
    covers!("RFC7644-3.10-01", "RFC7644-3.10-05");
    let server = Server::rfc().await;
    for (name, given, department) in [("u1", "Zoe", "a"), ("u2", "Abe", "c"), ("u3", "Kim", "b")] {
        let user: Value = json!({
            "userName": name, "name": { "givenName": given }, ENTERPRISE: { "department": department },
        });
        server.user(user).await;
    }
    for (by, expected) in [
        (format!("{USER}:name.givenName"), ["u2", "u3", "u1"]),
        (format!("{USER}:name.givenName").to_uppercase(), ["u2", "u3", "u1"]),
        (format!("{ENTERPRISE}:department"), ["u1", "u3", "u2"]),
        (format!("{ENTERPRISE}:department").to_uppercase(), ["u1", "u3", "u2"]),
    ] {
        assert_eq!(sorted(&server, &[("sortBy", &by)]).await, expected, "{by}");
    }
}
