//! What the service does differently when it has defects. Every function here gives way at once when there are none.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::membership::Known;
use super::record::Draft;
use super::write::{Change, Session, Written};
use super::{Caller, Service, Terms};
use crate::protocol::Resource;
use crate::protocol::attr::AttrPath;
use crate::protocol::bulk::{BulkRequest, Group};
use crate::protocol::error::ScimError;
use crate::protocol::patch::{self, PatchRequest};
use crate::protocol::query::Query;
use crate::protocol::schema::{Registry, Schema, USER};
use crate::provider::body;
use crate::provider::defects::seams::{Dates, Seams, Switch, Writing};
use crate::provider::store::{self, Kind, Record, Stamp, Transaction, View};
use crate::provider::tokens::Refusal;

/// How long a careless change waits between looking and writing, so that another one falls into the gap.
const GAP: Duration = Duration::from_millis(120);

/// Marks the kind of what was deleted and is kept nevertheless.
const BURIED: Kind = 1 << 15;
/// Marks the revision of what was deleted and is still listed.
const GONE: u64 = 1 << 63;

/// The kind under which a deleted resource is kept.
pub(super) fn buried(kind: Kind) -> Kind {
    kind | BURIED
}

/// The kind that a resource has or had.
pub(super) fn living(kind: Kind) -> Kind {
    kind & !BURIED
}

/// The kind of a record that counts as being there.
pub(super) fn living_kind(record: Option<Arc<Record>>) -> Option<Kind> {
    record.filter(|record| record.kind & BURIED == 0 && record.revision & GONE == 0).map(|record| record.kind)
}

/// Members that are to be created, because somebody named them.
pub(super) type Adopted = RefCell<Vec<String>>;

/// The seams of some defects; `None` for no defects.
pub(super) fn installed(installs: &[fn(&mut Seams)]) -> Option<Box<Seams>> {
    let mut seams = Box::new(Seams::default());
    installs.iter().for_each(|install| install(&mut seams));
    (!installs.is_empty()).then_some(seams)
}

/// The schemas that the provider behaves by.
pub(super) fn changed(seams: &Seams, registry: &Registry) -> Registry {
    let mut schemas: Vec<Schema> = registry.schemas().iter().map(|schema| (**schema).clone()).collect();
    seams.schemas.iter().for_each(|change| change(&mut schemas));
    let types = registry.types().iter().map(|schema| schema.resource_type.clone()).collect();
    Registry::new(schemas, types).unwrap_or_else(|_| registry.clone())
}

/// Every operation by itself, in the order of the request.
pub(super) fn in_order(request: &BulkRequest) -> Vec<Group> {
    (0..request.operations.len()).map(|at| Group { operations: vec![at], circular: false }).collect()
}

/// One change for each operation; those before a failing one stay.
pub(super) fn by_operation(
    request: &PatchRequest,
    change: impl Fn(&PatchRequest) -> Result<Written, ScimError>,
) -> Result<Written, ScimError> {
    let mut last = Err(ScimError::invalid_syntax("`Operations` must have at least one operation"));
    for operation in &request.operations {
        last = Ok(change(&PatchRequest { operations: vec![operation.clone()] })?);
    }
    last
}

impl Service {
    /// Where the provider misbehaves, if it does.
    pub fn seams(&self) -> Option<&Seams> {
        self.seams.as_deref()
    }

    /// Whether a switch is on.
    pub(super) fn is(&self, switch: Switch) -> bool {
        self.seams.as_ref().is_some_and(|seams| seams.is(switch))
    }

    /// Whether somebody without good credentials is let in.
    pub fn pardon(&self, refusal: Refusal) -> bool {
        match refusal {
            Refusal::Missing => self.is(Switch::NoToken),
            Refusal::Invalid => self.is(Switch::AnyToken),
            Refusal::Malformed => false,
        }
    }

    /// The id of a new resource.
    pub(super) fn id_for(&self, caller: &Caller, kind: Kind, body: &Value) -> String {
        let mut id = self.world.new_id();
        if let (Some(seams), Value::Object(body)) = (&self.seams, body) {
            seams.id.iter().for_each(|change| change(body, &mut id));
            if seams.is(Switch::AdoptsByEmail)
                && let Some(other) = self.holder_of_email(caller, kind, body)
            {
                id = other;
            }
        }
        id
    }

