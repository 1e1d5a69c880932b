//! `defects`: the deliberate bugs of the built-in provider.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::env;
use super::exit::{Exit, Stop};
use crate::diagnostic::nearest;
use crate::provider::defects::{Defect, TOPICS};

/// Arguments of `defects`.
#[derive(Debug, Args)]
pub struct DefectsArgs {
    /// Only these defects or topics, separated by commas
    #[arg(long, value_name = "ID|TOPIC", env = env::ONLY, value_delimiter = ',')]
    only: Vec<String>,
    /// How to list them
    #[arg(long, value_name = "FORMAT", default_value = "table", env = env::FORMAT)]
    format: Format,
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people: id and what it does, by topic
    Table,
    /// For programs: an array with everything that is known of each
    Json,
}

/// Lists the defects.
///
/// # Errors
/// Standard output takes no more.
pub fn run(args: &DefectsArgs, context: &Context) -> Result<Exit, Stop> {
    let names = |word: &str, defect: &Defect| word == defect.id || word == defect.topic();
    if let Some(word) = args.only.iter().find(|word| !Defect::all().any(|defect| names(word, defect))) {
        let known = Defect::all().map(|defect| defect.id).chain(TOPICS.iter().map(|topic| topic.name));
        let stop = Stop::nothing_selected(format!("there is no defect and no topic `{word}`"));
        return Err(match nearest(word, known) {
            Some(near) => stop.hint(format!("did you mean `{near}`?")),
            None => stop.hint("`scimulator defects` lists them all"),
        });
    }
    let is_wanted =
        |defect: &&Defect| args.only.is_empty() || args.only.iter().any(|word| names(word, defect));
    let defects: Vec<&Defect> = Defect::all().filter(is_wanted).collect();
    context.print(&match args.format {
        Format::Table => table(&defects),
        Format::Json => format!("{:#}\n", defects.into_iter().map(to_json).collect::<Value>()),
    })?;
    Ok(Exit::Ok)
}

/// Topic by topic; those that are shown on another profile than the plain one say so.
fn table(defects: &[&Defect]) -> String {
    let width = defects.iter().map(|defect| defect.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for topic in defects.chunk_by(|a, b| a.topic() == b.topic()) {
        // Writing to memory does not fail.
        let _ = writeln!(text, "{}", topic[0].topic());
        for defect in topic {
            let profile = if defect.profile == "rfc" { "" } else { &format!(" ({})", defect.profile) };
            let _ = writeln!(text, "  {:<width$}  {}{profile}", defect.id, defect.title);
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{} defects; `serve --defect ID` shows one", defects.len());
    text
}

fn to_json(defect: &Defect) -> Value {
    json!({
        "id": defect.id,
        "title": defect.title,
        "about": defect.about,
        "profile": defect.profile,
        "seen": defect.seen,
        "breaks": defect.breaks,
    })
}
