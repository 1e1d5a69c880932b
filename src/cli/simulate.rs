//! `simulate`: plays an identity provider against a target until the target is what the directory says.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;

use super::context::Context;
use super::env;
use super::exit::{Exit, Stop};
use super::output::{self, LogArgs, Options, OutputArgs};
use super::signal::Signals;
use super::target_options::{Chosen, TargetArgs};
use super::values::{at_the_same_time, span};
use crate::diagnostic::SourceFile;
use crate::event::{Event, Kind, Observer, Status};
use crate::idp::Dialect;
use crate::idp::dialect::Leave;
use crate::idp::directory::{self, Directory};
use crate::idp::engine::import::Imported;
use crate::idp::engine::state::State;
use crate::idp::engine::{Engine, Settings};
use crate::idp::mapping::Place;
use crate::report::Reporter;
use crate::report::terminal::Detail;
use crate::simulation::drive::Job;
use crate::simulation::ledger::Ledger;
use crate::simulation::line::Line;
use crate::simulation::site::Site;

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
    #[arg(long, value_name = "N", env = env::CYCLES, help_heading = "Cycles")]
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
    /// Show the requests of a cycle: reads go to the target, writes are imagined [without `--target`: to an empty one]
    #[arg(long, env = env::DRY_RUN, value_parser = clap::builder::FalseyValueParser::new(), conflicts_with_all = ["watch", "state"], help_heading = "Cycles")]
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
    #[arg(long, value_name = "N", env = env::JOBS, value_parser = at_the_same_time, help_heading = "Habits")]
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

/// As many people at the same time, unless the user says otherwise. No product publishes its own number.
const JOBS: usize = 4;

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
        options.list("--on-demand", self.on_demand.as_slice());
        options.list("--match-by", &self.match_by);
        options.flag("--create-disabled", self.create_disabled);
        options.flag("--no-groups", self.no_groups);
        options.flag("--dry-run", self.dry_run);
        options.list("--defect", &self.defect);
        options.into()
    }

    fn settings(&self, detail: Detail) -> Result<Settings, Stop> {
        let places = self.match_by.iter().map(|text| {
            Place::parse(text).map_err(|error| Stop::usage(format!("`--match-by {text}`: {error}")))
        });
        let leave = self.deprovision.map(Leave::from);
        let habits = self.dialect.speech().habits();
        let (product, leaving) = (habits.product, habits.leaving);
        let no_choice = |option: &str| {
            Stop::usage(format!("{product} does not let an administrator choose this"))
                .hint(format!("leave out `{option}`"))
        };
        if let Some(choice) = leave
            && choice != leaving.unassigned
            && !leaving.options.contains(&choice)
        {
            return Err(no_choice("--deprovision"));
        }
        if self.create_disabled && !habits.may_create_disabled {
            return Err(no_choice("--create-disabled"));
        }
        if self.create_disabled && leave.is_some_and(|leave| leave != Leave::Deactivate) {
            let what =
                "`--create-disabled` is for a product that sets accounts inactive when somebody leaves";
            return Err(Stop::usage(what).hint("leave out `--deprovision` or `--create-disabled`"));
        }
        // What is shown request by request is done one after the other.
        let at_once = if self.dry_run || detail == Detail::Verbose { 1 } else { JOBS };
        Ok(Settings {
            matching: places.collect::<Result<_, _>>()?,
            leave,
            create_disabled: self.create_disabled,
            groups: !self.no_groups,
            at_once: self.jobs.map_or(at_once, NonZeroUsize::get),
            seed: uuid::Uuid::new_v4().as_u64_pair().0,
        })
    }
}

