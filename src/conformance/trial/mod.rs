//! What a check works with.

/// One check at work.
pub struct Trial {}
