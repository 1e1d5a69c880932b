//! Deleting what a run left on a target.

use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use super::Target;
use super::journal::{Journal, Pending, RESERVED, resource_path};
use crate::exchange::{Exchange, Request};

/// What became of everything that was left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Paths that were deleted.
    pub deleted: Vec<String>,
    /// Paths and names that were not there any more.
    pub gone: Vec<String>,
    /// What could not be deleted, and why. It stays in the journal.
    pub failed: Vec<(String, String)>,
    /// Whether the target refused the credentials (401).
    pub is_refused: bool,
}

/// Deletes everything that the journal says to be left, the newest first and groups before users, and
/// notes each deletion in the journal. What fails stays there for another time.
pub async fn delete_pending(target: &Target, journal: &Journal) -> Report {
    let mut report = Report::default();
    let mut left = journal.left();
    left.reverse();
    left.sort_by_key(|pending| !is_group(pending));
    for pending in left {
        let (what, result) = match &pending {
            Pending::Created(path) => (path.clone(), delete(target, path, &mut report).await),
            Pending::Unsettled { path, name } => {
                let result = match carries(name, journal.run()) {
                    true => delete_by_name(target, path, name, &mut report).await,
                    false => Err(format!(
                        "nobody knows whether this run created it: no answer told, and the name does not carry its suffix `{}`",
                        journal.run()
                    )),
                };
                (format!("`{name}` in {path}"), result)
            }
        };
        let noted = result.and_then(|()| {
            match &pending {
                Pending::Created(path) => journal.deleted(path),
                Pending::Unsettled { path, name } => journal.settled(path, name),
            }
            .map_err(|error| format!("it is deleted, but the journal cannot be written: {error}"))
        });
        if let Err(problem) = noted {
            report.failed.push((what, problem));
        }
    }
    report
}

fn is_group(pending: &Pending) -> bool {
    let (Pending::Created(path) | Pending::Unsettled { path, .. }) = pending;
    names_groups(path)
}

/// Whether a name is one that only this run gives. Whoever has another name may have been there before.
pub(super) fn carries(name: &str, suffix: &str) -> bool {
    !suffix.is_empty() && name.to_lowercase().contains(&suffix.to_lowercase())
}

fn names_groups(path: &str) -> bool {
    path.split('/').any(|segment| segment.eq_ignore_ascii_case("groups"))
}

/// Whether an endpoint is one of discovery: whoever writes there on purpose creates nothing, and a filter is refused (RFC 7644 §4).
fn describes(path: &str) -> bool {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    ["ServiceProviderConfig", "ResourceTypes", "Schemas"].iter().any(|name| last.eq_ignore_ascii_case(name))
}

async fn delete(target: &Target, path: &str, report: &mut Report) -> Result<(), String> {
    let exchange = last(target, Request::new("DELETE", path)).await?;
    match exchange.outcome {
        Err(failure) => Err(failure.message),
        Ok(response) if matches!(response.status, 404 | 410) => {
            report.gone.push(path.to_owned());
            Ok(())
        }
        Ok(response) if (200..300).contains(&response.status) => {
            report.deleted.push(path.to_owned());
            Ok(())
        }
        Ok(response) => {
            report.is_refused |= response.status == 401;
            Err(format!("the target answered {}", response.status))
        }
    }
}

/// Looks for what an unanswered request may have created, by its unique name, and deletes it.
async fn delete_by_name(
    target: &Target,
    endpoint: &str,
    name: &str,
    report: &mut Report,
) -> Result<(), String> {
    if describes(endpoint) {
        report.gone.push(format!("`{name}` in {endpoint}"));
        return Ok(());
    }
    let attribute = if names_groups(endpoint) { "displayName" } else { "userName" };
    let filter = format!("{attribute} eq {}", Value::from(name));
    let query = format!("{endpoint}?filter={}", utf8_percent_encode(&filter, RESERVED));
    let exchange = last(target, Request::new("GET", query)).await?;
    let response = exchange.outcome.map_err(|failure| failure.message)?;
    let found = match response.status {
        200 => {
            response.json().map_err(|error| format!("the answer to a lookup by name is no JSON: {error}"))?
        }
        404 => Value::Null,
        status => {
            report.is_refused |= status == 401;
            return Err(format!("the target answered {status} to a lookup by name"));
        }
    };
    // A target that ignores the filter would offer everybody for deletion.
    let ids: Vec<&str> = found
        .get("Resources")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|resource| {
            resource
                .get(attribute)
                .and_then(Value::as_str)
                .is_some_and(|found| found.eq_ignore_ascii_case(name))
        })
        .filter_map(|resource| resource.get("id").and_then(Value::as_str))
        .collect();
    if ids.is_empty() {
        report.gone.push(format!("`{name}` in {endpoint}"));
    }
    for id in ids {
        delete(target, &resource_path(endpoint, id), report).await?;
    }
    Ok(())
}

async fn last(target: &Target, request: Request) -> Result<Exchange, String> {
    target.send_patiently(request).await.pop().ok_or_else(|| "nothing was sent".to_owned())
}
