//! Bearer tokens and challenges (RFC 6750; RFC 9110 §11).

use scimulator::exchange::{Auth, Request};
use serde_json::json;

use crate::covers;
use crate::support::{Answer, Server, TOKEN, USER, id};
use crate::wire::Wire;

/// The parameters of a challenge whose scheme is Bearer.
#[track_caller]
fn challenge(header: &str) -> Vec<(String, String)> {
    let mut rest =
        header.strip_prefix("Bearer ").unwrap_or_else(|| panic!("`{header}` is no Bearer challenge"));
    let mut parameters = Vec::new();
    loop {
        let (name, after) = rest.trim_start().split_once("=\"").unwrap();
        let (value, after) = after.split_once('"').unwrap();
        parameters.push((name.to_owned(), value.to_owned()));
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None => {
                assert_eq!(after, "");
                return parameters;
            }
        }
    }
}

/// The challenge of an answer, with what every one must be.
#[track_caller]
fn challenged(answer: &Answer) -> Vec<(String, String)> {
    let parameters = challenge(answer.headers.get("www-authenticate").expect("a challenge"));
    assert!(!parameters.is_empty());
    for (index, (name, value)) in parameters.iter().enumerate() {
        assert!(!parameters[..index].iter().any(|(other, _)| other == name), "{name} twice");
        if name.starts_with("error") {
            let plain = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(value.bytes().all(plain), "{value}");
        }
    }
    parameters
}

fn parameter<'p>(parameters: &'p [(String, String)], name: &str) -> Option<&'p str> {
    parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

/// A GET of `/Users` with that `Authorization`.
async fn with_credentials(server: &Server, authorization: &str) -> Answer {
    server.call_with("GET", "/Users", &[("Authorization", authorization)], None).await
}

#[tokio::test]
async fn the_scheme_is_bearer_in_any_letter_case() {
    covers!("RFC6750-2.1-02", "RFC6750-2.1-03", "RFC9110-11.1-01");
    let server = Server::rfc().await;
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        with_credentials(&server, &format!("{scheme} {TOKEN}")).await.expect(200);
    }
    // The token itself is exact.
    with_credentials(&server, &format!("Bearer {}", TOKEN.to_uppercase())).await.expect_error(401, None);
}

#[tokio::test]
async fn malformed_credentials_are_refused() {
    covers!("RFC6750-2.1-04", "RFC6750-3.1-01");
    let server = Server::rfc().await;
    for authorization in [
        "Bearer",
        "Bearer a b",
        &format!("Bearer {TOKEN},"),
        &format!("Bearer {TOKEN} {TOKEN}"),
        &format!("Bearer \"{TOKEN}\""),
        &format!("Bearer ={TOKEN}"),
    ] {
        // RFC 7644 section 3.12: an invalid Authorization header is a 401.
        let answer = with_credentials(&server, authorization).await.expect_error(401, None);
        assert_eq!(parameter(&challenged(&answer), "error"), Some("invalid_token"), "{authorization}");
    }
    // What no client library sends.
    let wire = Wire::to(&server);
    for line in ["Authorization: Bearer \u{e9}", "Authorization: Bearer \t", "Authorization:"] {
        let answer = wire.ask("GET", "/Users", &[line], "").await;
        assert!(matches!(answer.status, 400 | 401), "{line}: {}", answer.status);
    }
    // Several are a request that is wrong in itself.
    let twice = [format!("Authorization: Bearer {TOKEN}"), "Authorization: Bearer other".to_owned()];
    let answer = wire.ask("GET", "/Users", &twice.each_ref().map(String::as_str), "").await;
    assert_eq!(answer.status, 400);
    assert!(answer.header("www-authenticate").unwrap().contains("error=\"invalid_request\""));
}

