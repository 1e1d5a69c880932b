//! `run`: replays scenarios and compares what comes back with the snapshots.
//!
//! | module | what lives there |
//! |---|---|
//! | `files` | which files, and how each is called |
//! | `select` | which transcripts of them |
//!
//! Playing and judging is done by [`crate::replay`].

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::context::Context;
use super::env;
use super::exit::{Exit, Stop};
use super::output::{self, Options, OutputArgs};
use super::signal::Signals;
use super::target_options::TargetArgs;
use super::values::{Shard, at_least_one};
use crate::diagnostic::nearest;
use crate::event::{Event, Kind, Observer};
use crate::idp::Dialect;
use crate::replay::{self, Case, Driven, Stage};
use crate::report::Reporter;
use crate::report::terminal::Detail;
use crate::scenario;
use crate::snapshot::{Mode, Store};

mod files;
mod select;

pub(super) use files::SCENARIOS;
use select::Selection;

/// `run [PATHS]`
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Scenario files or folders [default: scenarios]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Play only as these identity providers, separated by commas
    #[arg(
        long = "as",
        value_name = "DIALECT",
        env = env::AS,
        value_delimiter = ',',
        value_parser = dialect,
        help_heading = "Selection"
    )]
    dialects: Vec<Dialect>,
    /// Only scenarios with one of these tags, separated by commas
    #[arg(long = "tag", value_name = "TAG", env = env::TAG, value_delimiter = ',', help_heading = "Selection")]
    tags: Vec<String>,
    /// Only transcripts whose id or title contains this text
    #[arg(long, value_name = "TEXT", env = env::FILTER, help_heading = "Selection")]
    filter: Option<String>,
    /// Only one part of several, for as many machines: 1/3 is the first of three
    #[arg(long, value_name = "I/N", env = env::SHARD, help_heading = "Selection")]
    shard: Option<Shard>,
    /// Print what would be played, and play nothing
    #[arg(
        long,
        env = env::LIST,
        value_parser = clap::builder::FalseyValueParser::new(),
        help_heading = "Selection"
    )]
    list: bool,
    /// Profile of the built-in provider for all scenarios, instead of what each says
    #[arg(long, value_name = "PROFILE", env = env::PROFILE, help_heading = "Playing")]
    profile: Option<String>,
    /// How many transcripts are played at the same time [default: as many as there are processor cores; 1
    /// against a target, where they would see each other's users]
    #[arg(long, value_name = "N", env = env::JOBS, value_parser = at_least_one, help_heading = "Playing")]
    jobs: Option<NonZeroUsize>,
    /// Begin nothing new after the first failure
    #[arg(
        long,
        env = env::FAIL_FAST,
        value_parser = clap::builder::FalseyValueParser::new(),
        help_heading = "Playing"
    )]
    fail_fast: bool,
    /// Folder that holds the snapshots [default: snapshots, beside the scenarios]
    #[arg(long, value_name = "DIR", env = env::SNAPSHOTS, help_heading = "Snapshots")]
    snapshots: Option<PathBuf>,
    /// Make what came the new snapshots
    #[arg(
        long,
        env = env::UPDATE,
        value_parser = clap::builder::FalseyValueParser::new(),
        help_heading = "Snapshots"
    )]
    update: bool,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl RunArgs {
    /// What decides what is played, for the reports.
    fn options(&self) -> Vec<String> {
        let mut options = Options::default();
        let words: Vec<&str> = self.dialects.iter().map(|dialect| dialect.word()).collect();
        options.list("--as", &words);
        options.list("--tag", &self.tags);
        options.list("--filter", self.filter.as_slice());
        options.list("--shard", self.shard.as_slice());
        options.flag("--fail-fast", self.fail_fast);
        options.into()
    }
}

/// The dialect of a word.
///
/// # Errors
/// There is none; the nearest word.
pub(super) fn dialect(text: &str) -> Result<Dialect, String> {
    let known = Dialect::WORDS.iter().map(|(word, _)| *word);
    match Dialect::WORDS.iter().find(|(word, _)| *word == text) {
        Some((_, dialect)) => Ok(*dialect),
        None => Err(match nearest(text, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
        }),
    }
}

/// Runs the command.
pub fn run(args: RunArgs, context: &Context) -> Exit {
    let result = prepare(&args, context).and_then(|cases| {
        if args.list {
            context.print(&select::list(&cases))?;
            return Ok(Exit::Ok);
        }
        output::on_threads(perform(args, cases, context))
    });
    result.unwrap_or_else(|stop| context.refuse(&stop))
}

/// Reads every file, so that a broken one is found before anything runs, and selects.
fn prepare(args: &RunArgs, context: &Context) -> Result<Vec<Case>, Stop> {
    selection(args).of(read_cases(&args.paths, args.snapshots.as_deref(), context)?)
}

