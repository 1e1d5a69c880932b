//! Credentials and refusals (RFC 7644 §2, §7; RFC 6750; RFC 9110 §11).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
