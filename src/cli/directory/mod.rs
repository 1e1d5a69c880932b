//! `directory`: makes, imports and checks directories.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::context::{Context, stdout_failed};
use super::env;
use super::exit::{Exit, Stop};
use crate::diagnostic::SourceFile;

mod check;
mod generate;
mod import;

/// `directory`
#[derive(Debug, Args)]
pub struct DirectoryArgs {
    #[command(subcommand)]
    command: DirectoryCommand,
}

#[derive(Debug, Subcommand)]
enum DirectoryCommand {
    /// Make a large directory of invented people, always the same for the same seed
    Generate(generate::GenerateArgs),
    /// Make a directory from a table (CSV), or from the users and groups of a SCIM service
    Import(Box<import::ImportArgs>),
    /// Read a directory and say who is in scope, or what is wrong with it
    Check(check::CheckArgs),
}

/// Where a directory is written to.
#[derive(Debug, Args)]
struct DirectoryOutput {
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE", env = env::DIRECTORY_OUTPUT)]
    output: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: DirectoryArgs, context: &Context) -> Exit {
    let result = match args.command {
        DirectoryCommand::Generate(args) => generate::run(&args, context),
        DirectoryCommand::Import(args) => import::run(*args, context),
        DirectoryCommand::Check(args) => check::run(&args, context),
    };
    result.unwrap_or_else(|stop| context.refuse(&stop))
}

impl DirectoryOutput {
    /// Hands the output over to be written to.
    fn write(
        &self,
        context: &Context,
        body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Stop> {
        let Some(path) = self.output.as_deref().filter(|path| !path.as_os_str().is_empty()) else {
            let mut out = BufWriter::new(context.stdout());
            return match body(&mut out).and_then(|()| out.flush()) {
                // Nobody reads it any more, as behind `| head`.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(stdout_failed(&error)),
                _ => Ok(()),
            };
        };
        let failed =
            |error: io::Error| Stop::usage(format!("cannot write `{}`: {error}", context.shown(path)));
        let mut out = BufWriter::new(File::create(context.directory.join(path)).map_err(failed)?);
        body(&mut out).and_then(|()| out.flush()).map_err(failed)
    }
}

/// Reads a text file that is not longer than `limit` bytes.
pub(super) fn read(path: &Path, limit: usize, context: &Context) -> Result<Arc<SourceFile>, Stop> {
    let shown = context.shown(path);
    let failed = |error: io::Error| Stop::usage(format!("cannot read `{shown}`: {error}"));
    let mut file = File::open(context.directory.join(path)).map_err(failed)?;
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(&mut file, limit as u64 + 1), &mut bytes).map_err(failed)?;
    if bytes.len() > limit {
        return Err(Stop::usage(format!("`{shown}` is longer than {} MiB", limit >> 20)));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        Stop::usage(format!("`{shown}` is not UTF-8, from byte {} on", error.utf8_error().valid_up_to()))
            .hint("save it as UTF-8")
    })?;
    Ok(SourceFile::new(shown, text))
}
