//! Which attributes an answer holds: by default, with `attributes`, with `excludedAttributes`
//! (RFC 7644 §3.4, §3.4.2.5, §3.9, §3.10).

use serde_json::{Value, json};

use crate::covers;
use crate::gadget::{gadget, keys, query, server as gadgets};
use crate::support::{ENTERPRISE, Server, USER, id};

/// Everything that a client can say of a user.
fn whole_user() -> Value {
    json!({
        "userName": "ada", "externalId": "x-1", "displayName": "Ada", "nickName": "A", "title": "Countess",
        "profileUrl": "https://x.test/ada", "userType": "Employee", "preferredLanguage": "en-GB",
        "locale": "en-GB", "timezone": "Europe/London", "active": true, "password": "Secret-1",
        "name": { "formatted": "Ada Lovelace", "familyName": "Lovelace", "givenName": "Ada", "middleName": "K",
            "honorificPrefix": "Lady", "honorificSuffix": "I" },
        "emails": [
            { "value": "ada@work.test", "type": "work", "primary": true, "display": "W" },
            { "value": "ada@home.test", "type": "home" },
        ],
        "phoneNumbers": [{ "value": "tel:+1-201-555-0123", "type": "work" }],
        "ims": [{ "value": "ada", "type": "xmpp" }],
        "photos": [{ "value": "https://x.test/p", "type": "photo" }],
        "addresses": [{ "formatted": "12 Street", "streetAddress": "12", "locality": "L", "region": "R",
            "postalCode": "1", "country": "GB", "type": "work" }],
        "entitlements": [{ "value": "e" }],
        "roles": [{ "value": "r", "primary": true }],
        "x509Certificates": [{ "value": "QUJD" }],
        ENTERPRISE: { "employeeNumber": "1", "costCenter": "c", "organization": "o", "division": "d",
            "department": "Engines" },
    })
}

/// Every member that such a user shows by default, sorted.
const WHOLE: [&str; 25] = [
    "active",
    "addresses",
    "displayName",
    "emails",
    "entitlements",
    "externalId",
    "groups",
    "id",
    "ims",
    "locale",
    "meta",
    "name",
    "nickName",
    "phoneNumbers",
    "photos",
    "preferredLanguage",
    "profileUrl",
    "roles",
    "schemas",
    "timezone",
    "title",
    ENTERPRISE,
    "userName",
    "userType",
    "x509Certificates",
];

/// The user, a member of a group, as a GET with those parameters shows it; the list must show the same.
async fn shown(server: &Server, user: &Value, parameters: &[(&str, &str)]) -> Value {
    let one = server.get(&query(&format!("/Users/{}", id(user)), parameters)).await.expect(200);
    let list = server.get(&query("/Users", parameters)).await.expect(200);
    assert_eq!(list.json["Resources"], json!([one.json]), "{parameters:?}");
    one.json
}

async fn member() -> (Server, Value) {
    let server = Server::rfc().await;
    let user = server.user(whole_user()).await;
    server.group(json!({ "displayName": "g", "members": [{ "value": id(&user) }] })).await;
    (server, user)
}

#[tokio::test]
async fn by_default_everything_that_is_always_or_by_default_returned_is_there() {
    covers!("RFC7644-3.4-02", "RFC7644-3.9-01");
    let (server, user) = member().await;
    let target = format!("/Users/{}", id(&user));
    let before_membership: Vec<_> = WHOLE.iter().filter(|name| **name != "groups").copied().collect();
    assert_eq!(keys(&user), before_membership, "POST");
    let got = shown(&server, &user, &[]).await;
    assert_eq!(keys(&got), WHOLE, "GET and list");
    assert_eq!(keys(&server.put(&target, got.clone()).await.expect(200).json), WHOLE, "PUT");
    let patched = server.patch(&target, json!([{ "op": "replace", "path": "title", "value": "x" }])).await;
    assert_eq!(keys(&patched.expect(200).json), WHOLE, "PATCH");
    for part in ["name", "addresses", ENTERPRISE] {
        assert_eq!(got[part], user[part], "{part}");
    }
}

