//! Exchanges as HTTP messages.

use maud::{Markup, html};

use super::super::collected::Collected;
use super::super::{evidence, message, words};
use super::{Text, finding};
use crate::event::{Finding, Kind, Status};
use crate::exchange::{Exchange, reason};
use crate::redact::Redacted;

/// A message is written up to this many bytes.
const LARGEST_MESSAGE: usize = 16 * 1024;

/// What the exchanges of passed items may take of the page, in bytes.
const ROOM: usize = 4 * 1024 * 1024;

/// What is left of the room for the exchanges of passed items, so that the page can be mailed.
pub(super) struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(ROOM)
    }
}

impl Room {
    fn takes(&mut self, size: usize) -> bool {
        let takes = size <= self.0;
        self.0 = if takes { self.0 - size } else { 0 };
        takes
    }
}

/// The exchanges of a finding; the ones that show a problem are open, and what led to them.
pub(super) fn list(run: &Collected, finding: &Finding, room: &mut Room) -> Markup {
    let number = finding.exchanges.len();
    // Hundreds of checks pass, and nobody looks at how: a page is mailed. The JSON report has all.
    let is_many = matches!(run.kind, Kind::Check | Kind::Simulate);
    if number == 0 || (is_many && finding.status == Status::Pass) {
        return html! {};
    }
    let shown: Vec<Markup> = finding
        .exchanges
        .iter()
        .enumerate()
        .map(|(index, exchange)| details(run, finding, index, exchange))
        .collect();
    let size = shown.iter().map(|markup| markup.0.len()).sum();
    let is_shown = finding.status != Status::Pass || room.takes(size);
    html! {
        h4 { "Exchanges" }
        @if is_shown {
            @for exchange in shown { (exchange) }
        } @else {
            p.hint { (words::count(number, "exchange")) " left out to keep the page small; the JSON report has all." }
        }
    }
}

fn details(run: &Collected, finding: &Finding, index: usize, exchange: &Redacted<Exchange>) -> Markup {
    let shows: Vec<usize> = (1..)
        .zip(&finding.problems)
        .filter(|(_, problem)| problem.exchange == Some(index))
        .map(|(number, _)| number)
        .collect();
    let leads = finding
        .problems
        .iter()
        .any(|problem| evidence::cause(problem, finding).is_some_and(|cause| std::ptr::eq(cause, exchange)));
    let answer = match &exchange.get().outcome {
        Ok(response) => format!("{} {}", response.status, reason(response.status)).trim_end().to_owned(),
        Err(_) => "no answer".to_owned(),
    };
    let request = &exchange.get().request;
    html! {
        details.exchange open[leads || !shows.is_empty()] {
            summary {
                code { (Text(&request.method)) " " (Text(&request.target)) }
                span.answer { "→ " (answer) " · " (words::seconds(exchange.get().duration)) }
                @if !shows.is_empty() {
                    span.chip.fail { "shows problem " (list_of(&shows)) }
                }
            }
            pre.request { (cut(&message::request(exchange))) }
            pre.response { (cut(&message::answer(exchange))) }
            @if let Some(line) = evidence::curl(&run.target, exchange) {
                p.curl { code { (Text(&line)) } " " (finding::copy()) }
            }
        }
    }
}

fn list_of(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

fn cut(text: &str) -> String {
    let text = text.trim_end();
    match text.len() > LARGEST_MESSAGE {
        true => format!("{}… ({} bytes)", words::cut(text, LARGEST_MESSAGE), text.len()),
        false => text.to_owned(),
    }
}
