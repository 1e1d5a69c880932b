//! Deleting (RFC 7644 §3.6).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
