//! `serve`: the built-in provider, until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tracing_subscriber::EnvFilter;

use super::context::Context;
use super::env;
use super::exit::{Exit, Stop};
use crate::lint::{Conversation, Seen};
use crate::provider::defects::Defect;
use crate::provider::profile::Profile;
use crate::provider::store::MemoryStore;
use crate::provider::world::World;
use crate::provider::{DEFAULT_ME, Observed, Provider, ProviderConfig, TlsFiles};
use crate::redact::Secrets;
use crate::report::lint::{LintReport, Style};

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", env = env::LISTEN)]
    listen: SocketAddr,

    /// How the provider behaves
    #[arg(long, value_name = "NAME", default_value = "rfc", env = env::PROFILE)]
    profile: String,

    /// A deliberate bug, repeatable; `scimulator defects` lists them
    ///
    /// The provider goes on announcing what it does without the bug, unless that is the bug.
    #[arg(long, value_name = "ID", env = env::DEFECT, value_delimiter = ',')]
    defect: Vec<String>,

    /// The bearer token that clients must send; a random one is made and shown when there is none
    ///
    /// Several tokens each have a tenant of their own, and nothing crosses from one to another.
    #[arg(long, value_name = "TOKEN", env = env::TOKEN, hide_env_values = true, conflicts_with = "token_file")]
    token: Vec<String>,

    /// File with the bearer token; each line is a token with a tenant of its own
    #[arg(long, value_name = "FILE", env = env::TOKEN_FILE)]
    token_file: Option<PathBuf>,

    /// Where resources are kept; this version knows `memory`
    #[arg(long, value_name = "STORE", default_value = "memory", value_parser = store, env = env::STORE)]
    store: StoreChoice,

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

    /// Judge the client: say which requests break the RFCs, and which show a known habit of an identity provider
    ///
    /// One block for each such request on standard output, and a summary at the end.
    #[arg(long, env = env::LINT, value_parser = clap::builder::FalseyValueParser::new())]
    lint: bool,

    /// How `--lint` writes: for people, or one JSON object a line
    #[arg(long, value_name = "FORMAT", default_value = "text", env = env::LINT_FORMAT)]
    lint_format: LintFormat,
}

/// How remarks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LintFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where resources are kept.
#[derive(Debug, Clone, Copy)]
enum StoreChoice {
    /// In memory, until the program ends.
    Memory,
}

/// Runs the command.
pub fn run(args: ServeArgs, context: &Context) -> Result<Exit, Stop> {
    let profile = Profile::named(&args.profile).map_err(|error| Stop::usage(error.to_string()))?;
    let defects = defects(&args.defect)?;
    let (tokens, is_random) = tokens(&args)?;
    let mut config = ProviderConfig::loopback(profile, World::real());
    config.listen = args.listen;
    config.store = match args.store {
        StoreChoice::Memory => Arc::new(MemoryStore::new()),
    };
    config.public_url = args.public_url;
    config.trust_forwarded = args.trust_forwarded;
    config.me = args.me;
    config.defects = defects;
    config.tls = args.tls_cert.zip(args.tls_key).map(|(certificate, key)| TlsFiles { certificate, key });
    let lint = args.lint.then(|| Lint::of(&mut config, args.lint_format, &tokens));
    log_to_stderr(context);
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Stop::usage(format!("the network threads cannot be started: {error}")))?;
    runtime.block_on(serve(config, lint, &tokens, is_random, context))
}

/// The judge of the client.
struct Lint {
    report: Arc<Mutex<LintReport>>,
    /// What it has to say, in the order of the requests.
    said: UnboundedReceiver<String>,
}

