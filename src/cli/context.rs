//! The outside world, read once at the top and handed down: environment, terminal, working directory.
//!
//! Only `cli` prints, and it prints through here. Standard output is for what was asked for, standard error for talk.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use jiff::civil::Date;

use super::env;
use super::exit::{Exit, Stop};

/// Reads one environment variable. The context takes it as a function, so that tests need not change their process.
type Variable<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// What the program knows of the world around it.
#[derive(Debug, Clone)]
pub struct Context {
    /// The date, where the user is.
    pub today: Date,
    /// The working directory; relative paths are shown relative to it.
    pub directory: PathBuf,
    /// Whether a person sees standard output as it is written.
    pub stdout_is_terminal: bool,
    /// Whether a person sees standard error as it is written.
    pub stderr_is_terminal: bool,
    /// Whether a person can answer.
    pub stdin_is_terminal: bool,
    /// Whether this is a CI job (`CI`): nothing but what was asked for is written.
    pub ci: bool,
    /// What GitHub Actions offers, when this is one of its jobs.
    pub github: Option<GitHub>,
    /// What to log (`SCIMULATOR_LOG`), where it is set.
    pub log: Option<String>,
    /// Columns of the terminal, 80 where there is none.
    pub width: usize,
    /// Colours on standard output.
    pub stdout_colour: ColorChoice,
    /// Colours on standard error.
    pub stderr_colour: ColorChoice,
}

/// What a GitHub Actions job offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitHub {
    /// File that takes a Markdown summary of the step.
    pub step_summary: Option<PathBuf>,
}

/// The user's wish about colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Context {
    /// Reads the world.
    ///
    /// # Errors
    /// The working directory does not exist any more.
    pub fn read(colour: Colour) -> Result<Self, Stop> {
        let variable = |name: &str| std::env::var_os(name);
        let directory = std::env::current_dir()
            .map_err(|error| Stop::usage(format!("the working directory cannot be read: {error}")))?;
        Ok(Self {
            today: jiff::Zoned::now().date(),
            directory,
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal(),
            stdin_is_terminal: io::stdin().is_terminal(),
            ci: is_on(&variable, env::CI),
            github: is_on(&variable, env::GITHUB_ACTIONS).then(|| GitHub {
                step_summary: variable(env::GITHUB_STEP_SUMMARY)
                    .filter(|path| !path.is_empty())
                    .map(PathBuf::from),
            }),
            log: variable(env::LOG).and_then(|value| value.into_string().ok()),
            width: console::Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns)),
            stdout_colour: choose(colour, AutoStream::choice(&io::stdout())),
            stderr_colour: choose(colour, AutoStream::choice(&io::stderr())),
        })
    }

    /// Standard output. Styles may always be written; they are taken out where they are not wanted.
    pub fn stdout(&self) -> AutoStream<io::Stdout> {
        AutoStream::new(io::stdout(), self.stdout_colour)
    }

    /// Standard error, likewise.
    pub fn stderr(&self) -> AutoStream<io::Stderr> {
        AutoStream::new(io::stderr(), self.stderr_colour)
    }

    /// Writes what was asked for to standard output. That nobody reads it any more (`| head`) is no mistake.
    ///
    /// # Errors
    /// It cannot be written, because the disk is full for instance.
    pub fn print(&self, text: &str) -> Result<(), Stop> {
        let mut out = self.stdout();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(stdout_failed(&error)),
            _ => Ok(()),
        }
    }

    /// Writes one line of talk to standard error; it is lost when nobody listens.
    pub fn say(&self, line: &str) {
        let _ = writeln!(self.stderr(), "{line}");
    }

    /// Says why a command stops and returns its exit code.
    pub fn refuse(&self, stop: &Stop) -> Exit {
        let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        let cyan = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
        for diagnostic in &stop.diagnostics {
            self.say(&format!("{}\n", diagnostic.render(self.stderr_colour != ColorChoice::Never)));
        }
        self.say(&format!("{red}error{red:#}: {}", stop.message));
        for hint in &stop.hints {
            self.say(&format!("  {cyan}hint{cyan:#}: {hint}"));
        }
        stop.exit
    }

    /// A path as it is shown: relative to the working directory where it is below it, with forward slashes.
    pub fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.directory).unwrap_or(path);
        let path = path.strip_prefix(".").unwrap_or(path);
        path.display().to_string().replace(std::path::MAIN_SEPARATOR, "/")
    }
}

/// The refusal that goes with a standard output that takes no more.
pub fn stdout_failed(error: &io::Error) -> Stop {
    Stop::usage(format!("cannot write to standard output: {error}"))
}

fn choose(wish: Colour, auto: ColorChoice) -> ColorChoice {
    match wish {
        Colour::Auto => auto,
        Colour::Always => ColorChoice::Always,
        Colour::Never => ColorChoice::Never,
    }
}

/// Whether a variable is set to something that means yes.
fn is_on(variable: Variable<'_>, name: &str) -> bool {
    variable(name).is_some_and(|value| !matches!(value.to_str(), Some("" | "0" | "false")))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A world without terminal, colours and CI, in this folder.
    pub(crate) fn context_in(directory: &Path) -> Context {
        Context {
            today: jiff::civil::date(2026, 12, 1),
            directory: directory.to_owned(),
            stdout_is_terminal: false,
            stderr_is_terminal: false,
            stdin_is_terminal: false,
            ci: false,
            github: None,
            log: None,
            width: 80,
            stdout_colour: ColorChoice::Never,
            stderr_colour: ColorChoice::Never,
        }
    }

    #[test]
    fn a_variable_is_on_unless_it_is_empty_or_says_no() {
        let on = |value: Option<&str>| is_on(&|_| value.map(OsString::from), "CI");
        assert!(on(Some("true")) && on(Some("1")) && on(Some("woodpecker")));
        assert!(!on(None) && !on(Some("")) && !on(Some("0")) && !on(Some("false")));
    }
}
