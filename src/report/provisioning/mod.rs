//! What a simulation did and what came of it, in numbers. Every report of a simulation reads this, so that no two can
//! disagree.
//!
//! A directory may have 50,000 people: counts, sentences with a few examples and the last cycles are kept, no entries.
//! What is kept of each object that failed or was left out is one number, which tells an object that failed in ten
//! cycles from ten objects that failed.
//!
//! | module | what lives there |
//! |---|---|
//! | `groups` | reasons and differences: counted, with examples |

use std::collections::BTreeMap;

use super::words;
use crate::event::provisioning::{Action, CycleDone, Entry, Kind, Status as Outcome, Traffic};
use crate::event::{Event, Finding, Status, Tally};

mod groups;

pub use groups::{Group, Groups};

/// The part of a simulation that holds the target against the directory. Another one replaces the one before: who
/// watches a directory compares after each edit.
pub const COMPARISON: &str = "comparison";

/// Cycles that are kept; of more, the last ones.
const CYCLES: usize = 500;

/// Entries by what they are about, what was done, and how it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<(Kind, Action), [usize; 3]>);

impl Counts {
    fn add(&mut self, entry: &Entry) {
        self.0.entry((entry.kind, entry.action)).or_default()[entry.status as usize] += 1;
    }

    /// What was done about what, each with the numbers of successes, of what was skipped, and of failures.
    pub fn rows(&self) -> impl Iterator<Item = (Kind, Action, [usize; 3])> {
        self.0.iter().map(|((kind, action), numbers)| (*kind, *action, *numbers))
    }

    /// How many entries ended so.
    pub fn of(&self, outcome: Outcome) -> usize {
        self.0.values().map(|numbers| numbers[outcome as usize]).sum()
    }

    /// `users 5 created, 2 skipped; groups 3 created, members of 3 changed`
    pub fn phrase(&self) -> String {
        let kinds = [Kind::User, Kind::Group].into_iter().filter_map(|kind| {
            let said = self.phrase_of(kind);
            (!said.is_empty()).then(|| format!("{} {said}", topic(kind)))
        });
        match kinds.collect::<Vec<_>>().join("; ") {
            nothing if nothing.is_empty() => "nothing to do".to_owned(),
            said => said,
        }
    }

    fn phrase_of(&self, kind: Kind) -> String {
        let mut parts = Vec::new();
        let (mut skipped, mut failed) = (0, 0);
        for (_, action, numbers) in self.rows().filter(|(of, ..)| *of == kind) {
            if numbers[0] > 0 {
                parts.push(done(action, numbers[0]));
            }
            skipped += numbers[1];
            failed += numbers[2];
        }
        for (number, word) in [(skipped, "skipped"), (failed, "failed")] {
            if number > 0 {
                parts.push(format!("{} {word}", words::grouped(number)));
            }
        }
        parts.join(", ")
    }
}

/// `5 created`, `members of 3 changed`
fn done(action: Action, number: usize) -> String {
    let number = words::grouped(number);
    let word = match action {
        Action::Create => "created",
        Action::Match => "matched",
        Action::Update => "updated",
        Action::Disable => "disabled",
        Action::Enable => "enabled",
        Action::Delete => "deleted",
        Action::None => "looked at",
        Action::Members => return format!("members of {number} changed"),
        Action::Manager => return format!("managers of {number} changed"),
    };
    format!("{number} {word}")
}

/// The group of items that are such: the first part of their ids.
pub fn topic(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "users",
        Kind::Group => "groups",
    }
}

/// The word for what an entry is about, as in a provisioning log.
pub fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "user",
        Kind::Group => "group",
    }
}

/// What an item is about; nothing where it is no person and no group, as a connection test.
pub fn kind_of(topic: &str) -> Option<Kind> {
    [Kind::User, Kind::Group].into_iter().find(|kind| self::topic(*kind) == topic)
}

