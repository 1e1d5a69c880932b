//! Reading one resource (RFC 7644 §3.4.1) and what every resource has (RFC 7643 §3).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
