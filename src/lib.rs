//! Scimulator.
pub mod diagnostic;
pub mod event;
pub mod exchange;
pub mod idp;
pub mod protocol;
pub mod redact;
pub mod target;
pub mod scenario;
pub mod yaml;
