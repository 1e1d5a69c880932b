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
use super::signal::Signals;
use super::target_options::TargetArgs;
use super::values::Shard;
use crate::diagnostic::nearest;
use crate::event::{Event, Kind, Observer, Status};
use crate::idp::Dialect;
use crate::replay::{self, Case, Driven, Stage};
use crate::report::file::{ReportFile, ReportRequest};
use crate::report::terminal::{Detail, Terminal};
use crate::report::{Progress, Reported, Reporter};
use crate::scenario;
use crate::snapshot::{Mode, Store};

mod files;
mod select;

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
    #[arg(long, value_name = "N", env = env::JOBS, help_heading = "Playing")]
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
    /// Write a report: json=FILE, junit=FILE, html=FILE or markdown=FILE, `-` for standard output; may be repeated
    #[arg(
        long = "report",
        value_name = "FORMAT=FILE",
        env = env::REPORT,
        value_delimiter = '\n',
        help_heading = "Output"
    )]
    reports: Vec<ReportRequest>,
    /// Print failures and the summary only
    #[arg(
        short,
        long,
        env = env::QUIET,
        value_parser = clap::builder::FalseyValueParser::new(),
        conflicts_with = "verbose",
        help_heading = "Output"
    )]
    quiet: bool,
    /// Print every exchange, and differences in full
    #[arg(
        short,
        long,
        env = env::VERBOSE,
        value_parser = clap::builder::FalseyValueParser::new(),
        help_heading = "Output"
    )]
    verbose: bool,
}

fn dialect(text: &str) -> Result<Dialect, String> {
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
        let runtime = tokio::runtime::Runtime::new()
            .map_err(|error| Stop::usage(format!("the network threads cannot be started: {error}")))?;
        let result = runtime.block_on(perform(args, cases, context));
        // What still runs was interrupted; nobody waits for it.
        runtime.shutdown_background();
        result
    });
    result.unwrap_or_else(|stop| context.refuse(&stop))
}

/// Reads every file, so that a broken one is found before anything runs, and selects.
fn prepare(args: &RunArgs, context: &Context) -> Result<Vec<Case>, Stop> {
    let mut cases = Vec::new();
    let mut mistakes = Vec::new();
    for found in files::find(&args.paths, context)? {
        let read = |path: &std::path::Path| std::fs::read(context.directory.join(path));
        match scenario::load(&found.path, &found.id, &read) {
            Ok(scenario) => cases.extend(Case::all_of(scenario, &found.snapshots(args.snapshots.as_deref()))),
            Err(wrong) => mistakes.extend(wrong),
        }
    }
    if !mistakes.is_empty() {
        return Err(Stop::broken(mistakes));
    }
    selection(args).of(cases)
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
    let is_everything = selection(&args).is_everything() && args.paths.is_empty();
    let chosen = args.target.choose(context)?;
    if let (Some(chosen), Some(profile)) = (&chosen, &args.profile) {
        return Err(Stop::usage(format!(
            "`--profile {profile}` is for the built-in provider, not for a target"
        ))
        .hint(format!("leave out `--profile` or `--target`; the target is `{}`", chosen.name)));
    }
    let open =
        |request: &ReportRequest| ReportFile::open(request.clone(), &context.directory).map_err(Stop::usage);
    if let Some(place) = shared_place(&args.reports) {
        return Err(Stop::usage(format!("two reports go to `{}`", place.display()))
            .hint("give each `--report` a file of its own"));
    }
    let files: Vec<ReportFile> = args.reports.iter().map(open).collect::<Result<_, Stop>>()?;
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
    let detail = match (args.quiet, args.verbose) {
        (true, _) => Detail::Quiet,
        (_, true) => Detail::Verbose,
        _ => Detail::Normal,
    };
    let mut reporter = reporter(context, detail, files, &args.reports, review_folders(&cases));
    let clock = Instant::now();
    reporter.observe(&Event::Started { kind: Kind::Run, target: stage.info(), planned: cases.len() });
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
    let cut_short =
        || vec!["the clean-up was interrupted; the journals in `.scimulator` tell what is left".to_owned()];
    for notice in left.unwrap_or_else(cut_short) {
        reporter.observe(&Event::Notice(notice));
    }
    reporter.observe(&Event::Ended { elapsed: clock.elapsed(), interrupted });
    Ok(end(&reporter.finish(&mut context.stdout()), context))
}

