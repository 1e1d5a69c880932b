//! The discovery endpoints (RFC 7644 §4): what the provider says of itself.
//!
//! Everything follows from the profile and the registry, so that it cannot say one thing and do another.

use serde_json::{Value, json};

use super::http::endpoint::Endpoint;
use super::service::{Reply, Service};
use crate::protocol::error::ScimError;
use crate::protocol::message::complete_list;
use crate::protocol::query;
use crate::protocol::schema::{ResourceType, SERVICE_PROVIDER_CONFIG, Schema};

/// Answers a GET on a discovery endpoint. Query parameters are ignored, but a filter is refused (RFC 7644 §4).
///
/// # Errors
/// 403 for a filter, 404 for a schema or resource type that there is not.
pub fn answer(service: &Service, endpoint: &Endpoint, query: &str, base: &str) -> Result<Reply, ScimError> {
    if query::decode_pairs(query)?.iter().any(|(name, _)| name.eq_ignore_ascii_case("filter")) {
        return Err(ScimError::status(403, "the discovery endpoints take no filter"));
    }
    let document = match endpoint {
        Endpoint::ServiceProviderConfig => service_provider_config(service, base),
        Endpoint::ResourceTypes(None) => {
            let types = service.published().types().iter();
            complete_list(types.map(|t| resource_type(&t.resource_type, base)).collect())
        }
        Endpoint::ResourceTypes(Some(name)) => {
            let found = service.published().types().iter().find(|t| t.resource_type.id == *name);
            let found =
                found.ok_or_else(|| ScimError::status(404, format!("there is no resource type `{name}`")))?;
            resource_type(&found.resource_type, base)
        }
        Endpoint::Schemas(None) => {
            complete_list(service.published().schemas().iter().map(|s| schema(s, base)).collect())
        }
        Endpoint::Schemas(Some(urn)) => {
            let found = service.published().schema(urn);
            schema(found.ok_or_else(|| ScimError::status(404, format!("there is no schema `{urn}`")))?, base)
        }
        _ => return Err(ScimError::status(404, "this is no discovery endpoint")),
    };
    let location = document.pointer("/meta/location").and_then(Value::as_str).map(str::to_owned);
    Ok(Reply { status: 200, location, body: Some(document.to_string().into_bytes()), ..Reply::default() })
}

fn service_provider_config(service: &Service, base: &str) -> Value {
    let (features, limits) = (&service.announced().features, &service.announced().limits);
    json!({
        "schemas": [SERVICE_PROVIDER_CONFIG],
        "patch": { "supported": features.patch },
        "bulk": {
            "supported": features.bulk,
            "maxOperations": limits.bulk_operations,
            "maxPayloadSize": limits.bulk_payload_bytes,
        },
        "filter": { "supported": features.filter, "maxResults": limits.max_results },
        "changePassword": { "supported": features.change_password },
        "sort": { "supported": features.sort },
        "etag": { "supported": features.etag },
        "pagination": {
            "cursor": features.cursor_paging,
            "index": features.index_paging,
            "defaultPaginationMethod": if features.index_paging { "index" } else { "cursor" },
            "defaultPageSize": limits.default_page_size,
            "maxPageSize": limits.max_results,
            "cursorTimeout": limits.cursor_timeout_seconds,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "A bearer token in the Authorization header",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") },
    })
}

fn resource_type(resource_type: &ResourceType, base: &str) -> Value {
    let mut json = resource_type.to_json();
    json["meta"] = json!({ "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", resource_type.id) });
    json
}

fn schema(schema: &Schema, base: &str) -> Value {
    let mut json = schema.to_json();
    json["meta"] = json!({ "resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.id) });
    json
}
