//! What `simulate` says: what is done about whom while it runs, and at the end the provisioning log in numbers, how the
//! target differs from the directory, and the verdict.
//!
//! Of a small directory every entry has a line. Of a large one only failures have, and not all of them: nothing that is
//! kept or printed here grows with the directory.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::super::provisioning::{
    self, COMPARISON, Group, Groups, Provisioning, Verdict, action_name, kind_word, users,
};
use super::super::{order, words};
use super::Detail;
use super::finding::InFull;
use super::text::{BOLD, DIM, GREEN, RED, YELLOW, clean, named, narrowed};
use crate::event::provisioning::{CycleDone, Entry, Status as Outcome};
use crate::event::{Event, Finding, Kind, Status, Tally, TargetInfo};

/// A part of a cycle with not more objects has a line an entry.
const FEW: usize = 30;

/// Failures of one cycle that have a line, where not every entry has one.
const FAILURES: usize = 20;

/// Reasons that are told of each way to end.
const REASONS: usize = 8;

/// Objects that are named for each reason.
const NAMES: usize = 5;

/// People, and groups, that are shown in full; and the same where everything is asked for.
const SHOWN: (usize, usize) = (10, 200);

/// What is kept so that people who are left out in every cycle are told once.
const TOLD: usize = 1_000;

/// A simulation while it runs.
pub(super) struct Simulation {
    detail: Detail,
    /// Whether every entry has a line, also of a large directory.
    tells_everything: bool,
    numbers: Provisioning,
    /// Items that are judged at the end: about as many as the directory has objects.
    planned: usize,
    /// The part of a cycle that goes on: which cycle, what, how many objects.
    phase: Option<(u32, &'static str, usize)>,
    /// Failures of this cycle.
    failures: Failures,
    /// Entries of this cycle that had a line.
    lines: usize,
    /// Who was said to be left out or to have failed, and why.
    told: HashSet<(String, String)>,
    /// What is told in full at the end.
    kept: Vec<Finding>,
    /// What could not be judged.
    open: Groups<Status>,
    /// How those ended that are neither people nor groups.
    others: Tally,
    /// Cycles that the last table has told.
    tabled: usize,
    /// Whether the findings were told.
    compared: bool,
}

/// Failures of a cycle.
#[derive(Default)]
struct Failures {
    /// Those that had a line.
    told: usize,
    /// Those that failed for the same reason in an earlier cycle.
    again: usize,
    /// Others.
    untold: usize,
}

impl Simulation {
    pub fn new(detail: Detail) -> Self {
        Self {
            detail,
            tells_everything: false,
            numbers: Provisioning::default(),
            planned: 0,
            phase: None,
            failures: Failures::default(),
            lines: 0,
            told: HashSet::new(),
            kept: Vec::new(),
            open: Groups::default(),
            others: Tally::default(),
            tabled: 0,
            compared: false,
        }
    }

    /// Gives every entry a line.
    pub fn telling_everything(self) -> Self {
        Self { tells_everything: true, ..self }
    }

    /// Takes note of how many items are planned.
    pub fn start(&mut self, planned: usize) {
        self.planned = planned;
    }

    /// Takes note of an event and says what is to be told of it at once.
    pub fn observe(&mut self, event: &Event) -> String {
        self.numbers.observe(event);
        match event {
            Event::Phase { cycle, what, objects } => {
                self.phase = Some((*cycle, what, *objects));
                if *what == COMPARISON {
                    self.kept.retain(|finding| provisioning::kind_of(&finding.item.topic).is_none());
                    self.open = Groups::default();
                }
                self.phase_line(*cycle, what, *objects)
            }
            Event::Provisioned(entry) => self.entry(entry),
            Event::CycleDone(done) => self.cycle(done),
            Event::Finished(finding) => {
                self.finding(finding);
                String::new()
            }
            _ => String::new(),
        }
    }

    /// Whether an entry belongs to what the bar counts: who is left out is told before a cycle begins.
    pub fn is_of_phase(&self, entry: &Entry) -> bool {
        self.phase.is_some_and(|(cycle, ..)| cycle == entry.cycle)
    }

    /// What stands beside the bar: `cycle 1, users | users 1,204 created, 3 failed`
    pub fn state(&self) -> String {
        match self.phase {
            None => String::new(),
            Some((_, COMPARISON, _)) => {
                let differ = self.numbers.people.of(Status::Fail) + self.numbers.groups.of(Status::Fail);
                format!("comparison: {} differ", words::grouped(differ))
            }
            Some((cycle, what, _)) => format!("cycle {cycle}, {what} | {}", self.numbers.current.phrase()),
        }
    }

