//! Findings that are accepted for now: `--baseline FILE`.
//!
//! ```toml
//! [[known]]
//! check = "patch.add-appends"
//! breaks = ["RFC7644-3.5.2.1-07"]   # a finding that breaks anything else is new
//! reason = "fixed in release 4.2, ticket SCIM-17"
//! until = "2027-01-31"              # optional; from the day after it counts again
//! ```

use std::ops::Range;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::checks;
use crate::diagnostic::{Diagnostic, SourceFile, nearest};
use crate::event::{Event, Finding, Known, Observer, Status};

/// A file of known findings.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    entries: Vec<Entry>,
}

/// One finding that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    check: String,
    /// Requirement ids; empty means any.
    breaks: Vec<String>,
    reason: String,
    until: Option<Date>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    known: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    check: Spanned<String>,
    #[serde(default)]
    breaks: Vec<String>,
    reason: Spanned<String>,
    until: Option<Spanned<String>>,
}

impl Baseline {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// Every mistake, at its place.
    pub fn read(text: &str, path: &str) -> Result<Self, Vec<Diagnostic>> {
        let source = SourceFile::new(path, text);
        let file: File = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            vec![Diagnostic::error("the baseline cannot be read").at(&source, span, error.message())]
        })?;
        let mut mistakes = Vec::new();
        let mut wrong =
            |span: Range<usize>, title: String, source: &Arc<SourceFile>, help: Option<String>| {
                let diagnostic = Diagnostic::error(title).at(source, span, "");
                mistakes.push(match help {
                    Some(help) => diagnostic.with_help(help),
                    None => diagnostic,
                });
            };
        let mut entries: Vec<Entry> = Vec::new();
        for row in file.known {
            let check = row.check.get_ref();
            if checks::find(check).is_none() {
                let near = nearest(check, checks::all().map(|check| check.id));
                let help = near.map(|near| format!("did you mean `{near}`?"));
                wrong(row.check.span(), format!("there is no check `{check}`"), &source, help);
            }
            if entries.iter().any(|entry| entry.check == *check) {
                wrong(row.check.span(), format!("`{check}` is there twice"), &source, None);
            }
            if row.reason.get_ref().trim().is_empty() {
                wrong(row.reason.span(), "a known finding needs a reason".to_owned(), &source, None);
            }
            let until = match &row.until {
                None => None,
                Some(text) => match text.get_ref().parse() {
                    Ok(date) => Some(date),
                    Err(_) => {
                        let help = Some("write it as 2027-01-31".to_owned());
                        wrong(text.span(), format!("`{}` is no date", text.get_ref()), &source, help);
                        None
                    }
                },
            };
            entries.push(Entry {
                check: check.clone(),
                breaks: row.breaks,
                reason: row.reason.into_inner(),
                until,
            });
        }
        if mistakes.is_empty() { Ok(Self { entries }) } else { Err(mistakes) }
    }

    /// The entry that accepts a finding on that day.
    fn accepts(&self, finding: &Finding, today: Date) -> Option<Known> {
        let broken = || finding.problems.iter().flat_map(|problem| &problem.requirements);
        let entry = self.entries.iter().find(|entry| entry.check == finding.item.id)?;
        let is_current = entry.until.is_none_or(|until| today <= until);
        let is_same = entry.breaks.is_empty() || broken().all(|id| entry.breaks.contains(id));
        (is_current && is_same)
            .then(|| Known { reason: entry.reason.clone(), until: entry.until.map(|date| date.to_string()) })
    }

    /// The text of a baseline that accepts these findings. Entries that are still needed keep their reasons.
    pub fn text<'f>(&self, findings: impl IntoIterator<Item = &'f Finding>, today: Date) -> String {
        let mut text = String::from("# Findings that are accepted for now; give each its reason.\n");
        // A JSON string is a TOML string, but for a control character that neither text should hold.
        let quoted = |text: &str| serde_json::Value::from(text.replace('\u{7f}', "")).to_string();
        for finding in findings.into_iter().filter(|finding| is_wanting(finding.status)) {
            let id = &finding.item.id;
            let known = self.entries.iter().find(|entry| entry.check == *id);
            let mut breaks: Vec<&String> =
                finding.problems.iter().flat_map(|problem| &problem.requirements).collect();
            breaks.sort();
            breaks.dedup();
            let breaks: Vec<String> = breaks.into_iter().map(|id| quoted(id)).collect();
            let reason = known.map_or_else(
                || format!("accepted on {today}: {}", finding.message),
                |entry| entry.reason.clone(),
            );
            text.push_str(&format!(
                "\n[[known]]\ncheck = {}\nbreaks = [{}]\nreason = {}\n",
                quoted(id),
                breaks.join(", "),
                quoted(&reason)
            ));
            if let Some(until) = known.and_then(|entry| entry.until) {
                text.push_str(&format!("until = {}\n", quoted(&until.to_string())));
            }
        }
        text
    }
}

