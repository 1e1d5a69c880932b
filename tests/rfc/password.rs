//! `password`, which goes in and never comes out (RFC 7643 §4.1.1, §7).

use serde_json::{Value, json};

use crate::covers;
use crate::support::{Server, USER, id};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const SECRET: &str = "t1meMa$heen-4711";

/// Asserts that neither the attribute nor anything of its value is in a body.
#[track_caller]
fn assert_silent(json: &Value) {
    let text = json.to_string();
    assert!(!text.contains("\"password\"") && !text.contains("t1meMa"), "{text}");
}

#[tokio::test]
async fn a_password_is_in_no_answer() {
    covers!("RFC7643-4.1.1-18", "RFC7643-4.1.1-19", "RFC7643-7-25", "RFC7643-7-28");
    let server = Server::rfc().await;
    let body = json!({ "schemas": [USER], "userName": "ada", "password": SECRET });
    let created = server.post("/Users?attributes=password,userName", body.clone()).await.expect(201).json;
    assert_silent(&created);
    let path = format!("/Users/{}", id(&created));
    let bob = json!({ "schemas": [USER], "userName": "bob", "password": SECRET });
    assert_silent(&server.post("/Users", bob).await.expect(201).json);
    for query in ["", "?attributes=password", "?attributes=PASSWORD,userName", "?excludedAttributes=userName"]
    {
        let patch = json!([{ "op": "replace", "path": "password", "value": format!("{SECRET}{query}") }]);
        assert_silent(&server.patch(&format!("{path}{query}"), patch).await.expect(200).json);
        assert_silent(&server.put(&format!("{path}{query}"), body.clone()).await.expect(200).json);
        assert_silent(&server.get(&format!("{path}{query}")).await.expect(200).json);
        assert_silent(&server.get(&format!("/Users{query}")).await.expect(200).json);
    }
    let search = json!({ "schemas": [SEARCH], "attributes": ["password", "userName"] });
    for endpoint in ["/Users/.search", "/.search"] {
        let found = server.post(endpoint, search.clone()).await.expect(200).json;
        assert_eq!(found["totalResults"], 2);
        assert_silent(&found);
    }
    let bulk = json!({ "schemas": [BULK], "Operations": [
        { "method": "POST", "path": "/Users", "bulkId": "1",
          "data": { "schemas": [USER], "userName": "eve", "password": SECRET } },
        { "method": "PUT", "path": path, "data": body },
        // Refused: a message must not repeat the value either.
        { "method": "POST", "path": "/Users", "bulkId": "2", "data": { "schemas": [USER], "password": SECRET } },
        { "method": "POST", "path": "/Users", "bulkId": "3", "data": { "schemas": [USER], "userName": "x", "password": [SECRET] } },
    ] });
    let answer = server.post("/Bulk", bulk).await.expect(200).json;
    assert_eq!(answer["Operations"].as_array().unwrap().len(), 4);
    assert_silent(&answer);
}

#[tokio::test]
async fn a_password_can_be_written_by_every_method() {
    covers!("RFC7643-4.1.1-26");
    let server = Server::rfc().await;
    assert_eq!(server.get("/ServiceProviderConfig").await.json["changePassword"]["supported"], true);
    let body = json!({ "schemas": [USER], "userName": "ada", "password": SECRET });
    let created = server.post("/Users", body.clone()).await.expect(201);
    let path = format!("/Users/{}", id(&created.json));
    let mut version = created.headers.get("etag").unwrap().to_owned();
    for operation in [
        json!({ "op": "replace", "path": "password", "value": "another" }),
        json!({ "op": "add", "value": { "password": "a third" } }),
        json!({ "op": "remove", "path": "password" }),
    ] {
        let answer = server.patch(&path, json!([operation])).await.expect(200);
        // It cannot be read back; that the resource is another version shows that it was written.
        let now = answer.headers.get("etag").unwrap().to_owned();
        assert_ne!(now, version, "{operation}");
        version = now;
    }
    let put = server.put(&path, body).await.expect(200);
    assert_ne!(put.headers.get("etag"), Some(version.as_str()));
}

#[tokio::test]
async fn a_password_cannot_be_probed() {
    covers!("RFC7643-4.1.1-25", "RFC7643-7-29");
    let server = Server::rfc().await;
    server.user(json!({ "userName": "ada", "password": SECRET })).await;
    server.user(json!({ "userName": "bob", "password": "zzz" })).await;
    server.user(json!({ "userName": "eve" })).await;
    for filter in [
        format!("password eq \"{SECRET}\""),
        "password co \"t1\"".to_owned(),
        "password sw \"t\"".to_owned(),
        "not (password eq \"a\")".to_owned(),
        "userName eq \"ada\" and password gt \"a\"".to_owned(),
        format!("{USER}:PassWord eq \"{SECRET}\""),
    ] {
        let search = json!({ "schemas": [SEARCH], "filter": filter });
        server.post("/Users/.search", search.clone()).await.expect_error(400, Some("invalidFilter"));
        server.post("/.search", search).await.expect_error(400, Some("invalidFilter"));
        server.get(&format!("/Users?filter={filter}")).await.expect_error(403, Some("sensitive"));
    }
    // Nor does sorting tell anything: the order is the one of creation.
    let sorted = server.get("/Users?sortBy=password&sortOrder=descending").await;
    if sorted.status == 200 {
        let resources = sorted.json["Resources"].as_array().unwrap();
        let named = |name: &str| resources.iter().position(|user| user["userName"] == name).unwrap();
        assert!(named("ada") < named("bob"));
    }
}
