//! The checks, a file a topic. Each file declares its checks and lists them in its `CHECKS`.

use crate::conformance::check::Check;

mod attributes;
mod attributes_common;
mod attributes_compare;
mod attributes_immutable;
mod attributes_input;
mod attributes_mutability;
mod attributes_returned;
mod attributes_shape;
mod authentication;
mod bulk;
mod bulk_input;
mod bulk_operations;
mod bulk_references;
mod challenges;
mod compare;
mod comparison;
mod concurrency;
mod create;
mod create_ignored;
mod create_meta;
mod create_refused;
mod create_values;
mod cursor;
mod cursor_rules;
mod delete;
mod discovery;
mod discovery_documents;
mod discovery_pages;
mod discovery_rules;
mod discovery_types;
mod enterprise;
mod errors;
mod errors_keywords;
mod filter;
mod filter_links;
mod filter_operators;
mod filter_paths;
mod filter_syntax;
mod filter_types;
mod filter_values;
mod filter_whole;
mod group_members;
mod groups;
mod hostile;
mod hostile_query;
mod http;
mod interop;
mod interop_connection;
mod interop_groups;
mod interop_lookup;
mod interop_members;
mod interop_paging;
mod interop_patch;
mod interop_patch_values;
mod interop_profile;
mod interop_profile_patch;
mod interop_put;
mod interop_transport;
mod interop_write;
mod interop_write_values;
mod ipsie;
mod lifecycle;
mod list;
mod locations;
mod me;
mod media;
mod membership;
mod multi;
mod multi_primary;
mod paging;
mod paging_walk;
mod patch;
mod patch_add;
mod patch_effect;
mod patch_extension;
mod patch_message;
mod patch_mutability;
mod patch_remove;
mod patch_replace;
mod patch_replace_values;
mod patch_sequence;
mod projection;
mod projection_excluded;
mod projection_returned;
mod query;
mod read;
mod replace;
mod replace_limits;
mod replace_state;
mod schemas;
mod schemas_lint;
mod schemas_requests;
mod schemas_resources;
mod schemas_standard;
mod schemas_values;
mod search;
mod sort;
mod subject;
mod team;
mod uniqueness;
mod user;
mod user_formats;
mod user_groups;
mod user_password;
mod user_values;
mod values;
mod values_forms;
mod values_typed;
mod versions;
mod versions_conditions;

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
    create_meta::CHECKS,
    create_ignored::CHECKS,
    create_values::CHECKS,
    create_refused::CHECKS,
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
    replace_state::CHECKS,
    replace_limits::CHECKS,
    patch::CHECKS,
    patch_message::CHECKS,
    patch_effect::CHECKS,
    patch_sequence::CHECKS,
    patch_mutability::CHECKS,
    patch_add::CHECKS,
    patch_remove::CHECKS,
    patch_replace::CHECKS,
    patch_replace_values::CHECKS,
    patch_extension::CHECKS,
    delete::CHECKS,
    groups::CHECKS,
    group_members::CHECKS,
    membership::CHECKS,
    user_groups::CHECKS,
    lifecycle::CHECKS,
    uniqueness::CHECKS,
    versions::CHECKS,
    versions_conditions::CHECKS,
    bulk::CHECKS,
    bulk_operations::CHECKS,
    bulk_references::CHECKS,
    bulk_input::CHECKS,
    me::CHECKS,
    errors::CHECKS,
    errors_keywords::CHECKS,
    attributes::CHECKS,
    attributes_shape::CHECKS,
    attributes_input::CHECKS,
    attributes_mutability::CHECKS,
    attributes_immutable::CHECKS,
    attributes_returned::CHECKS,
    attributes_compare::CHECKS,
    attributes_common::CHECKS,
    values::CHECKS,
    values_forms::CHECKS,
    values_typed::CHECKS,
    multi::CHECKS,
    multi_primary::CHECKS,
    user::CHECKS,
    user_password::CHECKS,
    enterprise::CHECKS,
    user_formats::CHECKS,
    user_values::CHECKS,
    hostile::CHECKS,
    hostile_query::CHECKS,
    concurrency::CHECKS,
    interop_transport::CHECKS,
    interop_connection::CHECKS,
    interop_lookup::CHECKS,
    interop_paging::CHECKS,
    interop_write::CHECKS,
    interop_write_values::CHECKS,
    interop_put::CHECKS,
    interop_patch::CHECKS,
    interop_patch_values::CHECKS,
    interop_groups::CHECKS,
    interop_members::CHECKS,
    interop_profile::CHECKS,
    interop_profile_patch::CHECKS,
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
    use crate::conformance::catalogue::coverage::coverage;
    use crate::conformance::catalogue::{
        Draft, Requirement, demands, not_covered, quirks, requirement, statement,
    };

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
                assert!(statement(id).is_some(), "{}: {id}", check.id);
            }
        }
    }

    #[test]
    fn what_a_draft_demands_is_decided_by_its_own_checks_and_they_decide_nothing_else() {
        let topics = [("interop-profile", Draft::InteropProfile), ("ipsie", Draft::Ipsie)];
        for (topic, draft) in topics {
            let named: BTreeSet<&str> = all()
                .filter(|check| check.topic() == topic)
                .flat_map(|check| check.requirements.iter().copied())
                .collect();
            let rows: BTreeSet<&str> =
                demands().iter().filter(|row| row.draft == draft).map(|row| row.id.as_str()).collect();
            assert_eq!(named, rows, "{topic}");
        }
        for check in all().filter(|check| topics.iter().all(|(topic, _)| check.topic() != *topic)) {
            let is_of_a_draft = |id: &&str| demands().iter().any(|row| row.id == *id);
            assert!(!check.requirements.iter().any(is_of_a_draft), "{}", check.id);
        }
    }

    #[test]
    fn every_requirement_is_decided_or_has_a_reason() {
        let named: BTreeSet<&str> = all().flat_map(|check| check.requirements.iter().copied()).collect();
        let coverage = coverage(named.iter().copied());
        let open: Vec<&str> = coverage
            .open
            .iter()
            .filter(|(_, reason)| reason.is_none())
            .map(|(requirement, _)| requirement.id.as_str())
            .collect();
        assert!(open.is_empty(), "neither a check nor a reason: {open:?}");
        for row in not_covered() {
            assert!(requirement(&row.id).is_some_and(Requirement::is_decidable), "{}", row.id);
            assert!(!named.contains(row.id.as_str()), "{} is decided, and needs no reason", row.id);
            assert!(!row.reason.is_empty(), "{}", row.id);
        }
        for ((tier, share), aim) in coverage.tiers.iter().zip([95.0, 85.0, 70.0]) {
            assert!(share.percent() >= aim, "{}: {share:?}", tier.word());
        }
    }

    /// What is quoted with backticks in parentheses that begin with «(check», in all sources of checks and trials.
    fn named_in_reasons() -> Vec<(String, String)> {
        let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/conformance")];
        let mut named = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                for (at, _) in text.match_indices(concat!("(", "check")) {
                    let reason = text[at..].split(')').next().unwrap_or_default();
                    let quoted = reason.split('`').skip(1).step_by(2);
                    named.extend(quoted.map(|id| (path.display().to_string(), id.to_owned())));
                }
            }
        }
        named
    }

    #[test]
    fn every_check_that_a_reason_names_is_there() {
        let named = named_in_reasons();
        assert!(named.len() > 50, "{}", named.len());
        let topics: BTreeSet<&str> = all().map(Check::topic).collect();
        for (path, id) in named.iter().filter(|(_, id)| !id.starts_with('{')) {
            assert!(find(id).is_some() || topics.contains(id.as_str()), "{path}: {id}");
        }
    }

    #[test]
    fn every_check_that_the_docs_name_is_there() {
        let topics: BTreeSet<&str> = all().map(Check::topic).collect();
        for text in [
            include_str!("../../../docs/vendor-suites.md"),
            include_str!("../../../docs/in-the-wild.md"),
            include_str!("../../../docs/checking.md"),
        ] {
            for word in text.split('`').skip(1).step_by(2) {
                let Some((topic, name)) = word.split_once('.') else { continue };
                let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                if topics.contains(topic) && !name.is_empty() && name.chars().all(is_name) {
                    assert!(find(word).is_some(), "{word}");
                }
            }
        }
    }

    #[test]
    fn the_docs_map_every_quirk_to_the_checks_that_decide_it() {
        let text = include_str!("../../../docs/vendor-suites.md");
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| Q-")).collect();
        assert_eq!(rows.len(), quirks().len());
        for (row, quirk) in rows.into_iter().zip(quirks()) {
            assert!(row.starts_with(&format!("| {} |", quirk.id)), "{}: {row}", quirk.id);
            for check in all().filter(|check| check.requirements.contains(&quirk.id.as_str())) {
                assert!(row.contains(&format!("`{}`", check.id)), "{}: {}", quirk.id, check.id);
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
