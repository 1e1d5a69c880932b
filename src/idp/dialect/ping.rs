//! Ping Identity: the SCIM provisioner of PingFederate, and PingOne.
//!
//! Sources: the vendor's documentation of both connectors, which names the verbs, the lookup, the options and the limits. No
//! body was ever published: every body is assumed, from the attribute lists of the connectors.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::shape::{self, GROUP};
use super::{
    Basis, Change, Dice, GroupHabits, GroupMatch, GroupSubject, Habits, Leave, Leaving, MemberChange,
    MemberRequest, Nested, Probe, Speech, Subject,
};
use crate::encoding::Encoding;
use crate::exchange::{Request, SCIM_JSON};
use crate::idp::mapping::Place;

/// PingFederate's SCIM provisioner.
pub static FEDERATE: Ping = Ping { one: false };
/// PingOne.
pub static ONE: Ping = Ping { one: true };

/// Both products.
pub struct Ping {
    /// PingOne.
    one: bool,
}

const LEAVING: Leaving = Leaving { options: &[Leave::Deactivate, Leave::Delete], ..Habits::UNKNOWN.leaving };

static FEDERATE_HABITS: Habits = Habits {
    product: "PingFederate",
    basis: Basis::Assumed(
        "the vendor's documentation names the verbs, the lookup and the options; no request was ever published",
    ),
    quirks: &["Q-L12", "Q-U20", "Q-G02", "Q-P07"],
    leaving: LEAVING,
    may_create_disabled: true, // the option "Provision Disabled Users", which is off by default
    groups: Some(GroupHabits {
        matching: GroupMatch::List, // Q-L12
        reads: false,
        repeats_name: false,
        nested: Nested::Flattened,
        at_once: 1,
    }),
    ..Habits::UNKNOWN
};

static ONE_HABITS: Habits = Habits {
    product: "PingOne",
    basis: Basis::Assumed(
        "the vendor's documentation names the verbs, the filters for people and the limits; no request was ever published, and \
         that a group is looked up by its name and gets its members as a whole list is not documented at all",
    ),
    quirks: &["Q-H13", "Q-L07", "Q-U20", "Q-U29", "Q-G09", "Q-G21"],
    // Changes are pushed as they happen. Assumed: when what failed is looked at again.
    interval: Duration::from_secs(60),
    leaving: LEAVING,
    ..Habits::UNKNOWN
};

