//! The HTTP client against targets that misbehave.
//!
//! wiremock plays those that speak HTTP, a bare socket those that do not. Ports in messages are shown as `<port>`.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use scimulator::exchange::{Auth, Exchange, FailureKind, Request, TransportFailure};
use scimulator::target::cleanup::{Report, delete_pending};
use scimulator::target::journal::{Journal, Pending};
use scimulator::target::{Credentials, Target, TargetConfig, USER_AGENT};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wiremock::matchers::{body_string, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn target(base: &str) -> Target {
    Target::connect(TargetConfig::new(base)).unwrap()
}

fn get(target: &str) -> Request {
    Request::new("GET", target)
}

/// A server that reads the head of each request and then does what it is told.
async fn raw<F, Fut>(behave: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            tokio::spawn(behave(stream));
        }
    });
    address
}

/// A server that answers every request with these bytes and closes.
async fn answering(bytes: &'static [u8]) -> SocketAddr {
    raw(move |mut stream| async move {
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
    })
    .await
}

/// Sends `GET /Users` to it.
async fn asked(address: SocketAddr, adjust: impl FnOnce(&mut TargetConfig)) -> Exchange {
    let mut config = TargetConfig::new(format!("http://{address}/scim"));
    adjust(&mut config);
    Target::connect(config).unwrap().send(get("/Users")).await
}

fn failure(exchange: &Exchange) -> TransportFailure {
    exchange.outcome.clone().expect_err("there must be no response")
}

/// Kind and message of a failure, without the port.
fn told(exchange: &Exchange) -> String {
    let failure = failure(exchange);
    let mut message = failure.message;
    while let Some(at) = message.find("127.0.0.1:").map(|at| at + "127.0.0.1:".len()) {
        let digits = message[at..].chars().take_while(char::is_ascii_digit).count();
        if digits == 0 {
            break;
        }
        message.replace_range(at..at + digits, "<port>");
    }
    format!("{:?}: {message}", failure.kind)
}

