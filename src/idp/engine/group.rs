//! The conversation about one group: find or create, rename, members, delete.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use serde_json::{Map, Value};

use super::state::{GroupLink, Record};
use super::wire::{Failure, FailureKind, Talk, Wire};
use crate::event::provisioning::Action;
use crate::idp::dialect::{Dice, GroupHabits, GroupMatch, GroupSubject, MemberChange, Speech};
use crate::protocol::message::member;

/// The most pages of groups that are read to find one.
const MOST_PAGES: u32 = 1000;

/// What came of it.
pub(super) struct Done {
    /// What was done, or tried.
    pub(super) action: Action,
    /// What the state has to learn, in order. Also after a failure: what was done before it.
    pub(super) records: Vec<Record>,
    /// The id at the target, where it is known.
    pub(super) id: Option<String>,
    /// How many members came and went.
    pub(super) moved: (usize, usize),
    /// Requests sent.
    pub(super) requests: u32,
    /// Why it did not work.
    pub(super) failure: Option<Failure>,
}

impl Done {
    fn new(action: Action) -> Self {
        Self { action, records: Vec::new(), id: None, moved: (0, 0), requests: 0, failure: None }
    }

    fn link(&mut self, key: &str, link: Option<GroupLink>) {
        self.id = link.as_ref().map(|link| link.id.clone());
        self.records.push(Record::Group(key.to_owned(), link));
    }
}

/// Makes sure that a group is there and has its name.
pub(super) async fn head<W: Wire>(
    talk: &mut Talk<'_, W>,
    habits: &GroupHabits,
    group: &GroupSubject,
    link: Option<&GroupLink>,
) -> Done {
    let mut done = Done::new(if link.is_none() { Action::Create } else { Action::Update });
    let result = match link {
        None => provision(talk, habits, group, &mut done).await,
        Some(link) => rename(talk, habits, group, link, &mut done).await,
    };
    done.failure = result.err();
    done.requests = talk.requests;
    done
}

async fn provision<W: Wire>(
    talk: &mut Talk<'_, W>,
    habits: &GroupHabits,
    group: &GroupSubject,
    done: &mut Done,
) -> Result<(), Failure> {
    let found = match habits.matching {
        GroupMatch::Filter => filtered(talk, group).await?,
        GroupMatch::List => listed(talk, group).await?,
        GroupMatch::AfterConflict => None,
    };
    let link = |id: String, is_new| GroupLink {
        id,
        name: group.display_name.clone(),
        is_new,
        members: BTreeSet::new(),
    };
    if let Some(id) = found {
        done.action = Action::Match;
        done.link(&group.key, Some(link(id, false)));
        return Ok(());
    }
    done.action = Action::Create;
    match talk.create(talk.speech.create_group(group)).await {
        Ok((id, _)) => done.link(&group.key, Some(link(id, true))),
        Err(failure)
            if failure.kind == FailureKind::Conflict && habits.matching == GroupMatch::AfterConflict =>
        {
            let Some(id) = filtered(talk, group).await? else { return Err(failure) };
            done.action = Action::Match;
            done.link(&group.key, Some(link(id, false)));
        }
        Err(failure) => return Err(failure),
    }
    Ok(())
}

async fn filtered<W: Wire>(talk: &mut Talk<'_, W>, group: &GroupSubject) -> Result<Option<String>, Failure> {
    let request = talk.speech.find_group(&group.display_name);
    let shown = request.clone();
    let found = talk.list(request).await?;
    match &found[..] {
        [] => Ok(None),
        [only] => id(only).map(Some),
        more => {
            let what = format!("finds {} groups of one name (Q-G16)", more.len());
            Err(talk.wrong(&shown, &what, FailureKind::Object))
        }
    }
}

/// All groups, page by page, until the name comes up (Q-L12, Q-P07).
async fn listed<W: Wire>(talk: &mut Talk<'_, W>, group: &GroupSubject) -> Result<Option<String>, Failure> {
    let mut start = 1;
    for _ in 0..MOST_PAGES {
        let (total, page) = talk.page(talk.speech.list_groups(start)).await?;
        let named = page.iter().find(|resource| {
            let name = member(resource, "displayName").and_then(Value::as_str);
            name.is_some_and(|name| name == group.display_name)
        });
        if let Some(found) = named {
            return id(found).map(Some);
        }
        let read = u32::try_from(page.len()).unwrap_or(u32::MAX);
        start = start.saturating_add(read);
        if read == 0 || u64::from(start) > total {
            return Ok(None);
        }
    }
    Err(Failure::object("the list of groups has no end"))
}

