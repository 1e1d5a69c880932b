//! The conversation about one person: look up, create, update, deactivate, delete.

use serde_json::{Map, Value};

use super::state::{Link, Why};
use super::wire::{ATTEMPTS, Failure, FailureKind, Talk, Wire};
use crate::event::provisioning::Action;
use crate::idp::dialect::{Change, OnConflict, Resends, Subject, shape};
use crate::idp::mapping::{ACTIVE, MANAGER, Place};
use crate::protocol::message::member;

/// What is to be done about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Nobody is linked yet: look up, link or create.
    Provision,
    /// The same for somebody who may not use the application yet.
    ProvisionInactive,
    /// Attributes differ from what was sent.
    Update,
    /// The person comes back.
    Reactivate,
    /// The person may use the application no longer.
    Deactivate,
    /// The account goes.
    Delete,
}

/// A person to be worked on, with all that is needed for it.
pub(super) struct Task {
    pub(super) subject: Subject,
    pub(super) need: Need,
    pub(super) link: Option<Link>,
    /// The target attributes that identify a person.
    pub(super) matching: Vec<Place>,
    /// Digest of what is sent.
    pub(super) sum: u64,
    /// What is kept of it ([`Link::kept`]).
    pub(super) kept: Vec<(String, Value)>,
    /// Why the person leaves, and when.
    pub(super) left: Option<(Why, jiff::Timestamp)>,
}

/// What came of it.
pub(super) struct Done {
    /// What was done, or tried.
    pub(super) action: Action,
    /// The link as it is now; `None` where there is none (any longer).
    pub(super) link: Option<Link>,
    /// Attributes that were changed.
    pub(super) changes: Vec<String>,
    /// Attributes that the answer showed otherwise than they were sent; or the account, where it is gone.
    pub(super) not_kept: Vec<String>,
    /// Why it did not work.
    pub(super) failure: Option<Failure>,
}

/// Works on a person. Where the target asks to wait, and that is honoured, all of it is put off and begins again (Q-E05).
pub(super) async fn work<W: Wire>(talk: &mut Talk<'_, W>, task: Task) -> Done {
    talk.begins_again = true;
    let mut done = attempt(talk, &task).await;
    for _ in 1..ATTEMPTS {
        let Some(wait) = talk.told_to_wait else { break };
        talk.wire.pause(wait).await;
        done = attempt(talk, &task).await;
    }
    done
}

async fn attempt<W: Wire>(talk: &mut Talk<'_, W>, task: &Task) -> Done {
    let mut done = Done {
        action: match task.need {
            Need::Provision | Need::ProvisionInactive => Action::Create,
            Need::Update => Action::Update,
            Need::Reactivate => Action::Enable,
            Need::Deactivate => Action::Disable,
            Need::Delete => Action::Delete,
        },
        link: task.link.clone(),
        changes: Vec::new(),
        not_kept: Vec::new(),
        failure: None,
    };
    let result = match (task.need, &task.link) {
        (Need::Provision | Need::ProvisionInactive, _) | (_, None) => provision(talk, task, &mut done).await,
        (Need::Update, Some(link)) => update(talk, task, &link.id, Change::Profile, None, &mut done).await,
        (Need::Reactivate, Some(link)) => reactivate(talk, task, &link.id, &mut done).await,
        (Need::Deactivate, Some(link)) => leave(talk, task, link, false, &mut done).await,
        (Need::Delete, Some(link)) => leave(talk, task, link, true, &mut done).await,
    };
    done.failure = result.err();
    done
}

/// Finds the account or creates it.
async fn provision<W: Wire>(talk: &mut Talk<'_, W>, task: &Task, done: &mut Done) -> Result<(), Failure> {
    done.link = None;
    let habits = talk.speech.habits();
    if habits.looks_up_first
        && let Some(found) = find(talk, task).await?
    {
        return link_to(talk, task, found, done).await;
    }
    done.action = Action::Create;
    let request = talk.speech.create_user(&task.subject, &mut talk.dice);
    match talk.create(request).await {
        Ok((id, answer)) => {
            settle(talk, task, id, Some(&answer), done);
            Ok(())
        }
        Err(failure)
            if failure.kind == FailureKind::Conflict && habits.on_conflict == OnConflict::LookUpAndLink =>
        {
            match find(talk, task).await? {
                Some(found) => link_to(talk, task, found, done).await,
                None => Err(failure),
            }
        }
        Err(failure) => Err(failure),
    }
}