#[tokio::test]
async fn a_request_arrives_as_it_was_written_with_the_defaults_of_the_client() {
    let server = MockServer::start().await;
    Mock::given(method("PATCH")).respond_with(ResponseTemplate::new(204)).mount(&server).await;
    let target = target(&format!("{}/Scim/%7ev2/?aadOptscim062020", server.uri()));
    assert_eq!(target.base_query(), Some("aadOptscim062020"));
    let mut request = Request::new("PATCH", "/Users/a%2Fb?filter=x%20eq%20%22a+b%22&count=1")
        .with_json(&json!({ "schemas": [] }));
    request.headers.append("X-Two", "1");
    request.headers.append("X-Two", "2");
    let exchange = target.send(request.clone()).await;
    assert_eq!(exchange.request, request);
    assert_eq!(exchange.response().unwrap().status, 204);
    assert_eq!(exchange.attempt, 1);
    let received = &server.received_requests().await.unwrap()[0];
    assert_eq!(received.url.path(), "/Scim/%7ev2/Users/a%2Fb");
    assert_eq!(received.url.query(), Some("filter=x%20eq%20%22a+b%22&count=1"));
    assert_eq!(received.body, br#"{"schemas":[]}"#);
    let values = |name: &str| -> Vec<&str> {
        received.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    };
    assert_eq!(values("content-type"), ["application/scim+json"]);
    assert_eq!(values("accept"), ["application/scim+json"]);
    assert_eq!(values("user-agent"), [USER_AGENT]);
    assert_eq!(values("x-two"), ["1", "2"]);
    assert!(values("authorization").is_empty() && values("accept-encoding").is_empty());
}

#[tokio::test]
async fn a_request_overrides_the_defaults_and_an_empty_user_agent_is_none() {
    let server = MockServer::start().await;
    let mut config = TargetConfig::new(server.uri());
    config.headers = vec![("X-Tenant".into(), "acme".into()), ("Accept".into(), "text/plain".into())];
    config.suffix_query = Some("aadOptscim062020".into());
    let target = Target::connect(config).unwrap();
    let mut request = get("/Users?count=1");
    request.headers.append("user-agent", "");
    request.headers.append("X-Tenant", "other");
    target.send(request).await;
    target.send(get("/Users")).await;
    let received = server.received_requests().await.unwrap();
    assert!(!received[0].headers.contains_key("user-agent"));
    assert_eq!(received[0].headers["x-tenant"], "other");
    assert_eq!(received[0].headers["accept"], "text/plain");
    assert_eq!(received[0].url.query(), Some("count=1&aadOptscim062020"));
    assert_eq!(received[1].url.query(), Some("aadOptscim062020"));
    assert_eq!(received[1].headers["x-tenant"], "acme");
}

#[tokio::test]
async fn credentials_go_with_a_request_unless_it_says_otherwise() {
    let server = MockServer::start().await;
    let mut config = TargetConfig::new(server.uri());
    config.credentials = Credentials::Basic { user: "ada".into(), password: "correct horse".into() };
    config.headers = vec![("X-Api-Key".into(), "key-12345".into())];
    let target = Target::connect(config).unwrap();
    let mut own = get("/3");
    own.headers.append("Authorization", "Digest x");
    for request in [
        get("/0"),
        Request { auth: Auth::None, ..get("/1") },
        Request { auth: Auth::Bearer("other".into()), ..get("/2") },
        own,
    ] {
        target.send(request).await;
    }
    let received = server.received_requests().await.unwrap();
    let sent: Vec<_> = received
        .iter()
        .map(|request| (request.headers.get("authorization"), request.headers.get("x-api-key")))
        .map(|(a, k)| (a.map(|a| a.to_str().unwrap()), k.is_some()))
        .collect();
    assert_eq!(
        sent,
        [
            (Some("Basic YWRhOmNvcnJlY3QgaG9yc2U="), true),
            (None, false),
            (Some("Bearer other"), false),
            (Some("Digest x"), true),
        ]
    );
    assert_eq!(target.secrets().text("correct horse").get(), "<redacted>");
}

#[tokio::test]
async fn whatever_the_status_and_type_an_answer_is_an_answer() {
    let server = MockServer::start().await;
    let page = "<!doctype html><title>Sign in</title>";
    Mock::given(path("/loop"))
        .respond_with(ResponseTemplate::new(302).insert_header("Location", "/loop"))
        .mount(&server)
        .await;
    Mock::given(path("/html"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(page, "text/html"))
        .mount(&server)
        .await;
    Mock::given(path("/refused"))
        .respond_with(ResponseTemplate::new(401).insert_header("WWW-Authenticate", "Bearer"))
        .mount(&server)
        .await;
    let target = target(&server.uri());
    let redirect = target.send(get("/loop")).await;
    assert_eq!(redirect.response().unwrap().status, 302);
    assert_eq!(redirect.response().unwrap().headers.get("location"), Some("/loop"));
    assert_eq!(server.received_requests().await.unwrap().len(), 1, "no redirect is followed");
    let html = target.send(get("/html")).await;
    assert_eq!(html.response().unwrap().body, page);
    assert_eq!(html.response().unwrap().headers.get("Content-Type"), Some("text/html"));
    let refused = target.send(get("/refused")).await;
    assert_eq!(refused.response().unwrap().status, 401);
    assert_eq!(server.received_requests().await.unwrap().len(), 3, "nothing is sent twice");
}

#[tokio::test]
async fn http_1_0_without_a_length_is_read_to_the_end() {
    let address = answering(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{\"a\":1}").await;
    let exchange = asked(address, |_| {}).await;
    assert_eq!(exchange.response().unwrap().body, r#"{"a":1}"#);
}

#[tokio::test]
async fn connection_refused() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let exchange = asked(address, |_| {}).await;
    insta::assert_snapshot!(told(&exchange), @"Connect: nothing listens on 127.0.0.1:<port> (connection refused)");
    let through_proxy = asked(address, |config| {
        config.proxy = Some(std::mem::replace(&mut config.base, "http://scim.invalid/v2".into()));
    })
    .await;
    insta::assert_snapshot!(told(&through_proxy), @"Connect: nothing listens on the proxy 127.0.0.1:<port> (connection refused)");
}

#[tokio::test]
async fn names_that_do_not_resolve() {
    // A label of more than 63 characters is refused by the resolver without asking the network.
    let name = format!("{}.invalid", "scim".repeat(16));
    let exchange = target(&format!("http://{name}/v2")).send(get("/Users")).await;
    insta::assert_snapshot!(told(&exchange).replace(&name, "<name>"), @"Connect: the name of `<name>` cannot be resolved; check its spelling and the network");
}

#[tokio::test]
async fn no_answer_in_time() {
    let silent = raw(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let exchange = asked(silent, |config| config.timeout = Duration::from_millis(50)).await;
    insta::assert_snapshot!(told(&exchange), @"Timeout: 127.0.0.1:<port> did not answer within 50ms; --timeout allows more");
    assert!(exchange.duration >= Duration::from_millis(50));
}

#[tokio::test]
async fn an_answer_that_drips() {
    let dripping = raw(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let exchange = asked(dripping, |config| config.timeout = Duration::from_millis(80)).await;
    assert_eq!(failure(&exchange).kind, FailureKind::Timeout);
    // On a machine under load even the first byte may come too late, which is the other sentence.
    assert!(failure(&exchange).message.contains("within 80ms; --timeout allows more"));
}

#[tokio::test]
async fn connections_that_break() {
    let closed = raw(|stream| async move { drop(stream) }).await;
    insta::assert_snapshot!(told(&asked(closed, |_| {}).await), @"Broken: 127.0.0.1:<port> closed the connection before its answer was whole");
    let reset = raw(|stream| async move {
        stream.set_zero_linger().unwrap();
        drop(stream);
    })
    .await;
    insta::assert_snapshot!(told(&asked(reset, |_| {}).await), @"Broken: 127.0.0.1:<port> closed the connection before its answer was whole");
    let truncated = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":").await;
    insta::assert_snapshot!(told(&asked(truncated, |_| {}).await), @"Broken: 127.0.0.1:<port> closed the connection before its answer was whole");
    let chunk = answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc").await;
    insta::assert_snapshot!(told(&asked(chunk, |_| {}).await), @"Broken: 127.0.0.1:<port> closed the connection before its answer was whole");
}

#[tokio::test]
async fn what_is_not_http() {
    let garbage = answering(b"220 mail.acme.test ESMTP\r\n").await;
    insta::assert_snapshot!(told(&asked(garbage, |_| {}).await), @"Protocol: what 127.0.0.1:<port> sent is not HTTP (invalid HTTP version parsed); is the base URL `https://`?");
    let chunks = answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc").await;
    insta::assert_snapshot!(told(&asked(chunks, |_| {}).await), @"Protocol: what 127.0.0.1:<port> sent is not HTTP (Invalid chunk size line: missing size digit)");
    let length = answering(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nabc").await;
    insta::assert_snapshot!(told(&asked(length, |_| {}).await), @"Protocol: what 127.0.0.1:<port> sent is not HTTP (invalid content-length parsed)");
    let status = answering(b"HTTP/1.1 2000 OK\r\n\r\n").await;
    assert_eq!(failure(&asked(status, |_| {}).await).kind, FailureKind::Protocol);
}

#[tokio::test]
async fn bodies_beyond_the_limit_are_not_read() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(vec![b'x'; 2_000]))
        .mount(&server)
        .await;
    let address = *server.address();
    insta::assert_snapshot!(told(&asked(address, |config| config.max_body = 1_999).await), @"TooLarge: the body that 127.0.0.1:<port> sent is larger than 1999 bytes; nothing of it was judged");
    assert_eq!(asked(address, |config| config.max_body = 2_000).await.response().unwrap().body.len(), 2_000);
    let endless = raw(|mut stream| async move {
        let head = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        if head.is_ok() {
            while stream.write_all(&[b'x'; 8192]).await.is_ok() {}
        }
    })
    .await;
    let exchange = asked(endless, |config| config.max_body = 100_000).await;
    assert_eq!(failure(&exchange).kind, FailureKind::TooLarge);
}

#[tokio::test]
async fn requests_that_cannot_be_sent_are_explained() {
    let target = target("http://127.0.0.1:1/scim");
    let mut control = get("/");
    control.headers.append("X-A", "a\nb");
    let mut framing = get("/");
    framing.headers.append("Content-Length", "7");
    let mut told_all = Vec::new();
    for request in [
        get("/Users/../../admin"),
        get("/Users#x"),
        Request::new("G T", "/"),
        Request::new("CONNECT", "/"),
        control,
        framing,
    ] {
        told_all.push(told(&target.send(request).await));
    }
    insta::assert_snapshot!(told_all.join("\n"), @"
    Request: `/Users/../../admin` cannot be sent as it is written; write dot segments, backslashes, tabs, line ends and `#` percent-encoded
    Request: `/Users#x` cannot be sent as it is written; write dot segments, backslashes, tabs, line ends and `#` percent-encoded
    Request: `G T` is no method that can be sent
    Request: `CONNECT` is no method that can be sent
    Request: the value of the header `X-A` holds control characters
    Request: the header `Content-Length` is decided by the connection
    ");
}

#[tokio::test]
async fn patience_retries_429_and_503_and_each_attempt_is_an_exchange() {
    let server = MockServer::start().await;
    let busy = |status| ResponseTemplate::new(status).insert_header("Retry-After", "0");
    Mock::given(path("/twice")).respond_with(busy(429)).up_to_n_times(1).mount(&server).await;
    Mock::given(path("/twice")).respond_with(busy(503)).up_to_n_times(1).mount(&server).await;
    Mock::given(path("/twice")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    Mock::given(path("/always")).respond_with(busy(429)).mount(&server).await;
    Mock::given(path("/plain")).respond_with(ResponseTemplate::new(503)).mount(&server).await;
    Mock::given(path("/later"))
        .respond_with(ResponseTemplate::new(429).insert_header("Retry-After", "3600"))
        .mount(&server)
        .await;
    let target = target(&server.uri());
    let mut seen = Vec::new();
    for path in ["/twice", "/always", "/plain", "/later"] {
        let exchanges = target.send_patiently(get(path)).await;
        seen.push(exchanges.iter().map(|e| (e.attempt, e.response().unwrap().status)).collect::<Vec<_>>());
    }
    assert_eq!(
        seen,
        [
            vec![(1, 429), (2, 503), (3, 200)],
            vec![(1, 429), (2, 429), (3, 429)],
            vec![(1, 503)],
            vec![(1, 429)]
        ]
    );
    assert_eq!(target.send(get("/always")).await.response().unwrap().status, 429);
}

#[tokio::test]
async fn a_rate_spreads_requests() {
    let server = MockServer::start().await;
    let mut config = TargetConfig::new(server.uri());
    config.rate = Some(100.0);
    let target = Arc::new(Target::connect(config).unwrap());
    let begin = Instant::now();
    let sent: Vec<_> = (0..4)
        .map(|_| {
            let target = target.clone();
            tokio::spawn(async move { target.send(get("/")).await })
        })
        .collect();
    for exchange in sent {
        assert!(exchange.await.unwrap().response().is_some());
    }
    assert!(begin.elapsed() >= Duration::from_millis(30));
}

fn client_credentials(server: &MockServer) -> Target {
    let mut config = TargetConfig::new(format!("{}/scim", server.uri()));
    config.credentials = Credentials::ClientCredentials {
        token_url: format!("{}/token", server.uri()),
        id: "app 1".into(),
        secret: "s3cret&more".into(),
        scope: Some("scim read".into()),
    };
    Target::connect(config).unwrap()
}

fn token(value: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "access_token": value, "expires_in": 3600 }))
}

#[tokio::test]
async fn an_access_token_is_fetched_once_renewed_after_a_401_and_hidden() {
    let server = MockServer::start().await;
    let form = "grant_type=client_credentials&client_id=app+1&client_secret=s3cret%26more&scope=scim+read";
    let endpoint = || Mock::given(method("POST")).and(path("/token")).and(body_string(form));
    endpoint().respond_with(token("token-one")).up_to_n_times(1).mount(&server).await;
    endpoint().respond_with(token("token-two")).mount(&server).await;
    let with = |value: &str| Mock::given(path("/scim/Users")).and(header("authorization", value));
    with("Bearer token-one").respond_with(ResponseTemplate::new(200)).up_to_n_times(2).mount(&server).await;
    with("Bearer token-one").respond_with(ResponseTemplate::new(401)).mount(&server).await;
    with("Bearer token-two").respond_with(ResponseTemplate::new(201)).up_to_n_times(1).mount(&server).await;
    let target = client_credentials(&server);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(target.send(get("/Users")).await.response().unwrap().status);
    }
    assert_eq!(statuses, [200, 200, 201]);
    let asked =
        |requests: Vec<wiremock::Request>| requests.iter().filter(|r| r.url.path() == "/token").count();
    assert_eq!(asked(server.received_requests().await.unwrap()), 2);
    let hidden = target.secrets().text("token-one token-two s3cret&more s3cret%26more");
    assert_eq!(hidden.get(), "<redacted> <redacted> <redacted> <redacted>");
    // Without credentials nothing is fetched.
    target.send(Request { auth: Auth::None, ..get("/Users") }).await;
    assert_eq!(asked(server.received_requests().await.unwrap()), 2);
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_is_an_answer() {
    let server = MockServer::start().await;
    Mock::given(path("/token")).respond_with(token("token-one")).mount(&server).await;
    Mock::given(path("/scim/Users")).respond_with(ResponseTemplate::new(401)).mount(&server).await;
    assert_eq!(client_credentials(&server).send(get("/Users")).await.response().unwrap().status, 401);
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_token_that_cannot_be_had_is_explained() {
    let mut told_all = Vec::new();
    for answer in [
        ResponseTemplate::new(400)
            .set_body_json(json!({ "error": "invalid_client", "error_description": "no such client" })),
        ResponseTemplate::new(200).set_body_raw("<html>", "text/html"),
        ResponseTemplate::new(302).insert_header("Location", "/login"),
    ] {
        let server = MockServer::start().await;
        Mock::given(path("/token")).respond_with(answer).mount(&server).await;
        told_all.push(told(&client_credentials(&server).send(get("/Users")).await));
    }
    insta::assert_snapshot!(told_all.join("\n"), @"
    Request: no access token from http://127.0.0.1:<port>/token: the answer was 400 (invalid_client: no such client); check --client-id, --client-secret and --scope
    Request: no access token from http://127.0.0.1:<port>/token: the answer holds no `access_token`; is it the token URL?
    Request: no access token from http://127.0.0.1:<port>/token: the answer was 302; check --client-id, --client-secret and --scope
    ");
}

/// A TLS server with a certificate of its own making, answering 200; its certificate as a file.
async fn tls_server(folder: &tempfile::TempDir) -> (SocketAddr, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, made.cert.pem()).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let mut some = [0; 1024];
                let _ = stream.read(&mut some).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
                let _ = stream.shutdown().await;
            }
        }
    });
    (address, file)
}

