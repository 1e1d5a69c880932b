//! The wire of the engine over a target.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::event::provisioning::Traffic;
use crate::exchange::{Exchange, FailureKind, Request, Response, SCIM_JSON, TransportFailure};
use crate::idp::engine::wire::Wire;
use crate::protocol::message::{ERROR, LIST_RESPONSE};
use crate::target::journal::Journal;
use crate::target::{Target, journaled};

/// Sends for an identity provider, and remembers how long answers took.
pub struct Line {
    target: Arc<Target>,
    /// There where what is created is deleted again at the end.
    journal: Option<Arc<Journal>>,
    /// Writes are answered here and never sent.
    imagined: Option<Mutex<Imagined>>,
    heard: Mutex<Heard>,
    /// Whether exchanges are kept until they are fetched.
    keeps: bool,
}

#[derive(Default)]
struct Heard {
    exchanges: Vec<Exchange>,
    /// Microseconds, one for each answer.
    latencies: Vec<u32>,
    /// Whether anything was answered otherwise than with 404.
    knows_something: bool,
}

impl Line {
    /// A line to a target. `journal` is there where what is created is to be deleted again, `keeps` where the
    /// exchanges are to be fetched with [`Line::heard`].
    pub fn new(target: Arc<Target>, journal: Option<Arc<Journal>>, keeps: bool) -> Self {
        Self { target, journal, imagined: None, heard: Mutex::default(), keeps }
    }

    /// A line over which only reads go. Writes are answered as a well-behaved target would.
    pub fn reading_only(target: Arc<Target>, keeps: bool) -> Self {
        let imagined = Some(Mutex::default());
        Self { target, journal: None, imagined, heard: Mutex::default(), keeps }
    }

    /// Whether writes are imagined, so that what the target shows says nothing about them.
    pub fn imagines(&self) -> bool {
        self.imagined.is_some()
    }

    /// The exchanges since the last call.
    pub fn heard(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.lock().exchanges)
    }

    /// Whether there were answers, and all of them were 404: then the base URL is wrong.
    pub fn knows_nothing(&self) -> bool {
        let heard = self.lock();
        !heard.latencies.is_empty() && !heard.knows_something
    }

    /// What was sent so far, in so much time.
    pub fn traffic(&self, elapsed: Duration) -> Traffic {
        let mut heard = self.lock();
        heard.latencies.sort_unstable();
        let latencies = &heard.latencies;
        let share = |percent: usize| {
            let index = (latencies.len() * percent).div_ceil(100).saturating_sub(1);
            Duration::from_micros(latencies.get(index).copied().unwrap_or_default().into())
        };
        Traffic {
            requests: latencies.len(),
            elapsed,
            median: share(50),
            p90: share(90),
            p99: share(99),
            longest: share(100),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn exchange(&self, request: Request) -> Exchange {
        if let Some(imagined) = &self.imagined
            && let Some(exchange) = imagined.lock().unwrap_or_else(PoisonError::into_inner).answer(&request)
        {
            return exchange;
        }
        let Some(journal) = &self.journal else { return self.target.send(request).await };
        match journaled::send(&self.target, journal, request.clone()).await {
            Ok(mut attempts) if !attempts.is_empty() => attempts.swap_remove(attempts.len() - 1),
            Ok(_) => unsent(request, "nothing was sent"),
            Err(error) => unsent(request, &format!("the journal cannot be written: {error}")),
        }
    }
}

impl Wire for Line {
    async fn send(&self, request: Request) -> Exchange {
        let exchange = self.exchange(request).await;
        let mut heard = self.lock();
        heard.latencies.push(u32::try_from(exchange.duration.as_micros()).unwrap_or(u32::MAX));
        heard.knows_something |= exchange.response().is_none_or(|response| response.status != 404);
        if self.keeps {
            heard.exchanges.push(exchange.clone());
        }
        exchange
    }

    async fn pause(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
    }
}

fn unsent(request: Request, why: &str) -> Exchange {
    let message = format!("it was not sent, because {why}");
    let outcome = Err(TransportFailure { kind: FailureKind::Request, message });
    Exchange { request, outcome, started: Timestamp::now(), duration: Duration::ZERO, attempt: 1 }
}

/// What ids begin with that no target gave.
const IMAGINED: &str = "dry-run-";

/// What a dry run pretends to have written.
#[derive(Default)]
struct Imagined {
    /// By path.
    resources: BTreeMap<String, Value>,
    created: usize,
}

impl Imagined {
    /// The answer to a write, or to a read of what was written; nothing for what the target is asked itself.
    fn answer(&mut self, request: &Request) -> Option<Exchange> {
        let path = request.target.split('?').next().unwrap_or_default().to_owned();
        let body = || serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
        let (status, body) = match request.method.as_str() {
            "POST" => {
                self.created += 1;
                let id = format!("{IMAGINED}{}", self.created);
                let mut resource = body();
                if let Value::Object(members) = &mut resource {
                    members.remove("password");
                    members.insert("id".into(), id.as_str().into());
                }
                self.resources.insert(format!("{path}/{id}"), resource.clone());
                (201, Some(resource))
            }
            "GET" | "HEAD" => match self.resources.get(&path) {
                Some(resource) => (200, Some(resource.clone())),
                None if !request.target.contains(IMAGINED) => return None,
                // Nobody is asked for what there is in imagination only.
                None if matches!(path.as_str(), "/Users" | "/Groups") => {
                    (200, Some(json!({ "schemas": [LIST_RESPONSE], "totalResults": 0, "Resources": [] })))
                }
                None => (404, Some(json!({ "schemas": [ERROR], "status": "404" }))),
            },
            "PUT" => (200, Some(body())),
            "DELETE" => {
                self.resources.remove(&path);
                (204, None)
            }
            _ => (204, None),
        };
        let headers = body.iter().map(|_| ("Content-Type", SCIM_JSON)).collect();
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(json!(body).to_string()));
        Some(Exchange {
            request: request.clone(),
            outcome: Ok(Response { status, headers, body }),
            started: Timestamp::now(),
            duration: Duration::ZERO,
            attempt: 1,
        })
    }
}
