//! `review`: walks through pending snapshots, so that a person accepts or rejects each.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use clap::Args;
use console::{Key, Term};

use super::context::{Context, stdout_failed};
use super::env;
use super::exit::{Exit, Stop};
use crate::event::SnapshotDifference;
use crate::report::terminal;
use crate::snapshot::{Document, store};

/// `review [PATHS]`
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// Snapshot files or folders to review; all of the snapshots folder where none is named
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Folder that holds the snapshots
    #[arg(long, value_name = "DIR", env = env::SNAPSHOTS, default_value = "snapshots")]
    snapshots: PathBuf,
    /// Accept everything that is pending, without asking
    #[arg(
        long,
        env = env::ACCEPT_ALL,
        value_parser = clap::builder::FalseyValueParser::new(),
        conflicts_with = "reject_all"
    )]
    accept_all: bool,
    /// Reject everything that is pending, without asking
    #[arg(long, env = env::REJECT_ALL, value_parser = clap::builder::FalseyValueParser::new())]
    reject_all: bool,
}

/// What is decided about one pending snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Accept,
    Reject,
    Skip,
}

/// How many were decided how.
#[derive(Debug, Default, PartialEq, Eq)]
struct Decided {
    accepted: usize,
    rejected: usize,
    /// Still pending, because they were skipped or never looked at.
    left: usize,
}

/// Lines of a text diff that are shown before `d` is pressed.
const DIFF_LINES: usize = 40;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const KEY: Style = AnsiColor::Cyan.on_default().bold();

/// Runs the command.
pub fn run(args: &ReviewArgs, context: &Context) -> Exit {
    let found = find(args, context).and_then(|pending| {
        if pending.is_empty() {
            context.print("nothing is pending\n")?;
            return Ok(Exit::Ok);
        }
        match (args.accept_all, args.reject_all) {
            (true, _) => all(&pending, Verdict::Accept, context),
            (_, true) => all(&pending, Verdict::Reject, context),
            _ if context.stdin_is_terminal && context.stdout_is_terminal => interactive(&pending, context),
            _ => list(&pending, context),
        }
    });
    found.unwrap_or_else(|stop| context.refuse(&stop))
}

/// The pending files that the arguments name, sorted.
fn find(args: &ReviewArgs, context: &Context) -> Result<Vec<PathBuf>, Stop> {
    let mut pending = Vec::new();
    if args.paths.is_empty() {
        pending = store::pending(&args.snapshots).map_err(Stop::usage)?;
    }
    for path in &args.paths {
        let beside = PathBuf::from(format!("{}.new", path.display()));
        if path.is_dir() {
            pending.extend(store::pending(path).map_err(Stop::usage)?);
        } else if path.extension().is_some_and(|end| end == "new") && path.exists() {
            pending.push(path.clone());
        } else if beside.exists() {
            pending.push(beside);
        } else if !path.exists() {
            return Err(Stop::usage(format!("there is no file or folder `{}`", context.shown(path))));
        }
    }
    pending.sort();
    pending.dedup();
    Ok(pending)
}

fn all(pending: &[PathBuf], verdict: Verdict, context: &Context) -> Result<Exit, Stop> {
    let mut decided = Decided::default();
    for path in pending {
        carry_out(path, verdict, &mut decided)?;
    }
    context.print(&format!("{}\n", summary(&decided)))?;
    Ok(Exit::Ok)
}

/// Nobody can be asked: says what is pending and what to do.
fn list(pending: &[PathBuf], context: &Context) -> Result<Exit, Stop> {
    let mut text = String::new();
    for path in pending {
        text.push_str(&format!("{}\n", context.shown(path)));
        for change in store::pending_difference(path).map_err(Stop::usage)?.changes {
            text.push_str(&format!("  {change}\n"));
        }
    }
    context.print(&text)?;
    context.say("look at the new texts beside the snapshots, then use one of");
    context.say("  scimulator review                 on a terminal, to decide one by one");
    context.say("  scimulator review --accept-all    to make them the snapshots");
    context.say("  scimulator review --reject-all    to throw them away");
    Ok(Exit::Wanting)
}

