//! One case from its first request to its finding.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::mpsc::UnboundedSender;

use super::Case;
use super::stage::{Stage, tenant};
use crate::diagnostic::Diagnostic;
use crate::event::{Event, Finding, SnapshotDifference, Status};
use crate::exchange::{Exchange, FailureKind, Request, TransportFailure};
use crate::redact::{Redacted, Secrets};
use crate::scenario::execute::{self, Outcome, Played, Player, Settings};
use crate::snapshot::{self, Comparison, Store, Transcript};
use crate::target::journal::Journal;
use crate::target::{Target, journaled};

/// Plays a case and judges it. `name` is the name of the target; `suffix` is what names carry on a shared one.
pub(super) async fn play(
    case: &Case,
    stage: &Stage,
    name: &str,
    suffix: &str,
    store: &Store,
    events: &UnboundedSender<Event>,
) -> Finding {
    let clock = Instant::now();
    let mut finding = match stage {
        Stage::Shared(shared) => match shared.visit.journal(&shared.target, suffix) {
            Err(error) => verdict(case, Status::Error, format!("the journal cannot be written: {error}")),
            Ok(journal) => {
                let line = Line { target: &shared.target, journal: Some(&journal), heard: Mutex::default() };
                let mut finding = act(case, line, suffix, store, events).await;
                finding.duration = clock.elapsed();
                // What cannot be deleted now is tried again, and told, at the end of the run.
                shared.visit.clear(&shared.target, &journal).await;
                return finding;
            }
        },
        Stage::BuiltIn(providers) => {
            match providers.get(name).map(|built_in| (built_in, tenant(&built_in.provider))) {
                Some((built_in, Ok((target, tenant)))) => {
                    let line = Line { target: &target, journal: None, heard: Mutex::default() };
                    let finding = act(case, line, "", store, events).await;
                    built_in.provider.drop_tenant(tenant);
                    finding
                }
                Some((_, Err(refusal))) => verdict(case, Status::Error, refusal.message),
                None => {
                    verdict(case, Status::Error, format!("there is no provider with the profile `{name}`"))
                }
            }
        }
    };
    finding.duration = clock.elapsed();
    finding
}

/// A finding without evidence.
pub(super) fn verdict(case: &Case, status: Status, message: impl Into<String>) -> Finding {
    Finding::plain(case.item.clone(), status, message)
}

/// The connection of one case to its target.
struct Line<'a> {
    target: &'a Target,
    /// There where what is created must be deleted again.
    journal: Option<&'a Journal>,
    /// Every attempt since the scenario was last told of an exchange.
    heard: Mutex<Vec<Exchange>>,
}

impl Line<'_> {
    async fn say(&self, request: Request) -> Exchange {
        let attempts = match self.journal {
            None => vec![self.target.send(request).await],
            Some(journal) => match journaled::send(self.target, journal, request.clone()).await {
                Ok(attempts) => attempts,
                Err(error) => vec![unsent(request, &error)],
            },
        };
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.extend(attempts);
        match heard.last() {
            // How often a busy target was asked is in the report; for the transcript only the answer counts.
            Some(last) => Exchange { attempt: 1, ..last.clone() },
            None => unsent(Request::new("", ""), &std::io::Error::other("nothing was sent")),
        }
    }

    fn heard(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request that did not go out, because the journal could not have told of it.
fn unsent(request: Request, error: &std::io::Error) -> Exchange {
    let message = format!("it was not sent, because the journal cannot be written: {error}");
    Exchange {
        request,
        outcome: Err(TransportFailure { kind: FailureKind::Request, message }),
        started: jiff::Timestamp::now(),
        duration: std::time::Duration::ZERO,
        attempt: 1,
    }
}

/// Sends for the scenario.
struct Speaker<'a>(&'a Line<'a>);

impl Player for Speaker<'_> {
    async fn send(&mut self, request: Request) -> Exchange {
        self.0.say(request).await
    }
}

