//! Where a run takes place: at a target as its guest, or at a provider of our own.

use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::json;

use super::discovery::Discovery;
use super::trial::ground::{Demand, Terms};
use super::trial::{Access, Ground};
use crate::event::{BUILT_IN_URL, TargetInfo};
use crate::exchange::{Exchange, Request};
use crate::protocol::schema::USER;
use crate::provider::world::World;
use crate::provider::{Provider, ProviderConfig};
use crate::target::refusal::Refusal;
use crate::target::visit::{Visit, probe, refused, run_suffix};
use crate::target::{Credentials, Target, TargetConfig};

/// Where a run takes place.
pub struct Venue {
    /// What all checks share.
    pub ground: Arc<Ground>,
    /// As reports name it.
    pub info: TargetInfo,
    visit: Option<Visit>,
    /// A provider of our own runs as long as this lives.
    _provider: Option<Provider>,
}

impl Venue {
    /// A target that others use too: it must answer and let us in. What is created there is written to a journal below
    /// `directory` beforehand.
    ///
    /// # Errors
    /// The options do not fit, the target does not answer or refuses the credentials, the journal cannot be written.
    pub async fn shared(
        name: &str,
        config: TargetConfig,
        demands: Vec<Demand>,
        access: Access,
        directory: &Path,
    ) -> Result<Self, Refusal> {
        let has_credentials = !matches!(config.credentials, Credentials::None) || !config.headers.is_empty();
        let target = Target::connect(config).map_err(|error| Refusal::usage(error.to_string()))?;
        let config = probe(&target, "/ServiceProviderConfig").await?;
        let users = probe(&target, "/Users?count=1").await?;
        if users.response().is_some_and(|response| response.status == 401) {
            return Err(refused(&target, "/Users", 401));
        }
        let is_json = |exchange: &Exchange| {
            let json = exchange.response().and_then(|response| response.json().ok());
            json.is_some_and(|json: serde_json::Value| json.is_object())
        };
        if !is_json(&config) && !is_json(&users) {
            let status = |exchange: &Exchange| exchange.response().map_or(0, |response| response.status);
            return Err(Refusal::no_verdict(format!(
                "{} does not speak SCIM: GET /ServiceProviderConfig answers {}, GET /Users answers {}, and neither with a JSON object",
                target.base(),
                status(&config),
                status(&users)
            ))
            .hint("is it the base URL of the SCIM service? It often ends in `/scim/v2`"));
        }
        let discovery = Discovery::of(&target).await;
        let info = TargetInfo { url: target.base().to_owned(), name: name.to_owned() };
        let (visit, journal, run) = match access {
            Access::Read => (None, None, run_suffix()),
            Access::Write => {
                let visit = Visit::begin(directory)?;
                let journal = visit
                    .journal(&target, visit.run())
                    .map_err(|error| Refusal::usage(format!("the journal cannot be written: {error}")))?;
                let run = visit.run().to_owned();
                (Some(visit), Some(journal), run)
            }
        };
        let terms = Terms { journal, access, demands, has_credentials, run };
        let ground = Arc::new(Ground::new(target, discovery, terms));
        Ok(Self { ground, info, visit, _provider: None })
    }

    /// A provider of our own; nobody else uses it.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn own(config: ProviderConfig, access: Access) -> Result<Self, Refusal> {
        let info = TargetInfo { url: BUILT_IN_URL.to_owned(), name: config.profile.name.clone() };
        let me = config.me.clone();
        let provider = Provider::start(config).await.map_err(|error| {
            Refusal::no_verdict(format!("the built-in provider cannot be started: {error}"))
        })?;
        let token = SecretString::from(uuid::Uuid::new_v4().simple().to_string());
        provider.add_tenant(&token);
        let mut config = TargetConfig::new(provider.base_url());
        config.credentials = Credentials::Bearer(token);
        let target = Target::connect(config).map_err(|error| Refusal::usage(error.to_string()))?;
        // Whoever holds the token has an account, so that there is something at /Me. Where it cannot be created, /Me is judged
        // without.
        let mut account = Request::new("POST", "/Users");
        account.headers.set("Content-Type", "application/scim+json");
        let body = json!({ "schemas": [USER], "userName": me, "active": true });
        account.body = body.to_string().into();
        target.send(account).await;
        let discovery = Discovery::of(&target).await;
        let terms =
            Terms { journal: None, access, demands: Vec::new(), has_credentials: true, run: run_suffix() };
        let ground = Arc::new(Ground::new(target, discovery, terms));
        Ok(Self { ground, info, visit: None, _provider: Some(provider) })
    }

    /// The plain provider of a profile, of our own.
    ///
    /// # Errors
    /// There is no such profile, or it cannot be started.
    pub async fn built_in(profile: &str, access: Access) -> Result<Self, Refusal> {
        let profile = crate::provider::profile::Profile::named(profile)
            .map_err(|error| Refusal::usage(error.to_string()))?;
        Self::own(ProviderConfig::loopback(profile, World::real()), access).await
    }

    /// Whether others use the target too.
    pub fn is_shared(&self) -> bool {
        self._provider.is_none()
    }

    /// Deletes what is left, and says what could not be.
    pub async fn leave(&self) -> Vec<String> {
        self.ground.leave().await;
        match &self.visit {
            Some(visit) => visit.leave(self.ground.target()).await,
            None => Vec::new(),
        }
    }
}
