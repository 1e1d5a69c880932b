//! What identity providers send: look-ups and imports.

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
