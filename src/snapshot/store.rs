//! Snapshot files: `<root>/<target>/<id>.snap`, and what is pending beside them as `.snap.new`.
//!
//! Nothing overwrites a snapshot but [`accept`]. Files appear whole or not at all.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::diff;
use super::document::Document;
use crate::event::{SnapshotDifference, SnapshotState};

/// What a comparison may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Pending transcripts.
    Check,
    /// Nothing.
    Ci,
    /// Snapshots: everything is accepted at once.
    Update,
    /// Nothing, and nothing is compared either: only expectations count.
    Ignore,
}

/// How a transcript relates to its snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Unchanged,
    /// There is no snapshot. The path of the pending transcript, where one was written.
    Missing {
        /// Path of the snapshot that there is not.
        path: String,
        /// Path of the pending transcript.
        pending: Option<String>,
    },
    /// Not equal.
    Changed(SnapshotDifference),
    /// It was written, because of [`Mode::Update`].
    Updated,
}

impl Comparison {
    /// The same for events.
    pub fn state(&self) -> SnapshotState {
        match self {
            Comparison::Unchanged => SnapshotState::Unchanged,
            Comparison::Missing { .. } => SnapshotState::Missing,
            Comparison::Changed(_) => SnapshotState::Changed,
            Comparison::Updated => SnapshotState::Updated,
        }
    }
}

/// The snapshots of one target.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    mode: Mode,
}

impl Store {
    /// The snapshots of the target of that name below `root`.
    pub fn new(root: impl AsRef<Path>, target: &str, mode: Mode) -> Self {
        let name: String = target
            .chars()
            .map(|c| if matches!(c, '/' | '\\' | ':') || c.is_control() { '-' } else { c })
            .collect();
        let name = if name.trim_matches('.').is_empty() { "unnamed" } else { &name };
        Self { folder: root.as_ref().join(name), mode }
    }

    /// Path of the snapshot of a transcript. `id` is the scenario path without extension; `dialect` is added with an `@`.
    pub fn path(&self, id: &str, dialect: Option<&str>) -> PathBuf {
        let mut path = self.folder.clone();
        // What a scenario outside the working directory is called must not lead outside the store.
        path.extend(Path::new(id).components().filter(|part| matches!(part, Component::Normal(_))));
        let dialect = dialect.map(|dialect| format!("@{dialect}")).unwrap_or_default();
        path.as_mut_os_string().push(format!("{dialect}.snap"));
        path
    }

    /// Compares a transcript with its snapshot, and writes what the mode says.
    ///
    /// # Errors
    /// When a file cannot be read or written; the message names it.
    pub fn compare(&self, id: &str, dialect: Option<&str>, new: &Document) -> io::Result<Comparison> {
        if self.mode == Mode::Ignore {
            return Ok(Comparison::Unchanged);
        }
        let path = self.path(id, dialect);
        let pending = pending_path(&path);
        let old = read(&path)?;
        if old.as_ref().is_some_and(|old| old.same_transcript(new)) {
            if self.mode != Mode::Ci {
                remove(&pending)?;
            }
            return Ok(Comparison::Unchanged);
        }
        if self.mode != Mode::Ci {
            write(&pending, new)?;
        }
        if self.mode == Mode::Update {
            accept(&pending)?;
            return Ok(Comparison::Updated);
        }
        let pending = (self.mode == Mode::Check).then(|| shown(&pending));
        Ok(match old {
            None => Comparison::Missing { path: shown(&path), pending },
            Some(old) => Comparison::Changed(difference(&path, pending, &old, new)),
        })
    }

    /// Snapshots of this target that belong to none of the transcripts with these ids (`okta/deactivate@okta`).
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn unreferenced<'i>(&self, known: impl IntoIterator<Item = &'i str>) -> io::Result<Vec<PathBuf>> {
        let known: BTreeSet<PathBuf> = known.into_iter().map(|id| self.path(id, None)).collect();
        let mut found = files(&self.folder, ".snap")?;
        found.retain(|path| !known.contains(path));
        Ok(found)
    }
}

