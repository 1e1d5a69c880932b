//! Every request that a dialect can send, in full; and what holds of every dialect.

use std::fmt::Write;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{
    Accepts, Change, Dice, GroupSubject, Leave, Member, MemberChange, MemberRequest, Speech, Subject,
};
use crate::exchange::Request;
use crate::idp::Dialect;
use crate::idp::directory::{Person, PersonStatus};
use crate::idp::mapping::{MANAGER, Mapping, Place};

const ID: &str = "7f3c";

/// `METHOD target`, headers, the body as JSON.
fn show(request: &Request) -> String {
    let mut text = format!("{} {}\n", request.method, request.target);
    for (name, value) in request.headers.iter() {
        writeln!(text, "{name}: {value}").unwrap();
    }
    if !request.body.is_empty() {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        writeln!(text, "{}", serde_json::to_string_pretty(&body).unwrap()).unwrap();
    }
    text
}

/// All requests of a dialect, by what they are for.
fn requests(
    speech: &dyn Speech,
    attributes: &Map<String, Value>,
    names: [&str; 2],
) -> Vec<(String, Request)> {
    let [id, _] = names;
    let mut dice = Dice::new(1);
    let mut all: Vec<(String, Request)> = Vec::new();
    let mapping = Mapping::table(speech.table()).unwrap();
    let subject = |active: bool| {
        let person = Person {
            key: "ada".into(),
            attributes: attributes.clone(),
            manager: None,
            status: PersonStatus::Active,
        };
        Subject { key: "ada".into(), profile: mapping.apply(&person, active, Some("b2")), active }
    };
    let person = subject(true);

    for probe in speech.connection_test(true, &mut dice) {
        let accepts = probe.accepts;
        if accepts == Accepts::Created
            && let Some(request) = speech.disable_test_user(id, &probe.request)
        {
            all.push((format!("connection test, {accepts:?}"), probe.request));
            all.push(("test user that cannot be deleted".into(), request));
            continue;
        }
        all.push((format!("connection test, {accepts:?}"), probe.request));
    }
    for name in speech.habits().matching {
        let place = Place::parse(name).unwrap();
        let value = person.profile.get(&place).map(ToString::to_string).unwrap_or_default();
        all.push((format!("lookup by {name}"), speech.find_user(&place, value.trim_matches('"'))));
    }
    all.push(("create".into(), speech.create_user(&person, &mut dice)));
    all.push(("read".into(), speech.read_user(id)));
    let shown = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": id, "userName": "old@acme.example.com", "active": true,
        "meta": { "resourceType": "User" },
    });
    let shown = shown.as_object().cloned().unwrap();
    for (what, change, active) in [
        ("update", Change::Profile, true),
        ("deactivate", Change::Deactivate, false),
        ("reactivate", Change::Reactivate, true),
    ] {
        for (how, current) in [("unread", None), ("read", Some(&shown))] {
            let sent = speech.update_user(id, &subject(active), change, current);
            all.extend(sent.into_iter().map(|request| (format!("{what}, {how}"), request)));
        }
    }
    all.push(("delete".into(), speech.delete_user(id)));
    all.extend(speech.find_manager(id, "b2").map(|request| ("manager?".into(), request)));
    for manager in [Some("b2"), None] {
        let sent = speech.set_manager(id, manager).into_iter();
        all.extend(sent.map(|request| (format!("manager {manager:?}"), request)));
    }
    if let Some(page) = speech.habits().import {
        for start in [1, 101] {
            all.push((format!("import from {start}"), speech.import_page("/Groups", start, page)));
        }
    }
    if speech.habits().groups.is_some() {
        all.extend(group_requests(speech, names));
    }
    for (_, request) in &mut all {
        speech.dress(request, &mut dice);
    }
    all
}

/// Those about groups.
fn group_requests(speech: &dyn Speech, names: [&str; 2]) -> Vec<(String, Request)> {
    let [id, group_name] = names;
    let mut all: Vec<(String, Request)> = Vec::new();
    let member = |key: &str| {
        let display = format!("{key}@acme.example.com");
        Member { key: key.into(), id: format!("{key}-{id}"), display, is_group: false }
    };
    let group = GroupSubject {
        key: "engineering".into(),
        display_name: group_name.into(),
        external_id: Some("00g1".into()),
        members: vec![member("ada"), member("grace")],
    };
    all.push(("group lookup".into(), speech.find_group(group_name)));
    for start in [1, 101] {
        all.push((format!("groups from {start}"), speech.list_groups(start)));
    }
    all.push(("group create".into(), speech.create_group(&group)));
    all.push(("group read".into(), speech.read_group(id)));
    let renames = speech.rename_group(id, &group, None).into_iter();
    all.extend(renames.map(|request| ("group rename".into(), request)));
    let joining = MemberChange { added: vec![member("ada"), member("grace")], removed: Vec::new() };
    let leaving = MemberChange { added: Vec::new(), removed: vec![member("alan")] };
    for (what, change) in [("two join", joining), ("one leaves", leaving)] {
        let sent = speech.change_members(id, &group, &change, None).into_iter();
        let text = |one: &MemberRequest| format!("{what} (+{:?} -{:?})", one.adds, one.removes);
        all.extend(sent.map(|one| (text(&one), one.request)));
    }
    all.extend(speech.delete_group(id).map(|request| ("group delete".into(), request)));
    all
}

