//! Which attributes are indexed, and the keys of a resource.
//!
//! Every attribute that must be unique is indexed, and besides those the ones that clients look resources up by: externalId,
//! userName, displayName, `emails.value`, `members.value`. `eq` on any of them needs no scan.

use std::sync::Arc;

use serde_json::Value;

use crate::protocol::Resource;
use crate::protocol::attr::{AttrPath, Bound, Container};
use crate::protocol::schema::{Attribute, Type, TypeSchema, Uniqueness};
use crate::protocol::value::{fold, prepare_exact};
use crate::provider::profile::Rules;
use crate::provider::store::{IndexId, Key};

/// Attributes that clients look resources up by, beside the unique ones.
const LOOKED_UP: &[&str] = &["externalId", "userName", "displayName", "emails.value", "members.value"];

/// The indexed attributes of one resource type; an index id is the position in this list.
#[derive(Debug, Clone)]
pub struct IndexPlan {
    indexed: Vec<Indexed>,
    members: Option<IndexId>,
}

/// One indexed attribute.
#[derive(Debug, Clone)]
struct Indexed {
    /// The extension that it lives in.
    extension: Option<String>,
    name: String,
    sub: Option<String>,
    unique: bool,
    case_exact: bool,
}

impl IndexPlan {
    /// What to index for a resource type.
    pub fn new(schema: &TypeSchema, rules: &Rules) -> IndexPlan {
        let mut plan = IndexPlan { indexed: Vec::new(), members: None };
        for attribute in schema.attributes() {
            plan.consider(None, attribute);
        }
        for extension in &schema.extensions {
            for attribute in &extension.schema.attributes {
                plan.consider(Some(&extension.schema.id), attribute);
            }
        }
        plan.members = plan.position(None, "members", Some("value"));
        if rules.unique_group_names && plan.members.is_some() {
            let names = plan.indexed.iter_mut().filter(|i| i.name == "displayName" && i.extension.is_none());
            names.for_each(|indexed| indexed.unique = true);
        }
        plan
    }

    fn consider(&mut self, extension: Option<&str>, attribute: &Attribute) {
        let mut add = |leaf: &Attribute, sub: Option<&str>| {
            let unique = leaf.uniqueness != Uniqueness::None && leaf.name != "id";
            let path = match sub {
                Some(sub) => format!("{}.{sub}", attribute.name),
                None => attribute.name.clone(),
            };
            if unique || (extension.is_none() && LOOKED_UP.contains(&path.as_str())) {
                self.indexed.push(Indexed {
                    extension: extension.map(str::to_owned),
                    name: attribute.name.clone(),
                    sub: sub.map(str::to_owned),
                    unique,
                    case_exact: leaf.case_exact,
                });
            }
        };
        if attribute.is_complex() {
            attribute.sub_attributes.iter().for_each(|sub| add(sub, Some(&sub.name)));
        } else {
            add(attribute, None);
        }
    }

    fn position(&self, extension: Option<&str>, name: &str, sub: Option<&str>) -> Option<IndexId> {
        let found = self.indexed.iter().position(|indexed| {
            indexed.extension.as_deref() == extension && indexed.name == name && indexed.sub.as_deref() == sub
        });
        found.and_then(|index| IndexId::try_from(index).ok())
    }

    /// The index of `members.value`, for types that have members.
    pub fn members(&self) -> Option<IndexId> {
        self.members
    }

    /// The index that answers `path eq "…"`, if there is one. A multi-valued complex attribute means its `value`.
    ///
    /// Only text is answered: a dateTime is compared as an instant, which an index of texts knows nothing of.
    pub fn answering(&self, schema: &TypeSchema, path: &AttrPath) -> Option<IndexId> {
        let Ok(Bound::Attribute { container, attribute, sub }) = schema.bind(path) else { return None };
        let extension = match container {
            Container::Core => None,
            Container::Extension(urn) => Some(urn),
        };
        let sub = match sub {
            Some(sub) => Some(sub),
            None if attribute.is_complex() => {
                attribute.multi_valued.then(|| attribute.sub("value")).flatten()
            }
            None => None,
        };
        let is_text = sub.unwrap_or(attribute).kind == Type::String;
        is_text.then(|| self.position(extension, &attribute.name, sub.map(|sub| sub.name.as_str()))).flatten()
    }