const FEDERATE_TABLE: &[(&str, &str)] = &[
    ("userName", "[userName]"),
    ("externalId", "[externalId]"),
    ("name.formatted", "[name.formatted]"),
    ("name.givenName", "[name.givenName]"),
    ("name.familyName", "[name.familyName]"),
    ("displayName", "[displayName]"),
    ("emails.value", r#"[emails[type eq "work"].value]"#),
    ("active", "[active]"),
];

/// As PingFederate's, with a second address: one value for each type.
const ONE_TABLE: &[(&str, &str)] = &[
    ("userName", "[userName]"),
    ("externalId", "[externalId]"),
    ("name.formatted", "[name.formatted]"),
    ("name.givenName", "[name.givenName]"),
    ("name.familyName", "[name.familyName]"),
    ("displayName", "[displayName]"),
    ("emails.value", r#"[emails[type eq "work"].value]"#),
    (r#"emails[type eq "home"].value"#, r#"[emails[type eq "home"].value]"#),
    ("active", "[active]"),
];

/// Assumed: how many members one request carries.
const MEMBERS_AT_ONCE: usize = 100;

impl Ping {
    fn send(&self, method: &str, target: String, body: &Value) -> Request {
        shape::send(method, target, SCIM_JSON, body)
    }

    fn patch(&self, id: &str, operations: Vec<Value>) -> Request {
        self.send("PATCH", shape::group(id), &shape::patch(operations))
    }

    fn body(&self, person: &Subject) -> Map<String, Value> {
        // The address that has no type by itself is put with the others, if there are any.
        let bare = |place: &Place| place.name.eq_ignore_ascii_case("emails") && place.selector.is_none();
        let (alone, rest): (Vec<_>, Vec<_>) =
            person.profile.values.iter().cloned().partition(|(place, _)| bare(place));
        let mut subject = person.clone();
        subject.profile.values = rest;
        let mut body = shape::whole(&subject);
        subject.profile.values = alone;
        let mut first = shape::resource(&subject, |_| false);
        shape::listed(&mut first, "emails");
        match (first.remove("emails"), body.get_mut("emails")) {
            (Some(Value::Array(mut emails)), Some(Value::Array(others))) => {
                for element in emails.iter_mut().filter_map(Value::as_object_mut) {
                    element.entry("type").or_insert("work".into());
                }
                emails.append(others);
                for element in emails.iter_mut().filter_map(Value::as_object_mut) {
                    element.insert("primary".into(), true.into()); // Q-U29
                }
                *others = emails;
            }
            (Some(emails), _) => drop(body.insert("emails".into(), emails)),
            (None, _) => {}
        }
        body.entry("active").or_insert(person.active.into());
        body
    }
}

impl Speech for Ping {
    fn habits(&self) -> &Habits {
        if self.one { &ONE_HABITS } else { &FEDERATE_HABITS }
    }

    fn table(&self) -> &'static [(&'static str, &'static str)] {
        if self.one { ONE_TABLE } else { FEDERATE_TABLE }
    }

    fn dress(&self, _request: &mut Request, _dice: &mut Dice) {}

    fn connection_test(&self, _groups: bool, _dice: &mut Dice) -> Vec<Probe> {
        Vec::new() // none is documented
    }

    fn find_user(&self, place: &Place, value: &str) -> Request {
        if !self.one {
            // The filter expression can be configured; this is the default.
            return Request::new(
                "GET",
                shape::found_by("/Users", &place.to_string(), value, Encoding::Percent),
            );
        }
        // Operators begin with a capital, attributes do not have one (Q-H13); `email` is no attribute of SCIM (Q-L07).
        let value = Value::from(value);
        let filter = match place.name.eq_ignore_ascii_case("emails") {
            true => format!("email Co {value}"),
            false => format!("{} Eq {value}", place.to_string().to_ascii_lowercase()),
        };
        Request::new("GET", format!("/Users?filter={}", Encoding::Percent.value(&filter, true)))
    }

    fn create_user(&self, person: &Subject, _dice: &mut Dice) -> Request {
        self.send("POST", "/Users".into(), &Value::Object(self.body(person)))
    }

    fn update_user(
        &self,
        id: &str,
        person: &Subject,
        _change: Change,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        vec![self.send("PUT", shape::user(id), &Value::Object(self.body(person)))] // Q-U20
    }

    fn find_group(&self, name: &str) -> Request {
        // Assumed of PingOne: a filter for groups is in no document, so that it is spelled as an attribute of SCIM is.
        let filter = format!("displayName {} {}", if self.one { "Eq" } else { "eq" }, Value::from(name));
        Request::new("GET", format!("/Groups?filter={}", Encoding::Percent.value(&filter, true)))
    }

    fn list_groups(&self, start: u32) -> Request {
        // Q-P07. Assumed: the size of a page.
        Request::new("GET", format!("/Groups?startIndex={start}&count=100"))
    }

    fn create_group(&self, group: &GroupSubject) -> Request {
        let body = json!({ "schemas": [GROUP], "displayName": group.display_name });
        self.send("POST", "/Groups".into(), &body)
    }

    fn rename_group(
        &self,
        id: &str,
        group: &GroupSubject,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        vec![self.patch(id, vec![shape::replace("displayName", group.display_name.as_str())])]
    }

    fn change_members(
        &self,
        id: &str,
        group: &GroupSubject,
        change: &MemberChange,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<MemberRequest> {
        if self.one {
            // Assumed: the whole list, also an empty or a very long one (Q-G09, Q-G21).
            let request = self.patch(id, vec![shape::replace("members", shape::ids(&group.members))]);
            let (adds, removes) = (shape::keys(&change.added), shape::keys(&change.removed));
            return vec![MemberRequest { request, adds, removes }];
        }
        let request = |operations| self.patch(id, operations);
        // Assumed: Q-G02.
        let add = |batch: &[super::Member]| vec![shape::add(batch)];
        shape::in_batches(change, MEMBERS_AT_ONCE, request, shape::remove_each, add)
    }
}