/// `1 user`, `1,204 groups`
pub fn users(number: usize, kind: Kind) -> String {
    format!("{} {}{}", words::grouped(number), kind_word(kind), if number == 1 { "" } else { "s" })
}

/// The name of what was done, in tables.
pub fn action_name(action: Action) -> &'static str {
    match action {
        Action::None => "no action",
        action => action.word(),
    }
}

/// A cycle that is over, with what was done in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cycle {
    /// How it went.
    pub done: CycleDone,
    /// What was done.
    pub counts: Counts,
}

/// Whether the target is what the directory says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Nothing differs and everything could be judged.
    pub holds: bool,
    /// One sentence without a full stop.
    pub text: String,
}

/// What a simulation did and what came of it.
#[derive(Debug, Clone, Default)]
pub struct Provisioning {
    /// The cycles that are over, the last ones of very many.
    pub cycles: Vec<Cycle>,
    /// How many earlier cycles are not kept.
    pub earlier_cycles: usize,
    /// What was done in all cycles.
    pub counts: Counts,
    /// What was done in the cycle that goes on.
    pub current: Counts,
    /// Why something was left out or failed, and what the target did not keep.
    pub reasons: Groups<(Outcome, Kind)>,
    /// How people and groups at the target differ from what the directory says.
    pub differences: Groups<Kind>,
    /// How the comparison of people ended.
    pub people: Tally,
    /// How the comparison of groups ended.
    pub groups: Tally,
    /// What went over the wire.
    pub traffic: Option<Traffic>,
}

impl Provisioning {
    /// Takes note of an event of a simulation.
    pub fn observe(&mut self, event: &Event) {
        match event {
            Event::Provisioned(entry) => self.entry(entry),
            Event::CycleDone(done) => self.cycle(done),
            Event::Traffic(traffic) => self.traffic = Some(*traffic),
            Event::Finished(finding) => self.finding(finding),
            Event::Phase { what: COMPARISON, .. } => {
                self.people = Tally::default();
                self.groups = Tally::default();
                self.differences = Groups::default();
            }
            _ => {}
        }
    }

    fn entry(&mut self, entry: &Entry) {
        self.counts.add(entry);
        self.current.add(entry);
        if let Some(reason) = &entry.reason {
            let own: Vec<&str> =
                entry.target_id.as_deref().into_iter().chain([entry.name.as_str()]).collect();
            self.reasons.add((entry.status, entry.kind), reason, &entry.key, &own);
        }
    }

    fn cycle(&mut self, done: &CycleDone) {
        if self.cycles.len() == CYCLES {
            self.cycles.remove(0);
            self.earlier_cycles += 1;
        }
        self.cycles.push(Cycle { done: done.clone(), counts: std::mem::take(&mut self.current) });
    }

    fn finding(&mut self, finding: &Finding) {
        let Some(kind) = kind_of(&finding.item.topic) else { return };
        match kind {
            Kind::User => self.people.add(finding.status),
            Kind::Group => self.groups.add(finding.status),
        }
        if finding.status == Status::Fail {
            let key = finding.item.id.split_once('/').map_or(finding.item.id.as_str(), |(_, key)| key);
            let mut said = |what: &str| self.differences.add(kind, what, key, &[&finding.item.title]);
            match &finding.problems[..] {
                [] => said(&finding.message),
                problems => problems.iter().for_each(|problem| said(&problem.what)),
            }
        }
    }

    /// How many cycles there were.
    pub fn cycle_count(&self) -> usize {
        self.earlier_cycles + self.cycles.len()
    }

    /// `8 people and 3 groups`, all that were looked at.
    pub fn scope(&self) -> String {
        people_and_groups(self.people.total(), self.groups.total())
    }