/// Links to an account that is there, and brings it up to date.
async fn link_to<W: Wire>(
    talk: &mut Talk<'_, W>,
    task: &Task,
    found: Map<String, Value>,
    done: &mut Done,
) -> Result<(), Failure> {
    done.action = Action::Match;
    let Some(id) = member(&found, "id").and_then(Value::as_str).map(str::to_owned) else {
        return Err(Failure::object("the account that was found has no `id`"));
    };
    let is_active = member(&found, "active") != Some(&Value::Bool(false));
    let change = match (task.subject.active, is_active) {
        (false, _) => Change::Deactivate,
        (true, true) => Change::Profile,
        (true, false) => Change::Reactivate,
    };
    update(talk, task, &id, change, Some(found), done).await
}

/// The account that the matching attributes point at (Q-L01 to Q-L17).
async fn find<W: Wire>(talk: &mut Talk<'_, W>, task: &Task) -> Result<Option<Map<String, Value>>, Failure> {
    for place in &task.matching {
        let Some(value) = task.subject.profile.get(place).and_then(Value::as_str) else { continue };
        let request = talk.speech.find_user(place, value);
        let shown = request.clone();
        let mut found = talk.list(request).await?;
        match found.len() {
            0 => {}
            1 => return Ok(found.pop()),
            // More than one: the object is skipped, matching attributes must be unique (Q-L17).
            more => {
                let what = format!("finds {more} accounts for one `{place}`");
                return Err(talk.wrong(&shown, &what, FailureKind::Object));
            }
        }
    }
    Ok(None)
}

/// Changes an account that is there. One that is gone is provisioned anew (Q-E09), unless a lookup has just shown it: then it would
/// be found and gone again for ever.
async fn update<W: Wire>(
    talk: &mut Talk<'_, W>,
    task: &Task,
    id: &str,
    change: Change,
    found: Option<Map<String, Value>>,
    done: &mut Done,
) -> Result<(), Failure> {
    let habits = talk.speech.habits();
    let was_found = found.is_some();
    let mut current = found;
    if (current.is_none() || habits.reads_what_was_found) && talk.speech.reads_before(change) {
        let request = talk.speech.read_user(id);
        let shown = request.clone();
        match talk.read(request).await? {
            Some(resource) => current = Some(resource),
            None if was_found => {
                let what = "is answered with 404 Not Found, and the lookup shows the account";
                return Err(talk.wrong(&shown, what, FailureKind::Object));
            }
            None => return Box::pin(provision(talk, task, done)).await,
        }
    }
    if let Some(current) = &current {
        let differing = shape::differing(&task.subject, current, |place| {
            habits.manager_apart && place.name.eq_ignore_ascii_case(MANAGER)
        });
        for place in differing.iter().map(|one| one.place.to_string()) {
            if !done.changes.contains(&place) {
                done.changes.push(place);
            }
        }
    }
    let mut answer = current.clone();
    for request in talk.speech.update_user(id, &task.subject, change, current.as_ref()) {
        match talk.change(request).await {
            Ok(reply) => answer = reply.body,
            Err(failure) if failure.kind == FailureKind::Gone && !was_found => {
                return Box::pin(provision(talk, task, done)).await;
            }
            Err(failure) => return Err(failure),
        }
    }
    if change == Change::Reactivate && habits.updates_after_return {
        return Box::pin(update(talk, task, id, Change::Profile, current, done)).await;
    }
    settle(talk, task, id.to_owned(), answer.as_ref(), done);
    Ok(())
}

