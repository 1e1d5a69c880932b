//! What a person sees while a run goes on and when it is over.
//!
//! Findings and the summary are the data of a run and go to standard output; the progress bar and notices are talk
//! and go to standard error. Everything can be read without colours: styles only underline what the words say.

use std::collections::HashMap;
use std::io::{self, Write};

use super::progress::Progress;
use super::{message, provisioning, words};
use crate::event::{Event, Finding, Kind, Observer, Readiness, SnapshotState, Status, Tally, TargetInfo};
use crate::exchange::{Exchange, Request};
use crate::redact::Redacted;

mod check;
mod finding;
mod replay;
mod selftest;
mod simulate;
mod text;

use simulate::Simulation;
pub use text::diff;
use text::{DIM, RED, YELLOW, clean, indented, styled};

/// How much is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// Failures, notices and the summary.
    Quiet,
    /// More: of `run` a line a transcript, of `check` warnings and what was skipped.
    #[default]
    Normal,
    /// One line an item or an entry of a provisioning log, every exchange and every diff in full as well.
    Verbose,
}

/// The consumer of events that writes for people.
pub struct Terminal {
    /// Takes findings and the summary; drops the styles itself where they are not wanted.
    out: Box<dyn Write + Send>,
    /// Takes notices.
    talk: Box<dyn Write + Send>,
    colour: bool,
    detail: Detail,
    /// Whether every request has a line, also where not everything is told.
    lists_requests: bool,
    progress: Progress,
    exchanges: HashMap<String, Vec<(String, Redacted<Exchange>)>>,
    kind: Kind,
    target: TargetInfo,
    readiness: Vec<Readiness>,
    simulation: Simulation,
    /// What is told in full at the end.
    kept: Vec<Finding>,
    tally: Tally,
    known: Tally,
    pending: usize,
    /// Differences that were not written anywhere, because this is a CI job.
    unwritten: usize,
    updated: usize,
    /// The folders that have to be named to review what is pending.
    review: Vec<String>,
    error: Option<io::Error>,
}

impl Terminal {
    /// Writes findings to `out` and notices to `talk`. `colour` says whether `out` shows styles, which decides how
    /// diagnostics are rendered.
    pub fn new(
        out: Box<dyn Write + Send>,
        talk: Box<dyn Write + Send>,
        colour: bool,
        detail: Detail,
        progress: Progress,
    ) -> Self {
        Self {
            out,
            talk,
            colour,
            detail,
            lists_requests: false,
            progress,
            exchanges: HashMap::new(),
            kind: Kind::Run,
            target: TargetInfo { url: String::new(), name: String::new() },
            readiness: Vec::new(),
            simulation: Simulation::new(detail),
            kept: Vec::new(),
            tally: Tally::default(),
            known: Tally::default(),
            pending: 0,
            unwritten: 0,
            updated: 0,
            review: Vec::new(),
            error: None,
        }
    }

    /// Says that what is pending is in these folders, where that is not where `review` looks by itself.
    #[must_use]
    pub fn reviewed_in(mut self, folders: Vec<String>) -> Self {
        self.review = folders;
        self
    }

    /// Gives every request a line, and what is done with it another.
    #[must_use]
    pub fn listing_requests(mut self) -> Self {
        self.lists_requests = true;
        self.simulation = self.simulation.telling_everything();
        self
    }

    /// The first reason why something could not be written, other than that nobody reads it any more.
    pub fn error(&self) -> Option<&io::Error> {
        self.error.as_ref().filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }

    /// Writes above the progress bar. After the first failure nothing more is tried.
    pub fn write(&mut self, text: &str) {
        if self.error.is_some() || text.is_empty() {
            return;
        }
        let out = &mut self.out;
        let written = self.progress.suspend(|| out.write_all(text.as_bytes()).and_then(|()| out.flush()));
        self.error = written.err();
    }

    fn notice(&mut self, text: &str) {
        let talk = &mut self.talk;
        self.progress.suspend(|| {
            let _ = writeln!(talk, "{YELLOW}notice{YELLOW:#}: {}", clean(text));
        });
    }

    fn finished(&mut self, finding: &Finding) {
        self.tally.add(finding.status);
        if finding.known.is_some() {
            self.known.add(finding.status);
        }
        match finding.difference.as_ref().map(|difference| &difference.pending) {
            Some(Some(_)) => self.pending += 1,
            Some(None) => self.unwritten += 1,
            None => {}
        }
        self.updated += usize::from(finding.snapshot == Some(SnapshotState::Updated));
        self.progress.finished(finding);
        let has_line = match self.detail {
            Detail::Quiet => self.kind == Kind::Run && is_bad(finding.status),
            Detail::Normal => self.kind == Kind::Run,
            Detail::Verbose => true,
        };
        let mut text = if has_line { replay::line(finding) } else { String::new() };
        text.push_str(&self.exchanges_of(&finding.item.id));
        self.write(&text);
        let is_kept = match self.kind {
            // That there is no snapshot yet is said in the line; there is nothing to compare.
            Kind::Run => is_bad(finding.status) && finding.snapshot != Some(SnapshotState::Missing),
            Kind::Check => finding.status != Status::Pass,
            // Keeps a bounded number of them by itself.
            Kind::Simulate => false,
            Kind::Selftest => true,
        };
        if is_kept {
            self.kept.push(finding.clone());
        }
    }