fn id(resource: &Map<String, Value>) -> Result<String, Failure> {
    let id = member(resource, "id").and_then(Value::as_str);
    id.map(str::to_owned).ok_or_else(|| Failure::object("the group that was found has no `id`"))
}

async fn rename<W: Wire>(
    talk: &mut Talk<'_, W>,
    habits: &GroupHabits,
    group: &GroupSubject,
    link: &GroupLink,
    done: &mut Done,
) -> Result<(), Failure> {
    let mut current = None;
    if habits.reads {
        current = talk.read(talk.speech.read_group(&link.id)).await?;
        if current.is_none() {
            return provision(talk, habits, group, done).await;
        }
    }
    for request in talk.speech.rename_group(&link.id, group, current.as_ref()) {
        match talk.change(request).await {
            Ok(_) => {}
            // A group that is gone is created again (Q-G15).
            Err(failure) if failure.kind == FailureKind::Gone => {
                return provision(talk, habits, group, done).await;
            }
            Err(failure) => return Err(failure),
        }
    }
    done.link(&group.key, Some(GroupLink { name: group.display_name.clone(), ..link.clone() }));
    Ok(())
}

/// Brings members in and out.
pub(super) async fn members<W: Wire>(
    talk: &mut Talk<'_, W>,
    habits: &GroupHabits,
    group: &GroupSubject,
    link: &GroupLink,
    change: &MemberChange,
    at_once: usize,
) -> Done {
    let mut done = Done::new(if change.is_empty() { Action::Update } else { Action::Members });
    done.id = Some(link.id.clone());
    let result = push(talk, habits, group, link, change, at_once, &mut done).await;
    done.failure = result.err();
    done.requests += talk.requests;
    done
}

async fn push<W: Wire>(
    talk: &mut Talk<'_, W>,
    habits: &GroupHabits,
    group: &GroupSubject,
    link: &GroupLink,
    change: &MemberChange,
    at_once: usize,
    done: &mut Done,
) -> Result<(), Failure> {
    let mut current = None;
    if habits.reads {
        current = talk.read(talk.speech.read_group(&link.id)).await?;
        if current.is_none() {
            // A group that is gone is created again (Q-G15), and its members come in the next cycle.
            return provision(talk, habits, group, done).await;
        }
    }
    let requests = talk.speech.change_members(&link.id, group, change, current.as_ref());
    let (speech, wire): (&'static dyn Speech, &W) = (talk.speech, talk.wire);
    let seed = talk.dice.number();
    let answers = requests.into_iter().enumerate().map(|(index, push)| async move {
        let mut own = Talk::new(speech, wire, Dice::new(seed.wrapping_add(index as u64)));
        let result = own.change(push.request).await.map(|_| (push.adds, push.removes));
        (result, own.requests)
    });
    let mut answers = futures_util::stream::iter(answers).buffered(at_once.max(1));
    let mut first = None;
    while let Some((result, requests)) = answers.next().await {
        done.requests += requests;
        match result {
            Ok((adds, removes)) => {
                done.moved.0 += adds.iter().filter(|key| !link.members.contains(*key)).count();
                done.moved.1 += removes.len();
                done.records.push(Record::Members { group: group.key.clone(), adds, removes });
            }
            Err(failure) => {
                first = Some(failure);
                break;
            }
        }
    }
    drop(answers);
    match first {
        None if link.is_new => {
            done.link(&group.key, Some(GroupLink { is_new: false, ..link.clone() }));
            Ok(())
        }
        None => Ok(()),
        Some(failure) if failure.kind == FailureKind::Gone => {
            // Either the group or a member is not known; a group that is gone is created again (Q-G15).
            match talk.read(talk.speech.read_group(&link.id)).await? {
                Some(_) => Err(failure),
                None => provision(talk, habits, group, done).await,
            }
        }
        Some(failure) => Err(failure),
    }
}

/// Deletes a group. One that is gone already is what was wanted.
pub(super) async fn delete<W: Wire>(talk: &mut Talk<'_, W>, key: &str, link: &GroupLink) -> Done {
    let mut done = Done::new(Action::Delete);
    match talk.speech.delete_group(&link.id) {
        None => done.link(key, None),
        Some(request) => match talk.change(request).await {
            Ok(_) => done.link(key, None),
            Err(failure) if failure.kind == FailureKind::Gone => done.link(key, None),
            Err(failure) => {
                done.id = Some(link.id.clone());
                done.failure = Some(failure);
            }
        },
    }
    done.requests = talk.requests;
    done
}
