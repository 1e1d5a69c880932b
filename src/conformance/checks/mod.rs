//! The checks, a file a topic. Each file declares its checks and lists them in its `CHECKS`.

use crate::conformance::check::Check;

/// Every topic, in the order of reports.
const TOPICS: &[&[Check]] = &[];

/// Every check, topic by topic.
pub fn all() -> impl Iterator<Item = &'static Check> {
    TOPICS.iter().copied().flatten()
}

/// The check with that id.
pub fn find(id: &str) -> Option<&'static Check> {
    all().find(|check| check.id == id)
}
