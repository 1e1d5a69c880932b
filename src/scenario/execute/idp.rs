//! Playing `idp:` steps: the directory changes, and the engine says in a dialect's words what follows.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::{Player, Run, Stop};
use crate::diagnostic::Diagnostic;
use crate::event::provisioning::{Entry, Status};
use crate::exchange::{
    Exchange, FailureKind, Headers, Request, Response, SCIM_JSON, TransportFailure, reason,
};
use crate::idp::compare;
use crate::idp::directory::scope::Scope;
use crate::idp::directory::{Directory, Group, Member, PersonStatus};
use crate::idp::engine::state::State;
use crate::idp::engine::wire::Wire;
use crate::idp::engine::{Engine, Note, Settings, Watch};
use crate::scenario::IdpStep;
use crate::scenario::action::{Action, Failed, Fault, FaultAnswer, Hits, Whom};
use crate::scenario::decode::{CONNECTION, IMPORT};
use crate::yaml::Span;

/// When every scenario begins, in simulated time.
const BEGINNING: &str = "2026-01-05T08:00:00Z";

/// The identity provider of a scenario, from its first `idp:` step on.
pub(super) struct Playing {
    engine: Engine,
    directory: Directory,
    /// Keys that a step expected to fail: nothing is expected of them at the end.
    given_up: BTreeSet<String>,
    /// Where the last step stands.
    span: Span,
}