    /// Whose e-mail address is in a body.
    fn holder_of_email(&self, caller: &Caller, kind: Kind, body: &Resource) -> Option<String> {
        let address = body.get("emails")?.get(0)?.get("value")?.as_str()?;
        let path = AttrPath { sub: Some("value".to_owned()), ..AttrPath::simple("emails") };
        let index = self.plan(kind).answering(self.schema(kind), &path)?;
        let folded = self.plan(kind).folded(index, address);
        let found = store::read(&*self.store, caller.tenant, |view| view.find(kind, index, &folded));
        found.first().map(|record| record.id.to_string())
    }

    fn writing<'a>(&'a self, method: &'a str, kind: Kind, current: Option<&'a Resource>) -> Writing<'a> {
        Writing { method, schema: self.schema(kind), current, type_of: &|_| None }
    }

    /// A body of POST or PUT as it is going to be read.
    pub(super) fn body(
        &self,
        method: &str,
        kind: Kind,
        current: Option<&Resource>,
        body: Value,
    ) -> Result<Value, ScimError> {
        match (&self.seams, body) {
            (Some(seams), Value::Object(mut body)) => {
                let writing = self.writing(method, kind, current);
                seams.body.iter().try_for_each(|change| change(&writing, &mut body))?;
                Ok(Value::Object(body))
            }
            (_, body) => Ok(body),
        }
    }

    /// What a PATCH makes of a resource.
    pub(super) fn patched_otherwise(
        &self,
        seams: &Seams,
        kind: Kind,
        current: &Resource,
        request: &PatchRequest,
    ) -> Result<Option<Resource>, ScimError> {
        let writing = self.writing("PATCH", kind, Some(current));
        let mut request = request.clone();
        seams.patch.iter().try_for_each(|change| change(&writing, &mut request))?;
        let mut resource = patch::apply(self.schema(kind), current, &request, &self.profile.policy)?.resource;
        seams.patched.iter().try_for_each(|change| change(&writing, &request, &mut resource))?;
        Ok((resource != *current).then_some(resource))
    }

    /// A resource in its last moment before it is stored.
    pub(super) fn before_storing(
        &self,
        method: &str,
        kind: Kind,
        current: Option<&Resource>,
        resource: &mut Resource,
        known: Known<'_>,
    ) -> Result<(), ScimError> {
        let Some(seams) = &self.seams else { return Ok(()) };
        let type_of = |id: &str| known(id).map(|kind| self.schema(kind).resource_type.name.as_str());
        let writing = Writing { method, schema: self.schema(kind), current, type_of: &type_of };
        seams.written.iter().try_for_each(|change| change(&writing, resource))
    }

    /// A resource that nothing changed and that is stored all the same.
    pub(super) fn touched(&self, method: &str, current: &Resource) -> Option<Resource> {
        (method == "PATCH" && self.is(Switch::PatchTouches)).then(|| current.clone())
    }

    /// What a change must not touch.
    pub(super) fn bend(&self, seams: &Seams, method: &'static str, old: &Record, next: &mut Record) {
        let mut dates =
            Dates { method, created: next.created, modified: next.modified, before: old.modified };
        seams.dates.iter().for_each(|change| change(&mut dates));
        (next.created, next.modified) = (dates.created, dates.modified);
        let is_unchecked = match method {
            "PUT" => seams.is(Switch::PutUnchecked),
            _ => seams.is(Switch::PatchUnchecked),
        };
        if is_unchecked {
            next.keys.iter_mut().for_each(|key| key.unique = false);
        }
        if method == "PUT" && seams.is(Switch::PutChangesId) {
            next.id = self.world.new_id().into();
        }
    }

    /// A change that does not care whether somebody else was faster.
    pub(super) fn change_carelessly(
        &self,
        caller: &Caller,
        kind: Kind,
        id: &str,
        terms: &Terms,
        change: Change<'_>,
    ) -> Result<Written, ScimError> {
        let (record, groups) =
            store::read(&*self.store, caller.tenant, |view| self.for_change(view, kind, id, terms))?;
        let next =
            self.next_record(caller, &record, change, terms.method, &|id| self.kind_now(caller, id))?;
        let Some(next) = next else { return Ok(Written { record, groups }) };
        std::thread::sleep(GAP);
        let record = store::write(&*self.store, caller.tenant, |transaction| {
            transaction.put(next).map_err(|duplicate| self.taken(kind, duplicate))
        })?;
        Ok(Written { record, groups })
    }

    /// A new record whose unique values were free a moment ago.
    pub(super) fn checked_early(&self, caller: &Caller, mut record: Record) -> Result<Record, ScimError> {
        if !self.is(Switch::EarlyUniqueness) {
            return Ok(record);
        }
        store::read(&*self.store, caller.tenant, |view| self.check_unique(view, record.kind, &record))?;
        std::thread::sleep(GAP);
        record.keys.iter_mut().for_each(|key| key.unique = false);
        Ok(record)
    }

    /// A new record whose unique values are judged by another rule.
    pub(super) fn checked_otherwise(&self, view: &dyn View, mut record: Record) -> Result<Record, ScimError> {
        if self.is(Switch::DeletedIsReserved) {
            self.check_unique(view, buried(record.kind), &record)?;
        }
        if self.is(Switch::ExactUniqueness) {
            let name = |record: &Record| body::parse(&record.body, "").get("userName").cloned();
            let own = name(&record);
            let kind = record.kind;
            for key in record.keys.iter_mut().filter(|key| key.unique) {
                key.unique = view.find(kind, key.index, &key.value).iter().any(|other| name(other) == own);
            }
        }
        Ok(record)
    }

    fn check_unique(&self, view: &dyn View, kind: Kind, record: &Record) -> Result<(), ScimError> {
        let is_taken = |key: &&store::Key| key.unique && !view.find(kind, key.index, &key.value).is_empty();
        match record.keys.iter().find(is_taken) {
            Some(key) => Err(self.taken(record.kind, store::Duplicate { index: key.index })),
            None => Ok(()),
        }
    }

    /// A resource created by a PUT that found none.
    pub(super) fn created_by_put(
        &self,
        caller: &Caller,
        kind: Kind,
        id: &str,
        body: &Value,
        error: ScimError,
    ) -> Result<Written, ScimError> {
        let is_concerned = self.is(Switch::PutCreates) || self.is(Switch::PutConflictsFirst);
        if error.status != 404 || !is_concerned {
            return Err(error);
        }
        let resource = self.created(kind, body.clone())?;
        if self.is(Switch::PutConflictsFirst) {
            let now = Stamp::from(self.world.now());
            let record = self.record(Draft {
                kind,
                id: id.into(),
                revision: 1,
                created: now,
                modified: now,
                resource,
            });
            store::read(&*self.store, caller.tenant, |view| self.check_unique(view, kind, &record))?;
            return Err(error);
        }
        self.in_session(caller, |session| self.create_in(session, kind, id, resource))
    }

    /// A record that is found under an id, at the endpoint of a kind.
    pub(super) fn reachable(
        &self,
        seams: &Seams,
        found: Option<Arc<Record>>,
        kind: Kind,
    ) -> Option<Arc<Record>> {
        let record = found?;
        let is_inactive =
            || body::parse(&record.body, "").get("active").and_then(Value::as_bool) == Some(false);
        if record.revision & GONE != 0 || (seams.is(Switch::InactiveIsGone) && is_inactive()) {
            return None;
        }
        if record.kind & BURIED != 0 {
            let is_shown = seams.is(Switch::DeletedIsReadable) && living(record.kind) == kind;
            return is_shown.then(|| Arc::new(Record { kind, ..(*record).clone() }));
        }
        (record.kind == kind || seams.is(Switch::AnyEndpoint)).then_some(record)
    }

    /// Deletes a resource, more or less.
    pub(super) fn bury(&self, seams: &Seams, transaction: &mut dyn Transaction, id: &str) {
        if seams.is(Switch::DeleteKeeps) {
            return;
        }
        let kept = [
            Switch::DeletedIsReadable,
            Switch::DeletedIsReserved,
            Switch::DeletedIsRemembered,
            Switch::DeletedIsListed,
        ];
        let removed = transaction.remove(id);
        if let Some(record) = removed.filter(|_| kept.iter().any(|switch| seams.is(*switch))) {
            let mut record = (*record).clone();
            record.keys.iter_mut().for_each(|key| key.unique = false);
            match seams.is(Switch::DeletedIsListed) {
                true => record.revision |= GONE,
                false => record.kind = buried(record.kind),
            }
            // Its values are not unique any more, so that it cannot collide.
            drop(transaction.put(record));
        }
        if !seams.is(Switch::GroupsKeepDeleted) {
            self.leave_groups(transaction, id);
        }
    }

    /// What happens to a member that does not exist: whether it is stored as it is.
    pub(super) fn unknown_member(&self, id: &str) -> Result<bool, ScimError> {
        if self.is(Switch::MembersCrash) {
            let detail = format!("NullReferenceException: member {id} at GroupService.resolveMembers:214");
            return Err(ScimError::status(500, detail));
        }
        Ok(self.is(Switch::DanglingMembers))
    }

    /// The kind of a member that does not exist and is going to.
    pub(super) fn adopted(&self, adopted: &Adopted, id: &str) -> Option<Kind> {
        if !self.is(Switch::AdoptedMembers) {
            return None;
        }
        adopted.borrow_mut().push(id.to_owned());
        self.kind_at("Users")
    }

    /// Refuses a group with a member that is not active.
    pub(super) fn check_members(&self, session: &Session<'_>, record: &Record) -> Result<(), ScimError> {
        if !self.is(Switch::ActiveMembersOnly) {
            return Ok(());
        }
        let group = body::parse(&record.body, "");
        let members = group.get("members").and_then(Value::as_array);
        let ids = members.into_iter().flatten().filter_map(|member| member.get("value")?.as_str());
        let records = ids.filter_map(|id| session.transaction.get(id));
        let mut inactive =
            records.filter(|record| body::parse(&record.body, "").get("active") == Some(&Value::Bool(false)));
        match inactive.next() {
            Some(record) => {
                Err(ScimError::invalid_value(format!("the member `{}` is not active", record.id)))
            }
            None => Ok(()),
        }
    }

    /// Creates members that did not exist.
    pub(super) fn adopt(&self, session: &mut Session<'_>, adopted: Adopted) {
        let Some(kind) = self.kind_at("Users").filter(|_| self.is(Switch::AdoptedMembers)) else { return };
        for id in adopted.into_inner() {
            let now = Stamp::from(self.world.now());
            let user = json!({ "schemas": [USER], "userName": id });
            let resource = user.as_object().cloned().unwrap_or_default();
            let record = self.record(Draft {
                kind,
                id: id.into(),
                revision: 1,
                created: now,
                modified: now,
                resource,
            });
            // A user of that name may be there already; then that one has it.
            drop(session.transaction.put(record));
        }
    }

    /// Whether a filter may be answered from an index.
    pub(super) fn narrows(&self) -> bool {
        self.seams.as_ref().is_none_or(|seams| seams.matching.is_empty())
    }

    /// Changes a query before it is prepared.
    pub(super) fn before_query(&self, kinds: &[Kind], query: &mut Query) -> Result<(), ScimError> {
        let Some(seams) = &self.seams else { return Ok(()) };
        let schemas: Vec<_> = kinds.iter().map(|kind| self.schema(*kind)).collect();
        seams.query.iter().try_for_each(|change| change(&schemas, query))
    }

    /// Whether a resource counts as a match.
    pub(super) fn admitted(&self, query: &Query, resource: &Resource, mut is_match: bool) -> bool {
        if let Some(seams) = &self.seams {
            seams.matching.iter().for_each(|change| change(query, resource, &mut is_match));
        }
        is_match
    }

    /// Whether a cursor that does not go with its query is refused.
    pub(super) fn bound(&self, outcome: Result<(), ScimError>) -> Result<(), ScimError> {
        if self.is(Switch::ForeignCursor) { Ok(()) } else { outcome }
    }
}
