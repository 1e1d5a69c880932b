//! The places at which the provider can be made to misbehave.
//!
//! All of them are empty in the plain provider, which asks once whether there are any. A defect installs small
//! functions; several defects may use the same place, in the order in which they were named.

use crate::protocol::Resource;
use crate::protocol::error::ScimError;
use crate::protocol::patch::PatchRequest;
use crate::protocol::query::Query;
use crate::protocol::schema::{Schema, TypeSchema};
use crate::provider::profile::Profile;
use crate::provider::store::Stamp;

use super::message::{Answer, Asked};

/// What may be refused.
pub(crate) type Outcome = Result<(), ScimError>;

/// A function on the request as it came, before anything looks at it.
pub(crate) type OnRequest = fn(&mut Asked) -> Outcome;
/// A function on the response; the request is as the client sent it.
pub(crate) type OnAnswer = fn(&Asked, &mut Answer);
/// A function on each resource that a response shows.
pub(crate) type OnResource = fn(&Asked, &mut Resource);
/// A function on a query, with the resource types that it covers.
pub(crate) type OnQuery = fn(&[&TypeSchema], &mut Query) -> Outcome;
/// A function on whether a resource matches the filter of a query.
pub(crate) type OnMatch = fn(&Query, &Resource, &mut bool);
/// A function on the body of POST and PUT, before it is read.
pub(crate) type OnBody = fn(&Writing<'_>, &mut Resource) -> Outcome;
/// A function on the operations of a PATCH, before they are applied.
pub(crate) type OnPatch = fn(&Writing<'_>, &mut PatchRequest) -> Outcome;
/// A function on what the operations of a PATCH made of a resource.
pub(crate) type OnPatched = fn(&Writing<'_>, &PatchRequest, &mut Resource) -> Outcome;
/// A function on a resource that is about to be stored.
pub(crate) type OnWritten = fn(&Writing<'_>, &mut Resource) -> Outcome;
/// A function on the id of a new resource, with the body that the client sent.
pub(crate) type OnId = fn(&Resource, &mut String);

/// A write that is under way.
pub(crate) struct Writing<'a> {
    /// `POST`, `PUT` or `PATCH`.
    pub(crate) method: &'a str,
    /// The type of the resource.
    pub(crate) schema: &'a TypeSchema,
    /// The resource as it is stored; `None` for a new one.
    pub(crate) current: Option<&'a Resource>,
    /// The name of the resource type of an id, where there is such a resource. Of use only when the resource is about
    /// to be stored.
    pub(crate) type_of: &'a dyn Fn(&str) -> Option<&'a str>,
}

impl Writing<'_> {
    /// Whether it is about a group.
    pub(crate) fn is_group(&self) -> bool {
        self.schema.resource_type.name == "Group"
    }

    /// A value of the resource as it is stored.
    pub(crate) fn old(&self, name: &str) -> Option<&serde_json::Value> {
        self.current?.get(name)
    }
}

/// The moments that are stored with a resource.
pub(crate) struct Dates {
    /// The method of the change.
    pub(crate) method: &'static str,
    /// `meta.created`.
    pub(crate) created: Stamp,
    /// `meta.lastModified`.
    pub(crate) modified: Stamp,
    /// `meta.lastModified` before the change.
    pub(crate) before: Stamp,
}

/// Behaviour that lies in the middle of what the service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    /// A change is computed from a state that may be old by the time that it is stored.
    LostUpdates,
    /// A new value is looked for before the lock is taken, and not again under it.
    EarlyUniqueness,
    /// Values that must be unique differ when their letters do.
    ExactUniqueness,
    /// PUT checks no uniqueness.
    PutUnchecked,
    /// PATCH checks no uniqueness.
    PatchUnchecked,
    /// PUT on an id that is not there creates.
    PutCreates,
    /// PUT on an id that is not there looks for duplicates first.
    PutConflictsFirst,
    /// POST with the e-mail address of somebody writes over that account.
    AdoptsByEmail,
    /// PUT gives the resource another id.
    PutChangesId,
    /// Each operation of a PATCH is stored by itself.
    PatchByOperation,
    /// PUT and PATCH answer with the state before the change.
    StaleReply,
    /// A PATCH that changes nothing is a change.
    PatchTouches,
    /// A member that does not exist is stored.
    DanglingMembers,
    /// A member that does not exist is created.
    AdoptedMembers,
    /// A member that does not exist is an internal error.
    MembersCrash,
    /// A member must be active.
    ActiveMembersOnly,
    /// A deleted resource stays in its groups.
    GroupsKeepDeleted,
    /// DELETE does nothing.
    DeleteKeeps,
    /// What was deleted is still listed.
    DeletedIsListed,
    /// What was deleted can still be read.
    DeletedIsReadable,
    /// What was deleted still occupies its unique values.
    DeletedIsReserved,
    /// A deleted group is still shown by those who were in it.
    DeletedIsRemembered,
    /// An id is served at every endpoint.
    AnyEndpoint,
    /// An inactive resource cannot be reached by its id.
    InactiveIsGone,
    /// A cursor that cannot be used means the first page.
    AnyCursor,
    /// A cursor may be used with another query.
    ForeignCursor,
    /// bulkIds in data stay as they are.
    BulkIdsLiteral,
    /// The operations of a bulk request run in their order, whatever they refer to.
    BulkInOrder,
    /// No token is needed.
    NoToken,
    /// Any token will do.
    AnyToken,
}

/// What is installed where.
#[derive(Default)]
pub struct Seams {
    pub(crate) profile: Vec<fn(&mut Profile)>,
    pub(crate) schemas: Vec<fn(&mut Vec<Schema>)>,
    pub(crate) request: Vec<OnRequest>,
    pub(crate) answer: Vec<OnAnswer>,
    pub(crate) resource: Vec<OnResource>,
    pub(crate) query: Vec<OnQuery>,
    pub(crate) matching: Vec<OnMatch>,
    pub(crate) body: Vec<OnBody>,
    pub(crate) patch: Vec<OnPatch>,
    pub(crate) patched: Vec<OnPatched>,
    pub(crate) written: Vec<OnWritten>,
    pub(crate) id: Vec<OnId>,
    pub(crate) dates: Vec<fn(&mut Dates)>,
    pub(crate) switches: Vec<Switch>,
}

impl Seams {
    /// Whether a switch is on.
    pub(crate) fn is(&self, switch: Switch) -> bool {
        self.switches.contains(&switch)
    }

    /// Behaves by another profile than is announced.
    pub(super) fn on_profile(&mut self, change: fn(&mut Profile)) {
        self.profile.push(change);
    }

    /// Behaves by other schemas than are published.
    pub(super) fn on_schemas(&mut self, change: fn(&mut Vec<Schema>)) {
        self.schemas.push(change);
    }

    /// See [`OnRequest`].
    pub(super) fn on_request(&mut self, change: OnRequest) {
        self.request.push(change);
    }

    /// See [`OnAnswer`].
    pub(super) fn on_answer(&mut self, change: OnAnswer) {
        self.answer.push(change);
    }

    /// See [`OnResource`].
    pub(super) fn on_resource(&mut self, change: OnResource) {
        self.resource.push(change);
    }

    /// See [`OnQuery`].
    pub(super) fn on_query(&mut self, change: OnQuery) {
        self.query.push(change);
    }

    /// See [`OnMatch`].
    pub(super) fn on_match(&mut self, change: OnMatch) {
        self.matching.push(change);
    }

    /// See [`OnBody`].
    pub(super) fn on_body(&mut self, change: OnBody) {
        self.body.push(change);
    }

    /// See [`OnPatch`].
    pub(super) fn on_patch(&mut self, change: OnPatch) {
        self.patch.push(change);
    }

    /// See [`OnPatched`].
    pub(super) fn on_patched(&mut self, change: OnPatched) {
        self.patched.push(change);
    }

    /// See [`OnWritten`].
    pub(super) fn on_written(&mut self, change: OnWritten) {
        self.written.push(change);
    }

    /// See [`OnId`].
    pub(super) fn on_id(&mut self, change: OnId) {
        self.id.push(change);
    }

    /// Stores other moments with a changed resource.
    pub(super) fn on_dates(&mut self, change: fn(&mut Dates)) {
        self.dates.push(change);
    }

    /// Turns a switch on.
    pub(super) fn switch(&mut self, switch: Switch) {
        self.switches.push(switch);
    }
}

impl std::fmt::Debug for Seams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seams").field("switches", &self.switches).finish_non_exhaustive()
    }
}
