//! Deactivating, reactivating, coming back: what happens to people.

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
