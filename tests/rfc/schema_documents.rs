//! What `/Schemas` publishes (RFC 7643 §7, and the rules of §2 for definitions).

use std::collections::HashSet;

use scimulator::protocol::schema::{Registry, Schema, standard};
use serde_json::{Value, json};

use crate::covers;
use crate::custom;
use crate::support::{ENTERPRISE, GROUP, LIST, Server, USER};

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

const TYPES: [&str; 8] =
    ["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"];

/// A published attribute definition.
struct Definition {
    /// The schema and the attributes on the way to it.
    path: Vec<String>,
    json: Value,
}

impl Definition {
    fn text(&self, name: &str) -> &str {
        self.json[name].as_str().unwrap_or_else(|| panic!("{:?}: no `{name}`: {}", self.path, self.json))
    }

    fn is(&self, kind: &str) -> bool {
        self.text("type") == kind
    }

    fn subs(&self) -> &[Value] {
        self.json["subAttributes"].as_array().map_or(&[], Vec::as_slice)
    }
}

/// Every published schema.
async fn schemas(server: &Server) -> Vec<Value> {
    let list = server.get("/Schemas").await.expect(200).json;
    list["Resources"].as_array().unwrap().clone()
}

/// Every attribute definition of every published schema, sub-attributes included.
async fn definitions(server: &Server) -> Vec<Definition> {
    fn collect(path: &[String], attributes: &Value, found: &mut Vec<Definition>) {
        for json in attributes.as_array().unwrap() {
            let mut path = path.to_vec();
            path.push(json["name"].as_str().unwrap().to_owned());
            if let Some(subs) = json.get("subAttributes") {
                collect(&path, subs, found);
            }
            found.push(Definition { path, json: json.clone() });
        }
    }
    let mut found = Vec::new();
    for schema in schemas(server).await {
        collect(&[schema["id"].as_str().unwrap().to_owned()], &schema["attributes"], &mut found);
    }
    assert!(found.len() > 100, "{}", found.len());
    found
}

#[tokio::test]
async fn schemas_are_published_as_a_list_and_one_by_one() {
    covers!("RFC7643-1.2-02", "RFC7643-7-03", "RFC7643-7-05", "RFC7643-7-06", "RFC7643-7-07");
    let server = custom::server().await;
    let list = server.get("/Schemas").await.expect(200).json;
    assert_eq!(list["schemas"], json!([LIST]));
    let schemas = schemas(&server).await;
    assert_eq!(list["totalResults"], schemas.len());
    for schema in &schemas {
        let uri = schema["id"].as_str().unwrap();
        assert!(uri.starts_with("urn:"), "{uri}");
        assert_eq!(schema["schemas"], json!([SCHEMA]));
        assert!(!schema["name"].as_str().unwrap().is_empty());
        assert!(schema["description"].is_string());
        let attributes = schema["attributes"].as_array().unwrap();
        assert!(!attributes.is_empty());
        for attribute in attributes {
            assert!(!attribute["name"].as_str().unwrap().is_empty());
        }
        assert_eq!(server.get(&format!("/Schemas/{uri}")).await.expect(200).json, *schema);
    }
    let ids: HashSet<_> = schemas.iter().map(|schema| schema["id"].to_string().to_lowercase()).collect();
    assert_eq!(ids.len(), schemas.len());
    assert!([USER, GROUP, ENTERPRISE].iter().all(|uri| ids.contains(&json!(uri).to_string().to_lowercase())));
    server.get("/Schemas/urn:example:none").await.expect_error(404, None);
}

#[tokio::test]
async fn schemas_cannot_be_changed() {
    covers!("RFC7643-7-02");
    let server = Server::rfc().await;
    let before = schemas(&server).await;
    let body = json!({ "schemas": [SCHEMA], "id": USER, "name": "Mine", "attributes": [] });
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for target in ["/Schemas".to_owned(), format!("/Schemas/{USER}")] {
            server.call(method, &target, Some(body.clone())).await.expect_error(405, None);
        }
    }
    assert_eq!(schemas(&server).await, before);
}

