//! Cursors that are wrong, old, forged or somebody else's (RFC 9865 §2.1, §5).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use scimulator::exchange::{Auth, Request};
use scimulator::provider::world::World;

use crate::covers;
use crate::gadget::{column, query, rfc_config, users};
use crate::support::Server;

const OTHER: &str = "other-token-0123456789";

/// Three users, and the cursor of the second page with `count=1`.
async fn at_second_page() -> (Server, String) {
    let server = Server::rfc().await;
    let cursor = begin(&server).await;
    (server, cursor)
}

async fn begin(server: &Server) -> String {
    users(server, &["a", "b", "c"]).await;
    let first = server.get("/Users?cursor=&count=1").await.expect(200);
    first.json["nextCursor"].as_str().unwrap().to_owned()
}

/// GET with these credentials.
fn as_actor(target: &str, auth: Auth) -> Request {
    Request { auth, ..Request::new("GET", target) }
}

#[tokio::test]
async fn a_value_that_no_answer_held_is_an_invalid_cursor() {
    covers!("RFC9865-2.1-01", "RFC9865-2.1-02", "RFC9865-5.2-04");
    let (server, cursor) = at_second_page().await;
    for wrong in ["%%%", "x", "AAAA", "null", "1", "../../etc", "\u{fc}", "' or 1=1 --", &"A".repeat(4000)] {
        let answer = server.get(&query("/Users", &[("cursor", wrong), ("count", "1")])).await;
        answer.expect_error(400, Some("invalidCursor"));
    }
    // Each character of a real one, changed.
    for index in 0..cursor.len() {
        let mut forged = cursor.clone();
        let other = if &cursor[index..=index] == "A" { "B" } else { "A" };
        forged.replace_range(index..=index, other);
        let answer = server.get(&format!("/Users?cursor={forged}&count=1")).await;
        assert_eq!(answer.status, 400, "character {index}: {}", answer.json);
        answer.expect_error(400, Some("invalidCursor"));
    }
    for cut in [1, cursor.len() / 2, cursor.len() - 1] {
        let answer = server.get(&format!("/Users?cursor={}&count=1", &cursor[..cut])).await;
        answer.expect_error(400, Some("invalidCursor"));
    }
    let answer = server.get(&format!("/Users?cursor={cursor}&count=1")).await;
    assert_eq!(column(&answer, "userName"), ["b"], "the real one still works");
}

