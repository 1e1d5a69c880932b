//! What a person sees while a run goes on and when it is over.
//!
//! Findings and the summary are the data of a run and go to standard output; the progress bar and notices are talk
//! and go to standard error. Everything can be read without colours: styles only underline what the words say.

use std::collections::HashMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::progress::Progress;
use super::{message, words};
use crate::event::{Event, Finding, Item, Observer, SnapshotDifference, SnapshotState, Status, Tally};
use crate::exchange::Exchange;
use crate::redact::Redacted;

/// How much is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// Failures, notices and the summary.
    Quiet,
    /// One line an item as well.
    #[default]
    Normal,
    /// Every exchange and every diff in full as well.
    Verbose,
}

/// Lines of a text diff that are shown unless everything is asked for.
const DIFF_LINES: usize = 60;

/// Lines of the last exchange of a failure that are shown unless everything is asked for.
const EXCHANGE_LINES: usize = 40;

/// Characters of a line of either that are shown unless everything is asked for.
const LINE_CHARACTERS: usize = 400;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();

/// The consumer of events that writes for people.
pub struct Terminal {
    /// Takes findings and the summary; drops the styles itself where they are not wanted.
    out: Box<dyn Write + Send>,
    /// Takes notices.
    talk: Box<dyn Write + Send>,
    colour: bool,
    detail: Detail,
    progress: Progress,
    exchanges: HashMap<String, Vec<(String, Redacted<Exchange>)>>,
    failures: Vec<Finding>,
    tally: Tally,
    pending: usize,
    /// Differences that were not written anywhere, because this is a CI job.
    unwritten: usize,
    updated: usize,
    /// The folders that have to be named to review what is pending.
    review: Vec<String>,
    error: Option<io::Error>,
}

impl Terminal {
    /// Writes findings to `out` and notices to `talk`. `colour` says whether `out` shows styles, which decides how
    /// diagnostics are rendered.
    pub fn new(
        out: Box<dyn Write + Send>,
        talk: Box<dyn Write + Send>,
        colour: bool,
        detail: Detail,
        progress: Progress,
    ) -> Self {
        Self {
            out,
            talk,
            colour,
            detail,
            progress,
            exchanges: HashMap::new(),
            failures: Vec::new(),
            tally: Tally::default(),
            pending: 0,
            unwritten: 0,
            updated: 0,
            review: Vec::new(),
            error: None,
        }
    }

    /// Says that what is pending is in these folders, where that is not where `review` looks by itself.
    #[must_use]
    pub fn reviewed_in(mut self, folders: Vec<String>) -> Self {
        self.review = folders;
        self
    }

    /// The first reason why something could not be written, other than that nobody reads it any more.
    pub fn error(&self) -> Option<&io::Error> {
        self.error.as_ref().filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }

    /// Writes above the progress bar. After the first failure nothing more is tried.
    pub fn write(&mut self, text: &str) {
        if self.error.is_some() || text.is_empty() {
            return;
        }
        let out = &mut self.out;
        let written = self.progress.suspend(|| out.write_all(text.as_bytes()).and_then(|()| out.flush()));
        self.error = written.err();
    }

    fn notice(&mut self, text: &str) {
        let talk = &mut self.talk;
        self.progress.suspend(|| {
            let _ = writeln!(talk, "{YELLOW}notice{YELLOW:#}: {}", clean(text));
        });
    }

    fn finished(&mut self, finding: &Finding) {
        self.tally.add(finding.status);
        match finding.difference.as_ref().map(|difference| &difference.pending) {
            Some(Some(_)) => self.pending += 1,
            Some(None) => self.unwritten += 1,
            None => {}
        }
        self.updated += usize::from(finding.snapshot == Some(SnapshotState::Updated));
        self.progress.finished(&finding.item, finding.status);
        let bad = is_bad(finding.status);
        let mut text = String::new();
        if bad || self.detail != Detail::Quiet {
            text.push_str(&line(finding));
        }
        for (step, exchange) in self.exchanges.remove(&finding.item.id).unwrap_or_default() {
            text.push_str(&format!("\n  {DIM}# {}{DIM:#}\n", clean(&step)));
            text.push_str(&indented(&message::render(&exchange)));
        }
        self.write(&text);
        // That there is no snapshot yet is said in the line; there is nothing to compare.
        if bad && finding.snapshot != Some(SnapshotState::Missing) {
            self.failures.push(finding.clone());
        }
    }

