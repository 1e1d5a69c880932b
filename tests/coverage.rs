//! Every identity provider is heard about everything that happens to an account or a group.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::Sandbox;

const DIALECTS: [&str; 11] = [
    "okta",
    "okta-aiw",
    "entra",
    "entra-aadoptscim",
    "onelogin",
    "jumpcloud",
    "pingfederate",
    "pingone",
    "google",
    "rippling",
    "authentik",
];

/// Tags of scenarios.
const EVENTS: [&str; 16] = [
    "connection-test",
    "create",
    "match",
    "update",
    "rename",
    "deactivate",
    "reactivate",
    "delete",
    "group-push",
    "group-rename",
    "member",
    "members-1000",
    "group-delete",
    "conflict",
    "rate-limit",
    "outage",
];

/// What does not happen: dialect, event, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("pingfederate", "connection-test", "none is documented"),
    ("pingone", "connection-test", "none is documented"),
    ("google", "group-push", "groups are not pushed"),
    ("google", "group-rename", "groups are not pushed"),
    ("google", "member", "groups are not pushed"),
    ("google", "members-1000", "groups are not pushed"),
    ("google", "group-delete", "groups are not pushed"),
];

#[test]
fn every_dialect_has_a_scenario_for_every_event() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let output =
        Sandbox::new().command(&["run", "--list", &scenarios.display().to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).unwrap();
    let mut covered = BTreeSet::new();
    for line in listed.lines() {
        let id = line.split_whitespace().next().unwrap();
        let tags = line.rsplit_once('[').map_or("", |(_, tags)| tags.trim_end_matches(']'));
        let Some((_, dialect)) = id.split_once('@') else { continue };
        covered.extend(tags.split(", ").map(|tag| (dialect, tag)));
    }
    for dialect in DIALECTS {
        for event in EVENTS {
            let why = EXCEPTIONS.iter().find(|(whose, what, _)| (*whose, *what) == (dialect, event));
            match (covered.contains(&(dialect, event)), why) {
                (true, None) | (false, Some(_)) => {}
                (false, None) => panic!("no scenario of {dialect} has the tag `{event}`"),
                (true, Some((_, _, why))) => {
                    panic!("there is a scenario of {dialect} with the tag `{event}`, although {why}")
                }
            }
        }
    }
}
