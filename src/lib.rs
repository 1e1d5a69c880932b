//! Scimulator.
pub mod cli;
pub mod diagnostic;
pub mod event;
pub mod exchange;
pub mod idp;
pub mod protocol;
pub mod provider;
pub mod redact;
pub mod report;
pub mod scenario;
pub mod snapshot;
pub mod target;
pub mod yaml;
