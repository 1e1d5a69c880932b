//! Playing a scenario: rendering its requests, sending them, holding the answers against what is expected.
//!
//! How a request reaches a target is the [`Player`]'s business. A step that fails ends the scenario, because what
//! follows builds on it; a request that gets no answer aborts it.

use serde_json::Value;
use std::future::Future;

use super::matcher::{Expectation, Mismatch, Place, cut};
use super::template::{Undefined, Variables};
use super::{RequestStep, Save, SaveFrom, Scenario, Step, Until};
use crate::diagnostic::Diagnostic;
use crate::exchange::{Exchange, Request, Response, TransportFailure, reason};
use crate::idp::Dialect;
use crate::protocol::message::member;

mod idp;
mod render;

/// Sends requests.
pub trait Player {
    /// Sends a request and waits for what comes of it.
    fn send(&mut self, request: Request) -> impl Future<Output = Exchange> + Send;
}

impl<F, R> Player for F
where
    F: FnMut(Request) -> R,
    R: Future<Output = Exchange> + Send,
{
    fn send(&mut self, request: Request) -> impl Future<Output = Exchange> + Send {
        self(request)
    }
}

/// What differs from run to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The base URL of the target without a slash at its end: the variable `base`.
    pub base: String,
    /// The run suffix: empty for a target of one's own, unique for a shared one. The variable `run`, and part of
    /// the identifying values of the directory.
    pub run: String,
    /// The dialect that is played: whose words `idp:` steps are said in.
    pub dialect: Option<Dialect>,
}

/// What came of a scenario.
#[derive(Debug, Clone)]
pub struct Played {
    /// The steps that were begun, in order.
    pub steps: Vec<PlayedStep>,
    /// What was not as expected, each at its place in the file. Empty where the scenario was completed.
    pub diagnostics: Vec<Diagnostic>,
    /// How it ended.
    pub outcome: Outcome,
}

/// One step with what was sent and what came.
#[derive(Debug, Clone)]
pub struct PlayedStep {
    /// Its name.
    pub name: String,
    /// More than one where the step is repeated.
    pub exchanges: Vec<Exchange>,
}

/// How a scenario ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every step was played, every expectation holds.
    Completed,
    /// A step failed; the ones behind it were not played.
    Failed,
    /// A step that only sets the scene failed, so that what the scenario is about was not played.
    Unprepared,
    /// A request got no answer; nothing can be said about the target.
    Aborted(TransportFailure),
}

/// Plays a scenario. `on_exchange` is told of every exchange with the name of its step as soon as it is over.
///
/// Never panics and always ends: steps, repetitions and attempts are bounded by the file.
pub async fn play<P: Player + Send>(
    scenario: &Scenario,
    player: &mut P,
    settings: &Settings,
    mut on_exchange: impl FnMut(&str, &Exchange),
) -> Played {
    let mut run = Run {
        scenario,
        settings,
        player,
        on_exchange: &mut on_exchange,
        variables: Variables::new(scenario.directory.variables(&settings.run)),
        steps: Vec::new(),
    };
    let end = run.all().await;
    let (diagnostics, outcome) = match end {
        Ok(()) => (Vec::new(), Outcome::Completed),
        Err(Stop::Failed(diagnostics)) if run.is_preparing() => (diagnostics, Outcome::Unprepared),
        Err(Stop::Failed(diagnostics)) => (diagnostics, Outcome::Failed),
        Err(Stop::Aborted(diagnostic, failure)) => (vec![*diagnostic], Outcome::Aborted(failure)),
    };
    Played { steps: run.steps, diagnostics, outcome }
}

/// Why a scenario ends before its last step.
enum Stop {
    Failed(Vec<Diagnostic>),
    Aborted(Box<Diagnostic>, TransportFailure),
}

struct Run<'r, P, O> {
    scenario: &'r Scenario,
    settings: &'r Settings,
    player: &'r mut P,
    on_exchange: &'r mut O,
    variables: Variables,
    steps: Vec<PlayedStep>,
}

