//! Requests and responses as defects see them: taken apart, and put together again.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::protocol::Resource;
use crate::protocol::error::ScimError;
use crate::protocol::query::decode_pairs;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The method.
    pub(crate) method: String,
    /// What stands before the path.
    base: String,
    /// The path below the base URL: `/Users/1`.
    pub(crate) path: String,
    /// The query, encoded, without its `?`.
    pub(crate) query: String,
    /// The header fields.
    pub(crate) headers: HeaderMap,
    /// The body where it is JSON, else null.
    pub(crate) json: Value,
    /// The body as it came.
    bytes: Bytes,
}

impl Asked {
    /// Takes a request apart.
    pub(crate) fn read(parts: &Parts, bytes: Bytes) -> Asked {
        let whole = parts.uri.path();
        let is_path = |rest: &&str| rest.is_empty() || rest.starts_with('/');
        let bases = ["/scim/v2", "/scim"];
        let below = bases.iter().find_map(|base| whole.strip_prefix(base).filter(is_path));
        let path = below.unwrap_or(whole);
        Asked {
            method: parts.method.as_str().to_owned(),
            base: whole[..whole.len() - path.len()].to_owned(),
            path: path.to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers.clone(),
            json: serde_json::from_slice(&bytes).unwrap_or_default(),
            bytes,
        }
    }

    /// Puts the request together again.
    pub(crate) fn write(self, parts: &mut Parts) -> Body {
        let bytes = match serde_json::from_slice::<Value>(&self.bytes) {
            Ok(before) if before != self.json => Bytes::from(self.json.to_string()),
            _ => self.bytes,
        };
        let separator = if self.query.is_empty() { "" } else { "?" };
        let uri: Result<Uri, _> = format!("{}{}{separator}{}", self.base, self.path, self.query).parse();
        if let (Ok(uri), Ok(method)) = (uri, self.method.parse()) {
            parts.uri = uri;
            parts.method = method;
        }
        parts.headers = self.headers;
        parts.headers.remove(CONTENT_LENGTH);
        Body::from(bytes)
    }

    /// Whether the path names the version of the protocol.
    pub(crate) fn has_version(&self) -> bool {
        self.base.ends_with("/v2")
    }

    /// Takes another version of the protocol out of the path.
    pub(crate) fn drop_version(&mut self) {
        let first = self.segment(0).to_owned();
        let digits = first.strip_prefix(['v', 'V']).unwrap_or_default();
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            self.path = self.path.replacen(&format!("/{first}"), "", 1);
        }
    }

    fn segment(&self, index: usize) -> &str {
        self.path.split('/').filter(|segment| !segment.is_empty()).nth(index).unwrap_or_default()
    }

    /// The first segment of the path: `Users`.
    pub(crate) fn endpoint(&self) -> &str {
        self.segment(0)
    }

    /// The id in the path, where one resource is meant.
    pub(crate) fn id(&self) -> Option<&str> {
        let id = self.segment(1);
        (!id.is_empty() && id != ".search" && !self.is_discovery()).then_some(id)
    }

    /// Whether it is addressed to a discovery endpoint.
    pub(crate) fn is_discovery(&self) -> bool {
        matches!(self.endpoint(), "ServiceProviderConfig" | "ResourceTypes" | "Schemas")
    }

    /// Whether it is a search by POST.
    pub(crate) fn is_search(&self) -> bool {
        self.path.trim_end_matches('/').ends_with("/.search")
    }

    /// Whether it asks for a list of resources.
    pub(crate) fn is_list(&self) -> bool {
        let by_get = self.method == "GET" && self.id().is_none() && !self.is_discovery();
        (by_get && self.endpoint() != "Me") || self.is_search()
    }

    /// Whether it creates a resource.
    pub(crate) fn is_create(&self) -> bool {
        self.method == "POST"
            && matches!(self.endpoint(), "Users" | "Groups")
            && self.id().is_none()
            && !self.is_search()
    }

    /// The operations of a PATCH or bulk request.
    pub(crate) fn operations(&self) -> &[Value] {
        self.json.get("Operations").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// The same, to be changed.
    pub(crate) fn operations_mut(&mut self) -> Option<&mut Vec<Value>> {
        self.json.get_mut("Operations")?.as_array_mut()
    }

    /// The body as it came.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Another body.
    pub(crate) fn set_body(&mut self, json: Value) {
        self.bytes = Bytes::from(json.to_string());
        self.json = json;
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
    }

    /// A parameter of a query, in the URL or in the body of a search; lists joined by commas.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        if self.is_search() {
            return match self.json.get(name)? {
                Value::String(text) => Some(text.clone()),
                Value::Array(names) => {
                    Some(names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
                }
                other => Some(other.to_string()),
            };
        }
        let pairs = decode_pairs(&self.query).ok()?;
        pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned())
    }

    /// A parameter that is a number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.parameter(name)?.trim().parse().ok()
    }

    /// Takes a parameter away.
    pub(crate) fn drop_parameter(&mut self, name: &str) {
        if self.is_search() {
            if let Some(body) = self.json.as_object_mut() {
                body.shift_remove(name);
            }
            return;
        }
        let is_it = |piece: &str| piece.split('=').next().is_some_and(|key| key.eq_ignore_ascii_case(name));
        let kept: Vec<&str> = self.query.split('&').filter(|piece| !is_it(piece)).collect();
        self.query = kept.join("&");
    }

    /// Sets a parameter.
    pub(crate) fn set_parameter(&mut self, name: &str, value: &str) {
        self.drop_parameter(name);
        if self.is_search() {
            let value = match (value.parse::<i64>(), name) {
                (Ok(number), "startIndex" | "count") => number.into(),
                (_, "attributes" | "excludedAttributes") => value.split(',').collect(),
                _ => value.into(),
            };
            self.json[name] = value;
            return;
        }
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(&format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    }

    /// The names that a parameter lists.
    pub(crate) fn names(&self, parameter: &str) -> Vec<String> {
        let list = self.parameter(parameter).unwrap_or_default();
        list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }
}

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The header fields.
    pub(crate) headers: HeaderMap,
    /// The body; null for none.
    pub(crate) json: Value,
    /// A body that is no JSON, in its place.
    pub(crate) text: Option<String>,
}

