//! All cases of a run, as many at the same time as is wanted.
//!
//! Cases are begun in the order of their ids and end in whatever order they do. Their events come together here, in
//! one place, so that what belongs to a case is told before its end.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinSet;

use super::Case;
use super::play::{play, verdict};
use super::stage::Stage;
use crate::event::{Event, Finding, Observer, Status};
use crate::snapshot::{Mode, Store};

/// How the cases are played.
pub struct Plan {
    /// As many at the same time.
    pub jobs: usize,
    /// Begin nothing new after the first failure.
    pub fail_fast: bool,
    /// The profile of the built-in provider, instead of what the scenarios say.
    pub profile: Option<String>,
    /// What may be written to the snapshots.
    pub mode: Mode,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driven {
    /// Every case has a finding.
    Completely,
    /// Somebody wished it to end.
    Interrupted,
}

/// Plays the cases and tells the observer what happens, until all are done or `interrupted` ends.
pub async fn drive(
    plan: &Plan,
    cases: &[Case],
    stage: &Arc<Stage>,
    mut interrupted: Pin<&mut impl Future<Output = ()>>,
    observer: &mut impl Observer,
) -> Driven {
    let (sender, mut events) = mpsc::unbounded_channel();
    let mut running: JoinSet<Finding> = JoinSet::new();
    let mut waiting = cases.iter().enumerate();
    let mut stopped_by: Option<String> = None;
    loop {
        while running.len() < plan.jobs
            && let Some((index, case)) = waiting.next()
        {
            let name = stage.name_for(case, plan.profile.as_deref()).to_owned();
            let not_played = match &stopped_by {
                Some(id) => Some(format!("not played: `--fail-fast` ended the run after `{id}`")),
                None => stage.lacks(case, &name),
            };
            if let Some(reason) = not_played {
                observer.observe(&Event::Finished(Box::new(verdict(case, Status::Skip, reason))));
                continue;
            }
            observer.observe(&Event::ItemStarted(Arc::clone(&case.item)));
            let (case, stage, sender) = (case.clone(), Arc::clone(stage), sender.clone());
            let suffix = suffix(&stage, index, cases.len());
            let store = Store::new(&case.snapshots, &name, plan.mode);
            running.spawn(async move { play(&case, &stage, &name, &suffix, &store, &sender).await });
        }
        if running.is_empty() {
            return Driven::Completely;
        }
        tokio::select! {
            biased;
            () = &mut interrupted => {
                running.shutdown().await;
                drain(&mut events, observer);
                return Driven::Interrupted;
            }
            Some(event) = events.recv() => observer.observe(&event),
            Some(finding) = running.join_next() => {
                drain(&mut events, observer);
                let finding = match finding {
                    Ok(finding) => finding,
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_) => continue,
                    },
                };
                if plan.fail_fast && stopped_by.is_none() && matches!(finding.status, Status::Fail | Status::Error) {
                    stopped_by = Some(finding.item.id.clone());
                }
                observer.observe(&Event::Finished(Box::new(finding)));
            }
        }
    }
}

/// Tells what was said already.
fn drain(events: &mut UnboundedReceiver<Event>, observer: &mut impl Observer) {
    while let Ok(event) = events.try_recv() {
        observer.observe(&event);
    }
}

/// What the names of one case carry on a shared target: the run and the number of the case, always of one length, so
/// that none is the beginning of another.
fn suffix(stage: &Stage, index: usize, count: usize) -> String {
    match stage {
        Stage::BuiltIn(_) => String::new(),
        Stage::Shared(shared) => {
            let width = count.to_string().len();
            format!("{}{:0width$}", shared.visit.run(), index + 1)
        }
    }
}
