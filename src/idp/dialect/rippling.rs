//! Rippling, a custom SCIM application.
//!
//! No capture was found. Guides of third parties and the code of a target tell of the first request, the lookup by externalId,
//! the attributes, and of switches with which an administrator turns groups on and chooses PATCH or PUT for them. The other
//! requests are the plainest of RFC 7644.

use serde_json::Value;

use super::shape;
use super::{Accepts, Basis, Dice, Habits, Leave, Leaving, Probe, Speech, Subject};
use crate::exchange::{Request, SCIM_JSON};

/// Rippling.
pub static RIPPLING: Rippling = Rippling;

/// How Rippling is taken to speak.
pub struct Rippling;

static HABITS: Habits = Habits {
    product: "Rippling",
    basis: Basis::Assumed(
        "guides of third parties name the first request, the lookup and the attributes; no capture was found",
    ),
    // Q-G02 is the plain form of a removal, which is assumed.
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

    fn create_user(&self, person: &Subject, _dice: &mut Dice) -> Request {
        let mut body = shape::whole(person);
        let emails = body.get_mut("emails").and_then(Value::as_array_mut);
        if let Some(Value::Object(first)) = emails.and_then(|emails| emails.first_mut()) {
            first.entry("primary").or_insert(true.into());
        }
        shape::send("POST", "/Users", SCIM_JSON, &Value::Object(body))
    }
}
