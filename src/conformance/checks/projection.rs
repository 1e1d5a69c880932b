//! `attributes` and `excludedAttributes` (RFC 7644 §3.9).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
