//! Sending with a journal: what a request may create is noted before it goes out, and what came of it afterwards.

use std::io;

use serde_json::Value;

use super::Target;
use super::cleanup::carries;
use super::journal::{Intent, Journal};
use crate::exchange::{Exchange, Request, Response};

/// Something that a request asks to create.
struct Creation {
    /// The endpoint: `/Users`.
    endpoint: String,
    /// The name by which it is found again; the run suffix where it has none, which finds nothing.
    name: String,
    /// The operation of a bulk request.
    bulk_id: Option<String>,
}

/// Sends a request like [`Target::send_patiently`] and keeps the journal.
///
/// # Errors
/// The journal cannot be written. When that is so before the request, it is not sent.
pub async fn send(target: &Target, journal: &Journal, request: Request) -> io::Result<Vec<Exchange>> {
    let creations = creations(&request, journal.run());
    let mut intents = Vec::new();
    for creation in &creations {
        intents.push(journal.intend(&request.method, &creation.endpoint, &creation.name)?);
    }
    let deletions = deletions(&request);
    let exchanges = target.send_patiently(request).await;
    // An attempt that may have worked explains a conflict of the next one: a refusal says nothing then.
    let first_attempts = exchanges.split_last().map_or(&[][..], |(_, before)| before);
    let may_have_worked = first_attempts
        .iter()
        .any(|exchange| exchange.response().is_none_or(|response| is_unclear(response.status)));
    // Without an answer nobody knows what happened: the intents stay as they are.
    if let Some(response) = exchanges.last().and_then(Exchange::response) {
        for (creation, intent) in creations.iter().zip(intents) {
            settle(journal, creation, intent, response, may_have_worked)?;
        }
        if is_success(response.status) {
            deletions.iter().try_for_each(|path| journal.deleted(path))?;
        }
    }
    Ok(exchanges)
}

fn settle(
    journal: &Journal,
    creation: &Creation,
    intent: Intent,
    response: &Response,
    may_have_worked: bool,
) -> io::Result<()> {
    let (status, id) = match &creation.bulk_id {
        None => (response.status, response.json().ok().and_then(|body| text(&body, "id"))),
        Some(bulk_id) => match bulk_answer(response, bulk_id) {
            // Some create a resource of a bulk request twice, and find themselves in their own way. The end of the run looks.
            Some((409, _)) if carries(&creation.name, journal.run()) => return Ok(()),
            Some(answer) => answer,
            None if is_success(response.status) => return Ok(()),
            None => (response.status, None),
        },
    };
    let id = id.or_else(|| response.headers.get("location").and_then(last_segment));
    match (is_success(status), id) {
        (true, Some(id)) => journal.created(intent, &id),
        (true, None) => Ok(()),
        (false, _) if may_have_worked || is_unclear(status) => Ok(()),
        (false, _) => journal.failed(intent),
    }
}

/// Status and id that a bulk response tells of one operation.
fn bulk_answer(response: &Response, bulk_id: &str) -> Option<(u16, Option<String>)> {
    let body = response.json().ok()?;
    let operations = body.get("Operations")?.as_array()?;
    let operation =
        operations.iter().find(|operation| text(operation, "bulkId").as_deref() == Some(bulk_id))?;
    let status = operation.get("status")?;
    let status =
        status.as_str().and_then(|status| status.parse().ok()).or_else(|| status.as_u64()?.try_into().ok());
    Some((status?, text(operation, "location").as_deref().and_then(last_segment)))
}

