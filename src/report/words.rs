//! Phrases that more than one report says, so that all say them alike.

use std::time::Duration;

use crate::event::{Finding, Status, Tally};

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

/// `1 snapshot`, `2 snapshots`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `45 passed`, `1 failed`, `2 skipped`: what did not occur is left out, except for the passes.
pub(super) fn counts(tally: &Tally) -> Vec<(Status, String)> {
    let occurred = Status::ALL.into_iter().filter(|status| tally.of(*status) > 0 || *status == Status::Pass);
    occurred
        .map(|status| {
            let number = tally.of(status);
            let words = match status {
                Status::Pass => format!("{number} passed"),
                Status::Fail => format!("{number} failed"),
                Status::Warn => count(number, "warning"),
                Status::Skip => format!("{number} skipped"),
                Status::Blocked => format!("{number} blocked"),
                Status::Error => count(number, "error"),
            };
            (status, words)
        })
        .collect()
}

/// File and line that a finding points at: its first located mistake, or else where its item stands.
pub(super) fn place(finding: &Finding) -> Option<(String, Option<usize>)> {
    let located = finding.diagnostics.iter().find_map(|diagnostic| {
        let (line, _) = diagnostic.line_column()?;
        Some((diagnostic.source.as_ref()?.path.clone(), Some(line)))
    });
    located.or_else(|| Some((finding.item.file.clone()?, None)))
}

/// All that is known about a failure as plain text: mistakes, structural changes, text difference.
pub(super) fn evidence(finding: &Finding) -> String {
    let mut parts: Vec<String> =
        finding.diagnostics.iter().map(|diagnostic| diagnostic.render(false)).collect();
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
            counts(&tally).into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(said(&[]), "0 passed");
        assert_eq!(said(&[Status::Pass, Status::Skip, Status::Error]), "1 passed, 1 skipped, 1 error");
        assert_eq!(said(&[Status::Warn, Status::Warn]), "0 passed, 2 warnings");
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
