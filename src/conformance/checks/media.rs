//! Media types and representations (RFC 7644 §3.1, §3.8).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
