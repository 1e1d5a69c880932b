//! A run as one HTML page that is complete by itself: no network, no files beside it, readable without scripts.
//!
//! | file | what it holds |
//! |---|---|
//! | `mod.rs` | the page: numbers, readiness, filters |
//! | `finding.rs` | one finding: problems, rules, explanation |
//! | `exchange.rs` | exchanges as HTTP messages |
//! | `provisioning.rs` | what a simulation did |
//! | `coverage.rs` | what the run says about the RFCs, by section |
//! | `page.css`, `page.js` | how it looks, and how it is filtered |
//!
//! Whatever comes from a target is text: it is escaped, and the policy of the page lets no script run but its own.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::collected::Collected;
use super::message::clean;
use super::{evidence, order, words};
use crate::event::{Finding, Kind, Readiness, Status};

mod coverage;
mod exchange;
mod finding;
mod provisioning;

/// Findings of one topic that are shown: a browser cannot show 50,000 people.
const FINDINGS: usize = 1_000;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Text from outside: without deceptive characters, escaped.
struct Text<'a>(&'a str);

impl Render for Text<'_> {
    fn render_to(&self, buffer: &mut String) {
        clean(self.0).render_to(buffer);
    }
}

/// A sentence from outside: what stands between backticks is shown as code.
struct Prose<'a>(&'a str);

impl Render for Prose<'_> {
    fn render_to(&self, buffer: &mut String) {
        let parts: Vec<&str> = self.0.split('`').collect();
        // An odd number of backticks is no markup.
        if parts.len().is_multiple_of(2) {
            return Text(self.0).render_to(buffer);
        }
        for (index, part) in parts.into_iter().enumerate() {
            match index % 2 == 1 && !part.is_empty() {
                true => html! { code { (Text(part)) } }.render_to(buffer),
                false => Text(part).render_to(buffer),
            }
        }
    }
}

/// How a finding is shown: its status, or that a baseline accepts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    /// For filters and styles.
    word: &'static str,
    /// For people.
    name: &'static str,
    /// So that it is seen without colours.
    symbol: &'static str,
    /// The worst first.
    rank: u8,
}

const KNOWN: Mark = Mark { word: "known", name: "known", symbol: "≈", rank: 4 };

/// All marks in the order in which they are counted.
fn marks() -> impl Iterator<Item = Mark> {
    Status::ALL.into_iter().map(mark_of).chain([KNOWN])
}

fn mark_of(status: Status) -> Mark {
    let (name, symbol, rank) = match status {
        Status::Pass => ("passed", "✓", 6),
        Status::Fail => ("failed", "✗", 0),
        Status::Warn => ("warning", "!", 3),
        Status::Skip => ("skipped", "–", 5),
        Status::Blocked => ("blocked", "◼", 2),
        Status::Error => ("error", "?", 1),
    };
    Mark { word: status.word(), name, symbol, rank }
}

fn mark(finding: &Finding) -> Mark {
    if finding.known.is_some() { KNOWN } else { mark_of(finding.status) }
}

/// The link to an element of the page.
fn link(id: &str) -> String {
    const KEPT: AsciiSet =
        NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b'@');
    format!("#{}", utf8_percent_encode(&clean(id), &KEPT))
}

