//! x
use crate::conformance::check::Check;
pub(super) const CHECKS: &[Check] = &[];