fn interactive(pending: &[PathBuf], context: &Context) -> Result<Exit, Stop> {
    let terminal = Term::stdout();
    let mut walk = Walk { out: &mut context.stdout(), key: &mut || terminal.read_key() };
    let (decided, ended) = walk.all(pending)?;
    context.print(&format!("{}\n", summary(&decided)))?;
    Ok(match (ended, decided.left) {
        (Ended::Interrupted, _) => Exit::Interrupted,
        (_, 0) => Exit::Ok,
        _ => Exit::Wanting,
    })
}

/// How a walk came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Every snapshot was looked at, or the user had enough.
    Normally,
    /// By Ctrl-C.
    Interrupted,
}

/// A walk through pending snapshots with somebody who presses keys.
struct Walk<'a> {
    out: &'a mut dyn Write,
    key: &'a mut dyn FnMut() -> io::Result<Key>,
}

impl Walk<'_> {
    fn all(&mut self, pending: &[PathBuf]) -> Result<(Decided, Ended), Stop> {
        let mut decided = Decided::default();
        let mut rest = None;
        for (index, path) in pending.iter().enumerate() {
            let verdict = match rest {
                Some(verdict) => verdict,
                None => {
                    let difference = store::pending_difference(path).map_err(Stop::usage)?;
                    let title = title(path);
                    let place = format!("[{}/{}]", index + 1, pending.len());
                    match self.ask(&place, &title, &difference)? {
                        Answer::One(verdict) => verdict,
                        Answer::Rest(verdict) => *rest.insert(verdict),
                        Answer::End(ended) => {
                            decided.left += pending.len() - index;
                            return Ok((decided, ended));
                        }
                    }
                }
            };
            carry_out(path, verdict, &mut decided)?;
        }
        Ok((decided, Ended::Normally))
    }

    /// Shows one snapshot and waits for a key that decides.
    fn ask(&mut self, place: &str, title: &str, difference: &SnapshotDifference) -> Result<Answer, Stop> {
        let mut full = false;
        loop {
            self.say(&shown(place, title, difference, full))?;
            loop {
                let answer = match (self.key)() {
                    Ok(Key::Char('a')) => Answer::One(Verdict::Accept),
                    Ok(Key::Char('r')) => Answer::One(Verdict::Reject),
                    Ok(Key::Char('s')) => Answer::One(Verdict::Skip),
                    Ok(Key::Char('A')) => Answer::Rest(Verdict::Accept),
                    Ok(Key::Char('R')) => Answer::Rest(Verdict::Reject),
                    Ok(Key::Char('S')) => Answer::Rest(Verdict::Skip),
                    Ok(Key::Char('q') | Key::Escape) => Answer::End(Ended::Normally),
                    Ok(Key::CtrlC) => Answer::End(Ended::Interrupted),
                    Ok(Key::Char('d')) => break,
                    Ok(_) => continue,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                        Answer::End(Ended::Interrupted)
                    }
                    // The terminal is gone.
                    Err(_) => Answer::End(Ended::Normally),
                };
                return Ok(answer);
            }
            full = !full;
        }
    }

    fn say(&mut self, text: &str) -> Result<(), Stop> {
        self.out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush())
            .map_err(|error| stdout_failed(&error))
    }
}

/// What somebody said about one snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// About this one.
    One(Verdict),
    /// About this one and all that follow.
    Rest(Verdict),
    /// Nothing more.
    End(Ended),
}

fn carry_out(path: &Path, verdict: Verdict, decided: &mut Decided) -> Result<(), Stop> {
    match verdict {
        Verdict::Accept => store::accept(path).map(|()| decided.accepted += 1),
        Verdict::Reject => store::reject(path).map(|()| decided.rejected += 1),
        Verdict::Skip => {
            decided.left += 1;
            Ok(())
        }
    }
    .map_err(Stop::usage)
}

/// The title of the scenario that a pending file belongs to.
fn title(path: &Path) -> String {
    std::fs::read_to_string(path).map(|text| Document::parse(&text).description).unwrap_or_default()
}