impl<P: Player + Send, O: FnMut(&str, &Exchange)> Run<'_, P, O> {
    async fn all(&mut self) -> Result<(), Stop> {
        self.variables.set("base", self.settings.base.as_str());
        self.variables.set("run", self.settings.run.as_str());
        for (name, tree) in &self.scenario.vars {
            let value = tree.render(&self.variables).map_err(|undefined| self.undefined(&[undefined]))?;
            self.variables.set(name, value);
        }
        let mut playing = None;
        for (index, step) in self.scenario.steps.iter().enumerate() {
            self.steps.push(PlayedStep { name: step.name().to_owned(), exchanges: Vec::new() });
            let step = match step {
                Step::Request(step) => step,
                Step::Idp(step) => {
                    self.act(index + 1, step, &mut playing).await?;
                    continue;
                }
            };
            for round in 1..=step.repeat.unwrap_or(1) {
                if step.repeat.is_some() {
                    self.variables.set("index", round);
                }
                self.step(index + 1, step).await?;
            }
            self.variables.remove("index");
        }
        match playing {
            Some(playing) => self.converged(playing).await,
            None => Ok(()),
        }
    }

    /// Whether the step that was begun last only sets the scene.
    fn is_preparing(&self) -> bool {
        let begun = self.steps.len().checked_sub(1).and_then(|index| self.scenario.steps.get(index));
        begun.is_some_and(Step::prepares)
    }

    async fn step(&mut self, number: usize, step: &RequestStep) -> Result<(), Stop> {
        let response = match &step.until {
            None => self.send(step).await?,
            Some(until) => self.until(number, step, until).await?,
        };
        let mismatches = self.check(&step.expect, &response)?;
        if !mismatches.is_empty() {
            return Err(self.unexpected(number, step, &response, &mismatches, None));
        }
        let mut missing = Vec::new();
        for save in &step.save {
            match saved(save, &response) {
                Some(value) => self.variables.set(&save.name, value),
                None => missing.push(self.not_saved(step, save, &response)),
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(Stop::Failed(missing)) }
    }

    /// Sends until the answer fits.
    async fn until(&mut self, number: usize, step: &RequestStep, until: &Until) -> Result<Response, Stop> {
        let mut attempt = 1;
        loop {
            let response = self.send(step).await?;
            let mismatches = self.check(&until.expect, &response)?;
            if mismatches.is_empty() {
                return Ok(response);
            }
            if attempt >= until.attempts {
                return Err(self.unexpected(number, step, &response, &mismatches, Some(until.attempts)));
            }
            attempt += 1;
            tokio::time::sleep(until.pause).await;
        }
    }

    async fn send(&mut self, step: &RequestStep) -> Result<Response, Stop> {
        let request = render::request(self.scenario, step, &self.variables, &self.settings.base);
        let request = request.map_err(|diagnostic| Stop::Failed(vec![*diagnostic]))?;
        let exchange = self.player.send(request).await;
        (self.on_exchange)(&step.name, &exchange);
        let outcome = exchange.outcome.clone();
        if let Some(played) = self.steps.last_mut() {
            played.exchanges.push(exchange);
        }
        outcome.map_err(|failure| {
            let source = &self.scenario.source;
            let diagnostic = Diagnostic::error(format!("no answer: {failure}")).at(
                source,
                step.request_span.clone(),
                "to this request",
            );
            Stop::Aborted(Box::new(diagnostic), failure)
        })
    }

    fn check(&self, expect: &Expectation, response: &Response) -> Result<Vec<Mismatch>, Stop> {
        expect.check(response, &self.variables).map_err(|undefined| self.undefined(&undefined))
    }

    fn undefined(&self, undefined: &[Undefined]) -> Stop {
        Stop::Failed(undefined.iter().map(|undefined| undefined.diagnostic(&self.scenario.source)).collect())
    }

    fn unexpected(
        &self,
        number: usize,
        step: &RequestStep,
        response: &Response,
        mismatches: &[Mismatch],
        attempts: Option<u32>,
    ) -> Stop {
        let answer = format!("the answer {} to step {number}, `{}`", status_line(response), step.name);
        let diagnostics = mismatches.iter().map(|mismatch| {
            let mut diagnostic = mismatch.diagnostic(&self.scenario.source, &answer);
            if mismatch.place == Place::Status {
                diagnostic.notes.extend(said(response));
            }
            diagnostic
                .notes
                .extend(attempts.map(|attempts| format!("still so at the last of {attempts} attempts")));
            diagnostic
        });
        Stop::Failed(diagnostics.collect())
    }

    fn not_saved(&self, step: &RequestStep, save: &Save, response: &Response) -> Diagnostic {
        let what = match &save.from {
            SaveFrom::Header(name) => format!("header `{name}`"),
            SaveFrom::Body(tokens) => format!("`/{}` in the body", tokens.join("/")),
        };
        let title = format!("`{}` cannot be saved: the answer has no {what}", save.name);
        let mut diagnostic = Diagnostic::error(title)
            .at(&self.scenario.source, save.span.clone(), "not there")
            .with_note(format!("looked for in the answer {} to `{}`", status_line(response), step.name));
        diagnostic.notes.extend(said(response));
        diagnostic
    }
}

/// What an answer says in its body: the detail of a SCIM error, or the beginning of the body.
fn said(response: &Response) -> Option<String> {
    let body = response.json().ok();
    let detail = body.as_ref().and_then(Value::as_object).and_then(|body| member(body, "detail"));
    match detail.and_then(Value::as_str) {
        Some(detail) => Some(format!("the answer says: {}", cut(detail))),
        None if response.body.is_empty() => None,
        None => Some(format!("the body is `{}`", cut(&String::from_utf8_lossy(&response.body)))),
    }
}

/// Status and reason: `200 OK`.
fn status_line(response: &Response) -> String {
    format!("{} {}", response.status, reason(response.status)).trim_end().to_owned()
}

/// The part of an answer that is to be saved. Names of members compare as everywhere in SCIM.
fn saved(save: &Save, response: &Response) -> Option<Value> {
    match &save.from {
        SaveFrom::Header(name) => response.headers.get(name).map(Value::from),
        SaveFrom::Body(tokens) => {
            let body = response.json().ok()?;
            let found = tokens.iter().try_fold(&body, |value, token| match value {
                Value::Object(object) => member(object, token),
                Value::Array(list) => token.parse::<usize>().ok().and_then(|index| list.get(index)),
                _ => None,
            });
            found.cloned()
        }
    }
}

#[cfg(test)]
mod idp_tests;
#[cfg(test)]
mod tests;
