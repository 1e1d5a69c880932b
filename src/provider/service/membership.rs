//! Membership: what spans groups and their members.
//!
//! A group holds its members; everything else follows from that. `User.groups` is computed from the index of
//! `members.value`, directly and through nested groups (RFC 7643 §4.1.2). A member must exist; its `$ref` and `type` are
//! filled in by the provider. When a resource is deleted it leaves the groups that it belonged to.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::Service;
use super::defective::{buried, living};
use super::record::{Computed, Draft};
use crate::protocol::Resource;
use crate::protocol::error::ScimError;
use crate::provider::body;
use crate::provider::defects::seams::Switch;
use crate::provider::store::{IndexId, Kind, Record, Stamp, Transaction, View};

/// Nested groups are followed this deep; deeper ones are not worth a slow answer.
const MAX_DEPTH: usize = 16;

/// One element of `User.groups`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct GroupRef {
    id: Box<str>,
    endpoint: String,
    display: Option<Box<str>>,
    direct: bool,
}

impl GroupRef {
    fn kind(&self) -> &'static str {
        if self.direct { "direct" } else { "indirect" }
    }

    pub(super) fn to_json(&self, base: &str) -> Value {
        let mut group = json!({ "value": self.id, "$ref": format!("{base}{}/{}", self.endpoint, self.id) });
        if let Some(display) = &self.display {
            group["display"] = (**display).into();
        }
        group["type"] = self.kind().into();
        group
    }

    pub(super) fn write_json(&self, out: &mut Vec<u8>, base: &str) {
        for part in ["{\"value\":\"", &self.id, "\",\"$ref\":\"", base, &self.endpoint, "/", &self.id, "\""] {
            out.extend_from_slice(part.as_bytes());
        }
        if let Some(display) = &self.display {
            out.extend_from_slice(b",\"display\":");
            body::write_text(out, display);
        }
        for part in [",\"type\":\"", self.kind(), "\"}"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
}

/// Resources that a transaction is about to create, so that others in it may refer to them already.
pub(super) type Expected = HashMap<String, Kind>;

/// The kind of the resource with an id, where there is one.
pub(super) type Known<'k> = &'k dyn Fn(&str) -> Option<Kind>;

/// Answers which groups a resource belongs to.
pub(super) struct Memberships<'v> {
    service: &'v Service,
    view: &'v dyn View,
    /// The kinds of which at least one resource has a member.
    containers: Vec<(Kind, IndexId)>,
}

impl Memberships<'_> {
    /// Whether anything belongs to a group.
    pub(super) fn any(&self) -> bool {
        !self.containers.is_empty()
    }

    /// The groups that a resource belongs to: direct ones first, each group once.
    pub(super) fn of(&self, record: &Record) -> Vec<GroupRef> {
        if self.containers.is_empty() || !self.service.kind(record.kind).shows_groups {
            return Vec::new();
        }
        let mut found: Vec<(Arc<Record>, bool)> = Vec::new();
        let mut known: HashSet<Box<str>> = HashSet::new();
        let mut level = vec![record.id.clone()];
        for depth in 0..MAX_DEPTH {
            let mut above = Vec::new();
            for group in level.iter().flat_map(|member| self.groups_with(member)) {
                if known.insert(group.id.clone()) {
                    above.push(group.id.clone());
                    found.push((group, depth == 0));
                }
            }
            if above.is_empty() {
                break;
            }
            level = above;
        }
        let describe = |(group, direct): (Arc<Record>, bool)| GroupRef {
            id: group.id.clone(),
            endpoint: self.service.schema(living(group.kind)).resource_type.endpoint.clone(),
            display: group.label.clone(),
            direct,
        };
        found.into_iter().map(describe).collect()
    }

    fn groups_with(&self, member: &str) -> Vec<Arc<Record>> {
        let find = |&(kind, index): &(Kind, IndexId)| {
            self.view.find(kind, index, &self.service.plan(living(kind)).folded(index, member))
        };
        self.containers.iter().flat_map(find).collect()
    }
}

