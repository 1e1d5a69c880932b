//! What identity providers send: groups.

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
