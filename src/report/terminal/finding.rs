//! A finding in full: what is wrong with which rules and exchanges, how to mend it, how to judge it alone.

use super::super::message::{self, Limits};
use super::super::{evidence, words};
use super::Detail;
use super::text::{BOLD, DIM, GREEN, RED, YELLOW, clean, indented, named, style};
use crate::event::{Finding, Kind, Problem, Severity, Status, TargetInfo};

/// How much of an exchange is shown unless everything is asked for.
const SHORT: Limits = Limits { lines: 25, characters: 160 };

/// Problems of one finding that are shown unless everything is asked for.
const PROBLEMS: usize = 4;

/// How findings are shown in full.
pub(super) struct InFull<'a> {
    /// Which command found them.
    pub kind: Kind,
    /// Where.
    pub target: &'a TargetInfo,
    /// How much is told.
    pub detail: Detail,
}

impl InFull<'_> {
    /// A finding with its evidence, the fix, and how to judge it alone.
    pub fn show(&self, finding: &Finding) -> String {
        let item = &finding.item;
        let mut text = heading(finding);
        let limit = if self.detail == Detail::Verbose { usize::MAX } else { PROBLEMS };
        if finding.problems.is_empty() {
            text.push_str(&named("wrong", style(finding.status), &finding.message));
        }
        let mut told: &[String] = &[];
        let mut seen = None;
        for problem in finding.problems.iter().take(limit) {
            text.push_str(&statements(problem, "wrong"));
            if problem.requirements != told {
                text.push_str(&rules(problem));
                told = &problem.requirements;
            }
            if problem.exchange != seen {
                text.push_str(&self.exchange(problem, finding));
                seen = problem.exchange;
            }
            text.push('\n');
        }
        match finding.problems.len().saturating_sub(limit) {
            0 => {}
            more => {
                let more = words::count(more, "more problem");
                text.push_str(&format!("  {DIM}… {more}: `--verbose` shows all{DIM:#}\n\n"));
            }
        }
        if let Some(explanation) = evidence::explanation(&item.id).filter(|parts| !parts.fix.is_empty()) {
            text.push_str(&named("fix", GREEN, &explanation.fix));
        }
        if let Some(command) = evidence::again_at(self.kind, item, self.target) {
            text.push_str(&format!("  {DIM}it alone{DIM:#}  {}\n", clean(&command)));
        }
        text
    }

    /// The exchange that shows a problem, what led to it, and how to send both again.
    fn exchange(&self, problem: &Problem, finding: &Finding) -> String {
        let Some(exchange) = evidence::decisive(problem, finding) else {
            return String::new();
        };
        let cause = evidence::cause(problem, finding);
        let mut shown = String::new();
        if let Some(cause) = cause {
            shown.push_str(&match self.detail {
                Detail::Verbose => message::render(cause),
                _ => message::led(cause, SHORT),
            });
            shown.push('\n');
        }
        shown.push_str(&match self.detail {
            Detail::Verbose => message::render(exchange),
            _ => message::short(exchange, SHORT),
        });
        let mut text = format!("\n{}\n", indented(&indented(&shown)));
        let sent = cause.into_iter().chain([exchange]);
        for (index, line) in sent.filter_map(|exchange| evidence::curl(self.target, exchange)).enumerate() {
            let name = if index == 0 { "as curl" } else { "" };
            text.push_str(&format!("  {DIM}{name:<10}{DIM:#}{}\n", clean(&line)));
        }
        text
    }
}

/// Id, level, title and who stumbles.
pub(super) fn heading(finding: &Finding) -> String {
    let item = &finding.item;
    let style = style(finding.status);
    // A MUST that is merely warned of would read like a contradiction.
    let is_told = finding.status != Status::Warn || item.level != Some("must");
    let level = item.level.filter(|_| is_told).map_or(String::new(), |level| format!(" ({level})"));
    let mut text = format!("\n{style}--- {}{style:#}{level}\n", clean(&item.id));
    text.push_str(&format!("{BOLD}{}{BOLD:#}\n", clean(&item.title)));
    if !item.breaks.is_empty() {
        text.push_str(&named("stumbles", DIM, &evidence::stumbles(item).join(", ")));
    }
    text
}

/// What is wrong, what would be right, and what came.
pub(super) fn statements(problem: &Problem, wrong: &str) -> String {
    let (wrong, style) = match problem.severity {
        Severity::Violation => (wrong, RED),
        Severity::Concern => ("concern", YELLOW),
    };
    let mut text = named(wrong, style, &problem.what);
    for (name, value) in [("expected", &problem.expected), ("got", &problem.got)] {
        if let Some(value) = value {
            text.push_str(&named(name, BOLD, super::text::narrowed(value).trim_end()));
        }
    }
    text
}

fn rules(problem: &Problem) -> String {
    evidence::rules(&problem.requirements).iter().map(|rule| named("rule", DIM, &rule.line())).collect()
}
