//! What a bound filter means, and what binding refuses.

use serde_json::{Value, json};

use super::*;
use crate::protocol::Resource;
use crate::protocol::schema::{ENTERPRISE_USER, Registry, ResourceType, Schema, TypeSchema, USER};

/// A type with an attribute of every kind, and an extension.
fn schema() -> TypeSchema {
    let attribute = |name: &str, kind: &str, more: Value| {
        let mut json = json!({ "name": name, "type": kind });
        json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json
    };
    let plain = |name: &str, kind: &str| attribute(name, kind, json!({}));
    let complex = |name: &str, many: bool, subs: Value| {
        attribute(name, "complex", json!({ "multiValued": many, "subAttributes": subs }))
    };
    let core = json!({ "id": "urn:core", "attributes": [
        plain("text", "string"),
        attribute("exact", "string", json!({ "caseExact": true })),
        plain("flag", "boolean"),
        plain("whole", "integer"),
        plain("ratio", "decimal"),
        plain("when", "dateTime"),
        plain("bytes", "binary"),
        plain("link", "reference"),
        attribute("tags", "string", json!({ "multiValued": true })),
        complex("mails", true, json!([plain("value", "string"), plain("type", "string"), plain("primary", "boolean")])),
        complex("places", true, json!([plain("town", "string"), plain("type", "string")])),
        complex("boss", false, json!([plain("value", "string"), plain("name", "string")])),
    ]});
    let extension = json!({ "id": "urn:Ext:2.0:Thing", "attributes": [plain("extra", "string")] });
    let schemas = [core, extension].iter().map(|json| Schema::from_json(json).unwrap()).collect();
    let resource_type = json!({
        "name": "Thing", "endpoint": "/Things", "schema": "urn:core",
        "schemaExtensions": [{ "schema": "urn:Ext:2.0:Thing", "required": false }],
    });
    let registry = Registry::new(schemas, vec![ResourceType::from_json(&resource_type).unwrap()]).unwrap();
    registry.types()[0].as_ref().clone()
}

fn thing() -> Resource {
    let thing = json!({
        "schemas": ["urn:core", "urn:Ext:2.0:Thing"], "id": "1", "text": "Straße 5", "exact": "Exact", "flag": true,
        "whole": 7, "ratio": 1.0, "when": "2011-05-13T04:42:34Z", "bytes": "AQI=", "link": "https://example.com/A",
        "tags": ["Red", "green"],
        "mails": [{ "value": "a@x.org", "type": "work", "primary": true }, { "value": "b@y.org", "type": "home" }],
        "places": [{ "town": "Rome" }], "boss": { "value": "26118915", "name": "" },
        "urn:Ext:2.0:Thing": { "extra": "more" },
        "meta": { "resourceType": "Thing", "version": "W/\"1\"" },
    });
    thing.as_object().unwrap().clone()
}

fn matches_with(filter: &str, policy: &Policy) -> bool {
    let parsed = parse_with(filter, policy).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let schema = schema();
    let compiled =
        Compiled::new(&parsed, &schema, policy).unwrap_or_else(|error| panic!("{filter}: {error}"));
    compiled.matches(&thing())
}

fn refusal(filter: &str, policy: &Policy) -> String {
    let parsed = parse_with(filter, policy).unwrap_or_else(|error| panic!("{filter}: {error}"));
    Compiled::new(&parsed, &schema(), policy).expect_err(filter).to_string()
}

#[track_caller]
fn assert_table(table: &[(&str, bool)]) {
    for (filter, expected) in table {
        assert_eq!(matches_with(filter, &Policy::STRICT), *expected, "{filter}");
    }
}

