//! `check`: RFC conformance of a target, and whether identity providers can work with it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;

use super::context::Context;
use super::env;
use super::exit::{Exit, Stop};
use super::output::{self, FailOn, Options, OutputArgs};
use super::signal::Signals;
use super::target_options::{Chosen, TargetArgs};
use crate::conformance::Audience;
use crate::conformance::baseline::{Baseline, Marking};
use crate::conformance::readiness::{self, Judge, Replayed};
use crate::conformance::runner::{self, Ran};
use crate::conformance::selection::{Selected, Selection};
use crate::conformance::trial::{Access, shortened};
use crate::conformance::venue::Venue;
use crate::diagnostic::nearest;
use crate::event::{Event, Kind, Observer, Status};
use crate::exchange::Exchange;
use crate::redact::Redacted;
use crate::replay::{self, Case, Driven, Stage};
use crate::snapshot::Mode;

/// `check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Only these checks or topics, separated by commas
    #[arg(long, value_name = "ID|TOPIC", env = env::ONLY, value_delimiter = ',', help_heading = "Selection")]
    only: Vec<String>,
    /// Leave out these checks or topics, separated by commas
    #[arg(long, value_name = "ID|TOPIC", env = env::SKIP, value_delimiter = ',', help_heading = "Selection")]
    skip: Vec<String>,
    /// Judge readiness for these identity providers, separated by commas: okta, entra, onelogin, jumpcloud, ping; also the drafts
    /// interop-profile and ipsie, and none [default: the five against a target, none for the built-in provider]
    #[arg(long = "for", value_name = "IDP", env = env::FOR, value_delimiter = ',', help_heading = "Selection")]
    audiences: Vec<String>,
    /// Folder of the scenarios that are replayed to judge readiness; `none` replays none [default: scenarios, where there is such
    /// a folder]
    #[arg(long, value_name = "DIR", env = env::SCENARIOS, help_heading = "Selection")]
    scenarios: Option<PathBuf>,
    /// What else than failures makes the exit code 1, separated by commas: warn, not-ready
    #[arg(long, value_name = "WHAT", env = env::FAIL_ON, value_delimiter = ',', help_heading = "Selection")]
    fail_on: Vec<FailOn>,
    /// Create, change and delete nothing: only what needs no writing is checked
    #[arg(long, env = env::READ_ONLY, value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Running")]
    read_only: bool,
    /// Print the requests that would be sent, and send nothing to the target
    #[arg(long, env = env::DRY_RUN, value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Running")]
    dry_run: bool,
    /// Findings that are accepted for now (TOML): they are told and do not count
    #[arg(long, value_name = "FILE", env = env::BASELINE, help_heading = "Baseline")]
    baseline: Option<PathBuf>,
    /// Write what was found to the baseline, so that only what is new counts from then on
    #[arg(
        long,
        env = env::WRITE_BASELINE,
        value_parser = clap::builder::FalseyValueParser::new(),
        requires = "baseline",
        help_heading = "Baseline"
    )]
    write_baseline: bool,
    /// How many checks run at the same time [default: 8]
    #[arg(long, value_name = "N", env = env::JOBS, value_parser = super::values::at_least_one, help_heading = "Running")]
    jobs: Option<NonZeroUsize>,
    /// Profile of the built-in provider [default: rfc]
    #[arg(long, value_name = "PROFILE", env = env::PROFILE, help_heading = "Running")]
    profile: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl CheckArgs {
    /// What decides what is looked at and what counts, for the reports.
    fn options(&self) -> Vec<String> {
        let mut options = Options::default();
        options.list("--only", &self.only);
        options.list("--skip", &self.skip);
        options.list("--for", &self.audiences);
        options.path("--scenarios", self.scenarios.as_deref());
        options.flag("--read-only", self.read_only);
        options.path("--baseline", self.baseline.as_deref());
        options.into()
    }
}

/// As many checks at the same time, unless the user says otherwise: most of the time is spent waiting for the target.
const JOBS: usize = 8;

/// Runs the command.
pub fn run(args: CheckArgs, context: &Context) -> Exit {
    output::on_threads(perform(args, context)).unwrap_or_else(|stop| context.refuse(&stop))
}

