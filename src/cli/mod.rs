//! The command line: one file a command, with its arguments, its wiring and its exit code. Nothing here knows SCIM.
//!
//! [`main`] parses, reads the world into a [`Context`], calls one command and returns its [`Exit`]. Only this floor prints.

use std::ffi::OsString;

use clap::builder::styling::{AnsiColor, Effects, Styles};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub mod check;
pub mod checks;
pub mod cleanup;
pub mod config;
pub mod context;
pub mod defects;
pub mod directory;
pub mod documents;
pub mod env;
pub mod exit;
pub mod output;
pub mod report;
pub mod review;
pub mod run;
pub mod selftest;
pub mod serve;
pub mod signal;
pub mod simulate;
pub mod target_options;
pub mod values;

use context::{Colour, Context};
pub use exit::Exit;

/// Will provisioning work between this identity provider and this application?
///
/// Scimulator plays either side of SCIM 2.0 and judges the other: it replays the traffic of identity providers against a
/// SCIM service and compares what comes back with golden snapshots.
#[derive(Debug, Parser)]
#[command(
    name = "scimulator",
    version,
    styles = STYLES,
    max_term_width = 100,
    after_help = "Exit codes: 0 all is well, 1 found wanting, 2 wrong usage or a broken file, 3 could not judge, \
                  4 nothing was selected, 130 interrupted.",
)]
struct Cli {
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", env = env::COLOR, default_value = "auto", help_heading = "Output")]
    color: Colour,
    #[command(subcommand)]
    command: Command,
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::Cyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default());

#[derive(Debug, Subcommand)]
enum Command {
    /// Replay scenarios and compare what comes back with the snapshots
    Run(Box<run::RunArgs>),
    /// Walk through new and changed transcripts: accept, reject or skip each
    Review(review::ReviewArgs),
    /// Check the RFC conformance of a target, and whether identity providers can work with it
    Check(Box<check::CheckArgs>),
    /// Play an identity provider until a target is what a directory says
    Simulate(Box<simulate::SimulateArgs>),
    /// List the checks, or what they cover of the RFCs
    Checks(checks::ChecksArgs),
    /// Explain a check, a requirement, a habit of an identity provider or a defect
    Explain(checks::ExplainArgs),
    /// Delete what an interrupted run left on a target
    Cleanup(Box<cleanup::CleanupArgs>),
    /// Prove that `check` finds every deliberate defect of the built-in provider
    Selftest(Box<selftest::SelftestArgs>),
    /// Run the built-in SCIM provider until it is told to stop
    Serve(Box<serve::ServeArgs>),
    /// Join JSON reports, or say what changed between two
    Report(report::ReportArgs),
    /// List the deliberate bugs of the built-in provider
    Defects(defects::DefectsArgs),
    /// Make, import and check directories: the people and groups of an identity provider
    Directory(Box<directory::DirectoryArgs>),
    /// Print the JSON Schema of a file format
    Schema(documents::SchemaArgs),
    /// Print the completion script of a shell
    Completions(documents::CompletionsArgs),
    /// Print the manual page
    Man,
}

/// The command line as data. No option shows what the environment sets it to, because some are secrets.
fn command() -> clap::Command {
    hide_values(Cli::command())
}

fn hide_values(command: clap::Command) -> clap::Command {
    command.mut_args(|arg| arg.hide_env_values(true)).mut_subcommands(hide_values)
}

/// Runs the program with the arguments of the process.
pub fn main() -> Exit {
    start(std::env::args_os())
}

fn start(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let mut command = command();
    let parsed = command
        .try_get_matches_from_mut(arguments)
        .and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches))
        .map_err(|error| error.format(&mut command));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // A reader that goes away is no mistake; help and version come this way too.
            let _ = error.print();
            if let Some(url) = bare_url(&error) {
                anstream::eprintln!("  hint: a target is named by an option: `--target {url}`");
            }
            return if error.use_stderr() { Exit::Usage } else { Exit::Ok };
        }
    };
    match Context::read(cli.color) {
        Err(stop) => {
            anstream::eprintln!("error: {}", stop.message);
            stop.exit
        }
        Ok(context) => match cli.command {
            Command::Run(args) => run::run(*args, &context),
            Command::Review(args) => review::run(&args, &context),
            Command::Check(args) => check::run(*args, &context),
            Command::Simulate(args) => simulate::run(*args, &context),
            Command::Checks(args) => checks::list(&args, &context),
            Command::Explain(args) => checks::explain(&args, &context),
            Command::Cleanup(args) => cleanup::run(*args, &context),
            Command::Selftest(args) => selftest::run(*args, &context),
            Command::Serve(args) => serve::run(*args, &context).unwrap_or_else(|stop| context.refuse(&stop)),
            Command::Report(args) => report::run(&args, &context),
            Command::Defects(args) => {
                defects::run(&args, &context).unwrap_or_else(|stop| context.refuse(&stop))
            }
            Command::Directory(args) => directory::run(*args, &context),
            Command::Schema(args) => documents::schema(&args, &context),
            Command::Completions(args) => documents::completions(&args, &context),
            Command::Man => documents::man(&context),
        },
    }
}

/// The URL that was given where no argument is expected.
fn bare_url(error: &clap::Error) -> Option<&str> {
    match error.get(ContextKind::InvalidArg)? {
        ContextValue::String(text) if error.kind() == ErrorKind::UnknownArgument && text.contains("://") => {
            Some(text)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_command(command: &clap::Command, visit: &mut dyn FnMut(&clap::Command)) {
        visit(command);
        command.get_subcommands().for_each(|sub| every_command(sub, visit));
    }

    #[test]
    fn the_definition_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_option_has_an_environment_variable_and_shows_no_value_of_it() {
        every_command(&command(), &mut |command| {
            for option in command.get_opts() {
                let name = format!("{} --{}", command.get_name(), option.get_id());
                let variable = option.get_env().unwrap_or_else(|| panic!("{name} has no variable"));
                let variable = variable.to_str().unwrap();
                assert!(variable.starts_with("SCIMULATOR_") || variable == env::TOKEN, "{name}: {variable}");
                assert!(option.is_hide_env_values_set(), "{name}");
            }
        });
    }
}
