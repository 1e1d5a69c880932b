//! What has to be done about whom: the directory held against the state.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use serde_json::Value;

use super::Engine;
use super::person::{Need, Task};
use super::state::{GroupLink, Link, Why};
use crate::idp::dialect::{GroupHabits, Leave, Member, MemberChange, Nested, Subject, dice};
use crate::idp::directory::scope::{Nesting, NotInScope, Scope};
use crate::idp::directory::{Group, Member as Belongs, Person, PersonStatus};
use crate::idp::mapping::{ACTIVE, MANAGER, Place, Profile};

/// Somebody about whom nothing is done.
pub(super) struct Skip {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) reason: String,
}

/// The users of a cycle.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) skipped: Vec<Skip>,
    /// In the order of the directory.
    pub(super) needs: Vec<(String, Need)>,
    /// Of those who are no longer in it, by key.
    pub(super) gone: Vec<(String, Need)>,
}

/// What the assignment of a group means for groups in it.
pub(super) fn nesting(groups: Option<GroupHabits>) -> Nesting {
    match groups.map(|habits| habits.nested) {
        Some(Nested::AsMember) => Nesting::Direct,
        Some(Nested::Flattened) | None => Nesting::All,
    }
}

impl Plan {
    pub(super) fn of(scope: &Scope<'_>, only: Option<&str>, engine: &Engine) -> Self {
        let mut plan = Self::default();
        for (person, standing) in scope.people() {
            if only.is_some_and(|only| only != person.key) {
                continue;
            }
            plan.person(engine, scope, Some(person), &person.key, left(person, standing), only.is_some());
        }
        if only.is_none() {
            let gone = engine.state.people.keys().filter(|key| scope.person(key).is_none());
            for key in gone {
                plan.person(engine, scope, None, key, Some((Why::Deleted, String::new())), false);
            }
        }
        plan
    }

    fn person(
        &mut self,
        engine: &Engine,
        scope: &Scope<'_>,
        person: Option<&Person>,
        key: &str,
        left: Option<(Why, String)>,
        on_demand: bool,
    ) {
        let link = engine.state.people.get(key);
        let mut skip = |reason: String| {
            let known = || link.and_then(Link::user_name).unwrap_or(key);
            let name = person.map_or_else(known, Person::user_name);
            self.skipped.push(Skip { key: key.to_owned(), name: name.to_owned(), reason });
        };
        let need = match (link, left) {
            (None, None) => Some(Need::Provision),
            (None, Some((Why::Suspended, _))) if creates_disabled(engine) => Some(Need::ProvisionInactive),
            // Who is disabled before they were ever provisioned is never created.
            (None, Some((_, reason))) => {
                if !engine.state.job.is_complete || on_demand {
                    skip(reason);
                }
                None
            }
            (Some(link), Some((why, _))) => leaving(engine, link, why),
            (Some(link), None) if !link.active => Some(Need::Reactivate),
            (Some(link), None) => {
                // A state file of an older version kept nothing of what was sent: it is sent again.
                let is_kept = !link.kept.is_empty() || !engine.keeps;
                let is_same = link.settled
                    && is_kept
                    && person
                        .is_some_and(|person| sum(engine, &profile(engine, scope, person, true)) == link.sum);
                (!is_same || on_demand).then_some(Need::Update)
            }
        };
        let Some(need) = need else { return };
        match engine.waits(key) && !on_demand {
            true => {
                let trouble = engine.state.troubles.get(key);
                let (failures, next) =
                    trouble.map_or((0, String::new()), |known| (known.failures, known.next.to_string()));
                skip(format!("in escrow after {failures} failures, tried again from {next}"));
            }
            false if person.is_none() => self.gone.push((key.to_owned(), need)),
            false => self.needs.push((key.to_owned(), need)),
        }
    }
}

/// Why somebody may not use the application, and in words.
pub(super) fn left(person: &Person, standing: Result<(), NotInScope>) -> Option<(Why, String)> {
    match (person.status, standing) {
        (PersonStatus::Deleted, _) => Some((Why::Deleted, "deleted from the directory".to_owned())),
        (_, Err(reason)) => Some((Why::Unassigned, reason.to_string())),
        (PersonStatus::Suspended, Ok(())) => Some((Why::Suspended, "disabled in the directory".to_owned())),
        (PersonStatus::Active, Ok(())) => None,
    }
}

/// Whether people are created who are disabled in the directory: where that was chosen, and where an account can be inactive.
pub(super) fn creates_disabled(engine: &Engine) -> bool {
    let habits = engine.speech.habits();
    let leave = engine.settings.leave.unwrap_or(habits.leaving.suspended);
    let is_chosen = habits.may_create_disabled && engine.settings.create_disabled;
    is_chosen && leave == Leave::Deactivate && engine.mapping.maps(ACTIVE)
}

