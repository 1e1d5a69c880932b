//! Filters: each operator on each type of value (RFC 7644 §3.4.2.2).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
