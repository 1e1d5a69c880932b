//! One finding: what is wrong and why, who stumbles, how to mend it, and what was said over the wire.

use maud::{Markup, html};

use super::super::collected::Collected;
use super::super::evidence::{self, Rule};
use super::super::words;
use super::exchange::{self, Room};
use super::{Mark, Prose, Text, link, mark};
use crate::conformance::{Explanation, catalogue};
use crate::event::{Finding, Known, Problem, Severity, SnapshotDifference, Status};

/// A text difference is written up to this many bytes.
const LARGEST_DIFFERENCE: usize = 64 * 1024;

/// A finding that opens.
pub(super) fn details(run: &Collected, anchor: &str, finding: &Finding, room: &mut Room) -> Markup {
    let item = &finding.item;
    let mark = mark(finding);
    html! {
        details.finding.(mark.word)
            id=(anchor) data-status=(mark.word) data-level=(item.level.unwrap_or_default())
            data-search=(Text(&searched(finding)))
        {
            summary {
                (badge(mark))
                span.what {
                    code.id { (Text(&item.id)) }
                    span.title { (Text(&item.title)) }
                    @if !finding.message.is_empty() { span.message { (Prose(&finding.message)) } }
                }
                span.chips {
                    @if let Some(level) = item.level { span.chip { (level) } }
                    @for word in &item.breaks {
                        span.chip.idp { (Text(evidence::label(word))) }
                    }
                }
            }
            div.body {
                (known(finding))
                @if !finding.problems.is_empty() {
                    ol.problems { @for problem in &finding.problems { li { (self::problem(problem)) } } }
                }
                @for diagnostic in &finding.diagnostics { pre.diagnostic { (Text(&diagnostic.render(false))) } }
                @if let Some(difference) = &finding.difference { (self::difference(difference)) }
                @if let Some(explanation) = evidence::explanation(&item.id) { (explained(&explanation)) }
                (decides(finding))
                (exchange::list(run, finding, room))
                p.again {
                    @if let Some(command) = evidence::again_at(run.kind, item, &run.target) {
                        span { "It alone: " code { (Text(&command)) } " " (copy()) }
                    }
                    a.permalink href=(link(anchor)) { "link to this finding" }
                    @if !finding.duration.is_zero() { span { (words::seconds(finding.duration)) } }
                    @if let Some((file, line)) = words::place(finding) {
                        code { (Text(&file)) @if let Some(line) = line { ":" (line) } }
                    }
                }
            }
        }
    }
}

/// What the text filter looks at.
fn searched(finding: &Finding) -> String {
    let item = &finding.item;
    let mut words = vec![item.id.as_str(), &item.title, &finding.message];
    words.extend(item.requirements.iter().map(String::as_str));
    words.extend(item.breaks.iter().map(String::as_str));
    words.extend(evidence::stumbles(item));
    words.extend(finding.problems.iter().skip(1).map(|problem| problem.what.as_str()));
    let rules = evidence::rules(&item.requirements);
    words.extend(rules.iter().map(|rule| rule.source.as_str()));
    words.join(" ").to_lowercase()
}

fn badge(mark: Mark) -> Markup {
    html! { span.badge.(mark.word) { span.sign aria-hidden="true" { (mark.symbol) } (mark.name) } }
}

/// The button that copies the code before it.
pub(super) fn copy() -> Markup {
    html! { button.copy type="button" { "copy" } }
}

fn known(finding: &Finding) -> Markup {
    html! {
        @if let Some(Known { reason, until }) = &finding.known {
            p.accepted {
                "Accepted by the baseline" @if let Some(until) = until { " until " (Text(until)) } ": " (Prose(reason))
            }
        }
    }
}

fn problem(problem: &Problem) -> Markup {
    let (class, word) = match problem.severity {
        Severity::Violation => ("fail", "violation"),
        Severity::Concern => ("warn", "concern"),
    };
    html! {
        p.wrong { strong.(class) { (word) } " " (Prose(&problem.what)) }
        @if problem.expected.is_some() || problem.got.is_some() {
            dl.values {
                @for (name, value) in [("expected", &problem.expected), ("got", &problem.got)] {
                    @if let Some(value) = value { dt { (name) } dd { pre { (Text(value)) } } }
                }
            }
        }
        (rules(&evidence::rules(&problem.requirements)))
    }
}

fn rules(rules: &[Rule<'_>]) -> Markup {
    html! {
        @if !rules.is_empty() {
            ul.rules { @for rule in rules { li {
                code { (Text(rule.id)) }
                @if !rule.source.is_empty() { " " (source(rule)) ": " (Prose(rule.text)) }
            } } }
        }
    }
}

/// Where a rule stands, with a link into the RFC.
fn source(rule: &Rule<'_>) -> Markup {
    html! {
        @match catalogue::requirement(rule.id) {
            Some(requirement) => a rel="noreferrer" href=(address(requirement.rfc, &requirement.section)) { (rule.source) },
            None => (rule.source),
        }
    }
}

/// Where a section of an RFC can be read.
pub(super) fn address(rfc: u16, section: &str) -> String {
    format!("https://www.rfc-editor.org/rfc/rfc{rfc}#section-{section}")
}

/// The rules that an item is about, where no problem names any.
fn decides(finding: &Finding) -> Markup {
    let item = &finding.item;
    html! {
        @if finding.problems.is_empty() && !item.requirements.is_empty() {
            h4 { @if finding.status == Status::Pass { "Holds" } @else { "Is about" } }
            (rules(&evidence::rules(&item.requirements)))
        }
    }
}

fn explained(explanation: &Explanation) -> Markup {
    let Explanation { rule, why, fix } = explanation;
    html! {
        dl.explanation {
            @for (name, text) in [("Rule", rule), ("Why", why), ("Fix", fix)] {
                @if !text.is_empty() {
                    dt { (name) }
                    dd { @for paragraph in text.split("\n\n") { p { (Prose(paragraph)) } } }
                }
            }
        }
    }
}

fn difference(difference: &SnapshotDifference) -> Markup {
    html! {
        h4 { "Changed from " code { (Text(&difference.path)) } }
        @if !difference.changes.is_empty() {
            ul.changes { @for change in &difference.changes { li { code { (Text(change)) } } } }
        }
        @if !difference.text.is_empty() {
            pre.diff { @for line in words::cut(&difference.text, LARGEST_DIFFERENCE).lines() {
                @match line.as_bytes().first() {
                    Some(b'+') => ins { (Text(line)) },
                    Some(b'-') => del { (Text(line)) },
                    _ => span { (Text(line)) },
                }
                "\n"
            } }
        }
    }
}
