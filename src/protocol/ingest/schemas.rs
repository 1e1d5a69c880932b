//! The `schemas` attribute: what a client declares, and what a resource really uses (RFC 7643 §3).

use serde_json::{Map, Value};

use crate::protocol::Resource;
use crate::protocol::error::ScimError;
use crate::protocol::policy::{Policy, Unknown};
use crate::protocol::schema::TypeSchema;
use crate::protocol::value::kind;

/// The URIs that a request body declares.
pub(super) struct Declared<'v>(Vec<&'v str>);

impl Declared<'_> {
    /// Whether `urn` is among them, without regard to case (RFC 8141).
    pub(super) fn contains(&self, urn: &str) -> bool {
        self.0.iter().any(|declared| declared.eq_ignore_ascii_case(urn))
    }
}

/// Reads and checks `schemas`.
///
/// A URI that is missing, unknown or repeated makes the body one that does "not conform to the request schema":
/// RFC 7644 table 9 calls that `invalidSyntax`.
///
/// # Errors
/// 400 `invalidSyntax`. With `loose_schemas` only for what is not a list of strings.
pub(super) fn declared<'v>(
    schema: &TypeSchema,
    body: &'v Map<String, Value>,
    policy: &Policy,
) -> Result<Declared<'v>, ScimError> {
    let wrong = |problem: String| Err(ScimError::invalid_syntax(problem));
    let base = &schema.core.id;
    let mut given =
        body.iter().filter(|(name, _)| name.eq_ignore_ascii_case("schemas")).map(|(_, value)| value);
    let value = given.next().unwrap_or(&Value::Null);
    if given.next().is_some() {
        return wrong("`schemas` is given twice; attribute names are the same in any letter case".into());
    }
    let entries = match value {
        Value::Null => &[],
        Value::Array(entries) => entries.as_slice(),
        other => return wrong(format!("`schemas`: expected an array of URIs, found {}", kind(other))),
    };
    let mut declared = Declared(Vec::new());
    for (index, entry) in entries.iter().enumerate() {
        let Value::String(urn) = entry else {
            return wrong(format!("`schemas[{index}]`: expected a URI as a string, found {}", kind(entry)));
        };
        let kept = policy.unknown_attributes == Unknown::Keep && body.contains_key(urn);
        if !schema.knows(urn) && !kept {
            if policy.loose_schemas {
                continue;
            }
            return wrong(format!(
                "`schemas[{index}]`: `{urn}` is neither the base schema nor an extension of resource type {}",
                schema.resource_type.name
            ));
        }
        if declared.contains(urn) {
            if policy.loose_schemas {
                continue;
            }
            return wrong(format!("`schemas[{index}]`: `{urn}` is listed twice"));
        }
        declared.0.push(urn);
    }
    if !policy.loose_schemas && !declared.contains(base) {
        return wrong(format!("`schemas` must list the base schema `{base}`"));
    }
    Ok(declared)
}

/// Writes the `schemas` that a canonical resource really uses: the base schema, then the extensions that have
/// data, then the unknown extensions that the policy kept.
pub(in crate::protocol) fn stamp(schema: &TypeSchema, resource: &mut Resource) {
    let base = std::iter::once(schema.core.id.as_str());
    let extensions = schema.extensions.iter().map(|extension| extension.schema.id.as_str());
    let known = base.chain(extensions.filter(|urn| resource.contains_key(*urn)));
    let foreign =
        resource.iter().filter(|(name, value)| is_urn(name) && value.is_object() && !schema.knows(name));
    let urns: Vec<Value> = known.chain(foreign.map(|(name, _)| name.as_str())).map(Value::from).collect();
    resource.insert("schemas".to_owned(), Value::Array(urns));
}

fn is_urn(name: &str) -> bool {
    name.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn:"))
}
