//! A JSON report that is read again, for [`super::merge`] and [`super::diff`].

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::event::Status;

/// Kinds that a report may have.
const KINDS: [&str; 5] = ["run", "check", "simulate", "rollout", "selftest"];

/// Why a file is no report that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(String);

impl Broken {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// A report with the name of its file.
#[derive(Debug, Clone)]
pub struct Document {
    /// How the file is called in messages.
    pub name: String,
    report: Map<String, Value>,
}

/// One result of a report.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub status: Status,
    pub message: &'a str,
    pub known: bool,
}

impl Document {
    /// Reads a report from the text of a file.
    ///
    /// # Errors
    /// It is no JSON, or no report of this program.
    pub fn read(name: impl Into<String>, text: &str) -> Result<Self, Broken> {
        let name = name.into();
        let broken = |why: String| Broken(format!("`{name}` is no JSON report: {why}"));
        let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| broken(error.to_string()))?;
        let Value::Object(report) = value else {
            return Err(broken("it is not an object".to_owned()));
        };
        let document = Self { name: name.clone(), report };
        if !KINDS.contains(&document.kind()) {
            return Err(broken(match document.report.get("kind") {
                None => "it has no `kind`".to_owned(),
                Some(kind) => format!("its kind is {kind}; known are {}", KINDS.join(", ")),
            }));
        }
        if document.version().is_empty() || document.target("url").is_none() {
            return Err(broken("it has no `version` or no `target`".to_owned()));
        }
        for member in ["results", "readiness"] {
            if !document.report.get(member).is_some_and(Value::is_array) {
                return Err(broken(format!("`{member}` is no array")));
            }
        }
        let mut ids = BTreeMap::new();
        for (index, result) in document.results().iter().enumerate() {
            let Some(entry) = entry(result) else {
                return Err(broken(format!("result {} has no `id` or no `status`", index + 1)));
            };
            if ids.insert(entry.id, index).is_some() {
                return Err(broken(format!("`{}` is there twice", entry.id)));
            }
        }
        Ok(document)
    }

    /// The command that wrote it.
    pub fn kind(&self) -> &str {
        self.text("kind")
    }

    /// The version of the program that wrote it.
    pub fn version(&self) -> &str {
        self.text("version")
    }

    /// Whether the run ended before all items did.
    pub fn is_incomplete(&self) -> bool {
        self.report.get("incomplete") == Some(&Value::Bool(true))
    }

    pub(super) fn get(&self, member: &str) -> Option<&Value> {
        self.report.get(member)
    }

    /// The name or the URL of the target.
    pub(super) fn target(&self, member: &str) -> Option<&str> {
        self.report.get("target")?.get(member)?.as_str()
    }

    pub(super) fn options(&self) -> &[Value] {
        array(self.report.get("options"))
    }

    pub(super) fn results(&self) -> &[Value] {
        array(self.report.get("results"))
    }

    pub(super) fn readiness(&self) -> &[Value] {
        array(self.report.get("readiness"))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.results().iter().filter_map(entry)
    }

    fn text(&self, member: &str) -> &str {
        self.report.get(member).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Makes sure that two reports can be compared or joined at all.
pub(super) fn alike(first: &Document, second: &Document) -> Result<(), Broken> {
    let (a, b) = (&first.name, &second.name);
    if first.kind() != second.kind() {
        let (one, other) = (first.kind(), second.kind());
        return Err(Broken(format!("`{a}` is a report of `{one}`, `{b}` one of `{other}`")));
    }
    Ok(())
}

fn entry(result: &Value) -> Option<Entry<'_>> {
    let text = |member: &str| result.get(member).and_then(Value::as_str);
    let status = text("status")?;
    Some(Entry {
        id: text("id")?,
        title: text("title").unwrap_or_default(),
        status: Status::ALL.into_iter().find(|known| known.word() == status)?,
        message: text("message").unwrap_or_default(),
        known: result.get("known").is_some_and(Value::is_object),
    })
}

fn array(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