async fn perform(args: SimulateArgs, context: &Context) -> Result<Exit, Stop> {
    let detail = if args.dry_run { Detail::Verbose } else { args.output.detail() };
    let settings = args.settings(detail)?;
    let (people, seen) = read(&args.directory, context)?;
    if let Some(key) = &args.on_demand
        && !people.people.iter().any(|person| person.key == *key)
    {
        let stop = Stop::usage(format!("there is nobody with the key `{key}` in the directory"));
        let near = crate::diagnostic::nearest(key, people.people.iter().map(|person| person.key.as_str()));
        return Err(match near {
            Some(near) => stop.hint(format!("did you mean `{near}`?")),
            None => stop,
        });
    }
    let options = args.options();
    let chosen = args.target.clone().choose(context)?;
    let mut reporter = args.log.reporter(&args.output, args.dry_run.then_some(Detail::Verbose), context)?;
    let mut signals = Signals::catch()?;
    let site = tokio::select! {
        site = site(&args, chosen.as_ref(), context) => site?,
        () = signals.next() => return Ok(Exit::Interrupted),
    };
    let mut job = job(&args, settings, &people, &site, detail, context)?;
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
    mut seen: String,
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
    if args.watch {
        context.say(&format!("watching {}: stop with Ctrl-C", context.shown(&args.directory)));
        loop {
            tokio::time::sleep(GLANCE).await;
            // A file that is being written is looked at again.
            let Ok(now) = text(&args.directory, context) else { continue };
            if now == seen || now.is_empty() {
                continue;
            }
            match directory::parse(&SourceFile::new(context.shown(&args.directory), now.clone())) {
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
    if !args.dry_run && args.on_demand.is_none() {
        job.judge(&people, reporter).await;
    }
    Ok(())
}

fn text(path: &Path, context: &Context) -> std::io::Result<String> {
    std::fs::read_to_string(context.directory.join(path))
}

/// The directory, and the text that it was read from.
fn read(path: &Path, context: &Context) -> Result<(Directory, String), Stop> {
    let shown = context.shown(path);
    let text = text(path, context)
        .map_err(|error| Stop::usage(format!("the directory `{shown}` cannot be read: {error}")))?;
    let read = directory::parse(&SourceFile::new(shown, text.clone())).map_err(Stop::broken)?;
    Ok((read, text))
}

/// The target, or a provider of our own.
async fn site(args: &SimulateArgs, chosen: Option<&Chosen>, context: &Context) -> Result<Site, Stop> {
    let Some(chosen) = chosen else {
        if args.state.is_some() {
            return Err(Stop::usage("`--state` keeps nothing of use without `--target`")
                .hint("the built-in provider forgets everything when the program ends; `scimulator serve` runs one that stays"));
        }
        let profile = args.profile.as_deref().unwrap_or("interop");
        let site = Site::built_in(profile, super::serve::defects(&args.defect)?).await?;
        if let Some(path) = &args.recorded {
            site.record(&read(path, context)?.0).await?;
        }
        return Ok(site);
    };
    let own = [
        ("--profile", args.profile.is_some()),
        ("--defect", !args.defect.is_empty()),
        ("--recorded", args.recorded.is_some()),
    ];
    if let Some((option, _)) = own.iter().find(|(_, is_given)| *is_given) {
        return Err(Stop::usage(format!("`{option}` is for the built-in provider, not for a target"))
            .hint(format!("leave out `{option}` or `--target`; the target is `{}`", chosen.name)));
    }
    let journals = args.clean_up.then_some(context.directory.as_path());
    Ok(Site::target(&chosen.name, chosen.config()?, journals)?)
}

fn job(
    args: &SimulateArgs,
    settings: Settings,
    people: &Directory,
    site: &Site,
    detail: Detail,
    context: &Context,
) -> Result<Job, Stop> {
    let mapping = Engine::mapping_of(args.dialect, people).map_err(|error| Stop::usage(error.to_string()))?;
    if let Some(place) =
        settings.matching.iter().find(|place| !mapping.rules().iter().any(|rule| rule.place == **place))
    {
        let stop = Stop::usage(format!("`--match-by {place}` is no attribute that `{}` maps", args.dialect));
        let known: Vec<String> = mapping.rules().iter().map(|rule| rule.place.to_string()).collect();
        return Err(match crate::diagnostic::nearest(&place.to_string(), known.iter().map(String::as_str)) {
            Some(near) => stop.hint(format!("did you mean `{near}`?")),
            None => stop.hint(format!("mapped are {}", known.join(", "))),
        });
    }
    let now = Timestamp::now();
    let (ledger, state) = match &args.state {
        None => (None, State::new(now)),
        Some(path) => {
            let path = context.directory.join(path);
            let opened = Ledger::open(&path, args.dialect, site.target.base(), args.restart, now)?;
            (Some(opened.0), opened.1)
        }
    };
    // The flag has no effect on provisioning on demand.
    let dialect = match (args.dialect, &args.on_demand) {
        (Dialect::EntraAadOptScim, Some(_)) => Dialect::Entra,
        (dialect, _) => dialect,
    };
    let engine = Engine::new(dialect.speech(), mapping, settings, state);
    let keeps = detail == Detail::Verbose;
    let line = match (args.dry_run, &site.visit) {
        // Without a target, everything may really happen: the provider is ours.
        (true, _) if site.is_shared() => Line::reading_only(site.target.clone(), keeps),
        (_, visit) => {
            Line::new(site.target.clone(), visit.as_ref().map(|(_, journal)| journal.clone()), keeps)
        }
    };
    Ok(Job::new(engine, line, site.target.secrets().clone(), ledger))
}
