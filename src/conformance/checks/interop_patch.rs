//! What identity providers send: PATCH.

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
