//! What makes the verdicts believable: a provider with one deliberate bug at a time, and the checks that find it.
//!
//! Every defect must be found by a check that names a requirement which the defect breaks. The plain provider must pass
//! without a finding: by the RFCs in its strict profile, and for every identity provider in the one that is made for them. So must
//! a provider that does something else wherever the RFCs allow it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;

use super::check::{Audience, Check, Level};
use super::checks;
use super::runner::{self, Ran};
use super::selection::{Selected, Selection};
use super::trial::Access;
use super::venue::Venue;
use crate::diagnostic::nearest;
use crate::event::{Event, Finding, Item, Observer, Problem, Severity, Status};
use crate::provider::ProviderConfig;
use crate::provider::defects::Defect;
use crate::provider::defects::choices::Choice;
use crate::provider::profile::Profile;
use crate::provider::world::World;

/// The profiles of the plain provider, and whose needs it is held against there.
const PLAIN: [(&str, &[Audience]); 2] = [("rfc", &[]), ("interop", &Audience::IDPS)];

/// What is proven.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Ids of defects, choices and plain providers, or topics; nothing means everything.
    pub only: Vec<String>,
    /// Run every check against every defect, to see all that find it.
    pub full: bool,
    /// How many providers at the same time.
    pub jobs: usize,
}

