//! Places in a resource: an attribute with the way to it, and values that fit.

use serde_json::{Map, Value, json};

use crate::protocol::message::member;
use crate::protocol::schema::{Attribute, Mutability, Returned, Type, TypeSchema, Uniqueness};
pub use crate::protocol::value::is_unassigned;

/// An attribute of a resource type, or a sub-attribute.
#[derive(Debug, Clone)]
pub struct Slot {
    /// URI of the extension that it lives in.
    pub extension: Option<String>,
    /// The attribute.
    pub attribute: Attribute,
    /// The sub-attribute, where one is meant.
    pub sub: Option<Attribute>,
}

impl Slot {
    /// The attribute itself.
    pub fn of(extension: Option<&str>, attribute: &Attribute) -> Self {
        Self { extension: extension.map(str::to_owned), attribute: attribute.clone(), sub: None }
    }

    /// A sub-attribute of it.
    #[must_use]
    pub fn with_sub(&self, sub: &Attribute) -> Self {
        Self { sub: Some(sub.clone()), ..self.clone() }
    }

    /// The definition that the place has: of the sub-attribute, or else of the attribute.
    pub fn leaf(&self) -> &Attribute {
        self.sub.as_ref().unwrap_or(&self.attribute)
    }

    /// The path of the attribute without its sub-attribute: `emails`, `urn:…:User:manager`.
    pub fn parent(&self) -> String {
        match &self.extension {
            None => self.attribute.name.clone(),
            Some(urn) => format!("{urn}:{}", self.attribute.name),
        }
    }

    /// The path as filters, PATCH and `attributes` name it: `name.givenName`, `urn:…:User:department`.
    pub fn path(&self) -> String {
        match &self.sub {
            None => self.parent(),
            Some(sub) => format!("{}.{}", self.parent(), sub.name),
        }
    }

    /// The value at this place; what stands for «unassigned» (null, `[]`) is none. Within a multi-valued attribute a
    /// sub-attribute has no single value.
    pub fn get<'v>(&self, resource: &'v Value) -> Option<&'v Value> {
        let container = match &self.extension {
            None => resource.as_object()?,
            Some(urn) => member(resource.as_object()?, urn)?.as_object()?,
        };
        let value = member(container, &self.attribute.name)?;
        let value = match &self.sub {
            None => value,
            Some(sub) => member(value.as_object()?, &sub.name)?,
        };
        (!is_unassigned(value)).then_some(value)
    }

    /// Puts a value into a body; an extension is added to `schemas`.
    pub fn set(&self, body: &mut Value, value: Value) {
        let Some(mut object) = body.as_object_mut() else { return };
        if let Some(urn) = &self.extension {
            add_schema(object, urn);
            let container = object.entry(urn.clone()).or_insert_with(|| json!({}));
            let Some(inner) = container.as_object_mut() else { return };
            object = inner;
        }
        match &self.sub {
            None => drop(object.insert(self.attribute.name.clone(), value)),
            Some(sub) => {
                let parent = object.entry(self.attribute.name.clone()).or_insert_with(|| json!({}));
                if let Some(parent) = parent.as_object_mut() {
                    parent.insert(sub.name.clone(), value);
                }
            }
        }
    }

    /// Takes the attribute out of a body.
    pub fn remove(&self, body: &mut Value) {
        let Some(mut object) = body.as_object_mut() else { return };
        if let Some(urn) = &self.extension {
            let Some(inner) = object.get_mut(urn).and_then(Value::as_object_mut) else { return };
            object = inner;
        }
        match &self.sub {
            None => drop(object.shift_remove(&self.attribute.name)),
            Some(sub) => {
                if let Some(parent) = object.get_mut(&self.attribute.name).and_then(Value::as_object_mut) {
                    parent.shift_remove(&sub.name);
                }
            }
        }
    }

    /// A value that fits the place. `tag` makes it distinct from others; it must be a word of letters and digits.
    pub fn sample(&self, tag: &str) -> Value {
        match &self.sub {
            Some(sub) => part(&self.attribute, sub, tag),
            None => whole(&self.attribute, tag),
        }
    }
}

