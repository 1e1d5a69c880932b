//! One request into one response.
//!
//! The order of decisions: size of the request line, endpoint, method, credentials, media type, body, and only then the
//! operation itself. Each refusal is a SCIM error.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, IF_MATCH, IF_NONE_MATCH,
};
use http::request::Parts;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;

use super::defective;
use super::endpoint::Endpoint;
use super::respond::{self, Media};
use crate::protocol::bulk;
use crate::protocol::error::{self, ScimError, ScimType};
use crate::protocol::policy::Policy;
use crate::protocol::query::{self, Query};
use crate::provider::discovery;
use crate::provider::observed::{self, Copied, Observed, OnRequest};
use crate::provider::service::{Caller, Reply, Service, Terms};
use crate::provider::tokens::{Actor, Tokens};

/// Path of the base URL.
pub const BASE_PATH: &str = "/scim/v2";
/// The same without the protocol version.
const UNVERSIONED_PATH: &str = "/scim";

/// Longest request target, in bytes.
const MAX_TARGET: usize = 16 * 1024;
/// Largest sum of header names and values, in bytes.
const MAX_HEADERS: usize = 64 * 1024;
/// A change by a body of more bytes than this leaves the network threads alone, as a bulk request always does.
const CHANGE_INLINE: usize = 16 * 1024;
/// Longest host and port that is repeated in locations: a name of DNS has at most 253 characters.
const MAX_AUTHORITY: usize = 260;

/// How the outside reaches the provider.
#[derive(Debug, Clone)]
pub struct Reach {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host and port, where the request does not say.
    pub authority: String,
    /// The base URL that stands in every location, whatever the request says.
    pub public_url: Option<String>,
    /// Whether `X-Forwarded-Proto` and `X-Forwarded-Host` of a tunnel are believed.
    pub trust_forwarded: bool,
}

/// Everything that the handler needs.
pub struct App {
    /// The provider itself.
    pub service: Arc<Service>,
    /// Who may ask.
    pub tokens: Arc<Tokens>,
    /// How it is reached.
    pub reach: Reach,
    /// The userName of the user that a token's holder is at `/Me`.
    pub me: String,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Told of every request.
    pub on_request: Option<OnRequest>,
}

/// Answers one request.
pub async fn handle(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    match &app.on_request {
        None => respond_to(&app, request).await,
        // Boxed, so that the way without an observer stays as small as it is.
        Some(on_request) => Box::pin(observe(&app, on_request, request)).await,
    }
}

/// Answers one request and tells of it.
async fn observe(app: &Arc<App>, on_request: &OnRequest, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let below = below_base(path).ok().flatten().unwrap_or(path);
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut observed = Observed {
        method: parts.method.to_string(),
        target: format!("{below}{query}"),
        headers: observed::fields(&parts.headers),
        body: Bytes::new(),
        status: 0,
    };
    let copied = Copied::default();
    let response = respond_to(app, Request::from_parts(parts, copied.of(body))).await;
    observed.body = copied.into_bytes();
    observed.status = response.status().as_u16();
    on_request(&observed);
    response
}

async fn respond_to(app: &Arc<App>, request: Request<Body>) -> Response {
    let started = Instant::now();
    let media = Media::accepted(request.headers());
    if let Some(seams) = app.service.seams() {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = defective::handle(app, seams, request, media).await;
        log(method.as_str(), &path, &response, started);
        return response;
    }
    let (parts, body) = request.into_parts();
    let response = match app.answer(&parts, body, media).await {
        Ok(response) => response,
        Err(error) => respond::error(&error, media),
    };
    log(parts.method.as_str(), parts.uri.path(), &response, started);
    response
}

/// Without the query, in which filters hold personal data.
fn log(method: &str, path: &str, response: &Response, started: Instant) {
    tracing::info!(
        target: "scimulator::request",
        method, path, status = response.status().as_u16(), elapsed = ?started.elapsed(),
    );
}

