//! Which scenario files a run is about, how each is called, and where its snapshots are.
//!
//! A scenario keeps its id however it is named on the command line: the id is its path below the nearest folder called
//! `scenarios`, or, where there is none, below the working directory. The snapshots are beside that folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::context::Context;
use crate::cli::exit::Stop;
use crate::diagnostic::nearest;
use crate::scenario::id_of;

/// The folder that scenarios are expected in.
pub(in crate::cli) const SCENARIOS: &str = "scenarios";

/// The folder that snapshots are kept in.
pub(super) const SNAPSHOTS: &str = "snapshots";

/// Folders are not searched deeper than this.
const DEEPEST: usize = 32;

/// A scenario file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// The file, relative to the working directory where it is below it.
    pub(super) path: PathBuf,
    /// What it is called.
    pub(super) id: String,
    /// The folder of its snapshots unless another is named, likewise relative.
    beside: PathBuf,
}

/// Finds the scenario files that the paths name, sorted, each once.
///
/// # Errors
/// A path does not exist or cannot be read.
pub(super) fn find(paths: &[PathBuf], context: &Context) -> Result<Vec<Found>, Stop> {
    let directory = canonical(&context.directory, context)?;
    let mut files = Vec::new();
    if paths.is_empty() {
        let path = directory.join(SCENARIOS);
        if !path.is_dir() {
            return Err(Stop::usage(format!("there is no folder `{SCENARIOS}` in the working directory"))
                .hint("name the files or folders to run: `scimulator run PATH…`"));
        }
        walk(&path, DEEPEST, &mut files).map_err(|(path, error)| unreadable(&path, &error, context))?;
    }
    for path in paths {
        let path = canonical(&directory.join(path), context)?;
        if path.is_dir() {
            walk(&path, DEEPEST, &mut files).map_err(|(path, error)| unreadable(&path, &error, context))?;
        } else {
            files.push(path);
        }
    }
    let mut found: Vec<Found> = files.into_iter().map(|path| name(path, &directory)).collect();
    found.sort();
    found.dedup();
    Ok(found)
}

fn canonical(path: &Path, context: &Context) -> Result<PathBuf, Stop> {
    fs::canonicalize(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => missing(path, context),
        _ => unreadable(path, &error, context),
    })
}

fn missing(path: &Path, context: &Context) -> Stop {
    let stop = Stop::usage(format!("there is no file or folder `{}`", context.shown(path)));
    let beside = path.parent().and_then(|folder| fs::read_dir(folder).ok());
    let names: Vec<String> = beside
        .map(|entries| {
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        })
        .unwrap_or_default();
    let wrong = path.file_name().unwrap_or_default().to_string_lossy();
    // The name itself is there where a link leads nowhere.
    match nearest(&wrong, names.iter().map(String::as_str).filter(|name| *name != wrong)) {
        Some(near) => stop.hint(format!("did you mean `{}`?", context.shown(&path.with_file_name(near)))),
        None => stop,
    }
}

fn unreadable(path: &Path, error: &io::Error, context: &Context) -> Stop {
    Stop::usage(format!("`{}` cannot be read: {error}", context.shown(path)))
}

/// Collects `.yaml` and `.yml` files. What is hidden is left out, and folders behind links, which may lead in circles.
fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
    let failed = |error| (folder.to_owned(), error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path();
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        if is_folder && depth > 0 {
            walk(&path, depth - 1, files)?;
        } else if matches!(path.extension().and_then(|extension| extension.to_str()), Some("yaml" | "yml")) {
            files.push(path);
        }
    }
    Ok(())
}

fn name(path: PathBuf, directory: &Path) -> Found {
    let folder = path.parent().unwrap_or(directory);
    let named = folder.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == SCENARIOS));
    let root = match named {
        Some(root) => root,
        None if path.starts_with(directory) => directory,
        None => folder,
    };
    let snapshots = match named.and_then(Path::parent) {
        Some(folder) => folder.join(SNAPSHOTS),
        None => root.join(SNAPSHOTS),
    };
    let short = |path: &Path| path.strip_prefix(directory).unwrap_or(path).to_owned();
    Found { id: id_of(&path, root), beside: short(&snapshots), path: short(&path) }
}

impl Found {
    /// The folder of the snapshots: the one that was named, or `snapshots` beside the scenarios.
    pub(super) fn snapshots(&self, named: Option<&Path>) -> PathBuf {
        named.unwrap_or(&self.beside).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::context::tests::context_in;

    /// The files that are found, each with its id and the folder of its snapshots.
    fn found(files: &[&str], paths: &[&str]) -> Result<Vec<String>, Stop> {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let context = context_in(&fs::canonicalize(folder.path()).unwrap());
        let found = find(&paths, &context)?;
        let line = |found: &Found| {
            format!("{} | {} | {}", found.path.display(), found.id, found.snapshots(None).display())
        };
        Ok(found.iter().map(line).collect())
    }

    #[test]
    fn a_folder_is_searched_for_yaml_and_nothing_hidden() {
        let files =
            ["scenarios/b.yaml", "scenarios/okta/a.yml", "scenarios/README.md", "scenarios/.git/c.yaml"];
        let expected = ["scenarios/b.yaml | b | snapshots", "scenarios/okta/a.yml | okta/a | snapshots"];
        assert_eq!(found(&files, &[]).unwrap(), expected);
        assert_eq!(found(&files, &["scenarios/okta", "scenarios/b.yaml", "scenarios"]).unwrap(), expected);
    }

    #[test]
    fn a_file_keeps_its_id_however_it_is_named() {
        let files = ["a/scenarios/x/y.yaml", "b/y.yaml"];
        let said = found(&files, &["a/scenarios/x/y.yaml", "b/../b/y.yaml"]).unwrap();
        assert_eq!(said, ["a/scenarios/x/y.yaml | x/y | a/snapshots", "b/y.yaml | b/y | snapshots"]);
    }

    #[test]
    fn what_is_not_there_is_told_with_the_nearest() {
        let stop = found(&["scenarios/okta/a.yaml"], &["scenarios/okto"]).unwrap_err();
        assert_eq!(stop.message, "there is no file or folder `scenarios/okto`");
        assert_eq!(stop.hints, ["did you mean `scenarios/okta`?"]);
        assert!(found(&[], &[]).unwrap_err().message.contains("no folder `scenarios`"));
    }
}
