//! What the provider does, without HTTP: read, query, create, replace, patch, delete, bulk.
//!
//! The service joins the pure protocol code with a store. It knows the registry, the profile and the index plans; it is
//! asked on behalf of a [`Caller`] and answers with a [`Reply`] or a [`ScimError`], which the HTTP layer turns into a
//! response. Every change of one resource, and every rule that spans resources (uniqueness, membership), happens in
//! one store transaction.

mod bulk;
mod defective;
mod index;
mod list;
mod membership;
mod record;
mod write;

use std::sync::Arc;

use self::index::IndexPlan;
use self::membership::GroupRef;
use super::defects::seams::Seams;
use super::profile::{Profile, Rules};
use super::store::{self, Kind, Record, Store, TenantId, View};
use super::world::World;
use crate::protocol::cursor::CursorKey;
use crate::protocol::error::ScimError;
use crate::protocol::projection::Projection;
use crate::protocol::schema::{Attribute, Mutability, Registry, Returned, TypeSchema, find};
use crate::protocol::version::{self, EntityTag, Precondition};

/// On whose behalf something is done, and how the provider looks from there.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The tenant whose resources are concerned.
    pub tenant: TenantId,
    /// The base URL under which the caller reached the provider, without a trailing slash.
    pub base: String,
}

/// Conditions and wishes that come with a request for one resource.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// The method, for the meaning of the conditions.
    pub method: &'static str,
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
    /// `attributes`.
    pub attributes: Vec<String>,
    /// `excludedAttributes`.
    pub excluded: Vec<String>,
}

/// An answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `ETag`.
    pub version: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    /// JSON text; `None` for answers without content.
    pub body: Option<Vec<u8>>,
}

/// The provider without its HTTP.
pub struct Service {
    registry: Registry,
    profile: Profile,
    store: Arc<dyn Store>,
    world: World,
    kinds: Vec<KindFacts>,
    cursors: CursorKey,
    /// What it says of itself, where that is not how it behaves.
    pretended: Option<(Registry, Profile)>,
    /// Where it misbehaves; `None` for the plain provider.
    seams: Option<Box<Seams>>,
}

/// What is asked of a resource type again and again.
struct KindFacts {
    plan: IndexPlan,
    /// Whether its resources show the groups that they belong to.
    shows_groups: bool,
    /// Whether it has attributes that are returned only on request.
    has_requested: bool,
}

impl KindFacts {
    fn new(schema: &TypeSchema, rules: &Rules) -> KindFacts {
        let requested = |a: &Attribute| a.returned == Returned::Request;
        let own = schema.attributes().chain(schema.extensions.iter().flat_map(|e| &e.schema.attributes));
        KindFacts {
            plan: IndexPlan::new(schema, rules),
            shows_groups: find(&schema.core.attributes, "groups")
                .is_some_and(|a| a.mutability == Mutability::ReadOnly),
            has_requested: own.into_iter().any(|a| requested(a) || a.sub_attributes.iter().any(requested)),
        }
    }
}

impl Service {
    /// A service over a store, with what defects and choices install.
    pub fn new(
        mut registry: Registry,
        mut profile: Profile,
        store: Arc<dyn Store>,
        world: World,
        installs: &[fn(&mut Seams)],
    ) -> Service {
        let seams = defective::installed(installs);
        let pretended = seams.as_ref().map(|seams| {
            let honest = (registry.clone(), profile.clone());
            seams.profile.iter().for_each(|change| change(&mut profile));
            registry = defective::changed(seams, &registry);
            honest
        });
        let kinds = registry.types().iter().map(|schema| KindFacts::new(schema, &profile.rules)).collect();
        let cursors = CursorKey::new(world.key(), Some(profile.limits.cursor_timeout_seconds));
        Service { registry, profile, store, world, kinds, cursors, pretended, seams }
    }

