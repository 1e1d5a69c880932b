//! Reads the users and groups of a target, page by page, with nothing but what RFC 7644 §3.4.2.4 has.

use serde_json::Value;

use super::scim::Importer;
use crate::exchange::Request;
use crate::target::Target;
use crate::target::refusal::Refusal;
use crate::target::visit::{probe, refused};

/// So many resources are asked for at once; the target may give fewer.
const PAGE: usize = 200;
/// So many resources of one type are read at most.
pub const MAX_RESOURCES: usize = 200_000;
/// Nobody has so many pages; a target that never ends is cut off.
const MAX_PAGES: usize = 20_000;

/// Reads every user and group. What the target has too much of is told in the second part.
///
/// # Errors
/// The target does not answer, refuses the credentials, or answers something that is no list.
pub async fn read(target: &Target) -> Result<(Importer, Vec<String>), Refusal> {
    probe(target, "/ServiceProviderConfig").await?;
    let mut importer = Importer::new();
    let mut notes = Vec::new();
    walk(target, "/Users", &mut notes, &mut |user| importer.user(user)).await?;
    walk(target, "/Groups", &mut notes, &mut |group| importer.group(group)).await?;
    Ok((importer, notes))
}

async fn walk(
    target: &Target,
    endpoint: &str,
    notes: &mut Vec<String>,
    found: &mut dyn FnMut(Value),
) -> Result<(), Refusal> {
    let mut seen = 0;
    for _ in 0..MAX_PAGES {
        let page = page(target, endpoint, seen + 1).await?;
        let count = page.resources.len();
        page.resources.into_iter().take(MAX_RESOURCES - seen).for_each(&mut *found);
        seen += count;
        // Some services leave the total out; a page that is not full is then the last one.
        let is_last = match page.total {
            Some(total) => seen as u64 >= total,
            None => count < PAGE,
        };
        if count == 0 || is_last {
            return Ok(());
        }
        if seen >= MAX_RESOURCES {
            break;
        }
    }
    notes.push(format!("only the first {} resources of {endpoint} were read", seen.min(MAX_RESOURCES)));
    Ok(())
}

struct Page {
    total: Option<u64>,
    resources: Vec<Value>,
}

async fn page(target: &Target, endpoint: &str, start: usize) -> Result<Page, Refusal> {
    let path = format!("{endpoint}?startIndex={start}&count={PAGE}");
    let mut exchanges = target.send_patiently(Request::new("GET", &path)).await;
    let unreadable = |why: String| {
        let why = target.secrets().text(&why).into_inner();
        Refusal::no_verdict(format!("{} cannot be read: GET {path} {why}", target.base()))
    };
    let Some(exchange) = exchanges.pop() else { return Err(unreadable("was not sent".into())) };
    let response = match exchange.outcome {
        Ok(response) => response,
        Err(failure) => return Err(unreadable(format!("gets no answer: {}", failure.message))),
    };
    match response.status {
        200 => {}
        401 | 403 => return Err(refused(target, endpoint, response.status)),
        // A service without groups.
        404 | 501 if endpoint == "/Groups" && start == 1 => {
            return Ok(Page { total: Some(0), resources: Vec::new() });
        }
        status => return Err(unreadable(format!("answers {status}"))),
    }
    let body: Value = serde_json::from_slice(&response.body)
        .map_err(|error| unreadable(format!("answers no JSON: {error}")))?;
    let Value::Object(mut body) = body else { return Err(unreadable("answers no object".into())) };
    let mut member = |name: &str| {
        let key = body.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
        key.and_then(|key| body.remove(&key))
    };
    let total = member("totalResults").and_then(|total| total.as_u64());
    let resources = match member("Resources") {
        Some(Value::Array(resources)) => resources,
        None | Some(Value::Null) if total.is_some() => Vec::new(),
        _ => return Err(unreadable("answers no list of resources".into())),
    };
    Ok(Page { total, resources })
}