fn creations(request: &Request, run: &str) -> Vec<Creation> {
    let path = path(&request.target);
    if !request.method.eq_ignore_ascii_case("POST") || path.ends_with("/.search") {
        return Vec::new();
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let creation = |endpoint: &str, data: &Value, bulk_id| Creation {
        // What is created at /Me is a user like any other.
        endpoint: if endpoint.eq_ignore_ascii_case("/Me") { "/Users" } else { endpoint }.to_owned(),
        name: text(data, "userName").or_else(|| text(data, "displayName")).unwrap_or_else(|| run.to_owned()),
        bulk_id,
    };
    if !path.eq_ignore_ascii_case("/Bulk") {
        return vec![creation(path, &body, None)];
    }
    operations(&body, "POST")
        .filter_map(|operation| {
            let endpoint = text(operation, "path")?;
            let data = operation.get("data").unwrap_or(&Value::Null);
            Some(creation(&endpoint, data, Some(text(operation, "bulkId")?)))
        })
        .collect()
}

fn deletions(request: &Request) -> Vec<String> {
    let path = path(&request.target);
    if request.method.eq_ignore_ascii_case("DELETE") {
        return vec![path.to_owned()];
    }
    if !path.eq_ignore_ascii_case("/Bulk") {
        return Vec::new();
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    operations(&body, "DELETE").filter_map(|operation| text(operation, "path")).collect()
}

fn operations<'a>(body: &'a Value, method: &'a str) -> impl Iterator<Item = &'a Value> {
    let operations = body.get("Operations").and_then(Value::as_array).into_iter().flatten();
    operations.filter(move |operation| {
        text(operation, "method").is_some_and(|said| said.eq_ignore_ascii_case(method))
    })
}

fn text(value: &Value, member: &str) -> Option<String> {
    value.get(member)?.as_str().map(str::to_owned)
}

/// A request target or location without its query.
pub fn path(target: &str) -> &str {
    target.split('?').next().unwrap_or(target)
}

/// The id at the end of a location, decoded.
pub fn last_segment(location: &str) -> Option<String> {
    let segment =
        path(location).trim_end_matches('/').rsplit('/').next().filter(|segment| !segment.is_empty())?;
    Some(percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned())
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Whether something may have been created all the same: a gateway that gave up does not know, and a server that
/// failed may have done so behind the write. 501 says that it was not even tried (RFC 9110 §15.6).
fn is_unclear(status: u16) -> bool {
    status >= 500 && status != 501
}

#[cfg(test)]
mod tests {
    use super::super::journal::Pending;
    use super::super::{Target, TargetConfig};
    use super::*;
    use serde_json::json;
    use wiremock::matchers::{method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    struct Bench {
        server: MockServer,
        target: Target,
        journal: Journal,
        _folder: tempfile::TempDir,
    }

    async fn bench() -> Bench {
        let server = MockServer::start().await;
        let target = Target::connect(TargetConfig::new(server.uri())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(folder.path().join("j"), "k3x9", &server.uri()).unwrap();
        Bench { server, target, journal, _folder: folder }
    }

    impl Bench {
        async fn answer(&self, verb: &str, at: &str, response: ResponseTemplate) {
            Mock::given(method(verb)).and(path(at)).respond_with(response).mount(&self.server).await;
        }

        async fn send(&self, request: Request) {
            send(&self.target, &self.journal, request).await.unwrap();
        }
    }

    fn create(endpoint: &str, body: &Value) -> Request {
        Request::new("POST", endpoint).with_json(body)
    }

    #[tokio::test]
    async fn what_is_created_is_noted_until_it_is_deleted() {
        let bench = bench().await;
        bench
            .answer("POST", "/Users", ResponseTemplate::new(201).set_body_json(json!({ "id": "a 1" })))
            .await;
        bench.answer("DELETE", "/Users/a%201", ResponseTemplate::new(204)).await;
        bench.send(create("/Users", &json!({ "userName": "ada" }))).await;
        assert_eq!(bench.journal.left(), [Pending::Created("/Users/a%201".into())]);
        bench.send(Request::new("DELETE", "/Users/a%201")).await;
        assert_eq!(bench.journal.left(), []);
    }

    #[tokio::test]
    async fn an_id_in_the_location_is_enough_and_a_refusal_creates_nothing() {
        let bench = bench().await;
        let located = ResponseTemplate::new(201).insert_header("Location", "https://x/scim/Groups/g1");
        bench.answer("POST", "/Groups", located).await;
        bench.answer("POST", "/Users", ResponseTemplate::new(409)).await;
        bench.answer("POST", "/Users/.search", ResponseTemplate::new(200)).await;
        bench.send(create("/Groups?a=b", &json!({ "displayName": "team" }))).await;
        bench.send(create("/Users", &json!({ "userName": "ada" }))).await;
        bench.send(create("/Users/.search", &json!({}))).await;
        assert_eq!(bench.journal.left(), [Pending::Created("/Groups/g1".into())]);
    }

    #[tokio::test]
    async fn without_an_answer_the_intent_stays() {
        let bench = bench().await;
        bench.answer("POST", "/Users", ResponseTemplate::new(201)).await;
        bench.send(create("/Users", &json!({ "userName": "ada" }))).await;
        assert_eq!(bench.journal.left(), [Pending::Unsettled { path: "/Users".into(), name: "ada".into() }]);
    }

    #[tokio::test]
    async fn a_server_error_does_not_say_that_nothing_was_created() {
        let unsettled = |name: &str| Pending::Unsettled { path: "/Users".into(), name: name.into() };
        for (status, left) in [(504, vec![unsettled("ada")]), (501, vec![]), (429, vec![])] {
            let bench = bench().await;
            bench.answer("POST", "/Users", ResponseTemplate::new(status)).await;
            bench.send(create("/Users", &json!({ "userName": "ada" }))).await;
            assert_eq!(bench.journal.left(), left, "{status}");
        }
    }

    #[tokio::test]
    async fn a_conflict_after_a_busy_target_may_be_with_what_the_first_attempt_created() {
        let bench = bench().await;
        let busy = ResponseTemplate::new(503).insert_header("Retry-After", "0");
        Mock::given(method("POST")).respond_with(busy).up_to_n_times(1).mount(&bench.server).await;
        bench.answer("POST", "/Users", ResponseTemplate::new(409)).await;
        bench.send(create("/Users", &json!({ "userName": "ada" }))).await;
        assert_eq!(bench.journal.left(), [Pending::Unsettled { path: "/Users".into(), name: "ada".into() }]);
    }

    #[tokio::test]
    async fn bulk_operations_are_noted_one_by_one() {
        let bench = bench().await;
        let answer = json!({ "Operations": [
            { "method": "POST", "bulkId": "b", "status": "409" },
            { "method": "POST", "bulkId": "a", "status": "201", "location": "https://x/Users/1" },
        ] });
        bench.answer("POST", "/Bulk", ResponseTemplate::new(200).set_body_json(answer)).await;
        let body = json!({ "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "a", "data": { "userName": "ada" } },
            { "method": "POST", "path": "/Users", "bulkId": "b", "data": { "userName": "bob" } },
        ] });
        bench.send(create("/Bulk", &body)).await;
        assert_eq!(bench.journal.left(), [Pending::Created("/Users/1".into())]);
        bench
            .send(create("/Bulk", &json!({ "Operations": [{ "method": "DELETE", "path": "/Users/1" }] })))
            .await;
        assert_eq!(bench.journal.left(), []);
    }

    #[tokio::test]
    async fn a_conflict_within_a_bulk_request_may_be_with_itself() {
        let bench = bench().await;
        let answer = json!({ "Operations": [{ "method": "POST", "bulkId": "a", "status": "409" }] });
        bench.answer("POST", "/Bulk", ResponseTemplate::new(200).set_body_json(answer)).await;
        let operation = json!({ "method": "POST", "path": "/Groups", "bulkId": "a", "data": { "displayName": "team-k3x9" } });
        bench.send(create("/Bulk", &json!({ "Operations": [operation] }))).await;
        let left = Pending::Unsettled { path: "/Groups".into(), name: "team-k3x9".into() };
        assert_eq!(bench.journal.left(), [left]);
    }
}
