//! Rippling, a custom SCIM application.
//!
//! No capture was found. Guides of third parties and the code of a target tell of the first request, the lookup by externalId,
//! the attributes, and of switches with which an administrator turns groups on and chooses PATCH or PUT for them. The other
//! requests are the plainest of RFC 7644.

use serde_json::{Map, Value};

use super::shape;
use super::{
    Accepts, Basis, Change, Dice, GroupSubject, Habits, Leave, Leaving, MemberChange, MemberRequest, Probe,
    Speech, Subject,
};
use crate::encoding::Encoding;
use crate::exchange::{Request, SCIM_JSON};
use crate::idp::mapping::Place;

/// Rippling.
pub static RIPPLING: Rippling = Rippling;

/// How Rippling is taken to speak.
pub struct Rippling;

static HABITS: Habits = Habits {
    product: "Rippling",
    basis: Basis::Assumed(
        "guides of third parties name the first request, the lookup and the attributes; no capture was found",
    ),
    quirks: &["Q-T09", "Q-L02", "Q-G02"],
    matching: &["externalId"], // Q-L02
    reads: true,
    leaving: Leaving { options: &[Leave::Deactivate, Leave::Delete], ..Habits::UNKNOWN.leaving },
    ..Habits::UNKNOWN
};

/// There is nothing but the e-mail address that could be a userName.
const TABLE: &[(&str, &str)] = &[
    ("userName", r#"Coalesce([emails[type eq "work"].value], [userName])"#),
    ("externalId", "[externalId]"),
    ("name.givenName", "[name.givenName]"),
    ("name.familyName", "[name.familyName]"),
    (r#"emails[type eq "work"].value"#, r#"[emails[type eq "work"].value]"#),
    ("active", "[active]"),
];

impl Speech for Rippling {
    fn habits(&self) -> &Habits {
        &HABITS
    }

    fn table(&self) -> &'static [(&'static str, &'static str)] {
        TABLE
    }

    fn dress(&self, _request: &mut Request, _dice: &mut Dice) {}

    fn connection_test(&self, _groups: bool, _dice: &mut Dice) -> Vec<Probe> {
        // Q-T09
        vec![Probe { request: Request::new("GET", "/ServiceProviderConfig"), accepts: Accepts::Object }]
    }

    fn find_user(&self, place: &Place, value: &str) -> Request {
        Request::new("GET", shape::found_by("/Users", &place.to_string(), value, Encoding::Percent))
    }

    fn create_user(&self, person: &Subject, _dice: &mut Dice) -> Request {
        let mut body = shape::whole(person);
        let emails = body.get_mut("emails").and_then(Value::as_array_mut);
        if let Some(Value::Object(first)) = emails.and_then(|emails| emails.first_mut()) {
            first.entry("primary").or_insert(true.into());
        }
        shape::send("POST", "/Users", SCIM_JSON, &Value::Object(body))
    }

    fn update_user(
        &self,
        id: &str,
        person: &Subject,
        change: Change,
        current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        shape::plain_update(id, person, change, current)
    }

    fn create_group(&self, group: &GroupSubject) -> Request {
        shape::plain_group(group)
    }

    fn rename_group(
        &self,
        id: &str,
        group: &GroupSubject,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        vec![shape::plain_rename(id, group)]
    }

    fn change_members(
        &self,
        id: &str,
        _group: &GroupSubject,
        change: &MemberChange,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<MemberRequest> {
        shape::plain_members(id, change) // Q-G02
    }
}
