//! Resources into records and back, and records into what is sent.
//!
//! A record holds the default representation as text, so that the common answers are copied and never built. `meta` and
//! the derived `groups` of a user are written at the end of the object when it is sent: they depend on the base URL
//! and on other resources.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value, json};

use super::membership::GroupRef;
use super::{Caller, Reply, Service};
use crate::protocol::Resource;
use crate::protocol::projection::{Names, Projection};
use crate::protocol::schema::{Attribute, Mutability, Returned};
use crate::provider::body;
use crate::provider::store::{Kind, Record, Stamp};

/// What stands in a record for a value that must not be kept: a password.
const WITHHELD: &str = "*";

/// Which computed attributes a resource is needed with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Computed {
    /// `meta`.
    pub(super) meta: bool,
    /// The `groups` of a user.
    pub(super) groups: bool,
}

/// The parts of a new state of a resource.
pub(super) struct Draft {
    pub(super) kind: Kind,
    pub(super) id: Box<str>,
    pub(super) revision: u64,
    pub(super) created: Stamp,
    pub(super) modified: Stamp,
    /// Canonical, with marked references, without `id` and `meta`.
    pub(super) resource: Resource,
}

impl Service {
    /// A record of a canonical resource.
    pub(super) fn record(&self, draft: Draft) -> Record {
        let Draft { kind, id, revision, created, modified, resource } = draft;
        let keys = self.plan(kind).keys(&resource);
        let label = resource.get("displayName").and_then(Value::as_str).map(Box::from);
        let (public, hidden) = self.split(kind, &id, resource);
        let mut text = Vec::with_capacity(1024);
        body::write_json(&mut text, &public);
        let hidden = (!hidden.is_empty()).then(|| {
            let mut text = Vec::new();
            body::write_json(&mut text, &hidden);
            text.into_boxed_slice()
        });
        Record {
            id,
            kind,
            serial: 0,
            revision,
            created,
            modified,
            body: text.into_boxed_slice(),
            hidden,
            label,
            keys,
        }
    }

    /// Parts what is returned by default from what is not. The latter goes first into a resource that is read back.
    fn split(&self, kind: Kind, id: &str, resource: Resource) -> (Resource, Resource) {
        let schema = self.schema(kind);
        let mut public = Map::with_capacity(resource.len() + 2);
        let mut hidden = Map::new();
        // `schemas` and `id` lead, as in every example of the RFCs.
        public.insert("schemas".to_owned(), Value::Array(Vec::new()));
        public.insert("id".to_owned(), id.into());
        for (name, mut value) in resource {
            if matches!(name.as_str(), "id" | "meta" | "groups") {
                continue;
            }
            if let Some(attribute) = schema.attribute(&name) {
                if is_plain(attribute) {
                    public.insert(name, value);
                } else {
                    part(attribute, name, value, &mut public, &mut hidden);
                }
                continue;
            }
            if let (Some(extension), Value::Object(container)) = (schema.extension(&name), &mut value) {
                let (mut shown, mut kept) = (Map::new(), Map::new());
                for (name, value) in std::mem::take(container) {
                    match crate::protocol::schema::find(&extension.schema.attributes, &name) {
                        Some(attribute) if !is_plain(attribute) => {
                            part(attribute, name, value, &mut shown, &mut kept)
                        }
                        _ => drop(shown.insert(name, value)),
                    }
                }
                if !kept.is_empty() {
                    hidden.insert(name.clone(), Value::Object(kept));
                }
                value = Value::Object(shown);
            }
            public.insert(name, value);
        }
        (public, hidden)
    }

    /// The canonical resource of a record: everything that was stored, and what is asked for of the computed attributes.
    pub(super) fn resource(
        &self,
        record: &Record,
        base: &str,
        computed: Computed,
        groups: &[GroupRef],
    ) -> Resource {
        let mut resource = body::parse(&record.body, base);
        if let Some(hidden) = &record.hidden {
            for (name, value) in body::parse(hidden, base) {
                match (resource.get_mut(&name), value) {
                    (Some(Value::Object(shown)), Value::Object(kept)) if name.contains(':') => {
                        shown.extend(kept)
                    }
                    (_, value) => drop(resource.insert(name, value)),
                }
            }
        }
        if computed.groups && !groups.is_empty() {
            let groups = groups.iter().map(|group| group.to_json(base));
            resource.insert("groups".to_owned(), groups.collect());
        }
        if computed.meta {
            resource.insert("meta".to_owned(), self.meta(record, groups, base));
        }
        resource
    }

    fn meta(&self, record: &Record, groups: &[GroupRef], base: &str) -> Value {
        let resource_type = &self.schema(record.kind).resource_type;
        let mut meta = json!({
            "resourceType": resource_type.name,
            "created": record.created.to_string(),
            "lastModified": record.modified.to_string(),
            "location": format!("{base}{}/{}", resource_type.endpoint, record.id),
        });
        if let Some(version) = self.version(record, groups) {
            meta["version"] = version.into();
        }
        meta
    }

