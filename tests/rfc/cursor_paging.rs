//! Cursor paging (RFC 9865).

use serde_json::{Value, json};

use crate::covers;
use crate::gadget::{column, query, users, with_profile};
use crate::support::{Answer, LIST, Server, id};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

async fn five() -> Server {
    let server = Server::rfc().await;
    users(&server, &["u4", "u2", "u5", "u1", "u3"]).await;
    server
}

/// A page; an empty cursor begins.
async fn page(server: &Server, cursor: &str, parameters: &[(&str, &str)]) -> Answer {
    let mut all = vec![("cursor", cursor)];
    all.extend(parameters);
    server.get(&query("/Users", &all)).await.expect(200)
}

fn next(answer: &Answer) -> Option<String> {
    answer.json.get("nextCursor").map(|cursor| cursor.as_str().unwrap().to_owned())
}

/// All pages from the first to the last.
async fn walk(server: &Server, parameters: &[(&str, &str)]) -> Vec<Answer> {
    let mut pages = vec![page(server, "", parameters).await];
    while let Some(cursor) = next(pages.last().unwrap()) {
        assert!(pages.len() < 50, "the walk does not end");
        pages.push(page(server, &cursor, parameters).await);
    }
    pages
}

fn names(pages: &[Answer]) -> Vec<String> {
    pages.iter().flat_map(|page| column(page, "userName")).collect()
}

#[tokio::test]
async fn every_page_but_the_last_leads_to_the_next() {
    covers!("RFC9865-2-06", "RFC9865-2-09", "RFC9865-2-10", "RFC9865-2-18", "RFC9865-2-19", "RFC9865-2-20",);
    let server = five().await;
    for size in 1..=6_usize {
        let pages = walk(&server, &[("count", &size.to_string())]).await;
        assert_eq!(names(&pages), ["u4", "u2", "u5", "u1", "u3"], "{size} a page");
        assert_eq!(pages.len(), 5_usize.div_ceil(size), "no empty page at the end");
        for (index, page) in pages.iter().enumerate() {
            let held = column(page, "userName").len();
            assert!(held <= size);
            assert_eq!(page.json["schemas"], json!([LIST]));
            assert_eq!(page.json["itemsPerPage"], held);
            assert_eq!(page.json["totalResults"], 5);
            assert_eq!(page.json.get("nextCursor").is_some(), index + 1 < pages.len(), "{}", page.json);
        }
    }
}

