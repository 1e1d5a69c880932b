//! Bulk requests (RFC 7644 §3.7): the message, bulkId references, the order of operations, the response.
//!
//! 1. [`BulkRequest::parse`] reads the message. One operation that cannot be carried out fails alone
//!    ([`Refused`]); only a broken message or too many operations fail the request.
//! 2. [`plan`] says in which order to run the operations, so that what an operation refers to exists.
//! 3. Before an operation runs, [`Operation::resolve`] replaces its references by the ids created so far. In a
//!    circular [`Group`] the ids must be chosen before the first of its operations runs.
//! 4. [`response`] makes the BulkResponse.

mod order;
mod reference;
mod result;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::error::{ScimError, shortened};
use super::message::{BULK_REQUEST, declares, member};
use super::policy::Policy;

pub use order::{Group, plan};
pub use result::{OperationResult, response};

/// A BulkRequest message.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkRequest {
    /// After how many failed operations to stop; `None` for never. At least 1.
    pub fail_on_errors: Option<u64>,
    /// In the order of the request.
    pub operations: Vec<Result<Operation, Refused>>,
}

/// Method of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Create.
    Post,
    /// Replace.
    Put,
    /// Modify.
    Patch,
    /// Delete.
    Delete,
}

/// One operation that is well-formed.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// What to do.
    pub method: Method,
    /// The client's name for the operation; always present with POST.
    pub bulk_id: Option<String>,
    /// An entity tag that acts as `If-Match`; never present with POST.
    pub version: Option<String>,
    /// First segment of the path: `Users`.
    pub endpoint: String,
    /// Second segment, decoded; present unless the method is POST. May be a reference: `bulkId:ada`.
    pub id: Option<String>,
    /// The body; present unless the method is DELETE. Always a JSON object.
    pub data: Option<Value>,
}

/// One operation that cannot be carried out, with what the response must repeat of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// As written.
    pub method: Option<String>,
    /// As written.
    pub bulk_id: Option<String>,
    /// As written.
    pub path: Option<String>,
    /// Why.
    pub error: ScimError,
}

impl BulkRequest {
    /// Reads the message.
    ///
    /// Methods are upper-case, in any letter case under [`Policy::any_case_op`]. An operation is refused with
    /// 400 `invalidSyntax` when it lacks a member or has one of the wrong form, with 400 `invalidValue` when it
    /// repeats the bulkId of an earlier POST or refers to a bulkId that no POST of the request has.
    ///
    /// # Errors
    /// 400 `invalidSyntax` for a body that is no BulkRequest, 400 `invalidValue` for a `failOnErrors` below 1, 413 for
    /// more than `max_operations` operations (RFC 7644 §3.7.4).
    pub fn parse(body: Value, max_operations: usize, policy: &Policy) -> Result<BulkRequest, ScimError> {
        let Value::Object(mut body) = body else {
            return Err(ScimError::invalid_syntax("the body of a bulk request must be a JSON object"));
        };
        if !declares(&body, BULK_REQUEST) && !policy.loose_schemas {
            return Err(ScimError::invalid_syntax(format!("`schemas` must name `{BULK_REQUEST}`")));
        }
        let fail_on_errors = match take(&mut body, "failOnErrors") {
            None => None,
            Some(value) => match (value.as_u64(), value.is_i64()) {
                (Some(limit @ 1..), _) => Some(limit),
                (Some(0), _) | (None, true) => {
                    return Err(ScimError::invalid_value("`failOnErrors` must be at least 1"));
                }
                _ => return Err(ScimError::invalid_syntax("`failOnErrors` must be a whole number")),
            },
        };
        let operations = match take(&mut body, "Operations") {
            Some(Value::Array(operations)) if !operations.is_empty() => operations,
            Some(Value::Array(_)) | None => {
                return Err(ScimError::invalid_syntax("`Operations` must hold at least one operation"));
            }
            Some(_) => return Err(ScimError::invalid_syntax("`Operations` must be an array")),
        };
        if operations.len() > max_operations {
            return Err(ScimError::status(
                413,
                format!(
                    "the bulk request has {} operations, which exceeds maxOperations ({max_operations})",
                    operations.len()
                ),
            ));
        }
        let mut operations: Vec<_> = operations.into_iter().map(|entry| operation(entry, policy)).collect();
        refuse_bad_bulk_ids(&mut operations);
        Ok(BulkRequest { fail_on_errors, operations })
    }

    /// Whether `errors` failed operations are as many as the client accepts.
    pub fn stops_after(&self, errors: u64) -> bool {
        self.fail_on_errors.is_some_and(|limit| errors >= limit)
    }
}

/// 413 for a body of more than `max_payload_size` bytes (RFC 7644 §3.7.4).
pub fn payload_too_large(max_payload_size: usize) -> ScimError {
    ScimError::status(
        413,
        format!("the size of the bulk request exceeds maxPayloadSize ({max_payload_size})"),
    )
}

impl Method {
    /// The method as in HTTP.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }

