//! `defects`: the deliberate bugs of the built-in provider.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::env;
use super::exit::{Exit, Stop};
use crate::provider::defects::{Defect, TOPICS};

/// Arguments of `defects`.
#[derive(Debug, Args)]
pub struct DefectsArgs {
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
    context.print(&match args.format {
        Format::Table => table(),
        Format::Json => format!("{:#}\n", Defect::all().map(to_json).collect::<Value>()),
    })?;
    Ok(Exit::Ok)
}

/// Topic by topic; those that are shown on another profile than the plain one say so.
fn table() -> String {
    let width = Defect::all().map(|defect| defect.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for topic in TOPICS {
        // Writing to memory does not fail.
        let _ = writeln!(text, "{}", topic.name);
        for defect in topic.defects {
            let profile = if defect.profile == "rfc" { "" } else { &format!(" ({})", defect.profile) };
            let _ = writeln!(text, "  {:<width$}  {}{profile}", defect.id, defect.title);
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{} defects; `serve --defect ID` shows one", Defect::all().count());
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
