//! The journal: what a run created on a target and has not deleted yet.
//!
//! An append-only file of JSON Lines. Every line is on its way to the disk before the program goes on, so that the journal of a
//! run that was killed still tells what to delete. The first line says which run and which target:
//!
//! ```text
//! {"run":"k3x9","base":"https://host/scim/v2"}
//! {"intend":1,"method":"POST","path":"/Users","name":"ada-k3x9@acme.test"}
//! {"created":1,"id":"2819c223"}
//! {"deleted":"/Users/2819c223"}
//! ```
//!
//! An intent that was never settled may or may not have created something; it is found again by its unique name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// Everything but the unreserved characters of RFC 3986.
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An open journal. It may be shared: each call writes one line.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    run: String,
    base: String,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    entries: Vec<Entry>,
    last: u64,
}

/// One creation that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "an intent has to be settled with `created` or `failed`"]
pub struct Intent(u64);

/// Something that may still stand on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pending {
    /// It was created; this is its path below the base URL.
    Created(String),
    /// Nobody knows whether it was created: the request went out and no answer came.
    Unsettled {
        /// Where it was to be created: `/Users`.
        path: String,
        /// The unique name that it would have.
        name: String,
    },
}

#[derive(Debug, Clone)]
struct Entry {
    intent: u64,
    path: String,
    name: String,
    resource: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Heading {
    run: String,
    base: String,
}

/// One line behind the heading. Which member is there says what kind of line it is.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    intend: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    method: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
}

/// What a run left on a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The base URL of the target.
    pub base: String,
    /// What is left, oldest first.
    pub pending: Vec<Pending>,
}

impl Journal {
    /// Begins a journal. `run` is the run suffix, `base` the base URL of the target.
    ///
    /// # Errors
    /// When the file exists already (of another run, which would be forgotten) or cannot be written.
    pub fn create(path: impl Into<PathBuf>, run: &str, base: &str) -> io::Result<Self> {
        let path = path.into();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().append(true).create_new(true).open(&path)?;
        hold(&file);
        write_line(&mut file, &Heading { run: run.to_owned(), base: base.to_owned() })?;
        let state = Mutex::new(State { file, entries: Vec::new(), last: 0 });
        Ok(Self { path, run: run.to_owned(), base: base.to_owned(), state })
    }

