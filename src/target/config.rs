//! How to reach a target, and what can be wrong with that.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::redact::{Secrets, is_credential_header};

/// Everything that is said about a target on the command line or in a configuration file.
#[derive(Debug, Clone)]
pub struct TargetConfig {
    /// Name of the target in the configuration file.
    pub name: Option<String>,
    /// Base URL: the SCIM endpoints stand below it. A query in it is kept out.
    pub base: String,
    /// A query that is added to every request, as some products ask for.
    pub suffix_query: Option<String>,
    /// How the program identifies itself.
    pub credentials: Credentials,
    /// Headers of every request that does not set them itself.
    pub headers: Vec<(String, String)>,
    /// Certificates to trust besides those of the system, as PEM.
    pub ca_file: Option<PathBuf>,
    /// The client's certificate, as PEM; its key may stand in the same file.
    pub client_cert: Option<PathBuf>,
    /// The key of the client's certificate, as PEM.
    pub client_key: Option<PathBuf>,
    /// Trust any certificate.
    pub insecure: bool,
    /// URL of a proxy. The environment is never asked.
    pub proxy: Option<String>,
    /// Limit of one exchange, from connecting to the last byte.
    pub timeout: Duration,
    /// Requests a second at most.
    pub rate: Option<f64>,
    /// Size of the largest body that is read, in bytes.
    pub max_body: usize,
}

/// How the program identifies itself to a target.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// Not at all.
    #[default]
    None,
    /// `Authorization: Bearer …`
    Bearer(SecretString),
    /// `Authorization: Basic …`
    Basic {
        /// User name.
        user: String,
        /// Password.
        password: SecretString,
    },
    /// An access token that is fetched with the OAuth 2.0 client credentials grant (RFC 6749 §4.4), as a form
    /// (quirk Q-H16).
    ClientCredentials {
        /// The token endpoint.
        token_url: String,
        /// `client_id`
        id: String,
        /// `client_secret`
        secret: SecretString,
        /// `scope`
        scope: Option<String>,
    },
}

impl TargetConfig {
    /// A target at this base URL, and defaults for the rest: no credentials, 30 seconds, 16 MiB.
    pub fn new(base: impl Into<String>) -> Self {
        Self {
            name: None,
            base: base.into(),
            suffix_query: None,
            credentials: Credentials::None,
            headers: Vec::new(),
            ca_file: None,
            client_cert: None,
            client_key: None,
            insecure: false,
            proxy: None,
            timeout: Duration::from_secs(30),
            rate: None,
            max_body: 16 << 20,
        }
    }

    /// All secrets of the configuration.
    pub(super) fn secrets(&self) -> Secrets {
        let secrets = Secrets::new();
        match &self.credentials {
            Credentials::None => {}
            Credentials::Bearer(token) => secrets.add_secret(token),
            Credentials::Basic { user, password } => secrets.add_basic(user, password.expose_secret()),
            Credentials::ClientCredentials { id, secret, .. } => {
                secrets.add_basic(id, secret.expose_secret())
            }
        }
        for (_, value) in self.headers.iter().filter(|(name, _)| is_credential_header(name)) {
            secrets.add(value.split_once(' ').map_or(value.as_str(), |(_, credentials)| credentials.trim()));
        }
        if let Some(proxy) = self.proxy.as_deref().and_then(|proxy| Url::parse(proxy).ok())
            && let Some(password) = proxy.password()
        {
            secrets.add_basic(proxy.username(), password);
        }
        secrets
    }
}

/// What is wrong with the configuration of a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// An address that cannot be used.
    #[error("the {what} `{url}` {problem}")]
    Address {
        /// Which address: `base URL`, `token URL`, `proxy`.
        what: &'static str,
        /// What was given, without user and password.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file that cannot be read.
    #[error("cannot read the {what} `{path}`: {problem}")]
    File {
        /// What the file is for.
        what: &'static str,
        /// Its path.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// A header that cannot be sent. The value is not told, it may be a credential.
    #[error("the header `{name}` cannot be sent: names are letters, digits and dashes, values are printable")]
    Header {
        /// Its name.
        name: String,
    },
    /// A rate that is none.
    #[error("the rate {rate} is out of range: give requests a second, from 0.001 to 1000000")]
    Rate {
        /// What was given.
        rate: String,
    },
    /// A client certificate without its key, or the other way round.
    #[error("the client key needs a client certificate: give --client-cert too")]
    KeyWithoutCertificate,
    /// The machine trusts nobody.
    #[error(
        "this machine has no certificate authorities; name them with --ca-file, or use --insecure for a test"
    )]
    NoAuthorities,
    /// The client cannot be built for another reason.
    #[error("cannot set up the HTTP client: {0}")]
    Client(String),
}

