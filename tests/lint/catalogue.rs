//! The tables of the lint against the catalogue of requirements and quirks.

use std::collections::BTreeMap;

use scimulator::conformance::catalogue::{self, Actor, Force};
use scimulator::lint::rules::{ALL, ALSO};
use scimulator::lint::{Kind, NOT_SEEN, quirks};

/// Id and reason of everything that no rule sees.
fn not_seen() -> BTreeMap<String, String> {
    let rows: Vec<(String, String)> =
        csv::Reader::from_reader(NOT_SEEN.as_bytes()).deserialize().collect::<Result<_, _>>().unwrap();
    let count = rows.len();
    let table: BTreeMap<_, _> = rows.into_iter().collect();
    assert_eq!(table.len(), count, "ids are distinct");
    table
}

#[test]
fn every_requirement_for_clients_is_seen_or_has_a_reason() {
    let seen: Vec<&str> =
        ALL.iter().filter_map(|rule| rule.requirement).chain(ALSO.iter().map(|(id, _)| *id)).collect();
    let not_seen = not_seen();
    for id in &seen {
        assert!(catalogue::requirement(id).is_some(), "{id} is in the catalogue");
        assert!(!not_seen.contains_key(*id), "{id} is seen");
    }
    for requirement in catalogue::requirements().iter().filter(|row| row.actor != Actor::Server) {
        let id = requirement.id.as_str();
        assert!(seen.contains(&id) || not_seen.contains_key(id), "{id}: neither a rule nor a reason");
    }
}

#[test]
fn every_quirk_is_seen_or_has_a_reason() {
    let seen: Vec<&str> = ALL.iter().flat_map(|rule| rule.quirks).copied().collect();
    let not_seen = not_seen();
    for quirk in catalogue::quirks() {
        let (is_seen, has_reason) = (seen.contains(&quirk.id.as_str()), not_seen.contains_key(&quirk.id));
        assert!(is_seen != has_reason, "{}: rule {is_seen}, reason {has_reason}", quirk.id);
    }
    for id in not_seen.keys() {
        assert!(
            catalogue::quirk(id).is_some() || catalogue::requirement(id).is_some(),
            "{id} is in the catalogue"
        );
    }
}

#[test]
fn every_quirk_of_a_rule_has_senders_and_the_catalogue_knows_it() {
    let mut seen: Vec<&str> = ALL.iter().flat_map(|rule| rule.quirks).copied().collect();
    seen.sort_unstable();
    seen.dedup();
    let mut listed: Vec<&str> = quirks::QUIRKS.iter().map(|(id, _)| *id).collect();
    listed.sort_unstable();
    assert_eq!(seen, listed);
    for id in seen {
        assert!(catalogue::quirk(id).is_some() && !quirks::senders(id).is_empty(), "{id}");
    }
    assert_eq!(quirks::senders("Q-XXX"), [""; 0]);
}

/// What the RFCs allow, or only advise against, is no violation.
#[test]
fn a_violation_rests_on_more_than_advice() {
    for rule in ALL {
        let force = rule.requirement.and_then(catalogue::requirement).map(|requirement| requirement.force);
        match (rule.kind, force) {
            (Kind::Violation, None) => panic!("{}: nothing says so", rule.id),
            (Kind::Violation, Some(Force::Should | Force::ShouldNot)) => panic!("{}: only advice", rule.id),
            (Kind::Violation, Some(Force::May)) => assert_eq!(rule.id, "bulk-fail-on-errors"),
            _ => {}
        }
    }
}

#[test]
fn rules_have_ids_of_their_own() {
    let mut ids: Vec<&str> = ALL.iter().map(|rule| rule.id).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
