//! Every PATCH example of RFC 7644 §3.5.2 with what it must lead to, in both readings.

use serde_json::{Value, json};

use super::{INTEROP, STRICT, ada, patched, run, tour, with};
use crate::protocol::schema::{GROUP, USER};

const BABS: &str = "2819c223-7f76-453a-919d-413861904646";
const JAMES: &str = "08e1d05d-121c-4561-8b96-473d93df9210";

fn member(name: &str, id: &str) -> Value {
    json!({ "display": name, "$ref": format!("https://example.com/v2/Users/{id}"), "value": id })
}

/// A member as it is stored: Group.members has no `display` (erratum 6011 is only reported).
fn stored(id: &str) -> Value {
    json!({ "$ref": format!("https://example.com/v2/Users/{id}"), "value": id })
}

fn group(members: Value) -> Value {
    with(json!({ "schemas": [GROUP], "id": "g", "displayName": "Tour" }), json!({ "members": members }))
}

/// Runs the operations in both readings and expects one result.
fn expect(before: &Value, operations: Value, after: Value) {
    for policy in [STRICT, INTEROP] {
        assert_eq!(patched(before, operations.clone(), policy), after);
    }
}

#[test]
fn s3_5_2_1_add_a_member() {
    let operations = json!([{ "op": "add", "path": "members", "value": [member("Babs Jensen", BABS)] }]);
    expect(&group(json!([stored(JAMES)])), operations.clone(), group(json!([stored(JAMES), stored(BABS)])));
    expect(&group(Value::Null), operations, group(json!([stored(BABS)])));
}

#[test]
fn s3_5_2_1_adding_a_member_that_is_there_changes_nothing() {
    let operations = json!([{ "op": "add", "path": "members", "value": [member("Babs Jensen", BABS)] }]);
    for policy in [STRICT, INTEROP] {
        let (_, changed) = run(&group(json!([stored(BABS)])), operations.clone(), policy).unwrap();
        assert!(!changed);
    }
}

#[test]
fn s3_5_2_1_add_without_a_path() {
    let operations = json!([{ "op": "add", "value": {
        "emails": [{ "value": "babs@jensen.org", "type": "home" }], "nickname": "Babs" } }]);
    let before =
        json!({ "schemas": [USER], "userName": "b", "emails": [{ "value": "b@x", "type": "work" }] });
    let emails = json!([{ "value": "b@x", "type": "work" }, { "value": "babs@jensen.org", "type": "home" }]);
    expect(
        &before,
        operations.clone(),
        with(before.clone(), json!({ "emails": emails, "nickName": "Babs" })),
    );
    let named = with(before, json!({ "nickName": "Barbie" }));
    expect(&named, operations, with(named.clone(), json!({ "emails": emails, "nickName": "Babs" })));
}

#[test]
fn s3_5_2_1_adding_an_extension_attribute_adds_its_urn_to_schemas() {
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let before = json!({ "schemas": [USER], "userName": "b" });
    let operations = json!([{ "op": "add", "path": format!("{urn}:employeeNumber"), "value": "1" }]);
    expect(
        &before,
        operations,
        json!({ "schemas": [USER, urn], "userName": "b", urn: { "employeeNumber": "1" } }),
    );
}

#[test]
fn s3_5_2_2_remove_a_single_member() {
    let operations = json!([{ "op": "remove", "path": format!("members[value eq \"{BABS}\"]") }]);
    expect(&group(json!([stored(BABS), stored(JAMES)])), operations.clone(), group(json!([stored(JAMES)])));
    expect(&group(json!([stored(BABS)])), operations.clone(), group(Value::Null));
    expect(&group(json!([stored(JAMES)])), operations, group(json!([stored(JAMES)])));
}

#[test]
fn s3_5_2_2_remove_all_members() {
    expect(&tour(), json!([{ "op": "remove", "path": "members" }]), with(tour(), json!({ "members": null })));
}

