//! `report diff`: what became worse, better or different between two JSON reports.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::document::{Broken, Document, Entry, alike};
use super::message::clean;
use super::words;
use crate::event::Status;

/// How a result relates to the one with the same id in the older report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is worse than it was.
    Regressed,
    /// It was wrong and holds now.
    Fixed,
    /// It was not there; how it ended is said.
    New,
    /// It is not there any more.
    Gone,
    /// It is as bad as it was.
    Still,
    /// It ended otherwise, and is neither worse nor mended.
    Other,
}

impl Change {
    const ALL: [Change; 6] =
        [Change::Regressed, Change::Fixed, Change::New, Change::Gone, Change::Still, Change::Other];

    /// The word in output.
    pub fn word(self) -> &'static str {
        match self {
            Change::Regressed => "regressed",
            Change::Fixed => "fixed",
            Change::New => "new",
            Change::Gone => "gone",
            Change::Still => "still failing",
            Change::Other => "changed",
        }
    }

    fn member(self) -> &'static str {
        match self {
            Change::Still => "still_failing",
            other => other.word(),
        }
    }
}

/// One result that is worth telling.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    change: Change,
    id: String,
    title: String,
    before: Option<Status>,
    after: Option<Status>,
    message: String,
}

/// What is different between two reports.
#[derive(Debug, Clone)]
pub struct Diff {
    rows: Vec<Row>,
    /// Audiences that the target was ready for, or is ready for now.
    readiness: Vec<(String, bool)>,
    unchanged: usize,
    warnings: Vec<String>,
}

/// How the difference is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For a comment on a pull request.
    Markdown,
}

/// Compares two reports of the same kind.
///
/// # Errors
/// They are of different kinds.
pub fn diff(old: &Document, new: &Document) -> Result<Diff, Broken> {
    alike(old, new)?;
    let before: BTreeMap<&str, Entry<'_>> = old.entries().map(|entry| (entry.id, entry)).collect();
    let after: BTreeMap<&str, Entry<'_>> = new.entries().map(|entry| (entry.id, entry)).collect();
    let ids: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let mut diff =
        Diff { rows: Vec::new(), readiness: readiness(old, new), unchanged: 0, warnings: warnings(old, new) };
    for id in ids {
        let (was, is) = (before.get(id), after.get(id));
        match change(was, is) {
            None => diff.unchanged += 1,
            Some(change) => {
                let told = is.or(was);
                diff.rows.push(Row {
                    change,
                    id: id.to_owned(),
                    title: told.map_or("", |entry| entry.title).to_owned(),
                    before: was.map(|entry| entry.status),
                    after: is.map(|entry| entry.status),
                    message: told.map_or("", |entry| entry.message).to_owned(),
                });
            }
        }
    }
    diff.rows.sort_by(|a, b| a.change.cmp(&b.change).then(a.id.cmp(&b.id)));
    Ok(diff)
}

/// How bad an outcome is. What a baseline accepts is not bad; what was not judged is not good either.
fn weight(entry: &Entry<'_>) -> u8 {
    match entry.status {
        _ if entry.known => 1,
        Status::Pass => 0,
        Status::Skip => 1,
        Status::Warn => 2,
        Status::Blocked => 3,
        Status::Error => 4,
        Status::Fail => 5,
    }
}

/// Weights from here on are bad.
const BAD: u8 = 2;

fn change(was: Option<&Entry<'_>>, is: Option<&Entry<'_>>) -> Option<Change> {
    let (was, is) = match (was, is) {
        (None, None) => return None,
        (Some(_), None) => return Some(Change::Gone),
        (None, Some(_)) => return Some(Change::New),
        (Some(was), Some(is)) => (was, is),
    };
    let (before, now) = (weight(was), weight(is));
    if now >= BAD && now > before {
        Some(Change::Regressed)
    } else if before >= BAD && is.status == Status::Pass {
        Some(Change::Fixed)
    } else if now >= BAD && now == before {
        Some(Change::Still)
    } else if was.status == is.status && was.known == is.known {
        None
    } else {
        Some(Change::Other)
    }
}

