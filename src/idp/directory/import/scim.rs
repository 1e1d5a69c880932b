//! The users and groups of a SCIM service as a directory: pages in, people and groups out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::decode::cycles;
use super::super::keys::Keys;
use super::super::{Directory, ENTERPRISE, Group, Member, Person, PersonStatus};
use crate::idp::mapping::USER;
use crate::protocol::schema::{Attribute, Mutability, Returned, Type, TypeSchema, find};

/// Takes resources as they come and makes a directory of them at the end.
///
/// What the service assigns (`id`, `meta`, `groups` and whatever is read-only) and passwords are left out. Managers and members
/// are found by `id`.
#[derive(Debug, Default)]
pub struct Importer {
    schema: Option<Arc<TypeSchema>>,
    keys: Keys,
    people: Vec<Person>,
    /// The id of the manager of each person, where there is one.
    managers: Vec<Option<String>>,
    user_names: HashSet<String>,
    groups: Vec<Group>,
    /// The ids of the members of each group.
    members: Vec<Vec<String>>,
    /// Who has which id on the service.
    ids: HashMap<String, Member>,
    /// What was left out, and how often.
    left_out: BTreeMap<String, usize>,
}

impl Importer {
    /// Nothing has come yet.
    pub fn new() -> Self {
        Self { schema: USER.clone(), ..Self::default() }
    }

    fn leave_out(&mut self, what: impl Into<String>) {
        *self.left_out.entry(what.into()).or_default() += 1;
    }

    /// A resource of `/Users`.
    pub fn user(&mut self, resource: Value) {
        let Value::Object(resource) = resource else { return self.leave_out("a user that is no object") };
        let id = member(&resource, "id").and_then(Value::as_str).map(str::to_owned);
        let user_name = member(&resource, "userName").and_then(Value::as_str).and_then(one_line);
        let Some(user_name) = user_name else { return self.leave_out("a user without `userName`") };
        if !self.user_names.insert(user_name.to_lowercase()) {
            return self.leave_out("a user with the `userName` of another");
        }
        let status = match member(&resource, "active").and_then(as_boolean) {
            Some(false) => PersonStatus::Suspended,
            _ => PersonStatus::Active,
        };
        let manager = member(&resource, ENTERPRISE).and_then(|extension| {
            let manager = member(extension.as_object()?, "manager")?;
            // Some services give the id itself.
            let id = manager.as_str().or_else(|| member(manager.as_object()?, "value")?.as_str())?;
            (!id.is_empty()).then(|| id.to_owned())
        });
        let key = self.keys.key(&user_name, "person");
        self.ids.extend(id.map(|id| (id, Member::Person(key.clone()))));
        let mut attributes = Map::new();
        attributes.insert("userName".into(), user_name.into());
        self.take_over(resource, &mut attributes);
        self.people.push(Person { key, attributes, manager: None, status });
        self.managers.push(manager);
    }

    /// Takes over what a directory can hold, in the spelling of the schemas.
    fn take_over(&mut self, resource: Map<String, Value>, attributes: &mut Map<String, Value>) {
        let Some(schema) = self.schema.clone() else { return };
        let mut extensions = Map::new();
        for (name, value) in resource {
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            if ["schemas", "id", "meta", "userName", "active"].into_iter().any(is) || value.is_null() {
                continue;
            }
            if let Some(attribute) = schema.attribute(&name) {
                if let Some(value) = self.attribute(attribute, value, &attribute.name) {
                    attributes.insert(attribute.name.clone(), value);
                }
            } else if let Some(extension) = schema.extension(&name) {
                let Value::Object(members) = value else { continue };
                let mut kept = Map::new();
                for (name, value) in
                    members.into_iter().filter(|(name, _)| !name.eq_ignore_ascii_case("manager"))
                {
                    match find(&extension.schema.attributes, &name) {
                        None => self.leave_out(format!("the attribute `{name}` of the enterprise extension")),
                        Some(attribute) => {
                            let value = self.attribute(attribute, value, &attribute.name);
                            kept.extend(value.map(|value| (attribute.name.clone(), value)));
                        }
                    }
                }
                if !kept.is_empty() {
                    extensions.insert(extension.schema.id.clone(), kept.into());
                }
            } else if name.contains(':') && value.is_object() {
                extensions.insert(name, value);
            } else {
                self.leave_out(format!("the attribute `{name}`, which no schema of the RFC has"));
            }
        }
        attributes.extend(extensions);
    }

