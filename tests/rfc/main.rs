//! The built-in provider held against the RFCs, requirement by requirement, over a loopback socket.
//!
//! Each test names the requirements that it decides with [`covers!`]; the ids are those of the requirement catalogue.
//! Modules follow the RFCs' own order of topics.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod attribute_types;
mod authentication;
mod bearer;
mod bulk;
mod bulk_references;
mod characteristics;
mod common_attributes;
mod concurrency;
mod create;
mod cursor_paging;
mod cursor_security;
mod custom;
mod delete;
mod discovery_endpoints;
mod endpoints;
mod enterprise;
mod entity_tags;
mod errors;
mod filter_grammar;
mod filters;
mod gadget;
mod group;
mod hostile;
mod http_methods;
mod index_paging;
mod interop;
mod limits;
mod lists;
mod me;
mod media;
mod multi_valued;
mod mutations;
mod password;
mod patch;
mod patch_add;
mod patch_remove;
mod patch_replace;
mod preparation;
mod provider_config;
mod references;
mod replace;
mod resource_types;
mod returned_attributes;
mod schema_documents;
mod schemas_attribute;
mod search_requests;
mod sorting;
mod support;
mod tenants;
mod user;
mod validators;
mod wire;