#[tokio::test]
async fn what_is_returned_always_on_request_or_never_is_so_everywhere() {
    covers!("RFC7644-3.4-02", "RFC7644-3.9-01", "RFC7644-3.9-04", "RFC7644-3.9-10", "RFC7644-3.4.2.5-05");
    let server = gadgets().await;
    let parts = json!([{ "value": "v", "rank": 1, "mark": "m", "note": "n" }]);
    let body = json!({ "label": "l", "badge": "b", "hint": "h", "pin": "1234", "parts": parts });
    let created = gadget(&server, body).await;
    let target = format!("/Gadgets/{}", id(&created));
    assert_eq!(created["hint"], "h", "supplied in the write");

    let shown = async |parameters: &[(&str, &str)]| {
        let one = server.get(&query(&target, parameters)).await.expect(200).json;
        let list = server.get(&query("/Gadgets", parameters)).await.expect(200).json;
        assert_eq!(list["Resources"], json!([one]), "{parameters:?}");
        assert!(!one.to_string().contains("1234"), "never returned");
        one
    };
    let plain = shown(&[]).await;
    assert_eq!(keys(&plain), ["badge", "id", "label", "meta", "parts", "schemas"]);
    assert_eq!(plain["parts"], json!([{ "value": "v", "rank": 1, "mark": "m" }]));
    for (attributes, members, parts) in [
        ("label", &["badge", "id", "label", "parts", "schemas"][..], json!([{ "mark": "m" }])),
        ("hint", &["badge", "hint", "id", "parts", "schemas"], json!([{ "mark": "m" }])),
        ("pin", &["badge", "id", "parts", "schemas"], json!([{ "mark": "m" }])),
        ("parts.note", &["badge", "id", "parts", "schemas"], json!([{ "mark": "m", "note": "n" }])),
        ("parts", &["badge", "id", "parts", "schemas"], json!([{ "value": "v", "rank": 1, "mark": "m" }])),
    ] {
        let gadget = shown(&[("attributes", attributes)]).await;
        assert_eq!(keys(&gadget), members, "attributes={attributes}");
        assert_eq!(gadget["parts"], parts, "attributes={attributes}");
    }
    let rest = shown(&[("excludedAttributes", "badge,label,id,parts.mark,parts.rank")]).await;
    assert_eq!(keys(&rest), ["badge", "id", "meta", "parts", "schemas"]);
    assert_eq!(rest["parts"], json!([{ "value": "v", "mark": "m" }]));
}

#[tokio::test]
async fn attributes_replaces_the_default_set() {
    covers!(
        "RFC7644-3.4.2.5-01",
        "RFC7644-3.4.2.5-03",
        "RFC7644-3.9-04",
        "RFC7644-3.9-05",
        "RFC7644-3.9-06",
        "RFC7644-3.9-08",
        "RFC7644-3.9-09",
        "RFC7644-3.9-13",
    );
    let (server, user) = member().await;
    for (attributes, expected) in [
        ("userName", json!({ "userName": "ada" })),
        ("userName,title", json!({ "userName": "ada", "title": "Countess" })),
        (" userName , title ,", json!({ "userName": "ada", "title": "Countess" })),
        ("USERNAME", json!({ "userName": "ada" })),
        ("name.familyName", json!({ "name": { "familyName": "Lovelace" } })),
        (
            "name.familyName,name.givenName",
            json!({ "name": { "familyName": "Lovelace", "givenName": "Ada" } }),
        ),
        ("name", json!({ "name": user["name"] })),
        ("emails.value", json!({ "emails": [{ "value": "ada@work.test" }, { "value": "ada@home.test" }] })),
        (
            "emails.type,emails.primary",
            json!({ "emails": [{ "type": "work", "primary": true }, { "type": "home" }] }),
        ),
        ("emails.display", json!({ "emails": [{ "display": "W" }] })),
        ("meta", json!({ "meta": server.get(&format!("/Users/{}", id(&user))).await.json["meta"] })),
        ("meta.resourceType", json!({ "meta": { "resourceType": "User" } })),
        ("id", json!({})),
        ("password", json!({})),
        ("bogus", json!({})),
        ("bogus,bogus.sub,urn:bogus:x,!?,name.bogus", json!({})),
        ("bogus,title", json!({ "title": "Countess" })),
    ] {
        let mut expected = expected;
        expected["schemas"] = user["schemas"].clone();
        expected["id"] = user["id"].clone();
        assert_eq!(shown(&server, &user, &[("attributes", attributes)]).await, expected, "{attributes}");
    }
}

