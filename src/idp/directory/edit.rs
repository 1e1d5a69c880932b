//! Changes of a directory, as an administrator or an HR system makes them.

use serde_json::{Map, Value};

use super::{Assigned, Assignments, Directory, Group, Member, Person, PersonStatus};

/// Somebody who is not in the directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is nobody with the key `{0}` in the directory")]
pub struct Unknown(pub String);

impl Directory {
    /// Nobody is assigned; the scope filter stays.
    pub fn assign_nobody(&mut self) {
        let scope = self.assignments.take().and_then(|assignments| assignments.scope);
        self.assignments = Some(Assignments { scope, ..Assignments::default() });
    }

    /// Everybody and every group is assigned; the scope filter stays.
    pub fn assign_all(&mut self) {
        let scope = self.assignments.take().and_then(|assignments| assignments.scope);
        self.assignments = Some(Assignments { users: Assigned::All, groups: Assigned::All, scope });
    }

    /// Assigns a person or a group.
    ///
    /// # Errors
    /// There is none with that key.
    pub fn assign(&mut self, key: &str) -> Result<(), Unknown> {
        let assigned = self.assigned_mut(key)?;
        if let Assigned::These(keys) = assigned
            && !keys.iter().any(|known| known == key)
        {
            keys.push(key.to_owned());
        }
        Ok(())
    }

    /// Takes the assignment of a person or a group away.
    ///
    /// # Errors
    /// There is none with that key.
    pub fn unassign(&mut self, key: &str) -> Result<(), Unknown> {
        let everybody: Vec<String> = match self.is_group(key) {
            true => self.groups.iter().map(|group| group.key.clone()).collect(),
            false => self.people.iter().map(|person| person.key.clone()).collect(),
        };
        let assigned = self.assigned_mut(key)?;
        if *assigned == Assigned::All {
            *assigned = Assigned::These(everybody);
        }
        if let Assigned::These(keys) = assigned {
            keys.retain(|known| known != key);
        }
        Ok(())
    }

    /// Disables, enables or deletes an account.
    ///
    /// # Errors
    /// There is no person with that key.
    pub fn set_status(&mut self, key: &str, status: PersonStatus) -> Result<(), Unknown> {
        self.person_mut(key)?.status = status;
        Ok(())
    }

    /// Changes attributes of a person: objects are merged, null removes, `manager` is a key.
    ///
    /// # Errors
    /// There is no person with that key.
    pub fn update(&mut self, key: &str, changes: Map<String, Value>) -> Result<(), Unknown> {
        let person = self.person_mut(key)?;
        for (name, value) in changes {
            match (name.as_str(), value) {
                ("manager", Value::String(manager)) => person.manager = Some(manager),
                ("manager", _) => person.manager = None,
                (_, value) => merge(&mut person.attributes, &name, value),
            }
        }
        Ok(())
    }

    /// Adds a group; one with that key is replaced.
    pub fn add_group(&mut self, group: Group) {
        self.groups.retain(|known| known.key != group.key);
        self.groups.push(group);
    }

    /// Gives a group another name.
    ///
    /// # Errors
    /// There is no group with that key.
    pub fn rename_group(&mut self, key: &str, name: String) -> Result<(), Unknown> {
        self.group_mut(key)?.display_name = name;
        Ok(())
    }

    /// Takes a group out of the directory and out of the groups that it is in.
    ///
    /// # Errors
    /// There is no group with that key.
    pub fn remove_group(&mut self, key: &str) -> Result<(), Unknown> {
        self.group_mut(key)?;
        self.groups.retain(|group| group.key != key);
        for group in &mut self.groups {
            group.members.retain(|member| member.key() != key);
        }
        Ok(())
    }

    /// Puts a person or a group into a group.
    ///
    /// # Errors
    /// There is no group with the key of the group, or nobody with that of the member.
    pub fn add_member(&mut self, group: &str, key: &str) -> Result<(), Unknown> {
        let member = self.member(key)?;
        let members = &mut self.group_mut(group)?.members;
        if !members.contains(&member) {
            members.push(member);
        }
        Ok(())
    }

    /// Takes a person or a group out of a group.
    ///
    /// # Errors
    /// There is no group with that key.
    pub fn remove_member(&mut self, group: &str, key: &str) -> Result<(), Unknown> {
        self.group_mut(group)?.members.retain(|member| member.key() != key);
        Ok(())
    }

