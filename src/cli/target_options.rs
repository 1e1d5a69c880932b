//! The options of every command that reaches a target: where it is, who we are, how to talk to it.
//!
//! What was typed wins over the environment, the environment over the table of a named target in `scimulator.toml`.
//! The ways to log in exclude each other; the one that was said nearest to the user replaces the others whole.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use secrecy::{ExposeSecret, SecretString};

use super::config::{Config, FILE_NAME};
use super::context::Context;
use super::env;
use super::exit::Stop;
use super::values::{HeaderField, Hidden, Rate, UserPassword, duration, secret};
use crate::conformance::trial::ground::Demand;
use crate::diagnostic::nearest;
use crate::target::{Credentials, TargetConfig};

/// The options, from whatever source.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Target")]
pub struct TargetOptions {
    /// Base URL of the SCIM service (https://host/scim/v2), or the name of a target in scimulator.toml
    ///
    /// Without it a built-in provider is started for the run; `cleanup` only tells what is left.
    #[arg(long, value_name = "URL|NAME", env = env::TARGET)]
    pub target: Option<String>,
    /// Configuration file with named targets
    ///
    /// Default: scimulator.toml in the working directory or a parent, up to the folder that holds .git.
    #[arg(long, value_name = "FILE", env = env::CONFIG)]
    pub config: Option<PathBuf>,
    /// Bearer token; better given by the environment, as other users can see command lines
    #[arg(long, value_name = "TOKEN", env = env::TOKEN, value_parser = Hidden(secret), help_heading = "Credentials")]
    pub token: Option<SecretString>,
    /// File that holds the bearer token, `-` for standard input
    #[arg(long, value_name = "FILE", env = env::TOKEN_FILE, help_heading = "Credentials")]
    pub token_file: Option<PathBuf>,
    /// User and password for basic authentication
    #[arg(long, value_name = "USER:PASS", env = env::BASIC, value_parser = Hidden(str::parse::<UserPassword>), help_heading = "Credentials")]
    pub basic: Option<UserPassword>,
    /// Header field sent with every request; may be repeated
    #[arg(
        long,
        value_name = "NAME: VALUE",
        env = env::HEADER,
        value_delimiter = '\n',
        value_parser = Hidden(str::parse::<HeaderField>),
        help_heading = "Credentials"
    )]
    pub header: Vec<HeaderField>,
    /// Token endpoint for OAuth 2.0 client credentials
    #[arg(long, value_name = "URL", env = env::OAUTH_TOKEN_URL, help_heading = "Credentials")]
    pub oauth_token_url: Option<String>,
    /// Client id for the token endpoint
    #[arg(long, value_name = "ID", env = env::CLIENT_ID, help_heading = "Credentials")]
    pub client_id: Option<String>,
    /// Client secret for the token endpoint
    #[arg(long, value_name = "SECRET", env = env::CLIENT_SECRET, value_parser = Hidden(secret), help_heading = "Credentials")]
    pub client_secret: Option<SecretString>,
    /// Scope to ask the token endpoint for
    #[arg(long, value_name = "SCOPE", env = env::SCOPE, help_heading = "Credentials")]
    pub scope: Option<String>,
    /// Certificates to trust beside the well-known ones (PEM)
    #[arg(long, value_name = "FILE", env = env::CA_FILE, help_heading = "Connection")]
    pub ca_file: Option<PathBuf>,
    /// Client certificate for mutual TLS (PEM)
    #[arg(long, value_name = "FILE", env = env::CLIENT_CERT, help_heading = "Connection")]
    pub client_cert: Option<PathBuf>,
    /// Private key of the client certificate (PEM)
    #[arg(long, value_name = "FILE", env = env::CLIENT_KEY, help_heading = "Connection")]
    pub client_key: Option<PathBuf>,
    /// Accept any certificate
    #[arg(
        long,
        env = env::INSECURE,
        value_parser = clap::builder::FalseyValueParser::new(),
        help_heading = "Connection"
    )]
    pub insecure: bool,
    /// Proxy to go through (http://host:port)
    #[arg(long, value_name = "URL", env = env::PROXY, help_heading = "Connection")]
    pub proxy: Option<String>,
    /// Longest time for one request: seconds, or such as 500ms, 10s [default: 30s]
    #[arg(long, value_name = "TIME", env = env::TIMEOUT, value_parser = duration, help_heading = "Connection")]
    pub timeout: Option<Duration>,
    /// Send at most that many requests per second (10/s) or minute (90/m)
    #[arg(long, value_name = "N/s", env = env::RATE, help_heading = "Connection")]
    pub rate: Option<Rate>,
    /// What every body must carry although no schema says so: the table `required` of a named target.
    #[arg(skip)]
    pub required: Vec<Demand>,
}

