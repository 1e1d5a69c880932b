//! The state file of a simulation: what the identity provider keeps, so that a later run is an incremental cycle.
//!
//! One line of JSON each: a head that says whose state it is, then [`Record`]s, each of which replaces what was known. A
//! record is appended as soon as it comes about; when the program is killed, all but the last line are whole, and the last one is
//! left out when it is not. At the end of a run the file is written anew with as few records as possible.

use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::idp::Dialect;
use crate::idp::engine::state::{Record, State};
use crate::target::refusal::Refusal;

/// What the file is.
const FORMAT: &str = "scimulator state 1";
/// The longest line, in bytes: the members of a very large group.
const LONGEST_LINE: u64 = 64 << 20;

/// The first line.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    dialect: String,
    target: String,
}

impl Head {
    fn of(dialect: Dialect, target: &str) -> Self {
        Self { format: FORMAT.into(), dialect: dialect.word().into(), target: target.into() }
    }
}

/// An open state file. It is locked: no second run writes it at the same time.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    file: File,
    head: Head,
}

impl Ledger {
    /// Opens the state of a dialect at a target, or begins it where there is no such file. With `restart` what is in
    /// it is forgotten.
    ///
    /// # Errors
    /// It cannot be read or written, is the state of something else, or is in use.
    pub fn open(
        path: &Path,
        dialect: Dialect,
        target: &str,
        restart: bool,
        now: Timestamp,
    ) -> Result<(Self, State), Refusal> {
        let shown = path.display();
        let cannot = |error: std::io::Error| {
            Refusal::usage(format!("the state file `{shown}` cannot be used: {error}"))
        };
        let file = File::options().read(true).append(true).create(true).open(path).map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Refusal::usage(format!("the state file `{shown}` is in use by another run")));
            }
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        let mut ledger = Self { path: path.to_owned(), file, head: Head::of(dialect, target) };
        let state = match restart {
            true => {
                ledger.check_format()?;
                State::new(now)
            }
            false => ledger.read(now)?,
        };
        ledger.rewrite(&state).map_err(cannot)?;
        Ok((ledger, state))
    }

    fn read(&self, now: Timestamp) -> Result<State, Refusal> {
        let mut state = State::new(now);
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let read = std::io::Read::take(&mut reader, LONGEST_LINE).read_until(b'\n', &mut line);
            let read = read.map_err(|error| Refusal::usage(format!("`{}`: {error}", self.path.display())))?;
            if read == 0 || line.last() != Some(&b'\n') {
                // A line without end was being written when the program was killed.
                break;
            }
            if number == 1 {
                self.check_head(&line)?;
                continue;
            }
            match serde_json::from_slice(&line) {
                Ok(record) => state.apply(record),
                Err(error) => return Err(self.broken(number, &error)),
            }
        }
        Ok(state)
    }

    /// Only what is a state file is begun anew: another file was named by mistake.
    fn check_format(&self) -> Result<(), Refusal> {
        let mut line = Vec::new();
        let read = std::io::Read::take(BufReader::new(&self.file), 4096).read_until(b'\n', &mut line);
        let is_state = serde_json::from_slice::<Head>(&line)
            .is_ok_and(|head| head.format.starts_with("scimulator state"));
        match read {
            Ok(0) => Ok(()),
            Ok(_) if is_state => Ok(()),
            _ => Err(Refusal::usage(format!(
                "`{}` is no state file, so that it is not begun anew",
                self.path.display()
            ))
            .hint("name another file; it is made where there is none")),
        }
    }

    fn check_head(&self, line: &[u8]) -> Result<(), Refusal> {
        let Ok(found) = serde_json::from_slice::<Head>(line) else {
            return Err(Refusal::usage(format!("`{}` is no state file", self.path.display()))
                .hint("name another file; it is made where there is none"));
        };
        if found == self.head {
            return Ok(());
        }
        let shown = self.path.display();
        let what = match () {
            () if found.format != self.head.format => format!("is of another version: {}", found.format),
            () if found.dialect != self.head.dialect => {
                format!("is that of {}, not of {}", found.dialect, self.head.dialect)
            }
            () => format!("belongs to the target {}, not to {}", found.target, self.head.target),
        };
        Err(Refusal::usage(format!("the state file `{shown}` {what}"))
            .hint("name another file, or begin anew with `--restart`"))
    }

    fn broken(&self, number: usize, error: &serde_json::Error) -> Refusal {
        // The place within the line is that of the reader, which has seen this line only.
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        let (shown, column) = (self.path.display(), error.column());
        Refusal::usage(format!(
            "the state file `{shown}` is broken at line {number}, column {column}: {what}"
        ))
        .hint("`--restart` forgets the state; what is linked is found again by lookups")
    }

    /// Appends a record.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn append(&mut self, record: &Record) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }

    /// Writes the file anew, with as few records as possible.
    ///
    /// # Errors
    /// It cannot be written; then it stays as it is.
    pub fn rewrite(&mut self, state: &State) -> std::io::Result<()> {
        let mut new = self.path.clone().into_os_string();
        new.push(".new");
        let new = PathBuf::from(new);
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&new)?;
        // Whoever opens the file from now on finds it locked, also once it has the name of the old one.
        file.lock()?;
        let mut writer = BufWriter::new(&file);
        serde_json::to_writer(&mut writer, &self.head)?;
        writer.write_all(b"\n")?;
        for record in state.records() {
            serde_json::to_writer(&mut writer, &record)?;
            writer.write_all(b"\n")?;
        }
        writer.flush()?;
        drop(writer);
        std::fs::rename(&new, &self.path)?;
        self.file = file;
        Ok(())
    }
}

