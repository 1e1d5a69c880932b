//! What a check works with: one [`Trial`] for each check of a run.
//!
//! | module | what lives there |
//! |---|---|
//! | [`ground`] | what all trials of a run share; nothing foreign is ever changed |
//! | [`answer`] | a response, with the words to judge it |
//! | [`slot`] | places in a resource, and values that fit |
//! | [`survey`] | what a resource type takes and keeps |
//! | [`cohort`] | users whose values are known, for searching, sorting and paging |
//! | [`crowd`] | users for being members and managers |
//! | `guard` | which requests may be sent |
//! | `inquiry` | discovery documents, and places where nothing is |
//!
//! A trial records every exchange, so that each flaw can point to its evidence, and takes note of everything that its requests
//! create, so that it is deleted at the end whatever happens.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

pub mod answer;
pub mod cohort;
pub mod crowd;
pub mod ground;
mod guard;
mod inquiry;
pub mod slot;
pub mod survey;

pub use answer::{Answer, Listed, or_nothing, shortened};
pub use ground::{Access, Ground};
pub use slot::Slot;
pub use survey::{List, Survey};

use cohort::Cohort;
use ground::lock;

use crate::conformance::check::{Check, Need};
use crate::conformance::discovery::{Discovery, Kind, Role, Support};
use crate::conformance::verdict::{Flaw, Stop, Verdict};
use crate::event::{Problem, Severity};
use crate::exchange::{Auth, Exchange, FailureKind, Request};
use crate::protocol::message::PATCH_OP;
use crate::target::journaled::last_segment;

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A resource that the run created.
#[derive(Debug, Clone)]
pub struct Created {
    /// Its type.
    pub kind: Arc<Kind>,
    /// Its id.
    pub id: String,
    /// Where it is: `/Users/2819c223`.
    pub path: String,
}

/// A request under way.
pub type Sending<'t> = Pin<Box<dyn Future<Output = Result<Answer, Stop>> + Send + 't>>;

/// One check at work.
pub struct Trial {
    ground: Arc<Ground>,
    /// What problems weigh unless they say otherwise.
    default: Severity,
    requirements: &'static [&'static str],
    exchanges: Mutex<Vec<Exchange>>,
    problems: Mutex<Vec<Problem>>,
    created: Mutex<Vec<String>>,
}

/// What a trial leaves behind.
pub struct Record {
    /// What was sent and what came, in order.
    pub exchanges: Vec<Exchange>,
    /// What was found wrong.
    pub problems: Vec<Problem>,
    /// Paths of what was created and has to go.
    pub created: Vec<String>,
}

impl Trial {
    /// A trial for a check.
    pub fn new(ground: Arc<Ground>, check: &'static Check) -> Self {
        use crate::conformance::check::Level;
        let default = if check.level == Level::Must { Severity::Violation } else { Severity::Concern };
        Self::with(ground, default, check.requirements)
    }

    /// A trial for what checks need beforehand.
    fn preparing(ground: Arc<Ground>) -> Self {
        Self::with(ground, Severity::Concern, &[])
    }