    fn ended(&mut self, elapsed: std::time::Duration, interrupted: bool) {
        self.progress.end();
        self.failures.sort_by(|a, b| a.item.id.cmp(&b.item.id));
        for finding in std::mem::take(&mut self.failures) {
            let text = self.failure(&finding);
            self.write(&text);
        }
        let counts: Vec<String> =
            words::counts(&self.tally).into_iter().map(|(status, words)| styled(status, &words)).collect();
        let interrupted = if interrupted { format!(" {RED}(interrupted){RED:#}") } else { String::new() };
        let has_said_something = self.detail != Detail::Quiet
            || Status::ALL.into_iter().any(|status| is_bad(status) && self.tally.of(status) > 0);
        let blank = if has_said_something { "\n" } else { "" };
        self.write(&format!("{blank}{} in {}{interrupted}\n", counts.join(", "), words::seconds(elapsed)));
        if self.updated > 0 {
            let updated = words::count(self.updated, "snapshot");
            self.write(&format!("{updated} written: look at `git diff` before you commit\n"));
        }
        if self.unwritten > 0 {
            let snapshots = words::count(self.unwritten, "snapshot");
            self.write(&format!(
                "{snapshots} missing or different, nothing is written in CI: play outside of CI, `scimulator review`, commit\n"
            ));
        }
        if self.pending > 0 {
            let pending = words::count(self.pending, "snapshot");
            let folders: String = self.review.iter().map(|folder| format!(" {}", clean(folder))).collect();
            self.write(&format!(
                "{pending} pending: `scimulator review{folders}` walks through, `scimulator run --update` accepts all\n"
            ));
        }
    }

    /// A failure in full.
    fn failure(&self, finding: &Finding) -> String {
        let mut text = format!("\n{}\n", heading(finding));
        for diagnostic in &finding.diagnostics {
            text.push_str(&format!("\n{}\n", diagnostic.render(self.colour)));
        }
        let show_exchange = finding.status == Status::Error || !finding.diagnostics.is_empty();
        if let Some(exchange) = finding.exchanges.last().filter(|_| show_exchange) {
            text.push_str(&format!("\n{DIM}the last exchange:{DIM:#}\n"));
            let exchange = self.narrowed(&message::render(exchange));
            text.push_str(&self.capped(&indented(&exchange), EXCHANGE_LINES));
        }
        if let Some(difference) = &finding.difference {
            text.push_str(&self.difference(difference));
        }
        if let Some(file) = &finding.item.file {
            text.push_str(&format!("\n{DIM}it alone: scimulator run {}{DIM:#}\n", clean(file)));
        }
        text
    }

    fn difference(&self, difference: &SnapshotDifference) -> String {
        let mut text = String::new();
        if !difference.changes.is_empty() {
            text.push_str(&format!("\nchanged from {}:\n", clean(&difference.path)));
            for change in &difference.changes {
                text.push_str(&format!("  {BOLD}{}{BOLD:#}\n", clean(change)));
            }
        }
        if !difference.text.is_empty() {
            text.push('\n');
            text.push_str(&self.capped(&diff(&self.narrowed(&difference.text)), DIFF_LINES));
        }
        if let Some(pending) = &difference.pending {
            text.push_str(&format!("\n{DIM}the new transcript: {}{DIM:#}\n", clean(pending)));
        }
        text
    }

