//! Floor 4: scenario files. docs/scenarios.md is the contract of the format.
//!
//! A [`Scenario`] is read with [`load`], which reports every mistake of a file at its place, and played with
//! [`execute::play`]. Reading does all the I/O there is; a scenario that was read is complete by itself.
//!
//! | module | what lives there |
//! |---|---|
//! | [`action`] | what happens on the side of the identity provider |
//! | `decode` | from the YAML tree to the types below |
//! | [`template`], [`tree`] | `{{ variables }}` in text and in JSON |
//! | `scope` | which variables are defined where, as far as the file tells |
//! | [`encode`] | request lines, from what people write to what is sent |
//! | [`matcher`] | expectations |
//! | [`execute`] | playing |
//! | [`capability`] | what a scenario needs of its target |

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::diagnostic::{Diagnostic, SourceFile, nearest};
use crate::encoding::Encoding;
use crate::idp::Dialect;
use crate::idp::directory::Directory;
use crate::yaml::Span;

pub mod action;
pub mod capability;
mod decode;
pub mod encode;
pub mod execute;
pub mod matcher;
mod scope;
pub mod template;
pub mod tree;

pub use decode::{ReadFile, load};

pub use action::IdpStep;
use capability::Capability;
use matcher::Expectation;
use template::Template;
use tree::Tree;

/// The JSON Schema of scenario files, for editors and other tools.
pub const JSON_SCHEMA: &str = include_str!("scenario.schema.json");

/// The profile of the built-in provider where a scenario names none.
pub const DEFAULT_PROFILE: &str = "rfc";

/// A scenario, read and checked.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Path of the file below the root of the scenarios, without extension, with `/` on every system.
    pub id: String,
    /// The file.
    pub source: Arc<SourceFile>,
    /// `scenario`: the title.
    pub title: String,
    /// `about`: why it exists.
    pub about: Option<String>,
    /// `as`: the dialects whose traffic it is; none for plain RFC traffic.
    pub dialects: Vec<Dialect>,
    /// `tags`.
    pub tags: Vec<String>,
    /// `needs`.
    pub needs: Vec<Capability>,
    /// `profile`, or [`DEFAULT_PROFILE`].
    pub profile: String,
    /// Where the profile is named, to point at it when there is none of that name.
    pub profile_span: Option<Span>,
    /// `directory`, read.
    pub directory: Directory,
    /// `vars`, in order.
    pub vars: Vec<(String, Tree)>,
    /// `headers`.
    pub headers: Vec<HeaderRule>,
    /// `encoding`.
    pub encoding: Encoding,
    /// `steps`, never empty.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// Whether an identity provider acts in it.
    pub fn has_idp(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Idp(_)))
    }
}

/// One step.
#[derive(Debug, Clone)]
pub enum Step {
    /// One literal request.
    Request(Box<RequestStep>),
    /// What happens on the side of the identity provider, said in the words of a dialect when it is played.
    Idp(Box<IdpStep>),
}

impl Step {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Request(step) => &step.name,
            Self::Idp(step) => &step.name,
        }
    }

    /// Whether it only sets the scene; where it fails, nothing is said about what the scenario is about.
    pub fn prepares(&self) -> bool {
        match self {
            Self::Request(step) => step.prepares,
            Self::Idp(step) => step.prepares,
        }
    }
}

/// One literal request.
#[derive(Debug, Clone)]
pub struct RequestStep {
    /// `name`, or the request line as written.
    pub name: String,
    /// The method.
    pub method: String,
    /// Path and query as the author wrote them.
    pub target: Template,
    /// Where the request line stands.
    pub request_span: Span,
    /// `headers`: changes to those of the file.
    pub headers: Vec<HeaderRule>,
    /// `auth`.
    pub auth: StepAuth,
    /// `encoding`, where the step has its own.
    pub encoding: Option<Encoding>,
    /// `body`, `text` or `file`.
    pub body: Body,
    /// `expect`.
    pub expect: Expectation,
    /// `save`, in order.
    pub save: Vec<Save>,
    /// `repeat`: how often it is played.
    pub repeat: Option<u32>,
    /// `until`.
    pub until: Option<Until>,
    /// `prepares`: it only sets the scene; where it fails, nothing is said about what the scenario is about.
    pub prepares: bool,
}

/// A header field to send, or to leave out.
#[derive(Debug, Clone)]
pub struct HeaderRule {
    /// Name of the field.
    pub name: String,
    /// Its value; `None` leaves it out.
    pub value: Option<Template>,
    /// Where the value stands.
    pub span: Span,
}

/// Whose credentials go with a step.
#[derive(Debug, Clone)]
pub enum StepAuth {
    /// Those of the target.
    Target,
    /// None at all.
    None,
    /// This bearer token.
    Bearer(Template),
}

/// What a step sends.
#[derive(Debug, Clone)]
pub enum Body {
    /// Nothing.
    Nothing,
    /// JSON.
    Json(Tree),
    /// Text.
    Text(Template),
    /// The text of a file, with variables.
    TextFile(Template, Arc<SourceFile>),
    /// The bytes of a file that is not UTF-8.
    Bytes(Bytes),
}

/// A variable from an answer.
#[derive(Debug, Clone)]
pub struct Save {
    /// Name of the variable.
    pub name: String,
    /// Where in the answer it is.
    pub from: SaveFrom,
    /// Where the source is named.
    pub span: Span,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveFrom {
    /// Reference tokens of a JSON Pointer (RFC 6901) into the body, unescaped.
    Body(Vec<String>),
    /// A header field.
    Header(String),
}

/// Play a step again until its answer fits.
#[derive(Debug, Clone)]
pub struct Until {
    /// What the answer must be like.
    pub expect: Expectation,
    /// At most so often.
    pub attempts: u32,
    /// Wait so long between two attempts.
    pub pause: Duration,
}

impl Scenario {
    /// The folder of a scenario id, for groups in reports.
    pub fn folder(&self) -> &str {
        self.id.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The mistake of naming a profile that the built-in provider does not have.
    pub fn unknown_profile(&self, known: &[&str]) -> Option<Diagnostic> {
        let span = self.profile_span.clone()?;
        if known.contains(&self.profile.as_str()) {
            return None;
        }
        let near = nearest(&self.profile, known.iter().copied());
        let title = format!("there is no profile `{}`", self.profile);
        let mut diagnostic = Diagnostic::error(title).at(&self.source, span, "not known");
        diagnostic.help.extend(near.map(|near| format!("did you mean `{near}`?")));
        let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        Some(diagnostic.with_note(format!("known are {}", all.join(", "))))
    }
}

/// The id of a scenario file: its path below `root` without extension.
pub fn id_of(path: &Path, root: &Path) -> String {
    let below: PathBuf = path.strip_prefix(root).unwrap_or(path).with_extension("");
    let parts: Vec<String> =
        below.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    parts.join("/")
}

#[cfg(test)]
mod schema_tests;
