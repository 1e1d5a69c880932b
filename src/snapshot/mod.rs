//! Floor 3: transcripts as text, their snapshots, and the difference between the two.
//!
//! A run hands over the redacted exchanges of a scenario as a [`Transcript`]. [`render`] turns them into a
//! [`Document`], in which what differs from run to run is a placeholder. A [`Store`] compares the document with the snapshot and keeps
//! what is pending. The format is described in `docs/snapshots.md`.
//!
//! | module | what lives there |
//! |---|---|
//! | [`transcript`] | from exchanges to a document |
//! | [`message`] | steps and messages as they are shown; their text form, written and read |
//! | [`json`] | JSON as it is shown: pretty, in a stable order |
//! | [`normalise`] | what differs from run to run, and its placeholders |
//! | `substitute` | finding values in texts, however they are encoded |
//! | [`document`] | front matter and body |
//! | [`store`] | snapshot files, pending ones, accept and reject |
//! | [`diff`] | which member of which message changed |

pub mod diff;
pub mod document;
pub mod json;
pub mod message;
pub mod normalise;
pub mod store;
mod substitute;
pub mod transcript;

pub use document::Document;
pub use store::{Comparison, Mode, Store};
pub use transcript::{Transcript, render};
