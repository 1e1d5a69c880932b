//! Create, replace, patch and delete: each one store transaction.
//!
//! The functions that end in `_in` work within a transaction that the caller opened; a bulk request uses them for
//! operations that stand or fall together.

use std::sync::Arc;

use serde_json::Value;

use super::defective::{self, Adopted};
use super::membership::{Expected, GroupRef, Known};
use super::record::{Computed, Draft};
use super::{Caller, Reply, Service, Terms};
use crate::protocol::Resource;
use crate::protocol::error::ScimError;
use crate::protocol::ingest;
use crate::protocol::patch::{self, PatchRequest};
use crate::protocol::projection::{Names, Projection};
use crate::provider::defects::seams::Switch;
use crate::provider::store::{self, Duplicate, Kind, Record, Stamp, Transaction, View};

/// A transaction, and on whose behalf it runs.
pub(super) struct Session<'a> {
    pub(super) transaction: &'a mut dyn Transaction,
    pub(super) caller: &'a Caller,
    /// What the transaction is going to create besides.
    pub(super) expected: &'a Expected,
}

impl Session<'_> {
    /// The kind of a resource that is there, or will be when the transaction is done.
    fn kind_of(&self, id: &str) -> Option<Kind> {
        defective::living_kind(self.transaction.get(id)).or_else(|| self.expected.get(id).copied())
    }
}

/// How often a change is computed without the lock of the tenant before it is done under it.
const OPTIMISTIC_ATTEMPTS: usize = 3;

/// The new state of a resource, computed from the current one; `None` when nothing changes. May be called again.
pub(super) type Change<'c> = &'c dyn Fn(&Resource) -> Result<Option<Resource>, ScimError>;

/// A resource as a write left it.
pub(super) struct Written {
    pub(super) record: Arc<Record>,
    pub(super) groups: Vec<GroupRef>,
}

impl Service {
    /// Creates a resource from a POST body.
    ///
    /// # Errors
    /// 400 for a body that does not fit the schema, 409 for a value that must be unique and is taken.
    pub fn create(
        &self,
        caller: &Caller,
        kind: Kind,
        body: Value,
        terms: &Terms,
    ) -> Result<Reply, ScimError> {
        let schema = self.schema(kind);
        let projection = Projection::new(&terms.attributes, &terms.excluded, schema)?;
        let id = self.id_for(caller, kind, &body);
        let resource = self.created(kind, body)?;
        let supplied = self.supplied(kind, &resource);
        let written = if self.plan(kind).members().is_some() {
            // Its members must not vanish before it is stored.
            self.in_session(caller, |session| self.create_in(session, kind, &id, resource))?
        } else {
            let record = self.new_record(caller, kind, &id, resource, &|id| self.kind_now(caller, id))?;
            let record = self.checked_early(caller, record)?;
            store::write(&*self.store, caller.tenant, |transaction| self.put(transaction, record))?
        };
        Ok(self.reply(201, caller, &written.record, &written.groups, &projection, supplied.as_ref()))
    }

    /// Replaces a resource by a PUT body.
    ///
    /// # Errors
    /// 404, 412, 400 and 409 as the rules of RFC 7644 §3.5.1 demand.
    pub fn replace(
        &self,
        caller: &Caller,
        kind: Kind,
        id: &str,
        body: Value,
        terms: &Terms,
    ) -> Result<Reply, ScimError> {
        let projection = Projection::new(&terms.attributes, &terms.excluded, self.schema(kind))?;
        let supplied = body.as_object().and_then(|body| self.supplied(kind, body));
        let written = self
            .change(caller, kind, id, terms, &|current| self.replaced(kind, current, body.clone()))
            .or_else(|error| self.created_by_put(caller, kind, id, &body, error))?;
        Ok(self.reply(200, caller, &written.record, &written.groups, &projection, supplied.as_ref()))
    }

    /// Changes a resource by a PatchOp message.
    ///
    /// # Errors
    /// 404, 412, 400 and 409 as the rules of RFC 7644 §3.5.2 demand; 501 where the profile has no PATCH.
    pub fn patch(
        &self,
        caller: &Caller,
        kind: Kind,
        id: &str,
        body: &Value,
        terms: &Terms,
    ) -> Result<Reply, ScimError> {
        let projection = Projection::new(&terms.attributes, &terms.excluded, self.schema(kind))?;
        let request = self.patch_request(body)?;
        let has_requested = self.kind(kind).has_requested;
        let supplied = has_requested.then(|| Names::of_patch(&request, self.schema(kind)));
        let change = |request: &PatchRequest| {
            self.change(caller, kind, id, terms, &|current| self.patched(kind, current, request))
        };
        let written = match self.is(Switch::PatchByOperation) {
            true => defective::by_operation(&request, change)?,
            false => change(&request)?,
        };
        Ok(self.reply(200, caller, &written.record, &written.groups, &projection, supplied.as_ref()))
    }