/// A base URL in parts.
pub(super) struct Base {
    /// As written, without a slash at the end and without a query.
    pub(super) text: String,
    /// The query, which is not sent.
    pub(super) query: Option<String>,
    /// Parsed.
    pub(super) url: Url,
}

impl Base {
    pub(super) fn parse(text: &str) -> Result<Self, TargetError> {
        let url = web_address("base URL", text)?;
        if url.fragment().is_some() {
            return Err(wrong("base URL", text, "has a fragment: leave out what follows the `#`"));
        }
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (text, None),
        };
        let path = path.trim();
        let path = path.strip_suffix('/').unwrap_or(path);
        if !Url::parse(path).is_ok_and(|sent| super::http::says_the_same(path, &sent)) {
            return Err(wrong("base URL", text, "has a path that cannot be sent as it is written"));
        }
        Ok(Self { text: path.to_owned(), query: query.filter(|query| !query.is_empty()), url })
    }
}

/// Parses an `http` or `https` URL without user and password.
pub(super) fn web_address(what: &'static str, text: &str) -> Result<Url, TargetError> {
    let url = Url::parse(text.trim()).map_err(|error| {
        let problem = match text.contains("://") {
            false => "is no URL: it must start with `http://` or `https://`".to_owned(),
            true => format!("is no URL: {error}"),
        };
        wrong(what, text, problem)
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        // `localhost:8080/scim` parses as a URL of the scheme `localhost`.
        return Err(wrong(what, text, "must start with `http://` or `https://`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            what,
            text,
            "holds a user or a password; credentials have options of their own, such as --basic",
        ));
    }
    Ok(url)
}

pub(super) fn wrong(what: &'static str, text: &str, problem: impl Into<String>) -> TargetError {
    TargetError::Address { what, url: without_user(text), problem: problem.into() }
}

/// The text of a URL without what stands before an `@` in its authority.
fn without_user(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
    match text[start..end].rfind('@') {
        Some(at) => format!("{}{}", &text[..start], &text[start + at + 1..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(base: &str) -> String {
        Base::parse(base).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_base_url_keeps_its_path_and_loses_query_and_last_slash() {
        let base = Base::parse("https://x.test/Scim/%7e1/?aadOptscim062020").unwrap();
        assert_eq!(base.text, "https://x.test/Scim/%7e1");
        assert_eq!(base.query.as_deref(), Some("aadOptscim062020"));
        assert_eq!(Base::parse("http://[::1]:80").unwrap().text, "http://[::1]:80");
    }

    #[test]
    fn unusable_base_urls_are_explained_without_their_password() {
        let all: Vec<String> = [
            "x.test/scim",
            "localhost:8080/scim",
            "ftp://x.test",
            "https://ada:s3cret@x.test/scim",
            "https://ada:s3cret@",
            "https://x.test/scim#top",
            "https://x.test/a/../scim",
            "https://x.test:99999/",
            "",
        ]
        .map(error)
        .into();
        insta::assert_snapshot!(all.join("\n"), @"
        the base URL `x.test/scim` is no URL: it must start with `http://` or `https://`
        the base URL `localhost:8080/scim` must start with `http://` or `https://`
        the base URL `ftp://x.test` must start with `http://` or `https://`
        the base URL `https://x.test/scim` holds a user or a password; credentials have options of their own, such as --basic
        the base URL `https://` is no URL: empty host
        the base URL `https://x.test/scim#top` has a fragment: leave out what follows the `#`
        the base URL `https://x.test/a/../scim` has a path that cannot be sent as it is written
        the base URL `https://x.test:99999/` is no URL: invalid port number
        the base URL `` is no URL: it must start with `http://` or `https://`
        ");
    }

    #[test]
    fn every_credential_of_a_configuration_is_a_secret() {
        let mut config = TargetConfig::new("http://x");
        config.credentials = Credentials::Basic { user: "ada".into(), password: "pass-word-1".into() };
        config.headers = vec![("X-Api-Key".into(), "key-12345".into()), ("X-Tenant".into(), "acme".into())];
        config.proxy = Some("http://u:proxy-pass@p:1".into());
        let shown =
            config.secrets().text("pass-word-1 YWRhOnBhc3Mtd29yZC0x key-12345 acme proxy-pass").into_inner();
        assert_eq!(shown, "<redacted> <redacted> <redacted> acme <redacted>");
        assert!(!format!("{:?}", config.credentials).contains("pass-word-1"));
    }
}