#[test]
fn s3_5_2_2_remove_a_value_of_a_complex_multi_valued_attribute() {
    let before = with(
        ada(),
        json!({ "emails": [
            { "value": "a@example.com", "type": "work" }, { "value": "a@example.com", "type": "home" },
            { "value": "a@example.org", "type": "work" } ] }),
    );
    let operations =
        json!([{ "op": "remove", "path": "emails[type eq \"work\" and value ew \"example.com\"]" }]);
    let emails =
        json!([{ "value": "a@example.com", "type": "home" }, { "value": "a@example.org", "type": "work" }]);
    expect(&before, operations, with(ada(), json!({ "emails": emails })));
}

/// The example has no space between `eq` and the literal.
#[test]
fn s3_5_2_2_remove_and_add_a_member() {
    let operations = json!([
        { "op": "remove", "path": format!("members[value eq\"{BABS}\"]") },
        { "op": "add", "path": "members", "value": [member("James Smith", JAMES)] },
    ]);
    expect(&group(json!([stored(BABS)])), operations, group(json!([stored(JAMES)])));
}

#[test]
fn s3_5_2_2_replace_all_members_by_remove_and_add() {
    let operations = json!([
        { "op": "remove", "path": "members" },
        { "op": "add", "path": "members", "value": [member("Babs Jensen", BABS), member("James Smith", JAMES)] },
    ]);
    expect(&tour(), operations, with(tour(), json!({ "members": [stored(BABS), stored(JAMES)] })));
}

#[test]
fn s3_5_2_3_replace_all_members() {
    let operations = json!([{ "op": "replace", "path": "members",
        "value": [member("Babs Jensen", BABS), member("James Smith", JAMES)] }]);
    expect(&tour(), operations, with(tour(), json!({ "members": [stored(BABS), stored(JAMES)] })));
}

#[test]
fn s3_5_2_3_replace_the_work_address_and_make_it_primary() {
    let address = json!({
        "type": "work", "streetAddress": "911 Universal City Plaza", "locality": "Hollywood", "region": "CA",
        "postalCode": "91608", "country": "US", "formatted": "911 Universal City Plaza\nHollywood, CA 91608 US",
        "primary": true,
    });
    let home = json!({ "type": "home", "locality": "Rome", "primary": true });
    let before =
        with(ada(), json!({ "addresses": [home, { "type": "work", "locality": "Oslo", "country": "NO" }] }));
    let operations = json!([{ "op": "replace", "path": "addresses[type eq \"work\"]", "value": address }]);
    let after = json!([{ "type": "home", "locality": "Rome", "primary": false }, address]);
    expect(&before, operations, with(ada(), json!({ "addresses": after })));
}

#[test]
fn s3_5_2_3_replace_a_sub_attribute_of_picked_values() {
    let before = with(
        ada(),
        json!({ "addresses": [
            { "type": "work", "streetAddress": "a", "locality": "Oslo" }, { "type": "home", "streetAddress": "b" },
            { "type": "work", "locality": "Rome" } ] }),
    );
    let operations = json!([{ "op": "replace", "path": "addresses[type eq \"work\"].streetAddress", "value": "1010 Broadway Ave" }]);
    let after = json!([
        { "type": "work", "streetAddress": "1010 Broadway Ave", "locality": "Oslo" },
        { "type": "home", "streetAddress": "b" },
        { "type": "work", "locality": "Rome", "streetAddress": "1010 Broadway Ave" },
    ]);
    expect(&before, operations, with(ada(), json!({ "addresses": after })));
}

#[test]
fn s3_5_2_3_replace_several_attributes_without_a_path() {
    let emails = json!([
        { "value": "bjensen@example.com", "type": "work", "primary": true },
        { "value": "babs@jensen.org", "type": "home" },
    ]);
    let operations = json!([{ "op": "replace", "value": { "emails": emails, "nickname": "Babs" } }]);
    expect(&ada(), operations, with(ada(), json!({ "emails": emails, "nickName": "Babs" })));
}
