//! `directory generate`.

use clap::Args;

use super::DirectoryOutput;
use crate::cli::context::Context;
use crate::cli::env;
use crate::cli::exit::{Exit, Stop};
use crate::idp::directory::generate::{
    DEFAULT_DOMAIN, MAX_GROUPS, MAX_PEOPLE, Plan, generate, is_safe_domain,
};

/// `directory generate`
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// How many people
    #[arg(long, value_name = "N", env = env::PEOPLE, default_value_t = 1_000,
        value_parser = clap::value_parser!(u64).range(0..=MAX_PEOPLE as u64))]
    people: u64,
    /// How many groups
    #[arg(long, value_name = "N", env = env::GROUPS, default_value_t = 40,
        value_parser = clap::value_parser!(u64).range(0..=MAX_GROUPS as u64))]
    groups: u64,
    /// Another number gives other people; the same number always gives the same
    #[arg(long, value_name = "N", env = env::SEED, default_value_t = 1)]
    seed: u64,
    /// Domain of addresses and user names: one of those that nobody can own, such as NAME.example.com or NAME.test
    #[arg(long, value_name = "DOMAIN", env = env::DOMAIN, default_value = DEFAULT_DOMAIN, value_parser = domain)]
    domain: String,
    #[command(flatten)]
    output: DirectoryOutput,
}

fn domain(text: &str) -> Result<String, String> {
    match is_safe_domain(text) {
        true => Ok(text.to_owned()),
        false => {
            Err("it must end in example.com, example.org, example.net, .example, .test or .invalid, in \
                      lower case, so that no mail reaches anybody"
                .to_owned())
        }
    }
}

/// Runs the command.
pub fn run(args: &GenerateArgs, context: &Context) -> Result<Exit, Stop> {
    let plan = Plan {
        people: args.people as usize,
        groups: args.groups as usize,
        seed: args.seed,
        domain: args.domain.clone(),
    };
    args.output.write(context, |out| generate(&plan, out).map(drop))?;
    Ok(Exit::Ok)
}
