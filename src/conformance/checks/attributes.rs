//! Generated from the schemas: the characteristics of every attribute (RFC 7643 §2, §7).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