#[tokio::test]
async fn tls_is_trusted_only_where_the_user_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (address, file) = tls_server(&folder).await;
    let secure = |config: &mut TargetConfig| config.base = format!("https://{address}/scim");
    let untrusted = asked(address, |config| {
        secure(config);
        // Some authority has to be known, or the client is not built on a machine that has none.
        let mut other = rcgen::CertificateParams::new(["other.test".to_owned()]).unwrap();
        other.distinguished_name.push(rcgen::DnType::CommonName, "another authority");
        let key = rcgen::KeyPair::generate().unwrap();
        let path = folder.path().join("other.pem");
        std::fs::write(&path, other.self_signed(&key).unwrap().pem()).unwrap();
        config.ca_file = Some(path);
    })
    .await;
    insta::assert_snapshot!(told(&untrusted), @"Tls: the certificate of 127.0.0.1 is not signed by an authority that this machine trusts; name the authority with --ca-file, or use --insecure for a test");
    let trusted = asked(address, |config| {
        secure(config);
        config.ca_file = Some(file.clone());
    })
    .await;
    assert_eq!(trusted.response().unwrap().body, Bytes::from_static(b"ok"));
    let insecure = asked(address, |config| {
        secure(config);
        config.insecure = true;
    })
    .await;
    assert_eq!(insecure.response().unwrap().status, 200);
    let plain = asked(address, |_| {}).await;
    assert!(matches!(failure(&plain).kind, FailureKind::Protocol | FailureKind::Broken), "{}", told(&plain));
}