impl App {
    pub(super) async fn answer(
        self: &Arc<Self>,
        parts: &Parts,
        body: Body,
        media: Media,
    ) -> Result<Response, ScimError> {
        check_size(parts)?;
        let path = parts.uri.path();
        let endpoint = below_base(path)?
            .and_then(|rest| Endpoint::parse(rest, &self.service))
            .ok_or_else(|| ScimError::status(404, format!("there is no endpoint `{}`", shortened(path))))?;

        let method = parts.method.as_str();
        if !matches!(method, "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") {
            return Err(ScimError::status(
                501,
                format!("the method `{}` is not supported", shortened(method)),
            ));
        }
        if method == "OPTIONS" {
            return Ok(respond::options(endpoint.allow()));
        }
        if !endpoint.takes(method) {
            return Ok(respond::not_allowed(endpoint.allow(), method, media));
        }

        let base = self.base(&parts.headers);
        if endpoint.is_discovery() && self.service.profile().access.public_discovery {
            let document =
                discovery::answer(&self.service, &endpoint, parts.uri.query().unwrap_or_default(), &base)?;
            return Ok(respond::reply(document, media));
        }
        let authorization = parts.headers.get_all(AUTHORIZATION).iter().map(|value| value.as_bytes());
        let actor = match self.tokens.authenticate(authorization) {
            Ok(actor) => actor,
            Err(refusal) => match self.service.pardon(refusal).then(|| self.tokens.any()).flatten() {
                Some(actor) => actor,
                None => return Ok(respond::unauthorized(refusal, media)),
            },
        };
        if endpoint.is_discovery() {
            let document =
                discovery::answer(&self.service, &endpoint, parts.uri.query().unwrap_or_default(), &base)?;
            return Ok(respond::reply(document, media));
        }

        let json = match method {
            "POST" | "PUT" | "PATCH" => self.json(parts, body, &endpoint).await?,
            _ => Json::default(),
        };
        let reply = self.operate(parts, endpoint, actor, base, json).await?;
        let mut response = respond::reply(reply, media);
        respond::keep_private(&mut response);
        Ok(response)
    }

    async fn operate(
        self: &Arc<Self>,
        parts: &Parts,
        endpoint: Endpoint,
        actor: Actor,
        base: String,
        json: Json,
    ) -> Result<Reply, ScimError> {
        let policy = &self.service.profile().policy;
        let caller = Caller { tenant: actor.tenant, base };
        let query_text = parts.uri.query().unwrap_or_default();
        match (&endpoint, parts.method.as_str()) {
            (Endpoint::Root, _) => {
                let query = Query::from_pairs(query::decode_pairs(query_text)?, policy)?;
                self.list(caller, None, query, true).await
            }
            (Endpoint::Collection(kind), "GET" | "HEAD") => {
                let query = Query::from_pairs(query::decode_pairs(query_text)?, policy)?;
                self.list(caller, Some(*kind), query, true).await
            }
            (Endpoint::Search(_), _) if !self.service.profile().features.search => {
                Err(ScimError::status(501, "searching by POST is not supported"))
            }
            (Endpoint::Search(kind), _) => {
                let query = Query::from_body(&json.value, policy)?;
                self.list(caller, *kind, query, false).await
            }
            _ => {
                let terms = terms(parts)?;
                // Some defects wait in the middle of a change.
                let is_costly =
                    json.size > CHANGE_INLINE || endpoint == Endpoint::Bulk || self.service.seams().is_some();
                let app = Arc::clone(self);
                let work = move || app.operate_now(&caller, endpoint, json.value, &terms);
                if is_costly { aside(work).await } else { work() }
            }
        }
    }

    /// Every operation but the queries.
    fn operate_now(
        &self,
        caller: &Caller,
        endpoint: Endpoint,
        body: Value,
        terms: &Terms,
    ) -> Result<Reply, ScimError> {
        let service = &self.service;
        match (endpoint, terms.method) {
            (Endpoint::Collection(kind), _) => service.create(caller, kind, body, terms),
            (Endpoint::Resource(kind, id), "GET") => service.get(caller, kind, &id, terms),
            (Endpoint::Resource(kind, id), "PUT") => service.replace(caller, kind, &id, body, terms),
            (Endpoint::Resource(kind, id), "PATCH") => service.patch(caller, kind, &id, &body, terms),
            (Endpoint::Resource(kind, id), _) => service.delete(caller, kind, &id, terms),
            (Endpoint::Bulk, _) => service.bulk(caller, body),
            (Endpoint::Me, method) => self.me(caller, method, body, terms),
            (
                Endpoint::Root
                | Endpoint::Search(_)
                | Endpoint::ServiceProviderConfig
                | Endpoint::ResourceTypes(_)
                | Endpoint::Schemas(_),
                _,
            ) => Err(ScimError::status(404, "there is no such endpoint")),
        }
    }

