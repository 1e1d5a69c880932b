//! What `check` says when it is over: for whom the target is ready, then what is wrong, the worst first.

use super::super::{evidence, order, words};
use super::Detail;
use super::finding::{InFull, heading, statements};
use super::text::{BOLD, DIM, GREEN, RED, YELLOW, clean, named, styled};
use crate::event::{Finding, Item, Kind, Known, Readiness, Status, TargetInfo};

/// Ids in one line of the readiness table, and reasons in the list of what was skipped.
const SHOWN: usize = 5;

/// A check run that is over.
pub(super) struct Ending<'a> {
    /// What did not pass.
    pub findings: &'a [Finding],
    /// For whom the target is ready.
    pub readiness: &'a [Readiness],
    /// The base URL of the target.
    pub target: &'a TargetInfo,
    /// How much is told.
    pub detail: Detail,
}

impl Ending<'_> {
    /// All but the counts.
    pub fn show(&self) -> String {
        let mut text = self.readiness();
        let mut warnings: Vec<&Finding> = self.of(Status::Warn).collect();
        order::sort(&mut warnings);
        let is_quiet = self.detail == Detail::Quiet;
        let (blocking, others): (Vec<_>, Vec<_>) =
            warnings.into_iter().filter(|_| !is_quiet).partition(|finding| self.stands_in_a_way(finding));
        let mut in_full = self.failures();
        in_full.push_str(&self.blocking(&blocking));
        if let Some(hint) = evidence::about_curl(self.target).filter(|_| !in_full.is_empty()) {
            in_full.push_str(&format!("\n{}", named("note", DIM, hint)));
        }
        text.push_str(&in_full);
        text.push_str(&in_short(&others));
        text.push_str(&self.not_judged());
        if self.detail != Detail::Quiet {
            text.push_str(&self.skipped());
        }
        text.push_str(&self.accepted());
        text
    }

    fn of(&self, status: Status) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.status == status && finding.known.is_none())
    }

    fn readiness(&self) -> String {
        if self.readiness.is_empty() {
            return match self.detail {
                Detail::Quiet => String::new(),
                _ => format!(
                    "\n{DIM}`--for okta,entra` says whether the target is ready for an identity provider{DIM:#}\n"
                ),
            };
        }
        let labels: Vec<&str> = self.readiness.iter().map(|row| evidence::label(&row.audience)).collect();
        let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        let mut text = format!("\n{BOLD}readiness{BOLD:#}\n");
        for (row, label) in self.readiness.iter().zip(labels) {
            let state = evidence::State::of(row);
            let style = match state {
                evidence::State::Ready => GREEN,
                evidence::State::NotReady => RED,
                evidence::State::Undecided => YELLOW,
            };
            let (why, ids) = evidence::because(row);
            let colon = if ids.is_empty() { "" } else { ": " };
            text.push_str(
                &clean(&format!("  {label:<width$}  {:<9}  {why}{colon}{}", state.word(), some(ids)))
                    .replacen(state.word(), &format!("{style}{}{style:#}", state.word()), 1),
            );
            text.push('\n');
        }
        text
    }

    fn evidence(&self) -> InFull<'_> {
        InFull { kind: Kind::Check, target: self.target, detail: self.detail }
    }

    fn failures(&self) -> String {
        let mut text = String::new();
        for (topic, findings) in order::by_topic(self.of(Status::Fail)) {
            let number = words::number(findings.len(), Status::Fail);
            text.push_str(&format!("\n{RED}=== {}: {number}{RED:#}\n", clean(topic)));
            findings.into_iter().for_each(|finding| text.push_str(&self.evidence().show(finding)));
        }
        text
    }

    fn stands_in_a_way(&self, finding: &Finding) -> bool {
        self.readiness.iter().any(|row| row.blockers.contains(&finding.item.id))
    }

    /// Warnings that keep somebody from being ready.
    fn blocking(&self, warnings: &[&Finding]) -> String {
        if warnings.is_empty() {
            return String::new();
        }
        let stand = if warnings.len() == 1 { "stands" } else { "stand" };
        let number = words::count(warnings.len(), "warning");
        let mut text = format!("\n{YELLOW}=== {number} that {stand} in somebody's way{YELLOW:#}\n");
        warnings.iter().for_each(|finding| text.push_str(&self.evidence().show(finding)));
        text
    }

    /// What could not be judged, by reason: one thing that does not work keeps many checks from judging.
    fn not_judged(&self) -> String {
        let mut text = String::new();
        for status in [Status::Error, Status::Blocked] {
            for (findings, reason) in words::reasons(self.of(status)) {
                if text.is_empty() {
                    text.push_str(&format!("\n{YELLOW}=== could not be judged{YELLOW:#}\n"));
                }
                let word = styled(status, &format!("{:<7}", status.word()));
                let ids: Vec<String> = findings.iter().map(|finding| finding.item.id.clone()).collect();
                text.push_str(&format!("  {word} {}\n", clean(reason)));
                let ids = if self.detail == Detail::Verbose { ids.join(", ") } else { some(&ids) };
                text.push_str(&named("", DIM, &ids));
            }
        }
        text
    }

    fn skipped(&self) -> String {
        let reasons = words::reasons(self.of(Status::Skip));
        if reasons.is_empty() {
            return String::new();
        }
        let shown = if self.detail == Detail::Verbose { reasons.len() } else { SHOWN };
        let number = words::number(self.of(Status::Skip).count(), Status::Skip);
        let mut text = format!("\n{BOLD}{number}{BOLD:#}\n");
        for (findings, reason) in reasons.iter().take(shown) {
            text.push_str(&format!("  {:>3}  {}\n", findings.len(), clean(reason)));
        }
        if let Some(rest) = reasons.get(shown..).filter(|rest| !rest.is_empty()) {
            let number: usize = rest.iter().map(|(findings, _)| findings.len()).sum();
            text.push_str(&format!(
                "  {number:>3}  {DIM}for other reasons: the reports and `--verbose` tell them{DIM:#}\n"
            ));
        }
        text
    }

    fn accepted(&self) -> String {
        let mut text = String::new();
        for finding in self.findings {
            let Some(Known { reason, until }) = &finding.known else { continue };
            if text.is_empty() {
                text.push_str(&format!("\n{BOLD}known, accepted by the baseline{BOLD:#}\n"));
            }
            let until = until.as_ref().map_or(String::new(), |until| format!(", until {until}"));
            let Item { id, .. } = &*finding.item;
            let word = finding.status.word();
            text.push_str(&clean(&format!("  {word} {id}: {}\n", finding.message)));
            text.push_str(&clean(&format!("       {reason}{until}\n")));
        }
        text
    }
}

/// Warnings that stand in nobody's way, in a few lines each.
fn in_short(warnings: &[&Finding]) -> String {
    if warnings.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{YELLOW}=== {}{YELLOW:#}\n", words::count(warnings.len(), "warning"));
    for finding in warnings {
        text.push_str(&heading(finding));
        match finding.problems.first() {
            Some(problem) => text.push_str(&statements(problem, "concern")),
            None => text.push_str(&named("concern", YELLOW, &finding.message)),
        }
        let more = match finding.problems.len().saturating_sub(1) {
            0 => String::new(),
            more => format!("{} in this check; ", words::count(more, "more problem")),
        };
        let ids = evidence::broken(finding).join(", ");
        let ids = if ids.is_empty() { ids } else { format!("{ids}; ") };
        let explain = match evidence::again(&finding.item) {
            Some(replay) => replay,
            None => format!("scimulator explain {}", finding.item.id),
        };
        let line = clean(&format!("{more}{ids}{explain}"));
        text.push_str(&format!("  {DIM}more{DIM:#}      {line}\n"));
    }
    text
}

/// The first ids, and how many more there are.
fn some(ids: &[String]) -> String {
    let shown: Vec<&str> = ids.iter().take(SHOWN).map(String::as_str).collect();
    match ids.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
