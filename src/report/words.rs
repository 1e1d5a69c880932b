//! Phrases that more than one report says, so that all say them alike.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

use super::collected::Collected;
use super::evidence;
use crate::event::{Finding, Problem, Status, Tally};

/// `0.4 ms`, `12 ms`, `0.6 s` or `2 min 5 s`.
pub(super) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        ..0.0095 => format!("{:.1} ms", seconds * 1000.0),
        ..0.1 => format!("{} ms", duration.as_millis()),
        ..120.0 => format!("{seconds:.1} s"),
        _ => format!("{} min {} s", duration.as_secs() / 60, duration.as_secs() % 60),
    }
}

/// `9 s` or `2 min 5 s`: an estimate, so that parts of a second say nothing.
pub(super) fn left(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// `2026-12-01 14:30 UTC`
pub(super) fn moment(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `1 snapshot`, `2 snapshots`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `1,204`
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `388/s`, `0.4/s`
pub(super) fn rate(a_second: f64) -> String {
    match a_second {
        ..9.95 => format!("{a_second:.1}/s"),
        _ => format!("{}/s", grouped(a_second.round() as usize)),
    }
}

/// `45 passed`, `1 failed`, `2 skipped`, `3 known`: what did not occur is left out, except for the passes. What a
/// baseline accepts is counted apart.
pub(super) fn counts(tally: &Tally, known: &Tally) -> Vec<(Status, String)> {
    let new = |status: Status| tally.of(status).saturating_sub(known.of(status));
    let occurred = Status::ALL.into_iter().filter(|status| new(*status) > 0 || *status == Status::Pass);
    let mut counts: Vec<_> = occurred.map(|status| (status, number(new(status), status))).collect();
    if known.total() > 0 {
        counts.push((Status::Skip, format!("{} known", known.total())));
    }
    counts
}

/// `3 failed`, `1 warning`.
pub(super) fn number(number: usize, status: Status) -> String {
    match status {
        Status::Pass => format!("{number} passed"),
        Status::Fail => format!("{number} failed"),
        Status::Warn => count(number, "warning"),
        Status::Skip => format!("{number} skipped"),
        Status::Blocked => format!("{number} blocked"),
        Status::Error => count(number, "error"),
    }
}

/// The counts of a run in one line.
pub(super) fn summary(run: &Collected) -> String {
    let counts = counts(&run.tally, &run.known);
    counts.into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(", ")
}

/// The reasons of these findings, each with those that gave it, the commonest first.
pub(super) fn reasons<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<(Vec<&'a Finding>, &'a str)> {
    let mut by_reason: HashMap<&str, Vec<&Finding>> = HashMap::new();
    for finding in findings {
        by_reason.entry(&finding.message).or_default().push(finding);
    }
    let mut reasons: Vec<_> = by_reason.into_iter().map(|(reason, findings)| (findings, reason)).collect();
    reasons.sort_by(|(a, first), (b, second)| b.len().cmp(&a.len()).then(first.cmp(second)));
    reasons
}

/// File and line that a finding points at: its first located mistake, or else where its item stands.
pub(super) fn place(finding: &Finding) -> Option<(String, Option<usize>)> {
    let located = finding.diagnostics.iter().find_map(|diagnostic| {
        let (line, _) = diagnostic.line_column()?;
        Some((diagnostic.source.as_ref()?.path.clone(), Some(line)))
    });
    located.or_else(|| Some((finding.item.file.clone()?, None)))
}

/// All that is known about a failure as plain text: problems, mistakes, structural changes, text difference.
pub(super) fn evidence(finding: &Finding) -> String {
    let mut parts: Vec<String> = finding.problems.iter().map(problem).collect();
    parts.extend(finding.diagnostics.iter().map(|diagnostic| diagnostic.render(false)));
    if let Some(difference) = &finding.difference {
        if !difference.changes.is_empty() {
            parts.push(format!("changed from {}:\n{}", difference.path, difference.changes.join("\n")));
        }
        if !difference.text.is_empty() {
            parts.push(difference.text.trim_end().to_owned());
        }
    }
    parts.join("\n\n")
}

/// A problem as plain text: what is wrong, what would be right, what came, and which rule says so.
fn problem(problem: &Problem) -> String {
    let mut text = problem.what.clone();
    for (name, value) in [("expected", &problem.expected), ("got", &problem.got)] {
        if let Some(value) = value {
            let _ = write!(text, "\n  {name}: {value}");
        }
    }
    for rule in evidence::rules(&problem.requirements) {
        let _ = write!(text, "\n  rule: {}", rule.line());
    }
    text
}

/// The first `limit` lines of a text, and how many were left out.
pub(super) fn first_lines(text: &str, limit: usize) -> (&str, usize) {
    match text.match_indices('\n').nth(limit.saturating_sub(1)) {
        Some((end, _)) if end + 1 < text.len() => (&text[..end], text[end + 1..].lines().count()),
        _ => (text, 0),
    }
}

/// The text up to `limit` bytes, cut at a character.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_leave_out_what_did_not_occur() {
        let said = |statuses: &[Status]| {
            let mut tally = Tally::default();
            statuses.iter().for_each(|status| tally.add(*status));
            counts(&tally, &Tally::default())
                .into_iter()
                .map(|(_, words)| words)
                .collect::<Vec<_>>()
                .join(", ")
        };
        assert_eq!(said(&[]), "0 passed");
        assert_eq!(said(&[Status::Pass, Status::Skip, Status::Error]), "1 passed, 1 skipped, 1 error");
        assert_eq!(said(&[Status::Warn, Status::Warn]), "0 passed, 2 warnings");
    }

    #[test]
    fn what_is_known_is_counted_apart() {
        let (mut tally, mut known) = (Tally::default(), Tally::default());
        [Status::Fail, Status::Fail, Status::Warn].iter().for_each(|status| tally.add(*status));
        [Status::Fail, Status::Warn].iter().for_each(|status| known.add(*status));
        let said: Vec<String> = counts(&tally, &known).into_iter().map(|(_, words)| words).collect();
        assert_eq!(said.join(", "), "0 passed, 1 failed, 2 known");
    }

    #[test]
    fn large_numbers_are_grouped() {
        let said = [0, 999, 1_000, 1_204, 50_800, 1_234_567].map(grouped);
        assert_eq!(said.join(" "), "0 999 1,000 1,204 50,800 1,234,567");
        assert_eq!([0.41, 9.9, 9.96, 387.6, 12_345.0].map(rate).join(" "), "0.4/s 9.9/s 10/s 388/s 12,345/s");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(seconds(Duration::from_millis(4)), "4.0 ms");
        assert_eq!(seconds(Duration::from_millis(12)), "12 ms");
        assert_eq!(seconds(Duration::from_millis(640)), "0.6 s");
        assert_eq!(seconds(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 5 s");
    }

    #[test]
    fn a_long_text_is_cut_at_a_line_or_a_character() {
        assert_eq!(first_lines("a\nb\nc\n", 2), ("a\nb", 1));
        assert_eq!(first_lines("a\nb\n", 2), ("a\nb\n", 0));
        assert_eq!(first_lines("", 2), ("", 0));
        assert_eq!(cut("aé", 2), "a");
    }
}
