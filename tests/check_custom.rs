//! The checks against a provider whose schemas go beyond the standard ones: an attribute for every data type and every
//! characteristic, as a resource type of its own and as an extension of User. A correct provider has no finding, and none of the
//! checks that are generated from the schemas is skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails fails the test")]

use std::sync::Arc;

use scimulator::conformance::discovery::Discovery;
use scimulator::conformance::runner;
use scimulator::conformance::selection::Selection;
use scimulator::conformance::trial::ground::Terms;
use scimulator::conformance::trial::{Access, Ground};
use scimulator::event::{Event, Finding, Observer, Status};
use scimulator::protocol::schema::{Registry, ResourceType, Schema, standard};
use scimulator::provider::profile::Profile;
use scimulator::provider::world::World;
use scimulator::provider::{Provider, ProviderConfig};
use scimulator::target::{Credentials, Target, TargetConfig};
use serde_json::json;

const WIDGET: &str = "urn:example:params:scim:schemas:Widget";
const BADGE: &str = "urn:example:params:scim:schemas:extension:Badge";

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Observer for Findings {
    fn observe(&mut self, event: &Event) {
        if let Event::Finished(finding) = event {
            self.0.push((**finding).clone());
        }
    }
}

/// Attributes of every type and characteristic.
fn attributes() -> serde_json::Value {
    json!([
        { "name": "label", "required": true },
        { "name": "plain" },
        { "name": "weight", "type": "decimal" },
        { "name": "size", "type": "integer" },
        { "name": "working", "type": "boolean" },
        { "name": "built", "type": "dateTime" },
        { "name": "picture", "type": "binary" },
        { "name": "manual", "type": "reference", "referenceTypes": ["external"] },
        { "name": "serial", "mutability": "immutable" },
        { "name": "stamp", "mutability": "readOnly" },
        { "name": "pin", "mutability": "writeOnly", "returned": "never" },
        { "name": "motto", "returned": "always" },
        { "name": "notes", "returned": "request" },
        { "name": "exact", "caseExact": true },
        { "name": "code", "caseExact": true, "uniqueness": "server" },
        { "name": "tag", "uniqueness": "global" },
        { "name": "colour", "canonicalValues": ["red", "green"] },
        { "name": "words", "multiValued": true },
        { "name": "box", "type": "complex", "subAttributes": [
            { "name": "height", "type": "integer" }, { "name": "text" }, { "name": "hint", "mutability": "readOnly" },
        ] },
        { "name": "parts", "type": "complex", "multiValued": true, "subAttributes": [
            { "name": "value" }, { "name": "type", "canonicalValues": ["big", "small"] },
            { "name": "primary", "type": "boolean" }, { "name": "remark", "returned": "request" },
            { "name": "many", "multiValued": true },
        ] },
    ])
}

async fn findings(only: &[&str]) -> Vec<Finding> {
    let mut schemas = standard::schemas();
    let mut widget = json!({ "id": WIDGET, "name": "Widget", "attributes": attributes() });
    let mut badge = json!({ "id": BADGE, "name": "Badge", "attributes": attributes() });
    badge["attributes"][0]["required"] = json!(false);
    // Section 3.1 of RFC 7643 wins over both of these.
    if let Some(list) = widget["attributes"].as_array_mut() {
        list.push(
            json!({ "name": "id", "caseExact": false, "mutability": "readWrite", "returned": "default" }),
        );
        list.push(json!({ "name": "externalId", "mutability": "readOnly" }));
    }
    schemas.extend([widget, badge].map(|json| Schema::from_json(&json).unwrap()));
    let mut types = standard::resource_types();
    types[0].extensions.push((BADGE.to_owned(), false));
    let widgets = json!({ "name": "Widget", "endpoint": "/Widgets", "schema": WIDGET });
    types.push(ResourceType::from_json(&widgets).unwrap());
    let profile = Profile::named("rfc").unwrap();
    let registry = Registry::new(schemas, types).unwrap();
    let config = ProviderConfig { registry, ..ProviderConfig::loopback(profile, World::real()) };
    let provider = Provider::start(config).await.unwrap();
    let token = secrecy::SecretString::from("test-token-0123456789");
    provider.add_tenant(&token);
    let mut config = TargetConfig::new(provider.base_url());
    config.credentials = Credentials::Bearer(token);
    let target = Target::connect(config).unwrap();
    let discovery = Discovery::of(&target).await;
    let terms = Terms {
        journal: None,
        access: Access::Write,
        demands: Vec::new(),
        has_credentials: true,
        run: "custom".to_owned(),
    };
    let ground = Arc::new(Ground::new(target, discovery, terms));
    let only = only.iter().map(|word| (*word).to_owned()).collect();
    let selected = Selection { only, ..Selection::default() }.checks();
    let mut observer = Findings::default();
    let never = std::pin::pin!(std::future::pending());
    runner::run(&selected, &ground, 8, never, &mut observer).await;
    ground.leave().await;
    observer.0
}

#[tokio::test]
async fn a_provider_with_every_kind_of_attribute_has_no_finding() {
    let findings = findings(&["attributes", "values", "multi", "bulk.create"]).await;
    assert!(!findings.is_empty());
    for finding in findings {
        // The provider requires no extension, so that there is nothing to leave out.
        if finding.item.id == "attributes.required-extension" {
            continue;
        }
        let problems: Vec<_> = finding.problems.iter().map(|p| (&p.what, &p.expected, &p.got)).collect();
        assert_eq!(finding.status, Status::Pass, "{}: {} {problems:#?}", finding.item.id, finding.message);
    }
}
