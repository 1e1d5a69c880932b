//! Data types and values: Unicode, long texts, numbers, dates (RFC 7643 §2.3).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