    /// Goes on with the journal of an earlier run. A last line that was cut off is ignored.
    ///
    /// # Errors
    /// When the file cannot be read or is no journal.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let (heading, entries, text) = read(&path)?;
        let mut file = OpenOptions::new().append(true).open(&path)?;
        hold(&file);
        if !text.ends_with('\n') {
            file.write_all(b"\n")?;
        }
        let last = entries.iter().map(|entry| entry.intent).max().unwrap_or(0);
        let state = Mutex::new(State { file, entries, last });
        Ok(Self { path, run: heading.run, base: heading.base, state })
    }

    /// What a journal file says to be left, without opening it for writing.
    ///
    /// # Errors
    /// When the file cannot be read or is no journal.
    pub fn leftover(path: impl AsRef<Path>) -> io::Result<Leftover> {
        let (heading, entries, _) = read(path.as_ref())?;
        Ok(Leftover { base: heading.base, pending: entries.iter().map(Entry::pending).collect() })
    }

    /// Whether a run that still goes on writes this journal. Where the system cannot tell, none does.
    pub fn is_in_use(path: impl AsRef<Path>) -> bool {
        cfg!(unix)
            && File::open(path)
                .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// The run suffix.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The base URL of the target that the run worked on.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// What is left, oldest first.
    pub fn left(&self) -> Vec<Pending> {
        self.lock().entries.iter().map(Entry::pending).collect()
    }

    /// Notes that a request is about to create something below `path` (`/Users`, `/Groups`) with this unique name.
    ///
    /// # Errors
    /// When the line cannot be written; the request must not be sent then.
    pub fn intend(&self, method: &str, path: &str, name: &str) -> io::Result<Intent> {
        let mut state = self.lock();
        let intent = state.last + 1;
        let (method, path, name) = (method.to_owned(), path.to_owned(), name.to_owned());
        let line =
            Line { intend: Some(intent), method, path: path.clone(), name: name.clone(), ..Line::default() };
        write_line(&mut state.file, &line)?;
        state.last = intent;
        state.entries.push(Entry { intent, path, name, resource: None });
        Ok(Intent(intent))
    }

    /// The target created it, under this `id`.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn created(&self, intent: Intent, id: &str) -> io::Result<()> {
        let mut state = self.lock();
        write_line(&mut state.file, &Line { created: Some(intent.0), id: id.to_owned(), ..Line::default() })?;
        state.apply(Line { created: Some(intent.0), id: id.to_owned(), ..Line::default() });
        Ok(())
    }

    /// The target refused: nothing was created.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn failed(&self, intent: Intent) -> io::Result<()> {
        let mut state = self.lock();
        write_line(&mut state.file, &Line { failed: Some(intent.0), ..Line::default() })?;
        state.apply(Line { failed: Some(intent.0), ..Line::default() });
        Ok(())
    }

    /// The resource at this path below the base URL is gone. Paths that the journal does not know are ignored.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn deleted(&self, path: &str) -> io::Result<()> {
        let mut state = self.lock();
        if !state.entries.iter().any(|entry| entry.resource.as_deref() == Some(path)) {
            return Ok(());
        }
        write_line(&mut state.file, &Line { deleted: Some(path.to_owned()), ..Line::default() })?;
        state.apply(Line { deleted: Some(path.to_owned()), ..Line::default() });
        Ok(())
    }

    /// Settles what [`Pending::Unsettled`] tells: nothing of that name is on the target any more.
    pub(super) fn settled(&self, path: &str, name: &str) -> io::Result<()> {
        let found = self.lock().entries.iter().find(|entry| entry.is_unsettled(path, name)).map(|e| e.intent);
        found.map_or(Ok(()), |intent| self.failed(Intent(intent)))
    }

    /// Ends the journal: removes the file when nothing is left. Returns whether it was removed.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn finish(self) -> io::Result<bool> {
        let empty = self.lock().entries.is_empty();
        if empty {
            std::fs::remove_file(&self.path)?;
        }
        Ok(empty)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn apply(&mut self, line: Line) {
        apply(&mut self.entries, line);
    }
}

impl Entry {
    fn pending(&self) -> Pending {
        match &self.resource {
            Some(resource) => Pending::Created(resource.clone()),
            None => Pending::Unsettled { path: self.path.clone(), name: self.name.clone() },
        }
    }

    fn is_unsettled(&self, path: &str, name: &str) -> bool {
        self.resource.is_none() && self.path == path && self.name == name
    }
}

fn apply(entries: &mut Vec<Entry>, line: Line) {
    if let Some(intent) = line.intend {
        entries.push(Entry { intent, path: line.path, name: line.name, resource: None });
    } else if let Some(intent) = line.created {
        if let Some(entry) = entries.iter_mut().find(|entry| entry.intent == intent) {
            entry.resource = Some(resource_path(&entry.path, &line.id));
        }
    } else if let Some(intent) = line.failed {
        entries.retain(|entry| entry.intent != intent);
    } else if let Some(path) = line.deleted {
        entries.retain(|entry| entry.resource.as_deref() != Some(path.as_str()));
    }
}

/// The path of a resource below its endpoint.
pub(super) fn resource_path(endpoint: &str, id: &str) -> String {
    format!("{}/{}", endpoint.trim_end_matches('/'), utf8_percent_encode(id, RESERVED))
}

/// Locks a journal for as long as it is open; the system takes the lock away when the program is killed. Elsewhere than on
/// Unix a lock would keep others from reading. A file system without locks is no reason not to go on.
fn hold(file: &File) {
    if cfg!(unix) {
        let _ = file.try_lock();
    }
}

fn write_line(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string(line).map_err(io::Error::other)?;
    text.push('\n');
    file.write_all(text.as_bytes())?;
    file.flush()
}

