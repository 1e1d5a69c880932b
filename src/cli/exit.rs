//! How a command ends: the exit codes, which scripts rely on, and the message that goes with a refusal.
//!
//! A bug of the program itself is a panic, which ends with Rust's own code 101; it is no part of the contract.

use std::fmt::Display;
use std::process::ExitCode;

use crate::diagnostic::Diagnostic;
use crate::target::refusal::{Refusal, RefusalKind};

/// The exit codes of every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything that was asked for holds.
    Ok = 0,
    /// Judged and found wanting.
    Wanting = 1,
    /// Wrong usage, a broken file, or an output that cannot be written.
    Usage = 2,
    /// Could not judge: the target is unreachable or refuses the credentials.
    NoVerdict = 3,
    /// Nothing was selected.
    NothingSelected = 4,
    /// Interrupted by Ctrl-C or SIGTERM, after cleaning up.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command stops without having done what was asked, and what the user can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The exit code.
    pub exit: Exit,
    /// What is wrong: a fragment or a sentence, without secrets.
    pub message: String,
    /// What to do, one line each.
    pub hints: Vec<String>,
    /// Mistakes in files, shown before the message.
    pub diagnostics: Vec<Diagnostic>,
}

impl Stop {
    fn new(exit: Exit, message: impl Display) -> Self {
        Self { exit, message: message.to_string(), hints: Vec::new(), diagnostics: Vec::new() }
    }

    /// Wrong usage, a broken file, or an output that cannot be written.
    pub fn usage(message: impl Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Files that cannot be used, each mistake at its place.
    pub fn broken(diagnostics: Vec<Diagnostic>) -> Self {
        let number = diagnostics.len();
        let stop = Self::usage(match number {
            1 => "nothing was done because of this mistake".to_owned(),
            _ => format!("nothing was done because of these {number} mistakes"),
        });
        Self { diagnostics, ..stop }
    }

    /// The target cannot be judged.
    pub fn no_verdict(message: impl Display) -> Self {
        Self::new(Exit::NoVerdict, message)
    }

    /// Nothing was selected.
    pub fn nothing_selected(message: impl Display) -> Self {
        Self::new(Exit::NothingSelected, message)
    }

    /// Adds a line that says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        let stop = match refusal.kind {
            RefusalKind::Usage => Self::usage(refusal.message),
            RefusalKind::Broken(mistakes) => Self::broken(mistakes),
            RefusalKind::NoVerdict => Self::no_verdict(refusal.message),
        };
        Self { hints: refusal.hints, ..stop }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_the_contract() {
        let codes =
            [Exit::Ok, Exit::Wanting, Exit::Usage, Exit::NoVerdict, Exit::NothingSelected, Exit::Interrupted]
                .map(|exit| exit as u8);
        assert_eq!(codes, [0, 1, 2, 3, 4, 130]);
    }
}
