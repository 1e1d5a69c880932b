//! Sorting by an attribute (RFC 7644 §3.4.2.3).

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::protocol::Resource;
use crate::protocol::attr::{AttrPath, Bound, Container};
use crate::protocol::error::ScimError;
use crate::protocol::schema::{Attribute, Returned, Type, TypeSchema};
use crate::protocol::value::{DateTime, compare_numbers, fold, parse_date_time, prepare_exact, unpadded};

/// A `sortBy` that is bound to a resource type.
#[derive(Debug, Clone, Copy)]
pub struct Sorter<'s> {
    container: Container<'s>,
    attribute: &'s Attribute,
    sub: Option<&'s Attribute>,
    schema: &'s TypeSchema,
}

/// What a resource is sorted by, computed once. Keys of different resource types may be compared.
///
/// In ascending order the resources without a value come last; a descending order is the exact reverse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortKey(Key);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Boolean(bool),
    Number(Numeric),
    Instant(DateTime),
    Text(String),
    /// No value: behind everything else.
    Missing,
}

#[derive(Debug, Clone)]
struct Numeric(Number);

impl Ord for Numeric {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_numbers(&self.0, &other.0)
    }
}

impl PartialOrd for Numeric {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Numeric {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Numeric {}

impl SortKey {
    /// Of a resource that has no value.
    pub const MISSING: SortKey = SortKey(Key::Missing);
}

impl<'s> Sorter<'s> {
    /// Binds `path`. `None` where no resource can have a value that may show: the type does not define the attribute,
    /// or never returns it. Then all keys are [`SortKey::MISSING`] and the order stays as it is.
    ///
    /// A multi-valued complex attribute without a sub-attribute is sorted by its `value`.
    ///
    /// # Errors
    /// 400 `invalidValue` for any other complex attribute without a sub-attribute: its values have no order.
    pub fn new(path: &AttrPath, schema: &'s TypeSchema) -> Result<Option<Sorter<'s>>, ScimError> {
        let no_order = |attribute: &str, subs: &[Attribute]| {
            let example = subs.first().map_or(String::new(), |sub| format!(", like `{path}.{}`", sub.name));
            let problem = format!(
                "`sortBy` must name a sub-attribute of `{attribute}`{example}: it has no order itself"
            );
            Err(ScimError::invalid_value(problem))
        };
        let (container, attribute, sub) = match schema.bind(path) {
            Err(_) => return Ok(None),
            Ok(Bound::Container(extension)) => {
                let problem =
                    format!("`sortBy` must name an attribute of `{}`, not all of it", extension.schema.id);
                return Err(ScimError::invalid_value(problem));
            }
            Ok(Bound::Attribute { container, attribute, sub }) => (container, attribute, sub),
        };
        let sub = match (attribute.is_complex(), sub) {
            (true, None) if attribute.multi_valued => attribute.sub("value"),
            (_, sub) => sub,
        };
        let leaf = sub.unwrap_or(attribute);
        if leaf.is_complex() {
            return no_order(&attribute.name, &attribute.sub_attributes);
        }
        let hidden = [attribute, leaf].iter().any(|definition| definition.returned == Returned::Never);
        Ok((!hidden).then_some(Sorter { container, attribute, sub, schema }))
    }

    /// The key of a canonical resource. Of a multi-valued attribute the primary element counts, else the first.
    pub fn key(&self, resource: &Resource) -> SortKey {
        let value = self
            .schema
            .container(resource, self.container)
            .and_then(|object| object.get(&self.attribute.name));
        let value = match value {
            Some(Value::Array(elements)) => {
                let is_primary = |element: &&Value| element.get("primary") == Some(&Value::Bool(true));
                elements.iter().find(is_primary).or_else(|| elements.first())
            }
            single => single,
        };
        let (value, definition) = match self.sub {
            Some(sub) => (value.and_then(|value| value.get(&sub.name)), sub),
            None => (value, self.attribute),
        };
        // A sub-attribute may be multi-valued itself.
        let value = match value {
            Some(Value::Array(elements)) => elements.first(),
            single => single,
        };
        SortKey(value.map_or(Key::Missing, |value| Key::of(definition, value)))
    }
}

impl Key {
    fn of(definition: &Attribute, value: &Value) -> Key {
        match value {
            Value::Bool(flag) => Key::Boolean(*flag),
            Value::Number(number) => Key::Number(Numeric(number.clone())),
            Value::String(text) => match (definition.kind, parse_date_time(text)) {
                (Type::DateTime, Some(instant)) => Key::Instant(instant),
                (Type::Binary, _) => Key::Text(unpadded(text).to_owned()),
                _ if definition.case_exact => Key::Text(prepare_exact(text).into_owned()),
                _ => Key::Text(fold(text).into_owned()),
            },
            Value::Null | Value::Array(_) | Value::Object(_) => Key::Missing,
        }
    }
}

/// Sorts by keys made once each. Equal keys keep their order.
pub fn sort_by_key<T>(items: &mut [T], descending: bool, key: impl FnMut(&T) -> SortKey) {
    if descending {
        let mut key = key;
        items.sort_by_cached_key(|item| std::cmp::Reverse(key(item)));
    } else {
        items.sort_by_cached_key(key);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::protocol::schema::Registry;

    /// The `id`s of users in the order of `sort_by`, or the error.
    fn order(sort_by: &str, descending: bool, users: &[(&str, Value)]) -> String {
        let registry = Registry::standard();
        let schema = registry.by_name("User").unwrap();
        let sorter = match Sorter::new(&AttrPath::parse(sort_by).unwrap(), schema) {
            Err(error) => return error.to_string(),
            Ok(sorter) => sorter,
        };
        let mut users: Vec<_> = users.iter().map(|(id, user)| (*id, user.as_object().unwrap())).collect();
        sort_by_key(&mut users, descending, |(_, user)| {
            sorter.as_ref().map_or(SortKey::MISSING, |sorter| sorter.key(user))
        });
        users.iter().map(|(id, _)| *id).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn strings_sort_by_case_exactness() {
        let users = [
            ("1", json!({ "userName": "b", "externalId": "b" })),
            ("2", json!({ "userName": "A", "externalId": "A" })),
            ("3", json!({ "userName": "C", "externalId": "C" })),
        ];
        assert_eq!(order("userName", false, &users), "2 1 3");
        assert_eq!(order("USERNAME", true, &users), "3 1 2");
        assert_eq!(order("urn:ietf:params:scim:schemas:core:2.0:User:userName", false, &users), "2 1 3");
        assert_eq!(order("externalId", false, &users), "2 3 1");
    }

    #[test]
    fn missing_values_come_last_ascending_and_first_descending_and_ties_keep_their_order() {
        let users = [
            ("1", json!({})),
            ("2", json!({ "title": "b" })),
            ("3", json!({ "title": "a" })),
            ("4", json!({})),
            ("5", json!({ "title": "B" })),
        ];
        assert_eq!(order("title", false, &users), "3 2 5 1 4");
        assert_eq!(order("title", true, &users), "1 4 2 5 3");
    }

    #[test]
    fn multi_valued_attributes_sort_by_the_primary_or_the_first_value() {
        let users = [
            ("1", json!({ "emails": [{ "value": "a" }, { "value": "z", "type": "b", "primary": true }] })),
            ("2", json!({ "emails": [{ "value": "m" }, { "value": "a" }] })),
            ("3", json!({ "emails": [{ "value": "y", "primary": false, "type": "a" }] })),
        ];
        assert_eq!(order("emails", false, &users), "2 3 1");
        assert_eq!(order("emails.value", false, &users), "2 3 1");
        assert_eq!(order("emails.type", false, &users), "3 1 2");
    }

    #[test]
    fn instants_and_booleans_sort_by_type() {
        let users = [
            ("1", json!({ "active": true, "meta": { "created": "2011-05-13T04:42:34Z" } })),
            ("2", json!({ "active": false, "meta": { "created": "2011-05-13T04:42:34.5Z" } })),
            ("3", json!({ "meta": { "created": "2011-05-13T05:42:33+01:00" } })),
        ];
        assert_eq!(order("meta.created", false, &users), "3 1 2");
        assert_eq!(order("active", false, &users), "2 1 3");
    }

    #[test]
    fn extension_attributes_sort() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let users = [
            ("1", json!({ urn: { "department": "b", "manager": { "displayName": "x" } } })),
            ("2", json!({ urn: { "department": "a" } })),
        ];
        assert_eq!(order(&format!("{urn}:department"), false, &users), "2 1");
        assert_eq!(order(&format!("{urn}:manager.displayName"), true, &users), "2 1");
        insta::assert_snapshot!(order(urn, false, &users), @"400 invalidValue: `sortBy` must name an attribute of `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`, not all of it");
    }

    #[test]
    fn unknown_and_secret_attributes_leave_the_order_alone() {
        let users = [("1", json!({ "password": "b", "x": 2 })), ("2", json!({ "password": "a", "x": 1 }))];
        for path in ["x", "password", "name.x", "urn:x:y", "department"] {
            assert_eq!(order(path, false, &users), "1 2", "{path}");
        }
    }

    #[test]
    fn complex_values_have_no_order() {
        insta::assert_snapshot!(order("name", false, &[]), @"400 invalidValue: `sortBy` must name a sub-attribute of `name`, like `name.formatted`: it has no order itself");
        insta::assert_snapshot!(order("addresses", false, &[]), @"400 invalidValue: `sortBy` must name a sub-attribute of `addresses`, like `addresses.formatted`: it has no order itself");
    }

    proptest! {
        #[test]
        fn keys_are_totally_ordered(
            values in proptest::collection::vec(prop_oneof![
                any::<bool>().prop_map(Value::from), any::<i64>().prop_map(Value::from),
                any::<f64>().prop_map(Value::from), ".{0,4}".prop_map(Value::from), Just(Value::Null),
                Just(json!("2011-05-13T04:42:34Z")), Just(json!({})), Just(json!([1])),
            ], 3),
            path in proptest::sample::select(
                &["title", "meta.created", "emails", "name.familyName", "x509Certificates.value", "schemas"][..]
            ),
        ) {
            let registry = Registry::standard();
            let schema = registry.by_name("User").unwrap();
            let sorter = Sorter::new(&AttrPath::parse(path).unwrap(), schema).unwrap().unwrap();
            let resource = |value: &Value| json!({
                "title": value, "meta": { "created": value }, "emails": [{ "value": value }],
                "name": { "familyName": value }, "x509Certificates": [{ "value": value }], "schemas": [value],
            });
            let keys: Vec<SortKey> =
                values.iter().map(|value| sorter.key(resource(value).as_object().unwrap())).collect();
            let [a, b, c] = &keys[..] else { unreachable!() };
            prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
            prop_assert!(!(a <= b && b <= c) || a <= c);
            prop_assert!(a <= &SortKey::MISSING);
        }
    }
}
