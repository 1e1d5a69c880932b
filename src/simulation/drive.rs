//! A job from its connection test to its comparison.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ledger::Ledger;
use super::line::Line;
use crate::event::provisioning::{CycleDone, Entry, Kind, Status as Outcome};
use crate::event::{Event, Finding, Item, Observer, Problem, Severity, Status};
use crate::exchange::{Exchange, Request};
use crate::idp::compare::{self, Judged};
use crate::idp::directory::Directory;
use crate::idp::directory::scope::Scope;
use crate::idp::engine::import::Imported;
use crate::idp::engine::state::Record;
use crate::idp::engine::wire::{Failure, FailureKind, Wire};
use crate::idp::engine::{Cycle, Engine, Note, Stop, Watch};
use crate::redact::{Redacted, Secrets};
use crate::target::refusal::Refusal;

/// Where nobody says how many cycles are wanted, so many at most.
const MOST_CYCLES: u32 = 10;

/// What helps where the credentials are refused.
const LOG_IN: &str = "set a valid bearer token in SCIM_TOKEN; `--help` tells other ways to log in";
/// What helps where nobody answers.
const UNREACHED: &str = "is it running, and is the URL right?";
/// What helps where there is nothing.
const ELSEWHERE: &str =
    "every request was answered with 404: is the base URL right? It is what stands before `/Users`";

/// One job at one target.
pub struct Job {
    engine: Engine,
    line: Line,
    secrets: Secrets,
    ledger: Option<Ledger>,
    /// What shows why an object failed last, by key.
    evidence: HashMap<String, Redacted<Exchange>>,
    /// How long the cycles took.
    worked: Duration,
    /// Whether a cycle looked at everybody.
    looked_at_all: bool,
}

