//! Paging by cursor (RFC 9865).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