#[tokio::test]
async fn characteristics_are_bare_words_out_of_their_lists() {
    covers!(
        "RFC7643-1.1-01",
        "RFC7643-2.3-01",
        "RFC7643-7-10",
        "RFC7643-7-20",
        "RFC7643-7-26",
        "RFC7643-7-32"
    );
    let server = custom::server().await;
    for definition in definitions(&server).await {
        let path = &definition.path;
        assert!(TYPES.contains(&definition.text("type")), "{path:?}");
        let mutabilities = ["readOnly", "readWrite", "immutable", "writeOnly"];
        assert!(mutabilities.contains(&definition.text("mutability")), "{path:?}");
        assert!(["always", "never", "default", "request"].contains(&definition.text("returned")), "{path:?}");
        if let Some(uniqueness) = definition.json.get("uniqueness") {
            assert!(["none", "server", "global"].map(Value::from).contains(uniqueness), "{path:?}");
        }
    }
}

#[tokio::test]
async fn definitions_are_complete() {
    covers!("RFC7643-7-08", "RFC7643-7-09", "RFC7643-7-12", "RFC7643-7-14");
    // Only the standard schemas: the texts of others are their authors' affair.
    let server = Server::rfc().await;
    for definition in definitions(&server).await {
        let (path, json) = (&definition.path, &definition.json);
        assert!(json["multiValued"].is_boolean() && json["required"].is_boolean(), "{path:?}");
        for name in ["type", "mutability", "returned", "description"] {
            assert!(!definition.text(name).is_empty(), "{path:?} {name}");
        }
        if definition.is("string") {
            assert!(json["caseExact"].is_boolean(), "{path:?}");
            assert!(json["uniqueness"].is_string(), "{path:?}");
        }
    }
}

