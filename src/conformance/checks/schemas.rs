//! The schema documents themselves (RFC 7643 §2, §7, §8.7).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
