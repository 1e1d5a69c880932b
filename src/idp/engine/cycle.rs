//! One cycle: users, then groups, then what refers to users.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::StreamExt;
use jiff::Timestamp;

use super::person::{self, Need};
use super::plan::{self, Plan, Skip};
use super::state::{self, CycleState, Record, State, Trouble};
use super::wire::{Failure, FailureKind, Talk, Wire};
use super::{Cycle, Engine, Note, Stop, Watch, group, later, signed};
use crate::event::provisioning::{Action, Entry, Kind, Status};
use crate::idp::dialect::{Dice, GroupHabits, GroupSubject, Quarantine, Retry};
use crate::idp::directory::scope::Scope;
use crate::idp::directory::{Directory, Person};

/// So many objects in a row without an answer mean that the target is not there.
const SILENCE: usize = 6;
/// How many people are prepared at a time.
const BATCH: usize = 256;

impl Engine {
    pub(super) async fn work<W: Wire>(
        &mut self,
        directory: &Directory,
        only: Option<&str>,
        wire: &W,
        watch: &mut impl Watch,
    ) -> Cycle {
        let job = CycleState { cycle: self.state.job.cycle + 1, ..self.state.job };
        let cycle = Cycle { number: job.cycle, ..Cycle::default() };
        let mut run = Run { cycle, created: HashSet::new(), silent: 0, failed: HashSet::new(), watch };
        let habits = self.speech.habits();
        if let (Some(since), Some(quarantine)) = (job.quarantine, habits.quarantine)
            && job.now.duration_since(since) >= signed(quarantine.disabled_after)
        {
            run.cycle.stopped = Some(Stop::Disabled);
            return run.cycle;
        }
        let scope = Scope::new(directory, self.nesting());
        let result = self.phases(&scope, only, job, wire, &mut run).await;
        if let Err(stop) = result {
            run.cycle.stopped = Some(stop);
        }
        let mut job = self.state.job;
        job.is_complete |= only.is_none() && run.cycle.stopped.is_none();
        job.quarantine = quarantine(&habits.quarantine, &run.cycle, job);
        run.cycle.quarantined = job.quarantine.is_some();
        if let Err(stop) = run.record(&mut self.state, Record::Cycle(job)) {
            run.cycle.stopped.get_or_insert(stop);
        }
        run.cycle
    }

    async fn phases<W: Wire, L: Watch>(
        &mut self,
        scope: &Scope<'_>,
        only: Option<&str>,
        job: CycleState,
        wire: &W,
        run: &mut Run<'_, L>,
    ) -> Result<(), Stop> {
        run.record(&mut self.state, Record::Cycle(job))?;
        if let Some(request) = self.speech.opening() {
            // What is answered changes nothing, and who is not there is noticed by the next request.
            drop(self.talk("", wire, run).ask(request).await);
        }
        self.users(scope, only, wire, run).await?;
        let groups = self.groups().filter(|_| only.is_none());
        if let Some(habits) = &groups {
            self.group_heads(scope, habits, wire, run).await?;
        }
        self.managers(scope, only, wire, run).await?;
        if let Some(habits) = &groups {
            self.memberships(scope, habits, wire, run).await?;
        }
        match only {
            None => self.forget_troubles(run),
            Some(_) => Ok(()),
        }
    }

