//! What no well-meaning client sends: too large, too deep, too many, malformed, slow. The answer is always a SCIM
//! error (or a harmless success), it comes soon, and the provider goes on as if nothing had been.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::bulk::{BULK_REQUEST, bulk, post_user};
use crate::support::{Answer, PATCH_OP, Server, TOKEN, USER, id};

const SCIM: &str = "application/scim+json";

/// Long enough for a slow machine, and far too short for a hang.
const SOON: Duration = Duration::from_secs(20);

/// A connection to the provider.
pub async fn connection(server: &Server) -> TcpStream {
    let base = server.provider.base_url();
    let address = base.trim_start_matches("http://").split('/').next().unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// Sends bytes as they are and reads until the provider closes the connection.
pub async fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut stream = connection(server).await;
    // The provider may have answered and closed before everything was written.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an answer in time");
    String::from_utf8(answer).unwrap()
}

/// The head of a request with the token of the tests, without the empty line at its end.
fn head(method: &str, target: &str) -> String {
    format!(
        "{method} /scim/v2{target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n"
    )
}

/// Status and body of a raw answer.
pub fn status_and_error(answer: &str) -> (u16, Value) {
    let status = answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {answer:?}")).parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    (status, serde_json::from_str(body).unwrap_or_default())
}

#[track_caller]
fn assert_raw_error(answer: &str, status: u16) {
    let (actual, error) = status_and_error(answer);
    assert_eq!(actual, status, "{answer}");
    assert_eq!(error["schemas"], json!([crate::support::ERROR]), "{answer}");
    assert_eq!(error["status"], status.to_string(), "{answer}");
}

