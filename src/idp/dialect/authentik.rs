//! authentik as a SCIM client.
//!
//! Source: its source code, which is public, in the versions that know a conflict and discovery. Left out: what
//! ServiceProviderConfig says (without PATCH it would send groups with PUT, without filters nobody would be looked for after a conflict),
//! mending the members of a group that is read after a rename (a change of members is pushed as it happens, without a read),
//! and the compatibility modes for single vendors.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::shape::{self, GROUP};
use super::{
    Accepts, Basis, Change, Dice, GroupHabits, GroupMatch, GroupSubject, Habits, Leave, Leaving, Member,
    MemberChange, MemberRequest, Nested, OnConflict, Probe, Resends, Retry, Speech, Subject,
};
use crate::encoding::Encoding;
use crate::exchange::{Request, SCIM_JSON};
use crate::idp::mapping::Place;

/// authentik.
pub static AUTHENTIK: Authentik = Authentik;

/// How authentik speaks.
pub struct Authentik;

/// Assumed: how often everything is synchronised; an administrator can change it.
const INTERVAL: Duration = Duration::from_secs(4 * 60 * 60);

static HABITS: Habits = Habits {
    product: "authentik",
    basis: Basis::Documented,
    assumed: &[
        "what it does on 429, 5xx and time-outs, and how often it looks for changes",
        "how many operations one request carries, and how often everything is synchronised",
        "that the target has PATCH and filters, whatever ServiceProviderConfig says",
        "that an account found after a conflict is brought up to date at once: by its code it is only linked, and the next synchronisation does that",
        "that members which differ in a group that is read after a rename are left as they are: by its code they are mended",
        "that nothing is sent about somebody who is disabled from the start",
        "that people of a group in a group count as members, and that a group which is no longer assigned is deleted",
        "that an import reads people as it is known of groups",
    ],
    quirks: &[
        "Q-H09", "Q-T09", "Q-C17", "Q-U19", "Q-U20", "Q-U24", "Q-U31", "Q-G01", "Q-G20", "Q-P08", "Q-E07",
    ],
    interval: INTERVAL,
    // Created first; a conflict sends it looking (Q-C17).
    looks_up_first: false,
    on_conflict: OnConflict::LookUpAndLink,
    stops_without_id: true, // Q-E07
    looks_up_on_return: false,
    // What the last answer shows is compared with what should be there, in every synchronisation (Q-U24).
    resends: Resends::Everything,
    leaving: Leaving {
        unassigned: Leave::Delete,
        suspended: Leave::Deactivate,
        deleted: Leave::Delete,
        purge: None,
        purges_all: false,
        options: &[],
    },
    groups: Some(GroupHabits {
        matching: GroupMatch::AfterConflict,
        reads: false,
        repeats_name: false,
        nested: Nested::Flattened,
        at_once: 1,
    }),
    // The next synchronisation finds what is missing.
    retry: Retry::BackOff { first: INTERVAL, longest: INTERVAL },
    // "Discovery" links groups that are there by their names.
    import: Some(100),
    ..Habits::UNKNOWN
};

