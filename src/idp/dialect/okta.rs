//! Okta: template apps of the Okta Integration Network (OIN), and apps made with the App Integration Wizard (AIW).
//!
//! Sources: the vendor's SCIM 2.0 reference, its FAQ and its test suites; raw requests that were published by its staff.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::shape::{self, GROUP, SCIM_JSON_UTF8, USER};
use super::{
    Accepts, Basis, Change, Dice, GroupHabits, GroupMatch, GroupSubject, Habits, Leave, Leaving, Member,
    MemberChange, MemberRequest, Nested, OnConflict, OnRateLimit, Probe, Resends, Retry, Speech, Subject,
};
use crate::encoding::Encoding;
use crate::exchange::Request;
use crate::idp::mapping::Place;

/// Template apps: PUT for profiles, PATCH for activation.
pub static OIN: Okta = Okta { wizard: false, habits: habits(false, OIN_QUIRKS) };
/// Custom apps: PUT for everything.
pub static AIW: Okta = Okta { wizard: true, habits: habits(true, AIW_QUIRKS) };

const OIN_QUIRKS: &[&str] = &[
    "Q-H01", "Q-H04", "Q-H10", "Q-T04", "Q-T05", "Q-L10", "Q-L11", "Q-C03", "Q-C04", "Q-C05", "Q-C15",
    "Q-C16", "Q-C18", "Q-U03", "Q-U19", "Q-D02", "Q-D11", "Q-G02", "Q-G08", "Q-G11", "Q-G13", "Q-G15",
    "Q-G28", "Q-P01", "Q-P02", "Q-P06", "Q-E05", "Q-E08",
];

const AIW_QUIRKS: &[&str] = &[
    "Q-H01", "Q-H04", "Q-H10", "Q-T04", "Q-T05", "Q-L10", "Q-L11", "Q-C03", "Q-C04", "Q-C05", "Q-C15",
    "Q-C16", "Q-C18", "Q-U19", "Q-U20", "Q-D03", "Q-D11", "Q-G12", "Q-G15", "Q-G28", "Q-P01", "Q-P02",
    "Q-P06", "Q-E05",
];

/// Both kinds of app.
pub struct Okta {
    /// Made with the wizard.
    wizard: bool,
    habits: Habits,
}

const fn habits(wizard: bool, quirks: &'static [&'static str]) -> Habits {
    Habits {
        product: "Okta",
        basis: Basis::Documented,
        assumed: &[
            "how many members one request carries (100 here); that large pushes are split is documented",
            "that the name goes before the members, and once where a push is split; that it goes with every push is documented",
            "that an account is read again between its activation and the PUT of the profile; that a PUT follows a read is documented",
            "that a PUT leaves out the elements of a list, such as other addresses, that are not mapped where some are",
            "that the retry of a create by hand begins with the lookup, and any other with what failed",
            "that a person who is gone (404) is looked up and created again, and so a group where a write, not a read, says so",
            "what it does on 429 for other apps than the one for which `Retry-After` is documented, in particular for custom apps; that it begins with the person again, and repeats a request about a group",
            "that who is disabled in the directory, or out of the scope of a rule, leaves like somebody unassigned, and is not created before",
            "that people of a group in a pushed group are members of it",
            "the page of the lookup of a group, which is that of the lookup of a person",
        ],
        quirks,
        assumed_quirks: if wizard { &["Q-E05"] } else { &[] },
        // Changes are pushed as they happen; an administrator who retries failed tasks does so when they please.
        interval: Duration::from_secs(60 * 60),
        matching: &["userName"],
        looks_up_first: true,
        accepts_404: true, // Q-L11
        // The assignment fails, and nobody links the two (Q-C15).
        on_conflict: OnConflict::Fail,
        reads: true,
        looks_up_on_return: true, // Q-C16
        reads_what_was_found: true,
        updates_after_return: !wizard,
        resends: Resends::Activation, // Q-D11
        leaving: Leaving {
            // Users are never deleted (Q-D02).
            unassigned: Leave::Deactivate,
            suspended: Leave::Deactivate,
            deleted: Leave::Deactivate,
            ..Habits::UNKNOWN.leaving
        },
        groups: Some(GroupHabits {
            matching: GroupMatch::Filter,
            reads: wizard,         // Q-G12
            repeats_name: !wizard, // Q-G08
            nested: Nested::Flattened,
            at_once: 1,
        }),
        on_rate_limit: OnRateLimit::WaitAsTold, // Q-E05
        retry: Retry::ByHand,
        import: Some(100), // Q-P01
        ..Habits::UNKNOWN
    }
}