/// The cases of all scenario files that the paths name.
///
/// # Errors
/// A path does not exist, or a file is broken.
pub(super) fn read_cases(
    paths: &[PathBuf],
    snapshots: Option<&std::path::Path>,
    context: &Context,
) -> Result<Vec<Case>, Stop> {
    let mut cases = Vec::new();
    let mut mistakes = Vec::new();
    for found in files::find(paths, context)? {
        let read = |path: &std::path::Path| std::fs::read(context.directory.join(path));
        match scenario::load(&found.path, &found.id, &read) {
            Ok(scenario) => cases.extend(Case::all_of(scenario, &found.snapshots(snapshots))),
            Err(wrong) => mistakes.extend(wrong),
        }
    }
    if !mistakes.is_empty() {
        return Err(Stop::broken(mistakes));
    }
    Ok(cases)
}

fn selection(args: &RunArgs) -> Selection {
    Selection {
        dialects: args.dialects.clone(),
        tags: args.tags.clone(),
        filter: args.filter.clone(),
        shard: args.shard,
    }
}

async fn perform(args: RunArgs, cases: Vec<Case>, context: &Context) -> Result<Exit, Stop> {
    let options = args.options();
    let is_everything = selection(&args).is_everything() && args.paths.is_empty();
    let chosen = args.target.choose(context)?;
    if let (Some(chosen), Some(profile)) = (&chosen, &args.profile) {
        return Err(Stop::usage(format!(
            "`--profile {profile}` is for the built-in provider, not for a target"
        ))
        .hint(format!("leave out `--profile` or `--target`; the target is `{}`", chosen.name)));
    }
    let files = args.output.open(context)?;
    let mut signals = Signals::catch()?;
    let stage = tokio::select! {
        stage = async {
            match &chosen {
                Some(chosen) => {
                    Ok(Stage::shared(&chosen.name, chosen.config()?, &cases, &context.directory).await?)
                }
                None => Stage::built_in(&cases, args.profile.as_deref()).await.map_err(Stop::from),
            }
        } => stage?,
        () = signals.next() => return Ok(Exit::Interrupted),
    };
    let mode = match (args.update, context.ci) {
        (true, _) => Mode::Update,
        (false, true) => Mode::Ci,
        (false, false) => Mode::Check,
    };
    let plan = replay::Plan {
        jobs: args.jobs.map_or_else(|| stage.jobs(), NonZeroUsize::get),
        fail_fast: args.fail_fast,
        profile: args.profile,
        mode,
    };
    let detail = args.output.detail();
    let mut reporter = args.output.reporter(context, files, review_folders(&cases));
    let clock = Instant::now();
    reporter.observe(&Event::Started {
        kind: Kind::Run,
        target: stage.info(),
        planned: cases.len(),
        started: jiff::Timestamp::now(),
        options,
    });
    let stage = std::sync::Arc::new(stage);
    let driven = {
        let interrupted = std::pin::pin!(signals.next());
        replay::drive(&plan, &cases, &stage, interrupted, &mut reporter).await
    };
    if driven == Driven::Interrupted && matches!(*stage, Stage::Shared(_)) {
        let notice = "interrupted: what was created is deleted; a second Ctrl-C leaves it there";
        reporter.observe(&Event::Notice(notice.to_owned()));
    }
    if is_everything && driven == Driven::Completely && detail != Detail::Quiet {
        unreferenced(&plan, &cases, &stage, &mut reporter);
    }
    let left = tokio::select! {
        notices = stage.leave() => Some(notices),
        () = signals.next() => None,
    };
    let interrupted = driven == Driven::Interrupted || left.is_none();
    for notice in left.unwrap_or_else(output::cut_short) {
        reporter.observe(&Event::Notice(notice));
    }
    reporter.observe(&Event::Ended { elapsed: clock.elapsed(), interrupted });
    Ok(output::end(&reporter.finish(&mut context.stdout()), &[], context))
}

/// The folders of snapshots that `review` has to be told, because it does not look there by itself.
fn review_folders(cases: &[Case]) -> Vec<String> {
    let folders: BTreeSet<&std::path::Path> = cases.iter().map(|case| case.snapshots.as_path()).collect();
    match folders.iter().all(|folder| *folder == std::path::Path::new(files::SNAPSHOTS)) {
        true => Vec::new(),
        false => folders.iter().map(|folder| folder.display().to_string()).collect(),
    }
}

/// Tells of snapshots that no scenario plays any more.
fn unreferenced(plan: &replay::Plan, cases: &[Case], stage: &Stage, reporter: &mut Reporter) {
    let mut known: BTreeMap<(&std::path::Path, &str), Vec<&str>> = BTreeMap::new();
    for case in cases {
        let name = stage.name_for(case, plan.profile.as_deref());
        known.entry((&case.snapshots, name)).or_default().push(&case.item.id);
    }
    for ((folder, name), ids) in known {
        let notices = match Store::new(folder, name, plan.mode).unreferenced(ids) {
            Ok(paths) => paths
                .iter()
                .map(|path| format!("no scenario plays `{}` any more: delete it", path.display()))
                .collect(),
            Err(error) => vec![format!("snapshots cannot be listed: {error}")],
        };
        notices.into_iter().for_each(|notice| reporter.observe(&Event::Notice(notice)));
    }
}
