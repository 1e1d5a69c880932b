//! `report merge`: the reports of the shards of one run become one report.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::document::{Broken, Document, alike};
use crate::event::{Status, Tally};

/// The report that the shards make together, as text.
///
/// Results are sorted by id and counted anew; the elapsed time is the longest. A target is ready for somebody only
/// where every shard says so. The result is incomplete where any shard is.
///
/// Of one report, `provisioning` stays; several simulations are never parts of one.
///
/// # Errors
/// Several are of `simulate`, the reports are of different kinds, targets or versions, or two of them hold the same result.
pub fn merge(documents: &[Document]) -> Result<String, Broken> {
    let [first, others @ ..] = documents else {
        return Err(Broken::new("there is nothing to merge"));
    };
    if first.kind() == "simulate" && !others.is_empty() {
        return Err(Broken::new(
            "reports of `simulate` cannot be merged: a simulation has no shards, each one is about a whole directory",
        ));
    }
    for other in others {
        alike(first, other)?;
        same(first, other, "target", |document| document.target("url").map(str::to_owned))?;
        same(first, other, "version", |document| document.version().to_owned())?;
    }
    let mut results: BTreeMap<&str, (&Document, &Value)> = BTreeMap::new();
    for document in documents {
        for (entry, result) in document.entries().zip(document.results()) {
            if let Some((before, _)) = results.insert(entry.id, (document, result)) {
                let (id, a, b) = (entry.id, &before.name, &document.name);
                return Err(Broken::new(format!(
                    "`{id}` is in `{a}` and in `{b}`: these are no shards of one run"
                )));
            }
        }
    }
    let mut report = Map::new();
    report.insert("kind".into(), first.kind().into());
    report.insert("version".into(), first.version().into());
    report.insert("target".into(), json!({ "url": first.target("url"), "name": names(documents) }));
    // Texts of RFC 3339 in UTC are in the order of time.
    if let Some(started) = documents.iter().filter_map(|document| document.get("started")?.as_str()).min() {
        report.insert("started".into(), started.into());
    }
    report.insert("options".into(), common_options(documents));
    report.insert("summary".into(), summary(documents));
    if documents.iter().any(Document::is_incomplete) {
        report.insert("incomplete".into(), true.into());
    }
    let elapsed = documents.iter().filter_map(|document| document.get("elapsed_ms")?.as_f64());
    report.insert("elapsed_ms".into(), elapsed.fold(0.0, f64::max).into());
    if let Some(provisioning) = first.get("provisioning") {
        report.insert("provisioning".into(), provisioning.clone());
    }
    report.insert("results".into(), results.into_values().map(|(_, result)| result.clone()).collect());
    report.insert("readiness".into(), readiness(documents));
    let mut text = format!("{:#}", Value::Object(report));
    text.push('\n');
    Ok(text)
}

/// The names of the target: of the built-in provider every shard names the profiles that it needed.
fn names(documents: &[Document]) -> String {
    let names = documents.iter().filter_map(|document| document.target("name"));
    let names: BTreeSet<&str> = names.flat_map(|names| names.split(", ")).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// The options of all shards: what differs is what made shards of them.
fn common_options(documents: &[Document]) -> Value {
    let is_common = |option: &&Value| documents.iter().all(|document| document.options().contains(option));
    documents.iter().take(1).flat_map(Document::options).filter(is_common).cloned().collect()
}

fn same<T: PartialEq>(
    first: &Document,
    other: &Document,
    what: &str,
    read: fn(&Document) -> T,
) -> Result<(), Broken> {
    match read(first) == read(other) {
        true => Ok(()),
        false => {
            let (a, b) = (&first.name, &other.name);
            Err(Broken::new(format!(
                "`{a}` and `{b}` are not of the same {what}: these are no shards of one run"
            )))
        }
    }
}

fn summary(documents: &[Document]) -> Value {
    let (mut tally, mut known) = (Tally::default(), 0usize);
    for entry in documents.iter().flat_map(Document::entries) {
        tally.add(entry.status);
        known += usize::from(entry.known);
    }
    let counts = Status::ALL.map(|status| (status.word().to_owned(), tally.of(status).into()));
    let mut summary: Map<String, Value> = counts.into_iter().collect();
    if known > 0 {
        summary.insert("known".into(), known.into());
    }
    summary.into()
}

/// What the shards say about one audience.
struct Row<'a> {
    ready: bool,
    shards: usize,
    blockers: Vec<&'a str>,
    undecided: Vec<&'a str>,
    judged: u64,
}

