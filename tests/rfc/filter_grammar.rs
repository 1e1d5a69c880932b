//! How filters are put together: logic, value paths, notation, and what is no filter (RFC 7644 §3.4.2.2).

use serde_json::{Value, json};

use crate::covers;
use crate::gadget::{column, filtered, users};
use crate::support::{ENTERPRISE, Server, USER, id};

/// Four users, named after which of `title` (t) and `active` (a) they have.
async fn logic() -> Server {
    let server = Server::rfc().await;
    for (name, title, active) in
        [("ta", Some("x"), true), ("t", Some("x"), false), ("a", None, true), ("none", None, false)]
    {
        server.user(json!({ "userName": name, "title": title, "active": active })).await;
    }
    server
}

async fn assert_found(server: &Server, cases: &[(&str, &[&str])]) {
    for (filter, expected) in cases {
        let found = column(&filtered(server, "/Users", filter).await, "userName");
        assert_eq!(found, *expected, "{filter}");
    }
}

#[tokio::test]
async fn and_needs_both_or_needs_one_and_not_inverts() {
    covers!("RFC7644-3.4.2.2-26", "RFC7644-3.4.2.2-27", "RFC7644-3.4.2.2-28");
    let server = logic().await;
    assert_found(
        &server,
        &[
            ("title pr and active eq true", &["ta"]),
            ("active eq true and title pr", &["ta"]),
            ("title pr or active eq true", &["ta", "t", "a"]),
            (r#"userName eq "a" or userName eq "t""#, &["t", "a"]),
            ("not (title pr)", &["a", "none"]),
            ("not(title pr)", &["a", "none"]),
            ("NOT (title pr or active eq true)", &["none"]),
            (r#"userName sw "t" and not (active eq true)"#, &["t"]),
            ("not (not (title pr))", &["ta", "t"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn grouping_comes_before_not_before_and_before_or() {
    covers!("RFC7644-3.4.2.2-40", "RFC7644-3.4.2.2-41");
    let server = logic().await;
    assert_found(
        &server,
        &[
            // From left to right it would be ("none" or title) and active.
            (r#"userName eq "none" or title pr and active eq true"#, &["ta", "none"]),
            (r#"(userName eq "none" or title pr) and active eq true"#, &["ta"]),
            (r#"title pr and active eq true or userName eq "none""#, &["ta", "none"]),
            ("not (title pr) and active eq true", &["a"]),
            ("not (title pr and active eq true)", &["t", "a", "none"]),
            (r#"not (title pr) or active eq true and userName eq "ta""#, &["ta", "a", "none"]),
            (r#"title pr and title eq "x""#, &["ta", "t"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_value_path_is_about_one_element_and_a_dotted_path_about_any() {
    covers!("RFC7644-3.4.2.2-30", "RFC7644-3.4.2.2-31", "RFC7644-3.4.2.2-42", "RFC7644-3.4.2.2-44");
    let server = Server::rfc().await;
    let emails = json!([{ "type": "work", "value": "a@x.test" }, { "type": "home", "value": "b@y.test" }]);
    server.user(json!({ "userName": "two", "emails": emails })).await;
    server.user(json!({ "userName": "one", "emails": [{ "type": "work", "value": "b@y.test" }] })).await;
    server.user(json!({ "userName": "none", "displayName": "value b@y.test" })).await;
    assert_found(
        &server,
        &[
            (r#"emails[type eq "work" and value eq "b@y.test"]"#, &["one"]),
            (r#"emails.type eq "work" and emails.value eq "b@y.test""#, &["two", "one"]),
            (r#"emails[type eq "work" and value co "@x."]"#, &["two"]),
            (r#"emails[type eq "home" or value sw "a@"]"#, &["two"]),
            (r#"emails[not (type eq "work")]"#, &["two"]),
            (r#"emails[type eq "work"] and userName ne "two""#, &["one"]),
            (r#"emails.value eq "b@y.test""#, &["two", "one"]),
            (r#"emails co "y.test""#, &["two", "one"]),
            (r#"emails eq "a@x.test""#, &["two"]),
            (r#"emails co "work""#, &[]),
            (r#"emails co "type""#, &[]),
        ],
    )
    .await;
}

#[tokio::test]
async fn qualified_names_and_sub_attributes_are_understood() {
    covers!(
        "RFC7644-3.4.2.2-37",
        "RFC7644-3.4.2.2-38",
        "RFC7644-3.4.2.2-39",
        "RFC7644-3.10-01",
        "RFC7644-3.10-04",
        "RFC7644-3.10-05",
    );
    let server = Server::rfc().await;
    let boss = server.user(json!({ "userName": "boss" })).await;
    let ada = json!({
        "userName": "ada", "name": { "givenName": "Ada", "familyName": "Lovelace" },
        ENTERPRISE: { "department": "Engines", "manager": { "value": id(&boss) } },
    });
    server.user(ada).await;
    let shouted = format!("{USER}:name.givenName").to_uppercase();
    for filter in [
        format!(r#"{USER}:userName eq "ada""#),
        format!(r#"{USER}:name.givenName eq "Ada""#),
        format!(r#"{shouted} eq "Ada""#),
        r#"name.familyName co "love""#.to_owned(),
        format!(r#"{ENTERPRISE}:department eq "Engines""#),
        format!(r#"{}:DEPARTMENT eq "engines""#, ENTERPRISE.to_uppercase()),
        format!(r#"{ENTERPRISE}:manager.value eq "{}""#, id(&boss)),
        format!(r#"{USER}:userName sw "a" and {ENTERPRISE}:manager pr"#),
    ] {
        assert_eq!(column(&filtered(&server, "/Users", &filter).await, "userName"), ["ada"], "{filter}");
    }
    for filter in [r#"name.a.b eq "x""#, r#"name/givenName eq "Ada""#, r#"name:givenName eq "Ada""#] {
        filtered(&server, "/Users", filter).await.expect_error(400, Some("invalidFilter"));
    }
}

#[tokio::test]
async fn what_the_grammar_does_not_derive_is_an_invalid_filter() {
    covers!("RFC7644-3.4.2.2-34", "RFC7644-3.4.2.2-47", "RFC7644-3.4.2.2-48", "RFC7644-3.12-19");
    let server = Server::rfc().await;
    users(&server, &["a", "b"]).await;
    for filter in [
        "",
        " ",
        "userName",
        "userName eq",
        r#"eq "a""#,
        r#""a""#,
        r#"userName "a""#,
        r#"userName eq eq "a""#,
        r#"userName eq "a" and"#,
        r#"and userName eq "a""#,
        r#"userName eq "a" userName eq "b""#,
        r#"userName eq "a" and or userName eq "b""#,
        r#"(userName eq "a""#,
        r#"userName eq "a")"#,
        "()",
        "not",
        "not ()",
        r#"not userName eq "a""#,
        r#"emails[type eq "work""#,
        r#"emails type eq "work"]"#,
        "emails[]",
        r#"emails[type eq "work" and emails[type eq "home"]]"#,
        r#"userName eq "a"#,
        "userName eq 'a'",
        "userName eq a",
        "userName eq tru",
        r#"userName eq "\x""#,
        r#"userName eq ["a"]"#,
        r#"userName regex "x""#,
        r#"userName like "x""#,
        r#"userName = "x""#,
        r#"userName == "x""#,
        r#"userName in ("x")"#,
        r#"userName eq "a" && userName eq "a""#,
        r#"userName eq "a"; drop table users"#,
        r#"1userName eq "a""#,
        r#"user Name eq "a""#,
        r#".userName eq "a""#,
        r#"name. eq "a""#,
    ] {
        let answer = filtered(&server, "/Users", filter).await;
        assert_eq!(answer.status, 400, "{filter}: {}", answer.json);
        answer.expect_error(400, Some("invalidFilter"));
    }
}

#[tokio::test]
async fn an_unknown_attribute_never_selects_everything() {
    covers!("RFC7644-3.4.2.2-52");
    let server = Server::rfc().await;
    users(&server, &["a", "b"]).await;
    for filter in [
        r#"bogus eq "x""#,
        "bogus pr",
        r#"bogus ne "x""#,
        r#"name.bogus eq "x""#,
        r#"urn:bogus:2.0:User:userName eq "a""#,
        r#"emails[bogus eq "x"]"#,
    ] {
        filtered(&server, "/Users", filter).await.expect_error(400, Some("invalidFilter"));
    }
}

#[tokio::test]
async fn every_filter_of_figure_2_is_understood() {
    covers!("RFC7644-3.4.2.2-51");
    let server = Server::rfc().await;
    let bjensen: Value = json!({
        "userName": "bjensen", "name": { "familyName": "O'Malley" }, "title": "Tour Guide", "userType": "Employee",
        "emails": [{ "value": "bjensen@example.com", "type": "work" }, { "value": "b@example.org", "type": "home" }],
        "ims": [{ "value": "someone@foo.com", "type": "xmpp" }],
    });
    server.user(bjensen).await;
    server
        .user(json!({ "userName": "Jim", "userType": "Intern", "emails": [{ "value": "j@x.test" }] }))
        .await;
    assert_found(
        &server,
        &[
            (r#"userName eq "bjensen""#, &["bjensen"]),
            (r#"name.familyName co "O'Malley""#, &["bjensen"]),
            (r#"userName sw "J""#, &["Jim"]),
            (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#, &["Jim"]),
            ("title pr", &["bjensen"]),
            (r#"meta.lastModified gt "2011-05-13T04:42:34Z""#, &["bjensen", "Jim"]),
            (r#"meta.lastModified ge "2011-05-13T04:42:34Z""#, &["bjensen", "Jim"]),
            (r#"meta.lastModified lt "2011-05-13T04:42:34Z""#, &[]),
            (r#"meta.lastModified le "2011-05-13T04:42:34Z""#, &[]),
            (r#"title pr and userType eq "Employee""#, &["bjensen"]),
            (r#"title pr or userType eq "Intern""#, &["bjensen", "Jim"]),
            (r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#, &[]),
            (
                r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
                &["bjensen"],
            ),
            (
                r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
                &["Jim"],
            ),
            (r#"userType eq "Employee" and (emails.type eq "work")"#, &["bjensen"]),
            (r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#, &["bjensen"]),
            (
                r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
                &["bjensen"],
            ),
        ],
    )
    .await;
}
