//! PATCH: the PatchOp message and its atomic application (RFC 7644 §3.5.2).
//!
//! [`PatchRequest::parse`] reads the message, [`apply()`] carries it out on a copy of a canonical resource. Value rules
//! are those of [`super::ingest`]. The strict reading is [`super::policy::Policy::STRICT`]; every tolerance is a
//! switch of the policy.
//!
//! Decisions where the RFC leaves room:
//!
//! * `replace` of a singular complex attribute merges (§3.5.2.3: sub-attributes that are not specified are left
//!   unchanged). `replace` of elements picked by a filter replaces the whole of each ("all matching record
//!   values"), but for sub-attributes that the client may not write; `add` to them merges.
//! * A sub-attribute of a multi-valued attribute without a filter (`emails.type`) means that of every element.
//! * `add` of null or `[]` to a multi-valued attribute adds nothing; for everything else null unassigns
//!   (RFC 7643 §2.5).
//! * `add` of one object to a multi-valued attribute adds that element, as §3.5.2.1 describes.
//! * `remove` of what is not there succeeds, except that a filter without a match is `noTarget`; of references, such as
//!   members, §3.5.2.2 says itself that it succeeds.
//! * `remove` with a `value` on a whole multi-valued attribute is refused by the strict reading: taken literally it would
//!   remove everything, and clients that send it mean a part.
//! * readOnly sub-attributes within a complex value are ignored, because the RFC's own examples send
//!   them (`members.display`); readOnly attributes named by a path or a key are `mutability`.
//! * `schemas` follows from the data: naming known URIs is accepted and changes nothing, taking one away is refused.

mod apply;
mod attribute;
mod elements;
mod message;
mod target;
#[cfg(test)]
mod tests;

pub use apply::{Applied, MAX_WORK, apply};
pub use message::{MAX_OPERATIONS, Op, Operation, OperationPath, PatchRequest};