impl Job {
    /// A job that is ready to begin. `ledger` takes what is to be kept for a later run.
    pub fn new(engine: Engine, line: Line, secrets: Secrets, ledger: Option<Ledger>) -> Self {
        Self {
            engine,
            line,
            secrets,
            ledger,
            evidence: HashMap::new(),
            worked: Duration::ZERO,
            looked_at_all: false,
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine, to let time pass.
    pub fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Tests the connection, which comes before anything else. Beside the finding come the exchanges, where they are kept.
    ///
    /// # Errors
    /// The target cannot be judged: it does not answer, or refuses the credentials.
    pub async fn test_connection(&mut self) -> Result<(Finding, Vec<Redacted<Exchange>>), Refusal> {
        let clock = Instant::now();
        let result = self.engine.test_connection(&self.line).await;
        let product = self.engine.speech().habits().product;
        let item = Arc::new(Item {
            id: "connection-test".into(),
            title: format!("{product} accepts the connection"),
            topic: "connection".into(),
            level: None,
            requirements: Vec::new(),
            breaks: Vec::new(),
            file: None,
        });
        let mut finding = Finding::plain(item, Status::Pass, "");
        if let Err(failure) = result {
            let Failure { reason, kind, exchange } = *failure;
            let reason = self.secrets.text(&reason).into_inner();
            let status =
                exchange.as_ref().and_then(|exchange| exchange.response()).map(|response| response.status);
            if kind == FailureKind::Silence {
                return Err(
                    Refusal::no_verdict(format!("the target cannot be judged: {reason}")).hint(UNREACHED)
                );
            }
            if let Some(401 | 403) = status {
                return Err(
                    Refusal::no_verdict(format!("the target refuses the credentials: {reason}")).hint(LOG_IN)
                );
            }
            if self.is_elsewhere().await {
                return Err(
                    Refusal::no_verdict(format!("the target cannot be judged: {reason}")).hint(ELSEWHERE)
                );
            }
            finding.status = Status::Fail;
            finding.message = format!("{product} would refuse the connection: {reason}");
            finding.exchanges.extend(exchange.map(|exchange| self.secrets.exchange(&exchange)));
            finding.problems.push(Problem {
                severity: Severity::Violation,
                requirements: Vec::new(),
                what: reason,
                expected: None,
                got: None,
                exchange: (!finding.exchanges.is_empty()).then_some(0),
            });
        }
        finding.duration = clock.elapsed();
        let heard = self.line.heard();
        Ok((finding, heard.iter().map(|exchange| self.secrets.exchange(exchange)).collect()))
    }

    /// Reads what the target has and links it to the people of the directory.
    ///
    /// # Errors
    /// It cannot be read as the product imports it.
    pub async fn import(&mut self, directory: &Directory) -> Result<Imported, Refusal> {
        let mut keeper = Keeper { ledger: self.ledger.as_mut() };
        let imported = self.engine.import(directory, &self.line, &mut keeper).await;
        imported.map_err(|failure| {
            let reason = self.secrets.text(&failure.reason).into_inner();
            Refusal::no_verdict(format!("the accounts of the target cannot be imported: {reason}"))
        })
    }

    /// Runs cycles: as many as are wanted, or until nothing is left that failed.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn cycles(
        &mut self,
        directory: &Directory,
        wanted: Option<u32>,
        observer: &mut impl Observer,
    ) -> Result<(), Refusal> {
        for number in 1.. {
            let cycle = self.cycle(directory, None, observer).await?;
            if number == 1 && cycle.failures > 0 {
                self.judgeable(&cycle).await?;
            }
            let is_settled = self.engine.next_attempt().is_none();
            let is_enough = match wanted {
                Some(wanted) => number >= wanted,
                // The second one shows what is sent again although nothing changed.
                None => (number >= 2 && is_settled) || number >= MOST_CYCLES || cycle.stopped.is_some(),
            };
            if is_enough || matches!(cycle.stopped, Some(Stop::Disabled)) {
                return Ok(());
            }
            self.engine.advance_to_next_cycle();
        }
        Ok(())
    }

    /// Whether there is nothing at this URL. A target may answer a lookup that finds nobody with 404 (Q-L14): it is asked for
    /// what every SCIM service has.
    async fn is_elsewhere(&self) -> bool {
        if !self.line.knows_nothing() {
            return false;
        }
        for plain in ["/ServiceProviderConfig", "/Users?count=1"] {
            let exchange = self.line.send(Request::new("GET", plain)).await;
            if exchange.response().is_none_or(|response| response.status != 404) {
                return false;
            }
        }
        true
    }

    /// Whether a first cycle says anything about the target.
    ///
    /// # Errors
    /// Nothing worked, because nobody answered, the credentials were refused, or there is nothing at this URL.
    async fn judgeable(&self, cycle: &Cycle) -> Result<(), Refusal> {
        let is_refused = cycle.refused == cycle.operations;
        let is_elsewhere = self.is_elsewhere().await;
        if !is_refused && !is_elsewhere {
            return Ok(());
        }
        let reason = self.engine.state().troubles.values().next().map(|trouble| trouble.reason.clone());
        let reason = self.secrets.text(&reason.unwrap_or_default()).into_inner();
        let hint = match &cycle.stopped {
            _ if is_elsewhere => ELSEWHERE,
            Some(Stop::Target(failure)) if failure.is_refusal() => LOG_IN,
            _ => UNREACHED,
        };
        Err(Refusal::no_verdict(format!("the target cannot be judged: {reason}")).hint(hint))
    }

    /// Runs one cycle; with `only`, provisions this person on demand.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn cycle(
        &mut self,
        directory: &Directory,
        only: Option<&str>,
        observer: &mut impl Observer,
    ) -> Result<Cycle, Refusal> {
        let is_initial = !self.engine.state().job.is_complete;
        let time = self.engine.state().job.now;
        let mut listener = Listener {
            observer,
            line: &self.line,
            secrets: &self.secrets,
            ledger: self.ledger.as_mut(),
            evidence: &mut self.evidence,
            cycle: self.engine.state().job.cycle + 1,
        };
        let clock = Instant::now();
        let cycle = match only {
            None => self.engine.cycle(directory, &self.line, &mut listener).await,
            Some(key) => self.engine.provision(directory, key, &self.line, &mut listener).await,
        };
        self.worked += clock.elapsed();
        self.looked_at_all |= is_initial;
        let stopped = match &cycle.stopped {
            None => None,
            Some(Stop::Target(failure)) => Some(self.secrets.text(&failure.reason).into_inner()),
            Some(Stop::Disabled) => Some("the job was disabled after too long in quarantine".to_owned()),
            Some(Stop::Watch(problem)) => return Err(Refusal::usage(problem.clone())),
        };
        observer.observe(&Event::CycleDone(Box::new(CycleDone {
            number: cycle.number,
            time,
            is_initial,
            operations: cycle.operations,
            failures: cycle.failures,
            quarantine: self.engine.state().job.quarantine,
            stopped,
        })));
        Ok(cycle)
    }

