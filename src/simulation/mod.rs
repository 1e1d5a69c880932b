//! Floor 5: an identity provider is played against a target, and the target is held against the directory.
//!
//! A [`Job`](drive::Job) tests the connection, runs cycles of the [engine](crate::idp::engine) and ends with a comparison, person
//! by person and attribute by attribute. All of it is told as events.
//!
//! | module | what lives there |
//! |---|---|
//! | [`site`] | where it takes place |
//! | [`drive`] | a job from its connection test to its comparison |
//! | [`mod@line`] | the wire of the engine over a target: latencies, dry runs |
//! | [`ledger`] | the state file |

pub mod drive;
pub mod ledger;
pub mod line;
pub mod site;