    /// Whether the target is what the directory says, in plain words. Who is not in scope does not count.
    pub fn verdict(&self) -> Verdict {
        let judged = |tally: &Tally| tally.of(Status::Pass) + tally.of(Status::Warn) + tally.of(Status::Fail);
        let open = |tally: &Tally| tally.of(Status::Error) + tally.of(Status::Blocked);
        let (people, groups) = (judged(&self.people), judged(&self.groups));
        let (bad_people, bad_groups) = (self.people.of(Status::Fail), self.groups.of(Status::Fail));
        let (open_people, open_groups) = (open(&self.people), open(&self.groups));
        let says = |people: usize, groups: usize| {
            let verb = if people + groups == 1 { "is" } else { "are" };
            format!("{} {verb} as the directory says", people_and_groups(people, groups))
        };
        let mut text = match (bad_people, bad_groups) {
            (0, 0) if people + groups == 0 => "no person and no group was compared".to_owned(),
            (0, 0) => says(people, groups),
            (bad, 0) => {
                let good = if groups == 0 { String::new() } else { format!("; {}", says(0, groups)) };
                format!(
                    "{} from what the directory says{good}",
                    differ(&[some(bad, people, Kind::User)], bad)
                )
            }
            (0, bad) => {
                let good = if people == 0 { String::new() } else { format!("; {}", says(people, 0)) };
                format!(
                    "{} from what the directory says{good}",
                    differ(&[some(bad, groups, Kind::Group)], bad)
                )
            }
            (some_people, some_groups) => {
                let parts = [some(some_people, people, Kind::User), some(some_groups, groups, Kind::Group)];
                format!("{} from what the directory says", differ(&parts, some_people + some_groups))
            }
        };
        if open_people + open_groups > 0 {
            let who = people_and_groups(open_people, open_groups);
            text.push_str(&format!("; {who} could not be compared"));
        }
        let holds = people + groups > 0 && bad_people + bad_groups + open_people + open_groups == 0;
        Verdict { holds, text }
    }
}

/// `2 of 6 people`
fn some(number: usize, all: usize, kind: Kind) -> String {
    let whole = match kind {
        Kind::User => people_and_groups(all, 0),
        Kind::Group => people_and_groups(0, all),
    };
    format!("{} of {whole}", words::grouped(number))
}

fn differ(parts: &[String], number: usize) -> String {
    format!("{} {}", parts.join(" and "), if number == 1 { "differs" } else { "differ" })
}

/// `1 person and 3 groups`; what there is none of is left out.
fn people_and_groups(people: usize, groups: usize) -> String {
    let people_word = if people == 1 { "person" } else { "people" };
    let parts = [(people, people_word), (groups, if groups == 1 { "group" } else { "groups" })];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{} {word}", words::grouped(number)))
        .collect();
    match parts.is_empty() {
        true => "0 people".to_owned(),
        false => parts.join(" and "),
    }
}

/// `1,204 requests in 3.1 s: 388/s; answers: median 1.9 ms, 90 % 3.0 ms, 99 % 8.1 ms, longest 40 ms`
pub fn throughput(traffic: &Traffic) -> String {
    let Traffic { requests, elapsed, median, p90, p99, longest } = *traffic;
    if requests == 0 {
        return "no request was sent".to_owned();
    }
    let rate = rate(traffic).map_or(String::new(), |rate| format!(": {}", words::rate(rate)));
    let noun = if requests == 1 { "request" } else { "requests" };
    format!(
        "{} {noun} in {}{rate}; answers: median {}, 90 % {}, 99 % {}, longest {}",
        words::grouped(requests),
        words::seconds(elapsed),
        words::seconds(median),
        words::seconds(p90),
        words::seconds(p99),
        words::seconds(longest)
    )
}

/// Requests in a second, where any time passed.
pub fn rate(traffic: &Traffic) -> Option<f64> {
    let seconds = traffic.elapsed.as_secs_f64();
    (seconds > 0.0).then(|| traffic.requests as f64 / seconds)
}

#[cfg(test)]
mod tests;
