//! The BulkResponse message (RFC 7644 §3.7.3).

use serde_json::{Map, Value, json};

use super::{Operation, Refused};
use crate::protocol::error::ScimError;
use crate::protocol::message::BULK_RESPONSE;

/// What became of one operation.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationResult {
    /// As in the request.
    pub method: Option<String>,
    /// As in the request.
    pub bulk_id: Option<String>,
    /// The entity tag of the resource afterwards.
    pub version: Option<String>,
    /// URL of the resource. Left out of the response of a failed POST.
    pub location: Option<String>,
    /// What the operation would have been answered on its own.
    pub status: u16,
    /// The body; always present where the status is not a 2xx.
    pub response: Option<Value>,
}

impl OperationResult {
    /// An operation that was carried out.
    pub fn done(
        operation: &Operation,
        status: u16,
        location: String,
        version: Option<String>,
        response: Option<Value>,
    ) -> Self {
        Self {
            method: Some(operation.method.name().to_owned()),
            bulk_id: operation.bulk_id.clone(),
            version,
            location: Some(location),
            status,
            response,
        }
    }

    /// An operation that failed. `location` is the URL of the resource that it was about.
    pub fn failed(operation: &Operation, location: Option<String>, error: &ScimError) -> Self {
        Self {
            method: Some(operation.method.name().to_owned()),
            bulk_id: operation.bulk_id.clone(),
            version: None,
            location,
            status: error.status,
            response: Some(error.to_json()),
        }
    }

    /// An operation that could not be tried. `location` is the URL that its path leads to, if any.
    pub fn refused(refused: &Refused, location: Option<String>) -> Self {
        Self {
            method: refused.method.clone(),
            bulk_id: refused.bulk_id.clone(),
            version: None,
            location,
            status: refused.error.status,
            response: Some(refused.error.to_json()),
        }
    }

    /// Whether it counts towards `failOnErrors`.
    pub fn is_error(&self) -> bool {
        !(200..300).contains(&self.status)
    }

    fn into_json(self) -> Value {
        let is_failed_post = self.is_error() && self.method.as_deref() == Some("POST");
        let texts = [
            ("location", self.location.filter(|_| !is_failed_post)),
            ("method", self.method),
            ("bulkId", self.bulk_id),
            ("version", self.version),
            ("status", Some(self.status.to_string())),
        ];
        let texts =
            texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))));
        let mut members: Map<String, Value> = texts.collect();
        members.extend(self.response.map(|response| ("response".to_owned(), response)));
        Value::Object(members)
    }
}

/// The BulkResponse message. `status` is a string, as in RFC 7644 §3.7.3 (erratum 7916).
pub fn response(results: Vec<OperationResult>) -> Value {
    let operations: Vec<Value> = results.into_iter().map(OperationResult::into_json).collect();
    json!({ "schemas": [BULK_RESPONSE], "Operations": operations })
}