impl Lint {
    /// Lets the provider tell of every request.
    fn of(config: &mut ProviderConfig, format: LintFormat, tokens: &[SecretString]) -> Self {
        let style = match format {
            LintFormat::Text => Style::Text,
            LintFormat::Json => Style::JsonLines,
        };
        let secrets = Secrets::new();
        tokens.iter().for_each(|token| secrets.add_secret(token));
        let report = Arc::new(Mutex::new(LintReport::new(style, secrets)));
        let (registry, conversation) = (config.registry.clone(), Mutex::new(Conversation::default()));
        let (sender, said) = mpsc::unbounded_channel();
        let shared = Arc::clone(&report);
        config.on_request = Some(Arc::new(move |observed: &Observed| {
            let Observed { method, target, headers, body, status } = observed;
            let seen = Seen { method, target, headers, body };
            let remarks = lock(&conversation).lint(&registry, &seen, *status);
            if let Some(block) = lock(&shared).request(method, target, *status, &remarks) {
                // Nobody listens any more only when the program ends.
                let _ = sender.send(block.into_inner());
            }
        }));
        Self { report, said }
    }
}

/// Nothing that is locked here is left half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(
    config: ProviderConfig,
    lint: Option<Lint>,
    tokens: &[SecretString],
    is_random: bool,
    context: &Context,
) -> Result<Exit, Stop> {
    let mut shape = format!("profile {}", config.profile.name);
    for defect in &config.defects {
        shape.push_str(&format!(", defect {}", defect.id));
    }
    let provider = Provider::start(config).await.map_err(|error| Stop::usage(error.to_string()))?;
    for token in tokens {
        provider.add_tenant(token);
    }
    let stopped = super::signal::stopped()?;
    context.print(&format!("listening on {}\n", provider.base_url()))?;
    context.say(&format!("{shape}; stop with Ctrl-C"));
    if let ([token], true) = (tokens, is_random) {
        // The one place that shows a token: it was made a moment ago, for whoever reads this.
        context.say(&format!("no token was given, so this one was made: {}", token.expose_secret()));
    }
    match lint {
        None => {
            stopped.await;
            provider.shutdown().await;
        }
        Some(Lint { report, mut said }) => {
            let mut stopped = pin!(stopped);
            loop {
                tokio::select! {
                    () = &mut stopped => break,
                    Some(block) = said.recv() => context.print(&block)?,
                }
            }
            provider.shutdown().await;
            while let Ok(block) = said.try_recv() {
                context.print(&block)?;
            }
            context.print(&lock(&report).summary())?;
        }
    }
    context.say("stopped");
    Ok(Exit::Ok)
}

/// The bugs to start with, each once.
pub(super) fn defects(names: &[String]) -> Result<Vec<&'static Defect>, Stop> {
    let mut defects: Vec<&Defect> = Vec::new();
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let defect = Defect::named(name)
            .map_err(|error| Stop::usage(error.to_string()).hint("`scimulator defects` lists them"))?;
        if !defects.iter().any(|known| known.id == defect.id) {
            defects.push(defect);
        }
    }
    Ok(defects)
}

/// The tokens to ask for, and whether one was made up here.
fn tokens(args: &ServeArgs) -> Result<(Vec<SecretString>, bool), Stop> {
    let given: Vec<String> = match &args.token_file {
        None => args.token.clone(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Stop::usage(format!("{}: the token cannot be read: {error}", path.display()))
            })?;
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let tokens: Vec<_> = lines.map(str::to_owned).collect();
            if tokens.is_empty() {
                return Err(Stop::usage(format!("{}: holds no token", path.display())));
            }
            tokens
        }
    };
    if given.is_empty() {
        return Ok((vec![uuid::Uuid::new_v4().simple().to_string().into()], true));
    }
    let sendable = |token: &String| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        !token.is_empty() && token.bytes().all(fits)
    };
    match given.iter().position(|token| !sendable(token)) {
        None => Ok((given.into_iter().map(SecretString::from).collect(), false)),
        Some(at) => Err(Stop::usage(format!(
            "token {} cannot be sent as a bearer token: it may hold letters, digits and `-._~+/`, and `=` at its end",
            at + 1
        ))),
    }
}

/// The stores of this version.
fn store(text: &str) -> Result<StoreChoice, String> {
    match text.split(':').next() {
        Some("memory") if text == "memory" => Ok(StoreChoice::Memory),
        Some(kind @ ("sqlite" | "postgres")) => {
            Err(format!("`{kind}` stores come with a later version; use `memory`"))
        }
        _ => Err("expected `memory`".to_owned()),
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