    /// Whether nobody is to be provisioned, and nobody was.
    pub fn has_nothing_to_do(&self, directory: &Directory) -> bool {
        let state = self.engine.state();
        if !(state.people.is_empty() && state.groups.is_empty()) {
            return false;
        }
        let scope = Scope::new(directory, self.engine.nesting());
        scope.people().all(|(_, standing)| standing.is_err()) && scope.assigned_groups().next().is_none()
    }

    /// How many findings [`Job::judge`] will tell.
    pub fn count(&self, directory: &Directory) -> usize {
        compare::count(&self.engine, &Scope::new(directory, self.engine.nesting()))
    }

    /// Holds the target against the directory, and tells what was sent altogether.
    pub async fn judge(&mut self, directory: &Directory, observer: &mut impl Observer) {
        let mut differing = 0;
        let traffic = self.line.traffic(self.worked);
        let scope = Scope::new(directory, self.engine.nesting());
        let objects = compare::count(&self.engine, &scope);
        let cycle = self.engine.state().job.cycle;
        observer.observe(&Event::Phase { cycle, what: "comparison", objects });
        compare::compare(&self.engine, &scope, &self.line, |judged| {
            let finding = finding(judged, &self.secrets, &self.evidence);
            differing += usize::from(finding.status == Status::Fail);
            observer.observe(&Event::Finished(Box::new(finding)));
        })
        .await;
        // What the judge read is no part of what the identity provider sent.
        drop(self.line.heard());
        observer.observe(&Event::Traffic(traffic));
        if differing > 0 && !self.looked_at_all && self.engine.next_attempt().is_none() {
            let notice = "an incremental cycle sends what changed in the directory; what was changed at the target \
                          is found with `--restart`, which looks at everybody";
            observer.observe(&Event::Notice(notice.to_owned()));
        }
    }

    /// Writes the state file anew.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&mut self) -> Result<(), Refusal> {
        match &mut self.ledger {
            None => Ok(()),
            Some(ledger) => ledger
                .rewrite(self.engine.state())
                .map_err(|error| Refusal::usage(format!("the state cannot be written: {error}"))),
        }
    }
}

/// Keeps the state and says nothing.
struct Keeper<'j> {
    ledger: Option<&'j mut Ledger>,
}

impl Watch for Keeper<'_> {
    fn note(&mut self, note: Note<'_>) -> Result<(), String> {
        match (note, &mut self.ledger) {
            (Note::Record(record), Some(ledger)) => keep(ledger, record),
            _ => Ok(()),
        }
    }
}

fn keep(ledger: &mut Ledger, record: &Record) -> Result<(), String> {
    ledger.append(record).map_err(|error| format!("the state cannot be written: {error}"))
}

/// Turns what the engine says into events, and keeps the state.
struct Listener<'j, O> {
    observer: &'j mut O,
    line: &'j Line,
    secrets: &'j Secrets,
    ledger: Option<&'j mut Ledger>,
    evidence: &'j mut HashMap<String, Redacted<Exchange>>,
    cycle: u32,
}

