//! A run as the reports see it once it is over: every finding, sorted by id, with the counts.

use std::time::Duration;

use jiff::Timestamp;

use crate::event::{Event, Finding, Kind, Observer, Readiness, Status, Tally, TargetInfo};

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
    /// Every item that ended, sorted by id.
    pub findings: Vec<Finding>,
    /// How many ended how, those that a baseline accepts among them.
    pub tally: Tally,
    /// How many of these a baseline accepts.
    pub known: Tally,
    /// For whom the target is ready, where that was asked.
    pub readiness: Vec<Readiness>,
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
            notices: Vec::new(),
            elapsed: Duration::ZERO,
            incomplete: true,
        }
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
        match event {
            Event::Started { kind, target, planned: _, started, options } => {
                self.kind = *kind;
                self.target = target.clone();
                self.started = Some(*started);
                self.options.clone_from(options);
            }
            Event::Finished(finding) => {
                self.tally.add(finding.status);
                if finding.known.is_some() {
                    self.known.add(finding.status);
                }
                let at = self.findings.partition_point(|known| known.item.id <= finding.item.id);
                self.findings.insert(at, (**finding).clone());
            }
            Event::Ended { elapsed, interrupted } => {
                self.elapsed = *elapsed;
                self.incomplete = *interrupted;
            }
            Event::Readiness(readiness) => self.readiness.clone_from(readiness),
            Event::Notice(notice) => self.notices.push(notice.clone()),
            Event::ItemStarted(_)
            | Event::Exchanged { .. }
            | Event::Phase { .. }
            | Event::Provisioned(_)
            | Event::CycleDone(_)
            | Event::Traffic(_) => {}
        }
    }
}
