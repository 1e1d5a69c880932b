//! `selftest`: proves that `check` finds every deliberate defect and accuses nobody falsely.

use std::num::NonZeroUsize;
use std::time::Instant;

use clap::Args;

use super::context::Context;
use super::env;
use super::exit::{Exit, Stop};
use super::output::{self, OutputArgs};
use super::signal::Signals;
use crate::conformance::runner::Ran;
use crate::conformance::selftest::{self, Plan};
use crate::event::{BUILT_IN_URL, Event, Kind, Observer, TargetInfo};

/// `selftest`
#[derive(Debug, Args)]
pub struct SelftestArgs {
    /// Only these defects or topics, separated by commas; `plain` and `choices` are the providers that must not be accused
    #[arg(long, value_name = "ID|TOPIC", env = env::ONLY, value_delimiter = ',')]
    only: Vec<String>,
    /// Run every check against every defect, to see all that find it
    #[arg(long, env = env::FULL, value_parser = clap::builder::FalseyValueParser::new())]
    full: bool,
    /// How many providers run at the same time [default: as many as there are processor cores]
    #[arg(long, value_name = "N", env = env::JOBS, value_parser = super::values::at_least_one)]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the command.
pub fn run(args: SelftestArgs, context: &Context) -> Exit {
    output::on_threads(perform(args, context)).unwrap_or_else(|stop| context.refuse(&stop))
}

async fn perform(args: SelftestArgs, context: &Context) -> Result<Exit, Stop> {
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let plan =
        Plan { only: args.only, full: args.full, jobs: args.jobs.map_or_else(cores, NonZeroUsize::get) };
    if let Some((word, near)) = plan.unknown() {
        let stop = Stop::nothing_selected(format!("there is no defect and no topic `{word}`"));
        return Err(match near {
            Some(near) => stop.hint(format!("did you mean `{near}`?")),
            None => stop.hint("`scimulator defects` lists the defects"),
        });
    }
    let mut options = output::Options::default();
    options.list("--only", &plan.only);
    options.flag("--full", plan.full);
    let files = args.output.open(context)?;
    let mut signals = Signals::catch()?;
    let mut reporter = args.output.reporter(context, files, Vec::new());
    let target = TargetInfo { url: BUILT_IN_URL.to_owned(), name: "built-in".to_owned() };
    reporter.observe(&Event::Started {
        kind: Kind::Selftest,
        target,
        planned: plan.len(),
        started: jiff::Timestamp::now(),
        options: options.into(),
    });
    let clock = Instant::now();
    let ran = selftest::run(&plan, std::pin::pin!(signals.next()), &mut reporter).await;
    reporter.observe(&Event::Ended { elapsed: clock.elapsed(), interrupted: ran == Ran::Interrupted });
    Ok(output::end(&reporter.finish(&mut context.stdout()), &[], context))
}
