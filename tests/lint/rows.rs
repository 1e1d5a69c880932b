//! Every row of the quirk catalogue is reproduced, a rule for targets, or has a reason; `docs/quirks.md` says which, row by row.
//!
//! The document is made of data: `Habits::quirks`, the texts of the scenarios, `reproduced.csv` and `not_reproduced.csv`. To write it anew:
//! `cargo test --test lint write_the_document -- --ignored`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use scimulator::conformance::catalogue::{Quirk, quirk, quirks};
use scimulator::conformance::checks;
use scimulator::idp::Dialect;
use scimulator::scenario::id_of;
use serde::Deserialize;

use crate::scenarios::files;

/// Where scenarios are named in a row; more are not listed.
const MOST: usize = 4;

/// Scenarios that speak of a row without sending it.
const NAMED_ONLY: &[(&str, &str, &str)] = &[
    ("Q-H03", "entra/default/connection-test", "our HTTP client adds a header that can be negotiated"),
    ("Q-H03", "rfc/content-negotiation", "our HTTP client adds a header that can be negotiated"),
    ("Q-P04", "onelogin/list-users", "says that nobody has seen OneLogin ask so"),
];

const HEAD: &str = "\
# Habits of identity providers, row by row

What identity providers send beside the plainest RFC traffic, and where this program does the same. `scimulator explain Q-U01` says what a
target must make of a row; [vendor-suites.md](vendor-suites.md) lists the checks that decide it.

A row is **reproduced** by dialects (`simulate`, and scenarios with `idp:` steps), by scenarios that are named here, or by a habit of the
engine that plays the dialects. **A rule for targets** asks something of the target while what is sent is like any other
request: checks decide it, and nothing is reproduced. All other rows have the reason why they are not reproduced.

**Unverified** are rows of grade C or D: a single hint, or a source that others contradict. A is documented or captured, B is
seen in code or reported. A dialect is unverified in a row where its product is not known to do that, because no capture of the
product was found or because the dialect assumes it (`scimulator explain pingone`).

This file is written by `cargo test --test lint write_the_document -- --ignored`, and a test fails when it is out of date.
";

const SECTIONS: [(char, &str); 9] = [
    ('H', "Transport, headers, URLs"),
    ('T', "Connection tests and discovery"),
    ('L', "Lookup"),
    ('C', "Create"),
    ('U', "Update"),
    ('D', "Deactivate and delete"),
    ('G', "Groups"),
    ('P', "Import and paging"),
    ('E', "Reading errors"),
];

/// A row that nothing reproduces.
#[derive(Deserialize)]
struct NotReproduced {
    id: String,
    kind: Kind,
    reason: String,
}

#[derive(Deserialize, PartialEq, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// It says what a target must do.
    Target,
    /// Nothing does what it says.
    None,
}

/// A row that is in the engine.
#[derive(Deserialize)]
struct Habit {
    id: String,
    habit: String,
    file: String,
}

fn table<Row: for<'d> Deserialize<'d>>(text: &str) -> Vec<Row> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().collect::<Result<_, _>>().unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The rows that a text names, `Q-P01 to Q-P05` included.
fn named(text: &str) -> BTreeSet<String> {
    static ROW: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"Q-([A-Z])([0-9]{2})(?:\s+to\s+Q-([A-Z])([0-9]{2}))?").unwrap());
    let number = |text: &str| text.parse::<u32>().unwrap();
    let rows = ROW.captures_iter(text).flat_map(|found| {
        let (section, first) = (found[1].to_owned(), number(&found[2]));
        let last = match found.get(4) {
            Some(last) if found[3] == section => number(last.as_str()),
            _ => first,
        };
        (first..=last).map(move |number| format!("Q-{section}{number:02}"))
    });
    rows.collect()
}

/// Everything that is known of the rows.
struct Known {
    /// With a word where a dialect only assumes it.
    dialects: BTreeMap<String, Vec<String>>,
    scenarios: BTreeMap<String, Vec<String>>,
    engine: Vec<Habit>,
    rest: Vec<NotReproduced>,
}

