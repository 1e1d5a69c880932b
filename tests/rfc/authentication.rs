//! Who may do what: credentials, tenants, transport (RFC 7644 §2, §6, §7).

use std::sync::Arc;

use rustls::pki_types::ServerName;
use scimulator::exchange::{Auth, Request};
use scimulator::provider::TlsFiles;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::covers;
use crate::gadget::{ids, rfc_config};
use crate::support::{Answer, PATCH_OP, Server, TOKEN, USER, id};

const OTHER: &str = "other-token-0123456789";

fn request(method: &str, target: &str, body: Option<Value>, auth: Auth) -> Request {
    let request = Request { auth, ..Request::new(method, target) };
    match body {
        Some(body) => request.with_json(&body),
        None => request,
    }
}

/// One request of each kind that needs credentials, for a user at `path`.
fn operations(path: &str) -> Vec<(&'static str, String, Option<Value>)> {
    let message = |name: &str, operations: Value| json!({ "schemas": [format!("urn:ietf:params:scim:api:messages:2.0:{name}")], "Operations": operations });
    let user = json!({ "schemas": [USER], "userName": "intruder" });
    vec![
        ("GET", "/Users".to_owned(), None),
        ("GET", "/".to_owned(), None),
        ("GET", path.to_owned(), None),
        ("GET", "/Me".to_owned(), None),
        ("POST", "/Users".to_owned(), Some(user.clone())),
        ("POST", "/Me".to_owned(), Some(user.clone())),
        ("PUT", path.to_owned(), Some(user)),
        (
            "PATCH",
            path.to_owned(),
            Some(json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "remove", "path": "title" }] })),
        ),
        ("DELETE", path.to_owned(), None),
        ("POST", "/Users/.search".to_owned(), Some(message("SearchRequest", json!([])))),
        (
            "POST",
            "/Bulk".to_owned(),
            Some(message("BulkRequest", json!([{ "method": "DELETE", "path": path }]))),
        ),
    ]
}

async fn with_ada() -> (Server, Value, String) {
    let server = Server::rfc().await;
    let ada = server.user(json!({ "userName": "ada", "title": "t", "externalId": "same" })).await;
    let path = format!("/Users/{}", id(&ada));
    (server, ada, path)
}

#[track_caller]
fn assert_challenged(answer: Answer, error: Option<&str>) {
    let challenge = answer.headers.get("www-authenticate").expect("a challenge").to_owned();
    assert!(challenge.starts_with("Bearer realm="), "{challenge}");
    assert_eq!(challenge.contains("error="), error.is_some(), "{challenge}");
    assert!(error.is_none_or(|error| challenge.contains(&format!("error=\"{error}\""))), "{challenge}");
    answer.expect_error(401, None);
}

#[tokio::test]
async fn nothing_is_served_without_credentials_but_discovery() {
    covers!("RFC7644-2-05", "RFC7644-2.2-01", "RFC7644-3.12-11", "RFC7644-7.6-01",);
    let (server, ada, path) = with_ada().await;
    for (method, target, body) in operations(&path) {
        assert_challenged(server.send(request(method, &target, body, Auth::None)).await, None);
    }
    for target in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"] {
        server.send(request("GET", target, None, Auth::None)).await.expect(200);
    }
    assert_eq!(server.get(&path).await.json, ada);
    assert_eq!(server.get("/Users").await.json["totalResults"], 1, "nobody got in");
}

#[tokio::test]
async fn a_token_must_be_the_one_that_was_given() {
    covers!("RFC7644-2-03", "RFC7644-3.12-11");
    let (server, ada, path) = with_ada().await;
    let altered = TOKEN.to_uppercase();
    for wrong in [
        "x",
        &TOKEN[1..],
        &TOKEN[..TOKEN.len() - 1],
        &altered,
        &format!("{TOKEN}x"),
        &format!("{TOKEN},{TOKEN}"),
        "",
    ] {
        for (method, target, body) in operations(&path) {
            let answer = server.send(request(method, &target, body, Auth::Bearer(wrong.to_owned()))).await;
            assert_challenged(answer, Some("invalid_token"));
        }
    }
    // Credentials in other places are none.
    for target in [format!("{path}?access_token={TOKEN}"), format!("{path}?token={TOKEN}")] {
        assert_challenged(server.send(request("GET", &target, None, Auth::None)).await, None);
    }
    assert_eq!(server.get(&path).await.json, ada);
}

