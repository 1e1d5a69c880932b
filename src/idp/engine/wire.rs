//! The line to a target, and what an answer means to an identity provider.

use std::future::Future;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::exchange::{Exchange, Request, Response, reason};
use crate::idp::dialect::{Dice, OnRateLimit, Speech};
use crate::protocol::error::shortened;
use crate::protocol::message::member;

/// Sends requests to a target.
pub trait Wire: Sync {
    /// Sends a request and waits for what comes of it.
    fn send(&self, request: Request) -> impl Future<Output = Exchange> + Send;

    /// Waits because the target asked for it (`Retry-After`).
    fn pause(&self, wait: Duration) -> impl Future<Output = ()> + Send;
}

/// How often a request is sent, or a conversation begun, that is answered with 429 and `Retry-After`.
pub(super) const ATTEMPTS: u32 = 5;
/// The longest wait that a target may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);
/// The longest excerpt of an error that is told.
const EXCERPT: usize = 160;

/// Why something did not work.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// One sentence.
    pub reason: String,
    /// What it means.
    pub kind: FailureKind,
    /// The exchange that shows it.
    pub exchange: Option<Box<Exchange>>,
}

/// What a failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// One object could not be worked on.
    Object,
    /// The target says that the object is there already (409).
    Conflict,
    /// The target does not know the id that it gave (404).
    Gone,
    /// Nothing works: the credentials are refused, or the target is no SCIM server.
    Job,
    /// There is no answer.
    Silence,
}

impl Failure {
    /// Whether the target refuses the credentials.
    pub fn is_refusal(&self) -> bool {
        let response = self.exchange.as_ref().and_then(|exchange| exchange.response());
        response.is_some_and(|response| matches!(response.status, 401 | 403))
    }

    pub(super) fn object(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), kind: FailureKind::Object, exchange: None }
    }
}

/// One conversation about one object.
pub(super) struct Talk<'w, W> {
    pub(super) speech: &'static dyn Speech,
    pub(super) wire: &'w W,
    pub(super) dice: Dice,
    /// Requests sent so far.
    pub(super) requests: u32,
    /// Whether the whole conversation begins again, which is up to the caller, where the habit is to wait as told; where not,
    /// the request is sent again.
    pub(super) begins_again: bool,
    /// How long the last answer asks to wait, where the conversation is to begin again.
    pub(super) told_to_wait: Option<Duration>,
    last: Option<Box<Exchange>>,
}

/// A complete answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// The body, where it is a JSON object.
    pub(super) body: Option<Map<String, Value>>,
}

impl<'w, W: Wire> Talk<'w, W> {
    pub(super) fn new(speech: &'static dyn Speech, wire: &'w W, dice: Dice) -> Self {
        Self { speech, wire, dice, requests: 0, begins_again: false, told_to_wait: None, last: None }
    }

    /// Sends a request; any complete answer is a reply.
    pub(super) async fn ask(&mut self, mut request: Request) -> Result<Reply, Failure> {
        self.speech.dress(&mut request, &mut self.dice);
        self.told_to_wait = None;
        for attempt in 1.. {
            let exchange = self.wire.send(request.clone()).await;
            self.requests += 1;
            let response = match &exchange.outcome {
                Ok(response) => response,
                Err(failure) => {
                    let reason = format!("{} got no answer: {failure}", line(&request));
                    let exchange = Some(Box::new(exchange));
                    return Err(Failure { reason, kind: FailureKind::Silence, exchange });
                }
            };
            let honours = self.speech.habits().on_rate_limit == OnRateLimit::WaitAsTold;
            if response.status == 429
                && honours
                && let Some(wait) = retry_after(response)
            {
                if self.begins_again {
                    self.told_to_wait = Some(wait);
                } else if attempt < ATTEMPTS {
                    self.wire.pause(wait).await;
                    continue;
                }
            }
            let stops = match response.status {
                401 => true,
                403 => self.speech.habits().forbidden_stops,
                _ => false,
            };
            let reply = Reply { status: response.status, body: object(response) };
            self.last = Some(Box::new(exchange));
            if stops {
                return Err(self.refused(&request, &reply, FailureKind::Job));
            }
            return Ok(reply);
        }
        unreachable!("the last attempt returns")
    }

    /// Sends a request that changes something; any 2xx is a success.
    pub(super) async fn change(&mut self, request: Request) -> Result<Reply, Failure> {
        let shown = request.clone();
        let reply = self.ask(request).await?;
        match reply.status {
            200..=299 => Ok(reply),
            409 => Err(self.refused(&shown, &reply, FailureKind::Conflict)),
            404 => Err(self.refused(&shown, &reply, FailureKind::Gone)),
            _ => Err(self.refused(&shown, &reply, FailureKind::Object)),
        }
    }