    /// Of many objects nothing is told one by one, and there may be no bar.
    fn phase_line(&self, cycle: u32, what: &str, objects: usize) -> String {
        if objects <= FEW || self.detail != Detail::Normal {
            return String::new();
        }
        let objects = words::grouped(objects);
        match what {
            COMPARISON => format!("{DIM}comparing {objects} people and groups …{DIM:#}\n"),
            "members" => format!("{DIM}cycle {cycle}: members of {objects} groups …{DIM:#}\n"),
            what => format!("{DIM}cycle {cycle}: {objects} {what} …{DIM:#}\n"),
        }
    }

    fn entry(&mut self, entry: &Entry) -> String {
        let is_small = match self.phase {
            Some((cycle, _, objects)) if cycle == entry.cycle => objects <= FEW,
            _ => self.planned <= FEW,
        };
        let is_told = match (self.detail, entry.status) {
            (Detail::Quiet, _) => false,
            (Detail::Verbose, _) => true,
            (Detail::Normal, _) if self.tells_everything => true,
            (Detail::Normal, Outcome::Skipped) => is_small && self.is_news(entry),
            (Detail::Normal, Outcome::Success) => is_small,
            (Detail::Normal, Outcome::Failure) => self.is_failure_told(is_small, entry),
        };
        if !is_told {
            return String::new();
        }
        // A line of its own parts the cycles.
        let blank = if self.lines == 0 && self.numbers.cycle_count() > 0 { "\n" } else { "" };
        self.lines += 1;
        format!("{blank}{}", line(entry, self.detail))
    }

    fn is_failure_told(&mut self, is_small: bool, entry: &Entry) -> bool {
        let has_room = is_small || self.failures.told < FAILURES;
        let is_told = has_room && self.is_news(entry);
        match (is_told, has_room) {
            (true, _) => self.failures.told += 1,
            (false, true) => self.failures.again += 1,
            (false, false) => self.failures.untold += 1,
        }
        is_told
    }

    /// Whether this was not told yet: that somebody is left out, or failed, for this reason.
    fn is_news(&mut self, entry: &Entry) -> bool {
        if self.told.len() >= TOLD {
            self.told.clear();
        }
        let reason = entry.reason.clone().unwrap_or_default();
        self.told.insert((format!("{}/{}", provisioning::topic(entry.kind), entry.key), reason))
    }

    /// What a cycle did, once it is over.
    fn cycle(&mut self, done: &CycleDone) -> String {
        let Failures { again, untold, .. } = std::mem::take(&mut self.failures);
        self.lines = 0;
        self.phase = None;
        let Some(cycle) = self.numbers.cycles.last().filter(|_| self.detail != Detail::Quiet) else {
            return String::new();
        };
        let mut text = String::new();
        if untold > 0 {
            let _ = writeln!(
                text,
                "{DIM}… and {} more that failed: `--log csv=FILE` lists everything{DIM:#}",
                words::grouped(untold)
            );
        }
        let which = if done.is_initial { "initial" } else { "incremental" };
        let time = words::moment(done.time);
        let as_before = match again {
            0 => String::new(),
            _ if again == cycle.counts.of(Outcome::Failure) => ", as before".to_owned(),
            some => format!(", {} of the failures as before", words::grouped(some)),
        };
        let what = cycle.counts.phrase();
        let _ = writeln!(text, "{BOLD}cycle {}{BOLD:#}, {which}, {time}: {what}{as_before}", done.number);
        if let Some(why) = &done.stopped {
            text.push_str(&named("stopped", RED, why));
        }
        if let Some(since) = done.quarantine {
            let _ = writeln!(text, "  {RED}in quarantine{RED:#} since {}", words::moment(since));
        }
        text
    }

    fn finding(&mut self, finding: &Finding) {
        let item = &finding.item;
        self.compared = false;
        if provisioning::kind_of(&item.topic).is_none() {
            self.others.add(finding.status);
        }
        match finding.status {
            Status::Pass | Status::Skip => {}
            Status::Fail | Status::Warn => {
                let of_topic = self.kept.iter().filter(|kept| kept.item.topic == item.topic).count();
                if of_topic < self.shown() {
                    self.kept.push(finding.clone());
                }
            }
            Status::Error | Status::Blocked => {
                self.open.add(finding.status, &finding.message, &item.id, &[]);
            }
        }
    }

    fn shown(&self) -> usize {
        if self.detail == Detail::Verbose { SHOWN.1 } else { SHOWN.0 }
    }

    /// How those ended that are neither people nor groups, and are not compared again.
    pub fn tally_of_others(&self) -> Tally {
        self.others
    }

