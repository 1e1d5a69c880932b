//! Imports: whole directories page by page (section 11.8 of the catalogue, Q-L12).

use serde_json::{Value, json};

use super::interop;
use crate::bulk::bulk;
use crate::covers;
use crate::support::{GROUP, Server, USER};

const COUNT: usize = 250;

/// A provider with 250 users and 250 groups.
async fn full() -> Server {
    let server = interop().await;
    let user = |n: usize| {
        let data = json!({ "schemas": [USER], "userName": format!("u{n}") });
        json!({ "method": "POST", "path": "/Users", "bulkId": format!("u{n}"), "data": data })
    };
    let group = |n: usize| {
        let data = json!({ "schemas": [GROUP], "displayName": format!("g{n}") });
        json!({ "method": "POST", "path": "/Groups", "bulkId": format!("g{n}"), "data": data })
    };
    let operations: Vec<_> = (0..COUNT).flat_map(|n| [user(n), group(n)]).collect();
    bulk(&server, json!(operations)).await.expect(200);
    server
}

fn ids(list: &Value) -> Vec<String> {
    list["Resources"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_have_no_holes_and_no_duplicates_and_honest_numbers() {
    covers!("Q-P01", "Q-P02", "Q-P03", "Q-P06", "Q-P07", "Q-L12");
    let server = full().await;
    for endpoint in ["/Users", "/Groups"] {
        let mut seen = Vec::new();
        let mut start = 1;
        loop {
            let list = server.get(&format!("{endpoint}?startIndex={start}&count=100")).await.expect(200).json;
            let page = ids(&list);
            assert_eq!(list["totalResults"].as_u64(), Some(COUNT as u64));
            assert_eq!(list["startIndex"].as_u64(), Some(start as u64));
            assert_eq!(list["itemsPerPage"].as_u64(), Some(page.len() as u64));
            seen.extend(page.iter().cloned());
            // As Okta does it: always a hundred on.
            start += 100;
            if start > COUNT {
                break;
            }
            assert_eq!(page.len(), 100);
        }
        let mut distinct = seen.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!((seen.len(), distinct.len()), (COUNT, COUNT), "{endpoint}");
        // The order is the same the next time.
        let again = server.get(&format!("{endpoint}?count=100")).await.json;
        assert_eq!(ids(&again), seen[..100]);
    }
}

#[tokio::test]
async fn odd_page_requests_are_answered() {
    covers!("Q-P04", "Q-P05", "Q-P08");
    let server = full().await;
    let list = server.get("/Users?count=0").await.expect(200).json;
    assert_eq!(list["totalResults"], COUNT);
    assert_eq!(list["Resources"].as_array().map_or(0, Vec::len), 0);

    let first = ids(&server.get("/Users?startIndex=1&count=5").await.json);
    for start in ["0", "-1", "-100"] {
        let list = server.get(&format!("/Users?startIndex={start}&count=5")).await.expect(200).json;
        assert_eq!(ids(&list), first, "{start}");
        assert_eq!(list["startIndex"], 1);
    }

    let default = server.get("/Groups").await.expect(200).json;
    let size = ids(&default).len();
    assert!(size >= 100 && default["itemsPerPage"] == size && default["totalResults"] == COUNT);
    let next = server.get(&format!("/Groups?startIndex={}", size + 1)).await.expect(200).json;
    assert!(!ids(&next).is_empty() && ids(&next).iter().all(|id| !ids(&default).contains(id)));
}
