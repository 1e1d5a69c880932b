//! The lint from outside: `serve --lint` as a user meets it, the literal scenarios as clients, and the catalogue.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod catalogue;
mod dialects;
mod rows;
mod scenarios;
mod serve;
