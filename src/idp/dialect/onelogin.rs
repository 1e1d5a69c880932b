//! OneLogin: the "SCIM Provisioner with SAML (SCIM v2 Core)".
//!
//! The body of a user is a text template that the administrator edits; [`TABLE`] is one that conforms. What is found in
//! templates in the wild (`emails` as an object, Q-C08; URNs that nobody registered, Q-C09; members that no schema has, Q-C10;
//! no `active`, Q-U22) is not the product's doing, so it is no habit here: a mapping can say the last two, and literal scenarios
//! send all four.
//!
//! Sources: the vendor's "Implement SCIM API"; the log of a server that OneLogin talked to, which has the request lines and the
//! bodies of users, and of groups only the length. What a group's body holds is assumed.

use serde_json::{Map, Value, json};

use super::shape::{self, GROUP};
use super::{
    Accepts, Basis, Change, Dice, GroupHabits, GroupMatch, GroupSubject, Habits, Leave, Leaving,
    MemberChange, MemberRequest, Nested, Probe, Speech, Subject,
};
use crate::encoding::Encoding;
use crate::exchange::Request;
use crate::idp::mapping::Place;

/// OneLogin.
pub static ONELOGIN: OneLogin = OneLogin;

/// How OneLogin speaks.
pub struct OneLogin;

static HABITS: Habits = Habits {
    product: "OneLogin",
    basis: Basis::Documented,
    assumed: &[
        "the template: it is one that conforms, while those that were logged have other URNs and `emails` as an object",
        "the value of the connection test, which is that of a lookup that was logged",
        "what it does on 409, 429, 5xx and time-outs, and how often it looks for changes",
        "that an account that is gone is looked up and created again, and one that comes back looked up and not read",
        "that somebody who is disabled or out of scope is treated as if unassigned, and that nobody who is disabled is created",
        "the bodies of group requests, the operation that removes a member, and that groups are deleted",
        "that people of a group in a group count as members",
        "how it goes on to a second page of groups",
        "that requests other than the lookup, PUT and PATCH have no empty query",
    ],
    quirks: &["Q-H02", "Q-H05", "Q-H07", "Q-H09", "Q-T07", "Q-C11", "Q-U20", "Q-G02"],
    assumed_quirks: &["Q-G02"],
    accepts_404: true, // as in the connection test (Q-T07)
    leaving: Leaving {
        // The administrator chooses, for everybody who leaves in whatever way.
        options: &[Leave::Deactivate, Leave::Delete, Leave::Keep],
        ..Habits::UNKNOWN.leaving
    },
    groups: Some(GroupHabits {
        // "Get groups" is among the documented calls, a filter is not.
        matching: GroupMatch::List,
        reads: false,
        repeats_name: false,
        nested: Nested::Flattened,
        at_once: 1,
    }),
    ..Habits::UNKNOWN
};

/// A template that was mended.
const TABLE: &[(&str, &str)] = &[
    ("userName", "[userName]"),
    ("name.givenName", "[name.givenName]"),
    ("name.familyName", "[name.familyName]"),
    ("name.formatted", "[name.formatted]"),
    ("emails.value", r#"[emails[type eq "work"].value]"#),
    ("active", "[active]"),
];

/// A userName that is known not to exist. Assumed: the value.
const NOBODY: &str = "onelogin-test-user01";

impl OneLogin {
    fn send(&self, method: &str, target: String, body: &Value) -> Request {
        shape::send(method, target, "application/json", body) // Q-H02
    }

    /// What the template makes of the person: without `id`, and never merged with what the target has.
    fn body(&self, person: &Subject) -> Value {
        let mut body = shape::whole(person);
        shape::listed(&mut body, "emails"); // Q-C11: neither `primary` nor `type`
        Value::Object(body)
    }

    fn patch(&self, id: &str, operations: Vec<Value>) -> Request {
        self.send("PATCH", empty_query(shape::group(id)), &shape::patch(operations))
    }

    fn found_by(&self, attribute: &str, value: &str) -> Request {
        let found = shape::found_by("/Users", attribute, value, Encoding::Form); // Q-H09
        Request::new("GET", format!("{found}&")) // Q-H07
    }
}

/// A `?` with nothing behind it (Q-H07), as it was logged of PUT and PATCH.
fn empty_query(path: String) -> String {
    path + "?"
}

impl Speech for OneLogin {
    fn habits(&self) -> &Habits {
        &HABITS
    }

    fn table(&self) -> &'static [(&'static str, &'static str)] {
        TABLE
    }

    fn dress(&self, request: &mut Request, _dice: &mut Dice) {
        // None, unless the administrator sets one (Q-H05): the client leaves out what is empty.
        request.headers.set("User-Agent", "");
    }

    fn connection_test(&self, _groups: bool, _dice: &mut Dice) -> Vec<Probe> {
        // Q-T07
        vec![Probe { request: self.found_by("userName", NOBODY), accepts: Accepts::ListOrNotFound }]
    }

    fn find_user(&self, place: &Place, value: &str) -> Request {
        self.found_by(&place.to_string(), value)
    }

    fn create_user(&self, person: &Subject, _dice: &mut Dice) -> Request {
        // Without a `?`: none was ever seen on a create, and the vendor documents none.
        self.send("POST", "/Users".into(), &self.body(person))
    }

    fn update_user(
        &self,
        id: &str,
        person: &Subject,
        _change: Change,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        vec![self.send("PUT", empty_query(shape::user(id)), &self.body(person))] // Q-U20
    }

    fn list_groups(&self, start: u32) -> Request {
        // Assumed: how it goes on to a second page.
        let target = if start <= 1 { "/Groups".to_owned() } else { format!("/Groups?startIndex={start}") };
        Request::new("GET", target)
    }

    fn create_group(&self, group: &GroupSubject) -> Request {
        // Assumed: the body. Members follow, one by one.
        let body = json!({ "schemas": [GROUP], "displayName": group.display_name });
        self.send("POST", "/Groups".into(), &body)
    }

    fn rename_group(
        &self,
        id: &str,
        group: &GroupSubject,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        // Assumed: the operation.
        vec![self.patch(id, vec![shape::replace("displayName", group.display_name.as_str())])]
    }

    fn change_members(
        &self,
        id: &str,
        _group: &GroupSubject,
        change: &MemberChange,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<MemberRequest> {
        // One member each, which the length of the logged bodies fits. Assumed: the operation that removes (Q-G02).
        let request = |operations| self.patch(id, operations);
        shape::in_batches(change, 1, request, shape::remove_each, |batch| vec![shape::add(batch)])
    }
}
