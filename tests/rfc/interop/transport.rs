//! Transport, headers, URLs, connection tests, discovery (sections 11.1 and 11.2 of the catalogue).

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use scimulator::exchange::{Auth, Request};
use scimulator::provider::profile::Profile;
use scimulator::provider::world::World;
use scimulator::provider::{Provider, ProviderConfig, TlsFiles};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{ada, found, interop};
use crate::covers;
use crate::hostile::{connection, raw, status_and_error};
use crate::support::{GROUP, LIST, TOKEN, USER, id};

#[tokio::test]
async fn bodies_are_json_by_any_of_its_names() {
    covers!("Q-H01", "Q-H02");
    let server = interop().await;
    let types = [
        "application/scim+json",
        "application/scim+json; charset=utf-8",
        "application/scim+json;charset=UTF-8",
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
    ];
    for (n, content_type) in types.into_iter().enumerate() {
        let body = json!({ "schemas": [USER], "userName": format!("u{n}") }).to_string();
        let created = server.call_raw("POST", "/Users", content_type, body.clone()).await.expect(201);
        assert_eq!(created.headers.get("content-type"), Some("application/scim+json"));
        let path = format!("/Users/{}", id(&created.json));
        server.call_raw("PUT", &path, content_type, body).await.expect(200);
        let patch = json!({ "Operations": [{ "op": "add", "path": "title", "value": "x" }] }).to_string();
        server.call_raw("PATCH", &path, content_type, patch).await.expect(200);
    }
}

