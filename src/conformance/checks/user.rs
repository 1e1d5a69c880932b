//! The User and enterprise User schemas (RFC 7643 §4.1, §4.3).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
