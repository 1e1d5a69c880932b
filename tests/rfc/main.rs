//! The built-in provider held against the RFCs, requirement by requirement, over a loopback socket.
//!
//! Each test names the requirements that it decides with [`covers!`]; the ids are those of the requirement catalogue.
//! Modules follow the RFCs' own order of topics.

mod attribute_types;
mod common_attributes;
mod cursor_paging;
mod cursor_security;
mod custom;
mod enterprise;
mod filter_grammar;
mod filters;
mod gadget;
mod group;
mod index_paging;
mod lists;
mod multi_valued;
mod password;
mod references;
mod returned_attributes;
mod schemas_attribute;
mod search_requests;
mod sorting;
mod support;
mod user;
