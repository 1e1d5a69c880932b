//! `schema`, `completions` and `man`: what the program says about itself.

use clap::Args;
use clap_complete::Shell;

use super::command;
use super::context::Context;
use super::exit::{Exit, Stop};

/// The file formats that have a JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Scenario files
    Scenario,
    /// Directories: people, groups and assignments
    Directory,
    /// The JSON report
    Report,
}

/// `schema NAME`
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// The file format
    #[arg(value_name = "NAME")]
    format: Format,
}

/// `completions SHELL`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints the JSON Schema of a file format.
pub fn schema(args: &SchemaArgs, context: &Context) -> Exit {
    let text = match args.format {
        Format::Scenario => crate::scenario::JSON_SCHEMA,
        Format::Directory => crate::idp::directory::JSON_SCHEMA,
        Format::Report => crate::report::json::SCHEMA,
    };
    print(text, context)
}

/// Prints the completion script of a shell.
pub fn completions(args: &CompletionsArgs, context: &Context) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "scimulator", &mut script);
    print(&String::from_utf8_lossy(&script), context)
}

/// Prints the manual page: of the program and, below it, of every command.
pub fn man(context: &Context) -> Exit {
    let mut page = Vec::new();
    match pages(&mut page) {
        Ok(()) => print(&String::from_utf8_lossy(&page), context),
        Err(error) => context.refuse(&Stop::usage(format!("the manual page cannot be made: {error}"))),
    }
}

/// One page that holds the program and a section for each command.
fn pages(page: &mut Vec<u8>) -> std::io::Result<()> {
    let mut command = command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(page)?;
    sections(&command, page)
}

/// A section for each command below this one, and for those below them.
fn sections(command: &clap::Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set()) {
        let section = clap_mangen::Man::new(sub.clone());
        section.render_name_section(page)?;
        section.render_synopsis_section(page)?;
        section.render_description_section(page)?;
        section.render_options_section(page)?;
        sections(sub, page)?;
    }
    Ok(())
}

fn print(text: &str, context: &Context) -> Exit {
    match context.print(text) {
        Ok(()) => Exit::Ok,
        Err(stop) => context.refuse(&stop),
    }
}
