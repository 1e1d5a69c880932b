//! What identity providers send: creating and replacing.

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