    fn with(ground: Arc<Ground>, default: Severity, requirements: &'static [&'static str]) -> Self {
        Self {
            ground,
            default,
            requirements,
            exchanges: Mutex::default(),
            problems: Mutex::default(),
            created: Mutex::default(),
        }
    }

    /// What all trials of the run share.
    pub fn ground(&self) -> &Arc<Ground> {
        &self.ground
    }

    /// What the target says of itself.
    pub fn discovery(&self) -> &Discovery {
        self.ground.discovery()
    }

    /// Ends the trial.
    pub fn finish(self, verdict: &Verdict) -> Record {
        if let Err(Stop::Problem(flaw)) = verdict {
            self.note((**flaw).clone());
        }
        fn take<T>(mutex: Mutex<Vec<T>>) -> Vec<T> {
            mutex.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
        }
        Record { exchanges: take(self.exchanges), problems: take(self.problems), created: take(self.created) }
    }

    // --- judging ---

    /// Notes a flaw and goes on.
    pub fn note(&self, flaw: Flaw) {
        lock(&self.problems).push(flaw.into_problem(self.default, self.requirements));
    }

    /// Notes what is wrong with something and goes on; what ends a check for another reason still ends it.
    ///
    /// # Errors
    /// [`Stop::Skip`], [`Stop::Blocked`] and [`Stop::Error`] are handed on.
    pub fn soft<T>(&self, result: Result<T, Stop>) -> Result<Option<T>, Stop> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Stop::Problem(flaw)) => {
                self.note(*flaw);
                Ok(None)
            }
            Err(stop) => Err(stop),
        }
    }

    /// Whether nothing wrong was noted so far.
    pub fn is_clean(&self) -> bool {
        lock(&self.problems).is_empty()
    }

    /// Where the last request got an answer that is no HTTP: which exchange that is.
    pub fn garbled(&self) -> Option<usize> {
        let exchanges = lock(&self.exchanges);
        let failure = exchanges.last()?.outcome.as_ref().err()?;
        (failure.kind == FailureKind::Protocol).then(|| exchanges.len() - 1)
    }

    /// Whether nothing was sent and nothing noted.
    pub fn has_seen_nothing(&self) -> bool {
        lock(&self.exchanges).is_empty() && self.is_clean()
    }

    // --- what the target offers ---

    /// The resource type of that role.
    ///
    /// # Errors
    /// [`Stop::Skip`] where the target has none.
    pub fn kind(&self, role: Role) -> Result<Arc<Kind>, Stop> {
        self.discovery().kind(role).cloned().ok_or_else(|| {
            let what = match role {
                Role::User => "User",
                Role::Group => "Group",
                Role::Other => "other",
            };
            Stop::Skip(format!("the target has no {what} resource type"))
        })
    }

    /// The User resource type.
    ///
    /// # Errors
    /// [`Stop::Skip`] where the target has none.
    pub fn users(&self) -> Result<Arc<Kind>, Stop> {
        self.kind(Role::User)
    }

    /// The Group resource type.
    ///
    /// # Errors
    /// [`Stop::Skip`] where the target has none.
    pub fn groups(&self) -> Result<Arc<Kind>, Stop> {
        self.kind(Role::Group)
    }

    /// Every resource type.
    pub fn kinds(&self) -> &[Arc<Kind>] {
        &self.discovery().kinds
    }

    /// Why the target does not have what a check needs.
    ///
    /// # Errors
    /// The target does not answer.
    pub async fn lacks(&self, need: Need) -> Result<Option<String>, Stop> {
        let discovery = self.discovery();
        let said = |feature: &str, flag: &str, otherwise: bool| match discovery.supports(feature, flag) {
            Support::Yes => None,
            Support::No(reason) => Some(reason),
            Support::Unknown(_) if otherwise => None,
            Support::Unknown(reason) => Some(reason),
        };
        let unless = |there: bool, reason: &str| (!there).then(|| reason.to_owned());
        let user = discovery.kind(Role::User);
        Ok(match need {
            Need::Patch => said("patch", "supported", true),
            Need::Filter => said("filter", "supported", true),
            Need::Bulk => said("bulk", "supported", false),
            Need::Sort => said("sort", "supported", false),
            Need::Etag => said("etag", "supported", false),
            Need::ChangePassword => said("changePassword", "supported", false),
            Need::Cursor => said("pagination", "cursor", false),
            Need::IndexPaging => said("pagination", "index", true),
            Need::Me => self.missing(&self.ground.me, "GET", "/Me").await?,
            Need::Search => {
                let endpoint = user.map_or("/Users", |kind| kind.endpoint());
                self.missing(&self.ground.search, "POST", &format!("{endpoint}/.search")).await?
            }
            Need::Users => unless(user.is_some(), "the target has no User resource type"),
            Need::Groups => {
                unless(discovery.kind(Role::Group).is_some(), "the target has no Group resource type")
            }
            Need::Enterprise => unless(
                user.is_some_and(|kind| kind.has_enterprise()),
                "the User resource type does not have the enterprise extension",
            ),
            Need::Schemas => unless(discovery.has_schemas, "/Schemas cannot be read"),
            Need::ResourceTypes => unless(discovery.has_types, "/ResourceTypes cannot be read"),
            Need::Credentials => unless(self.ground.has_credentials(), "the run has no credentials"),
        })
    }

    /// Why an optional endpoint is not there, asked once a run.
    async fn missing(
        &self,
        status: &tokio::sync::OnceCell<Option<u16>>,
        method: &str,
        path: &str,
    ) -> Result<Option<String>, Stop> {
        let ask = || async {
            let mut request = Request::new(method, path);
            if method == "POST" {
                let body = json!({ "schemas": [crate::protocol::message::SEARCH_REQUEST], "count": 1 });
                request = request.with_json(&body);
            }
            let attempts = self.ground.target().send_patiently(request).await;
            attempts.last().and_then(Exchange::response).map(|response| response.status)
        };
        Ok(match status.get_or_init(ask).await {
            Some(status @ (404 | 405 | 501)) => Some(format!("{method} {path} answers {status}")),
            _ => None,
        })
    }

    // --- sending ---

    /// Sends a request as it is and takes the answer as it comes.
    ///
    /// # Errors
    /// [`Stop::Error`] where no answer comes, where it is 429 to the end, or where the credentials of the run are
    /// refused; [`Stop::Skip`] where the run may only read and the request would write.
    pub fn send(&self, request: Request) -> Sending<'_> {
        // Boxed: hundreds of checks send, and none needs the whole of it within its own state.
        Box::pin(self.send_now(request))
    }

    async fn send_now(&self, request: Request) -> Result<Answer, Stop> {
        guard::permit(&self.ground, &request)?;
        if self.ground.is_lost() {
            return Err(Stop::Error(
                "not tried: the target has stopped answering, or wants fewer requests (see `--rate`)"
                    .to_owned(),
            ));
        }
        let asked = format!("{} {}", request.method, readable(&request.target));
        let own_credentials = request.auth == Auth::Target && !request.headers.contains("authorization");
        let is_creation = guard::creates(&request);
        let attempts = self.ground.send(request).await.map_err(|error| {
            Stop::Error(format!("not sent, because the journal cannot be written: {error}"))
        })?;
        let Some(last) = attempts.last().cloned() else {
            return Err(Stop::Error(format!("{asked} was not sent")));
        };
        let index = {
            let mut exchanges = lock(&self.exchanges);
            exchanges.extend(attempts);
            exchanges.len() - 1
        };
        let response = last.outcome.map_err(|failure| Stop::Error(format!("{asked}: {failure}")))?;
        if response.status == 429 {
            return Err(Stop::Error(format!("{asked}: the target wants fewer requests (429); see `--rate`")));
        }
        if response.status == 401 && own_credentials && self.ground.has_credentials() {
            return Err(Stop::Error(format!("{asked}: the target refuses the credentials (401)")));
        }
        let json = response.json().ok();
        let answer = Answer {
            asked,
            status: response.status,
            headers: response.headers,
            body: response.body,
            json,
            index,
        };
        if is_creation {
            for path in guard::created(&last.request, &answer, self.ground.target().base()) {
                self.ground.adopt(&path);
                lock(&self.created).push(path);
            }
        }
        Ok(answer)
    }

    /// Sends a request with an optional JSON body. What cannot stand in a URL is encoded, so that filters can be
    /// written as they are read.
    ///
    /// # Errors
    /// As [`Trial::send`].
    pub async fn call(&self, method: &str, target: &str, body: Option<&Value>) -> Result<Answer, Stop> {
        let request = Request::new(method, encoded(target));
        self.send(match body {
            Some(body) => request.with_json(body),
            None => request,
        })
        .await
    }

    /// GET.
    ///
    /// # Errors
    /// As [`Trial::send`].
    pub async fn get(&self, target: &str) -> Result<Answer, Stop> {
        self.call("GET", target, None).await
    }

    /// POST.
    ///
    /// # Errors
    /// As [`Trial::send`].
    pub async fn post(&self, target: &str, body: &Value) -> Result<Answer, Stop> {
        self.call("POST", target, Some(body)).await
    }

    /// PUT.
    ///
    /// # Errors
    /// As [`Trial::send`].
    pub async fn put(&self, target: &str, body: &Value) -> Result<Answer, Stop> {
        self.call("PUT", target, Some(body)).await
    }

    /// DELETE.
    ///
    /// # Errors
    /// As [`Trial::send`].
    pub async fn delete(&self, target: &str) -> Result<Answer, Stop> {
        self.call("DELETE", target, None).await
    }

    /// PATCH with these operations, an array.
    ///
    /// # Errors
    /// As [`Trial::send`].
    pub async fn patch(&self, target: &str, operations: Value) -> Result<Answer, Stop> {
        let body = json!({ "schemas": [PATCH_OP], "Operations": operations });
        self.call("PATCH", target, Some(&body)).await
    }

    /// The body of the request that this is the answer to, where it was JSON.
    fn sent(&self, answer: &Answer) -> Option<Value> {
        let body = lock(&self.exchanges).get(answer.index).map(|exchange| exchange.request.body.clone())?;
        serde_json::from_slice(&body).ok()
    }

    /// The `op`s of the PATCH that this is the answer to, each once and in lower case.
    pub fn ops_of(&self, answer: &Answer) -> Vec<String> {
        let message = self.sent(answer).unwrap_or_default();
        let operations = message["Operations"].as_array().into_iter().flatten();
        let mut ops: Vec<String> =
            operations.filter_map(|operation| operation["op"].as_str()).map(str::to_lowercase).collect();
        ops.sort();
        ops.dedup();
        ops
    }

    /// The resources of a type that a filter finds, on the first page.
    ///
    /// # Errors
    /// As [`Trial::send`].
    pub async fn search(&self, kind: &Kind, filter: &str) -> Result<Answer, Stop> {
        self.get(&format!("{}?filter={}", kind.endpoint(), component(filter))).await
    }

    // --- resources ---

    /// What a resource type takes; found out once a run.
    ///
    /// # Errors
    /// [`Stop::Blocked`] where nothing can be created.
    pub async fn survey(&self, kind: &Kind) -> Result<Arc<Survey>, Stop> {
        let at = self.kinds().iter().position(|known| known.endpoint() == kind.endpoint());
        let cell = at.and_then(|at| self.ground.surveys.get(at));
        let Some(cell) = cell else {
            return Err(Stop::Blocked(format!("{} is no type of the target", kind.name())));
        };
        if self.ground.access() == Access::Read {
            return Err(Stop::Skip(guard::READ_ONLY.to_owned()));
        }
        let make = || async {
            let preparing = Trial::preparing(Arc::clone(&self.ground));
            let made = Survey::make(&preparing, kind).await.map(Arc::new);
            let record = preparing.finish(&Ok(()));
            self.ground.share(record.created);
            made.map_err(reason)
        };
        // Boxed: a survey sends, and sending is what a survey is asked from.
        Box::pin(cell.get_or_init(make)).await.clone().map_err(Stop::Blocked)
    }

    /// The users whose values are known.
    ///
    /// # Errors
    /// [`Stop::Blocked`] where they cannot be created.
    pub async fn cohort(&self) -> Result<Arc<Cohort>, Stop> {
        if self.ground.access() == Access::Read {
            return Err(Stop::Skip(guard::READ_ONLY.to_owned()));
        }
        let make = || async {
            let preparing = Trial::preparing(Arc::clone(&self.ground));
            let made = Cohort::make(&preparing).await.map(Arc::new);
            let record = preparing.finish(&Ok(()));
            self.ground.share(record.created);
            made.map_err(reason)
        };
        Box::pin(self.ground.cohort.get_or_init(make)).await.clone().map_err(Stop::Blocked)
    }

    /// Users that groups and other resources may refer to.
    ///
    /// # Errors
    /// [`Stop::Blocked`] where they cannot be created.
    pub async fn crowd(&self) -> Result<Arc<Vec<Created>>, Stop> {
        if self.ground.access() == Access::Read {
            return Err(Stop::Skip(guard::READ_ONLY.to_owned()));
        }
        let make = || async {
            let preparing = Trial::preparing(Arc::clone(&self.ground));
            let made = crowd::make(&preparing).await.map(Arc::new);
            let record = preparing.finish(&Ok(()));
            self.ground.share(record.created);
            made.map_err(reason)
        };
        Box::pin(self.ground.crowd.get_or_init(make)).await.clone().map_err(Stop::Blocked)
    }

    /// A body that the target takes for a new resource, with values that no other has.
    ///
    /// # Errors
    /// [`Stop::Blocked`] where nothing can be created.
    pub async fn body(&self, kind: &Kind) -> Result<Value, Stop> {
        Ok(self.survey(kind).await?.body(self, kind))
    }

    /// What is demanded and nothing else, for checks of creation itself.
    pub fn minimal(&self, kind: &Kind) -> Value {
        survey::body(self, kind, &[])
    }

    /// Creates a resource, because a check needs one.
    ///
    /// # Errors
    /// [`Stop::Blocked`] where that does not work.
    pub async fn create(&self, kind: &Kind) -> Result<Created, Stop> {
        let body = self.body(kind).await?;
        self.create_from(kind, &body).await
    }

    /// Creates a resource from this body.
    ///
    /// # Errors
    /// [`Stop::Blocked`] where that does not work.
    pub async fn create_from(&self, kind: &Kind, body: &Value) -> Result<Created, Stop> {
        let answer = self.post(kind.endpoint(), body).await?;
        self.created_by(kind, &answer)
    }

    /// The resource that a POST created, because a check needs one.
    ///
    /// # Errors
    /// [`Stop::Blocked`] where it was refused or does not say where it is.
    pub fn created_by(&self, kind: &Kind, answer: &Answer) -> Result<Created, Stop> {
        if !answer.is_success() {
            // What goes beyond the minimum may be refused for reasons of its own.
            let names = |body: &Value| -> std::collections::BTreeSet<String> {
                body.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
            };
            let sent = self.sent(answer).unwrap_or_default();
            let why = match names(&sent).is_subset(&names(&self.minimal(kind))) {
                true => " (check `create.minimal`)",
                false => ": it refuses this body",
            };
            return Err(Stop::Blocked(format!("{} answers {}{why}", answer.asked, answer.said())));
        }
        let located = answer.headers.get("location").and_then(last_segment);
        let Some(id) = answer.text("id").map(str::to_owned).filter(|id| !id.is_empty()).or(located) else {
            return Err(Stop::Blocked(format!("{} tells no id (check `create.id`)", answer.asked)));
        };
        let known = self.kinds().iter().find(|known| known.endpoint() == kind.endpoint()).cloned();
        let kind = known.unwrap_or_else(|| Arc::new(kind.clone()));
        let path = format!("{}/{}", kind.endpoint(), component(&id));
        Ok(Created { kind, id, path })
    }

    /// A resource as it is now, because a check needs to know.
    ///
    /// # Errors
    /// [`Stop::Blocked`] where it cannot be read.
    pub async fn read(&self, resource: &Created) -> Result<Value, Stop> {
        let answer = self.get(&resource.path).await?;
        match (answer.status, answer.json) {
            (200, Some(json @ Value::Object(_))) => Ok(json),
            _ => Err(Stop::Blocked(format!(
                "{} answers {} and no resource (check `read.by-id`)",
                answer.asked, answer.status
            ))),
        }
    }

    /// Lets a moment pass, so that the clock of a fast target moves on between two writes. Nothing else may wait.
    pub async fn pause(&self, moment: Duration) {
        tokio::time::sleep(moment).await;
    }

    /// A path below the endpoint of a type at which nothing is: an id of the usual form that nobody has, or that
    /// of a resource that was created and deleted.
    ///
    /// # Errors
    /// [`Stop::Blocked`] where nothing can be created or deleted.
    pub async fn absent(&self, kind: &Kind) -> Result<String, Stop> {
        let is_uuid = match self.ground.access() {
            Access::Read => true,
            Access::Write => uuid::Uuid::try_parse(&self.survey(kind).await?.id).is_ok(),
        };
        if is_uuid {
            let path = format!("{}/{}", kind.endpoint(), uuid::Uuid::new_v4());
            self.ground.adopt(&path);
            return Ok(path);
        }
        let created = self.create(kind).await?;
        let answer = self.delete(&created.path).await?;
        match answer.is_success() {
            true => Ok(created.path),
            false => Err(Stop::Blocked(format!(
                "{} answers {} (check `delete.works`)",
                answer.asked, answer.status
            ))),
        }
    }

    // --- places ---

    /// Places for free text, at least as many as are wanted.
    ///
    /// # Errors
    /// [`Stop::Skip`] where the type does not have so many.
    pub async fn texts(&self, kind: &Kind, wanted: usize) -> Result<Vec<Slot>, Stop> {
        let found = self.survey(kind).await?.texts(&kind.schema);
        match found.len() >= wanted {
            true => Ok(found),
            false => Err(Stop::Skip(format!(
                "{} keeps {} free text attributes, and {wanted} are needed",
                kind.name(),
                found.len()
            ))),
        }
    }

    /// A place for free text.
    ///
    /// # Errors
    /// [`Stop::Skip`] where the type has none.
    pub async fn text(&self, kind: &Kind) -> Result<Slot, Stop> {
        Ok(self.texts(kind, 1).await?.swap_remove(0))
    }

    /// A multi-valued complex attribute.
    ///
    /// # Errors
    /// [`Stop::Skip`] where the type has none whose values it keeps.
    pub async fn list(&self, kind: &Kind) -> Result<List, Stop> {
        let mut found = self.survey(kind).await?.lists(&kind.schema);
        match found.is_empty() {
            false => Ok(found.swap_remove(0)),
            true => Err(Stop::Skip(format!("{} keeps no multi-valued attribute with `value`", kind.name()))),
        }
    }

    /// A singular complex attribute and at least two of its text sub-attributes.
    ///
    /// # Errors
    /// [`Stop::Skip`] where the type has none whose values it keeps.
    pub async fn complex(&self, kind: &Kind) -> Result<(Slot, Vec<Slot>), Stop> {
        let mut found = self.survey(kind).await?.complexes(&kind.schema);
        match found.is_empty() {
            false => Ok(found.swap_remove(0)),
            true => {
                Err(Stop::Skip(format!("{} keeps no complex attribute with two text parts", kind.name())))
            }
        }
    }
}

/// The reason of a stop, for whoever is blocked by it.
fn reason(stop: Stop) -> String {
    match stop {
        Stop::Problem(flaw) => flaw.what,
        Stop::Skip(reason) | Stop::Blocked(reason) | Stop::Error(reason) => reason,
    }
}

/// A request target with the characters encoded that cannot stand in one; what is encoded already is left alone.
pub fn encoded(target: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/?&=%+-._~:,;@!$'()*".contains(byte);
    target
        .as_bytes()
        .iter()
        .map(|byte| if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Text as one component of a URL.
pub fn component(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// A request target for people.
fn readable(target: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(target).decode_utf8_lossy();
    // What cannot be seen is shown as it was sent.
    let visible = |c: char| if c.is_control() { component(&c.to_string()) } else { c.to_string() };
    shortened(&decoded.chars().map(visible).collect::<String>())
}
