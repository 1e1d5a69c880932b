//! All checks of a run, as many at the same time as is wanted.
//!
//! Checks do not depend on each other: each creates what it needs, and what they share is created once and never changed.
//! Their verdicts are the same in any order.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::check::Check;
use super::selection::{Selected, item};
use super::trial::{Ground, Record, Trial};
use super::verdict::{Stop, Verdict};
use crate::event::{Event, Finding, Item, Observer, Problem, Severity, Status};

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    /// Every check has a finding.
    Completely,
    /// Somebody wished it to end.
    Interrupted,
}

/// Runs the checks and tells the observer what happens, until all are done or `interrupted` ends.
pub async fn run(
    selected: &[Selected],
    ground: &Arc<Ground>,
    jobs: usize,
    mut interrupted: Pin<&mut impl Future<Output = ()>>,
    observer: &mut impl Observer,
) -> Ran {
    let mut running: JoinSet<Finding> = JoinSet::new();
    let mut names: BTreeMap<tokio::task::Id, Arc<Item>> = BTreeMap::new();
    let mut waiting = selected.iter();
    loop {
        while running.len() < jobs
            && let Some(next) = waiting.next()
        {
            let item = item(next.check);
            if next.left_out {
                let finding = Finding::plain(item, Status::Skip, "left out by `--skip`");
                observer.observe(&Event::Finished(Box::new(finding)));
                continue;
            }
            observer.observe(&Event::ItemStarted(Arc::clone(&item)));
            let (check, ground, known) = (next.check, Arc::clone(ground), Arc::clone(&item));
            let handle = running.spawn(async move { perform(check, item, ground).await });
            names.insert(handle.id(), known);
        }
        if running.is_empty() {
            return Ran::Completely;
        }
        tokio::select! {
            biased;
            () = &mut interrupted => {
                running.shutdown().await;
                return Ran::Interrupted;
            }
            Some(ended) = running.join_next_with_id() => {
                let finding = match ended {
                    Ok((id, finding)) => {
                        names.remove(&id);
                        finding
                    }
                    Err(error) => match names.remove(&error.id()) {
                        // A bug of ours must not cost the user the other verdicts, nor pass for one.
                        Some(item) => Finding::plain(item, Status::Error, "the check itself failed: this is a bug of scimulator"),
                        None => continue,
                    },
                };
                for exchange in &finding.exchanges {
                    let (item, exchange) = (Arc::clone(&finding.item), exchange.clone());
                    observer.observe(&Event::Exchanged { item, step: String::new(), exchange });
                }
                observer.observe(&Event::Finished(Box::new(finding)));
            }
        }
    }
}

/// One check from beginning to end.
async fn perform(check: &'static Check, item: Arc<Item>, ground: Arc<Ground>) -> Finding {
    let clock = Instant::now();
    let trial = Trial::new(Arc::clone(&ground), check);
    let verdict = judge(check, &trial).await;
    let mut record = trial.finish(&verdict);
    let created = std::mem::take(&mut record.created);
    let finding = conclude(item, &verdict, record, &ground, clock.elapsed());
    ground.discard(created).await;
    finding
}

async fn judge(check: &Check, trial: &Trial) -> Verdict {
    for need in check.needs {
        if let Some(reason) = trial.lacks(*need).await? {
            return Err(Stop::Skip(format!("needs {}: {reason}", need.label())));
        }
    }
    (check.run)(trial).await?;
    match trial.has_seen_nothing() {
        // A check that looked at nothing, because there is nothing of its kind, has not passed.
        true => Err(Stop::Skip("the target has nothing that it could be judged by".to_owned())),
        false => Ok(()),
    }
}

fn conclude(
    item: Arc<Item>,
    verdict: &Verdict,
    mut record: Record,
    ground: &Ground,
    duration: Duration,
) -> Finding {
    let secrets = ground.secrets();
    let text = |text: &str| secrets.text(text).into_inner();
    let worst = record.problems.iter().map(|problem| problem.severity).max();
    let (status, reason) = match (worst, verdict) {
        (Some(Severity::Violation), _) => (Status::Fail, None),
        (_, Err(Stop::Error(reason))) => (Status::Error, Some(reason)),
        (_, Err(Stop::Blocked(reason))) => (Status::Blocked, Some(reason)),
        (Some(Severity::Concern), _) => (Status::Warn, None),
        (None, Err(Stop::Skip(reason))) => (Status::Skip, Some(reason)),
        (None, _) => (Status::Pass, None),
    };
    // What the status is for comes first.
    record.problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    let message = match (reason, &record.problems[..]) {
        (Some(reason), _) => text(reason),
        (None, []) => String::new(),
        (None, [only]) => text(&only.what),
        (None, [first, more @ ..]) => format!("{} (and {} more)", text(&first.what), more.len()),
    };
    let problem = |problem: Problem| Problem {
        what: text(&problem.what),
        expected: problem.expected.as_deref().map(text),
        got: problem.got.as_deref().map(text),
        ..problem
    };
    Finding {
        problems: record.problems.into_iter().map(problem).collect(),
        exchanges: record.exchanges.iter().map(|exchange| secrets.exchange(exchange)).collect(),
        duration,
        ..Finding::plain(item, status, message)
    }
}