/// Asserts that the provider is well and that nothing was created.
async fn assert_unharmed(server: &Server) {
    let list = server.get("/Users").await.expect(200);
    assert_eq!(list.json["totalResults"], 0, "{}", list.json);
    let user = server.user(json!({ "userName": "still alive" })).await;
    server.delete(&format!("/Users/{}", id(&user))).await.expect(204);
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let server = Server::rfc().await;
    let limit = server.get("/ServiceProviderConfig").await.json["bulk"]["maxPayloadSize"].as_u64().unwrap();
    let limit = usize::try_from(limit).unwrap();
    for size in [limit + 1, 4 * limit] {
        let mut body = json!({ "schemas": [USER], "userName": "ada" }).to_string();
        body.extend(std::iter::repeat_n(' ', size - body.len()));
        for (method, target) in
            [("POST", "/Users"), ("POST", "/Bulk"), ("POST", "/Users/.search"), ("PUT", "/Users/x")]
        {
            let announced = format!(
                "{}Content-Type: {SCIM}\r\nContent-Length: {size}\r\n\r\n{body}",
                head(method, target)
            );
            assert_raw_error(&raw(&server, announced.as_bytes()).await, 413);
            let chunk = format!(
                "{}Content-Type: {SCIM}\r\nTransfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n",
                head(method, target)
            );
            assert_raw_error(&raw(&server, chunk.as_bytes()).await, 413);
        }
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn a_client_that_sends_everything_before_it_reads_still_gets_its_413() {
    let server = Server::rfc().await;
    for megabytes in [2, 8, 32] {
        let body = " ".repeat(megabytes << 20);
        let answer = server.call_raw("POST", "/Users", SCIM, body).await;
        answer.expect_error(413, None);
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn nesting_is_bounded() {
    let server = Server::rfc().await;
    let nested = |depth: usize| {
        let inner = format!("{}{}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        format!("{{\"schemas\":[\"{USER}\"],\"userName\":\"ada\",\"unknown\":{inner}}}")
    };
    for body in [
        nested(129),
        nested(100_000),
        "[".repeat(500_000),
        "{\"a\":".repeat(100_000),
        format!("{{\"userName\":{}", "[{\"a\":".repeat(50_000)),
    ] {
        for target in ["/Users", "/Bulk", "/.search"] {
            server
                .call_raw("POST", target, SCIM, body.clone())
                .await
                .expect_error(400, Some("invalidSyntax"));
        }
    }
    assert_unharmed(&server).await;
    let user = server.call_raw("POST", "/Users", SCIM, nested(120)).await.expect(201).json;
    assert!(user.get("unknown").is_none());
}

#[tokio::test]
async fn long_targets_and_headers_are_refused() {
    let server = Server::rfc().await;
    let long = |length: usize| "x".repeat(length);
    for length in [17_000, 60_000] {
        for target in [format!("/Users/{}", long(length)), format!("/Users?filter={}", long(length))] {
            let request = format!("{}\r\n", head("GET", &target));
            assert_raw_error(&raw(&server, request.as_bytes()).await, 414);
        }
    }
    for length in [70_000, 200_000] {
        let request = format!("{}X-Long: {}\r\n\r\n", head("GET", "/Users"), long(length));
        assert_raw_error(&raw(&server, request.as_bytes()).await, 431);
    }
    let many =
        "X-Some: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"
            .repeat(900);
    assert_raw_error(&raw(&server, format!("{}{many}\r\n", head("GET", "/Users")).as_bytes()).await, 431);
    // Below the limits everything is read.
    let request = format!("{}X-Long: {}\r\n\r\n", head("GET", "/Users"), long(60_000));
    assert_eq!(status_and_error(&raw(&server, request.as_bytes()).await).0, 200);
    let request = format!("{}\r\n", head("GET", &format!("/Users/{}", long(15_000))));
    assert_raw_error(&raw(&server, request.as_bytes()).await, 404);
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn what_is_no_http_is_refused_or_dropped() {
    let server = Server::rfc().await;
    let requests = [
        "GARBAGE\r\n\r\n".to_owned(),
        "\0\0\0\0\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "GET /scim/v2/Users\r\n\r\n".to_owned(),
        "GET /scim/v2/Users HTTP/9.9\r\n\r\n".to_owned(),
        "GET /scim/v2/Us ers HTTP/1.1\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}".to_owned(),
        format!("{}Content-Length: -1\r\n\r\n", head("POST", "/Users")),
        format!("{}Content-Length: 99999999999999999999999\r\n\r\n", head("POST", "/Users")),
        format!("{}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", head("POST", "/Users")),
        format!("{}Transfer-Encoding: chunked\r\n\r\nzzz\r\nabc", head("POST", "/Users")),
        format!("{}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nabc", head("POST", "/Users")),
        format!("{}X-Fold: a\r\n b\r\nBad Header: x\r\n\r\n", head("GET", "/Users")),
        format!("{}X-Many: {}\r\n\r\n", head("GET", "/Users"), "x".repeat(400_000)),
        format!("{}{}\r\n", head("GET", "/Users"), "A: b\r\n".repeat(2000)),
        format!("{}\r\n", head("GET", &format!("/{}", "x".repeat(100_000)))),
    ];
    for request in requests {
        let mut stream = connection(&server).await;
        let _ = stream.write_all(request.as_bytes()).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an end in time");
        let answer = String::from_utf8(answer).unwrap();
        let shown: String = request.chars().take(60).collect();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{shown:?}: {answer}");
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn bodies_that_stop_half_way_create_nothing_and_hold_nothing_up() {
    let server = Server::rfc().await;
    let body = json!({ "schemas": [USER], "userName": "ada" }).to_string();
    let whole = body.len();
    let mut open = Vec::new();
    for sent in [0, 1, 5, whole - 1] {
        for _ in 0..10 {
            let mut stream = connection(&server).await;
            let request = format!(
                "{}Content-Type: {SCIM}\r\nContent-Length: {whole}\r\n\r\n{}",
                head("POST", "/Users"),
                &body[..sent]
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            open.push(stream);
        }
    }
    // Heads that stop half way as well.
    for _ in 0..10 {
        let mut stream = connection(&server).await;
        stream.write_all(b"POST /scim/v2/Users HTTP/1.1\r\nHos").await.unwrap();
        open.push(stream);
    }
    // While they all wait, others are served.
    assert_unharmed(&server).await;
    // Half of them end properly, half of them break off.
    for (n, mut stream) in open.into_iter().enumerate() {
        if n % 2 == 0 {
            let _ = stream.shutdown().await;
            let mut answer = String::new();
            let _ =
                tokio::time::timeout(SOON, stream.read_to_string(&mut answer)).await.expect("an end in time");
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
        }
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_read() {
    let server = Server::rfc().await;
    let body = json!({ "schemas": [USER], "userName": "ada" }).to_string();
    let mut stream = connection(&server).await;
    stream.set_nodelay(true).unwrap();
    let head =
        format!("{}Content-Type: {SCIM}\r\nContent-Length: {}\r\n\r\n", head("POST", "/Users"), body.len());
    for byte in head.bytes().chain(body.bytes()) {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = String::new();
    tokio::time::timeout(SOON, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert_eq!(status_and_error(&answer).0, 201, "{answer}");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused() {
    let server = Server::rfc().await;
    let quoted = |bytes: &[u8]| {
        let mut body = format!("{{\"schemas\":[\"{USER}\"],\"userName\":\"").into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\"}");
        body
    };
    let texts: [&[u8]; 12] = [
        b"\xff\xfe",
        b"\xc3\x28",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xc0\xaf",
        b"a\0b",
        b"a\nb",
        b"a\tb",
        b"\\ud800",
        b"\\udc00\\ud800",
        b"\\ud800x",
        b"\\x41",
    ];
    for text in texts {
        let answer = server.call_raw("POST", "/Users", SCIM, quoted(text)).await;
        assert_eq!(answer.status, 400, "{text:?}: {}", answer.json);
        answer.expect_error(400, Some("invalidSyntax"));
    }
    // UTF-16, with and without a mark.
    let text = json!({ "schemas": [USER], "userName": "ada" }).to_string();
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for body in
        [wide.clone(), [&b"\xff\xfe"[..], &wide].concat(), [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat()]
    {
        server.call_raw("POST", "/Users", SCIM, body).await.expect_error(400, Some("invalidSyntax"));
    }
    for target in
        ["/Users/%FF", "/Users/%C3%28", "/Us%FFers", "/Users/%00", "/Users/%ED%A0%80", "/Schemas/%FF"]
    {
        server.get(target).await.expect_error(404, None);
    }
    for query in [
        "filter=userName+eq+%22%FF%22",
        "filter=%00",
        "filter=%",
        "filter=userName+eq+%22%00%22",
        "sortBy=%FF",
    ] {
        let answer = server.get(&format!("/Users?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.json);
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn odd_text_that_is_text_comes_back_as_it_went() {
    let server = Server::rfc().await;
    let texts = [
        "\u{0}",
        "\u{1}/Users/x",
        "\u{7f}",
        "\u{fffd}",
        "\u{10ffff}",
        "\u{202e}abc",
        "e\u{301}",
        "'; DROP TABLE users; --",
        "<script>",
        "{{ x }}",
        "%00%2f",
        "\\",
        "\"",
        "\r\nX-Injected: 1",
        "null",
        &"long ".repeat(20_000),
    ];
    for text in texts {
        let user = server.user(json!({ "userName": text, "nickName": text, "profileUrl": "urn:x" })).await;
        assert_eq!(user["userName"], text);
        let path = format!("/Users/{}", id(&user));
        assert_eq!(server.get(&path).await.expect(200).json, user);
        let replace = json!([{ "op": "replace", "path": "title", "value": text }]);
        assert_eq!(server.patch(&path, replace).await.expect(200).json["title"], text);
        let again = json!({ "schemas": [USER], "userName": text });
        server.post("/Users", again).await.expect_error(409, Some("uniqueness"));
        server.delete(&path).await.expect(204);
    }
}

#[tokio::test]
async fn numbers_of_any_size_are_read_or_refused() {
    let server = Server::rfc().await;
    let nines = "9".repeat(400);
    for number in
        ["1e400", "-1e999999999", "1e-999999999", "99999999999999999999999999", "0.1e1", "-0", &nines]
    {
        let body = format!("{{\"schemas\":[\"{USER}\"],\"userName\":{number}}}");
        let answer = server.call_raw("POST", "/Users", SCIM, body).await;
        assert_eq!(answer.status, 400, "{number}: {}", answer.json);
        let body =
            format!("{{\"schemas\":[\"{BULK_REQUEST}\"],\"failOnErrors\":{number},\"Operations\":[]}}");
        server.call_raw("POST", "/Bulk", SCIM, body).await.expect(400);
        let search = format!(
            "{{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:SearchRequest\"],\"startIndex\":{number},\"count\":{number}}}"
        );
        let answer = server.call_raw("POST", "/Users/.search", SCIM, search).await;
        assert!([200, 400].contains(&answer.status), "{number}: {}", answer.json);
        let query = format!("/Users?startIndex={number}&count={number}");
        let answer = server.get(&query).await;
        assert!([200, 400].contains(&answer.status), "{number}: {}", answer.json);
        let answer = server.get(&format!("/Users?filter=active eq {number}")).await;
        assert!([200, 400].contains(&answer.status), "{number}: {}", answer.json);
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn a_member_that_stands_twice_does_no_harm() {
    let server = Server::rfc().await;
    let send = async |rest: &str| -> Answer {
        let body = format!("{{\"schemas\":[\"{USER}\"],\"userName\":\"ada\",{rest}}}");
        server.call_raw("POST", "/Users", SCIM, body).await
    };
    for twice in [
        "\"USERNAME\":\"bob\"",
        "\"title\":\"a\",\"Title\":\"b\"",
        "\"name\":{\"givenName\":\"a\",\"GIVENNAME\":\"b\"}",
        "\"emails\":[{\"value\":\"a\",\"Value\":\"b\"}]",
        "\"Schemas\":[]",
    ] {
        send(twice).await.expect_error(400, Some("invalidSyntax"));
    }
    // In the same letter case a JSON reader may take the last one (RFC 8259 §4); it must be one and the same for all.
    let user = send("\"title\":\"a\",\"title\":\"b\"").await.expect(201).json;
    assert_eq!(user["title"], "b");
    assert_eq!(user.to_string().matches("\"title\"").count(), 1);
    server.delete(&format!("/Users/{}", id(&user))).await.expect(204);
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn filters_and_lists_of_names_are_bounded() {
    let server = Server::rfc().await;
    server.user(json!({ "userName": "ada" })).await;
    let filters = [
        format!("{}userName pr{}", "(".repeat(100), ")".repeat(100)),
        format!("{}userName pr{}", "not (".repeat(1000), ")".repeat(1000)),
        vec!["userName pr"; 600].join(" and "),
        format!("userName eq \"{}\"", "x".repeat(9000)),
        "(".repeat(5000),
        "emails[".repeat(1000),
        format!("{}.x", "a.".repeat(3000)),
    ];
    for filter in filters {
        let search =
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
        server.post("/Users/.search", search).await.expect_error(400, Some("invalidFilter"));
        let path = format!("emails[{filter}]");
        let remove = json!([{ "op": "remove", "path": path }]);
        let answer = server.patch("/Users/none", remove.clone()).await;
        assert!([400, 404].contains(&answer.status), "{}", answer.json);
    }
    let names: Vec<_> = (0..1000).map(|n| format!("name{n}")).collect();
    let answer = server.get(&format!("/Users?attributes={}", names.join(","))).await;
    assert!([200, 400].contains(&answer.status), "{}", answer.json);
}

#[tokio::test]
async fn ten_thousand_operations_are_done_and_more_are_refused() {
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    let patch = async |count: usize| {
        let operations: Vec<_> =
            (0..count).map(|n| json!({ "op": "add", "path": "title", "value": format!("t{n}") })).collect();
        let body = json!({ "schemas": [PATCH_OP], "Operations": operations });
        tokio::time::timeout(SOON, server.call("PATCH", &path, Some(body))).await.expect("an answer in time")
    };
    patch(10_001).await.expect_error(413, None);
    assert_eq!(server.get(&path).await.json, user);
    assert_eq!(patch(10_000).await.expect(200).json["title"], "t9999");

    let deletions: Vec<_> =
        (0..10_000).map(|n| json!({ "method": "DELETE", "path": format!("/Users/{n}") })).collect();
    bulk(&server, json!(deletions)).await.expect_error(413, None);
}

/// Creates so many users by bulk requests and returns their ids.
async fn many(server: &Server, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    let names: Vec<_> = (0..count).map(|n| format!("u{n}")).collect();
    for chunk in names.chunks(1000) {
        let operations: Vec<_> = chunk.iter().map(|name| post_user(name, name)).collect();
        let answer = bulk(server, json!(operations)).await.expect(200);
        for result in answer.json["Operations"].as_array().unwrap() {
            ids.push(result["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned());
        }
    }
    ids
}

#[tokio::test]
async fn thousands_of_members_go_in_and_out_with_one_patch() {
    let server = Server::rfc().await;
    let ids = many(&server, 10_000).await;
    let group = server.group(json!({ "displayName": "G" })).await;
    let path = format!("/Groups/{}", id(&group));
    let patch = async |operations: Value| {
        let answer = tokio::time::timeout(SOON, server.patch(&path, operations)).await;
        answer.expect("an answer in time").expect(200).json["members"].as_array().map_or(0, Vec::len)
    };
    let value = |ids: &[String]| ids.iter().map(|id| json!({ "value": id })).collect::<Vec<_>>();
    let each =
        |ids: &[String], one: &dyn Fn(&String) -> Value| json!(ids.iter().map(one).collect::<Vec<_>>());
    let add = |id: &String| json!({ "op": "add", "path": "members", "value": [{ "value": id }] });
    let remove = |id: &String| json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") });

    assert_eq!(patch(json!([{ "op": "add", "path": "members", "value": value(&ids[..1000]) }])).await, 1000);
    assert_eq!(patch(json!([{ "op": "add", "path": "members", "value": value(&ids) }])).await, 10_000);
    assert_eq!(
        patch(json!([{ "op": "replace", "path": "members", "value": value(&ids[..1000]) }])).await,
        1000
    );
    assert_eq!(patch(each(&ids[..1000], &remove)).await, 0);
    assert_eq!(patch(each(&ids[..1000], &add)).await, 1000);
    let user = server.get(&format!("/Users/{}", ids[999])).await.json;
    assert_eq!(user["groups"][0]["value"], id(&group));
}
