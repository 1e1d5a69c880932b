//! Why a run ends before it begins: the target cannot be judged, or the options do not fit.

use crate::diagnostic::Diagnostic;

/// Why nothing can be judged.
#[derive(Debug)]
pub struct Refusal {
    /// What kind of reason.
    pub kind: RefusalKind,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub hints: Vec<String>,
}

/// What kind of reason.
#[derive(Debug)]
pub enum RefusalKind {
    /// The options or the files do not fit.
    Usage,
    /// A file is broken, at these places.
    Broken(Vec<Diagnostic>),
    /// The target is unreachable or refuses the credentials.
    NoVerdict,
}

impl Refusal {
    /// The options do not fit.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { kind: RefusalKind::Usage, message: message.into(), hints: Vec::new() }
    }

    /// The target cannot be judged.
    pub fn no_verdict(message: impl Into<String>) -> Self {
        Self { kind: RefusalKind::NoVerdict, message: message.into(), hints: Vec::new() }
    }

    /// A file is broken.
    pub fn broken(mistakes: Vec<Diagnostic>) -> Self {
        Self { kind: RefusalKind::Broken(mistakes), message: String::new(), hints: Vec::new() }
    }

    /// Adds a line that says what to do.
    #[must_use]
    pub fn hint(mut self, hint: &str) -> Self {
        self.hints.push(hint.to_owned());
        self
    }
}
