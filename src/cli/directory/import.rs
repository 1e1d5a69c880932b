//! `directory import`.

use std::path::PathBuf;

use clap::Args;

use super::{DirectoryOutput, read};
use crate::cli::context::Context;
use crate::cli::env;
use crate::cli::exit::{Exit, Stop};
use crate::cli::output::on_threads;
use crate::cli::target_options::TargetArgs;
use crate::idp::directory::import::{csv, fetch};
use crate::idp::directory::{Directory, write};
use crate::target::Target;

/// `directory import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Table with a person a row; the first row names the columns: userName, givenName, familyName, displayName, email, phone,
    /// title, department, employeeNumber, manager (a userName), status, groups (names separated by `;`), or any path such
    /// as name.middleName
    #[arg(long, value_name = "FILE", env = env::CSV)]
    csv: Option<PathBuf>,
    /// Leave out columns of the table that are not known
    #[arg(long, env = env::IGNORE_UNKNOWN, value_parser = clap::builder::FalseyValueParser::new())]
    ignore_unknown: bool,
    #[command(flatten)]
    output: DirectoryOutput,
    #[command(flatten)]
    target: TargetArgs,
}

/// Runs the command.
pub fn run(args: ImportArgs, context: &Context) -> Result<Exit, Stop> {
    // A target in the environment is no wish to read it when a table is named.
    let Some(table) = args.csv.as_ref().filter(|path| !path.as_os_str().is_empty()) else {
        return on_threads(from_target(args, context));
    };
    let source = read(table, csv::MAX_BYTES, context)?;
    let directory = csv::read(&source, args.ignore_unknown).map_err(Stop::broken)?;
    finish(&directory, &source.path, &args.output, context)
}

async fn from_target(args: ImportArgs, context: &Context) -> Result<Exit, Stop> {
    let Some(chosen) = args.target.choose(context)? else {
        return Err(Stop::usage("there is nothing to import from")
            .hint("give `--csv FILE` for a table, or `--target URL` for a SCIM service"));
    };
    let target = Target::connect(chosen.config()?).map_err(|error| Stop::usage(error.to_string()))?;
    let (importer, mut notes) = fetch::read(&target).await?;
    let (directory, left_out) = importer.finish();
    notes.extend(left_out);
    notes.iter().for_each(|note| context.say(note));
    finish(&directory, target.base(), &args.output, context)
}

fn finish(
    directory: &Directory,
    from: &str,
    output: &DirectoryOutput,
    context: &Context,
) -> Result<Exit, Stop> {
    let comment = format!("From {from}, read by `scimulator directory import`.");
    output.write(context, |out| write::write(directory, &comment, out).map(drop))?;
    let people = match directory.people.len() {
        1 => "1 person".to_owned(),
        count => format!("{count} people"),
    };
    let groups = match directory.groups.len() {
        1 => "1 group".to_owned(),
        count => format!("{count} groups"),
    };
    context.say(&format!("{people} and {groups}"));
    Ok(Exit::Ok)
}
