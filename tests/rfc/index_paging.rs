//! `startIndex` and `count` (RFC 7644 §3.4.2.4).

use serde_json::{Value, json};

use crate::covers;
use crate::gadget::{column, query, users, with_profile};
use crate::support::{Answer, Server};

/// Five users, `u1` to `u5`, and one that the filter of [`page`] leaves out.
async fn five() -> Server {
    let server = Server::rfc().await;
    users(&server, &["u1", "u2", "other", "u3", "u4", "u5"]).await;
    server
}

/// A page of the five.
async fn page(server: &Server, parameters: &[(&str, &str)]) -> Answer {
    let mut all = vec![("filter", r#"userName sw "u""#)];
    all.extend(parameters);
    server.get(&query("/Users", &all)).await.expect(200)
}

fn names(answer: &Answer) -> Vec<String> {
    column(answer, "userName")
}

#[tokio::test]
async fn start_index_counts_from_one_and_what_is_less_is_one() {
    covers!("RFC7644-3.4.2.4-02", "RFC7644-3.4.2.4-03", "RFC7644-3.4.2.4-04");
    let server = five().await;
    assert_eq!(names(&page(&server, &[("count", "2")]).await), ["u1", "u2"]);
    for (start, first, shown) in
        [("1", "u1", 1), ("0", "u1", 1), ("-5", "u1", 1), ("2", "u2", 2), ("3", "u3", 3), ("5", "u5", 5)]
    {
        let answer = page(&server, &[("startIndex", start), ("count", "1")]).await;
        assert_eq!(names(&answer), [first], "startIndex={start}");
        assert_eq!(answer.json["startIndex"], shown, "startIndex={start}");
    }
}

#[tokio::test]
async fn count_is_a_number_and_what_is_less_than_zero_is_zero() {
    covers!("RFC7644-3.4.2.4-05", "RFC7644-3.4.2.4-06", "RFC7644-3.4.2.4-07");
    let server = five().await;
    for count in ["0", "-1", "-99999999999999999999"] {
        let answer = page(&server, &[("count", count)]).await;
        assert_eq!(answer.json["totalResults"], 5, "count={count}");
        assert!(names(&answer).is_empty(), "count={count}");
    }
    for count in ["abc", "1.5", "1e1", "0x2", "--1"] {
        let answer = server.get(&query("/Users", &[("count", count)])).await;
        answer.expect_error(400, Some("invalidValue"));
        let answer = server.get(&query("/Users", &[("startIndex", count)])).await;
        answer.expect_error(400, Some("invalidValue"));
    }
}

#[tokio::test]
async fn a_page_holds_at_most_count_resources_and_never_more_than_announced() {
    covers!("RFC7644-3.4.2.4-08", "RFC7644-3.4.2.4-09", "RFC7644-3.4.2.4-16");
    let server = five().await;
    for (count, expected) in [("2", 2), ("5", 5), ("6", 5), ("99999999999999999999", 5)] {
        assert_eq!(names(&page(&server, &[("count", count)]).await).len(), expected, "count={count}");
    }

    let server = with_profile(|profile| profile.limits.max_results = 2).await;
    users(&server, &["u1", "u2", "u3"]).await;
    let config = server.get("/ServiceProviderConfig").await.expect(200);
    assert_eq!(config.json["filter"]["maxResults"], 2);
    for parameters in [&[("count", "3")][..], &[]] {
        let answer = page(&server, parameters).await;
        assert_eq!(names(&answer), ["u1", "u2"]);
        assert_eq!((&answer.json["totalResults"], &answer.json["itemsPerPage"]), (&json!(3), &json!(2)));
    }
    // A client that goes on by what it received misses nothing.
    assert_eq!(names(&page(&server, &[("startIndex", "3"), ("count", "3")]).await), ["u3"]);
}

#[tokio::test]
async fn without_count_the_provider_chooses_and_says_so() {
    covers!("RFC7644-3.4.2.4-10");
    let server = with_profile(|profile| profile.limits.default_page_size = 2).await;
    users(&server, &["u1", "u2", "u3"]).await;
    let answer = page(&server, &[]).await;
    assert_eq!(names(&answer), ["u1", "u2"]);
    assert_eq!(answer.json["totalResults"], 3);
    assert_eq!((&answer.json["startIndex"], &answer.json["itemsPerPage"]), (&json!(1), &json!(2)));
    assert_eq!(names(&page(&server, &[("count", "3")]).await).len(), 3);
}

#[tokio::test]
async fn the_numbers_of_a_page_are_integers_and_tell_the_truth() {
    covers!("RFC7644-3.4.2.4-11", "RFC7644-3.4.2.4-12", "RFC7644-3.4.2.4-15");
    let server = five().await;
    let cases: [(&[(&str, &str)], usize); 6] = [
        (&[], 5),
        (&[("count", "2")], 2),
        (&[("startIndex", "5"), ("count", "100")], 1),
        (&[("count", "0")], 0),
        (&[("startIndex", "6")], 0),
        (&[("startIndex", "99999999999999999999")], 0),
    ];
    for (parameters, expected) in cases {
        let answer = page(&server, parameters).await;
        assert_eq!(names(&answer).len(), expected, "{parameters:?}");
        assert_eq!(answer.json["itemsPerPage"], expected, "{parameters:?}");
        assert_eq!(answer.json["totalResults"], 5, "{parameters:?}");
        for member in ["itemsPerPage", "totalResults", "startIndex"] {
            assert!(answer.json[member].is_u64(), "{parameters:?}: {}", answer.json);
        }
    }
}

#[tokio::test]
async fn following_the_pages_meets_every_resource_once() {
    covers!("RFC7644-3.4.2.4-13", "RFC7644-3.4.2.4-14", "RFC7644-3.4.2-06", "RFC7644-3.4.2-12");
    let server = five().await;
    for filter in [None, Some(r#"userName sw "u""#)] {
        for size in 1..=6 {
            let (mut seen, mut start) = (Vec::new(), 1);
            let total = if filter.is_some() { 5 } else { 6 };
            loop {
                let (from, count) = (start.to_string(), size.to_string());
                let mut parameters = vec![("startIndex", from.as_str()), ("count", count.as_str())];
                parameters.extend(filter.map(|filter| ("filter", filter)));
                let answer = server.get(&query("/Users", &parameters)).await.expect(200);
                assert_eq!(answer.json["totalResults"], total);
                let page = names(&answer);
                if page.is_empty() {
                    break;
                }
                start += page.len();
                seen.extend(page);
            }
            seen.sort_unstable();
            let mut expected = vec!["u1", "u2", "u3", "u4", "u5"];
            expected.splice(..0, filter.is_none().then_some("other"));
            assert_eq!(seen, expected, "{filter:?}, {size} a page");
        }
    }
}

#[tokio::test]
async fn a_partial_list_says_where_it_begins_and_how_much_it_holds() {
    covers!("RFC7644-3.4.2-06", "RFC7644-3.4.2-09", "RFC7644-3.4.2-10");
    let server = five().await;
    let answer = page(&server, &[("count", "1")]).await;
    let numbers = ["totalResults", "startIndex", "itemsPerPage"].map(|member| answer.json[member].as_u64());
    assert_eq!(numbers, [Some(5), Some(1), Some(1)]);
    assert_eq!(answer.json["Resources"].as_array().map(Vec::len), Some(1));
    let rest = page(&server, &[("startIndex", "4")]).await;
    let numbers = ["totalResults", "startIndex", "itemsPerPage"].map(|member| rest.json[member].as_u64());
    assert_eq!(numbers, [Some(5), Some(4), Some(2)]);
    assert!(rest.json.get("nextCursor").is_none_or(Value::is_null));
}
