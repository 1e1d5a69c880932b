//! Deactivating and deleting (section 11.6 of the catalogue).

use serde_json::{Value, json};

use super::{ada, found, interop, patch};
use crate::covers;
use crate::support::{USER, id};

#[tokio::test]
async fn deactivation_keeps_the_user_as_it_is_in_every_spelling() {
    covers!("Q-D02", "Q-D03", "Q-D04", "Q-D07", "Q-D11");
    let server = interop().await;
    let (before, path) = ada(&server).await;
    let spellings: [(Value, Value); 3] = [
        (
            json!({ "op": "replace", "value": { "active": false } }),
            json!({ "op": "replace", "value": { "active": true } }),
        ),
        (
            json!({ "op": "Replace", "path": "active", "value": "False" }),
            json!({ "op": "Replace", "path": "active", "value": "True" }),
        ),
        (
            json!({ "op": "Add", "path": "active", "value": false }),
            json!({ "op": "Add", "path": "active", "value": true }),
        ),
    ];
    let without_meta = |mut user: Value| {
        user.as_object_mut().unwrap().shift_remove("meta");
        user
    };
    let mut inactive = before.clone();
    inactive["active"] = json!(false);
    for (off, on) in spellings {
        assert_eq!(patch(&server, &path, off).await.expect(200).json["active"], false);
        assert_eq!(without_meta(server.get(&path).await.expect(200).json), without_meta(inactive.clone()));
        assert_eq!(found(&server, "userName eq \"ada@x.test\" and active eq false").await, 1);
        assert_eq!(patch(&server, &path, on).await.expect(200).json["active"], true);
        assert_eq!(without_meta(server.get(&path).await.expect(200).json), without_meta(before.clone()));
    }
    for active in [false, true] {
        let mut whole = server.get(&path).await.json;
        whole["active"] = active.into();
        assert_eq!(server.put(&path, whole).await.expect(200).json["active"], active);
        assert_eq!(server.get(&path).await.expect(200).json["active"], active);
    }
}

#[tokio::test]
async fn deletion_is_final_before_or_after_deactivation() {
    covers!("Q-D05", "Q-D06", "Q-D08", "Q-D09", "Q-D10", "Q-D12");
    let server = interop().await;
    for deactivated_first in [true, false] {
        let (user, path) = ada(&server).await;
        if deactivated_first {
            patch(&server, &path, json!({ "op": "replace", "value": { "active": false } })).await.expect(200);
        }
        let answer = server.delete(&path).await.expect(204);
        assert_eq!(answer.json, Value::Null);
        server.get(&path).await.expect_error(404, None);
        server.delete(&path).await.expect_error(404, None);
        server.delete("/Users/unknown").await.expect_error(404, None);
        assert_eq!(found(&server, "userName eq \"ada@x.test\"").await, 0);

        let body = json!({ "schemas": [USER], "userName": "ada@x.test" });
        let again = server.post("/Users", body).await.expect(201).json;
        assert_ne!(again["id"], user["id"]);
        server.delete(&format!("/Users/{}", id(&again))).await.expect(204);
    }
}
