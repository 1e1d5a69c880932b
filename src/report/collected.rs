//! A run as the reports see it once it is over: every finding, sorted by id, with the counts.

use std::time::Duration;

use jiff::Timestamp;

use super::provisioning::{COMPARISON, Provisioning, kind_of};
use crate::event::{Event, Finding, Kind, Observer, Readiness, Status, Tally, TargetInfo};

/// Results of a simulation that keep their exchanges: 50,000 people who all differ must not fill the memory.
const EVIDENCE: usize = 1_000;

/// What a run said, kept until its end.
#[derive(Debug, Clone)]
pub struct Collected {
    /// Which command ran.
    pub kind: Kind,
    /// What it was held against.
    pub target: TargetInfo,
    /// When it began, where that is known.
    pub started: Option<Timestamp>,
    /// The options that decided what was looked at and what counts.
    pub options: Vec<String>,
    /// Every item that ended, sorted by id once the run is over. Of a simulation, exchanges are kept of the first
    /// thousand that did not pass.
    pub findings: Vec<Finding>,
    /// How many ended how, those that a baseline accepts among them.
    pub tally: Tally,
    /// How many of these a baseline accepts.
    pub known: Tally,
    /// For whom the target is ready, where that was asked.
    pub readiness: Vec<Readiness>,
    /// What a simulation did and what came of it; nothing in other runs.
    pub provisioning: Provisioning,
    /// What the user should know besides.
    pub notices: Vec<String>,
    /// How long the run took.
    pub elapsed: Duration,
    /// Whether it ended before all items did.
    pub incomplete: bool,
}

impl Collected {
    /// Nothing yet. Until the end is seen, the run counts as incomplete.
    pub fn new() -> Self {
        Self {
            kind: Kind::Run,
            target: TargetInfo { url: String::new(), name: String::new() },
            started: None,
            options: Vec::new(),
            findings: Vec::new(),
            tally: Tally::default(),
            known: Tally::default(),
            readiness: Vec::new(),
            provisioning: Provisioning::default(),
            notices: Vec::new(),
            elapsed: Duration::ZERO,
            incomplete: true,
        }
    }

    fn keep(&mut self, mut finding: Finding) {
        self.tally.add(finding.status);
        if finding.known.is_some() {
            self.known.add(finding.status);
        }
        if self.kind == Kind::Simulate {
            let is_wanting = !matches!(finding.status, Status::Pass | Status::Skip);
            let wanting = self.tally.total() - self.tally.of(Status::Pass) - self.tally.of(Status::Skip);
            if !is_wanting || wanting > EVIDENCE {
                finding.exchanges.clear();
                finding.problems.iter_mut().for_each(|problem| problem.exchange = None);
            }
        }
        self.findings.push(finding);
    }

    /// Forgets what an earlier comparison of a simulation found.
    fn compare_again(&mut self) {
        self.findings.retain(|finding| kind_of(&finding.item.topic).is_none());
        (self.tally, self.known) = (Tally::default(), Tally::default());
        for finding in &self.findings {
            self.tally.add(finding.status);
            if finding.known.is_some() {
                self.known.add(finding.status);
            }
        }
    }

    /// Sorts the findings. Those of equal ids stay in the order in which they ended.
    pub(super) fn sort(&mut self) {
        self.findings.sort_by(|a, b| a.item.id.cmp(&b.item.id));
    }

    /// The findings that ended so and that no baseline accepts, in order.
    pub fn of(&self, status: Status) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.status == status && finding.known.is_none())
    }

    /// The findings that a baseline accepts, in order.
    pub fn accepted(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.known.is_some())
    }

    /// How many ended so without being accepted by a baseline: what an exit code goes by.
    pub fn unaccepted(&self, status: Status) -> usize {
        self.tally.of(status).saturating_sub(self.known.of(status))
    }
}

impl Default for Collected {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for Collected {
    fn observe(&mut self, event: &Event) {
        if self.kind == Kind::Simulate {
            self.provisioning.observe(event);
        }
        match event {
            Event::Started { kind, target, planned: _, started, options } => {
                self.kind = *kind;
                self.target = target.clone();
                self.started = Some(*started);
                self.options.clone_from(options);
            }
            Event::Finished(finding) => self.keep((**finding).clone()),
            Event::Ended { elapsed, interrupted } => {
                self.elapsed = *elapsed;
                self.incomplete = *interrupted;
                self.sort();
            }
            Event::Readiness(readiness) => self.readiness.clone_from(readiness),
            Event::Notice(notice) => self.notices.push(notice.clone()),
            Event::Phase { what: COMPARISON, .. } => self.compare_again(),
            Event::ItemStarted(_)
            | Event::Exchanged { .. }
            | Event::Phase { .. }
            | Event::Provisioned(_)
            | Event::CycleDone(_)
            | Event::Traffic(_) => {}
        }
    }
}