    /// The schemas and resource types as they are published.
    pub fn published(&self) -> &Registry {
        self.pretended.as_ref().map_or(&self.registry, |(registry, _)| registry)
    }

    /// What it says about how it behaves.
    pub fn announced(&self) -> &Profile {
        self.pretended.as_ref().map_or(&self.profile, |(_, profile)| profile)
    }

    /// How the provider behaves.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The kind that is served at `/segment`.
    pub fn kind_at(&self, segment: &str) -> Option<Kind> {
        let types = self.registry.types().iter();
        let position =
            types.into_iter().position(|t| t.resource_type.endpoint.strip_prefix('/') == Some(segment));
        position.and_then(|position| Kind::try_from(position).ok())
    }

    /// All kinds.
    fn kinds(&self) -> impl Iterator<Item = Kind> + use<> {
        0..Kind::try_from(self.kinds.len()).unwrap_or(Kind::MAX)
    }

    fn schema(&self, kind: Kind) -> &TypeSchema {
        &self.registry.types()[usize::from(kind)]
    }

    fn plan(&self, kind: Kind) -> &IndexPlan {
        &self.kind(kind).plan
    }

    fn kind(&self, kind: Kind) -> &KindFacts {
        &self.kinds[usize::from(kind)]
    }

    /// Reads one resource.
    ///
    /// # Errors
    /// 404 when there is none of that kind and id.
    pub fn get(&self, caller: &Caller, kind: Kind, id: &str, terms: &Terms) -> Result<Reply, ScimError> {
        let schema = self.schema(kind);
        let projection = Projection::new(&terms.attributes, &terms.excluded, schema)?;
        let (record, groups) = store::read(&*self.store, caller.tenant, |view| {
            let record = self.existing(view, kind, id)?;
            let groups = self.memberships(view).of(&record);
            Ok::<_, ScimError>((record, groups))
        })?;
        match self.permitted(terms, &record, &groups)? {
            Precondition::NotModified => {
                Ok(Reply { status: 304, version: self.version(&record, &groups), ..Reply::default() })
            }
            _ => Ok(self.reply(200, caller, &record, &groups, &projection, None)),
        }
    }

    /// The kind and id of the user with that userName, for `/Me`.
    pub fn user_named(&self, tenant: TenantId, name: &str) -> Option<(Kind, String)> {
        let (kind, schema) =
            self.kinds().zip(self.registry.types()).find(|(_, t)| t.resource_type.name == "User")?;
        let plan = self.plan(kind);
        let index = plan.answering(schema, &crate::protocol::attr::AttrPath::simple("userName"))?;
        let found =
            store::read(&*self.store, tenant, |view| view.find(kind, index, &plan.folded(index, name)));
        found.first().map(|record| (kind, record.id.to_string()))
    }

    fn existing(&self, view: &dyn View, kind: Kind, id: &str) -> Result<Arc<Record>, ScimError> {
        let found = view.get(id);
        let found = match &self.seams {
            None => found.filter(|record| record.kind == kind),
            Some(seams) => self.reachable(seams, found, kind),
        };
        found.ok_or_else(|| {
            let name = &self.schema(kind).resource_type.name;
            ScimError::status(404, format!("there is no {name} with the id `{id}`"))
        })
    }

    /// Holds the conditions of a request against the current state (RFC 7644 §3.14).
    fn permitted(
        &self,
        terms: &Terms,
        record: &Record,
        groups: &[GroupRef],
    ) -> Result<Precondition, ScimError> {
        if !self.profile.features.etag || (terms.if_match.is_none() && terms.if_none_match.is_none()) {
            return Ok(Precondition::Proceed);
        }
        let current = self.version(record, groups).map(|text| EntityTag::parse(&text)).transpose()?;
        let (if_match, if_none_match) = (terms.if_match.as_deref(), terms.if_none_match.as_deref());
        version::precondition(terms.method, if_match, if_none_match, current.as_ref())
    }
}