async fn act(
    case: &Case,
    line: Line<'_>,
    suffix: &str,
    store: &Store,
    events: &UnboundedSender<Event>,
) -> Finding {
    let settings =
        Settings { base: line.target.base().to_owned(), run: suffix.to_owned(), dialect: case.dialect };
    let secrets = line.target.secrets();
    let mut exchanges = Vec::new();
    let played = execute::play(&case.scenario, &mut Speaker(&line), &settings, |step, _| {
        for exchange in line.heard() {
            let exchange = secrets.exchange(&exchange);
            exchanges.push(exchange.clone());
            let item = case.item.clone();
            // The run may be over already; then nobody wants to know.
            let _ = events.send(Event::Exchanged { item, step: step.to_owned(), exchange });
        }
    })
    .await;
    let mut finding = match &played.outcome {
        Outcome::Completed => compared(case, &played, &settings, secrets, store),
        Outcome::Failed => verdict(case, Status::Fail, summary(&played.diagnostics)),
        Outcome::Unprepared => {
            let reason = format!("the scene cannot be set: {}", summary(&played.diagnostics));
            verdict(case, Status::Blocked, reason)
        }
        Outcome::Aborted(failure) => verdict(case, Status::Error, format!("no answer: {failure}")),
    };
    finding.message = secrets.text(&finding.message).into_inner();
    finding.diagnostics = played.diagnostics.iter().map(|diagnostic| redacted(diagnostic, secrets)).collect();
    finding.exchanges = exchanges;
    finding
}

/// Compares the transcript with its snapshot.
fn compared(case: &Case, played: &Played, settings: &Settings, secrets: &Secrets, store: &Store) -> Finding {
    let redacted = |exchanges: &[Exchange]| -> Vec<Redacted<Exchange>> {
        exchanges.iter().map(|exchange| secrets.exchange(exchange)).collect()
    };
    let dialect = case.dialect.map(|dialect| dialect.word().to_owned());
    let transcript = Transcript {
        source: case.scenario.source.path.clone(),
        title: case.scenario.title.clone(),
        dialect: dialect.clone(),
        base: settings.base.clone(),
        run_suffix: settings.run.clone(),
        steps: played.steps.iter().map(|step| (step.name.clone(), redacted(&step.exchanges))).collect(),
    };
    let comparison =
        match store.compare(&case.scenario.id, dialect.as_deref(), &snapshot::render(&transcript)) {
            Ok(comparison) => comparison,
            Err(error) => {
                return verdict(case, Status::Error, format!("the snapshot cannot be used: {error}"));
            }
        };
    let state = comparison.state();
    let (status, message, difference) = match comparison {
        Comparison::Unchanged | Comparison::Updated => (Status::Pass, String::new(), None),
        Comparison::Missing { path, pending } => {
            let message = format!("there is no snapshot `{path}`");
            let difference = SnapshotDifference { path, pending, changes: Vec::new(), text: String::new() };
            (Status::Fail, message, Some(difference))
        }
        Comparison::Changed(difference) => {
            let message = match &difference.changes[..] {
                [] => "the transcript differs from its snapshot".to_owned(),
                [only] => format!("the transcript differs from its snapshot: {only}"),
                [first, more @ ..] => {
                    format!("the transcript differs from its snapshot: {first} (and {} more)", more.len())
                }
            };
            (Status::Fail, message, Some(difference))
        }
    };
    Finding { snapshot: Some(state), difference, ..verdict(case, status, message) }
}

/// The first mistake in one line.
fn summary(diagnostics: &[Diagnostic]) -> String {
    match diagnostics {
        [] => "a step failed".to_owned(),
        [only] => only.title.clone(),
        [first, more @ ..] => format!("{} (and {} more)", first.title, more.len()),
    }
}

/// A diagnostic tells what came, which may hold a secret.
fn redacted(diagnostic: &Diagnostic, secrets: &Secrets) -> Diagnostic {
    let text = |text: &mut String| *text = secrets.text(text).into_inner();
    let mut diagnostic = diagnostic.clone();
    text(&mut diagnostic.title);
    diagnostic.labels.iter_mut().for_each(|label| text(&mut label.text));
    diagnostic.notes.iter_mut().chain(&mut diagnostic.help).for_each(text);
    diagnostic
}
