//! `directory check`.

use std::path::PathBuf;

use clap::Args;

use super::read;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Stop};
use crate::idp::directory::doubles::doubles;
use crate::idp::directory::parse;
use crate::idp::directory::scope::summary;
use crate::yaml::Limits;

/// Shared values that are told.
const SHOWN: usize = 20;

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
    let doubles = doubles(&directory);
    if !doubles.is_empty() {
        let shown = doubles.iter().take(SHOWN);
        let mut text: String = shown.map(|double| format!("\n{double}")).collect();
        if doubles.len() > SHOWN {
            text.push_str(&format!("\n… and {} more such values", doubles.len() - SHOWN));
        }
        context.print(&format!("{text}\nAccounts and groups are found by such values: two that share one may end up as the same.\n"))?;
    }
    Ok(Exit::Ok)
}