    /// Whether no two resources have the same value of an indexed attribute.
    pub fn is_unique(&self, index: IndexId) -> bool {
        self.indexed.get(usize::from(index)).is_some_and(|indexed| indexed.unique)
    }

    /// A value as it is kept in an index.
    pub fn folded(&self, index: IndexId, value: &str) -> Arc<str> {
        match self.indexed.get(usize::from(index)) {
            Some(indexed) if indexed.case_exact => prepare_exact(value).into(),
            _ => fold(value).into(),
        }
    }

    /// The name of an indexed attribute, for messages.
    pub fn path(&self, index: IndexId) -> String {
        self.indexed.get(usize::from(index)).map_or_else(String::new, |indexed| {
            let prefix = indexed.extension.as_ref().map(|urn| format!("{urn}:")).unwrap_or_default();
            let suffix = indexed.sub.as_ref().map(|sub| format!(".{sub}")).unwrap_or_default();
            format!("{prefix}{}{suffix}", indexed.name)
        })
    }

    /// The keys of a canonical resource.
    pub fn keys(&self, resource: &Resource) -> Box<[Key]> {
        let mut keys = Vec::new();
        for (index, indexed) in (0..).zip(&self.indexed) {
            let container = match &indexed.extension {
                None => Some(resource),
                Some(urn) => resource.get(urn).and_then(Value::as_object),
            };
            let Some(value) = container.and_then(|container| container.get(&indexed.name)) else { continue };
            each_text(value, indexed.sub.as_deref(), &mut |text| {
                keys.push(Key { index, unique: indexed.unique, value: self.folded(index, text) });
            });
        }
        keys.into_boxed_slice()
    }
}

/// Visits the text of a value, of its elements, or of a sub-attribute of either.
fn each_text(value: &Value, sub: Option<&str>, visit: &mut dyn FnMut(&str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| each_text(item, sub, visit)),
        Value::Object(object) => {
            if let Some(value) = sub.and_then(|sub| object.get(sub)) {
                each_text(value, None, visit);
            }
        }
        Value::String(text) => visit(text),
        Value::Number(number) => visit(&number.to_string()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::schema::Registry;
    use serde_json::json;

    fn plan(endpoint: &str, rules: &Rules) -> (IndexPlan, Arc<TypeSchema>) {
        let schema = Registry::standard().by_endpoint(endpoint).unwrap().clone();
        (IndexPlan::new(&schema, rules), schema)
    }

    fn keys(plan: &IndexPlan, resource: Value) -> Vec<String> {
        let keys = plan.keys(resource.as_object().unwrap());
        keys.iter()
            .map(|key| format!("{}={}{}", plan.path(key.index), key.value, if key.unique { "!" } else { "" }))
            .collect()
    }

    #[test]
    fn users_are_found_by_what_clients_look_them_up_by() {
        let (plan, schema) = plan("Users", &Rules::default());
        let user = json!({ "externalId": "Ab", "userName": "ADA", "emails": [{ "value": "A@x" }, { "type": "work" }] });
        assert_eq!(keys(&plan, user), ["externalId=Ab", "userName=ada!", "emails.value=a@x"]);
        for path in ["userName", "USERNAME", "emails.value", "emails", "externalId"] {
            assert!(plan.answering(&schema, &AttrPath::parse(path).unwrap()).is_some(), "{path}");
        }
        assert!(plan.answering(&schema, &AttrPath::simple("title")).is_none());
    }

    #[test]
    fn group_names_are_unique_where_the_profile_says_so() {
        let group = json!({ "displayName": "Eng", "members": [{ "value": "1" }] });
        assert_eq!(
            keys(&plan("Groups", &Rules::default()).0, group.clone()),
            ["displayName=eng", "members.value=1"]
        );
        let rules = Rules { unique_group_names: true };
        assert_eq!(keys(&plan("Groups", &rules).0, group), ["displayName=eng!", "members.value=1"]);
    }
}
