//! Operators of filters and the values that they compare (RFC 7644 §3.4.2.2).

use serde_json::{Value, json};

use crate::covers;
use crate::gadget::{column, filtered, gadget, query, server as gadgets, users, with_profile};
use crate::support::{ENTERPRISE, Server, id};

#[tokio::test]
async fn a_filter_selects_exactly_the_matching_resources() {
    covers!("RFC7644-3.4.2.2-02", "RFC7644-3.4.2.2-08");
    let server = Server::rfc().await;
    let created = users(&server, &["a", "ab", "ba"]).await;
    let answer = filtered(&server, "/Users", r#"userName eq "a""#).await.expect(200);
    assert_eq!(answer.json["totalResults"], 1);
    assert_eq!(column(&answer, "id"), [id(&created[0])]);
}

#[tokio::test]
async fn every_operator_on_strings_has_its_meaning() {
    covers!(
        "RFC7644-3.4.2.2-11",
        "RFC7644-3.4.2.2-12",
        "RFC7644-3.4.2.2-13",
        "RFC7644-3.4.2.2-14",
        "RFC7644-3.4.2.2-18",
        "RFC7644-3.4.2.2-19",
        "RFC7644-3.4.2.2-20",
        "RFC7644-3.4.2.2-21",
    );
    let server = Server::rfc().await;
    for (index, name) in ["alpha", "beta", "betamax", "gamma"].into_iter().enumerate() {
        let display = ["midnight", "amid", "pyramids", "other"][index];
        server.user(json!({ "userName": name, "displayName": display })).await;
    }
    for (filter, expected) in [
        (r#"userName ne "alpha""#, &["beta", "betamax", "gamma"][..]),
        (r#"displayName co "mid""#, &["alpha", "beta", "betamax"]),
        (r#"displayName co "midn""#, &["alpha"]),
        (r#"userName sw "beta""#, &["beta", "betamax"]),
        (r#"userName sw "betamax""#, &["betamax"]),
        (r#"userName sw "max""#, &[]),
        (r#"displayName ew "mid""#, &["beta"]),
        (r#"displayName ew "amid""#, &["beta"]),
        (r#"userName ew "ma""#, &["gamma"]),
        (r#"userName ew "a""#, &["alpha", "beta", "gamma"]),
        (r#"userName ew "gamma""#, &["gamma"]),
        (r#"userName gt "beta""#, &["betamax", "gamma"]),
        (r#"userName ge "beta""#, &["beta", "betamax", "gamma"]),
        (r#"userName lt "betamax""#, &["alpha", "beta"]),
        (r#"userName le "betamax""#, &["alpha", "beta", "betamax"]),
        (r#"userName gt "gamma""#, &[]),
        (r#"userName lt "alpha""#, &[]),
    ] {
        assert_eq!(column(&filtered(&server, "/Users", filter).await, "userName"), expected, "{filter}");
    }
}

#[tokio::test]
async fn names_operators_and_keywords_are_read_in_any_case() {
    covers!("RFC7644-3.4.2.2-03", "RFC7644-3.4.2.2-04");
    let server = Server::rfc().await;
    server.user(json!({ "userName": "a", "title": "x", "name": { "familyName": "F" } })).await;
    server.user(json!({ "userName": "b" })).await;
    for filter in [
        r#"USERNAME eq "a""#,
        r#"username EQ "a""#,
        r#"userName Eq "a" And title PR"#,
        r#"NAME.FAMILYNAME Sw "F" AND NOT (title eq "y")"#,
        r#"userName eq "zz" OR TITLE pr"#,
        r#"userName CO "a""#,
        r#"title GE "x""#,
    ] {
        assert_eq!(column(&filtered(&server, "/Users", filter).await, "userName"), ["a"], "{filter}");
    }
}

#[tokio::test]
async fn booleans_compare_as_booleans() {
    covers!("RFC7644-3.4.2.2-09");
    let server = Server::rfc().await;
    server.user(json!({ "userName": "on", "active": true })).await;
    server.user(json!({ "userName": "off", "active": false })).await;
    for (filter, expected) in
        [("active eq false", "off"), ("active eq true", "on"), ("active ne true", "off")]
    {
        assert_eq!(column(&filtered(&server, "/Users", filter).await, "userName"), [expected], "{filter}");
    }
}

#[tokio::test]
async fn ordering_a_boolean_or_a_binary_is_an_invalid_filter() {
    covers!("RFC7644-3.4.2.2-24", "RFC7644-3.4.2.2-25", "RFC7644-3.12-19");
    let server = Server::rfc().await;
    server.user(json!({ "userName": "a", "active": true, "x509Certificates": [{ "value": "QUJD" }] })).await;
    for op in ["gt", "ge", "lt", "le"] {
        for filter in [
            format!("active {op} true"),
            format!(r#"x509Certificates.value {op} "AAA=""#),
            format!(r#"x509Certificates[value {op} "AAA="]"#),
            format!("emails.primary {op} false"),
        ] {
            filtered(&server, "/Users", &filter).await.expect_error(400, Some("invalidFilter"));
            let search = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter,
            });
            server.post("/Users/.search", search).await.expect_error(400, Some("invalidFilter"));
        }
    }
    let equal = filtered(&server, "/Users", r#"x509Certificates.value eq "QUJD""#).await;
    assert_eq!(column(&equal, "userName"), ["a"]);
}

#[tokio::test]
async fn date_times_compare_as_instants() {
    covers!("RFC7644-3.4.2.2-10", "RFC7644-3.4.2.2-22");
    let server = gadgets().await;
    for (label, seen) in [
        ("early", "2020-01-01T10:00:00Z"),
        // As text it is the latest, as an instant it lies between the others.
        ("middle", "2020-01-01T23:30:00+13:00"),
        ("late", "2020-01-01T11:00:00.5Z"),
    ] {
        gadget(&server, json!({ "label": label, "seen": seen })).await;
    }
    for (filter, expected) in [
        (r#"seen eq "2020-01-01T12:00:00+02:00""#, &["early"][..]),
        (r#"seen eq "2020-01-01T10:00:00.000Z""#, &["early"]),
        (r#"seen eq "2020-01-01T10:30:00Z""#, &["middle"]),
        (r#"seen ne "2020-01-01T05:00:00-05:00""#, &["middle", "late"]),
        (r#"seen gt "2020-01-01T12:00:00+02:00""#, &["middle", "late"]),
        (r#"seen ge "2020-01-01T12:30:00+02:00""#, &["middle", "late"]),
        (r#"seen gt "2020-01-01T11:00:00Z""#, &["late"]),
        (r#"seen lt "2020-01-01T12:30:00+02:00""#, &["early"]),
        (r#"seen le "2020-01-01T05:30:00-05:00""#, &["early", "middle"]),
    ] {
        assert_eq!(column(&filtered(&server, "/Gadgets", filter).await, "label"), expected, "{filter}");
    }
}

#[tokio::test]
async fn times_that_the_provider_gave_can_be_filtered_in_any_offset() {
    covers!("RFC7644-3.4.2.2-10", "RFC7644-3.4.2.2-22");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "a" })).await;
    let created: jiff::Timestamp = user["meta"]["created"].as_str().unwrap().parse().unwrap();
    let abroad = created.display_with_offset(jiff::tz::offset(2)).to_string();
    let before = (created - jiff::SignedDuration::from_secs(1)).display_with_offset(jiff::tz::offset(-9));
    for (filter, expected) in [
        (format!(r#"meta.created eq "{created}""#), 1),
        (format!(r#"meta.created eq "{abroad}""#), 1),
        (format!(r#"meta.lastModified gt "{before}""#), 1),
        (format!(r#"meta.lastModified le "{before}""#), 0),
        (format!(r#"meta.lastModified gt "{abroad}""#), 0),
    ] {
        let answer = filtered(&server, "/Users", &filter).await.expect(200);
        assert_eq!(answer.json["totalResults"], expected, "{filter}");
    }
}

#[tokio::test]
async fn numbers_compare_as_numbers() {
    covers!("RFC7644-3.4.2.2-23");
    let server = gadgets().await;
    for (label, size, weight) in [("nine", 9, 9.5), ("ten", 10, 10.25), ("minus", -3, -0.5)] {
        gadget(&server, json!({ "label": label, "size": size, "weight": weight })).await;
    }
    for (filter, expected) in [
        ("size gt 9", &["ten"][..]),
        ("size ge 9", &["nine", "ten"]),
        ("size lt 9", &["minus"]),
        ("size le 9", &["nine", "minus"]),
        ("size eq 10.0", &["ten"]),
        ("size ne 10", &["nine", "minus"]),
        ("weight gt 9.5", &["ten"]),
        ("weight lt -0.25", &["minus"]),
        ("weight eq 1.025e1", &["ten"]),
    ] {
        assert_eq!(column(&filtered(&server, "/Gadgets", filter).await, "label"), expected, "{filter}");
    }
}

#[tokio::test]
async fn operands_have_no_special_characters() {
    covers!("RFC7644-3.4.2.2-15", "RFC7644-7.7-01");
    let server = Server::rfc().await;
    let names = ["a%b", "axb", "a_b", "a*b", r"a\b", "a'b", "a.b", "a;b--", "a&b=c+d", "a\"b", "a[b", "a(b"];
    for (index, name) in names.into_iter().enumerate() {
        server.user(json!({ "userName": format!("u{index}"), "displayName": name })).await;
    }
    for (index, name) in names.into_iter().enumerate() {
        for op in ["eq", "co", "sw", "ew"] {
            let filter = format!("displayName {op} {}", json!(name));
            let found = column(&filtered(&server, "/Users", &filter).await, "userName");
            assert_eq!(found, [format!("u{index}")], "{filter}");
        }
    }
    for (filter, expected) in
        [(r#"displayName co "%""#, 1), (r#"displayName sw "a_""#, 1), (r#"displayName eq "a.*""#, 0)]
    {
        let answer = filtered(&server, "/Users", filter).await.expect(200);
        assert_eq!(answer.json["totalResults"], expected, "{filter}");
    }
}

#[tokio::test]
async fn pr_holds_where_there_is_a_value() {
    covers!("RFC7644-3.4.2.2-16", "RFC7644-3.4.2.2-17");
    let server = Server::rfc().await;
    let full = json!({
        "userName": "full", "title": "x", "active": false,
        "name": { "familyName": "F" }, "emails": [{ "value": "a@x.test" }],
    });
    server.user(full).await;
    let empty = json!({
        "userName": "empty", "title": null, "name": { "familyName": null }, "emails": [], "active": null,
    });
    server.user(empty).await;
    for filter in
        ["title pr", "name pr", "name.familyName pr", "emails pr", "emails.value pr", "emails[value pr]"]
    {
        assert_eq!(column(&filtered(&server, "/Users", filter).await, "userName"), ["full"], "{filter}");
    }
    for filter in ["name.givenName pr", "nickName pr", "emails.type pr", "addresses pr"] {
        let answer = filtered(&server, "/Users", filter).await.expect(200);
        assert_eq!(answer.json["totalResults"], 0, "{filter}");
    }
    let answer = filtered(&server, "/Users", r#"active pr and userName eq "full""#).await;
    assert_eq!(column(&answer, "userName"), ["full"], "false is a value");
}

#[tokio::test]
async fn text_compares_by_the_case_exactness_of_its_attribute() {
    covers!("RFC7644-3.4.2.2-49");
    let server = gadgets().await;
    let user = json!({
        "userName": "Ada", "displayName": "Ada L", "externalId": "Ext-a",
        "emails": [{ "value": "Ada@x.test", "type": "work" }],
    });
    let user = server.user(user).await;
    gadget(&server, json!({ "label": "Anvil", "code": "Co-d", "link": "https://x.test/P" })).await;
    let upper = id(&user).to_uppercase();
    assert_ne!(upper, id(&user));
    for (endpoint, filter, expected) in [
        ("/Users", r#"userName eq "aDA""#.to_owned(), 1),
        ("/Users", r#"displayName eq "ADA l""#.to_owned(), 1),
        ("/Users", r#"emails.value eq "ADA@X.TEST""#.to_owned(), 1),
        ("/Users", r#"emails[type eq "WORK"]"#.to_owned(), 1),
        ("/Users", r#"externalId eq "Ext-a""#.to_owned(), 1),
        ("/Users", r#"externalId eq "ext-a""#.to_owned(), 0),
        ("/Users", r#"externalId co "EXT""#.to_owned(), 0),
        ("/Users", format!(r#"id eq "{}""#, id(&user)), 1),
        ("/Users", format!(r#"id eq "{upper}""#), 0),
        ("/Gadgets", r#"label eq "ANVIL""#.to_owned(), 1),
        ("/Gadgets", r#"label sw "aNV""#.to_owned(), 1),
        ("/Gadgets", r#"code eq "co-d""#.to_owned(), 0),
        ("/Gadgets", r#"code sw "co""#.to_owned(), 0),
        ("/Gadgets", r#"code ew "-d""#.to_owned(), 1),
        ("/Gadgets", r#"link eq "https://x.test/p""#.to_owned(), 0),
    ] {
        let answer = filtered(&server, endpoint, &filter).await.expect(200);
        assert_eq!(answer.json["totalResults"], expected, "{filter}");
    }
}

#[tokio::test]
async fn what_the_provider_answered_is_what_a_filter_sees() {
    covers!("RFC7644-3.4.2.2-45");
    let server = Server::rfc().await;
    let boss = server.user(json!({ "userName": "boss", "displayName": "The Boss" })).await;
    let ada = json!({
        "userName": "ada", "name": { "givenName": "Ada" }, "externalId": "x-1", "profileUrl": "https://x.test/A",
        "emails": [{ "value": "a@x.test", "type": "work", "primary": true }, { "value": "b@x.test" }],
        "x509Certificates": [{ "value": "QUJD" }],
        ENTERPRISE: { "department": "Engines", "manager": { "value": id(&boss) } },
    });
    let ada = server.user(ada).await;
    server.group(json!({ "displayName": "Mathematicians", "members": [{ "value": id(&ada) }] })).await;
    let ada = server.get(&format!("/Users/{}", id(&ada))).await.expect(200).json;
    let mut terms = Vec::new();
    leaves("", &ada, &mut terms);
    assert!(terms.len() > 20, "{terms:?}");
    for (path, value) in terms {
        let filter = format!("{path} eq {value}");
        let found = column(&filtered(&server, "/Users", &filter).await, "userName");
        assert!(found.contains(&"ada".to_owned()), "{filter} finds {found:?}");
    }
    let plain = server.user(json!({ "userName": "plain" })).await;
    let active = plain.get("active").cloned();
    for value in [true, false] {
        let filter = format!("active eq {value}");
        let expected = usize::from(active == Some(json!(value)));
        assert_eq!(column(&filtered(&server, "/Users", &filter).await, "id").len(), expected, "{filter}");
    }
}

/// Paths and simple values of everything in a resource.
fn leaves(path: &str, value: &Value, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let separator = match path {
                    "" => "",
                    urn if urn.contains(':') && !urn.ends_with(":manager") => ":",
                    _ => ".",
                };
                leaves(&format!("{path}{separator}{name}"), value, found);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| leaves(path, element, found)),
        simple => found.push((path.to_owned(), simple.clone())),
    }
}

#[tokio::test]
async fn filters_follow_what_the_provider_announces() {
    covers!("RFC7644-3.4.2.2-01", "RFC7644-3.12-18");
    let server = Server::rfc().await;
    let config = server.get("/ServiceProviderConfig").await.expect(200);
    assert_eq!(config.json["filter"]["supported"], true);

    let server = with_profile(|profile| profile.features.filter = false).await;
    users(&server, &["a", "b"]).await;
    let config = server.get("/ServiceProviderConfig").await.expect(200);
    assert_eq!(config.json["filter"]["supported"], false);
    server.get(&query("/Users", &[("filter", r#"userName eq "a""#)])).await.expect_error(501, None);
}
