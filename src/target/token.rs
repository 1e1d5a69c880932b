//! Access tokens by the OAuth 2.0 client credentials grant (RFC 6749 §4.4), asked for by a form (Q-H16).

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::config::{Credentials, TargetError, web_address};
use super::failure::{self, Peer};
use super::http;
use crate::exchange::{FailureKind, TransportFailure};

/// Size of the largest answer that is read from a token endpoint.
const MAX_ANSWER: usize = 1 << 20;

/// A token is renewed that long before it expires, or at half its life.
const MARGIN: Duration = Duration::from_secs(30);

/// Fetches access tokens and keeps the current one.
pub(super) struct TokenSource {
    url: Url,
    id: String,
    secret: SecretString,
    scope: Option<String>,
    peer: Peer,
    current: Mutex<Option<Token>>,
}

struct Token {
    value: String,
    expires: Option<Instant>,
    /// The target accepted it at least once. A fresh token that is refused is an answer, no reason to fetch another.
    accepted: bool,
}

impl TokenSource {
    /// A source where the credentials ask for one.
    pub(super) fn new(credentials: &Credentials) -> Result<Option<Self>, TargetError> {
        let Credentials::ClientCredentials { token_url, id, secret, scope } = credentials else {
            return Ok(None);
        };
        let url = web_address("token URL", token_url)?;
        Ok(Some(Self {
            peer: Peer::new(&url, None),
            url,
            id: id.clone(),
            secret: secret.clone(),
            scope: scope.clone(),
            current: Mutex::new(None),
        }))
    }

    /// The current token, or a new one. Callers that come at the same time share one request.
    pub(super) async fn token(&self, client: &reqwest::Client) -> Result<String, TransportFailure> {
        let mut current = self.current.lock().await;
        if let Some(token) = current.as_ref()
            && token.expires.is_none_or(|expires| Instant::now() < expires)
        {
            return Ok(token.value.clone());
        }
        let token = self.fetch(client).await?;
        let value = token.value.clone();
        *current = Some(token);
        Ok(value)
    }

    /// The target took the token.
    pub(super) async fn accepted(&self, value: &str) {
        if let Some(token) = self.current.lock().await.as_mut().filter(|token| token.value == value) {
            token.accepted = true;
        }
    }

    /// The target answered 401. Whether it is worth trying again with what [`Self::token`] gives next.
    pub(super) async fn rejected(&self, value: &str) -> bool {
        let mut current = self.current.lock().await;
        match current.as_ref() {
            Some(token) if token.value == value => {
                let accepted = token.accepted;
                if accepted {
                    *current = None;
                }
                accepted
            }
            _ => true,
        }
    }

    /// The token endpoint did not answer in time.
    pub(super) fn too_slow(&self, limit: Duration) -> TransportFailure {
        self.failed(FailureKind::Timeout, &format!("no answer within {limit:?}; --timeout allows more"))
    }

    async fn fetch(&self, client: &reqwest::Client) -> Result<Token, TransportFailure> {
        let mut form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            encode(&self.id),
            encode(self.secret.expose_secret())
        );
        if let Some(scope) = &self.scope {
            form.push_str(&format!("&scope={}", encode(scope)));
        }
        let request = client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .header("user-agent", super::USER_AGENT)
            .body(form);
        let sent = request.send().await.map_err(|error| failure::classify(&error, &self.peer));
        let response = match sent {
            Ok(response) => http::read(response, MAX_ANSWER, &self.peer).await,
            Err(failure) => Err(failure),
        }
        .map_err(|failure| self.failed(failure.kind, &failure.message))?;
        let body = response.json().unwrap_or_default();
        if response.status != 200 {
            let detail = ["error", "error_description"]
                .iter()
                .filter_map(|name| body.get(name).and_then(Value::as_str))
                .collect::<Vec<_>>()
                .join(": ");
            let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
            let message = format!(
                "the answer was {}{detail}; check --client-id, --client-secret and --scope",
                response.status
            );
            return Err(self.failed(FailureKind::Request, &message));
        }
        let Some(value) = body.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty())
        else {
            return Err(
                self.failed(FailureKind::Request, "the answer holds no `access_token`; is it the token URL?")
            );
        };
        Ok(Token { value: value.to_owned(), expires: expiry(&body), accepted: false })
    }

    fn failed(&self, kind: FailureKind, problem: &str) -> TransportFailure {
        TransportFailure { kind, message: format!("no access token from {}: {problem}", self.url) }
    }
}

/// When to fetch the next token. `expires_in` is seconds; some servers send them as text.
fn expiry(body: &Value) -> Option<Instant> {
    let seconds = body.get("expires_in")?;
    let seconds = seconds.as_u64().or_else(|| seconds.as_str()?.parse().ok())?;
    let life = Duration::from_secs(seconds.min(86_400));
    Some(Instant::now() + life.saturating_sub(MARGIN).max(life / 2))
}

/// One value of a form.
fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string().replace("%20", "+")
}