#[tokio::test]
async fn without_credentials_there_is_a_bare_challenge() {
    covers!(
        "RFC6750-3-01",
        "RFC6750-3-02",
        "RFC6750-3-03",
        "RFC6750-3-04",
        "RFC6750-3.1-04",
        "RFC9110-11.6.1-01"
    );
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    for (method, target) in [
        ("GET", "/Users"),
        ("POST", "/Users"),
        ("GET", path.as_str()),
        ("PUT", path.as_str()),
        ("PATCH", path.as_str()),
        ("DELETE", path.as_str()),
        ("GET", "/Users/none"),
        ("GET", "/"),
        ("POST", "/.search"),
        ("POST", "/Users/.search"),
        ("POST", "/Bulk"),
        ("GET", "/Me"),
    ] {
        let mut request = Request::new(method, target);
        if !matches!(method, "GET" | "DELETE") {
            request = request.with_json(&json!({ "schemas": [USER], "userName": "x" }));
        }
        request.auth = Auth::None;
        let answer = server.send(request).await.expect_error(401, None);
        let parameters = challenged(&answer);
        assert!(parameter(&parameters, "realm").is_some(), "{method} {target}");
        assert_eq!(parameter(&parameters, "error"), None, "{method} {target}");
    }
    // Another scheme is no authentication information for this one.
    let answer = with_credentials(&server, "Basic YWRhOmFkYQ==").await.expect_error(401, None);
    assert_eq!(parameter(&challenged(&answer), "error"), None);
    server.get(&path).await.expect(200);
}

#[tokio::test]
async fn a_token_that_grants_nothing_is_called_invalid() {
    covers!("RFC6750-3-01", "RFC6750-3-05", "RFC6750-3-06", "RFC6750-3.1-02");
    let server = Server::rfc().await;
    let revoked = server.provider.add_tenant(&"revoked-token".into());
    with_credentials(&server, "Bearer revoked-token").await.expect(200);
    server.provider.drop_tenant(revoked);
    for token in ["revoked-token", "unknown", "eyJhbGciOiJub25lIn0.e30."] {
        for target in ["/Users", "/Users/none", "/Me"] {
            let headers = [("Authorization", &*format!("Bearer {token}"))];
            let answer = server.call_with("GET", target, &headers, None).await.expect_error(401, None);
            assert_eq!(parameter(&challenged(&answer), "error"), Some("invalid_token"));
        }
    }
}

#[tokio::test]
async fn tokens_are_taken_from_the_header_only() {
    covers!("RFC6750-2.2-01", "RFC6750-2.3-02");
    let server = Server::rfc().await;
    let send = async |method: &str, target: &str, body: &str| {
        let mut request = Request::new(method, target);
        request.auth = Auth::None;
        if !body.is_empty() {
            request.headers.append("Content-Type", "application/x-www-form-urlencoded");
            request.body = body.to_owned().into();
        }
        server.send(request).await
    };
    let form = format!("access_token={TOKEN}");
    send("GET", "/Users", &form).await.expect_error(401, None);
    send("POST", "/Users", &form).await.expect_error(401, None);
    // A provider that took it from the query would have to keep the answer out of caches.
    send("GET", &format!("/Users?{form}"), "").await.expect_error(401, None);
    // As it is, an answer to the bearer of a token is no matter of shared caches either.
    let control = server.get("/Users").await.expect(200).headers;
    assert!(control.get("cache-control").unwrap().contains("private"));
}

#[tokio::test]
async fn tokens_are_not_put_into_cookies() {
    covers!("RFC6750-5.3-02");
    let server = Server::rfc().await;
    let user = server.post("/Users", json!({ "schemas": [USER], "userName": "ada" })).await.expect(201);
    let path = format!("/Users/{}", id(&user.json));
    for answer in [
        user,
        server.get(&path).await,
        server.get("/Users").await,
        server.get("/ServiceProviderConfig").await,
        with_credentials(&server, "Bearer wrong").await,
        server.delete(&path).await,
    ] {
        assert!(!answer.headers.contains("set-cookie"));
        let leaked = answer.headers.iter().any(|(_, value)| value.contains(TOKEN));
        assert!(!leaked && !answer.json.to_string().contains(TOKEN));
    }
}