/// Where more than one report would be written to.
fn shared_place(requests: &[ReportRequest]) -> Option<&std::path::Path> {
    let paths: Vec<_> = requests.iter().map(|request| request.path.as_path()).collect();
    paths.iter().enumerate().find(|(index, path)| paths[..*index].contains(path)).map(|(_, path)| *path)
}

/// The folders of snapshots that `review` has to be told, because it does not look there by itself.
fn review_folders(cases: &[Case]) -> Vec<String> {
    let folders: BTreeSet<&std::path::Path> = cases.iter().map(|case| case.snapshots.as_path()).collect();
    match folders.iter().all(|folder| *folder == std::path::Path::new(files::SNAPSHOTS)) {
        true => Vec::new(),
        false => folders.iter().map(|folder| folder.display().to_string()).collect(),
    }
}

/// The consumers of the events. When a report takes standard output for itself, people read standard error.
fn reporter(
    context: &Context,
    detail: Detail,
    files: Vec<ReportFile>,
    requests: &[ReportRequest],
    review: Vec<String>,
) -> Reporter {
    let stdout_is_free = !requests.iter().any(ReportRequest::takes_stdout);
    let (out, colour): (Box<dyn std::io::Write + Send>, _) = match stdout_is_free {
        true => (Box::new(context.stdout()), context.stdout_colour),
        false => (Box::new(context.stderr()), context.stderr_colour),
    };
    let progress = match context.stderr_is_terminal && !context.ci && detail != Detail::Quiet {
        true => Progress::bar(),
        false => Progress::none(),
    };
    let colour = colour != anstream::ColorChoice::Never;
    let terminal =
        Terminal::new(out, Box::new(context.stderr()), colour, detail, progress).reviewed_in(review);
    let github = context.github.as_ref().map(|github| github.step_summary.clone());
    Reporter::new(terminal, files, github)
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

/// The exit code that the findings ask for. What was found wanting outweighs what could not be judged.
fn verdict(reported: &Reported) -> Exit {
    let tally = &reported.run.tally;
    if reported.run.incomplete {
        Exit::Interrupted
    } else if tally.of(Status::Fail) > 0 {
        Exit::Wanting
    } else if tally.of(Status::Error) + tally.of(Status::Blocked) > 0 {
        Exit::NoVerdict
    } else {
        Exit::Ok
    }
}

fn end(reported: &Reported, context: &Context) -> Exit {
    let verdict = verdict(reported);
    if reported.problems.is_empty() || verdict == Exit::Interrupted {
        reported.problems.iter().for_each(|problem| context.say(&format!("error: {problem}")));
        return verdict;
    }
    for problem in &reported.problems {
        context.refuse(&Stop::usage(problem));
    }
    context.say(&format!("without this the exit code would be {}", verdict as u8));
    Exit::Usage
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Tally;
    use crate::report::collected::Collected;

    #[test]
    fn what_is_found_wanting_outweighs_what_could_not_be_judged() {
        let exit = |statuses: &[Status], incomplete: bool| {
            let mut tally = Tally::default();
            statuses.iter().for_each(|status| tally.add(*status));
            verdict(&Reported {
                run: Collected { tally, incomplete, ..Collected::new() },
                problems: Vec::new(),
            })
        };
        assert_eq!(exit(&[Status::Pass, Status::Skip], false), Exit::Ok);
        assert_eq!(exit(&[Status::Pass, Status::Error], false), Exit::NoVerdict);
        assert_eq!(exit(&[Status::Error, Status::Fail], false), Exit::Wanting);
        assert_eq!(exit(&[Status::Fail], true), Exit::Interrupted);
    }
}