fn shown(place: &str, title: &str, difference: &SnapshotDifference, full: bool) -> String {
    let mut text = format!("\n{BOLD}{place} {}{BOLD:#}\n", difference.path);
    if !title.is_empty() {
        text.push_str(&format!("{title}\n"));
    }
    text.push('\n');
    for change in &difference.changes {
        text.push_str(&format!("  {BOLD}{change}{BOLD:#}\n"));
    }
    text.push('\n');
    let lines: Vec<&str> = difference.text.lines().collect();
    let limit = if full { lines.len() } else { DIFF_LINES.min(lines.len()) };
    text.push_str(&terminal::diff(&lines[..limit].join("\n")));
    if limit < lines.len() {
        text.push_str(&format!("{DIM}… {} more lines, d shows them{DIM:#}\n", lines.len() - limit));
    }
    let key = |key: &str, what: &str| format!("{KEY}{key}{KEY:#} {what}");
    text.push_str(&format!(
        "\n{}  {}  {}  {}  {}  {}\n",
        key("a", "accept"),
        key("r", "reject"),
        key("s", "skip"),
        key("A R S", "the same for all that follow"),
        key("d", "full text"),
        key("q", "quit"),
    ));
    text
}

/// `2 accepted, 1 rejected, 3 still pending`
fn summary(decided: &Decided) -> String {
    let parts =
        [(decided.accepted, "accepted"), (decided.rejected, "rejected"), (decided.left, "still pending")];
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    said.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with three pending transcripts, the first of which changes a snapshot.
    fn folder() -> (tempfile::TempDir, Vec<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, status: &str| {
            let text = format!(
                "---\nsource: {name}.yaml\ndescription: The title of {name}\n---\n# 1. go\n\nGET /\n\n{status}\n"
            );
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        write("a.snap", "200 OK");
        write("a.snap.new", "404 Not Found");
        write("b.snap.new", "200 OK");
        write("c.snap.new", "200 OK");
        let pending = store::pending(folder.path()).unwrap();
        (folder, pending)
    }

    fn walk(pending: &[PathBuf], keys: &str) -> (Decided, Ended, String) {
        let mut keys = keys.chars();
        let mut out = Vec::new();
        let mut key = || keys.next().map(Key::Char).ok_or_else(|| io::ErrorKind::Interrupted.into());
        let (decided, ended) = Walk { out: &mut out, key: &mut key }.all(pending).unwrap();
        (decided, ended, anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string())
    }

    fn left(folder: &tempfile::TempDir) -> Vec<String> {
        let names = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<String> =
            names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn each_is_shown_and_decided_by_one_key() {
        let (folder, pending) = folder();
        let (decided, ended, said) = walk(&pending, "xars");
        assert_eq!((decided, ended), (Decided { accepted: 1, rejected: 1, left: 1 }, Ended::Normally));
        assert_eq!(left(&folder), ["a.snap", "c.snap.new"]);
        let said = said.replace(&folder.path().display().to_string(), "[FOLDER]");
        let first = said.split("[2/3]").next().unwrap();
        insta::assert_snapshot!(first.trim(), @r"
        [1/3] [FOLDER]/a.snap
        The title of a.snap.new

          step 1 `go`, response status: 200 OK → 404 Not Found

        --- snapshot
        +++ transcript
        @@ -2,4 +2,4 @@
         
         GET /
         
        -200 OK
        +404 Not Found

        a accept  r reject  s skip  A R S the same for all that follow  d full text  q quit
        ");
    }

    #[test]
    fn a_capital_letter_decides_about_the_rest() {
        let (folder, pending) = folder();
        assert_eq!(walk(&pending, "sA").0, Decided { accepted: 2, rejected: 0, left: 1 });
        assert_eq!(left(&folder), ["a.snap", "a.snap.new", "b.snap", "c.snap"]);
    }

    #[test]
    fn quitting_and_ctrl_c_leave_the_rest_pending() {
        let (_folder, pending) = folder();
        assert_eq!(walk(&pending, "q").0, Decided { left: 3, ..Decided::default() });
        let (decided, ended, _) = walk(&pending, "d");
        assert_eq!((decided.left, ended), (3, Ended::Interrupted));
    }

    #[test]
    fn a_long_text_is_shown_whole_on_demand() {
        let difference = SnapshotDifference {
            path: "a.snap".into(),
            pending: None,
            changes: Vec::new(),
            text: "+x\n".repeat(DIFF_LINES + 2),
        };
        assert!(shown("[1/1]", "", &difference, false).contains("2 more lines"));
        assert_eq!(shown("[1/1]", "", &difference, true).matches("+x").count(), DIFF_LINES + 2);
    }
}
