//! Create, replace, patch and delete: each one store transaction.
//!
//! The functions that end in `_in` work within a transaction that the caller opened; a bulk request uses them for
//! operations that stand or fall together.

use std::sync::Arc;

use serde_json::Value;

use super::membership::{Expected, GroupRef};
use super::record::{Computed, Draft};
use super::{Caller, Reply, Service, Terms};
use crate::protocol::Resource;
use crate::protocol::error::ScimError;
use crate::protocol::ingest;
use crate::protocol::patch::{self, PatchRequest};
use crate::protocol::projection::{Names, Projection};
use crate::provider::store::{self, Duplicate, Kind, Record, Transaction};

/// A transaction, and on whose behalf it runs.
pub(super) struct Session<'a> {
    pub(super) transaction: &'a mut dyn Transaction,
    pub(super) caller: &'a Caller,
    /// What the transaction is going to create besides.
    pub(super) expected: &'a Expected,
}

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
    pub fn create(&self, caller: &Caller, kind: Kind, body: Value, terms: &Terms) -> Result<Reply, ScimError> {
        let schema = self.schema(kind);
        let projection = Projection::new(&terms.attributes, &terms.excluded, schema)?;
        let resource = ingest::create(schema, body, &self.profile.policy)?;
        let supplied = Names::of_body(&resource, schema);
        let id = self.world.new_id();
        let written = self.in_session(caller, |session| self.create_in(session, kind, &id, resource))?;
        Ok(self.reply(201, caller, &written.record, &written.groups, &projection, Some(&supplied)))
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
        let supplied = body.as_object().map(|body| Names::of_body(body, self.schema(kind)));
        let written = self.in_session(caller, |session| self.replace_in(session, kind, id, body, terms))?;
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
        let written = self.in_session(caller, |session| self.patch_in(session, kind, id, &request, terms))?;
        Ok(self.reply(200, caller, &written.record, &written.groups, &projection, None))
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
        mut resource: Resource,
    ) -> Result<Written, ScimError> {
        self.link(session, kind, &mut resource)?;
        let now = self.world.now();
        let draft = Draft { kind, id: id.into(), revision: 1, created: now, modified: now, resource };
        self.put(session.transaction, draft)
    }

    pub(super) fn replace_in(
        &self,
        session: &mut Session<'_>,
        kind: Kind,
        id: &str,
        body: Value,
        terms: &Terms,
    ) -> Result<Written, ScimError> {
        let (record, groups) = self.for_change(session.transaction, kind, id, terms)?;
        let current = self.resource(&record, &session.caller.base, Computed::default(), &[]);
        let resource = ingest::replace(self.schema(kind), &current, body, &self.profile.policy)?;
        self.update(session, &record, groups, resource)
    }

    pub(super) fn patch_in(
        &self,
        session: &mut Session<'_>,
        kind: Kind,
        id: &str,
        request: &PatchRequest,
        terms: &Terms,
    ) -> Result<Written, ScimError> {
        let (record, groups) = self.for_change(session.transaction, kind, id, terms)?;
        let current = self.resource(&record, &session.caller.base, Computed::default(), &[]);
        let applied = patch::apply(self.schema(kind), &current, request, &self.profile.policy)?;
        if !applied.changed {
            return Ok(Written { record, groups });
        }
        self.update(session, &record, groups, applied.resource)
    }

    pub(super) fn delete_in(
        &self,
        session: &mut Session<'_>,
        kind: Kind,
        id: &str,
        terms: &Terms,
    ) -> Result<(), ScimError> {
        self.for_change(session.transaction, kind, id, terms)?;
        session.transaction.remove(id);
        self.leave_groups(session.transaction, id);
        Ok(())
    }

    /// The record to be changed, once the conditions of the request hold.
    fn for_change(
        &self,
        transaction: &dyn Transaction,
        kind: Kind,
        id: &str,
        terms: &Terms,
    ) -> Result<(Arc<Record>, Vec<GroupRef>), ScimError> {
        let record = self.existing(transaction, kind, id)?;
        let groups = self.groups_of(transaction, &record);
        self.permitted(terms, &record, &groups)?;
        Ok((record, groups))
    }

    /// Stores the new state of a resource; leaves version and time alone when nothing changed.
    fn update(
        &self,
        session: &mut Session<'_>,
        old: &Arc<Record>,
        groups: Vec<GroupRef>,
        mut resource: Resource,
    ) -> Result<Written, ScimError> {
        self.link(session, old.kind, &mut resource)?;
        let draft = Draft {
            kind: old.kind,
            id: old.id.clone(),
            revision: old.revision + 1,
            created: old.created,
            modified: self.world.now(),
            resource,
        };
        let record = self.record(draft);
        if record.body == old.body && record.hidden == old.hidden && old.hidden.is_none() {
            return Ok(Written { record: Arc::clone(old), groups });
        }
        let record = session.transaction.put(record).map_err(|duplicate| self.taken(old.kind, duplicate))?;
        Ok(Written { record, groups })
    }

    fn put(&self, transaction: &mut dyn Transaction, draft: Draft) -> Result<Written, ScimError> {
        let kind = draft.kind;
        let record = transaction.put(self.record(draft)).map_err(|duplicate| self.taken(kind, duplicate))?;
        let groups = self.groups_of(transaction, &record);
        Ok(Written { record, groups })
    }

    fn taken(&self, kind: Kind, duplicate: Duplicate) -> ScimError {
        let path = self.plan(kind).path(duplicate.index);
        let name = &self.schema(kind).resource_type.name;
        ScimError::uniqueness(format!("another {name} has this `{path}` already, and it must be unique"))
    }
}