    /// What was due in this cycle and was not tried is wanted by nobody any more: the person left before they
    /// were provisioned, or the change was taken back.
    fn forget_troubles<L: Watch>(&mut self, run: &mut Run<'_, L>) -> Result<(), Stop> {
        let now = self.state.job.now;
        let due = self.state.troubles.iter().filter(|(_, trouble)| trouble.next <= now);
        let stale = due.filter(|(key, _)| !run.failed.contains(*key));
        for key in stale.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            run.record(&mut self.state, Record::Trouble(key, None))?;
        }
        Ok(())
    }

    async fn users<W: Wire, L: Watch>(
        &mut self,
        scope: &Scope<'_>,
        only: Option<&str>,
        wire: &W,
        run: &mut Run<'_, L>,
    ) -> Result<(), Stop> {
        let plan = Plan::of(scope, only, self);
        for Skip { key, name, reason } in plan.skipped {
            run.entry(self.entry(Kind::User, key, name, Action::None, Status::Skipped, Some(reason)))?;
        }
        let objects = plan.needs.len() + plan.gone.len();
        run.watch.note(Note::Begins { what: "users", objects }).map_err(Stop::Watch)?;
        self.people(&plan.needs, scope, wire, run).await?;
        let gone = self.released(plan.gone, run)?;
        self.people(&gone, scope, wire, run).await
    }

    /// Of those who are no longer in the directory, who has an account that is linked to nobody else. A person whose key
    /// changed is found again by the lookup, and the account must not be taken away from them.
    fn released<L: Watch>(
        &mut self,
        gone: Vec<(String, Need)>,
        run: &mut Run<'_, L>,
    ) -> Result<Vec<(String, Need)>, Stop> {
        if gone.is_empty() {
            return Ok(gone);
        }
        let mut keys: HashMap<String, Vec<String>> = HashMap::new();
        for (key, link) in &self.state.people {
            keys.entry(link.id.clone()).or_default().push(key.clone());
        }
        let mut released = Vec::new();
        for (key, need) in gone {
            let id = self.state.people.get(&key).map(|link| link.id.clone());
            let other = id.as_ref().and_then(|id| keys.get(id)?.iter().find(|other| **other != key));
            match other {
                None => released.push((key, need)),
                Some(other) => {
                    let reason = format!("the account is linked to `{other}` now");
                    run.record(&mut self.state, Record::Person(key.clone(), None))?;
                    run.entry(self.entry(
                        Kind::User,
                        key.clone(),
                        key,
                        Action::None,
                        Status::Skipped,
                        Some(reason),
                    ))?;
                }
            }
        }
        Ok(released)
    }

    async fn people<W: Wire, L: Watch>(
        &mut self,
        needs: &[(String, Need)],
        scope: &Scope<'_>,
        wire: &W,
        run: &mut Run<'_, L>,
    ) -> Result<(), Stop> {
        for batch in needs.chunks(BATCH) {
            let tasks: Vec<_> =
                batch.iter().map(|(key, need)| (key.clone(), plan::task(self, scope, key, *need))).collect();
            let (speech, cycle, seed) = (self.speech, run.cycle.number, self.settings.seed);
            let talks = tasks.into_iter().map(|(key, task)| async move {
                let dice = Dice::of(seed.wrapping_add(u64::from(cycle)), &key);
                let mut talk = Talk::new(speech, wire, dice);
                let name = task.subject.profile.text("userName").unwrap_or(&key).to_owned();
                (key, name, person::work(&mut talk, task).await, talk.requests)
            });
            let mut talks = futures_util::stream::iter(talks).buffered(self.settings.at_once.max(1));
            while let Some((key, name, done, requests)) = talks.next().await {
                self.person_done(&key, name, done, requests, run)?;
            }
        }
        Ok(())
    }

    fn person_done<L: Watch>(
        &mut self,
        key: &str,
        name: String,
        done: person::Done,
        requests: u32,
        run: &mut Run<'_, L>,
    ) -> Result<(), Stop> {
        if let (Action::Delete, None, Some(link)) = (done.action, &done.link, self.state.people.get(key)) {
            self.deleted.insert(key.to_owned(), link.id.clone());
        }
        if done.link.as_ref() != self.state.people.get(key) {
            run.record(&mut self.state, Record::Person(key.to_owned(), done.link.clone()))?;
        }
        let reason = match (&done.failure, &done.not_kept[..]) {
            (Some(failure), _) => Some(failure.reason.clone()),
            (None, []) => None,
            (None, names) => Some(format!("the target did not keep {}", names.join(", "))),
        };
        let (status, action) = match (&done.failure, requests) {
            (Some(_), _) => (Status::Failure, done.action),
            (None, 0) => (Status::Skipped, Action::None),
            (None, _) => (Status::Success, done.action),
        };
        let mut entry = self.entry(Kind::User, key.to_owned(), name, action, status, reason);
        entry.target_id = done.link.map(|link| link.id);
        entry.changes = done.changes;
        entry.requests = requests;
        self.conclude(entry, done.failure, run)
    }

    async fn group_heads<W: Wire, L: Watch>(
        &mut self,
        scope: &Scope<'_>,
        habits: &GroupHabits,
        wire: &W,
        run: &mut Run<'_, L>,
    ) -> Result<(), Stop> {
        let wanted: Vec<_> = scope.assigned_groups().collect();
        let gone: Vec<String> =
            self.state.groups.keys().filter(|key| !scope.is_assigned_group(key)).cloned().collect();
        run.watch
            .note(Note::Begins { what: "groups", objects: wanted.len() + gone.len() })
            .map_err(Stop::Watch)?;
        for group in wanted {
            let link = self.state.groups.get(&group.key).cloned();
            let is_up_to_date = link.as_ref().is_some_and(|link| link.name == group.display_name);
            if is_up_to_date || self.waits(&group.key) {
                continue;
            }
            let mut subject = GroupSubject {
                key: group.key.clone(),
                display_name: group.display_name.clone(),
                external_id: group.external_id.clone(),
                members: Vec::new(),
            };
            if let Some(link) = &link {
                // A rename with the whole group keeps who is in it.
                subject.members = plan::present_members(self, scope, link);
            }
            let mut talk = self.talk(&group.key, wire, run);
            let done = group::head(&mut talk, habits, &subject, link.as_ref()).await;
            if done.action == Action::Create && done.failure.is_none() {
                run.created.insert(group.key.clone());
            }
            self.group_done(&group.key, &group.display_name, done, run)?;
        }
        for key in gone {
            let Some(link) = self.state.groups.get(&key).cloned() else { continue };
            let other =
                self.state.groups.iter().find(|(other, linked)| **other != key && linked.id == link.id);
            if let Some((other, _)) = other {
                let reason = format!("the group is linked to `{other}` now");
                run.record(&mut self.state, Record::Group(key.clone(), None))?;
                run.entry(self.entry(
                    Kind::Group,
                    key,
                    link.name,
                    Action::None,
                    Status::Skipped,
                    Some(reason),
                ))?;
                continue;
            }
            if !self.waits(&key) {
                let mut talk = self.talk(&key, wire, run);
                let done = group::delete(&mut talk, &key, &link).await;
                self.group_done(&key, &link.name, done, run)?;
            }
        }
        Ok(())
    }

    async fn memberships<W: Wire, L: Watch>(
        &mut self,
        scope: &Scope<'_>,
        habits: &GroupHabits,
        wire: &W,
        run: &mut Run<'_, L>,
    ) -> Result<(), Stop> {
        let groups: Vec<_> = scope.assigned_groups().filter(|group| !self.waits(&group.key)).collect();
        run.watch.note(Note::Begins { what: "members", objects: groups.len() }).map_err(Stop::Watch)?;
        for group in groups {
            let Some(link) = self.state.groups.get(&group.key).cloned() else { continue };
            let members = plan::wanted_members(self, scope, group, habits);
            let change = plan::member_change(self, scope, &members, &link);
            // A group that was created gets its name again, also where nobody is in it (Q-G08).
            let is_named = habits.repeats_name && link.is_new;
            if change.is_empty() && !is_named {
                continue;
            }
            let subject = GroupSubject {
                key: group.key.clone(),
                display_name: group.display_name.clone(),
                external_id: group.external_id.clone(),
                members,
            };
            let at_once = habits.at_once.min(self.settings.at_once);
            let reads = self.speech.reads_before_members(run.created.contains(&group.key));
            let habits = GroupHabits { reads, ..*habits };
            let mut talk = self.talk(&group.key, wire, run);
            let done = group::members(&mut talk, &habits, &subject, &link, &change, at_once).await;
            self.group_done(&group.key, &group.display_name, done, run)?;
        }
        Ok(())
    }

    fn group_done<L: Watch>(
        &mut self,
        key: &str,
        name: &str,
        done: group::Done,
        run: &mut Run<'_, L>,
    ) -> Result<(), Stop> {
        for record in done.records {
            run.record(&mut self.state, record)?;
        }
        let status = if done.failure.is_some() { Status::Failure } else { Status::Success };
        let reason = done.failure.as_ref().map(|failure| failure.reason.clone());
        let mut entry = self.entry(Kind::Group, key.to_owned(), name.to_owned(), done.action, status, reason);
        entry.target_id = done.id;
        entry.requests = done.requests;
        let (added, removed) = done.moved;
        entry.changes.extend((added > 0).then(|| format!("{added} added")));
        entry.changes.extend((removed > 0).then(|| format!("{removed} removed")));
        self.conclude(entry, done.failure, run)
    }

    /// Managers, once everybody is there.
    async fn managers<W: Wire, L: Watch>(
        &mut self,
        scope: &Scope<'_>,
        only: Option<&str>,
        wire: &W,
        run: &mut Run<'_, L>,
    ) -> Result<(), Stop> {
        let habits = self.speech.habits();
        let due = plan::managers(self, scope, only);
        run.watch.note(Note::Begins { what: "managers", objects: due.len() }).map_err(Stop::Watch)?;
        for (key, manager) in due {
            let Some(link) = self.state.people.get(&key).cloned() else { continue };
            let mut talk = self.talk(&key, wire, run);
            if !habits.manager_apart {
                let task = plan::task(self, scope, &key, Need::Update);
                let name = task.subject.profile.text("userName").unwrap_or(&key).to_owned();
                let done = person::work(&mut talk, task).await;
                let requests = talk.requests;
                self.person_done(&key, name, done, requests, run)?;
                continue;
            }
            let result = set_manager(&mut talk, &link.id, manager.as_deref()).await;
            let requests = talk.requests;
            let name = scope.person(&key).map_or(key.as_str(), Person::user_name).to_owned();
            let (is_changed, failure) = match result {
                Ok(is_changed) => (is_changed, None),
                Err(failure) => (true, Some(failure)),
            };
            if failure.is_none() {
                let linked = state::Link { manager, ..link.clone() };
                run.record(&mut self.state, Record::Person(key.clone(), Some(linked)))?;
            }
            let (action, status, reason) = match &failure {
                Some(failure) => (Action::Manager, Status::Failure, Some(failure.reason.clone())),
                None if is_changed => (Action::Manager, Status::Success, None),
                None => (Action::None, Status::Skipped, Some("has this manager already".to_owned())),
            };
            let mut entry = self.entry(Kind::User, key, name, action, status, reason);
            entry.target_id = Some(link.id);
            entry.requests = requests;
            self.conclude(entry, failure, run)?;
        }
        Ok(())
    }

    /// Writes an entry, and remembers or forgets the trouble with its object.
    fn conclude<L: Watch>(
        &mut self,
        entry: Entry,
        failure: Option<Failure>,
        run: &mut Run<'_, L>,
    ) -> Result<(), Stop> {
        run.cycle.operations += usize::from(entry.status != Status::Skipped);
        let key = entry.key.clone();
        let Some(failure) = failure else {
            if entry.requests > 0 {
                run.silent = 0;
            }
            if self.state.troubles.contains_key(&key) {
                run.record(&mut self.state, Record::Trouble(key, None))?;
            }
            return run.entry(entry);
        };
        run.cycle.failures += 1;
        run.cycle.refused += usize::from(failure.kind == FailureKind::Silence || failure.is_refusal());
        run.silent = if failure.kind == FailureKind::Silence { run.silent + 1 } else { 0 };
        let failures = self.state.troubles.get(&key).map_or(0, |trouble| trouble.failures) + 1;
        let next = later(self.state.job.now, wait(self.speech.habits().retry, failures));
        let trouble = Trouble { failures, next, reason: failure.reason.clone() };
        run.failed.insert(key.clone());
        run.record(&mut self.state, Record::Trouble(key, Some(trouble)))?;
        let shown = Note::Entry(&entry, failure.exchange.as_deref());
        run.watch.note(shown).map_err(Stop::Watch)?;
        match failure.kind == FailureKind::Job || run.silent >= SILENCE {
            true => Err(Stop::Target(Box::new(failure))),
            false => Ok(()),
        }
    }

    /// Whether something failed and is not tried again yet.
    pub(super) fn waits(&self, key: &str) -> bool {
        self.state.troubles.get(key).is_some_and(|trouble| trouble.next > self.state.job.now)
    }

    fn talk<'w, W: Wire, L: Watch>(&self, key: &str, wire: &'w W, run: &Run<'_, L>) -> Talk<'w, W> {
        let seed = self.settings.seed.wrapping_add(u64::from(run.cycle.number));
        Talk::new(self.speech, wire, Dice::of(seed, key))
    }

    fn entry(
        &self,
        kind: Kind,
        key: String,
        name: String,
        action: Action,
        status: Status,
        reason: Option<String>,
    ) -> Entry {
        Entry {
            cycle: self.state.job.cycle,
            time: self.state.job.now,
            kind,
            key,
            name,
            action,
            status,
            reason,
            target_id: None,
            changes: Vec::new(),
            requests: 0,
        }
    }
}

