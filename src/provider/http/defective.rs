//! The way of a request through a provider with defects.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use http::header::AUTHORIZATION;
use http_body_util::{BodyExt, Limited};

use super::handler::App;
use super::respond::{self, Media};
use crate::protocol::error::ScimError;
use crate::provider::defects::message::{Answer, Asked};
use crate::provider::defects::seams::Seams;

/// How much larger a body may be than what the provider takes, so that it is still refused in its own words.
const SLACK: usize = 1024 * 1024;

/// Answers one request.
pub(super) async fn handle(app: &Arc<App>, seams: &Seams, request: Request<Body>, media: Media) -> Response {
    let (mut parts, body) = request.into_parts();
    let limit = app.service.profile().limits.bulk_payload_bytes.saturating_add(SLACK);
    let Ok(collected) = Limited::new(body, limit).collect().await else {
        return respond::error(&ScimError::status(413, "the body is too large"), media);
    };
    let asked = Asked::read(&parts, collected.to_bytes());
    let mut changed = asked.clone();
    let outcome = seams.request.iter().try_for_each(|change| change(&mut changed));
    let authorization = parts.headers.get_all(AUTHORIZATION).iter().map(|value| value.as_bytes());
    let is_known = asked.is_discovery() || app.tokens.authenticate(authorization).is_ok();
    let response = match outcome {
        // Whoever may not ask is not told what is wrong with the request.
        Err(error) if is_known => respond::error(&error, media),
        _ => {
            let body = changed.write(&mut parts);
            let media = Media::accepted(&parts.headers);
            app.answer(&parts, body, media).await.unwrap_or_else(|error| respond::error(&error, media))
        }
    };
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map(|collected| collected.to_bytes()).unwrap_or_default();
    let mut answer = Answer::read(parts.status, parts.headers, &bytes);
    if !asked.is_discovery() {
        for resource in answer.resources_mut() {
            seams.resource.iter().for_each(|change| change(&asked, resource));
        }
    }
    seams.answer.iter().for_each(|change| change(&asked, &mut answer));
    answer.write()
}
