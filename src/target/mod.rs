//! Floor 2: the HTTP client that every role uses to talk to a target.
//!
//! [`Target::connect`] takes a [`TargetConfig`], finds what is wrong with it before anything is sent, and builds one
//! client. [`Target::send`] turns a [`Request`] into an [`Exchange`] and never fails otherwise: no answer is an outcome
//! too, with a [`FailureKind`] and a sentence that says what to do about it.
//!
//! The client adds nothing of its own to what is judged. It follows no redirects, retries nothing by itself,
//! takes no proxy from the environment and asks for no compression: what a target answers is what the exchange shows.
//!
//! | module | what lives there |
//! |---|---|
//! | [`config`] | how to reach a target, and what can be wrong with that |
//! | `http` | the one place that builds the client and reads bodies |
//! | `failure` | errors of the client as failures that a person understands |
//! | `token` | OAuth client credentials |
//! | `pace` | `--rate`, `Retry-After` |
//! | [`journal`] | what a run created and has not deleted yet |
//! | [`journaled`] | sending so that the journal knows |
//! | [`cleanup`] | deleting it |
//! | [`visit`] | a run as a guest: journals from beginning to end |
//! | [`refusal`] | why a run ends before it begins |

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::exchange::{Auth, Exchange, FailureKind, Headers, Request, Response, SCIM_JSON, TransportFailure};
use crate::redact::{Secrets, is_credential_header};

pub mod cleanup;
pub mod config;
mod failure;
mod http;
pub mod journal;
pub mod journaled;
mod pace;
pub mod refusal;
mod token;
pub mod visit;

pub use config::{Credentials, TargetConfig, TargetError};

/// Sent as `User-Agent` where nothing else is said.
pub const USER_AGENT: &str = concat!("scimulator/", env!("CARGO_PKG_VERSION"));

/// How often [`Target::send_patiently`] sends a request at most.
pub const MAX_ATTEMPTS: u32 = 3;

/// A service provider that can be talked to.
pub struct Target {
    name: Option<String>,
    base: String,
    base_query: Option<String>,
    suffix_query: Option<String>,
    credentials: Credentials,
    headers: Headers,
    timeout: std::time::Duration,
    max_body: usize,
    client: reqwest::Client,
    /// Like `client`, with a connection of its own for every request.
    fresh: reqwest::Client,
    /// Whether the target may close connections without a word: some do so after a 5xx that promises to keep them.
    is_abrupt: AtomicBool,
    tokens: Option<token::TokenSource>,
    pace: pace::Pace,
    peer: failure::Peer,
    secrets: Secrets,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("name", &self.name).field("base", &self.base).finish_non_exhaustive()
    }
}

impl Target {
    /// Checks the configuration and builds the client. Nothing is sent yet.
    ///
    /// # Errors
    /// What is wrong with the configuration, in a sentence that names the option.
    pub fn connect(config: TargetConfig) -> Result<Self, TargetError> {
        let base = config::Base::parse(&config.base)?;
        let client = http::client(&config, &base, true)?;
        let fresh = http::client(&config, &base, false)?;
        let secrets = config.secrets();
        let tokens = token::TokenSource::new(&config.credentials)?;
        let pace = pace::Pace::new(config.rate)?;
        for (name, value) in &config.headers {
            if HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_str(value).is_err() {
                return Err(TargetError::Header { name: name.clone() });
            }
        }
        Ok(Self {
            name: config.name,
            peer: failure::Peer::new(&base.url, config.proxy.as_deref()),
            base: base.text,
            base_query: base.query,
            suffix_query: config.suffix_query.filter(|query| !query.is_empty()),
            credentials: config.credentials,
            headers: config.headers.into_iter().collect(),
            timeout: config.timeout,
            max_body: config.max_body,
            client,
            fresh,
            is_abrupt: AtomicBool::new(false),
            tokens,
            pace,
            secrets,
        })
    }

    /// The configured name, where there is one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The base URL, without a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The query that came with the base URL. It is not sent: Entra's `?aadOptscim062020` is a switch of the
    /// client and no part of the address (quirk Q-H11). To have a query sent all the same, configure `suffix_query`.
    pub fn base_query(&self) -> Option<&str> {
        self.base_query.as_deref()
    }

    /// The credentials of this target, for redaction. It grows when access tokens are fetched.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The bearer token that was configured, where there is one: checks of authentication spell it in other ways.
    pub fn bearer(&self) -> Option<&SecretString> {
        match &self.credentials {
            Credentials::Bearer(token) => Some(token),
            _ => None,
        }
    }