    /// A value as its attribute wants it; `None` where it is none, or is not taken over.
    fn attribute(&mut self, attribute: &Attribute, value: Value, path: &str) -> Option<Value> {
        // Passwords come from no service that keeps to the RFC; from another they are not wanted.
        if attribute.mutability == Mutability::ReadOnly || attribute.returned == Returned::Never {
            return None;
        }
        if !attribute.multi_valued {
            return self.single(attribute, value, path);
        }
        let elements = match value {
            Value::Array(elements) => elements,
            Value::Null => return None,
            element => vec![element],
        };
        let elements: Vec<Value> =
            elements.into_iter().filter_map(|element| self.single(attribute, element, path)).collect();
        (!elements.is_empty()).then(|| elements.into())
    }

    fn single(&mut self, attribute: &Attribute, value: Value, path: &str) -> Option<Value> {
        let fitting = match (attribute.kind, value) {
            (_, Value::Null) => return None,
            (Type::Complex, Value::Object(members)) => {
                let mut kept = Map::new();
                for (name, value) in members {
                    let path = format!("{path}.{name}");
                    match attribute.sub(&name) {
                        None => {
                            self.leave_out(format!("the attribute `{path}`, which no schema of the RFC has"))
                        }
                        Some(sub) => {
                            let value = self.attribute(sub, value, &path);
                            kept.extend(value.map(|value| (sub.name.clone(), value)));
                        }
                    }
                }
                return (!kept.is_empty()).then(|| kept.into());
            }
            // A list of texts where the RFC has objects with `value`.
            (Type::Complex, Value::String(text)) if attribute.sub("value").is_some() => {
                Some(serde_json::json!({ "value": text }))
            }
            (Type::Complex, _) => None,
            (Type::Boolean, value) => as_boolean(&value).map(Value::Bool),
            (Type::Integer | Type::Decimal, value) => value.is_number().then_some(value),
            (_, Value::String(text)) => Some(text.into()),
            (_, Value::Number(number)) => Some(number.to_string().into()),
            _ => None,
        };
        if fitting.is_none() {
            self.leave_out(format!("a value of `{path}` that is of another type"));
        }
        fitting
    }

    /// A resource of `/Groups`.
    pub fn group(&mut self, resource: Value) {
        let Value::Object(resource) = resource else { return self.leave_out("a group that is no object") };
        let text = |name: &str| member(&resource, name).and_then(Value::as_str).and_then(one_line);
        let Some(display_name) = text("displayName") else {
            return self.leave_out("a group without `displayName`");
        };
        let key = self.keys.key(&display_name, "group");
        let id = member(&resource, "id").and_then(Value::as_str);
        self.ids.extend(id.map(|id| (id.to_owned(), Member::Group(key.clone()))));
        let members = member(&resource, "members").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let ids = members.iter().filter_map(|value| {
            let id = value.as_str().or_else(|| member(value.as_object()?, "value")?.as_str())?;
            Some(id.to_owned())
        });
        self.members.push(ids.collect());
        self.groups.push(Group { key, display_name, external_id: text("externalId"), members: Vec::new() });
    }

    /// How many users and groups have come.
    pub fn counts(&self) -> (usize, usize) {
        (self.people.len(), self.groups.len())
    }

    /// The directory, and what had to be left out, a line each.
    pub fn finish(mut self) -> (Directory, Vec<String>) {
        for (index, manager) in std::mem::take(&mut self.managers).into_iter().enumerate() {
            match manager.map(|id| self.ids.get(&id).cloned()) {
                None => {}
                Some(Some(Member::Person(key))) => self.people[index].manager = Some(key),
                Some(_) => self.leave_out("a manager who is no user of the service"),
            }
        }
        for (index, ids) in std::mem::take(&mut self.members).into_iter().enumerate() {
            for id in ids {
                match self.ids.get(&id).cloned() {
                    Some(member) => self.groups[index].members.push(member),
                    None => self.leave_out("a member who is neither user nor group of the service"),
                }
            }
        }
        let mut closing: Vec<_> = cycles(&self.groups).iter().map(|it| (it.group, it.member)).collect();
        closing.sort_unstable();
        for (group, member) in closing.into_iter().rev() {
            self.groups[group].members.remove(member);
            self.leave_out("the membership of a group in itself, by way of others or not");
        }
        let notes = self.left_out.iter().map(|(what, count)| match count {
            1 => format!("left out: {what}"),
            count => format!("left out, {count} times: {what}"),
        });
        let notes = notes.collect();
        (Directory { people: self.people, groups: self.groups, ..Directory::default() }, notes)
    }
}

