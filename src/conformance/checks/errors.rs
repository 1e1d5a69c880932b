//! Error messages (RFC 7644 §3.12).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
