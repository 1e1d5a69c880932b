//! Many clients at once: nothing is lost, nothing is there twice, nothing is half done.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::bulk::{BULK_REQUEST, post_user};
use crate::covers;
use crate::support::{Answer, GROUP, PATCH_OP, Server, USER, id};

/// Does something `count` times at once on several threads, and returns the answers in no particular order.
async fn at_once<F>(server: &Arc<Server>, count: usize, one: impl Fn(Arc<Server>, usize) -> F) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for n in 0..count {
        tasks.spawn(one(Arc::clone(server), n));
    }
    tasks.join_all().await
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

fn values(resource: &Value, list: &str) -> BTreeSet<String> {
    let elements = resource[list].as_array().map(Vec::as_slice).unwrap_or_default();
    let values: Vec<_> = elements.iter().map(|e| e["value"].as_str().unwrap().to_owned()).collect();
    let set: BTreeSet<_> = values.iter().cloned().collect();
    assert_eq!(set.len(), values.len(), "nothing is there twice: {values:?}");
    set
}

async fn users(server: &Server, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..count {
        ids.push(id(&server.user(json!({ "userName": format!("u{n}") })).await).to_owned());
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_additions_of_members_are_all_kept() {
    let server = Arc::new(Server::rfc().await);
    let ids = users(&server, 20).await;
    let group = server.group(json!({ "displayName": "G" })).await;
    let path = format!("/Groups/{}", id(&group));
    let answers = at_once(&server, ids.len(), |server, n| {
        let (path, member) = (path.clone(), ids[n].clone());
        async move {
            let add = json!([{ "op": "add", "path": "members", "value": [{ "value": member }] }]);
            server.patch(&path, add).await
        }
    })
    .await;
    assert_eq!(count(&answers, 200), ids.len());
    // Each answer shows its own state, one member more than the one before.
    let sizes: BTreeSet<_> =
        answers.iter().map(|answer| answer.json["members"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, (1..=ids.len()).collect());
    assert_eq!(values(&server.get(&path).await.json, "members"), ids.iter().cloned().collect());

    // And as many additions and removals mixed.
    let answers = at_once(&server, ids.len(), |server, n| {
        let (path, member) = (path.clone(), ids[n].clone());
        async move {
            let operation = match n % 2 {
                0 => json!([{ "op": "remove", "path": format!("members[value eq \"{member}\"]") }]),
                _ => json!([{ "op": "add", "path": "members", "value": [{ "value": member }] }]),
            };
            server.patch(&path, operation).await
        }
    })
    .await;
    assert_eq!(count(&answers, 200), ids.len());
    let odd: BTreeSet<_> = ids.iter().skip(1).step_by(2).cloned().collect();
    assert_eq!(values(&server.get(&path).await.json, "members"), odd);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_parallel_creations_of_one_name_one_succeeds() {
    covers!("RFC7644-3.3-10");
    let server = Arc::new(Server::rfc().await);
    for round in 0..5 {
        let name = format!("ada{round}");
        let answers = at_once(&server, 16, |server, n| {
            let name = if n % 2 == 0 { name.clone() } else { name.to_uppercase() };
            async move { server.post("/Users", json!({ "schemas": [USER], "userName": name })).await }
        })
        .await;
        assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 15));
        for answer in answers.into_iter().filter(|answer| answer.status == 409) {
            answer.expect_error(409, Some("uniqueness"));
        }
        assert_eq!(server.names(&format!("userName eq \"{name}\"")).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_parallel_renamings_to_one_name_one_succeeds() {
    covers!("RFC7644-3.5.1-15", "RFC7644-3.5.2-30");
    let server = Arc::new(Server::rfc().await);
    let ids = users(&server, 16).await;
    let answers = at_once(&server, ids.len(), |server, n| {
        let path = format!("/Users/{}", ids[n]);
        async move {
            match n % 2 {
                0 => server.put(&path, json!({ "schemas": [USER], "userName": "one" })).await,
                _ => {
                    let rename = json!([{ "op": "replace", "path": "userName", "value": "ONE" }]);
                    server.patch(&path, rename).await
                }
            }
        }
    })
    .await;
    assert_eq!((count(&answers, 200), count(&answers, 409)), (1, 15));
    assert_eq!(server.names("userName eq \"one\"").await.len(), 1);
    assert_eq!(server.names("userName sw \"u\"").await.len(), 15);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_patches_of_one_user_are_all_done() {
    let server = Arc::new(Server::rfc().await);
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    let answers = at_once(&server, 40, |server, n| {
        let path = path.clone();
        async move {
            let email = json!({ "value": format!("{n}@x.test"), "type": "work" });
            server.patch(&path, json!([{ "op": "add", "path": "emails", "value": [email] }])).await
        }
    })
    .await;
    assert_eq!(count(&answers, 200), 40);
    let after = server.get(&path).await.json;
    let expected: BTreeSet<_> = (0..40).map(|n| format!("{n}@x.test")).collect();
    assert_eq!(values(&after, "emails"), expected);
    // Every change made a version of its own, and the last one is the one that is read.
    let versions: BTreeSet<_> = answers.iter().map(|a| a.headers.get("etag").unwrap().to_owned()).collect();
    assert_eq!(versions.len(), 40);
    assert!(versions.contains(after["meta"]["version"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_version_lets_one_writer_through() {
    let server = Arc::new(Server::rfc().await);
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    let version = user["meta"]["version"].as_str().unwrap().to_owned();
    let answers = at_once(&server, 16, |server, n| {
        let (path, version) = (path.clone(), version.clone());
        async move {
            let title = json!([{ "op": "replace", "path": "title", "value": format!("t{n}") }]);
            let body = json!({ "schemas": [PATCH_OP], "Operations": title });
            server.call_with("PATCH", &path, &[("If-Match", &version)], Some(body)).await
        }
    })
    .await;
    assert_eq!((count(&answers, 200), count(&answers, 412)), (1, 15));
    let winner = answers.iter().find(|answer| answer.status == 200).unwrap();
    assert_eq!(server.get(&path).await.json, winner.json);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_sees_half_a_patch() {
    covers!("RFC7644-3.5.2-23");
    let server = Arc::new(Server::rfc().await);
    let user = server.user(json!({ "userName": "ada", "title": "x", "nickName": "x" })).await;
    let path = format!("/Users/{}", id(&user));
    let answers = at_once(&server, 60, |server, n| {
        let path = path.clone();
        async move {
            if n % 3 == 0 {
                return server.get(&path).await;
            }
            let mut operations = vec![
                json!({ "op": "replace", "path": "title", "value": format!("v{n}") }),
                json!({ "op": "replace", "path": "nickName", "value": format!("v{n}") }),
            ];
            if n % 3 == 1 {
                operations.push(json!({ "op": "replace", "path": "id", "value": "no" }));
            }
            server.patch(&path, json!(operations)).await
        }
    })
    .await;
    assert_eq!((count(&answers, 200), count(&answers, 400)), (40, 20));
    for answer in answers.iter().filter(|answer| answer.status == 200) {
        assert_eq!(answer.json["title"], answer.json["nickName"]);
    }
    let last = server.get(&path).await.json["title"].as_str().unwrap().to_owned();
    assert_eq!(last[1..].parse::<usize>().unwrap() % 3, 2, "{last}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn circles_in_parallel_bulk_requests_are_done_whole_or_not_at_all() {
    covers!("RFC7644-3.7.1-01", "RFC7644-3.7.1-02");
    let server = Arc::new(Server::rfc().await);
    let group = |bulk_id: &str, name: String, members: Value| {
        let data = json!({ "schemas": [GROUP], "displayName": name, "members": members });
        json!({ "method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data })
    };
    let answers = at_once(&server, 20, |server, n| {
        let missing = json!({ "value": if n % 2 == 0 { "bulkId:a" } else { "nobody" } });
        let operations = json!([
            group("a", format!("a{n}"), json!([{ "value": "bulkId:b" }])),
            group("b", format!("b{n}"), json!([{ "value": "bulkId:a" }, missing])),
        ]);
        let body = json!({ "schemas": [BULK_REQUEST], "Operations": operations });
        async move { server.post("/Bulk", body).await }
    })
    .await;
    assert_eq!(count(&answers, 200), 20);
    let groups = server.get("/Groups").await.expect(200).json;
    assert_eq!(groups["totalResults"], 20);
    for group in groups["Resources"].as_array().unwrap() {
        let name = group["displayName"].as_str().unwrap();
        assert_eq!(name[1..].parse::<usize>().unwrap() % 2, 0, "{name}");
        assert_eq!(group["members"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_bulk_requests_keep_names_unique() {
    covers!("RFC7644-3.7-26");
    let server = Arc::new(Server::rfc().await);
    let answers = at_once(&server, 8, |server, _| {
        let operations: Vec<_> = (0..25).map(|n| post_user(&format!("b{n}"), &format!("u{n}"))).collect();
        let body = json!({ "schemas": [BULK_REQUEST], "Operations": operations });
        async move { server.post("/Bulk", body).await }
    })
    .await;
    let results = answers.iter().flat_map(|answer| answer.json["Operations"].as_array().unwrap());
    let statuses: Vec<_> = results.map(|result| result["status"].as_str().unwrap()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == "201").count(), 25);
    assert_eq!(statuses.iter().filter(|status| **status == "409").count(), 175);
    assert_eq!(server.names("userName pr").await.len(), 25);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_member_that_is_deleted_meanwhile_is_in_no_group() {
    let server = Arc::new(Server::rfc().await);
    let ids = users(&server, 20).await;
    let path = format!("/Groups/{}", id(&server.group(json!({ "displayName": "G" })).await));
    let answers = at_once(&server, 2 * ids.len(), |server, n| {
        let (path, member) = (path.clone(), ids[n / 2].clone());
        async move {
            match n % 2 {
                0 => server.delete(&format!("/Users/{member}")).await,
                _ => {
                    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": member }] }]);
                    server.patch(&path, add).await
                }
            }
        }
    })
    .await;
    assert_eq!(count(&answers, 204), ids.len());
    assert_eq!(count(&answers, 200) + count(&answers, 400), ids.len());
    let group = server.get(&path).await.expect(200).json;
    assert!(group.get("members").is_none(), "{group}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_delete_of_many_succeeds_and_readers_see_all_or_nothing() {
    covers!("RFC7644-3.6-02");
    let server = Arc::new(Server::rfc().await);
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    let answers = at_once(&server, 30, |server, n| {
        let path = path.clone();
        async move {
            match n % 3 {
                0 => server.get(&path).await,
                1 => server.delete(&path).await,
                _ => server.patch(&path, json!([{ "op": "add", "path": "title", "value": "x" }])).await,
            }
        }
    })
    .await;
    assert_eq!(count(&answers, 204), 1);
    assert_eq!(count(&answers, 200) + count(&answers, 404), 29);
    server.get(&path).await.expect_error(404, None);
    assert!(server.names("userName pr").await.is_empty());
}
