//! `directory check`.

use std::path::PathBuf;

use clap::Args;

use super::read;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Stop};
use crate::idp::directory::parse;
use crate::idp::directory::scope::summary;
use crate::yaml::Limits;

/// `directory check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The directory
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs the command.
pub fn run(args: &CheckArgs, context: &Context) -> Result<Exit, Stop> {
    let source = read(&args.file, Limits::DIRECTORY.bytes, context)?;
    let directory = parse(&source).map_err(Stop::broken)?;
    context.print(&summary(&directory))?;
    Ok(Exit::Ok)
}