/// The member of that name, without regard to case.
fn member<'r>(resource: &'r Map<String, Value>, name: &str) -> Option<&'r Value> {
    resource.get(name).or_else(|| {
        resource.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}

/// A name as directories have it; `None` where nothing is left.
fn one_line(text: &str) -> Option<String> {
    let line = text.replace(['\n', '\r'], " ");
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// A boolean, also where it is written as text.
fn as_boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::diagnostic::SourceFile;
    use crate::idp::directory::{parse, write};

    fn import(users: Vec<Value>, groups: Vec<Value>) -> (String, Vec<String>) {
        let mut importer = Importer::new();
        users.into_iter().for_each(|user| importer.user(user));
        groups.into_iter().for_each(|group| importer.group(group));
        let (directory, notes) = importer.finish();
        let text = String::from_utf8(write::write(&directory, "", Vec::new()).unwrap()).unwrap();
        let read = parse(&SourceFile::new("out", text.as_str()));
        assert_eq!(read.unwrap_or_else(|found| panic!("{}", found[0].render(false))), directory);
        (text, notes)
    }

    #[test]
    fn users_and_groups_become_a_directory() {
        let (text, notes) = import(
            vec![
                json!({ "schemas": [], "id": "1", "username": "Ada@x.test", "active": "False", "password": "hunter2", "meta": {},
                    "name": { "GivenName": "Ada", "odd": 1 }, "emails": { "value": "a", "primary": "true" }, "groups": [{ "value": "9" }],
                    "title": null, "nickName": 7, "phoneNumbers": ["1"], "shoe": 1,
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user": { "department": "R", "manager": { "value": "2" } },
                    "urn:custom": { "a": 1 } }),
                json!({ "id": "2", "userName": "bob", ENTERPRISE: { "manager": { "value": "404" } } }),
                json!({ "id": "3", "userName": "BOB" }),
                json!({ "id": "4" }),
            ],
            vec![
                json!({ "id": "8", "displayName": "Team", "externalId": "x", "members": [{ "value": "1" }, { "value": "9" }, { "value": "3" }] }),
                json!({ "id": "9", "displayName": "Inner", "members": [{ "value": "8" }, { "value": "9" }, { "value": "2" }] }),
            ],
        );
        assert!(!text.contains("hunter2"));
        insta::assert_snapshot!(format!("{text}\n{}", notes.join("\n")), @r#"
        people:
          ada:
            userName: Ada@x.test
            name: { givenName: Ada }
            emails:
              - { value: a, primary: true }
            nickName: "7"
            phoneNumbers:
              - { value: "1" }
            urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:
              department: R
            urn:custom:
              a: 1
            manager: bob
            status: suspended
          bob:
            userName: bob
        groups:
          team:
            displayName: Team
            externalId: x
            members: [ada, inner]
          inner:
            displayName: Inner
            members: [bob]

        left out: a manager who is no user of the service
        left out: a member who is neither user nor group of the service
        left out: a user with the `userName` of another
        left out: a user without `userName`
        left out: the attribute `name.odd`, which no schema of the RFC has
        left out: the attribute `shoe`, which no schema of the RFC has
        left out, 2 times: the membership of a group in itself, by way of others or not
        "#);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let names = prop::sample::select(vec![
            "userName",
            "id",
            "name",
            "givenName",
            "value",
            "active",
            "members",
            "displayName",
            "emails",
            "x",
            ENTERPRISE,
            "manager",
            "a b",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i8>().prop_map(Into::into),
            "[a-c: \\n]{0,3}".prop_map(Value::String)
        ];
        leaf.prop_recursive(3, 24, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                proptest::collection::vec((names.clone(), inner), 0..6).prop_map(|members| Value::Object(
                    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
                )),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_comes_the_result_is_a_directory(
            users in proptest::collection::vec(any_value(), 0..4),
            groups in proptest::collection::vec(any_value(), 0..4),
        ) {
            import(users, groups);
        }
    }
}