/// Whether a finding is something that a baseline can accept.
fn is_wanting(status: Status) -> bool {
    matches!(status, Status::Fail | Status::Warn)
}

/// Marks findings that a baseline accepts on their way to the observer.
pub struct Marking<'a, O> {
    baseline: &'a Baseline,
    today: Date,
    observer: &'a mut O,
    /// What the baseline accepts and what did not occur any more.
    mended: Vec<String>,
    /// What is found and not accepted although the baseline names it, and why.
    beyond: Vec<String>,
}

impl<'a, O: Observer> Marking<'a, O> {
    /// Hands events on to `observer`.
    pub fn new(baseline: &'a Baseline, today: Date, observer: &'a mut O) -> Self {
        Self { baseline, today, observer, mended: Vec::new(), beyond: Vec::new() }
    }

    /// Tells which entries are of no use any more.
    pub fn finish(self) {
        for notice in self.beyond {
            self.observer.observe(&Event::Notice(notice));
        }
        let list = self.mended.join(", ");
        match self.mended.len() {
            0 => {}
            1 => self
                .observer
                .observe(&Event::Notice(format!("{list} passes now: take it out of the baseline"))),
            _ => self.observer.observe(&Event::Notice(format!(
                "these pass now, take them out of the baseline (`--write-baseline` does): {list}"
            ))),
        }
    }
}

