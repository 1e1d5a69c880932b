//! Floor 2: the built-in provider, a SCIM 2.0 service provider for tests and simulations.
//!
//! ```text
//! http/      sockets, paths, headers, status codes      (axum on tokio, rustls when TLS is asked for)
//!   service/ what SCIM operations do                    (protocol rules + one store transaction each)
//!     store/ where records are kept                     (one trait; in memory)
//! ```
//!
//! It is correct to the letter by default, takes another shape by [`profile`] and misbehaves on purpose by [`defects`]. A token belongs to a tenant (`tokens`),
//! and nothing crosses from one tenant to another. The judge side of the program reaches it over a real
//! loopback socket only, exactly as it reaches a stranger; what this module offers in process is starting and stopping
//! it and making tenants.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

mod body;
pub mod defects;
mod discovery;
mod http;
mod observed;
pub mod profile;
mod service;
pub mod store;
mod tokens;
pub mod world;

pub use self::http::tls::{TlsError, TlsFiles};
pub use self::observed::{Observed, OnRequest};

use self::defects::Defect;
use self::defects::choices::Choice;
use self::defects::seams::Seams;
use self::http::handler::{App, BASE_PATH, Reach};
use self::http::{listener, tls};
use self::profile::Profile;
use self::service::Service;
use self::store::{Store, TenantId};
use self::tokens::{Actor, Tokens};
use self::world::World;
use crate::protocol::schema::Registry;

/// The userName that the holder of a token has at `/Me`, unless configured otherwise.
pub const DEFAULT_ME: &str = "me@provider.test";

/// How long the body of a request may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// What a provider is started with.
pub struct ProviderConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How it behaves.
    pub profile: Profile,
    /// Schemas and resource types.
    pub registry: Registry,
    /// Where resources are kept.
    pub store: Arc<dyn Store>,
    /// Time and identifiers.
    pub world: World,
    /// Certificate and key, for https.
    pub tls: Option<TlsFiles>,
    /// The base URL to show in locations instead of the one that a request came by.
    pub public_url: Option<String>,
    /// Whether `X-Forwarded-*` headers are believed.
    pub trust_forwarded: bool,
    /// The userName of the user that a token's holder is at `/Me`.
    pub me: String,
    /// Its deliberate bugs.
    pub defects: Vec<&'static Defect>,
    /// Where it does what the RFCs allow and the built-in provider does not do by itself.
    pub choices: Vec<&'static Choice>,
    /// Told of every request; none costs nothing.
    pub on_request: Option<OnRequest>,
}

impl ProviderConfig {
    /// A provider of that profile on a free loopback port, with the standard schemas, in memory.
    pub fn loopback(profile: Profile, world: World) -> ProviderConfig {
        ProviderConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            profile,
            registry: Registry::standard(),
            store: Arc::new(store::MemoryStore::new()),
            world,
            tls: None,
            public_url: None,
            trust_forwarded: false,
            me: DEFAULT_ME.to_owned(),
            defects: Vec::new(),
            choices: Vec::new(),
            on_request: None,
        }
    }
}

/// A provider that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken, or may not be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A running provider. It stops when this is dropped, or cleanly by [`Provider::shutdown`].
pub struct Provider {
    address: SocketAddr,
    scheme: &'static str,
    store: Arc<dyn Store>,
    tokens: Arc<Tokens>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Provider {
    /// Starts a provider; when this returns, it listens.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(mut config: ProviderConfig) -> Result<Provider, StartError> {
        let choices = std::mem::take(&mut config.choices);
        choices.iter().for_each(|choice| (choice.prepare)(&mut config));
        let defects = config.defects.iter().map(|defect| defect.install);
        let installs: Vec<fn(&mut Seams)> =
            defects.chain(choices.iter().map(|choice| choice.install)).collect();
        let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
        let listening =
            async { TcpListener::bind(config.listen).await.and_then(|l| Ok((l.local_addr()?, l))) };
        let (address, listener) =
            listening.await.map_err(|error| StartError::Listen { address: config.listen, error })?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let tokens = Arc::new(Tokens::default());
        let store = Arc::clone(&config.store);
        let app = App {
            service: Arc::new(Service::new(
                config.registry,
                config.profile,
                config.store,
                config.world,
                &installs,
            )),
            tokens: Arc::clone(&tokens),
            reach: Reach {
                scheme,
                authority: address.to_string(),
                public_url: config.public_url.map(|url| url.trim_end_matches('/').to_owned()),
                trust_forwarded: config.trust_forwarded,
            },
            me: config.me,
            body_timeout: BODY_TIMEOUT,
            on_request: config.on_request,
        };
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(listener::serve(listener, tls, Arc::new(app), stopped));
        Ok(Provider { address, scheme, store, tokens, stop, task })
    }

    /// The base URL, without a trailing slash.
    pub fn base_url(&self) -> String {
        format!("{}://{}{BASE_PATH}", self.scheme, self.address)
    }

    /// Adds an empty tenant and lets `token` speak for it.
    pub fn add_tenant(&self, token: &SecretString) -> TenantId {
        let tenant = self.store.create_tenant();
        self.tokens.grant(token, Actor { tenant });
        tenant
    }

    /// Removes a tenant, its tokens and everything in it.
    pub fn drop_tenant(&self, tenant: TenantId) {
        self.tokens.revoke(tenant);
        self.store.drop_tenant(tenant);
    }

    /// Stops accepting, lets running requests end, and returns when all is quiet.
    pub async fn shutdown(self) {
        // Neither matters any more when the task has ended already.
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}
