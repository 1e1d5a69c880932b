//! Where transcripts are played: built-in providers, one a profile, or one target that somebody else uses too.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;
use serde_json::Value;

use super::Case;
use crate::diagnostic::Diagnostic;
use crate::event::TargetInfo;
use crate::exchange::{Exchange, FailureKind, Request};
use crate::provider::profile::Profile;
use crate::provider::world::World;
use crate::provider::{Provider, ProviderConfig};
use crate::scenario::capability::{Capability, missing_capability};
use crate::target::cleanup::delete_pending;
use crate::target::journal::Journal;
use crate::target::{Credentials, Target, TargetConfig};

/// Where the journals of running and interrupted runs are, below the working directory.
const JOURNALS: &str = ".scimulator";

/// Why no case can be played.
#[derive(Debug)]
pub struct Refusal {
    /// What kind of reason.
    pub kind: RefusalKind,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub hints: Vec<String>,
}

/// What kind of reason.
#[derive(Debug)]
pub enum RefusalKind {
    /// The options or the files do not fit.
    Usage,
    /// A file is broken, at these places.
    Broken(Vec<Diagnostic>),
    /// The target is unreachable or refuses the credentials.
    NoVerdict,
}

impl Refusal {
    fn usage(message: String) -> Self {
        Self { kind: RefusalKind::Usage, message, hints: Vec::new() }
    }

    fn no_verdict(message: String) -> Self {
        Self { kind: RefusalKind::NoVerdict, message, hints: Vec::new() }
    }

    fn broken(mistakes: Vec<Diagnostic>) -> Self {
        Self { kind: RefusalKind::Broken(mistakes), message: String::new(), hints: Vec::new() }
    }

    fn hint(mut self, hint: &str) -> Self {
        self.hints.push(hint.to_owned());
        self
    }
}

/// Where transcripts are played.
pub enum Stage {
    /// A built-in provider for each profile; every transcript has its own tenant.
    BuiltIn(BTreeMap<String, BuiltIn>),
    /// A target that others use too: what is created carries a suffix, is journalled, and is deleted at the end.
    Shared(Box<Shared>),
}

/// One built-in provider.
pub struct BuiltIn {
    pub(super) provider: Provider,
    offer: Offer,
}

/// A target that others use too.
pub struct Shared {
    name: String,
    pub(super) target: Target,
    /// What names of this run carry, followed by the number of the case.
    pub(super) run: String,
    /// The folder of the journals.
    folder: PathBuf,
    /// Journals of cases that have not been cleaned up yet.
    open: Mutex<Vec<Arc<Journal>>>,
    offer: Offer,
}

/// What a target says to be able to.
#[derive(Debug, Default)]
struct Offer {
    config: Option<Value>,
    me_status: Option<u16>,
}

impl Stage {
    /// Starts the providers that the cases name, or those of one profile for all.
    ///
    /// # Errors
    /// There is no such profile, or a provider cannot be started.
    pub async fn built_in(cases: &[Case], profile: Option<&str>) -> Result<Self, Refusal> {
        let mut providers = BTreeMap::new();
        for case in cases {
            let name = profile.unwrap_or(&case.scenario.profile);
            if !providers.contains_key(name) {
                let profile = Profile::named(name).map_err(|error| unknown_profile(case, profile, &error))?;
                providers.insert(name.to_owned(), BuiltIn::start(profile).await?);
            }
        }
        Ok(Self::BuiltIn(providers))
    }

    /// Makes sure that the target can be reached and lets us in, and begins the journal.
    ///
    /// # Errors
    /// The options do not fit, the target does not answer or refuses the credentials, the journal cannot be written.
    pub async fn shared(
        name: &str,
        config: TargetConfig,
        cases: &[Case],
        directory: &Path,
    ) -> Result<Self, Refusal> {
        let target = Target::connect(config).map_err(|error| Refusal::usage(error.to_string()))?;
        let config = probe(&target, "/ServiceProviderConfig").await?;
        if probe(&target, "/Users?count=1").await?.response().is_some_and(|response| response.status == 401) {
            return Err(refused(&target, "/Users", 401));
        }
        let needs_me = cases.iter().any(|case| case.scenario.needs.contains(&Capability::Me));
        let me_status = match needs_me {
            true => probe(&target, "/Me").await?.response().map(|response| response.status),
            false => None,
        };
        let offer = Offer { config: described(&config), me_status };
        let folder = directory.join(JOURNALS);
        std::fs::create_dir_all(&folder)
            .map_err(|error| Refusal::usage(format!("the journal needs the folder `{JOURNALS}`: {error}")))?;
        let (name, run, open) = (name.to_owned(), run_suffix(), Mutex::default());
        Ok(Self::Shared(Box::new(Shared { name, target, run, folder, open, offer })))
    }

