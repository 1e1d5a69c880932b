//! A run as Markdown: for a comment on a pull request and for the step summary of GitHub Actions.
//!
//! What comes from a target is escaped; a page that grows too large ends with a count of what was left out.

use std::fmt::Write as _;

use super::collected::Collected;
use super::message::{self, Limits, clean};
use super::{evidence, order, words};
use crate::event::{Finding, Kind, Known, Problem, Status};

mod provisioning;

/// A comment on GitHub may hold 65 536 characters; we stay below it.
pub(super) const COMMENT: usize = 60 * 1024;

/// A step summary may hold 1 MiB; we stay well below it.
pub(super) const STEP_SUMMARY: usize = 512 * 1024;

/// Evidence of one failure, in bytes.
const LARGEST_EVIDENCE: usize = 16 * 1024;

/// Problems of one check that are shown.
const PROBLEMS: usize = 5;

/// Rows of each of the tables below the failures.
const ROWS: usize = 100;

/// How much of an exchange is shown.
const SHORT: Limits = Limits { lines: 25, characters: 160 };

/// What the tables below the failures may take of the page.
const TABLES: usize = 4;

/// The run as a page of not more than about `limit` bytes.
pub(super) fn render(run: &Collected, limit: usize) -> String {
    let incomplete = if run.incomplete { " (interrupted)" } else { "" };
    let mut text = format!(
        "### scimulator {}: {}{incomplete}\n\nTarget `{}`, {}.\n",
        run.kind.word(),
        words::summary(run),
        code(&run.target.name),
        circumstances(run)
    );
    text.push_str(&readiness(run));
    if run.kind == Kind::Simulate {
        text.push_str(&provisioning::section(&run.provisioning));
    }
    let tables = tables(run, limit / TABLES);
    let room = limit.saturating_sub(tables.len());
    let failures = failures(run);
    for (index, finding) in failures.iter().enumerate() {
        let detail = failure(run, finding);
        if text.len() + detail.len() > room {
            let rest = failures.len() - index;
            let _ = writeln!(text, "\n… and {} in the other reports.", words::count(rest, "more failure"));
            break;
        }
        text.push_str(&detail);
    }
    if let Some(hint) =
        evidence::about_curl(&run.target).filter(|_| run.kind == Kind::Check && !failures.is_empty())
    {
        let _ = writeln!(text, "\n{hint}");
    }
    text.push_str(&tables);
    text
}

/// When it ran, how long, and with which options.
fn circumstances(run: &Collected) -> String {
    let started = run.started.map(words::moment);
    let options = match run.options.is_empty() {
        true => None,
        false => Some(format!("`{}`", code(&run.options.join(" ")))),
    };
    let parts: Vec<String> =
        started.into_iter().chain([words::seconds(run.elapsed)]).chain(options).collect();
    parts.join(", ")
}

fn failures(run: &Collected) -> Vec<&Finding> {
    let errors = run.of(Status::Error).filter(|_| run.kind == Kind::Run);
    let mut failures: Vec<&Finding> = run.of(Status::Fail).collect();
    order::sort(&mut failures);
    failures.extend(errors);
    failures
}

