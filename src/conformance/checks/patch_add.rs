//! PATCH `add` (RFC 7644 §3.5.2.1).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
