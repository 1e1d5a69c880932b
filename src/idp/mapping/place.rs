//! An attribute of a resource, for reading and writing.

use std::fmt;
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use super::MappingError;
use crate::protocol::attr::{AttrPath, Bound};
use crate::protocol::filter::{Filter, Op};
use crate::protocol::message::member;
use crate::protocol::path;
use crate::protocol::policy::Policy;
use crate::protocol::schema::{Attribute, Registry, TypeSchema};

/// Which element of a multi-valued attribute: the one whose sub-attribute has this value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// `type` in `emails[type eq "work"]`.
    pub sub: String,
    /// `work`.
    pub value: Value,
}

/// An attribute of a resource: `title`, `name.familyName`, `emails[type eq "work"].value`,
/// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`.
#[derive(Debug, Clone, Eq)]
pub struct Place {
    /// The URN of the extension, where it is in one.
    pub extension: Option<String>,
    /// The attribute.
    pub name: String,
    /// Which element of it.
    pub selector: Option<Selector>,
    /// The sub-attribute.
    pub sub: Option<String>,
}

/// What people are in SCIM; never absent, as the standard schemas are part of the program.
pub(in crate::idp) static USER: LazyLock<Option<Arc<TypeSchema>>> =
    LazyLock::new(|| Registry::standard().by_name("User").cloned());

/// URI of the core schemas, whose attributes stand at the top level of a resource.
const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:";

impl Place {
    /// Reads a path.
    ///
    /// # Errors
    /// It is no attribute path, or its filter says something else than which element is meant.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let parsed = path::parse(text, &Policy::STRICT).map_err(|error| {
            let at = error.position.offset.min(text.len());
            MappingError { at: at..text.len(), message: error.message, help: None }
        })?;
        let AttrPath { schema, name, sub } = parsed.attr;
        let selector = match parsed.filter {
            None => None,
            Some(Filter::Compare { path: AttrPath { schema: None, name, sub: None }, op: Op::Eq, value }) => {
                Some(Selector { sub: name, value: value.to_json() })
            }
            Some(_) => {
                let start = text.find('[').unwrap_or(0);
                return Err(MappingError {
                    at: start..text.len(),
                    message: "the filter of a mapped attribute names one element".into(),
                    help: Some(r#"write it such as `emails[type eq "work"].value`"#.into()),
                });
            }
        };
        let extension =
            schema.filter(|urn| !urn.to_ascii_lowercase().starts_with(&CORE.to_ascii_lowercase()));
        Ok(Self { extension, name, selector, sub: parsed.sub.or(sub) })
    }

    /// The definition of the attribute of a User, or of its sub-attribute, where the standard schemas have it.
    pub fn definition(&self) -> Option<&'static Attribute> {
        let path =
            AttrPath { schema: self.extension.clone(), name: self.name.clone(), sub: self.sub.clone() };
        match USER.as_deref()?.bind(&path).ok()? {
            Bound::Attribute { attribute, sub, .. } => Some(sub.unwrap_or(attribute)),
            Bound::Container(_) => None,
        }
    }

    /// Whether it is the attribute of this name, as a whole and at the top level.
    pub fn is(&self, name: &str) -> bool {
        self.extension.is_none()
            && self.selector.is_none()
            && self.sub.is_none()
            && self.name.eq_ignore_ascii_case(name)
    }

    /// The value in a resource. Names compare without regard to case. Where nothing says which element of a list is meant,
    /// a sub-attribute is that of the first.
    pub fn get<'v>(&self, resource: &'v Map<String, Value>) -> Option<&'v Value> {
        let container = match &self.extension {
            None => resource,
            Some(urn) => member(resource, urn)?.as_object()?,
        };
        let attribute = member(container, &self.name)?;
        let chosen = match &self.selector {
            None => attribute,
            Some(selector) => elements(attribute).iter().find(|element| selector.fits(element))?,
        };
        let value = match &self.sub {
            None => chosen,
            Some(sub) => member(elements(chosen).first()?.as_object()?, sub)?,
        };
        (!value.is_null()).then_some(value)
    }

    /// Sets the value in a resource; what is missing on the way is made.
    pub fn set(&self, resource: &mut Map<String, Value>, value: Value) {
        let container = match &self.extension {
            None => resource,
            Some(urn) => object(slot(resource, urn)),
        };
        let mut chosen = slot(container, &self.name);
        if let Some(selector) = &self.selector {
            chosen = selector.element(chosen);
        }
        match &self.sub {
            None => *chosen = value,
            Some(sub) => *slot(object(chosen), sub) = value,
        }
    }
}

/// The elements of a multi-valued attribute; a lone object counts as one.
fn elements(attribute: &Value) -> &[Value] {
    match attribute {
        Value::Array(elements) => elements,
        other => std::slice::from_ref(other),
    }
}