    /// The text with its longest lines cut: a value may have megabytes.
    fn narrowed(&self, text: &str) -> String {
        let line = |line: &str| match line.chars().nth(LINE_CHARACTERS) {
            Some(_) if self.detail != Detail::Verbose => {
                let beginning: String = line.chars().take(LINE_CHARACTERS).collect();
                format!("{beginning}… ({} bytes)\n", line.len())
            }
            _ => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    }

    /// The text, or its beginning and how to see the rest.
    fn capped(&self, text: &str, limit: usize) -> String {
        match (self.detail, words::first_lines(text, limit)) {
            (Detail::Verbose, _) | (_, (_, 0)) => text.to_owned(),
            (_, (beginning, rest)) => {
                let more = words::count(rest, "more line");
                format!("{beginning}\n{DIM}… {more}: `--verbose` shows all{DIM:#}\n")
            }
        }
    }
}

impl Observer for Terminal {
    fn observe(&mut self, event: &Event) {
        match event {
            Event::Started { planned, .. } => self.progress.start(*planned),
            Event::ItemStarted(item) => self.progress.started(item),
            Event::Exchanged { item, step, exchange } => {
                if self.detail == Detail::Verbose {
                    let exchanges = self.exchanges.entry(item.id.clone()).or_default();
                    exchanges.push((step.clone(), exchange.clone()));
                }
            }
            Event::Finished(finding) => self.finished(finding),
            Event::Readiness(_) => {}
            Event::Notice(text) => self.notice(text),
            Event::Ended { elapsed, interrupted } => self.ended(*elapsed, *interrupted),
        }
    }
}

/// Whether an item that ended so is worth telling even when little is told.
fn is_bad(status: Status) -> bool {
    matches!(status, Status::Fail | Status::Error | Status::Warn | Status::Blocked)
}

/// `ok      okta/users/create@okta (0.01 s)`
fn line(finding: &Finding) -> String {
    let word = match finding.status {
        Status::Pass => "ok",
        Status::Fail => "FAIL",
        Status::Error => "ERROR",
        other => other.word(),
    };
    let word = styled(finding.status, &format!("{word:<7}"));
    let took = match finding.duration.is_zero() {
        true => String::new(),
        false => format!(" {DIM}({}){DIM:#}", words::seconds(finding.duration)),
    };
    let reason = match finding.message.is_empty() {
        true => String::new(),
        false => format!(": {}", clean(&finding.message)),
    };
    format!("{word} {}{took}{reason}\n", clean(&finding.item.id))
}

/// Id, title and message of a failure.
fn heading(finding: &Finding) -> String {
    let Item { id, title, .. } = &*finding.item;
    let (id, title, message) = (clean(id), clean(title), clean(&finding.message));
    let style = style(finding.status);
    format!("{style}--- {id}{style:#}\n{BOLD}{title}{BOLD:#}\n{style}{message}{style:#}")
}

fn style(status: Status) -> Style {
    match status {
        Status::Pass => GREEN,
        Status::Fail | Status::Error => RED,
        Status::Warn | Status::Skip | Status::Blocked => YELLOW,
    }
}

fn styled(status: Status, text: &str) -> String {
    let style = style(status).bold();
    format!("{style}{text}{style:#}")
}

/// A unified diff with colours.
pub fn diff(text: &str) -> String {
    let mut coloured = String::with_capacity(text.len());
    for line in text.lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => GREEN,
            Some(b'-') => RED,
            Some(b'@') => CYAN,
            _ => Style::new(),
        };
        coloured.push_str(&format!("{style}{}{style:#}\n", clean(line)));
    }
    coloured
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// Text without control characters, which could make a terminal lie. Line breaks stay.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use std::sync::{Arc, Mutex};

    /// A writer whose text can be looked at afterwards.
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn said(detail: Detail) -> (String, String) {
        let (out, talk) = (Shared::default(), Shared::default());
        let mut terminal =
            Terminal::new(Box::new(out.clone()), Box::new(talk.clone()), false, detail, Progress::none());
        samples::events().iter().for_each(|event| terminal.observe(event));
        let text = |shared: Shared| {
            let text = String::from_utf8(shared.0.lock().unwrap().clone()).unwrap();
            anstream::adapter::strip_str(&text).to_string()
        };
        (text(out), text(talk))
    }

    #[test]
    fn a_run_is_told_line_by_line_with_failures_in_full_at_the_end() {
        let (out, talk) = said(Detail::Normal);
        insta::assert_snapshot!(out, @r#"
        FAIL    rfc/errors/conflict (12 ms): 1 expectation does not hold
        ok      okta/users/create@okta (12 ms)
        FAIL    okta/users/deactivate@okta (12 ms): the transcript differs from its snapshot
        FAIL    rfc/me (12 ms): there is no snapshot yet
        skip    rfc/bulk/create (12 ms): needs `bulk`, which the target does not offer
        ERROR   rfc/paging (12 ms): no connection to 127.0.0.1:9

        --- okta/users/deactivate@okta
        What okta users deactivate shows �[31m<&>
        the transcript differs from its snapshot

        changed from snapshots/rfc/okta/users/deactivate@okta.snap:
          2. deactivate: response body: /active: false -> true

        @@ -3,3 +3,3 @@
         {
        -  "active": false
        +  "active": true
         }

        the new transcript: snapshots/rfc/okta/users/deactivate@okta.snap.new

        it alone: scimulator run scenarios/okta/users/deactivate.yaml

        --- rfc/errors/conflict
        What rfc errors conflict shows �[31m<&>
        1 expectation does not hold

        error: the status is 201
         --> scenarios/rfc/errors/conflict.yaml:4:22
          |
        4 |     expect: { status: 409 }
          |                      ^^^ expected 409
          |
          = help: RFC 7644 §3.3

        the last exchange:
          > POST /Users
          > Content-Type: application/scim+json
          {
            "userName": "ada",
            "password": "<redacted>"
          }
          < 201 Created (3.4 ms)
          < Content-Type: application/scim+json
          < Set-Cookie: <redacted>
          < Vary: A
          < vary: B
          {
            "id": "1",
            "userName": "ada",
            "active": true
          }

        it alone: scimulator run scenarios/rfc/errors/conflict.yaml

        --- rfc/paging
        What rfc paging shows �[31m<&>
        no connection to 127.0.0.1:9

        the last exchange:
          > POST /Users
          > Content-Type: application/scim+json
          {
            "userName": "ada",
            "password": "<redacted>"
          }
          < nothing: no connection to 127.0.0.1:9: refused (3.4 ms)

        it alone: scimulator run scenarios/rfc/paging.yaml

        1 passed, 3 failed, 1 skipped, 1 error in 0.6 s
        2 snapshots pending: `scimulator review` walks through, `scimulator run --update` accepts all
        "#);
        insta::assert_snapshot!(talk, @"notice: no scenario plays `snapshots/rfc/old.snap` any more");
    }

    #[test]
    fn quiet_tells_failures_notices_and_the_summary_only() {
        let (out, talk) = said(Detail::Quiet);
        assert!(!out.contains("ok "), "{out}");
        assert!(!out.contains("skip "), "{out}");
        assert!(out.contains("FAIL    rfc/me"), "{out}");
        assert!(talk.starts_with("notice: "), "what is left on a target must be known: {talk}");
    }

    #[test]
    fn verbose_shows_every_exchange() {
        let (out, _) = said(Detail::Verbose);
        assert_eq!(out.matches("# create the user").count(), 4, "{out}");
        assert!(!out.contains("hunter2"), "{out}");
    }

    #[test]
    fn control_characters_of_a_target_do_not_reach_the_terminal() {
        let (out, _) = said(Detail::Verbose);
        assert!(!out.contains(|c: char| c.is_control() && c != '\n'));
    }

    #[test]
    fn a_reader_that_goes_away_is_no_error_and_a_full_disk_is_one() {
        struct Broken(io::ErrorKind);
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = |kind| {
            let out = Box::new(Broken(kind));
            let mut terminal =
                Terminal::new(out, Box::new(io::sink()), false, Detail::Normal, Progress::none());
            samples::events().iter().for_each(|event| terminal.observe(event));
            terminal.error().map(io::Error::kind)
        };
        assert_eq!(error(io::ErrorKind::BrokenPipe), None);
        assert_eq!(error(io::ErrorKind::StorageFull), Some(io::ErrorKind::StorageFull));
    }

    #[test]
    fn long_lines_are_cut_unless_everything_is_asked_for() {
        let narrowed = |detail| {
            let sink = || Box::new(io::sink());
            let terminal = Terminal::new(sink(), sink(), false, detail, Progress::none());
            terminal.narrowed(&format!("short\n{}\n", "é".repeat(LINE_CHARACTERS + 1)))
        };
        assert!(narrowed(Detail::Normal).ends_with("é… (802 bytes)\n"), "{}", narrowed(Detail::Normal));
        assert!(narrowed(Detail::Verbose).ends_with("éé\n"));
    }
}