/// The default mapping, which the product installs with a blueprint, without locale and photo.
const TABLE: &[(&str, &str)] = &[
    ("userName", "[userName]"),
    ("name.formatted", "Coalesce([name.formatted], [displayName])"),
    ("name.givenName", "[name.givenName]"),
    ("name.familyName", "[name.familyName]"),
    ("displayName", "Coalesce([displayName], [name.formatted])"),
    ("active", "[active]"),
    (r#"emails[type eq "other"].value"#, r#"[emails[type eq "work"].value]"#),
    ("externalId", "[externalId]"),
];

/// Assumed: how many operations one request carries; the product takes `bulk.maxOperations` of ServiceProviderConfig.
const OPERATIONS_AT_ONCE: usize = 100;

/// How the query of a lookup is written: its HTTP library encodes parameters as a form does, with `+` for a space (Q-H09).
const LOOKUP: Encoding = Encoding::Form;

/// What it reads first.
const PROVIDER_CONFIG: &str = "/ServiceProviderConfig";

impl Authentik {
    fn send(&self, method: &str, target: String, body: &Value) -> Request {
        shape::send(method, target, SCIM_JSON, body)
    }

    fn patch(&self, id: &str, operations: Vec<Value>) -> Request {
        self.send("PATCH", shape::group(id), &shape::patch(operations))
    }

    /// Without an externalId of the mapping, its own key is one.
    fn body(&self, person: &Subject) -> Map<String, Value> {
        let mut body = shape::whole(person);
        let emails = body.get_mut("emails").and_then(Value::as_array_mut);
        if let Some(Value::Object(first)) = emails.and_then(|emails| emails.first_mut()) {
            first.entry("primary").or_insert(true.into());
        }
        body.entry("externalId").or_insert_with(|| person.key.as_str().into());
        body
    }

    /// Never with members: they follow in operations of their own.
    fn group(&self, group: &GroupSubject) -> Map<String, Value> {
        let external_id = group.external_id.as_deref().unwrap_or(&group.key);
        Map::from_iter([
            ("schemas".to_owned(), json!([GROUP])),
            ("externalId".to_owned(), external_id.into()),
            ("displayName".to_owned(), group.display_name.as_str().into()),
        ])
    }
}

/// One operation for each member, the value a list of one (Q-G20); to remove, too (Q-G01).
fn one_by_one(op: &str, members: &[Member]) -> Vec<Value> {
    let operation =
        |member: &Member| json!({ "op": op, "path": "members", "value": [{ "value": member.id }] });
    members.iter().map(operation).collect()
}

impl Speech for Authentik {
    fn habits(&self) -> &Habits {
        &HABITS
    }

    fn table(&self) -> &'static [(&'static str, &'static str)] {
        TABLE
    }

    fn dress(&self, request: &mut Request, _dice: &mut Dice) {
        // Both fields with every request, also with one that has no body.
        request.headers.set("Accept", SCIM_JSON);
        request.headers.set("Content-Type", SCIM_JSON);
    }

    fn connection_test(&self, _groups: bool, _dice: &mut Dice) -> Vec<Probe> {
        // An answer that cannot be read is replaced by defaults (Q-T09).
        vec![Probe { request: Request::new("GET", PROVIDER_CONFIG), accepts: Accepts::Anything }]
    }

    fn opening(&self) -> Option<Request> {
        // Whatever it works on, it asks first (Q-T09). Later versions keep the answer for a while.
        Some(Request::new("GET", PROVIDER_CONFIG))
    }

    fn find_user(&self, place: &Place, value: &str) -> Request {
        Request::new("GET", shape::found_by("/Users", &place.to_string(), value, LOOKUP))
    }

    fn create_user(&self, person: &Subject, _dice: &mut Dice) -> Request {
        self.send("POST", "/Users".into(), &Value::Object(self.body(person)))
    }

    fn update_user(
        &self,
        id: &str,
        person: &Subject,
        change: Change,
        current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        let same = |current| shape::differing(person, current, |_| false).is_empty();
        if change == Change::Profile && current.is_some_and(same) {
            return Vec::new();
        }
        let mut body = self.body(person);
        body.insert("id".into(), id.into()); // of Q-U19 no more than this
        body.entry("active").or_insert(person.active.into());
        vec![self.send("PUT", shape::user(id), &Value::Object(body))] // Q-U20
    }

    fn find_group(&self, name: &str) -> Request {
        Request::new("GET", shape::found_by("/Groups", "displayName", name, LOOKUP))
    }

    fn create_group(&self, group: &GroupSubject) -> Request {
        self.send("POST", "/Groups".into(), &Value::Object(self.group(group)))
    }

    fn rename_group(
        &self,
        id: &str,
        group: &GroupSubject,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        // The whole group without a path, with `schemas` and the id (Q-U31, Q-G20).
        let mut value = self.group(group);
        value.insert("id".into(), id.into());
        // Then the group is read, to compare its members.
        vec![self.patch(id, vec![json!({ "op": "replace", "value": value })]), self.read_group(id)]
    }

    fn change_members(
        &self,
        id: &str,
        _group: &GroupSubject,
        change: &MemberChange,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<MemberRequest> {
        let request = |operations| self.patch(id, operations);
        let remove = |batch: &[Member]| one_by_one("remove", batch);
        shape::in_batches(change, OPERATIONS_AT_ONCE, request, remove, |batch| one_by_one("add", batch))
    }

    fn import_page(&self, endpoint: &str, start: u32, _count: u32) -> Request {
        // Without paging, then from where the last page ended (Q-P08).
        let target = if start <= 1 { endpoint.to_owned() } else { format!("{endpoint}?startIndex={start}") };
        Request::new("GET", target)
    }

    fn next_page(&self, start: u32, _count: u32, read: u32) -> u32 {
        // No page size is asked for, so only what was read says where it goes on.
        start.saturating_add(read)
    }
}