/// The state in a file, which is left as it is and may be in use; nothing where there is no such file.
///
/// # Errors
/// It cannot be read, or is the state of something else.
pub fn look(
    path: &Path,
    dialect: Dialect,
    target: &str,
    restart: bool,
    now: Timestamp,
) -> Result<State, Refusal> {
    let file = match File::open(path) {
        Ok(file) if !restart => file,
        Ok(_) => return Ok(State::new(now)),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(State::new(now)),
        Err(error) => {
            let shown = path.display();
            return Err(Refusal::usage(format!("the state file `{shown}` cannot be used: {error}")));
        }
    };
    Ledger { path: path.to_owned(), file, head: Head::of(dialect, target) }.read(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idp::engine::state::Link;

    const TARGET: &str = "https://app.example.com/scim/v2";

    fn now() -> Timestamp {
        "2026-01-05T08:00:00Z".parse().unwrap()
    }

    fn open(path: &Path, dialect: Dialect, target: &str, restart: bool) -> Result<(Ledger, State), String> {
        Ledger::open(path, dialect, target, restart, now()).map_err(|refusal| refusal.message)
    }

    #[test]
    fn what_was_appended_is_there_again_also_after_a_kill() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.jsonl");
        let (mut ledger, state) = open(&path, Dialect::Entra, TARGET, false).unwrap();
        assert_eq!(state, State::new(now()));
        let link = Link {
            id: "7".into(),
            sum: 1,
            active: true,
            settled: true,
            left: None,
            manager: None,
            kept: Vec::new(),
        };
        ledger.append(&Record::Person("ada".into(), Some(link.clone()))).unwrap();
        assert!(open(&path, Dialect::Entra, TARGET, false).unwrap_err().contains("in use"));
        drop(ledger);
        // Killed while it wrote.
        File::options().append(true).open(&path).unwrap().write_all(b"{\"person\":[\"gra").unwrap();
        let (mut ledger, state) = open(&path, Dialect::Entra, TARGET, false).unwrap();
        assert_eq!(state.people["ada"], link);
        ledger.rewrite(&state).unwrap();
        ledger.append(&Record::Person("ada".into(), None)).unwrap();
        drop(ledger);
        let (ledger, state) = open(&path, Dialect::Entra, TARGET, false).unwrap();
        assert!(state.people.is_empty());
        drop(ledger);
        assert!(
            open(&path, Dialect::Okta, TARGET, false).unwrap_err().contains("is that of entra, not of okta")
        );
        assert!(
            open(&path, Dialect::Entra, "https://x.example.com", false)
                .unwrap_err()
                .contains("belongs to the target")
        );
        assert!(open(&path, Dialect::Okta, TARGET, true).is_ok());
    }

    #[test]
    fn a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.jsonl");
        drop(open(&path, Dialect::Entra, TARGET, false).unwrap());
        File::options().append(true).open(&path).unwrap().write_all(b"{\"nobody\":1}\n").unwrap();
        let message = open(&path, Dialect::Entra, TARGET, false).unwrap_err();
        assert!(message.contains("is broken at line 3, column 9: unknown variant `nobody`"), "{message}");
        assert!(!message.contains("line 1"), "{message}");
        // Whoever only looks finds the same, and leaves the file as it is.
        let seen = look(&path, Dialect::Entra, TARGET, false, now()).unwrap_err();
        assert_eq!(seen.message, message);
        assert_eq!(look(&path, Dialect::Entra, TARGET, true, now()).unwrap(), State::new(now()));
        assert_eq!(
            look(&folder.path().join("no"), Dialect::Okta, TARGET, false, now()).unwrap(),
            State::new(now())
        );
    }
}