fn readiness(run: &Collected) -> String {
    if run.readiness.is_empty() {
        return String::new();
    }
    let mut text = "\n| ready for | | |\n|---|---|---|\n".to_owned();
    for row in &run.readiness {
        let state = evidence::State::of(row);
        let mark = match state {
            evidence::State::Ready => "✅",
            evidence::State::NotReady => "❌",
            evidence::State::Undecided => "❔",
        };
        let (why, ids) = evidence::because(row);
        let shown: Vec<String> =
            ids.iter().take(10).map(|id| format!("`{}`", code(id).replace('|', "\\|"))).collect();
        let more = match ids.len().saturating_sub(shown.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let colon = if shown.is_empty() { "" } else { ": " };
        let label = cell(evidence::label(&row.audience));
        let word = state.word();
        let _ = writeln!(text, "| {label} | {mark} {word} | {why}{colon}{}{more} |", shown.join(", "));
    }
    text
}

fn failure(run: &Collected, finding: &Finding) -> String {
    let (id, message) = (html(&finding.item.id), html(&finding.message));
    let title = html(&finding.item.title);
    if !finding.problems.is_empty() {
        let detail = problems(run, finding);
        return format!(
            "\n<details><summary><b>{id}</b>: {message}</summary>\n\n{title}\n{detail}\n</details>\n"
        );
    }
    let evidence = words::evidence(finding);
    let evidence = words::cut(&evidence, LARGEST_EVIDENCE);
    if evidence.is_empty() {
        return format!("\n**{id}**: {message}\n\n{title}\n");
    }
    let block = block("diff", evidence);
    format!("\n<details><summary><b>{id}</b>: {message}</summary>\n\n{title}\n\n{block}\n</details>\n")
}

/// The problems of a check with their rules and exchanges, and what to do about them.
fn problems(run: &Collected, finding: &Finding) -> String {
    let item = &finding.item;
    let mut text = String::new();
    if !item.breaks.is_empty() {
        let _ = writeln!(text, "\nStumbles: {}", html(&evidence::stumbles(item).join(", ")));
    }
    let mut seen = None;
    for problem in finding.problems.iter().take(PROBLEMS) {
        text.push_str(&statements(problem));
        if problem.exchange == seen {
            continue;
        }
        seen = problem.exchange;
        let Some(exchange) = evidence::decisive(problem, finding) else { continue };
        let shown: Vec<_> = evidence::cause(problem, finding).into_iter().chain([exchange]).collect();
        let led = shown.iter().take(shown.len() - 1).map(|cause| message::led(cause, SHORT));
        let messages: Vec<String> = led.chain([message::short(exchange, SHORT)]).collect();
        let _ = write!(text, "\n{}", block("http", words::cut(&messages.join("\n"), LARGEST_EVIDENCE)));
        let curl = |exchange: &&_| evidence::curl(&run.target, exchange);
        let lines: Vec<String> = shown.iter().filter_map(curl).collect();
        if !lines.is_empty() {
            let _ = write!(text, "\n{}", block("sh", &clean(&lines.join("\n"))));
        }
    }
    let more = finding.problems.len().saturating_sub(PROBLEMS);
    if more > 0 {
        let _ = writeln!(text, "\n… and {}.", words::count(more, "more problem"));
    }
    if let Some(explanation) = evidence::explanation(&item.id).filter(|parts| !parts.fix.is_empty()) {
        let _ = writeln!(text, "\n**Fix:** {}", html(&explanation.fix));
    }
    if let Some(command) = evidence::again_at(run.kind, item, &run.target) {
        let _ = writeln!(text, "\nIt alone: `{}`", code(&command));
    }
    text
}

fn statements(problem: &Problem) -> String {
    let mut text = format!("\n**{}**\n", html(&problem.what));
    for (name, value) in [("expected", &problem.expected), ("got", &problem.got)] {
        if let Some(value) = value {
            let _ = write!(text, "\n* {name}: `{}`", code(words::cut(value, 1_000)));
        }
    }
    for rule in evidence::rules(&problem.requirements) {
        let _ = write!(text, "\n* rule: {}", html(&rule.line()));
    }
    text.push('\n');
    text
}

/// What is told in a line each: warnings, what is known, what was not judged.
fn tables(run: &Collected, limit: usize) -> String {
    let mut warnings = Table::new("warning | what | rules");
    for finding in run.of(Status::Warn) {
        let rules = evidence::broken(finding).join(", ");
        warnings.row(&[&finding.item.id, &finding.message, &rules]);
    }
    let mut known = Table::new("known | what | accepted because");
    for finding in run.accepted() {
        let Some(Known { reason, until }) = &finding.known else { continue };
        let until = until.as_ref().map_or(String::new(), |until| format!(" (until {until})"));
        known.row(&[&finding.item.id, &finding.message, &format!("{reason}{until}")]);
    }
    let mut open = Table::new("not judged | reason");
    let mut skipped = Table::new("skipped | reason");
    match run.kind {
        Kind::Run => run
            .of(Status::Skip)
            .chain(run.of(Status::Blocked))
            .for_each(|finding| open.row(&[&finding.item.id, &finding.message])),
        Kind::Check | Kind::Selftest | Kind::Simulate => {
            for status in [Status::Error, Status::Blocked] {
                for (findings, reason) in words::reasons(run.of(status)) {
                    let ids: Vec<&str> = findings.iter().map(|finding| finding.item.id.as_str()).collect();
                    open.row(&[&ids.join(", "), reason]);
                }
            }
            // Why a simulation left somebody out is told above.
            let skipped_here = run.of(Status::Skip).filter(|_| run.kind != Kind::Simulate);
            for (findings, reason) in words::reasons(skipped_here) {
                skipped.row(&[&findings.len().to_string(), reason]);
            }
        }
    }
    let mut text = String::new();
    for table in [warnings, known, open, skipped] {
        text.push_str(&table.render(limit.saturating_sub(text.len())));
    }
    text
}

/// A table with a limited number of rows.
struct Table {
    text: String,
    rows: Vec<String>,
}

impl Table {
    fn new(heading: &str) -> Self {
        let rule = "---|".repeat(heading.split(" | ").count());
        Self { text: format!("\n| {heading} |\n|{rule}\n"), rows: Vec::new() }
    }

    fn row(&mut self, cells: &[&str]) {
        let cells: Vec<String> = cells.iter().map(|text| cell(words::cut(text, 500))).collect();
        self.rows.push(format!("| {} |\n", cells.join(" | ")));
    }

    fn render(mut self, limit: usize) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        for (index, row) in self.rows.iter().enumerate() {
            if index == ROWS || self.text.len() + row.len() > limit {
                let _ = writeln!(self.text, "\n… and {}.", words::count(self.rows.len() - index, "more row"));
                break;
            }
            self.text.push_str(row);
        }
        self.text
    }
}

/// A fenced block. A fence longer than any run of backticks inside cannot be closed from within.
fn block(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

/// Text inside of backticks.
fn code(text: &str) -> String {
    clean(text).replace('`', "'").replace('\n', " ")
}

/// Text that is no markup.
pub(super) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The same in a table.
pub(super) fn cell(text: &str) -> String {
    html(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests;