/// What is done about a linked account whose person left.
fn leaving(engine: &Engine, link: &Link, why: Why) -> Option<Need> {
    let habits = engine.speech.habits().leaving;
    let leave = engine.settings.leave.unwrap_or(habits.of(why));
    // Without a mapping for `active`, nobody can be set inactive: the account goes at once (Q-D12).
    let leave = match leave {
        Leave::Deactivate if !engine.mapping.maps(ACTIVE) => Leave::Delete,
        other => other,
    };
    let is_due =
        |since| engine.state.job.now.duration_since(since) >= super::signed(habits.purge.unwrap_or_default());
    match (link.active, leave, link.left) {
        (true, Leave::Deactivate, _) => Some(Need::Deactivate),
        (true, Leave::Delete, _) => Some(Need::Delete),
        (false, Leave::Deactivate, Some((_, since))) if habits.purges_all => {
            is_due(since).then_some(Need::Delete)
        }
        // Deleted for good some time after; whoever was unassigned before that is out of scope and stays.
        (false, Leave::Deactivate, Some((Why::Deleted, since))) if why == Why::Deleted => {
            (habits.purge.is_some() && is_due(since)).then_some(Need::Delete)
        }
        // The clock of the deletion begins when the person is deleted, not when the account was disabled.
        (false, Leave::Deactivate, Some((Why::Suspended, _)))
            if why == Why::Deleted && habits.purge.is_some() =>
        {
            Some(Need::Deactivate)
        }
        _ => None,
    }
}

/// A person with everything that the conversation needs.
pub(super) fn task(engine: &Engine, scope: &Scope<'_>, key: &str, need: Need) -> Task {
    let active = !matches!(need, Need::ProvisionInactive | Need::Deactivate | Need::Delete);
    let link = engine.state.people.get(key);
    let (profile, kept) = match scope.person(key) {
        Some(person) => {
            let kept = engine.keeps.then(|| keep(&profile(engine, scope, person, false)));
            (profile(engine, scope, person, active), kept.unwrap_or_default())
        }
        None => (gone(link), link.map(|link| link.kept.clone()).unwrap_or_default()),
    };
    let matching = match &engine.settings.matching[..] {
        [] => engine.speech.habits().matching.iter().map(|name| named(name)).collect(),
        own => own.to_vec(),
    };
    let why = match scope.person(key) {
        None => Why::Deleted,
        Some(person) => {
            let standing = scope.standing(key).unwrap_or(Ok(()));
            left(person, standing).map_or(Why::Unassigned, |(why, _)| why)
        }
    };
    Task {
        sum: sum(engine, &profile),
        subject: Subject { key: key.to_owned(), profile, active },
        need,
        link: link.cloned(),
        kept,
        matching,
        left: Some((why, engine.state.job.now)),
    }
}

/// What is kept of a profile. A password is never written down.
fn keep(profile: &Profile) -> Vec<(String, Value)> {
    let kept = profile.values.iter().filter(|(place, _)| !place.is("password"));
    kept.map(|(place, value)| (place.to_string(), value.clone())).collect()
}

/// Somebody who is no longer in the directory: all that is known is what was kept, and that they are gone.
fn gone(link: Option<&Link>) -> Profile {
    let kept = link.into_iter().flat_map(|link| &link.kept);
    let kept = kept.filter_map(|(place, value)| Some((Place::parse(place).ok()?, value.clone())));
    let mut values: Vec<(Place, Value)> = kept.collect();
    if !values.iter().any(|(place, _)| place.is(ACTIVE)) {
        values.push((named(ACTIVE), false.into()));
    }
    Profile { values, lacks_manager: false }
}

fn named(name: &str) -> Place {
    Place::parse(name).unwrap_or(Place { extension: None, name: name.to_owned(), selector: None, sub: None })
}

/// What the mapping makes of a person, with the manager as the target knows them.
pub(super) fn profile(engine: &Engine, scope: &Scope<'_>, person: &Person, active: bool) -> Profile {
    engine.mapping.apply(person, active, manager(engine, scope, person))
}

/// The id that the target gave a person's manager. A manager who is not there, or left, is none.
fn manager<'e>(engine: &'e Engine, scope: &Scope<'_>, person: &Person) -> Option<&'e str> {
    let key = person.manager.as_deref()?;
    let is_in_scope = matches!(scope.standing(key), Some(Ok(())));
    engine.state.people.get(key).filter(|_| is_in_scope).map(|link| link.id.as_str())
}