    /// Sends a request once and waits for the whole answer.
    ///
    /// With client credentials, a 401 to a token that was accepted before makes it fetch a new token and send
    /// once more, because tokens expire; the exchange is then the second one.
    pub async fn send(&self, request: Request) -> Exchange {
        self.attempt(request, 1).await
    }

    /// Sends a request and, when the answer is 429 or 503 with a `Retry-After` of at most a minute, waits and sends
    /// it again: at most [`MAX_ATTEMPTS`] times. Every attempt is an exchange, the last one counts.
    pub async fn send_patiently(&self, request: Request) -> Vec<Exchange> {
        let mut exchanges = Vec::new();
        loop {
            let attempt = exchanges.len() as u32 + 1;
            let exchange = self.attempt(request.clone(), attempt).await;
            let wait = exchange.response().and_then(|response| pace::retry_after(response, Timestamp::now()));
            exchanges.push(exchange);
            match wait {
                Some(wait) if attempt < MAX_ATTEMPTS => tokio::time::sleep(wait).await,
                _ => return exchanges,
            }
        }
    }

    async fn attempt(&self, request: Request, attempt: u32) -> Exchange {
        self.pace.wait().await;
        let started = Timestamp::now();
        let clock = Instant::now();
        let outcome = self.outcome(&request).await;
        Exchange { request, outcome, started, duration: clock.elapsed(), attempt }
    }

    async fn outcome(&self, request: &Request) -> Result<Response, TransportFailure> {
        let Some(tokens) = self.tokens.as_ref().filter(|_| self.adds_credentials(request)) else {
            return self.once(request, None).await;
        };
        let token = self.token(tokens).await?;
        let response = self.once(request, Some(&token)).await?;
        if response.status != 401 {
            tokens.accepted(&token).await;
            return Ok(response);
        }
        if !tokens.rejected(&token).await {
            return Ok(response);
        }
        let token = self.token(tokens).await?;
        self.once(request, Some(&token)).await
    }

    /// An access token, from the cache or fetched.
    async fn token(&self, tokens: &token::TokenSource) -> Result<String, TransportFailure> {
        let fetched = tokio::time::timeout(self.timeout, tokens.token(&self.client)).await;
        let token = fetched.unwrap_or_else(|_| Err(tokens.too_slow(self.timeout)))?;
        self.secrets.add(&token);
        Ok(token)
    }

    /// Whether the target's own credentials go with the request.
    fn adds_credentials(&self, request: &Request) -> bool {
        request.auth == Auth::Target && !request.headers.contains("authorization")
    }

    /// One request on the wire.
    async fn once(&self, request: &Request, token: Option<&str>) -> Result<Response, TransportFailure> {
        let prepared = self.prepare(request, token)?;
        let mut phase = failure::Phase::Waiting;
        // What only reads can be sent again when its connection was closed; what writes cannot.
        let reads = matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS");
        let client =
            if reads || !self.is_abrupt.load(Ordering::Relaxed) { &self.client } else { &self.fresh };
        let answer = async {
            let response =
                client.execute(prepared).await.map_err(|error| failure::classify(&error, &self.peer))?;
            phase = failure::Phase::Reading;
            http::read(response, self.max_body, &self.peer).await
        };
        let outcome = match tokio::time::timeout(self.timeout, answer).await {
            Ok(outcome) => outcome,
            Err(_) => Err(failure::timeout(phase, self.timeout, &self.peer)),
        };
        let is_abrupt = match &outcome {
            Ok(response) => response.status >= 500,
            Err(failure) => failure.kind == FailureKind::Broken,
        };
        if is_abrupt {
            self.is_abrupt.store(true, Ordering::Relaxed);
        }
        outcome
    }

    /// The request as the client takes it, with credentials and defaults.
    fn prepare(&self, request: &Request, token: Option<&str>) -> Result<reqwest::Request, TransportFailure> {
        let url = self.url(&request.target)?;
        let method = reqwest::Method::from_bytes(request.method.as_bytes())
            .ok()
            .filter(|method| method != reqwest::Method::CONNECT)
            .ok_or_else(|| unsendable(format!("`{}` is no method that can be sent", request.method)))?;
        let headers = self.header_map(request, token)?;
        let mut prepared = reqwest::Request::new(method, url);
        *prepared.headers_mut() = headers;
        if !request.body.is_empty() {
            *prepared.body_mut() = Some(request.body.clone().into());
        }
        Ok(prepared)
    }

