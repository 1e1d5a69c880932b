//! Filters: paths, value paths, extensions, case (RFC 7644 §3.4.2.2).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