#[tokio::test]
async fn a_plain_server_behind_an_https_url_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let (_, file) = tls_server(&folder).await;
    // It answers the first bytes of the handshake with HTTP, as plain servers do.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut some = [0; 4096];
        let _ = stream.read(&mut some).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let exchange = asked(address, |config| {
        config.base = format!("https://{address}");
        config.ca_file = Some(file);
    })
    .await;
    insta::assert_snapshot!(told(&exchange), @"Tls: what 127.0.0.1:<port> sent is no TLS; is the base URL `http://`?");
}

#[tokio::test]
async fn configurations_that_cannot_work_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    let problem = |adjust: &dyn Fn(&mut TargetConfig)| {
        let mut config = TargetConfig::new("http://127.0.0.1:1");
        adjust(&mut config);
        Target::connect(config)
            .unwrap_err()
            .to_string()
            .replace(&folder.path().display().to_string(), "<tmp>")
    };
    let problems = [
        problem(&|config| config.base = "127.0.0.1:8080/scim".into()),
        problem(&|config| config.ca_file = Some(empty.clone())),
        problem(&|config| config.ca_file = Some(folder.path().join("none.pem"))),
        problem(&|config| config.client_cert = Some(empty.clone())),
        problem(&|config| config.client_key = Some(empty.clone())),
        problem(&|config| config.rate = Some(0.0)),
        problem(&|config| config.headers = vec![("X Y".into(), "v".into())]),
        problem(&|config| config.headers = vec![("X-Y".into(), "s3cret\n".into())]),
        problem(&|config| config.proxy = Some("::".into())),
        problem(&|config| {
            config.credentials = Credentials::ClientCredentials {
                token_url: "/token".into(),
                id: String::new(),
                secret: "s3cret".into(),
                scope: None,
            }
        }),
    ];
    insta::assert_snapshot!(problems.join("\n"), @"
    the base URL `127.0.0.1:8080/scim` is no URL: it must start with `http://` or `https://`
    cannot read the --ca-file `<tmp>/empty.pem`: no PEM certificate in it
    cannot read the --ca-file `<tmp>/none.pem`: No such file or directory (os error 2)
    cannot read the --client-cert `<tmp>/empty.pem`: it needs a PEM certificate and, there or in --client-key, its key
    the client key needs a client certificate: give --client-cert too
    the rate 0 is out of range: give requests a second, from 0.001 to 1000000
    the header `X Y` cannot be sent: names are letters, digits and dashes, values are printable
    the header `X-Y` cannot be sent: names are letters, digits and dashes, values are printable
    the proxy `::` cannot be used: builder error: relative URL without a base
    the token URL `/token` is no URL: it must start with `http://` or `https://`
    ");
}

