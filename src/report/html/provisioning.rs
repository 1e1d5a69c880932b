//! What a simulation did: the verdict, the provisioning log in numbers, why something was not done, how fast it went.

use maud::{Markup, html};

use super::super::collected::Collected;
use super::super::provisioning::{Cycle, Provisioning, Verdict, action_name, kind_word, throughput, users};
use super::super::words;
use super::Text;
use crate::event::Kind;
use crate::event::provisioning::Status as Outcome;

/// Cycles in the table; of more, the last ones.
const CYCLES: usize = 50;

/// The section of the page; nothing where nothing was simulated.
pub(super) fn section(run: &Collected) -> Markup {
    if run.kind != Kind::Simulate {
        return html! {};
    }
    let run = &run.provisioning;
    let Verdict { holds, text } = run.verdict();
    let (class, sign) = if holds { ("pass", "✓") } else { ("fail", "✗") };
    html! {
        section aria-labelledby="provisioning" {
            h2 id="provisioning" { "Provisioning" }
            p { span.badge.(class) { span.sign aria-hidden="true" { (sign) } (Text(&text)) } }
            (log(run))
            (reasons(run))
            (cycles(run))
            @if let Some(traffic) = &run.traffic { p.hint { (throughput(traffic)) } }
        }
    }
}

fn log(run: &Provisioning) -> Markup {
    html! {
        @if run.counts.rows().next().is_some() {
            h3 { "The provisioning log in numbers" }
            table.log {
                thead { tr {
                    th scope="col" { "What" } th scope="col" { "Success" } th scope="col" { "Skipped" } th scope="col" { "Failure" }
                } }
                tbody { @for (kind, action, numbers) in run.counts.rows() {
                    tr {
                        th scope="row" { (kind_word(kind)) " " (action_name(action)) }
                        @for number in numbers {
                            td { @if number == 0 { span.none { "–" } } @else { (words::grouped(number)) } }
                        }
                    }
                } }
            }
        }
    }
}

fn reasons(run: &Provisioning) -> Markup {
    let told = [(Outcome::Failure, "failed"), (Outcome::Success, "done, but"), (Outcome::Skipped, "skipped")];
    let reasons = run.reasons.sorted();
    html! {
        @if !reasons.is_empty() {
            h3 { "Reasons" }
            table {
                thead { tr {
                    th scope="col" { "Status" } th scope="col" { "Of" } th scope="col" { "Reason" } th scope="col" { "Who" }
                } }
                tbody { @for (outcome, word) in told {
                    @for reason in reasons.iter().filter(|reason| reason.of.0 == outcome) {
                        tr {
                            td { (word) }
                            td { (users(reason.objects, reason.of.1)) }
                            td { (Text(reason.text())) }
                            td { (Text(&reason.names(5))) }
                        }
                    }
                } }
            }
            @if run.reasons.others > 0 {
                p.hint { (words::grouped(run.reasons.others)) " more entries have other reasons; a provisioning log has all of them." }
            }
        }
    }
}

fn cycles(run: &Provisioning) -> Markup {
    let shown = &run.cycles[run.cycles.len().saturating_sub(CYCLES)..];
    let earlier = run.cycle_count() - shown.len();
    html! {
        @if !shown.is_empty() {
            h3 { "Cycles" }
            table {
                thead { tr { th scope="col" { "Cycle" } th scope="col" { "Simulated time" } th scope="col" { "What was done" } } }
                tbody { @for cycle in shown { (row(cycle)) } }
            }
            @if earlier > 0 { p.hint { (words::grouped(earlier)) " earlier cycles are left out." } }
        }
    }
}

fn row(cycle: &Cycle) -> Markup {
    let done = &cycle.done;
    html! {
        tr {
            th scope="row" { (done.number) @if done.is_initial { " (initial)" } }
            td { time datetime=(done.time) { (words::moment(done.time)) } }
            td {
                (cycle.counts.phrase())
                @if let Some(why) = &done.stopped { br; span.badge.fail { "stopped early" } " " (Text(why)) }
                @if let Some(since) = done.quarantine {
                    br; span.badge.fail { "in quarantine" } " since " (words::moment(since))
                }
            }
        }
    }
}