#[tokio::test]
async fn cursors_are_opaque_strings_of_unreserved_characters() {
    covers!("RFC9865-2-03", "RFC9865-2-15");
    let server = five().await;
    for parameters in [&[("count", "1")][..], &[("count", "1"), ("sortBy", "userName")]] {
        for page in walk(&server, parameters).await {
            let cursors = ["nextCursor", "previousCursor"].map(|member| page.json.get(member));
            for cursor in cursors.into_iter().flatten() {
                let text = cursor.as_str().unwrap();
                assert!(!text.is_empty());
                let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
                assert!(text.chars().all(unreserved), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn previous_cursors_lead_back_and_the_first_page_has_none() {
    covers!("RFC9865-2-12", "RFC9865-2-13", "RFC9865-2-14");
    let server = five().await;
    for parameters in [&[("count", "2")][..], &[("count", "2"), ("sortBy", "userName")]] {
        let pages = walk(&server, parameters).await;
        assert_eq!(pages.len(), 3);
        assert!(pages[0].json.get("previousCursor").is_none(), "{}", pages[0].json);
        for pair in pages.windows(2) {
            let cursor = pair[1].json["previousCursor"].as_str().unwrap();
            let back = page(&server, cursor, parameters).await;
            assert_eq!(column(&back, "id"), column(&pair[0], "id"));
        }
    }
}

#[tokio::test]
async fn no_count_leaves_the_size_to_the_provider_and_a_negative_one_is_zero() {
    covers!("RFC9865-2-04", "RFC9865-2-05", "RFC9865-2-08", "RFC9865-4-05");
    let server = with_profile(|profile| profile.limits.default_page_size = 2).await;
    users(&server, &["a", "b", "c"]).await;
    let config = server.get("/ServiceProviderConfig").await.expect(200);
    assert_eq!(config.json["pagination"]["defaultPageSize"], 2);
    let pages = walk(&server, &[]).await;
    assert_eq!(pages.iter().map(|page| column(page, "id").len()).collect::<Vec<_>>(), [2, 1]);
    for count in ["0", "-3"] {
        let answer = page(&server, "", &[("count", count)]).await;
        assert!(column(&answer, "id").is_empty(), "count={count}");
        assert_eq!(answer.json["totalResults"], 3, "count={count}");
    }
}

#[tokio::test]
async fn sorted_and_filtered_walks_hold_over_all_pages() {
    covers!("RFC9865-2.2-01");
    let server = five().await;
    let sorted = walk(&server, &[("count", "2"), ("sortBy", "userName")]).await;
    assert_eq!(names(&sorted), ["u1", "u2", "u3", "u4", "u5"]);
    let descending = [("count", "2"), ("sortBy", "userName"), ("sortOrder", "descending")];
    assert_eq!(names(&walk(&server, &descending).await), ["u5", "u4", "u3", "u2", "u1"]);
    let filtered = [("count", "1"), ("sortBy", "userName"), ("filter", r#"userName gt "u2""#)];
    assert_eq!(names(&walk(&server, &filtered).await), ["u3", "u4", "u5"]);
}

#[tokio::test]
async fn a_walk_neither_repeats_nor_misses_while_others_come_and_go() {
    covers!("RFC9865-2-09", "RFC9865-2-10");
    let server = five().await;
    let first = page(&server, "", &[("count", "2")]).await;
    assert_eq!(column(&first, "userName"), ["u4", "u2"]);
    let gone = column(&first, "id").remove(0);
    server.delete(&format!("/Users/{gone}")).await.expect(204);
    users(&server, &["u6"]).await;
    let mut pages = vec![page(&server, &next(&first).unwrap(), &[("count", "2")]).await];
    while let Some(cursor) = next(pages.last().unwrap()) {
        pages.push(page(&server, &cursor, &[("count", "2")]).await);
    }
    assert_eq!(names(&pages), ["u5", "u1", "u3", "u6"]);
}

#[tokio::test]
async fn start_index_asks_for_index_paging_and_cursor_for_cursor_paging() {
    covers!("RFC9865-2.4-01", "RFC9865-2.4-02", "RFC9865-2.4-03", "RFC9865-2.3-01");
    let server = five().await;
    let by_index = server.get("/Users?startIndex=1&count=2").await.expect(200);
    assert_eq!(by_index.json["startIndex"], 1);
    assert!(by_index.json.get("nextCursor").is_none());
    // A bare `cursor` begins a walk too.
    for target in ["/Users?cursor=&count=2", "/Users?cursor&count=2"] {
        let by_cursor = server.get(target).await.expect(200);
        assert!(next(&by_cursor).is_some(), "{target}");
        assert!(by_cursor.json.get("startIndex").is_none(), "{target}");
    }
    let config = server.get("/ServiceProviderConfig").await.expect(200);
    assert_eq!(config.json["pagination"]["defaultPaginationMethod"], "index");
    for _ in 0..3 {
        let plain = server.get("/Users?count=2").await.expect(200);
        assert_eq!(plain.json["startIndex"], 1);
        assert!(plain.json.get("nextCursor").is_none());
    }
}

#[tokio::test]
async fn a_provider_with_cursors_only_pages_by_cursor_unasked() {
    covers!("RFC9865-2.3-01", "RFC9865-2.4-02");
    let server = with_profile(|profile| profile.features.index_paging = false).await;
    users(&server, &["a", "b", "c"]).await;
    let config = server.get("/ServiceProviderConfig").await.expect(200);
    let pagination = &config.json["pagination"];
    assert_eq!((&pagination["cursor"], &pagination["index"]), (&json!(true), &json!(false)));
    assert_eq!(pagination["defaultPaginationMethod"], "cursor");
    let first = server.get("/Users?count=2").await.expect(200);
    let rest = page(&server, &next(&first).unwrap(), &[("count", "2")]).await;
    assert_eq!(names(&[first, rest]), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_provider_without_cursors_ignores_the_parameter() {
    covers!("RFC9865-4-10");
    let server = with_profile(|profile| profile.features.cursor_paging = false).await;
    users(&server, &["a", "b"]).await;
    let config = server.get("/ServiceProviderConfig").await.expect(200);
    assert_eq!(config.json["pagination"]["cursor"], false);
    for target in ["/Users?cursor=abc", "/Users?cursor=", "/Users?cursor=abc&count=5"] {
        let answer = server.get(target).await.expect(200);
        assert_eq!(column(&answer, "userName"), ["a", "b"], "{target}");
        assert_eq!(answer.json["startIndex"], 1, "{target}");
    }
}

#[tokio::test]
async fn searches_page_by_cursor_too() {
    covers!("RFC9865-3-01");
    let server = five().await;
    let search = async |mut body: Value| {
        body["schemas"] = json!([SEARCH]);
        server.post("/Users/.search", body).await
    };
    let mut pages = vec![search(json!({ "cursor": "", "count": 2 })).await.expect(200)];
    while let Some(cursor) = next(pages.last().unwrap()) {
        pages.push(search(json!({ "cursor": cursor, "count": 2 })).await.expect(200));
    }
    assert_eq!(names(&pages), ["u4", "u2", "u5", "u1", "u3"]);
    assert_eq!(pages.len(), 3);
    search(json!({ "cursor": "bogus" })).await.expect_error(400, Some("invalidCursor"));
}

#[tokio::test]
async fn what_the_provider_says_of_paging_is_well_formed_and_true() {
    covers!(
        "RFC9865-4-01",
        "RFC9865-4-02",
        "RFC9865-4-03",
        "RFC9865-4-04",
        "RFC9865-4-05",
        "RFC9865-4-06",
        "RFC9865-2-06",
        "RFC9865-2-07",
    );
    let server = with_profile(|profile| {
        profile.limits.max_results = 3;
        profile.limits.default_page_size = 2;
    })
    .await;
    users(&server, &["a", "b", "c", "d", "e"]).await;
    let config = server.get("/ServiceProviderConfig").await.expect(200);
    let pagination = &config.json["pagination"];
    assert!(pagination["cursor"].is_boolean() && pagination["index"].is_boolean(), "{pagination}");
    assert!(["cursor", "index"].contains(&pagination["defaultPaginationMethod"].as_str().unwrap()));
    for member in ["defaultPageSize", "maxPageSize", "cursorTimeout"] {
        assert!(pagination[member].as_u64().is_some_and(|number| number > 0), "{pagination}");
    }
    let (usual, most) = (&pagination["defaultPageSize"], &pagination["maxPageSize"]);
    assert_eq!((usual, most), (&json!(2), &json!(3)));
    for target in ["/Users?count=4", "/Users?cursor=&count=4", "/Users?cursor&count=99999999999"] {
        assert_eq!(column(&server.get(target).await, "id").len(), 3, "{target}");
    }
    for target in ["/Users", "/Users?cursor="] {
        assert_eq!(column(&server.get(target).await, "id").len(), 2, "{target}");
    }
    let pages = walk(&server, &[("count", "4")]).await;
    assert_eq!(names(&pages), ["a", "b", "c", "d", "e"], "a page short of `count` is not the last one");
    assert_eq!(pages.len(), 2);
}

#[tokio::test]
async fn groups_and_the_root_page_by_cursor_as_users_do() {
    covers!("RFC9865-2-09");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "a" })).await;
    let group = server.group(json!({ "displayName": "g" })).await;
    let first = server.get("/?cursor=&count=1").await.expect(200);
    let second = server.get(&format!("/?cursor={}&count=1", next(&first).unwrap())).await.expect(200);
    assert_eq!(next(&second), None);
    let mut seen = [column(&first, "id"), column(&second, "id")].concat();
    seen.sort_unstable();
    let mut expected = [id(&user), id(&group)];
    expected.sort_unstable();
    assert_eq!(seen, expected);
}
