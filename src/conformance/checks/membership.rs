//! Members of groups, and the groups of a user (RFC 7643 §4.1.2, §4.2).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