    /// The version of a representation: the revision, and for a member of groups a digest of those, because they
    /// are part of what is returned.
    pub(super) fn version(&self, record: &Record, groups: &[GroupRef]) -> Option<String> {
        if !self.profile.features.etag {
            return None;
        }
        let revision = record.revision;
        if groups.is_empty() {
            return Some(format!("W/\"{revision}\""));
        }
        let mut hasher = DefaultHasher::new();
        groups.hash(&mut hasher);
        Some(format!("W/\"{revision}.{:08x}\"", hasher.finish() as u32))
    }

    /// The address of a resource.
    pub(super) fn location(&self, record: &Record, base: &str) -> String {
        format!("{base}{}/{}", self.schema(record.kind).resource_type.endpoint, record.id)
    }

    /// Appends the default representation to `out`.
    pub(super) fn write_default(&self, out: &mut Vec<u8>, record: &Record, groups: &[GroupRef], base: &str) {
        // A stored body is an object with `schemas` and `id` at least; its last byte closes it.
        body::render(out, &record.body[..record.body.len() - 1], base);
        if !groups.is_empty() {
            out.extend_from_slice(b",\"groups\":[");
            for (index, group) in groups.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                group.write_json(out, base);
            }
            out.push(b']');
        }
        let resource_type = &self.schema(record.kind).resource_type;
        out.extend_from_slice(b",\"meta\":{\"resourceType\":");
        body::write_text(out, &resource_type.name);
        out.extend_from_slice(b",\"created\":\"");
        out.extend_from_slice(record.created.as_bytes());
        out.extend_from_slice(b"\",\"lastModified\":\"");
        out.extend_from_slice(record.modified.as_bytes());
        out.extend_from_slice(b"\",\"location\":\"");
        for part in [base, &resource_type.endpoint, "/", &record.id] {
            out.extend_from_slice(part.as_bytes());
        }
        out.push(b'"');
        if let Some(version) = self.version(record, groups) {
            out.extend_from_slice(b",\"version\":");
            body::write_text(out, &version);
        }
        out.extend_from_slice(b"}}");
    }

    /// Appends a representation to `out`. `supplied` is what the client wrote, where it wrote.
    pub(super) fn write_representation(
        &self,
        out: &mut Vec<u8>,
        record: &Record,
        groups: &[GroupRef],
        base: &str,
        projection: &Projection,
        supplied: Option<&Names>,
    ) {
        if projection.is_default() && (supplied.is_none() || record.hidden.is_none()) {
            return self.write_default(out, record, groups, base);
        }
        let schema = self.schema(record.kind);
        let resource = self.resource(record, base, Computed { meta: true, groups: true }, groups);
        let shown = match supplied {
            Some(supplied) => projection.apply_to_write(&resource, schema, supplied),
            None => projection.apply(&resource, schema),
        };
        body::write_json(out, &shown);
    }

    /// An answer that shows one resource.
    pub(super) fn reply(
        &self,
        status: u16,
        caller: &Caller,
        record: &Record,
        groups: &[GroupRef],
        projection: &Projection,
        supplied: Option<&Names>,
    ) -> Reply {
        let mut body = Vec::with_capacity(record.body.len() + 512);
        self.write_representation(&mut body, record, groups, &caller.base, projection, supplied);
        Reply {
            status,
            version: self.version(record, groups),
            location: Some(self.location(record, &caller.base)),
            body: Some(body),
        }
    }
}

/// Whether an attribute is returned by default with all of its parts.
fn is_plain(attribute: &Attribute) -> bool {
    let shown = |a: &Attribute| matches!(a.returned, Returned::Always | Returned::Default);
    shown(attribute) && attribute.sub_attributes.iter().all(shown)
}

/// Files a value that is not, or not wholly, returned by default.
fn part(attribute: &Attribute, name: String, mut value: Value, public: &mut Resource, hidden: &mut Resource) {
    if attribute.mutability == Mutability::WriteOnly {
        // Never to be shown and of no use to a simulator: only the fact that it was set is kept.
        hidden.insert(name, WITHHELD.into());
        return;
    }
    if matches!(attribute.returned, Returned::Always | Returned::Default) {
        let mut shown = value.clone();
        let strip = |element: &mut Value| {
            if let Value::Object(object) = element {
                object.retain(|name, _| attribute.sub(name).is_none_or(is_plain));
            }
        };
        match &mut shown {
            Value::Array(items) => items.iter_mut().for_each(strip),
            single => strip(single),
        }
        public.insert(name.clone(), shown);
    }
    let withhold = |element: &mut Value| {
        if let Value::Object(object) = element {
            for (name, value) in object.iter_mut() {
                if attribute.sub(name).is_some_and(|sub| sub.mutability == Mutability::WriteOnly) {
                    *value = WITHHELD.into();
                }
            }
        }
    };
    match &mut value {
        Value::Array(items) => items.iter_mut().for_each(withhold),
        single => withhold(single),
    }
    hidden.insert(name, value);
}
