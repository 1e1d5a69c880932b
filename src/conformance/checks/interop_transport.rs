//! What identity providers send: headers, URLs, connection tests.

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
