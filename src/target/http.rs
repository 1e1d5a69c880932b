//! The one place that builds the HTTP client and reads bodies.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use percent_encoding::percent_decode_str;
use reqwest::{Certificate, Client, Identity, Proxy, Url};

use super::config::{Base, Credentials, TargetConfig, TargetError, web_address, wrong};
use super::failure::{self, Peer};
use crate::exchange::{Response, TransportFailure};

/// Idle connections are closed before the servers close them (some do after 5 seconds), because a request on a connection
/// that closes at that moment fails for no reason of its own.
const IDLE: Duration = Duration::from_secs(4);

/// Builds the client: rustls with ring, and every convenience off that would hide what really happens. One that does not keep
/// connections opens one for every request.
pub(super) fn client(config: &TargetConfig, base: &Base, keeps: bool) -> Result<Client, TargetError> {
    // Another part of the program may have installed it before; either way there is one now.
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "the place that the lint points to")]
    let mut builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(if keeps { usize::MAX } else { 0 })
        .tls_danger_accept_invalid_certs(config.insecure);
    if let Some(proxy) = &config.proxy {
        let proxy = Proxy::all(proxy)
            .map_err(|error| wrong("proxy", proxy, format!("cannot be used: {}", failure::chain(&error))))?;
        builder = builder.proxy(proxy);
    }
    let authorities = match &config.ca_file {
        Some(path) => Certificate::from_pem_bundle(&read_file("--ca-file", path)?)
            .ok()
            .filter(|certificates| !certificates.is_empty())
            .ok_or_else(|| no_pem("--ca-file", path, "no PEM certificate in it"))?,
        None => Vec::new(),
    };
    // The certificates of the system are looked up only where TLS is spoken: it takes time, and a plain
    // target must work on a machine that has none.
    builder = match speaks_tls(config, base) {
        true => builder.tls_certs_merge(authorities),
        false => builder.tls_certs_only(authorities),
    };
    if let Some(identity) = identity(config)? {
        builder = builder.identity(identity);
    }
    builder.build().map_err(|error| {
        let chain = failure::chain(&error);
        match chain.contains("No CA certificates") {
            true => TargetError::NoAuthorities,
            false => TargetError::Client(chain),
        }
    })
}

fn speaks_tls(config: &TargetConfig, base: &Base) -> bool {
    let token_url = match &config.credentials {
        Credentials::ClientCredentials { token_url, .. } => Some(token_url),
        _ => None,
    };
    base.url.scheme() == "https"
        || [token_url, config.proxy.as_ref()].into_iter().flatten().any(|url| {
            web_address("", url).is_ok_and(|url| url.scheme() == "https") || url.starts_with("https:")
        })
}

fn identity(config: &TargetConfig) -> Result<Option<Identity>, TargetError> {
    let Some(certificate) = &config.client_cert else {
        return match config.client_key {
            Some(_) => Err(TargetError::KeyWithoutCertificate),
            None => Ok(None),
        };
    };
    let mut pem = read_file("--client-cert", certificate)?;
    if let Some(key) = &config.client_key {
        pem.push(b'\n');
        pem.extend(read_file("--client-key", key)?);
    }
    Identity::from_pem(&pem).map(Some).map_err(|_| {
        no_pem(
            "--client-cert",
            certificate,
            "it needs a PEM certificate and, there or in --client-key, its key",
        )
    })
}

fn read_file(what: &'static str, path: &Path) -> Result<Vec<u8>, TargetError> {
    std::fs::read(path).map_err(|error| no_pem(what, path, &error.to_string()))
}

fn no_pem(what: &'static str, path: &Path, problem: &str) -> TargetError {
    TargetError::File { what, path: path.display().to_string(), problem: problem.to_owned() }
}

/// Whether a URL still says what its text says. The URL standard resolves dot segments and drops some
/// characters; encoding a character that no URL may hold is no change.
pub(super) fn says_the_same(text: &str, url: &Url) -> bool {
    let path_of = |text: &str| {
        let start = text.find("://").map_or(0, |at| at + 3);
        let start = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
        let path = text[start..].to_owned();
        if path.starts_with('/') { path } else { format!("/{path}") }
    };
    let (written, sent) = (path_of(text), path_of(url.as_str()));
    !written.contains(['#', '\\', '\t', '\n', '\r'])
        && percent_decode_str(&written).eq(percent_decode_str(&sent))
}

/// Reads an answer whole, up to `limit` bytes of body.
pub(super) async fn read(
    mut response: reqwest::Response,
    limit: usize,
    peer: &Peer,
) -> Result<Response, TransportFailure> {
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure::classify(&error, peer))? {
        if body.len() + chunk.len() > limit {
            return Err(failure::too_large(limit, peer));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, headers, body: body.freeze() })
}

/// The value of an `Authorization` header for Basic authentication (RFC 7617).
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_url_standard_would_change_is_noticed() {
        let same = |text: &str| says_the_same(text, &Url::parse(text).unwrap());
        for kept in [
            "http://x",
            "http://x/",
            "http://x/a?b",
            "http://x/scim/v2/Users?filter=userName%20eq%20%22a'b%22",
            "http://x/Users/%7e%7E?a=b+c&&d",
            "http://x/a b?q=\"ä\"",
            "http://x//a//?a=../b",
        ] {
            assert!(same(kept), "{kept}");
        }
        for changed in [
            "http://x/a/../b",
            "http://x/./b",
            "http://x/%2e%2E/b",
            "http://x/a\\b",
            "http://x/a\tb",
            "http://x/a#b",
        ] {
            assert!(!same(changed), "{changed}");
        }
    }
}