    /// Base URL and target, joined as text: the path of the base URL stays as it was written. A target that is itself a
    /// URL on the same server is taken as it is, so that locations which the server gave can be followed.
    fn url(&self, target: &str) -> Result<Url, TransportFailure> {
        let is_whole = target.split_once("://").is_some_and(|(scheme, _)| {
            !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric())
        });
        if is_whole && !self.is_on_same_server(target) {
            return Err(unsendable(format!("`{target}` is on another server than the base URL")));
        }
        let mut text = if is_whole { target.to_owned() } else { format!("{}{target}", self.base) };
        if let Some(suffix) = &self.suffix_query {
            text.push(if target.contains('?') { '&' } else { '?' });
            text.push_str(suffix);
        }
        let url = Url::parse(&text)
            .map_err(|error| unsendable(format!("`{target}` makes no URL behind the base URL: {error}")))?;
        http::says_the_same(&text, &url).then_some(url).ok_or_else(|| {
            unsendable(format!(
                "`{target}` cannot be sent as it is written; write dot segments, backslashes, tabs, line ends and \
                 `#` percent-encoded"
            ))
        })
    }

    fn is_on_same_server(&self, url: &str) -> bool {
        let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin()).filter(|o| o.is_tuple());
        let own = origin(&self.base);
        own.is_some() && origin(url) == own
    }

    fn header_map(&self, request: &Request, token: Option<&str>) -> Result<HeaderMap, TransportFailure> {
        let mut map = HeaderMap::new();
        for (name, value) in request.headers.iter() {
            if is_framing(name) {
                if name.eq_ignore_ascii_case("content-length") && value == request.body.len().to_string() {
                    continue;
                }
                return Err(unsendable(format!("the header `{name}` is decided by the connection")));
            }
            append(&mut map, name, value)?;
        }
        for (name, value) in self.headers.iter() {
            let wanted = request.auth == Auth::Target || !is_credential_header(name);
            if wanted && !request.headers.contains(name) {
                append(&mut map, name, value)?;
            }
        }
        if let Auth::MadeUp(value) = &request.auth {
            append(&mut map, "authorization", value)?;
        }
        if !map.contains_key(AUTHORIZATION)
            && let Some(authorization) = self.authorization(request, token)
        {
            let mut value = HeaderValue::from_str(&authorization).map_err(|_| {
                unsendable("the credentials hold characters that no header may hold".to_owned())
            })?;
            value.set_sensitive(true);
            map.insert(AUTHORIZATION, value);
        }
        match map.get("user-agent") {
            None => append(&mut map, "user-agent", USER_AGENT)?,
            Some(value) if value.is_empty() => drop(map.remove("user-agent")),
            Some(_) => {}
        }
        if !map.contains_key("accept") {
            append(&mut map, "accept", SCIM_JSON)?;
        }
        Ok(map)
    }

    fn authorization(&self, request: &Request, token: Option<&str>) -> Option<String> {
        match (&request.auth, &self.credentials) {
            (Auth::None | Auth::MadeUp(_), _) => None,
            (Auth::Bearer(token), _) => Some(format!("Bearer {token}")),
            (Auth::Target, Credentials::Bearer(token)) => Some(format!("Bearer {}", token.expose_secret())),
            (Auth::Target, Credentials::Basic { user, password }) => {
                Some(http::basic(user, password.expose_secret()))
            }
            (Auth::Target, Credentials::None | Credentials::ClientCredentials { .. }) => {
                token.map(|token| format!("Bearer {token}"))
            }
        }
    }
}

/// Headers that belong to the connection and not to the request; setting them by hand breaks the framing.
fn is_framing(name: &str) -> bool {
    ["content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"]
        .iter()
        .any(|framing| name.eq_ignore_ascii_case(framing))
}

fn append(map: &mut HeaderMap, name: &str, value: &str) -> Result<(), TransportFailure> {
    let field = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| unsendable(format!("`{name}` is no name for a header")))?;
    let value = HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| unsendable(format!("the value of the header `{name}` holds control characters")))?;
    map.append(field, value);
    Ok(())
}

/// The request cannot be put on the wire.
fn unsendable(message: String) -> TransportFailure {
    TransportFailure { kind: FailureKind::Request, message }
}
