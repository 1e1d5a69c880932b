//! Multi-valued attributes and `primary` (RFC 7643 §2.4).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