fn readiness(old: &Document, new: &Document) -> Vec<(String, bool)> {
    let read = |document: &Document| -> BTreeMap<String, bool> {
        let row = |row: &Value| Some((row.get("idp")?.as_str()?.to_owned(), row.get("ready")?.as_bool()?));
        document.readiness().iter().filter_map(row).collect()
    };
    let before = read(old);
    let changed = |(idp, ready): &(String, bool)| before.get(idp).is_some_and(|was| was != ready);
    read(new).into_iter().filter(changed).collect()
}

fn warnings(old: &Document, new: &Document) -> Vec<String> {
    let mut warnings = Vec::new();
    for document in [old, new] {
        if document.is_incomplete() {
            warnings.push(format!("`{}` is incomplete: its run was interrupted", document.name));
        }
    }
    if old.target("url") != new.target("url") {
        let url = |document: &Document| document.target("url").unwrap_or_default().to_owned();
        warnings.push(format!("the targets differ: {} and {}", url(old), url(new)));
    }
    if old.version() != new.version() {
        warnings.push(format!("the versions differ: {} and {}", old.version(), new.version()));
    }
    warnings
}

impl Diff {
    /// Whether anything is worse than it was: a result, or the readiness for somebody.
    pub fn has_regressed(&self) -> bool {
        self.of(Change::Regressed).next().is_some() || self.readiness.iter().any(|(_, ready)| !ready)
    }

    /// The difference as text.
    pub fn render(&self, form: Form) -> String {
        match form {
            Form::Text => self.text(),
            Form::Json => self.json(),
            Form::Markdown => self.markdown(),
        }
    }

    fn of(&self, change: Change) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.change == change)
    }

    /// `1 regressed, 2 fixed, 300 unchanged`
    fn summary(&self) -> String {
        let counts = Change::ALL.into_iter().filter_map(|change| match (change, self.of(change).count()) {
            (Change::Regressed | Change::Fixed, number) => Some(format!("{number} {}", change.word())),
            (_, 0) => None,
            (_, number) => Some(format!("{number} {}", change.word())),
        });
        let counts: Vec<String> = counts.collect();
        format!("{}, {} unchanged", counts.join(", "), self.unchanged)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for warning in &self.warnings {
            let _ = writeln!(text, "note: {warning}");
        }
        for (idp, ready) in &self.readiness {
            let word = if *ready { "now ready for" } else { "no longer ready for" };
            let _ = writeln!(text, "{word} {}", super::evidence::label(idp));
        }
        for change in Change::ALL {
            for (index, row) in self.of(change).enumerate() {
                if index == 0 {
                    let blank = if text.is_empty() { "" } else { "\n" };
                    let _ = writeln!(text, "{blank}{}", change.word());
                }
                let _ = write!(text, "  {} ({})", row.id, row.states());
                let colon = if row.message.is_empty() { "" } else { ": " };
                let _ = writeln!(text, "{colon}{}", row.message.lines().next().unwrap_or_default());
            }
        }
        let blank = if text.is_empty() { "" } else { "\n" };
        clean(&format!("{text}{blank}{}\n", self.summary()))
    }

    fn markdown(&self) -> String {
        use super::markdown::{cell, html};
        let mut text = format!("### scimulator report diff: {}\n", html(&self.summary()));
        for warning in &self.warnings {
            let _ = write!(text, "\n> {}\n", html(warning));
        }
        for (idp, ready) in &self.readiness {
            let (mark, word) = if *ready { ("✅", "now ready for") } else { ("❌", "no longer ready for") };
            let _ = write!(text, "\n{mark} {word} {}\n", html(super::evidence::label(idp)));
        }
        for change in Change::ALL {
            let number = self.of(change).count();
            if number == 0 {
                continue;
            }
            let _ = write!(text, "\n| {} | before, after | message |\n|---|---|---|\n", change.word());
            for row in self.of(change).take(ROWS) {
                let message = cell(words::cut(&row.message, 500));
                let _ = writeln!(text, "| {} | {} | {message} |", cell(&row.id), row.states());
            }
            if number > ROWS {
                let _ = writeln!(text, "\n… and {}.", words::count(number - ROWS, "more row"));
            }
        }
        text
    }

    fn json(&self) -> String {
        let rows = |change: Change| -> Value {
            let row = |row: &Row| {
                json!({
                    "id": row.id,
                    "title": row.title,
                    "before": row.before.map(Status::word),
                    "after": row.after.map(Status::word),
                    "message": row.message,
                })
            };
            self.of(change).map(row).collect()
        };
        let mut object: serde_json::Map<String, Value> =
            Change::ALL.map(|change| (change.member().to_owned(), rows(change))).into_iter().collect();
        object.insert("unchanged".into(), self.unchanged.into());
        let readiness = self.readiness.iter().map(|(idp, ready)| json!({ "idp": idp, "ready": ready }));
        object.insert("readiness".into(), readiness.collect());
        object.insert("notes".into(), self.warnings.clone().into());
        format!("{:#}\n", Value::Object(object))
    }
}

