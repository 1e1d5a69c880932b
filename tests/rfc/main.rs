//! The built-in provider held against the RFCs, requirement by requirement, over a loopback socket.
//!
//! Each test names the requirements that it decides with [`covers!`]; the ids are those of the requirement catalogue.
//! Modules follow the RFCs' own order of topics.

mod cursor_paging;
mod cursor_security;
mod filter_grammar;
mod filters;
mod gadget;
mod index_paging;
mod lists;
mod returned_attributes;
mod search_requests;
mod sorting;
mod support;
