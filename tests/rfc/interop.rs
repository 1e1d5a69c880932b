//! The profile `interop` against what identity providers really send: the rows Q-… of the traffic catalogue.
//!
//! Left out are rows that ask nothing of a target that a test could see: Q-H14 (the name of a host), Q-H16 (a token
//! endpoint, which the provider has none of) and Q-G23 (what a client accepts).

mod create;
mod groups;
mod lifecycle;
mod lookup;
mod paging;
mod transport;
mod update;

use serde_json::{Value, json};

use crate::support::{Answer, ENTERPRISE, Server, id};

/// The provider with the profile `interop`.
async fn interop() -> Server {
    Server::of("interop").await
}

/// A user with something in every kind of attribute, and its path.
async fn ada(server: &Server) -> (Value, String) {
    let user = server
        .user(json!({
            "userName": "ada@x.test", "externalId": "Ext-1", "displayName": "Ada", "active": true,
            "name": { "givenName": "Ada", "familyName": "Lovelace" },
            "emails": [{ "value": "ada@x.test", "type": "work", "primary": true },
                       { "value": "ada@home.test", "type": "home" }],
            ENTERPRISE: { "department": "Engines" },
        }))
        .await;
    let path = format!("/Users/{}", id(&user));
    (user, path)
}

/// Users of these names, and their ids.
async fn users<const N: usize>(server: &Server, names: [&str; N]) -> [String; N] {
    let mut ids = Vec::new();
    for name in names {
        ids.push(id(&server.user(json!({ "userName": name })).await).to_owned());
    }
    ids.try_into().unwrap()
}

/// A PATCH of one operation.
async fn patch(server: &Server, path: &str, operation: Value) -> Answer {
    server.patch(path, json!([operation])).await
}

/// How many users a filter finds.
async fn found(server: &Server, filter: &str) -> u64 {
    let answer = server.get(&format!("/Users?filter={filter}")).await.expect(200);
    answer.json["totalResults"].as_u64().unwrap()
}

/// The ids of the members of a group, in order.
fn members(group: &Value) -> Vec<&str> {
    let members = group["members"].as_array().map(Vec::as_slice).unwrap_or_default();
    members.iter().map(|member| member["value"].as_str().unwrap()).collect()
}