impl Service {
    /// The kinds that have members.
    fn containers(&self) -> impl Iterator<Item = (Kind, IndexId)> + '_ {
        self.kinds().filter_map(|kind| Some((kind, self.plan(kind).members()?)))
    }

    /// Who belongs to which group, as a view shows it.
    pub(super) fn memberships<'v>(&'v self, view: &'v dyn View) -> Memberships<'v> {
        let mut containers: Vec<_> =
            self.containers().filter(|(kind, index)| view.any(*kind, *index)).collect();
        if self.is(Switch::DeletedIsRemembered) {
            containers.extend(self.containers().map(|(kind, index)| (buried(kind), index)));
        }
        Memberships { service: self, view, containers }
    }

    /// Completes the references of a resource that is about to be stored, and marks those that lead to this provider.
    ///
    /// # Errors
    /// 400 `invalidValue` for a member that does not exist.
    pub(super) fn link(
        &self,
        kind: Kind,
        resource: &mut Resource,
        base: &str,
        known: Known<'_>,
    ) -> Result<(), ScimError> {
        if self.plan(kind).members().is_some()
            && let Some(Value::Array(members)) = resource.get_mut("members")
        {
            let mut by_uri = false;
            for (index, member) in members.iter_mut().enumerate() {
                let Value::Object(member) = member else { continue };
                let id = match (member.get("value"), member.get("$ref")) {
                    (Some(Value::String(id)), _) => id.clone(),
                    // A reference alone names the member as well.
                    (None, Some(Value::String(uri))) => {
                        by_uri = true;
                        uri.rsplit('/').next().unwrap_or_default().to_owned()
                    }
                    _ => return Err(ScimError::invalid_value(format!("members[{index}]: has no `value`"))),
                };
                let Some(kind) = known(&id) else {
                    if self.unknown_member(&id)? {
                        continue;
                    }
                    let detail = format!("members[{index}].value: there is no resource with the id `{id}`");
                    return Err(ScimError::invalid_value(detail));
                };
                let resource_type = &self.schema(kind).resource_type;
                let reference = format!("{}{}/{id}", body::MARK, resource_type.endpoint);
                member.insert("value".to_owned(), id.into());
                member.insert("$ref".to_owned(), reference.into());
                member.insert("type".to_owned(), resource_type.name.as_str().into());
            }
            if by_uri {
                // Only now is it known that an id and URIs of other API versions name the same member (RFC 7643 §2.4).
                let mut seen = HashSet::new();
                members.retain(|member| match member.get("value") {
                    Some(Value::String(id)) => seen.insert(id.clone()),
                    _ => true,
                });
            }
        }
        for value in resource.values_mut() {
            self.mark(value, base, known);
        }
        Ok(())
    }

    /// Marks references below `value`; gives a complex value that names a resource by `value` and may hold a `$ref` one.
    fn mark(&self, value: &mut Value, base: &str, known: Known<'_>) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.mark(item, base, known)),
            Value::Object(object) => {
                if let Some(Value::String(uri)) = object.get_mut("$ref")
                    && let Some(path) = uri.strip_prefix(base)
                    && path.starts_with('/')
                {
                    *uri = format!("{}{path}", body::MARK);
                }
                // `manager`: the only singular reference of the standard schemas.
                if let Some(Value::Object(manager)) = object.get_mut("manager")
                    && let Some(Value::String(id)) = manager.get("value")
                    && let Some(kind) = known(id)
                {
                    let path = format!("{}{}/{id}", body::MARK, self.schema(kind).resource_type.endpoint);
                    manager.insert("$ref".to_owned(), path.into());
                }
                object.values_mut().for_each(|value| self.mark(value, base, known));
            }
            _ => {}
        }
    }

    /// Takes a deleted resource out of every group that it belongs to.
    pub(super) fn leave_groups(&self, transaction: &mut dyn Transaction, id: &str) {
        let now = Stamp::from(self.world.now());
        let containers: Vec<_> = self.containers().collect();
        for (kind, index) in containers {
            for group in transaction.find(kind, index, &self.plan(kind).folded(index, id)) {
                let mut resource = self.resource(&group, body::MARKED, Computed::default(), &[]);
                if let Some(Value::Array(members)) = resource.get_mut("members") {
                    members.retain(|member| member.get("value").and_then(Value::as_str) != Some(id));
                    if members.is_empty() {
                        resource.remove("members");
                    }
                }
                let record = self.record(Draft {
                    kind,
                    id: group.id.clone(),
                    revision: group.revision + 1,
                    created: group.created,
                    modified: now,
                    resource,
                });
                // A group keeps its own unique values, so storing it again cannot collide.
                drop(transaction.put(record));
            }
        }
    }
}
