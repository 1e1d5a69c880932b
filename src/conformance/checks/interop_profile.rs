//! The interoperability profile, draft-zollner-scim-interop-profile-02.

use crate::conformance::check::Check;

pub(super) const CHECKS: &[Check] = &[];