    /// The exchanges of an item that were not told yet; there are some where every exchange is told.
    fn exchanges_of(&mut self, id: &str) -> String {
        let mut text = String::new();
        for (step, exchange) in self.exchanges.remove(id).unwrap_or_default() {
            if self.detail != Detail::Verbose {
                text.push_str(&request_line(&exchange));
                continue;
            }
            let heading =
                if step.is_empty() { String::new() } else { format!("  {DIM}# {}{DIM:#}\n", clean(&step)) };
            text.push_str(&format!("\n{heading}"));
            text.push_str(&indented(&message::render(&exchange)));
        }
        text
    }

    /// What a simulation says while it runs.
    fn simulated(&mut self, event: &Event) {
        let mut text = self.simulation.observe(event);
        match event {
            Event::Phase { what, objects, .. } => {
                self.progress.phase(*objects);
                if *what == provisioning::COMPARISON {
                    self.tally = self.simulation.tally_of_others();
                }
            }
            Event::Traffic(_) => text.push_str(&self.simulation.comparison(&self.target)),
            Event::Provisioned(entry) => {
                let id = format!("{}/{}", provisioning::topic(entry.kind), entry.key);
                text.push_str(&self.exchanges_of(&id));
                if self.simulation.is_of_phase(entry) {
                    self.progress.step();
                }
            }
            _ => {}
        }
        if let Event::CycleDone(_) = event {
            text.insert_str(0, &self.exchanges_left());
        }
        self.write(&text);
        self.progress.say(|| self.simulation.state());
    }

    /// The exchanges of items that did not end.
    fn exchanges_left(&mut self) -> String {
        let mut ids: Vec<String> = self.exchanges.keys().cloned().collect();
        ids.sort_unstable();
        ids.iter().map(|id| format!("{DIM}{}{DIM:#}{}", clean(id), self.exchanges_of(id))).collect()
    }

    fn ended(&mut self, elapsed: std::time::Duration, interrupted: bool) {
        self.progress.end();
        self.kept.sort_by(|a, b| a.item.id.cmp(&b.item.id));
        let kept = std::mem::take(&mut self.kept);
        match self.kind {
            Kind::Run => {
                let failures = replay::Failures { colour: self.colour, detail: self.detail };
                kept.iter().for_each(|finding| self.write(&failures.show(finding)));
            }
            Kind::Check => {
                let (readiness, target, detail) = (&self.readiness, &self.target, self.detail);
                let text = check::Ending { findings: &kept, readiness, target, detail }.show();
                self.write(&text);
            }
            Kind::Selftest => self.write(&selftest::show(&kept, self.detail)),
            Kind::Simulate => {
                let text = self.exchanges_left() + &self.simulation.ending(&self.target);
                self.write(&text);
            }
        }
        let counts = words::counts(&self.tally, &self.known);
        let counts: Vec<String> = counts.into_iter().map(|(status, words)| styled(status, &words)).collect();
        let interrupted = if interrupted { format!(" {RED}(interrupted){RED:#}") } else { String::new() };
        let has_said_something = self.detail != Detail::Quiet
            || Status::ALL.into_iter().any(|status| is_bad(status) && self.tally.of(status) > 0);
        let blank = if has_said_something { "\n" } else { "" };
        self.write(&format!("{blank}{} in {}{interrupted}\n", counts.join(", "), words::seconds(elapsed)));
        if self.updated > 0 {
            let updated = words::count(self.updated, "snapshot");
            self.write(&format!("{updated} written: look at `git diff` before you commit\n"));
        }
        if self.unwritten > 0 {
            let snapshots = words::count(self.unwritten, "snapshot");
            self.write(&format!(
                "{snapshots} missing or different, nothing is written in CI: play outside of CI, `scimulator review`, commit\n"
            ));
        }
        if self.pending > 0 {
            let pending = words::count(self.pending, "snapshot");
            let folders: String = self.review.iter().map(|folder| format!(" {}", clean(folder))).collect();
            self.write(&format!(
                "{pending} pending: `scimulator review{folders}` walks through, `scimulator run --update` accepts all\n"
            ));
        }
    }
}

impl Observer for Terminal {
    fn observe(&mut self, event: &Event) {
        match event {
            Event::Started { kind, target, planned, .. } => {
                self.kind = *kind;
                self.target = target.clone();
                self.simulation.start(*planned);
                self.progress.start(*planned);
            }
            Event::ItemStarted(item) => self.progress.started(item),
            Event::Exchanged { item, step, exchange } => {
                if self.detail == Detail::Verbose || self.lists_requests {
                    let exchanges = self.exchanges.entry(item.id.clone()).or_default();
                    exchanges.push((step.clone(), exchange.clone()));
                }
            }
            Event::Finished(finding) => {
                self.finished(finding);
                if self.kind == Kind::Simulate {
                    self.simulated(event);
                }
            }
            Event::Readiness(readiness) => self.readiness.clone_from(readiness),
            Event::Phase { .. } | Event::Provisioned(_) | Event::CycleDone(_) | Event::Traffic(_) => {
                self.simulated(event);
            }
            Event::Notice(text) => self.notice(text),
            Event::Ended { elapsed, interrupted } => self.ended(*elapsed, *interrupted),
        }
    }
}

/// `    GET /Users?filter=userName+eq+%22ada%22  200`
fn request_line(exchange: &Exchange) -> String {
    let answer = match &exchange.outcome {
        Ok(response) => response.status.to_string(),
        Err(failure) => failure.to_string(),
    };
    let Request { method, target, .. } = &exchange.request;
    format!("    {} {}  {DIM}{}{DIM:#}\n", clean(method), clean(target), clean(&answer))
}

/// Whether an item that ended so is worth telling even when little is told.
fn is_bad(status: Status) -> bool {
    matches!(status, Status::Fail | Status::Error | Status::Warn | Status::Blocked)
}

#[cfg(test)]
mod tests;
