//! The checks, a file a topic. Each file declares its checks and lists them in its `CHECKS`.

use crate::conformance::check::Check;

mod attributes;
mod authentication;
mod bulk;
mod challenges;
mod concurrency;
mod create;
mod cursor;
mod delete;
mod discovery;
mod discovery_documents;
mod discovery_pages;
mod discovery_rules;
mod discovery_types;
mod errors;
mod errors_keywords;
mod filter;
mod filter_operators;
mod filter_paths;
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
mod locations;
mod me;
mod media;
mod membership;
mod multi;
mod paging;
mod patch;
mod patch_add;
mod patch_remove;
mod patch_replace;
mod projection;
mod read;
mod replace;
mod schemas;
mod schemas_lint;
mod schemas_requests;
mod schemas_resources;
mod schemas_standard;
mod schemas_values;
mod search;
mod sort;
mod uniqueness;
mod user;
mod values;
mod versions;

/// Every topic, in the order of reports.
const TOPICS: &[&[Check]] = &[
    discovery::CHECKS,
    discovery_pages::CHECKS,
    discovery_types::CHECKS,
    discovery_rules::CHECKS,
    schemas::CHECKS,
    schemas_lint::CHECKS,
    schemas_standard::CHECKS,
    schemas_resources::CHECKS,
    schemas_requests::CHECKS,
    schemas_values::CHECKS,
    authentication::CHECKS,
    challenges::CHECKS,
    media::CHECKS,
    http::CHECKS,
    locations::CHECKS,
    create::CHECKS,
    read::CHECKS,
    list::CHECKS,
    filter::CHECKS,
    filter_operators::CHECKS,
    filter_paths::CHECKS,
    sort::CHECKS,
    paging::CHECKS,
    cursor::CHECKS,
    projection::CHECKS,
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
    errors_keywords::CHECKS,
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