impl<O: Observer> Watch for Listener<'_, O> {
    fn note(&mut self, note: Note<'_>) -> Result<(), String> {
        match note {
            Note::Begins { what, objects } => {
                self.observer.observe(&Event::Phase { cycle: self.cycle, what, objects });
            }
            Note::Entry(entry, exchange) => self.entry(entry, exchange),
            Note::Record(record) => return self.record(record),
        }
        Ok(())
    }
}

impl<O: Observer> Listener<'_, O> {
    fn entry(&mut self, entry: &Entry, exchange: Option<&Exchange>) {
        let heard = self.line.heard();
        if !heard.is_empty() {
            let item = item(entry.kind == Kind::Group, &entry.key, &entry.name);
            for exchange in &heard {
                let step = format!("cycle {}", entry.cycle);
                let (item, exchange) = (Arc::clone(&item), self.secrets.exchange(exchange));
                self.observer.observe(&Event::Exchanged { item, step, exchange });
            }
        }
        match exchange {
            Some(exchange) => drop(self.evidence.insert(entry.key.clone(), self.secrets.exchange(exchange))),
            None => drop(self.evidence.remove(&entry.key)),
        }
        let mut entry = entry.clone();
        if entry.status == Outcome::Success && self.line.imagines() {
            entry.reason = None;
        }
        entry.reason = entry.reason.map(|reason| self.secrets.text(&reason).into_inner());
        self.observer.observe(&Event::Provisioned(Box::new(entry)));
    }

    fn record(&mut self, record: &Record) -> Result<(), String> {
        match &mut self.ledger {
            None => Ok(()),
            Some(ledger) => keep(ledger, record),
        }
    }
}

fn item(is_group: bool, key: &str, name: &str) -> Arc<Item> {
    let topic = if is_group { "groups" } else { "users" };
    Arc::new(Item {
        id: format!("{topic}/{key}"),
        title: name.to_owned(),
        topic: topic.to_owned(),
        level: None,
        requirements: Vec::new(),
        breaks: Vec::new(),
        file: None,
    })
}

/// What was found out about one object, as a finding.
fn finding(judged: Judged, secrets: &Secrets, evidence: &HashMap<String, Redacted<Exchange>>) -> Finding {
    let mut finding = Finding::plain(item(judged.is_group, &judged.key, &judged.name), Status::Pass, "");
    let text = |text: &str| secrets.text(text).into_inner();
    if let Some(reason) = judged.skipped {
        finding.status = Status::Skip;
        finding.message = reason;
        return finding;
    }
    if let Some(reason) = judged.unclear {
        finding.status = Status::Error;
        finding.message = text(&reason);
        finding.exchanges.extend(judged.exchange.map(|exchange| secrets.exchange(&exchange)));
        return finding;
    }
    let Some(first) = judged.differences.first() else { return finding };
    finding.status = Status::Fail;
    let names = first.names.as_ref();
    let names = names.map_or(String::new(), |names| format!(": {names}"));
    finding.message = match judged.differences.len() - 1 {
        0 => text(&format!("{}{names}", first.what)),
        more => text(&format!("{}{names} (and {more} more)", first.what)),
    };
    let shown = judged.exchange.map(|exchange| secrets.exchange(&exchange));
    finding.exchanges.extend(shown.or_else(|| evidence.get(&judged.key).cloned()));
    let has_exchange = !finding.exchanges.is_empty();
    let problem = |difference: &compare::Difference| Problem {
        severity: Severity::Violation,
        requirements: Vec::new(),
        what: text(&difference.what),
        expected: difference.expected.as_deref().map(text),
        got: difference.got.as_deref().map(text),
        exchange: has_exchange.then_some(0),
    };
    finding.problems = judged.differences.iter().map(problem).collect();
    finding
}