#[test]
fn strings_compare_as_case_exact_says() {
    assert_table(&[
        (r#"text eq "STRAßE 5""#, true),
        (r#"text co "RASS""#, false),
        (r#"text sw "stra""#, true),
        (r#"text ew "E 5""#, true),
        (r#"text gt "straße 4""#, true),
        (r#"exact eq "Exact""#, true),
        (r#"exact eq "exact""#, false),
        (r#"exact co "xac""#, true),
        (r#"exact sw "e""#, false),
        (r#"exact gt "EXACT""#, true),
        (r#"exact lt "Exact""#, false),
        (r#"exact le "Exact""#, true),
        (r#"link eq "https://example.com/a""#, false),
        (r#"link sw "https://""#, true),
        (r#"id eq "1" and meta.resourceType eq "Thing" and meta.version eq "W/\"1\"""#, true),
        (r#"text co """#, true),
        (r#"text eq """#, false),
    ]);
}

#[test]
fn numbers_dates_flags_and_bytes_compare_by_value() {
    assert_table(&[
        ("whole eq 7.0", true),
        ("whole gt 6.5", true),
        ("whole le 6", false),
        ("ratio eq 1", true),
        ("ratio ne 1", false),
        (r#"when eq "2011-05-13T06:42:34.000+02:00""#, true),
        (r#"when gt "2011-05-13T04:42:33.999""#, true),
        (r#"when lt "2011-05-13T04:42:34Z""#, false),
        (r#"when sw "2011-05""#, true),
        ("flag eq true", true),
        ("flag ne true", false),
        (r#"bytes eq "AQI""#, true),
        (r#"bytes eq "aqi""#, false),
        (r#"bytes sw "AQ""#, true),
    ]);
}

#[test]
fn a_multi_valued_attribute_matches_when_any_value_does() {
    assert_table(&[
        (r#"tags eq "RED""#, true),
        (r#"tags eq "red" and tags eq "green""#, true),
        (r#"tags ne "red""#, true),
        (r#"not (tags eq "red")"#, false),
        (r#"tags[value sw "r" and value ew "n"]"#, false),
        (r#"tags[value sw "r"]"#, true),
        (r#"mails co "y.org""#, true),
        (r#"mails.type eq "work" and mails.value eq "b@y.org""#, true),
        (r#"mails[type eq "work" and value eq "b@y.org"]"#, false),
        (r#"mails[type eq "work"].value eq "b@y.org""#, false),
        (r#"mails[type eq "home"].value eq "b@y.org""#, true),
        (r#"mails[type eq "home" and not (primary eq true)]"#, true),
        (r#"mails[type eq "work" and primary eq null]"#, false),
        (r#"boss[value eq "26118915"]"#, true),
        (r#"schemas eq "urn:core""#, true),
    ]);
}

#[test]
fn missing_values_are_absent_null_and_different_from_everything() {
    assert_table(&[
        ("externalId pr", false),
        ("externalId eq null", true),
        ("externalId ne null", false),
        (r#"externalId ne "x""#, true),
        (r#"externalId eq """#, false),
        (r#"not (externalId eq "x")"#, true),
        (r#"externalId lt "x""#, false),
        ("text pr and text ne null", true),
        ("mails pr and boss pr and tags pr and meta pr", true),
        ("boss.name pr", false),
        ("boss.name eq null", true),
        (r#"boss.name eq """#, true),
        ("mails.primary eq null", false),
        (r#"places.type ne "x""#, true),
        ("boss eq null", false),
    ]);
}

#[test]
fn extensions_are_reached_through_their_urn_in_any_case() {
    assert_table(&[
        (r#"urn:ext:2.0:thing:EXTRA eq "More""#, true),
        (r#"urn:CORE:Text sw "str""#, true),
        (r#"urn:core:id eq "1""#, true),
        ("urn:Ext:2.0:Thing pr", true),
        ("urn:Ext:2.0:Thing eq null", false),
    ]);
}

#[test]
fn switches_of_the_policy_widen_what_is_accepted() {
    for (filter, expected, policy) in [
        (r#"flag eq "True""#, true, Policy { string_booleans: true, ..Policy::STRICT }),
        (r#"mails[primary eq "FALSE"]"#, false, Policy { string_booleans: true, ..Policy::STRICT }),
        (r#"boss eq "26118915""#, true, Policy { complex_means_value: true, ..Policy::STRICT }),
        (r#"extra eq "more""#, true, Policy { bare_extension_names: true, ..Policy::STRICT }),
        ("boss.value eq 26118915", true, Policy { bare_filter_literals: true, ..Policy::STRICT }),
        ("when gt 2011-05-13", true, Policy { bare_filter_literals: true, ..Policy::STRICT }),
    ] {
        assert!(
            Compiled::new(&parse_with(filter, &policy).unwrap(), &schema(), &Policy::STRICT).is_err(),
            "{filter}"
        );
        if filter.starts_with("when") {
            assert!(refusal(filter, &policy).contains("dateTime"), "{filter}");
        } else {
            assert_eq!(matches_with(filter, &policy), expected, "{filter}");
        }
    }
}

#[test]
fn the_reference_check_of_entra_works_on_a_user() {
    let registry = Registry::standard();
    let user = json!({ "schemas": [USER], "id": "a", (ENTERPRISE_USER): { "manager": { "value": "b" } } });
    let filter = parse(r#"id eq "a" and manager eq "b""#).unwrap();
    let schema = registry.by_name("User").unwrap();
    assert!(Compiled::new(&filter, schema, &Policy::INTEROP).unwrap().matches(user.as_object().unwrap()));
    assert!(Compiled::new(&filter, schema, &Policy::STRICT).is_err());
}

#[test]
fn what_does_not_go_together_is_refused_before_any_resource_is_looked_at() {
    let refusal = |filter: &str| refusal(filter, &Policy::STRICT);
    insta::assert_snapshot!(refusal("nonsense pr"), @"filter: `nonsense` is not an attribute of this resource type");
    insta::assert_snapshot!(refusal("extra pr"), @"filter: `extra` is not an attribute of this resource type");
    insta::assert_snapshot!(refusal("text.x pr"), @"filter: `text.x` is not an attribute of this resource type");
    insta::assert_snapshot!(refusal("flag gt true"), @"filter: `gt` does not go with `flag`, which is of type boolean");
    insta::assert_snapshot!(refusal("flag co true"), @"filter: `co` does not go with `flag`, which is of type boolean");
    insta::assert_snapshot!(refusal(r#"bytes le "AQ""#), @"filter: `le` does not go with `bytes`, which is of type binary");
    insta::assert_snapshot!(refusal("whole sw 7"), @"filter: `sw` does not go with `whole`, which is of type integer");
    insta::assert_snapshot!(refusal(r#"flag eq "true""#), @"filter: `flag` is of type boolean, compare it with `true` or `false`");
    insta::assert_snapshot!(refusal("text eq 7"), @"filter: `text` is of type string, compare it with a string in double quotes");
    insta::assert_snapshot!(refusal(r#"whole eq "7""#), @"filter: `whole` is of type integer, compare it with a number");
    insta::assert_snapshot!(refusal(r#"when gt "2011""#), @r#"filter: `when` is of type dateTime, compare it with a dateTime such as `"2011-05-13T04:42:34Z"`"#);
    insta::assert_snapshot!(refusal("text co null"), @"filter: `co` does not go with null; only `eq` and `ne` do");
    insta::assert_snapshot!(refusal(r#"boss eq "x""#), @"filter: `boss` is complex; compare a sub-attribute: `boss.value`, `boss.name`");
    insta::assert_snapshot!(refusal(r#"places eq "Rome""#), @"filter: `places` is complex; compare a sub-attribute: `places.town`, `places.type`");
    insta::assert_snapshot!(refusal(r#"urn:Ext:2.0:Thing eq "x""#), @"filter: `urn:Ext:2.0:Thing` is an extension, which can be tested with `pr` only");
    insta::assert_snapshot!(refusal(r#"text[value eq "x"]"#), @"filter: `text` has a single simple value, square brackets select nothing in it");
    insta::assert_snapshot!(refusal("urn:Ext:2.0:Thing[extra pr]"), @"filter: `urn:Ext:2.0:Thing` is an extension, square brackets select among values of an attribute");
    insta::assert_snapshot!(refusal("mails[nonsense pr]"), @"filter: `nonsense` is not a sub-attribute of `mails`");
    insta::assert_snapshot!(refusal("mails[mails.type pr]"), @"filter: `mails.type` is not a sub-attribute of `mails`");
    insta::assert_snapshot!(refusal("tags[type pr]"), @"filter: `type` is not a sub-attribute of `tags`");
}

#[test]
fn an_unknown_attribute_is_refused_only_where_one_type_is_served() {
    let schema = schema();
    for (filter, expected) in [
        ("nonsense pr", false),
        ("nonsense eq null", true),
        ("nonsense ne null", false),
        (r#"nonsense eq "x""#, false),
        ("nonsense ne 1", true),
        ("nonsense[x pr]", false),
        ("not (nonsense pr)", true),
        ("text.nonsense pr or text pr", true),
    ] {
        let filter = parse(filter).unwrap();
        assert!(Compiled::new(&filter, &schema, &Policy::STRICT).is_err(), "{filter}");
        let compiled = Compiled::for_any_type(&filter, &schema, &Policy::STRICT).unwrap();
        assert_eq!(compiled.matches(&thing()), expected, "{filter}");
    }
    let wrong_type = parse("flag gt true").unwrap();
    assert!(Compiled::for_any_type(&wrong_type, &schema, &Policy::STRICT).is_err());
}

#[test]
fn elements_are_selected_one_by_one() {
    let schema = schema();
    let select = |attribute: &str, filter: &str| -> Vec<bool> {
        let thing = thing();
        let elements = thing[attribute].as_array().unwrap().clone();
        let filter = ElementFilter::new(
            &parse(filter).unwrap(),
            schema.attribute(attribute).unwrap(),
            &Policy::STRICT,
        );
        let filter = filter.unwrap();
        elements.iter().map(|element| filter.matches(element)).collect()
    };
    assert_eq!(select("mails", r#"TYPE eq "WORK""#), [true, false]);
    assert_eq!(select("mails", r#"type ne "work""#), [false, true]);
    assert_eq!(select("mails", "not (primary eq true)"), [false, true]);
    assert_eq!(select("tags", r#"value eq "red""#), [true, false]);
    assert_eq!(select("tags", r#"value ne "red""#), [false, true]);
    let flag = schema.attribute("flag").unwrap();
    assert!(ElementFilter::new(&parse("value eq true").unwrap(), flag, &Policy::STRICT).is_err());
}
