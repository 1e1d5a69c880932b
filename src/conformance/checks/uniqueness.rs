//! Values that may occur only once (RFC 7643 §2, §7; RFC 7644 §3.3).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
