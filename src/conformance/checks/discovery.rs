//! What a target says of itself (RFC 7643 §5 to §7, RFC 7644 §4).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
