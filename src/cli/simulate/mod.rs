//! `simulate`: plays an identity provider against a target until the target is what the directory says.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;

use super::context::Context;
use super::env;
use super::exit::{Exit, Stop};
use super::output::{self, LogArgs, Options, OutputArgs};
use super::signal::Signals;
use super::target_options::TargetArgs;
use super::values::{at_least_one, span};
use crate::event::{Event, Kind, Observer, Status};
use crate::idp::Dialect;
use crate::idp::dialect::Leave;
use crate::idp::directory::{self, Directory};
use crate::idp::engine::import::Imported;
use crate::report::Reporter;
use crate::simulation::drive::Job;

mod setup;

/// How often the directory is looked at while `--watch` waits for edits.
const GLANCE: Duration = Duration::from_millis(250);

/// `simulate`
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Which identity provider to play
    #[arg(long = "as", value_name = "DIALECT", env = env::AS, value_parser = super::run::dialect)]
    dialect: Dialect,
    /// People, groups and assignments (YAML): what the target shall become
    #[arg(long, value_name = "FILE", env = env::DIRECTORY)]
    directory: PathBuf,
    /// How many cycles [default: one, another one, and more while something failed, at most 10]
    #[arg(long, value_name = "N", env = env::CYCLES, value_parser = at_least_one, help_heading = "Cycles")]
    cycles: Option<NonZeroUsize>,
    /// Stay, and run a cycle whenever the directory file is saved, until Ctrl-C
    #[arg(long, env = env::WATCH, value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Cycles")]
    watch: bool,
    /// Provision one person at once, by the key in the directory, and nobody else
    #[arg(long, value_name = "KEY", env = env::ON_DEMAND, conflicts_with_all = ["cycles", "watch"], help_heading = "Cycles")]
    on_demand: Option<String>,
    /// Let simulated time pass before the first cycle, such as `31d` or `12h`
    #[arg(long, value_name = "TIME", env = env::ADVANCE, value_parser = span, help_heading = "Cycles")]
    advance: Option<Duration>,
    /// File that keeps what the identity provider keeps, so that the next run is an incremental cycle
    #[arg(long, value_name = "FILE", env = env::STATE, help_heading = "Cycles")]
    state: Option<PathBuf>,
    /// Forget what the state file holds and begin with an initial cycle
    #[arg(long, env = env::RESTART, value_parser = clap::builder::FalseyValueParser::new(), requires = "state", help_heading = "Cycles")]
    restart: bool,
    /// Show the requests of a cycle: reads go to the target, writes are imagined [without `--target`: to an empty one].
    /// With `--verbose`, headers and bodies as well. A state file is read and left as it is
    #[arg(long, env = env::DRY_RUN, value_parser = clap::builder::FalseyValueParser::new(), conflicts_with = "watch", help_heading = "Cycles")]
    dry_run: bool,
    /// What the built-in provider holds at the beginning: a directory file, such as `directory import` makes of a target
    #[arg(long, value_name = "FILE", env = env::RECORDED, help_heading = "Cycles")]
    recorded: Option<PathBuf>,
    /// Target attributes that identify a person, separated by commas [default: those of the product, mostly userName]
    #[arg(long, value_name = "ATTRIBUTE", env = env::MATCH_BY, value_delimiter = ',', help_heading = "Habits")]
    match_by: Vec<String>,
    /// What is done when somebody is unassigned, where the product lets an administrator choose
    #[arg(long, value_name = "WHAT", env = env::DEPROVISION, help_heading = "Habits")]
    deprovision: Option<Deprovision>,
    /// Create people who are disabled in the directory, inactive, where the product lets an administrator choose
    #[arg(long, env = env::CREATE_DISABLED, value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Habits")]
    create_disabled: bool,
    /// Read what the target has first, and link accounts to people of the same userName, where the product imports
    #[arg(long, env = env::IMPORT, value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Habits")]
    import: bool,
    /// Provision people only
    #[arg(long, env = env::NO_GROUPS, value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Habits")]
    no_groups: bool,
    /// How many people are worked on at the same time [default: 4]
    #[arg(long, value_name = "N", env = env::JOBS, value_parser = at_least_one, help_heading = "Habits")]
    jobs: Option<NonZeroUsize>,
    /// Delete what was created when all is done
    #[arg(long, env = env::CLEAN_UP, value_parser = clap::builder::FalseyValueParser::new(), conflicts_with = "state")]
    clean_up: bool,
    /// Profile of the built-in provider [default: interop]
    #[arg(long, value_name = "PROFILE", env = env::PROFILE, help_heading = "Built-in provider")]
    profile: Option<String>,
    /// A deliberate bug of the built-in provider, repeatable; `scimulator defects` lists them
    #[arg(long, value_name = "ID", env = env::DEFECT, value_delimiter = ',', help_heading = "Built-in provider")]
    defect: Vec<String>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    log: LogArgs,
}

