//! Two tenants of one provider: nothing crosses from one to the other.

use scimulator::exchange::{Auth, Request};
use serde_json::{Value, json};

use crate::bulk::BULK_REQUEST;
use crate::support::{Answer, ENTERPRISE, GROUP, PATCH_OP, Server, USER, id};

const OTHER: &str = "other-token-9876543210";

/// A provider with a second tenant, whose token is [`OTHER`].
async fn two() -> Server {
    let server = Server::rfc().await;
    server.provider.add_tenant(&OTHER.into());
    server
}

/// A request in the name of the second tenant.
async fn other(server: &Server, method: &str, target: &str, body: Option<Value>) -> Answer {
    let mut request = Request::new(method, target.replace(' ', "%20").replace('"', "%22"));
    request.auth = Auth::Bearer(OTHER.to_owned());
    server
        .send(match &body {
            Some(body) => request.with_json(body),
            None => request,
        })
        .await
}

async fn other_user(server: &Server, name: &str) -> Value {
    let body = json!({ "schemas": [USER], "userName": name });
    other(server, "POST", "/Users", Some(body)).await.expect(201).json
}

/// A detail that is the same for every id, so that nobody learns which ids there are.
fn without_id(answer: &Answer, id: &str) -> String {
    answer.json.to_string().replace(id, "ID")
}

#[tokio::test]
async fn names_are_unique_within_a_tenant_only() {
    let server = two().await;
    let mine = server.user(json!({ "userName": "ada", "externalId": "1" })).await;
    let theirs = other_user(&server, "ada").await;
    assert_ne!(id(&mine), id(&theirs));
    let bob = other_user(&server, "bob").await;
    let rename = json!({ "schemas": [PATCH_OP], "Operations": [
        { "op": "replace", "path": "userName", "value": "eve" },
    ] });
    server.user(json!({ "userName": "eve" })).await;
    other(&server, "PATCH", &format!("/Users/{}", id(&bob)), Some(rename)).await.expect(200);
}

#[tokio::test]
async fn a_foreign_id_is_like_one_that_does_not_exist() {
    let server = two().await;
    let mine = server.user(json!({ "userName": "ada" })).await;
    let group = server.group(json!({ "displayName": "G", "members": [{ "value": id(&mine) }] })).await;
    let before = server.get(&format!("/Users/{}", id(&mine))).await.json;

    let put = json!({ "schemas": [USER], "userName": "taken over" });
    let patch = json!({ "schemas": [PATCH_OP], "Operations": [
        { "op": "replace", "path": "userName", "value": "taken over" },
    ] });
    for (method, body) in [("GET", None), ("PUT", Some(put)), ("PATCH", Some(patch)), ("DELETE", None)] {
        let foreign = other(&server, method, &format!("/Users/{}", id(&mine)), body.clone()).await;
        let none = other(&server, method, "/Users/none", body).await;
        assert_eq!(without_id(&foreign, id(&mine)), without_id(&none, "none"), "{method}");
        foreign.expect_error(404, None);
    }
    other(&server, "GET", &format!("/Groups/{}", id(&group)), None).await.expect_error(404, None);
    assert_eq!(server.get(&format!("/Users/{}", id(&mine))).await.json, before);

    let operations = json!([
        { "method": "DELETE", "path": format!("/Users/{}", id(&mine)) },
        { "method": "DELETE", "path": format!("/Groups/{}", id(&group)) },
    ]);
    let bulk = json!({ "schemas": [BULK_REQUEST], "Operations": operations });
    let answer = other(&server, "POST", "/Bulk", Some(bulk)).await.expect(200);
    for result in answer.json["Operations"].as_array().unwrap() {
        assert_eq!(result["status"], "404", "{result}");
    }
    server.get(&format!("/Groups/{}", id(&group))).await.expect(200);
}

#[tokio::test]
async fn queries_find_only_what_belongs_to_the_tenant() {
    let server = two().await;
    let mine = server.user(json!({ "userName": "ada", "externalId": "x1", "title": "x" })).await;
    server.group(json!({ "displayName": "G", "members": [{ "value": id(&mine) }] })).await;
    let own = other_user(&server, "own").await;
    let filters = [
        "userName eq \"ada\"".to_owned(),
        "userName sw \"a\"".to_owned(),
        "externalId eq \"x1\"".to_owned(),
        "title pr".to_owned(),
        format!("id eq \"{}\"", id(&mine)),
        "groups.display eq \"G\"".to_owned(),
    ];
    for filter in filters {
        assert_eq!(server.names(&filter).await, ["ada"], "{filter}");
        let answer = other(&server, "GET", &format!("/Users?filter={filter}"), None).await.expect(200);
        assert_eq!(answer.json["totalResults"], 0, "{filter}: {}", answer.json);
        let search =
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
        let answer = other(&server, "POST", "/Users/.search", Some(search)).await.expect(200);
        assert_eq!(answer.json["totalResults"], 0, "{filter}: {}", answer.json);
    }
    for target in ["/Users", "/", "/Users?filter=not (userName eq \"x\")", "/Users?sortBy=userName"] {
        let answer = other(&server, "GET", target, None).await.expect(200);
        assert_eq!(answer.json["totalResults"], 1, "{target}: {}", answer.json);
        assert_eq!(answer.json["Resources"][0]["id"], own["id"]);
    }
    let groups = other(&server, "GET", "/Groups", None).await.expect(200);
    assert_eq!(groups.json["totalResults"], 0);
}

