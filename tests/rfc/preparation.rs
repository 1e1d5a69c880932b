//! Preparation of text before it is compared (RFC 7644 §5, §7.8).

use serde_json::json;

use crate::covers;
use crate::gadget::{column, filtered};
use crate::support::{Server, USER};

#[tokio::test]
async fn user_names_that_differ_in_case_width_or_composition_are_the_same() {
    covers!("RFC7644-5-01");
    for (first, second) in [
        ("ada", "ADA"),
        ("user", "\u{ff55}\u{ff53}\u{ff45}\u{ff52}"),
        ("zo\u{eb}", "zoe\u{308}"),
        ("e\u{301}t\u{e9}", "\u{e9}te\u{301}"),
        ("Étoile", "étoile"),
        (
            "\u{3a3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c2}",
            "\u{3c3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c3}",
        ),
        ("\u{ac00}", "\u{1100}\u{1161}"),
    ] {
        let server = Server::rfc().await;
        let user = server.user(json!({ "userName": first })).await;
        assert_eq!(user["userName"], first, "the value itself is kept as it came");
        let twin = server.post("/Users", json!({ "schemas": [USER], "userName": second })).await;
        assert_eq!(twin.status, 409, "{first} and {second}: {}", twin.json);
        twin.expect_error(409, Some("uniqueness"));
        let third = server.user(json!({ "userName": "someone else" })).await;
        let target = format!("/Users/{}", crate::support::id(&third));
        let operations = json!([{ "op": "replace", "path": "userName", "value": second }]);
        server.patch(&target, operations).await.expect_error(409, Some("uniqueness"));
        let body = json!({ "schemas": [USER], "userName": second });
        server.put(&target, body).await.expect_error(409, Some("uniqueness"));
        let filter = format!("userName eq {}", json!(second));
        assert_eq!(column(&filtered(&server, "/Users", &filter).await, "userName"), [first], "{filter}");
    }
}

#[tokio::test]
async fn text_in_filters_is_normalized_before_it_is_compared() {
    covers!("RFC7644-7.8-01");
    let server = Server::rfc().await;
    let composed = json!({ "userName": "zo\u{eb}", "displayName": "Jos\u{e9} N\u{fa}\u{f1}ez", "externalId": "x\u{e9}" });
    server.user(composed).await;
    server.user(json!({ "userName": "other", "displayName": "Jose" })).await;
    for filter in [
        "userName eq \"zoe\u{308}\"",
        "userName sw \"ZOE\u{308}\"",
        "displayName eq \"Jose\u{301} Nu\u{301}n\u{303}ez\"",
        "displayName co \"\u{301} N\" or displayName co \"e\u{301} n\"",
        "displayName ew \"n\u{303}EZ\"",
        "externalId eq \"xe\u{301}\"",
        "externalId eq \"x\u{e9}\"",
    ] {
        assert_eq!(column(&filtered(&server, "/Users", filter).await, "userName"), ["zo\u{eb}"], "{filter}");
    }
    let upper = filtered(&server, "/Users", "externalId eq \"X\u{e9}\"").await;
    assert!(
        column(&upper, "userName").is_empty(),
        "normalization leaves the case of a case-exact value alone"
    );
}
