//! `serve`: the built-in provider, until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use tracing_subscriber::EnvFilter;

use super::context::Context;
use super::env;
use super::exit::{Exit, Stop};
use crate::provider::profile::Profile;
use crate::provider::world::World;
use crate::provider::{DEFAULT_ME, Provider, ProviderConfig, TlsFiles};

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", env = env::LISTEN)]
    listen: SocketAddr,

    /// How the provider behaves
    #[arg(long, value_name = "NAME", default_value = "rfc", env = env::PROFILE)]
    profile: String,

    /// The bearer token that clients must send; a random one is made and shown when there is none
    #[arg(long, value_name = "TOKEN", env = env::TOKEN, hide_env_values = true, conflicts_with = "token_file")]
    token: Option<String>,

    /// File whose first line is the bearer token
    #[arg(long, value_name = "FILE", env = env::TOKEN_FILE)]
    token_file: Option<PathBuf>,

    /// Certificate chain (PEM) for https
    #[arg(long, value_name = "FILE", requires = "tls_key", env = env::TLS_CERT)]
    tls_cert: Option<PathBuf>,

    /// Private key (PEM) for https
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = env::TLS_KEY)]
    tls_key: Option<PathBuf>,

    /// Base URL to show in locations, where a tunnel or proxy stands before the provider
    #[arg(long, value_name = "URL", env = env::PUBLIC_URL)]
    public_url: Option<String>,

    /// Believe X-Forwarded-Proto and X-Forwarded-Host
    #[arg(long, env = env::TRUST_FORWARDED)]
    trust_forwarded: bool,

    /// userName of the user that the token's holder is at /Me
    #[arg(long, value_name = "USERNAME", default_value = DEFAULT_ME, env = env::ME)]
    me: String,
}

/// Runs the command.
pub fn run(args: ServeArgs, context: &Context) -> Result<Exit, Stop> {
    let profile = Profile::named(&args.profile).map_err(|error| Stop::usage(error.to_string()))?;
    let (token, is_random) = token(&args)?;
    let mut config = ProviderConfig::loopback(profile, World::real());
    config.listen = args.listen;
    config.public_url = args.public_url;
    config.trust_forwarded = args.trust_forwarded;
    config.me = args.me;
    config.tls = args.tls_cert.zip(args.tls_key).map(|(certificate, key)| TlsFiles { certificate, key });
    log_to_stderr(context);
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Stop::usage(format!("the network threads cannot be started: {error}")))?;
    runtime.block_on(serve(config, &token, is_random, context))
}

async fn serve(
    config: ProviderConfig,
    token: &SecretString,
    is_random: bool,
    context: &Context,
) -> Result<Exit, Stop> {
    let name = config.profile.name.clone();
    let provider = Provider::start(config).await.map_err(|error| Stop::usage(error.to_string()))?;
    provider.add_tenant(token);
    let stopped = super::signal::stopped()?;
    context.print(&format!("listening on {}\n", provider.base_url()))?;
    context.say(&format!("profile {name}; stop with Ctrl-C"));
    if is_random {
        // The one place that shows a token: it was made a moment ago, for whoever reads this.
        context.say(&format!("no token was given, so this one was made: {}", token.expose_secret()));
    }
    stopped.await;
    provider.shutdown().await;
    context.say("stopped");
    Ok(Exit::Ok)
}

/// The token to ask for, and whether it was made up here.
fn token(args: &ServeArgs) -> Result<(SecretString, bool), Stop> {
    if let Some(token) = &args.token {
        return Ok((token.as_str().into(), false));
    }
    let Some(path) = &args.token_file else {
        return Ok((uuid::Uuid::new_v4().simple().to_string().into(), true));
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| Stop::usage(format!("{}: the token cannot be read: {error}", path.display())))?;
    match text.lines().next().map(str::trim).filter(|line| !line.is_empty()) {
        Some(token) => Ok((token.into(), false)),
        None => Err(Stop::usage(format!("{}: the first line is empty; a token is expected", path.display()))),
    }
}

/// Requests at `info`, on stderr; `SCIMULATOR_LOG` takes the usual filters.
fn log_to_stderr(context: &Context) {
    let filter = EnvFilter::try_new(context.log.as_deref().unwrap_or("scimulator=info")).unwrap_or_default();
    let colour = !matches!(context.stderr_colour, anstream::ColorChoice::Never);
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    // Fails only when another one is installed already, and then that one is right.
    drop(subscriber.try_init());
}
