//! Who is assigned to the application and who is not, and who belongs to which group.
//!
//! [`Scope::new`] looks at the whole directory once; everything else are look-ups. What a [`PersonStatus`] means is not
//! decided here: suspended and deleted people can be assigned too.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde_json::{Value, json};

use super::{Assigned, Directory, ENTERPRISE, Group, Member, Person, PersonStatus};
use crate::diagnostic::nearest;
use crate::idp::mapping::{Place, USER};
use crate::protocol::Resource;
use crate::protocol::attr::AttrPath;
use crate::protocol::filter::{self, Compiled, Filter};
use crate::protocol::policy::Policy;
use crate::protocol::schema::TypeSchema;

/// Why a person is not provisioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotInScope {
    /// Neither the person nor a group of the person is assigned.
    NotAssigned,
    /// Assigned, but the person does not fit the scope filter.
    OutsideScope,
}

impl fmt::Display for NotInScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotInScope::NotAssigned => "not assigned",
            NotInScope::OutsideScope => "outside the scope filter",
        })
    }
}

/// How far the members of a group reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nesting {
    /// The people who are members themselves.
    Direct,
    /// Also the members of nested groups, however deep.
    All,
}

/// A directory with indexes, and with who of its people is in scope.
#[derive(Debug)]
pub struct Scope<'d> {
    directory: &'d Directory,
    people: HashMap<&'d str, usize>,
    groups: HashMap<&'d str, usize>,
    /// Of each person, in the order of the directory.
    standing: Vec<Result<(), NotInScope>>,
    /// Whether each group is assigned, in the order of the directory.
    assigned_groups: Vec<bool>,
}

impl<'d> Scope<'d> {
    /// Looks at a directory. `nesting` says whether the assignment of a group reaches the members of groups nested in
    /// it: identity providers differ.
    pub fn new(directory: &'d Directory, nesting: Nesting) -> Self {
        let people = directory.people.iter().enumerate();
        let groups = directory.groups.iter().enumerate();
        let mut scope = Self {
            directory,
            people: people.map(|(index, person)| (person.key.as_str(), index)).collect(),
            groups: groups.map(|(index, group)| (group.key.as_str(), index)).collect(),
            standing: vec![Ok(()); directory.people.len()],
            assigned_groups: vec![true; directory.groups.len()],
        };
        scope.settle(nesting);
        scope
    }

    fn settle(&mut self, nesting: Nesting) {
        let Some(assignments) = &self.directory.assignments else { return };
        if let Assigned::These(keys) = &assignments.groups {
            self.assigned_groups.fill(false);
            for key in keys {
                if let Some(index) = self.groups.get(key.as_str()) {
                    self.assigned_groups[*index] = true;
                }
            }
        }
        let mut is_assigned = vec![assignments.users == Assigned::All; self.directory.people.len()];
        if let Assigned::These(keys) = &assignments.users {
            keys.iter()
                .filter_map(|key| self.people.get(key.as_str()))
                .for_each(|at| is_assigned[*at] = true);
        }
        let assigned = self.assigned_groups.iter().enumerate().filter(|(_, is_assigned)| **is_assigned);
        self.visit(assigned.map(|(index, _)| index).collect(), nesting, |person| is_assigned[person] = true);
        // A filter that does not fit was refused when the directory was read.
        let filter = assignments.scope.as_ref().and_then(|filter| ScopeFilter::new(filter).ok());
        for (index, person) in self.directory.people.iter().enumerate() {
            self.standing[index] = match &filter {
                _ if !is_assigned[index] => Err(NotInScope::NotAssigned),
                Some(filter) if !filter.matches(person) => Err(NotInScope::OutsideScope),
                _ => Ok(()),
            };
        }
    }

    /// Calls `found` with the index of every person in these groups; one who is in several may come several times.
    fn visit(&self, groups: Vec<usize>, nesting: Nesting, mut found: impl FnMut(usize)) {
        let mut open = groups;
        let mut seen: HashSet<usize> = open.iter().copied().collect();
        open.reverse();
        while let Some(index) = open.pop() {
            for member in &self.directory.groups[index].members {
                match member {
                    Member::Person(key) => {
                        self.people.get(key.as_str()).copied().into_iter().for_each(&mut found)
                    }
                    Member::Group(key) if nesting == Nesting::All => {
                        let inner = self.groups.get(key.as_str()).copied();
                        open.extend(inner.filter(|inner| seen.insert(*inner)));
                    }
                    Member::Group(_) => {}
                }
            }
        }
    }

