//! /Me (RFC 7644 §3.11).

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
