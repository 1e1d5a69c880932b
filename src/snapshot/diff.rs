//! Which member of which message changed.
//!
//! Both transcripts are read back into messages and compared as data; the text comes second.

use std::hash::Hash;

use similar::{Algorithm, DiffTag, TextDiff, capture_diff_slices};

use super::message::{self, Body, Message, Step};

mod value;

/// Most lines that are listed.
const MOST_CHANGES: usize = 50;

/// What changed from one transcript to another, one line each, at most 50.
pub fn changes(old: &str, new: &str) -> Vec<String> {
    let (old, new) = match (message::read(old), message::read(new)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(problem), _) => return vec![format!("the snapshot cannot be read as a transcript: {problem}")],
        (_, Err(problem)) => return vec![format!("the transcript cannot be read back: {problem}")],
    };
    let mut changes = Changes(Vec::new());
    steps(&old, &new, &mut changes);
    if changes.0.is_empty() {
        changes.0.push("only the layout of the text differs".to_owned());
    }
    let more = changes.0.len().saturating_sub(MOST_CHANGES);
    changes.0.truncate(MOST_CHANGES);
    if more > 0 {
        changes.0.push(format!("and {more} more"));
    }
    changes.0
}

/// The unified diff of two texts, with three lines around each change.
pub fn unified(old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .header("snapshot", "transcript")
        .to_string()
}

/// The lines found so far.
struct Changes(Vec<String>);

impl Changes {
    fn add(&mut self, place: &str, what: impl std::fmt::Display) {
        self.0.push(format!("{place}: {what}"));
    }
}

fn steps(old: &[Step], new: &[Step], changes: &mut Changes) {
    let names = |steps: &[Step]| steps.iter().map(|step| step.name.clone()).collect::<Vec<_>>();
    let title = |steps: &[Step], index: usize| format!("step {} `{}`", index + 1, steps[index].name);
    for pair in aligned(&names(old), &names(new)) {
        match pair {
            Pair::Both(a, b) => {
                let place = title(new, b);
                if old[a].name != new[b].name {
                    changes.add(&place, format!("was called `{}`", old[a].name));
                }
                exchanges(&old[a], &new[b], &place, changes);
            }
            Pair::Old(a) => changes.add(&title(old, a), "removed"),
            Pair::New(b) => changes.add(&title(new, b), "added"),
        }
    }
}

fn exchanges(old: &Step, new: &Step, step: &str, changes: &mut Changes) {
    let several = old.exchanges.len().max(new.exchanges.len()) > 1;
    for index in 0..old.exchanges.len().max(new.exchanges.len()) {
        let place = match several {
            true => format!("{step} exchange {}", index + 1),
            false => step.to_owned(),
        };
        match (old.exchanges.get(index), new.exchanges.get(index)) {
            (Some(old), Some(new)) => {
                if old.attempt != new.attempt {
                    changes.add(&place, format!("attempt {} → {}", old.attempt, new.attempt));
                }
                compare(&old.request, &new.request, &format!("{place}, request"), "line", changes);
                compare(&old.response, &new.response, &format!("{place}, response"), "status", changes);
            }
            (Some(old), None) => changes.add(&place, format!("removed, was {}", summary(old))),
            (None, Some(new)) => changes.add(&place, format!("added, {}", summary(new))),
            (None, None) => {}
        }
    }
}

fn summary(shown: &message::Shown) -> String {
    format!("`{}` with `{}`", shown.request.start, shown.response.start)
}

fn compare(old: &Message, new: &Message, place: &str, start: &str, changes: &mut Changes) {
    if old.start != new.start {
        changes.add(&format!("{place} {start}"), format!("{} → {}", old.start, new.start));
    }
    headers(old, new, place, changes);
    let place = format!("{place} body");
    match (&old.body, &new.body) {
        (Body::Json(old), Body::Json(new)) => value::compare(old, new, &place, "", changes),
        (old, new) if old == new => {}
        (Body::None, new) => changes.add(&place, format!("added, {}", kind(new))),
        (old, Body::None) => changes.add(&place, format!("removed, was {}", kind(old))),
        (Body::Text(old), Body::Text(new)) => {
            changes.add(&place, format!("{} → {}", value::short_text(old), value::short_text(new)));
        }
        (old, new) => changes.add(&place, format!("{} → {}", kind(old), kind(new))),
    }
}

fn kind(body: &Body) -> String {
    match body {
        Body::None => "nothing".to_owned(),
        Body::Json(value) => value::short(value),
        Body::Text(text) => value::short_text(text),
        Body::Bytes(text) => text.clone(),
    }
}

fn headers(old: &Message, new: &Message, place: &str, changes: &mut Changes) {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in old.headers.iter().chain(&new.headers) {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name);
        }
    }
    for name in names {
        let values = |message: &Message| {
            let same = message.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
            same.map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        let (old, new) = (values(old), values(new));
        let place = format!("{place} header {name}");
        match (old.is_empty(), new.is_empty()) {
            _ if old == new => {}
            (true, _) => changes.add(&place, format!("added, {}", new.join(", "))),
            (_, true) => changes.add(&place, format!("removed, was {}", old.join(", "))),
            _ => changes.add(&place, format!("{} → {}", old.join(", "), new.join(", "))),
        }
    }
}

/// Two elements that belong together, or one that has no counterpart, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pair {
    Both(usize, usize),
    Old(usize),
    New(usize),
}

/// Brings two lists side by side: equal elements stay together, and what was replaced in between pairs off in order.
fn aligned<T: Hash + Eq + Ord>(old: &[T], new: &[T]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        let (old, new) = (op.old_range(), op.new_range());
        let together = match op.tag() {
            DiffTag::Equal | DiffTag::Replace => old.len().min(new.len()),
            DiffTag::Delete | DiffTag::Insert => 0,
        };
        pairs.extend(old.clone().zip(new.clone()).take(together).map(|(a, b)| Pair::Both(a, b)));
        pairs.extend(old.skip(together).map(Pair::Old));
        pairs.extend(new.skip(together).map(Pair::New));
    }
    pairs
}

#[cfg(test)]
mod tests;