/// One provider to be judged.
#[derive(Debug, Clone, Copy)]
enum Subject {
    Plain(&'static str, &'static [Audience]),
    Allowed(&'static Choice),
    Broken(&'static Defect),
}

/// Every provider that can be judged.
fn subjects() -> impl Iterator<Item = (Subject, Arc<Item>)> {
    let plain = PLAIN.iter().map(|(profile, audiences)| Subject::Plain(profile, audiences));
    let allowed = Choice::all().map(Subject::Allowed);
    plain.chain(allowed).chain(Defect::all().map(Subject::Broken)).map(|subject| (subject, item(subject)))
}

fn names(word: &str, item: &Item) -> bool {
    word == item.id || word == item.topic
}

/// The topics of the correct providers, in which nothing may be found.
pub const CORRECT: [&str; 2] = ["plain", "choices"];

impl Plan {
    fn subjects(&self) -> Vec<(Subject, Arc<Item>)> {
        let is_wanted = |item: &Item| self.only.is_empty() || self.only.iter().any(|word| names(word, item));
        subjects().filter(|(_, item)| is_wanted(item)).collect()
    }

    /// How many items the run has.
    pub fn len(&self) -> usize {
        self.subjects().len()
    }

    /// Whether there is nothing to prove.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first word that names nothing, and the nearest that does.
    pub fn unknown(&self) -> Option<(String, Option<String>)> {
        let word = self.only.iter().find(|word| !subjects().any(|(_, item)| names(word, &item)))?;
        let known: Vec<String> =
            subjects().flat_map(|(_, item)| [item.id.clone(), item.topic.clone()]).collect();
        Some((word.clone(), nearest(word, known.iter().map(String::as_str)).map(str::to_owned)))
    }
}

/// Judges all providers and tells the observer what came of it.
pub async fn run(
    plan: &Plan,
    mut interrupted: Pin<&mut impl Future<Output = ()>>,
    observer: &mut impl Observer,
) -> Ran {
    let mut running: JoinSet<Finding> = JoinSet::new();
    let mut waiting = plan.subjects().into_iter();
    loop {
        while running.len() < plan.jobs
            && let Some((subject, item)) = waiting.next()
        {
            observer.observe(&Event::ItemStarted(Arc::clone(&item)));
            let full = plan.full;
            running.spawn(async move { judge(subject, item, full).await });
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
            Some(ended) = running.join_next() => match ended {
                Ok(finding) => observer.observe(&Event::Finished(Box::new(finding))),
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => continue,
                },
            }
        }
    }
}

fn item(subject: Subject) -> Arc<Item> {
    let (id, title, topic, requirements) = match subject {
        Subject::Plain(profile, _) => (
            format!("plain-{profile}"),
            format!("the plain provider, profile {profile}"),
            CORRECT[0],
            Vec::new(),
        ),
        Subject::Allowed(choice) => {
            (format!("choice-{}", choice.id), choice.title.to_owned(), CORRECT[1], Vec::new())
        }
        Subject::Broken(defect) => {
            let breaks = defect.breaks.iter().map(|id| (*id).to_owned()).collect();
            (defect.id.to_owned(), defect.title.to_owned(), defect.topic(), breaks)
        }
    };
    Arc::new(Item {
        id,
        title,
        topic: topic.to_owned(),
        level: None,
        requirements,
        breaks: Vec::new(),
        file: None,
    })
}

async fn judge(subject: Subject, item: Arc<Item>, full: bool) -> Finding {
    let clock = Instant::now();
    let finding = match subject {
        Subject::Plain(profile, audiences) => plain(profile, audiences, None, item).await,
        Subject::Allowed(choice) => plain("rfc", &[], Some(choice), item).await,
        Subject::Broken(defect) => broken(defect, item, full).await,
    };
    Finding { duration: clock.elapsed(), ..finding }
}

/// A correct provider: nothing may be found, and nothing may stay open. A warning is right where a SHOULD speaks against what it
/// does.
async fn plain(
    profile: &str,
    audiences: &[Audience],
    choice: Option<&'static Choice>,
    item: Arc<Item>,
) -> Finding {
    let selection = Selection { audiences: audiences.to_vec(), ..Selection::default() };
    let change = |config: &mut ProviderConfig| config.choices.extend(choice);
    let findings = match findings(profile, change, &selection.checks()).await {
        Ok(findings) => findings,
        Err(message) => return Finding::plain(item, Status::Error, message),
    };
    let warned_by = choice.map_or(&[][..], |choice| choice.warned_by);
    let is_right = |finding: &Finding| match finding.status {
        Status::Pass | Status::Skip => true,
        Status::Warn => warned_by.contains(&finding.item.id.as_str()),
        _ => false,
    };
    let wrong: Vec<&Finding> = findings.iter().filter(|finding| !is_right(finding)).collect();
    if wrong.is_empty() {
        return Finding::plain(item, Status::Pass, "");
    }
    let ids: Vec<&str> = wrong.iter().map(|finding| finding.item.id.as_str()).collect();
    let problem = |finding: &&Finding| Problem {
        severity: Severity::Violation,
        requirements: finding.item.requirements.clone(),
        what: format!("{}: {}: {}", finding.item.id, finding.status.word(), finding.message),
        expected: None,
        got: None,
        exchange: None,
    };
    Finding {
        problems: wrong.iter().map(problem).collect(),
        ..Finding::plain(item, Status::Fail, ids.join(", "))
    }
}

/// A provider with a bug: a check that names a requirement which it breaks must find it.
async fn broken(defect: &'static Defect, item: Arc<Item>, full: bool) -> Finding {
    let names_it = |check: &Check| check.requirements.iter().any(|id| defect.breaks.contains(id));
    let is_fitting = |check: &Check| defect.profile != "rfc" || check.level != Level::Interop;
    let selected: Vec<Selected> = checks::all()
        .filter(|check| is_fitting(check) && (full || names_it(check)))
        .map(|check| Selected { check, left_out: false })
        .collect();
    let findings = match findings(defect.profile, |config| config.defects.push(defect), &selected).await {
        Ok(findings) => findings,
        Err(message) => return Finding::plain(item, Status::Error, message),
    };
    let is_named =
        |finding: &Finding| finding.item.requirements.iter().any(|id| defect.breaks.contains(&id.as_str()));
    let ids = |named: bool, finds: bool| -> Vec<&str> {
        findings
            .iter()
            .filter(|f| is_named(f) == named && matches!(f.status, Status::Fail | Status::Warn) == finds)
            .map(|finding| finding.item.id.as_str())
            .collect()
    };
    let (found, missed, besides) = (ids(true, true), ids(true, false), ids(false, true));
    let mut message = match (&found[..], &missed[..]) {
        ([], []) => format!("no check names {}", defect.breaks.join(", ")),
        ([], missed) => format!("not by {}", missed.join(", ")),
        (found, _) => found.join(", "),
    };
    if !besides.is_empty() {
        message.push_str(&format!("; besides by {}", besides.join(", ")));
    }
    let status = if found.is_empty() { Status::Fail } else { Status::Pass };
    Finding::plain(item, status, message)
}

/// The findings of some checks against a provider of our own.
async fn findings(
    profile: &str,
    change: impl FnOnce(&mut ProviderConfig),
    selected: &[Selected],
) -> Result<Vec<Finding>, String> {
    let profile = Profile::named(profile).map_err(|error| error.to_string())?;
    let mut config = ProviderConfig::loopback(profile, World::real());
    change(&mut config);
    let venue = Venue::own(config, Access::Write).await.map_err(|refusal| refusal.message)?;
    let mut collected = Findings::default();
    runner::run(selected, &venue.ground, 4, std::pin::pin!(std::future::pending()), &mut collected).await;
    collected.0.sort_by(|a, b| a.item.id.cmp(&b.item.id));
    Ok(collected.0)
}

/// Keeps findings.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Observer for Findings {
    fn observe(&mut self, event: &Event) {
        if let Event::Finished(finding) = event {
            self.0.push((**finding).clone());
        }
    }
}