#[tokio::test]
async fn the_announced_schemes_are_the_ones_that_work() {
    covers!("RFC7644-2-01", "RFC7644-2-05");
    let (server, _, path) = with_ada().await;
    let config = server.get("/ServiceProviderConfig").await.expect(200).json;
    let types: Vec<_> =
        config["authenticationSchemes"].as_array().unwrap().iter().map(|s| &s["type"]).collect();
    assert_eq!(types, ["oauthbearertoken"]);
    for good in [format!("Bearer {TOKEN}"), format!("bearer {TOKEN}"), format!("BEARER {TOKEN}")] {
        let mut request = request("GET", &path, None, Auth::None);
        request.headers.append("Authorization", good);
        server.send(request).await.expect(200);
    }
    for other in ["Basic YWRhOng=", "Digest username=\"ada\"", "Negotiate abc", TOKEN] {
        let mut request = request("GET", &path, None, Auth::None);
        request.headers.append("Authorization", other);
        assert_challenged(server.send(request).await, None);
    }
    let mut request = request("GET", &path, None, Auth::None);
    request.headers.append("Cookie", format!("token={TOKEN}; Authorization=Bearer {TOKEN}"));
    assert_challenged(server.send(request).await, None);
}

#[tokio::test]
async fn no_cookie_is_ever_set() {
    covers!("RFC7644-7.4-04");
    let (server, _, path) = with_ada().await;
    for (method, target, body) in operations(&path) {
        for auth in [Auth::None, Auth::Target] {
            let answer = server.send(request(method, &target, body.clone(), auth)).await;
            assert!(!answer.headers.contains("set-cookie"), "{method} {target}");
        }
    }
}

#[tokio::test]
async fn a_token_reaches_its_own_tenant_and_no_other() {
    covers!("RFC7644-2-06", "RFC7644-6.1-01", "RFC7644-6.2-01");
    let (server, ada, path) = with_ada().await;
    server.provider.add_tenant(&OTHER.into());
    let theirs = || Auth::Bearer(OTHER.to_owned());
    let denied =
        [("GET", None), ("DELETE", None), ("PUT", Some(json!({ "schemas": [USER], "userName": "x" })))];
    for (method, body) in denied {
        server.send(request(method, &path, body, theirs())).await.expect_error(404, None);
    }
    let patch = json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "remove", "path": "title" }] });
    server.send(request("PATCH", &path, Some(patch), theirs())).await.expect_error(404, None);
    for target in ["/Users", "/", "/Users?filter=externalId%20eq%20%22same%22", "/Users?cursor="] {
        let listed = server.send(request("GET", target, None, theirs())).await.expect(200);
        assert_eq!(listed.json["totalResults"], 0, "{target}");
    }
    // Neither userName nor externalId is taken there; and what they delete is theirs.
    let same = json!({ "schemas": [USER], "userName": "ada", "externalId": "same" });
    let created = server.send(request("POST", "/Users", Some(same), theirs())).await.expect(201).json;
    assert_ne!(id(&created), id(&ada));
    assert_eq!(ids(&server.get("/Users?filter=externalId eq \"same\"").await), [id(&ada)]);
    let members = json!({ "displayName": "g", "members": [{ "value": id(&created) }],
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"] });
    let group = server.post("/Groups", members).await;
    assert_ne!(group.status, 201, "no group holds members of another tenant: {}", group.json);
    let target = format!("/Users/{}", id(&created));
    server.send(request("DELETE", &target, None, theirs())).await.expect(204);
    assert_eq!(server.get(&path).await.json, ada);
}

/// Sends a GET of `/Users` over a stream, and what comes back.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    let head = format!(
        "GET /scim/v2/Users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
    );
    let mut bytes = Vec::new();
    // A provider that hangs up has said enough.
    if stream.write_all(head.as_bytes()).await.is_ok() {
        let _ = stream.read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn with_tls_the_provider_speaks_1_2_and_1_3_and_nothing_in_the_clear() {
    covers!("RFC7644-7.2-01", "RFC7644-7.2-02", "RFC7644-7.4-02");
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let mut config = rfc_config();
    config.tls = Some(files);
    let provider = scimulator::provider::Provider::start(config).await.unwrap();
    provider.add_tenant(&TOKEN.into());
    let base = provider.base_url();
    let authority = base.strip_prefix("https://").unwrap().split('/').next().unwrap();

    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let client =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_root_certificates(roots.clone())
                .with_no_client_auth();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
        let name = ServerName::try_from("localhost").unwrap();
        let stream = connector.connect(name, TcpStream::connect(authority).await.unwrap()).await.unwrap();
        let text = ask(stream).await;
        assert!(text.starts_with("HTTP/1.1 200 "), "{version:?}: {text}");
        assert!(text.contains("ListResponse"), "{text}");
    }
    let text = ask(TcpStream::connect(authority).await.unwrap()).await;
    assert!(!text.contains("HTTP/1.1") && !text.contains("ListResponse"), "{text}");
}