/// The options as they came from the command line and the environment, contradictions settled.
#[derive(Debug, Clone, Default)]
pub struct TargetArgs(pub TargetOptions);

/// The ways to log in. Options of one way belong together, those of different ways exclude each other.
const WAYS: [&[&str]; 4] =
    [&["token"], &["token_file"], &["basic"], &["oauth_token_url", "client_id", "client_secret", "scope"]];

impl FromArgMatches for TargetArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        let given = |source: ValueSource| -> Vec<usize> {
            let given = |id: &&str| matches.value_source(id) == Some(source) && !is_empty(matches, id);
            (0..WAYS.len()).filter(|way| WAYS[*way].iter().any(given)).collect()
        };
        let (typed, set) = (given(ValueSource::CommandLine), given(ValueSource::EnvVariable));
        let (ways, where_from) =
            if typed.is_empty() { (set, "environment") } else { (typed, "command line") };
        if let [one, other, ..] = ways[..] {
            return Err(clap::Error::raw(
                clap::error::ErrorKind::ArgumentConflict,
                format!(
                    "the {where_from} says to log in by `{}` and by `{}`: choose one",
                    flag(WAYS[one][0]),
                    flag(WAYS[other][0])
                ),
            ));
        }
        let is_typed = matches.value_source("target") == Some(ValueSource::CommandLine);
        let mut options = TargetOptions::from_arg_matches_mut(matches)?;
        // A variable of a script that is not set must not make the built-in provider the judged one.
        if is_typed && options.target.as_deref().is_some_and(|target| target.trim().is_empty()) {
            return Err(clap::Error::raw(
                clap::error::ErrorKind::InvalidValue,
                "`--target` is empty: give the base URL or the name of a target, or leave the option out\n",
            ));
        }
        options.keep_way(ways.first().copied());
        Ok(Self(options))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for TargetArgs {
    fn augment_args(command: Command) -> Command {
        TargetOptions::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        TargetOptions::augment_args_for_update(command)
    }
}

/// The option of that id as it is typed.
fn flag(id: &str) -> String {
    format!("--{}", id.replace('_', "-"))
}

/// Whether the environment sets an option to nothing, which CI systems do for a secret that is not there.
fn is_empty(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::EnvVariable)
        && matches.get_raw(id).is_none_or(|mut values| values.all(std::ffi::OsStr::is_empty))
}

impl TargetOptions {
    /// Forgets the credentials of every way to log in but this one.
    fn keep_way(&mut self, way: Option<usize>) {
        if way != Some(0) {
            self.token = None;
        }
        if way != Some(1) {
            self.token_file = None;
        }
        if way != Some(2) {
            self.basic = None;
        }
        if way != Some(3) {
            self.oauth_token_url = None;
            self.client_id = None;
            self.client_secret = None;
            self.scope = None;
        }
    }

    /// Which way to log in these options say.
    fn way(&self) -> Option<usize> {
        let oauth = self.oauth_token_url.is_some()
            || self.client_id.is_some()
            || self.client_secret.is_some()
            || self.scope.is_some();
        [self.token.is_some(), self.token_file.is_some(), self.basic.is_some(), oauth]
            .iter()
            .position(|said| *said)
    }

