//! Every filter that RFC 7644 prints, by section, with the resources of this file that it selects.

use serde_json::json;

use super::{Compiled, ElementFilter, parse_with};
use crate::protocol::Resource;
use crate::protocol::path;
use crate::protocol::policy::Policy;
use crate::protocol::schema::{ENTERPRISE_USER, GROUP, Registry, USER};

/// Canonical resources: their `id` is how the tables below name them.
fn resources() -> Vec<(&'static str, Resource)> {
    let all = json!([
        {
            "type": "User", "schemas": [USER, ENTERPRISE_USER], "id": "barbara", "userName": "bjensen",
            "displayName": "Smith, Barbara", "title": "Tour Guide", "userType": "Employee",
            "name": { "familyName": "Jensen", "givenName": "Barbara" },
            "emails": [
                { "value": "bjensen@example.com", "type": "work", "primary": true },
                { "value": "babs@jensen.org", "type": "home" },
            ],
            "ims": [{ "value": "babs@foo.com", "type": "aim" }],
            (ENTERPRISE_USER): { "employeeNumber": "701984" },
            "meta": { "resourceType": "User", "lastModified": "2011-05-13T04:42:34Z" },
        },
        {
            "type": "User", "schemas": [USER], "id": "john", "userName": "John", "displayName": "smithy",
            "userType": "Intern", "name": { "familyName": "O'Malley" },
            "emails": [
                { "value": "john@example.org", "type": "work" },
                { "value": "jom@example.com", "type": "home" },
            ],
            "ims": [{ "value": "john@foo.com", "type": "xmpp" }],
            "meta": { "resourceType": "User", "lastModified": "2012-05-13T04:42:34Z" },
        },
        {
            "type": "User", "schemas": [USER], "id": "jane", "userName": "jane", "displayName": "Jane Smith",
            "title": "", "userType": "Contractor",
            "meta": { "resourceType": "User", "lastModified": "2010-05-13T04:42:34Z" },
        },
        {
            "type": "Group", "schemas": [GROUP], "id": "group-a", "displayName": "Group A",
            "members": [{ "value": "2819c223-7f76-453a-919d-413861904646", "type": "User" }],
            "meta": { "resourceType": "Group", "lastModified": "2011-05-13T04:42:34Z" },
        },
        {
            "type": "Group", "schemas": [GROUP], "id": "guides", "displayName": "Tour Guides",
            "meta": { "resourceType": "Group", "lastModified": "2011-05-13T04:42:34Z" },
        },
    ]);
    let member = |mut resource: Resource| match resource.remove("type").unwrap().as_str() {
        Some("User") => ("User", resource),
        _ => ("Group", resource),
    };
    all.as_array().unwrap().iter().map(|one| member(one.as_object().unwrap().clone())).collect()
}

/// The ids of the resources that match, of one type or, as at the root, of all of them.
fn select(filter: &str, only: Option<&str>, policy: &Policy) -> Vec<String> {
    let registry = Registry::standard();
    let parsed = parse_with(filter, policy).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let matches = |kind: &str, resource: &Resource| {
        let schema = registry.by_name(kind).unwrap();
        let compiled = match only {
            Some(_) => Compiled::new(&parsed, schema, policy),
            None => Compiled::for_any_type(&parsed, schema, policy),
        };
        compiled.unwrap_or_else(|error| panic!("{filter}: {error}")).matches(resource)
    };
    let all = resources()
        .into_iter()
        .filter(|(kind, resource)| only.is_none_or(|only| only == *kind) && matches(kind, resource));
    all.map(|(_, resource)| resource["id"].as_str().unwrap().to_owned()).collect()
}

