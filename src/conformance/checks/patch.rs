//! PATCH as a whole: the message, order, atomicity, answers (RFC 7644 §3.5.2).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