#[tokio::test]
async fn excluded_attributes_takes_away_from_the_default_set() {
    covers!(
        "RFC7644-3.4.2.5-02",
        "RFC7644-3.4.2.5-05",
        "RFC7644-3.9-09",
        "RFC7644-3.9-10",
        "RFC7644-3.9-11",
        "RFC7644-3.9-12",
        "RFC7644-3.9-13",
    );
    let (server, user) = member().await;
    for (excluded, gone) in [
        ("emails", &["emails"][..]),
        ("emails,name", &["emails", "name"]),
        ("EMAILS, meta ,groups", &["emails", "meta", "groups"]),
        ("id", &[]),
        ("id,schemas,userName", &["userName"]),
        ("bogus,bogus.sub,!?", &[]),
        ("password", &[]),
        (ENTERPRISE, &[ENTERPRISE]),
    ] {
        let left: Vec<_> = WHOLE.into_iter().filter(|name| !gone.contains(name)).collect();
        let resource = shown(&server, &user, &[("excludedAttributes", excluded)]).await;
        assert_eq!(keys(&resource), left, "{excluded}");
    }
    let resource =
        shown(&server, &user, &[("excludedAttributes", "name.givenName,emails.type,addresses.formatted")])
            .await;
    assert_eq!(keys(&resource), WHOLE);
    assert_eq!(
        keys(&resource["name"]),
        ["familyName", "formatted", "honorificPrefix", "honorificSuffix", "middleName"]
    );
    assert_eq!(keys(&resource["emails"][0]), ["display", "primary", "value"]);
    assert_eq!(resource["emails"][1], json!({ "value": "ada@home.test" }));
}

#[tokio::test]
async fn qualified_names_select_too() {
    covers!("RFC7644-3.9-07", "RFC7644-3.10-01", "RFC7644-3.10-04", "RFC7644-3.10-05");
    let (server, user) = member().await;
    let department = json!({ ENTERPRISE: { "department": "Engines" } });
    for (attributes, expected) in [
        (format!("{ENTERPRISE}:department"), department.clone()),
        (format!("{ENTERPRISE}:department").to_uppercase(), department),
        (ENTERPRISE.to_owned(), json!({ ENTERPRISE: user[ENTERPRISE] })),
        (format!("{USER}:userName"), json!({ "userName": "ada" })),
        (format!("{USER}:name.givenName"), json!({ "name": { "givenName": "Ada" } })),
        (format!("{USER}:name.givenName").to_uppercase(), json!({ "name": { "givenName": "Ada" } })),
    ] {
        let mut expected = expected;
        expected["schemas"] = user["schemas"].clone();
        expected["id"] = user["id"].clone();
        assert_eq!(shown(&server, &user, &[("attributes", &attributes)]).await, expected, "{attributes}");
    }
    let excluded = format!("{ENTERPRISE}:department,{USER}:emails");
    let resource = shown(&server, &user, &[("excludedAttributes", &excluded)]).await;
    assert_eq!(keys(&resource[ENTERPRISE]), ["costCenter", "division", "employeeNumber", "organization"]);
    assert!(resource.get("emails").is_none());
}

#[tokio::test]
async fn writes_answer_with_the_attributes_that_were_asked_for() {
    covers!("RFC7644-3.9-01", "RFC7644-3.9-04", "RFC7644-3.9-05", "RFC7644-3.9-11");
    let server = Server::rfc().await;
    let body = json!({ "schemas": [USER], "userName": "a", "title": "t" });
    let created = server.post("/Users?attributes=userName", body.clone()).await.expect(201).json;
    assert_eq!(keys(&created), ["id", "schemas", "userName"]);
    let target = format!("/Users/{}", id(&created));
    let put = server.put(&format!("{target}?excludedAttributes=meta,title"), body).await.expect(200).json;
    assert_eq!(keys(&put), ["id", "schemas", "userName"]);
    let operations = json!([{ "op": "add", "path": "nickName", "value": "n" }]);
    let patched = server.patch(&format!("{target}?attributes=nickName"), operations).await.expect(200).json;
    assert_eq!(keys(&patched), ["id", "nickName", "schemas"]);
}
