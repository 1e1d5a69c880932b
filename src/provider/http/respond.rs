//! Replies and errors into HTTP responses.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION, WWW_AUTHENTICATE,
};
use http::{HeaderMap, StatusCode};

use crate::protocol::error::ScimError;
use crate::provider::service::Reply;
use crate::provider::tokens::Refusal;

/// The media type that an answer is labelled with (RFC 7644 §3.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Media {
    /// `application/scim+json`.
    #[default]
    Scim,
    /// `application/json`, where the client asks for that and not for the other.
    Json,
}

impl Media {
    /// The best answer to an `Accept` header. What cannot be satisfied gets the default rather than 406, as RFC 9110 §15.5.7
    /// allows and identity providers need (Q-H03).
    pub fn accepted(headers: &HeaderMap) -> Media {
        let accepts = |wanted: &str| {
            let ranges = headers.get_all(http::header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
            ranges.flat_map(|value| value.split(',')).any(|range| {
                let range = range.split(';').next().unwrap_or_default().trim();
                range.eq_ignore_ascii_case(wanted)
            })
        };
        let json_only = accepts("application/json")
            && !["application/scim+json", "application/*", "*/*"].iter().any(|range| accepts(range));
        if json_only { Media::Json } else { Media::Scim }
    }

    fn value(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Media::Scim => "application/scim+json",
            Media::Json => "application/json",
        })
    }
}

/// The response that carries a reply.
pub fn reply(reply: Reply, media: Media) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status(reply.status);
    let headers = response.headers_mut();
    set(headers, ETAG, reply.version);
    set(headers, LOCATION, reply.location);
    if let Some(body) = reply.body {
        headers.insert(CONTENT_TYPE, media.value());
        *response.body_mut() = Body::from(body);
    }
    response
}

/// The response that carries an error.
pub fn error(error: &ScimError, media: Media) -> Response {
    let mut response = Response::new(Body::from(error.to_json().to_string()));
    *response.status_mut() = status(error.status);
    response.headers_mut().insert(CONTENT_TYPE, media.value());
    response
}

/// 401 with a challenge, or 400 for a request that presents several credentials (RFC 6750 §3). The error code is left out
/// where no credentials came.
pub fn unauthorized(refusal: Refusal, media: Media) -> Response {
    let (status, detail, challenge) = match refusal {
        Refusal::Missing => (
            401,
            "this endpoint needs a bearer token: send `Authorization: Bearer …`",
            "Bearer realm=\"scimulator\"",
        ),
        Refusal::Malformed => (
            400,
            "the request has several `Authorization` headers; send one",
            "Bearer realm=\"scimulator\", error=\"invalid_request\", \
             error_description=\"several Authorization headers\"",
        ),
        Refusal::Invalid => (
            401,
            "the bearer token is not valid here",
            "Bearer realm=\"scimulator\", error=\"invalid_token\", \
             error_description=\"the token is malformed, unknown or revoked\"",
        ),
    };
    let mut response = error(&ScimError::status(status, detail), media);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

/// 405 with the methods that the endpoint takes.
pub fn not_allowed(allow: &'static str, method: &str, media: Media) -> Response {
    let detail = format!("{method} is not a method of this endpoint; it takes {allow}");
    let mut response = error(&ScimError::status(405, detail), media);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// The answer to OPTIONS.
pub fn options(allow: &'static str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// Keeps what belongs to one client out of shared caches.
pub fn keep_private(response: &mut Response) {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Sets a header; a value that cannot stand in one is left out.
fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(name, value);
    }
}