    /// `/Me` (RFC 7644 §3.11): the user whose userName the provider was told is the token's holder.
    fn me(&self, caller: &Caller, method: &str, body: Value, terms: &Terms) -> Result<Reply, ScimError> {
        if !self.service.profile().features.me {
            return Err(ScimError::status(501, "/Me is not supported"));
        }
        if method == "POST" {
            let kind = self
                .service
                .kind_at("Users")
                .ok_or_else(|| ScimError::status(501, "/Me is not supported"))?;
            return self.service.create(caller, kind, body, terms);
        }
        let (kind, id) = self.service.user_named(caller.tenant, &self.me).ok_or_else(|| {
            ScimError::status(
                404,
                format!("the holder of this token is `{}`, and there is no such user", self.me),
            )
        })?;
        match method {
            "GET" => self.service.get(caller, kind, &id, terms),
            "PUT" => self.service.replace(caller, kind, &id, body, terms),
            "PATCH" => self.service.patch(caller, kind, &id, &body, terms),
            _ => self.service.delete(caller, kind, &id, terms),
        }
    }

    /// A query, away from the network threads where it may take long.
    async fn list(
        &self,
        caller: Caller,
        kind: Option<crate::provider::store::Kind>,
        query: Query,
        by_get: bool,
    ) -> Result<Reply, ScimError> {
        let service = &self.service;
        let prepared = service.prepare(kind, query, by_get)?;
        if !service.is_costly(&caller, &prepared) {
            return service.list(&caller, &prepared);
        }
        let service = Arc::clone(service);
        aside(move || service.list(&caller, &prepared)).await
    }

    /// The base URL as the client sees it.
    fn base(&self, headers: &HeaderMap) -> String {
        if let Some(url) = &self.reach.public_url {
            return url.clone();
        }
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let forwarded = |name: &'static str| {
            let trusted = self.reach.trust_forwarded.then(|| text(&HeaderName::from_static(name))).flatten();
            trusted.filter(|value| is_authority(value))
        };
        let scheme = match forwarded("x-forwarded-proto") {
            Some("https") => "https",
            Some("http") => "http",
            _ => self.reach.scheme,
        };
        let host = forwarded("x-forwarded-host").or_else(|| text(&HOST).filter(|host| is_authority(host)));
        format!("{scheme}://{}{BASE_PATH}", host.unwrap_or(&self.reach.authority))
    }

    /// The JSON body of a request that must have one.
    async fn json(&self, parts: &Parts, body: Body, endpoint: &Endpoint) -> Result<Json, ScimError> {
        check_media_type(&parts.headers)?;
        let limits = &self.service.profile().limits;
        let limited = Limited::new(body, limits.bulk_payload_bytes);
        let bytes = match tokio::time::timeout(self.body_timeout, limited.collect()).await {
            Err(_) => return Err(ScimError::status(408, "the body of the request did not arrive in time")),
            Ok(Ok(collected)) => collected.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                let limit = limits.bulk_payload_bytes;
                return Err(match endpoint {
                    Endpoint::Bulk => bulk::payload_too_large(limit),
                    _ => ScimError::status(
                        413,
                        format!("the body exceeds the {limit} bytes that this provider takes"),
                    ),
                });
            }
            Ok(Err(_)) => return Err(ScimError::status(400, "the body of the request could not be read")),
        };
        if bytes.is_empty() {
            return Err(ScimError::invalid_syntax("the request has no body; a JSON object is expected"));
        }
        // The parser itself refuses what nests deeper than 128 levels.
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| ScimError::invalid_syntax(format!("the body is not JSON: {error}")))?;
        if value.is_object() {
            Ok(Json { value, size: bytes.len() })
        } else {
            Err(ScimError::invalid_syntax("the body is not a JSON object"))
        }
    }
}

