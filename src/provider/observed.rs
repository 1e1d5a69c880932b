//! Requests for somebody who watches: what came, and with which status it was answered.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;

use crate::exchange::Headers;

/// A request that was answered. It holds what came over the wire, credentials included.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The method.
    pub method: String,
    /// Path and query below the base URL, still encoded; the whole of them where the path is not below it.
    pub target: String,
    /// The header fields; bytes that are not UTF-8 are replaced.
    pub headers: Headers,
    /// The body, as far as it was read: a request that is refused by its head, or whose method has none, is answered
    /// without a look at its body.
    pub body: Bytes,
    /// The status of the answer.
    pub status: u16,
}

/// Told of every request, before its answer goes out. It runs on the network threads, so it should be quick.
pub type OnRequest = Arc<dyn Fn(&Observed) + Send + Sync>;

/// Keeps what is read of a body.
#[derive(Debug, Clone, Default)]
pub(super) struct Copied(Arc<Mutex<Vec<Bytes>>>);

impl Copied {
    /// The same body; what is read of it is kept here too. That is no more than the reader takes.
    pub(super) fn of(&self, body: Body) -> Body {
        let kept = Arc::clone(&self.0);
        Body::new(body.map_frame(move |frame| {
            if let Some(data) = frame.data_ref() {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(data.clone());
            }
            frame
        }))
    }

    /// What was read.
    pub(super) fn into_bytes(self) -> Bytes {
        let mut parts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        match parts.len() {
            1 => parts.remove(0),
            _ => Bytes::from(parts.concat()),
        }
    }
}

/// Header fields as text.
pub(super) fn fields(headers: &HeaderMap) -> Headers {
    headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect()
}
