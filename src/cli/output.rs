//! What every command that judges writes, and the exit code that goes with it.

use std::path::Path;

use clap::Args;

use super::context::Context;
use super::env;
use super::exit::{Exit, Stop};
use crate::event::{Kind, Status};
use crate::report::file::{ReportFile, ReportRequest};
use crate::report::provisioning_log::{LogRequest, ProvisioningLog};
use crate::report::terminal::{Detail, Terminal};
use crate::report::{Progress, Reported, Reporter};

/// The options.
#[derive(Debug, Clone, Args)]
pub struct OutputArgs {
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

impl OutputArgs {
    /// How much is told.
    pub fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Quiet,
            (_, true) => Detail::Verbose,
            _ => Detail::Normal,
        }
    }

    /// Opens the reports that were asked for, so that a wrong path is found before anything runs.
    ///
    /// # Errors
    /// A file cannot be written, or two reports go to the same.
    pub fn open(&self, context: &Context) -> Result<Vec<ReportFile>, Stop> {
        let places: Vec<&Path> = self.reports.iter().map(|request| request.path.as_path()).collect();
        if let Some(place) = shared_place(&places) {
            return Err(Stop::usage(format!("two reports go to `{}`", place.display()))
                .hint("give each `--report` a file of its own"));
        }
        let open = |request: &ReportRequest| {
            ReportFile::open(request.clone(), &context.directory).map_err(Stop::usage)
        };
        self.reports.iter().map(open).collect()
    }

    /// The consumers of the events. When a report takes standard output for itself, people read standard error.
    /// `review` names the folders of snapshots that `review` has to be told.
    pub fn reporter(&self, context: &Context, files: Vec<ReportFile>, review: Vec<String>) -> Reporter {
        let stdout_is_free = !self.reports.iter().any(ReportRequest::takes_stdout);
        reporter(context, terminal(context, self.detail(), stdout_is_free).reviewed_in(review), files)
    }
}

/// The option of a command that provisions.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// Write the provisioning log while it grows: csv=FILE or json=FILE, `-` for standard output; may be repeated
    #[arg(
        long = "log",
        value_name = "FORMAT=FILE",
        env = env::PROVISIONING_LOG,
        value_delimiter = '\n',
        help_heading = "Output"
    )]
    logs: Vec<LogRequest>,
}

impl LogArgs {
    /// Opens reports and logs, so that a wrong path is found before anything runs, and makes the consumers of the
    /// events. With `lists_requests` every request has a line.
    ///
    /// # Errors
    /// A file cannot be written, or two of them are the same.
    pub fn reporter(
        &self,
        output: &OutputArgs,
        lists_requests: bool,
        context: &Context,
    ) -> Result<Reporter, Stop> {
        let reports = output.reports.iter().map(|request| request.path.as_path());
        let places: Vec<&Path> = reports.chain(self.logs.iter().map(|log| log.path.as_path())).collect();
        let files = output.open(context)?;
        if let Some(place) = shared_place(&places) {
            return Err(Stop::usage(format!("two outputs go to `{}`", place.display()))
                .hint("give each `--report` and each `--log` a file of its own"));
        }
        let stdout_is_free = !places.contains(&Path::new("-"));
        let create = |request: &LogRequest| {
            let stdout = || Box::new(context.stdout()) as Box<dyn std::io::Write + Send>;
            ProvisioningLog::create(request.clone(), &context.directory, stdout).map_err(Stop::usage)
        };
        let logs: Vec<ProvisioningLog> = self.logs.iter().map(create).collect::<Result<_, Stop>>()?;
        let mut terminal = terminal(context, output.detail(), stdout_is_free);
        if lists_requests {
            terminal = terminal.listing_requests();
        }
        Ok(reporter(context, terminal, files).with_logs(logs))
    }
}

/// The options that decide what is looked at and what counts, as reports tell them. Credentials are never among them.
#[derive(Debug, Default)]
pub struct Options(Vec<String>);

impl Options {
    /// An option with values, separated by commas; nothing where there are none.
    pub fn list<T: std::fmt::Display>(&mut self, name: &str, values: &[T]) {
        if !values.is_empty() {
            let values: Vec<String> = values.iter().map(T::to_string).collect();
            self.0.push(format!("{name} {}", values.join(",")));
        }
    }

    /// A switch, where it is on.
    pub fn flag(&mut self, name: &str, is_on: bool) {
        if is_on {
            self.0.push(name.to_owned());
        }
    }

    /// An option with the path of a file or folder, where it was given.
    pub fn path(&mut self, name: &str, path: Option<&Path>) {
        if let Some(path) = path {
            self.0.push(format!("{name} {}", path.display()));
        }
    }
}

impl From<Options> for Vec<String> {
    fn from(options: Options) -> Self {
        options.0
    }
}

/// Where more than one output would be written to.
fn shared_place<'p>(paths: &[&'p Path]) -> Option<&'p Path> {
    paths.iter().enumerate().find(|(index, path)| paths[..*index].contains(path)).map(|(_, path)| *path)
}

/// What people read. When a report takes standard output for itself, they read standard error.
fn terminal(context: &Context, detail: Detail, stdout_is_free: bool) -> Terminal {
    let (out, colour): (Box<dyn std::io::Write + Send>, _) = match stdout_is_free {
        true => (Box::new(context.stdout()), context.stdout_colour),
        false => (Box::new(context.stderr()), context.stderr_colour),
    };
    let progress = match context.stderr_is_terminal && !context.ci && detail != Detail::Quiet {
        true => Progress::bar(),
        false => Progress::none(),
    };
    let colour = colour != anstream::ColorChoice::Never;
    Terminal::new(out, Box::new(context.stderr()), colour, detail, progress)
}

