//! The checks, a file a topic. Each file declares its checks and lists them in its `CHECKS`.

use crate::conformance::check::Check;

mod attributes;
mod authentication;
mod bulk;
mod concurrency;
mod create;
mod cursor;
mod cursor_rules;
mod delete;
mod discovery;
mod errors;
mod filter;
mod filter_links;
mod filter_operators;
mod filter_paths;
mod filter_syntax;
mod filter_types;
mod filter_values;
mod filter_whole;
mod groups;
mod hostile;
mod http;
mod interop_groups;
mod interop_lookup;
mod interop_patch;
mod interop_profile;
mod interop_transport;
mod interop_write;
mod ipsie;
mod lifecycle;
mod list;
mod me;
mod media;
mod membership;
mod multi;
mod paging;
mod paging_walk;
mod patch;
mod patch_add;
mod patch_remove;
mod patch_replace;
mod projection;
mod projection_excluded;
mod projection_returned;
mod query;
mod read;
mod replace;
mod schemas;
mod search;
mod sort;
mod uniqueness;
mod user;
mod values;
mod versions;

/// Every topic, in the order of reports.
const TOPICS: &[&[Check]] = &[
    discovery::CHECKS,
    schemas::CHECKS,
    authentication::CHECKS,
    media::CHECKS,
    http::CHECKS,
    create::CHECKS,
    read::CHECKS,
    list::CHECKS,
    filter::CHECKS,
    filter_whole::CHECKS,
    filter_operators::CHECKS,
    filter_types::CHECKS,
    filter_values::CHECKS,
    filter_paths::CHECKS,
    filter_links::CHECKS,
    filter_syntax::CHECKS,
    sort::CHECKS,
    paging::CHECKS,
    paging_walk::CHECKS,
    cursor::CHECKS,
    cursor_rules::CHECKS,
    projection::CHECKS,
    projection_excluded::CHECKS,
    projection_returned::CHECKS,
    search::CHECKS,
    replace::CHECKS,
    patch::CHECKS,
    patch_add::CHECKS,
    patch_remove::CHECKS,
    patch_replace::CHECKS,
    delete::CHECKS,
    groups::CHECKS,
    membership::CHECKS,
    lifecycle::CHECKS,
    uniqueness::CHECKS,
    versions::CHECKS,
    bulk::CHECKS,
    me::CHECKS,
    errors::CHECKS,
    attributes::CHECKS,
    values::CHECKS,
    multi::CHECKS,
    user::CHECKS,
    hostile::CHECKS,
    concurrency::CHECKS,
    interop_transport::CHECKS,
    interop_lookup::CHECKS,
    interop_write::CHECKS,
    interop_patch::CHECKS,
    interop_groups::CHECKS,
    interop_profile::CHECKS,
    ipsie::CHECKS,
];

/// Every check, topic by topic.
pub fn all() -> impl Iterator<Item = &'static Check> {
    TOPICS.iter().copied().flatten()
}

/// The check with that id.
pub fn find(id: &str) -> Option<&'static Check> {
    all().find(|check| check.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::conformance::catalogue::{quirk, requirement};

    #[test]
    fn ids_are_distinct_and_of_one_form() {
        let mut seen = BTreeSet::new();
        for check in all() {
            let word = |text: &str| {
                !text.is_empty()
                    && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            };
            let parts: Vec<&str> = check.id.split('.').collect();
            assert!(parts.len() == 2 && parts.iter().all(|part| word(part)), "{}", check.id);
            assert!(seen.insert(check.id), "{} is there twice", check.id);
        }
    }

    #[test]
    fn every_check_names_requirements_that_exist() {
        for check in all() {
            assert!(!check.requirements.is_empty(), "{}", check.id);
            for id in check.requirements {
                assert!(requirement(id).is_some() || quirk(id).is_some(), "{}: {id}", check.id);
            }
        }
    }

    #[test]
    fn every_check_explains_the_rule_why_it_matters_and_the_fix() {
        for check in all() {
            let explanation = check.explanation();
            for (part, text) in
                [("rule", explanation.rule), ("Why:", explanation.why), ("Fix:", explanation.fix)]
            {
                assert!(text.len() > 20, "{}: {part}", check.id);
            }
            assert!(!check.title.ends_with('.') && check.title.len() < 90, "{}", check.id);
        }
    }
}
