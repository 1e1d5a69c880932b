//! What a simulation did, as tables.

use std::fmt::Write as _;

use super::super::provisioning::{Provisioning, Verdict, action_name, kind_word, throughput, users};
use super::super::words::{cut, grouped};
use super::cell;

/// Rows of the table of reasons.
const ROWS: usize = 20;

/// The verdict, what was done, and why something was not.
pub(super) fn section(run: &Provisioning) -> String {
    let Verdict { holds, text: verdict } = run.verdict();
    let mark = if holds { "✅" } else { "❌" };
    let mut text = format!("\n{mark} **{verdict}**\n");
    let cycles = super::words::count(run.cycle_count(), "cycle");
    let mut rows = run.counts.rows().peekable();
    if rows.peek().is_some() {
        let _ = write!(text, "\n| {cycles} | | success | skipped | failure |\n|---|---|---:|---:|---:|\n");
    }
    for (kind, action, numbers) in rows {
        let [success, skipped, failure] = numbers.map(|number| match number {
            0 => String::new(),
            number => grouped(number),
        });
        let (kind, action) = (kind_word(kind), action_name(action));
        let _ = writeln!(text, "| {kind} | {action} | {success} | {skipped} | {failure} |");
    }
    let reasons = run.reasons.sorted();
    if !reasons.is_empty() {
        text.push_str("\n| status | of | reason | who |\n|---|---|---|---|\n");
    }
    // Failures first, then what the target did not keep, then what was skipped.
    let mut shown = reasons.clone();
    shown.sort_by_key(|reason| match reason.of.0 {
        crate::event::provisioning::Status::Failure => 0,
        crate::event::provisioning::Status::Success => 1,
        crate::event::provisioning::Status::Skipped => 2,
    });
    for reason in shown.iter().take(ROWS) {
        let (outcome, kind) = reason.of;
        let (status, number) = (outcome.word(), users(reason.objects, kind));
        let (sentence, names) = (cell(cut(reason.text(), 500)), cell(&reason.names(5)));
        let _ = writeln!(text, "| {status} | {number} | {sentence} | {names} |");
    }
    let more = reasons.len().saturating_sub(ROWS);
    if more > 0 {
        let _ = writeln!(text, "\n… and {}.", super::words::count(more, "more reason"));
    }
    if let Some(traffic) = &run.traffic {
        let _ = writeln!(text, "\n{}", throughput(traffic));
    }
    text
}
