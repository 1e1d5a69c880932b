//! Generated directories.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::super::{ENTERPRISE, Member, PersonStatus, parse};
use super::*;
use crate::diagnostic::SourceFile;
use crate::protocol::schema::{Attribute, Mutability, Registry, Returned};

fn plan(people: usize, groups: usize, seed: u64) -> Plan {
    Plan { people, groups, seed, domain: DEFAULT_DOMAIN.to_owned() }
}

fn text(plan: &Plan) -> String {
    String::from_utf8(generate(plan, Vec::new()).unwrap()).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_text_for_ever() {
    let digest = |plan: &Plan| -> String {
        Sha256::digest(text(plan)).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    };
    insta::assert_snapshot!(digest(&plan(300, 40, 1)), @"b7ac6d2b94ccd92c");
    assert_ne!(digest(&plan(300, 40, 1)), digest(&plan(300, 40, 2)));
}

#[test]
fn the_first_person_and_the_last_group() {
    let text = text(&plan(20, 2, 7));
    let (people, groups) = text.split_once("groups:\n").unwrap();
    let first: Vec<&str> = people.lines().take(32).collect();
    insta::assert_snapshot!(format!("{}\n…\n{groups}", first.join("\n")), @r#"
    # 20 invented people and 2 groups, made by `scimulator directory generate` from the seed 7.
    people:
      eloise-saintexupere:
        userName: eloise.saintexupere@acme.example.com
        externalId: "3fdabe86cbbeaa11"
        name: { givenName: Éloïse, familyName: Saint-Exupère, formatted: Éloïse Saint-Exupère }
        displayName: Éloïse Saint-Exupère
        title: Chief Executive Officer
        userType: Employee
        preferredLanguage: fr-FR
        emails:
          - { value: eloise.saintexupere@acme.example.com, type: work, primary: true }
        urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:
          employeeNumber: "100000"
          department: Engineering
          costCenter: "4060"
          division: Technology
      sakura-watanabe:
        userName: sakura.watanabe@acme.example.com
        externalId: f89c5aca8c448a78
        name: { givenName: さくら, familyName: 渡辺, formatted: 渡辺 さくら }
        displayName: 渡辺 さくら
        title: Head of Engineering
        userType: Employee
        preferredLanguage: ja-JP
        locale: ja-JP
        timezone: Europe/London
        emails:
          - { value: sakura.watanabe@acme.example.com, type: work, primary: true }
        phoneNumbers:
          - { value: "+44 161 496 0175", type: work, primary: true }
        addresses:
    …
      all-staff:
        displayName: All Staff
        externalId: "356f241a-0000"
        members: [eloise-saintexupere, sakura-watanabe, niamh-nidhonnchadha, ihor-kravchenko, dimitra-vlachos, begona-otxoa,
          evelyn-stjames, malgorzata-wisniewska, evelyn-oconnor, ramon-ibanez, lukas-gross, evelyn-lewis,
          joaquin-delafuente, juergen-gross, grace-ellis, liam-norris, joao-araujo, liam-carter, jack-johnsonreid,
          noa-almog]
      engineering:
        displayName: Engineering
        externalId: "28ba8ac4-0001"
        members: [dimitra-vlachos, liam-norris]
    "#);
}

/// The names of an attribute and of its parts, those aside that no directory gives.
fn paths(attribute: &Attribute, found: &mut Vec<String>) {
    let is_given = attribute.mutability != Mutability::ReadOnly && attribute.returned != Returned::Never;
    if is_given {
        found.push(attribute.name.clone());
        for sub in
            attribute.sub_attributes.iter().filter(|sub| !["$ref", "display"].contains(&sub.name.as_str()))
        {
            if sub.mutability != Mutability::ReadOnly && attribute.name != "manager" {
                found.push(format!("{}.{}", attribute.name, sub.name));
            }
        }
    }
}

#[test]
fn every_attribute_and_every_script_is_there() {
    let directory = parse(&SourceFile::new("a", text(&plan(3_000, 120, 1)))).unwrap();
    assert_eq!((directory.people.len(), directory.groups.len()), (3_000, 120));
    let mut seen = HashSet::new();
    for person in &directory.people {
        assert!(person.attributes["userName"].as_str().unwrap().is_ascii());
        for (name, value) in &person.attributes {
            let members = value
                .as_object()
                .into_iter()
                .chain(value.as_array().into_iter().flatten().filter_map(|it| it.as_object()));
            for member in members.flat_map(|members| members.keys()) {
                seen.insert(if name == ENTERPRISE { member.clone() } else { format!("{name}.{member}") });
            }
            seen.insert(name.clone());
        }
    }
    let registry = Registry::standard();
    let user = registry.by_name("User").unwrap();
    let mut wanted = Vec::new();
    let attributes = user.core.attributes.iter().chain(&user.extensions[0].schema.attributes);
    attributes.for_each(|attribute| paths(attribute, &mut wanted));
    // What the status and the manager of a person say, and what is of no use with a single element.
    let missing: Vec<&String> = wanted
        .iter()
        .filter(|path| !seen.contains(*path) && !["active", "manager"].contains(&path.as_str()))
        .filter(|path| {
            !["ims", "photos", "roles", "entitlements", "x509Certificates"]
                .iter()
                .any(|rare| path.starts_with(rare))
                || !path.contains('.')
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");

    let shown: String =
        directory.people.iter().map(|person| person.attributes["displayName"].as_str().unwrap()).collect();
    for letter in ["ö", "Ł", "'", "-", "Ш", "Π", "ل", "נ", "श", "王", "さ", "ア", "김"] {
        assert!(shown.contains(letter), "{letter}");
    }
    for (word, status) in PersonStatus::WORDS {
        assert!(directory.people.iter().any(|person| person.status == status), "{word}");
    }
    let managers: HashSet<_> = directory.people.iter().filter_map(|person| person.manager.as_ref()).collect();
    assert!(
        managers.len() > 200
            && directory.people.iter().filter(|person| person.manager.is_none()).count() == 1
    );
}

#[test]
fn sizes_of_groups_are_skewed() {
    let directory = parse(&SourceFile::new("a", text(&plan(5_000, 400, 3)))).unwrap();
    let sizes: Vec<usize> = directory.groups.iter().map(|group| group.members.len()).collect();
    assert_eq!(sizes[0], 5_000);
    assert!(
        sizes.iter().filter(|size| **size < 10).count() > 200
            && sizes.iter().filter(|size| **size > 300).count() > 1
    );
    assert!(sizes.contains(&0));
    let is_nested = |member: &Member| matches!(member, Member::Group(_));
    let nested = directory.groups.iter().filter(|group| group.members.iter().any(is_nested)).count();
    assert!(nested > 20, "{nested}");
    for group in &directory.groups {
        let keys: HashSet<&str> = group.members.iter().map(Member::key).collect();
        assert_eq!(keys.len(), group.members.len(), "{}", group.key);
    }
}

#[test]
fn every_size_can_be_read() {
    for (people, groups) in [(0, 0), (1, 1), (1, 60), (2, 30), (16, 3)] {
        assert!(parse(&SourceFile::new("a", text(&plan(people, groups, 9)))).is_ok(), "{people} {groups}");
    }
}

#[test]
fn addresses_reach_nobody() {
    for good in ["example.com", "acme.example.com", "a.test", "x.y.example"] {
        assert!(is_safe_domain(good), "{good}");
    }
    for bad in ["acme.com", "notexample.com", "", ".example.com", "a..test", "A.test", "-a.test", "a b.test"]
    {
        assert!(!is_safe_domain(bad), "{bad}");
    }
}