/// Rows of one table.
const ROWS: usize = 100;

impl Row {
    /// `pass, fail`, or the one that there is.
    fn states(&self) -> String {
        match (self.before, self.after) {
            (Some(before), Some(after)) if before == after => before.word().to_owned(),
            (Some(before), Some(after)) => format!("{} -> {}", before.word(), after.word()),
            (Some(only), None) | (None, Some(only)) => only.word().to_owned(),
            (None, None) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{json, samples};
    use super::*;

    fn document(change: impl FnOnce(&mut Value)) -> Document {
        let mut report: Value = serde_json::from_str(&json::render(&samples::check::run()).unwrap()).unwrap();
        change(&mut report);
        Document::read("x.json", &report.to_string()).unwrap()
    }

    fn result<'a>(report: &'a mut Value, id: &str) -> &'a mut Value {
        report["results"].as_array_mut().unwrap().iter_mut().find(|result| result["id"] == id).unwrap()
    }

    fn old() -> Document {
        document(|report| {
            result(report, "sample.replace-active")["status"] = "pass".into();
            result(report, "sample.hostile")["id"] = "sample.gone".into();
            result(report, "sample.id")["status"] = "fail".into();
            result(report, "sample.delete")["id"] = "sample.old".into();
            result(report, "sample.bulk-order")["status"] = "warn".into();
            report["readiness"][0]["ready"] = true.into();
            report["version"] = "0.0.9".into();
        })
    }

    #[test]
    fn what_changed_is_told_the_worst_first() {
        let diff = diff(&old(), &document(|_| {})).unwrap();
        assert!(diff.has_regressed());
        insta::assert_snapshot!(diff.render(Form::Text), @r#"
        note: the versions differ: 0.0.9 and 0.1.0
        no longer ready for Okta

        regressed
          sample.replace-active (pass -> fail): after the PATCH the user is still active (and 1 more)

        fixed
          sample.id (fail -> pass)

        new
          sample.delete (pass)
          sample.hostile (fail): </script><script>alert('x')</script>�[31m� "quoted" | `tick` ``` --> ]]>

        gone
          sample.gone (fail): </script><script>alert('x')</script>�[31m� "quoted" | `tick` ``` --> ]]>
          sample.old (pass)

        still failing
          sample.media-type (warn): the error comes as a page
          sample.read (blocked): needs `sample.id`, which failed
          sample.unreachable (error): no answer within 10 s

        changed
          sample.bulk-order (warn -> skip): the target does not advertise bulk operations

        1 regressed, 1 fixed, 2 new, 2 gone, 3 still failing, 1 changed, 2 unchanged
        "#);
        insta::assert_snapshot!(diff.render(Form::Markdown), @r#"
        ### scimulator report diff: 1 regressed, 1 fixed, 2 new, 2 gone, 3 still failing, 1 changed, 2 unchanged

        > the versions differ: 0.0.9 and 0.1.0

        ❌ no longer ready for Okta

        | regressed | before, after | message |
        |---|---|---|
        | sample.replace-active | pass -> fail | after the PATCH the user is still active (and 1 more) |

        | fixed | before, after | message |
        |---|---|---|
        | sample.id | fail -> pass |  |

        | new | before, after | message |
        |---|---|---|
        | sample.delete | pass |  |
        | sample.hostile | fail | &lt;/script&gt;&lt;script&gt;alert('x')&lt;/script&gt;�[31m� "quoted" \| `tick` ``` --&gt; ]]&gt; |

        | gone | before, after | message |
        |---|---|---|
        | sample.gone | fail | &lt;/script&gt;&lt;script&gt;alert('x')&lt;/script&gt;�[31m� "quoted" \| `tick` ``` --&gt; ]]&gt; |
        | sample.old | pass |  |

        | still failing | before, after | message |
        |---|---|---|
        | sample.media-type | warn | the error comes as a page |
        | sample.read | blocked | needs `sample.id`, which failed |
        | sample.unreachable | error | no answer within 10 s |

        | changed | before, after | message |
        |---|---|---|
        | sample.bulk-order | warn -> skip | the target does not advertise bulk operations |
        "#);
        let json: Value = serde_json::from_str(&diff.render(Form::Json)).unwrap();
        assert_eq!(json["regressed"][0]["id"], "sample.replace-active");
        assert_eq!(json["regressed"][0]["before"], "pass");
        assert_eq!(json["fixed"][0]["id"], "sample.id");
        assert_eq!(json["readiness"], json!([{ "idp": "okta", "ready": false }]));
    }