    /// What is told once a comparison is over. Who watches a directory sees one after each edit; the provisioning log
    /// in numbers comes with the first, and again at the end.
    pub fn comparison(&mut self, target: &TargetInfo) -> String {
        let is_first = self.tabled == 0;
        let mut text = if is_first { self.log_in_numbers() } else { String::new() };
        text.push_str(&self.findings(target, is_first));
        text
    }

    /// All that is told at the end but the counts, and was not told before.
    pub fn ending(&mut self, target: &TargetInfo) -> String {
        let mut text = self.unfinished();
        let has_news = self.tabled != self.numbers.cycle_count() || !text.is_empty();
        if has_news {
            text.push_str(&self.log_in_numbers());
        }
        if !self.compared {
            text.push_str(&self.findings(target, true));
        } else if has_news {
            text.push_str(&self.throughput());
        }
        text
    }

    /// What was done in a cycle that was cut short.
    fn unfinished(&self) -> String {
        let counts = &self.numbers.current;
        let Some((cycle, ..)) = self.phase.filter(|_| counts.rows().next().is_some()) else {
            return String::new();
        };
        match self.detail {
            Detail::Quiet => String::new(),
            _ => format!("\n{BOLD}cycle {cycle}{BOLD:#}, cut short: {}\n", counts.phrase()),
        }
    }

    fn throughput(&self) -> String {
        let Some(traffic) = self.numbers.traffic.as_ref().filter(|_| self.detail != Detail::Quiet) else {
            return String::new();
        };
        format!("\n{}\n", provisioning::throughput(traffic))
    }

    fn log_in_numbers(&mut self) -> String {
        if self.detail == Detail::Quiet {
            return String::new();
        }
        self.tabled = self.numbers.cycle_count();
        self.table() + &self.reasons()
    }

    fn findings(&mut self, target: &TargetInfo, with_traffic: bool) -> String {
        self.compared = true;
        let mut text = self.differences(target);
        text.push_str(&self.not_judged());
        if self.detail == Detail::Quiet {
            return text;
        }
        if with_traffic {
            text.push_str(&self.throughput());
        }
        if self.numbers.people.total() + self.numbers.groups.total() > 0 || !self.kept.is_empty() {
            let Verdict { holds, text: verdict } = self.numbers.verdict();
            let style = if holds { GREEN } else { RED };
            let _ = writeln!(text, "\n{style}{verdict}{style:#}");
        }
        text
    }

    /// The provisioning log in numbers.
    fn table(&self) -> String {
        let rows: Vec<_> = self.numbers.counts.rows().collect();
        if rows.is_empty() {
            return String::new();
        }
        let cycles = words::count(self.numbers.cycle_count(), "cycle");
        let title = format!("provisioning log, {cycles}");
        let width = title.chars().count();
        let mut text = format!("\n{BOLD}{title}{BOLD:#}  {DIM}success   skipped   failure{DIM:#}\n");
        for (kind, action, numbers) in rows {
            let name = format!("  {:<6}{}", kind_word(kind), action_name(action));
            let _ = write!(text, "{name:<width$}");
            let styles = [GREEN, YELLOW, RED];
            for (index, (number, style)) in numbers.into_iter().zip(styles).enumerate() {
                let column = if index == 0 { 9 } else { 10 };
                let _ = match number {
                    0 => write!(text, "{DIM}{:>column$}{DIM:#}", "-"),
                    _ => write!(text, "{style}{:>column$}{style:#}", words::grouped(number)),
                };
            }
            text.push('\n');
        }
        text
    }

    /// Why something failed or was left out, and what the target did not keep; the commonest first.
    fn reasons(&self) -> String {
        let groups = self.numbers.reasons.sorted();
        let mut text = String::new();
        let told = [
            (Outcome::Failure, "failed", RED),
            (Outcome::Success, "sent, but not kept", YELLOW),
            (Outcome::Skipped, "skipped", YELLOW),
        ];
        for (outcome, title, style) in told {
            let of_outcome: Vec<_> = groups.iter().filter(|group| group.of.0 == outcome).collect();
            if of_outcome.is_empty() {
                continue;
            }
            let _ = writeln!(text, "\n{style}{title}{style:#}");
            let rows = of_outcome.iter().map(|group| (users(group.objects, group.of.1), **group));
            text.push_str(&rows_of(rows, self.detail));
        }
        if self.numbers.reasons.others > 0 {
            let others = words::grouped(self.numbers.reasons.others);
            let _ = writeln!(
                text,
                "  {DIM}… and {others} for other reasons: `--log csv=FILE` lists everything{DIM:#}"
            );
        }
        text
    }

