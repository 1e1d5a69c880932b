//! What is known of a finding beyond the finding itself: the rules that it breaks, who stumbles, how to mend it.

use crate::conformance::{Audience, Explanation, catalogue, checks};
use crate::event::{BUILT_IN_URL, Finding, Item, Kind, Problem, Readiness, TargetInfo};
use crate::exchange::Exchange;
use crate::redact::Redacted;

/// A requirement, a quirk or a demand of a draft that a problem breaks.
pub(super) struct Rule<'a> {
    /// Its id.
    pub id: &'a str,
    /// Where it stands and how binding it is, `RFC 7644 §3.5.2, MUST`; empty where the id is unknown.
    pub source: String,
    /// What it says, in our words; empty where the id is unknown.
    pub text: &'static str,
}

impl Rule<'_> {
    /// The rule in one line.
    pub fn line(&self) -> String {
        match self.text.is_empty() {
            true => self.id.to_owned(),
            false => format!("{} ({}): {}", self.source, self.id, self.text),
        }
    }
}

/// The rules with these ids.
pub(super) fn rules<I: AsRef<str>>(ids: &[I]) -> Vec<Rule<'_>> {
    let rule = |id: &'_ str| catalogue::statement(id).unwrap_or_default();
    ids.iter()
        .map(|id| {
            let (source, text) = rule(id.as_ref());
            Rule { id: id.as_ref(), source, text }
        })
        .collect()
}

/// The ids of the rules that a finding breaks: those of its problems, each once.
pub(super) fn broken(finding: &Finding) -> Vec<&str> {
    let mut ids: Vec<&str> = Vec::new();
    for id in finding.problems.iter().flat_map(|problem| &problem.requirements) {
        if !ids.contains(&id.as_str()) {
            ids.push(id);
        }
    }
    ids
}

/// The name for people of somebody who relies on a target.
pub(super) fn label(word: &str) -> &str {
    Audience::ALL.iter().find(|audience| audience.word() == word).map_or(word, |audience| audience.label())
}

/// Who stumbles over a failure, for people.
pub(super) fn stumbles(item: &Item) -> Vec<&str> {
    item.breaks.iter().map(|word| label(word)).collect()
}

/// What the check with that id is about.
pub(super) fn explanation(id: &str) -> Option<Explanation> {
    #[cfg(test)]
    if id.starts_with("sample.") {
        return Some(super::samples::check::explanation());
    }
    checks::find(id).map(|check| check.explanation())
}

/// The exchange that shows a problem.
pub(super) fn decisive<'a>(problem: &Problem, finding: &'a Finding) -> Option<&'a Redacted<Exchange>> {
    finding.exchanges.get(problem.exchange?)
}

/// The last write before the exchange that shows a problem, where that only reads: what the target got wrong.
pub(super) fn cause<'a>(problem: &Problem, finding: &'a Finding) -> Option<&'a Redacted<Exchange>> {
    let reads = |exchange: &Redacted<Exchange>| matches!(&*exchange.request.method, "GET" | "HEAD");
    let at = problem.exchange?;
    finding.exchanges.get(at).filter(|exchange| reads(exchange))?;
    finding.exchanges[..at].iter().rfind(|exchange| !reads(exchange))
}

/// The line that sends a request again; none for the built-in provider, which ends with its run.
pub(super) fn curl(target: &TargetInfo, exchange: &Redacted<Exchange>) -> Option<String> {
    (target.url != BUILT_IN_URL).then(|| super::curl::line(&target.url, exchange))
}

/// What whoever sends a request again has to know, where there are such lines.
pub(super) fn about_curl(target: &TargetInfo) -> Option<&'static str> {
    (target.url != BUILT_IN_URL).then_some(
        "The curl lines show what was sent. What the run created is deleted since, so that lines that build on it find \
         nothing: the command for a check alone plays all of it anew.",
    )
}

/// The command that judges one item again, where it was judged.
pub(super) fn again_at(kind: Kind, item: &Item, target: &TargetInfo) -> Option<String> {
    let place = match target.url.as_str() {
        BUILT_IN_URL if target.name == "rfc" => String::new(),
        BUILT_IN_URL => format!(" --profile {}", super::curl::quoted(&target.name)),
        url => format!(" --target {}", super::curl::quoted(url)),
    };
    match kind {
        Kind::Run => again(item),
        Kind::Check => Some(match again(item) {
            Some(replay) => format!("{replay}{place}"),
            None => format!("scimulator check{place} --only {}", super::curl::quoted(&item.id)),
        }),
        Kind::Selftest | Kind::Simulate => None,
    }
}

/// The command that plays the scenario of an item again.
pub(super) fn again(item: &Item) -> Option<String> {
    let file = item.file.as_ref()?;
    let dialect = item.id.rsplit_once('@').map(|(_, dialect)| format!(" --as {dialect}"));
    Some(format!("scimulator run {}{}", super::curl::quoted(file), dialect.unwrap_or_default()))
}

/// Whether a target is ready for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    NotReady,
    Undecided,
}

impl State {
    /// What the event says.
    pub fn of(readiness: &Readiness) -> Self {
        match (readiness.ready, readiness.blockers.is_empty()) {
            (true, _) => State::Ready,
            (false, false) => State::NotReady,
            (false, true) => State::Undecided,
        }
    }

    /// The words.
    pub fn word(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::NotReady => "not ready",
            State::Undecided => "undecided",
        }
    }
}

/// Why a target is ready or not, in one phrase that goes before the ids.
pub(super) fn because(readiness: &Readiness) -> (String, &[String]) {
    use super::words::count;
    match State::of(readiness) {
        State::Ready => (format!("{} judged", count(readiness.judged, "check")), &[]),
        State::NotReady => (count(readiness.blockers.len(), "blocker"), &readiness.blockers),
        State::Undecided => match readiness.undecided.len() {
            0 => ("nothing was judged".to_owned(), &[]),
            number => (format!("{number} could not be judged"), &readiness.undecided),
        },
    }
}