#[tokio::test]
async fn clean_up_deletes_groups_first_and_finds_what_was_never_answered() {
    let server = MockServer::start().await;
    let gone = |id: &str, status| {
        Mock::given(method("DELETE")).and(path(id.to_owned())).respond_with(ResponseTemplate::new(status))
    };
    gone("/Users/ada", 204).mount(&server).await;
    gone("/Users/bob", 404).mount(&server).await;
    gone("/Users/eve", 500).mount(&server).await;
    gone("/Users/dan", 204).mount(&server).await;
    gone("/Groups/team", 204).mount(&server).await;
    Mock::given(method("GET"))
        .and(path("/Users"))
        .and(query_param("filter", r#"userName eq "dan-k3x9@acme.test""#))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({
            "Resources": [
                { "id": "dan", "userName": "Dan-k3x9@acme.test" },
                { "id": "other", "userName": "somebody else" },
            ]
        })))
        .mount(&server)
        .await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    let journal = Journal::create(&file, "k3x9", &server.uri()).unwrap();
    for id in ["ada", "bob", "eve"] {
        let intent = journal.intend("POST", "/Users", id).unwrap();
        journal.created(intent, id).unwrap();
    }
    let team = journal.intend("POST", "/Groups", "team").unwrap();
    journal.created(team, "team").unwrap();
    let _unanswered = journal.intend("POST", "/Users", "dan-k3x9@acme.test").unwrap();
    let _refused = journal.intend("POST", "/Schemas", "k3x9").unwrap();
    Mock::given(method("GET"))
        .and(path("/Schemas"))
        .respond_with(ResponseTemplate::new(403))
        .mount(&server)
        .await;
    drop(journal);

    let journal = Journal::open(&file).unwrap();
    let report = delete_pending(&target(&server.uri()), &journal).await;
    let expected = Report {
        is_refused: false,
        deleted: vec!["/Groups/team".into(), "/Users/dan".into(), "/Users/ada".into()],
        gone: vec!["`k3x9` in /Schemas".into(), "/Users/bob".into()],
        failed: vec![("/Users/eve".into(), "the target answered 500".into())],
    };
    assert_eq!(report, expected);
    assert_eq!(Journal::leftover(&file).unwrap().pending, [Pending::Created("/Users/eve".into())]);
    assert!(!journal.finish().unwrap());
}