#[tokio::test]
async fn a_cursor_belongs_to_the_query_that_returned_it() {
    covers!("RFC9865-5.2-04", "RFC9865-2.1-02");
    let (server, cursor) = at_second_page().await;
    for (endpoint, extra) in [
        ("/Users", ("filter", r#"userName eq "c""#)),
        ("/Users", ("sortBy", "userName")),
        ("/Groups", ("count", "1")),
        ("/", ("count", "1")),
    ] {
        let answer = server.get(&query(endpoint, &[("cursor", &cursor), extra])).await;
        answer.expect_error(400, Some("invalidCursor"));
    }
}

#[tokio::test]
async fn a_count_that_is_none_or_another_than_before_is_an_invalid_count() {
    covers!("RFC9865-2.1-04", "RFC9865-2.1-01");
    let (server, cursor) = at_second_page().await;
    for count in ["abc", "1.5"] {
        let answer = server.get(&format!("/Users?cursor=&count={count}")).await;
        answer.expect_error(400, Some("invalidCount"));
    }
    for count in ["2", "0", "-1"] {
        let answer = server.get(&format!("/Users?cursor={cursor}&count={count}")).await;
        answer.expect_error(400, Some("invalidCount"));
    }
    let again = server.get(&format!("/Users?cursor={cursor}")).await;
    assert_eq!(column(&again, "userName"), ["b"], "a count need not be repeated");
}

#[tokio::test]
async fn a_cursor_lives_as_long_as_announced_and_then_expires() {
    covers!("RFC9865-2.1-03", "RFC9865-4-07");
    let seconds = Arc::new(AtomicI64::new(1_700_000_000));
    let clock = Arc::clone(&seconds);
    let mut config = rfc_config();
    config.profile.limits.cursor_timeout_seconds = 60;
    config.world =
        World::real().with_clock(move || Timestamp::from_second(clock.load(Ordering::SeqCst)).unwrap());
    let server = Server::with(config).await;
    let cursor = begin(&server).await;
    let announced = server.get("/ServiceProviderConfig").await.json["pagination"]["cursorTimeout"].clone();
    assert_eq!(announced, 60);

    let target = format!("/Users?cursor={cursor}&count=1");
    for (passed, alive) in [(30, true), (60, true), (62, false), (100_000, false)] {
        seconds.store(1_700_000_000 + passed, Ordering::SeqCst);
        let answer = server.get(&target).await;
        match alive {
            true => assert_eq!(column(&answer, "userName"), ["b"], "after {passed} s"),
            false => drop(answer.expect_error(400, Some("expiredCursor"))),
        }
    }
}

#[tokio::test]
async fn somebody_elses_cursor_shows_nothing_and_looks_like_a_forged_one() {
    covers!("RFC9865-5.2-01", "RFC9865-5.2-05");
    let (server, cursor) = at_second_page().await;
    server.provider.add_tenant(&OTHER.into());
    let foreign = Auth::Bearer(OTHER.to_owned());
    let target = format!("/Users?cursor={cursor}&count=1");
    let theirs =
        server.send(as_actor(&target, foreign.clone())).await.expect_error(400, Some("invalidCursor"));
    let forged = server.send(as_actor("/Users?cursor=bogus&count=1", foreign)).await;
    assert_eq!(theirs.json, forged.json);
}

#[tokio::test]
async fn a_cursor_gives_no_rights_of_its_own() {
    covers!("RFC9865-5.2-02", "RFC9865-5.3-01");
    let (server, cursor) = at_second_page().await;
    for auth in [Auth::None, Auth::Bearer("stolen".to_owned())] {
        for target in [format!("/Users?cursor={cursor}&count=1"), "/Users?cursor=&count=1000".to_owned()] {
            server.send(as_actor(&target, auth.clone())).await.expect_error(401, None);
        }
    }
}

#[tokio::test]
async fn a_cursor_ends_with_the_rights_that_it_was_given_under() {
    covers!("RFC9865-5.2-03");
    let config = rfc_config();
    let server = Server::with(config).await;
    let granted = "granted-token-0123456789";
    let tenant = server.provider.add_tenant(&granted.into());
    let actor = || Auth::Bearer(granted.to_owned());
    for name in ["x", "y"] {
        let user = serde_json::json!({ "schemas": [crate::support::USER], "userName": name });
        let request = Request { auth: actor(), ..Request::new("POST", "/Users") }.with_json(&user);
        server.send(request).await.expect(201);
    }
    let first = server.send(as_actor("/Users?cursor=&count=1", actor())).await.expect(200);
    let target = format!("/Users?cursor={}&count=1", first.json["nextCursor"].as_str().unwrap());
    assert_eq!(column(&server.send(as_actor(&target, actor())).await, "userName"), ["y"]);

    server.provider.drop_tenant(tenant);
    server.send(as_actor(&target, actor())).await.expect_error(401, None);
    // The same token with other rights: the cursor is not theirs.
    server.provider.add_tenant(&granted.into());
    server.send(as_actor(&target, actor())).await.expect_error(400, Some("invalidCursor"));
}

#[tokio::test]
async fn any_number_of_walks_may_be_open() {
    covers!("RFC9865-5.3-02");
    let (server, cursor) = at_second_page().await;
    for _ in 0..200 {
        let answer = server.get("/Users?cursor=&count=1").await.expect(200);
        assert!(answer.json["nextCursor"].is_string());
    }
    let answer = server.get(&format!("/Users?cursor={cursor}&count=1")).await;
    assert_eq!(column(&answer, "userName"), ["b"]);
}