/// What is done when somebody leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Deprovision {
    /// The account is set inactive
    Deactivate,
    /// The account is deleted
    Delete,
    /// Nothing
    Keep,
}

impl From<Deprovision> for Leave {
    fn from(choice: Deprovision) -> Self {
        match choice {
            Deprovision::Deactivate => Leave::Deactivate,
            Deprovision::Delete => Leave::Delete,
            Deprovision::Keep => Leave::Keep,
        }
    }
}

/// Runs the command.
pub fn run(args: SimulateArgs, context: &Context) -> Exit {
    output::on_threads(perform(args, context)).unwrap_or_else(|stop| context.refuse(&stop))
}

impl SimulateArgs {
    /// What decides what is done, for the reports.
    fn options(&self) -> Vec<String> {
        let mut options = Options::default();
        options.list("--as", &[self.dialect.word()]);
        options.path("--directory", Some(&self.directory));
        options.list("--cycles", self.cycles.as_slice());
        options.flag("--watch", self.watch);
        options.list("--on-demand", self.on_demand.as_slice());
        options.list("--advance", self.advance.map(crate::idp::span::word).as_slice());
        options.path("--state", self.state.as_deref());
        options.flag("--restart", self.restart);
        options.flag("--dry-run", self.dry_run);
        options.path("--recorded", self.recorded.as_deref());
        options.list("--match-by", &self.match_by);
        let deprovision = self.deprovision.as_ref().and_then(clap::ValueEnum::to_possible_value);
        options.list("--deprovision", deprovision.as_ref().map(|value| value.get_name()).as_slice());
        options.flag("--create-disabled", self.create_disabled);
        options.flag("--import", self.import);
        options.flag("--no-groups", self.no_groups);
        options.list("--profile", self.profile.as_slice());
        options.list("--defect", &self.defect);
        options.into()
    }

    /// How an interrupted run is gone on with.
    fn way_on(&self) -> &'static str {
        match self.state {
            Some(_) => "the state is kept: run it again with the same `--state` to go on",
            None => {
                "run it again to go on: what was done is found by lookups, or by `--state FILE` next time"
            }
        }
    }
}

