//! Scimulator.
pub mod exchange;
pub mod protocol;