/// The page as text.
pub(super) fn render(run: &Collected) -> String {
    let heading = match run.kind {
        Kind::Run => "Scenarios",
        Kind::Check => "SCIM conformance",
        Kind::Selftest => "Selftest",
        Kind::Simulate => "Provisioning",
    };
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (heading) " of " (Text(&run.target.name)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (heading) " of " (Text(&run.target.name)) }
                    p.about {
                        code { (Text(&run.target.url)) } " · "
                        (items(run)) " in " (words::seconds(run.elapsed))
                        @if let Some(started) = run.started {
                            " · " time datetime=(started) { (words::moment(started)) }
                        }
                        " · scimulator " (env!("CARGO_PKG_VERSION"))
                        @if !run.options.is_empty() { " " code { (Text(&run.options.join(" "))) } }
                    }
                    @if run.incomplete {
                        p.banner role="alert" { "The run was interrupted: results are missing." }
                    }
                }
                main {
                    (numbers(run))
                    (readiness(run))
                    (provisioning::section(run))
                    (notices(run))
                    (findings(run))
                    (coverage::section(run))
                }
                footer { p { "Secrets were taken out before this page was written." } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// How many of what were judged.
fn items(run: &Collected) -> String {
    let number = run.tally.total();
    match run.kind {
        Kind::Run => words::count(number, "transcript"),
        Kind::Check => words::count(number, "check"),
        Kind::Selftest => words::count(number, "defect"),
        Kind::Simulate => run.provisioning.scope(),
    }
}

/// The source expression that lets a text of the page itself be used.
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

fn number(run: &Collected, mark: Mark) -> usize {
    run.findings.iter().filter(|finding| self::mark(finding) == mark).count()
}

fn numbers(run: &Collected) -> Markup {
    html! {
        section aria-label="Summary" {
            ul.numbers {
                @for mark in marks() {
                    @let number = number(run, mark);
                    li {
                        button type="button" class=(mark.word) data-show=(mark.word) disabled[number == 0] {
                            span.sign aria-hidden="true" { (mark.symbol) }
                            strong { (number) } " "
                            span.name { (mark.name) @if ["warn", "error"].contains(&mark.word) && number != 1 { "s" } }
                        }
                    }
                }
            }
        }
    }
}

fn readiness(run: &Collected) -> Markup {
    if run.readiness.is_empty() {
        return html! {
            @if run.kind == Kind::Check {
                p.hint { code { "--for okta,entra" } " adds whether the target is ready for an identity provider." }
            }
        };
    }
    html! {
        section aria-labelledby="for-whom" {
            h2 id="for-whom" { "Readiness" }
            table.readiness {
                thead { tr {
                    th scope="col" { "For" } th scope="col" { "Verdict" } th scope="col" { "Judged" }
                    th scope="col" { "Stands in the way" } th scope="col" { "Could not be judged" }
                } }
                tbody { @for row in &run.readiness { (verdict(row)) } }
            }
        }
    }
}

fn verdict(row: &Readiness) -> Markup {
    let state = evidence::State::of(row);
    let (class, sign) = match state {
        evidence::State::Ready => ("pass", "✓"),
        evidence::State::NotReady => ("fail", "✗"),
        evidence::State::Undecided => ("warn", "?"),
    };
    let links = |ids: &[String]| {
        html! {
            @if ids.is_empty() { span.none { "none" } }
            @else { ul.ids { @for id in ids { li { a href=(link(id)) { (Text(id)) } } } } }
        }
    };
    html! {
        tr {
            th scope="row" { (Text(evidence::label(&row.audience))) }
            td { span.badge.(class) { span.sign aria-hidden="true" { (sign) } (state.word()) } }
            td data-label="Judged" { (row.judged) }
            td data-label="Stands in the way" { (links(&row.blockers)) }
            td data-label="Could not be judged" { (links(&row.undecided)) }
        }
    }
}

fn notices(run: &Collected) -> Markup {
    html! {
        @if !run.notices.is_empty() {
            section aria-labelledby="notices-of-run" {
                h2 id="notices-of-run" { "Notices" }
                ul { @for notice in &run.notices { li { (Prose(notice)) } } }
            }
        }
    }
}

fn findings(run: &Collected) -> Markup {
    let mut uses: HashMap<String, usize> = HashMap::new();
    let mut anchor = |finding: &Finding| {
        let id = clean(&finding.item.id);
        let number = uses.entry(id.clone()).or_insert(0);
        *number += 1;
        if *number == 1 { id } else { format!("{id} ({number})") }
    };
    let topics = order::by_topic(run.findings.iter());
    let topics: Vec<(&str, Vec<(String, &Finding)>)> = topics
        .into_iter()
        .map(|(topic, mut findings)| {
            findings.sort_by_key(|finding| mark(finding).rank);
            (topic, findings.into_iter().map(|finding| (anchor(finding), finding)).collect())
        })
        .collect();
    let mut room = exchange::Room::default();
    // Of a topic with very many, those that need attention come first.
    let shown = |findings: &[(String, &Finding)]| findings.len().min(FINDINGS);
    html! {
        section aria-labelledby="every-finding" {
            h2 id="every-finding" { @if run.kind == Kind::Simulate { "People and groups" } @else { "Findings" } }
            @if let Some(hint) = evidence::about_curl(&run.target).filter(|_| run.kind == Kind::Check) {
                p.hint { (hint) }
            }
            (filters(run, topics.iter().map(|(topic, _)| *topic)))
            @for (topic, findings) in &topics {
                section.topic data-topic=(Text(topic)) {
                    h3 {
                        (Text(if topic.is_empty() { "scenarios" } else { topic })) " "
                        small { (tallied(findings)) }
                    }
                    @for (anchor, finding) in &findings[..shown(findings)] { (finding::details(run, anchor, finding, &mut room)) }
                    @if findings.len() > FINDINGS {
                        p.hint { (words::grouped(findings.len() - FINDINGS)) " more are in the JSON report." }
                    }
                }
            }
            p.nothing hidden { "Nothing matches the filter." }
        }
    }
}

/// `2 failed, 5 passed`
fn tallied(findings: &[(String, &Finding)]) -> String {
    let numbers = marks().filter_map(|mark| {
        let number = findings.iter().filter(|(_, finding)| self::mark(finding) == mark).count();
        (number > 0).then(|| (mark.rank, format!("{number} {}", mark.name)))
    });
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort();
    numbers.into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(", ")
}

fn filters<'a>(run: &Collected, topics: impl Iterator<Item = &'a str>) -> Markup {
    let needs_attention = marks().filter(|mark| mark.rank < 5).any(|mark| number(run, mark) > 0);
    let mut levels: Vec<&str> = run.findings.iter().filter_map(|finding| finding.item.level).collect();
    levels.sort_unstable();
    levels.dedup();
    html! {
        form.filters role="search" {
            label { "Search" input type="search" name="text" placeholder="id, title, rule, IdP  ( / )" autocomplete="off"; }
            label { "Status"
                select name="status" {
                    option value="" { "all" }
                    @if needs_attention { option value="attention" selected[run.kind != Kind::Selftest] { "needs attention" } }
                    @for mark in marks() {
                        @if number(run, mark) > 0 { option value=(mark.word) { (mark.name) } }
                    }
                }
            }
            label { "Topic"
                select name="topic" {
                    option value="" { "all" }
                    @for topic in topics.filter(|topic| !topic.is_empty()) {
                        option value=(Text(topic)) { (Text(topic)) }
                    }
                }
            }
            @if !levels.is_empty() {
                label { "Level"
                    select name="level" {
                        option value="" { "all" }
                        @for level in levels { option value=(level) { (level) } }
                    }
                }
            }
            div.actions {
                button type="button" data-all="open" { "Expand" }
                button type="button" data-all="close" { "Collapse" }
                button type="reset" { "Reset" }
            }
            p.shown role="status" {}
        }
    }
}

#[cfg(test)]
mod tests;
