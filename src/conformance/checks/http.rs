//! Methods, endpoints and headers (RFC 7644 §3.2; RFC 9110).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