fn readiness(documents: &[Document]) -> Value {
    let mut rows: Vec<(&str, Row<'_>)> = Vec::new();
    for value in documents.iter().flat_map(Document::readiness) {
        let Some(idp) = value.get("idp").and_then(Value::as_str) else { continue };
        let at = rows.iter().position(|(known, _)| *known == idp).unwrap_or_else(|| {
            let row = Row { ready: true, shards: 0, blockers: Vec::new(), undecided: Vec::new(), judged: 0 };
            rows.push((idp, row));
            rows.len() - 1
        });
        let row = &mut rows[at].1;
        row.shards += 1;
        row.ready &= value.get("ready") == Some(&Value::Bool(true));
        row.judged += value.get("judged").and_then(Value::as_u64).unwrap_or(0);
        add(&mut row.blockers, value.get("blockers"));
        add(&mut row.undecided, value.get("undecided"));
    }
    let rows = rows.into_iter().map(|(idp, row)| {
        // A shard that was not asked knows nothing, and an interrupted one not everything.
        let ready =
            row.ready && row.shards == documents.len() && !documents.iter().any(Document::is_incomplete);
        json!({
            "idp": idp,
            "ready": ready,
            "blockers": row.blockers,
            "undecided": row.undecided,
            "judged": row.judged,
        })
    });
    rows.collect()
}

fn add<'a>(ids: &mut Vec<&'a str>, more: Option<&'a Value>) {
    for id in more.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{json, samples};
    use super::*;

    fn document(name: &str, change: impl FnOnce(&mut Value)) -> Document {
        let mut report: Value = serde_json::from_str(&json::render(&samples::check::run()).unwrap()).unwrap();
        change(&mut report);
        Document::read(name, &report.to_string()).unwrap()
    }

    /// The results whose number is even, or odd.
    fn half(name: &str, rest: usize, change: impl FnOnce(&mut Value)) -> Document {
        document(name, |report| {
            let mut index = 0;
            report["results"].as_array_mut().unwrap().retain(|_| {
                index += 1;
                index % 2 == rest
            });
            change(report);
        })
    }

    #[test]
    fn shards_make_the_whole() {
        let whole = json::render(&samples::check::run()).unwrap();
        let a = half("a.json", 0, |report| report["readiness"] = json!([]));
        let b = half("b.json", 1, |report| {
            report["elapsed_ms"] = 3.into();
            report["target"]["name"] = "other".into();
        });
        let merged: Value = serde_json::from_str(&merge(&[a, b]).unwrap()).unwrap();
        let whole: Value = serde_json::from_str(&whole).unwrap();
        assert_eq!(merged["results"], whole["results"]);
        assert_eq!(merged["summary"], whole["summary"]);
        assert_eq!(merged["elapsed_ms"], 1240.0);
        assert_eq!(merged["target"]["name"], "other, staging");
        let schema: Value = serde_json::from_str(json::SCHEMA).unwrap();
        assert!(jsonschema::is_valid(&schema, &merged));
        assert_eq!(merged["readiness"][2]["ready"], false, "one shard was not asked");
    }

    #[test]
    fn a_simulation_is_whole_by_itself() {
        let read = || Document::read("a.json", &json::render(&samples::simulate::run()).unwrap()).unwrap();
        let merged: Value = serde_json::from_str(&merge(&[read()]).unwrap()).unwrap();
        let whole: Value = serde_json::from_str(&json::render(&samples::simulate::run()).unwrap()).unwrap();
        assert_eq!(merged, whole);
        let refused = merge(&[read(), read()]).unwrap_err().to_string();
        assert!(refused.contains("a simulation has no shards"), "{refused}");
    }

    #[test]
    fn readiness_is_what_all_agree_on() {
        let readiness = |ready: bool, blockers: &[&str]| json!([{ "idp": "okta", "ready": ready, "blockers": blockers, "judged": 2 }]);
        let merged = |a: Value, b: Value, incomplete: bool| {
            let a = half("a", 0, |report| report["readiness"] = a);
            let b = half("b", 1, |report| {
                report["readiness"] = b;
                if incomplete {
                    report["incomplete"] = true.into();
                }
            });
            let merged: Value = serde_json::from_str(&merge(&[a, b]).unwrap()).unwrap();
            assert_eq!(merged["incomplete"] == true, incomplete);
            merged["readiness"][0].clone()
        };
        let row = merged(readiness(true, &[]), readiness(true, &[]), false);
        assert_eq!((&row["ready"], &row["judged"]), (&json!(true), &json!(4)));
        let row = merged(readiness(false, &["x"]), readiness(false, &["x", "y"]), false);
        assert_eq!((&row["ready"], &row["blockers"]), (&json!(false), &json!(["x", "y"])));
        assert_eq!(merged(readiness(true, &[]), readiness(true, &[]), true)["ready"], false);
    }

    #[test]
    fn what_is_not_one_run_is_refused() {
        let refused = |change: fn(&mut Value)| {
            merge(&[half("a.json", 0, |_| {}), half("b.json", 1, change)]).unwrap_err().to_string()
        };
        let refused = [
            refused(|report| report["kind"] = "run".into()),
            refused(|report| report["target"]["url"] = "https://other.example.test".into()),
            refused(|report| report["version"] = "9.9.9".into()),
            merge(&[document("a.json", |_| {}), half("b.json", 1, |_| {})]).unwrap_err().to_string(),
            merge(&[]).unwrap_err().to_string(),
        ];
        insta::assert_snapshot!(refused.join("\n"), @r#"
        `a.json` is a report of `check`, `b.json` one of `run`
        `a.json` and `b.json` are not of the same target: these are no shards of one run
        `a.json` and `b.json` are not of the same version: these are no shards of one run
        `sample.bulk-create` is in `a.json` and in `b.json`: these are no shards of one run
        there is nothing to merge
        "#);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let refused: Vec<String> = [
            "",
            "[]",
            "{}",
            r#"{"kind":"party"}"#,
            r#"{"kind":"check"}"#,
            r#"{"kind":"check","version":"1","target":{"url":"u"},"results":{}}"#,
            r#"{"kind":"check","version":"1","target":{"url":"u"},"results":[{"id":"a"}],"readiness":[]}"#,
            r#"{"kind":"check","version":"1","target":{"url":"u"},"results":[{"id":"a","status":"pass"},{"id":"a","status":"fail"}],"readiness":[]}"#,
        ]
        .map(|text| Document::read("x.json", text).unwrap_err().to_string())
        .into();
        insta::assert_snapshot!(refused.join("\n"), @r#"
        `x.json` is no JSON report: EOF while parsing a value at line 1 column 0
        `x.json` is no JSON report: it is not an object
        `x.json` is no JSON report: it has no `kind`
        `x.json` is no JSON report: its kind is "party"; known are run, check, simulate, rollout, selftest
        `x.json` is no JSON report: it has no `version` or no `target`
        `x.json` is no JSON report: `results` is no array
        `x.json` is no JSON report: result 1 has no `id` or no `status`
        `x.json` is no JSON report: `a` is there twice
        "#);
    }
}
