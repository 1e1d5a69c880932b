//! Sorting (RFC 7644 §3.4.2.3).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