    /// How many cases are played at the same time unless the user says otherwise. On a shared target, cases that
    /// run at the same time see what the others create.
    pub fn jobs(&self) -> usize {
        match self {
            Self::BuiltIn(_) => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            Self::Shared(_) => 1,
        }
    }

    /// The target as reports name it.
    pub fn info(&self) -> TargetInfo {
        match self {
            Self::BuiltIn(providers) => TargetInfo {
                url: "http://127.0.0.1/scim/v2".to_owned(),
                name: providers.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
            },
            Self::Shared(shared) => {
                TargetInfo { url: shared.target.base().to_owned(), name: shared.name.clone() }
            }
        }
    }

    /// The name of the target that a case is played against, which its snapshot is filed under.
    pub fn name_for<'a>(&'a self, case: &'a Case, profile: Option<&'a str>) -> &'a str {
        match self {
            Self::BuiltIn(_) => profile.unwrap_or(&case.scenario.profile),
            Self::Shared(shared) => &shared.name,
        }
    }

    /// Why a case cannot be played here.
    pub fn lacks(&self, case: &Case, name: &str) -> Option<String> {
        let offer = match self {
            Self::BuiltIn(providers) => &providers.get(name)?.offer,
            Self::Shared(shared) => &shared.offer,
        };
        missing_capability(&case.scenario.needs, offer.config.as_ref(), offer.me_status)
    }

    /// Deletes what is left of all cases, and says what could not be. Built-in providers just stop.
    pub async fn leave(&self) -> Vec<String> {
        let Self::Shared(shared) = self else { return Vec::new() };
        let mut notices = Vec::new();
        for journal in shared.open() {
            notices.extend(shared.clear(&journal).await);
        }
        notices.extend(shared.others());
        // It stays where something is left, of this run or of another.
        let _ = std::fs::remove_dir(&shared.folder);
        notices
    }
}

impl Shared {
    /// Begins the journal of a case.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn begin(&self, suffix: &str) -> io::Result<Arc<Journal>> {
        let path = self.folder.join(format!("{suffix}.journal"));
        let journal = Arc::new(Journal::create(path, suffix, self.target.base())?);
        self.open_mut().push(Arc::clone(&journal));
        Ok(journal)
    }

    /// Deletes what a case created, so that the next one does not see it, and says what could not be deleted.
    pub(super) async fn clear(&self, journal: &Arc<Journal>) -> Vec<String> {
        let report = delete_pending(&self.target, journal).await;
        let failed = report.failed.iter();
        let mut notices: Vec<String> = failed
            .map(|(what, problem)| format!("{what} could not be deleted from the target: {problem}"))
            .map(|notice| self.target.secrets().text(&notice).into_inner())
            .collect();
        if notices.is_empty() {
            self.open_mut().retain(|open| !Arc::ptr_eq(open, journal));
            if let Err(error) = std::fs::remove_file(self.path(journal)) {
                notices.push(format!(
                    "the journal `{}` cannot be removed: {error}",
                    self.path(journal).display()
                ));
            }
        } else {
            notices.push(format!(
                "the journal `{}` keeps the list of what is left",
                self.path(journal).display()
            ));
        }
        notices
    }

    /// What earlier runs left, which were killed before they could clean up.
    fn others(&self) -> Vec<String> {
        let open: Vec<PathBuf> = self.open().iter().map(|journal| self.path(journal)).collect();
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let others = entries
            .map(|entry| entry.path())
            .filter(|path| !open.contains(path) && !Journal::is_in_use(path));
        let notice = |path: PathBuf| {
            let count = Journal::pending(&path).ok()?.len();
            let resources = if count == 1 { "resource" } else { "resources" };
            let shown = Path::new(JOURNALS).join(path.file_name()?);
            Some(format!(
                "an earlier run left {count} {resources} on its target: `{}` tells which",
                shown.display()
            ))
        };
        others.filter_map(notice).collect()
    }

    fn path(&self, journal: &Journal) -> PathBuf {
        self.folder.join(format!("{}.journal", journal.run()))
    }

    fn open(&self) -> Vec<Arc<Journal>> {
        self.open_mut().clone()
    }

    fn open_mut(&self) -> MutexGuard<'_, Vec<Arc<Journal>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BuiltIn {
    async fn start(profile: Profile) -> Result<Self, Refusal> {
        let config = ProviderConfig::loopback(profile, World::real());
        let provider = Provider::start(config).await.map_err(|error| {
            Refusal::no_verdict(format!("the built-in provider cannot be started: {error}"))
        })?;
        let (target, tenant) = tenant(&provider)?;
        let config = probe(&target, "/ServiceProviderConfig").await?;
        let me_status = probe(&target, "/Me").await?.response().map(|response| response.status);
        provider.drop_tenant(tenant);
        let offer = Offer { config: described(&config), me_status };
        Ok(Self { provider, offer })
    }
}

