//! The inner work without any network: parsing and running filters, PATCH, validation, the store.
//!
//! `cargo bench --bench core`, or one group by name: `cargo bench --bench core -- filter`.

#![expect(missing_docs, reason = "criterion's macro makes a public function")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use scimulator::protocol::filter::{self, Compiled};
use scimulator::protocol::patch::{self, PatchRequest};
use scimulator::protocol::policy::Policy;
use scimulator::protocol::schema::{Registry, TypeSchema};
use scimulator::protocol::{Resource, ingest};
use scimulator::provider::store::{self, Key, MemoryStore, Record, Store, TenantId};
use serde_json::{Value, json};

fn users() -> Arc<TypeSchema> {
    Arc::clone(Registry::standard().by_endpoint("Users").expect("User is a standard type"))
}

/// A user of about 1 KB, as identity providers send it.
fn body(number: usize) -> Value {
    json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        ],
        "externalId": format!("ext-{number}"),
        "userName": format!("user{number}@bench.test"),
        "name": { "formatted": "Given Family", "familyName": "Family", "givenName": "Given" },
        "displayName": format!("Given Family {number}"),
        "title": "Engineer",
        "active": true,
        "emails": [
            { "value": format!("user{number}@bench.test"), "type": "work", "primary": true },
            { "value": format!("home{number}@bench.test"), "type": "home" }
        ],
        "phoneNumbers": [{ "value": "tel:+1-555-555-0100", "type": "work" }],
        "addresses": [{ "streetAddress": "1 Main Street", "locality": "Springfield", "country": "US", "type": "work" }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "employeeNumber": "1", "department": "Research" }
    })
}

fn resource(schema: &TypeSchema, number: usize) -> Resource {
    ingest::create(schema, body(number), &Policy::STRICT).expect("the body fits the schema")
}

fn filters(criterion: &mut Criterion) {
    let schema = users();
    let population: Vec<Resource> = (0..1000).map(|number| resource(&schema, number)).collect();
    let mut group = criterion.benchmark_group("filter");
    for (name, text) in [
        ("eq", r#"userName eq "user500@bench.test""#),
        ("co", r#"displayName co "family 5""#),
        ("value path", r#"emails[type eq "work" and value sw "user50"]"#),
        (
            "and, or, not",
            r#"active eq true and (title sw "Eng" or not (userName pr)) and name.familyName ne "x""#,
        ),
        (
            "extension",
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "research""#,
        ),
    ] {
        group.bench_function(format!("parse: {name}"), |bencher| {
            bencher.iter(|| filter::parse(black_box(text)))
        });
        let parsed = filter::parse(text).expect("the filter is right");
        let compiled = Compiled::new(&parsed, &schema, &Policy::STRICT).expect("the filter fits the schema");
        group.bench_function(format!("run over 1000: {name}"), |bencher| {
            bencher.iter(|| population.iter().filter(|user| compiled.matches(user)).count());
        });
    }
    group.finish();
}

fn patches(criterion: &mut Criterion) {
    let schema = users();
    let user = resource(&schema, 1);
    let mut group = criterion.benchmark_group("patch");
    for (name, policy, operations) in [
        ("active", Policy::STRICT, json!([{ "op": "replace", "path": "active", "value": false }])),
        (
            "path-less",
            Policy::STRICT,
            json!([{ "op": "replace", "value": { "active": false, "title": "x" } }]),
        ),
        (
            "filtered",
            Policy::STRICT,
            json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "x@y" }]),
        ),
        (
            "entra",
            Policy::INTEROP,
            json!([
                { "op": "Replace", "path": "active", "value": "False" },
                { "op": "Add", "path": "addresses[type eq \"home\"].locality", "value": "Bern" }
            ]),
        ),
    ] {
        let message =
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let request = PatchRequest::parse(black_box(&message), &policy)?;
                patch::apply(&schema, black_box(&user), &request, &policy)
            });
        });
    }
    group.bench_function("create (validation of a POST body)", |bencher| {
        let create = |body| ingest::create(&schema, body, &Policy::STRICT);
        bencher.iter_batched(|| body(1), create, BatchSize::SmallInput);
    });
    group.finish();
}

fn record(number: usize) -> Record {
    let key = |index, unique, value: String| Key { index, unique, value: value.into() };
    Record {
        id: format!("id-{number}").into(),
        kind: 0,
        serial: 0,
        revision: 1,
        created: jiff::Timestamp::UNIX_EPOCH.into(),
        modified: jiff::Timestamp::UNIX_EPOCH.into(),
        body: vec![b' '; 800].into(),
        hidden: None,
        label: None,
        keys: Box::from([
            key(0, true, format!("user{number}@bench.test")),
            key(1, false, format!("ext-{number}")),
            key(2, false, "common".to_owned()),
        ]),
    }
}

fn filled(count: usize) -> (MemoryStore, TenantId) {
    let store = MemoryStore::new();
    let tenant = store.create_tenant();
    for number in 0..count {
        store::write(&store, tenant, |transaction| transaction.put(record(number)).map(drop))
            .expect("names differ");
    }
    (store, tenant)
}

fn stores(criterion: &mut Criterion) {
    let (store, tenant) = filled(100_000);
    let mut group = criterion.benchmark_group("store with 100000 records");
    group.bench_function("get", |bencher| {
        bencher.iter(|| store::read(&store, tenant, |view| view.get(black_box("id-50000"))));
    });
    group.bench_function("find by unique key", |bencher| {
        bencher
            .iter(|| store::read(&store, tenant, |view| view.find(0, 0, black_box("user50000@bench.test"))));
    });
    group.bench_function("page of 100", |bencher| {
        bencher.iter(|| store::read(&store, tenant, |view| view.page(0, black_box(1000), 100)));
    });
    group.bench_function("replace, keys unchanged", |bencher| {
        let put = |new: Record| store::write(&store, tenant, |transaction| transaction.put(new).map(drop));
        bencher.iter_batched(|| record(50_000), put, BatchSize::SmallInput);
    });
    let mut next = 100_000;
    group.bench_function("insert", |bencher| {
        let mut fresh = || {
            next += 1;
            record(next)
        };
        let put = |new: Record| store::write(&store, tenant, |transaction| transaction.put(new).map(drop));
        bencher.iter_batched(&mut fresh, put, BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(benches, filters, patches, stores);
criterion_main!(benches);
