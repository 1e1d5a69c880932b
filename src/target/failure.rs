//! Errors of the HTTP client as failures that a person understands.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::Url;

use crate::exchange::{FailureKind, TransportFailure};

/// Who is talked to, for messages.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// Host name or address of the target.
    host: String,
    /// Host and port that the connection goes to: of the proxy where there is one.
    address: String,
    /// Whether `address` is a proxy.
    proxied: bool,
    /// Whether TLS is spoken.
    tls: bool,
}

impl Peer {
    pub(super) fn new(url: &Url, proxy: Option<&str>) -> Self {
        let address = |url: &Url| {
            let host = url.host_str().unwrap_or_default();
            url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
        };
        let proxy = proxy.and_then(|proxy| Url::parse(proxy).ok());
        Self {
            host: url.host_str().unwrap_or_default().to_owned(),
            address: address(proxy.as_ref().unwrap_or(url)),
            proxied: proxy.is_some(),
            tls: url.scheme() == "https",
        }
    }

    fn name(&self) -> String {
        format!("{}{}", if self.proxied { "the proxy " } else { "" }, self.address)
    }
}

/// How far an exchange came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The head of the answer is not there yet.
    Waiting,
    /// The body is being read.
    Reading,
}

/// Finds out what an error of the client is about.
pub(super) fn classify(error: &reqwest::Error, peer: &Peer) -> TransportFailure {
    let failed = |kind, message: String| TransportFailure { kind, message };
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(tls) = tls_cause(cause) {
            return failed(FailureKind::Tls, tls_message(tls, peer));
        }
        if let Some(hyper) = cause.downcast_ref::<hyper::Error>()
            && let Some((kind, message)) = http_message(hyper, peer)
        {
            return failed(kind, message);
        }
        if let Some(io) = cause.downcast_ref::<io::Error>()
            && let Some((kind, message)) = io_message(io, error.is_connect(), peer)
        {
            return failed(kind, message);
        }
        if cause.to_string() == "dns error" {
            return failed(
                FailureKind::Connect,
                format!(
                    "the name of {} cannot be resolved; check its spelling and the network",
                    peer.resolved()
                ),
            );
        }
        next = cause.source();
    }
    let chain = chain(error);
    if error.is_connect() {
        failed(FailureKind::Connect, format!("cannot connect to {}: {chain}", peer.name()))
    } else if error.is_body() || error.is_decode() {
        failed(FailureKind::Broken, format!("{} broke off its answer: {chain}", peer.name()))
    } else {
        failed(FailureKind::Request, format!("the request could not be sent: {chain}"))
    }
}

impl Peer {
    /// The name that the resolver was asked for.
    fn resolved(&self) -> String {
        match self.proxied {
            true => self.name(),
            false => format!("`{}`", self.host),
        }
    }
}

/// The exchange took too long.
pub(super) fn timeout(phase: Phase, limit: Duration, peer: &Peer) -> TransportFailure {
    let what = match phase {
        Phase::Waiting => "did not answer",
        Phase::Reading => "began to answer but was not done",
    };
    let message = format!("{} {what} within {limit:?}; --timeout allows more", peer.name());
    TransportFailure { kind: FailureKind::Timeout, message }
}

/// The body is larger than what is read.
pub(super) fn too_large(limit: usize, peer: &Peer) -> TransportFailure {
    let message =
        format!("the body that {} sent is larger than {limit} bytes; nothing of it was judged", peer.name());
    TransportFailure { kind: FailureKind::TooLarge, message }
}

/// All causes of an error in one line, without the URL, which may hold a secret.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        next = cause.source();
    }
    if parts.is_empty() { "no cause is known".to_owned() } else { parts.join(": ") }
}

/// The TLS error in an error; one inside an I/O error is not among its sources.
fn tls_cause<'e>(cause: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => tls_cause(inner),
        None => cause.downcast_ref::<rustls::Error>(),
    }
}

fn tls_message(error: &rustls::Error, peer: &Peer) -> String {
    use rustls::{AlertDescription, CertificateError};
    let host = &peer.host;
    match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            CertificateError::UnknownIssuer => format!(
                "the certificate of {host} is not signed by an authority that this machine trusts; name the \
                 authority with --ca-file, or use --insecure for a test"
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                format!("the certificate of {host} has expired; --insecure accepts it for a test")
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!("the certificate of {host} is for another name; --insecure accepts it for a test")
            }
            other => {
                format!("the certificate of {host} is not valid ({other}); see --ca-file and --insecure")
            }
        },
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied,
        ) => format!(
            "{host} does not accept the client's certificate ({error}); see --client-cert and --client-key"
        ),
        rustls::Error::InvalidMessage(_) => {
            format!("what {} sent is no TLS; is the base URL `http://`?", peer.name())
        }
        other => format!("no secure connection to {host}: {other}"),
    }
}

fn http_message(error: &hyper::Error, peer: &Peer) -> Option<(FailureKind, String)> {
    let name = peer.name();
    if error.is_parse_too_large() {
        Some((FailureKind::Protocol, format!("the headers that {name} sent are too large")))
    } else if error.is_parse() {
        let other_scheme = !peer.tls && error.to_string().contains("version");
        let hint = if other_scheme { "; is the base URL `https://`?" } else { "" };
        Some((FailureKind::Protocol, format!("what {name} sent is not HTTP ({error}){hint}")))
    } else if error.is_incomplete_message() {
        Some((FailureKind::Broken, format!("{name} closed the connection before its answer was whole")))
    } else {
        None
    }
}

fn io_message(error: &io::Error, connecting: bool, peer: &Peer) -> Option<(FailureKind, String)> {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, InvalidData,
        InvalidInput, NetworkUnreachable, TimedOut, UnexpectedEof,
    };
    let name = peer.name();
    Some(match error.kind() {
        ConnectionRefused => {
            (FailureKind::Connect, format!("nothing listens on {name} (connection refused)"))
        }
        HostUnreachable | NetworkUnreachable => {
            (FailureKind::Connect, format!("there is no way to {name}: {error}"))
        }
        TimedOut => (FailureKind::Timeout, format!("{name} does not take connections: {error}")),
        UnexpectedEof | ConnectionReset | ConnectionAborted if connecting && peer.tls => {
            (FailureKind::Tls, format!("{name} closed the connection during the TLS handshake"))
        }
        UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe => {
            (FailureKind::Broken, format!("{name} closed the connection before its answer was whole"))
        }
        InvalidData | InvalidInput => {
            (FailureKind::Protocol, format!("what {name} sent is not HTTP ({error})"))
        }
        _ => return None,
    })
}
