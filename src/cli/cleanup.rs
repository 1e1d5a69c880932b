//! `cleanup`: deletes what interrupted runs left on a target, from their journals.

use std::path::{Path, PathBuf};

use clap::Args;

use super::context::Context;
use super::env;
use super::exit::{Exit, Stop};
use super::target_options::{Chosen, TargetArgs};
use crate::target::Target;
use crate::target::cleanup::delete_pending;
use crate::target::journal::{Journal, Leftover, Pending};
use crate::target::visit::{JOURNALS, abandoned, probe, refused};

/// `cleanup`
#[derive(Debug, Args)]
pub struct CleanupArgs {
    /// Delete the journals instead, of this target or of all: what is left stays there. For targets that are gone
    #[arg(long, env = env::FORGET, value_parser = clap::builder::FalseyValueParser::new())]
    forget: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// Runs the command. Without a target it tells what is left.
pub fn run(args: CleanupArgs, context: &Context) -> Exit {
    let result = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::usage(format!("the network cannot be used: {error}")))
        .and_then(|runtime| runtime.block_on(perform(args, context)));
    result.unwrap_or_else(|stop| context.refuse(&stop))
}

async fn perform(args: CleanupArgs, context: &Context) -> Result<Exit, Stop> {
    let folder = context.directory.join(JOURNALS);
    let journals = abandoned(&folder);
    if journals.is_empty() {
        context.print("nothing is left: there is no journal of an interrupted run\n")?;
        return Ok(Exit::Ok);
    }
    let chosen = args.target.choose(context)?;
    if args.forget {
        let base = match chosen {
            Some(chosen) => Some(connect(&chosen)?.base().to_owned()),
            None => None,
        };
        return forget(&journals, base.as_deref(), context);
    }
    let Some(chosen) = chosen else { return tell(&journals, context) };
    let target = connect(&chosen)?;
    probe(&target, "/ServiceProviderConfig").await?;
    let mut is_clean = true;
    for path in &journals {
        let shown = context.shown(path);
        let journal = open(path, context)?;
        if journal.base() != target.base() {
            context.say(&format!(
                "`{shown}` is about {}, which is another target than {}",
                journal.base(),
                target.base()
            ));
            is_clean = false;
            continue;
        }
        let report = delete_pending(&target, &journal).await;
        let text = |text: &str| target.secrets().text(text).into_inner();
        for path in &report.deleted {
            context.print(&format!("deleted {}\n", text(path)))?;
        }
        for what in &report.gone {
            context.print(&format!("gone already: {}\n", text(what)))?;
        }
        for (what, problem) in &report.failed {
            context.print(&format!("NOT deleted: {}: {}\n", text(what), text(problem)))?;
        }
        if report.is_refused {
            return Err(refused(&target, "/Users", 401).into());
        }
        let is_finished = journal
            .finish()
            .map_err(|error| Stop::usage(format!("the journal `{shown}` cannot be removed: {error}")))?;
        is_clean &= is_finished;
    }
    // It stays where something is left.
    let _ = std::fs::remove_dir(&folder);
    Ok(if is_clean { Exit::Ok } else { Exit::Wanting })
}

fn connect(chosen: &Chosen) -> Result<Target, Stop> {
    Target::connect(chosen.config()?).map_err(|error| Stop::usage(error.to_string()))
}

/// Deletes journals, those of one target or all.
fn forget(journals: &[PathBuf], base: Option<&str>, context: &Context) -> Result<Exit, Stop> {
    for path in journals {
        let shown = context.shown(path);
        let left = leftover(path, context)?;
        if base.is_some_and(|base| base != left.base) {
            continue;
        }
        std::fs::remove_file(path)
            .map_err(|error| Stop::usage(format!("the journal `{shown}` cannot be removed: {error}")))?;
        context.print(&format!("forgotten: {} left on {}\n", left.pending.len(), left.base))?;
    }
    let _ = std::fs::remove_dir(context.directory.join(JOURNALS));
    Ok(Exit::Ok)
}

fn open(path: &Path, context: &Context) -> Result<Journal, Stop> {
    Journal::open(path).map_err(|error| unreadable(path, &error, context))
}

fn leftover(path: &Path, context: &Context) -> Result<Leftover, Stop> {
    Journal::leftover(path).map_err(|error| unreadable(path, &error, context))
}

fn unreadable(path: &Path, error: &std::io::Error, context: &Context) -> Stop {
    Stop::usage(format!("the journal `{}` cannot be read: {error}", context.shown(path)))
}

/// Says what is left, and on which targets.
fn tell(journals: &[PathBuf], context: &Context) -> Result<Exit, Stop> {
    let mut bases: Vec<String> = Vec::new();
    let mut is_clean = true;
    for path in journals {
        let left = leftover(path, context)?;
        context.print(&format!("{} on {}:\n", context.shown(path), left.base))?;
        for pending in &left.pending {
            is_clean = false;
            context.print(&match pending {
                Pending::Created(path) => format!("  {path}\n"),
                Pending::Unsettled { path, name } => format!("  perhaps `{name}` in {path}\n"),
            })?;
        }
        if !bases.contains(&left.base) {
            bases.push(left.base);
        }
    }
    if is_clean {
        return Ok(Exit::Ok);
    }
    for base in bases {
        context.say(&format!(
            "to delete it: scimulator cleanup --target {base}, with the credentials of that target"
        ));
    }
    Ok(Exit::Wanting)
}