#[tokio::test]
async fn a_cursor_opens_the_pages_of_its_own_tenant_only() {
    let server = two().await;
    for n in 0..5 {
        server.user(json!({ "userName": format!("mine{n}") })).await;
        other_user(&server, &format!("theirs{n}")).await;
    }
    let first = server.get("/Users?cursor&count=2").await.expect(200).json;
    let cursor = first["nextCursor"].as_str().unwrap();
    let page = format!("/Users?cursor={cursor}&count=2");
    let answer = other(&server, "GET", &page, None).await;
    assert!(!answer.json.to_string().contains("mine"), "{}", answer.json);
    answer.expect_error(400, Some("invalidCursor"));
    let second = server.get(&page).await.expect(200).json;
    assert_eq!(second["Resources"][0]["userName"], "mine2");
}

#[tokio::test]
async fn a_member_or_manager_of_another_tenant_is_a_stranger() {
    let server = two().await;
    let mine = server.user(json!({ "userName": "ada", "displayName": "Ada" })).await;
    let members = json!([{ "value": id(&mine) }]);
    let create = json!({ "schemas": [GROUP], "displayName": "G", "members": members });
    let refused =
        other(&server, "POST", "/Groups", Some(create)).await.expect_error(400, Some("invalidValue"));
    let unknown = json!({ "schemas": [GROUP], "displayName": "G", "members": [{ "value": "none" }] });
    let none = other(&server, "POST", "/Groups", Some(unknown)).await.expect_error(400, Some("invalidValue"));
    assert_eq!(without_id(&refused, id(&mine)), without_id(&none, "none"));

    let empty = json!({ "schemas": [GROUP], "displayName": "G" });
    let group = other(&server, "POST", "/Groups", Some(empty)).await.expect(201).json;
    let add = json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "add", "path": "members", "value": members }] });
    let path = format!("/Groups/{}", id(&group));
    other(&server, "PATCH", &path, Some(add)).await.expect_error(400, Some("invalidValue"));
    assert!(server.get(&format!("/Users/{}", id(&mine))).await.json.get("groups").is_none());

    let with_manager = json!({ "schemas": [USER, ENTERPRISE], "userName": "eve",
                               ENTERPRISE: { "manager": { "value": id(&mine) } } });
    let eve = other(&server, "POST", "/Users", Some(with_manager)).await.expect(201).json;
    let manager = &eve[ENTERPRISE]["manager"];
    assert!(manager.get("displayName").is_none() && manager.get("$ref").is_none(), "{manager}");
}

#[tokio::test]
async fn deleting_and_dropping_leave_the_other_tenant_alone() {
    let server = Server::rfc().await;
    let tenant = server.provider.add_tenant(&OTHER.into());
    let mine = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&mine));
    let theirs = other_user(&server, "ada").await;
    other(&server, "DELETE", &format!("/Users/{}", id(&theirs)), None).await.expect(204);
    assert_eq!(server.get(&path).await.json, mine);

    other_user(&server, "bob").await;
    server.provider.drop_tenant(tenant);
    other(&server, "GET", "/Users", None).await.expect_error(401, None);
    assert_eq!(server.get(&path).await.json, mine);
    // The token in new hands sees nothing of what was there.
    server.provider.add_tenant(&OTHER.into());
    assert_eq!(other(&server, "GET", "/Users", None).await.expect(200).json["totalResults"], 0);
}

#[tokio::test]
async fn me_is_a_user_of_the_tenant() {
    let server = two().await;
    let mine = server.user(json!({ "userName": "me@provider.test" })).await;
    assert_eq!(server.get("/Me").await.expect(200).json["id"], mine["id"]);
    other(&server, "GET", "/Me", None).await.expect_error(404, None);
    let theirs = other_user(&server, "me@provider.test").await;
    assert_eq!(other(&server, "GET", "/Me", None).await.expect(200).json["id"], theirs["id"]);
}