    /// What a client wrote, where the answer depends on it: for types with attributes that are returned on request.
    fn supplied(&self, kind: Kind, body: &Resource) -> Option<Names> {
        self.kind(kind).has_requested.then(|| Names::of_body(body, self.schema(kind)))
    }

    /// Reads a PatchOp message.
    pub(super) fn patch_request(&self, body: &Value) -> Result<PatchRequest, ScimError> {
        if !self.profile.features.patch {
            return Err(ScimError::status(501, "PATCH is not supported"));
        }
        PatchRequest::parse(body, &self.profile.policy)
    }

    /// Deletes a resource and takes it out of its groups.
    ///
    /// # Errors
    /// 404 and 412.
    pub fn delete(&self, caller: &Caller, kind: Kind, id: &str, terms: &Terms) -> Result<Reply, ScimError> {
        self.in_session(caller, |session| self.delete_in(session, kind, id, terms))?;
        Ok(Reply { status: 204, ..Reply::default() })
    }

    /// Does something in a transaction of its own.
    pub(super) fn in_session<R>(
        &self,
        caller: &Caller,
        change: impl FnOnce(&mut Session<'_>) -> Result<R, ScimError>,
    ) -> Result<R, ScimError> {
        let expected = Expected::new();
        store::write(&*self.store, caller.tenant, |transaction| {
            change(&mut Session { transaction, caller, expected: &expected })
        })
    }

    pub(super) fn create_in(
        &self,
        session: &mut Session<'_>,
        kind: Kind,
        id: &str,
        resource: Resource,
    ) -> Result<Written, ScimError> {
        let adopted = Adopted::default();
        let known = |id: &str| session.kind_of(id).or_else(|| self.adopted(&adopted, id));
        let record = self.new_record(session.caller, kind, id, resource, &known)?;
        self.check_members(session, &record)?;
        self.adopt(session, adopted);
        self.put(session.transaction, record)
    }

    pub(super) fn replace_in(
        &self,
        session: &mut Session<'_>,
        kind: Kind,
        id: &str,
        body: Value,
        terms: &Terms,
    ) -> Result<Written, ScimError> {
        self.change_in(session, kind, id, terms, &|current| self.replaced(kind, current, body.clone()))
    }

    pub(super) fn patch_in(
        &self,
        session: &mut Session<'_>,
        kind: Kind,
        id: &str,
        request: &PatchRequest,
        terms: &Terms,
    ) -> Result<Written, ScimError> {
        self.change_in(session, kind, id, terms, &|current| self.patched(kind, current, request))
    }

    pub(super) fn delete_in(
        &self,
        session: &mut Session<'_>,
        kind: Kind,
        id: &str,
        terms: &Terms,
    ) -> Result<(), ScimError> {
        self.for_change(session.transaction, kind, id, terms)?;
        match &self.seams {
            None => {
                session.transaction.remove(id);
                self.leave_groups(session.transaction, id);
            }
            Some(seams) => self.bury(seams, session.transaction, id),
        }
        Ok(())
    }

    fn replaced(&self, kind: Kind, current: &Resource, body: Value) -> Result<Option<Resource>, ScimError> {
        let body = self.body("PUT", kind, Some(current), body)?;
        ingest::replace(self.schema(kind), current, body, &self.profile.policy).map(Some)
    }

    fn patched(
        &self,
        kind: Kind,
        current: &Resource,
        request: &PatchRequest,
    ) -> Result<Option<Resource>, ScimError> {
        if let Some(seams) = &self.seams {
            return self.patched_otherwise(seams, kind, current, request);
        }
        let applied = patch::apply(self.schema(kind), current, request, &self.profile.policy)?;
        Ok(applied.changed.then_some(applied.resource))
    }

    /// The resource that a POST body describes.
    pub(super) fn created(&self, kind: Kind, body: Value) -> Result<Resource, ScimError> {
        let body = self.body("POST", kind, None, body)?;
        ingest::create(self.schema(kind), body, &self.profile.policy)
    }

    /// Changes a resource, and computes its new state before it takes the lock of the tenant: when somebody else was
    /// faster, it begins anew. A resource with members is changed under the lock from the start, because
    /// its members must not vanish before it is stored.
    fn change(
        &self,
        caller: &Caller,
        kind: Kind,
        id: &str,
        terms: &Terms,
        change: Change<'_>,
    ) -> Result<Written, ScimError> {
        if self.is(Switch::LostUpdates) {
            return self.change_carelessly(caller, kind, id, terms, change);
        }
        let at_once = self.plan(kind).members().is_some() || self.seams.is_some();
        let attempts = if at_once { 0 } else { OPTIMISTIC_ATTEMPTS };
        for _ in 0..attempts {
            let (record, groups) =
                store::read(&*self.store, caller.tenant, |view| self.for_change(view, kind, id, terms))?;
            let next =
                self.next_record(caller, &record, change, terms.method, &|id| self.kind_now(caller, id))?;
            let Some(next) = next else { return Ok(Written { record, groups }) };
            let stored =
                store::write(&*self.store, caller.tenant, |transaction| match transaction.get(id) {
                    Some(now) if now.revision == record.revision => {
                        transaction.put(next).map(Some).map_err(|duplicate| self.taken(kind, duplicate))
                    }
                    _ => Ok(None),
                })?;
            if let Some(record) = stored {
                return Ok(Written { record, groups });
            }
        }
        self.in_session(caller, |session| self.change_in(session, kind, id, terms, change))
    }

    fn change_in(
        &self,
        session: &mut Session<'_>,
        kind: Kind,
        id: &str,
        terms: &Terms,
        change: Change<'_>,
    ) -> Result<Written, ScimError> {
        let (record, groups) = self.for_change(session.transaction, kind, id, terms)?;
        let adopted = Adopted::default();
        let known = |id: &str| session.kind_of(id).or_else(|| self.adopted(&adopted, id));
        let next = self.next_record(session.caller, &record, change, terms.method, &known)?;
        self.adopt(session, adopted);
        let next = match next {
            None => Arc::clone(&record),
            Some(next) => {
                self.check_members(session, &next)?;
                if next.id != record.id {
                    session.transaction.remove(&record.id);
                }
                session.transaction.put(next).map_err(|duplicate| self.taken(kind, duplicate))?
            }
        };
        let record = if self.is(Switch::StaleReply) { record } else { next };
        Ok(Written { record, groups })
    }

    /// The record to be changed, once the conditions of the request hold.
    pub(super) fn for_change(
        &self,
        view: &dyn View,
        kind: Kind,
        id: &str,
        terms: &Terms,
    ) -> Result<(Arc<Record>, Vec<GroupRef>), ScimError> {
        let record = self.existing(view, kind, id)?;
        let groups = self.memberships(view).of(&record);
        self.permitted(terms, &record, &groups)?;
        Ok((record, groups))
    }

    /// The record of a resource that is created.
    fn new_record(
        &self,
        caller: &Caller,
        kind: Kind,
        id: &str,
        mut resource: Resource,
        known: Known<'_>,
    ) -> Result<Record, ScimError> {
        self.before_storing("POST", kind, None, &mut resource, known)?;
        self.link(kind, &mut resource, &caller.base, known)?;
        let now = Stamp::from(self.world.now());
        Ok(self.record(Draft { kind, id: id.into(), revision: 1, created: now, modified: now, resource }))
    }

    /// The record after a change; `None` when it changes nothing, so that version and time stay as they are.
    pub(super) fn next_record(
        &self,
        caller: &Caller,
        old: &Record,
        change: Change<'_>,
        method: &'static str,
        known: Known<'_>,
    ) -> Result<Option<Record>, ScimError> {
        let current = self.resource(old, &caller.base, Computed::default(), &[]);
        let changed = change(&current)?.or_else(|| self.touched(method, &current));
        let Some(mut resource) = changed else { return Ok(None) };
        if !self.profile.features.change_password && resource.get("password") != current.get("password") {
            return Err(ScimError::status(501, "changing a password is not supported"));
        }
        self.before_storing(method, old.kind, Some(&current), &mut resource, known)?;
        self.link(old.kind, &mut resource, &caller.base, known)?;
        let mut next = self.record(Draft {
            kind: old.kind,
            id: old.id.clone(),
            revision: old.revision + 1,
            created: old.created,
            modified: self.world.now().into(),
            resource,
        });
        // What is hidden may be withheld, so that a new password cannot be told from the old one.
        let is_same = next.body == old.body && next.hidden.is_none() && old.hidden.is_none();
        if let Some(seams) = &self.seams {
            self.bend(seams, method, old, &mut next);
            return Ok((!is_same || seams.is(Switch::PatchTouches)).then_some(next));
        }
        Ok((!is_same).then_some(next))
    }

    pub(super) fn put(
        &self,
        transaction: &mut dyn Transaction,
        record: Record,
    ) -> Result<Written, ScimError> {
        let kind = record.kind;
        let record = self.checked_otherwise(transaction, record)?;
        let record = transaction.put(record).map_err(|duplicate| self.taken(kind, duplicate))?;
        let groups = self.memberships(transaction).of(&record);
        Ok(Written { record, groups })
    }

    /// The kind of a resource at this moment.
    pub(super) fn kind_now(&self, caller: &Caller, id: &str) -> Option<Kind> {
        store::read(&*self.store, caller.tenant, |view| defective::living_kind(view.get(id)))
    }

    pub(super) fn taken(&self, kind: Kind, duplicate: Duplicate) -> ScimError {
        let path = self.plan(kind).path(duplicate.index);
        let name = &self.schema(kind).resource_type.name;
        ScimError::uniqueness(format!("another {name} has this `{path}` already, and it must be unique"))
    }
}
