//! What a simulation is made of: the directory, the place, the job.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;

use super::SimulateArgs;
use crate::cli::context::Context;
use crate::cli::directory::read as read_text;
use crate::cli::exit::Stop;
use crate::cli::target_options::Chosen;
use crate::diagnostic::{SourceFile, nearest};
use crate::idp::Dialect;
use crate::idp::dialect::Leave;
use crate::idp::directory::{self, Directory};
use crate::idp::engine::state::State;
use crate::idp::engine::{Engine, Settings};
use crate::idp::mapping::Place;
use crate::report::terminal::Detail;
use crate::simulation::drive::Job;
use crate::simulation::ledger::{self, Ledger};
use crate::simulation::line::Line;
use crate::simulation::site::Site;
use crate::yaml::Limits;

/// As many people at the same time, unless the user says otherwise. No product publishes its own number.
const JOBS: usize = 4;

impl SimulateArgs {
    /// What the options say about the habits of the product.
    pub(super) fn settings(&self) -> Result<Settings, Stop> {
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
        if self.import && habits.import.is_none() {
            return Err(
                Stop::usage(format!("{product} does not import accounts")).hint("leave out `--import`")
            );
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
        let at_once = if self.shows_requests() { 1 } else { JOBS };
        Ok(Settings {
            matching: places.collect::<Result<_, _>>()?,
            leave,
            create_disabled: self.create_disabled,
            groups: !self.no_groups,
            at_once: self.jobs.map_or(at_once, NonZeroUsize::get),
            seed: uuid::Uuid::new_v4().as_u64_pair().0,
        })
    }

    fn shows_requests(&self) -> bool {
        self.dry_run || self.output.detail() == Detail::Verbose
    }
}

/// The directory, and a fingerprint of the text that it was read from.
pub(super) fn read(path: &Path, context: &Context) -> Result<(Directory, u64), Stop> {
    let source = text(path, context)?;
    let read = directory::parse(&source).map_err(Stop::broken)?;
    Ok((read, fingerprint(&source.text)))
}

/// The text of a directory.
pub(super) fn text(path: &Path, context: &Context) -> Result<Arc<SourceFile>, Stop> {
    read_text(path, Limits::DIRECTORY.bytes, context)
}

/// When a directory was saved last and how long it is: what changes with every edit, so that a long file need not be read to
/// see that there was none.
pub(super) fn stamp(path: &Path, context: &Context) -> Option<(SystemTime, u64)> {
    let metadata = context.directory.join(path).metadata().ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Tells one text from another, within one run of the program.
pub(super) fn fingerprint(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Makes sure that there is a person with this key.
pub(super) fn find(key: &str, directory: &Directory) -> Result<(), Stop> {
    if directory.people.iter().any(|person| person.key == *key) {
        return Ok(());
    }
    if directory.groups.iter().any(|group| group.key == *key) {
        return Err(Stop::usage(format!("`{key}` is a group, and `--on-demand` provisions a person")));
    }
    let stop = Stop::usage(format!("there is nobody with the key `{key}` in the directory"));
    let near = nearest(key, directory.people.iter().map(|person| person.key.as_str()));
    Err(match near {
        Some(near) => stop.hint(format!("did you mean `{near}`?")),
        None => stop,
    })
}

/// The target, or a provider of our own.
pub(super) async fn site(
    args: &SimulateArgs,
    chosen: Option<&Chosen>,
    context: &Context,
) -> Result<Site, Stop> {
    let Some(chosen) = chosen else {
        if args.state.is_some() {
            return Err(Stop::usage("`--state` keeps nothing of use without `--target`")
                .hint("the built-in provider forgets everything when the program ends; `scimulator serve` runs one that stays"));
        }
        let profile = args.profile.as_deref().unwrap_or("interop");
        let site = Site::built_in(profile, crate::cli::serve::defects(&args.defect)?).await?;
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

/// The job: its mapping, its state, its line to the target.
pub(super) fn job(
    args: &SimulateArgs,
    settings: Settings,
    people: &Directory,
    site: &Site,
    context: &Context,
) -> Result<Job, Stop> {
    let mapping = Engine::mapping_of(args.dialect, people).map_err(|error| Stop::usage(error.to_string()))?;
    if let Some(place) =
        settings.matching.iter().find(|place| !mapping.rules().iter().any(|rule| rule.place == **place))
    {
        let stop = Stop::usage(format!("`--match-by {place}` is no attribute that `{}` maps", args.dialect));
        let known: Vec<String> = mapping.rules().iter().map(|rule| rule.place.to_string()).collect();
        return Err(match nearest(&place.to_string(), known.iter().map(String::as_str)) {
            Some(near) => stop.hint(format!("did you mean `{near}`?")),
            None => stop.hint(format!("mapped are {}", known.join(", "))),
        });
    }
    let now = Timestamp::now();
    let (ledger, state) = match &args.state {
        None => (None, State::new(now)),
        Some(path) if args.dry_run => {
            let path = context.directory.join(path);
            (None, ledger::look(&path, args.dialect, site.target.base(), args.restart, now)?)
        }
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
    let keeps = args.shows_requests();
    let line = match (args.dry_run, &site.visit) {
        // Without a target, everything may really happen: the provider is ours.
        (true, _) if site.is_shared() => Line::reading_only(site.target.clone(), keeps),
        (_, visit) => {
            Line::new(site.target.clone(), visit.as_ref().map(|(_, journal)| journal.clone()), keeps)
        }
    };
    Ok(Job::new(engine, line, site.target.secrets().clone(), ledger))
}