/// Adds a URI to `schemas` unless it is there.
pub fn add_schema(object: &mut Map<String, Value>, urn: &str) {
    let schemas = object.entry("schemas").or_insert_with(|| json!([]));
    if let Some(list) = schemas.as_array_mut()
        && !list.iter().any(|known| known.as_str().is_some_and(|known| known.eq_ignore_ascii_case(urn)))
    {
        list.push(urn.into());
    }
}

/// Whether a client may write it.
pub fn is_writable(attribute: &Attribute) -> bool {
    attribute.mutability != Mutability::ReadOnly
}

/// Whether a client may write it as often as it likes and reads it back by default.
pub fn is_plain(attribute: &Attribute) -> bool {
    attribute.mutability == Mutability::ReadWrite
        && matches!(attribute.returned, Returned::Default | Returned::Always)
}

/// Every own attribute of a type, extensions included; `id`, `externalId` and `meta` are left out.
pub fn slots(schema: &TypeSchema) -> impl Iterator<Item = Slot> + '_ {
    let core = schema.core.attributes.iter().map(|attribute| Slot::of(None, attribute));
    let extensions = schema.extensions.iter().flat_map(|extension| {
        extension.schema.attributes.iter().map(|attribute| Slot::of(Some(&extension.schema.id), attribute))
    });
    let common = |slot: &Slot| {
        slot.extension.is_none()
            && ["schemas", "id", "externalId", "meta"]
                .iter()
                .any(|n| n.eq_ignore_ascii_case(&slot.attribute.name))
    };
    core.filter(move |slot| !common(slot)).chain(extensions)
}

/// A value for a whole attribute.
fn whole(attribute: &Attribute, tag: &str) -> Value {
    let one = if attribute.kind == Type::Complex {
        let subs = attribute.sub_attributes.iter().filter(|sub| is_writable(sub));
        // A list has at most one primary value, and references need something to refer to.
        let members: Map<String, Value> = subs
            .filter(|sub| sub.name != "$ref" && sub.kind != Type::Complex)
            .filter(|sub| !sub.name.eq_ignore_ascii_case("display"))
            .map(|sub| (sub.name.clone(), part(attribute, sub, tag)))
            .collect();
        Value::Object(members)
    } else {
        simple(&attribute.name, attribute, tag)
    };
    if attribute.multi_valued { json!([one]) } else { one }
}

/// A value for a sub-attribute, an array where it is multi-valued itself.
fn part(attribute: &Attribute, sub: &Attribute, tag: &str) -> Value {
    let one = simple(&format!("{}.{}", attribute.name, sub.name), sub, tag);
    if sub.multi_valued { json!([one]) } else { one }
}

/// A value for a simple attribute that is known by its path within the schema.
fn simple(path: &str, attribute: &Attribute, tag: &str) -> Value {
    if let Some(value) = well_known(path, tag) {
        return value;
    }
    if attribute.name.eq_ignore_ascii_case("primary") && attribute.kind == Type::Boolean {
        return json!(true);
    }
    if let Some(canonical) = attribute.canonical_values.first() {
        return json!(canonical);
    }
    match attribute.kind {
        Type::Boolean => json!(true),
        Type::Integer => json!(number(tag)),
        Type::Decimal => json!(number(tag) as f64 + 0.5),
        Type::DateTime => json!(format!("2024-02-{:02}T08:30:00Z", 1 + number(tag) % 28)),
        Type::Binary => json!(base64(tag)),
        Type::Reference => json!(format!("https://example.com/{tag}")),
        Type::Complex => json!({}),
        Type::String if attribute.uniqueness != Uniqueness::None => {
            json!(format!("{tag}-{}", attribute.name))
        }
        Type::String => json!(format!("{} {tag}", attribute.name)),
    }
}

/// Values for the attributes of the standard schemas, which have formats that a schema cannot state.
fn well_known(path: &str, tag: &str) -> Option<Value> {
    let text = match path {
        "userName" => format!("{tag}@example.com"),
        "emails.value" => format!("{tag}@example.com"),
        "phoneNumbers.value" => format!("tel:+1-201-555-0{:03}", number(tag) % 1000),
        "ims.value" => tag.to_owned(),
        "photos.value" | "profileUrl" => format!("https://example.com/{tag}"),
        "preferredLanguage" | "locale" => {
            if number(tag).is_multiple_of(2) { "en-US" } else { "fr-FR" }.to_owned()
        }
        "timezone" => {
            if number(tag).is_multiple_of(2) { "America/Denver" } else { "Europe/Paris" }.to_owned()
        }
        "addresses.country" => if number(tag).is_multiple_of(2) { "US" } else { "FR" }.to_owned(),
        "addresses.postalCode" => format!("{:05}", number(tag) % 100_000),
        "userType" => if number(tag).is_multiple_of(2) { "Employee" } else { "Contractor" }.to_owned(),
        "password" => format!("Pw7!{tag}-xK9#"),
        "x509Certificates.value" => CERTIFICATE.to_owned(),
        _ => return None,
    };
    Some(json!(text))
}

