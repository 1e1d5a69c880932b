//! What a target says of itself, read with patience.
//!
//! ServiceProviderConfig, ResourceTypes and Schemas decide what is tested and how payloads look. Where one of them is missing or
//! wrong, the standard one stands in, so that a broken document is a finding of the topic `discovery` and never the end of a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::exchange::{Exchange, Request};
use crate::protocol::message::member;
use crate::protocol::schema::{
    ENTERPRISE_USER, Extension, GROUP, Registry, ResourceType, Schema, SchemaRef, TypeSchema, USER,
};
use crate::target::Target;

/// What kind of resource a type is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Its base schema is the core User schema.
    User,
    /// Its base schema is the core Group schema.
    Group,
    /// Anything else.
    Other,
}

/// A resource type of the target.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Name, endpoint and definitions. The endpoint is a path below the base URL: `/Users`.
    pub schema: Arc<TypeSchema>,
    /// What it is for.
    pub role: Role,
    /// Whether the definitions come from the target; otherwise the standard ones stand in.
    pub is_published: bool,
}

impl Kind {
    /// `User`, for messages.
    pub fn name(&self) -> &str {
        &self.schema.resource_type.name
    }

    /// `/Users`.
    pub fn endpoint(&self) -> &str {
        &self.schema.resource_type.endpoint
    }
}

/// Whether the target offers a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Support {
    /// It says so.
    Yes,
    /// It does not, and where that is said.
    No(String),
    /// It does not say; the reason.
    Unknown(String),
}

/// What a target says of itself.
#[derive(Debug, Clone)]
pub struct Discovery {
    /// The body of `GET /ServiceProviderConfig`, where it is a JSON object with status 200.
    pub config: Option<Value>,
    /// The resource types, users first, then groups.
    pub kinds: Vec<Arc<Kind>>,
    /// Whether `/ResourceTypes` named at least one resource type that can be read.
    pub has_types: bool,
    /// Whether `/Schemas` named at least one schema that can be read.
    pub has_schemas: bool,
    /// Every schema that the target publishes, as far as it can be read.
    pub schemas: Vec<SchemaRef>,
    /// Where something standard stands in for what the target should have said, one sentence each.
    pub stand_ins: Vec<String>,
    /// What was asked and answered.
    pub exchanges: Vec<Exchange>,
}

impl Discovery {
    /// Asks the target. Never fails: what cannot be read is replaced.
    pub async fn of(target: &Target) -> Self {
        let mut exchanges = Vec::new();
        let config =
            document(target, "/ServiceProviderConfig", &mut exchanges).await.filter(Value::is_object);
        let types = document(target, "/ResourceTypes", &mut exchanges).await;
        let schemas = document(target, "/Schemas", &mut exchanges).await;
        let mut stand_ins = Vec::new();
        if config.is_none() {
            stand_ins.push(
                "/ServiceProviderConfig cannot be read: PATCH and filters are tried, other options are not"
                    .to_owned(),
            );
        }
        let schemas = schemas.map(|body| resources(&body)).unwrap_or_default();
        let published: Vec<SchemaRef> = schemas.iter().filter_map(schema).map(Arc::new).collect();
        let types: Vec<ResourceType> = types
            .map(|body| resources(&body))
            .unwrap_or_default()
            .iter()
            .filter_map(|json| resource_type(json, target.base()))
            .collect();
        let (has_types, has_schemas) = (!types.is_empty(), !published.is_empty());
        let standard = Registry::standard();
        let types = if has_types {
            types
        } else {
            stand_ins.push("/ResourceTypes cannot be read: /Users and /Groups are tried".to_owned());
            present(target, &standard, has_schemas.then_some(&published), &mut exchanges).await
        };
        if !has_schemas {
            stand_ins.push("/Schemas cannot be read: the schemas of RFC 7643 stand in".to_owned());
        }
        let mut kinds: Vec<Arc<Kind>> = Vec::new();
        for resource_type in types {
            match bound(resource_type, &published, &standard, &mut stand_ins) {
                Some(kind) => {
                    let kind = located(target, kind, &mut stand_ins, &mut exchanges).await;
                    kinds.push(Arc::new(kind));
                }
                None => continue,
            }
        }
        kinds.sort_by_key(|kind| match kind.role {
            Role::User => 0,
            Role::Group => 1,
            Role::Other => 2,
        });
        Self { config, kinds, has_types, has_schemas, schemas: published, stand_ins, exchanges }
    }