/// A digest of what is sent about a person, whether they are active or not.
/// A manager who is set apart does not count.
fn sum(engine: &Engine, profile: &Profile) -> u64 {
    let apart = engine.speech.habits().manager_apart;
    let sent = profile.values.iter();
    let sent =
        sent.filter(|(place, _)| !(place.is(ACTIVE) || apart && place.name.eq_ignore_ascii_case(MANAGER)));
    // Its values never change between versions, which a state file relies on.
    sent.fold(dice::BASIS, |digest, (place, value)| dice::digest(digest, &format!("{place}\0{value}\0")))
}

/// Whose manager has to be set, and to what.
pub(super) fn managers(
    engine: &Engine,
    scope: &Scope<'_>,
    only: Option<&str>,
) -> Vec<(String, Option<String>)> {
    if !engine.mapping.rules().iter().any(|rule| rule.expression.uses(MANAGER)) {
        return Vec::new();
    }
    let apart = engine.speech.habits().manager_apart;
    let people = scope.people().filter(|(person, _)| only.is_none_or(|only| only == person.key));
    let due = people.filter_map(|(person, standing)| {
        let link = engine.state.people.get(&person.key)?;
        let is_active = left(person, standing).is_none() && link.active;
        if !is_active || engine.waits(&person.key) {
            return None;
        }
        let wanted = manager(engine, scope, person);
        let is_due = match apart {
            true => wanted != link.manager.as_deref(),
            false => sum(engine, &profile(engine, scope, person, true)) != link.sum,
        };
        is_due.then(|| (person.key.clone(), wanted.map(str::to_owned)))
    });
    due.collect()
}

/// Everybody who should be in a group and is at the target.
pub(super) fn wanted_members(
    engine: &Engine,
    scope: &Scope<'_>,
    group: &Group,
    habits: &GroupHabits,
) -> Vec<Member> {
    let nesting = nesting(Some(*habits));
    let people = scope.members_of(&group.key, nesting).into_iter().filter_map(|person| {
        let is_wanted =
            matches!(scope.standing(&person.key), Some(Ok(()))) && person.status != PersonStatus::Deleted;
        if is_wanted { person_member(engine, person) } else { None }
    });
    let mut members: Vec<Member> = people.collect();
    if habits.nested == Nested::AsMember {
        let nested = group.members.iter().filter_map(|member| match member {
            Belongs::Group(key) => scope.group(key).filter(|_| scope.is_assigned_group(key)),
            Belongs::Person(_) => None,
        });
        members.extend(nested.filter_map(|group| group_member(engine, group)));
    }
    members
}

fn person_member(engine: &Engine, person: &Person) -> Option<Member> {
    let link = engine.state.people.get(&person.key)?;
    Some(Member {
        key: person.key.clone(),
        id: link.id.clone(),
        display: person.user_name().to_owned(),
        is_group: false,
    })
}

fn group_member(engine: &Engine, group: &Group) -> Option<Member> {
    let link = engine.state.groups.get(&group.key)?;
    let display = group.display_name.clone();
    Some(Member { key: group.key.clone(), id: link.id.clone(), display, is_group: true })
}

/// Those who were brought into a group and are still at the target.
pub(super) fn present_members(engine: &Engine, scope: &Scope<'_>, link: &GroupLink) -> Vec<Member> {
    link.members.iter().filter_map(|key| known_member(engine, scope, key)).collect()
}

fn known_member(engine: &Engine, scope: &Scope<'_>, key: &str) -> Option<Member> {
    if let Some(group) = scope.group(key) {
        return group_member(engine, group);
    }
    match scope.person(key) {
        Some(person) => person_member(engine, person),
        None => engine.state.people.get(key).map(|link| Member {
            key: key.to_owned(),
            id: link.id.clone(),
            display: key.to_owned(),
            is_group: false,
        }),
    }
}

/// Who joins a group and who leaves it. Whoever is no longer at the target is out of it already.
pub(super) fn member_change(
    engine: &Engine,
    scope: &Scope<'_>,
    members: &[Member],
    link: &GroupLink,
) -> MemberChange {
    let mut wanted: HashMap<&str, ()> = HashMap::with_capacity(members.len());
    let mut added = Vec::new();
    for member in members {
        if let Slot::Vacant(slot) = wanted.entry(member.key.as_str()) {
            slot.insert(());
            if !link.members.contains(&member.key) {
                added.push(member.clone());
            }
        }
    }
    let left = link.members.iter().filter(|key| !wanted.contains_key(key.as_str()));
    let removed = left.filter_map(|key| known_member(engine, scope, key)).collect();
    MemberChange { added, removed }
}