impl<P: Player + Send, O: FnMut(&str, &Exchange)> Run<'_, P, O> {
    /// Plays one step.
    pub(super) async fn act(
        &mut self,
        number: usize,
        step: &IdpStep,
        playing: &mut Option<Playing>,
    ) -> Result<(), Stop> {
        if playing.is_none() {
            *playing = Some(self.begin(step)?);
        }
        let Some(playing) = playing else { return Ok(()) };
        playing.span = step.span.clone();
        let changes = self.changes(step)?;
        let mouth = Mouth::new(self.player, &step.faults);
        let mut failures = Failures::default();
        perform(playing, changes, &mouth, &mut failures).await;
        let idle = mouth.idle();
        let exchanges = mouth.into_heard();
        for exchange in &exchanges {
            (self.on_exchange)(&step.name, exchange);
        }
        if let Some(played) = self.steps.last_mut().filter(|_| !step.silent) {
            played.exchanges.extend(exchanges);
        }
        self.learn_ids(playing);
        self.judge(number, step, playing, failures)?;
        match idle.is_empty() {
            true => Ok(()),
            false => Err(Stop::Failed(idle.into_iter().map(|fault| self.idle(number, fault)).collect())),
        }
    }

    /// What is said of a fault that happened to no request.
    fn idle(&self, number: usize, fault: &Fault) -> Diagnostic {
        let dialect = self.settings.dialect.map_or("", |dialect| dialect.word());
        let title =
            format!("{dialect} sends no such request in step {number}, so this fault does not happen");
        Diagnostic::error(title).at(&self.scenario.source, fault.span.clone(), "no request is hit")
    }

    fn begin(&self, step: &IdpStep) -> Result<Playing, Stop> {
        let wrong = |title: String| {
            let place = Diagnostic::error(title).at(&self.scenario.source, step.span.clone(), "this step");
            Stop::Failed(vec![place])
        };
        let Some(dialect) = self.settings.dialect else {
            return Err(wrong("no dialect is played".to_owned()));
        };
        let mut directory = self.scenario.directory.clone().suffixed(&self.settings.run);
        directory.assign_nobody();
        let mapping = Engine::mapping_of(dialect, &directory).map_err(|error| wrong(error.to_string()))?;
        let now = BEGINNING.parse().map_err(|error: jiff::Error| wrong(error.to_string()))?;
        let engine = Engine::new(dialect.speech(), mapping, Settings::default(), State::new(now));
        Ok(Playing { engine, directory, given_up: BTreeSet::new(), span: step.span.clone() })
    }

    /// The actions with their variables put in.
    fn changes(&self, step: &IdpStep) -> Result<Vec<Change>, Stop> {
        let undefined = |undefined| self.undefined(&[undefined]);
        let mut changes = Vec::new();
        for action in &step.actions {
            changes.push(match action {
                Action::Update(key, tree) => {
                    Change::Update(key.clone(), tree.render(&self.variables).map_err(undefined)?)
                }
                Action::CreateGroup(key, tree) => {
                    Change::CreateGroup(key.clone(), tree.render(&self.variables).map_err(undefined)?)
                }
                Action::RenameGroup(key, name) => {
                    Change::RenameGroup(key.clone(), name.text(&self.variables).map_err(undefined)?)
                }
                other => Change::Plain(other.clone()),
            });
        }
        Ok(changes)
    }

    /// The ids that the target gave, as members of the variables of people and groups.
    fn learn_ids(&mut self, playing: &Playing) {
        let state = playing.engine.state();
        let people = state.people.iter().map(|(key, link)| (key, &link.id));
        let groups = state.groups.iter().map(|(key, link)| (key, &link.id));
        for (key, id) in people.chain(groups) {
            self.variables.set_member(key, "id", id.as_str());
        }
    }

    /// Whether everything worked that should, and nothing else.
    fn judge(
        &self,
        number: usize,
        step: &IdpStep,
        playing: &mut Playing,
        failures: Failures,
    ) -> Result<(), Stop> {
        let dialect = self.settings.dialect.map_or("", |dialect| dialect.word());
        let wrong = |title: String, label: &str| {
            Diagnostic::error(title).at(&self.scenario.source, step.span.clone(), label.to_owned())
        };
        let expected: Vec<&String> = match &step.failed {
            Failed::These(keys) => keys.iter().collect(),
            Failed::Any => failures.found.iter().map(|(key, _)| key).collect(),
        };
        let unexpected = failures.found.iter().filter(|(key, _)| !expected.contains(&key));
        let imports = self.settings.dialect.is_none_or(|dialect| dialect.speech().habits().import.is_some());
        let mut diagnostics: Vec<Diagnostic> = unexpected
            .map(|(key, reason)| {
                if key == IMPORT && !imports {
                    let title = format!("{dialect} cannot do step {number}: {reason}");
                    let help = format!(
                        "leave `{dialect}` out of `as`, or expect nothing of it: `expect: {{ failed: {IMPORT} }}`"
                    );
                    return wrong(title, "the product has no import").with_help(help);
                }
                let title = format!("{dialect} cannot finish step {number} for `{key}`: {reason}");
                wrong(title, "the identity provider is stuck here")
            })
            .collect();
        for key in &expected {
            if !failures.found.iter().any(|(failed, _)| failed == *key) {
                let title = format!("step {number} was expected to fail for `{key}`, and did not");
                diagnostics.push(wrong(title, "everything worked"));
            }
        }
        if step.failed == Failed::Any && failures.found.is_empty() {
            let title = format!("step {number} was expected to fail for somebody, and did not");
            diagnostics.push(wrong(title, "everything worked"));
        }
        playing.given_up.extend(expected.iter().map(|key| (*key).clone()));
        // What works now is expected to be right in the end.
        let is_settled =
            |key: &String| !expected.contains(&key) && !playing.engine.state().troubles.contains_key(key);
        playing.given_up.retain(|key| !is_settled(key));
        if diagnostics.is_empty() { Ok(()) } else { Err(Stop::Failed(diagnostics)) }
    }

    /// Holds the target against the directory once all steps are played. What is read for it is not part of the transcript.
    pub(super) async fn converged(&mut self, playing: Playing) -> Result<(), Stop> {
        let scope = Scope::new(&playing.directory, playing.engine.nesting());
        let mouth = Mouth::new(self.player, &[]);
        let mut diagnostics = Vec::new();
        compare::compare(&playing.engine, &scope, &mouth, |judged| {
            if playing.given_up.contains(&judged.key) {
                return;
            }
            let differences = judged.differences.iter().map(|difference| {
                let mut title = format!("in the end `{}` {}", judged.key, difference.what);
                if let (Some(expected), Some(got)) = (&difference.expected, &difference.got) {
                    title.push_str(&format!(": expected {expected}, got {got}"));
                }
                title
            });
            let unclear =
                judged.unclear.iter().map(|why| format!("in the end `{}` cannot be read: {why}", judged.key));
            for title in differences.chain(unclear) {
                let label = "the last step of the identity provider";
                diagnostics.push(Diagnostic::error(title).at(
                    &self.scenario.source,
                    playing.span.clone(),
                    label,
                ));
            }
        })
        .await;
        if diagnostics.is_empty() { Ok(()) } else { Err(Stop::Failed(diagnostics)) }
    }
}