    /// How the target differs from the directory: first how often what, then the first ones in full.
    fn differences(&self, target: &TargetInfo) -> String {
        if self.kept.is_empty() {
            return String::new();
        }
        let mut kept: Vec<&Finding> = self.kept.iter().collect();
        order::sort(&mut kept);
        let all = self.numbers.people.of(Status::Fail) + self.numbers.groups.of(Status::Fail);
        let shown = kept.iter().filter(|finding| {
            finding.status == Status::Fail && provisioning::kind_of(&finding.item.topic).is_some()
        });
        let more = all.saturating_sub(shown.count());
        let mut text = String::new();
        if self.detail != Detail::Quiet && all > 0 {
            let _ = writeln!(text, "\n{RED}=== the target is not what the directory says{RED:#}");
            // Where everything is shown in full and is about one object, a list would say it twice.
            let groups = self.numbers.differences.sorted();
            if more > 0 || groups.iter().any(|group| group.objects > 1) {
                let rows = groups.iter().map(|group| (users(group.objects, group.of), *group));
                text.push_str(&rows_of(rows, self.detail));
            }
        }
        let in_full = InFull { kind: Kind::Simulate, target, detail: self.detail };
        for finding in kept {
            text.push_str(in_full.show(finding).trim_end_matches('\n'));
            text.push('\n');
        }
        if more > 0 {
            let verb = if more == 1 { "differs" } else { "differ" };
            let _ = writeln!(
                text,
                "\n{DIM}… and {} more {verb}: `--report json=FILE` has all of them{DIM:#}",
                words::grouped(more)
            );
        }
        text
    }

    fn not_judged(&self) -> String {
        let rows = self.open.sorted();
        if rows.is_empty() {
            return String::new();
        }
        let mut text = format!("\n{YELLOW}=== could not be judged{YELLOW:#}\n");
        text.push_str(&rows_of(
            rows.into_iter()
                .map(|group| (format!("{} {}", group.of.word(), words::grouped(group.objects)), group)),
            self.detail,
        ));
        text
    }
}

/// Sentences in a list, each with how many objects it is about and the first of them.
fn rows_of<'g, T: 'g>(rows: impl Iterator<Item = (String, &'g Group<T>)>, detail: Detail) -> String {
    let rows: Vec<_> = rows.collect();
    let limit = if detail == Detail::Verbose { rows.len() } else { REASONS };
    let shown = || rows.iter().take(limit);
    let width = shown().map(|(number, _)| number.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (number, group) in shown() {
        let times = match group.entries > group.objects {
            true => format!(" ({} times)", words::grouped(group.entries)),
            false => String::new(),
        };
        let names = group.names(NAMES);
        let sentence = clean(group.text()).replace('\n', " ");
        let _ = writeln!(
            text,
            "  {number:>width$}  {}{DIM}{times}: {}{DIM:#}",
            narrowed(&sentence).trim_end(),
            clean(&names)
        );
    }
    match rows.len().saturating_sub(limit) {
        0 => {}
        more => {
            let more = words::count(more, "more line");
            let _ = writeln!(text, "  {DIM}… {more}: `--verbose` shows all{DIM:#}");
        }
    }
    text
}

/// `create   users/ada     ada@acme.example.com → 2819c223…`
fn line(entry: &Entry, detail: Detail) -> String {
    let (word, style) = match entry.status {
        Outcome::Success => (entry.action.word(), GREEN),
        Outcome::Skipped => ("skip", YELLOW),
        Outcome::Failure => ("FAIL", RED),
    };
    let id = clean(&format!("{}/{}", provisioning::topic(entry.kind), entry.key));
    let mut text = format!("{style}{word:<8}{style:#} {id:<18} {}", clean(&entry.name));
    if let Some(target) = &entry.target_id {
        let target = clean(target);
        let shown: String = match detail {
            Detail::Verbose => target,
            _ if target.chars().count() > 10 => target.chars().take(8).chain(['…']).collect(),
            _ => target,
        };
        let _ = write!(text, " {DIM}→ {shown}{DIM:#}");
    }
    if !entry.changes.is_empty() {
        let _ = write!(text, " ({})", clean(&entry.changes.join(", ")));
    }
    match (&entry.reason, entry.status) {
        (Some(reason), Outcome::Failure) => {
            let _ = write!(text, ": {}: {}", entry.action.word(), clean(reason).replace('\n', " "));
        }
        (Some(reason), _) => {
            let _ = write!(text, ": {}", clean(reason).replace('\n', " "));
        }
        (None, Outcome::Skipped) => text.push_str(": nothing to send"),
        (None, _) => {}
    }
    match detail {
        Detail::Verbose => text.push('\n'),
        _ => text = narrowed(&text),
    }
    text
}