/// One cycle while it runs.
struct Run<'l, L> {
    cycle: Cycle,
    /// Keys of the groups that it created.
    created: HashSet<String>,
    /// Objects in a row that got no answer.
    silent: usize,
    /// Keys of what failed.
    failed: HashSet<String>,
    watch: &'l mut L,
}

impl<L: Watch> Run<'_, L> {
    fn record(&mut self, state: &mut State, record: Record) -> Result<(), Stop> {
        self.watch.note(Note::Record(&record)).map_err(Stop::Watch)?;
        state.apply(record);
        Ok(())
    }

    fn entry(&mut self, entry: Entry) -> Result<(), Stop> {
        self.watch.note(Note::Entry(&entry, None)).map_err(Stop::Watch)
    }
}

/// Sets or clears the manager of an account; false where the target says that it is so already.
async fn set_manager<W: Wire>(
    talk: &mut Talk<'_, W>,
    id: &str,
    manager: Option<&str>,
) -> Result<bool, Failure> {
    if let Some(manager) = manager
        && let Some(request) = talk.speech.find_manager(id, manager)
    {
        // A target that cannot answer this is asked to set it.
        let known = match talk.ask(request).await {
            Ok(reply) if reply.status == 200 => {
                let total = reply.body.as_ref().and_then(|body| body.get("totalResults")?.as_u64());
                total.is_some_and(|total| total > 0)
            }
            Ok(_) => false,
            Err(failure) => return Err(failure),
        };
        if known {
            return Ok(false);
        }
    }
    for request in talk.speech.set_manager(id, manager) {
        talk.change(request).await?;
    }
    Ok(true)
}

/// How long a failure waits (Q-E10).
fn wait(retry: Retry, failures: u32) -> Duration {
    match retry {
        Retry::ByHand => Duration::ZERO,
        Retry::BackOff { first, longest } => first
            .saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX))
            .min(longest),
    }
}

/// Since when the job is in quarantine, after a cycle (Q-E03).
fn quarantine(rules: &Option<Quarantine>, cycle: &Cycle, job: CycleState) -> Option<Timestamp> {
    let rules = rules.as_ref()?;
    let share = cycle.failures as f64 / cycle.operations.max(1) as f64;
    let too_many = cycle.failures > rules.failures
        || (cycle.failures >= rules.evaluated_from && share > rules.share)
        || matches!(cycle.stopped, Some(Stop::Target(_)));
    too_many.then(|| job.quarantine.unwrap_or(job.now))
}
