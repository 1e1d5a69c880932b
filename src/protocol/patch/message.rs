//! Reading the PatchOp message (RFC 7644 §3.5.2, figure 6).

use std::fmt;

use serde_json::{Map, Value};

use crate::protocol::error::ScimError;
use crate::protocol::message::{PATCH_OP, declares, member};
use crate::protocol::path::{self, PatchPath};
use crate::protocol::policy::Policy;
use crate::protocol::value::kind;

/// The largest number of operations in one request.
pub const MAX_OPERATIONS: usize = 10_000;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// Adds values.
    Add,
    /// Removes values.
    Remove,
    /// Replaces values.
    Replace,
}

/// The path of an operation.
#[derive(Debug, Clone)]
pub struct OperationPath {
    /// As the client wrote it.
    pub text: String,
    /// What it says.
    pub parsed: PatchPath,
}

/// One operation of a request.
#[derive(Debug, Clone)]
pub struct Operation {
    /// What it does.
    pub op: Op,
    /// To what; the resource itself where it is absent.
    pub path: Option<OperationPath>,
    /// With what. `add` and `replace` have a value; it may be null.
    pub value: Option<Value>,
}

/// A PATCH body of the right structure.
#[derive(Debug, Clone)]
pub struct PatchRequest {
    /// The operations, in order; at least one.
    pub operations: Vec<Operation>,
}

impl Op {
    const ALL: [Op; 3] = [Op::Add, Op::Remove, Op::Replace];

    /// The word in the message.
    pub fn keyword(self) -> &'static str {
        match self {
            Op::Add => "add",
            Op::Remove => "remove",
            Op::Replace => "replace",
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.keyword())
    }
}

impl PatchRequest {
    /// Reads a PATCH body. Members that the RFC does not define are ignored (Q-U18).
    ///
    /// # Errors
    /// 400 `invalidSyntax` for the wrong structure (no PatchOp URN, no operations, unknown `op`), `invalidPath` for a
    /// path that does not parse, `noTarget` for `remove` without a path, `invalidValue` for a missing value; 413 for
    /// more than [`MAX_OPERATIONS`] operations. The detail names the operation by its index.
    pub fn parse(body: &Value, policy: &Policy) -> Result<PatchRequest, ScimError> {
        let Value::Object(body) = body else {
            return Err(ScimError::invalid_syntax(format!(
                "the body: expected an object, found {}",
                kind(body)
            )));
        };
        check_schemas(body, policy)?;
        let operations = match single(body, "Operations")? {
            Some(Value::Array(operations)) => operations,
            Some(other) => {
                let found = kind(other);
                return Err(ScimError::invalid_syntax(format!(
                    "`Operations`: expected an array, found {found}"
                )));
            }
            None => return Err(ScimError::invalid_syntax("`Operations` is missing")),
        };
        if operations.is_empty() {
            return Err(ScimError::invalid_syntax("`Operations` must have at least one operation"));
        }
        if operations.len() > MAX_OPERATIONS {
            return Err(ScimError::status(
                413,
                format!("more than {MAX_OPERATIONS} operations in one request"),
            ));
        }
        let read =
            |(index, json): (usize, &Value)| operation(json, policy).map_err(|error| located(error, index));
        Ok(PatchRequest { operations: operations.iter().enumerate().map(read).collect::<Result<_, _>>()? })
    }
}

/// Says in which operation something went wrong.
pub(super) fn located(error: ScimError, index: usize) -> ScimError {
    ScimError { detail: format!("Operations[{index}]: {}", error.detail), ..error }
}

fn check_schemas(body: &Map<String, Value>, policy: &Policy) -> Result<(), ScimError> {
    match member(body, "schemas") {
        None | Some(Value::Null) if policy.loose_schemas => Ok(()),
        Some(Value::Array(_)) if policy.loose_schemas || declares(body, PATCH_OP) => Ok(()),
        Some(Value::Array(_)) | None | Some(Value::Null) => {
            Err(ScimError::invalid_syntax(format!("`schemas` must list `{PATCH_OP}`")))
        }
        Some(other) => Err(ScimError::invalid_syntax(format!(
            "`schemas`: expected an array of URIs, found {}",
            kind(other)
        ))),
    }
}

/// A member that may occur once, in any letter case.
fn single<'v>(object: &'v Map<String, Value>, name: &str) -> Result<Option<&'v Value>, ScimError> {
    let mut found = object.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let value = found.next();
    match found.next() {
        None => Ok(value),
        Some(_) => Err(ScimError::invalid_syntax(format!("`{name}` is given twice"))),
    }
}

fn operation(json: &Value, policy: &Policy) -> Result<Operation, ScimError> {
    let Value::Object(object) = json else {
        return Err(ScimError::invalid_syntax(format!("expected an object, found {}", kind(json))));
    };
    let op = op(single(object, "op")?, policy)?;
    let path = match single(object, "path")? {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => {
            Some(OperationPath { text: text.clone(), parsed: path::parse(text, policy)? })
        }
        Some(other) => {
            let found = kind(other);
            return Err(ScimError::invalid_path(format!("`path`: expected a string, found {found}")));
        }
    };
    let value = single(object, "value")?.cloned();
    match (op, &path, &value) {
        (Op::Remove, None, _) => {
            Err(ScimError::no_target("`remove` needs a `path` that says what to remove"))
        }
        (Op::Add | Op::Replace, _, None) => Err(ScimError::invalid_value(format!("`{op}` needs a `value`"))),
        (Op::Add | Op::Replace, None, Some(value)) if !value.is_object() => {
            Err(ScimError::invalid_value(format!(
                "`{op}` without a `path` needs an object of attributes as `value`, found {}",
                kind(value)
            )))
        }
        _ => Ok(Operation { op, path, value }),
    }
}

fn op(json: Option<&Value>, policy: &Policy) -> Result<Op, ScimError> {
    let text = match json {
        Some(Value::String(text)) => text,
        Some(other) => {
            return Err(ScimError::invalid_syntax(format!("`op`: expected a string, found {}", kind(other))));
        }
        None => return Err(ScimError::invalid_syntax("`op` is missing; it is `add`, `remove` or `replace`")),
    };
    let means =
        |op: &Op| op.keyword() == text || (policy.any_case_op && op.keyword().eq_ignore_ascii_case(text));
    Op::ALL.into_iter().find(means).ok_or_else(|| {
        ScimError::invalid_syntax(format!("`op`: `{text}` is not one of `add`, `remove`, `replace`"))
    })
}
