//! Paging by index (RFC 7644 §3.4.2.4).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
