//! What `run` says: a line a transcript, and failures with their mistakes and differences.

use super::super::{evidence, message, words};
use super::Detail;
use super::text::{BOLD, DIM, capped, clean, diff, indented, narrowed, style, styled};
use crate::event::{Finding, Item, SnapshotDifference, Status};

/// Lines of a text diff that are shown unless everything is asked for.
const DIFF_LINES: usize = 60;

/// Lines of the last exchange of a failure that are shown unless everything is asked for.
const EXCHANGE_LINES: usize = 40;

/// `ok      okta/users/create@okta (0.01 s)`
pub(super) fn line(finding: &Finding) -> String {
    let word = match finding.status {
        _ if finding.known.is_some() => "known",
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

/// How failures are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failures {
    pub colour: bool,
    pub detail: Detail,
}

impl Failures {
    /// A failure in full.
    pub fn show(self, finding: &Finding) -> String {
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
        if let Some(command) = evidence::again(&finding.item) {
            text.push_str(&format!("\n{DIM}it alone: {}{DIM:#}\n", clean(&command)));
        }
        text
    }

    fn difference(self, difference: &SnapshotDifference) -> String {
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

    fn narrowed(self, text: &str) -> String {
        match self.detail {
            Detail::Verbose => text.lines().map(|line| format!("{line}\n")).collect(),
            _ => narrowed(text),
        }
    }

    fn capped(self, text: &str, limit: usize) -> String {
        match self.detail {
            Detail::Verbose => text.to_owned(),
            _ => capped(text, limit),
        }
    }
}