/// An action with its variables put in.
enum Change {
    Update(String, Value),
    CreateGroup(String, Value),
    RenameGroup(String, String),
    Plain(Action),
}

/// Does what a step says; changes of the directory are followed by one cycle.
async fn perform<W: Wire>(playing: &mut Playing, changes: Vec<Change>, wire: &W, failures: &mut Failures) {
    let mut is_changed = false;
    for change in changes {
        match change {
            Change::Plain(Action::TestConnection) => {
                if let Err(failure) = playing.engine.test_connection(wire).await {
                    failures.found.push((CONNECTION.to_owned(), failure.reason));
                }
            }
            Change::Plain(Action::Import) => {
                if let Err(failure) = playing.engine.import(&playing.directory, wire, failures).await {
                    failures.found.push((IMPORT.to_owned(), failure.reason));
                }
            }
            Change::Plain(Action::Advance(time)) => playing.engine.advance(time),
            Change::Plain(Action::Cycle) => {
                cycle(playing, wire, failures).await;
                is_changed = false;
            }
            other => {
                // Keys were checked when the file was read.
                if let Err(unknown) = edit(&mut playing.directory, other) {
                    failures.found.push((unknown.0.clone(), unknown.to_string()));
                }
                is_changed = true;
            }
        }
    }
    if is_changed {
        cycle(playing, wire, failures).await;
    }
}

async fn cycle<W: Wire>(playing: &mut Playing, wire: &W, failures: &mut Failures) {
    if playing.engine.state().job.cycle > 0 {
        playing.engine.advance_to_next_cycle();
    }
    playing.engine.cycle(&playing.directory, wire, failures).await;
}

fn edit(directory: &mut Directory, change: Change) -> Result<(), crate::idp::directory::edit::Unknown> {
    let each = |directory: &mut Directory, keys: &[String], status| {
        keys.iter().try_for_each(|key| directory.set_status(key, status))
    };
    match change {
        Change::Update(key, Value::Object(changes)) => directory.update(&key, changes),
        Change::Update(..) => Ok(()),
        Change::RenameGroup(key, name) => directory.rename_group(&key, name),
        Change::CreateGroup(key, group) => {
            let text = |name: &str| group[name].as_str().map(str::to_owned);
            let members = group["members"].as_array().map_or(&[][..], Vec::as_slice);
            let members: Result<Vec<Member>, _> =
                members.iter().filter_map(Value::as_str).map(|key| directory.member(key)).collect();
            directory.add_group(Group {
                key: key.clone(),
                display_name: text("displayName").unwrap_or_default(),
                external_id: text("externalId"),
                members: members?,
            });
            directory.assign(&key)
        }
        Change::Plain(action) => match action {
            Action::Assign(Whom::All) => {
                directory.assign_all();
                Ok(())
            }
            Action::Unassign(Whom::All) => {
                directory.assign_nobody();
                Ok(())
            }
            Action::Assign(Whom::These(keys)) => keys.iter().try_for_each(|key| directory.assign(key)),
            Action::Unassign(Whom::These(keys)) => keys.iter().try_for_each(|key| directory.unassign(key)),
            Action::Suspend(keys) => each(directory, &keys, PersonStatus::Suspended),
            Action::Restore(keys) => each(directory, &keys, PersonStatus::Active),
            Action::Delete(keys) => each(directory, &keys, PersonStatus::Deleted),
            Action::DeleteGroup(keys) => keys.iter().try_for_each(|key| directory.remove_group(key)),
            Action::AddMember(group, whom) => {
                let everybody = || directory.people.iter().map(|person| person.key.clone()).collect();
                let keys: Vec<String> = these(whom, everybody);
                keys.iter().try_for_each(|key| directory.add_member(&group, key))
            }
            Action::RemoveMember(group, whom) => {
                let members =
                    |known: &Group| known.members.iter().map(|member| member.key().to_owned()).collect();
                let known = directory.groups.iter().find(|known| known.key == group);
                let keys: Vec<String> = these(whom, || known.map(members).unwrap_or_default());
                keys.iter().try_for_each(|key| directory.remove_member(&group, key))
            }
            _ => Ok(()),
        },
    }
}