async fn perform(args: CheckArgs, context: &Context) -> Result<Exit, Stop> {
    let options = args.options();
    let chosen = args.target.choose(context)?;
    let selection = Selection {
        only: args.only,
        skip: args.skip,
        audiences: audiences(&args.audiences, chosen.is_some())?,
    };
    let selected = select(&selection)?;
    if let (Some(chosen), Some(profile)) = (&chosen, &args.profile) {
        return Err(Stop::usage(format!(
            "`--profile {profile}` is for the built-in provider, not for a target"
        ))
        .hint(format!("leave out `--profile` or `--target`; the target is `{}`", chosen.name)));
    }
    let is_whole = !args.read_only && selection.only.is_empty() && selection.skip.is_empty();
    let cases = match args.read_only || args.dry_run || !selection.only.is_empty() {
        true => Vec::new(),
        false => scenarios(args.scenarios.as_deref(), &selection.audiences, context)?,
    };
    let baseline = match &args.baseline {
        Some(path) => read_baseline(path, args.write_baseline, context)?,
        None => Baseline::default(),
    };
    let files = args.output.open(context)?;
    let mut signals = Signals::catch()?;
    let access = if args.read_only { Access::Read } else { Access::Write };
    let profile = args.profile.as_deref().unwrap_or("rfc");
    if args.dry_run {
        let base = chosen.as_ref().and_then(|chosen| chosen.options.target.clone());
        return dry_run(&selected, profile, access, base.as_deref(), context).await;
    }
    let clock = Instant::now();
    let venue = tokio::select! {
        venue = async {
            match &chosen {
                Some(chosen) => {
                    let (config, demands) = (chosen.config()?, chosen.options.required.clone());
                    Ok(Venue::shared(&chosen.name, config, demands, access, &context.directory).await?)
                }
                None => Venue::built_in(profile, access).await.map_err(Stop::from),
            }
        } => venue?,
        () = signals.next() => return Ok(Exit::Interrupted),
    };
    let mut reporter = args.output.reporter(context, files, Vec::new());
    reporter.observe(&Event::Started {
        kind: Kind::Check,
        target: venue.info.clone(),
        planned: selected.len(),
        started: jiff::Timestamp::now(),
        options,
    });
    if cases.is_empty() && is_whole && !selection.audiences.is_empty() && args.scenarios.is_none() {
        let notice = "readiness is judged by the checks alone: there is no folder `scenarios` here (see `--scenarios`)";
        reporter.observe(&Event::Notice(notice.to_owned()));
    }
    for stand_in in &venue.ground.discovery().stand_ins {
        reporter.observe(&Event::Notice(stand_in.clone()));
    }
    let jobs = args.jobs.map_or(JOBS, NonZeroUsize::get);
    let ran = {
        let mut marking = Marking::new(&baseline, context.today, &mut reporter);
        let mut judge = Judge::new(&selection.audiences, &mut marking);
        let mut ran = {
            let interrupted = std::pin::pin!(signals.next());
            runner::run(&selected, &venue.ground, jobs, interrupted, &mut judge).await
        };
        if ran == Ran::Completely && !cases.is_empty() {
            ran = replay_all(&cases, chosen.as_ref(), profile, context, &mut signals, &mut judge).await?;
        }
        // What was looked at in part says nothing about readiness.
        if ran == Ran::Completely && is_whole {
            judge.finish();
        }
        marking.finish();
        ran
    };
    if ran == Ran::Interrupted && venue.is_shared() {
        let notice = "interrupted: what was created is deleted; a second Ctrl-C leaves it there";
        reporter.observe(&Event::Notice(notice.to_owned()));
    }
    let left = tokio::select! {
        notices = venue.leave() => Some(notices),
        () = signals.next() => None,
    };
    let interrupted = ran == Ran::Interrupted || left.is_none();
    for notice in left.unwrap_or_else(output::cut_short) {
        reporter.observe(&Event::Notice(notice));
    }
    reporter.observe(&Event::Ended { elapsed: clock.elapsed(), interrupted });
    let reported = reporter.finish(&mut context.stdout());
    if args.write_baseline
        && let Some(path) = &args.baseline
    {
        let text = baseline.text(&reported.run.findings, context.today);
        std::fs::write(context.directory.join(path), text).map_err(|error| {
            Stop::usage(format!("the baseline `{}` cannot be written: {error}", path.display()))
        })?;
        context.say(&format!("the baseline is written to {}: give each finding its reason", path.display()));
        // What was found is accepted from now on.
        return Ok(match output::end(&reported, &args.fail_on, context) {
            Exit::Wanting => Exit::Ok,
            other => other,
        });
    }
    Ok(output::end(&reported, &args.fail_on, context))
}

/// The scenarios of these identity providers.
fn scenarios(named: Option<&Path>, audiences: &[Audience], context: &Context) -> Result<Vec<Case>, Stop> {
    let folder = named.unwrap_or(Path::new(super::run::SCENARIOS));
    let is_there = context.directory.join(folder).is_dir();
    if audiences.is_empty() || (named.is_none() && !is_there) || named == Some(Path::new("none")) {
        return Ok(Vec::new());
    }
    let mut cases = super::run::read_cases(&[folder.to_owned()], None, context)?;
    cases.retain(|case| {
        case.dialect
            .and_then(|dialect| readiness::audience(dialect.word()))
            .is_some_and(|a| audiences.contains(&a))
    });
    cases.sort_by(|a, b| a.item.id.cmp(&b.item.id));
    Ok(cases)
}