    /// Asks for a list and returns what is in it.
    ///
    /// A 404 means nothing found where the product takes it so (Q-L11), else it stops the job (Q-L14).
    pub(super) async fn list(&mut self, request: Request) -> Result<Vec<Map<String, Value>>, Failure> {
        Ok(self.page(request).await?.1)
    }

    /// The total that a list claims, and what is in it.
    pub(super) async fn page(&mut self, request: Request) -> Result<(u64, Vec<Map<String, Value>>), Failure> {
        let shown = request.clone();
        let reply = self.ask(request).await?;
        match (reply.status, &reply.body) {
            (200, Some(body)) => {
                let resources = member(body, "Resources");
                let total = member(body, "totalResults").and_then(Value::as_u64);
                let (total, resources) = match (total, resources) {
                    (Some(total), Some(Value::Array(resources))) => (total, resources.as_slice()),
                    (Some(total), None | Some(Value::Null)) => (total, [].as_slice()),
                    (None, Some(Value::Array(resources))) => (resources.len() as u64, resources.as_slice()),
                    _ => {
                        return Err(self.wrong(
                            &shown,
                            "is answered with something that is no list",
                            FailureKind::Job,
                        ));
                    }
                };
                Ok((total, resources.iter().filter_map(Value::as_object).cloned().collect()))
            }
            (200, None) => {
                Err(self.wrong(&shown, "is answered with 200 and no JSON object", FailureKind::Job))
            }
            (404, _) if self.speech.habits().accepts_404 => Ok((0, Vec::new())),
            (404, _) => Err(self.refused(&shown, &reply, FailureKind::Job)),
            _ => Err(self.refused(&shown, &reply, FailureKind::Object)),
        }
    }

    /// Reads one resource; nothing where it is gone.
    pub(super) async fn read(&mut self, request: Request) -> Result<Option<Map<String, Value>>, Failure> {
        let shown = request.clone();
        let reply = self.ask(request).await?;
        match (reply.status, reply.body) {
            (200, Some(body)) => Ok(Some(body)),
            (404, _) => Ok(None),
            (200, None) => {
                Err(self.wrong(&shown, "is answered with 200 and no JSON object", FailureKind::Object))
            }
            (status, body) => Err(self.refused(&shown, &Reply { status, body }, FailureKind::Object)),
        }
    }

    /// Creates a resource and returns its id with what the target answered.
    pub(super) async fn create(&mut self, request: Request) -> Result<(String, Map<String, Value>), Failure> {
        let shown = request.clone();
        let reply = self.change(request).await?;
        let Some(body) = reply.body else {
            return Err(self.wrong(&shown, "is answered without a resource (Q-C18)", FailureKind::Object));
        };
        match member(&body, "id").and_then(Value::as_str).filter(|id| !id.is_empty()) {
            Some(id) => Ok((id.to_owned(), body)),
            None => {
                let kind = match self.speech.habits().stops_without_id {
                    true => FailureKind::Job,
                    false => FailureKind::Object,
                };
                Err(self.wrong(&shown, "is answered with a resource that has no `id` (Q-E07)", kind))
            }
        }
    }

    /// A failure with the last exchange as evidence.
    pub(super) fn wrong(&self, request: &Request, what: &str, kind: FailureKind) -> Failure {
        Failure { reason: format!("{} {what}", line(request)), kind, exchange: self.last.clone() }
    }

    fn refused(&self, request: &Request, reply: &Reply, kind: FailureKind) -> Failure {
        let Reply { status, body } = reply;
        let phrase = reason(*status);
        let detail = body.as_ref().and_then(|body| member(body, "detail")).and_then(Value::as_str);
        let detail = match (detail, body) {
            (Some(detail), _) => format!(": {}", shortened(detail, EXCERPT)),
            (None, Some(_)) => String::new(),
            (None, None) if *status >= 400 => " without a SCIM error (Q-E01)".to_owned(),
            (None, None) => String::new(),
        };
        let reason = format!("{} is answered with {status} {phrase}{detail}", line(request));
        Failure { reason, kind, exchange: self.last.clone() }
    }
}

/// Method and path of a request, without its query.
fn line(request: &Request) -> String {
    let path = request.target.split('?').next().unwrap_or_default();
    format!("{} {path}", request.method)
}

fn object(response: &Response) -> Option<Map<String, Value>> {
    match response.json() {
        Ok(Value::Object(body)) => Some(body),
        _ => None,
    }
}

/// `Retry-After` in seconds, bounded.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers.get("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds)).filter(|wait| *wait <= LONGEST_WAIT)
}
