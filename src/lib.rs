//! Scimulator.
pub mod diagnostic;
pub mod exchange;
pub mod protocol;
pub mod redact;
pub mod yaml;
