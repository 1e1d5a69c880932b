//! From a step to the request that is sent.

use std::sync::Arc;

use bytes::Bytes;

use crate::diagnostic::{Diagnostic, SourceFile};
use crate::exchange::{Auth, Headers, Request};
use crate::scenario::encode::encode;
use crate::scenario::template::{Piece, Undefined, Variables};
use crate::scenario::{Body, HeaderRule, RequestStep, Scenario, StepAuth};

type Problem = Box<Diagnostic>;

/// The request of a step.
pub(super) fn request(
    scenario: &Scenario,
    step: &RequestStep,
    variables: &Variables,
    base: &str,
) -> Result<Request, Problem> {
    let source = &scenario.source;
    let undefined = |undefined: Undefined| Box::new(undefined.diagnostic(source));
    let target = target(scenario, step, variables, base)?;
    let mut headers = Headers::new();
    // A content type that the file sets once for all speaks of bodies, so it goes with the steps that have one.
    let has_body = !matches!(step.body, Body::Nothing);
    let shared =
        scenario.headers.iter().filter(|rule| has_body || !rule.name.eq_ignore_ascii_case("content-type"));
    for rule in shared.chain(&step.headers) {
        apply(rule, &mut headers, variables, source)?;
    }
    let mut request = Request::new(step.method.clone(), target);
    request.headers = headers;
    request.auth = match &step.auth {
        StepAuth::Target => Auth::Target,
        StepAuth::None => Auth::None,
        StepAuth::Bearer(token) => Auth::Bearer(token.text(variables).map_err(undefined)?),
    };
    match &step.body {
        Body::Nothing => {}
        Body::Json(tree) => request = request.with_json(&tree.render(variables).map_err(undefined)?),
        Body::Text(text) => request.body = Bytes::from(text.text(variables).map_err(undefined)?),
        Body::TextFile(text, file) => {
            let text = text.text(variables).map_err(|undefined| Box::new(undefined.diagnostic(file)))?;
            request.body = Bytes::from(text);
        }
        Body::Bytes(bytes) => request.body = bytes.clone(),
    }
    Ok(request)
}

/// Path and query as they go over the wire.
///
/// A variable at the very beginning is a place below the base URL that a target gave, such as a `Location`; it is
/// used as it is.
fn target(
    scenario: &Scenario,
    step: &RequestStep,
    variables: &Variables,
    base: &str,
) -> Result<String, Problem> {
    let source = &scenario.source;
    let wrong = |title: String, label: &str| {
        Box::new(Diagnostic::error(title).at(source, step.request_span.clone(), label.to_owned()))
    };
    let pieces = step.target.pieces(variables).map_err(|undefined| Box::new(undefined.diagnostic(source)))?;
    let (start, rest) = match pieces.split_first() {
        Some((Piece::Value(place), rest)) => {
            let below = place.strip_prefix(base.trim_end_matches('/')).unwrap_or(place);
            if !below.starts_with('/') || !below.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
                let title = format!("`{place}` is not a URL below the base URL, nor a path");
                return Err(wrong(title, "the variable at the beginning of this request"));
            }
            (below, rest)
        }
        _ => ("", &pieces[..]),
    };
    let encoding = step.encoding.unwrap_or(scenario.encoding);
    match encode(rest, encoding) {
        Ok(rest) => Ok(format!("{start}{rest}")),
        Err(unsendable) => {
            let help = "write it percent-encoded, or leave `encoding: raw` out";
            let mut problem = wrong(unsendable.to_string(), "`encoding: raw` sends this as it is");
            problem.help.push(help.into());
            Err(problem)
        }
    }
}

fn apply(
    rule: &HeaderRule,
    headers: &mut Headers,
    variables: &Variables,
    source: &Arc<SourceFile>,
) -> Result<(), Problem> {
    let Some(value) = &rule.value else {
        headers.remove(&rule.name);
        return Ok(());
    };
    let value = value.text(variables).map_err(|undefined| Box::new(undefined.diagnostic(source)))?;
    if let Some(found) = value.chars().find(|c| c.is_control() && *c != '\t') {
        let title = format!("{found:?} cannot stand in the header `{}`", rule.name);
        return Err(Box::new(Diagnostic::error(title).at(
            source,
            rule.span.clone(),
            "the value of this header",
        )));
    }
    headers.set(&rule.name, value);
    Ok(())
}
