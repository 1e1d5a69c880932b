//! `report merge` and `report diff`: work on the JSON reports of earlier runs.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::context::Context;
use super::env;
use super::exit::{Exit, Stop};
use crate::report::diff::{self, Form};
use crate::report::document::Document;
use crate::report::merge;

/// `report`
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    /// Join the JSON reports of the shards of one run
    Merge(MergeArgs),
    /// Say what regressed, was fixed or is new between two JSON reports
    ///
    /// Ends with 0 when nothing regressed, with 1 when something did, and with 2 when a file is no report.
    Diff(DiffArgs),
}

/// `report merge FILES`
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The reports, one a shard
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Where the joined report goes; `-` is standard output
    #[arg(short, long, value_name = "FILE", env = env::MERGE_OUTPUT, default_value = "-")]
    output: PathBuf,
}

/// `report diff OLD NEW`
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The report of the earlier run
    old: PathBuf,
    /// The report of the later run
    new: PathBuf,
    /// How the difference is written
    #[arg(long, value_name = "FORMAT", env = env::DIFF_FORMAT, default_value = "text")]
    format: DiffFormat,
}

/// How the difference is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DiffFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// For a comment on a pull request
    Markdown,
}

/// Runs the command.
pub fn run(args: &ReportArgs, context: &Context) -> Exit {
    let done = match &args.command {
        ReportCommand::Merge(args) => merge(args, context),
        ReportCommand::Diff(args) => diff(args, context),
    };
    done.unwrap_or_else(|stop| context.refuse(&stop))
}

fn merge(args: &MergeArgs, context: &Context) -> Result<Exit, Stop> {
    let documents: Vec<Document> =
        args.files.iter().map(|file| read(file, context)).collect::<Result<_, Stop>>()?;
    let text = merge::merge(&documents).map_err(Stop::usage)?;
    if args.output.as_os_str() == "-" {
        context.print(&text)?;
    } else {
        fs::write(context.directory.join(&args.output), text).map_err(|error| {
            Stop::usage(format!("`{}` cannot be written: {error}", args.output.display()))
        })?;
    }
    Ok(Exit::Ok)
}

fn diff(args: &DiffArgs, context: &Context) -> Result<Exit, Stop> {
    let (old, new) = (read(&args.old, context)?, read(&args.new, context)?);
    let diff = diff::diff(&old, &new).map_err(Stop::usage)?;
    context.print(&diff.render(match args.format {
        DiffFormat::Text => Form::Text,
        DiffFormat::Json => Form::Json,
        DiffFormat::Markdown => Form::Markdown,
    }))?;
    Ok(if diff.has_regressed() { Exit::Wanting } else { Exit::Ok })
}

fn read(path: &Path, context: &Context) -> Result<Document, Stop> {
    let text = fs::read_to_string(context.directory.join(path))
        .map_err(|error| Stop::usage(format!("`{}` cannot be read: {error}", path.display())))?;
    Document::read(path.display().to_string(), &text)
        .map_err(|error| Stop::usage(error).hint("write one with `--report json=FILE`"))
}