fn read(path: &Path) -> io::Result<(Heading, Vec<Entry>, String)> {
    let text = std::fs::read_to_string(path)?;
    let broken = |number: usize, error: serde_json::Error| {
        let message = format!("`{}` is no journal: line {number}: {error}", path.display());
        io::Error::new(io::ErrorKind::InvalidData, message)
    };
    let mut lines = text.lines();
    let heading = serde_json::from_str(lines.next().unwrap_or_default()).map_err(|error| broken(1, error))?;
    let mut entries = Vec::new();
    for (index, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        match serde_json::from_str(line) {
            Ok(line) => apply(&mut entries, line),
            // What a crash cut off is no mistake; the request behind that line was not sent.
            Err(error) if error.is_eof() => {}
            Err(error) => return Err(broken(index + 2, error)),
        }
    }
    Ok((heading, entries, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_journal(folder: &tempfile::TempDir) -> (PathBuf, Journal) {
        let path = folder.path().join("deep/er/run.journal");
        let journal = Journal::create(&path, "k3x9", "http://x/scim").unwrap();
        (path, journal)
    }

    #[test]
    fn what_was_created_and_not_deleted_is_pending() {
        let folder = tempfile::tempdir().unwrap();
        let (path, journal) = new_journal(&folder);
        let ada = journal.intend("POST", "/Users", "ada-k3x9").unwrap();
        let team = journal.intend("POST", "/Groups", "team-k3x9").unwrap();
        let refused = journal.intend("POST", "/Users", "ada-k3x9").unwrap();
        let gone = journal.intend("POST", "/Users", "bob-k3x9").unwrap();
        journal.created(ada, "1 2").unwrap();
        journal.failed(refused).unwrap();
        journal.created(gone, "bob").unwrap();
        journal.deleted("/Users/bob").unwrap();
        journal.deleted("/Users/unknown").unwrap();
        let _ = team;
        let expected = [
            Pending::Created("/Users/1%202".into()),
            Pending::Unsettled { path: "/Groups".into(), name: "team-k3x9".into() },
        ];
        assert_eq!(journal.left(), expected);
        assert_eq!(Journal::leftover(&path).unwrap().pending, expected);
        insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap(), @r#"
        {"run":"k3x9","base":"http://x/scim"}
        {"intend":1,"method":"POST","path":"/Users","name":"ada-k3x9"}
        {"intend":2,"method":"POST","path":"/Groups","name":"team-k3x9"}
        {"intend":3,"method":"POST","path":"/Users","name":"ada-k3x9"}
        {"intend":4,"method":"POST","path":"/Users","name":"bob-k3x9"}
        {"created":1,"id":"1 2"}
        {"failed":3}
        {"created":4,"id":"bob"}
        {"deleted":"/Users/bob"}
        "#);
        assert!(!journal.finish().unwrap());
        assert!(path.exists());
    }

    #[test]
    fn a_journal_survives_a_crash_in_the_middle_of_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let (path, journal) = new_journal(&folder);
        let ada = journal.intend("POST", "/Users", "ada").unwrap();
        journal.created(ada, "1").unwrap();
        drop(journal);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str(r#"{"intend":2,"meth"#);
        std::fs::write(&path, text).unwrap();
        let journal = Journal::open(&path).unwrap();
        assert_eq!((journal.run(), journal.base()), ("k3x9", "http://x/scim"));
        let bob = journal.intend("POST", "/Users", "bob").unwrap();
        journal.created(bob, "2").unwrap();
        journal.deleted("/Users/1").unwrap();
        assert_eq!(Journal::leftover(&path).unwrap().pending, [Pending::Created("/Users/2".into())]);
        journal.deleted("/Users/2").unwrap();
        assert!(journal.finish().unwrap());
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_journal_is_in_use_while_it_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let (path, journal) = new_journal(&folder);
        assert!(Journal::is_in_use(&path));
        drop(journal);
        assert!(!Journal::is_in_use(&path) && !Journal::is_in_use("nowhere"));
    }

    #[test]
    fn another_runs_journal_is_not_overwritten_and_other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _journal) = new_journal(&folder);
        assert_eq!(Journal::create(&path, "other", "").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        std::fs::write(&path, "{\"run\":\"a\",\"base\":\"b\"}\nhello\n").unwrap();
        let error = Journal::open(&path).unwrap_err().to_string();
        assert!(error.contains("is no journal: line 2"), "{error}");
    }
}