/// What the profile of an app begins with. `active`, `groups` and `password` are added by the product itself.
const TABLE: &[(&str, &str)] = &[
    ("userName", "[userName]"),
    ("name.givenName", "[name.givenName]"),
    ("name.familyName", "[name.familyName]"),
    (r#"emails[type eq "work"].value"#, r#"[emails[type eq "work"].value]"#),
    ("displayName", "[displayName]"),
    ("locale", "[locale]"),
    ("externalId", "[externalId]"),
    ("active", "[active]"),
];

/// Assumed: how many changes of members one PATCH carries; that large pushes are split is documented (Q-G13), the number is not.
const MEMBERS_AT_ONCE: usize = 100;

impl Okta {
    fn send(&self, method: &str, target: String, body: &Value) -> Request {
        shape::send(method, target, SCIM_JSON_UTF8, body) // Q-H01
    }

    /// What the target showed, with the mapped attributes set (Q-U19, Q-U20): everything else in it goes back as it came.
    ///
    /// A list of which elements are mapped is sent as it is mapped: an address that is there without a type would come twice
    /// otherwise.
    fn put(&self, id: &str, person: &Subject, current: Option<&Map<String, Value>>) -> Request {
        let mut body = current.cloned().unwrap_or_default();
        for (place, _) in person.profile.values.iter().filter(|(place, _)| place.selector.is_some()) {
            Place { selector: None, sub: None, ..place.clone() }.set(&mut body, json!([]));
        }
        for (place, value) in &person.profile.values {
            place.set(&mut body, value.clone());
        }
        body.entry("schemas").or_insert_with(|| json!([USER]));
        let work = body.get_mut("emails").and_then(Value::as_array_mut);
        primary(work.map(Vec::as_mut_slice).unwrap_or_default());
        self.send("PUT", shape::user(id), &Value::Object(body))
    }

    /// PATCH without a path (Q-U03, Q-D02).
    fn activate(&self, id: &str, active: bool) -> Request {
        let body = shape::patch(vec![json!({ "op": "replace", "value": { "active": active } })]);
        self.send("PATCH", shape::user(id), &body)
    }

    /// The operation that repeats the name, with the id, which is read-only (Q-G08).
    fn name(&self, id: &str, group: &GroupSubject) -> Value {
        json!({ "op": "replace", "value": { "id": id, "displayName": group.display_name } })
    }

    fn put_group(&self, id: &str, group: &GroupSubject) -> Request {
        // Q-G12: `display` is null.
        let members = shape::members(&group.members, |member| json!({ "value": member.id, "display": null }));
        let body =
            json!({ "schemas": [GROUP], "id": id, "displayName": group.display_name, "members": members });
        self.send("PUT", shape::group(id), &body)
    }
}

/// The address that comes first is the primary one.
fn primary(emails: &mut [Value]) {
    let has_primary = emails.iter().any(|email| email["primary"] == true);
    if let Some(Value::Object(first)) = emails.first_mut().filter(|_| !has_primary) {
        first.insert("primary".into(), true.into());
    }
}

impl Speech for Okta {
    fn habits(&self) -> &Habits {
        &self.habits
    }

    fn table(&self) -> &'static [(&'static str, &'static str)] {
        TABLE
    }

    fn dress(&self, request: &mut Request, _dice: &mut Dice) {
        request.headers.set("Accept", "application/scim+json"); // Q-H04
        request.headers.append("Accept-Charset", "utf-8");
        request.headers.append("User-Agent", "Okta SCIM Client 1.0.0");
    }

    fn connection_test(&self, groups: bool, _dice: &mut Dice) -> Vec<Probe> {
        let users = Request::new("GET", "/Users?startIndex=1&count=2"); // Q-T04
        let mut probes = vec![Probe { request: users, accepts: Accepts::List }];
        if groups {
            let request = Request::new("GET", "/Groups?startIndex=1&count=100"); // Q-T05
            probes.push(Probe { request, accepts: Accepts::List });
        }
        probes
    }

    fn find_user(&self, place: &Place, value: &str) -> Request {
        let found = shape::found_by("/Users", &place.to_string(), value, Encoding::Percent); // Q-H10
        Request::new("GET", format!("{found}&startIndex=1&count=100")) // Q-L10
    }

    fn create_user(&self, person: &Subject, dice: &mut Dice) -> Request {
        // The answer has to show what was created, its `id` above all (Q-C18): without one the engine takes it for a failure.
        let mut body = json!({ "schemas": [USER] });
        if let Value::Object(members) = &mut body {
            members.extend(shape::resource(person, |place| place.is("active")));
            let emails = members.get_mut("emails").and_then(Value::as_array_mut);
            primary(emails.map(Vec::as_mut_slice).unwrap_or_default());
            members.insert("groups".into(), json!([])); // Q-C03
            // Random, also where passwords are not synchronised (Q-C05).
            members.insert("password".into(), dice.letters(8).into());
            if let Some(active) = person.profile.named("active") {
                members.insert("active".into(), active.clone());
            }
        }
        self.send("POST", "/Users".into(), &body)
    }

    fn reads_before(&self, change: Change) -> bool {
        // A PUT is what was read with the changes in it, whatever changes (Q-U19, Q-D03).
        self.wizard || change == Change::Profile
    }

    // Where a PATCH is answered with 501 there is no PUT to fall back on (Q-E08).
    fn update_user(
        &self,
        id: &str,
        person: &Subject,
        change: Change,
        current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        match (change, self.wizard) {
            (_, true) => vec![self.put(id, person, current)], // Q-D03
            (Change::Deactivate, false) => vec![self.activate(id, false)],
            (Change::Reactivate, false) => vec![self.activate(id, true)],
            (Change::Profile, false) => vec![self.put(id, person, current)],
        }
    }

    fn find_group(&self, name: &str) -> Request {
        let found = shape::found_by("/Groups", "displayName", name, Encoding::Percent);
        Request::new("GET", format!("{found}&startIndex=1&count=100"))
    }

    fn create_group(&self, group: &GroupSubject) -> Request {
        let body = json!({ "schemas": [GROUP], "displayName": group.display_name, "members": [] }); // Q-C04
        self.send("POST", "/Groups".into(), &body)
    }

    // The group keeps its id, and is known by it from then on (Q-G28).
    fn rename_group(
        &self,
        id: &str,
        group: &GroupSubject,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        match self.wizard {
            true => vec![self.put_group(id, group)],
            false => vec![self.send("PATCH", shape::group(id), &shape::patch(vec![self.name(id, group)]))],
        }
    }

    fn change_members(
        &self,
        id: &str,
        group: &GroupSubject,
        change: &MemberChange,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<MemberRequest> {
        let (added, removed) = (&change.added, &change.removed);
        if self.wizard {
            let request = self.put_group(id, group);
            return vec![MemberRequest { request, adds: shape::keys(added), removes: shape::keys(removed) }];
        }
        let patch = |operations| self.send("PATCH", shape::group(id), &shape::patch(operations));
        // The name comes with every push, in a request of its own (Q-G08).
        let name = patch(vec![self.name(id, group)]);
        let mut requests = vec![MemberRequest { request: name, adds: Vec::new(), removes: Vec::new() }];
        // Removals and one addition in one request, in this order (Q-G11), split where there are many (Q-G13).
        let mut added = added.chunks(MEMBERS_AT_ONCE);
        let mut removed = removed.chunks(MEMBERS_AT_ONCE);
        loop {
            let (out, into) = (removed.next().unwrap_or_default(), added.next().unwrap_or_default());
            if out.is_empty() && into.is_empty() {
                return requests;
            }
            let remove = |member: &Member| {
                json!({ "op": "remove", "path": format!("members[{}]", shape::equals("value", &member.id)) }) // Q-G02
            };
            let mut operations: Vec<Value> = out.iter().map(remove).collect();
            if !into.is_empty() {
                let member = |member: &Member| json!({ "value": member.id, "display": member.display });
                operations
                    .push(json!({ "op": "add", "path": "members", "value": shape::members(into, member) }));
            }
            let request = patch(operations);
            requests.push(MemberRequest { request, adds: shape::keys(into), removes: shape::keys(out) });
        }
    }
}