/// All pending transcripts below a folder, of every target, sorted.
///
/// # Errors
/// When a folder cannot be read. A folder that does not exist holds nothing.
pub fn pending(root: impl AsRef<Path>) -> io::Result<Vec<PathBuf>> {
    files(root.as_ref(), ".snap.new")
}

/// What accepting a pending transcript would change.
///
/// # Errors
/// When a file cannot be read.
pub fn pending_difference(pending: &Path) -> io::Result<SnapshotDifference> {
    let path = snapshot_path(pending)?;
    let new = read(pending)?.ok_or_else(|| named(pending, io::ErrorKind::NotFound.into()))?;
    Ok(match read(&path)? {
        Some(old) => difference(&path, Some(shown(pending)), &old, &new),
        None => SnapshotDifference {
            path: shown(&path),
            pending: Some(shown(pending)),
            changes: vec!["new: there is no snapshot yet".to_owned()],
            text: diff::unified("", &new.body),
        },
    })
}

/// Makes a pending transcript the snapshot.
///
/// # Errors
/// When it cannot be renamed.
pub fn accept(pending: &Path) -> io::Result<()> {
    std::fs::rename(pending, snapshot_path(pending)?).map_err(|error| named(pending, error))
}

/// Throws a pending transcript away.
///
/// # Errors
/// When it cannot be removed.
pub fn reject(pending: &Path) -> io::Result<()> {
    snapshot_path(pending)?;
    std::fs::remove_file(pending).map_err(|error| named(pending, error))
}

fn difference(path: &Path, pending: Option<String>, old: &Document, new: &Document) -> SnapshotDifference {
    SnapshotDifference {
        path: shown(path),
        pending,
        changes: diff::changes(&old.body, &new.body),
        text: diff::unified(&old.body, &new.body),
    }
}

fn pending_path(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    path.as_mut_os_string().push(".new");
    path
}

fn snapshot_path(pending: &Path) -> io::Result<PathBuf> {
    let stem = pending.extension().filter(|end| *end == "new").map(|_| pending.with_extension(""));
    stem.filter(|path| path.extension().is_some_and(|end| end == "snap")).ok_or_else(|| {
        let message =
            format!("`{}` is no pending snapshot: its name must end in `.snap.new`", shown(pending));
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}

fn read(path: &Path) -> io::Result<Option<Document>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(Document::parse(&text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(named(path, error)),
    }
}

/// Writes a file beside its place and moves it there, so that nobody ever sees half of it.
fn write(path: &Path, document: &Document) -> io::Result<()> {
    let mut part = path.to_owned();
    part.as_mut_os_string().push(format!(".{}", std::process::id()));
    let written = (|| {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&part, document.to_string())?;
        std::fs::rename(&part, path)
    })();
    written.map_err(|error| {
        let _ = std::fs::remove_file(&part);
        named(path, error)
    })
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(named(path, error)),
        _ => Ok(()),
    }
}

