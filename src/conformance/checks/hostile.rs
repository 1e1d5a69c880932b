//! Hostile and broken input: whatever comes, the answer is a SCIM error.

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