/// The consumers of the events.
fn reporter(context: &Context, terminal: Terminal, files: Vec<ReportFile>) -> Reporter {
    let github = context.github.as_ref().map(|github| github.step_summary.clone());
    Reporter::new(terminal, files, github)
}

/// What makes a run end with [`Exit::Wanting`] besides failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// A warning
    Warn,
    /// Somebody that `--for` names for whom the target is not ready
    NotReady,
}

/// The exit code that the findings ask for. What was found wanting outweighs what could not be judged.
fn verdict(reported: &Reported, fail_on: &[FailOn]) -> Exit {
    let run = &reported.run;
    let tally = &run.tally;
    let is_wanting = |what: &FailOn| match what {
        FailOn::Warn => run.unaccepted(Status::Warn) > 0,
        FailOn::NotReady => run.readiness.iter().any(|row| !row.blockers.is_empty()),
    };
    // Nothing was judged, which must not look like a pass.
    let is_idle = run.kind == Kind::Check && tally.of(Status::Skip) == tally.total();
    let is_undecided = fail_on.contains(&FailOn::NotReady) && !run.readiness.iter().all(|row| row.ready);
    let is_open = tally.of(Status::Error) + tally.of(Status::Blocked) > 0 || is_idle || is_undecided;
    if run.incomplete {
        Exit::Interrupted
    } else if run.unaccepted(Status::Fail) > 0 || fail_on.iter().any(is_wanting) {
        Exit::Wanting
    } else if is_open {
        Exit::NoVerdict
    } else {
        Exit::Ok
    }
}

/// Runs a command that talks to a network.
///
/// # Errors
/// The threads cannot be started, or those of the command.
pub fn on_threads(command: impl Future<Output = Result<Exit, Stop>>) -> Result<Exit, Stop> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Stop::usage(format!("the network threads cannot be started: {error}")))?;
    let result = runtime.block_on(command);
    // What still runs was interrupted; nobody waits for it.
    runtime.shutdown_background();
    result
}

/// What is said when the user does not wait for the clean-up.
pub fn cut_short() -> Vec<String> {
    vec!["the clean-up was interrupted; the journals in `.scimulator` tell what is left".to_owned()]
}

/// Tells what could not be written and returns the exit code.
pub fn end(reported: &Reported, fail_on: &[FailOn], context: &Context) -> Exit {
    let verdict = verdict(reported, fail_on);
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
    use crate::event::{Readiness, Tally};
    use crate::report::collected::Collected;

    #[derive(Debug, clap::Parser)]
    struct Command {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        log: LogArgs,
    }

    #[test]
    fn reports_and_logs_need_files_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let context = super::super::context::tests::context_in(folder.path());
        let reporter = |line: &str| {
            let words = ["x"].into_iter().chain(line.split(' '));
            let command =
                <Command as clap::Parser>::try_parse_from(words).map_err(|error| error.to_string())?;
            let made = command.log.reporter(&command.output, false, &context);
            made.map(drop).map_err(|stop| stop.message)
        };
        assert_eq!(reporter("--report json=a.json --log csv=a.csv --log json=b.json"), Ok(()));
        let kept: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(kept.len(), 2, "the log is there at once, the report at the end: {kept:?}");
        assert_eq!(reporter("--report json=a --log csv=a"), Err("two outputs go to `a`".to_owned()));
        assert!(reporter("--log csv=no/a.csv").unwrap_err().contains("its folder does not exist"));
        assert!(reporter("--log xml=a").unwrap_err().contains("known are `csv` and `json`"));
    }

    #[test]
    fn what_is_found_wanting_outweighs_what_could_not_be_judged() {
        let judged = |statuses: &[Status], incomplete: bool, readiness: &[Readiness], fail_on: &[FailOn]| {
            let mut tally = Tally::default();
            statuses.iter().for_each(|status| tally.add(*status));
            let readiness = readiness.to_vec();
            let run = Collected { tally, incomplete, readiness, ..Collected::new() };
            verdict(&Reported { run, problems: Vec::new() }, fail_on)
        };
        let exit = |statuses: &[Status], incomplete: bool| judged(statuses, incomplete, &[], &[]);
        assert_eq!(exit(&[Status::Pass, Status::Skip], false), Exit::Ok);
        assert_eq!(exit(&[Status::Pass, Status::Error], false), Exit::NoVerdict);
        assert_eq!(exit(&[Status::Error, Status::Fail], false), Exit::Wanting);
        assert_eq!(exit(&[Status::Fail], true), Exit::Interrupted);
        let warned = [Status::Pass, Status::Warn];
        assert_eq!(exit(&warned, false), Exit::Ok);
        assert_eq!(judged(&warned, false, &[], &[FailOn::Warn]), Exit::Wanting);
        let ready = Readiness {
            audience: "okta".into(),
            ready: true,
            blockers: Vec::new(),
            undecided: Vec::new(),
            judged: 1,
        };
        let not = Readiness { ready: false, blockers: vec!["a.b".into()], ..ready.clone() };
        let open = Readiness { ready: false, undecided: vec!["a.b".into()], ..ready.clone() };
        let with = |row: &Readiness, fail_on: &[FailOn]| {
            judged(&warned, false, &[ready.clone(), row.clone()], fail_on)
        };
        assert_eq!(with(&not, &[]), Exit::Ok);
        assert_eq!(with(&ready, &[FailOn::NotReady]), Exit::Ok);
        assert_eq!(with(&not, &[FailOn::NotReady]), Exit::Wanting);
        assert_eq!(with(&open, &[FailOn::NotReady]), Exit::NoVerdict);
    }
}
