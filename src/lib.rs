//! Scimulator: a SCIM 2.0 conformance tester and identity provider simulator.
//!
//! This is the map of the house. The crate is a library with a thin binary (`src/main.rs`) on top. A room uses only
//! rooms on lower floors, never one above or beside it.
//!
//! | floor | room | what lives there |
//! |---|---|---|
//! | 7 | [`cli`] | the command line: one file a command; the only room that prints |
//! | 6 | [`report`] | the events of a run into terminal, JSON, JUnit, HTML, Markdown, GitHub |
//! | 5 | [`conformance`] | requirement catalogue, checks, readiness, and the proof that the checks find what they claim to find |
//! | 5 | [`simulation`] | an identity provider played against a target, and the target held against the directory |
//! | 5 | [`replay`] | scenarios replayed and held against their snapshots |
//! | 4 | [`scenario`] | scenario files: reading, variables, expectations, execution |
//! | 3 | [`idp`], [`snapshot`] | the directory of an identity provider; transcripts and their golden snapshots |
//! | 2 | [`provider`], [`target`] | the built-in SCIM provider; the HTTP client that every role uses |
//! | 1 | [`exchange`], [`encoding`], [`event`], [`redact`], [`diagnostic`], [`yaml`], [`lint`] | a request and its response as data; how a request line is escaped; what a run says; what may leave the program; how a mistake is shown; YAML with places; what a request says about its client |
//! | 0 | [`protocol`] | SCIM itself: pure, without I/O, clock or async |
//!
//! [`provider`] and [`target`] never see each other: the judging side talks to the built-in provider over a loopback
//! socket, exactly as to a stranger.

pub mod cli;
pub mod conformance;
pub mod diagnostic;
pub mod encoding;
pub mod event;
pub mod exchange;
pub mod idp;
pub mod lint;
pub mod protocol;
pub mod provider;
pub mod redact;
pub mod replay;
pub mod report;
pub mod scenario;
pub mod simulation;
pub mod snapshot;
pub mod target;
pub mod yaml;