/// A fresh tenant of a built-in provider, and a client that holds its token.
pub(super) fn tenant(provider: &Provider) -> Result<(Target, crate::provider::store::TenantId), Refusal> {
    let token = SecretString::from(uuid::Uuid::new_v4().simple().to_string());
    let tenant = provider.add_tenant(&token);
    let mut config = TargetConfig::new(provider.base_url());
    config.credentials = Credentials::Bearer(token);
    Ok((Target::connect(config).map_err(|error| Refusal::usage(error.to_string()))?, tenant))
}

/// The ServiceProviderConfig of an answer. The body of an error says nothing about features.
fn described(answer: &Exchange) -> Option<Value> {
    answer.response().filter(|response| response.status == 200)?.json().ok()
}

/// Asks for something that every target has.
async fn probe(target: &Target, path: &str) -> Result<Exchange, Refusal> {
    let exchange = target.send(Request::new("GET", path)).await;
    match &exchange.outcome {
        Err(failure) => {
            let reason = target.secrets().text(&failure.message).into_inner();
            let refusal =
                Refusal::no_verdict(format!("the target {} cannot be judged: {reason}", target.base()));
            Err(match failure.kind {
                // It never went out.
                FailureKind::Request => refusal,
                _ => refusal.hint("is it running, and is the URL right?"),
            })
        }
        Ok(response) if path == "/ServiceProviderConfig" && matches!(response.status, 401 | 403) => {
            Err(refused(target, path, response.status))
        }
        Ok(_) => Ok(exchange),
    }
}

fn refused(target: &Target, path: &str, status: u16) -> Refusal {
    Refusal::no_verdict(format!(
        "the target {} refuses the credentials: GET {path} answers {status}",
        target.base()
    ))
    .hint("set a valid bearer token in SCIM_TOKEN, or see `scimulator run --help` for other ways to log in")
}

fn unknown_profile(case: &Case, option: Option<&str>, error: &dyn std::fmt::Display) -> Refusal {
    match (&case.scenario.profile_span, option) {
        (Some(span), None) => Refusal::broken(vec![Diagnostic::error(error.to_string()).at(
            &case.scenario.source,
            span.clone(),
            "no such profile",
        )]),
        _ => Refusal::usage(error.to_string()),
    }
}

/// Five letters and digits, beginning with a letter, that no other run has.
fn run_suffix() -> String {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut random = uuid::Uuid::new_v4().as_u128();
    let mut digit = |base: u128| {
        let digit = DIGITS[(random % base) as usize];
        random /= base;
        char::from(digit)
    };
    std::iter::once(digit(26)).chain((0..4).map(|_| digit(36))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_suffix_can_stand_in_any_name() {
        let suffix = run_suffix();
        assert_eq!(suffix.len(), 5);
        assert!(suffix.starts_with(|c: char| c.is_ascii_lowercase()));
        assert!(suffix.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
        assert_ne!(suffix, run_suffix());
    }
}
