//! Google Workspace, automated provisioning of a catalogue application.
//!
//! Google publishes no format, and no capture was found; documented is only what an administrator sees: that people are suspended
//! and deleted, with delays, and that groups do not matter. The requests are the plainest of RFC 7644.

use std::time::Duration;

use serde_json::Value;

use super::shape;
use super::{Accepts, Basis, Dice, Habits, Leave, Leaving, Probe, Speech, Subject};
use crate::exchange::{Request, SCIM_JSON};

/// Google Workspace.
pub static GOOGLE: Google = Google;

/// How Google Workspace is taken to speak.
pub struct Google;

const HOUR: u64 = 60 * 60;

static HABITS: Habits = Habits {
    product: "Google Workspace",
    basis: Basis::Assumed(
        "no format is published; the help for administrators tells when people are suspended and deleted, guides of third parties \
         the first request and that nothing but the userName is sent; that `active` is sent with it, also on create, is added, because \
         nobody could be suspended otherwise",
    ),
    quirks: &["Q-T13", "Q-D10"],
    interval: Duration::from_secs(3 * HOUR), // "every few hours"
    reads: true,
    leaving: Leaving {
        // Suspended now, deleted up to 21 days after the loss of access (Q-D10), of whatever kind.
        purge: Some(Duration::from_secs(21 * 24 * HOUR)),
        purges_all: true,
        options: &[Leave::Deactivate, Leave::Delete],
        ..Habits::UNKNOWN.leaving
    },
    // Said not to be pushed to applications with an interface of their own.
    groups: None,
    ..Habits::UNKNOWN
};

/// A guide of a third party says that nothing but the userName comes; a catalogue application has a list of its own.
const TABLE: &[(&str, &str)] = &[("userName", "[userName]"), ("active", "[active]")];

impl Speech for Google {
    fn habits(&self) -> &Habits {
        &HABITS
    }

    fn table(&self) -> &'static [(&'static str, &'static str)] {
        TABLE
    }

    fn dress(&self, _request: &mut Request, _dice: &mut Dice) {}

    fn connection_test(&self, _groups: bool, _dice: &mut Dice) -> Vec<Probe> {
        vec![Probe { request: Request::new("GET", "/Users?count=1"), accepts: Accepts::List }] // Q-T13
    }

    fn create_user(&self, person: &Subject, _dice: &mut Dice) -> Request {
        shape::send("POST", "/Users", SCIM_JSON, &Value::Object(shape::whole(person)))
    }
}
