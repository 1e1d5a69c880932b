//! From the exchanges of a scenario to the document that is compared.

use super::document::Document;
use super::json;
use super::message::{self, Body, Message, Shown, Step};
use super::normalise::{Known, normalise};
use crate::exchange::{Exchange, FailureKind, Headers, reason};
use crate::redact::{Redacted, authorization};

/// The headers of a response that are shown, in this order. Others change without meaning anything.
const RESPONSE_HEADERS: [&str; 9] = [
    "Content-Type",
    "Location",
    "Content-Location",
    "ETag",
    "WWW-Authenticate",
    "Allow",
    "Retry-After",
    "Cache-Control",
    "Link",
];

/// What one scenario, played as one dialect, said and heard.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    /// The scenario file, relative to the working directory.
    pub source: String,
    /// The title of the scenario.
    pub title: String,
    /// The dialect; none for plain RFC traffic.
    pub dialect: Option<String>,
    /// The base URL of the target.
    pub base: String,
    /// The run suffix; empty where there is none.
    pub run_suffix: String,
    /// Name and exchanges of each step, in order. Repetitions and retries are exchanges of the same step.
    pub steps: Vec<(String, Vec<Redacted<Exchange>>)>,
}

/// The transcript as it is compared with its snapshot.
pub fn render(transcript: &Transcript) -> Document {
    let mut steps: Vec<Step> = transcript
        .steps
        .iter()
        .map(|(name, exchanges)| Step {
            name: message::one_line(name),
            exchanges: exchanges.iter().map(|exchange| shown(exchange)).collect(),
        })
        .collect();
    normalise(&mut steps, Known { base: &transcript.base, run_suffix: &transcript.run_suffix });
    Document {
        source: transcript.source.clone(),
        description: message::one_line(&transcript.title),
        expression: transcript.dialect.clone(),
        body: message::write(&steps),
    }
}

fn shown(exchange: &Exchange) -> Shown {
    let request = &exchange.request;
    let mut headers = fields(&request.headers);
    if !request.headers.contains("authorization") {
        let authorization = authorization(&request.auth).map(|value| ("Authorization".to_owned(), value));
        headers.splice(0..0, authorization);
    }
    Shown {
        attempt: exchange.attempt,
        request: Message {
            start: message::one_line(&format!("{} {}", request.method, request.target)),
            headers,
            body: Body::of(&request.body),
        },
        response: match &exchange.outcome {
            Ok(response) => Message {
                start: format!("{:03} {}", response.status, reason(response.status)).trim_end().to_owned(),
                headers: noteworthy(&response.headers),
                body: match Body::of(&response.body) {
                    Body::Json(value) => Body::Json(json::in_stable_order(value)),
                    other => other,
                },
            },
            Err(failure) => Message {
                start: format!("no response: {}", word(failure.kind)),
                headers: Vec::new(),
                body: Body::None,
            },
        },
    }
}

fn fields(headers: &Headers) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_owned(), message::one_line(value))).collect()
}

fn noteworthy(headers: &Headers) -> Vec<(String, String)> {
    RESPONSE_HEADERS
        .iter()
        .flat_map(|known| {
            let same = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(known));
            same.map(|(_, value)| ((*known).to_owned(), message::one_line(value)))
        })
        .collect()
}

/// What is shown of a failure: its kind. The sentence differs from machine to machine.
fn word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Connect => "no connection",
        FailureKind::Tls => "TLS failed",
        FailureKind::Timeout => "timeout",
        FailureKind::Broken => "connection broken",
        FailureKind::Protocol => "not HTTP",
        FailureKind::TooLarge => "body too large",
        FailureKind::Request => "not sent",
    }
}

#[cfg(test)]
mod tests;