#[tokio::test]
async fn no_accept_header_is_refused() {
    covers!("Q-H03", "Q-H04");
    let server = interop().await;
    for accept in ["", "*/*", "text/html", "application/xml;q=0.9", "application/scim+json", "nonsense"] {
        let headers = [("Accept", accept), ("Accept-Charset", "utf-8"), ("Accept-Encoding", "gzip")];
        let answer = server.call_with("GET", "/Users", &headers, None).await.expect(200);
        assert_eq!(answer.headers.get("content-type"), Some("application/scim+json"), "{accept}");
    }
    let request = format!(
        "GET /scim/v2/Users HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    );
    assert_eq!(status_and_error(&raw(&server, request.as_bytes()).await).0, 200);
}

#[tokio::test]
async fn unknown_headers_and_a_missing_user_agent_make_no_difference() {
    covers!("Q-H05", "Q-H06");
    let server = interop().await;
    let request = format!(
        "GET /scim/v2/Users HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n\
         X-Customer: acme\r\nADSCIMVersion: Date:2020-06-20, ActivityId:7\r\n\r\n"
    );
    assert!(!request.to_ascii_lowercase().contains("user-agent"));
    assert_eq!(status_and_error(&raw(&server, request.as_bytes()).await).0, 200);
}

#[tokio::test]
async fn odd_but_legal_urls_lead_where_the_plain_ones_do() {
    covers!("Q-H07", "Q-H08", "Q-H11");
    let server = interop().await;
    let (user, path) = ada(&server).await;
    let filter = "filter=userName+eq+%22ada@x.test%22";
    let queries = [
        format!("/Users?{filter}&"),
        format!("/Users?&{filter}"),
        format!("/Users?{filter}&&count=1&"),
        format!("/Users/?{filter}"),
        format!("/Users?aadOptscim062020&{filter}"),
        format!("/Users?{filter}&aadOptscim062020"),
        format!("/Users/?aadOptscim062020&{filter}&aadOptscim062020"),
        format!("/Users?aadOptscim062020=&{filter}"),
    ];
    for query in queries {
        let list = server.get(&query).await.expect(200).json;
        assert_eq!(list["totalResults"], 1, "{query}");
        assert_eq!(list["Resources"][0]["id"], user["id"]);
    }
    let body = json!({ "schemas": [USER], "userName": "ada@x.test" });
    for (n, suffix) in ["?", "/", "/?", "?&", "?aadOptscim062020"].into_iter().enumerate() {
        server.get(&format!("{path}{suffix}")).await.expect(200);
        server.put(&format!("{path}{suffix}"), body.clone()).await.expect(200);
        let add = json!([{ "op": "add", "path": "title", "value": "x" }]);
        let patched = server.patch(&format!("{path}{suffix}"), add).await.expect(200);
        assert_eq!(patched.json["meta"]["location"], user["meta"]["location"]);
        let another = json!({ "schemas": [USER], "userName": format!("u{n}") });
        let created = server.post(&format!("/Users{suffix}"), another).await.expect(201).json;
        server.delete(&format!("/Users/{}{suffix}", id(&created))).await.expect(204);
        assert_eq!(server.get(&format!("/Groups{suffix}")).await.expect(200).json["totalResults"], 0);
    }
}

#[tokio::test]
async fn queries_are_decoded_as_forms_and_as_uris() {
    covers!("Q-H09", "Q-H10", "Q-H13");
    let server = interop().await;
    ada(&server).await;
    for query in [
        "filter=userName+eq+%22ada%40x.test%22",
        "filter=userName%20eq%20%22ada%40x.test%22",
        "filter=userName+eq%20%22ada@x.test%22",
        "Filter=USERNAME+EQ+%22ada@x.test%22",
        "filter=DisplayName+eq+%22Ada%22",
        "filter=emails.Value+eq+%22ada@x.test%22",
        "filter=name.FamilyName+eq+%22Lovelace%22&StartIndex=1&COUNT=10",
    ] {
        let list = server.get(&format!("/Users?{query}")).await.expect(200).json;
        assert_eq!(list["totalResults"], 1, "{query}");
    }
}

#[tokio::test]
async fn tls_1_2_is_spoken() {
    covers!("Q-H12");
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let config = ProviderConfig::loopback(Profile::named("interop").unwrap(), World::real());
    let tls = Some(TlsFiles { certificate, key });
    let provider = Provider::start(ProviderConfig { tls, ..config }).await.unwrap();
    provider.add_tenant(&TOKEN.into());
    let base = provider.base_url();
    let address = base.trim_start_matches("https://").split('/').next().unwrap();

    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from(certified.cert.der().to_vec())).unwrap();
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let client = rustls::ClientConfig::builder_with_provider(ring)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream =
            tokio_rustls::TlsConnector::from(Arc::new(client)).connect(name, stream).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
        let request = format!(
            "GET /scim/v2/Users HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200 "));
    }
}

#[tokio::test]
async fn wrong_credentials_get_401_with_a_challenge_and_an_error_body() {
    covers!("Q-H15", "Q-T06");
    let server = interop().await;
    let send = async |authorization: Option<&str>| {
        let mut request = Request::new("GET", "/Users?count=1&startIndex=1");
        request.auth = Auth::None;
        if let Some(text) = authorization {
            request.headers.append("Authorization", text);
        }
        server.send(request).await
    };
    for authorization in
        [None, Some("Bearer wrong"), Some("Bearer"), Some("Basic dXNlcjpwYXNz"), Some("wrong")]
    {
        let answer = send(authorization).await.expect_error(401, None);
        assert!(answer.headers.get("www-authenticate").unwrap().starts_with("Bearer"), "{authorization:?}");
    }
    send(Some(&format!("bearer {TOKEN}"))).await.expect(200);
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    covers!("Q-H17");
    let server = interop().await;
    let mut stream = connection(&server).await;
    let request = format!("GET /scim/v2/Users HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while !answer.ends_with(b"}") {
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "the provider closed the connection");
            answer.extend_from_slice(&buffer[..read]);
        }
        let answer = String::from_utf8(answer).unwrap().to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 200 ") && !answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn lookups_of_what_is_not_there_are_empty_lists_however_often() {
    covers!("Q-T01", "Q-T02", "Q-T03", "Q-T07");
    let server = interop().await;
    let guid = "7f3c9d5e-0000-4000-8000-1234567890ab";
    let lookups = [
        format!("/Users?filter=userName+eq+%22{guid}%22"),
        format!("/Groups?excludedAttributes=members&filter=displayName+eq+%22{guid}%22"),
        "/Groups".to_owned(),
        "/Users?filter=userName+eq+%22onelogin-test-user01%22&".to_owned(),
    ];
    for _ in 0..50 {
        for lookup in &lookups {
            let list = server.get(lookup).await.expect(200).json;
            assert_eq!(list["schemas"], json!([LIST]));
            assert_eq!(list["totalResults"], 0);
            assert_eq!(list["Resources"], json!([]));
        }
    }
}

