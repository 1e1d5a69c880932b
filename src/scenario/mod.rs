//! Floor 4: scenario files.

pub mod encode;
pub mod template;
