//! Directories from elsewhere.
//!
//! | module | what lives there |
//! |---|---|
//! | [`csv`] | a table with a person a row |
//! | `quotes` | cells in quotes that do not end as such |
//! | [`scim`] | the users and groups of a SCIM service |
//! | [`fetch`] | asking a target for them |
//!
//! What comes out can be written ([`super::write`]) and read again. Passwords are never taken over.

pub mod csv;
pub mod fetch;
mod quotes;
pub mod scim;
