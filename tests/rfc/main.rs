//! The built-in provider held against the RFCs, requirement by requirement, over a loopback socket.
//!
//! Each test names the requirements that it decides with [`covers!`]; the ids are those of the requirement catalogue.
//! Modules follow the RFCs' own order of topics.

mod support;