    /// The first type of that role.
    pub fn kind(&self, role: Role) -> Option<&Arc<Kind>> {
        self.kinds.iter().find(|kind| kind.role == role)
    }

    /// Whether a feature of ServiceProviderConfig is on: `patch.supported`, `pagination.cursor`.
    pub fn supports(&self, feature: &str, flag: &str) -> Support {
        let Some(config) = self.config.as_ref().and_then(Value::as_object) else {
            return Support::Unknown("ServiceProviderConfig cannot be read".to_owned());
        };
        let value =
            member(config, feature).and_then(Value::as_object).and_then(|object| member(object, flag));
        match value {
            Some(Value::Bool(true)) => Support::Yes,
            Some(Value::Bool(false)) => {
                Support::No(format!("ServiceProviderConfig says {feature}.{flag} = false"))
            }
            // Some write "true"; that is a finding elsewhere, and what they mean is clear.
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Support::Yes,
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => {
                Support::No(format!("ServiceProviderConfig says {feature}.{flag} = \"{text}\""))
            }
            _ => Support::Unknown(format!("ServiceProviderConfig has no {feature}.{flag}")),
        }
    }

    /// A number of ServiceProviderConfig: `filter.maxResults`.
    pub fn limit(&self, feature: &str, name: &str) -> Option<u64> {
        let config = self.config.as_ref()?.as_object()?;
        member(member(config, feature)?.as_object()?, name)?.as_u64()
    }
}

async fn document(target: &Target, path: &str, exchanges: &mut Vec<Exchange>) -> Option<Value> {
    let attempts = target.send_patiently(Request::new("GET", path)).await;
    let body =
        attempts.last().and_then(Exchange::response).filter(|r| r.status == 200).and_then(|r| r.json().ok());
    exchanges.extend(attempts);
    body.filter(|body| body.is_object() || body.is_array())
}

/// The resources of a ListResponse, or the elements of a bare array, which some servers answer with.
fn resources(body: &Value) -> Vec<Value> {
    let list = body.as_array().or_else(|| member(body.as_object()?, "Resources")?.as_array());
    list.cloned().unwrap_or_default()
}

/// A schema, without the characteristics that cannot be read, and without the attributes that cannot be read even so.
fn schema(json: &Value) -> Option<Schema> {
    if let Ok(schema) = Schema::from_json(json) {
        return Some(schema);
    }
    let object = json.as_object()?;
    let id = member(object, "id")?.as_str()?;
    let mut read =
        Schema { id: id.to_owned(), name: String::new(), description: String::new(), attributes: Vec::new() };
    for attribute in member(object, "attributes")?.as_array()? {
        let alone = |attribute: Value| {
            let json = json!({ "id": id, "attributes": [attribute] });
            Schema::from_json(&json).ok().map(|schema| schema.attributes)
        };
        let found = alone(attribute.clone()).or_else(|| alone(repaired(attribute)));
        read.attributes.extend(found.unwrap_or_default());
    }
    (!id.is_empty()).then_some(read)
}