impl Known {
    fn gather() -> Self {
        let mut dialects: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (word, dialect) in Dialect::WORDS {
            let habits = dialect.speech().habits();
            for id in habits.quirks {
                let is_assumed = habits.is_assumed(id);
                let shown = if is_assumed { format!("`{word}` (unverified)") } else { format!("`{word}`") };
                dialects.entry((*id).to_owned()).or_default().push(shown);
            }
        }
        let folder = root().join("scenarios");
        let mut paths: Vec<PathBuf> = Vec::new();
        files(&folder, &mut paths);
        let mut scenarios: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for path in paths {
            let scenario = id_of(&path, &folder);
            for id in named(&std::fs::read_to_string(&path).unwrap()) {
                let sends = !NAMED_ONLY.iter().any(|(row, name, _)| (*row, *name) == (&id, &scenario));
                if sends {
                    scenarios.entry(id).or_default().push(scenario.clone());
                }
            }
        }
        // Those of plain RFC traffic come last.
        for names in scenarios.values_mut() {
            names.sort_by_key(|name| (name.starts_with("rfc/"), name.clone()));
        }
        Self {
            dialects,
            scenarios,
            engine: table(include_str!("../../src/idp/engine/reproduced.csv")),
            rest: table(include_str!("../../src/idp/dialect/not_reproduced.csv")),
        }
    }

    fn rest(&self, id: &str) -> Option<&NotReproduced> {
        self.rest.iter().find(|row| row.id == id)
    }

    fn habit(&self, id: &str) -> Option<&Habit> {
        self.engine.iter().find(|row| row.id == id)
    }
}

/// The checks that decide a row.
fn deciding(id: &str) -> Vec<&'static str> {
    checks::all().filter(|check| check.requirements.contains(&id)).map(|check| check.id).collect()
}