    fn parse(text: &str, any_case: bool) -> Option<Method> {
        [Method::Post, Method::Put, Method::Patch, Method::Delete].into_iter().find(|method| match any_case {
            true => method.name().eq_ignore_ascii_case(text),
            false => method.name() == text,
        })
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Operation {
    /// The path below the base URL, with a leading slash.
    pub fn path(&self) -> String {
        match &self.id {
            None => format!("/{}", self.endpoint),
            Some(id) => format!("/{}/{id}", self.endpoint),
        }
    }

    /// The bulkId under which other operations may refer to what this one creates.
    fn defines(&self) -> Option<&str> {
        self.bulk_id.as_deref().filter(|_| self.method == Method::Post)
    }

    fn refuse(&self, error: ScimError) -> Refused {
        Refused {
            method: Some(self.method.name().to_owned()),
            bulk_id: self.bulk_id.clone(),
            path: Some(self.path()),
            error,
        }
    }
}

/// Reads one element of `Operations`.
fn operation(entry: Value, policy: &Policy) -> Result<Operation, Refused> {
    let text = |name| entry.as_object().and_then(|entry| member(entry, name)?.as_str()).map(str::to_owned);
    let (method, bulk_id, path) = (text("method"), text("bulkId"), text("path"));
    well_formed(entry, policy).map_err(|problem| Refused {
        method,
        bulk_id,
        path,
        error: ScimError::invalid_syntax(problem),
    })
}

/// The operation, or what is wrong with it.
fn well_formed(entry: Value, policy: &Policy) -> Result<Operation, String> {
    let Value::Object(mut entry) = entry else {
        return Err("an operation must be a JSON object".into());
    };
    let mut text = |name| match take(&mut entry, name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(format!("`{name}` of an operation must be a string that is not empty")),
    };
    let method = text("method")?.ok_or("the operation has no `method`: POST, PUT, PATCH or DELETE")?;
    let method = Method::parse(&method, policy.any_case_op).ok_or_else(|| {
        format!("`{}` is not a method of bulk operations: POST, PUT, PATCH or DELETE", shorten(&method))
    })?;
    let bulk_id = text("bulkId")?;
    if method == Method::Post && bulk_id.is_none() {
        return Err("the operation has no `bulkId`, which POST demands".into());
    }
    let path = text("path")?.ok_or("the operation has no `path`")?;
    let (endpoint, id) = split_path(&path, method).ok_or_else(|| {
        let right = match method {
            Method::Post => "the endpoint of a resource type, like `/Users`",
            _ => "the path of a resource, like `/Users/2819c223`",
        };
        format!("`{}` is not a path for {method}: it must be {right}", shorten(&path))
    })?;
    let version = text("version")?.filter(|_| method != Method::Post);
    let data = match (method, take(&mut entry, "data")) {
        (Method::Delete, _) => None,
        (_, Some(data @ Value::Object(_))) => Some(data),
        (_, None) => return Err(format!("the operation has no `data`, which {method} demands")),
        (_, Some(_)) => return Err("`data` of an operation must be a JSON object".into()),
    };
    Ok(Operation { method, bulk_id, version, endpoint, id, data })
}

/// Endpoint and id of a path relative to the base URL. The leading slash may be absent.
fn split_path(path: &str, method: Method) -> Option<(String, Option<String>)> {
    if path.contains(['?', '#']) {
        return None;
    }
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut segments = path.strip_suffix('/').unwrap_or(path).split('/').map(|segment| {
        percent_decode_str(segment).decode_utf8().ok().filter(|text| !text.is_empty()).map(Cow::into_owned)
    });
    let endpoint = segments.next()??;
    let id = match method {
        Method::Post => None,
        _ => Some(segments.next()??),
    };
    segments.next().is_none().then_some((endpoint, id))
}

/// Refuses what repeats the bulkId of an earlier POST, and what refers to one that no POST has.
fn refuse_bad_bulk_ids(operations: &mut [Result<Operation, Refused>]) {
    let mut defined = HashSet::new();
    for entry in operations.iter_mut() {
        let (bulk_id, operation) = match entry {
            Ok(operation) => (operation.defines(), Some(&*operation)),
            // What refers to it fails when it runs, because the bulkId has no id then.
            Err(refused) => (refused.bulk_id.as_deref(), None),
        };
        let is_new = bulk_id.is_none_or(|bulk_id| defined.insert(bulk_id.to_owned()));
        if let (false, Some(operation), Some(bulk_id)) = (is_new, operation, bulk_id) {
            let problem = format!("bulkId `{}` is used by an earlier operation", shorten(bulk_id));
            *entry = Err(operation.refuse(ScimError::invalid_value(problem)));
        }
    }
    for entry in operations {
        let Ok(operation) = entry else { continue };
        if let Some(unknown) = operation.references().into_iter().find(|id| !defined.contains(*id)) {
            let problem = format!("no POST of this request has the bulkId `{}`", shorten(unknown));
            *entry = Err(operation.refuse(ScimError::invalid_value(problem)));
        }
    }
}

/// Takes the member of that name out of an object, without regard to case. Null counts as absent (RFC 7643 §2.5).
fn take(object: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let key = match object.contains_key(name) {
        true => name.to_owned(),
        false => object.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone(),
    };
    object.swap_remove(&key).filter(|value| !value.is_null())
}

/// What a client wrote, for a message.
fn shorten(text: &str) -> Cow<'_, str> {
    shortened(text, 80)
}

#[cfg(test)]
mod tests;
