//! PATCH `remove` (RFC 7644 §3.5.2.2).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