    /// The directory.
    pub fn directory(&self) -> &'d Directory {
        self.directory
    }

    /// The person with that key.
    pub fn person(&self, key: &str) -> Option<&'d Person> {
        self.people.get(key).map(|index| &self.directory.people[*index])
    }

    /// The group with that key.
    pub fn group(&self, key: &str) -> Option<&'d Group> {
        self.groups.get(key).map(|index| &self.directory.groups[*index])
    }

    /// Whether the person with that key is in scope, and why not; `None` where there is no such person.
    pub fn standing(&self, person: &str) -> Option<Result<(), NotInScope>> {
        self.people.get(person).map(|index| self.standing[*index])
    }

    /// Everybody, in the order of the directory, and whether they are in scope.
    pub fn people(&self) -> impl Iterator<Item = (&'d Person, Result<(), NotInScope>)> {
        self.directory.people.iter().zip(self.standing.iter().copied())
    }

    /// The groups that are provisioned, in the order of the directory.
    pub fn assigned_groups(&self) -> impl Iterator<Item = &'d Group> {
        let groups = self.directory.groups.iter().zip(&self.assigned_groups);
        groups.filter(|(_, is_assigned)| **is_assigned).map(|(group, _)| group)
    }

    /// Whether the group with that key is provisioned.
    pub fn is_assigned_group(&self, group: &str) -> bool {
        self.groups.get(group).is_some_and(|index| self.assigned_groups[*index])
    }

    /// The people in a group, each once: those of the group in its order, then those of nested groups. Nobody
    /// where there is no such group. Whether they are in scope does not matter.
    pub fn members_of(&self, group: &str, nesting: Nesting) -> Vec<&'d Person> {
        let mut seen = HashSet::new();
        let mut members = Vec::new();
        let start = self.groups.get(group).copied().into_iter().collect();
        self.visit(start, nesting, |person| {
            if seen.insert(person) {
                members.push(&self.directory.people[person]);
            }
        });
        members
    }
}

/// A scope filter that does not fit a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeMistake {
    /// The path that no person has, as it is written.
    pub attribute: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

/// A scope filter, ready to be run over people. It sees a person as the User resource that the identity provider has:
/// the attributes, `active` as the status says, and the manager of the enterprise extension with the key as `value`.
#[derive(Debug)]
pub struct ScopeFilter {
    compiled: Compiled<'static>,
}

impl ScopeFilter {
    /// Binds a filter to the attributes of people.
    ///
    /// # Errors
    /// An attribute that people do not have, or a comparison that does not go with one.
    pub fn new(filter: &Filter) -> Result<Self, ScopeMistake> {
        let user =
            USER.as_deref().ok_or_else(|| ScopeMistake::new("there is no schema of users".to_owned()))?;
        let bind = |path: &AttrPath| filter::bind(user, path, &Policy::STRICT);
        if let Some(path) = filter.paths().into_iter().find(|path| bind(path).is_err()) {
            let message = format!("`{path}` is no attribute of a person");
            return Err(ScopeMistake {
                help: right_path(user, &path),
                attribute: Some(path.to_string()),
                message,
            });
        }
        match Compiled::new(filter, user, &Policy::STRICT) {
            Ok(compiled) => Ok(Self { compiled }),
            Err(error) => Err(ScopeMistake::new(error.message)),
        }
    }

    /// Whether a person fits.
    pub fn matches(&self, person: &Person) -> bool {
        self.compiled.matches(&resource(person))
    }
}

impl ScopeMistake {
    fn new(message: String) -> Self {
        Self { attribute: None, message, help: None }
    }
}

/// What an attribute of a person was probably meant to be, where there is none of that name. Attributes of unknown extensions
/// may be there.
pub(super) fn unknown_attribute(place: &Place) -> Option<Option<String>> {
    let user = USER.as_deref()?;
    let path = AttrPath { schema: place.extension.clone(), name: place.name.clone(), sub: place.sub.clone() };
    let is_foreign = place.extension.as_deref().is_some_and(|urn| user.extension(urn).is_none());
    (!is_foreign && user.bind(&path).is_err()).then(|| right_path(user, &path))
}