#[tokio::test]
async fn clean_up_leaves_whoever_had_the_name_before_the_run() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({
            "Resources": [{ "id": "boss", "userName": "boss@acme.test" }]
        })))
        .mount(&server)
        .await;
    Mock::given(method("DELETE")).respond_with(ResponseTemplate::new(204)).expect(0).mount(&server).await;
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(folder.path().join("journal"), "k3x9", &server.uri()).unwrap();
    let _unanswered = journal.intend("POST", "/Users", "boss@acme.test").unwrap();
    let report = delete_pending(&target(&server.uri()), &journal).await;
    assert_eq!(report.deleted, Vec::<String>::new());
    let reason = "nobody knows whether this run created it: no answer told, and the name does not carry its suffix `k3x9`";
    assert_eq!(report.failed, [("`boss@acme.test` in /Users".to_owned(), reason.to_owned())]);
}

#[tokio::test]
async fn a_location_on_the_same_server_is_followed_and_no_other() {
    let server = MockServer::start().await;
    Mock::given(path("/elsewhere/Users/1"))
        .and(header("authorization", "Bearer t0k"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;
    let mut config = TargetConfig::new(format!("{}/scim/v2", server.uri()));
    config.credentials = Credentials::Bearer("t0k".into());
    let target = Target::connect(config).unwrap();
    let own = target.send(get(&format!("{}/elsewhere/Users/1", server.uri()))).await;
    assert_eq!(own.response().unwrap().status, 200);
    // Another server would be sent the credentials; there is no way to it.
    let other = target.send(get("http://192.0.2.1/Users/1")).await;
    assert_eq!(other.outcome.unwrap_err().kind, FailureKind::Request);
}