fn files(folder: &Path, end: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(named(&folder, error)),
        };
        for entry in entries {
            let entry = entry?;
            // A link that leads back up would never end.
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name().to_string_lossy().ends_with(end) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The same error with the path in front.
fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", shown(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(body: &str) -> Document {
        Document {
            source: "a.yaml".into(),
            description: "A".into(),
            body: body.into(),
            ..Document::default()
        }
    }

    const ONE: &str = "# 1. a\n\nGET /\n\n200 OK\n";
    const TWO: &str = "# 1. a\n\nGET /\n\n404 Not Found\n";

    fn store(folder: &tempfile::TempDir, mode: Mode) -> Store {
        Store::new(folder.path(), "rfc", mode)
    }

    #[test]
    fn a_missing_snapshot_is_pending_until_it_is_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder, Mode::Check);
        let compare = |body| store.compare("okta/a", Some("okta"), &document(body)).unwrap();
        let path = folder.path().join("rfc/okta/a@okta.snap");
        let pending_path = folder.path().join("rfc/okta/a@okta.snap.new");
        assert_eq!(
            compare(ONE),
            Comparison::Missing { path: shown(&path), pending: Some(shown(&pending_path)) }
        );
        assert_eq!(pending(folder.path()).unwrap(), std::slice::from_ref(&pending_path));
        assert_eq!(pending_difference(&pending_path).unwrap().changes, ["new: there is no snapshot yet"]);
        accept(&pending_path).unwrap();
        assert_eq!(compare(ONE), Comparison::Unchanged);
        assert!(pending(folder.path()).unwrap().is_empty());
        assert_eq!(std::fs::read_to_string(path).unwrap(), document(ONE).to_string());
    }

    #[test]
    fn a_change_is_pending_until_it_is_gone_or_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let update = store(&folder, Mode::Update);
        assert_eq!(update.compare("a", None, &document(ONE)).unwrap(), Comparison::Updated);
        assert_eq!(update.compare("a", None, &document(ONE)).unwrap(), Comparison::Unchanged);
        let check = store(&folder, Mode::Check);
        let Comparison::Changed(difference) = check.compare("a", None, &document(TWO)).unwrap() else {
            panic!("it changed")
        };
        assert_eq!(difference.changes, ["step 1 `a`, response status: 200 OK → 404 Not Found"]);
        let file = folder.path().join("rfc/a.snap.new");
        assert_eq!(pending_difference(&file).unwrap(), difference);
        assert_eq!(check.compare("a", None, &document(ONE)).unwrap(), Comparison::Unchanged);
        assert!(!file.exists(), "what is pending no more is removed");
        check.compare("a", None, &document(TWO)).unwrap();
        reject(&file).unwrap();
        assert_eq!(check.compare("a", None, &document(ONE)).unwrap(), Comparison::Unchanged);
    }

    #[test]
    fn in_ci_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let ci = store(&folder, Mode::Ci);
        let missing = ci.compare("a", None, &document(ONE)).unwrap();
        assert!(matches!(missing, Comparison::Missing { pending: None, .. }));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        store(&folder, Mode::Update).compare("a", None, &document(ONE)).unwrap();
        let Comparison::Changed(changed) = ci.compare("a", None, &document(TWO)).unwrap() else {
            panic!("it changed")
        };
        assert_eq!(changed.pending, None);
        assert_eq!(std::fs::read_dir(folder.path().join("rfc")).unwrap().count(), 1);
    }

    #[test]
    fn snapshots_without_a_scenario_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let update = store(&folder, Mode::Update);
        for id in ["x/a", "x/b"] {
            update.compare(id, Some("okta"), &document(ONE)).unwrap();
        }
        update.compare("c", None, &document(ONE)).unwrap();
        let found = update.unreferenced(["x/a@okta", "c"]).unwrap();
        assert_eq!(found, [folder.path().join("rfc/x/b@okta.snap")]);
    }

    #[test]
    fn names_do_not_lead_outside_the_store() {
        let store = Store::new("snapshots", "../https://x", Mode::Ci);
        assert_eq!(store.path("/../../etc/a.b", None), Path::new("snapshots/..-https---x/etc/a.b.snap"));
        assert_eq!(Store::new("s", "..", Mode::Ci).path("a", None), Path::new("s/unnamed/a.snap"));
    }

    #[test]
    fn only_pending_files_are_accepted_or_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.snap");
        std::fs::write(&file, "x").unwrap();
        assert!(accept(&file).is_err() && reject(&file).is_err() && file.exists());
        let error = store(&folder, Mode::Check).compare("a.snap/x", None, &document(ONE));
        assert!(error.is_ok());
        std::fs::write(folder.path().join("file"), "x").unwrap();
        let blocked = Store::new(folder.path(), "file", Mode::Check).compare("a", None, &document(ONE));
        assert!(blocked.unwrap_err().to_string().contains("file/a.snap"));
    }
}