impl Answer {
    /// Takes a response apart.
    pub(crate) fn read(status: StatusCode, headers: HeaderMap, bytes: &[u8]) -> Answer {
        let json = serde_json::from_slice(bytes).unwrap_or_default();
        Answer { status: status.as_u16(), headers, json, text: None }
    }

    /// Puts it together again.
    pub(crate) fn write(mut self) -> Response {
        let body = match (self.text, &self.json) {
            (Some(text), _) => text,
            (None, Value::Null) => String::new(),
            (None, json) => json.to_string(),
        };
        self.headers.remove(CONTENT_LENGTH);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = self.headers;
        response
    }

    /// Whether it is an error.
    pub(crate) fn is_error(&self) -> bool {
        self.status >= 400
    }

    /// The keyword of an error.
    pub(crate) fn scim_type(&self) -> Option<&str> {
        self.json.get("scimType")?.as_str()
    }

    /// The same error with another status.
    pub(crate) fn set_status(&mut self, status: u16) {
        self.status = status;
        if self.json.get("status").is_some() {
            self.json["status"] = status.to_string().into();
        }
    }

    /// Takes away the headers that are about a resource.
    pub(crate) fn forget(&mut self) {
        for name in [LOCATION, ETAG, CACHE_CONTROL] {
            self.headers.remove(name);
        }
    }

    /// An error in its place.
    pub(crate) fn refuse(&mut self, error: &ScimError) {
        self.forget();
        self.status = error.status;
        self.json = error.to_json();
    }

    /// Nothing but a status in its place.
    pub(crate) fn empty(&mut self, status: u16) {
        self.status = status;
        self.json = Value::Null;
        self.headers.remove(CONTENT_TYPE);
    }

    /// Text in its place.
    pub(crate) fn say(&mut self, media_type: &'static str, text: &str) {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.text = Some(text.to_owned());
    }

    /// Whether it is a ListResponse.
    pub(crate) fn is_list(&self) -> bool {
        self.json.get("totalResults").is_some()
    }

    /// Every resource that it shows.
    pub(crate) fn resources_mut(&mut self) -> Vec<&mut Resource> {
        let is_single = self.json.get("id").is_some() && self.json.get("status").is_none();
        if self.is_list() {
            let list = self.json.get_mut("Resources").and_then(Value::as_array_mut);
            return list.into_iter().flatten().filter_map(Value::as_object_mut).collect();
        }
        self.json.as_object_mut().filter(|_| is_single).into_iter().collect()
    }
}