/// The body of a request.
#[derive(Debug, Default)]
struct Json {
    value: Value,
    /// In bytes, as it came.
    size: usize,
}

/// Does work that may take long, away from the network threads.
async fn aside(work: impl FnOnce() -> Result<Reply, ScimError> + Send + 'static) -> Result<Reply, ScimError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(ScimError::status(500, "the request could not be finished; try again")))
}

/// The part of a path below the base URL, if it is below it. Without a version in it, the newest one is meant
/// (RFC 7644 §3.13).
///
/// # Errors
/// 400 `invalidVers` for a version that is not served.
fn below_base(path: &str) -> Result<Option<&str>, ScimError> {
    let below = |base: &str| path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    if let Some(rest) = below(BASE_PATH) {
        return Ok(Some(rest));
    }
    let Some(rest) = below(UNVERSIONED_PATH) else { return Ok(None) };
    let first = rest.split('/').nth(1).unwrap_or_default();
    let is_version = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if first.strip_prefix(['v', 'V']).is_some_and(is_version) {
        let detail = format!("the protocol version `{}` is not supported; v2 is", shortened(first));
        return Err(ScimError::new(ScimType::InvalidVers, detail));
    }
    Ok(Some(rest))
}

/// Conditions and projection of a request for one resource.
fn terms(parts: &Parts) -> Result<Terms, ScimError> {
    let header = |name: HeaderName| {
        // A tag may hold bytes beyond ASCII (RFC 9110 §8.8.3). No version of this provider does, but the condition must
        // not get lost.
        let values: Vec<_> = parts
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    let mut terms = Terms {
        method: match parts.method.as_str() {
            "GET" | "HEAD" => "GET",
            "PUT" => "PUT",
            "PATCH" => "PATCH",
            "DELETE" => "DELETE",
            _ => "POST",
        },
        if_match: header(IF_MATCH),
        if_none_match: header(IF_NONE_MATCH),
        ..Terms::default()
    };
    if let Some(query_text) = parts.uri.query().filter(|text| !text.is_empty()) {
        let mut pairs = query::decode_pairs(query_text)?;
        // Only the projection means something for a single resource; other parameters are ignored (RFC 7644 §3.4.2).
        pairs.retain(|(name, _)| {
            name.eq_ignore_ascii_case("attributes") || name.eq_ignore_ascii_case("excludedAttributes")
        });
        let query = Query::from_pairs(pairs, &Policy::STRICT)?;
        (terms.attributes, terms.excluded) = (query.attributes, query.excluded);
    }
    Ok(terms)
}

fn check_size(parts: &Parts) -> Result<(), ScimError> {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target > MAX_TARGET {
        let detail =
            format!("the request target has {target} bytes; at most {MAX_TARGET} are taken (use .search)");
        return Err(ScimError::status(414, detail));
    }
    let size: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size > MAX_HEADERS {
        return Err(ScimError::status(431, format!("the headers exceed {MAX_HEADERS} bytes")));
    }
    Ok(())
}

/// SCIM or plain JSON, parameters ignored (RFC 7644 §3.8, Q-H01, Q-H02); no type at all is taken for SCIM.
fn check_media_type(headers: &HeaderMap) -> Result<(), ScimError> {
    if let Some(coding) = headers.get(CONTENT_ENCODING).filter(|coding| *coding != "identity") {
        let coding = shortened(coding.to_str().unwrap_or_default());
        let detail = format!("the content coding `{coding}` is not taken: send the body as it is");
        return Err(ScimError::status(415, detail));
    }
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    let known = ["application/scim+json", "application/json"];
    if known.iter().any(|known| essence.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    Err(ScimError::status(
        415,
        format!("`{}` is not taken: send application/scim+json or application/json", shortened(essence)),
    ))
}

/// Whether text can stand as host and port in a URL that is sent back.
fn is_authority(text: &str) -> bool {
    (1..=MAX_AUTHORITY).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}

/// Text of the client for a message, cut to a sensible length.
fn shortened(text: &str) -> Cow<'_, str> {
    error::shortened(text, 100)
}