/// What an unknown path was probably meant to be.
fn right_path(user: &TypeSchema, path: &AttrPath) -> Option<String> {
    if path.schema.is_some() {
        return None;
    }
    let qualified = AttrPath { schema: Some(ENTERPRISE.to_owned()), ..path.clone() };
    if user.bind(&qualified).is_ok() {
        return Some(format!("it is one of the enterprise extension: write `{qualified}`"));
    }
    let near = match user.attribute(&path.name) {
        None => {
            let near = nearest(&path.name, user.attributes().map(|attribute| attribute.name.as_str()))?;
            AttrPath { name: near.to_owned(), ..path.clone() }
        }
        Some(attribute) => {
            let subs = attribute.sub_attributes.iter().map(|sub| sub.name.as_str());
            let near = nearest(path.sub.as_deref()?, subs)?;
            AttrPath { sub: Some(near.to_owned()), ..path.clone() }
        }
    };
    Some(format!("did you mean `{near}`?"))
}

/// The person as a User resource of the identity provider. Nulls are no values.
fn resource(person: &Person) -> Resource {
    let mut resource = person.attributes.clone();
    resource.insert("active".into(), (person.status == PersonStatus::Active).into());
    if let Some(manager) = &person.manager {
        let extension = resource.entry(ENTERPRISE).or_insert_with(|| json!({}));
        if let Value::Object(extension) = extension {
            extension.insert("manager".into(), json!({ "value": manager }));
        }
    }
    resource
}

/// What a directory holds and who of it is in scope, for people to read.
pub fn summary(directory: &Directory) -> String {
    let scope = Scope::new(directory, Nesting::Direct);
    let with_status =
        |status: PersonStatus| directory.people.iter().filter(|person| person.status == status).count();
    let statuses = PersonStatus::WORDS
        .map(|(word, status)| (word, with_status(status)))
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{count} {word}"));
    let out = |why: NotInScope| scope.people().filter(|(_, standing)| *standing == Err(why)).count();
    let reasons = [NotInScope::NotAssigned, NotInScope::OutsideScope]
        .map(|why| (why, out(why)))
        .into_iter()
        .filter(|(_, count)| *count > 0);
    let reasons: Vec<(NotInScope, usize)> = reasons.collect();
    let is_nested = |group: &&Group| group.members.iter().any(|member| matches!(member, Member::Group(_)));
    let nested = directory.groups.iter().filter(is_nested).count();

    let mut text = String::new();
    let mut line = |name: &str, number: usize, more: String| {
        let more = if more.is_empty() { more } else { format!("  {more}") };
        text.push_str(&format!("{name:<10} {number:>6}{more}\n"));
    };
    line("people", directory.people.len(), statuses.collect::<Vec<_>>().join(", "));
    let holding = if nested > 0 { format!("{nested} with groups in them") } else { String::new() };
    line("groups", directory.groups.len(), holding);
    let all = if directory.assignments.is_none() { "everybody, as nothing is said" } else { "" };
    let assigned = directory.people.len() - out(NotInScope::NotAssigned);
    let groups = scope.assigned_groups().count();
    let groups = if groups == 1 { "1 group".to_owned() } else { format!("{groups} groups") };
    let people = if assigned == 1 { "person" } else { "people" };
    let assigned_more = if all.is_empty() { format!("{people}, and {groups}") } else { all.to_owned() };
    line("assigned", assigned, assigned_more);
    let in_scope = scope.people().filter(|(_, standing)| standing.is_ok()).count();
    line("in scope", in_scope, String::new());
    let out: Vec<String> = reasons.iter().map(|(why, count)| format!("{count} {why}")).collect();
    line("out", directory.people.len() - in_scope, out.join(", "));
    if nested > 0 && directory.assignments.is_some() {
        let all = Scope::new(directory, Nesting::All);
        let more = all.people().filter(|(_, standing)| standing.is_ok()).count() - in_scope;
        if more > 0 {
            let are = if more == 1 { "is" } else { "are" };
            text.push_str(&format!(
                "\n{more} more {are} in scope where an identity provider assigns the members of nested groups too.\n"
            ));
        }
    }
    text
}
