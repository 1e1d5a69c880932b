//! What happens at the same time.

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
