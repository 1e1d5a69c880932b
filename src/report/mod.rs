//! Floor 6: the events of a run become text.
//!
//! [`Reporter`] takes the one stream of events and hands it to all consumers: [`terminal`] writes for people as it
//! goes, [`collected`] keeps everything, and at the end the report files and `github` are rendered from that. They
//! compute nothing of their own, so that no two can disagree. A new format is one file here and one line in [`mod@file`].
//!
//! | module | what lives there |
//! |---|---|
//! | [`terminal`] | lines, failures in full, the summary |
//! | `progress` | the bar on a terminal |
//! | `message` | an exchange as HTTP |
//! | `curl` | a request as a line that sends it again |
//! | `evidence` | what is known of a finding: its rules, who stumbles, the fix |
//! | `order` | which finding is read first |
//! | [`collected`] | the run once it is over |
//! | [`provisioning`] | a simulation in numbers |
//! | [`provisioning_log`] | `--log FORMAT=FILE` |
//! | [`json`], [`junit`], `markdown`, `html` | report files |
//! | `github` | annotations and the step summary of GitHub Actions |
//! | [`mod@file`] | `--report FORMAT=FILE` |
//! | [`document`], [`merge`], [`diff`] | JSON reports that are read again: joined, or compared |
//! | [`lint`] | what is said of a client, for `serve --lint` |
//! | `words` | phrases that several of them say |

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use crate::event::{Event, Observer};

pub mod collected;
mod curl;
pub mod diff;
pub mod document;
mod evidence;
pub mod file;
mod github;
mod html;
pub mod json;
pub mod junit;
pub mod lint;
mod markdown;
pub mod merge;
mod message;
mod order;
mod progress;
pub mod provisioning;
pub mod provisioning_log;
#[cfg(test)]
pub(crate) mod samples;
pub mod terminal;
mod words;

use collected::Collected;
use file::{ReportError, ReportFile};
pub use progress::Progress;
use provisioning_log::ProvisioningLog;
use terminal::Terminal;

/// Hands events to every consumer.
pub struct Reporter {
    terminal: Terminal,
    collected: Collected,
    files: Vec<ReportFile>,
    logs: Vec<ProvisioningLog>,
    github: Option<Option<PathBuf>>,
}

/// What is left when all is written.
pub struct Reported {
    /// The run.
    pub run: Collected,
    /// Reports and logs, standard output among them, that could not be written: one sentence each.
    pub problems: Vec<String>,
}

impl Reporter {
    /// `github` is there in a job of GitHub Actions, with the file that takes the summary of the step.
    pub fn new(terminal: Terminal, files: Vec<ReportFile>, github: Option<Option<PathBuf>>) -> Self {
        Self { terminal, collected: Collected::new(), files, logs: Vec::new(), github }
    }

    /// Writes these provisioning logs as well, while the run goes on.
    #[must_use]
    pub fn with_logs(mut self, logs: Vec<ProvisioningLog>) -> Self {
        self.logs = logs;
        self
    }

    /// Writes the reports. `stdout` is where the report `FORMAT=-` goes.
    pub fn finish(mut self, stdout: &mut dyn Write) -> Reported {
        self.collected.sort();
        if let Some(summary) = &self.github {
            self.terminal.write(&github::annotations(&self.collected));
            if let Some(path) = summary
                && let Err(error) = append(path, &github::summary(&self.collected))
            {
                let path = path.display().to_string();
                let error = ReportError { path, reason: error.to_string() };
                self.terminal.observe(&Event::Notice(error.to_string()));
            }
        }
        let failed = self.files.into_iter().filter_map(|file| file.write(&self.collected, stdout).err());
        let mut problems: Vec<String> = failed.map(|error| error.to_string()).collect();
        problems.extend(
            self.logs.into_iter().filter_map(|log| log.finish().err()).map(|error| error.to_string()),
        );
        problems
            .extend(self.terminal.error().map(|error| format!("cannot write to standard output: {error}")));
        Reported { run: self.collected, problems }
    }
}

impl Observer for Reporter {
    fn observe(&mut self, event: &Event) {
        self.terminal.observe(event);
        self.collected.observe(event);
        self.logs.iter_mut().for_each(|log| log.observe(event));
    }
}

fn append(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    File::options().create(true).append(true).open(path)?.write_all(text.as_bytes())
}
