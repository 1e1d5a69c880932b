//! PATCH `replace` (RFC 7644 §3.5.2.3).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