impl<O: Observer> Observer for Marking<'_, O> {
    fn observe(&mut self, event: &Event) {
        let Event::Finished(finding) = event else { return self.observer.observe(event) };
        let Some(entry) = self.baseline.entries.iter().find(|entry| entry.check == finding.item.id) else {
            return self.observer.observe(event);
        };
        let mut finding = finding.clone();
        let id = &finding.item.id;
        if is_wanting(finding.status) {
            finding.known = self.baseline.accepts(&finding, self.today);
            if finding.known.is_none() {
                self.beyond.push(match entry.until.filter(|until| self.today > *until) {
                    Some(until) => format!("the baseline accepted `{id}` until {until} only"),
                    None => format!("`{id}` breaks more than the baseline accepts"),
                });
            }
        } else if finding.status == Status::Pass {
            self.mended.push(format!("`{id}`"));
        }
        self.observer.observe(&Event::Finished(finding));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::selection::item;
    use crate::event::{Problem, Severity};

    fn finding(id: &str, status: Status, breaks: &[&str]) -> Finding {
        let problem = Problem {
            severity: Severity::Violation,
            requirements: breaks.iter().map(|id| (*id).to_owned()).collect(),
            what: "it is wrong".into(),
            expected: None,
            got: None,
            exchange: None,
        };
        Finding {
            problems: vec![problem],
            ..Finding::plain(item(checks::find(id).unwrap()), status, "it is wrong")
        }
    }

    struct Seen(Vec<Event>);

    impl Observer for Seen {
        fn observe(&mut self, event: &Event) {
            self.0.push(event.clone());
        }
    }

    fn marked(text: &str, finding: Finding) -> (Option<Known>, Vec<String>) {
        let baseline = Baseline::read(text, "b.toml").unwrap();
        let mut seen = Seen(Vec::new());
        let mut marking = Marking::new(&baseline, "2026-12-01".parse().unwrap(), &mut seen);
        marking.observe(&Event::Finished(Box::new(finding)));
        marking.finish();
        let mut known = None;
        let mut notices = Vec::new();
        for event in seen.0 {
            match event {
                Event::Finished(finding) => known = finding.known,
                Event::Notice(notice) => notices.push(notice),
                _ => {}
            }
        }
        (known, notices)
    }

    const TEXT: &str = "[[known]]\ncheck = \"create.duplicate\"\nbreaks = [\"RFC7644-3.3-04\"]\nreason = \"later\"\nuntil = \"2026-12-01\"\n";

    #[test]
    fn a_known_finding_is_accepted_as_long_as_it_is_the_same_and_its_time_is_not_over() {
        let same = finding("create.duplicate", Status::Fail, &["RFC7644-3.3-04"]);
        assert_eq!(marked(TEXT, same.clone()).0.unwrap().reason, "later");
        let more = finding("create.duplicate", Status::Fail, &["RFC7644-3.3-04", "RFC7643-4.1.1-03"]);
        assert_eq!(
            marked(TEXT, more),
            (None, vec!["`create.duplicate` breaks more than the baseline accepts".into()])
        );
        let over = TEXT.replace("2026-12-01", "2026-11-30");
        assert_eq!(
            marked(&over, same),
            (None, vec!["the baseline accepted `create.duplicate` until 2026-11-30 only".into()])
        );
        let passes = finding("create.duplicate", Status::Pass, &[]);
        assert_eq!(marked(TEXT, passes).1, ["`create.duplicate` passes now: take it out of the baseline"]);
    }

    #[test]
    fn a_baseline_is_written_and_read_and_keeps_its_reasons() {
        let baseline = Baseline::read(TEXT, "b.toml").unwrap();
        let today = "2026-12-01".parse().unwrap();
        let findings = [
            finding("create.duplicate", Status::Fail, &["RFC7644-3.3-04"]),
            finding("create.minimal", Status::Warn, &["RFC7644-3.3-01"]),
            finding("create.id", Status::Pass, &[]),
        ];
        let text = baseline.text(&findings, today);
        insta::assert_snapshot!(text, @r#"
        # Findings that are accepted for now; give each its reason.

        [[known]]
        check = "create.duplicate"
        breaks = ["RFC7644-3.3-04"]
        reason = "later"
        until = "2026-12-01"

        [[known]]
        check = "create.minimal"
        breaks = ["RFC7644-3.3-01"]
        reason = "accepted on 2026-12-01: it is wrong"
        "#);
        assert_eq!(Baseline::read(&text, "b.toml").unwrap().entries.len(), 2);
    }

    #[test]
    fn mistakes_are_shown_at_their_places() {
        let text = "[[known]]\ncheck = \"create.duplicat\"\nreason = \" \"\nuntil = \"soon\"\n";
        let mistakes = Baseline::read(text, "b.toml").unwrap_err();
        let shown: Vec<String> = mistakes.iter().map(|mistake| mistake.render(false)).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        error: there is no check `create.duplicat`
         --> b.toml:2:9
          |
        2 | check = "create.duplicat"
          |         ^^^^^^^^^^^^^^^^^
          |
          = help: did you mean `create.duplicate`?
        error: a known finding needs a reason
         --> b.toml:3:10
          |
        3 | reason = " "
          |          ^^^
        error: `soon` is no date
         --> b.toml:4:9
          |
        4 | until = "soon"
          |         ^^^^^^
          |
          = help: write it as 2027-01-31
        "#);
        assert!(Baseline::read("[[known]]\nchekc = 1", "b.toml").is_err());
    }
}