#[test]
fn every_request_of_every_dialect() {
    let ada = json!({
        "userName": "ada@acme.example.com",
        "externalId": "00u1acme7ada",
        "name": { "formatted": "Ada O'Keefe", "givenName": "Ada", "familyName": "O'Keefe" },
        "displayName": "Ada O'Keefe",
        "locale": "en-GB",
        "emails": [
            { "value": "ada@acme.example.com", "type": "work" },
            { "value": "ada@home.example.com", "type": "home" },
        ],
        "addresses": [{ "type": "work", "locality": "London", "country": "GB" }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "R&D" },
    });
    for (word, dialect) in Dialect::WORDS {
        let all = requests(dialect.speech(), ada.as_object().unwrap(), [ID, "Finance & Controlling"]);
        let text: String =
            all.iter().map(|(what, request)| format!("# {what}\n{}\n", show(request))).collect();
        insta::assert_snapshot!(*word, text);
    }
}

#[test]
fn an_empty_person_is_sent_as_the_dialect_sends_what_has_no_value() {
    let update = |dialect: Dialect, person: Value| {
        let all = requests(dialect.speech(), person.as_object().unwrap(), [ID, "G"]);
        let (_, request) = all.into_iter().find(|(what, _)| what == "update, unread").unwrap();
        serde_json::from_slice::<Value>(&request.body).unwrap()
    };
    let named = json!({ "userName": "n", "displayName": "N" });
    let jumpcloud = update(Dialect::JumpCloud, named);
    assert_eq!(
        (&jumpcloud["emails"], &jumpcloud["addresses"], &jumpcloud["phoneNumbers"]),
        (&Value::Null, &json!([]), &json!([]))
    );
    assert!(jumpcloud.get("emails").is_some(), "Q-U21 says null, not absent");
    let names: Vec<&String> = jumpcloud.as_object().unwrap().keys().collect();
    assert!(names.is_sorted(), "{names:?}");
    // Of whom less is known, that is sent which was captured in full (Q-U21).
    let nobody = json!({ "userName": "n", "name": { "givenName": "N", "familyName": "O" } });
    let short = json!({
        "active": true, "emails": null, "id": ID, "name": { "familyName": "O", "givenName": "N" },
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "n",
    });
    assert_eq!(update(Dialect::JumpCloud, nobody.clone()), short);
    assert_eq!(update(Dialect::PingOne, nobody).get("emails"), None);
}

#[test]
fn one_address_of_pingone_has_neither_type_nor_primary() {
    let one = json!({ "userName": "n", "emails": [{ "type": "work", "value": "a@x.example.com" }] });
    for dialect in [Dialect::PingOne, Dialect::PingFederate, Dialect::OneLogin] {
        let all = requests(dialect.speech(), one.as_object().unwrap(), [ID, "G"]);
        let (_, request) = all.into_iter().find(|(what, _)| what == "create").unwrap();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["emails"], json!([{ "value": "a@x.example.com" }]), "{dialect}");
    }
}

#[test]
fn every_table_can_be_read_and_is_what_the_habits_need() {
    for (word, dialect) in Dialect::WORDS {
        let (speech, habits) = (dialect.speech(), dialect.speech().habits());
        let table = Mapping::table(speech.table()).unwrap_or_else(|error| panic!("{word}: {error}"));
        assert!(table.maps("userName") && table.maps("active"), "{word}");
        assert!(!habits.product.is_empty(), "{word}");
        assert!(!habits.matching.is_empty() && habits.matching.iter().all(|name| table.maps(name)), "{word}");
        let options = habits.leaving.options;
        assert!(options.is_empty() || options.contains(&habits.leaving.unassigned), "{word}");
        assert!(habits.leaving.purge.is_none() || habits.leaving.unassigned == Leave::Deactivate, "{word}");
        assert!(habits.leaving.purge.is_some() || !habits.leaving.purges_all, "{word}");
        let refers = table.rules().iter().any(|rule| rule.expression.uses(MANAGER));
        assert_eq!(!speech.set_manager(ID, None).is_empty(), refers && habits.manager_apart, "{word}");
        let rows = habits.quirks;
        assert!(rows.iter().all(|row| row.starts_with("Q-") && row.len() == 5), "{word}");
        assert!(rows.iter().enumerate().all(|(at, row)| !rows[..at].contains(row)), "{word}");
    }
}

#[test]
fn who_replaces_the_whole_account_keeps_what_was_sent() {
    let keeping = Dialect::WORDS.iter().filter(|(_, dialect)| dialect.speech().replaces_unread());
    let keeping: Vec<&str> = keeping.map(|(word, _)| *word).collect();
    assert_eq!(keeping, ["onelogin", "jumpcloud", "pingfederate", "pingone"]);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let name = prop_oneof![
            Just("value".to_owned()),
            Just("type".to_owned()),
            Just("primary".to_owned()),
            ".{0,6}"
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_person_and_no_group_makes_a_dialect_fail(
        values in prop::collection::vec(any_json(), 10), id in any::<String>(), name in any::<String>(),
    ) {
        let names = [
            "userName", "externalId", "name", "displayName", "emails", "addresses", "phoneNumbers", "locale", "title",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ];
        let attributes: Map<String, Value> = names.iter().map(ToString::to_string).zip(values).collect();
        for (word, dialect) in Dialect::WORDS {
            for (what, request) in requests(dialect.speech(), &attributes, [&id, &name]) {
                let is_line = request.target.bytes().all(|byte| byte.is_ascii_graphic());
                prop_assert!(request.target.starts_with('/') && is_line, "{} {}: {}", word, what, request.target);
                let is_json = request.body.is_empty() || serde_json::from_slice::<Value>(&request.body).is_ok();
                prop_assert!(is_json, "{} {}", word, what);
            }
        }
    }
}