/// Those who are named, or all there are.
fn these(whom: Whom, all: impl FnOnce() -> Vec<String>) -> Vec<String> {
    match whom {
        Whom::These(keys) => keys,
        Whom::All => all(),
    }
}

/// What did not work in a step, each key once.
#[derive(Default)]
struct Failures {
    found: Vec<(String, String)>,
}

impl Watch for Failures {
    fn note(&mut self, note: Note<'_>) -> Result<(), String> {
        if let Note::Entry(Entry { key, status: Status::Failure, reason, .. }, _) = note
            && !self.found.iter().any(|(known, _)| known == key)
        {
            self.found.push((key.clone(), reason.clone().unwrap_or_default()));
        }
        Ok(())
    }
}

/// The wire of the engine over the player of a scenario, with the faults of a step.
struct Mouth<'p, 'f, P> {
    player: tokio::sync::Mutex<&'p mut P>,
    heard: Mutex<Vec<Exchange>>,
    faults: &'f [Fault],
}

impl<'p, 'f, P> Mouth<'p, 'f, P> {
    fn new(player: &'p mut P, faults: &'f [Fault]) -> Self {
        Self { player: tokio::sync::Mutex::new(player), heard: Mutex::default(), faults }
    }

    fn into_heard(self) -> Vec<Exchange> {
        self.heard.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens to this request, the next one.
    fn fault(&self, request: &Request) -> Option<FaultAnswer> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let hits = |fault: &&Fault| match &fault.hits {
            Hits::Numbers(from, to) => (*from as usize..=*to as usize).contains(&(heard.len() + 1)),
            Hits::Every(method, path) => is_like(request, method, path),
            Hits::First(method, path) => {
                is_like(request, method, path)
                    && !heard.iter().any(|exchange| is_like(&exchange.request, method, path))
            }
        };
        self.faults.iter().find(hits).map(|fault| fault.answer)
    }

    /// Faults that happened to no request.
    fn idle(&self) -> Vec<&'f Fault> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let is_idle = |fault: &&Fault| match &fault.hits {
            Hits::Numbers(_, to) => heard.len() < *to as usize,
            Hits::Every(method, path) | Hits::First(method, path) => {
                !heard.iter().any(|exchange| is_like(&exchange.request, method, path))
            }
        };
        self.faults.iter().filter(is_idle).collect()
    }
}

fn is_like(request: &Request, method: &str, path: &str) -> bool {
    request.method == method && request.target.starts_with(path)
}

impl<P: Player + Send> Wire for Mouth<'_, '_, P> {
    async fn send(&self, request: Request) -> Exchange {
        let exchange = match self.fault(&request) {
            None => self.player.lock().await.send(request).await,
            Some(FaultAnswer::Lost) => {
                let arrived = self.player.lock().await.send(request).await;
                Exchange { outcome: Err(silence(FailureKind::Timeout, "the answer got lost")), ..arrived }
            }
            Some(FaultAnswer::Unreachable) => {
                made_up(request, Err(silence(FailureKind::Connect, "the target is unreachable")))
            }
            Some(FaultAnswer::Status { status, retry_after }) => {
                let mut headers: Headers = [("Content-Type", SCIM_JSON)].into_iter().collect();
                if let Some(seconds) = retry_after {
                    headers.append("Retry-After", seconds.to_string());
                }
                let body = serde_json::json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                    "status": status.to_string(),
                    "detail": reason(status),
                });
                made_up(request, Ok(Response { status, headers, body: Bytes::from(body.to_string()) }))
            }
        };
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(exchange.clone());
        exchange
    }

    /// Simulated time passes at once.
    async fn pause(&self, _: Duration) {}
}

fn silence(kind: FailureKind, message: &str) -> TransportFailure {
    TransportFailure { kind, message: message.to_owned() }
}

fn made_up(request: Request, outcome: Result<Response, TransportFailure>) -> Exchange {
    let started = jiff::Timestamp::now();
    Exchange { request, outcome, started, duration: Duration::ZERO, attempt: 1 }
}
