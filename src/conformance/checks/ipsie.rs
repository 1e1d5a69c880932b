//! The account lifecycle profile of OpenID IPSIE.

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
