use proptest::prelude::*;
use serde_json::json;

use super::*;

fn from_url(query: &str) -> Result<Query, ScimError> {
    Query::from_pairs(decode_pairs(query)?, &Policy::STRICT)
}

fn from_body(mut body: Value) -> Result<Query, ScimError> {
    body["schemas"] = json!([SEARCH_REQUEST]);
    Query::from_body(&body, &Policy::STRICT)
}

fn filter(text: &str) -> Option<Filter> {
    Some(filter::parse(text).unwrap())
}

fn path(text: &str) -> Option<AttrPath> {
    Some(AttrPath::parse(text).unwrap())
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn examples_of_rfc_7644_3_4_2_and_rfc_9865() {
    for (section, url, expected) in [
        ("3.4.2", "attributes=userName", Query { attributes: names(&["userName"]), ..Query::default() }),
        (
            "3.4.2.2",
            "filter=userName%20Eq%20%22john%22",
            Query { filter: filter("userName eq \"john\""), ..Query::default() },
        ),
        ("3.4.2.3", "sortBy=name.givenName", Query { sort_by: path("name.givenName"), ..Query::default() }),
        (
            "3.4.2.4",
            "startIndex=1&count=10",
            Query { start_index: Some(1), count: Some(10), ..Query::default() },
        ),
        (
            "3.4.2.4",
            "startIndex=11&count=10",
            Query { start_index: Some(11), count: Some(10), ..Query::default() },
        ),
        ("3.14", "attributes=displayName", Query { attributes: names(&["displayName"]), ..Query::default() }),
        (
            "9865 2, with the operand quoted",
            "filter=userName%20sw%20%22J%22&cursor&count=10",
            Query {
                filter: filter("userName sw \"J\""),
                cursor: Some(String::new()),
                count: Some(10),
                ..Query::default()
            },
        ),
        (
            "9865 2",
            "cursor=VZUTiyhEQJ94IR&count=10",
            Query { cursor: Some("VZUTiyhEQJ94IR".into()), count: Some(10), ..Query::default() },
        ),
    ] {
        assert_eq!(from_url(url).unwrap(), expected, "section {section}: {url}");
    }
}

#[test]
fn example_of_rfc_7644_3_4_3() {
    let query = from_body(json!({
        "attributes": ["displayName", "userName"], "filter": "displayName sw \"smith\"", "startIndex": 1, "count": 10
    }));
    let expected = Query {
        attributes: names(&["displayName", "userName"]),
        filter: filter("displayName sw \"smith\""),
        start_index: Some(1),
        count: Some(10),
        ..Query::default()
    };
    assert_eq!(query.unwrap(), expected);
}

#[test]
fn decoding_follows_forms_and_skips_empty_pieces() {
    let pairs =
        |query| decode_pairs(query).map(|pairs| format!("{pairs:?}")).map_err(|error| error.to_string());
    for (query, expected) in [
        ("", "[]"),
        ("&&", "[]"),
        ("a=b&", r#"[("a", "b")]"#),
        ("a+b=c%2Bd+e", r#"[("a b", "c+d e")]"#),
        ("cursor", r#"[("cursor", "")]"#),
        ("=x&a=b=c", r#"[("", "x"), ("a", "b=c")]"#),
        ("a=%C3%A9%zz%", r#"[("a", "é%zz%")]"#),
    ] {
        assert_eq!(pairs(query).unwrap(), expected, "{query}");
    }
    assert_eq!(
        pairs("a=%ff").unwrap_err(),
        "400 invalidSyntax: the query of the URL is not percent-encoded UTF-8"
    );
}

#[test]
fn parameters_are_read_leniently_where_the_rfc_lets_them() {
    for (url, expected) in [
        ("", Query::default()),
        ("aadOptscim062020&x=y&count=&sortBy=&startIndex=&attributes=,&sortOrder=", Query::default()),
        ("STARTINDEX=-5&Count=-3", Query { start_index: Some(1), count: Some(0), ..Query::default() }),
        ("startIndex=0", Query { start_index: Some(1), ..Query::default() }),
        ("count=1&count=%202%20", Query { count: Some(2), ..Query::default() }),
        ("count=99999999999999999999999", Query { count: Some(u64::MAX), ..Query::default() }),
        ("sortOrder=DESCENDING", Query { descending: true, ..Query::default() }),
        (
            "attributes=userName,%20name.givenName&attributes=id",
            Query { attributes: names(&["userName", "name.givenName", "id"]), ..Query::default() },
        ),
        (
            "excludedAttributes=members&filter=displayName+eq+%22EDU+All+personal%22",
            Query {
                excluded: names(&["members"]),
                filter: filter("displayName eq \"EDU All personal\""),
                ..Query::default()
            },
        ),
    ] {
        assert_eq!(from_url(url).unwrap(), expected, "{url}");
    }
}

#[test]
fn mistakes_in_parameters_are_named() {
    for (url, expected) in [
        ("count=abc", "400 invalidValue: `count` must be a whole number"),
        ("count=abc&cursor", "400 invalidCount: `count` must be a whole number"),
        ("count=1.5", "400 invalidValue: `count` must be a whole number"),
        ("startIndex=-", "400 invalidValue: `startIndex` must be a whole number"),
        ("sortOrder=up", "400 invalidValue: `sortOrder` must be `ascending` or `descending`"),
        (
            "sortBy=na%20me",
            "400 invalidValue: `sortBy` must be an attribute like `userName` or `name.familyName`: at character 3: \
             `na me` is not an attribute name (a letter, then letters, digits, `-`, `_`)",
        ),
    ] {
        assert_eq!(from_url(url).unwrap_err().to_string(), expected, "{url}");
    }
    for url in ["filter=", "filter=userName%20xx%20%22a%22"] {
        assert_eq!(from_url(url).unwrap_err().scim_type, Some(ScimType::InvalidFilter), "{url}");
    }
    let list = |count: usize| format!("attributes={}", vec!["a"; count].join(","));
    assert!(from_url(&list(MAX_NAMES)).is_ok());
    assert_eq!(
        from_url(&list(MAX_NAMES + 1)).unwrap_err().to_string(),
        "400 invalidValue: `attributes` holds 101 names, which is more than 100"
    );
}

#[test]
fn a_search_is_read_by_the_same_rules() {
    for (body, expected) in [
        (json!({}), Query::default()),
        (json!({ "attributes": [], "filter": null, "count": null, "sortBy": "", "x": 1 }), Query::default()),
        (
            json!({ "STARTINDEX": -1, "count": -1 }),
            Query { start_index: Some(1), count: Some(0), ..Query::default() },
        ),
        (json!({ "count": 1e30 }), Query { count: Some(u64::MAX), ..Query::default() }),
        (
            json!({ "sortBy": "name.familyName", "sortOrder": "descending", "excludedAttributes": ["emails"] }),
            Query {
                sort_by: path("name.familyName"),
                descending: true,
                excluded: names(&["emails"]),
                ..Query::default()
            },
        ),
        (
            json!({ "cursor": "", "count": 2 }),
            Query { cursor: Some("".into()), count: Some(2), ..Query::default() },
        ),
    ] {
        assert_eq!(from_body(body.clone()).unwrap(), expected, "{body}");
    }
    for (body, expected) in [
        (json!({ "count": "1" }), "400 invalidSyntax: `count` must be a whole number"),
        (json!({ "count": 1.5 }), "400 invalidSyntax: `count` must be a whole number"),
        (json!({ "count": 1.5, "cursor": "" }), "400 invalidCount: `count` must be a whole number"),
        (json!({ "filter": 1 }), "400 invalidSyntax: `filter` must be a string"),
        (json!({ "cursor": 1 }), "400 invalidSyntax: `cursor` must be a string"),
        (
            json!({ "attributes": "userName" }),
            "400 invalidSyntax: `attributes` must be an array of attribute names",
        ),
        (json!({ "attributes": [1] }), "400 invalidSyntax: `attributes` must be an array of attribute names"),
        (json!({ "sortOrder": "up" }), "400 invalidValue: `sortOrder` must be `ascending` or `descending`"),
    ] {
        assert_eq!(from_body(body.clone()).unwrap_err().to_string(), expected, "{body}");
    }
    let unnamed = json!({ "count": 1 });
    assert_eq!(
        Query::from_body(&unnamed, &Policy::STRICT).unwrap_err().to_string(),
        "400 invalidSyntax: `schemas` must name `urn:ietf:params:scim:api:messages:2.0:SearchRequest`"
    );
    assert_eq!(Query::from_body(&unnamed, &Policy::INTEROP).unwrap().count, Some(1));
    assert!(Query::from_body(&json!([]), &Policy::INTEROP).is_err());
}

#[test]
fn the_fingerprint_covers_what_decides_the_result() {
    let base = "filter=userName%20pr&sortBy=userName";
    let of = |url: &str, scope: &[&str]| from_url(url).unwrap().fingerprint(scope);
    let same = of(base, &["t", "/Users"]);
    assert_eq!(of(&format!("{base}&count=3&cursor=x&attributes=id"), &["t", "/Users"]), same);
    for other in [
        of("filter=userName%20pr", &["t", "/Users"]),
        of("filter=title%20pr&sortBy=userName", &["t", "/Users"]),
        of(&format!("{base}&sortOrder=descending"), &["t", "/Users"]),
        of(base, &["t", "/Groups"]),
        of(base, &["t/", "Users"]),
        of(base, &["t/Users"]),
    ] {
        assert_ne!(other, same);
    }
}

#[test]
fn a_list_is_framed_with_its_numbers() {
    let list = |head: ListHead, resources: &[&[u8]]| {
        let mut out = Vec::new();
        head.write(&mut out);
        out.extend(resources.join(&b','));
        out.extend_from_slice(LIST_TAIL);
        String::from_utf8(out).unwrap()
    };
    insta::assert_snapshot!(
        list(ListHead::of_page(Page { start_index: 3, count: 2 }, 9), &[b"{\"id\":\"1\"}", b"{}"]),
        @r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":9,"itemsPerPage":2,"startIndex":3,"Resources":[{"id":"1"},{}]}"#
    );
    insta::assert_snapshot!(
        list(ListHead { total: 0, ..ListHead::default() }, &[]),
        @r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"itemsPerPage":0,"Resources":[]}"#
    );
    let head = ListHead {
        total: 3,
        items: 1,
        next_cursor: Some("n".into()),
        previous_cursor: Some("\"".into()),
        ..ListHead::default()
    };
    let value: Value = serde_json::from_str(&list(head, &[b"{}"])).unwrap();
    assert_eq!((value["nextCursor"].as_str(), value["previousCursor"].as_str()), (Some("n"), Some("\"")));
    assert_eq!(value.get("startIndex"), None);
}

#[test]
fn pages_are_cut_within_bounds() {
    for (url, total, range, start_index) in [
        ("", 250, 0..100, 1),
        ("count=0", 250, 0..0, 1),
        ("count=1000", 250, 0..200, 1),
        ("startIndex=0&count=2", 250, 0..2, 1),
        ("startIndex=249&count=5", 250, 248..250, 249),
        ("startIndex=251", 250, 250..250, 251),
        ("startIndex=99999999999999999999", 3, 3..3, usize::MAX),
    ] {
        let page = from_url(url).unwrap().page(100, 200);
        assert_eq!((page.range(total), page.start_index), (range, start_index), "{url}");
    }
}

proptest! {
    #[test]
    fn walking_by_index_visits_each_exactly_once(total in 0..60usize, count in 1..9u64, max in 1..9usize) {
        let mut visited = Vec::new();
        loop {
            let query = Query { start_index: Some(visited.len() as u64 + 1), count: Some(count), ..Query::default() };
            let range = query.page(100, max).range(total);
            prop_assert!(range.len() <= max && range.len() as u64 <= count);
            if range.is_empty() {
                break;
            }
            visited.extend(range);
        }
        prop_assert_eq!(visited, (0..total).collect::<Vec<_>>());
    }

    #[test]
    fn no_query_panics(
        query in "((filter|sortBy|sortOrder|startIndex|count|cursor|attributes|x)=?[a-z0-9%+,.: -]{0,12}&?){0,6}|.*",
    ) {
        if let Ok(query) = from_url(&query) {
            prop_assert!(query.start_index != Some(0));
            let _ = (query.page(100, 200).range(10), query.fingerprint(&[]));
        }
    }

    #[test]
    fn no_search_panics(
        name in "filter|sortBy|sortOrder|startIndex|count|cursor|attributes|excludedAttributes",
        value in prop_oneof![
            ".*".prop_map(Value::from), any::<f64>().prop_map(Value::from), any::<i64>().prop_map(Value::from),
            Just(Value::Null), Just(json!({})), Just(json!(["a", "", 1])), Just(json!(["a"])),
        ],
    ) {
        let _ = from_body(json!({ name: value }));
    }

    #[test]
    fn a_url_and_a_search_with_the_same_parameters_are_the_same_query(
        start: i32, count: i32, descending: bool, names in proptest::collection::vec("[a-z]{1,4}(\\.[a-z]{1,4})?", 0..4),
    ) {
        let order = if descending { "descending" } else { "ascending" };
        let url = format!("startIndex={start}&count={count}&sortOrder={order}&attributes={}", names.join(","));
        let body = json!({ "startIndex": start, "count": count, "sortOrder": order, "attributes": names });
        prop_assert_eq!(from_url(&url).unwrap(), from_body(body).unwrap());
    }
}
