//! What all checks of a run share: the target, what it says of itself, the names that the run gives, and the promise that
//! nothing is changed or deleted which the run did not create.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::OnceCell;

use super::Created;
use super::cohort::Cohort;
use super::survey::Survey;
use crate::conformance::discovery::{Discovery, Kind};
use crate::exchange::{Exchange, Request};
use crate::redact::Secrets;
use crate::target::journal::Journal;
use crate::target::{Target, journaled};

/// After so many requests in a row without an answer nothing more is sent.
const PATIENCE: u32 = 6;

/// What a run may do on its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Create, change and delete what it created.
    Write,
    /// Only look (`--read-only`).
    Read,
}

/// A value that every body must carry although no schema says so (`[target.x.required]`).
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    /// The name of the resource type.
    pub kind: String,
    /// The path of the attribute.
    pub path: String,
    /// The value.
    pub value: Value,
}

/// What all checks of a run share.
pub struct Ground {
    target: Target,
    discovery: Discovery,
    journal: Option<Arc<Journal>>,
    access: Access,
    demands: Vec<Demand>,
    has_credentials: bool,
    run: String,
    names: AtomicUsize,
    /// Paths of what the run created, and of what nobody has.
    own: Mutex<HashSet<String>>,
    /// Requests without an answer, in a row.
    unanswered: AtomicU32,
    pub(super) surveys: Vec<OnceCell<Result<Arc<Survey>, String>>>,
    pub(super) cohort: OnceCell<Result<Arc<Cohort>, String>>,
    pub(super) crowd: OnceCell<Result<Arc<Vec<Created>>, String>>,
    /// What the preparations created; it is there until the run ends.
    shared: Mutex<Vec<String>>,
    /// The status of a request that only finds out whether an endpoint is there, by path.
    pub(super) me: OnceCell<Option<u16>>,
    pub(super) search: OnceCell<Option<u16>>,
}

/// What a run is begun with.
pub struct Terms {
    /// Where what is created is written down; none for a target that nobody else uses.
    pub journal: Option<Arc<Journal>>,
    /// What the run may do.
    pub access: Access,
    /// What every body must carry.
    pub demands: Vec<Demand>,
    /// Whether the target was given credentials.
    pub has_credentials: bool,
    /// A word of letters and digits that no other run has; every name carries it.
    pub run: String,
}

impl Ground {
    /// The ground of a run against a target that has been asked about itself.
    pub fn new(target: Target, discovery: Discovery, terms: Terms) -> Self {
        let surveys = discovery.kinds.iter().map(|_| OnceCell::new()).collect();
        Self {
            target,
            discovery,
            journal: terms.journal,
            access: terms.access,
            demands: terms.demands,
            has_credentials: terms.has_credentials,
            run: terms.run,
            names: AtomicUsize::new(0),
            own: Mutex::default(),
            unanswered: AtomicU32::new(0),
            surveys,
            cohort: OnceCell::new(),
            crowd: OnceCell::new(),
            shared: Mutex::default(),
            me: OnceCell::new(),
            search: OnceCell::new(),
        }
    }

    /// What the target says of itself.
    pub fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    /// The target.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// What must not leave the program.
    pub fn secrets(&self) -> &Secrets {
        self.target.secrets()
    }

    /// What the run may do.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Whether the target was given credentials.
    pub fn has_credentials(&self) -> bool {
        self.has_credentials
    }

    /// What every body of that type must carry.
    pub(super) fn demands(&self, kind: &Kind) -> impl Iterator<Item = &Demand> {
        self.demands.iter().filter(|demand| demand.kind.eq_ignore_ascii_case(kind.name()))
    }

    /// The word that every name of the run carries.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// A name that no other resource has: letters and digits only, beginning with a letter. None is the beginning of another, so
    /// that `sw` selects what was named after it and nothing else.
    pub fn fresh_name(&self) -> String {
        format!("sc{}n{}z", self.run, self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether the run created what is at that path, or made the path up.
    pub fn owns(&self, path: &str) -> bool {
        lock(&self.own).contains(path.trim_end_matches('/'))
    }

    /// Takes note of a path that the run may change: it created the resource, or made up the id.
    pub(super) fn adopt(&self, path: &str) {
        lock(&self.own).insert(path.trim_end_matches('/').to_owned());
    }

    /// Whether the target has stopped answering.
    pub fn is_lost(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed) >= PATIENCE
    }

    /// Sends a request and tells every attempt. What may create something is written down before.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub(super) async fn send(&self, request: Request) -> std::io::Result<Vec<Exchange>> {
        let creates = request.method == "POST";
        let removes = request.method == "DELETE";
        let attempts = match &self.journal {
            Some(journal) if creates || removes => journaled::send(&self.target, journal, request).await?,
            _ => self.patiently(request).await,
        };
        // Whoever wants fewer requests and does not say when to come back answers nothing.
        let is_answer =
            |exchange: &Exchange| exchange.response().is_some_and(|response| response.status != 429);
        match attempts.last().is_some_and(is_answer) {
            true => self.unanswered.store(0, Ordering::Relaxed),
            false => drop(self.unanswered.fetch_add(1, Ordering::Relaxed)),
        }
        Ok(attempts)
    }

    /// Sends; a request that only reads is sent once more when the connection failed, because that is safe.
    async fn patiently(&self, request: Request) -> Vec<Exchange> {
        let is_safe = matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS");
        let mut attempts = self.target.send_patiently(request.clone()).await;
        if is_safe && attempts.last().is_some_and(|exchange| exchange.outcome.is_err()) && !self.is_lost() {
            attempts.extend(self.target.send_patiently(request).await);
        }
        attempts
    }

    /// Keeps what a preparation created until the end of the run.
    pub(super) fn share(&self, paths: Vec<String>) {
        lock(&self.shared).extend(paths);
    }

    /// Deletes what a check created, the newest first. What cannot be deleted stays in the journal.
    pub async fn discard(&self, paths: Vec<String>) {
        for path in paths.into_iter().rev() {
            if self.is_lost() {
                return;
            }
            // The journal tells what is left, and the end of the run tells the user.
            let _ = self.send(Request::new("DELETE", path)).await;
        }
    }

    /// Deletes what the preparations created.
    pub async fn leave(&self) {
        let shared = std::mem::take(&mut *lock(&self.shared));
        self.discard(shared).await;
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