/// Section, endpoint, filter, ids of what it selects.
const STRICT: &[(&str, &str, &str, &[&str])] = &[
    ("3.4.2.2", "User", r#"userName Eq "john""#, &["john"]),
    ("3.4.2.2", "User", r#"Username eq "john""#, &["john"]),
    ("figure 2", "User", r#"userName eq "bjensen""#, &["barbara"]),
    ("figure 2", "User", r#"name.familyName co "O'Malley""#, &["john"]),
    ("figure 2", "User", r#"userName sw "J""#, &["john", "jane"]),
    ("figure 2", "User", r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#, &["john", "jane"]),
    ("figure 2", "User", "title pr", &["barbara"]),
    ("figure 2", "User", r#"meta.lastModified gt "2011-05-13T04:42:34Z""#, &["john"]),
    ("figure 2", "User", r#"meta.lastModified ge "2011-05-13T04:42:34Z""#, &["barbara", "john"]),
    ("figure 2", "User", r#"meta.lastModified lt "2011-05-13T04:42:34Z""#, &["jane"]),
    ("figure 2", "User", r#"meta.lastModified le "2011-05-13T04:42:34Z""#, &["barbara", "jane"]),
    ("figure 2", "User", r#"title pr and userType eq "Employee""#, &["barbara"]),
    ("figure 2", "User", r#"title pr or userType eq "Intern""#, &["barbara", "john"]),
    (
        "figure 2",
        "User",
        "\n schemas eq \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"",
        &["barbara"],
    ),
    (
        "figure 2",
        "User",
        "userType eq \"Employee\" and (emails co \"example.com\" or\n  emails.value co \"example.org\")",
        &["barbara"],
    ),
    (
        "figure 2",
        "User",
        "userType ne \"Employee\" and not (emails co \"example.com\" or\n  emails.value co \"example.org\")",
        &["jane"],
    ),
    ("figure 2", "User", r#"userType eq "Employee" and (emails.type eq "work")"#, &["barbara"]),
    (
        "figure 2",
        "User",
        "userType eq \"Employee\" and emails[type eq \"work\" and\n  value co \"@example.com\"]",
        &["barbara"],
    ),
    (
        "figure 2",
        "User",
        "emails[type eq \"work\" and value co \"@example.com\"] or\n  ims[type eq \"xmpp\" and value co \"@foo.com\"]",
        &["barbara", "john"],
    ),
    ("figure 4", "User", r#"displayName sw "smith""#, &["barbara", "john"]),
    ("table 9", "User", "(userName pr)", &["barbara", "john", "jane"]),
];

/// The two that do not follow the RFC's own grammar: they need the policy.
const LENIENT: &[(&str, &str, &[&str])] = &[
    (
        "3.4.2.1",
        "(meta.resourceType eq User) or (meta.resourceType eq Group)",
        &["barbara", "john", "jane", "group-a", "guides"],
    ),
    ("3.7.1", "displayName sw 'Group'", &["group-a"]),
];

#[test]
fn filters_of_rfc_7644_select_what_the_text_says() {
    for (section, endpoint, filter, expected) in STRICT {
        let found = select(filter, Some(endpoint), &Policy::STRICT);
        assert_eq!(found, *expected, "{section}: {filter}");
    }
}

#[test]
fn filters_of_rfc_7644_that_break_its_grammar_need_the_policy() {
    let lenient = Policy { bare_filter_literals: true, ..Policy::STRICT };
    for (section, filter, expected) in LENIENT {
        assert!(parse_with(filter, &Policy::STRICT).is_err(), "{section}: {filter}");
        assert_eq!(select(filter, None, &lenient), *expected, "{section}: {filter}");
    }
}

#[test]
fn at_the_root_an_attribute_that_a_type_lacks_has_no_value() {
    for (filter, expected) in [
        (r#"meta.resourceType eq "Group" and displayName sw "group""#, vec!["group-a"]),
        (r#"userName eq "bjensen" or members pr"#, vec!["barbara", "group-a"]),
        (r#"not (userName pr)"#, vec!["group-a", "guides"]),
        (r#"userName eq null"#, vec!["group-a", "guides"]),
        (r#"userType ne "Employee""#, vec!["john", "jane", "group-a", "guides"]),
        (r#"emails[type eq "work"]"#, vec!["barbara", "john"]),
        (r#"nonsense pr or urn:x:y:z.w pr"#, vec![]),
    ] {
        assert_eq!(select(filter, None, &Policy::STRICT), expected, "{filter}");
    }
}

/// Section, path, resource, and the `value` of each element that its filter selects.
const PATHS: &[(&str, &str, &str, &[&str])] = &[
    ("3.5.2", "members", "Group", &[]),
    ("3.5.2", "name.familyName", "User", &[]),
    ("3.5.2", r#"addresses[type eq "work"]"#, "User", &[]),
    (
        "3.5.2",
        "members[value eq\n \"2819c223-7f76-453a-919d-413861904646\"]",
        "Group",
        &["2819c223-7f76-453a-919d-413861904646"],
    ),
    (
        "3.5.2",
        "members[value eq\n \"2819c223-7f76-453a-919d-413861904646\"].displayName",
        "Group",
        &["2819c223-7f76-453a-919d-413861904646"],
    ),
    ("3.5.2.2", r#"members[value eq "2819c223-7f76-...413861904646"]"#, "Group", &[]),
    ("3.5.2.2", r#"emails[type eq "work" and value ew "example.com"]"#, "User", &["bjensen@example.com"]),
    ("3.5.2.2", r#"members[value eq"2819c223...919d-413861904646"]"#, "Group", &[]),
    ("3.5.2.3", r#"addresses[type eq "work"].streetAddress"#, "User", &[]),
    ("3.7.3", "nickName", "User", &[]),
    ("3.10", "urn:ietf:params:scim:schemas:core:2.0:User:name.givenName", "User", &[]),
];

#[test]
fn paths_of_rfc_7644_select_what_the_text_says() {
    let registry = Registry::standard();
    for (section, text, kind, expected) in PATHS {
        let path = path::parse(text, &Policy::STRICT).unwrap_or_else(|error| panic!("{text}: {error}"));
        let Some(filter) = &path.filter else {
            assert!(registry.by_name(kind).unwrap().bind(&path.attr).is_ok(), "{section}: {text}");
            continue;
        };
        let attribute = registry.by_name(kind).unwrap().attribute(&path.attr.name).unwrap();
        let elements = ElementFilter::new(filter, attribute, &Policy::STRICT).unwrap();
        let (_, resource) = resources().into_iter().find(|(name, _)| name == kind).unwrap();
        let values =
            resource.get(&attribute.name).and_then(|value| value.as_array()).cloned().unwrap_or_default();
        let selected = values.iter().filter(|value| elements.matches(value));
        let found: Vec<_> = selected.map(|value| value["value"].as_str().unwrap()).collect();
        assert_eq!(found, *expected, "{section}: {text}");
    }
}
