//! Replacing with PUT (RFC 7644 §3.5.1).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