#[tokio::test]
async fn connection_tests_by_listing_get_honest_pages() {
    covers!("Q-T04", "Q-T05", "Q-T13", "Q-T14");
    let server = interop().await;
    for n in 0..3 {
        server.user(json!({ "userName": format!("u{n}") })).await;
        server.group(json!({ "displayName": format!("g{n}") })).await;
    }
    for (query, size) in [
        ("/Users?startIndex=1&count=2", 2),
        ("/Groups?startIndex=1&count=100", 3),
        ("/Users?count=1", 1),
        ("/Groups?count=1&startIndex=1", 1),
    ] {
        let list = server.get(query).await.expect(200).json;
        assert_eq!(list["totalResults"], 3, "{query}");
        assert_eq!(list["itemsPerPage"], size, "{query}");
        assert_eq!(list["Resources"].as_array().unwrap().len(), size, "{query}");
    }
}

#[tokio::test]
async fn a_test_user_and_a_test_group_come_and_go() {
    covers!("Q-T08");
    let server = interop().await;
    let user = json!({
        "active": true, "displayName": "Test User", "emails": [{ "primary": true, "value": "test@jumpcloud.test" }],
        "schemas": [USER], "userName": "test@jumpcloud.test",
    });
    let user = server.post("/Users", user).await.expect(201).json;
    let group =
        json!({ "displayName": "Test Group", "schemas": [GROUP], "members": [{ "value": id(&user) }] });
    let group = server.post("/Groups", group).await.expect(201).json;
    server.delete(&format!("/Users/{}", id(&user))).await.expect(204);
    server.delete(&format!("/Groups/{}", id(&group))).await.expect(204);
    assert_eq!(found(&server, "userName pr").await, 0);
}

#[tokio::test]
async fn discovery_is_complete_and_true() {
    covers!("Q-T09", "Q-T10");
    let server = interop().await;
    let config = server.get("/ServiceProviderConfig").await.expect(200).json;
    assert_eq!(config["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]));
    assert_eq!(config["patch"]["supported"], true);
    assert_eq!(config["filter"]["supported"], true);
    let (_, path) = ada(&server).await;
    server.patch(&path, json!([{ "op": "add", "path": "title", "value": "x" }])).await.expect(200);
    assert_eq!(found(&server, "title eq \"x\"").await, 1);

    let list = server.get("/Schemas").await.expect(200).json;
    assert_eq!(list["schemas"], json!([LIST]));
    assert_eq!(list["totalResults"], list["Resources"].as_array().unwrap().len());
    let mut open = vec![&list];
    while let Some(value) = open.pop() {
        match value {
            Value::Null => panic!("there is a null in {list}"),
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                let camel =
                    |key: &String| key == "Resources" || key.starts_with(|c: char| c.is_ascii_lowercase());
                assert!(members.keys().all(camel), "{members:?}");
                open.extend(members.values());
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn what_is_no_endpoint_is_a_404_in_json() {
    covers!("Q-T11", "Q-T12");
    let server = interop().await;
    for path in ["/ServiceProviderConfigs", "/serviceConfiguration", "/", "/Users/unknown", "/login"] {
        let answer = server.get(path).await;
        if path != "/" {
            answer.expect_error(404, None);
        }
    }
}
