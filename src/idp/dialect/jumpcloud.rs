//! JumpCloud: the Custom SCIM identity management of an application.
//!
//! Sources: the vendor's documentation for the activation and for what happens to people who leave; captures of the bodies of
//! users, with POST and PUT. That a user is looked up first, and all of the bodies of groups and of the test objects, is assumed:
//! example files for groups that circulated were machine-made and withdrawn.

use serde_json::{Map, Value, json};

use super::shape::{self, ENTERPRISE, GROUP, USER};
use super::{
    Accepts, Basis, Change, Dice, GroupSubject, Habits, Member, MemberChange, MemberRequest, Probe, Speech,
    Subject,
};
use crate::encoding::Encoding;
use crate::exchange::{Request, SCIM_JSON};
use crate::idp::mapping::Place;

/// JumpCloud.
pub static JUMPCLOUD: JumpCloud = JumpCloud;

/// How JumpCloud speaks.
pub struct JumpCloud;

static HABITS: Habits = Habits {
    product: "JumpCloud",
    basis: Basis::Documented,
    assumed: &[
        "what it does on 409, 429, 5xx and time-outs, and how often it looks for changes",
        "that it looks a user up by userName before it creates, and again when somebody comes back or the account is gone",
        "that a create has the enterprise object where there is a department: the captured one declares its URN alone",
        "that the short one of the two captured forms of PUT is about somebody of whom nothing but the names is known",
        "that somebody who is disabled or out of scope is treated as if unassigned, and that nobody who is disabled is created",
        "all group requests, and that people of a group in a group count as members",
        "the address and the body of the test user, and that the group is deleted before it",
        "the Content-Type, and how a query is encoded",
    ],
    quirks: &["Q-T08", "Q-C01", "Q-C04", "Q-C12", "Q-C21", "Q-U19", "Q-U20", "Q-U21", "Q-D09", "Q-G01"],
    assumed_quirks: &["Q-G01"],
    // A user who leaves is deactivated by PUT (Q-U20); only the test user is deleted.
    ..Habits::UNKNOWN
};

