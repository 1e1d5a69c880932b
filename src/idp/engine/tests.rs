//! The engine against a target that answers as it is told.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::*;
use crate::diagnostic::SourceFile;
use crate::exchange::{Request, Response};
use crate::idp::directory;

/// What a target answers to a request, and with which `Retry-After`.
type Answer = Box<dyn Fn(&Request, usize) -> (u16, Option<&'static str>, Value) + Send + Sync>;

struct Told {
    answer: Answer,
    sent: Mutex<Vec<String>>,
    waited: Mutex<Vec<Duration>>,
}

impl Told {
    fn new(
        answer: impl Fn(&Request, usize) -> (u16, Option<&'static str>, Value) + Send + Sync + 'static,
    ) -> Self {
        Self { answer: Box::new(answer), sent: Mutex::default(), waited: Mutex::default() }
    }

    /// Method and path of what was sent since the last call.
    fn sent(&self) -> Vec<String> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }
}

impl Wire for Told {
    async fn send(&self, request: Request) -> Exchange {
        let number = {
            let mut sent = self.sent.lock().unwrap();
            let path = request.target.split('?').next().unwrap();
            sent.push(format!("{} {path}", request.method));
            sent.len()
        };
        let (status, retry_after, body) = (self.answer)(&request, number);
        let headers = retry_after.map(|value| ("Retry-After", value)).into_iter().collect();
        let response = Response { status, headers, body: Bytes::from(body.to_string()) };
        let started = Timestamp::UNIX_EPOCH;
        Exchange { request, outcome: Ok(response), started, duration: Duration::ZERO, attempt: 1 }
    }

    async fn pause(&self, wait: Duration) {
        self.waited.lock().unwrap().push(wait);
    }
}

/// Nobody is found, whoever is created gets an id, everything else works.
fn well(request: &Request, number: usize) -> (u16, Option<&'static str>, Value) {
    match request.method.as_str() {
        "GET" if request.target.contains("filter=") => {
            (200, None, json!({ "totalResults": 0, "Resources": [] }))
        }
        "POST" => {
            let mut body: Value = serde_json::from_slice(&request.body).unwrap();
            body["id"] = format!("id-{number}").into();
            (201, None, body)
        }
        "GET" => (200, None, json!({ "id": "7" })),
        _ => (204, None, Value::Null),
    }
}

fn one(status: &str) -> Directory {
    let text = format!("people:\n  ada: {{ userName: ada@x.example.com, status: {status} }}\n");
    directory::parse(&SourceFile::new("f", text)).unwrap()
}

fn engine(dialect: Dialect) -> Engine {
    let mapping = Engine::mapping_of(dialect, &Directory::default()).unwrap();
    let now = "2026-01-05T08:00:00Z".parse().unwrap();
    Engine::new(dialect.speech(), mapping, Settings::default(), State::new(now))
}

/// Notes what is in the log.
#[derive(Default)]
struct Log(Vec<String>);

impl Watch for Log {
    fn note(&mut self, note: Note<'_>) -> Result<(), String> {
        if let Note::Entry(entry, _) = note {
            let reason = entry.reason.as_deref().unwrap_or_default();
            self.0.push(format!("{} {} {}: {reason}", entry.key, entry.action.word(), entry.status.word()));
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_refusal_of_the_credentials_puts_entra_into_quarantine_at_once() {
    let target = Told::new(|_, _| (401, None, json!({ "detail": "who?" })));
    let mut engine = engine(Dialect::Entra);
    let cycle = engine.cycle(&one("active"), &target, &mut Unheard).await;
    assert!(matches!(cycle.stopped, Some(Stop::Target(_))) && cycle.quarantined);
    assert_eq!(engine.interval(), Duration::from_secs(24 * 60 * 60));
    // Another cycle is tried, until the job is disabled after four weeks.
    engine.advance(Duration::from_secs(27 * 24 * 60 * 60));
    assert!(matches!(
        engine.cycle(&one("active"), &target, &mut Unheard).await.stopped,
        Some(Stop::Target(_))
    ));
    engine.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(engine.cycle(&one("active"), &target, &mut Unheard).await.stopped, Some(Stop::Disabled));
}

#[tokio::test]
async fn quarantine_ends_with_a_cycle_that_works() {
    let target = Told::new(
        |request, number| if number == 1 { (401, None, Value::Null) } else { well(request, number) },
    );
    let mut engine = engine(Dialect::Entra);
    assert!(engine.cycle(&one("active"), &target, &mut Unheard).await.quarantined);
    engine.advance(engine.interval());
    let cycle = engine.cycle(&one("active"), &target, &mut Unheard).await;
    assert_eq!(
        (cycle.failures, cycle.quarantined, engine.interval()),
        (0, false, Duration::from_secs(40 * 60))
    );
}

#[tokio::test]
async fn entra_waits_longer_after_each_failure() {
    let target = Told::new(|request, number| match request.method.as_str() {
        "POST" => (500, None, Value::Null),
        _ => well(request, number),
    });
    let mut engine = engine(Dialect::Entra);
    let mut waits = Vec::new();
    for _ in 0..8 {
        engine.cycle(&one("active"), &target, &mut Unheard).await;
        let next = engine.next_attempt().unwrap();
        let wait = next.duration_since(engine.state().job.now);
        waits.push(wait.as_mins());
        // Nothing is sent before its time.
        engine.advance(wait.unsigned_abs() - Duration::from_secs(60));
        target.sent();
        let mut log = Log::default();
        engine.cycle(&one("active"), &target, &mut log).await;
        assert_eq!(target.sent(), Vec::<String>::new());
        assert!(log.0[0].contains("in escrow after"), "{:?}", log.0);
        engine.advance(Duration::from_secs(60));
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1440, 1440]);
}

#[tokio::test]
async fn okta_waits_as_it_is_told_and_entra_does_not() {
    for (dialect, posts) in [(Dialect::Okta, 3), (Dialect::Entra, 1)] {
        let target = Told::new(|request, number| match request.method.as_str() {
            "POST" if number < 6 => (429, Some("7"), Value::Null),
            _ => well(request, number),
        });
        let mut engine = engine(dialect);
        let cycle = engine.cycle(&one("active"), &target, &mut Unheard).await;
        let sent = target.sent();
        // Whoever waits begins again, with the lookup.
        assert_eq!(sent, ["GET /Users", "POST /Users"].repeat(posts));
        assert_eq!(cycle.failures, usize::from(dialect == Dialect::Entra));
        let waited = target.waited.lock().unwrap().clone();
        assert_eq!(waited, vec![Duration::from_secs(7); posts - 1]);
    }
}

#[tokio::test]
async fn nobody_found_may_be_a_404_for_okta_and_stops_entra() {
    let target = Told::new(|request, number| match request.method.as_str() {
        "GET" => (404, None, json!({ "status": "404" })),
        _ => well(request, number),
    });
    let mut okta = engine(Dialect::Okta);
    assert_eq!(okta.cycle(&one("active"), &target, &mut Unheard).await.failures, 0);
    assert_eq!(okta.state().people["ada"].id, "id-2");
    let mut entra = engine(Dialect::Entra);
    let stopped = entra.cycle(&one("active"), &target, &mut Unheard).await.stopped;
    let Some(Stop::Target(failure)) = stopped else { panic!("{stopped:?}") };
    assert_eq!(failure.reason, "GET /Users is answered with 404 Not Found");
}

#[tokio::test]
async fn two_accounts_of_one_name_are_left_alone() {
    let found = json!({ "totalResults": 2, "Resources": [{ "id": "1" }, { "id": "2" }] });
    let target = Told::new(move |_, _| (200, None, found.clone()));
    let mut log = Log::default();
    engine(Dialect::Entra).cycle(&one("active"), &target, &mut log).await;
    assert_eq!(log.0, ["ada create failure: GET /Users finds 2 accounts for one `userName`"]);
    assert_eq!(target.sent(), ["GET /Users"]);
}

#[tokio::test]
async fn an_account_that_is_found_and_gone_is_not_looked_for_for_ever() {
    let account = json!({ "id": "1", "active": false });
    let found = json!({ "totalResults": 1, "Resources": [account] });
    for (word, dialect) in Dialect::WORDS {
        let found = found.clone();
        let target = Told::new(move |request, _| match request.method.as_str() {
            "GET" if request.target.contains("filter=") => (200, None, found.clone()),
            "POST" => (409, None, Value::Null),
            _ => (404, None, Value::Null),
        });
        let cycle = engine(*dialect).cycle(&one("active"), &target, &mut Unheard).await;
        assert_eq!(cycle.failures, 1, "{word}: {:?}", target.sent());
        assert!(target.sent().len() < 5, "{word}: {:?}", target.sent());
    }
}

#[tokio::test]
async fn okta_reads_between_the_activation_and_the_profile_and_repeats_both_where_the_profile_fails() {
    let account = json!({ "id": "1", "userName": "ada@x.example.com", "active": false });
    let found = json!({ "totalResults": 1, "Resources": [account] });
    let target = Told::new(move |request, number| match request.method.as_str() {
        "GET" if request.target.contains("filter=") => (200, None, found.clone()),
        "PUT" if number < 5 => (500, None, Value::Null),
        _ => well(request, number),
    });
    let mut engine = engine(Dialect::Okta);
    let return_of_ada = ["GET /Users", "PATCH /Users/1", "GET /Users/1", "PUT /Users/1"];
    assert_eq!(engine.cycle(&one("active"), &target, &mut Unheard).await.failures, 1);
    assert_eq!(engine.cycle(&one("active"), &target, &mut Unheard).await.failures, 0);
    assert_eq!(target.sent(), return_of_ada.repeat(2));
}

#[tokio::test]
async fn okta_sends_again_what_an_answer_shows_as_inactive() {
    let target = Told::new(|request, number| {
        let (status, retry_after, mut body) = well(request, number);
        if request.method == "POST" {
            body["active"] = false.into();
        }
        (status, retry_after, body)
    });
    let mut engine = engine(Dialect::Okta);
    engine.cycle(&one("active"), &target, &mut Unheard).await;
    assert_eq!(target.sent(), ["GET /Users", "POST /Users"]);
    // Q-D11: the account that was created is inactive, for it was only invited.
    engine.cycle(&one("active"), &target, &mut Unheard).await;
    assert_eq!(target.sent(), ["GET /Users/id-2", "PUT /Users/id-2"]);
}

#[tokio::test]
async fn an_answer_without_id_or_without_json_is_a_failure() {
    for (body, said) in [(json!({ "userName": "a" }), "no `id`"), (Value::Null, "without a resource")] {
        let target = Told::new(move |request, number| match request.method.as_str() {
            "POST" => (201, None, body.clone()),
            _ => well(request, number),
        });
        let mut log = Log::default();
        engine(Dialect::Okta).cycle(&one("active"), &target, &mut log).await;
        assert!(log.0[0].contains(said), "{:?}", log.0);
    }
}

#[tokio::test]
async fn an_answer_without_id_stops_authentik_and_nobody_else() {
    let text = "people:\n  ada: { userName: a@x.example.com }\n  bob: { userName: b@x.example.com }\n";
    let two = directory::parse(&SourceFile::new("f", text)).unwrap();
    for (word, dialect) in Dialect::WORDS {
        let target = Told::new(|request, number| match request.method.as_str() {
            "POST" => (201, None, json!({ "userName": "a" })),
            _ => well(request, number),
        });
        let cycle = engine(*dialect).cycle(&two, &target, &mut Unheard).await;
        let posts = target.sent().iter().filter(|line| *line == "POST /Users").count();
        match dialect {
            Dialect::Authentik => {
                let Some(Stop::Target(failure)) = cycle.stopped else { panic!("{:?}", cycle.stopped) };
                let said = "POST /Users is answered with a resource that has no `id` (Q-E07)";
                assert_eq!((posts, failure.reason.as_str()), (1, said));
            }
            _ => assert_eq!((posts, cycle.failures, cycle.stopped), (2, 2, None), "{word}"),
        }
    }
}

#[tokio::test]
async fn the_clock_of_a_deletion_begins_with_it_and_never_for_who_was_unassigned_first() {
    let target = Told::new(well);
    let month = Duration::from_secs(31 * 24 * 60 * 60);
    let mut engine = engine(Dialect::Entra);
    engine.cycle(&one("active"), &target, &mut Unheard).await;
    engine.cycle(&one("suspended"), &target, &mut Unheard).await;
    engine.advance(month);
    target.sent();
    engine.cycle(&one("deleted"), &target, &mut Unheard).await;
    assert!(!target.sent().iter().any(|line| line.starts_with("DELETE")));
    engine.advance(month);
    engine.cycle(&one("deleted"), &target, &mut Unheard).await;
    assert_eq!(target.sent(), ["DELETE /Users/id-2"]);
    assert_eq!(engine.state().people.len(), 0);

    let mut unassigned = one("active");
    engine.cycle(&unassigned, &target, &mut Unheard).await;
    unassigned.assign_nobody();
    engine.cycle(&unassigned, &target, &mut Unheard).await;
    engine.advance(month);
    engine.cycle(&one("deleted"), &target, &mut Unheard).await;
    engine.advance(month);
    target.sent();
    engine.cycle(&one("deleted"), &target, &mut Unheard).await;
    assert_eq!(target.sent(), Vec::<String>::new());
}

#[tokio::test]
async fn pingfederate_creates_whom_the_directory_disabled_only_where_that_was_chosen() {
    let bodies: std::sync::Arc<Mutex<Vec<Value>>> = std::sync::Arc::default();
    let sink = std::sync::Arc::clone(&bodies);
    let target = Told::new(move |request, number| {
        if !request.body.is_empty() {
            sink.lock().unwrap().push(serde_json::from_slice(&request.body).unwrap());
        }
        well(request, number)
    });
    let mut log = Log::default();
    engine(Dialect::PingFederate).cycle(&one("suspended"), &target, &mut log).await;
    assert_eq!(log.0, ["ada none skipped: disabled in the directory"]);
    assert_eq!(target.sent(), Vec::<String>::new());

    let mut chosen = engine(Dialect::PingFederate);
    chosen.settings.create_disabled = true;
    let mut log = Log::default();
    chosen.cycle(&one("suspended"), &target, &mut log).await;
    assert_eq!(log.0, ["ada create success: "]);
    assert_eq!(target.sent(), ["GET /Users", "POST /Users"]);
    assert_eq!(bodies.lock().unwrap().pop().unwrap()["active"], false);
    let link = chosen.state().people["ada"].clone();
    assert_eq!((link.active, link.left.unwrap().0), (false, state::Why::Suspended));
    chosen.cycle(&one("suspended"), &target, &mut Unheard).await;
    assert_eq!(target.sent(), Vec::<String>::new());
    chosen.cycle(&one("active"), &target, &mut Unheard).await;
    assert_eq!(bodies.lock().unwrap().pop().unwrap()["active"], true);

    // No dialect does so that has no such option, and nobody who is not assigned is created.
    let mut other = engine(Dialect::Okta);
    other.settings.create_disabled = true;
    target.sent();
    other.cycle(&one("suspended"), &target, &mut Unheard).await;
    let mut nobody = one("suspended");
    nobody.assign_nobody();
    let mut chosen = engine(Dialect::PingFederate);
    chosen.settings.create_disabled = true;
    chosen.cycle(&nobody, &target, &mut Unheard).await;
    assert_eq!(target.sent(), Vec::<String>::new());
}

#[tokio::test]
async fn okta_repeats_the_name_of_a_group_after_the_create_and_with_every_push() {
    let target = Told::new(well);
    let mut engine = engine(Dialect::Okta);
    let group = |members: &str| {
        let text = format!(
            "people:\n  ada: {{ userName: ada@x.example.com }}\ngroups:\n  e: {{ displayName: E, members: [{members}] }}\n"
        );
        directory::parse(&SourceFile::new("f", text)).unwrap()
    };
    let mut log = Log::default();
    engine.cycle(&group(""), &target, &mut log).await;
    // Nobody is in it: its name comes all the same.
    assert_eq!(target.sent()[2..], ["GET /Groups", "POST /Groups", "PATCH /Groups/id-4"]);
    assert_eq!(log.0[1..], ["e create success: ", "e update success: "]);
    engine.cycle(&group(""), &target, &mut Unheard).await;
    assert_eq!(target.sent(), Vec::<String>::new());
    for members in ["ada", ""] {
        engine.cycle(&group(members), &target, &mut Unheard).await;
        assert_eq!(target.sent(), ["PATCH /Groups/id-4", "PATCH /Groups/id-4"]);
    }
}

#[tokio::test]
async fn entra_reads_whom_it_set_inactive_and_tells_what_the_target_made_of_it() {
    for (status, active, said) in [
        (200, Some(false), ""),
        (200, Some(true), "the target did not keep active"),
        (200, None, "the target did not keep active"),
        (404, None, "the target did not keep the account"),
    ] {
        for dialect in [Dialect::Entra, Dialect::EntraAadOptScim] {
            let target = Told::new(move |request, number| match request.method.as_str() {
                "GET" if !request.target.contains('?') => {
                    (status, None, json!({ "id": "id-2", "active": active }))
                }
                _ => well(request, number),
            });
            let mut engine = engine(dialect);
            engine.cycle(&one("active"), &target, &mut Unheard).await;
            target.sent();
            let mut log = Log::default();
            engine.cycle(&one("suspended"), &target, &mut log).await;
            assert_eq!(target.sent(), ["PATCH /Users/id-2", "GET /Users/id-2"]);
            assert_eq!(log.0, [format!("ada disable success: {said}")], "{dialect}");
            // The account is known to be inactive, and nothing is sent again.
            assert!(!engine.state().people["ada"].active);
            engine.cycle(&one("suspended"), &target, &mut Unheard).await;
            assert_eq!(target.sent(), Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn an_account_that_cannot_be_read_is_set_inactive_again() {
    let target = Told::new(|request, number| match request.method.as_str() {
        "GET" if !request.target.contains('?') && number < 3 => (500, None, Value::Null),
        "GET" if !request.target.contains('?') => (200, None, json!({ "id": "id-2", "active": false })),
        _ => well(request, number),
    });
    let mut engine = engine(Dialect::Entra);
    engine.cycle(&one("active"), &target, &mut Unheard).await;
    target.sent();
    assert_eq!(engine.cycle(&one("suspended"), &target, &mut Unheard).await.failures, 1);
    engine.advance_to_next_cycle();
    assert_eq!(engine.cycle(&one("suspended"), &target, &mut Unheard).await.failures, 0);
    assert_eq!(target.sent(), ["PATCH /Users/id-2", "GET /Users/id-2"].repeat(2));
    assert!(!engine.state().people["ada"].active && engine.next_attempt().is_none());
}

#[tokio::test]
async fn what_an_older_state_file_did_not_keep_is_sent_once_more_and_kept() {
    let target = Told::new(well);
    let mut engine = engine(Dialect::OneLogin);
    engine.cycle(&one("active"), &target, &mut Unheard).await;
    let link = engine.state.people.get_mut("ada").unwrap();
    assert_eq!(link.user_name(), Some("ada@x.example.com"));
    link.kept.clear();
    target.sent();
    for sent in [vec!["PUT /Users/id-2"], vec![]] {
        engine.cycle(&one("active"), &target, &mut Unheard).await;
        assert_eq!(target.sent(), sent);
    }
    engine.cycle(&Directory::default(), &target, &mut Unheard).await;
    let link = &engine.state().people["ada"];
    assert!(!link.active && link.user_name().is_some());
}

#[tokio::test]
async fn google_deletes_whoever_lost_access_after_three_weeks() {
    for left in ["suspended", "deleted", "unassigned"] {
        let target = Told::new(well);
        let mut engine = engine(Dialect::Google);
        engine.cycle(&one("active"), &target, &mut Unheard).await;
        let mut directory = one(if left == "unassigned" { "active" } else { left });
        if left == "unassigned" {
            directory.assign_nobody();
        }
        engine.cycle(&directory, &target, &mut Unheard).await;
        assert_eq!(target.sent().last().unwrap(), "PATCH /Users/id-2", "{left}");
        for (days, sent) in [(20, vec![]), (1, vec!["DELETE /Users/id-2"])] {
            engine.advance(Duration::from_secs(days * 24 * 60 * 60));
            engine.cycle(&directory, &target, &mut Unheard).await;
            assert_eq!(target.sent(), sent, "{left}");
        }
        assert_eq!(engine.state().people.len(), 0, "{left}");
    }
}

/// A target with five accounts that shows at most two on a page, whatever is asked for.
fn two_a_page(request: &Request, _: usize) -> (u16, Option<&'static str>, Value) {
    let start = request
        .target
        .split_once("startIndex=")
        .map_or(1, |(_, from)| from.split('&').next().unwrap().parse::<usize>().unwrap());
    let total = if request.target.starts_with("/Users") { 5 } else { 0 };
    let page: Vec<Value> = (start..(start + 2).min(total + 1))
        .map(|number| json!({ "id": format!("id-{number}"), "userName": format!("u{number}") }))
        .collect();
    (200, None, json!({ "totalResults": total, "startIndex": start, "Resources": page }))
}

#[tokio::test]
async fn an_import_goes_on_behind_what_was_read_or_one_page_size_further_on() {
    let target = Told::new(two_a_page);
    let found =
        engine(Dialect::Authentik).import(&Directory::default(), &target, &mut Unheard).await.unwrap();
    assert_eq!(found.strangers, ["u1", "u2", "u3", "u4", "u5"]);
    let pages = ["GET /Users", "GET /Users", "GET /Users", "GET /Groups"];
    assert_eq!(target.sent(), [&["GET /ServiceProviderConfig"], &pages[..]].concat());
    // Okta asks for a hundred and takes it that it got them.
    let failure =
        engine(Dialect::Okta).import(&Directory::default(), &target, &mut Unheard).await.unwrap_err();
    assert!(failure.reason.contains("reads 2 of 5 in /Users"), "{}", failure.reason);
    // Nothing on a page although there should be more.
    let target = Told::new(|_, _| (200, None, json!({ "totalResults": 5, "Resources": [] })));
    let failure =
        engine(Dialect::Authentik).import(&Directory::default(), &target, &mut Unheard).await.unwrap_err();
    assert!(failure.reason.contains("reads 0 of 5"), "{}", failure.reason);
}

#[tokio::test]
async fn who_comes_back_and_has_nothing_to_be_looked_up_by_is_known_by_the_link() {
    // Rippling looks for the externalId, which Ada has not.
    let target = Told::new(well);
    let mut engine = engine(Dialect::Rippling);
    for status in ["active", "suspended"] {
        engine.cycle(&one(status), &target, &mut Unheard).await;
    }
    target.sent();
    engine.cycle(&one("active"), &target, &mut Unheard).await;
    let sent = target.sent();
    assert!(!sent.is_empty() && sent.iter().all(|line| line.starts_with("PATCH /Users/id-")), "{sent:?}");
}

#[tokio::test]
async fn what_failed_is_forgotten_once_nobody_wants_it_any_more() {
    for (_, dialect) in Dialect::WORDS {
        let target = Told::new(|_, _| (500, None, Value::Null));
        let mut engine = engine(*dialect);
        engine.cycle(&one("active"), &target, &mut Unheard).await;
        assert!(engine.next_attempt().is_some(), "{dialect}");
        engine.advance_to_next_cycle();
        engine.cycle(&one("deleted"), &target, &mut Unheard).await;
        assert_eq!(engine.next_attempt(), None, "{dialect}");
        let before = engine.state().job.now;
        engine.advance_to_next_cycle();
        let passed = engine.state().job.now.duration_since(before);
        assert!(passed <= signed(Duration::from_secs(24 * 60 * 60)), "{dialect}: {passed}");
    }
}

#[tokio::test]
async fn what_is_up_to_date_needs_no_request() {
    let target = Told::new(well);
    for (word, dialect) in Dialect::WORDS {
        let mut engine = engine(*dialect);
        engine.cycle(&one("active"), &target, &mut Unheard).await;
        assert_eq!(engine.state().people.len(), 1, "{word}");
        target.sent();
        let later = engine.state().job.now.checked_add(1.hour()).unwrap();
        engine.advance(Duration::from_secs(3600));
        assert_eq!(engine.state().job.now, later);
        engine.cycle(&one("active"), &target, &mut Unheard).await;
        let opening =
            dialect.speech().opening().map(|request| format!("{} {}", request.method, request.target));
        assert_eq!(target.sent(), Vec::from_iter(opening), "{word}");
    }
}
