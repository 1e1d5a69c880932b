//! Where transcripts are played: built-in providers, one a profile, or one target that somebody else uses too.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use secrecy::SecretString;
use serde_json::Value;

use super::Case;
use crate::diagnostic::Diagnostic;
use crate::event::{BUILT_IN_URL, TargetInfo};
use crate::exchange::Exchange;
use crate::provider::profile::Profile;
use crate::provider::world::World;
use crate::provider::{Provider, ProviderConfig};
use crate::scenario::capability::{Capability, missing_capability};
use crate::target::refusal::Refusal;
use crate::target::visit::{Visit, probe, refused};
use crate::target::{Credentials, Target, TargetConfig};

/// Where transcripts are played.
pub enum Stage {
    /// A built-in provider for each profile; every transcript has its own tenant.
    BuiltIn(BTreeMap<String, BuiltIn>),
    /// A target that others use too: what is created carries a suffix, is journalled, and is deleted at the end.
    Shared(Box<Shared>),
}

/// One built-in provider.
pub struct BuiltIn {
    pub(super) provider: Provider,
    offer: Offer,
}

/// A target that others use too.
pub struct Shared {
    name: String,
    pub(super) target: Target,
    /// The suffix of the run is followed by the number of the case.
    pub(super) visit: Visit,
    offer: Offer,
}

/// What a target says to be able to.
#[derive(Debug, Default)]
struct Offer {
    config: Option<Value>,
    me_status: Option<u16>,
}

impl Stage {
    /// Starts the providers that the cases name, or those of one profile for all.
    ///
    /// # Errors
    /// There is no such profile, or a provider cannot be started.
    pub async fn built_in(cases: &[Case], profile: Option<&str>) -> Result<Self, Refusal> {
        let mut providers = BTreeMap::new();
        for case in cases {
            let name = profile.unwrap_or(&case.scenario.profile);
            if !providers.contains_key(name) {
                let profile = Profile::named(name).map_err(|error| unknown_profile(case, profile, &error))?;
                providers.insert(name.to_owned(), BuiltIn::start(profile).await?);
            }
        }
        Ok(Self::BuiltIn(providers))
    }

    /// Makes sure that the target can be reached and lets us in, and begins the journal.
    ///
    /// # Errors
    /// The options do not fit, the target does not answer or refuses the credentials, the journal cannot be written.
    pub async fn shared(
        name: &str,
        config: TargetConfig,
        cases: &[Case],
        directory: &Path,
    ) -> Result<Self, Refusal> {
        let target = Target::connect(config).map_err(|error| Refusal::usage(error.to_string()))?;
        let config = probe(&target, "/ServiceProviderConfig").await?;
        if probe(&target, "/Users?count=1").await?.response().is_some_and(|response| response.status == 401) {
            return Err(refused(&target, "/Users", 401));
        }
        let needs_me = cases.iter().any(|case| case.scenario.needs.contains(&Capability::Me));
        let me_status = match needs_me {
            true => probe(&target, "/Me").await?.response().map(|response| response.status),
            false => None,
        };
        let offer = Offer { config: described(&config), me_status };
        let visit = Visit::begin(directory)?;
        Ok(Self::Shared(Box::new(Shared { name: name.to_owned(), target, visit, offer })))
    }

    /// How many cases are played at the same time unless the user says otherwise. On a shared target, cases that
    /// run at the same time see what the others create.
    pub fn jobs(&self) -> usize {
        match self {
            Self::BuiltIn(_) => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            Self::Shared(_) => 1,
        }
    }

    /// The target as reports name it.
    pub fn info(&self) -> TargetInfo {
        match self {
            Self::BuiltIn(providers) => TargetInfo {
                url: BUILT_IN_URL.to_owned(),
                name: providers.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
            },
            Self::Shared(shared) => {
                TargetInfo { url: shared.target.base().to_owned(), name: shared.name.clone() }
            }
        }
    }

    /// The name of the target that a case is played against, which its snapshot is filed under.
    pub fn name_for<'a>(&'a self, case: &'a Case, profile: Option<&'a str>) -> &'a str {
        match self {
            Self::BuiltIn(_) => profile.unwrap_or(&case.scenario.profile),
            Self::Shared(shared) => &shared.name,
        }
    }

    /// Why a case cannot be played here.
    pub fn lacks(&self, case: &Case, name: &str) -> Option<String> {
        let offer = match self {
            Self::BuiltIn(providers) => &providers.get(name)?.offer,
            Self::Shared(shared) => &shared.offer,
        };
        missing_capability(&case.scenario.needs, offer.config.as_ref(), offer.me_status)
    }

    /// Deletes what is left of all cases, and says what could not be. Built-in providers just stop.
    pub async fn leave(&self) -> Vec<String> {
        match self {
            Self::Shared(shared) => shared.visit.leave(&shared.target).await,
            Self::BuiltIn(_) => Vec::new(),
        }
    }
}

impl BuiltIn {
    async fn start(profile: Profile) -> Result<Self, Refusal> {
        let config = ProviderConfig::loopback(profile, World::real());
        let provider = Provider::start(config).await.map_err(|error| {
            Refusal::no_verdict(format!("the built-in provider cannot be started: {error}"))
        })?;
        let (target, tenant) = tenant(&provider)?;
        let config = probe(&target, "/ServiceProviderConfig").await?;
        let me_status = probe(&target, "/Me").await?.response().map(|response| response.status);
        provider.drop_tenant(tenant);
        let offer = Offer { config: described(&config), me_status };
        Ok(Self { provider, offer })
    }
}

/// A fresh tenant of a built-in provider, and a client that holds its token.
pub(super) fn tenant(provider: &Provider) -> Result<(Target, crate::provider::store::TenantId), Refusal> {
    let token = SecretString::from(uuid::Uuid::new_v4().simple().to_string());
    let tenant = provider.add_tenant(&token);
    let mut config = TargetConfig::new(provider.base_url());
    config.credentials = Credentials::Bearer(token);
    Ok((Target::connect(config).map_err(|error| Refusal::usage(error.to_string()))?, tenant))
}

/// The ServiceProviderConfig of an answer. The body of an error says nothing about features.
fn described(answer: &Exchange) -> Option<Value> {
    answer.response().filter(|response| response.status == 200)?.json().ok()
}

fn unknown_profile(case: &Case, option: Option<&str>, error: &dyn std::fmt::Display) -> Refusal {
    match (&case.scenario.profile_span, option) {
        (Some(span), None) => Refusal::broken(vec![Diagnostic::error(error.to_string()).at(
            &case.scenario.source,
            span.clone(),
            "no such profile",
        )]),
        _ => Refusal::usage(error.to_string()),
    }
}
