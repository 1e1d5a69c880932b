//! Where a value stands in a resource, for messages.

use std::fmt;

use crate::protocol::attr::Container;
use crate::protocol::error::ScimError;

/// A place such as `emails[1].primary`. It is a chain on the stack, so that naming a place costs nothing
/// until something is wrong with it.
#[derive(Debug, Clone, Copy)]
pub(in crate::protocol) enum At<'a> {
    /// The resource, or the container of an extension.
    In(Container<'a>),
    /// A member of the place before.
    Member(&'a At<'a>, &'a str),
    /// An element of the place before, counted from 0.
    Element(&'a At<'a>, usize),
}

impl At<'_> {
    /// 400 `invalidValue` at this place.
    pub(in crate::protocol) fn invalid(&self, problem: impl fmt::Display) -> ScimError {
        ScimError::invalid_value(format!("{self}: {problem}"))
    }

    /// 400 `mutability` at this place.
    pub(in crate::protocol) fn immutable(&self, problem: impl fmt::Display) -> ScimError {
        ScimError::mutability(format!("{self}: {problem}"))
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::In(Container::Core) => f.write_str("the resource"),
            At::In(Container::Extension(urn)) => f.write_str(urn),
            At::Member(At::In(Container::Core), name) => f.write_str(name),
            At::Member(At::In(Container::Extension(urn)), name) => write!(f, "{urn}:{name}"),
            At::Member(parent, name) => write!(f, "{parent}.{name}"),
            At::Element(list, index) => write!(f, "{list}[{index}]"),
        }
    }
}
