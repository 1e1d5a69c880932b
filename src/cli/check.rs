//! `check`: RFC conformance of a target, and whether identity providers can work with it.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use secrecy::SecretString;

use super::context::Context;
use super::env;
use super::exit::{Exit, Stop};
use super::output::OutputArgs;
use super::signal::Signals;
use super::target_options::{Chosen, TargetArgs};
use crate::conformance::Audience;
use crate::conformance::discovery::Discovery;
use crate::conformance::runner::{self, Ran};
use crate::conformance::selection::Selection;
use crate::conformance::trial::ground::Terms;
use crate::conformance::trial::{Access, Ground};
use crate::diagnostic::nearest;
use crate::event::{Event, Kind, Observer, TargetInfo};
use crate::provider::profile::Profile;
use crate::provider::world::World;
use crate::provider::{Provider, ProviderConfig};
use crate::target::journal::Journal;
use crate::target::visit::{Visit, probe, refused, run_suffix};
use crate::target::{Credentials, Target, TargetConfig};

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
    /// Create, change and delete nothing: only what needs no writing is checked
    #[arg(long, env = env::READ_ONLY, value_parser = clap::builder::FalseyValueParser::new(), help_heading = "Running")]
    read_only: bool,
    /// How many checks run at the same time [default: 8]
    #[arg(long, value_name = "N", env = env::JOBS, help_heading = "Running")]
    jobs: Option<NonZeroUsize>,
    /// Profile of the built-in provider [default: rfc]
    #[arg(long, value_name = "PROFILE", env = env::PROFILE, help_heading = "Running")]
    profile: Option<String>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// As many checks at the same time, unless the user says otherwise: most of the time is spent waiting for the target.
const JOBS: usize = 8;

/// Runs the command.
pub fn run(args: CheckArgs, context: &Context) -> Exit {
    let result = tokio::runtime::Runtime::new()
        .map_err(|error| Stop::usage(format!("the network threads cannot be started: {error}")))
        .and_then(|runtime| {
            let result = runtime.block_on(perform(args, context));
            // What still runs was interrupted; nobody waits for it.
            runtime.shutdown_background();
            result
        });
    result.unwrap_or_else(|stop| context.refuse(&stop))
}

async fn perform(args: CheckArgs, context: &Context) -> Result<Exit, Stop> {
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
    let files = args.output.open(context)?;
    let mut signals = Signals::catch()?;
    let access = if args.read_only { Access::Read } else { Access::Write };
    let clock = Instant::now();
    let place = tokio::select! {
        place = async {
            match &chosen {
                Some(chosen) => Place::shared(chosen, access, context).await,
                None => Place::built_in(args.profile.as_deref().unwrap_or("rfc"), access).await,
            }
        } => place?,
        () = signals.next() => return Ok(Exit::Interrupted),
    };
    let mut reporter = args.output.reporter(context, files, Vec::new());
    reporter.observe(&Event::Started {
        kind: Kind::Check,
        target: place.info.clone(),
        planned: selected.len(),
    });
    for stand_in in &place.ground.discovery().stand_ins {
        reporter.observe(&Event::Notice(stand_in.clone()));
    }
    let jobs = args.jobs.map_or(JOBS, NonZeroUsize::get);
    let ran = {
        let interrupted = std::pin::pin!(signals.next());
        runner::run(&selected, &place.ground, jobs, interrupted, &mut reporter).await
    };
    if ran == Ran::Interrupted && place.visit.is_some() {
        let notice = "interrupted: what was created is deleted; a second Ctrl-C leaves it there";
        reporter.observe(&Event::Notice(notice.to_owned()));
    }
    let left = tokio::select! {
        notices = place.leave() => Some(notices),
        () = signals.next() => None,
    };
    let interrupted = ran == Ran::Interrupted || left.is_none();
    let cut_short =
        || vec!["the clean-up was interrupted; the journals in `.scimulator` tell what is left".to_owned()];
    for notice in left.unwrap_or_else(cut_short) {
        reporter.observe(&Event::Notice(notice));
    }
    reporter.observe(&Event::Ended { elapsed: clock.elapsed(), interrupted });
    Ok(super::output::end(&reporter.finish(&mut context.stdout()), context))
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

fn select(selection: &Selection) -> Result<Vec<crate::conformance::selection::Selected>, Stop> {
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

/// What is judged: a target as its guest, or a provider of our own.
struct Place {
    ground: Arc<Ground>,
    info: TargetInfo,
    visit: Option<(Visit, Option<Arc<Journal>>)>,
    /// Runs as long as this lives.
    _provider: Option<Provider>,
}

impl Place {
    async fn shared(chosen: &Chosen, access: Access, context: &Context) -> Result<Self, Stop> {
        let config = chosen.config()?;
        let has_credentials = !matches!(config.credentials, Credentials::None) || !config.headers.is_empty();
        let target = Target::connect(config).map_err(|error| Stop::usage(error.to_string()))?;
        probe(&target, "/ServiceProviderConfig").await?;
        let users = probe(&target, "/Users?count=1").await?;
        if users.response().is_some_and(|response| response.status == 401) {
            return Err(refused(&target, "/Users", 401).into());
        }
        let discovery = Discovery::of(&target).await;
        let info = TargetInfo { url: target.base().to_owned(), name: chosen.name.clone() };
        let (visit, journal, run) = match access {
            Access::Read => (None, None, run_suffix()),
            Access::Write => {
                let visit = Visit::begin(&context.directory)?;
                let journal = visit
                    .journal(&target, visit.run())
                    .map_err(|error| Stop::usage(format!("the journal cannot be written: {error}")))?;
                let run = visit.run().to_owned();
                (Some(visit), Some(journal), run)
            }
        };
        let terms = Terms { journal: journal.clone(), access, demands: Vec::new(), has_credentials, run };
        let ground = Arc::new(Ground::new(target, discovery, terms));
        Ok(Self { ground, info, visit: visit.map(|visit| (visit, journal)), _provider: None })
    }

    async fn built_in(profile: &str, access: Access) -> Result<Self, Stop> {
        let profile = Profile::named(profile).map_err(Stop::usage)?;
        let info = TargetInfo { url: "http://127.0.0.1/scim/v2".to_owned(), name: profile.name.clone() };
        let provider = Provider::start(ProviderConfig::loopback(profile, World::real()))
            .await
            .map_err(|error| Stop::no_verdict(format!("the built-in provider cannot be started: {error}")))?;
        let token = SecretString::from(uuid::Uuid::new_v4().simple().to_string());
        provider.add_tenant(&token);
        let mut config = TargetConfig::new(provider.base_url());
        config.credentials = Credentials::Bearer(token);
        let target = Target::connect(config).map_err(|error| Stop::usage(error.to_string()))?;
        let discovery = Discovery::of(&target).await;
        let terms =
            Terms { journal: None, access, demands: Vec::new(), has_credentials: true, run: run_suffix() };
        let ground = Arc::new(Ground::new(target, discovery, terms));
        Ok(Self { ground, info, visit: None, _provider: Some(provider) })
    }

    /// Deletes what is left, and says what could not be.
    async fn leave(&self) -> Vec<String> {
        self.ground.leave().await;
        match &self.visit {
            Some((visit, _)) => visit.leave(self.ground.target()).await,
            None => Vec::new(),
        }
    }
}