/// An attribute definition in which what is illegal has the default, so that the rest can be used.
fn repaired(attribute: &Value) -> Value {
    const KEYWORDS: [(&str, &[&str]); 4] = [
        ("type", &["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"]),
        ("mutability", &["readOnly", "readWrite", "immutable", "writeOnly"]),
        ("returned", &["always", "never", "default", "request"]),
        ("uniqueness", &["none", "server", "global"]),
    ];
    let Some(object) = attribute.as_object() else { return attribute.clone() };
    let mut object = object.clone();
    for (name, words) in KEYWORDS {
        let Some(given) = object.get(name) else { continue };
        // `READ_WRITE`, `read-write` and `ReadWrite` are told apart by nobody who reads them.
        let plain = |text: &str| text.to_lowercase().replace(['_', '-', ' ', '"', '\''], "");
        let word = given.as_str().and_then(|given| words.iter().find(|word| plain(word) == plain(given)));
        match word {
            Some(word) => drop(object.insert(name.to_owned(), (*word).into())),
            None => drop(object.shift_remove(name)),
        }
    }
    for name in ["multiValued", "required", "caseExact"] {
        let flag = match object.get(name) {
            None | Some(Value::Bool(_)) => continue,
            Some(other) => other.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true")),
        };
        object.insert(name.to_owned(), flag.into());
    }
    for name in ["canonicalValues", "referenceTypes"] {
        let is_texts = |value: &Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
        if object.get(name).is_some_and(|value| !is_texts(value)) {
            object.shift_remove(name);
        }
    }
    if object.get("description").is_some_and(|description| !description.is_string()) {
        object.shift_remove("description");
    }
    if let Some(subs) = object.get_mut("subAttributes") {
        *subs = subs.as_array().map(|list| list.iter().map(repaired).collect()).unwrap_or_default();
    }
    Value::Object(object)
}

/// A resource type whose endpoint is a path below the base URL.
fn resource_type(json: &Value, base: &str) -> Option<ResourceType> {
    let object = json.as_object()?;
    let text = |name: &str| member(object, name).and_then(Value::as_str);
    let schema = text("schema")?;
    let name = text("name").or_else(|| text("id"))?;
    let endpoint = text("endpoint")?;
    // Below the base URL, as RFC 7643 §6 has it; but whole URLs and paths that begin at the host are met too.
    let base_path =
        base.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or_default();
    let endpoint = endpoint.strip_prefix(base).unwrap_or(endpoint);
    // Some write the path from the root of the host.
    let (_, path) = base.split_once("://").and_then(|(_, rest)| rest.split_once('/')).unwrap_or_default();
    let from_root = endpoint.strip_prefix(&format!("/{}/", path.trim_end_matches('/')));
    let endpoint = from_root.filter(|_| !path.is_empty()).unwrap_or(endpoint);
    let endpoint = match endpoint.split_once("://") {
        Some((_, rest)) => rest.rsplit_once('/').map_or("", |(_, last)| last),
        None => endpoint.strip_prefix(base_path).filter(|rest| rest.starts_with('/')).unwrap_or(endpoint),
    };
    let endpoint = format!("/{}", endpoint.trim_matches('/'));
    let extension = |json: &Value| {
        let object = json.as_object()?;
        let urn = member(object, "schema")?.as_str()?.to_owned();
        Some((urn, member(object, "required").and_then(Value::as_bool).unwrap_or(false)))
    };
    let extensions = member(object, "schemaExtensions").and_then(Value::as_array).map(Vec::as_slice);
    Some(ResourceType {
        id: text("id").unwrap_or(name).to_owned(),
        name: name.to_owned(),
        description: text("description").unwrap_or_default().to_owned(),
        endpoint,
        schema: schema.to_owned(),
        extensions: extensions.unwrap_or_default().iter().filter_map(extension).collect(),
    })
}

/// Whether an endpoint is there, whatever it answers.
async fn is_there(target: &Target, endpoint: &str, exchanges: &mut Vec<Exchange>) -> bool {
    let attempts = target.send_patiently(Request::new("GET", format!("{endpoint}?count=1"))).await;
    let is_there =
        attempts.last().and_then(Exchange::response).is_some_and(|r| !matches!(r.status, 404 | 501));
    exchanges.extend(attempts);
    is_there
}

/// Users and groups are looked for at their standard endpoints where nothing is at those that are announced.
async fn located(
    target: &Target,
    mut kind: Kind,
    stand_ins: &mut Vec<String>,
    exchanges: &mut Vec<Exchange>,
) -> Kind {
    let standard = match kind.role {
        Role::User => "/Users",
        Role::Group => "/Groups",
        Role::Other => return kind,
    };
    let announced = kind.endpoint().to_owned();
    if announced != standard
        && !is_there(target, &announced, exchanges).await
        && is_there(target, standard, exchanges).await
    {
        let mut schema = TypeSchema::clone(&kind.schema);
        schema.resource_type.endpoint = standard.to_owned();
        kind.schema = Arc::new(schema);
        stand_ins.push(format!(
            "/ResourceTypes puts {} at `{announced}`, where nothing is: {standard} stands in",
            kind.name()
        ));
    }
    kind
}