fn code<T: std::fmt::Display>(words: impl IntoIterator<Item = T>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The last cell of a row.
fn outcome(known: &Known, id: &str) -> String {
    let checked = match deciding(id).as_slice() {
        [] => String::new(),
        checks => format!("checked by {}", code(checks)),
    };
    if let Some(NotReproduced { kind, reason, .. }) = known.rest(id) {
        let parts = match kind {
            Kind::Target => [format!("a rule for targets: {checked}"), reason.clone()],
            Kind::None => [format!("not reproduced: {reason}"), checked],
        };
        return parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    }
    let mut parts = Vec::new();
    if let Some(words) = known.dialects.get(id) {
        parts.push(format!("dialects {}", words.join(", ")));
    }
    if let Some(names) = known.scenarios.get(id) {
        let more = if names.len() > MOST { " and others" } else { "" };
        parts.push(format!("scenarios {}{more}", code(names.iter().take(MOST))));
    }
    if let Some(Habit { habit, file, .. }) = known.habit(id) {
        parts.push(format!("engine: [{habit}](../{file})"));
    }
    parts.join("; ")
}

/// The grade, and what it means where it is low.
fn grade(quirk: &Quirk) -> String {
    let words: Vec<&str> =
        quirk.grade.split(|c: char| !c.is_ascii_alphabetic()).filter(|w| w.len() == 1).collect();
    let is_low = |word: &&str| matches!(*word, "C" | "D");
    match (words.iter().all(is_low), words.iter().any(is_low)) {
        (true, _) => format!("{}: unverified", quirk.grade),
        (false, true) => format!("{}: unverified in part", quirk.grade),
        (false, false) => quirk.grade.clone(),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', r"\|")
}

fn document() -> String {
    let known = Known::gather();
    let mut text = HEAD.to_owned();
    for (section, title) in SECTIONS {
        write!(
            text,
            "\n## {title}\n\n| row | who | what is sent | grade | reproduced by |\n|---|---|---|---|---|\n"
        )
        .unwrap();
        for quirk in quirks().iter().filter(|quirk| quirk.id.as_bytes()[2] == section as u8) {
            let Quirk { id, idp, sends, .. } = quirk;
            let outcome = outcome(&known, id);
            writeln!(
                text,
                "| {id} | {} | {} | {} | {} |",
                cell(idp),
                cell(sends),
                grade(quirk),
                cell(&outcome)
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn every_row_is_reproduced_or_has_a_reason() {
    let known = Known::gather();
    for quirk in quirks() {
        let id = quirk.id.as_str();
        let by_dialect = known.dialects.contains_key(id);
        let by_others = known.scenarios.contains_key(id) || known.habit(id).is_some();
        match known.rest(id) {
            None => assert!(by_dialect || by_others, "{id} is reproduced by nothing and has no reason"),
            Some(row) if row.kind == Kind::None => {
                assert!(!by_dialect && !by_others, "{id} is reproduced, and there is a reason why not");
                assert!(!row.reason.is_empty(), "{id}: why?");
            }
            // Scenarios may tell of a rule for targets: they expect it.
            Some(_) => {
                assert!(!by_dialect && known.habit(id).is_none(), "{id} is reproduced, and more than a rule");
                assert!(!deciding(id).is_empty(), "{id} is a rule for targets that no check decides");
            }
        }
    }
}

/// Whoever wonders at a line of a dialect finds the row that it is about beside it.
#[test]
fn every_row_that_a_dialect_plays_is_named_in_a_comment() {
    let mut comments = String::new();
    let mut folders = vec![root().join("src/idp")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                None if path.is_dir() => folders.push(path),
                Some(end) if end == "rs" => {
                    for line in std::fs::read_to_string(&path).unwrap().lines() {
                        comments.push_str(line.split_once("//").map_or("", |(_, comment)| comment));
                        comments.push('\n');
                    }
                }
                _ => {}
            }
        }
    }
    let named = named(&comments);
    for (word, dialect) in Dialect::WORDS {
        for row in dialect.speech().habits().quirks {
            assert!(named.contains(*row), "{word}: {row}");
        }
    }
}

#[test]
fn every_word_in_the_data_means_something() {
    let known = Known::gather();
    let ids = known.rest.iter().map(|row| &row.id).chain(known.engine.iter().map(|row| &row.id));
    for id in ids.chain(known.dialects.keys()).chain(known.scenarios.keys()) {
        assert!(quirk(id).is_some(), "{id} is in the catalogue");
    }
    let distinct = |ids: Vec<&String>| ids.len() == ids.iter().collect::<BTreeSet<_>>().len();
    assert!(distinct(known.rest.iter().map(|row| &row.id).collect()));
    assert!(distinct(known.engine.iter().map(|row| &row.id).collect()));
    for Habit { id, file, .. } in &known.engine {
        let source = std::fs::read_to_string(root().join(file)).unwrap();
        assert!(named(&source).contains(id), "{file} names {id}");
    }
    for (id, scenario, _) in NAMED_ONLY {
        let text = std::fs::read_to_string(root().join(format!("scenarios/{scenario}.yaml"))).unwrap();
        assert!(named(&text).contains(*id), "{scenario} names {id}");
    }
    let in_sections = quirks().iter().filter(|quirk| {
        SECTIONS.iter().any(|(section, _)| quirk.id.as_bytes().get(2) == Some(&(*section as u8)))
    });
    assert_eq!(in_sections.count(), quirks().len(), "no row is left out of the document");
}

#[test]
fn the_document_is_up_to_date() {
    let written = std::fs::read_to_string(root().join("docs/quirks.md")).unwrap_or_default();
    let due = document();
    let first = written.lines().zip(due.lines()).find(|(written, due)| written != due);
    assert!(
        written == due,
        "docs/quirks.md is out of date (run `cargo test --test lint write_the_document -- --ignored`): {first:?}"
    );
}

#[test]
#[ignore = "writes docs/quirks.md"]
fn write_the_document() {
    std::fs::write(root().join("docs/quirks.md"), document()).unwrap();
}
