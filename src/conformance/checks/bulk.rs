//! Bulk requests (RFC 7644 §3.7).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