/// The standard resource types that a target without `/ResourceTypes` answers for. An extension counts where it is
/// published, or where nothing is.
async fn present(
    target: &Target,
    standard: &Registry,
    published: Option<&Vec<SchemaRef>>,
    exchanges: &mut Vec<Exchange>,
) -> Vec<ResourceType> {
    let mut found = Vec::new();
    for schema in standard.types() {
        let mut resource_type = schema.resource_type.clone();
        let is_there = is_there(target, &resource_type.endpoint, exchanges).await;
        if let Some(published) = published {
            resource_type
                .extensions
                .retain(|(urn, _)| published.iter().any(|s| s.id.eq_ignore_ascii_case(urn)));
        }
        if is_there {
            found.push(resource_type);
        }
    }
    found
}

/// Binds a resource type to the published schemas, or to standard ones.
fn bound(
    resource_type: ResourceType,
    published: &[SchemaRef],
    standard: &Registry,
    stand_ins: &mut Vec<String>,
) -> Option<Kind> {
    let known: BTreeMap<String, &SchemaRef> = published.iter().map(|s| (s.id.to_lowercase(), s)).collect();
    let own = known.get(&resource_type.schema.to_lowercase()).filter(|schema| !schema.attributes.is_empty());
    let is_published = own.is_some();
    let core = match own {
        Some(schema) => Arc::clone(schema),
        None => {
            let schema =
                standard.schemas().iter().find(|s| s.id.eq_ignore_ascii_case(&resource_type.schema))?;
            if !published.is_empty() {
                stand_ins
                    .push(format!("/Schemas has no usable {}: the one of RFC 7643 stands in", schema.id));
            }
            Arc::clone(schema)
        }
    };
    let extensions = resource_type.extensions.iter().filter_map(|(urn, required)| {
        let found = known.get(&urn.to_lowercase()).copied();
        let found = found.or_else(|| standard.schemas().iter().find(|s| s.id.eq_ignore_ascii_case(urn)))?;
        Some(Extension { schema: Arc::clone(found), required: *required })
    });
    let extensions = extensions.collect();
    let role = match &core.id {
        id if id.eq_ignore_ascii_case(USER) => Role::User,
        id if id.eq_ignore_ascii_case(GROUP) => Role::Group,
        _ => Role::Other,
    };
    Some(Kind { schema: Arc::new(TypeSchema { resource_type, core, extensions }), role, is_published })
}

impl Kind {
    /// Whether its resources may have the enterprise extension.
    pub fn has_enterprise(&self) -> bool {
        self.schema.extension(ENTERPRISE_USER).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_path_below_the_base_url_however_it_is_written() {
        let endpoint = |text: &str| {
            let json = json!({ "name": "User", "schema": USER, "endpoint": text });
            resource_type(&json, "https://x.test/scim/v2").unwrap().endpoint
        };
        for text in [
            "/Users",
            "Users",
            "/Users/",
            "/scim/v2/Users",
            "https://x.test/scim/v2/Users",
            "https://other.test/v2/Users",
        ] {
            assert_eq!(endpoint(text), "/Users", "{text}");
        }
    }

    #[test]
    fn a_schema_loses_only_what_cannot_be_read() {
        let json = json!({ "id": "urn:x", "attributes": [
            { "name": "good", "type": "string" }, { "name": "bad name" }, { "name": "also", "mutability": "sometimes" }, "text",
            { "name": "flags", "type": "Complex", "multiValued": "true", "mutability": "READ_ONLY", "required": null,
              "subAttributes": [{ "name": "value", "type": "text", "returned": 1, "canonicalValues": "x" }] },
        ]});
        let schema = schema(&json).unwrap();
        assert_eq!(
            schema.attributes.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(),
            ["good", "also", "flags"]
        );
        let flags = &schema.attributes[2];
        assert!(flags.is_complex() && flags.multi_valued && flags.sub_attributes.len() == 1);
        assert_eq!(flags.mutability, crate::protocol::schema::Mutability::ReadOnly);
        assert!(super::schema(&json!({ "attributes": [] })).is_none());
    }
}