    /// The person or group with that key, as a member.
    ///
    /// # Errors
    /// There is none.
    pub fn member(&self, key: &str) -> Result<Member, Unknown> {
        match (self.is_group(key), self.people.iter().any(|person| person.key == key)) {
            (true, _) => Ok(Member::Group(key.to_owned())),
            (false, true) => Ok(Member::Person(key.to_owned())),
            (false, false) => Err(Unknown(key.to_owned())),
        }
    }

    fn is_group(&self, key: &str) -> bool {
        self.groups.iter().any(|group| group.key == key)
    }

    fn assigned_mut(&mut self, key: &str) -> Result<&mut Assigned, Unknown> {
        let member = self.member(key)?;
        let assignments = self.assignments.get_or_insert(Assignments {
            users: Assigned::All,
            groups: Assigned::All,
            scope: None,
        });
        Ok(match member {
            Member::Group(_) => &mut assignments.groups,
            Member::Person(_) => &mut assignments.users,
        })
    }

    fn person_mut(&mut self, key: &str) -> Result<&mut Person, Unknown> {
        self.people.iter_mut().find(|person| person.key == key).ok_or_else(|| Unknown(key.to_owned()))
    }

    fn group_mut(&mut self, key: &str) -> Result<&mut Group, Unknown> {
        self.groups.iter_mut().find(|group| group.key == key).ok_or_else(|| Unknown(key.to_owned()))
    }
}

/// Sets a member of an object; objects are merged, null removes.
fn merge(object: &mut Map<String, Value>, name: &str, value: Value) {
    match (object.get_mut(name), value) {
        (_, Value::Null) => drop(object.shift_remove(name)),
        (Some(Value::Object(known)), Value::Object(changes)) => {
            changes.into_iter().for_each(|(name, value)| merge(known, &name, value));
        }
        (Some(known), value) => *known = value,
        (None, value) => drop(object.insert(name.to_owned(), value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::SourceFile;
    use crate::idp::directory::parse;
    use serde_json::json;

    fn directory() -> Directory {
        let text = "people:\n  ada: { userName: a, name: { givenName: Ada, familyName: B }, manager: bob }\n  bob: { userName: b }\ngroups:\n  g: { displayName: G, members: [ada, h] }\n  h: { displayName: H }\n";
        parse(&SourceFile::new("f", text)).unwrap()
    }

    #[test]
    fn assignments_come_and_go() {
        let mut directory = directory();
        directory.unassign("ada").unwrap();
        let assigned = directory.assignments.clone().unwrap();
        assert_eq!((assigned.users, assigned.groups), (Assigned::These(vec!["bob".into()]), Assigned::All));
        directory.assign_nobody();
        directory.assign("g").unwrap();
        directory.assign("g").unwrap();
        assert_eq!(directory.assignments.unwrap().groups, Assigned::These(vec!["g".into()]));
        assert_eq!(self::directory().assign("nobody"), Err(Unknown("nobody".into())));
    }

    #[test]
    fn attributes_are_merged_and_null_removes() {
        let mut directory = directory();
        let changes =
            json!({ "name": { "familyName": "King", "givenName": null }, "title": "T", "manager": null });
        directory.update("ada", changes.as_object().unwrap().clone()).unwrap();
        let ada = &directory.people[0];
        assert_eq!(
            Value::Object(ada.attributes.clone()),
            json!({ "userName": "a", "name": { "familyName": "King" }, "title": "T" })
        );
        assert_eq!(ada.manager, None);
        directory.set_status("ada", PersonStatus::Suspended).unwrap();
        assert_eq!(directory.people[0].status, PersonStatus::Suspended);
    }

    #[test]
    fn groups_change() {
        let mut directory = directory();
        directory.rename_group("g", "Guild".into()).unwrap();
        directory.remove_group("h").unwrap();
        directory.add_member("g", "bob").unwrap();
        directory.remove_member("g", "ada").unwrap();
        assert_eq!(directory.groups.len(), 1);
        assert_eq!(
            (directory.groups[0].display_name.as_str(), &directory.groups[0].members),
            ("Guild", &vec![Member::Person("bob".into())])
        );
    }
}
