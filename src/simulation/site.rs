//! Where a simulation takes place: a target, or a provider of our own.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::event::{BUILT_IN_URL, TargetInfo};
use crate::exchange::Request;
use crate::idp::directory::{Directory, Member, PersonStatus};
use crate::protocol::message::member;
use crate::protocol::schema::{GROUP, USER};
use crate::provider::defects::Defect;
use crate::provider::profile::Profile;
use crate::provider::world::World;
use crate::provider::{Provider, ProviderConfig};
use crate::target::journal::Journal;
use crate::target::refusal::Refusal;
use crate::target::visit::Visit;
use crate::target::{Credentials, Target, TargetConfig};

/// Where a simulation takes place.
pub struct Site {
    /// The client.
    pub target: Arc<Target>,
    /// As reports name it.
    pub info: TargetInfo,
    /// There where what is created is deleted at the end.
    pub visit: Option<(Visit, Arc<Journal>)>,
    /// A provider of our own runs as long as this lives.
    _provider: Option<Provider>,
}

impl Site {
    /// A target. With `directory`, what is created is noted in a journal below it and deleted at the end.
    ///
    /// # Errors
    /// The options do not fit, or the journal cannot be written.
    pub fn target(name: &str, config: TargetConfig, directory: Option<&Path>) -> Result<Self, Refusal> {
        let target = Target::connect(config).map_err(|error| Refusal::usage(error.to_string()))?;
        let info = TargetInfo { url: target.base().to_owned(), name: name.to_owned() };
        let visit = match directory {
            None => None,
            Some(directory) => {
                let visit = Visit::begin(directory)?;
                let journal = visit
                    .journal(&target, visit.run())
                    .map_err(|error| Refusal::usage(format!("the journal cannot be written: {error}")))?;
                Some((visit, journal))
            }
        };
        Ok(Self { target: Arc::new(target), info, visit, _provider: None })
    }

    /// A provider of our own with these defects.
    ///
    /// # Errors
    /// There is no such profile, or it cannot be started.
    pub async fn built_in(profile: &str, defects: Vec<&'static Defect>) -> Result<Self, Refusal> {
        let profile = Profile::named(profile).map_err(|error| Refusal::usage(error.to_string()))?;
        let info = TargetInfo { url: BUILT_IN_URL.to_owned(), name: profile.name.clone() };
        let mut config = ProviderConfig::loopback(profile, World::real());
        config.defects = defects;
        let provider = Provider::start(config).await.map_err(|error| {
            Refusal::no_verdict(format!("the built-in provider cannot be started: {error}"))
        })?;
        let token = SecretString::from(uuid::Uuid::new_v4().simple().to_string());
        provider.add_tenant(&token);
        let mut config = TargetConfig::new(provider.base_url());
        config.credentials = Credentials::Bearer(token);
        let target = Target::connect(config).map_err(|error| Refusal::usage(error.to_string()))?;
        Ok(Self { target: Arc::new(target), info, visit: None, _provider: Some(provider) })
    }

    /// Fills the provider of our own with what a target was recorded to hold.
    ///
    /// # Errors
    /// Something of it is refused.
    pub async fn record(&self, recorded: &Directory) -> Result<(), Refusal> {
        let mut ids = HashMap::new();
        for person in &recorded.people {
            let mut body = person.attributes.clone();
            let mut schemas = vec![Value::from(USER)];
            schemas.extend(body.keys().filter(|key| key.starts_with("urn:")).map(|key| key.as_str().into()));
            body.insert("schemas".into(), schemas.into());
            body.insert("active".into(), (person.status == PersonStatus::Active).into());
            ids.insert(person.key.as_str(), self.create("/Users", &person.key, &body.into()).await?);
        }
        for group in &recorded.groups {
            let members: Vec<Value> = group
                .members
                .iter()
                .filter_map(|one| match one {
                    Member::Person(key) | Member::Group(key) => ids.get(key.as_str()),
                })
                .map(|id| json!({ "value": id }))
                .collect();
            let mut body =
                json!({ "schemas": [GROUP], "displayName": group.display_name, "members": members });
            if let Some(id) = &group.external_id {
                body["externalId"] = id.as_str().into();
            }
            ids.insert(group.key.as_str(), self.create("/Groups", &group.key, &body).await?);
        }
        Ok(())
    }

    async fn create(&self, endpoint: &str, key: &str, body: &Value) -> Result<String, Refusal> {
        let exchange = self.target.send(Request::new("POST", endpoint).with_json(body)).await;
        let answer = exchange.response().and_then(|response| response.json().ok());
        let id = answer.as_ref().and_then(Value::as_object).and_then(|body| member(body, "id")?.as_str());
        id.map(str::to_owned).ok_or_else(|| {
            let detail = answer.as_ref().and_then(|body| body["detail"].as_str()).unwrap_or("no answer");
            Refusal::usage(format!("`{key}` of the recorded target cannot be set up: {detail}"))
        })
    }

    /// Whether others use the target too.
    pub fn is_shared(&self) -> bool {
        self._provider.is_none()
    }

    /// Deletes what was created, where that is wanted, and says what could not be.
    pub async fn leave(&self) -> Vec<String> {
        match &self.visit {
            Some((visit, _)) => visit.leave(&self.target).await,
            None => Vec::new(),
        }
    }
}