    /// These options, and where they are silent, those of `under`.
    #[must_use]
    fn over(self, under: &Self) -> Self {
        let mut under = under.clone();
        if let Some(way) = self.way() {
            under.keep_way(Some(way));
        }
        let mut header = under.header;
        header.retain(|field| !self.header.iter().any(|own| own.name.eq_ignore_ascii_case(&field.name)));
        header.extend(self.header);
        Self {
            target: under.target,
            config: self.config,
            token: self.token.or(under.token),
            token_file: self.token_file.or(under.token_file),
            basic: self.basic.or(under.basic),
            header,
            oauth_token_url: self.oauth_token_url.or(under.oauth_token_url),
            client_id: self.client_id.or(under.client_id),
            client_secret: self.client_secret.or(under.client_secret),
            scope: self.scope.or(under.scope),
            ca_file: self.ca_file.or(under.ca_file),
            client_cert: self.client_cert.or(under.client_cert),
            client_key: self.client_key.or(under.client_key),
            insecure: self.insecure || under.insecure,
            proxy: self.proxy.or(under.proxy),
            timeout: self.timeout.or(under.timeout),
            rate: self.rate.or(under.rate),
            required: under.required,
        }
    }
}

/// A target that was named, with all that is needed to reach it.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// How it is called: its name in `scimulator.toml`, or the host of its URL.
    pub name: String,
    /// The options, `target` being the URL.
    pub options: TargetOptions,
}

impl TargetArgs {
    /// Finds the target; none means the built-in provider.
    ///
    /// # Errors
    /// The name is not known, the configuration is broken, or the options do not fit together.
    pub fn choose(self, context: &Context) -> Result<Option<Chosen>, Stop> {
        let TargetArgs(options) = self;
        let Some(target) = options.target.clone().filter(|target| !target.is_empty()) else {
            return Ok(None);
        };
        if target.contains("://") {
            let name = host(&target);
            return Ok(Some(Chosen { name, options }));
        }
        let Some(config) = Config::find(options.config.as_deref(), &context.directory)? else {
            return Err(Stop::usage(format!("there is no target `{target}`: no {FILE_NAME} was found"))
                .hint(format!("write a table `[target.{target}]` with its `url` into {FILE_NAME}"))
                .hint("or give the base URL, such as `--target https://host/scim/v2`"));
        };
        match config.target(&target) {
            Some(named) => Ok(Some(Chosen { options: options.over(named), name: target })),
            None => {
                let stop =
                    Stop::usage(format!("there is no target `{target}` in {}", context.shown(&config.path)));
                Err(match nearest(&target, config.names()) {
                    Some(near) => stop.hint(format!("did you mean `{near}`?")),
                    None => stop.hint(format!("it has: {}", config.names().collect::<Vec<_>>().join(", "))),
                })
            }
        }
    }
}

impl Chosen {
    /// What the HTTP client needs to know.
    ///
    /// # Errors
    /// The token cannot be read, or half of the OAuth options is missing.
    pub fn config(&self) -> Result<TargetConfig, Stop> {
        let options = &self.options;
        let base = options.target.clone().unwrap_or_default();
        let defaults = TargetConfig::new(base);
        Ok(TargetConfig {
            name: Some(self.name.clone()),
            credentials: options.credentials()?,
            headers: options.header.iter().map(|field| (field.name.clone(), field.value.clone())).collect(),
            ca_file: options.ca_file.clone(),
            client_cert: options.client_cert.clone(),
            client_key: options.client_key.clone(),
            insecure: options.insecure,
            proxy: options.proxy.clone(),
            timeout: options.timeout.unwrap_or(defaults.timeout),
            rate: options.rate.map(|rate| rate.per_second),
            ..defaults
        })
    }
}

impl TargetOptions {
    fn credentials(&self) -> Result<Credentials, Stop> {
        if let Some(token) = &self.token {
            return Ok(Credentials::Bearer(token.clone()));
        }
        if let Some(path) = &self.token_file {
            return Ok(Credentials::Bearer(read_token(path)?));
        }
        if let Some(UserPassword { user, password }) = &self.basic {
            return Ok(Credentials::Basic { user: user.clone(), password: password.clone() });
        }
        if self.way().is_none() {
            return Ok(Credentials::None);
        }
        let needed = |what: &str| {
            Stop::usage(format!("`{what}` is missing for OAuth client credentials")).hint(
                "give `--oauth-token-url`, `--client-id` and `--client-secret` together, and `--scope` if need be",
            )
        };
        Ok(Credentials::ClientCredentials {
            token_url: self.oauth_token_url.clone().ok_or_else(|| needed("--oauth-token-url"))?,
            id: self.client_id.clone().ok_or_else(|| needed("--client-id"))?,
            secret: self.client_secret.clone().ok_or_else(|| needed("--client-secret"))?,
            scope: self.scope.clone(),
        })
    }
}

