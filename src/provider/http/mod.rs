//! The provider over HTTP: a listening socket, requests into service calls, replies into responses.
//!
//! SCIM endpoints depend on the resource types of the provider, so there is one handler that reads the path itself
//! ([`endpoint`]); whatever comes in, what goes out is a SCIM message ([`respond`]).

mod defective;
pub(super) mod endpoint;
pub(super) mod handler;
pub(super) mod listener;
pub(super) mod respond;
pub(super) mod tls;