/// The member of that name, made where it is missing.
fn slot<'v>(object: &'v mut Map<String, Value>, name: &str) -> &'v mut Value {
    let known = object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
    object.entry(known.unwrap_or_else(|| name.to_owned())).or_insert(Value::Null)
}

/// The value as an object, which it becomes where it is something else.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(members) => members,
        _ => unreachable!("it was made an object a moment ago"),
    }
}

impl Selector {
    /// Whether an element is the one that is meant.
    pub fn fits(&self, element: &Value) -> bool {
        let Some(found) = element.as_object().and_then(|members| member(members, &self.sub)) else {
            return false;
        };
        match (found, &self.value) {
            (Value::String(found), Value::String(wanted)) => found.eq_ignore_ascii_case(wanted),
            (found, wanted) => found == wanted,
        }
    }

    /// The element in an array, made where it is missing.
    fn element<'v>(&self, attribute: &'v mut Value) -> &'v mut Value {
        if !attribute.is_array() {
            *attribute = Value::Array(Vec::new());
        }
        let Value::Array(elements) = attribute else { unreachable!("it was made an array a moment ago") };
        let index = match elements.iter().position(|element| self.fits(element)) {
            Some(index) => index,
            None => {
                elements.push(Value::Object([(self.sub.clone(), self.value.clone())].into_iter().collect()));
                elements.len() - 1
            }
        };
        &mut elements[index]
    }
}

/// Names compare without regard to case (RFC 7643 §2.1).
impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: &Option<String>, b: &Option<String>| match (a, b) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            (None, None) => true,
            _ => false,
        };
        self.name.eq_ignore_ascii_case(&other.name)
            && same(&self.extension, &other.extension)
            && same(&self.sub, &other.sub)
            && self.selector == other.selector
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.extension {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.name)?;
        if let Some(selector) = &self.selector {
            write!(f, "[{} eq {}]", selector.sub, selector.value)?;
        }
        match &self.sub {
            None => Ok(()),
            Some(sub) => write!(f, ".{sub}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";

    #[test]
    fn what_was_set_is_found_there_and_nothing_else_changes() {
        let mut resource = Map::new();
        for (path, value) in [
            ("title", json!("Countess")),
            ("name.givenName", json!("Ada")),
            ("name.familyName", json!("Byron")),
            (r#"emails[type eq "work"].value"#, json!("a@x.example.com")),
            (r#"emails[type eq "work"].primary"#, json!(true)),
            (r#"emails[type eq "home"].value"#, json!("b@x.example.com")),
            (r#"roles[primary eq true].value"#, json!("admin")),
            (DEPARTMENT, json!("R&D")),
        ] {
            let place = Place::parse(path).unwrap();
            place.set(&mut resource, value.clone());
            assert_eq!(place.get(&resource), Some(&value), "{path}");
            assert_eq!(place.to_string(), path);
        }
        assert_eq!(
            Value::Object(resource),
            json!({
                "title": "Countess",
                "name": { "givenName": "Ada", "familyName": "Byron" },
                "emails": [{ "type": "work", "value": "a@x.example.com", "primary": true }, { "type": "home", "value": "b@x.example.com" }],
                "roles": [{ "primary": true, "value": "admin" }],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "R&D" },
            })
        );
    }

    #[test]
    fn names_compare_without_case_and_null_is_no_value() {
        let resource = json!({ "NAME": { "familyname": "B" }, "title": null, "emails": { "type": "Work", "value": "x" } });
        let get = |path: &str| Place::parse(path).unwrap().get(resource.as_object().unwrap()).cloned();
        assert_eq!(get("name.familyName"), Some(json!("B")));
        assert_eq!(get("title"), None);
        assert_eq!(get(r#"emails[type eq "work"].value"#), Some(json!("x")));
        let list = json!({ "emails": [{ "value": "x" }, { "value": "y" }], "roles": [] });
        let first = |path: &str| Place::parse(path).unwrap().get(list.as_object().unwrap()).cloned();
        assert_eq!((first("emails.value"), first("roles.value")), (Some(json!("x")), None));
        assert!(Place::parse("urn:ietf:params:scim:schemas:core:2.0:User:title").unwrap().is("Title"));
    }

    #[test]
    fn a_filter_names_one_element() {
        for wrong in
            [r#"emails[type eq "work" and primary eq true].value"#, r#"emails[value pr]"#, "na me", ""]
        {
            assert!(Place::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}") {
            if let Ok(place) = Place::parse(&text) {
                let mut resource = Map::new();
                place.set(&mut resource, json!(1));
                prop_assert_eq!(place.get(&resource), Some(&json!(1)));
            }
        }
    }
}
