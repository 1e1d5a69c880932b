//! The progress bar of a run on a terminal: how far it is, how it goes, and what is being played; of a simulation also
//! how fast it goes and how long it takes still.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::words;
use crate::event::{Finding, Item, Tally};

/// Names of running items that are shown; the rest is counted.
const SHOWN: usize = 3;

/// A progress bar on standard error, or nothing.
pub struct Progress {
    bar: Option<ProgressBar>,
    running: Vec<Arc<Item>>,
    tally: Tally,
    known: Tally,
}

impl Progress {
    /// No bar: standard error is no terminal, this is a CI job, or little is to be told.
    pub fn none() -> Self {
        Self { bar: None, running: Vec::new(), tally: Tally::default(), known: Tally::default() }
    }

    /// A bar on standard error.
    pub fn bar() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let template = "{bar:24.green/dim} {pos}/{len} {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        Self { bar: Some(bar), ..Self::none() }
    }

    /// Shows the bar with the number of items that are planned.
    pub fn start(&mut self, planned: usize) {
        if let Some(bar) = &self.bar {
            bar.set_length(planned as u64);
            bar.enable_steady_tick(Duration::from_millis(100));
        }
    }

    /// An item begins.
    pub fn started(&mut self, item: &Arc<Item>) {
        self.running.push(Arc::clone(item));
        self.refresh();
    }

    /// An item ended.
    pub fn finished(&mut self, finding: &Finding) {
        self.running.retain(|running| running.id != finding.item.id);
        self.tally.add(finding.status);
        if finding.known.is_some() {
            self.known.add(finding.status);
        }
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        self.refresh();
    }

    /// A part of a simulation begins, with so many objects: the bar starts anew.
    pub fn phase(&mut self, objects: usize) {
        let Some(bar) = &self.bar else { return };
        let template = "{bar:24.green/dim} {human_pos}/{human_len} {pace} {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            let pace = |state: &ProgressState, to: &mut dyn fmt::Write| {
                let _ = to.write_str(&pace(state.per_sec(), state.eta()));
            };
            bar.set_style(style.progress_chars("━╸─").with_key("pace", pace));
        }
        bar.reset();
        bar.set_length(objects as u64);
    }

    /// One object of a simulation is done with.
    pub fn step(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// What stands beside the bar of a simulation.
    pub fn say(&self, text: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_message(text());
        }
    }

    /// Takes the bar away while something is printed, and draws it again below.
    pub fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        match &self.bar {
            Some(bar) if !bar.is_finished() => bar.suspend(print),
            _ => print(),
        }
    }

    /// Takes the bar away for good.
    pub fn end(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn refresh(&self) {
        if let Some(bar) = &self.bar {
            bar.set_message(state(&self.tally, &self.known, &self.running));
        }
    }
}

/// `11 passed, 1 failed: a, b, c and 2 more`
fn state(tally: &Tally, known: &Tally, running: &[Arc<Item>]) -> String {
    let counts: Vec<String> = words::counts(tally, known).into_iter().map(|(_, words)| words).collect();
    let names: Vec<&str> = running.iter().take(SHOWN).map(|item| item.id.as_str()).collect();
    let more = match running.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let separator = if names.is_empty() { "" } else { ": " };
    format!("{}{separator}{}{more}", counts.join(", "), names.join(", "))
}

/// `388/s, 2 min 5 s left`
fn pace(a_second: f64, left: Duration) -> String {
    match a_second > 0.0 {
        true => format!("{}, {} left", words::rate(a_second), words::left(left)),
        false => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Status;

    #[test]
    fn the_pace_is_said_once_there_is_one() {
        assert_eq!(pace(0.0, Duration::ZERO), "");
        assert_eq!(pace(387.6, Duration::from_millis(125_900)), "388/s, 2 min 5 s left");
        assert_eq!(pace(2.25, Duration::from_millis(9_900)), "2.2/s, 9 s left");
    }

    #[test]
    fn the_state_names_what_runs_and_counts_the_rest() {
        let item = |id: &str| {
            Arc::new(Item {
                id: id.into(),
                title: String::new(),
                topic: String::new(),
                level: None,
                requirements: Vec::new(),
                breaks: Vec::new(),
                file: None,
            })
        };
        let mut tally = Tally::default();
        let known = Tally::default();
        assert_eq!(state(&tally, &known, &[]), "0 passed");
        tally.add(Status::Fail);
        let running = ["a", "b", "c", "d", "e"].map(item);
        assert_eq!(state(&tally, &known, &running), "0 passed, 1 failed: a, b, c and 2 more");
    }
}