/// The host of a URL with its port, in words that can name a folder.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority).to_lowercase();
    host.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' }).collect()
}

/// Reads a bearer token from a file or from standard input.
///
/// # Errors
/// It cannot be read, or there is nothing in it.
fn read_token(path: &Path) -> Result<SecretString, Stop> {
    let (shown, read) = if path.as_os_str() == "-" {
        ("standard input".to_owned(), std::io::read_to_string(std::io::stdin()))
    } else {
        (format!("`{}`", path.display()), std::fs::read_to_string(path))
    };
    let text =
        read.map_err(|error| Stop::usage(format!("the token cannot be read from {shown}: {error}")))?;
    let token = SecretString::from(text.trim());
    match token.expose_secret().is_empty() {
        true => Err(Stop::usage(format!("there is no token in {shown}: it is empty"))),
        false => Ok(token),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        target: TargetArgs,
    }

    fn parse(arguments: &[&str]) -> Result<TargetOptions, String> {
        let arguments = ["program"].iter().chain(arguments);
        Program::try_parse_from(arguments).map(|program| program.target.0).map_err(|error| error.to_string())
    }

    #[test]
    fn two_ways_to_log_in_are_a_conflict() {
        let error = parse(&["--token", "t0p", "--basic", "ada:hunter2"]).unwrap_err();
        insta::assert_snapshot!(error.lines().next().unwrap(), @"error: the command line says to log in by `--token` and by `--basic`: choose one");
        assert!(
            parse(&["--client-id", "a", "--client-secret", "b", "--oauth-token-url", "https://t"]).is_ok()
        );
    }

    #[test]
    fn a_wrong_secret_is_not_shown() {
        for arguments in [["--basic", "hunter2"], ["--header", "hunter2"], ["--header", "hunter2 x: y"]] {
            let error = parse(&arguments).unwrap_err();
            assert!(error.contains("cannot be used") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_is_typed_wins_over_the_file_and_replaces_its_way_to_log_in() {
        let file = TargetOptions {
            target: Some("https://a.test".into()),
            basic: Some("ada:pass".parse().unwrap()),
            header: vec!["X-A: file".parse().unwrap(), "X-B: file".parse().unwrap()],
            timeout: Some(Duration::from_secs(3)),
            ..TargetOptions::default()
        };
        let typed =
            parse(&["--target", "a", "--token", "t", "--header", "x-a: typed", "--timeout", "9"]).unwrap();
        let both = typed.over(&file);
        assert_eq!(both.target.as_deref(), Some("https://a.test"));
        assert!(both.token.is_some() && both.basic.is_none());
        assert_eq!(both.timeout, Some(Duration::from_secs(9)));
        let headers: Vec<&str> = both.header.iter().map(|field| field.value.as_str()).collect();
        assert_eq!(headers, ["file", "typed"]);
    }

    #[test]
    fn half_of_a_way_to_log_in_joins_with_the_file() {
        let file = TargetOptions {
            oauth_token_url: Some("https://t.test".into()),
            client_id: Some("me".into()),
            ..TargetOptions::default()
        };
        assert!(file.credentials().unwrap_err().message.contains("--client-secret"));
        let both = parse(&["--client-secret", "s"]).unwrap().over(&file);
        assert!(matches!(both.credentials(), Ok(Credentials::ClientCredentials { .. })));
    }

    #[test]
    fn a_target_without_name_is_called_by_its_host() {
        assert_eq!(host("https://Ada:x@Example.test:8443/scim/v2?a"), "example.test_8443");
        assert_eq!(host("http://[::1]:80"), "___1__80");
    }
}
