//! A visit to a target that others use too: what is created is written to a journal in `.scimulator/` before it is created, and deleted at
//! the end.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Target;
use super::cleanup::delete_pending;
use super::journal::Journal;
use super::refusal::Refusal;
use crate::exchange::{Exchange, FailureKind, Request};

/// Where the journals of running and interrupted runs are, below the working directory.
pub const JOURNALS: &str = ".scimulator";

/// A run that is a guest on its target.
pub struct Visit {
    /// What names of this run carry.
    run: String,
    /// The folder of the journals.
    folder: PathBuf,
    /// Journals that have not been cleared yet.
    open: Mutex<Vec<Arc<Journal>>>,
}

impl Visit {
    /// Begins a visit; the journals are kept below `directory`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn begin(directory: &Path) -> Result<Self, Refusal> {
        let folder = directory.join(JOURNALS);
        std::fs::create_dir_all(&folder)
            .map_err(|error| Refusal::usage(format!("the journal needs the folder `{JOURNALS}`: {error}")))?;
        Ok(Self { run: run_suffix(), folder, open: Mutex::default() })
    }

    /// What names of this run carry.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Begins a journal; `suffix` is what the names in it carry.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn journal(&self, target: &Target, suffix: &str) -> io::Result<Arc<Journal>> {
        let path = self.folder.join(format!("{suffix}.journal"));
        let journal = Arc::new(Journal::create(path, suffix, target.base())?);
        self.open_mut().push(Arc::clone(&journal));
        Ok(journal)
    }

    /// Deletes what a journal says to be left, and says what could not be deleted.
    pub async fn clear(&self, target: &Target, journal: &Arc<Journal>) -> Vec<String> {
        let report = delete_pending(target, journal).await;
        let failed = report.failed.iter();
        let mut notices: Vec<String> = failed
            .map(|(what, problem)| format!("{what} could not be deleted from the target: {problem}"))
            .map(|notice| target.secrets().text(&notice).into_inner())
            .collect();
        let path = self.path(journal);
        if notices.is_empty() {
            self.open_mut().retain(|open| !Arc::ptr_eq(open, journal));
            if let Err(error) = std::fs::remove_file(&path) {
                notices.push(format!("the journal `{}` cannot be removed: {error}", path.display()));
            }
        } else {
            notices.push(format!("the journal `{}` keeps the list of what is left", path.display()));
        }
        notices
    }

    /// Deletes what is left of all journals, and says what could not be, and what earlier runs left.
    pub async fn leave(&self, target: &Target) -> Vec<String> {
        let mut notices = Vec::new();
        for journal in self.open() {
            notices.extend(self.clear(target, &journal).await);
        }
        notices.extend(self.others());
        // It stays where something is left, of this run or of another.
        let _ = std::fs::remove_dir(&self.folder);
        notices
    }

    /// What earlier runs left, which were killed before they could clean up.
    fn others(&self) -> Vec<String> {
        let open: Vec<PathBuf> = self.open().iter().map(|journal| self.path(journal)).collect();
        let others = abandoned(&self.folder).into_iter().filter(|path| !open.contains(path));
        let notice = |path: PathBuf| {
            let left = Journal::leftover(path).ok()?;
            let count = left.pending.len();
            let resources = if count == 1 { "resource" } else { "resources" };
            Some(format!(
                "an earlier run left {count} {resources} on {}: `scimulator cleanup` tells and deletes them",
                left.base
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

/// The journals in a folder that no running program writes, sorted.
pub fn abandoned(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "journal");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| is_journal(path) && !Journal::is_in_use(path))
        .collect();
    found.sort();
    found
}

/// Asks for something that every target has.
///
/// # Errors
/// The target does not answer, or refuses the credentials.
pub async fn probe(target: &Target, path: &str) -> Result<Exchange, Refusal> {
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

/// The refusal that goes with a target that does not let us in.
pub fn refused(target: &Target, path: &str, status: u16) -> Refusal {
    Refusal::no_verdict(format!(
        "the target {} refuses the credentials: GET {path} answers {status}",
        target.base()
    ))
    .hint("set a valid bearer token in SCIM_TOKEN; `--help` tells other ways to log in")
}

/// Five letters and digits, beginning with a letter, that no other run has.
pub fn run_suffix() -> String {
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