    #[test]
    fn the_same_report_has_not_regressed() {
        let diff = diff(&document(|_| {}), &document(|_| {})).unwrap();
        assert!(!diff.has_regressed());
        insta::assert_snapshot!(diff.render(Form::Text), @r#"
        still failing
          sample.hostile (fail): </script><script>alert('x')</script>�[31m� "quoted" | `tick` ``` --> ]]>
          sample.media-type (warn): the error comes as a page
          sample.read (blocked): needs `sample.id`, which failed
          sample.replace-active (fail): after the PATCH the user is still active (and 1 more)
          sample.unreachable (error): no answer within 10 s

        0 regressed, 0 fixed, 5 still failing, 5 unchanged
        "#);
    }

    #[test]
    fn simulations_are_compared_person_by_person() {
        let simulated = |change: fn(&mut Value)| {
            let text = json::render(&samples::simulate::run()).unwrap();
            let mut report: Value = serde_json::from_str(&text).unwrap();
            change(&mut report);
            Document::read("x.json", &report.to_string()).unwrap()
        };
        let old = simulated(|report| result(report, "users/lin")["status"] = "pass".into());
        let new = simulated(|report| result(report, "groups/security")["status"] = "pass".into());
        insta::assert_snapshot!(diff(&old, &new).unwrap().render(Form::Text), @"
        regressed
          users/lin (pass -> fail): is disabled in the directory and can still log in

        fixed
          groups/security (fail -> pass): 1 of 2 members are missing: alan

        still failing
          groups/sales (error): GET /Groups got no answer: no answer within 10 s
          users/alan (fail): was not provisioned: POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken
          users/grace (fail): `title` differs

        1 regressed, 1 fixed, 3 still failing, 6 unchanged
        ");
    }

    #[test]
    fn losing_readiness_is_a_regression_and_other_kinds_are_refused() {
        let lost = document(|report| report["readiness"][2]["ready"] = false.into());
        assert!(diff(&document(|_| {}), &lost).unwrap().has_regressed());
        assert!(!diff(&lost, &document(|_| {})).unwrap().has_regressed());
        let run = document(|report| report["kind"] = "run".into());
        assert!(diff(&run, &lost).unwrap_err().to_string().contains("report of `run`"));
    }

    #[test]
    fn every_change_of_status_has_its_word() {
        let entry = |status, known| Entry { id: "a", title: "", status, message: "", known };
        let said = |was, is| change(Some(&entry(was, false)), Some(&entry(is, false)));
        assert_eq!(said(Status::Pass, Status::Fail), Some(Change::Regressed));
        assert_eq!(said(Status::Warn, Status::Fail), Some(Change::Regressed));
        assert_eq!(said(Status::Skip, Status::Blocked), Some(Change::Regressed));
        assert_eq!(said(Status::Fail, Status::Pass), Some(Change::Fixed));
        assert_eq!(said(Status::Fail, Status::Warn), Some(Change::Other));
        assert_eq!(said(Status::Fail, Status::Skip), Some(Change::Other), "not judged is not mended");
        assert_eq!(said(Status::Error, Status::Error), Some(Change::Still));
        assert_eq!(said(Status::Pass, Status::Skip), Some(Change::Other));
        assert_eq!(said(Status::Skip, Status::Skip), None);
        let known = entry(Status::Fail, true);
        assert_eq!(change(Some(&known), Some(&known)), None);
        assert_eq!(change(Some(&known), Some(&entry(Status::Fail, false))), Some(Change::Regressed));
        assert_eq!(change(Some(&entry(Status::Fail, false)), Some(&known)), Some(Change::Other));
    }
}
