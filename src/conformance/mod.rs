//! Floor 5: is a target what the RFCs, and the identity providers, want it to be?
//!
//! | module | what lives there |
//! |---|---|
//! | [`catalogue`] | the requirements of the RFCs, the demands of drafts and the habits of identity providers, as data; coverage |
//! | [`check`] | what a check is, and how one is declared |
//! | [`checks`] | the checks, a file a topic |
//! | [`discovery`] | what a target says of itself, read with patience |
//! | [`verdict`] | how a check ends |
//! | [`trial`] | what a check works with: sending, creating, reading back, cleaning up |
//! | [`selection`] | which checks a run is about |
//! | [`runner`] | all of them, side by side |
//! | [`venue`] | where a run takes place |
//! | [`readiness`] | for whom a target is ready |
//! | [`selftest`] | the proof: deliberate bugs, and the checks that find them |
//! | [`baseline`] | findings that are accepted for now |
//!
//! A check knows nothing of options, reports and printing. It talks to the target through its [`trial::Trial`] and ends with a
//! [`verdict::Verdict`].

pub mod baseline;
pub mod catalogue;
pub mod check;
pub mod checks;
pub mod discovery;
pub mod readiness;
pub mod runner;
pub mod selection;
pub mod selftest;
pub mod trial;
pub mod venue;
pub mod verdict;

pub use check::{Audience, Check, Explanation, Level, Need};
