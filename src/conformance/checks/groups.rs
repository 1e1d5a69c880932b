//! Groups as resources (RFC 7643 §4.2).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