/// A number that follows from a tag.
fn number(tag: &str) -> u64 {
    tag.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte))) % 100_000
}

fn base64(tag: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(format!("Value {tag} \u{ff}?>"))
}

/// A self-signed certificate (DER in base64) that is good for nothing but being stored.
const CERTIFICATE: &str = "MIIBhDCCASmgAwIBAgIUS5Cr4Q1TOVfHz/foliGlBHENgSMwCgYIKoZIzj0EAwIwFjEUMBIGA1UEAwwLZXhhbXBsZS5jb20wIBcN\
    MjYxMTI2MTEwNjE3WhgPMjEyNjExMDIxMTA2MTdaMBYxFDASBgNVBAMMC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0D\
    AQcDQgAEkkrtA3bmS5hBfivzESPObJBeue/QmkTXymD1jP4Lvxob1Cq4O4mJdB2TGN/8cYr0TJAIiqJa5NNLSqBdL6HBk6NTMFEw\
    HQYDVR0OBBYEFJs1WuxtWpeTGWRTl6HNISw9HqooMB8GA1UdIwQYMBaAFJs1WuxtWpeTGWRTl6HNISw9HqooMA8GA1UdEwEB/wQF\
    MAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAMYbldD9FhgDIkcCob9gP863b7BDJ7CmdCgrjDDSrLH5AiEAiLKhsP0mLgaEbwxpBgbw\
    A3FmcyyoHeyZjpNW0TFm0pY=";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::schema::{ENTERPRISE_USER, Registry};
    use crate::protocol::value;

    fn user() -> std::sync::Arc<TypeSchema> {
        Registry::standard().types().iter().find(|t| t.resource_type.name == "User").unwrap().clone()
    }

    fn slot(name: &str) -> Slot {
        slots(&user()).find(|slot| slot.attribute.name == name).unwrap()
    }

    #[test]
    fn a_place_is_named_read_and_written() {
        let department = slot("department");
        assert_eq!(department.path(), format!("{ENTERPRISE_USER}:department"));
        let mut body = json!({ "schemas": [] });
        department.set(&mut body, json!("R&D"));
        assert_eq!(body, json!({ "schemas": [ENTERPRISE_USER], ENTERPRISE_USER: { "department": "R&D" } }));
        assert_eq!(department.get(&body), Some(&json!("R&D")));
        department.remove(&mut body);
        assert_eq!(department.get(&body), None);

        let name = slot("name");
        let given = name.with_sub(name.attribute.sub("givenName").unwrap());
        given.set(&mut body, json!("Ada"));
        assert_eq!((given.path().as_str(), given.get(&body)), ("name.givenName", Some(&json!("Ada"))));
    }

    #[test]
    fn unassigned_values_are_none() {
        let emails = slot("emails");
        for unassigned in [json!({}), json!({ "emails": null }), json!({ "emails": [] })] {
            assert_eq!(emails.get(&unassigned), None);
        }
    }

    #[test]
    fn samples_fit_their_types_and_differ_by_tag() {
        for slot in slots(&user()).filter(|slot| is_writable(&slot.attribute)) {
            let sample = slot.sample("k3x9a");
            let items = if slot.attribute.multi_valued {
                sample.as_array().unwrap().clone()
            } else {
                vec![sample.clone()]
            };
            for item in items.iter().filter(|_| slot.attribute.kind != Type::Complex) {
                assert_eq!(value::check(&slot.attribute, item), Ok(()), "{}", slot.path());
            }
        }
        assert_ne!(slot("userName").sample("a"), slot("userName").sample("b"));
        assert_ne!(slot("title").sample("a"), slot("title").sample("b"));
    }
}