/// The attributes of the captures, without the photo. A phone number is a `tel:` URI where the directory has it so (Q-C12).
const TABLE: &[(&str, &str)] = &[
    ("active", "[active]"),
    (r#"addresses[type eq "work"].country"#, r#"[addresses[type eq "work"].country]"#),
    (r#"addresses[type eq "work"].locality"#, r#"[addresses[type eq "work"].locality]"#),
    (r#"addresses[type eq "work"].postalCode"#, r#"[addresses[type eq "work"].postalCode]"#),
    (r#"addresses[type eq "work"].region"#, r#"[addresses[type eq "work"].region]"#),
    (r#"addresses[type eq "work"].streetAddress"#, r#"[addresses[type eq "work"].streetAddress]"#),
    ("displayName", "[displayName]"),
    (r#"emails[type eq "work"].value"#, r#"[emails[type eq "work"].value]"#),
    ("externalId", "[externalId]"),
    ("locale", "[locale]"),
    ("name.familyName", "[name.familyName]"),
    ("name.givenName", "[name.givenName]"),
    (r#"phoneNumbers[type eq "work"].value"#, r#"[phoneNumbers[type eq "work"].value]"#),
    ("preferredLanguage", "[preferredLanguage]"),
    (
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "[urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department]",
    ),
    ("userName", "[userName]"),
];

/// What the shorter of the captured bodies of PUT has.
const SHORT: [&str; 4] = ["active", "id", "name", "userName"];

/// Assumed: how many members one request carries.
const MEMBERS_AT_ONCE: usize = 100;

impl JumpCloud {
    /// Members of objects come in alphabetical order (Q-C21).
    fn send(&self, method: &str, target: String, mut body: Value) -> Request {
        body.sort_all_objects();
        shape::send(method, target, SCIM_JSON, &body)
    }

    fn patch(&self, id: &str, operations: Vec<Value>) -> Request {
        self.send("PATCH", shape::group(id), shape::patch(operations))
    }

    /// The mapped attributes; the only address, phone number and e-mail address is the primary one (Q-C12).
    fn attributes(&self, person: &Subject) -> Map<String, Value> {
        let mut body = shape::resource(person, |_| false);
        for name in ["addresses", "emails", "phoneNumbers"] {
            let Some(Value::Array(elements)) = body.get_mut(name) else { continue };
            if let Some(Value::Object(first)) = elements.first_mut() {
                first.entry("primary").or_insert(true.into());
            }
        }
        body
    }

    /// One of the two bodies that were captured, with `id`, and with what has no value as no value (Q-U21).
    fn put(&self, id: &str, person: &Subject) -> Request {
        let mut body = self.attributes(person);
        body.insert("id".into(), id.into()); // Q-U19
        body.entry("active").or_insert(person.active.into());
        body.entry("emails").or_insert(Value::Null); // Q-C04
        // Assumed: that the short one is about somebody of whom nothing but the names is known, as it looks, and every other
        // change is the full one, with the empty lists and both URNs, the extension first.
        let is_short = body.iter().all(|(name, value)| value.is_null() || SHORT.contains(&name.as_str()));
        let schemas = match is_short {
            true => json!([USER]),
            false => {
                for name in ["addresses", "phoneNumbers"] {
                    body.entry(name).or_insert_with(|| json!([])); // Q-C04
                }
                json!([ENTERPRISE, USER]) // Q-C01
            }
        };
        body.insert("schemas".into(), schemas);
        self.send("PUT", shape::user(id), Value::Object(body))
    }
}

impl Speech for JumpCloud {
    fn habits(&self) -> &Habits {
        &HABITS
    }

    fn table(&self) -> &'static [(&'static str, &'static str)] {
        TABLE
    }

    fn dress(&self, _request: &mut Request, _dice: &mut Dice) {}

    fn connection_test(&self, _groups: bool, dice: &mut Dice) -> Vec<Probe> {
        // A user and a group, whatever will be provisioned; both are deleted again (Q-T08). The administrator names the address.
        let mark = dice.letters(8);
        let name = format!("scim-test-{mark}@example.com");
        let user = json!({
            "active": true,
            "displayName": "JumpCloud Test",
            "emails": [{ "primary": true, "type": "work", "value": name }],
            "name": { "familyName": "Test", "givenName": "JumpCloud" },
            "schemas": [USER, ENTERPRISE], // Q-C01
            "userName": name,
        });
        let group = json!({
            "displayName": format!("JumpCloud Test Group-{mark}"), "members": [], "schemas": [GROUP]
        });
        let created = |endpoint: &str, body| Probe {
            request: self.send("POST", endpoint.into(), body),
            accepts: Accepts::Created,
        };
        vec![created("/Users", user), created("/Groups", group)]
    }

    fn disable_test_user(&self, id: &str, created: &Request) -> Option<Request> {
        // Q-D09
        let mut body: Value = serde_json::from_slice(&created.body).ok()?;
        let members = body.as_object_mut()?;
        members.get("userName")?;
        members.insert("id".into(), id.into());
        members.insert("active".into(), false.into());
        Some(self.send("PUT", shape::user(id), body))
    }

    fn find_user(&self, place: &Place, value: &str) -> Request {
        // Assumed: a guide of a third party says that there is a lookup.
        Request::new("GET", shape::found_by("/Users", &place.to_string(), value, Encoding::Percent))
    }

    fn create_user(&self, person: &Subject, _dice: &mut Dice) -> Request {
        let mut body = self.attributes(person);
        body.insert("schemas".into(), json!([USER, ENTERPRISE])); // Q-C01
        self.send("POST", "/Users".into(), Value::Object(body))
    }

    fn update_user(
        &self,
        id: &str,
        person: &Subject,
        _change: Change,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        vec![self.put(id, person)] // Q-U20
    }

    fn create_group(&self, group: &GroupSubject) -> Request {
        // Assumed: the body.
        let body = json!({ "displayName": group.display_name, "members": [], "schemas": [GROUP] });
        self.send("POST", "/Groups".into(), body)
    }

    fn rename_group(
        &self,
        id: &str,
        group: &GroupSubject,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<Request> {
        // Assumed: all of it.
        vec![self.patch(id, vec![shape::replace("displayName", group.display_name.as_str())])]
    }

    fn change_members(
        &self,
        id: &str,
        _group: &GroupSubject,
        change: &MemberChange,
        _current: Option<&Map<String, Value>>,
    ) -> Vec<MemberRequest> {
        // Assumed: lists of members, also to remove them (Q-G01), as a guide of a third party has it.
        let remove =
            |batch: &[Member]| vec![json!({ "op": "remove", "path": "members", "value": shape::ids(batch) })];
        let request = |operations| self.patch(id, operations);
        shape::in_batches(change, MEMBERS_AT_ONCE, request, remove, |batch| vec![shape::add(batch)])
    }
}