async fn perform(args: SimulateArgs, context: &Context) -> Result<Exit, Stop> {
    let settings = args.settings()?;
    let (people, seen) = setup::read(&args.directory, context)?;
    if let Some(key) = &args.on_demand {
        setup::find(key, &people)?;
    }
    let options = args.options();
    let chosen = args.target.clone().choose(context)?;
    let mut reporter = args.log.reporter(&args.output, args.dry_run, context)?;
    let mut signals = Signals::catch()?;
    let site = tokio::select! {
        site = setup::site(&args, chosen.as_ref(), context) => site?,
        () = signals.next() => return Ok(Exit::Interrupted),
    };
    let mut job = setup::job(&args, settings, &people, &site, context)?;
    if job.has_nothing_to_do(&people) && !args.watch {
        let hint = format!("`scimulator directory check {}` says who is in scope", args.directory.display());
        return Err(Stop::nothing_selected("nobody in the directory is assigned and in scope").hint(hint));
    }
    if let Some(time) = args.advance {
        job.engine_mut().advance(time);
    }
    let tested = tokio::select! {
        tested = job.test_connection() => tested?,
        () = signals.next() => return Ok(Exit::Interrupted),
    };
    let clock = Instant::now();
    reporter.observe(&Event::Started {
        kind: Kind::Simulate,
        target: site.info.clone(),
        planned: people.people.len() + people.groups.len() + 1,
        started: Timestamp::now(),
        options,
    });
    let (tested, exchanges) = tested;
    let is_accepted = tested.status == Status::Pass;
    if args.on_demand.is_some() && args.dialect == Dialect::EntraAadOptScim {
        let notice = "provisioning on demand takes no notice of aadOptscim062020: these are the requests of `--as entra`";
        reporter.observe(&Event::Notice(notice.to_owned()));
    }
    if args.dry_run && site.is_shared() {
        let notice = "dry run: reads go to the target, what would be written does not";
        reporter.observe(&Event::Notice(notice.to_owned()));
    }
    for exchange in exchanges {
        let item = std::sync::Arc::clone(&tested.item);
        reporter.observe(&Event::Exchanged { item, step: "connection test".to_owned(), exchange });
    }
    reporter.observe(&Event::Finished(Box::new(tested)));
    let mut interrupted = false;
    if is_accepted {
        let work = work(&args, people, seen, &mut job, &mut reporter, context);
        interrupted = tokio::select! {
            result = work => result.map(|()| false)?,
            () = signals.next() => true,
        };
        job.keep()?;
        if interrupted && !args.watch && !args.clean_up {
            reporter.observe(&Event::Notice(args.way_on().to_owned()));
        }
    }
    let left = tokio::select! {
        notices = site.leave() => Some(notices),
        () = signals.next() => None,
    };
    let interrupted = interrupted || left.is_none();
    for notice in left.unwrap_or_else(output::cut_short) {
        reporter.observe(&Event::Notice(notice));
    }
    reporter.observe(&Event::Ended { elapsed: clock.elapsed(), interrupted });
    Ok(output::end(&reporter.finish(&mut context.stdout()), &[], context))
}

/// All cycles, and the comparison at the end.
async fn work(
    args: &SimulateArgs,
    mut people: Directory,
    mut seen: u64,
    job: &mut Job,
    reporter: &mut Reporter,
    context: &Context,
) -> Result<(), Stop> {
    if args.import {
        let imported = job.import(&people).await?;
        let Imported { users, groups, linked, strangers } = imported;
        reporter.observe(&Event::Notice(format!(
            "imported {users} users and {groups} groups: {linked} linked to people of the directory, {} belong to nobody in it",
            strangers.len()
        )));
    }
    match &args.on_demand {
        Some(key) => drop(job.cycle(&people, Some(key), reporter).await?),
        None => {
            let wanted = args.cycles.map(|cycles| u32::try_from(cycles.get()).unwrap_or(u32::MAX));
            job.cycles(&people, wanted.or(args.dry_run.then_some(1)), reporter).await?;
        }
    }
    if !args.dry_run && args.on_demand.is_none() {
        job.judge(&people, reporter).await;
    }
    if args.watch {
        context.say(&format!("watching {}: stop with Ctrl-C", context.shown(&args.directory)));
        let mut looked_at = None;
        loop {
            tokio::time::sleep(GLANCE).await;
            let stamp = setup::stamp(&args.directory, context);
            if stamp.is_none() || stamp == looked_at {
                continue;
            }
            looked_at = stamp;
            // A file that is being written is looked at again.
            let Ok(source) = setup::text(&args.directory, context) else { continue };
            let now = setup::fingerprint(&source.text);
            if now == seen || source.text.is_empty() {
                continue;
            }
            match directory::parse(&source) {
                Ok(read) => {
                    people = read;
                    let interval = job.engine().interval();
                    job.engine_mut().advance(interval);
                    job.cycle(&people, None, reporter).await?;
                    job.judge(&people, reporter).await;
                }
                Err(mistakes) => {
                    context.refuse(&Stop::broken(mistakes));
                }
            }
            seen = now;
        }
    }
    Ok(())
}
