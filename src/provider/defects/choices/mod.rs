//! What a correct provider may do otherwise: for each point at which the RFCs leave room, the other allowed behaviour.
//!
//! A choice is no bug. A check that accuses a provider because of one is wrong, which `selftest` shows.

use super::seams::Seams;
use crate::protocol::schema::{Registry, ResourceType, Schema};
use crate::provider::ProviderConfig;

mod answers;
mod offer;
mod requests;

/// One allowed behaviour that the built-in provider does not have by itself.
#[derive(Debug)]
pub struct Choice {
    /// Stable name, in kebab-case.
    pub id: &'static str,
    /// What it does, in one line.
    pub title: &'static str,
    /// Why that is allowed.
    pub because: &'static str,
    /// The checks that rightly warn of it, because a SHOULD speaks against it.
    pub warned_by: &'static [&'static str],
    /// Changes what the provider is and says of itself.
    pub prepare: fn(&mut ProviderConfig),
    /// Changes what it does.
    pub install: fn(&mut Seams),
}

impl Choice {
    /// Every choice.
    pub fn all() -> impl Iterator<Item = &'static Choice> {
        [offer::CHOICES, answers::CHOICES, requests::CHOICES].into_iter().flatten()
    }

    /// The choice of that name.
    pub fn named(name: &str) -> Option<&'static Choice> {
        Choice::all().find(|choice| choice.id == name)
    }
}

/// A choice that only changes what the provider does.
const fn doing(
    id: &'static str,
    title: &'static str,
    because: &'static str,
    install: fn(&mut Seams),
) -> Choice {
    Choice { id, title, because, warned_by: &[], prepare: |_| {}, install }
}

/// A choice that changes what the provider is, and says of itself.
const fn being(
    id: &'static str,
    title: &'static str,
    because: &'static str,
    prepare: fn(&mut ProviderConfig),
) -> Choice {
    Choice { id, title, because, warned_by: &[], prepare, install: |_| {} }
}

/// The same against the advice of a SHOULD, of which these checks warn.
const fn against_advice(warned_by: &'static [&'static str], choice: Choice) -> Choice {
    Choice { warned_by, ..choice }
}

/// Other schemas and resource types, published and used.
fn reshape(config: &mut ProviderConfig, change: fn(&mut Vec<Schema>, &mut Vec<ResourceType>)) {
    let mut schemas: Vec<Schema> =
        config.registry.schemas().iter().map(|schema| (**schema).clone()).collect();
    let mut types: Vec<ResourceType> =
        config.registry.types().iter().map(|schema| schema.resource_type.clone()).collect();
    change(&mut schemas, &mut types);
    if let Ok(registry) = Registry::new(schemas, types) {
        config.registry = registry;
    }
}
