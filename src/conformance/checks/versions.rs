//! Entity tags and preconditions (RFC 7644 §3.14; RFC 9110 §8.8, §13).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