/// Somebody comes back: the account is looked up again where that is the habit.
async fn reactivate<W: Wire>(
    talk: &mut Talk<'_, W>,
    task: &Task,
    id: &str,
    done: &mut Done,
) -> Result<(), Failure> {
    let left = task.link.as_ref().and_then(|link| link.left);
    let was_suspended = matches!(left, Some((Why::Suspended, _)));
    let habits = talk.speech.habits();
    // Without a value to look up by, the link is all that there is.
    let can_look_up = task.matching.iter().any(|place| task.subject.profile.get(place).is_some());
    let looks_up = habits.looks_up_on_return && (!was_suspended || habits.looks_up_after_suspension);
    if !looks_up || !can_look_up {
        return update(talk, task, id, Change::Reactivate, None, done).await;
    }
    match find(talk, task).await? {
        Some(found) => {
            let id = member(&found, "id").and_then(Value::as_str).unwrap_or(id).to_owned();
            update(talk, task, &id, Change::Reactivate, Some(found), done).await
        }
        // A target that hides those who left: the account is created anew (Q-C16).
        None => provision(talk, task, done).await,
    }
}

/// Sets an account inactive, or deletes it. One that is gone already is what was wanted.
async fn leave<W: Wire>(
    talk: &mut Talk<'_, W>,
    task: &Task,
    link: &Link,
    delete: bool,
    done: &mut Done,
) -> Result<(), Failure> {
    let requests = match delete {
        true => vec![talk.speech.delete_user(&link.id)],
        false => {
            let mut current = None;
            if talk.speech.reads_before(Change::Deactivate) {
                current = talk.read(talk.speech.read_user(&link.id)).await?;
                if current.is_none() {
                    done.link = None;
                    return Ok(());
                }
            }
            talk.speech.update_user(&link.id, &task.subject, Change::Deactivate, current.as_ref())
        }
    };
    for request in requests {
        match talk.change(request).await {
            Ok(_) => {}
            Err(failure) if failure.kind == FailureKind::Gone => {
                done.link = None;
                return Ok(());
            }
            Err(failure) => return Err(failure),
        }
    }
    if !delete && talk.speech.habits().reads_after_deactivation {
        read_inactive(talk, task, &link.id, done).await?;
    }
    let kept = task.kept.clone();
    done.link =
        (!delete).then(|| Link { active: false, settled: true, left: task.left, kept, ..link.clone() });
    Ok(())
}

/// Reads an account that was set inactive a moment ago: it has to be there, and to say so (Q-D04). Otherwise the link stays all
/// the same, so that the comparison at the end finds what the target made of it. Where it cannot be read, all is tried again.
async fn read_inactive<W: Wire>(
    talk: &mut Talk<'_, W>,
    task: &Task,
    id: &str,
    done: &mut Done,
) -> Result<(), Failure> {
    let request = talk.speech.read_user(id);
    done.not_kept = match talk.read(request).await? {
        Some(answer) => {
            let differing = shape::differing(&task.subject, &answer, |place| !place.is(ACTIVE));
            differing.iter().map(|one| one.place.to_string()).collect()
        }
        None => vec!["the account".to_owned()],
    };
    Ok(())
}

/// The link to an account that was brought up to date.
fn settle<W: Wire>(
    talk: &Talk<'_, W>,
    task: &Task,
    id: String,
    answer: Option<&Map<String, Value>>,
    done: &mut Done,
) {
    let habits = talk.speech.habits();
    if let Some(answer) = answer {
        let differing = shape::differing(&task.subject, answer, |place| match habits.resends {
            Resends::Everything => habits.manager_apart && place.name.eq_ignore_ascii_case("manager"),
            Resends::Activation => !place.is("active") || member(answer, "active").is_none(),
            Resends::Nothing => true,
        });
        done.not_kept = differing.iter().map(|one| one.place.to_string()).collect();
    }
    let manager = task.link.as_ref().filter(|link| link.id == id).and_then(|link| link.manager.clone());
    done.link = Some(Link {
        id,
        sum: task.sum,
        active: task.subject.active,
        settled: done.not_kept.is_empty(),
        left: task.left.filter(|_| !task.subject.active),
        manager,
        kept: task.kept.clone(),
    });
}