#[tokio::test]
async fn names_follow_the_grammar() {
    covers!("RFC7643-2.1-03");
    let server = custom::server().await;
    for definition in definitions(&server).await {
        let name = definition.text("name");
        let well_formed = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "$-_".contains(c));
        assert!(well_formed || name == "$ref", "{:?}", definition.path);
    }
    for wrong in ["2ndEmail", "first name", "_x", "a.b", "é", ""] {
        let schema = json!({ "id": "urn:x", "attributes": [{ "name": wrong }] });
        assert!(Schema::from_json(&schema).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn only_complex_attributes_have_sub_attributes() {
    covers!("RFC7643-1.2-01", "RFC7643-2.3.8-02", "RFC7643-7-04", "RFC7643-7-11");
    let server = custom::server().await;
    let mut nested = Vec::new();
    for definition in definitions(&server).await {
        let path = &definition.path;
        assert_eq!(definition.is("complex"), !definition.subs().is_empty(), "{path:?}");
        if definition.subs().iter().any(|sub| sub["type"] == "complex") {
            nested.push(path.join(" "));
        }
    }
    // The one exception that there is.
    assert_eq!(nested, [format!("{SCHEMA} attributes")]);
    let schema = json!({ "id": "urn:x", "attributes": [
        { "name": "a", "type": "complex", "subAttributes": [{ "name": "b", "type": "complex" }] },
    ] });
    assert!(Schema::from_json(&schema).is_err());
}

#[tokio::test]
async fn types_without_uniqueness_or_letter_case_state_none() {
    covers!("RFC7643-2.3.2-03", "RFC7643-2.3.8-03");
    let server = custom::server().await;
    for definition in definitions(&server).await {
        if definition.is("boolean") || definition.is("complex") {
            let (path, json) = (&definition.path, &definition.json);
            assert!(json.get("uniqueness").is_none_or(|value| value == "none"), "{path:?}");
            assert!(json.get("caseExact").is_none_or(|value| value == false), "{path:?}");
        }
    }
}

#[tokio::test]
async fn references_say_what_they_refer_to() {
    covers!("RFC7643-2.3.7-04", "RFC7643-7-37", "RFC7643-7-38");
    let server = custom::server().await;
    let types = server.get("/ResourceTypes").await.expect(200).json;
    let names = types["Resources"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap());
    let known: Vec<&str> = names.chain(["external", "uri"]).collect();
    for definition in definitions(&server).await {
        let (path, given) = (&definition.path, definition.json["referenceTypes"].as_array());
        if definition.is("reference") {
            let given = given.unwrap_or_else(|| panic!("{path:?}"));
            assert!(!given.is_empty(), "{path:?}");
            assert!(given.iter().all(|name| known.contains(&name.as_str().unwrap())), "{path:?}");
        } else {
            assert!(given.is_none_or(Vec::is_empty), "{path:?}");
        }
    }
}

#[tokio::test]
async fn predefined_sub_attributes_keep_their_meaning() {
    covers!("RFC7643-2.4-03", "RFC7643-2.4-12", "RFC7643-3.3-05");
    let server = Server::rfc().await;
    for definition in definitions(&server).await {
        let path = &definition.path;
        for sub in definition.subs() {
            let kind = match sub["name"].as_str().unwrap() {
                "primary" => "boolean",
                "type" | "display" => "string",
                "$ref" => "reference",
                _ => continue,
            };
            assert_eq!(sub["type"], kind, "{path:?} {sub}");
            assert_eq!(sub["multiValued"], false, "{path:?} {sub}");
        }
        if let Some(values) = definition.json.get("canonicalValues") {
            let values = values.as_array().unwrap_or_else(|| panic!("{path:?}"));
            assert!(!values.is_empty() && values.iter().all(Value::is_string), "{path:?}");
        }
        // camelCase, as in all standard schemas.
        let name = definition.text("name").trim_start_matches('$');
        assert!(name.starts_with(|c: char| c.is_ascii_lowercase()), "{path:?}");
        assert!(!name.contains(['_', '-']), "{path:?}");
    }
}

#[tokio::test]
async fn extensions_define_nothing_that_their_base_defines() {
    covers!("RFC7643-3.3-04");
    let server = Server::rfc().await;
    let names = |schema: Value| -> HashSet<String> {
        let attributes = schema["attributes"].as_array().unwrap().clone();
        attributes.iter().map(|attribute| attribute["name"].as_str().unwrap().to_lowercase()).collect()
    };
    let mut pairs = 0;
    for resource_type in server.get("/ResourceTypes").await.json["Resources"].as_array().unwrap() {
        let mut base =
            names(server.get(&format!("/Schemas/{}", resource_type["schema"].as_str().unwrap())).await.json);
        base.extend(["id", "externalid", "meta", "schemas"].map(str::to_owned));
        for extension in resource_type["schemaExtensions"].as_array().into_iter().flatten() {
            let uri = extension["schema"].as_str().unwrap();
            let own = names(server.get(&format!("/Schemas/{uri}")).await.json);
            assert!(own.is_disjoint(&base), "{uri}");
            pairs += 1;
        }
    }
    assert_eq!(pairs, 1);
}

#[tokio::test]
async fn plurality_is_that_of_the_values() {
    covers!("RFC7643-7-13");
    let server = Server::rfc().await;
    let boss = server.user(json!({ "userName": "boss" })).await;
    let user = server
        .user(json!({
            "userName": "ada", "active": true, "title": "T", "name": { "givenName": "A" },
            "emails": [{ "value": "a@x.test" }], "roles": [{ "value": "r" }], "addresses": [{ "country": "US" }],
            ENTERPRISE: { "department": "D", "manager": { "value": boss["id"] } },
        }))
        .await;
    let group = server.group(json!({ "displayName": "g", "members": [{ "value": user["id"] }] })).await;
    let user = server.get(&format!("/Users/{}", user["id"].as_str().unwrap())).await.json;
    let config = server.get("/ServiceProviderConfig").await.json;
    let schema = server.get(&format!("/Schemas/{USER}")).await.json;
    let resource_type = server.get("/ResourceTypes/User").await.json;
    let mut seen = 0;
    for definition in definitions(&server).await {
        let [uri, name] = &definition.path[..] else { continue };
        let holder = match uri.as_str() {
            USER => &user,
            GROUP => &group,
            ENTERPRISE => &user[ENTERPRISE],
            SCHEMA => &schema,
            uri if uri.ends_with(":ServiceProviderConfig") => &config,
            _ => &resource_type,
        };
        let Some(value) = holder.get(name) else { continue };
        assert_eq!(definition.json["multiValued"], value.is_array(), "{uri} {name}");
        seen += 1;
    }
    assert!(seen > 25, "{seen}");
}

#[tokio::test]
async fn standard_attributes_keep_their_standard_characteristics() {
    covers!("RFC7643-8.7.1-02");
    let server = Server::rfc().await;
    let definitions = definitions(&server).await;
    let mut differences = Vec::new();
    for (uri, path, expected) in [
        (
            USER,
            "userName",
            json!({ "type": "string", "multiValued": false, "required": true, "uniqueness": "server", "caseExact": false }),
        ),
        (
            USER,
            "password",
            json!({ "type": "string", "multiValued": false, "mutability": "writeOnly", "returned": "never" }),
        ),
        (USER, "groups", json!({ "type": "complex", "multiValued": true, "mutability": "readOnly" })),
        (USER, "groups value", json!({ "type": "string", "mutability": "readOnly" })),
        (USER, "name", json!({ "type": "complex", "multiValued": false })),
        (USER, "active", json!({ "type": "boolean", "multiValued": false, "mutability": "readWrite" })),
        (USER, "profileUrl", json!({ "type": "reference", "multiValued": false })),
        (USER, "emails", json!({ "type": "complex", "multiValued": true, "mutability": "readWrite" })),
        (USER, "emails value", json!({ "type": "string", "multiValued": false })),
        (USER, "phoneNumbers", json!({ "type": "complex", "multiValued": true })),
        (USER, "ims", json!({ "type": "complex", "multiValued": true })),
        (USER, "photos value", json!({ "type": "reference", "multiValued": false })),
        (USER, "addresses", json!({ "type": "complex", "multiValued": true })),
        (USER, "entitlements", json!({ "type": "complex", "multiValued": true })),
        (USER, "roles", json!({ "type": "complex", "multiValued": true })),
        (USER, "x509Certificates value", json!({ "type": "binary", "multiValued": false })),
        (GROUP, "displayName", json!({ "type": "string", "multiValued": false, "required": true })),
        (GROUP, "members", json!({ "type": "complex", "multiValued": true, "mutability": "readWrite" })),
        (GROUP, "members value", json!({ "type": "string", "mutability": "immutable" })),
        (GROUP, "members $ref", json!({ "type": "reference", "mutability": "immutable" })),
        (ENTERPRISE, "manager", json!({ "type": "complex", "multiValued": false })),
        (ENTERPRISE, "manager displayName", json!({ "type": "string", "mutability": "readOnly" })),
        (ENTERPRISE, "employeeNumber", json!({ "type": "string", "multiValued": false })),
    ] {
        let whole: Vec<&str> = std::iter::once(uri).chain(path.split(' ')).collect();
        let found = definitions.iter().find(|definition| definition.path == whole).unwrap();
        for (name, value) in expected.as_object().unwrap() {
            if found.json[name] != *value {
                differences.push(format!("{path} {name}: {}", found.json[name]));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
async fn a_provider_may_leave_standard_attributes_out() {
    covers!("RFC7643-8.7.1-01");
    let mut schemas = standard::schemas();
    schemas[0].attributes.retain(|attribute| attribute.name != "ims");
    let server = custom::with(Registry::new(schemas, standard::resource_types()).unwrap()).await;
    let published = definitions(&server).await;
    assert!(!published.iter().any(|definition| definition.path[1] == "ims"));
    let user = server.user(json!({ "userName": "ada", "ims": [{ "value": "x" }], "title": "T" })).await;
    assert_eq!((user.get("ims"), &user["title"]), (None, &json!("T")));
}

#[tokio::test]
async fn names_of_the_standard_are_used_for_the_standard_only() {
    covers!("RFC7643-10.3.1-01");
    let server = custom::server().await;
    let reserved: Vec<String> = schemas(&server)
        .await
        .iter()
        .map(|schema| schema["id"].as_str().unwrap().to_owned())
        .filter(|uri| uri.to_lowercase().starts_with("urn:ietf:"))
        .collect();
    let core = |name: &str| format!("urn:ietf:params:scim:schemas:core:2.0:{name}");
    let expected = ["User", "Group", "ServiceProviderConfig", "ResourceType", "Schema"].map(core);
    for uri in &reserved {
        assert!(expected.contains(uri) || uri == ENTERPRISE, "{uri}");
    }
    assert_eq!(reserved.len(), 6);
}
