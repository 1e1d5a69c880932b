//! Floor 5: scenarios replayed and held against their snapshots.
//!
//! | module | what lives there |
//! |---|---|
//! | `case` | one transcript to be made: a scenario as one dialect |
//! | [`stage`] | where cases are played: built-in providers, or a target that others use too |
//! | `play` | one case from its first request to its finding |
//! | [`mod@drive`] | all cases, side by side |
//!
//! It joins [`crate::scenario`] (what to send and to expect), [`crate::target`] (sending), [`crate::snapshot`] (what came
//! last time) and [`crate::provider`] (something to send to), and tells what happens as [`crate::event`]s. Options, exit codes and
//! printing are the business of the floors above.

mod case;
pub mod drive;
mod play;
pub mod stage;

pub use case::Case;
pub use drive::{Driven, Plan, drive};
pub use stage::Stage;