/// Replays scenarios for what they expect; there are no snapshots of a target that is judged for the first time.
async fn replay_all(
    cases: &[Case],
    chosen: Option<&Chosen>,
    profile: &str,
    context: &Context,
    signals: &mut Signals,
    observer: &mut impl Observer,
) -> Result<Ran, Stop> {
    let stage = match chosen {
        Some(chosen) => Stage::shared(&chosen.name, chosen.config()?, cases, &context.directory).await?,
        None => Stage::built_in(cases, Some(profile)).await?,
    };
    let plan = replay::Plan {
        jobs: stage.jobs(),
        fail_fast: false,
        profile: chosen.is_none().then(|| profile.to_owned()),
        mode: Mode::Ignore,
    };
    let stage = Arc::new(stage);
    let driven = {
        let mut replayed = Replayed::new(observer);
        replay::drive(&plan, cases, &stage, std::pin::pin!(signals.next()), &mut replayed).await
    };
    for notice in stage.leave().await {
        observer.observe(&Event::Notice(notice));
    }
    Ok(match driven {
        Driven::Completely => Ran::Completely,
        Driven::Interrupted => Ran::Interrupted,
    })
}

/// Reads a baseline; one that is going to be written need not be there.
fn read_baseline(path: &Path, is_written: bool, context: &Context) -> Result<Baseline, Stop> {
    match std::fs::read_to_string(context.directory.join(path)) {
        Ok(text) => Baseline::read(&text, &context.shown(path)).map_err(Stop::broken),
        Err(error) if is_written && error.kind() == std::io::ErrorKind::NotFound => Ok(Baseline::default()),
        Err(error) => Err(Stop::usage(format!("the baseline `{}` cannot be read: {error}", path.display()))),
    }
}

/// Prints what would be sent, as far as that can be known: it is sent to a provider of our own, whose answers decide what
/// comes next, and never to the target.
async fn dry_run(
    selected: &[Selected],
    profile: &str,
    access: Access,
    base: Option<&str>,
    context: &Context,
) -> Result<Exit, Stop> {
    let venue = Venue::built_in(profile, access).await?;
    let mut sent = Sent::default();
    runner::run(selected, &venue.ground, 1, std::pin::pin!(std::future::pending()), &mut sent).await;
    let base = base.unwrap_or(&venue.info.url).trim_end_matches('/');
    let mut text = format!("# below {base}, with names of the run instead of these\n");
    for (id, requests) in &sent.checks {
        text.push_str(&format!("\n{id}\n"));
        for request in requests {
            text.push_str(&format!("  {request}\n"));
        }
    }
    context.print(&text)?;
    context.say(&format!(
        "{} checks would send {} requests; nothing was sent to a target",
        sent.checks.len(),
        sent.checks.iter().map(|(_, requests)| requests.len()).sum::<usize>()
    ));
    Ok(Exit::Ok)
}

/// The requests of each check, a line each.
#[derive(Default)]
struct Sent {
    checks: Vec<(String, Vec<String>)>,
}

impl Observer for Sent {
    fn observe(&mut self, event: &Event) {
        let Event::Finished(finding) = event else { return };
        let line = |exchange: &Redacted<Exchange>| {
            let request = &exchange.get().request;
            let body = match request.body.is_empty() {
                true => String::new(),
                false => format!("  {}", shortened(&String::from_utf8_lossy(&request.body))),
            };
            format!("{} {}{body}", request.method, request.target)
        };
        let requests = match (&finding.exchanges[..], finding.status) {
            ([], Status::Skip) => vec![format!("nothing: {}", finding.message)],
            (exchanges, _) => exchanges.iter().map(line).collect(),
        };
        self.checks.push((finding.item.id.clone(), requests));
    }
}

/// Who the readiness is judged for.
fn audiences(words: &[String], has_target: bool) -> Result<Vec<Audience>, Stop> {
    if words.is_empty() {
        return Ok(if has_target { Audience::IDPS.to_vec() } else { Vec::new() });
    }
    let known = || Audience::ALL.iter().map(|audience| audience.word()).chain(["none"]);
    let read = |word: &String| match Audience::ALL.iter().find(|audience| audience.word() == word) {
        Some(audience) => Ok(Some(*audience)),
        None if word == "none" => Ok(None),
        None => {
            let stop = Stop::usage(format!("`{word}` is nobody that readiness can be judged for"));
            Err(match nearest(word, known()) {
                Some(near) => stop.hint(format!("did you mean `{near}`?")),
                None => stop.hint(format!("known are {}", known().collect::<Vec<_>>().join(", "))),
            })
        }
    };
    words.iter().map(read).filter_map(Result::transpose).collect()
}

/// The selected checks.
///
/// # Errors
/// A word names nothing, or nothing is selected.
pub(super) fn select(selection: &Selection) -> Result<Vec<Selected>, Stop> {
    let unknown = selection.unknown();
    if let Some(first) = unknown.first() {
        let mut stop = Stop::nothing_selected(format!("there is no check and no topic `{}`", first.word));
        for unknown in &unknown {
            if let Some(near) = &unknown.near {
                stop = stop.hint(format!("`{}`: did you mean `{near}`?", unknown.word));
            }
        }
        return Err(stop.hint("`scimulator checks` lists them all"));
    }
    let selected = selection.checks();
    match selected.is_empty() || selected.iter().all(|selected| selected.left_out) {
        true => {
            Err(Stop::nothing_selected("no check is selected").hint("`scimulator checks` lists them all"))
        }
        false => Ok(selected),
    }
}
